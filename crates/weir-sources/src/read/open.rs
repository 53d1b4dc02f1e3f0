//! A file's content: plain, gzip (of several members too) or zstd, told by its first bytes, as a stream.
//!
//! Decisive choice: damage is an end with a reason. What was read before it counts.

use super::gzip::Members;
use sha2::{Digest, Sha256};
use std::io::{self, Chain, Cursor, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const ENDS_EARLY: &str = "compressed data ends early";
const DAMAGED: &str = "compressed data is damaged";
const UNREADABLE: &str = "the file could not be read further";
const GZIP: &[u8] = b"\x1F\x8B";
const ZSTD: &[u8] = b"\x28\xB5\x2F\xFD";
/// A zstd frame with application data, which some writers put first.
const ZSTD_SKIPPABLE: &[u8] = b"\x2A\x4D\x18";

/// How much is decompressed at once, in bytes. Fixed, so that damage is met at the same place whatever the caller asks for.
const BLOCK: usize = 64 << 10;

/// Counts what is read from the disk.
struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

type Raw = Chain<Cursor<Vec<u8>>, Counted<Box<dyn Read + Send>>>;

/// Decompressed content, hashed as it is read.
pub(super) struct Content {
    decoder: Box<dyn Read + Send>,
    block: Vec<u8>,
    hash: Sha256,
    /// Bytes of content given out.
    pub(super) read: u64,
    disk_read: Arc<AtomicU64>,
    /// Why the content ended before its end.
    pub(super) damage: Option<&'static str>,
    ended: bool,
    /// The time a gzip header gives for the file inside, seconds since 1970.
    pub(super) gzip_time: Option<u32>,
}

impl Content {
    /// Starts on a file's bytes as they lie on disk.
    pub(super) fn new(disk: Box<dyn Read + Send>) -> Self {
        let disk_read = Arc::new(AtomicU64::new(0));
        let mut counted = Counted { inner: disk, read: Arc::clone(&disk_read) };
        let mut magic = Vec::with_capacity(16);
        let failed = (&mut counted).take(16).read_to_end(&mut magic).is_err();
        let gzip_time = match magic.get(..8) {
            Some([0x1F, 0x8B, _, _, time @ ..]) => {
                time.try_into().ok().map(u32::from_le_bytes).filter(|t| *t > 0)
            }
            _ => None,
        };
        let zstd = magic.starts_with(ZSTD) || magic.get(1..4) == Some(ZSTD_SKIPPABLE);
        let gzip = magic.starts_with(GZIP);
        let raw: Raw = Cursor::new(magic).chain(counted);
        let mut damage = failed.then_some(UNREADABLE);
        let decoder: Box<dyn Read + Send> = if gzip {
            Box::new(Members::new(raw))
        } else if zstd {
            match zstd::stream::read::Decoder::new(raw) {
                Ok(decoder) => Box::new(decoder),
                Err(_) => {
                    damage = Some(DAMAGED);
                    Box::new(io::empty())
                }
            }
        } else {
            Box::new(raw)
        };
        Self {
            decoder,
            block: vec![0; BLOCK],
            hash: Sha256::new(),
            read: 0,
            disk_read,
            damage,
            ended: failed,
            gzip_time,
        }
    }

    /// The next bytes; empty at the end.
    pub(super) fn next(&mut self) -> &[u8] {
        while !self.ended {
            match self.decoder.read(&mut self.block) {
                Ok(0) => self.ended = true,
                Ok(n) => {
                    let block = self.block.get(..n).unwrap_or_default();
                    self.hash.update(block);
                    self.read += n as u64;
                    return block;
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => {
                    self.ended = true;
                    self.damage = Some(match e.kind() {
                        _ if e.raw_os_error().is_some() => UNREADABLE,
                        ErrorKind::UnexpectedEof => ENDS_EARLY,
                        ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::Other => DAMAGED,
                        _ => UNREADABLE,
                    });
                }
            }
        }
        &[]
    }

    /// SHA-256 of what was given out so far.
    pub(super) fn sha256(&self) -> String {
        hex(&self.hash.clone().finalize())
    }

    /// Bytes read from the disk so far.
    pub(super) fn disk_read(&self) -> u64 {
        self.disk_read.load(Ordering::Relaxed)
    }
}

/// A file's decompressed content, as offsets in citations count it. Damage is an error where it is met.
///
/// # Errors
/// If the file cannot be opened.
pub fn content(path: &Path) -> io::Result<impl Read + Send> {
    let disk = std::fs::File::open(path)?;
    Ok(Reading { content: Content::new(Box::new(disk)), held: Vec::new(), at: 0 })
}

/// Content as a stream for whoever wants bytes and no records.
struct Reading {
    content: Content,
    held: Vec<u8>,
    at: usize,
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.held.len() {
            self.held.clear();
            self.held.extend_from_slice(self.content.next());
            self.at = 0;
            if let (true, Some(damage)) = (self.held.is_empty(), self.content.damage) {
                return Err(io::Error::new(ErrorKind::InvalidData, damage));
            }
        }
        let rest = self.held.get(self.at..).unwrap_or_default();
        let n = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        self.at += n;
        Ok(n)
    }
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
