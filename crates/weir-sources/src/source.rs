//! What a log source is: the one trait that every format implements.

use std::borrow::Cow;
use std::collections::BTreeMap;
use weir_model::{Micros, Records, TimeBasis};

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
    /// Comma-separated records; quoted fields may hold line ends, the first field begins with a date.
    Csv,
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
    /// Name of the sensor; derived from content and path when absent.
    pub sensor: Option<String>,
    /// Column of the record table to field of the log.
    pub fields: BTreeMap<String, String>,
    /// Zone for stamps without offset.
    pub time_zone: Option<jiff::tz::TimeZone>,
    /// For stamps without a year: the latest year the file's last record can have (file time, rotation date or neighbouring
    /// logs), where known.
    pub year_hint: Option<i16>,
    /// For stamps without a year: the year of the first record to be read, where a [`Survey`] found it.
    pub year_first: Option<i16>,
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
    /// A first pass over the records to be read, for a format that cannot read its first record without having seen its last.
    fn survey(&self, _head: &Head<'_>, _options: &FileOptions) -> Option<Box<dyn Survey>> {
        None
    }
    /// A parser for one file; it may keep state (a Zeek header, the year so far).
    fn parser(&self, head: &Head<'_>, options: &FileOptions) -> Box<dyn Parser>;
}

/// What has to be known of a file before its first record can be read: stamps without a year take theirs from the *last* record's
/// year and the New Years before it. The reader shows it every record that it will parse (the new tail only, of a file that grew),
/// before it asks for the parser; input that cannot be read twice goes without, and the parser judges by the head alone.
pub trait Survey: Send {
    /// Sees one record's bytes.
    fn record(&mut self, bytes: &[u8]);
    /// Notes what was found where the parser will look.
    fn finish(self: Box<Self>, options: &mut FileOptions);
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

/// A record's bytes as text: what is no UTF-8 becomes U+FFFD. Nearly all of it is, which is told faster than where it is not.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Reason of a reject whose instant no log of ours can have.
pub const TIME_OUT_OF_RANGE: &str = "time out of range";

/// An instant in the years 1970 to 2100, the only ones a record may have; every source puts its times through this, so that one
/// corrupt stamp cannot stretch the period that rollups, baselines and reports cover.
pub fn in_range(at: Micros) -> Result<Micros, &'static str> {
    /// 2101-01-01T00:00:00Z.
    const END: i64 = 47_847 * weir_model::time::DAY_US;
    if (0..END).contains(&at.0) { Ok(at) } else { Err(TIME_OUT_OF_RANGE) }
}

/// The basis of an instant that a log stamps without an offset.
pub fn assumed(configured: bool) -> TimeBasis {
    if configured { TimeBasis::Stated } else { TimeBasis::ZoneAssumed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_years_1970_to_2100_are_in_range() {
        let at = |s: &str| in_range(Micros::parse(s).unwrap()).is_ok();
        assert!(at("1970-01-01T00:00:00Z") && at("2100-12-31T23:59:59.999999Z"));
        assert!(!at("1969-12-31T23:59:59Z") && !at("2101-01-01T00:00:00Z"));
        assert_eq!(in_range(Micros(i64::MAX)), Err(TIME_OUT_OF_RANGE));
    }
}
