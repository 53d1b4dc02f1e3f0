//! The report as a document: what is said, in what order, before any output language.
//!
//! Decisive choice: sections are built once and every format for people draws the same document, so Markdown and HTML cannot
//! disagree. A statement is a [`Said`]: cited, laid out elsewhere in the report, or `Unknown`; there is no fourth kind. Strings
//! are raw here; each format makes them inert in its own language.

use weir_model::{
    Citation, Evidence, Severity,
    case::{Case, Statement},
};

/// The whole report.
pub(crate) struct Document<'a> {
    /// What is said on the first screen.
    pub headline: Headline<'a>,
    /// The rest.
    pub sections: Vec<Section<'a>>,
}

/// The first screen: what happened, to whom, since when, how sure, what to do today.
pub(crate) struct Headline<'a> {
    /// One sentence.
    pub verdict: String,
    /// How the verdict is set.
    pub tone: Tone,
    /// Question to answers, in order.
    pub answers: Vec<(&'static str, Vec<Said<'a>>)>,
    /// What to do today, most pressing first.
    pub today: Vec<&'a weir_model::case::Recommendation>,
    /// Findings by severity, highest first, zeros left out.
    pub tally: Vec<(Severity, u64)>,
}

/// What kind of verdict it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// People's data was exposed.
    Exposed,
    /// It cannot be known whose.
    CannotBeKnown,
    /// Findings, and nobody's data as far as can be told.
    NoOne,
    /// No findings.
    Quiet,
    /// Nothing could be read.
    Nothing,
}

/// A statement.
pub(crate) enum Said<'a> {
    /// Records say so.
    Cited(String, &'a Evidence),
    /// A name that the configuration gives, which no record says: the same in every language.
    Named(&'a str),
    /// A figure of the case itself; where it is laid out (section id, and the words for it).
    Derived(String, &'static str, &'static str),
    /// Not known; why, or what would be needed.
    Unknown(String),
}

impl<'a> Said<'a> {
    /// Not known, with what would be needed to know it.
    pub fn needs(needed: &str) -> Self {
        let said = needed.trim_start().get(..4).is_some_and(|head| head.eq_ignore_ascii_case("need"));
        Self::Unknown(if said { needed.to_owned() } else { format!("Needed: {needed}") })
    }

    /// A statement of the case.
    pub fn of(statement: &'a Statement) -> Self {
        match statement {
            Statement::Stated { value, evidence } => Self::Cited(value.clone(), evidence),
            Statement::Unknown { needed } => Self::needs(needed),
        }
    }
}

/// A section.
pub(crate) struct Section<'a> {
    /// Anchor.
    pub id: &'static str,
    /// Heading.
    pub title: &'static str,
    /// What stands in it.
    pub blocks: Vec<Block<'a>>,
}

/// A piece of a section.
pub(crate) enum Block<'a> {
    /// A heading inside a section.
    Heading(String),
    /// Words about the report or its method, not about what happened.
    Note(String),
    /// Statements, one after another.
    Statements(Vec<Said<'a>>),
    /// Label and statement.
    Labelled(Vec<(String, Said<'a>)>),
    /// Label and plain value: facts of the account.
    Facts(Vec<(String, Cell<'a>)>),
    /// A list of plain points.
    Points(Vec<String>),
    /// A table.
    Table(Table<'a>),
    /// Advice.
    Advice(&'a [weir_model::case::Recommendation]),
    /// A picture.
    Figure(Figure<'a>),
    /// One finding in full.
    Finding(Box<Card<'a>>),
}

/// A table, possibly cut.
pub(crate) struct Table<'a> {
    /// What it shows.
    pub caption: String,
    /// Column headings; numeric ones are set right.
    pub columns: Vec<(&'static str, bool)>,
    /// Rows shown.
    pub rows: Vec<Vec<Cell<'a>>>,
    /// Rows there are.
    pub total: usize,
    /// The file that holds all.
    pub all_in: &'static str,
}

/// A cell.
pub(crate) enum Cell<'a> {
    /// Words.
    Text(String),
    /// A name as the logs write it.
    Code(&'a str),
    /// Names as the logs write them.
    Codes(Vec<&'a str>),
    /// A number.
    Number(String),
    /// ATT&CK technique ids.
    Attack(&'a [String]),
    /// The records.
    Evidence(&'a Evidence),
    /// How much it matters.
    Severity(Severity),
    /// Ids of findings.
    Findings(&'a [String]),
}

/// A picture and its text alternative.
pub(crate) struct Figure<'a> {
    /// Which.
    pub kind: FigureKind<'a>,
    /// Caption.
    pub caption: String,
    /// What it shows, in words.
    pub alt: String,
}

/// Which picture.
pub(crate) enum FigureKind<'a> {
    /// Records a day, and flagged ones below.
    Flow,
    /// People reached so far.
    Reach,
    /// Who did what, when.
    Lanes,
    /// From which countries data was read.
    Map,
    /// What each sensor delivered.
    Coverage,
    /// The trace of a finding.
    Trace(&'a weir_model::case::Trace),
    /// What a finding's entities did day by day.
    Days(&'a weir_model::Finding),
}

/// A finding, ready to draw.
pub(crate) struct Card<'a> {
    /// The finding.
    pub finding: &'a weir_model::Finding,
    /// Measure, seen, expected.
    pub measures: Vec<(String, String, String)>,
    /// Whose data, where the case says.
    pub scope: Option<&'a weir_model::case::Scope>,
    /// What its entities did day by day, as a picture and as lines of text.
    pub days: Option<(Figure<'a>, crate::days::Bars)>,
    /// Its trace.
    pub trace: Option<Figure<'a>>,
    /// The finding with whose trace its own is the same, and drawn.
    pub drawn_with: Option<&'a str>,
}

/// What is said where a trace is drawn with another finding, before that finding's id.
pub(crate) const DRAWN_WITH: &str = "What the same hand touched is drawn with the finding";

/// Builds the report of a case.
pub(crate) fn document(case: &Case) -> Document<'_> {
    Document { headline: crate::section::headline::headline(case), sections: crate::section::all(case) }
}

/// Whether a heading, with nothing between but facts, names the block.
pub(crate) fn is_titled(blocks: &[Block<'_>], i: usize) -> bool {
    let before = blocks.get(..i).unwrap_or_default();
    matches!(before, [] | [.., Block::Heading(_)] | [.., Block::Heading(_), Block::Facts(_)])
}

/// Where in its file a cited record begins: its line, and of several in a first line, as in files that are one line, its byte too.
pub(crate) fn line(citation: &Citation) -> String {
    match citation.offset {
        at if at > 0 && citation.line == 1 => format!("1@{at}"),
        _ => citation.line.to_string(),
    }
}

/// Shortens cited paths to what tells them apart: the shortest tail that no other file of the intake account shares.
pub(crate) struct Paths(std::collections::BTreeMap<String, u32>);

impl Paths {
    /// From the intake account.
    pub fn new(case: &Case) -> Self {
        let mut tails = std::collections::BTreeMap::new();
        for path in case.intake.iter().map(|i| i.path.as_str()) {
            for tail in tails_of(path).chain(ends_of(path)) {
                *tails.entry(tail.to_owned()).or_insert(0) += 1;
            }
        }
        Self(tails)
    }

    /// `file:line`, or `file:1@byte`, short where the name alone is enough; of a long name its end, where that is enough: `…Zt3x.json.gz:1@520`.
    pub fn short(&self, citation: &Citation) -> String {
        let own = |tail: &&str| self.0.get(*tail) == Some(&1);
        let named = tails_of(&citation.path).find(own).unwrap_or(&citation.path);
        match ends_of(&citation.path).find(own) {
            Some(end) => format!("…{end}:{}", line(citation)),
            None => format!("{named}:{}", line(citation)),
        }
    }

    /// The first `max` citations in order; one of the same file as the one before it is only `:line`.
    pub fn first<'c>(&self, cited: &'c [Citation], max: usize) -> Vec<(&'c Citation, String)> {
        let before = std::iter::once(None).chain(cited.iter().map(Some));
        let same = |before: Option<&Citation>, c: &Citation| before.is_some_and(|b| b.path == c.path);
        let words = |(c, before): (&'c Citation, Option<&Citation>)| match same(before, c) {
            true => (c, format!(":{}", line(c))),
            false => (c, self.short(c)),
        };
        cited.iter().zip(before).take(max).map(words).collect()
    }
}

/// Letters from which a file's name is long, and that an end of it has at least.
const LONG: usize = 48;
const END: usize = 12;

/// The ends of a long file name at each underscore or dash, shortest first; none of any other.
fn ends_of(path: &str) -> impl Iterator<Item = &str> {
    let name = path.rsplit('/').next().filter(|name| name.len() > LONG).unwrap_or_default();
    let cuts = name.rmatch_indices(['_', '-']).filter_map(|(at, _)| name.get(at + 1..));
    cuts.filter(|end| end.len() >= END).take(7)
}

/// The tails of a path at each slash, shortest first, the whole last. At most eight: deeper ones are named in full.
fn tails_of(path: &str) -> impl Iterator<Item = &str> {
    let cuts = path.rmatch_indices('/').take(7).filter_map(|(at, _)| path.get(at + 1..));
    cuts.filter(|tail| !tail.is_empty()).chain([path])
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_model::intake::Intake;

    #[test]
    fn a_long_name_is_cited_by_the_end_that_no_other_file_has() {
        let long =
            |end: &str| format!("AWSLogs/111122223333_CloudTrail_eu-central-1_20250710T1145Z_{end}.json.gz");
        let mut case = crate::diff::tests::case();
        let names = [long("Qb3xWw81"), long("Zk81Rr20"), "a/short.log".to_owned(), "b/short.log".to_owned()];
        case.intake = names.clone().map(|path| Intake { path, ..Intake::default() }).to_vec();
        let paths = Paths::new(&case);
        let cited =
            |path: &str| paths.short(&Citation { path: path.to_owned(), line: 1, offset: 520, file: 1 });
        assert_eq!(cited(&names[0]), "…Qb3xWw81.json.gz:1@520");
        assert_eq!(cited(&names[2]), "a/short.log:1@520");
        assert_eq!(cited("elsewhere/unknown.log"), "elsewhere/unknown.log:1@520");
    }
}
