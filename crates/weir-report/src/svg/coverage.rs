//! A strip per sensor: how much each day brought, and the gaps hatched. Darker is more; white is nothing; hatched is a gap.

use super::axis::{RIGHT, Time, WIDTH, n};
use super::{Key, Picture, columns::cut};
use crate::{escape, language::say, words};
use maud::{Markup, html};
use weir_model::{
    Language, Micros,
    case::{Case, Coverage, Gap, Period},
    time::DAY_US,
};

/// Sensors drawn.
const SENSORS_MAX: usize = 40;
const ROW_HEIGHT: f64 = 60.0;
const STRIP_TOP: f64 = 28.0;
const STRIP_HEIGHT: f64 = 22.0;
const MARGIN: f64 = 2.0;

/// The picture; `None` when there is nothing to draw.
pub(crate) fn coverage(case: &Case, alt: &str, language: Language) -> Option<Picture> {
    let first = case.coverage.iter().map(|c| c.period.first).min()?;
    let last = case.coverage.iter().map(|c| c.period.last).max()?;
    let period = case.period.unwrap_or(Period { first, last });
    let right = WIDTH - RIGHT;
    let time = Time::new(period.first.min(first), period.last.max(last), MARGIN, right);
    let shown = case.coverage.len().min(SENSORS_MAX);
    let end = ROW_HEIGHT * shown as f64;
    let svg = html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (n(end + 32.0)) } role="img" xmlns="http://www.w3.org/2000/svg" {
            title { (say(language, "What each sensor delivered, day by day")) }
            desc { (escape::sentence(&say(language, alt))) }
            defs {
                pattern #hatch width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect.hatch-ground width="7" height="7" {}
                    line.hatch-line x1="0" y1="0" x2="0" y2="7" {}
                }
            }
            @for (i, c) in case.coverage.iter().take(SENSORS_MAX).enumerate() {
                (strip(c, &time, (right, ROW_HEIGHT * i as f64), language))
            }
            (time.axis(end, language))
        }
    };
    let legend = vec![
        Key::new("level-4", "many records"),
        Key::new("level-1", "few"),
        Key::new("none", "none"),
        Key::new("gap", "gap: silent for longer than its rhythm explains"),
    ];
    let notes = words::cut_note(shown, case.coverage.len(), "case.json").into_iter().collect();
    Some(Picture { svg, size: (WIDTH, end + 32.0), legend, notes })
}

fn strip(c: &Coverage, time: &Time, (right, top): (f64, f64), language: Language) -> Markup {
    let y = top + STRIP_TOP;
    html! {
        text.row-label x=(n(MARGIN)) y=(n(top + 20.0)) { (cut(&c.sensor, 34)) }
        text.row-note x=(n(right)) y=(n(top + 20.0)) text-anchor="end" { (cut(&c.source, 18)) }
        rect.strip x=(n(MARGIN)) y=(n(y)) width=(n(right - MARGIN)) height=(n(STRIP_HEIGHT)) {}
        @for (level, path) in levels(c, time, y) {
            path class={ "level-" (level) } d=(path) {}
        }
        @for gap in &c.gaps { (hatched(gap, time, (y, right), language)) }
    }
}

/// A path per level of density, 1 to 4: quarters of the square root of the busiest day, so that one busy day hides no lull.
fn levels(c: &Coverage, time: &Time, y: f64) -> Vec<(usize, String)> {
    let most = c.days.values().copied().max().unwrap_or(0).max(1) as f64;
    let mut paths = vec![String::new(); 4];
    for (day, records) in c.days.iter().filter(|(_, n)| **n > 0) {
        let Ok(at) = Micros::parse(day) else { continue };
        let share = (*records as f64 / most).sqrt();
        let level = ((share * 4.0).ceil() as usize).clamp(1, 4);
        let width = time.x(Micros(at.0.saturating_add(DAY_US))) - time.x(at);
        if let Some(path) = paths.get_mut(level - 1) {
            let (x, h) = (n(time.x(at)), n(STRIP_HEIGHT));
            path.push_str(&format!("M{x} {}h{}v{h}H{x}Z", n(y), n(width.max(1.0) + 0.3)));
        }
    }
    paths.into_iter().enumerate().map(|(i, p)| (i + 1, p)).filter(|(_, p)| !p.is_empty()).collect()
}

fn hatched(gap: &Gap, time: &Time, (y, right): (f64, f64), language: Language) -> Markup {
    let from = gap.from.map_or(MARGIN, |at| time.x(at));
    let to = gap.to.map_or(right, |at| time.x(at)).max(from + 3.0);
    html! {
        rect.gap x=(n(from)) y=(n(y)) width=(n(to - from)) height=(n(STRIP_HEIGHT)) fill="url(#hatch)" {
            title { (escape::html(&say(language, &format!("Gap: {}. {}", words::gap_span(gap), gap.reason)))) }
        }
    }
}
