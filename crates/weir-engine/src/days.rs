//! What the entities of findings did day by day, from the rollups: one pass over them for all findings that are asked for.
//!
//! Decisive choice: rows come ordered by day, so of each finding one day's sketch is held at a time. People of a day are counted once,
//! whichever members were shown them.

use crate::EngineError;
use futures::StreamExt;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use weir_lake::{Session, quote_all};
use weir_model::case::Series;
use weir_model::{EntityKind, Finding, Micros, Span};
use weir_rollup::kind::KINDS;
use weir_rollup::{Row, decode};
use weir_stats::Distinct;

/// The most members of one finding whose days are summed; what is left out is said.
pub(crate) const MEMBERS_MAX: usize = 2_000;

/// The days of one finding's entities.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Days {
    /// Whose: the kind of the members; `None` when rollups hold no days of any entity of the finding.
    pub kind: Option<EntityKind>,
    /// How many members were summed.
    pub members: usize,
    /// How many members the finding has of that kind.
    pub members_all: usize,
    /// `people_a_day`, `records_a_day`, `bytes_a_day`; those that are zero on every day are absent.
    pub series: Vec<Series>,
}

/// One finding's sums while days pass.
#[derive(Default)]
struct Sums {
    day: i32,
    people: Distinct,
    records: u64,
    bytes: u64,
    past: Vec<(i32, [f64; 3])>,
}

const NAMES: [(&str, &str); 3] =
    [("people_a_day", "people"), ("records_a_day", "records"), ("bytes_a_day", "bytes")];

impl Sums {
    fn add(&mut self, row: &Row) {
        if row.day != self.day {
            self.close();
            self.day = row.day;
        }
        self.people.merge(&row.partial.people);
        self.records = self.records.saturating_add(row.partial.records);
        // Bytes that reached it: whoever reads is sent answers, a host payload of flows.
        let bytes = if row.kind == EntityKind::Host { row.partial.bytes_sent } else { row.partial.bytes };
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn close(&mut self) {
        let people = std::mem::take(&mut self.people).estimate().round();
        let (records, bytes) = (std::mem::take(&mut self.records), std::mem::take(&mut self.bytes));
        if records > 0 {
            self.past.push((self.day, [people, records as f64, bytes as f64]));
        }
    }

    fn series(mut self, finding: &str) -> Vec<Series> {
        self.close();
        let points = |which: usize| {
            let value = |values: &[f64; 3]| values.get(which).copied().filter(|v| *v > 0.0);
            self.past.iter().filter_map(|(day, v)| Some((Micros::of_day(*day), value(v)?))).collect()
        };
        let all = NAMES.iter().enumerate().map(|(which, (name, unit))| Series {
            name: (*name).to_owned(),
            finding: Some(finding.to_owned()),
            unit: (*unit).to_owned(),
            points: points(which),
        });
        all.filter(|s: &Series| !s.points.is_empty()).collect()
    }
}

/// The kind of a finding's entities whose days are summed: the principal's, else the first of a kind that is rolled up.
fn kind_of(finding: &Finding) -> Option<EntityKind> {
    finding.entities.iter().map(|e| e.kind).find(|k| KINDS.contains(k))
}

fn members(finding: &Finding, kind: EntityKind) -> BTreeSet<&str> {
    finding.entities.iter().filter(|e| e.kind == kind).map(|e| e.value.as_str()).collect()
}

/// The days of each finding's entities inside a span, in the order of the findings.
pub(crate) async fn days(
    session: &Session,
    findings: &[&Finding],
    span: Span,
) -> Result<Vec<Days>, EngineError> {
    let mut of: HashMap<(EntityKind, &str), Vec<usize>> = HashMap::new();
    let mut asked: BTreeMap<EntityKind, BTreeSet<&str>> = BTreeMap::new();
    let mut all = Vec::new();
    for (at, finding) in findings.iter().enumerate() {
        let kind = kind_of(finding);
        let whole = kind.map(|kind| members(finding, kind)).unwrap_or_default();
        let summed: Vec<&str> = whole.iter().copied().take(MEMBERS_MAX).collect();
        for (kind, member) in kind.iter().flat_map(|kind| summed.iter().map(move |m| (*kind, *m))) {
            of.entry((kind, member)).or_default().push(at);
            asked.entry(kind).or_default().insert(member);
        }
        all.push(Days { kind, members: summed.len(), members_all: whole.len(), series: Vec::new() });
    }
    let mut sums: Vec<Sums> = findings.iter().map(|_| Sums::default()).collect();
    if session.snapshot().rollup_catalogs().is_empty() || asked.is_empty() {
        return Ok(all);
    }
    let which: Vec<String> = asked
        .iter()
        .map(|(kind, of)| format!("(kind = '{kind}' AND entity IN {})", quote_all(of.iter().copied())))
        .collect();
    let mut batches =
        session.stream(&format!("SELECT * FROM rollup WHERE {} ORDER BY day", which.join(" OR "))).await?;
    while let Some(batch) = batches.next().await {
        for row in decode(&batch?)?.iter().filter(|r| inside(span, r.day)) {
            for at in of.get(&(row.kind, row.entity.as_str())).into_iter().flatten() {
                sums.get_mut(*at).into_iter().for_each(|s| s.add(row));
            }
        }
    }
    for ((days, sums), finding) in all.iter_mut().zip(sums).zip(findings) {
        days.series = sums.series(&finding.id);
    }
    Ok(all)
}

/// Whether some of a day lies in a span.
fn inside(span: Span, day: i32) -> bool {
    span.since.is_none_or(|since| day >= since.day()) && span.until.is_none_or(|u| Micros::of_day(day) < u)
}
