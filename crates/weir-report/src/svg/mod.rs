//! Pictures as hand-written SVG: no script, no fetch, colours from the page's custom properties.
//!
//! Decisive choice: every difference that a colour makes, a shape, a dash or a word makes too, so the pictures read in black and
//! white. Sizes are chosen for text that the page enlarges on narrow screens ([`crate::html`]'s style sheet), so labels keep clear of
//! each other at both sizes. Refuses to draw what it cannot label: longer lists are cut and say so.

mod axis;
mod columns;
mod coverage;
mod days;
mod flow;
pub(crate) mod lanes;
pub(crate) mod map;
pub(crate) mod peers;
mod reach;
mod trace;

use crate::doc::{Figure, FigureKind};
use maud::Markup;
use weir_model::{
    Language,
    case::{Case, Series},
};

/// A picture and what must stand beside it; each format sets the legend in its own language.
pub(crate) struct Picture {
    /// The `svg` element.
    pub svg: Markup,
    /// Width and height in the picture's own units.
    pub size: (f64, f64),
    /// What its marks mean.
    pub legend: Vec<Key>,
    /// Sentences under it.
    pub notes: Vec<String>,
}

/// A line of a legend.
#[derive(Default)]
pub(crate) struct Key {
    /// Which mark: a class of the style sheets.
    pub class: String,
    /// The letter that stands in it.
    pub letter: Option<char>,
    /// Words; the middle ones stand out.
    pub words: [String; 3],
}

impl Key {
    /// A mark and its meaning.
    fn new(class: &str, words: impl Into<String>) -> Self {
        Self { class: class.to_owned(), letter: None, words: [words.into(), String::new(), String::new()] }
    }

    /// A mark with the letter of the nth finding.
    fn lettered(class: impl Into<String>, n: usize, words: String) -> Self {
        Self { class: class.into(), letter: Some(letter(n)), words: [words, String::new(), String::new()] }
    }

    /// Words that stand out, and what follows them.
    fn then(mut self, strong: String, after: String) -> Self {
        let [_, middle, last] = &mut self.words;
        (*middle, *last) = (strong, after);
        self
    }
}

/// What the words beside a picture leave out, as their last sentence: they name as many findings as it draws, lest they be cut in a number.
pub(crate) fn more(told: usize, all: usize) -> String {
    let note = crate::words::cut_note(told, all, "case.json");
    note.map_or_else(String::new, |note| format!(" {}.", crate::words::label_first(&note)))
}

/// Findings drawn as rows or curves in one picture.
pub(crate) const FINDINGS_MAX: usize = 6;

/// Draws a figure of the document; `None` when there is nothing to draw.
pub(crate) fn draw(case: &Case, figure: &Figure<'_>, language: Language) -> Option<Picture> {
    match figure.kind {
        FigureKind::Flow => flow::flow(case, &figure.alt, language),
        FigureKind::Reach => reach::reach(case, &figure.alt, language),
        FigureKind::Lanes => lanes::draw(case, &figure.alt, language),
        FigureKind::Map => map::map(case, &figure.alt, language),
        FigureKind::Coverage => coverage::coverage(case, &figure.alt, language),
        FigureKind::Trace(t) => {
            let id = case.traces.values().position(|x| std::ptr::eq(x, t)).unwrap_or(0);
            trace::trace(t, figure, id, language)
        }
        FigureKind::Days(finding) => days::days(case, finding, &figure.alt, language),
    }
}

/// The letter that stands for the nth finding in a picture.
pub(crate) fn letter(n: usize) -> char {
    char::from_u32('A' as u32 + (n % 26) as u32).unwrap_or('?')
}

/// The title of the finding a series belongs to, else the series' own name.
pub(crate) fn title_of(case: &Case, series: &Series) -> String {
    let finding = case.findings.iter().find(|f| Some(&f.id) == series.finding.as_ref());
    finding.map_or_else(|| series.name.clone(), |f| f.title.clone())
}

/// The title of the first finding that series belong to which are the same, and how many others they are of.
pub(crate) fn titles_of(case: &Case, same: &[&Series]) -> (String, String) {
    let title = same.first().map_or_else(String::new, |first| title_of(case, first));
    let more = match same.len() {
        0 | 1 => String::new(),
        n => {
            let more = crate::words::quantity(n as u64 - 1, "more finding", "more findings");
            format!(", and {more} with the same records")
        }
    };
    (title, more)
}

/// Series with the same points as one: several findings of one hand have its records, and pictures of them would not differ.
pub(crate) fn alike(all: Vec<&Series>) -> Vec<Vec<&Series>> {
    let mut groups: Vec<Vec<&Series>> = Vec::new();
    for series in all {
        match groups.iter_mut().find(|group| group.first().is_some_and(|first| first.points == series.points))
        {
            Some(group) => group.push(series),
            None => groups.push(vec![series]),
        }
    }
    groups
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

#[cfg(test)]
mod tests {
    use super::*;
    use weir_model::Micros;

    #[test]
    fn findings_of_the_same_records_are_one_row() {
        let of = |finding: &str, n: f64| Series {
            name: "flagged".into(),
            finding: Some(finding.into()),
            unit: "records".into(),
            points: vec![(Micros(0), n)],
        };
        let mut case = crate::diff::tests::case();
        case.series = vec![of("a", 2_576.0), of("b", 1.0), of("c", 2_576.0)];
        let rows = alike(series(&case, "flagged"));
        let told: Vec<String> = rows.iter().map(|same| titles_of(&case, same).1).collect();
        assert_eq!(told, [", and 1 more finding with the same records", ""]);
        let picture = draw(
            &case,
            &Figure { kind: FigureKind::Flow, caption: String::new(), alt: String::new() },
            Language::English,
        );
        assert_eq!(picture.unwrap().legend.len(), 1 + 2, "all records, and a row for each that differs");
    }
}
