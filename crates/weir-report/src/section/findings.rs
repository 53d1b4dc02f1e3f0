//! Every finding in full: what was measured against what was expected, the chance of luck in words, the records, the limits.

use super::FINDINGS_MAX;
use crate::{
    doc::{Block, Card, Cell, Figure, FigureKind, Said, Table},
    words,
};
use weir_model::{
    Finding,
    case::{Case, Period, Trace},
};

pub(super) fn findings(case: &Case) -> Vec<Block<'_>> {
    if case.findings.is_empty() {
        let words = "No detector fired on these records. What they could have seen is in the coverage.";
        return vec![Block::Statements(vec![Said::Derived(words.into(), "coverage", "coverage")])];
    }
    let rows = case.findings.iter().take(FINDINGS_MAX).map(|f| {
        vec![
            Cell::Severity(f.severity),
            Cell::Text(f.title.clone()),
            Cell::Code(&f.detector),
            Cell::Text(words::period(Period { first: f.first_seen, last: f.last_seen })),
            Cell::Number(words::count(f.evidence.0.total())),
            Cell::Findings(std::slice::from_ref(&f.id)),
        ]
    });
    let mut blocks = vec![Block::Table(Table {
        caption: "Findings, most severe first".into(),
        columns: vec![
            ("Severity", false),
            ("Finding", false),
            ("Detector", false),
            ("Seen", false),
            ("Records", true),
            ("Id", false),
        ],
        rows: rows.collect(),
        total: case.findings.len(),
        all_in: "findings.jsonl",
    })];
    blocks.extend(case.findings.iter().take(FINDINGS_MAX).map(|f| Block::Finding(Box::new(card(case, f)))));
    blocks
}

fn card<'a>(case: &'a Case, f: &'a Finding) -> Card<'a> {
    let names: std::collections::BTreeSet<_> = f.measures.keys().chain(f.baseline.keys()).collect();
    let value = |of: &std::collections::BTreeMap<String, f64>, name: &String| match of.get(name) {
        Some(x) => words::number(*x),
        None => "not stated".into(),
    };
    let measures = names.iter().map(|n| (words::label(n), value(&f.measures, n), value(&f.baseline, n)));
    Card {
        finding: f,
        measures: measures.collect(),
        scope: case.finding_scopes.get(&f.id),
        trace: case.traces.get(&f.id).filter(|t| !t.edges.is_empty()).map(|t| figure(f, t)),
    }
}

fn figure<'a>(f: &Finding, trace: &'a Trace) -> Figure<'a> {
    let of = |role: &str| trace.nodes.iter().filter(|n| n.role == role).count() as u64;
    let alt = format!(
        "A graph of {} and {}: {} the finding began with, {} by the same hand, {} touched. Read from left to right.",
        words::quantity(trace.nodes.len() as u64, "entity", "entities"),
        words::quantity(trace.edges.len() as u64, "step", "steps"),
        words::count(of("seed")),
        words::count(of("same_hand")),
        words::count(of("touched")),
    );
    Figure {
        kind: FigureKind::Trace(trace),
        caption: format!("What the same hand touched: {}", f.title),
        alt,
    }
}
