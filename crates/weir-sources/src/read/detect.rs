//! Which source a file belongs to, by its head.
//!
//! Decisive choice: a claim is tested. What a source only may read (`Sure::Maybe`) must parse for at least half of the head's
//! records; what it likely reads must parse at all. A file is named as unrecognised rather than read as rejects.

use super::account::Account;
use super::frame::{Framer, Piece};
use crate::source::{At, FileOptions, Framing, Head, Source, Sure};
use crate::sources;
use weir_model::Records;

/// The source of a file, and what its parser learned of the sensor from the head.
pub struct Detected {
    /// The source.
    pub source: &'static dyn Source,
    /// The sensor by content.
    pub sensor: Option<String>,
}

/// Finds the source of a file: the surest by its head whose claim holds; of equal ones the one that parses more of the head, then
/// the one registered first. `Err` says why there is none. `whole` when the head is all of the content.
pub fn detect(head: &Head<'_>, options: &FileOptions, whole: bool) -> Result<Detected, String> {
    let mut claims: Vec<(Sure, &'static dyn Source)> =
        sources::all().iter().map(|s| (s.recognise(head), *s)).filter(|(sure, _)| *sure > Sure::No).collect();
    claims.sort_by_key(|(sure, _)| std::cmp::Reverse(*sure));
    let mut best: Option<(Sure, u64, u64, Detected)> = None;
    for (sure, source) in claims {
        if best.as_ref().is_some_and(|(better, ..)| *better > sure) {
            break;
        }
        let (account, sensor) = trial(source, head, options, whole);
        let (parsed, all) = (account.parsed, account.parsed + account.rejected);
        let holds = match sure {
            Sure::Certain => true,
            Sure::Likely => parsed > 0 || all == 0,
            _ => parsed > 0 && parsed * 2 >= all,
        };
        // More of the head parsed: a larger share, compared without dividing.
        let better = best.as_ref().is_none_or(|(_, p, a, _)| parsed * a > p * all);
        if holds && better {
            best = Some((sure, parsed, all, Detected { source, sensor }));
        }
    }
    best.map(|(.., detected)| detected).ok_or_else(|| format!("no known format: {}", looks_like(head.bytes)))
}

/// Parses the head with a source, keeping nothing but the account and the sensor.
pub(super) fn trial(
    source: &'static dyn Source,
    head: &Head<'_>,
    options: &FileOptions,
    whole: bool,
) -> (Account, Option<String>) {
    let mut parser = source.parser(head, options);
    let (mut account, mut records) = (Account::default(), Records::default());
    let lines = source.framing() == Framing::Lines;
    let mut framer = Framer::new(source.framing(), At { line: 1, offset: 0 });
    let mut sink =
        |piece: Piece<'_>| account.take(piece, lines, parser.as_mut(), &mut records, |_, _, _, _| {});
    framer.push(head.bytes, &mut sink);
    if whole {
        framer.finish(&mut sink);
    }
    (account, parser.sensor())
}

/// First bytes of files that are often found among logs and are none.
const MARKS: &[(&[u8], &str)] = &[
    (b"ElfFile\0", "Windows event log"),
    (b"\x7FELF", "program"),
    (b"MZ", "program"),
    (b"PK\x03\x04", "zip archive"),
    (b"PAR1", "Parquet file"),
    (b"SQLite format 3", "SQLite database"),
    (b"\xD4\xC3\xB2\xA1", "packet capture"),
    (b"\x0A\x0D\x0D\x0A", "packet capture"),
    (b"\xFD7zXZ\0", "xz-compressed data"),
    (b"BZh", "bzip2-compressed data"),
    (b"7z\xBC\xAF\x27\x1C", "7-zip archive"),
    (b"%PDF", "PDF document"),
    (b"\x89PNG", "image"),
    (b"\xFF\xD8\xFF", "image"),
];

fn looks_like(head: &[u8]) -> &'static str {
    if head.is_empty() {
        return "the file is empty";
    }
    if let Some((_, what)) = MARKS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return what;
    }
    let odd = head
        .iter()
        .filter(|b| **b == 0x7F || (**b < 0x20 && !matches!(**b, b'\t' | b'\n' | b'\r' | 0x0C | 0x1B | 0x1E)))
        .count();
    if odd * 10 > head.len() {
        return "binary content";
    }
    let start = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    match start.first() {
        None => "only blank lines",
        Some(b'{' | b'[')
            if start.get(1..).unwrap_or_default().trim_ascii_start().starts_with(b"\"")
                || start.starts_with(b"[{") =>
        {
            "JSON without the fields of any source"
        }
        Some(b'<') => "XML or HTML",
        _ => "text in no format of any source",
    }
}
