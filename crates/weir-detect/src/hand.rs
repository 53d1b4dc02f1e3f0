//! What reads the same data at the same time is one hand.

use crate::{Context, DetectError};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::rows;
use weir_model::Micros;
use weir_model::time::DAY_US;

/// Words for people of whom records tell no more than the session whose holder they are: how many they are is not known, and not none.
pub(crate) fn holders(sessions: u64) -> String {
    match sessions {
        1 => "the pages of one session's holder".to_owned(),
        n => format!("the pages of {} sessions' holders", weir_model::words::count(n)),
    }
}

/// Something that read data.
pub(crate) trait Reader {
    /// Its name: breaks ties.
    fn name(&self) -> &str;
    /// First and last time.
    fn seen(&self) -> (Micros, Micros);
    /// What it read.
    fn datasets(&self) -> &BTreeSet<String>;
}

/// Something that a detector tells of, with when and what it read.
#[derive(Clone, Debug)]
pub(crate) struct Member<'t, T> {
    /// What is told of it.
    pub(crate) told: &'t T,
    name: &'t str,
    pub(crate) seen: (Micros, Micros),
    pub(crate) datasets: BTreeSet<String>,
}

impl<T> Reader for Member<'_, T> {
    fn name(&self) -> &str {
        self.name
    }
    fn seen(&self) -> (Micros, Micros) {
        self.seen
    }
    fn datasets(&self) -> &BTreeSet<String> {
        &self.datasets
    }
}

/// What each entity (a SQL expression) told of read by the records of `access` under a condition; those without such a record are left out.
pub(crate) async fn members<'t, T: 't>(
    context: &Context<'_>,
    entity: &str,
    condition: &str,
    told: impl Iterator<Item = (&'t str, &'t T)>,
) -> Result<Vec<Member<'t, T>>, DetectError> {
    let query = format!(
        "SELECT {entity} AS entity, min(time) AS first, max(time) AS last, array_agg(DISTINCT coalesce(dataset, 'no dataset')) AS datasets \
         FROM access WHERE {condition} GROUP BY 1"
    );
    let answer = context.sql(&query).await?;
    let read: BTreeMap<&str, _> = rows(&answer)
        .filter_map(|row| {
            let seen = (row.time("first")?, row.time("last")?);
            Some((row.text("entity")?, (seen, row.texts("datasets").into_iter().collect::<BTreeSet<_>>())))
        })
        .collect();
    let member = |(name, told)| {
        let (seen, datasets) = read.get(name)?.clone();
        Some(Member { told, name, seen, datasets })
    };
    Ok(told.filter_map(member).collect())
}

/// Groups of readers that share a dataset and are no more than a day apart, directly or through others: a hand that moves on leaves one
/// address for the next. In each group the first to begin stands first, as it names the group however many follow; so do the groups.
pub(crate) fn together<R: Reader>(readers: Vec<R>) -> Vec<Vec<R>> {
    let order = |a: &R, b: &R| (a.seen().0, a.name()).cmp(&(b.seen().0, b.name()));
    let mut groups: Vec<Vec<R>> = Vec::new();
    for reader in readers {
        let (from, to) = reader.seen();
        let joins = |group: &[R]| {
            group.iter().any(|r| {
                let (first, last) = r.seen();
                first.0 <= to.0.saturating_add(DAY_US)
                    && from.0 <= last.0.saturating_add(DAY_US)
                    && !r.datasets().is_disjoint(reader.datasets())
            })
        };
        let (same, rest): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| joins(group));
        groups = rest;
        let mut merged: Vec<R> = same.into_iter().flatten().collect();
        merged.push(reader);
        groups.push(merged);
    }
    for group in &mut groups {
        group.sort_by(order);
    }
    groups.sort_by(|a, b| match (a.first(), b.first()) {
        (Some(a), Some(b)) => order(a, b),
        _ => a.len().cmp(&b.len()),
    });
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Read(&'static str, i64, i64, BTreeSet<String>);

    impl Reader for Read {
        fn name(&self) -> &str {
            self.0
        }
        fn seen(&self) -> (Micros, Micros) {
            (Micros(self.1 * DAY_US), Micros(self.2 * DAY_US))
        }
        fn datasets(&self) -> &BTreeSet<String> {
            &self.3
        }
    }

    #[test]
    fn what_reads_the_same_data_in_turn_or_at_once_is_one_hand() {
        let read = |name, from, to, dataset: &str| Read(name, from, to, BTreeSet::from([dataset.to_owned()]));
        let groups = together(vec![
            read("a", 5, 9, "x"),
            read("b", 0, 2, "x"),
            read("c", 3, 6, "x"),
            read("d", 0, 9, "y"),
            read("e", 20, 30, "x"),
        ]);
        let names: Vec<Vec<&str>> = groups.iter().map(|g| g.iter().map(|r| r.0).collect()).collect();
        assert_eq!(names, [vec!["b", "c", "a"], vec!["d"], vec!["e"]]);
    }
}
