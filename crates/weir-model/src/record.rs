//! The four record tables, each declared once: row type, batch builder, Arrow schema and documentation come from one list.
//!
//! A row borrows from the raw bytes, so that a source hands over a record without allocating; the builder copies each value once
//! into its column. Types are those a Delta table has (no unsigned integers, no dictionaries; Parquet encodes repetition).
//! Columns that depend on configuration (route, dataset, learned subjects, country) are *not* here: `weir-catalog` derives them when
//! records are read, so a changed configuration rewrites nothing.

mod build;
mod gather;

use arrow_array::ArrayRef;
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use build::{Put, Whole};
pub use gather::Records;
use std::sync::{Arc, LazyLock};

/// OCSF `status_id`: success.
pub const STATUS_SUCCESS: i32 = 1;
/// OCSF `status_id`: failure.
pub const STATUS_FAILURE: i32 = 2;

/// A record table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Touched data or a resource (OCSF 4002, 6003, 6005, 6006).
    Access,
    /// Logged in, or was issued or changed a credential, account or group (3001, 3002, 3003, 3006).
    Auth,
    /// Connected (4001, 4003).
    Flow,
    /// Did something on a machine (1xxx).
    Host,
}

impl Table {
    /// Every record table, in the order of output.
    pub const ALL: [Self; 4] = [Self::Access, Self::Auth, Self::Flow, Self::Host];

    /// The table's name in the lake.
    pub fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Auth => "auth",
            Self::Flow => "flow",
            Self::Host => "host",
        }
    }

    /// The table's Arrow schema, `day` (the partition column) included.
    pub fn schema(self) -> SchemaRef {
        static SCHEMAS: LazyLock<[SchemaRef; 4]> =
            LazyLock::new(|| Table::ALL.map(|t| schema_of(t.columns())));
        let [access, auth, flow, host] = &*SCHEMAS;
        Arc::clone(match self {
            Self::Access => access,
            Self::Auth => auth,
            Self::Flow => flow,
            Self::Host => host,
        })
    }

    /// The table's columns in order, each with its meaning.
    pub fn columns(self) -> Vec<Column> {
        let own: &[Column] = match self {
            Self::Access => ACCESS_COLUMNS,
            Self::Auth => AUTH_COLUMNS,
            Self::Flow => FLOW_COLUMNS,
            Self::Host => HOST_COLUMNS,
        };
        COMMON_COLUMNS.iter().chain(own).chain(TAG_COLUMNS).copied().collect()
    }
}

/// One column of a record table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name: the OCSF attribute's, where there is one.
    pub name: &'static str,
    /// Its type.
    pub kind: ColumnKind,
    /// What it holds.
    pub doc: &'static str,
}

/// The types a column can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// UTC microseconds, never null.
    Time,
    /// The event's UTC day, never null; the partition column.
    Day,
    /// Nullable text.
    Str,
    /// Nullable 32-bit integer.
    I32,
    /// Nullable 64-bit integer.
    I64,
    /// List of `{namespace, id, basis}`.
    Subjects,
}

fn subject_fields() -> Fields {
    ["namespace", "id", "basis"].map(|n| Field::new(n, DataType::Utf8, true)).into_iter().collect()
}

/// The Arrow type of `access.subjects`.
pub fn subjects_type() -> DataType {
    DataType::List(Arc::new(Field::new("element", DataType::Struct(subject_fields()), true)))
}

fn schema_of(columns: Vec<Column>) -> SchemaRef {
    let field = |c: &Column| {
        let data_type = match c.kind {
            ColumnKind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            ColumnKind::Day => DataType::Date32,
            ColumnKind::Str => DataType::Utf8,
            ColumnKind::I32 => DataType::Int32,
            ColumnKind::I64 => DataType::Int64,
            ColumnKind::Subjects => subjects_type(),
        };
        Field::new(c.name, data_type, !matches!(c.kind, ColumnKind::Time | ColumnKind::Day))
    };
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// The namespace of sessions and credentials among subjects: whoever holds one is a person whom nothing else names.
pub const CREDENTIAL: &str = "credential";

/// How a subject is known from a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// The request or result names the person.
    Named,
    /// A configured map leads from a named object to the person.
    Linked,
    /// The page shows the holder of the credential used.
    CredentialHolder,
    /// Said by someone, not by the log.
    Claimed,
}

impl Basis {
    /// The word stored in the lake.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Linked => "linked",
            Self::CredentialHolder => "credential_holder",
            Self::Claimed => "claimed",
        }
    }
}

/// A person a record shows, as the log itself says it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What the id counts (`member`, `employee`): ids of different namespaces are different people.
    pub namespace: &'a str,
    /// The id as written.
    pub id: &'a str,
    /// How the record shows it.
    pub basis: Basis,
}

/// What is the same for every record of one file in one ingest.
#[derive(Clone, Debug)]
pub struct FileTag {
    /// The format: `nginx_access`.
    pub source: String,
    /// The producer: this host's nginx.
    pub sensor: String,
    /// The ingest the records belong to; they exist once its row in `intake` is committed.
    pub ingest: i64,
    /// The file's id in `files`.
    pub file: i64,
}

macro_rules! kind {
    (str) => {
        ColumnKind::Str
    };
    (text) => {
        ColumnKind::Str
    };
    (i32) => {
        ColumnKind::I32
    };
    (i64) => {
        ColumnKind::I64
    };
    (subjects) => {
        ColumnKind::Subjects
    };
}
macro_rules! finished {
    (str, $rows:expr, $column:expr) => {
        $column.finish($rows, &DataType::Utf8)
    };
    (text, $rows:expr, $column:expr) => {
        $column.finish($rows, &DataType::Utf8)
    };
    (i32, $rows:expr, $column:expr) => {
        $column.finish($rows, &DataType::Int32)
    };
    (i64, $rows:expr, $column:expr) => {
        $column.finish($rows, &DataType::Int64)
    };
    (subjects, $rows:expr, $column:expr) => {
        Arc::new($column.finish())
    };
}
/// What of a value is put into its column.
macro_rules! kept {
    (text, $value:expr) => {
        Whole($value)
    };
    ($kind:tt, $value:expr) => {
        $value
    };
}
macro_rules! row_type {
    ($a:lifetime str) => { Option<&$a str> };
    ($a:lifetime text) => { Option<&$a str> };
    ($a:lifetime i32) => { Option<i32> };
    ($a:lifetime i64) => { Option<i64> };
    ($a:lifetime subjects) => { &$a [Subject<$a>] };
}

/// Declares a part of a record table: its row struct, its columns with their documentation, and its column builders. A `str` is a name, of which no more than
/// [`NAME_BYTES_MAX`](crate::names::NAME_BYTES_MAX) are kept; a `text` is kept whole.
macro_rules! columns {
    ($(#[$meta:meta])* $row:ident, $builder:ident, $columns:ident { $( $(#[doc = $doc:literal])+ $name:ident : $kind:tt ),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $row<'a> { $( $(#[doc = $doc])+ pub $name: row_type!('a $kind), )* }

        static $columns: &[Column] = &[ $( Column { name: stringify!($name), kind: kind!($kind), doc: concat!($($doc),+) } ),* ];

        #[derive(Default)]
        struct $builder { $( $name: <row_type!('static $kind) as Put>::Builder, )* }

        impl $builder {
            fn push(&mut self, at: usize, row: &$row<'_>) { $( kept!($kind, row.$name).put(at, &mut self.$name); )* }
            fn finish(&mut self, rows: usize) -> Vec<ArrayRef> { vec![ $( finished!($kind, rows, self.$name), )* ] }
        }
    };
}

columns! {
    /// What every record table has after its time: who, from where, how it ended, and where the record stands.
    Common, CommonBuilder, COMMON_REST {
        /// OCSF class of the event.
        class_uid: i32,
        /// OCSF activity in lower case: `read`, `create`, `update`, `delete`, `logon`, `issue`, `open` ...
        activity: str,
        /// OCSF `status_id`: 1 success, 2 failure; null when the log does not say.
        status_id: i32,
        /// The log's own outcome code: HTTP status, AWS error code, Zeek connection state.
        status_code: str,
        /// Who acts, as the log names them.
        actor: str,
        /// What kind of actor: `User`, `AssumedRole`, `AWSService`, `Root` ...
        actor_type: str,
        /// Where it comes from: an IP address (or the service name that a cloud log gives instead).
        src_ip: str,
        /// The event's own id, where the format has one: CloudTrail `eventID`, Zeek `uid`.
        event_uid: str,
        /// 1-based line of the record's first line in its file.
        line: i64,
        /// Byte offset of the record in the file's decompressed content.
        offset: i64,
    }
}

columns! {
    /// One touch of data or of a resource.
    Access, AccessColumns, ACCESS_COLUMNS {
        /// HTTP method.
        http_method: str,
        /// The server asked (virtual host, API endpoint, event source).
        hostname: str,
        /// URL path as asked, percent-encoding kept, secrets replaced by fingerprints.
        path: text,
        /// URL query without `?`, secrets replaced by fingerprints; of a database, the statement with `?` for each value in it.
        query: text,
        /// Referring URL, secrets replaced by fingerprints.
        referrer: text,
        /// Client string.
        user_agent: str,
        /// Protocol and version: `HTTP/1.1`.
        protocol: str,
        /// The role or user that the actor's session was made from: for an assumed role the role's ARN, which outlives its sessions.
        actor_issuer: str,
        /// The token, session or key used: its fingerprint, or its public id (`ASIA...`).
        credential: str,
        /// Id of the key that signed the credential (`kid`).
        key_uid: str,
        /// The service called: `s3.amazonaws.com`.
        service: str,
        /// The API operation: `GetObject`.
        operation: str,
        /// The resource touched: ARN, bucket/key, table.
        resource: str,
        /// Its type.
        resource_type: str,
        /// Cloud account or tenant.
        account: str,
        /// Cloud region.
        region: str,
        /// Rows or objects returned.
        rows_out: i64,
        /// Bytes sent to the client.
        bytes_out: i64,
        /// Bytes received from the client.
        bytes_in: i64,
        /// Time taken, microseconds.
        duration_us: i64,
        /// People the log itself names in this record.
        subjects: subjects,
        /// How many people the record shows, when it gives a number without names.
        subjects_n: i64,
        /// The log's own words on an error.
        status_detail: text,
        /// Request parameters as JSON, secrets replaced.
        request: text,
        /// Response elements as JSON, secrets replaced.
        response: text,
    }
}

columns! {
    /// One sign-in, issuance or change of a credential or account.
    Auth, AuthColumns, AUTH_COLUMNS {
        /// Whose identity it is: the account signed in to, or the person a credential was issued to.
        user: str,
        /// The credential issued, used or changed: its fingerprint, or its public id (`AKIA...`).
        credential: str,
        /// What it is: `access_token`, `session`, `access_key`, `assumed_role`, `password`, `public_key` ...
        credential_type: str,
        /// Id of the key that signed it (`kid`).
        key_uid: str,
        /// When it stops being valid, RFC 3339.
        expires: str,
        /// The credential or session it was made from.
        parent: str,
        /// The role or user that the actor's session was made from: for an assumed role the role's ARN, which outlives its sessions.
        actor_issuer: str,
        /// Role, scope or group granted; target account of `sudo` and `su`.
        granted: str,
        /// The client application it was issued to.
        client_uid: str,
        /// How: `ssh`, `oidc`, `sudo`, `pam`, `sts`, `iam`, `console`.
        auth_protocol: str,
        /// By what: `password`, `publickey`, `mfa` ...
        auth_factor: str,
        /// The service or API that did it: `sshd`, `sts.amazonaws.com`.
        service: str,
        /// The API operation: `AssumeRole`.
        operation: str,
        /// The machine it happened on.
        hostname: str,
        /// Port on the client's side.
        src_port: i32,
        /// Client string.
        user_agent: str,
        /// Command run with the granted right (`sudo`).
        command: text,
        /// Cloud account or tenant.
        account: str,
        /// Cloud region.
        region: str,
        /// The log's own words on the outcome.
        status_detail: text,
        /// Request parameters as JSON, secrets replaced.
        request: text,
        /// Response elements as JSON, secrets replaced.
        response: text,
        /// How many attempts the record stands for, null for one: more where the log folds repeats into one line, 0 where the line
        /// comments on an attempt that has its own record. Attempts are the sum of this, nulls taken as 1.
        count: i64,
        /// The message as written, secrets replaced, where the format is free text.
        message: text,
    }
}

columns! {
    /// One connection.
    Flow, FlowColumns, FLOW_COLUMNS {
        /// Port on the originator's side.
        src_port: i32,
        /// The responder's address.
        dst_ip: str,
        /// Port on the responder's side.
        dst_port: i32,
        /// Transport protocol: `tcp`, `udp`, `icmp`.
        protocol: str,
        /// Application protocol, where known.
        service: str,
        /// Payload bytes from originator to responder.
        bytes_out: i64,
        /// Payload bytes from responder to originator.
        bytes_in: i64,
        /// Packets from originator.
        packets_out: i64,
        /// Packets from responder.
        packets_in: i64,
        /// Time taken, microseconds.
        duration_us: i64,
    }
}

columns! {
    /// One thing done on a machine.
    Host, HostColumns, HOST_COLUMNS {
        /// The machine.
        hostname: str,
        /// The program that wrote the message.
        process: str,
        /// Its process id.
        pid: i32,
        /// The account it acted on or for.
        user: str,
        /// Command line, secrets replaced.
        command: text,
        /// The message as written, secrets replaced.
        message: text,
    }
}

static COMMON_HEAD: &[Column] = &[
    Column { name: "time", kind: ColumnKind::Time, doc: "When the event happened, UTC." },
    Column { name: "day", kind: ColumnKind::Day, doc: "Its UTC day; the partition column." },
    Column { name: "time_basis", kind: ColumnKind::Str, doc: "`stated`, `zone_assumed` or `year_inferred`." },
];
static COMMON_COLUMNS: LazyLock<Vec<Column>> =
    LazyLock::new(|| COMMON_HEAD.iter().chain(COMMON_REST).copied().collect());
static TAG_COLUMNS: &[Column] = &[
    Column {
        name: "mark",
        kind: ColumnKind::I64,
        doc: "Fingerprint of this record and those before it, on few records: finds runs that two files share.",
    },
    Column { name: "source", kind: ColumnKind::Str, doc: "The log format: `nginx_access`." },
    Column { name: "sensor", kind: ColumnKind::Str, doc: "The producer of the log." },
    Column {
        name: "ingest",
        kind: ColumnKind::I64,
        doc: "The ingest it came with; real once `intake` has its row.",
    },
    Column { name: "file", kind: ColumnKind::I64, doc: "Its file: `files.file`." },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Micros, TimeBasis};

    #[test]
    fn rows_become_batches_that_fit_their_schema() {
        let mut records = Records::default();
        let at = (Micros(1_700_000_000_000_000), TimeBasis::Stated);
        let common = Common { actor: Some("ann"), line: Some(1), offset: Some(0), ..Common::default() };
        let people = [Subject { namespace: "member", id: "8812", basis: Basis::Named }];
        records.access(
            at,
            &common,
            &Access { path: Some("/members/8812"), subjects: &people, ..Access::default() },
        );
        records.auth(at, &common, &Auth { user: Some("ann"), ..Auth::default() });
        records.flow(at, &common, &Flow { dst_port: Some(443), ..Flow::default() });
        records.host(at, &common, &Host { pid: Some(7), ..Host::default() });
        let tag = FileTag { source: "s".into(), sensor: "x".into(), ingest: 1, file: 2 };
        let batches = records.take(&tag).unwrap();
        assert_eq!(batches.len(), 4);
        for (table, batch) in batches {
            assert_eq!(batch.schema(), table.schema());
            assert_eq!(batch.num_rows(), 1);
        }
        assert_eq!(records.rows(), 0);
        assert_eq!(records.seen(), Some((at.0, at.0)));
    }

    #[test]
    fn an_endless_name_is_kept_short_and_a_text_whole() {
        let mut records = Records::default();
        let (long, at) = ("x".repeat(1 << 20), (Micros(0), TimeBasis::Stated));
        let common = Common { actor: Some(&long), ..Common::default() };
        let people = [Subject { namespace: "member", id: &long, basis: Basis::Named }];
        records.access(at, &common, &Access { path: Some(&long), subjects: &people, ..Access::default() });
        let tag = FileTag { source: "s".into(), sensor: "x".into(), ingest: 1, file: 2 };
        let (_, batch) = records.take(&tag).unwrap().pop().unwrap();
        let bytes = |name| batch.column_by_name(name).unwrap().to_data().get_slice_memory_size().unwrap();
        assert!(bytes("actor") < 8_000 && bytes("subjects") < 8_000 && bytes("path") >= long.len());
    }

    #[test]
    fn every_column_is_documented_and_named_once() {
        for table in Table::ALL {
            let mut names: Vec<_> = table.columns().iter().map(|c| c.name).collect();
            assert!(
                table.columns().iter().all(|c| c.doc.trim().ends_with('.') || c.doc.trim().ends_with("..."))
            );
            names.sort_unstable();
            let n = names.len();
            names.dedup();
            assert_eq!(n, names.len());
        }
    }
}
