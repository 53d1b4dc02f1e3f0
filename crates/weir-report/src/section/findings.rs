//! Every finding in full: what was measured against what was expected, the chance of luck in words, the records, the limits. Those that
//! somebody told to be quiet stand apart, as do those that no longer arise.

use super::{COLUMNS_MAX, FINDINGS_MAX, ROWS_MAX};
use crate::{
    days,
    doc::{Block, Card, Cell, Figure, FigureKind, Said, Table},
    words,
};
use weir_model::{
    Finding,
    case::{Case, Period, Step, Trace, TraceEdge},
    finding::State,
};

pub(super) fn findings(case: &Case) -> Vec<Block<'_>> {
    if case.findings.is_empty() {
        let words = "No detector fired on these records. What they could have seen is in the coverage.";
        return vec![Block::Statements(vec![Said::Derived(words.into(), "coverage", "coverage")])];
    }
    let of = |state: State| case.findings.iter().filter(move |f| f.state == state);
    let calling: Vec<&Finding> = case.findings.iter().filter(|f| f.calls()).collect();
    let mut blocks = vec![open(&calling)];
    let suppressed: Vec<&Finding> = of(State::Suppressed).collect();
    if !suppressed.is_empty() {
        blocks.push(Block::Heading("Suppressed: told to be quiet".into()));
        blocks.push(Block::Note(
            "These stand all the same: whose data they reached is counted in the scope.".into(),
        ));
        blocks.push(apart("Suppressed findings, and who told them to be quiet", &suppressed));
    }
    let superseded: Vec<&Finding> = of(State::Superseded).collect();
    if !superseded.is_empty() {
        blocks.push(Block::Heading("Superseded: no longer arising".into()));
        blocks.push(Block::Note(
            "An earlier run over the same lake found these; they count nowhere else in this report.".into(),
        ));
        blocks.push(apart("Superseded findings, and what took their place", &superseded));
    }
    if blocks.len() > 1 && calling.len() + suppressed.len() > 0 {
        blocks.push(Block::Heading("Each finding".into()));
    }
    let told = calling.into_iter().chain(suppressed).take(FINDINGS_MAX);
    let mut drawn: Vec<(&str, &Trace)> = Vec::new();
    for f in told {
        let mut card = card(case, f);
        // Several findings often have one hand: it is drawn once.
        let trace = case.traces.get(&f.id).filter(|t| !t.edges.is_empty());
        match trace.map(|t| (t, drawn.iter().find(|(_, other)| is_same(t, other)))) {
            Some((_, Some((id, _)))) => card.drawn_with = Some(id),
            Some((t, None)) => {
                card.trace = Some(figure(f, t));
                drawn.push((&f.id, t));
            }
            None => {}
        }
        blocks.push(Block::Finding(Box::new(card)));
    }
    blocks
}

/// Whether two traces show the same entities and steps, wherever their findings began.
fn is_same(one: &Trace, other: &Trace) -> bool {
    let entities = one.nodes.iter().map(|n| &n.entity).eq(other.nodes.iter().map(|n| &n.entity));
    // Who else stands in the condition that selects a step's records depends on where the finding began.
    let step = |(a, b): (&TraceEdge, &TraceEdge)| {
        (&a.from, &a.to, &a.how, a.records) == (&b.from, &b.to, &b.how, b.records)
    };
    entities && one.edges.len() == other.edges.len() && one.edges.iter().zip(&other.edges).all(step)
}

/// Those that call for somebody.
fn open<'a>(findings: &[&'a Finding]) -> Block<'a> {
    if findings.is_empty() {
        return Block::Note("No finding calls for anybody.".into());
    }
    let seen = |f: &Finding| words::period(Period { first: f.first_seen, last: f.last_seen });
    let rows = findings.iter().take(FINDINGS_MAX).map(|f| {
        let title = match f.state {
            State::Acknowledged => format!("{} (acknowledged)", f.title),
            _ => f.title.clone(),
        };
        vec![
            Cell::Severity(f.severity),
            Cell::Text(title),
            Cell::Code(&f.detector),
            Cell::Text(seen(f)),
            Cell::Number(words::count(f.evidence.0.total())),
            Cell::Findings(std::slice::from_ref(&f.id)),
        ]
    });
    Block::Table(Table {
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
        total: findings.len(),
        all_in: "findings.jsonl",
    })
}

/// Those that do not, with why.
fn apart<'a>(caption: &str, findings: &[&'a Finding]) -> Block<'a> {
    let rows = findings.iter().take(ROWS_MAX).map(|f| {
        vec![
            Cell::Severity(f.severity),
            Cell::Text(f.title.clone()),
            Cell::Code(&f.detector),
            Cell::Text(f.state_reason.clone().unwrap_or_default()),
            if f.stands() { Cell::Findings(std::slice::from_ref(&f.id)) } else { Cell::Code(&f.id) },
        ]
    });
    Block::Table(Table {
        caption: caption.into(),
        columns: vec![
            ("Severity", false),
            ("Finding", false),
            ("Detector", false),
            ("Why", false),
            ("Id", false),
        ],
        rows: rows.collect(),
        total: findings.len(),
        all_in: "findings.jsonl",
    })
}

fn card<'a>(case: &'a Case, f: &'a Finding) -> Card<'a> {
    Card {
        finding: f,
        measures: measures(f),
        scope: case.finding_scopes.get(&f.id),
        days: plotted(case, f),
        trace: None,
        drawn_with: None,
    }
}

/// Measure, seen, expected.
pub(crate) fn measures(f: &Finding) -> Vec<(String, String, String)> {
    let names: std::collections::BTreeSet<_> = f.measures.keys().chain(f.baseline.keys()).collect();
    let value = |of: &std::collections::BTreeMap<String, f64>, name: &String| match of.get(name) {
        Some(x) => words::number(*x),
        None => "not stated".into(),
    };
    names.iter().map(|n| (words::label(n), value(&f.measures, n), value(&f.baseline, n))).collect()
}

fn plotted<'a>(case: &'a Case, f: &'a Finding) -> Option<(Figure<'a>, days::Bars)> {
    // Of a few days each is one block, which tells nothing; the records of the finding stand by hour in the picture of all.
    let series =
        days::of(&case.series, f).into_iter().next().filter(|_| Step::of(case.period) == Step::Day)?;
    let usual = days::usual(series, f, case.period);
    let figure = Figure {
        kind: FigureKind::Days(f),
        caption: "What its entities did, day by day".into(),
        alt: days::alt(series, f, usual.as_ref()),
    };
    Some((figure, days::bars(series, f, case.period, COLUMNS_MAX)))
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
