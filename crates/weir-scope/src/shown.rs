//! What records show, read once for all hands together.
//!
//! Decisive choice: each record is asked which hands have it, and what hands have in common is added up apart. So what is said of one hand, or of any
//! of them together, is a sum in which no record stands twice, and no finding needs a pass of its own.

use crate::ScopeError;
use crate::people::{Kind, Sight, Sights};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ListArray, RecordBatch, StringArray};
use arrow_select::concat::concat_batches;
use futures::TryStreamExt;
use std::collections::{BTreeMap, BTreeSet};
use weir_catalog::derive::each_thing;
use weir_catalog::mask::Pseudonym;
use weir_catalog::{Catalog, Subjects};
use weir_lake::{Session, numbers, rows};
use weir_model::case::Period;
use weir_model::{Basis, Micros};

/// The most hands that are asked about at once: a bit of a number each.
pub(crate) const HANDS_MAX: usize = 63;
/// The most categories that are told apart; what is beyond them is told as one.
const CATEGORIES_MAX: usize = 63;
/// The most countries that are told apart.
const COUNTRIES_MAX: usize = 63;
const OTHER: &str = "other";

/// Records that say that somebody read; of the others (a method that is not logged or does something else) it is not known what their answer showed.
const READ: &str = "activity = 'read'";

/// Records that show data: an answer with something in it, of people, of a dataset or of a thing of somebody's.
pub(crate) const SHOWS: &str = "shown AND (dataset IS NOT NULL OR cardinality(subjects) > 0 OR subjects_n > 0 OR thing IS NOT NULL) \
    AND coalesce(status_id, 1) = 1 AND coalesce(bytes_out, 1) > 0";

/// What some records show, added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Records that say they succeeded.
    pub(crate) records: u64,
    /// Bytes sent in them, where logged.
    pub(crate) bytes: Option<u64>,
    /// People whom they count without naming them.
    pub(crate) unnamed: u64,
    pub(crate) period: Option<Period>,
    /// Records that do not say how they ended, and the people they would show.
    pub(crate) unsure: u64,
    pub(crate) unsure_people: u64,
    pub(crate) categories: u64,
    /// Records that say they succeeded, by the bit of the country from where they were read.
    pub(crate) countries: BTreeMap<u32, u64>,
    /// People shown, each time anew, by slot of event time.
    pub(crate) slots: BTreeMap<i64, u64>,
    /// Answers that may show any number of people and say neither whom nor how many, by route.
    pub(crate) lists: BTreeMap<String, Lists>,
}

/// Answers of one route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lists {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
}

/// The most routes of such answers that are told apart.
const ROUTES_MAX: usize = 100;

/// How finely it is known when people were shown.
pub(crate) const SLOT_US: i64 = 600_000_000;

impl Sum {
    fn at(&mut self, at: Micros) {
        let period = self.period.get_or_insert(Period { first: at, last: at });
        *period = Period { first: period.first.min(at), last: period.last.max(at) };
    }

    fn list(&mut self, route: &str, more: Lists) {
        let known = self.lists.contains_key(route) || self.lists.len() < ROUTES_MAX;
        let route = if known { route } else { OTHER };
        let held = self.lists.entry(route.to_owned()).or_default();
        held.records += more.records;
        held.bytes = held.bytes.saturating_add(more.bytes);
    }

    fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.unsure += other.unsure;
        self.bytes = match (self.bytes, other.bytes) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (a, b) => a.or(b),
        };
        self.unnamed = self.unnamed.saturating_add(other.unnamed);
        self.unsure_people = self.unsure_people.saturating_add(other.unsure_people);
        self.categories |= other.categories;
        for (route, more) in &other.lists {
            self.list(route, *more);
        }
        for (country, n) in &other.countries {
            *self.countries.entry(*country).or_default() += n;
        }
        for (slot, n) in &other.slots {
            let held = self.slots.entry(*slot).or_default();
            *held = held.saturating_add(*n);
        }
        if let Some(Period { first, last }) = other.period {
            self.at(first);
            self.at(last);
        }
    }
}

/// What the records of all hands show.
#[derive(Default)]
pub(crate) struct Shown {
    /// By the hands that have them: a bit for each.
    sums: BTreeMap<u64, Sum>,
    pub(crate) categories: Vec<String>,
    pub(crate) countries: Vec<String>,
}

impl Shown {
    /// Adds people that hands were shown in a slot.
    fn in_slot(&mut self, shown: Option<(u64, i64, u64)>) {
        if let Some((hands, slot, people)) = shown {
            let held = self.sums.entry(hands).or_default().slots.entry(slot).or_default();
            *held = held.saturating_add(people);
        }
    }

    /// What the records of any of these hands show.
    pub(crate) fn of(&self, hands: u64) -> Sum {
        let mut all = Sum::default();
        self.sums.iter().filter(|(by, _)| **by & hands != 0).for_each(|(_, sum)| all.add(sum));
        all
    }

    /// What the records of any of some hands show that no other hand has.
    pub(crate) fn beside(&self, others: u64, hands: u64) -> Sum {
        let mut all = Sum::default();
        let beside = self.sums.iter().filter(|(by, _)| **by & hands != 0 && **by & others == 0);
        beside.for_each(|(_, sum)| all.add(sum));
        all
    }

    /// Records that any of these hands has, by country.
    pub(crate) fn country_records(&self, hands: u64) -> BTreeMap<String, u64> {
        let name = |at: u32| self.countries.get(at as usize).cloned().unwrap_or_else(|| OTHER.to_owned());
        self.of(hands).countries.into_iter().map(|(at, n)| (name(at), n)).collect()
    }

    /// The words for set bits.
    pub(crate) fn words(&self, categories: u64) -> BTreeSet<String> {
        let held = self.categories.iter().enumerate().filter(|(at, _)| categories >> at & 1 == 1);
        held.map(|(_, word)| word.clone()).collect()
    }
}

/// Whether a record of a dataset that neither names nor counts people may show any number of them: it is of no object (`/orders/{order}` is), and its
/// pages are not those of whoever asks. Such are lists and exports, statements whose rows are not logged, and objects of a store.
fn is_list(dataset: Option<&str>, route: &str, holders: &BTreeSet<String>) -> bool {
    dataset.is_some_and(|dataset| !holders.contains(dataset)) && !route.contains('{')
}

/// Categories as bits, by dataset; and the datasets whose pages show whoever asks.
struct Categories<'a> {
    of: &'a BTreeMap<String, Vec<String>>,
    holders: BTreeSet<String>,
    catalog: &'a Catalog,
    words: Vec<String>,
    known: BTreeMap<String, u64>,
}

impl<'a> Categories<'a> {
    fn new(of: &'a BTreeMap<String, Vec<String>>, catalog: &'a Catalog) -> Self {
        let all: BTreeSet<&String> = of.values().flatten().collect();
        let cut = all.len() > CATEGORIES_MAX;
        let mut words: Vec<String> = all.into_iter().take(CATEGORIES_MAX).cloned().collect();
        if cut {
            words.push(OTHER.to_owned());
        }
        Self { of, holders: catalog.holders(), catalog, words, known: BTreeMap::new() }
    }

    fn bits(&mut self, dataset: &str) -> u64 {
        if let Some(known) = self.known.get(dataset) {
            return *known;
        }
        let at = |word: &String| self.words.iter().position(|w| w == word).unwrap_or(CATEGORIES_MAX);
        let bits = self.of.get(dataset).into_iter().flatten().fold(0, |bits, word| bits | 1 << at(word));
        self.known.insert(dataset.to_owned(), bits);
        bits
    }
}

fn text<'b>(batch: &'b RecordBatch, column: &str) -> Option<&'b StringArray> {
    batch.column_by_name(column)?.as_string_opt::<i32>()
}

/// From where these records were read, the most records first; the least of very many countries are told as one, and what lies nowhere by no name.
async fn countries(session: &Session) -> Result<Vec<String>, ScopeError> {
    let query = format!(
        "SELECT country, count(*) AS n FROM access WHERE {SHOWS} AND country IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {}",
        COUNTRIES_MAX + 1
    );
    let mut all: Vec<String> =
        rows(&session.sql(&query).await?).filter_map(|row| row.text("country").map(str::to_owned)).collect();
    if all.len() > COUNTRIES_MAX {
        all.truncate(COUNTRIES_MAX);
        all.push(OTHER.to_owned());
    }
    Ok(all)
}

/// Reads the records that any of these conditions on `access` selects, a bit each in their order; holds so many bytes of people before they go to disk.
pub(crate) async fn shown(
    session: &Session,
    conditions: &[&str],
    (categories, catalog): (&BTreeMap<String, Vec<String>>, &Catalog),
    pseudonym: Option<&Pseudonym>,
    held_max: usize,
) -> Result<(Shown, Sights), ScopeError> {
    let mut categories = Categories::new(categories, catalog);
    let (mut shown, mut sights) = (Shown::default(), Sights::new(held_max));
    shown.countries = countries(session).await?;
    if conditions.is_empty() {
        return Ok((shown, sights));
    }
    let (query, several) = query(conditions);
    let mut batches = session.stream(&query).await?;
    // Rows of a record that may go on in the next batch.
    let mut rest: Option<RecordBatch> = None;
    while let Some(batch) = batches.try_next().await? {
        let batch = match rest.take() {
            Some(rest) => concat_batches(&batch.schema(), [&rest, &batch])
                .map_err(|e| ScopeError::spill("records", e))?,
            None => batch,
        };
        let whole = if several { whole_records(&batch) } else { batch.num_rows() };
        let records = batch.slice(0, whole);
        take(&mut shown, &mut sights, &mut categories, pseudonym, &records, several)?;
        rest = (whole < batch.num_rows()).then(|| batch.slice(whole, batch.num_rows() - whole));
    }
    if let Some(rest) = rest {
        take(&mut shown, &mut sights, &mut categories, pseudonym, &rest, several)?;
    }
    shown.categories = categories.words;
    Ok((shown, sights))
}

/// Asks for the records of any hand, with the hands that have each. What selects by a query of its own can only be a filter: such a hand's records are
/// asked for apart, and the rows of one record then come one after the other (`true`).
fn query(conditions: &[&str]) -> (String, bool) {
    let hands: Vec<(u64, &str)> =
        conditions.iter().take(HANDS_MAX).enumerate().map(|(at, c)| (1 << at, *c)).collect();
    let (apart, plain): (Vec<_>, Vec<_>) = hands.iter().partition(|(_, c)| asks(c));
    let several = apart.len() + usize::from(!plain.is_empty()) > 1;
    let place = if several { ", file, line, \"offset\"" } else { "" };
    let columns = format!(
        "time, dataset, route, country, subjects, thing, bytes_out, CAST(CASE WHEN {READ} THEN status_id END AS BIGINT) AS status, subjects_n, rows_out{place}"
    );
    let mut all: Vec<String> = Vec::new();
    if !plain.is_empty() {
        let bits = plain.iter().map(|(bit, c)| format!("CASE WHEN {c} THEN {bit} ELSE 0 END"));
        let bits = bits.collect::<Vec<_>>().join(" + ");
        all.push(format!(
            "SELECT * FROM (SELECT {columns}, {bits} AS hands FROM access WHERE {SHOWS}) WHERE hands > 0"
        ));
    }
    all.extend(apart.iter().map(|(bit, c)| {
        format!("SELECT {columns}, CAST({bit} AS BIGINT) AS hands FROM access WHERE {SHOWS} AND ({c})")
    }));
    let mut query = all.join(" UNION ALL ");
    if several {
        query = format!("SELECT * FROM ({query}) ORDER BY {}", RECORD.map(|c| format!("\"{c}\"")).join(", "));
    }
    (query, several)
}

/// Whether a condition has a query of its own: outside of its texts, the word that one begins with, whatever stands beside it.
fn asks(condition: &str) -> bool {
    let begins = |word: &str| ["SELECT", "VALUES"].iter().any(|begin| word.eq_ignore_ascii_case(begin));
    let outside = condition.split('\'').step_by(2);
    outside.flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_')).any(begins)
}

/// What tells records apart.
const RECORD: [&str; 4] = ["file", "line", "offset", "time"];

/// How many rows there are before those of the last record.
fn whole_records(batch: &RecordBatch) -> usize {
    let records: Vec<_> = numbers(batch, RECORD).collect();
    records.iter().rposition(|record| Some(record) != records.last()).map_or(0, |at| at + 1)
}

fn take(
    shown: &mut Shown,
    sights: &mut Sights,
    categories: &mut Categories<'_>,
    pseudonym: Option<&Pseudonym>,
    batch: &RecordBatch,
    several: bool,
) -> Result<(), ScopeError> {
    let list = batch.column_by_name("subjects").and_then(|c| c.as_any().downcast_ref::<ListArray>());
    let (subjects, datasets, from) = (Subjects::of(list), text(batch, "dataset"), text(batch, "country"));
    let (routes, things) = (text(batch, "route"), text(batch, "thing"));
    let columns = numbers(batch, ["time", "hands", "status", "bytes_out", "subjects_n", "rows_out"]);
    let mut records = numbers(batch, RECORD).peekable();
    let mut others = 0;
    // People of one slot after another, as most records follow each other in time.
    let mut slot: Option<(u64, i64, u64)> = None;
    for (row, [at, hands, status, bytes, counted, rows]) in columns.enumerate() {
        let record = records.next();
        let (Some(at), Some(hands)) = (at, hands) else { continue };
        let hands = hands.cast_unsigned() | others;
        others = if several && records.peek() == record.as_ref() { hands } else { 0 };
        if others != 0 {
            continue;
        }
        let dataset = datasets.filter(|d| d.is_valid(row)).map(|d| d.value(row));
        let of = dataset.map_or(0, |dataset| categories.bits(dataset));
        let sure = status.is_some();
        let country = from.filter(|c| c.is_valid(row)).map(|c| c.value(row));
        let country = country.map(|country| {
            let at = shown.countries.iter().position(|known| known == country);
            at.unwrap_or(COUNTRIES_MAX) as u32
        });
        let kind = Kind { hands, categories: of, countries: country.map_or(0, |at| 1 << at) };
        let mut named = 0_u64;
        let mut failed = None;
        let mut see = |namespace: &str, id: &str, basis: &str| {
            named += 1;
            if sure && failed.is_none() {
                let masked = pseudonym.map(|of| of(id));
                let id = masked.as_deref().unwrap_or(id);
                failed = sights.add(&Sight { namespace, id, basis, at, kind }).err();
            }
        };
        subjects.each(row, &mut see);
        // Those of which no link says whose they are.
        let cell = things.filter(|t| t.is_valid(row)).map_or("", |t| t.value(row));
        for (namespace, id) in each_thing(cell).filter(|(of, id)| !categories.catalog.has_owner(of, id)) {
            see(namespace, id, Basis::Named.as_str());
        }
        if let Some(error) = failed {
            return Err(error);
        }
        let unnamed = match named {
            0 => counted.or(rows).map_or(1, |n| u64::try_from(n).unwrap_or(0)),
            _ => 0,
        };
        let sum = shown.sums.entry(hands).or_default();
        let route = routes.filter(|r| r.is_valid(row)).map_or("", |r| r.value(row));
        if named == 0 && counted.or(rows).is_none() && is_list(dataset, route, &categories.holders) {
            sum.list(
                route,
                Lists { records: 1, bytes: bytes.and_then(|b| u64::try_from(b).ok()).unwrap_or(0) },
            );
        }
        if sure {
            sum.records += 1;
            sum.unnamed = sum.unnamed.saturating_add(unnamed);
            if let Some(bytes) = bytes.and_then(|b| u64::try_from(b).ok()) {
                sum.bytes = Some(sum.bytes.unwrap_or(0).saturating_add(bytes));
            }
            sum.at(Micros(at));
            sum.categories |= of;
            if let Some(country) = country {
                *sum.countries.entry(country).or_default() += 1;
            }
            let at = at.div_euclid(SLOT_US);
            match &mut slot {
                Some((by, same, people)) if (*by, *same) == (hands, at) => {
                    *people = people.saturating_add(named.max(unnamed));
                }
                _ => shown.in_slot(slot.replace((hands, at, named.max(unnamed)))),
            }
        } else {
            sum.unsure += 1;
            sum.unsure_people = sum.unsure_people.saturating_add(named.max(unnamed));
        }
    }
    shown.in_slot(slot);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_two_hands_counts_once_under_its_country() {
        let read = |countries: &[(u32, u64)]| Sum {
            countries: countries.iter().copied().collect(),
            ..Sum::default()
        };
        let sums = [(0b01, read(&[(0, 2)])), (0b11, read(&[(0, 1), (63, 4)])), (0b10, read(&[(1, 9)]))];
        let shown =
            Shown { sums: sums.into(), countries: vec!["SG".into(), "NL".into()], ..Shown::default() };
        let counted = |all: &[(&str, u64)]| all.iter().map(|(code, n)| ((*code).to_owned(), *n)).collect();
        assert_eq!(shown.country_records(0b01), counted(&[("SG", 3), (OTHER, 4)]));
        assert_eq!(shown.country_records(0b11), counted(&[("SG", 3), ("NL", 9), (OTHER, 4)]));
    }

    #[test]
    fn a_query_inside_a_condition_is_found_however_it_is_written() {
        for condition in [
            "EXISTS (SELECT * FROM files f WHERE f.file = access.file)",
            "EXISTS(SELECT* FROM files f WHERE f.file = access.file)",
            "file IN(select(file)FROM files)",
            "file IN (\n\tSELECT\tfile FROM files)",
            "path <> 'it''s' AND file IN (((SELECT 1)))",
            "file IN (VALUES(1))",
        ] {
            assert!(asks(condition), "{condition}");
        }
        for condition in ["query = 'SELECT * FROM members'", "selected = 1", "query = 'it''s (SELECT 1)'"] {
            assert!(!asks(condition), "{condition}");
        }
    }
}
