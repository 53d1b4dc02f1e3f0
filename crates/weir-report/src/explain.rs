//! A finding explained on a terminal: what it says and why, its measures against what was expected, its days as bars, its records, and
//! what people said of it. Names and reasons cannot act on the terminal.

use crate::days::{self, Bars};
use crate::doc::line;
use crate::escape::{sentence, terminal, visible};
use crate::section::{COLUMNS_MAX, ENTITIES_MAX, SAID_MAX};
use crate::summary::{Line, Style};
use crate::words;
use weir_model::case::{Period, Series};
use weir_model::{Explained, Finding};

/// Columns of text.
const WIDTH: usize = 100;
/// Columns of the labels.
const LABEL: usize = 12;
/// Records cited.
const RECORDS_MAX: usize = 10;

/// The lines that explain a finding; `lake` is where it was found, for the command that gives all its records.
pub fn explain_text(told: &Explained, lake: &str) -> Vec<Line> {
    let f = &told.finding;
    let mut lines = Vec::new();
    head(f, &mut lines);
    text("", &f.explanation, &mut lines);
    lines.push(Line::default());
    measures(f, &mut lines);
    if !told.series.is_empty() {
        lines.push(Line::default());
        series(told, &mut lines);
    }
    lines.push(Line::default());
    records(f, lake, &mut lines);
    who(told, &mut lines);
    said(f, &mut lines);
    f.limits.iter().chain(&told.limits).for_each(|l| text("Limit", l, &mut lines));
    text("Manual", &told.manual, &mut lines);
    lines
}

fn plain(style: Style, text: String) -> Line {
    Line(vec![(style, text)])
}

fn labelled(label: &str, style: Style, text: String) -> Line {
    Line(vec![(Style::Faint, format!("{label:LABEL$}")), (style, text)])
}

/// A label and text broken between words.
fn text(label: &str, text: &str, lines: &mut Vec<Line>) {
    let room = WIDTH - LABEL;
    let mut row = String::new();
    let mut label = label;
    for word in sentence(text).split(' ') {
        if !row.is_empty() && row.chars().count() + 1 + word.chars().count() > room {
            lines.push(labelled(label, Style::Plain, std::mem::take(&mut row)));
            label = "";
        }
        if !row.is_empty() {
            row.push(' ');
        }
        row.push_str(word);
    }
    lines.push(labelled(label, Style::Plain, row));
}

/// Findings for a terminal, each with its id and state under its title.
#[must_use]
pub fn findings_text(findings: &[Finding]) -> Vec<Line> {
    let mut lines = Vec::new();
    for (nth, finding) in findings.iter().enumerate() {
        if nth > 0 {
            lines.push(Line::default());
        }
        title(finding, &mut lines);
        text("Seen", &seen(finding), &mut lines);
    }
    if findings.is_empty() {
        lines.push(plain(Style::Plain, "No finding".to_owned()));
    }
    lines
}

/// What a finding says, and what it goes by.
fn title(f: &Finding, lines: &mut Vec<Line>) {
    lines.push(Line(vec![
        (Style::Severity(f.severity), f.severity.to_string()),
        (Style::Plain, "  ".into()),
        (Style::Strong, terminal(&f.title, WIDTH * 2)),
    ]));
    let ids = format!("{} by {}, {}", terminal(&f.id, 40), terminal(&f.detector, 40), f.state);
    lines.push(plain(Style::Faint, ids));
    if let Some(why) = &f.state_reason {
        text("State", why, lines);
    }
}

fn seen(f: &Finding) -> String {
    words::period(Period { first: f.first_seen, last: f.last_seen })
}

fn head(f: &Finding, lines: &mut Vec<Line>) {
    title(f, lines);
    text("Seen", &seen(f), lines);
    text("Raised", &words::instant(f.raised), lines);
    lines.push(Line::default());
}

fn measures(f: &Finding, lines: &mut Vec<Line>) {
    let all = crate::section::findings::measures(f);
    let width = all.iter().map(|m| m.0.chars().count()).max().unwrap_or(0).clamp(8, 50);
    let row = |name: &str, seen: &str, expected: &str| {
        format!("{:width$}  {seen:>16}  {expected:>16}", terminal(name, width))
    };
    if !all.is_empty() {
        lines.push(plain(Style::Faint, row("Measure", "seen", "expected")));
    }
    for (name, seen, expected) in &all {
        lines.push(plain(Style::Plain, row(name, seen, expected)));
    }
    match words::against(f.p_value, f.threshold) {
        Some(against) => text("Chance", &format!("{against}."), lines),
        None => text("Chance", &format!("{}.", words::label_first(&words::chance(f.p_value))), lines),
    }
}

fn series(told: &Explained, lines: &mut Vec<Line>) {
    let f = &told.finding;
    let all: Vec<&Series> = days::of(&told.series, f);
    for (at, series) in all.iter().enumerate() {
        let Bars { title, bars, marks, foot } = days::bars(series, f, told.period, COLUMNS_MAX);
        lines.push(labelled(if at == 0 { "Days" } else { "" }, Style::Strong, title));
        lines.push(labelled("", Style::Plain, bars));
        if at + 1 == all.len() {
            lines.push(labelled("", Style::Warning, marks));
            lines.push(labelled("", Style::Faint, foot));
        }
    }
    if let Some((series, usual)) = all.first().and_then(|s| Some((s, days::usual(s, f, told.period)?))) {
        let said = format!("{} {} a day ({})", words::number(usual.value), days::unit(series), usual.ground);
        text("Usual", &said, lines);
    }
    if let Some(kind) = told.days_of.filter(|_| !all.is_empty()) {
        let of = words::quantity(told.members, "entity", "entities");
        text("Summed over", &format!("{of} of kind {kind}"), lines);
    }
}

/// A text as one word of a shell.
fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn records(f: &Finding, lake: &str, lines: &mut Vec<Line>) {
    let evidence = &f.evidence.0;
    let mut label = "Records";
    for c in evidence.cited().iter().take(RECORDS_MAX) {
        lines.push(labelled(label, Style::Plain, format!("{}:{}", terminal(&c.path, 80), line(c))));
        label = "";
    }
    let shown = evidence.cited().len().min(RECORDS_MAX);
    if let Some(note) = words::cut_note(shown, evidence.total() as usize, "the answer to this query") {
        lines.push(labelled("", Style::Faint, note));
    }
    // Copied and run, so it is shown whole, its line breaks kept and nothing put before them.
    let all = format!("weir sql --lake {} {}", shell(lake), shell(evidence.query()));
    let mut rows = all.lines().map(|row| visible(row).into_owned());
    lines.push(labelled("All", Style::Plain, rows.next().unwrap_or_default()));
    lines.extend(rows.map(|row| plain(Style::Plain, row)));
}

fn who(told: &Explained, lines: &mut Vec<Line>) {
    let f = &told.finding;
    let entities = f.entities.iter().take(ENTITIES_MAX);
    let names: Vec<String> = entities.map(|e| terminal(&e.to_string(), 80)).collect();
    text("Who", &names.join(", "), lines);
    if let Some(note) = words::cut_note(names.len(), f.entities.len(), "findings.jsonl") {
        lines.push(labelled("", Style::Faint, note));
    }
    if let Some(campaign) = &f.campaign {
        text("Campaign", campaign, lines);
    }
    for (id, title) in told.campaign.iter().take(ENTITIES_MAX) {
        text("", &format!("{id}  {title}"), lines);
    }
}

fn said(f: &Finding, lines: &mut Vec<Line>) {
    for (at, d) in f.dispositions.iter().rev().take(SAID_MAX).rev().enumerate() {
        let words = format!("{}, {}: {}", words::instant(d.time), words::said(d), d.reason);
        text(if at == 0 { "Said" } else { "" }, &words, lines);
    }
}
