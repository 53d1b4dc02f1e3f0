//! Sample cases, built by hand: nothing here was measured, all names are invented, addresses are documentation ranges.

pub mod cloud;
pub mod hostile;
pub mod judged;
pub mod many;
pub mod shop;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use std::collections::BTreeMap;
use weir_model::{
    Citation, Claim, Entity, EntityKind, Evidence, Finding, Language, Micros, Severity,
    case::{
        Case, Coverage, Determinable, Divided, ExposedSubject, Gap, Incident, Labelled, Organisation, Period,
        Recommendation, Scope, Series, Statement, TacticLine, TimelineEvent, Totals, Trace, TraceEdge,
        TraceNode,
    },
    finding::{FindingEvidence, State},
    intake::Intake,
    time::DAY_US,
};

pub fn t(stamp: &str) -> Micros {
    Micros::parse(stamp).unwrap()
}

/// The same case, for a reader of Korean.
pub fn in_korean(mut case: Case) -> Case {
    case.organisation.language = Language::Korean;
    case
}

pub fn later(at: Micros, seconds: i64) -> Micros {
    Micros(at.0 + seconds * 1_000_000)
}

pub fn entity(kind: EntityKind, value: &str) -> Entity {
    Entity::new(kind, value)
}

pub fn evidence(path: &str, first_line: i64, cited: usize, total: u64) -> Evidence {
    let cite = |i: i64| Citation {
        path: path.into(),
        line: first_line + i * 7,
        offset: (first_line + i * 7) * 212,
        file: 77,
    };
    let query = format!("SELECT * FROM access\nWHERE file = 77 AND line >= {first_line}\nORDER BY time");
    Evidence::new((0..cited as i64).map(cite).collect(), total, query).unwrap()
}

pub fn stated(words: &str, evidence: Evidence) -> Statement {
    Claim::stated(words.to_owned(), evidence)
}

pub fn labelled(label: &str, statement: Statement) -> Labelled {
    Labelled { label: label.into(), statement }
}

pub fn tactic(tactic: &str, techniques: &[&str], statement: Statement) -> TacticLine {
    TacticLine { tactic: tactic.into(), techniques: strings(techniques), statement }
}

pub fn advice(severity: Severity, text: &str, because: &[&str]) -> Recommendation {
    Recommendation { text: text.into(), because: strings(because), severity }
}

pub fn strings(all: &[&str]) -> Vec<String> {
    all.iter().map(|s| (*s).to_owned()).collect()
}

pub fn map(all: &[(&str, f64)]) -> BTreeMap<String, f64> {
    all.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect()
}

pub fn finding(id: &str, detector: &str, severity: Severity, title: &str, evidence: Evidence) -> Finding {
    Finding {
        id: id.into(),
        detector: detector.into(),
        severity,
        title: title.into(),
        explanation: String::new(),
        entities: Vec::new(),
        reasons: Vec::new(),
        first_seen: Micros(0),
        last_seen: Micros(0),
        raised: Micros(0),
        measures: BTreeMap::new(),
        baseline: BTreeMap::new(),
        p_value: None,
        threshold: None,
        attack: Vec::new(),
        evidence: FindingEvidence(evidence),
        limits: Vec::new(),
        perhaps: Vec::new(),
        campaign: None,
        state: State::Open,
        state_reason: None,
        superseded_by: None,
        dispositions: Vec::new(),
        snapshot: BTreeMap::from([("access".into(), 12)]),
    }
}

pub fn event(
    time: Micros,
    until: Option<Micros>,
    phase: &str,
    what: &str,
    attack: &[&str],
    evidence: Evidence,
) -> TimelineEvent {
    TimelineEvent {
        time,
        until,
        what: what.into(),
        phase: phase.into(),
        entities: Vec::new(),
        attack: strings(attack),
        findings: Vec::new(),
        failed: false,
        evidence,
    }
}

pub fn scope(determinable: Determinable, reason: &str) -> Scope {
    Scope {
        determinable,
        reason: reason.into(),
        subjects: None,
        categories: Vec::new(),
        records: 0,
        bytes: None,
        first: None,
        last: None,
        gaps: Vec::new(),
        beyond: Vec::new(),
    }
}

pub fn gap(what: &str, from: Micros, to: Micros, reason: &str, expected: Option<f64>) -> Gap {
    Gap {
        what: what.into(),
        from: Some(from),
        to: Some(to),
        reason: reason.into(),
        records_expected: expected,
    }
}

/// A coverage with a weekly rhythm and its gaps left out.
pub fn coverage(
    sensor: &str,
    source: &str,
    first: Micros,
    days: i32,
    a_day: u64,
    gaps: Vec<Gap>,
) -> Coverage {
    let silent =
        |at: Micros| gaps.iter().any(|g| g.from.is_none_or(|f| f <= at) && g.to.is_none_or(|t| at < t));
    let records = (0..days).map(|d| (Micros::of_day(first.day() + d), d)).filter(|(at, _)| !silent(*at));
    let amount = |d: i32| a_day * (100 + 9 * (d % 7) as u64 + (d as u64 * 31) % 17) / 120;
    Coverage {
        sensor: sensor.into(),
        source: source.into(),
        period: Period { first, last: Micros(first.0 + i64::from(days) * DAY_US - 1_000_000) },
        days: records.map(|(at, d)| (at.to_string()[..10].to_owned(), amount(d))).collect(),
        gaps: gaps.clone(),
    }
}

pub fn series(name: &str, finding: Option<&str>, unit: &str, points: Vec<(Micros, f64)>) -> Series {
    Series { name: name.into(), finding: finding.map(str::to_owned), unit: unit.into(), points }
}

pub fn node(kind: EntityKind, value: &str, role: &str, at: Micros, records: u64) -> TraceNode {
    TraceNode {
        entity: entity(kind, value),
        role: role.into(),
        period: Period { first: at, last: later(at, 600) },
        records,
    }
}

pub fn edge(from: &TraceNode, to: &TraceNode, how: &str) -> TraceEdge {
    let evidence = evidence("logs/trace.json", 3, 2, to.records.max(2));
    TraceEdge {
        from: from.entity.clone(),
        to: to.entity.clone(),
        how: how.into(),
        records: to.records,
        evidence,
    }
}

pub fn trace(mut nodes: Vec<TraceNode>, edges: Vec<TraceEdge>) -> Trace {
    nodes.sort_by(|a, b| a.entity.cmp(&b.entity));
    Trace { nodes, edges }
}

pub fn file(path: &str, source: Option<&str>, parsed: u64, rejected: u64, duplicates: u64) -> Intake {
    Intake {
        path: path.into(),
        sha256: Some("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into()),
        bytes: 4_096 + parsed * 31,
        content_bytes: parsed * 212,
        bytes_unread: if source.is_none() { 48_213 } else { 0 },
        source: source.map(str::to_owned),
        sensor: source.map(|_| "edge-1".into()),
        records: parsed + rejected + duplicates,
        parsed,
        rejected,
        duplicates,
        lines: parsed + rejected + duplicates,
        reasons: match (source, rejected) {
            (None, _) => BTreeMap::from([("no known format: binary content".into(), 1)]),
            (_, 0) => BTreeMap::new(),
            (_, n) => BTreeMap::from([("time not readable".into(), n)]),
        },
        ..Intake::default()
    }
}

pub fn totals(intake: &[Intake]) -> Totals {
    let sum = |f: fn(&Intake) -> u64| intake.iter().map(f).sum();
    Totals {
        files: intake.len() as u64,
        files_unread: intake.iter().filter(|i| i.source.is_none()).count() as u64,
        records: sum(|i| i.records),
        parsed: sum(|i| i.parsed),
        rejected: sum(|i| i.rejected),
        duplicates: sum(|i| i.duplicates),
        bytes: sum(|i| i.content_bytes),
        bytes_unread: sum(|i| i.bytes_unread),
    }
}

pub fn case_of(id: &str, organisation: Organisation, intake: Vec<Intake>) -> Case {
    Case {
        divided: Divided::default(),
        reported: None,
        compared: None,
        version: weir_model::case::CASE_VERSION,
        configuration: None,
        aged_out: None,
        program: "weir 0.1.0".into(),
        masked: false,
        id: id.into(),
        organisation,
        period: None,
        totals: totals(&intake),
        intake,
        coverage: Vec::new(),
        datasets: Vec::new(),
        findings: Vec::new(),
        timeline: Vec::new(),
        scope: scope(
            Determinable::No,
            "no record of this period is known to show people's data; logs of such reads, or `[[dataset]]` in weir.toml, would tell",
        ),
        suppressed_subjects: None,
        finding_scopes: BTreeMap::new(),
        traces: BTreeMap::new(),
        incident: Incident {
            summary: Vec::new(),
            details: Vec::new(),
            methodology: Vec::new(),
            impact: Vec::new(),
            indicators: Vec::new(),
            response: Vec::new(),
            lessons: Vec::new(),
            recommendations: Vec::new(),
        },
        series: Vec::new(),
        limits: Vec::new(),
        alert_budget: None,
        methods: Vec::new(),
        snapshot: BTreeMap::new(),
    }
}

/// Records were read and nothing was found.
pub fn quiet() -> Case {
    let first = t("2026-03-01T00:00:12Z");
    let mut case = case_of(
        "5f1c09ad77e2b310",
        Organisation::default(),
        vec![file("access.log", Some("nginx_access"), 81_204, 0, 0)],
    );
    case.coverage = vec![coverage("access.log", "nginx_access", first, 31, 2_600, Vec::new())];
    case.period = Some(case.coverage[0].period);
    case.scope =
        scope(Determinable::Yes, "no finding reached records of a dataset, and no sensor was silent");
    case.scope.subjects = Some(weir_model::case::Bounds { lower: 0, upper: Some(0) });
    case
}

/// Nothing was recognised.
pub fn nothing() -> Case {
    let intake = vec![file("notes.docx", None, 0, 0, 0), file("photos/party.jpg", None, 0, 0, 0)];
    case_of("b0aa19c4de5f6677", Organisation::default(), intake)
}

/// People in batches, as a case is given them.
pub fn batched(
    people: impl Iterator<Item = ExposedSubject>,
) -> impl Iterator<Item = Result<RecordBatch, ArrowError>> {
    let all: Vec<ExposedSubject> = people.collect();
    let batches: Vec<_> = all.chunks(1000).map(ExposedSubject::batch).collect();
    batches.into_iter()
}
