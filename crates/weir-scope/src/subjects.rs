//! The people that a finding's records show, exactly.

use crate::ScopeError;
use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::{Session, quote_all, rows};
use weir_model::Micros;
use weir_model::case::{ExposedSubject, Period};

/// One person as one finding's records show them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// How the records show them, the strongest basis first.
    pub basis: String,
    /// First access.
    pub first: Micros,
    /// Last access.
    pub last: Micros,
    /// Records.
    pub records: u64,
    /// Data categories.
    pub categories: BTreeSet<String>,
}

/// What a finding's records show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// People by `namespace:id`.
    pub people: BTreeMap<String, Person>,
    /// People that records count without naming them.
    pub unnamed: u64,
    /// Records that show data.
    pub records: u64,
    /// All records of the sensors concerned in the finding's period.
    pub sensor_records: u64,
    /// Bytes sent, where logged.
    pub bytes: Option<u64>,
    /// Data categories.
    pub categories: BTreeSet<String>,
    /// First and last such record.
    pub period: Option<Period>,
}

/// Records that show data: a success with something in it.
const SHOWS: &str = "status_id = 1 AND (dataset IS NOT NULL OR cardinality(subjects) > 0 OR subjects_n > 0) \
    AND activity = 'read' AND coalesce(status_code, '200') NOT IN ('204', '205', '304')";

/// What the records selected by a condition show; `None` when they have nothing to do with data. Where none shows any, the period is `seen`.
pub fn reached<'a>(
    session: &'a Session,
    near: &'a Session,
    seen: (Micros, Micros),
    condition: &'a str,
    categories: &'a BTreeMap<String, Vec<String>>,
) -> BoxFuture<'a, Result<Option<Reached>, ScopeError>> {
    Box::pin(async move {
        let shown = format!("({condition}) AND {SHOWS}");
        let mut reached = Reached::default();
        totals(near, &shown, &mut reached).await?;
        let query = format!(
            "SELECT s['namespace'] AS namespace, s['id'] AS id, min(s['basis']) AS basis, min(time) AS first, max(time) AS last, \
         count(*) AS n, array_agg(DISTINCT dataset) AS datasets FROM \
         (SELECT time, dataset, unnest(subjects) AS s FROM access WHERE {shown}) GROUP BY 1, 2"
        );
        for row in rows(&near.sql(&query).await?) {
            let (Some(namespace), Some(id)) = (row.text("namespace"), row.text("id")) else { continue };
            let (Some(first), Some(last)) = (row.time("first"), row.time("last")) else { continue };
            let datasets = row.texts("datasets");
            let of =
                datasets.iter().filter_map(|d| categories.get(d)).flatten().cloned().collect::<BTreeSet<_>>();
            reached.categories.extend(of.iter().cloned());
            let basis = row.text("basis").unwrap_or("named").to_owned();
            let person = Person { basis, first, last, records: row.count("n"), categories: of };
            reached.people.insert(format!("{namespace}:{id}"), person);
        }
        let (first, last) = reached.period.map_or(seen, |p| (p.first, p.last));
        let period = format!("time >= TIMESTAMP '{first}' AND time <= TIMESTAMP '{last}'");
        sensors(session, near, condition, &period, &mut reached).await?;
        let touches_data = reached.records > 0 || crate::gaps::opens_data(near, condition).await?;
        Ok(touches_data.then_some(reached))
    })
}

async fn totals(session: &Session, shown: &str, reached: &mut Reached) -> Result<(), ScopeError> {
    let query = format!(
        "SELECT count(*) AS n, sum(CAST(bytes_out AS DECIMAL(20, 0))) AS bytes, min(time) AS first, max(time) AS last, \
         sum(CAST(CASE WHEN cardinality(subjects) > 0 THEN 0 ELSE coalesce(subjects_n, rows_out, 1) END AS DECIMAL(20, 0))) AS unnamed FROM access WHERE {shown}"
    );
    for row in rows(&session.sql(&query).await?) {
        reached.records = row.count("n");
        reached.unnamed = row.count("unnamed");
        reached.bytes = row.size("bytes");
        reached.period = row.time("first").zip(row.time("last")).map(|(first, last)| Period { first, last });
    }
    Ok(())
}

async fn sensors(
    session: &Session,
    near: &Session,
    condition: &str,
    period: &str,
    reached: &mut Reached,
) -> Result<(), ScopeError> {
    let own = near.sql(&format!("SELECT DISTINCT sensor FROM access WHERE {condition}")).await?;
    let own = quote_all(rows(&own).filter_map(|r| r.text("sensor")));
    let query = format!("SELECT count(*) AS n FROM access WHERE {period} AND sensor IN {own}");
    reached.sensor_records = rows(&session.sql(&query).await?).map(|r| r.count("n")).sum();
    Ok(())
}

/// Exposed people of one finding as rows of `scope.csv`.
pub fn exposed(finding: &str, reached: &Reached) -> Vec<ExposedSubject> {
    let mut people = BTreeMap::new();
    join(&mut people, finding, reached);
    people.into_values().collect()
}

/// Joins one finding's people into the case's.
pub(crate) fn join(people: &mut BTreeMap<String, ExposedSubject>, finding: &str, reached: &Reached) {
    for (subject, person) in &reached.people {
        let entry = people.entry(subject.clone()).or_insert_with(|| ExposedSubject {
            subject: subject.clone(),
            status: person.basis.clone(),
            first: person.first,
            last: person.last,
            records: 0,
            categories: Vec::new(),
            findings: Vec::new(),
        });
        entry.first = entry.first.min(person.first);
        entry.last = entry.last.max(person.last);
        // Two findings may show the same records: their sum is nobody's count.
        entry.records = entry.records.max(person.records);
        entry.categories.extend(person.categories.iter().cloned());
        entry.categories.sort();
        entry.categories.dedup();
        entry.findings.push(finding.to_owned());
    }
}

/// Says of each person how many records show them, over all findings at once.
pub(crate) fn count(people: &mut BTreeMap<String, ExposedSubject>, all: &Reached) {
    for (subject, entry) in people {
        if let Some(person) = all.people.get(subject) {
            entry.records = person.records;
        }
    }
}
