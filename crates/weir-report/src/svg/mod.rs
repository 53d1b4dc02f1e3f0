//! Pictures as hand-written SVG: no script, no fetch, colours from the page's custom properties.
//!
//! Decisive choice: every difference that a colour makes, a shape, a dash or a word makes too, so the pictures read in black and
//! white. Sizes are chosen for text that the page enlarges on narrow screens ([`crate::html`]'s style sheet), so labels keep clear of
//! each other at both sizes. Refuses to draw what it cannot label: longer lists are cut and say so.

pub(crate) mod coverage;
pub(crate) mod days;
pub(crate) mod flow;
pub(crate) mod reach;
pub(crate) mod trace;

mod axis;

use weir_model::case::{Case, Series};

/// Findings drawn as rows or curves in one picture.
pub(crate) const FINDINGS_MAX: usize = 6;

/// The letter that stands for the nth finding in a picture.
pub(crate) fn letter(n: usize) -> char {
    char::from_u32('A' as u32 + (n % 26) as u32).unwrap_or('?')
}

/// The title of the finding a series belongs to, else the series' own name.
pub(crate) fn title_of(case: &Case, series: &Series) -> String {
    let finding = case.findings.iter().find(|f| Some(&f.id) == series.finding.as_ref());
    finding.map_or_else(|| series.name.clone(), |f| f.title.clone())
}

/// The series of a name, in the order of the findings.
pub(crate) fn series<'a>(case: &'a Case, name: &str) -> Vec<&'a Series> {
    let rank = |s: &Series| {
        case.findings.iter().position(|f| Some(&f.id) == s.finding.as_ref()).unwrap_or(usize::MAX)
    };
    let mut all: Vec<_> = case.series.iter().filter(|s| s.name == name && !s.points.is_empty()).collect();
    all.sort_by_key(|s| rank(s));
    all
}
