//! What a log source is: the one trait that every format implements.

use std::collections::BTreeMap;
use weir_model::{Records, TimeBasis};

/// How a file's bytes fall into records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// One record a line.
    Lines,
    /// JSON: one object a line, objects one after the other, or objects in an array under this key at the top
    /// (`{"Records": [...]}`), or in a top-level array; pretty-printed or not, streamed.
    Json {
        /// The key of the array.
        array_key: Option<&'static str>,
    },
}

/// How sure a source is that a file is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sure {
    /// It is not.
    No,
    /// It could be (a general format that fits many logs).
    Maybe,
    /// It fits.
    Likely,
    /// It carries the format's own marks.
    Certain,
}

/// The head of a file, decompressed: what a source decides on.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The first bytes (up to 64 KiB), cut after the last whole line where there is one.
    pub bytes: &'a [u8],
    /// Path relative to the folder given; content decides, a name may only break ties.
    pub path: &'a str,
}

/// What a configuration says of a file.
#[derive(Clone, Debug, Default)]
pub struct FileOptions {
    /// Column of the record table to field of the log.
    pub fields: BTreeMap<String, String>,
    /// Zone for stamps without offset.
    pub time_zone: Option<jiff::tz::TimeZone>,
    /// For stamps without a year: the latest year the file's last record can have (file time, rotation date or neighbouring
    /// logs), where known.
    pub year_hint: Option<i16>,
    /// Keyed fingerprints for secrets.
    pub fingerprints: crate::secrets::Fingerprints,
}

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// 1-based line of its first line.
    pub line: i64,
    /// Byte offset in the decompressed content.
    pub offset: i64,
}

/// What became of one record's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// One row (or more) was pushed.
    Parsed,
    /// The bytes hold no record: a header, a comment.
    NoRecord,
    /// They could not be read; the reason in a few fixed words (they are counted by reason).
    Rejected(&'static str),
}

/// A log format.
pub trait Source: Sync {
    /// Its name, manual page and tables.
    fn info(&self) -> &'static Info;
    /// How records are framed.
    fn framing(&self) -> Framing;
    /// How sure it is of a file by its head.
    fn recognise(&self, head: &Head<'_>) -> Sure;
    /// A parser for one file; it may keep state (a Zeek header, the year so far).
    fn parser(&self, head: &Head<'_>, options: &FileOptions) -> Box<dyn Parser>;
}

/// The parser of one file.
pub trait Parser: Send {
    /// Reads one record's bytes (a line without its end, or one JSON value) and pushes what it holds.
    fn record(&mut self, at: At, bytes: &[u8], out: &mut Records) -> Outcome;
    /// The sensor by content, once known: a host name, an account and region. Asked after the head was parsed.
    fn sensor(&self) -> Option<String> {
        None
    }
}

/// What a source says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Info {
    /// `nginx_access`.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Manual page, Markdown: what it reads, what each field becomes, blind spots, references.
    pub manual: &'static str,
    /// Record tables it fills.
    pub tables: &'static [weir_model::Table],
}

/// The basis of an instant that a log stamps without an offset.
pub fn assumed(configured: bool) -> TimeBasis {
    if configured { TimeBasis::Stated } else { TimeBasis::ZoneAssumed }
}
