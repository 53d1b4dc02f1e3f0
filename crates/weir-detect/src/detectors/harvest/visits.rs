//! Visits read from records: who was shown data from an address, and whether the same client had looked around before.

use crate::{Context, DetectError};
use futures::StreamExt;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use weir_lake::{numbers, quote_all};
use weir_model::Micros;
use weir_rollup::SPAN_US;
use weir_stats::hash64;

/// How long a look lasts: two spans of the rollups.
const LOOK_US: i64 = 2 * SPAN_US;
/// Silence after which a person's next page is another visit.
const GAP_US: i64 = 30 * 60 * 1_000_000;
/// Addresses asked about in one query.
const CHUNK: usize = 2_500;
/// Visits held of one address. Of people at one with more, such as a carrier's, some are followed, chosen by hash.
const VISITS_MAX: usize = 200_000;

/// One person's data shown at an address, after at least half an hour without.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit {
    pub(crate) at: Micros,
    pub(crate) day: i32,
    /// Who: the person shown, else the credential.
    pub(crate) person: u64,
    /// The client's family.
    pub(crate) family: u64,
    /// The client itself, by hash.
    pub(crate) client: u64,
    /// Whether the client had done nothing else before.
    pub(crate) bare: bool,
    /// Whether the credential had shown somebody else before: a person's own shows that person alone.
    pub(crate) staff: bool,
}

/// An address with its visits, in order of time.
#[derive(Debug, Default)]
pub(crate) struct Origin {
    pub(crate) name: String,
    pub(crate) visits: Vec<Visit>,
    /// Whether any record that showed data there carries a credential.
    pub(crate) named: bool,
    /// Of its people, one in two to the power of this is followed.
    halvings: u32,
}

impl Origin {
    /// Visits of an address, all of its people followed.
    #[cfg(test)]
    pub(crate) fn of(name: &str, visits: Vec<Visit>) -> Self {
        Self { name: name.to_owned(), visits, named: true, halvings: 0 }
    }

    /// How many people are there for each that is followed.
    pub(crate) fn one_in(&self) -> u64 {
        1_u64.checked_shl(self.halvings).unwrap_or(u64::MAX)
    }

    fn follows(&self, person: u64) -> bool {
        person.trailing_zeros() >= self.halvings
    }
}

#[derive(Default)]
struct Building {
    origin: Origin,
    looks: HashMap<u64, Micros>,
    /// When a person was last shown.
    shown: HashMap<u64, Micros>,
    /// Whose a credential is: whom it showed first.
    holders: HashMap<u64, u64>,
}

/// A record at an address. The order is that in which it is taken in: looks before the data shown at the same time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Record {
    at: i64,
    data: bool,
    client: u64,
    credential: Option<u64>,
    person: Option<u64>,
    last: i64,
    day: i32,
    family: u64,
}

impl Building {
    fn take(&mut self, record: &Record) {
        let (at, last, program) = (Micros(record.at), Micros(record.last), record.client);
        if !record.data {
            self.looks.entry(program).and_modify(|look| *look = (*look).max(last)).or_insert(last);
            return;
        }
        self.origin.named |= record.credential.is_some();
        let staff = match (record.credential, record.person) {
            (Some(credential), Some(person)) => *self.holders.entry(credential).or_insert(person) != person,
            _ => false,
        };
        let holder = record.credential.map(|c| self.holders.get(&c).copied().unwrap_or(c));
        let Some(person) = record.person.or(holder).filter(|person| self.origin.follows(*person)) else {
            return;
        };
        let shown = self.shown.entry(person);
        let again = matches!(&shown, Entry::Occupied(before) if at.0 - before.get().0 <= GAP_US);
        let until = shown.or_insert(last);
        *until = (*until).max(last);
        if again {
            return;
        }
        let bare = self.looks.get(&program).is_none_or(|look| at.0 - look.0 > LOOK_US);
        let (day, family) = (record.day, record.family);
        self.origin.visits.push(Visit { at, day, person, family, client: program, bare, staff });
        self.bound();
    }

    /// Follows fewer people where there are too many.
    fn bound(&mut self) {
        let Self { origin, shown, .. } = self;
        while origin.visits.len() > VISITS_MAX && origin.halvings < u64::BITS {
            origin.halvings += 1;
            let mut visits = std::mem::take(&mut origin.visits);
            visits.retain(|visit| origin.follows(visit.person));
            origin.visits = visits;
            shown.retain(|person, _| origin.follows(*person));
        }
    }

    /// Takes in what one time has, in an order of its own, and leaves nothing of it.
    fn take_all(&mut self, records: &mut Vec<Record>) {
        records.sort_unstable();
        records.drain(..).for_each(|record| self.take(&record));
    }
}

/// Reads the visits at some addresses, one address at a time.
pub(crate) async fn each(
    context: &Context<'_>,
    origins: &BTreeSet<String>,
    mut take: impl FnMut(Origin),
) -> Result<(), DetectError> {
    const COLUMNS: [&str; 9] =
        ["origin", "time", "last", "day", "data", "client", "credential", "person", "family"];
    let all: Vec<&str> = origins.iter().map(String::as_str).collect();
    for chunk in all.chunks(CHUNK) {
        let names: HashMap<i64, &str> =
            chunk.iter().map(|name| (hash64(name.as_bytes()).cast_signed(), *name)).collect();
        // What is only compared is hashed before it is sorted: a client's name is longer than all the rest.
        let query = format!(
            "SELECT hash(src_ip) AS origin, time, last, day, hash(coalesce(user_agent, '')) AS client, family(coalesce(user_agent, '')) AS family, \
             hash(credential) AS credential, CASE WHEN subject NOT LIKE 'credential:%' THEN hash(subject) END AS person, \
             CASE WHEN dataset IS NOT NULL OR subject IS NOT NULL THEN 1 ELSE 0 END AS data \
             FROM {{digest}} WHERE src_ip IN {} AND {{span}} AND ((shown AND (dataset IS NOT NULL OR subject IS NOT NULL)) \
             OR (dataset IS NULL AND subject IS NULL AND outcome = 'ok')) ORDER BY origin, time",
            quote_all(chunk.iter().copied())
        );
        let mut batches = context.stream(&query).await?;
        let mut building = Building::default();
        let (mut current, mut now) = (None, Vec::new());
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            for row in numbers(&batch, COLUMNS) {
                let [Some(origin), Some(at), Some(last), Some(day), data, client, credential, person, family] =
                    row
                else {
                    continue;
                };
                if current != Some(origin) || now.last().is_some_and(|record: &Record| record.at != at) {
                    building.take_all(&mut now);
                }
                if current != Some(origin) {
                    current = Some(origin);
                    let name = names.get(&origin).copied().unwrap_or_default().to_owned();
                    let next =
                        Building { origin: Origin { name, ..Origin::default() }, ..Building::default() };
                    take(std::mem::replace(&mut building, next).origin);
                }
                let hash = |number: Option<i64>| number.map(i64::cast_unsigned);
                now.push(Record {
                    at,
                    data: data == Some(1),
                    client: hash(client).unwrap_or(0),
                    credential: hash(credential),
                    person: hash(person),
                    last,
                    day: i32::try_from(day).unwrap_or(0),
                    family: hash(family).unwrap_or(0),
                });
            }
        }
        building.take_all(&mut now);
        take(building.origin);
    }
    Ok(())
}

/// Visits by day, for those who count.
pub(super) fn by_day(visits: &[Visit]) -> BTreeMap<i32, Vec<Visit>> {
    let mut days: BTreeMap<i32, Vec<Visit>> = BTreeMap::new();
    for visit in visits {
        days.entry(visit.day).or_default().push(*visit);
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_very_many_people_at_one_address_some_are_followed_and_those_whole() {
        let mut building = Building::default();
        let person = |n: u64| hash64(&(n % 300_000).to_le_bytes());
        for n in 0..600_000_u64 {
            let at = n as i64 * 10_000_000;
            building.take(&Record {
                at,
                data: true,
                client: 1,
                credential: None,
                person: Some(person(n)),
                last: at,
                day: Micros(at).day(),
                family: 1,
            });
        }
        let origin = building.origin;
        assert!(origin.visits.len() <= VISITS_MAX && origin.visits.len() > VISITS_MAX / 3);
        assert_eq!(origin.one_in(), 4);
        assert!(building.shown.len() < 300_000 / 3);
        let visits = |who: u64| origin.visits.iter().filter(|visit| visit.person == who).count();
        let followed = (0..300_000).map(person).find(|person| person.trailing_zeros() >= 2).unwrap();
        assert_eq!(visits(followed), 2);
    }
}
