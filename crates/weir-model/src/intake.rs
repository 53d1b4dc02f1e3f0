//! The intake account: every byte read is accounted for, per file.

use crate::Micros;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A record that could not be read, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reject {
    /// 1-based line of its first line.
    pub line: i64,
    /// Byte offset in the decompressed content.
    pub offset: i64,
    /// Its length in bytes.
    pub bytes: i64,
    /// Why, in a few fixed words (counted in [`Intake::reasons`]).
    pub reason: String,
    /// The first bytes of it, secrets replaced, lossy UTF-8, at most [`REJECT_TEXT_MAX`] bytes.
    pub text: String,
}

/// How much of a rejected record is kept, in bytes.
pub const REJECT_TEXT_MAX: usize = 512;

/// Why a thing that lies among the logs is none, so that nothing is missing when it is not read.
pub const NO_LOG: [&str; 2] = ["not a regular file", "a link to a folder above it"];

/// What became of one file: `records = parsed + rejected + duplicates`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Intake {
    /// Path as given, relative to the folder named on the command line.
    pub path: String,
    /// SHA-256 of the decompressed content, lower-case hex; null when the file could not be read to its end.
    pub sha256: Option<String>,
    /// Bytes of the file as it lies on disk.
    pub bytes: u64,
    /// Bytes after decompression that were read.
    pub content_bytes: u64,
    /// Bytes of decompressed content that no source understood (unrecognised file, or after an unreadable point).
    pub bytes_unread: u64,
    /// The format, null when not recognised.
    pub source: Option<String>,
    /// The producer.
    pub sensor: Option<String>,
    /// Records found: parsed, rejected and duplicate ones.
    pub records: u64,
    /// Records now in the lake.
    pub parsed: u64,
    /// Records that could not be read.
    pub rejected: u64,
    /// Records that were already in the lake.
    pub duplicates: u64,
    /// Physical lines of content.
    pub lines: u64,
    /// Lines that hold no record: blank ones, headers, comments.
    pub lines_without_record: u64,
    /// Earliest event time among parsed records.
    pub first_time: Option<Micros>,
    /// Latest event time among parsed records.
    pub last_time: Option<Micros>,
    /// Rejected and duplicate records by reason; why the file was not read, where it was not.
    pub reasons: BTreeMap<String, u64>,
    /// The ingest that read it.
    pub ingest: i64,
    /// The file's id in the lake.
    pub file: i64,
}

/// Why a file was not read to its end: it was cut, as one that is still written or was copied in part.
pub const ENDS_EARLY: &str = "compressed data ends early";
/// Why a file was not read to its end: what follows is not what its format says.
pub const DAMAGED: &str = "compressed data is damaged";
/// Why a file was not read to its end: the disk, or whoever serves it, failed.
pub const UNREADABLE: &str = "the file could not be read further";

impl Intake {
    /// Why it was not read, or not to its end: beside that, [`Intake::reasons`] have those of its records.
    #[must_use]
    pub fn why(&self) -> String {
        let cut = [ENDS_EARLY, DAMAGED, UNREADABLE].into_iter().find(|cut| self.reasons.contains_key(*cut));
        let all = || self.reasons.keys().map(String::as_str).collect::<Vec<_>>().join("; ");
        cut.map_or_else(all, str::to_owned)
    }

    /// Whether something of it may be evidence and could not be read: it is damaged, or cannot be opened.
    #[must_use]
    pub fn cut_short(&self) -> bool {
        self.sha256.is_none() && self.is_log()
    }

    /// Whether it is a file that could hold records, and no pipe or folder.
    pub fn is_log(&self) -> bool {
        !self.reasons.keys().any(|reason| NO_LOG.contains(&reason.as_str()))
    }

    /// Whether every record is accounted for.
    pub fn balanced(&self) -> bool {
        self.records == self.parsed + self.rejected + self.duplicates
    }
}
