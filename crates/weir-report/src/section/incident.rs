//! The sections that come from [`weir_model::case::Incident`]: summary, details, methodology, impact, response,
//! lessons, recommendations. An empty section says `Unknown` and what would fill it; it is never left out.

use crate::doc::{Block, Figure, FigureKind, Said};
use crate::svg::{self, map};
use crate::words;
use weir_model::{
    attack,
    case::{Case, Labelled, Statement, Step},
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
        alt.push_str(&format!(" {title}{more}: {} of its hand.", words::measured(sum, "record", "records")));
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
