//! The one-screen summary for a terminal: plain text with a style for each piece; colours are the program's.
//!
//! At most [`LINES_MAX`] lines of [`COLUMNS_MAX`] columns, whatever the case. Names from logs cannot act on the terminal.

use crate::{
    escape::terminal,
    section::headline::{people_of, tally, verdict, with_state},
    words,
};
use weir_model::{
    Severity,
    case::{Case, Gap},
    finding::State,
};

/// The most lines.
pub const LINES_MAX: usize = 30;
/// The most columns, counted in characters.
pub const COLUMNS_MAX: usize = 100;

/// How a piece of text is to be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As it is.
    Plain,
    /// The verdict, and figures that matter.
    Strong,
    /// Labels and asides.
    Faint,
    /// What is not known, not read, or missing.
    Warning,
    /// A finding's severity.
    Severity(Severity),
}

/// A line of the summary: pieces of text, each with its style.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line(pub Vec<(Style, String)>);

impl Line {
    fn new(pieces: impl IntoIterator<Item = (Style, String)>) -> Self {
        let mut left = COLUMNS_MAX;
        let mut line = Self::default();
        for (style, text) in pieces {
            let text = terminal(&text, left);
            left -= text.chars().count();
            line.0.push((style, text));
        }
        line
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|(_, text)| f.write_str(text))
    }
}

const LABEL_WIDTH: usize = 11;
const GAPS_MAX: usize = 3;
const FINDINGS_MAX: usize = 8;
const UNREAD_MAX: usize = 3;

/// The summary of a case; `report` says where the report lies.
pub fn summary_text(case: &Case, report: &str) -> Vec<Line> {
    let mut lines = vec![Line::new([(Style::Strong, verdict(case).1)]), Line::default()];
    read(case, &mut lines);
    period(case, &mut lines);
    findings(case, &mut lines);
    scope(case, &mut lines);
    lines.push(Line::default());
    lines.push(labelled("Report", Style::Strong, report.to_owned()));
    lines
}

pub(crate) fn labelled(label: &str, style: Style, text: String) -> Line {
    Line::new([(Style::Faint, format!("{label:LABEL_WIDTH$}")), (style, text)])
}

fn read(case: &Case, lines: &mut Vec<Line>) {
    let t = &case.totals;
    let files = words::quantity(t.files - t.files_unread.min(t.files), "file", "files");
    let records = words::quantity(t.records, "record", "records");
    let text = format!(
        "{files}, {records}: {} parsed, {} rejected, {} duplicates",
        words::count(t.parsed),
        words::count(t.rejected),
        words::count(t.duplicates)
    );
    lines.push(labelled("Read", Style::Plain, text));
    let unread: Vec<_> = case.intake.iter().filter(|i| i.source.is_none()).collect();
    for (n, file) in unread.iter().take(UNREAD_MAX).enumerate() {
        let reason = file.reasons.keys().next().map_or("not recognised", String::as_str);
        let label = if n == 0 { "Not read" } else { "" };
        lines.push(labelled(label, Style::Warning, format!("{}: {reason}", terminal(&file.path, 50))));
    }
    more(unread.len(), UNREAD_MAX, "intake.jsonl", lines);
}

fn more(total: usize, shown: usize, all_in: &str, lines: &mut Vec<Line>) {
    if let Some(note) = words::cut_note(shown, total, all_in) {
        lines.push(labelled("", Style::Faint, note));
    }
}

fn period(case: &Case, lines: &mut Vec<Line>) {
    match (case.period, case.recorded()) {
        (Some(period), _) => lines.push(labelled("Period", Style::Plain, words::period(period))),
        (None, Some(all)) => {
            wrapped(
                "Period",
                &format!("{}; the records cover {}", words::outside(case), words::period(all)),
                lines,
            );
        }
        (None, None) => {
            lines.push(labelled("Period", Style::Plain, "Unknown: no record has a time".to_owned()));
        }
    }
    let mut gaps: Vec<&Gap> = case.coverage.iter().flat_map(|c| &c.gaps).collect();
    gaps.extend(case.scope.gaps.iter().filter(|g| !case.coverage.iter().any(|c| c.gaps.contains(g))));
    for (n, gap) in gaps.iter().take(GAPS_MAX).enumerate() {
        let label = if n == 0 { "Limits" } else { "" };
        let span = words::gap_span(gap);
        let room = COLUMNS_MAX.saturating_sub(LABEL_WIDTH + 2 + span.chars().count());
        lines.push(labelled(label, Style::Warning, format!("{}: {span}", terminal(&gap.what, room.max(30)))));
    }
    more(gaps.len(), GAPS_MAX, "case.json", lines);
}

fn findings(case: &Case, lines: &mut Vec<Line>) {
    let tally: Vec<_> = tally(case).into_iter().map(|(s, n)| format!("{} {s}", words::count(n))).collect();
    let mut text = if tally.is_empty() { "none".into() } else { words::list(&tally) };
    for state in [State::Acknowledged, State::Suppressed, State::Superseded] {
        let n = with_state(case, state);
        if n > 0 {
            let of = if state == State::Acknowledged { " of them" } else { "" };
            text.push_str(&format!("; {}{of} {state}", words::count(n)));
        }
    }
    lines.push(labelled("Findings", Style::Plain, text));
    let calling: Vec<_> = case.findings.iter().filter(|f| f.calls()).collect();
    for f in calling.iter().take(FINDINGS_MAX) {
        let severity = (Style::Severity(f.severity), format!("{:14}", f.severity.as_str()));
        lines.push(Line::new([
            (Style::Plain, " ".repeat(LABEL_WIDTH)),
            severity,
            (Style::Plain, f.title.clone()),
        ]));
    }
    more(calling.len(), FINDINGS_MAX, "findings.jsonl", lines);
}

fn scope(case: &Case, lines: &mut Vec<Line>) {
    let people = people_of(&case.scope);
    let unknown = people == words::people(None);
    let (style, text) =
        if unknown { (Style::Warning, format!("Unknown: {people}")) } else { (Style::Strong, people) };
    lines.push(labelled("Exposed", style, text));
    if !case.scope.categories.is_empty() {
        lines.push(labelled("Data", Style::Plain, words::categories(&case.scope.categories)));
    }
    let determinable = words::label(words::determinable(case.scope.determinable));
    wrapped("How sure", &format!("{determinable}: {}", case.scope.reason), lines);
}

/// A text in rows of so many characters, broken between words.
pub(crate) fn broken(text: &str, width: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    for word in text.split(' ') {
        match rows.last_mut() {
            Some(row) if row.is_empty() => row.push_str(word),
            Some(row) if row.chars().count() + 1 + word.chars().count() <= width => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    rows
}

/// A label and up to three lines of text, broken between words.
pub(crate) fn wrapped(label: &str, text: &str, lines: &mut Vec<Line>) {
    let width = COLUMNS_MAX - LABEL_WIDTH;
    let rows = broken(&terminal(text, 3 * width - 30), width);
    for (n, row) in rows.into_iter().take(3).enumerate() {
        lines.push(labelled(if n == 0 { label } else { "" }, Style::Plain, row));
    }
}
