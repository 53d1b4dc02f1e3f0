//! `timeline.csv` and `scope.csv`: tables for spreadsheets and for Timesketch.
//!
//! Decisive choice: RFC 4180 quoting, and OWASP's rule against formula injection in every cell (see [`crate::escape::csv_cell`]).
//! Refuses to leave a control character in a cell.

use crate::{
    Result, escape,
    format::{Content, Format},
};
use ::csv::{Terminator, Writer, WriterBuilder};
use std::io::Write;
use weir_model::case::{Case, ExposedSubject, TimelineEvent};

pub(crate) const TIMELINE: Format = Format {
    name: "timeline",
    file: "timeline.csv",
    summary: "what happened, in order, in Timesketch's columns",
    manual: "Every event of the timeline, a row each; a run of like events is two rows, its first and its last. The first three \
        columns are Timesketch's (`message`, `datetime` in RFC 3339 UTC, `timestamp_desc`), the others are extra: `phase` (ATT&CK \
        tactic), `attack` (technique ids), `entities` (`kind=value`), `findings` (ids), `records` (how many support it), `evidence` \
        (the first ten as `file:line`, separated by spaces).\n\nQuoting is RFC 4180. A cell that begins with `=`, `+`, `-`, `@`, tab or \
        carriage return gets a leading apostrophe (OWASP, CSV Injection). Controls and bidi marks are shown, long cells cut with their \
        true length.\n\n## Blind spots\n\nExact values stand in `case.json`.\n\n## References\n\n\
        https://timesketch.org/guides/user/import-from-json-csv/ and https://owasp.org/www-community/attacks/CSV_Injection",
    content: Content::Case(timeline),
};

pub(crate) const SCOPE: Format = Format {
    name: "scope",
    file: "scope.csv",
    summary: "every exposed person, a row each",
    manual: "Columns: `subject` (`namespace:id`), `status` (`named`, `linked`, `credential_holder` or `claimed`: on what basis the \
        record is theirs), `first` and `last` access in RFC 3339 UTC, `records`, `categories` and `findings` separated by spaces.\n\n\
        Quoting is RFC 4180; a cell that could be a formula gets a leading apostrophe (OWASP). The file is streamed, so its length is \
        bounded by the disk alone.\n\n## Blind spots\n\nPeople whom no record names are not rows: the upper bound in `case.json` counts \
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
    let evidence: Vec<_> =
        e.evidence.cited().iter().take(EVIDENCE_MAX).map(|c| format!("{}:{}", c.path, c.line)).collect();
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

/// Streams `scope.csv`; gives the number of people.
pub(crate) fn scope(to: impl Write, people: impl Iterator<Item = ExposedSubject>) -> Result<u64> {
    let mut out = writer(to);
    out.write_record(["subject", "status", "first", "last", "records", "categories", "findings"])?;
    let mut rows = 0;
    for s in people {
        out.write_record([
            escape::csv_cell(&s.subject),
            escape::csv_cell(&s.status),
            s.first.to_string(),
            s.last.to_string(),
            s.records.to_string(),
            escape::csv_cell(&s.categories.join(" ")),
            escape::csv_cell(&s.findings.join(" ")),
        ])?;
        rows += 1;
    }
    out.flush().map_err(::csv::Error::from)?;
    Ok(rows)
}
