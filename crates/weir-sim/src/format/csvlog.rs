//! PostgreSQL's csvlog with pgaudit (`log_rows` on), as release 15 writes it; the server's zone is UTC.

use std::io::Write as _;

use crate::event::Event;
use crate::format::Pen;
use crate::query::Query;
use crate::text::put;

/// Writes an audited statement: a record for each table it reads.
pub fn render(event: &Event, pen: &mut Pen) -> bool {
    let Event::Query(query) = event else { return false };
    let (command, text, tables) = query.statement.text();
    let rows = if command == "COPY" { 0 } else { query.rows };
    for (nth, table) in (0..).zip(if tables.is_empty() { &[""] } else { tables }) {
        let kind = if table.is_empty() { "" } else { "TABLE" };
        let quoted = text.contains([',', '\n', '"']);
        let statement = if quoted { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.clone() };
        let audit = format!(
            "AUDIT: SESSION,{},1,READ,{command},{kind},{table},{statement},<not logged>,{rows}",
            query.number
        );
        record(query, nth, command, &audit.replace('"', "\"\""), pen);
    }
    true
}

fn record(query: &Query, nth: u32, command: &str, message: &str, pen: &mut Pen) {
    let (began, process) = query.session;
    let (now, start) = (pen.utc(query.at), pen.utc(began));
    let line = &mut pen.line;
    put!(line, now.date(), " ", now.time(), ".", now.thousandths(), " UTC,\"", query.login);
    // Writing to memory cannot fail.
    let _ = write!(
        line,
        "\",\"crm\",{process},\"{}:{}\",{:x}.{process:x},{},\"{command}\",",
        query.origin,
        30_000 + process % 30_000,
        began.div_euclid(1_000),
        2 * query.number + nth + 1,
    );
    put!(line, start.date(), " ", start.time(), " UTC,3/", query.number, ",0,LOG,00000,\"", message);
    put!(line, "\",,,,,,,,,\"", query.program, "\",\"client backend\",,0\n");
}
