//! The sections that come from [`weir_model::case::Incident`]: summary, details, methodology, impact, indicators, response,
//! lessons, recommendations. An empty section says `Unknown` and what would fill it; it is never left out.

use super::ROWS_MAX;
use crate::doc::{Block, Cell, Figure, FigureKind, Said, Table};
use crate::svg::{self, map};
use crate::words;
use weir_model::{
    EntityKind, attack,
    case::{Case, Indicator, Labelled, Statement, Step},
};

fn unknown<'a>(needed: &str) -> Vec<Block<'a>> {
    vec![Block::Statements(vec![Said::needs(needed)])]
}

pub(super) fn summary(case: &Case) -> Vec<Block<'_>> {
    let mut blocks = match case.incident.summary.as_slice() {
        [] => vec![Block::Statements(super::headline::what_happened(case))],
        all => vec![Block::Statements(all.iter().map(Said::of).collect())],
    };
    if case.series.iter().any(|s| s.name == "flow" && !s.points.is_empty()) {
        blocks.push(Block::Figure(flow(case)));
    }
    blocks
}

fn flow(case: &Case) -> Figure<'_> {
    let flow = case.series.iter().find(|s| s.name == "flow");
    let highest = flow.and_then(|s| s.points.iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))));
    let step = Step::of(case.period);
    let mut alt = format!("{} over the whole period.", words::records_by(step));
    if let Some((at, n)) = highest {
        let n = words::measured(*n, "record", "records");
        alt.push_str(&match step {
            Step::Day => format!(" The highest day is {} with {n}.", words::day(*at)),
            Step::Hour => format!(" The highest hour begins on {} with {n}.", words::instant(*at)),
            Step::TenMinutes => {
                format!(" The highest ten minutes begin on {} with {n}.", words::instant(*at))
            }
        });
    }
    let all = svg::alike(svg::series(case, "flagged"));
    for same in all.iter().take(svg::FINDINGS_MAX) {
        let (title, more) = svg::titles_of(case, same);
        let sum: f64 = same.first().into_iter().flat_map(|s| &s.points).map(|p| p.1).sum();
        alt.push_str(&format!(" Flagged, {title}{more}: {}.", words::measured(sum, "record", "records")));
    }
    alt.push_str(&svg::more(svg::FINDINGS_MAX, all.len()));
    Figure { kind: FigureKind::Flow, caption: words::flow(case), alt }
}

fn reach(case: &Case) -> Figure<'_> {
    let mut alt = String::from("People reached so far, by finding.");
    let all = svg::series(case, "reach");
    for series in all.iter().take(svg::FINDINGS_MAX) {
        if let (Some(first), Some(last)) = (series.points.first(), series.points.last()) {
            let title = svg::title_of(case, series);
            let (from, to) = (words::day(first.0), words::day(last.0));
            alt.push_str(&format!(
                " {title}: {} between {from} and {to}.",
                words::measured(last.1, "person", "people")
            ));
        }
    }
    alt.push_str(&svg::more(svg::FINDINGS_MAX, all.len()));
    Figure { kind: FigureKind::Reach, caption: "People reached so far".into(), alt }
}

fn labelled<'a>(case: &'a Case, lines: &'a [Labelled], needed: &str) -> Vec<Block<'a>> {
    let names = [&case.organisation.name, &case.organisation.sector];
    let said = |of: &'a Statement| match of {
        // What the organisation calls itself is a name, and no record says it.
        Statement::Stated { value, .. } if names.into_iter().flatten().any(|name| name == value) => {
            Said::Named(value)
        }
        _ => Said::of(of),
    };
    match lines {
        [] => unknown(needed),
        lines => {
            vec![Block::Labelled(lines.iter().map(|l| (l.label.clone(), said(&l.statement))).collect())]
        }
    }
}

pub(super) fn details(case: &Case) -> Vec<Block<'_>> {
    let mut blocks = labelled(
        case,
        &case.incident.details,
        "discovery, organisation, sector and geography, from weir.toml and a finding.",
    );
    let origins = map::origins(case);
    if !origins.is_empty() {
        let alt = map::told(case, &origins);
        let caption = "From which countries data was read".into();
        blocks.push(Block::Figure(Figure { kind: FigureKind::Map, caption, alt }));
    }
    blocks
}

pub(super) fn methodology(case: &Case) -> Vec<Block<'_>> {
    let lines = &case.incident.methodology;
    if lines.is_empty() {
        return unknown("a finding that maps to an ATT&CK technique.");
    }
    let line = |l: &'_ weir_model::case::TacticLine| {
        let named = l.techniques.iter().map(|id| match attack::technique(id) {
            // A label is no sentence, and not cut into parts as one.
            Some(t) => format!("{id} {}", t.name.replace(": ", " – ")),
            None => id.clone(),
        });
        let techniques = named.collect::<Vec<_>>().join(", ");
        if techniques.is_empty() { l.tactic.clone() } else { format!("{} ({techniques})", l.tactic) }
    };
    vec![Block::Labelled(lines.iter().map(|l| (line(l), Said::of(&l.statement))).collect())]
}

pub(super) fn impact(case: &Case) -> Vec<Block<'_>> {
    let mut blocks = labelled(
        case,
        &case.incident.impact,
        "records of what was read, and what the organisation alone knows.",
    );
    if case.series.iter().any(|s| s.name == "reach" && !s.points.is_empty()) {
        blocks.push(Block::Figure(reach(case)));
    }
    blocks
}

/// Findings of which the members have a table of their own, and how many of these it shows.
const MANY_MAX: usize = 20;
const ALIKE_MAX: usize = 25;

/// How many members the finding has by which an indicator's like is looked for.
fn members(case: &Case, one: &Indicator) -> usize {
    let of = case.findings.iter().find(|f| f.title == one.why && f.evidence.0 == one.evidence);
    let network = |kind| matches!(kind, EntityKind::Origin | EntityKind::Prefix);
    let behaviour = |kind| {
        matches!(kind, EntityKind::Actor | EntityKind::Credential | EntityKind::Key | EntityKind::Client)
    };
    let alike = |kind| match one.class.as_str() {
        "network" => network(kind),
        "behavioural" => behaviour(kind),
        _ => false,
    };
    of.map_or(0, |finding| finding.entities.iter().filter(|entity| alike(entity.kind)).count())
}

pub(super) fn indicators(case: &Case) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    for (class, needed) in [
        ("network", "addresses or clients tied to a finding."),
        ("file", "host or storage logs that name files and their hashes."),
        ("behavioural", "a finding with a pattern that can be watched for."),
    ] {
        let all: Vec<_> = case.incident.indicators.iter().filter(|i| i.class == class).collect();
        blocks.push(Block::Heading(words::label(class)));
        if all.is_empty() {
            blocks.extend(unknown(needed));
            continue;
        }
        // A finding of many members says once why they are looked for.
        let mut by_why: Vec<Vec<&Indicator>> = Vec::new();
        for one in all {
            let same = |of: &&mut Vec<&Indicator>| {
                of.first().is_some_and(|first| first.why == one.why && first.evidence == one.evidence)
            };
            match by_why.iter_mut().find(same) {
                Some(of) => of.push(one),
                None => by_why.push(vec![one]),
            }
        }
        let (many, alone): (Vec<_>, Vec<_>) = by_why.into_iter().partition(|of| of.len() > 1);
        let caption = format!("{} indicators", words::label(class));
        for of in many.iter().take(MANY_MAX) {
            let why = of.first().map(|one| Said::Cited(format!("{}.", one.why), &one.evidence));
            blocks.push(Block::Statements(why.into_iter().collect()));
            // Of very many members a case lists some; the finding has all.
            let members = of.first().map_or(0, |one| members(case, one));
            let rows = of.iter().take(ALIKE_MAX).map(|one| {
                vec![
                    Cell::Text(words::label(one.entity.kind.as_str())),
                    Cell::Code(&one.entity.value),
                    Cell::Text(words::period(one.period)),
                    Cell::Number(words::count(one.records)),
                ]
            });
            blocks.push(Block::Table(Table {
                caption: caption.clone(),
                columns: vec![("Kind", false), ("Value", false), ("Seen", false), ("Records", true)],
                rows: rows.collect(),
                total: of.len().max(members),
                all_in: if members > of.len() { "findings.jsonl" } else { "case.json" },
            }));
        }
        let rest = many.iter().skip(MANY_MAX).chain(&alone).flatten().copied();
        let rest: Vec<&Indicator> = rest.collect();
        let rows = rest.iter().take(ROWS_MAX).map(|one| {
            vec![
                Cell::Text(words::label(one.entity.kind.as_str())),
                Cell::Code(&one.entity.value),
                Cell::Text(one.why.clone()),
                Cell::Text(words::period(one.period)),
                Cell::Number(words::count(one.records)),
                Cell::Evidence(&one.evidence),
            ]
        });
        let rows: Vec<_> = rows.collect();
        if !rows.is_empty() {
            blocks.push(Block::Table(Table {
                caption,
                columns: vec![
                    ("Kind", false),
                    ("Value", false),
                    ("Why", false),
                    ("Seen", false),
                    ("Records", true),
                    ("Evidence", false),
                ],
                rows,
                total: rest.len(),
                all_in: "case.json",
            }));
        }
    }
    blocks
}

pub(super) fn response(case: &Case) -> Vec<Block<'_>> {
    labelled(
        case,
        &case.incident.response,
        "records of containment, eradication and recovery, or the responders' own notes.",
    )
}

pub(super) fn lessons(case: &Case) -> Vec<Block<'_>> {
    match case.incident.lessons.as_slice() {
        [] => unknown("a finding or a gap to learn from."),
        all => vec![Block::Advice(all)],
    }
}

pub(super) fn recommendations(case: &Case) -> Vec<Block<'_>> {
    match case.incident.recommendations.as_slice() {
        [] => unknown("a finding or a gap that calls for action."),
        all => vec![Block::Advice(all)],
    }
}
