//! Visits read from records: who was shown data from an address, and whether the same client had looked around before.

use crate::{Context, DetectError};
use futures::StreamExt;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use weir_lake::{quote_all, rows};
use weir_model::Micros;
use weir_rollup::SPAN_US;
use weir_stats::hash64;

/// How long a look lasts: two spans of the rollups.
const LOOK_US: i64 = 2 * SPAN_US;
/// Silence after which a person's next page is another visit.
const GAP_US: i64 = 30 * 60 * 1_000_000;
/// Addresses asked about in one query.
const CHUNK: usize = 2_500;

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
}

/// A client's family: its string without the numbers, which change with every release.
pub(crate) fn family(client: &str) -> u64 {
    let mut plain = String::with_capacity(client.len());
    let mut number = false;
    for c in client.chars() {
        let digit = c.is_ascii_digit() || (number && matches!(c, '.' | '_'));
        if !digit {
            plain.push(c);
        } else if !number {
            plain.push('#');
        }
        number = digit;
    }
    hash64(plain.as_bytes())
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

impl Building {
    /// Takes in a row, with the families of clients.
    fn take(&mut self, row: &weir_lake::Row<'_>, families: &HashMap<u64, u64>) {
        let (Some(at), Some(last), Some(day)) = (row.time("time"), row.time("last"), row.int("day")) else {
            return;
        };
        let program = row.hash("client").unwrap_or(0);
        if row.int("data") != Some(1) {
            self.looks.entry(program).and_modify(|look| *look = (*look).max(last)).or_insert(last);
            return;
        }
        let credential = row.hash("credential");
        self.origin.named |= credential.is_some();
        let named = row.hash("person");
        let staff = match (credential, named) {
            (Some(credential), Some(person)) => *self.holders.entry(credential).or_insert(person) != person,
            _ => false,
        };
        let holder = credential.map(|c| self.holders.get(&c).copied().unwrap_or(c));
        let Some(person) = named.or(holder) else { return };
        let shown = self.shown.entry(person);
        let again = matches!(&shown, Entry::Occupied(before) if at.0 - before.get().0 <= GAP_US);
        let until = shown.or_insert(last);
        *until = (*until).max(last);
        if again {
            return;
        }
        let bare = self.looks.get(&program).is_none_or(|look| at.0 - look.0 > LOOK_US);
        let day = i32::try_from(day).unwrap_or(0);
        self.origin.visits.push(Visit {
            at,
            day,
            person,
            family: families.get(&program).copied().unwrap_or(0),
            client: program,
            bare,
            staff,
        });
    }
}

/// The families of the clients of some records, by the clients' hashes.
async fn families(context: &Context<'_>, records: &str) -> Result<HashMap<u64, u64>, DetectError> {
    let query = format!("SELECT DISTINCT coalesce(user_agent, '') AS client FROM {records}");
    let mut batches = context.stream(&query).await?;
    let mut families = HashMap::new();
    while let Some(batch) = batches.next().await {
        let batch = [batch?];
        let clients = rows(&batch).filter_map(|row| row.text("client"));
        families.extend(clients.map(|client| (hash64(client.as_bytes()), family(client))));
    }
    Ok(families)
}

/// Reads the visits at some addresses, one address at a time.
pub(crate) async fn each(
    context: &Context<'_>,
    origins: &BTreeSet<String>,
    mut take: impl FnMut(Origin),
) -> Result<(), DetectError> {
    let all: Vec<&str> = origins.iter().map(String::as_str).collect();
    for chunk in all.chunks(CHUNK) {
        let records = format!(
            "{{digest}} WHERE src_ip IN {} AND {{span}} AND ((shown AND (dataset IS NOT NULL OR subject IS NOT NULL)) OR (dataset IS NULL AND subject IS NULL AND outcome = 'ok'))",
            quote_all(chunk.iter().copied())
        );
        let families = families(context, &records).await?;
        // What is only compared is hashed before it is sorted: a client's name is longer than all the rest.
        let query = format!(
            "SELECT src_ip, time, last, day, hash(coalesce(user_agent, '')) AS client, hash(credential) AS credential, \
             CASE WHEN subject NOT LIKE 'credential:%' THEN hash(subject) END AS person, \
             CASE WHEN dataset IS NOT NULL OR subject IS NOT NULL THEN 1 ELSE 0 END AS data \
             FROM {records} ORDER BY src_ip, time, data, client, credential, person"
        );
        let mut batches = context.stream(&query).await?;
        let mut building = Building::default();
        while let Some(batch) = batches.next().await {
            let batch = [batch?];
            for row in rows(&batch) {
                let Some(origin) = row.text("src_ip") else { continue };
                if origin != building.origin.name {
                    let next = Building {
                        origin: Origin { name: origin.to_owned(), ..Origin::default() },
                        ..Building::default()
                    };
                    take(std::mem::replace(&mut building, next).origin);
                }
                building.take(&row, &families);
            }
        }
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
    fn a_release_changes_no_family() {
        let chrome = |n: &str| family(&format!("Mozilla/5.0 (X11; Linux x86_64) Chrome/{n} Safari/537.36"));
        assert_eq!(chrome("144.0.0.0"), chrome("145.0.1.0"));
        assert_ne!(chrome("144.0.0.0"), family("curl/8.5.0"));
        assert_eq!(family("ShopApp/5.31.0"), family("ShopApp/6.4"));
    }
}
