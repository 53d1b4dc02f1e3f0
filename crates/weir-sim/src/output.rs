//! Files that fill line by line: plain, gzip or zstd, a few hundred kilobytes in memory however long they grow.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use zstd::stream::write::Encoder as ZstdEncoder;

use crate::error::{Error, Result};

/// How a log is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// Not at all.
    Plain,
    /// gzip, at its best level, without a time stamp or name in the header.
    Gzip,
    /// zstd, at this level.
    Zstd(i32),
}

impl Codec {
    fn ending(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Gzip => ".gz",
            Self::Zstd(_) => ".zst",
        }
    }
}

/// Bytes gathered before the system is asked to write.
const BUFFER_BYTES: usize = 1 << 20;

/// A log file that is being written.
pub(crate) struct LogFile {
    path: PathBuf,
    writer: Writer,
    /// Lines so far.
    pub(crate) records: u64,
}

enum Writer {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Zstd(ZstdEncoder<'static, BufWriter<File>>),
}

impl LogFile {
    /// Begins a file; the compression's ending is added to its name.
    pub(crate) fn create(folder: &Path, name: &str, codec: Codec) -> Result<Self> {
        let path = folder.join(format!("{name}{}", codec.ending()));
        let writer = Self::open(&path, codec).map_err(Error::write(&path))?;
        Ok(Self { path, writer, records: 0 })
    }

    fn open(path: &Path, codec: Codec) -> io::Result<Writer> {
        let file = BufWriter::with_capacity(BUFFER_BYTES, File::create(path)?);
        Ok(match codec {
            Codec::Plain => Writer::Plain(file),
            Codec::Gzip => Writer::Gzip(GzEncoder::new(file, Compression::best())),
            Codec::Zstd(level) => Writer::Zstd(ZstdEncoder::new(file, level)?),
        })
    }

    /// Adds one line, its end included.
    pub(crate) fn line(&mut self, line: &[u8]) -> Result<()> {
        self.records += 1;
        let written = match &mut self.writer {
            Writer::Plain(writer) => writer.write_all(line),
            Writer::Gzip(writer) => writer.write_all(line),
            Writer::Zstd(writer) => writer.write_all(line),
        };
        written.map_err(Error::write(&self.path))
    }

    /// Ends the file: path, lines, bytes on disk.
    pub(crate) fn finish(self) -> Result<(PathBuf, u64, u64)> {
        let Self { path, writer, records } = self;
        let file = match writer {
            Writer::Plain(writer) => Ok(writer),
            Writer::Gzip(writer) => writer.finish(),
            Writer::Zstd(writer) => writer.finish(),
        };
        let closed = file.and_then(|file| file.into_inner().map_err(io::IntoInnerError::into_error));
        let bytes = closed.and_then(|file| file.metadata()).map_err(Error::write(&path))?.len();
        Ok((path, records, bytes))
    }
}
