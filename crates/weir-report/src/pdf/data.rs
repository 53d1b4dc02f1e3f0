//! What a template is given: the document as JSON, in the words every format says.
//!
//! Decisive choice: data only, no layout. A template decides how a table looks and never what stands in it, so `report.pdf` cannot
//! disagree with `report.html`, whoever wrote the template. Strings are made by [`super::text`] and by nothing else.

use super::text::{Run, Words};
use serde::Serialize;
use std::collections::BTreeMap;

/// Raised when a template that read the last version may no longer do.
pub(super) const VERSION: u32 = 1;

/// `report.json` of a template.
#[derive(Serialize)]
pub(super) struct Report {
    /// Of this format.
    pub version: u32,
    /// Its language, as BCP 47 has it.
    pub language: &'static str,
    /// What the template says itself, in that language, by the English words.
    pub labels: BTreeMap<&'static str, String>,
    /// Typst's name of the paper.
    pub paper: &'static str,
    /// Of the document.
    pub title: String,
    /// Of the document: who wrote it.
    pub author: String,
    /// What stands above the verdict.
    pub kicker: Vec<Words>,
    /// The case.
    pub case: Run,
    /// Who wrote it.
    pub program: Run,
    /// Whether a character was written by number because no font has it.
    pub numbered: bool,
    /// The first page.
    pub headline: Headline,
    /// The rest.
    pub sections: Vec<Section>,
}

impl Report {
    /// Leaves the words of each picture in its place.
    pub fn tell_pictures(&mut self) {
        for block in self.sections.iter_mut().flat_map(|section| &mut section.blocks) {
            match block {
                Block::Figure(figure) => figure.svg.clear(),
                Block::Finding(card) => {
                    [&mut card.days, &mut card.trace].into_iter().flatten().for_each(|f| f.svg.clear());
                }
                _ => {}
            }
        }
    }
}

/// The first page.
#[derive(Serialize)]
pub(super) struct Headline {
    /// One sentence.
    pub verdict: Words,
    /// `exposed`, `unknown`, `quiet` or `nothing`.
    pub tone: &'static str,
    /// Findings by severity.
    pub tally: Vec<Words>,
    /// Questions and answers.
    pub answers: Vec<Answer>,
    /// What to do today.
    pub today: Vec<Words>,
}

/// A question of the first page.
#[derive(Serialize)]
pub(super) struct Answer {
    /// The question.
    pub question: String,
    /// What is known.
    pub said: Vec<Said>,
}

/// A statement and what it stands on.
#[derive(Serialize)]
pub(super) struct Said {
    /// The statement.
    pub words: Words,
    /// Its records, or where it is laid out; empty for what is not known.
    pub cites: Words,
}

/// A section.
#[derive(Serialize)]
pub(super) struct Section {
    /// Its label.
    pub anchor: String,
    /// Heading.
    pub title: String,
    /// What stands in it.
    pub blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Block {
    /// A heading inside a section.
    Heading { words: Words },
    /// Words about the report.
    Note { words: Words },
    /// Statements.
    Statements { said: Vec<Said> },
    /// Label and statement.
    Labelled { rows: Vec<(Words, Said)> },
    /// Label and value.
    Facts { rows: Vec<(Words, Words)> },
    /// A list.
    Points { points: Vec<Words> },
    /// Advice, and because of which findings.
    Advice { advice: Vec<Said> },
    /// A table.
    Table(Table),
    /// A picture.
    Figure(Figure),
    /// A finding in full.
    Finding(Box<Card>),
}

/// A table.
#[derive(Serialize)]
pub(super) struct Table {
    /// What it shows; `None` where a heading says so already.
    pub caption: Option<Words>,
    /// Heading, and whether its cells are numbers.
    pub columns: Vec<(String, bool)>,
    /// Cells.
    pub rows: Vec<Vec<Words>>,
    /// What was left out.
    pub note: Option<String>,
}

/// A picture.
#[derive(Serialize)]
pub(super) struct Figure {
    /// Its caption.
    pub caption: Words,
    /// What it shows, in words.
    pub alt: String,
    /// The picture; empty where it cannot be set, and its words are.
    pub svg: String,
    /// Width and height in its own units.
    pub size: (f64, f64),
    /// Which mark means what: its class, its letter, the words.
    pub legend: Vec<(String, Option<char>, Words)>,
    /// Sentences under it.
    pub notes: Vec<Words>,
    /// The steps of a trace, each with its records.
    pub steps: Vec<Said>,
}

/// A finding.
#[derive(Serialize)]
pub(super) struct Card {
    /// Its label; the first finding of an id has it.
    pub anchor: Option<String>,
    /// How much it matters.
    pub severity: &'static str,
    /// Severity, state, detector, time, id.
    pub meta: Vec<Words>,
    /// Its title.
    pub title: Words,
    /// What it means.
    pub explanation: Words,
    /// Measure, seen, expected.
    pub measures: Vec<[Words; 3]>,
    /// Its days.
    pub days: Option<Figure>,
    /// Label and lines.
    pub rows: Vec<(String, Vec<Words>)>,
    /// The query that gives all its records.
    pub query: Vec<Run>,
    /// What the same hand touched.
    pub trace: Option<Figure>,
}
