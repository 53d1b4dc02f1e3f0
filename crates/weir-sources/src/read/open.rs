//! A file's content: plain, gzip (of several members too) or zstd, told by its first bytes, as a stream.
//!
//! Decisive choice: damage is an end with a reason. What was read before it counts.

use super::gzip::Members;
use sha2::{Digest, Sha256};
use std::io::{self, BufRead, BufReader, Chain, Cursor, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use weir_model::intake::{DAMAGED, ENDS_EARLY, UNREADABLE};

const GZIP: &[u8] = b"\x1F\x8B";
const ZSTD: &[u8] = b"\x28\xB5\x2F\xFD";
/// A zstd frame with application data, which some writers put first.
const ZSTD_SKIPPABLE: &[u8] = b"\x2A\x4D\x18";

/// How much is decompressed at once, in bytes. Fixed, so that damage is met at the same place whatever the caller asks for.
const BLOCK: usize = 64 << 10;

/// How much is read from the disk at once for a decoder, in bytes.
const READ_BYTES: usize = 32 << 10;

/// A file's bytes as they lie on disk; counts those made use of, not those only read.
struct Counted {
    inner: BufReader<Raw>,
    used: Arc<AtomicU64>,
}

/// The first bytes, already read, and the others.
type Raw = Chain<Cursor<Vec<u8>>, Box<dyn Read + Send>>;

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.used.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.used.fetch_add(n as u64, Ordering::Relaxed);
        self.inner.consume(n);
    }
}

/// Decompressed content, hashed as it is read.
pub(super) struct Content {
    decoder: Box<dyn Read + Send>,
    block: Vec<u8>,
    hash: Sha256,
    /// Bytes of content given out.
    pub(super) read: u64,
    disk_used: Arc<AtomicU64>,
    /// Why the content ended before its end.
    pub(super) damage: Option<&'static str>,
    ended: bool,
    /// The time a gzip header gives for the file inside, seconds since 1970.
    pub(super) gzip_time: Option<u32>,
}

impl Content {
    /// Starts on a file's bytes as they lie on disk.
    pub(super) fn new(mut disk: Box<dyn Read + Send>) -> Self {
        let mut magic = Vec::with_capacity(16);
        let failed = (&mut disk).take(16).read_to_end(&mut magic).is_err();
        let gzip_time = match magic.get(..8) {
            Some([0x1F, 0x8B, _, _, time @ ..]) => {
                time.try_into().ok().map(u32::from_le_bytes).filter(|t| *t > 0)
            }
            _ => None,
        };
        let zstd = magic.starts_with(ZSTD) || magic.get(1..4) == Some(ZSTD_SKIPPABLE);
        let gzip = magic.starts_with(GZIP);
        let disk_used = Arc::new(AtomicU64::new(0));
        let inner = BufReader::with_capacity(READ_BYTES, Cursor::new(magic).chain(disk));
        let raw = Counted { inner, used: Arc::clone(&disk_used) };
        let mut damage = failed.then_some(UNREADABLE);
        let decoder: Box<dyn Read + Send> = if gzip {
            Box::new(Members::new(raw))
        } else if zstd {
            match zstd::stream::read::Decoder::with_buffer(raw) {
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
            disk_used,
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

    /// Bytes on disk whose content was given out so far.
    pub(super) fn disk_used(&self) -> u64 {
        self.disk_used.load(Ordering::Relaxed)
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
