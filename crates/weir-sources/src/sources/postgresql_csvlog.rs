//! PostgreSQL's csvlog: audited statements with the rows they returned, connections, refusals, and everything else a server logs.
//!
//! Decisive choice: a statement is kept as its shape, with `?` for each value in it. Values name people and hold passwords, and the
//! shape is what tells a statement that a login never ran from one it runs each night. The line cited has the values.
//!
//! What this source refuses: the stderr and JSON forms of the same log, and reading rows returned out of the text of a statement.

mod audit;
mod shape;
mod stamp;
#[cfg(test)]
mod tests;

use crate::secrets::Fingerprints;
use crate::source::{At, FileOptions, Framing, Head, Info, Outcome, Parser, Source, Sure, in_range};
use audit::{Audit, Class};
use csv_core::ReadRecordResult;
use jiff::tz::TimeZone;
use std::net::IpAddr;
use weir_model::record::{STATUS_FAILURE, STATUS_SUCCESS};
use weir_model::{Access, Auth, Common, Host, Micros, Records, Table, TimeBasis};

/// The source.
pub struct PostgresqlCsvlog;

static INFO: Info = Info {
    name: "postgresql_csvlog",
    summary: "PostgreSQL's csvlog: statements audited by pgaudit, connections, errors.",
    manual: include_str!("postgresql_csvlog/manual.md"),
    tables: &[Table::Access, Table::Auth, Table::Host],
};

/// Fields of a record: 23 up to PostgreSQL 12, 24 in 13, 26 since 14.
const FIELDS_MIN: usize = 23;
const FIELDS_MAX: usize = 26;
const SERVICE: &str = "postgresql";
/// OCSF Datastore Activity, Authentication, Account Change.
const DATASTORE: i32 = 6005;
const AUTHENTICATION: i32 = 3002;
const ACCOUNT_CHANGE: i32 = 3001;

/// A statement's shape: lower case, `?` for each value, no comments; what can be written down of a question without what it asks for.
pub fn statement_shape(statement: &str) -> String {
    shape::of(statement).text
}

impl Source for PostgresqlCsvlog {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn framing(&self) -> Framing {
        Framing::Csv
    }

    fn recognise(&self, head: &Head<'_>) -> Sure {
        // A file may have been cut in the middle of a record.
        let lines = head.bytes.split_inclusive(|b| *b == b'\n');
        let mut starts = lines.scan(0, |at, line| {
            *at += line.len();
            Some(*at - line.len())
        });
        let ours = starts.any(|at| {
            let text = String::from_utf8_lossy(head.bytes.get(at..).unwrap_or_default());
            let mut fields = text.splitn(15, ',');
            let stamped = fields.next().is_some_and(|first| stamp::instant(first, None).is_some());
            stamped
                && fields.nth(4).is_some_and(is_session)
                && fields.any(|field| SEVERITIES.contains(&field))
        });
        if ours { Sure::Certain } else { Sure::No }
    }

    fn parser(&self, _: &Head<'_>, options: &FileOptions) -> Box<dyn Parser> {
        Box::new(CsvlogParser {
            zone: options.time_zone.clone(),
            fingerprints: options.fingerprints.clone(),
            text: Vec::new(),
            ends: Vec::new(),
        })
    }
}

const SEVERITIES: [&str; 13] = [
    "DEBUG1", "DEBUG2", "DEBUG3", "DEBUG4", "DEBUG5", "LOG", "INFO", "NOTICE", "WARNING", "ERROR", "FATAL",
    "PANIC", "DEBUG",
];

/// `6b05a1eb.2c32`: the second a session began and its process, in hexadecimal.
fn is_session(text: &str) -> bool {
    text.split_once('.').is_some_and(|(began, process)| {
        [began, process].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_hexdigit()))
    })
}

struct CsvlogParser {
    zone: Option<TimeZone>,
    fingerprints: Fingerprints,
    /// The fields of a record, one after the other, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Parser for CsvlogParser {
    fn record(&mut self, at: At, bytes: &[u8], out: &mut Records) -> Outcome {
        let fields = match split(bytes, &mut self.text, &mut self.ends) {
            Ok(fields) => fields,
            Err(reason) => return Outcome::Rejected(reason),
        };
        let line = Line { fields, at, fingerprints: &self.fingerprints };
        line.push(self.zone.as_ref(), out).map_or_else(Outcome::Rejected, |()| Outcome::Parsed)
    }
}

/// The fields of one record, into buffers that are used again.
pub(super) fn split<'a>(
    bytes: &[u8],
    text: &'a mut Vec<u8>,
    ends: &mut Vec<usize>,
) -> Result<Vec<std::borrow::Cow<'a, str>>, &'static str> {
    text.resize(bytes.len() + 1, 0);
    ends.resize(64, 0);
    let mut reader = csv_core::Reader::new();
    let (result, _, written, fields) = reader.read_record(bytes, text, ends);
    let fields = match result {
        // The record ends where the bytes do.
        ReadRecordResult::InputEmpty => {
            let rest = text.get_mut(written..).unwrap_or_default();
            let more_ends = ends.get_mut(fields..).unwrap_or_default();
            let (_, _, _, more) = reader.read_record(&[], rest, more_ends);
            fields + more
        }
        ReadRecordResult::Record => fields,
        _ => return Err("more fields than a record has"),
    };
    let mut from = 0;
    let cut = ends.iter().take(fields).map(|end| {
        let field = text.get(from..*end).unwrap_or_default();
        from = *end;
        String::from_utf8_lossy(field)
    });
    Ok(cut.collect())
}

/// One record's fields, by their names in the documentation.
struct Line<'a> {
    fields: Vec<std::borrow::Cow<'a, str>>,
    at: At,
    fingerprints: &'a Fingerprints,
}

impl Line<'_> {
    fn field(&self, at: usize) -> Option<&str> {
        self.fields.get(at).map(AsRef::as_ref).filter(|text| !text.is_empty())
    }
    fn user(&self) -> Option<&str> {
        self.field(1)
    }
    fn database(&self) -> Option<&str> {
        self.field(2)
    }
    fn session(&self) -> &str {
        self.field(5).unwrap_or("")
    }
    fn severity(&self) -> &str {
        self.field(11).unwrap_or("")
    }
    fn state(&self) -> Option<&str> {
        self.field(12).filter(|state| *state != "00000")
    }
    fn message(&self) -> &str {
        self.field(13).unwrap_or("")
    }
    fn statement(&self) -> Option<&str> {
        self.field(19)
    }
    fn application(&self) -> Option<&str> {
        self.field(22)
    }

    /// The peer's address; a Unix socket has none.
    fn peer(&self) -> Option<&str> {
        let from = self.field(4)?;
        let host = from.rsplit_once(':').map_or(from, |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        (host.parse::<IpAddr>().is_ok() || host.contains('.')).then_some(host)
    }

    fn port(&self) -> Option<i32> {
        self.field(4)?.rsplit_once(':')?.1.parse().ok()
    }

    fn push(&self, zone: Option<&TimeZone>, out: &mut Records) -> Result<(), &'static str> {
        if !(FIELDS_MIN..=FIELDS_MAX).contains(&self.fields.len()) {
            return Err("not the number of fields of a csvlog record");
        }
        let time = self.field(0).and_then(|text| stamp::instant(text, zone)).ok_or("unreadable time")?;
        in_range(time.0)?;
        let uid = format!("{}.{}", self.session(), self.field(6).unwrap_or("0"));
        let common = Common {
            status_code: self.state(),
            actor: self.user(),
            actor_type: self.user().map(|_| "User"),
            src_ip: self.peer(),
            event_uid: Some(&uid),
            line: Some(self.at.line),
            offset: Some(self.at.offset),
            ..Common::default()
        };
        let failed = matches!(self.severity(), "ERROR" | "FATAL" | "PANIC");
        if let Some(audit) = self.message().strip_prefix("AUDIT: ") {
            let audit = Audit::parse(audit).ok_or("unreadable AUDIT message")?;
            self.audited(time, common, &audit, out);
        } else if failed && self.state().is_some_and(|state| state.starts_with("28")) {
            self.signed(time, common, ("logon", STATUS_FAILURE), out);
        } else if self.message().starts_with("connection authorized:") {
            self.signed(time, common, ("logon", STATUS_SUCCESS), out);
        } else if self.message().starts_with("disconnection:") {
            self.signed(time, common, ("logoff", STATUS_SUCCESS), out);
        } else if let (true, Some(statement)) = (failed, self.statement()) {
            self.stated(time, common, (statement, None, STATUS_FAILURE), out);
        } else if let Some((duration, statement)) = audit::logged(self.message()) {
            self.stated(time, common, (statement, duration, STATUS_SUCCESS), out);
        } else {
            let message = self.fingerprints.scrub(self.message());
            let row = Host {
                process: self.field(23).or(Some(SERVICE)),
                pid: self.field(3).and_then(|pid| pid.parse().ok()),
                user: self.user(),
                message: Some(&message),
                ..Host::default()
            };
            let class_uid = Some(1007);
            let status_id = failed.then_some(STATUS_FAILURE);
            out.host(time, &Common { class_uid, activity: Some("other"), status_id, ..common }, &row);
        }
        Ok(())
    }

    /// A statement that pgaudit wrote.
    fn audited(&self, time: (Micros, TimeBasis), common: Common<'_>, audit: &Audit, out: &mut Records) {
        let statement = shape::of(&audit.statement);
        let request = format!("{{\"session\":\"{}\",\"statement\":{}}}", self.session(), audit.id);
        let status_id = Some(STATUS_SUCCESS);
        if audit.class == Class::Role {
            let row = Auth {
                user: statement.role.as_deref(),
                credential_type: Some("role"),
                auth_protocol: Some(SERVICE),
                service: Some(SERVICE),
                operation: Some(&audit.command),
                account: self.database(),
                user_agent: self.application(),
                message: Some(&statement.text),
                request: Some(&request),
                ..Auth::default()
            };
            let activity = Some(audit.activity());
            let class_uid = Some(ACCOUNT_CHANGE);
            return out.auth(time, &Common { class_uid, activity, status_id, ..common }, &row);
        }
        let named = (!audit.object.is_empty()).then_some(audit.object.as_str());
        let row = Access {
            resource: named.or(statement.table.as_deref()),
            resource_type: if named.is_some() { Some(audit.object_type.as_str()) } else { Some("TABLE") }
                .filter(|_| named.is_some() || statement.table.is_some()),
            rows_out: audit.rows,
            request: Some(&request),
            ..self.access(&audit.command, &statement.text)
        };
        let activity = Some(audit.activity());
        out.access(time, &Common { class_uid: Some(DATASTORE), activity, status_id, ..common }, &row);
    }

    /// A statement that the server itself logged, or that failed.
    fn stated(
        &self,
        time: (Micros, TimeBasis),
        common: Common<'_>,
        (text, duration_us, status): (&str, Option<i64>, i32),
        out: &mut Records,
    ) {
        let statement = shape::of(text);
        let detail = (status == STATUS_FAILURE).then(|| self.fingerprints.scrub(self.message()));
        // Before it runs, the session's state stands where its command will.
        let command = statement.text.split([' ', '(']).next().unwrap_or("").to_uppercase();
        let row = Access {
            resource: statement.table.as_deref(),
            resource_type: statement.table.as_ref().map(|_| "TABLE"),
            duration_us,
            status_detail: detail.as_deref(),
            ..self.access(&command, &statement.text)
        };
        let (class_uid, status_id) = (Some(DATASTORE), Some(status));
        // What a logged statement touched is known from pgaudit alone.
        out.access(time, &Common { class_uid, activity: Some("query"), status_id, ..common }, &row);
    }

    fn access<'a>(&'a self, operation: &'a str, statement: &'a str) -> Access<'a> {
        Access {
            query: Some(statement),
            user_agent: self.application(),
            service: Some(SERVICE),
            operation: Some(operation),
            account: self.database(),
            ..Access::default()
        }
    }

    fn signed(
        &self,
        time: (Micros, TimeBasis),
        common: Common<'_>,
        (activity, status): (&'static str, i32),
        out: &mut Records,
    ) {
        let detail = (status == STATUS_FAILURE).then(|| self.fingerprints.scrub(self.message()));
        let row = Auth {
            user: self.user(),
            auth_protocol: Some(SERVICE),
            service: Some(SERVICE),
            operation: Some(if activity == "logoff" { "disconnect" } else { "connect" }),
            src_port: self.port(),
            user_agent: self.application(),
            account: self.database(),
            status_detail: detail.as_deref(),
            ..Auth::default()
        };
        let (class_uid, status_id) = (Some(AUTHENTICATION), Some(status));
        out.auth(time, &Common { class_uid, activity: Some(activity), status_id, ..common }, &row);
    }
}
