//! Where a person stands in a lake: in records that show them, in those of their logins and sessions, and in what could not be read.
//!
//! Decisive choice: a name is a person's only where the configuration says so, by a link from `actor` or `credential`. A login that is called as the person's id is may
//! be somebody else's; such records are counted and left.

use crate::investigate::learned;
use crate::{EngineError, Erasure, Settings, recipe};
use futures::StreamExt;
use std::collections::{BTreeMap, BTreeSet};
use weir_catalog::links::{ACTOR, CREDENTIAL};
use weir_lake::{Deleting, Picked, Session, Wanted, naming, quote, rows};
use weir_model::{Entity, EntityKind, Table};

/// Characters from which a word in a reject is a person's id and no year, size or port: of digits alone, and with a letter.
const DIGITS_MIN: usize = 6;
const LETTERS_MIN: usize = 4;

/// A person in a lake.
pub(crate) struct Found {
    /// What is theirs.
    pub wanted: Wanted,
    /// Rows that may be theirs, which nothing decides, by table.
    pub undecided: BTreeMap<String, u64>,
}

/// Looks for a person, as the configuration and what was learned have them.
pub(crate) async fn find(
    right: &Deleting,
    settings: &Settings,
    what: &Erasure,
) -> Result<Found, EngineError> {
    let snapshot = right.snapshot();
    let learned = learned(snapshot, settings).await?;
    let catalog = settings.catalog(&learned)?;
    let derive = recipe::columns(catalog, learned, settings, None)?;
    let session = snapshot.session(&snapshot.session_options(), Some(derive))?;
    let own = |from, kind| {
        let objects = settings.links.objects(from, &what.namespace, &what.id);
        objects.into_iter().map(move |object| Entity::new(kind, object))
    };
    let theirs: Vec<Entity> =
        own(ACTOR, EntityKind::Actor).chain(own(CREDENTIAL, EntityKind::Credential)).collect();
    let alike = [Entity::new(EntityKind::Actor, &what.id)];
    let shown = format!(
        "(SELECT day, file, line, \"offset\", unnest(subjects) AS who FROM access) WHERE who['namespace'] = {} AND who['id'] = {}",
        quote(&what.namespace),
        quote(&what.id)
    );
    let (mut records, mut undecided) = (BTreeMap::new(), BTreeMap::new());
    for table in Table::ALL {
        let mut picked = Picked::default();
        if table == Table::Access {
            pick(&session, &shown, &mut picked).await?;
        }
        if !theirs.is_empty() {
            pick(&session, &format!("{} WHERE {}", table.name(), naming(&theirs, table)), &mut picked)
                .await?;
        }
        let mut all = picked.clone();
        pick(&session, &format!("{} WHERE {}", table.name(), naming(&alike, table)), &mut all).await?;
        let more = all.places.len() - picked.places.len();
        undecided.extend((more > 0).then(|| (table.name().to_owned(), more as u64)));
        records.insert(table, picked);
    }
    let words: BTreeSet<&str> = theirs.iter().map(|e| e.value.as_str()).chain([what.id.as_str()]).collect();
    let (sure, short): (Vec<&str>, Vec<&str>) = words.into_iter().partition(|word| tells(word));
    let names = |words: &[&str], text: &str| words.iter().any(|word| has_word(text, word));
    let rejects = snapshot.rejects_that(&|text| names(&sure, text)).await?;
    let doubtful = snapshot.rejects_that(&|text| names(&short, text) && !names(&sure, text)).await?;
    undecided.extend((!doubtful.is_empty()).then(|| ("rejects".to_owned(), doubtful.len() as u64)));
    Ok(Found { wanted: Wanted::Named { records, rejects }, undecided })
}

/// Adds the records of a query's `FROM`.
async fn pick(session: &Session, from: &str, picked: &mut Picked) -> Result<(), EngineError> {
    let sql = format!("SELECT day, file, line, \"offset\" FROM {from}");
    let mut found = session.stream(&sql).await?;
    while let Some(batch) = found.next().await {
        let batch = [batch?];
        for row in rows(&batch) {
            let number = |column| row.int(column).unwrap_or_default();
            picked.days.extend(row.int("day").and_then(|day| i32::try_from(day).ok()));
            picked.places.insert((number("file"), number("line"), number("offset")));
        }
    }
    Ok(())
}

/// Whether a word that stands in a text is a person's and no other number.
fn tells(word: &str) -> bool {
    let long = word.chars().count();
    long >= DIGITS_MIN || (long >= LETTERS_MIN && word.chars().any(char::is_alphabetic))
}

/// Whether a word stands in a text by itself.
fn has_word(text: &str, word: &str) -> bool {
    let apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|after| after.chars().next());
        apart(before) && apart(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stands_by_itself_and_a_short_number_tells_nothing() {
        assert!(has_word("GET /members/471100/orders", "471100") && has_word("471100", "471100"));
        assert!(!has_word("size 14711001", "471100") && !has_word("x471100", "471100"));
        assert!(tells("471100") && tells("ann1") && !tells("2026") && !tells("ann"));
    }
}
