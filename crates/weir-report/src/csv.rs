//! `timeline.csv` and `scope.csv`: tables for spreadsheets and for Timesketch.
//!
//! Decisive choice: RFC 4180 quoting, and OWASP's rule against formula injection in every cell (see [`crate::escape::csv_cell`]).
//! Refuses to leave a control character in a cell.

use crate::doc;
use crate::folder::People;
use crate::reported::Comparing;
use crate::{
    ReportError, Result, escape,
    format::{Content, Format},
};
use ::csv::{Terminator, Writer, WriterBuilder};
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, TimestampMicrosecondType, UInt64Type};
use std::io::Write;
use weir_model::Micros;
use weir_model::case::{Case, TimelineEvent, scope_schema};
use weir_model::record::CREDENTIAL;

pub(crate) const TIMELINE: Format = Format {
    name: "timeline",
    file: "timeline.csv",
    summary: "what happened, in order, in Timesketch's columns",
    manual: "Every event of the timeline, a row each; a run of like events is two rows, its first and its last. The first three \
        columns are Timesketch's (`message`, `datetime` in RFC 3339 UTC, `timestamp_desc`), the others are extra: `phase` (ATT&CK \
        tactic), `attack` (technique ids), `entities` (`kind=value`), `findings` (ids), `records` (how many support it), `evidence` \
        (the first ten as `file:line`, or `file:1@byte` where a file is one line, separated by spaces).\n\nQuoting is RFC 4180. A cell that begins with `=`, `+`, `-`, `@`, tab or \
        carriage return gets a leading apostrophe (OWASP, CSV Injection). Controls and bidi marks are shown as in `scope.csv`, long cells cut with their \
        true length and digest.\n\n## Blind spots\n\nExact values stand in `case.json`.\n\n## References\n\n\
        https://timesketch.org/guides/user/import-from-json-csv/ and https://owasp.org/www-community/attacks/CSV_Injection",
    content: Content::Case(timeline),
};

pub(crate) const SCOPE: Format = Format {
    name: "scope",
    file: "scope.csv",
    summary: "every exposed person, and every session whose holder no record names, a row each",
    manual: "Columns: `subject` (`namespace:id`), `status` (`named`, `linked`, `credential_holder` or `claimed`: on what basis the \
        record is theirs), `first` and `last` access in RFC 3339 UTC, `records`, `categories`, `findings` and `countries` (from where they were read, where known) separated by spaces.\n\n\
        Quoting is RFC 4180; a cell that could be a formula gets a leading apostrophe (OWASP), and so does one that begins with an apostrophe. What would not be seen (controls, bidi \
        marks) stands as `<U+202E>`, and so does the `<` of an id that says `<U+` or `<CUT` itself (`<U+003C>`); an id of more than 8,000 bytes ends in its length and the BLAKE3 digest of the whole. \
        So no two ids share a cell, and the ids themselves stand in `scope.parquet`. The file is streamed, so its length is \
        bounded by the disk alone. Only its owner can read it.\n\nA row whose `subject` begins with `credential:` is a session or credential whose holder no record names: its holder may be among the other rows, so the lower bound in `case.json` does not count it, and the upper bound does.\n\n\
        ## Blind spots\n\nOther people whom no record names are not rows: the upper bound in `case.json` counts \
        them. An empty file with a header means nobody was named, which is not the same as nobody exposed.",
    content: Content::Streamed,
};

const EVIDENCE_MAX: usize = 10;

fn writer<W: Write>(to: W) -> Writer<W> {
    WriterBuilder::new().terminator(Terminator::CRLF).from_writer(to)
}

fn timeline(case: &Case) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut out = writer(&mut bytes);
    let columns = [
        "message",
        "datetime",
        "timestamp_desc",
        "phase",
        "attack",
        "entities",
        "findings",
        "records",
        "evidence",
    ];
    out.write_record(columns)?;
    for event in &case.timeline {
        let last = event.until.filter(|u| *u != event.time);
        out.write_record(row(
            event,
            event.time,
            if last.is_some() { "First of a run" } else { "Event Logged" },
        ))?;
        if let Some(until) = last {
            out.write_record(row(event, until, "Last of a run"))?;
        }
    }
    out.flush().map_err(::csv::Error::from)?;
    drop(out);
    Ok(bytes)
}

fn row(e: &TimelineEvent, at: weir_model::Micros, what: &str) -> [String; 9] {
    let entities: Vec<_> = e.entities.iter().map(|x| format!("{}={}", x.kind, x.value)).collect();
    let evidence: Vec<_> = e
        .evidence
        .cited()
        .iter()
        .take(EVIDENCE_MAX)
        .map(|c| format!("{}:{}", c.path, doc::line(c)))
        .collect();
    [
        escape::csv_cell(&e.what),
        at.to_string(),
        what.to_owned(),
        escape::csv_cell(&e.phase),
        escape::csv_cell(&e.attack.join(" ")),
        escape::csv_cell(&entities.join(" ")),
        escape::csv_cell(&e.findings.join(" ")),
        e.evidence.total().to_string(),
        escape::csv_cell(&evidence.join(" ")),
    ]
}

/// Writes `scope.csv` batch by batch.
pub(crate) struct Scope<W>(W);

impl<W: Write> Scope<W> {
    pub(crate) fn begin(mut to: W) -> Result<Self> {
        let names: Vec<String> = scope_schema().fields().iter().map(|f| f.name().clone()).collect();
        line(&mut to, &names.join(","))?;
        Ok(Self(to))
    }

    /// Writes a row for each of a batch's people. Texts of which there are few are made inert once a batch.
    pub(crate) fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        let out = &mut self.0;
        let column = |name| batch.column_by_name(name);
        let few = |name| {
            let column = column(name)?.as_dictionary_opt::<Int32Type>()?;
            let texts = column.values().as_string_opt::<i32>()?;
            Some((column.keys(), texts.iter().map(|t| cell(t.unwrap_or(""))).collect::<Vec<_>>()))
        };
        let time = |name| column(name)?.as_primitive_opt::<TimestampMicrosecondType>();
        let (
            Some(subjects),
            Some(status),
            Some(first),
            Some(last),
            Some(records),
            Some(categories),
            Some(findings),
            Some(countries),
        ) = (
            column("subject").and_then(|c| c.as_string_opt::<i32>()),
            few("status"),
            time("first"),
            time("last"),
            column("records").and_then(|c| c.as_primitive_opt::<UInt64Type>()),
            few("categories"),
            few("findings"),
            few("countries"),
        )
        else {
            return Err(ReportError::Scope("the columns are not those of a scope".to_owned()));
        };
        let word = |(keys, texts): &(&arrow_array::Int32Array, Vec<String>), row: usize| {
            texts.get(usize::try_from(keys.value(row)).unwrap_or(usize::MAX)).cloned().unwrap_or_default()
        };
        let mut text = String::new();
        for row in 0..batch.num_rows() {
            use std::fmt::Write as _;
            text.clear();
            push_cell(&mut text, subjects.value(row));
            let (from, to) = (Micros(first.value(row)), Micros(last.value(row)));
            // A string is written to without fail.
            let _ = write!(
                text,
                ",{},{},{},{}",
                word(&status, row),
                from.rfc3339(),
                to.rfc3339(),
                records.value(row)
            );
            let _ = write!(
                text,
                ",{},{},{}",
                word(&categories, row),
                word(&findings, row),
                word(&countries, row)
            );
            line(out, &text)?;
        }
        Ok(())
    }

    pub(crate) fn end(mut self) -> Result<()> {
        self.0.flush().map_err(|e| ::csv::Error::from(e).into())
    }
}

/// Writes who was reported or is in evidence: `confirmed`, `not_reported`, `unnamed_session` and `unnamed_thing` (with the records that show them), and `not_in_evidence`.
pub(crate) fn beside<E: std::fmt::Display>(
    mut out: impl Write,
    mut comparing: Comparing<'_>,
    people: impl Iterator<Item = People<E>>,
) -> Result<()> {
    line(&mut out, "subject,status,first,last,records,findings")?;
    for batch in people {
        let batch = batch.map_err(|e| ReportError::Scope(e.to_string()))?;
        let column = |name| batch.column_by_name(name);
        let time = |name| column(name)?.as_primitive_opt::<TimestampMicrosecondType>();
        let findings = column("findings").and_then(|c| {
            let few = c.as_dictionary_opt::<Int32Type>()?;
            Some((few.keys(), few.values().as_string_opt::<i32>()?))
        });
        let (Some(subjects), Some(first), Some(last), Some(records), Some((keys, texts))) = (
            column("subject").and_then(|c| c.as_string_opt::<i32>()),
            time("first"),
            time("last"),
            column("records").and_then(|c| c.as_primitive_opt::<UInt64Type>()),
            findings,
        ) else {
            return Err(ReportError::Scope("the columns are not those of a scope".to_owned()));
        };
        for row in 0..batch.num_rows() {
            let subject = subjects.value(row);
            let status = match comparing.was_reported(subject) {
                Some(true) => "confirmed",
                Some(false) => "not_reported",
                None if subject.split_once(':').is_some_and(|(of, _)| of == CREDENTIAL) => "unnamed_session",
                None => "unnamed_thing",
            };
            let of = usize::try_from(keys.value(row)).ok().filter(|at| *at < texts.iter().len());
            let text = format!(
                "{},{status},{},{},{},{}",
                cell(subject),
                Micros(first.value(row)).rfc3339(),
                Micros(last.value(row)).rfc3339(),
                records.value(row),
                cell(of.map_or("", |at| texts.value(at)))
            );
            line(&mut out, &text)?;
        }
    }
    for subject in comparing.not_in_evidence() {
        line(&mut out, &format!("{},not_in_evidence,,,0,", cell(&subject)))?;
    }
    out.flush().map_err(|e| ::csv::Error::from(e).into())
}

fn line(out: &mut impl Write, text: &str) -> Result<()> {
    let written = out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\r\n"));
    written.map_err(|e| ::csv::Error::from(e).into())
}

/// A cell, inert and quoted where it has to be.
fn cell(text: &str) -> String {
    let mut out = String::new();
    push_cell(&mut out, text);
    out
}

/// Adds a cell, inert and quoted where it has to be.
pub(crate) fn push_cell(out: &mut String, text: &str) {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'_' | b'.' | b' ');
    if text.len() <= escape::CELL_BYTES_MAX && text.bytes().all(plain) {
        out.push_str(text);
        return;
    }
    let inert = escape::csv_cell(text);
    if inert.contains([',', '"', '\r', '\n']) {
        out.push('"');
        out.push_str(&inert.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(&inert);
    }
}
