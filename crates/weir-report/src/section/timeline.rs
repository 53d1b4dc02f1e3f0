//! What happened, in order: first the four phases people ask for, each cited or `Unknown`, then every event.

use super::TIMELINE_MAX;
use crate::{
    doc::{Block, Cell, Figure, FigureKind, Said, Table},
    escape, svg, words,
};
use weir_model::case::{Case, Period, TimelineEvent};
use weir_model::entity::name_of;

/// Lanes of the picture told in words.
const LANES_TOLD: usize = 14;

/// The phases people ask for: title, the tactics that belong to it, and what would be needed to know it.
const PHASES: [(&str, &[&str], &str); 4] = [
    (
        "Initial access",
        &["initial_access"],
        "sign-in, token-issuance and edge logs from before the first finding.",
    ),
    (
        "Lateral movement",
        &["lateral_movement", "privilege_escalation"],
        "logs of role changes and of sign-ins between machines.",
    ),
    (
        "Exfiltration",
        &["exfiltration", "collection"],
        "access logs with sizes, storage data events, or flow records.",
    ),
    (
        "Detection and response",
        &["detection", "response"],
        "the responders' own notes; access logs do not hold them.",
    ),
];

pub(super) fn timeline(case: &Case) -> Vec<Block<'_>> {
    let phases = PHASES.iter().map(|(title, tactics, needed)| {
        let first = case.timeline.iter().find(|e| tactics.contains(&e.phase.as_str()));
        let said = match first {
            Some(e) => Said::Cited(format!("{}: {}", when(e), e.what), &e.evidence),
            None => Said::needs(needed),
        };
        ((*title).to_owned(), said)
    });
    let mut blocks = vec![Block::Labelled(phases.collect())];
    blocks.extend(lanes(case).map(Block::Figure));
    if !case.timeline.is_empty() {
        blocks.push(Block::Heading("Every event, in order".into()));
        blocks.push(Block::Table(Table {
            caption: "Every event, in order (UTC)".into(),
            columns: vec![
                ("When", false),
                ("What", false),
                ("Phase", false),
                ("ATT&CK", false),
                ("Evidence", false),
            ],
            rows: case.timeline.iter().take(TIMELINE_MAX).map(row).collect(),
            total: case.timeline.len(),
            all_in: "timeline.csv",
        }));
    }
    blocks
}

/// Who did what, as a picture; none where nobody did anything.
fn lanes(case: &Case) -> Option<Figure<'_>> {
    let all = svg::lanes::lanes(case);
    let told = |lane: &svg::lanes::Lane<'_>| {
        let events = words::quantity(lane.events.len() as u64, "event", "events");
        let who = escape::shown(name_of(lane.who)).replace('`', "'");
        format!(" `{who}`: {}: {events}.", words::label(lane.phase))
    };
    let alt: String = all.iter().take(LANES_TOLD).map(told).collect();
    (!all.is_empty()).then(|| Figure {
        kind: FigureKind::Lanes,
        caption: "Who did what, when".into(),
        alt: format!("Each lane is what one did in one phase.{alt}"),
    })
}

fn when(e: &TimelineEvent) -> String {
    match e.until {
        Some(last) => words::period(Period { first: e.time, last }),
        None => words::instant(e.time),
    }
}

fn row(e: &TimelineEvent) -> Vec<Cell<'_>> {
    vec![
        Cell::Text(when(e)),
        Cell::Text(e.what.clone()),
        Cell::Text(words::label(&e.phase)),
        Cell::Attack(&e.attack),
        Cell::Evidence(&e.evidence),
    ]
}
