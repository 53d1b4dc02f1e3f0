//! One file, from its path to batches and its account.

use super::account::{Account, reject};
use super::detect::{Detected, detect, trial};
use super::frame::{Framer, Piece};
use super::open::Content;
use super::utf16::{MARK_BYTES, Utf16};
use super::{HEAD_MAX, LOOKED_MAX, sensor_of_path, year_of_name};
use crate::source::{At, FileOptions, Framing, Head, Parser, Source};
use crate::sources;
use arrow_array::RecordBatch;
use std::io::Read;
use std::path::{Path, PathBuf};
use weir_model::intake::{Intake, Reject};
use weir_model::{FileTag, Records, Table};

/// A chunk ends once it has this many rows.
const CHUNK_ROWS: usize = 16 << 10;
/// A chunk that has any row or reject ends once this much content was read for it, however long its records are.
const CHUNK_BYTES: u64 = 16 << 20;
/// A chunk ends once it has this many rejects.
const CHUNK_REJECTS: usize = 4 << 10;

/// A file that a source recognised, not yet read beyond its head.
pub struct Opened {
    content: Content,
    head: Vec<u8>,
    /// How much of it its format was told by, at most.
    looked: usize,
    whole: bool,
    detected: Detected,
    sensor: String,
    options: FileOptions,
    path: String,
    /// Where it lies, when it can be read twice.
    again: Option<PathBuf>,
    disk_bytes: u64,
}

/// How far a file was read before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadBefore {
    /// Bytes of content.
    pub bytes: u64,
    /// Physical lines in them, an unterminated last one included.
    pub lines: u64,
    /// Bytes of a last line that was rejected for want of its end.
    pub half: u64,
}

/// A reader of what follows content that was read before.
pub struct Resumed {
    /// The reader.
    pub reader: FileReader,
    /// SHA-256 of the content before.
    pub sha256: String,
    /// Whether the half-written line is read again.
    pub again: bool,
}

/// Reads one file to its end, chunk by chunk.
pub struct FileReader {
    content: Content,
    /// Content read already and not yet framed.
    ready: Vec<u8>,
    utf16: Option<Utf16>,
    framer: Framer,
    lines: bool,
    parser: Box<dyn Parser>,
    records: Records,
    account: Account,
    /// Records parsed since the last batch was taken.
    untaken: u64,
    tag: FileTag,
    options: FileOptions,
    path: String,
    disk_bytes: u64,
    ended: bool,
    /// Where the last reject ends, and its length.
    last_reject: (i64, i64),
}

/// Rows and rejects, in the file's order.
#[derive(Debug, Default)]
pub struct Chunk {
    /// At most one batch a table.
    pub batches: Vec<(Table, RecordBatch)>,
    /// What could not be read.
    pub rejects: Vec<Reject>,
}

impl FileReader {
    /// Opens a file and decides its format (`forced` names a source and wins). `Err` is the account of a file that is not read: it
    /// cannot be opened, or no source recognises it.
    ///
    /// Where `options.year_hint` is absent it becomes the year of the date in the file's name, else of the gzip header, else, as a
    /// last resort, of the file's modification.
    pub fn open(
        path: &Path,
        rel_path: &str,
        options: &FileOptions,
        forced: Option<&str>,
    ) -> Result<Opened, Box<Intake>> {
        let unread = |reason: String, bytes: u64| {
            let reasons = [(reason, 1)].into();
            Box::new(Intake {
                path: rel_path.to_owned(),
                bytes,
                bytes_unread: bytes,
                reasons,
                ..Intake::default()
            })
        };
        let unopened = |e: std::io::Error| unread(format!("cannot be opened: {}", e.kind()), 0);
        // Opening a pipe waits for somebody to write into it.
        let meta = std::fs::metadata(path).map_err(unopened)?;
        if !meta.is_file() {
            return Err(unread("not a regular file".to_owned(), 0));
        }
        let file = std::fs::File::open(path).map_err(unopened)?;
        let modified = meta.modified().ok().and_then(|t| jiff::Timestamp::try_from(t).ok());
        let opened = Self::open_content(Box::new(file), meta.len(), modified, rel_path, options, forced)?;
        Ok(Opened { again: Some(path.to_owned()), ..opened })
    }

    /// As [`FileReader::open`], of bytes as they lie on disk.
    pub fn open_content(
        disk: Box<dyn Read + Send>,
        disk_bytes: u64,
        modified: Option<jiff::Timestamp>,
        rel_path: &str,
        options: &FileOptions,
        forced: Option<&str>,
    ) -> Result<Opened, Box<Intake>> {
        let mut content = Content::new(disk);
        let mut head = Vec::with_capacity(HEAD_MAX);
        let mut whole = more(&mut content, &mut head, HEAD_MAX);
        let mut options = options.clone();
        options.year_hint = options.year_hint.or_else(|| year_of_name(rel_path)).or_else(|| {
            let packed = content.gzip_time.and_then(|t| jiff::Timestamp::from_second(i64::from(t)).ok());
            packed.or(modified).map(|t| jiff::tz::TimeZone::UTC.to_datetime(t).year())
        });
        let by_all = |text: &[u8], whole: bool| {
            let seen = Head { bytes: text, path: rel_path };
            match forced {
                None => detect(&seen, &options, whole),
                Some(name) => sources::by_name(name)
                    .ok_or_else(|| format!("no source is named `{name}`"))
                    .map(|source| {
                        let (_, sensor) = trial(source, &seen, &options, whole);
                        Detected { source, sensor }
                    }),
            }
        };
        // Of a file that was cut at its beginning, as a rotation by copying leaves it, the first line is half of one.
        let look = |text: &[u8], whole: bool| {
            let rest = memchr::memchr(b'\n', text).and_then(|end| text.get(end + 1..));
            let rest = rest.filter(|rest| memchr::memchr_iter(b'\n', rest).count() >= LINES_MIN);
            by_all(text, whole).or_else(|reason| by_all(rest.unwrap_or_default(), whole).map_err(|_| reason))
        };
        let mut looked = HEAD_MAX;
        let mut detected = look(&head_text(&head, looked, whole), whole);
        // One line may fill what is looked at: whoever writes it must not hide the others.
        if detected.is_err() && !whole && forced.is_none() {
            looked = LOOKED_MAX;
            whole = more(&mut content, &mut head, looked);
            detected = look(&head_text(&head, looked, whole), whole);
        }
        match detected {
            Ok(detected) => {
                let sensor = options.sensor.clone().or_else(|| detected.sensor.clone());
                let sensor = sensor.unwrap_or_else(|| sensor_of_path(rel_path));
                let path = rel_path.to_owned();
                Ok(Opened {
                    content,
                    head,
                    looked,
                    whole,
                    detected,
                    sensor,
                    options,
                    path,
                    again: None,
                    disk_bytes,
                })
            }
            Err(reason) => Err(Box::new(unrecognised(content, reason, rel_path, disk_bytes))),
        }
    }

    /// The file's id in the lake.
    pub fn file(&self) -> i64 {
        self.tag.file
    }

    /// The next rows and rejects; `None` at the end.
    pub fn next_chunk(&mut self) -> Option<Chunk> {
        let mut rejects = Vec::new();
        let began = self.content.read;
        while !self.ended && self.records.rows() < CHUNK_ROWS && rejects.len() < CHUNK_REJECTS {
            let is_any = self.records.rows() > 0 || !rejects.is_empty();
            if is_any && self.content.read.saturating_sub(began) >= CHUNK_BYTES {
                break;
            }
            self.advance(&mut rejects);
        }
        let parsed = std::mem::take(&mut self.untaken);
        let batches = self.records.take(&self.tag).unwrap_or_else(|_| {
            // Builders and schema come from one list, so this is a defect of ours; even then no record is lost from the account.
            self.account.parsed -= parsed;
            self.account.rejected += parsed;
            *self.account.reasons.entry("rows do not fit their table".to_owned()).or_default() += parsed;
            Vec::new()
        });
        (!batches.is_empty() || !rejects.is_empty()).then_some(Chunk { batches, rejects })
    }

    /// Frames and parses the next block.
    fn advance(&mut self, rejects: &mut Vec<Reject>) {
        let before = self.account.parsed;
        let Self {
            content,
            ready,
            utf16,
            framer,
            lines,
            parser,
            records,
            account,
            options,
            ended,
            last_reject,
            ..
        } = self;
        let mut sink = |piece: Piece<'_>| {
            account.take(piece, *lines, parser.as_mut(), records, |at, len, bytes, reason| {
                *last_reject = (at.offset + len, len);
                rejects.push(reject(at, len, bytes, reason, &options.fingerprints));
            });
        };
        let taken = std::mem::take(ready);
        let block = if taken.is_empty() { content.next() } else { &taken };
        let mut converted = Vec::new();
        if block.is_empty() {
            *ended = true;
            if let Some(utf16) = utf16 {
                utf16.finish(&mut converted);
                framer.push(&converted, &mut sink);
            }
            framer.finish(&mut sink);
        } else if let Some(utf16) = utf16 {
            utf16.push(block, &mut converted);
            framer.push(&converted, &mut sink);
        } else {
            framer.push(block, &mut sink);
        }
        self.untaken += self.account.parsed - before;
    }

    /// Bytes of a last line without an end that was rejected: probably half-written, and whole when the file has grown. Known after
    /// [`FileReader::next_chunk`] gave `None`.
    pub fn half_line(&self) -> u64 {
        let (end, len) = self.last_reject;
        let at_end = u64::try_from(end).is_ok_and(|end| end == self.content.read);
        if self.lines && self.utf16.is_none() && at_end { u64::try_from(len).unwrap_or(0) } else { 0 }
    }

    /// SHA-256 of the content so far: of the whole after [`FileReader::next_chunk`] gave `None`, or of what came before the damage.
    pub fn sha256(&self) -> String {
        self.content.sha256()
    }

    /// The file's account. What was not yet read is read first (and its rows dropped from the answer, not from the account: call it
    /// after [`FileReader::next_chunk`] gave `None`).
    pub fn finish(mut self) -> Intake {
        while self.next_chunk().is_some() {}
        let Account { parsed, rejected, mut reasons, lines_with_record, .. } = self.account;
        let damage = self.content.damage;
        if let Some(reason) = damage {
            *reasons.entry(reason.to_owned()).or_default() += 1;
        }
        let lines = self.framer.lines();
        let seen = self.records.seen();
        Intake {
            path: self.path,
            sha256: damage.is_none().then(|| self.content.sha256()),
            bytes: self.disk_bytes,
            content_bytes: self.content.read,
            bytes_unread: if damage.is_some() {
                self.disk_bytes.saturating_sub(self.content.disk_used())
            } else {
                0
            },
            source: Some(self.tag.source),
            sensor: Some(self.tag.sensor),
            records: parsed + rejected,
            parsed,
            rejected,
            duplicates: 0,
            lines: lines.unsigned_abs(),
            lines_without_record: (lines - lines_with_record).max(0).unsigned_abs(),
            first_time: seen.map(|(first, _)| first),
            last_time: seen.map(|(_, last)| last),
            reasons,
            ingest: self.tag.ingest,
            file: self.tag.file,
        }
    }
}

impl Opened {
    /// The source that will read it.
    pub fn source(&self) -> &'static dyn Source {
        self.detected.source
    }

    /// The sensor: configured, else by content, else by path.
    pub fn sensor(&self) -> &str {
        &self.sensor
    }

    /// The latest year the file's last record can have, for stamps without one.
    pub fn year_hint(&self) -> Option<i16> {
        self.options.year_hint
    }

    /// Hash of the first 64 KiB of content (all of it when shorter), and how many bytes that is.
    pub fn head_fingerprint(&self) -> (String, u64) {
        let head = self.head.get(..HEAD_MAX).unwrap_or(&self.head);
        (blake3::hash(head).to_hex().to_string(), head.len() as u64)
    }

    /// The same hash of the first `len` bytes, to compare with a known file that was shorter; `None` where there are fewer, or `len`
    /// is more than 64 KiB.
    pub fn head_fingerprint_of(&self, len: u64) -> Option<String> {
        let len = usize::try_from(len).ok().filter(|n| *n <= HEAD_MAX)?;
        Some(blake3::hash(self.head.get(..len)?).to_hex().to_string())
    }

    /// Reads from the start.
    pub fn start(self, ingest: i64, file: i64) -> FileReader {
        self.reader(ingest, file, At { line: 1, offset: 0 }, None)
    }

    /// Reads what follows the first `offset` bytes of content, which are `lines` lines; gives their SHA-256 as well, so that the
    /// caller can tell whether they are the file it knows. The account then is of the tail, but for `content_bytes` and `sha256`,
    /// which are of the whole. `None` when the file is shorter than that: it is another one; open it again.
    pub fn start_at(self, ingest: i64, file: i64, offset: u64, lines: u64) -> Option<(FileReader, String)> {
        self.start_after(ingest, file, &ReadBefore { bytes: offset, lines, half: 0 })
            .map(|r| (r.reader, r.sha256))
    }

    /// As [`Opened::start_at`], after content that ended in a half-written line: where the file has grown, that line is read again, whole.
    pub fn start_after(mut self, ingest: i64, file: i64, read: &ReadBefore) -> Option<Resumed> {
        let skip = usize::try_from(read.bytes).ok()?;
        if !skip.is_multiple_of(2) && Utf16::marked(&self.head).is_some() {
            return None;
        }
        let half = usize::try_from(read.half).ok()?;
        let mut last = Vec::new();
        let mut keep = |bytes: &[u8]| {
            last.extend_from_slice(bytes.get(bytes.len().saturating_sub(half)..).unwrap_or_default());
            last.drain(..last.len().saturating_sub(half));
        };
        let mut hash = <sha2::Sha256 as sha2::Digest>::new();
        let (mut left, mut block) = (skip, self.head.clone());
        while left >= block.len() && left > 0 {
            sha2::Digest::update(&mut hash, &block);
            keep(&block);
            left -= block.len();
            block = self.content.next().to_vec();
            if block.is_empty() && left > 0 {
                return None;
            }
        }
        let (skipped, rest) = block.split_at_checked(left)?;
        sha2::Digest::update(&mut hash, skipped);
        keep(skipped);
        let mut rest = rest.to_vec();
        if half > 0 && rest.is_empty() {
            rest = self.content.next().to_vec();
        }
        let again = half > 0 && last.len() == half && !rest.is_empty();
        let (mut lines, mut offset) = (i64::try_from(read.lines).ok()?, i64::try_from(read.bytes).ok()?);
        if again {
            last.extend_from_slice(&rest);
            rest = last;
            lines -= 1;
            offset -= i64::try_from(half).ok()?;
        }
        let sha256 = super::open::hex(&sha2::Digest::finalize(hash));
        let at = At { line: lines.checked_add(1)?, offset };
        Some(Resumed { reader: self.reader(ingest, file, at, Some(rest)), sha256, again })
    }

    fn reader(self, ingest: i64, file: i64, at: At, ready: Option<Vec<u8>>) -> FileReader {
        let source = self.detected.source;
        let text = head_text(&self.head, self.looked, self.whole);
        let head = Head { bytes: &text, path: &self.path };
        let mut options = self.options;
        super::survey::run(source, &head, self.again.as_deref(), at, &mut options);
        let parser = source.parser(&head, &options);
        let tag = FileTag { source: source.info().name.to_owned(), sensor: self.sensor, ingest, file };
        let utf16 = Utf16::marked(&self.head);
        let mut ready = ready.unwrap_or(self.head);
        if utf16.is_some() && at.offset == 0 {
            ready.drain(..MARK_BYTES.min(ready.len()));
        }
        FileReader {
            content: self.content,
            ready,
            utf16,
            framer: Framer::new(source.framing(), at),
            lines: source.framing() == Framing::Lines,
            parser,
            records: Records::default(),
            account: Account::default(),
            untaken: 0,
            tag,
            options,
            path: self.path,
            disk_bytes: self.disk_bytes,
            ended: false,
            last_reject: (-1, 0),
        }
    }
}

/// Lines that tell a format without the first.
const LINES_MIN: usize = 8;

/// Reads on until the head has so many bytes; says whether the content ended before.
fn more(content: &mut Content, head: &mut Vec<u8>, bytes: usize) -> bool {
    while head.len() < bytes {
        let block = content.next();
        if block.is_empty() {
            return true;
        }
        head.extend_from_slice(block);
    }
    false
}

/// The head as sources see it: UTF-8, at most so many bytes, cut after its last whole line where there is one.
fn head_text(head: &[u8], bytes_max: usize, whole: bool) -> Vec<u8> {
    let mut text = Vec::new();
    if let Some(mut utf16) = Utf16::marked(head) {
        utf16.push(head.get(MARK_BYTES..).unwrap_or_default(), &mut text);
    } else {
        text.extend_from_slice(head.get(..bytes_max).unwrap_or(head));
    }
    if !whole && let Some(end) = memchr::memrchr(b'\n', &text) {
        text.truncate(end + 1);
    }
    text
}

/// The account of a file that no source reads: its content is measured and hashed, so that it is named.
fn unrecognised(mut content: Content, reason: String, path: &str, disk_bytes: u64) -> Intake {
    while !content.next().is_empty() {}
    let mut reasons = std::collections::BTreeMap::from([(reason, 1)]);
    if let Some(damage) = content.damage {
        reasons.insert(damage.to_owned(), 1);
    }
    Intake {
        path: path.to_owned(),
        sha256: content.damage.is_none().then(|| content.sha256()),
        bytes: disk_bytes,
        content_bytes: content.read,
        bytes_unread: content.read,
        reasons,
        ..Intake::default()
    }
}
