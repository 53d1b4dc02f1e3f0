//! The report's pictures for paper: the same SVG, with a style sheet of its own inside.
//!
//! Decisive choice: the shapes are those of the page, and only colours and fonts are given anew, since what draws them here knows no
//! custom properties. Every label is written in glyphs that the fonts have.

use super::text;
use maud::Markup;

const STYLE: &str = include_str!("picture.css");

/// An `svg` element that needs nothing around it.
pub(super) fn standalone(svg: &Markup) -> String {
    let drawn = text::inert(&svg.0);
    match drawn.split_once('>') {
        Some((head, rest)) => format!("{head}><style>{STYLE}</style>{rest}"),
        None => drawn,
    }
}
