//! The trace of a finding: entities in layers from left to right, like neighbours folded (`+212 more`), curves for steps.
//!
//! Decisive choice: the words of a step stand in the box it leads to, not on the curve, so no two labels can meet however many
//! steps there are. Folding and order depend on the graph alone.

mod layout;

use super::axis::n;
use super::{
    Key, Picture,
    columns::{columns, cut, squeezed},
};
use crate::{doc::Figure, escape, language::say, words};
use layout::{Placed, place};
use maud::{Markup, html};
use weir_model::{Language, case::Trace};

const BOX_WIDTH: f64 = 190.0;
const BOX_HEIGHT: f64 = 50.0;
const COLUMN: f64 = 236.0;
const ROW: f64 = 61.0;
/// Columns of a value in a box.
const VALUE_COLUMNS: usize = 19;
/// Columns of the line under it.
const NOTE_COLUMNS: usize = 26;

/// The picture; `None` when there is nothing to draw. `id` keeps its anchors apart from those of other traces.
pub(crate) fn trace(trace: &Trace, figure: &Figure<'_>, id: usize, language: Language) -> Option<Picture> {
    let graph = place(trace);
    let columns = graph.boxes.iter().map(|b| b.layer + 1).max()?;
    let rows = graph.boxes.iter().map(|b| b.row).fold(0.0, f64::max) + 1.0;
    let layer = |i: &usize| graph.boxes.get(*i).map(|b| b.layer);
    let bows = graph.curves.iter().any(|(a, b)| layer(b) <= layer(a));
    let width = COLUMN * (columns - 1) as f64 + BOX_WIDTH + if bows { 42.0 } else { 8.0 };
    let height = ROW * rows + 4.0;
    let svg = html! {
        svg.trace viewBox={ "0 0 " (n(width)) " " (n(height)) } role="img" xmlns="http://www.w3.org/2000/svg"
            style={ "--w:" (n(width)) "px" } {
            title { (escape::html(&say(language, &figure.caption))) }
            desc { (escape::sentence(&say(language, &figure.alt))) }
            defs {
                marker id={ "arrow-" (id) } viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto" {
                    path.arrow d="M0 0L8 4L0 8Z" {}
                }
            }
            @for (from, to) in &graph.curves {
                @if let (Some(a), Some(b)) = (graph.boxes.get(*from), graph.boxes.get(*to)) {
                    path class=(if b.layer > a.layer { "step" } else { "step back" }) d=(curve(a, b)) marker-end={ "url(#arrow-" (id) ")" } {}
                }
            }
            @for b in &graph.boxes { (entity(b, language)) }
        }
    };
    let mut legend = vec![
        Key::new("seed", "where the finding began"),
        Key::new("same", "the same hand"),
        Key::new("touched", "touched"),
    ];
    if graph.boxes.iter().any(|b| b.folded > 0) {
        legend.push(Key::new("folded", "several, folded"));
    }
    Some(Picture { svg, size: (width, height), legend, notes: Vec::new() })
}

fn left(b: &Placed) -> f64 {
    4.0 + COLUMN * b.layer as f64
}

fn middle(b: &Placed) -> f64 {
    4.0 + ROW * b.row + BOX_HEIGHT / 2.0
}

/// From the right edge of one box to the left edge of another; a step back or within a layer bows out on the right.
fn curve(a: &Placed, b: &Placed) -> String {
    let (x1, y1, y2) = (left(a) + BOX_WIDTH, middle(a), middle(b));
    if b.layer > a.layer {
        let x2 = left(b) - 1.0;
        let bend = (x2 - x1) / 2.0;
        return format!(
            "M{} {}C{} {} {} {} {} {}",
            n(x1),
            n(y1),
            n(x1 + bend),
            n(y1),
            n(x2 - bend),
            n(y2),
            n(x2),
            n(y2)
        );
    }
    let x2 = left(b) + BOX_WIDTH;
    let out = x1.max(x2) + 40.0;
    format!("M{} {}C{} {} {} {} {} {}", n(x1), n(y1), n(out), n(y1), n(out), n(y2), n(x2 + 1.0), n(y2))
}

fn entity(b: &Placed, language: Language) -> Markup {
    let (x, y) = (left(b), middle(b) - BOX_HEIGHT / 2.0);
    let (class, label, title) = match b.folded {
        0 => (b.role, b.label.as_str().into(), b.title.as_str().into()),
        _ => ("folded", say(language, &b.label), say(language, &b.title)),
    };
    html! {
        g class={ "entity " (class) } {
            title { (escape::html(&title)) }
            rect x=(n(x)) y=(n(y)) width=(n(BOX_WIDTH)) height=(n(BOX_HEIGHT)) rx="5" {}
            text.value x=(n(x + 10.0)) y=(n(y + 20.0)) { (squeezed(&label, VALUE_COLUMNS)) }
            text.what x=(n(x + 10.0)) y=(n(y + 39.0)) { (note(b, language)) }
        }
    }
}

/// What it is, how it was come to, and records; the kind gives way where all three do not fit, the number never.
fn note(b: &Placed, language: Language) -> String {
    let records = format!(" · {}", words::count(b.records));
    let left = NOTE_COLUMNS.saturating_sub(columns(&records));
    let how =
        b.how.iter().map(|h| say(language, &h.replace('_', " ")).into_owned()).collect::<Vec<_>>().join(", ");
    let kind = say(language, b.kind);
    let long = if how.is_empty() { kind.into_owned() } else { format!("{kind}: {how}") };
    let text = if columns(&long) > left && !how.is_empty() { how } else { long };
    format!("{}{records}", cut(&text, left))
}
