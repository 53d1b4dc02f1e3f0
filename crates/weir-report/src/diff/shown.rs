//! A comparison in every format: terminal, Markdown, HTML, JSON.
//!
//! Decisive choice: Markdown and HTML draw the sections that a report is made of, and the terminal draws the same lines, so hostile names meet the same functions that
//! they meet in a report.

use super::told::{Part, Room, parts, verdict};
use crate::doc::{Block, Paths, Section};
use crate::summary::{COLUMNS_MAX, Line, Style, broken, labelled};
use crate::{Result, escape, html, json, markdown};
use weir_model::Language;
use weir_model::case::Case;
use weir_model::diff::CaseDiff;

/// A format that a comparison can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffFormat {
    /// As `weir schema diff` says.
    Json,
    /// GitHub's dialect.
    Markdown,
    /// One page.
    Html,
}

impl DiffFormat {
    /// The format that a file's name asks for.
    #[must_use]
    pub fn of(file: &std::path::Path) -> Option<Self> {
        match file.extension()?.to_str()? {
            "json" => Some(Self::Json),
            "md" => Some(Self::Markdown),
            "html" => Some(Self::Html),
            _ => None,
        }
    }
}

const PAGE: Room = Room { rows_max: crate::section::ROWS_MAX, all_in: "the JSON form" };
const SCREEN: Room = Room { rows_max: 6, all_in: "--json" };

/// The bytes of a comparison; `new` is the case of the later run.
///
/// # Errors
/// If a value cannot be written as JSON.
pub fn render_diff(told: &CaseDiff, new: &Case, format: DiffFormat) -> Result<Vec<u8>> {
    let sections = sections(parts(told, PAGE));
    let cases = [("Before", &told.old), ("Now", &told.new)];
    Ok(match format {
        DiffFormat::Json => json::pretty(told)?,
        DiffFormat::Markdown => {
            let mut out = format!("# What changed: {}\n\n", escape::markdown(&verdict(told)));
            for (when, case) in cases {
                let (id, program) = (escape::markdown_code(&case.id), escape::markdown(&case.program));
                out.push_str(&format!("- {when}: case {id}, written by {program}\n"));
            }
            let to = markdown::Writer { paths: Paths::new(new), language: Language::English };
            markdown::sections(&sections, &to, &mut out);
            out.into_bytes()
        }
        DiffFormat::Html => html::sheet(new, "What changed", &verdict(told), &sections, &told.program),
    })
}

fn sections(parts: Vec<Part>) -> Vec<Section<'static>> {
    let section = |part: Part| {
        let mut blocks = vec![Block::Note(crate::words::label_first(&part.summary))];
        if !part.rows.is_empty() {
            blocks.push(Block::Points(part.rows));
        }
        Section { id: part.id, title: part.title, blocks }
    };
    parts.into_iter().map(section).collect()
}

/// A comparison for a terminal.
#[must_use]
pub fn diff_text(told: &CaseDiff) -> Vec<Line> {
    let mut lines = vec![Line(vec![(Style::Strong, escape::terminal(&verdict(told), COLUMNS_MAX))])];
    lines.push(Line::default());
    for part in parts(told, SCREEN) {
        let style = if part.id == "unknown" { Style::Warning } else { Style::Strong };
        lines.push(labelled(part.title, style, part.summary));
        part.rows.iter().for_each(|row| paragraph(row, &mut lines));
    }
    lines
}

/// Columns before a row.
const INDENT: usize = 11;
/// Lines of a row: the longest say of a finding what changed, with its title.
const LINES_MAX: usize = 6;

/// A row, broken between words; what has no room is cut, and that is seen.
fn paragraph(text: &str, lines: &mut Vec<Line>) {
    let width = COLUMNS_MAX - INDENT;
    let mut rows = broken(&escape::sentence(text), width);
    if rows.len() > LINES_MAX {
        rows.truncate(LINES_MAX);
        if let Some(last) = rows.last_mut() {
            *last = last.chars().take(width - 2).chain(" …".chars()).collect();
        }
    }
    lines.extend(rows.into_iter().map(|row| labelled("", Style::Plain, row)));
}
