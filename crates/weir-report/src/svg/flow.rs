//! Records by day, or finer, and under it, each on its own scale, those of the hand of each finding: a leak that is invisible as volume stands out below.

use super::axis::{LEFT, RIGHT, Time, Value, WIDTH, n};
use super::{FINDINGS_MAX, Key, Picture, alike, letter, series};
use crate::{escape, language::say, words};
use maud::{Markup, html};
use weir_model::{
    Language, Micros,
    case::{Case, Series, Step},
};

const FLOW_HEIGHT: f64 = 150.0;
const ROW_HEIGHT: f64 = 62.0;
const TOP: f64 = 16.0;

/// The picture; `None` when there is nothing to draw.
pub(crate) fn flow(case: &Case, alt: &str, language: Language) -> Option<Picture> {
    let flow = series(case, "flow").into_iter().next();
    let flagged = alike(series(case, "flagged"));
    let all = flow.iter().chain(flagged.iter().flatten()).flat_map(|s| s.points.iter().map(|p| p.0));
    let right = WIDTH - RIGHT;
    let time = Time::of(case, all, right)?;
    let shown = flagged.len().min(FINDINGS_MAX);
    let bottom = TOP + FLOW_HEIGHT;
    let end = bottom + ROW_HEIGHT * shown as f64;
    let size = (WIDTH, end + 34.0);
    let svg = html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (n(size.1)) } role="img" xmlns="http://www.w3.org/2000/svg" {
            title { (say(language, &words::flow(case))) }
            desc { (escape::sentence(&say(language, alt))) }
            @if let Some(flow) = flow { (area(flow, &time, right, bottom)) }
            @for (i, s) in flagged.iter().filter_map(|same| same.first()).take(FINDINGS_MAX).enumerate() {
                (row(i, s, &time, right, bottom + ROW_HEIGHT * i as f64))
            }
            (time.axis(end, language))
        }
    };
    let (legend, notes) = if flagged.is_empty() { Default::default() } else { legend(case, &flagged) };
    Some(Picture { svg, size, legend, notes })
}

fn highest(s: &Series) -> f64 {
    s.points.iter().map(|p| p.1).filter(|v| v.is_finite()).fold(0.0, f64::max)
}

/// The flow as bars without gaps between: days without records stay empty.
fn area(s: &Series, time: &Time, right: f64, bottom: f64) -> Markup {
    let value = Value::new(highest(s), TOP, bottom);
    html! {
        (value.grid(right))
        path.flow d=(bars(&s.points, time, &value, bottom, 0.0)) {}
        line.axis x1=(n(LEFT)) x2=(n(right)) y1=(n(bottom)) y2=(n(bottom)) {}
    }
}

fn row(i: usize, s: &Series, time: &Time, right: f64, top: f64) -> Markup {
    let bottom = top + ROW_HEIGHT;
    let value = Value::new(highest(s), top + 12.0, bottom);
    html! {
        line.axis x1=(n(LEFT)) x2=(n(right)) y1=(n(bottom)) y2=(n(bottom)) {}
        text.letter x=(n(LEFT - 48.0)) y=(n(bottom - 6.0)) text-anchor="middle" { (letter(i)) }
        text.tick x=(n(LEFT - 8.0)) y=(n(top + 30.0)) text-anchor="end" { (words::short(highest(s))) }
        path.flagged d=(bars(&s.points, time, &value, bottom, 0.2)) {}
    }
}

/// One path of bars, a step wide each, thinner by a share.
pub(super) fn bars(points: &[(Micros, f64)], time: &Time, value: &Value, bottom: f64, gap: f64) -> String {
    let width = (time.bar_width() * (1.0 - gap)).max(1.2);
    let mut path = String::new();
    for (at, v) in points.iter().filter(|p| p.1 > 0.0) {
        let x = time.bar(*at);
        let y = value.y(*v).min(bottom - 1.0);
        path.push_str(&format!("M{} {}H{}V{}H{}Z", n(x), n(y), n(x + width), n(bottom), n(x)));
    }
    path
}

fn legend(case: &Case, flagged: &[Vec<&Series>]) -> (Vec<Key>, Vec<String>) {
    let rows = flagged.iter().take(FINDINGS_MAX).enumerate();
    let rows = rows.map(|(i, same)| {
        let (title, more) = super::titles_of(case, same);
        Key::lettered("flagged", i, title).then(String::new(), more)
    });
    let highest = match Step::of(case.period) {
        Step::Day => "day",
        Step::Hour => "hour",
        Step::TenMinutes => "ten minutes",
    };
    let scale = format!(
        "Each row has its own scale; the number beside it is its highest {highest}. A row counts all records of the hand, which may be more than those that \
         its finding cites."
    );
    let cut = words::cut_note(FINDINGS_MAX, flagged.len(), "case.json");
    (
        [Key::new("flow", "All records")].into_iter().chain(rows).collect(),
        cut.into_iter().chain([scale]).collect(),
    )
}
