//! Where a person stands in a lake: in records that show them, in those of their logins and sessions, and in what could not be read.
//!
//! Decisive choice: a name is a person's only where the configuration says so, by a link from `actor` or `credential`. A login that is called as the person's id is may
//! be somebody else's; such records are counted and left. A session is a person's too where `auth` says that it was issued to a login of theirs, or made from such a
//! session, and to nobody else.
//!
//! Refuses a namespace that neither the configuration nor any record knows: nothing found would be taken for nothing there.

use crate::configured::folded_otherwise;
use crate::investigate::learned;
use crate::{EngineError, Erasure, Settings, recipe};
use futures::StreamExt;
use std::collections::{BTreeMap, BTreeSet};
use weir_catalog::links::{ACTOR, CREDENTIAL};
use weir_catalog::{HOLDER, Learned, Verdict};
use weir_lake::{Deleting, Picked, Session, Wanted, naming, quote, quote_all, rows};
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
    /// What whoever asked should know.
    pub warnings: Vec<String>,
}

/// Namespaces in which the configuration, or what was learned, has people.
fn told(settings: &Settings, learned: &Learned) -> BTreeSet<String> {
    let config = &settings.config;
    let mut known: BTreeSet<String> = config.links.iter().map(|link| link.to.clone()).collect();
    known.extend(config.datasets.iter().filter_map(|dataset| dataset.subject.clone()));
    known.extend(learned.datasets.iter().map(|dataset| dataset.subject.clone()));
    let fields = config.sources.iter().flat_map(|source| source.fields.keys());
    known.extend(fields.filter_map(|field| field.strip_prefix("subject.")).map(str::to_owned));
    let people = learned.parameters.iter().filter(|place| place.verdict == Verdict::Subject);
    known.extend(people.map(|place| place.namespace.clone()));
    known.remove(HOLDER);
    known
}

/// Refuses a namespace that nothing knows.
async fn is_known(
    session: &Session,
    mut known: BTreeSet<String>,
    namespace: &str,
) -> Result<(), EngineError> {
    if known.contains(namespace) {
        return Ok(());
    }
    let sql =
        "SELECT DISTINCT who['namespace'] AS namespace FROM (SELECT unnest(subjects) AS who FROM access)";
    let answer = session.sql(sql).await?;
    known.extend(rows(&answer).filter_map(|row| row.text("namespace").map(str::to_owned)));
    if known.contains(namespace) {
        return Ok(());
    }
    let known = known.into_iter().collect();
    Err(EngineError::NoNamespace { namespace: namespace.to_owned(), known })
}

/// Sessions by what `auth` says of them.
#[derive(Default)]
struct Sessions {
    /// Issued to the person's logins, or made from a session of theirs.
    own: BTreeSet<String>,
    /// To others as well.
    shared: BTreeSet<String>,
}

/// The sessions of some logins, with those that are known already and those made from them.
async fn sessions(
    session: &Session,
    logins: &[&str],
    known: impl Iterator<Item = String>,
) -> Result<Sessions, EngineError> {
    let logins = quote_all(logins.iter().copied());
    // Whose identity it is, else who did it. A sign-in that failed gives nobody a session.
    let issued = "credential IS NOT NULL AND status_id IS DISTINCT FROM 2";
    let whose = "coalesce(\"user\", actor)";
    let mut all = Sessions { own: known.collect(), ..Sessions::default() };
    loop {
        let parents = quote_all(all.own.iter().map(String::as_str));
        let sql = format!(
            "SELECT credential, count(*) FILTER (WHERE {whose} NOT IN {logins}) AS others FROM auth WHERE {issued} GROUP BY credential \
             HAVING count(*) FILTER (WHERE {whose} IN {logins} OR parent IN {parents}) > 0"
        );
        let before = all.own.len();
        for row in rows(&session.sql(&sql).await?) {
            let Some(credential) = row.text("credential").map(str::to_owned) else { continue };
            if row.count("others") > 0 { &mut all.shared } else { &mut all.own }.insert(credential);
        }
        if all.own.len() == before {
            all.shared.retain(|credential| !all.own.contains(credential));
            return Ok(all);
        }
    }
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
    let known = told(settings, &learned);
    let other = folded_otherwise(snapshot, settings, &catalog)?;
    let derive = recipe::columns(catalog, learned, settings)?;
    let session = snapshot.session(&snapshot.session_options(), Some(derive))?;
    is_known(&session, known, &what.namespace).await?;
    let linked = |from| settings.links.objects(from, &what.namespace, &what.id);
    let logins = linked(ACTOR);
    let told = linked(CREDENTIAL).into_iter().map(str::to_owned);
    let own = sessions(&session, &logins, told).await?;
    let of_alike = sessions(&session, &[&what.id], std::iter::empty()).await?;
    let logins = logins.into_iter().map(|login| Entity::new(EntityKind::Actor, login));
    let of = |credential: &String| Entity::new(EntityKind::Credential, credential);
    let theirs: Vec<Entity> = logins.chain(own.own.iter().map(of)).collect();
    let mut alike = vec![Entity::new(EntityKind::Actor, &what.id)];
    alike.extend(own.shared.iter().chain(&of_alike.own).map(of));
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
    let mut warnings = Vec::new();
    if other {
        let given = settings
            .path
            .as_ref()
            .map_or("no --config was given".to_owned(), |path| format!("`{}` was given", path.display()));
        warnings.push(format!(
            "{given}, and this lake was last folded under another configuration, or by another version of Weir: whose data a record shows follows from it, and what only that one says is the person's stays"
        ));
    }
    if records.values().all(|picked| picked.places.is_empty()) && rejects.is_empty() {
        warnings.push("no record in this lake shows or names the person: see that the id is spelled as `access.subjects` has it, and that the configuration has the links from their logins (`actor`) and sessions (`credential`)".to_owned());
    }
    Ok(Found { wanted: Wanted::Named { records, rejects }, undecided, warnings })
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
