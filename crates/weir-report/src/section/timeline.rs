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

/// The phases people ask for: title, the tactics that tell of it, the nearest first, and what would be needed to know it.
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
    let mut blocks = vec![Block::Labelled(phases(case))];
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

/// The first event of each phase that did not fail, or else the first, under the name that it has in the table and in the table's order; then those that no
/// event tells of. How they got in came before whatever else they did: a sign-in after that is none.
fn phases(case: &Case) -> Vec<(String, Said<'_>)> {
    let of = |(title, tactics, needed): &(&str, &[&str], &str)| {
        let first = |tactic: &&str| {
            let mut of = case.timeline.iter().enumerate().filter(|(_, e)| e.phase == *tactic);
            let done = of.clone().find(|(_, e)| !e.failed);
            let first = done.or_else(|| of.next());
            first.filter(|(_, e)| {
                e.phase != "initial_access" || case.timeline.iter().all(|other| other.time >= e.time)
            })
        };
        match tactics.iter().find_map(first) {
            Some((at, e)) => {
                let said = Said::Cited(format!("{}: {}", when(e), e.what), &e.evidence);
                (at, (words::label(&e.phase), said))
            }
            None => (usize::MAX, ((*title).to_owned(), Said::needs(needed))),
        }
    };
    let mut told: Vec<_> = PHASES.iter().map(of).collect();
    told.sort_by_key(|(at, _)| *at);
    told.into_iter().map(|(_, phase)| phase).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::tests::case;
    use weir_model::{Citation, Evidence, Micros};

    fn event(at: i64, phase: &str) -> TimelineEvent {
        let cited = Citation { path: "log".into(), line: at, offset: 0, file: 1 };
        TimelineEvent {
            time: Micros(at),
            until: None,
            what: format!("{phase} at {at}"),
            phase: phase.into(),
            entities: Vec::new(),
            attack: Vec::new(),
            findings: Vec::new(),
            failed: false,
            evidence: Evidence::new(vec![cited], 1, "").unwrap(),
        }
    }

    #[test]
    fn phases_stand_in_the_order_and_under_the_names_of_the_table() {
        let mut case = case();
        case.timeline = ["privilege_escalation", "collection", "exfiltration", "initial_access"]
            .iter()
            .zip(1..)
            .map(|(phase, at)| event(at, phase))
            .collect();
        let told = phases(&case);
        let titles: Vec<&str> = told.iter().map(|(title, _)| title.as_str()).collect();
        assert_eq!(
            titles,
            ["Privilege escalation", "Exfiltration", "Initial access", "Detection and response"]
        );
        assert!(matches!(&told[2].1, Said::Unknown(_)), "a sign-in after all of that is not how they got in");
        assert!(matches!(&told[1].1, Said::Cited(words, _) if words.ends_with("exfiltration at 3")));
        case.timeline[0].failed = true;
        case.timeline.insert(1, event(2, "privilege_escalation"));
        let done =
            |said: &Said<'_>| matches!(said, Said::Cited(words, _) if words.ends_with("escalation at 2"));
        assert!(done(&phases(&case)[0].1), "what failed is told where nothing else was done");
    }
}
