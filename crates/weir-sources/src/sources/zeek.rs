//! Zeek's conn and http logs: tab-separated with a header, or JSON lines.
//!
//! Decisive choice: one parser reads both kinds in both notations; the two sources differ only in which kind they look for, so a
//! stream that mixes them is read whole. A record's kind comes from its header or `_path`, else from its fields.
//!
//! What these sources refuse: Zeek's other logs. A file of them is not recognised; among conn or http records they are rejects.

mod conn;
mod field;
mod http;
mod json;
#[cfg(test)]
mod tests;
mod tsv;
mod value;

use crate::json::Names;
use crate::secrets::{Clean, Fingerprints};
use crate::source::{At, FileOptions, Framing, Head, Info, Outcome, Parser, Source, Sure, lossy};
use field::Field;
use std::borrow::Cow;
use tsv::Header;
use weir_model::{Records, Table};

/// Reason of a reject that is a Zeek record, but neither conn nor http.
const OTHER_KIND: &str = "zeek log of another kind";
/// The tables of both sources, as either reads what a mixed stream holds.
const TABLES: &[Table] = &[Table::Access, Table::Flow];

/// Connections.
pub struct ZeekConn;
/// Web requests seen on the wire.
pub struct ZeekHttp;

static CONN: Info = Info {
    name: "zeek_conn",
    summary: "Zeek conn.log: connections seen on the wire, TSV or JSON.",
    manual: include_str!("zeek/conn.md"),
    tables: TABLES,
};
static HTTP: Info = Info {
    name: "zeek_http",
    summary: "Zeek http.log: web requests seen on the wire, TSV or JSON.",
    manual: include_str!("zeek/http.md"),
    tables: TABLES,
};

impl Source for ZeekConn {
    fn info(&self) -> &'static Info {
        &CONN
    }
    fn framing(&self) -> Framing {
        Framing::Lines
    }
    fn recognise(&self, head: &Head<'_>) -> Sure {
        let seen = Seen::of(head);
        if seen.conn > 0 && seen.conn >= seen.http { Sure::Certain } else { Sure::No }
    }
    fn parser(&self, head: &Head<'_>, options: &FileOptions) -> Box<dyn Parser> {
        Box::new(ZeekParser::new(head, options))
    }
}

impl Source for ZeekHttp {
    fn info(&self) -> &'static Info {
        &HTTP
    }
    fn framing(&self) -> Framing {
        Framing::Lines
    }
    fn recognise(&self, head: &Head<'_>) -> Sure {
        let seen = Seen::of(head);
        if seen.http > seen.conn { Sure::Certain } else { Sure::No }
    }
    fn parser(&self, head: &Head<'_>, options: &FileOptions) -> Box<dyn Parser> {
        Box::new(ZeekParser::new(head, options))
    }
}

/// The kind of a Zeek log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Conn,
    Http,
    Other,
}

impl Kind {
    /// By the log's own name.
    fn of_path(path: &str) -> Self {
        match path {
            "conn" => Self::Conn,
            "http" => Self::Http,
            _ => Self::Other,
        }
    }

    /// By its fields, where it has no name.
    fn of_fields(has: impl Fn(Field) -> bool) -> Self {
        let stream = has(Field::Ts) && has(Field::OrigH);
        if stream && has(Field::Proto) && (has(Field::ConnState) || has(Field::OrigPkts)) {
            Self::Conn
        } else if stream && has(Field::TransDepth) && (has(Field::Method) || has(Field::StatusCode)) {
            Self::Http
        } else {
            Self::Other
        }
    }
}

/// How many records of each kind a head has.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    conn: u32,
    http: u32,
}

impl Seen {
    fn of(head: &Head<'_>) -> Self {
        let mut seen = Self::default();
        let (mut header, mut names) = (Header::default(), Names::default());
        let mut first = true;
        for line in head.bytes.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty()) {
            let json = line.trim_ascii_start().starts_with(b"{");
            if first && !json && !line.starts_with(b"#") {
                break;
            }
            first = false;
            let text = String::from_utf8_lossy(line);
            let kind = match json {
                true => {
                    json::Record::parse(text.trim(), &mut names).and_then(|r| r.kind()).unwrap_or(Kind::Other)
                }
                false if header.read(text.trim_end_matches('\r')) => continue,
                false => header.kind().unwrap_or(Kind::Other),
            };
            seen.count(kind);
        }
        if (seen.conn, seen.http) == (0, 0) {
            // A quiet hour: a header, and nothing after it.
            seen.count(header.kind().unwrap_or(Kind::Other));
        }
        seen
    }

    fn count(&mut self, kind: Kind) {
        match kind {
            Kind::Conn => self.conn += 1,
            Kind::Http => self.http += 1,
            Kind::Other => {}
        }
    }
}

/// What a record says of itself, in either notation.
trait Fields {
    /// A field as text; nothing when absent, unset or empty.
    fn get(&self, field: Field) -> Option<Cow<'_, str>>;
    /// Whether times may be whole milliseconds (Zeek's JSON can be told so; TSV is in seconds always).
    fn millis(&self) -> bool;
}

/// What rows of either kind need beside their fields.
struct Context<'a> {
    at: At,
    zone: Option<&'a jiff::tz::TimeZone>,
    fingerprints: &'a Fingerprints,
    clean: &'a mut Clean,
}

struct ZeekParser {
    header: Header,
    names: Names<Option<Field>>,
    zone: Option<jiff::tz::TimeZone>,
    fingerprints: Fingerprints,
    clean: Clean,
    sensor: Option<String>,
}

impl ZeekParser {
    /// The head's own header counts from the start, so that the new tail of a file that grew can be read.
    fn new(head: &Head<'_>, options: &FileOptions) -> Self {
        let mut header = Header::default();
        for line in head.bytes.split(|b| *b == b'\n').take_while(|l| l.starts_with(b"#")) {
            header.read(String::from_utf8_lossy(line).trim_end_matches('\r'));
        }
        let (zone, fingerprints) = (options.time_zone.clone(), options.fingerprints.clone());
        Self { header, names: Names::default(), zone, fingerprints, clean: Clean::default(), sensor: None }
    }
}

impl Context<'_> {
    fn row(&mut self, kind: Kind, fields: &impl Fields, out: &mut Records) -> Outcome {
        let pushed = match kind {
            Kind::Conn => conn::push(self, fields, out),
            Kind::Http => http::push(self, fields, out),
            Kind::Other => Err(OTHER_KIND),
        };
        pushed.map_or_else(Outcome::Rejected, |()| Outcome::Parsed)
    }
}

impl Parser for ZeekParser {
    fn record(&mut self, at: At, bytes: &[u8], out: &mut Records) -> Outcome {
        let text = lossy(bytes);
        let text = text.trim_end_matches(['\r', '\n']);
        if text.trim().is_empty() {
            return Outcome::NoRecord;
        }
        let mut context = Context {
            at,
            zone: self.zone.as_ref(),
            fingerprints: &self.fingerprints,
            clean: &mut self.clean,
        };
        if text.trim_start().starts_with('{') {
            let Some(record) = json::Record::parse(text.trim(), &mut self.names) else {
                return Outcome::Rejected("not a JSON object");
            };
            if self.sensor.is_none() {
                self.sensor = record.sensor();
            }
            let Some(kind) = record.kind() else { return Outcome::Rejected("not a zeek record") };
            return context.row(kind, &record, out);
        }
        if self.header.read(text) {
            return Outcome::NoRecord;
        }
        let Some(kind) = self.header.kind() else { return Outcome::Rejected("no zeek header before it") };
        match self.header.row(text) {
            Some(row) => context.row(kind, &row, out),
            None => Outcome::Rejected("number of fields differs from the header"),
        }
    }

    fn sensor(&self) -> Option<String> {
        self.sensor.clone()
    }
}
