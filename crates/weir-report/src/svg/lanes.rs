//! Who did what, when: a lane for each who and phase, a bar for each run of like events. Order is that of first deeds.
//!
//! Decisive choice: time runs over the events alone and not over the logs, since what takes a month and what takes an hour are both to be seen.

use super::axis::{RIGHT, WIDTH, n};
use super::columns::squeezed;
use super::{Key, Picture};
use crate::{escape, language::say, words};
use maud::{Markup, html};
use std::collections::BTreeMap;
use weir_model::{
    Entity, EntityKind, Language, Micros,
    case::{Case, TimelineEvent},
    entity::name_of,
};

/// Lanes drawn.
const LANES_MAX: usize = 14;
const ROW_HEIGHT: f64 = 56.0;
const STRIP_TOP: f64 = 28.0;
const STRIP_HEIGHT: f64 = 18.0;
const MARGIN: f64 = 2.0;
/// Columns of whoever did it.
const WHO_COLUMNS: usize = 22;
/// Narrowest bar that is seen.
const BAR_MIN: f64 = 3.0;
/// Up to so long, ends of the axis are times of a day.
const CLOCK_MAX_US: i64 = 2 * weir_model::time::DAY_US;

/// What one did in one phase.
pub(crate) struct Lane<'a> {
    /// Who, or whose data where the events say no more.
    pub who: &'a str,
    /// The tactic, in snake case.
    pub phase: &'a str,
    /// Its events, in order.
    pub events: Vec<&'a TimelineEvent>,
}

/// Every lane of a case, in order of its first event; whoever did first stands first with all that they did.
pub(crate) fn lanes(case: &Case) -> Vec<Lane<'_>> {
    let mut order: BTreeMap<&str, usize> = BTreeMap::new();
    let mut all: BTreeMap<(&str, &str), Lane<'_>> = BTreeMap::new();
    for (at, event) in case.timeline.iter().enumerate() {
        let Some(who) = doer(&event.entities) else { continue };
        order.entry(who).or_insert(at);
        let phase = event.phase.as_str();
        let lane = all.entry((who, phase)).or_insert_with(|| Lane { who, phase, events: Vec::new() });
        lane.events.push(event);
    }
    let mut all: Vec<Lane<'_>> = all.into_values().collect();
    all.sort_by_key(|lane| (order.get(lane.who).copied(), lane.events.first().map(|e| e.time)));
    all
}

/// Who an event is told of: whoever acted before where from, before what was touched.
fn doer(entities: &[Entity]) -> Option<&str> {
    let of = |kind: EntityKind| entities.iter().find(|e| e.kind == kind);
    let first = [EntityKind::Actor, EntityKind::Credential, EntityKind::Key, EntityKind::Origin];
    let found = first.into_iter().find_map(of).or(entities.first());
    found.map(|e| e.value.as_str())
}

/// The picture; `None` when there is nothing to draw.
pub(crate) fn draw(case: &Case, alt: &str, language: Language) -> Option<Picture> {
    let all = lanes(case);
    let shown = all.len().min(LANES_MAX);
    let events = || all.iter().take(LANES_MAX).flat_map(|lane| &lane.events);
    let first = events().map(|e| e.time).min()?;
    let last = events().map(|e| e.until.unwrap_or(e.time)).max()?;
    let right = WIDTH - RIGHT;
    let long = (last.0.saturating_sub(first.0)).max(1) as f64;
    let x = |at: Micros| MARGIN + (at.0.saturating_sub(first.0)) as f64 / long * (right - MARGIN);
    let end = ROW_HEIGHT * shown as f64;
    let svg = html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (n(end + 32.0)) } role="img" xmlns="http://www.w3.org/2000/svg" {
            title { (say(language, "Who did what, when")) }
            desc { (escape::html(&say(language, alt))) }
            @for (i, lane) in all.iter().take(LANES_MAX).enumerate() {
                (row(lane, &x, right, ROW_HEIGHT * i as f64, language))
            }
            line.axis x1=(n(MARGIN)) x2=(n(right)) y1=(n(end)) y2=(n(end)) {}
            text.tick x=(n(MARGIN)) y=(n(end + 24.0)) text-anchor="start" { (edge(first, first, last, language)) }
            text.tick x=(n(right)) y=(n(end + 24.0)) text-anchor="end" { (edge(last, first, last, language)) }
        }
    };
    let notes = words::cut_note(shown, all.len(), "timeline.csv").into_iter().collect();
    let legend = vec![Key::new("flagged", "events of one kind, from the first to the last")];
    Some(Picture { svg, size: (WIDTH, end + 32.0), legend, notes })
}

/// An end of the axis: a time of day where hours matter.
fn edge(at: Micros, first: Micros, last: Micros, language: Language) -> String {
    let text = match last.0.saturating_sub(first.0) > CLOCK_MAX_US {
        true => words::day(at),
        false => words::instant(at),
    };
    say(language, &text).into_owned()
}

fn row(lane: &Lane<'_>, x: &dyn Fn(Micros) -> f64, right: f64, top: f64, language: Language) -> Markup {
    let y = top + STRIP_TOP;
    let phase = words::label(lane.phase);
    let told = format!("{}: {}", squeezed(name_of(lane.who), WHO_COLUMNS), say(language, &phase));
    let count = words::quantity(lane.events.len() as u64, "event", "events");
    let mut path = String::new();
    for event in &lane.events {
        let from = x(event.time).min(right - BAR_MIN);
        let to = event.until.map_or(from, x).max(from + BAR_MIN);
        path.push_str(&format!("M{} {}H{}v{}H{}Z", n(from), n(y), n(to), n(STRIP_HEIGHT), n(from)));
    }
    html! {
        text.row-label x=(n(MARGIN)) y=(n(top + 20.0)) { (told) }
        text.row-note x=(n(right)) y=(n(top + 20.0)) text-anchor="end" { (say(language, &count)) }
        rect.strip x=(n(MARGIN)) y=(n(y)) width=(n(right - MARGIN)) height=(n(STRIP_HEIGHT)) {}
        path.flagged d=(path) {}
    }
}
