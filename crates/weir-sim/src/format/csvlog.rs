//! PostgreSQL's csvlog with pgaudit (`log_rows` on), as release 15 writes it; the server's zone is UTC.

use std::io::Write as _;

use crate::clock::civil;
use crate::event::Event;
use crate::query::Query;

/// Writes an audited statement: a record for each table it reads.
pub fn render(event: &Event, _: i8, line: &mut Vec<u8>) -> bool {
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
        record(query, nth, command, &audit.replace('"', "\"\""), line);
    }
    true
}

fn record(query: &Query, nth: u32, command: &str, message: &str, line: &mut Vec<u8>) {
    let stamp = |at: i64, fraction: bool| {
        let t = civil(at, 0);
        let ms = if fraction { format!(".{:03}", at.rem_euclid(1_000)) } else { String::new() };
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}{ms} UTC",
            t.year(),
            t.month(),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        )
    };
    let (began, process) = query.session;
    let _ = writeln!(
        line,
        "{},\"{}\",\"crm\",{process},\"{}:{}\",{:x}.{process:x},{},\"{command}\",{},3/{},0,LOG,00000,\"{message}\",,,,,,,,,\"{}\",\
         \"client backend\",,0",
        stamp(query.at, true),
        query.login,
        query.origin,
        30_000 + process % 30_000,
        began.div_euclid(1_000),
        2 * query.number + nth + 1,
        stamp(began, false),
        query.number,
        query.program
    );
}
