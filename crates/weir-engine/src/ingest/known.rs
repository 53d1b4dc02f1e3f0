//! Whether a file was read before: whole, or up to where it has grown since.

use crate::EngineError;
use crate::walk::Input;
use weir_lake::{Ingest, KnownFile};
use weir_model::intake::Intake;
use weir_sources::read::{FileReader, Opened, ReadBefore, Resumed};

/// Lengths of content that are fingerprinted to find known files: a file is filed under the longest that it fills, so that it is
/// found again after it has grown past the next.
const HEAD_LENGTHS: [u64; 7] = [16, 64, 256, 1024, 4096, 16 << 10, 64 << 10];

/// Lines from which on a known file that another sensor's log begins with is its beginning; below, unless it is all of it, both may have logged so much
/// alike.
const ALIKE_MIN: u64 = 64;

/// What of a file is known.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// Ids of the segments that were read, in order.
    pub files: Vec<i64>,
    /// Bytes of content read before and not read again.
    pub bytes: u64,
    /// Physical lines in them.
    pub lines: u64,
    /// Lines that were rejected half-written and read again, whole, since.
    pub superseded: u64,
}

/// The fingerprints of a file's head, by length, shortest first; for a file shorter than all of them, of the whole.
pub(super) fn heads(opened: &Opened) -> Vec<(u64, String)> {
    let (whole, len) = opened.head_fingerprint();
    let fits = HEAD_LENGTHS.iter().filter(|n| **n <= len);
    let mut found: Vec<(u64, String)> =
        fits.filter_map(|n| Some((*n, opened.head_fingerprint_of(*n)?))).collect();
    if found.is_empty() {
        found.push((len, whole));
    }
    found
}

/// A file's id: from where it lies, how it begins and where reading began; positive.
pub(super) fn file_id(rel: &str, heads: &[(u64, String)], start: u64) -> i64 {
    let head = heads.last().map(|(_, h)| h.as_str()).unwrap_or_default();
    let digest = blake3::hash(format!("{rel}\0{head}\0{start}").as_bytes());
    let first = digest.as_bytes().first_chunk::<8>().copied().unwrap_or_default();
    i64::from_le_bytes(first) & i64::MAX
}

/// Known files that begin alike, the one read furthest first.
pub(super) async fn find(
    ingest: &mut Ingest,
    heads: &[(u64, String)],
) -> Result<Vec<KnownFile>, EngineError> {
    let mut known = Vec::new();
    for (_, head) in heads {
        known.extend(ingest.known_files(head).await?);
    }
    known.retain(|k| k.sha256.is_some());
    known.sort_by(|a, b| b.content_bytes.cmp(&a.content_bytes).then_with(|| a.cmp(b)));
    Ok(known)
}

/// A reader of what follows the longest known beginning of a file; `None` when it begins like none that is known.
pub(super) fn resume(
    known: &[KnownFile],
    input: &Input,
    open: &dyn Fn() -> Result<Opened, Box<Intake>>,
    ingest: i64,
) -> Result<Option<(FileReader, Known)>, EngineError> {
    let mut tried: Option<(u64, Option<&str>)> = None;
    for file in known {
        let this = (file.content_bytes, file.sha256.as_deref());
        if tried.replace(this) == Some(this) {
            continue;
        }
        let Ok(opened) = open() else { return Ok(None) };
        // That two sensors say the same for a while is no proof that one's log is the other's.
        let other = file.sensor.as_deref() != Some(opened.sensor()) && file.bytes != input.bytes;
        if other && file.lines < ALIKE_MIN {
            continue;
        }
        let id = file_id(&input.rel, &heads(&opened), file.content_bytes);
        let read = ReadBefore { bytes: file.content_bytes, lines: file.lines, half: file.half };
        let Some(Resumed { reader, sha256, again }) = opened.start_after(ingest, id, &read) else {
            continue;
        };
        if Some(sha256.as_str()) == file.sha256.as_deref() {
            let bytes = file.content_bytes - if again { file.half } else { 0 };
            let lines = file.lines - u64::from(again);
            let (files, superseded) = segments(known, file);
            let superseded = superseded + u64::from(again);
            return Ok(Some((reader, Known { files, bytes, lines, superseded })));
        }
    }
    Ok(None)
}

/// The segments that led to a known end: the file that was read from 0, and each tail that began where another ended, or before its
/// half-written last line; and how many such lines there are.
fn segments(known: &[KnownFile], last: &KnownFile) -> (Vec<i64>, u64) {
    let mut chain = vec![last.file];
    let (mut start, mut superseded) = (last.start, 0);
    while start > 0 {
        let ends_there = |k: &&KnownFile| k.content_bytes == start || k.content_bytes - k.half == start;
        let Some(before) = known.iter().filter(|k| k.start < start).find(ends_there) else { break };
        superseded += u64::from(before.content_bytes > start);
        chain.push(before.file);
        start = before.start;
    }
    chain.reverse();
    (chain, superseded)
}
