//! Sorted runs of rows on disk, in unnamed temporary files that vanish with the process.
//!
//! Decisive choice: runs are merged in tiers of [`FAN_IN`], so that neither open files nor read buffers grow with the number of spills
//! (beyond its logarithm), and each row is rewritten once per tier.

use crate::merge::{Merged, Sorted};
use crate::partial::{Partial, Row};
use crate::table::Table;
use crate::{RollupError, kind};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use weir_stats::StatsError;
use weir_stats::wire::{Input, put_varint};

/// Runs merged into one.
const FAN_IN: usize = 16;
/// Bytes read and written at once.
const BUFFER_BYTES: usize = 64 << 10;

/// Runs by tier.
pub(crate) struct Runs {
    folder: PathBuf,
    tiers: Vec<Vec<File>>,
}

impl Runs {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, tiers: Vec::new() }
    }

    /// Writes what a table holds as one run.
    pub(crate) fn add(&mut self, table: &Table) -> Result<(), RollupError> {
        let mut out = self.begin()?;
        for (kind, entity, day, partial) in table.sorted() {
            out.put(kind, entity, day, partial)?;
        }
        let mut file = out.end()?;
        for tier in 0.. {
            if self.tiers.len() <= tier {
                self.tiers.push(Vec::new());
            }
            let Some(runs) = self.tiers.get_mut(tier) else { break };
            runs.push(file);
            if runs.len() < FAN_IN {
                break;
            }
            let full = std::mem::take(runs);
            file = self.merge(Merged::new(readers(full)?)?)?;
        }
        Ok(())
    }

    fn merge(&self, rows: Merged) -> Result<File, RollupError> {
        let mut out = self.begin()?;
        for row in rows {
            let row = row?;
            out.put(kind::place(row.kind), &row.entity, row.day, &row.partial)?;
        }
        out.end()
    }

    fn begin(&self) -> Result<Out, RollupError> {
        let file = BufWriter::with_capacity(BUFFER_BYTES, tempfile::tempfile_in(&self.folder)?);
        Ok(Out { file, bytes: Vec::new() })
    }

    /// All runs, to be merged with the rows still in memory.
    pub(crate) fn finish(
        self,
        rest: impl Iterator<Item = Row> + Send + Sync + 'static,
    ) -> Result<Merged, RollupError> {
        let mut all = readers(self.tiers.into_iter().flatten().collect())?;
        all.push(Box::new(rest.map(Ok)));
        Merged::new(all)
    }
}

/// A run being written.
struct Out {
    file: BufWriter<File>,
    bytes: Vec<u8>,
}

impl Out {
    fn put(&mut self, kind: u8, entity: &str, day: i32, partial: &Partial) -> Result<(), RollupError> {
        let bytes = &mut self.bytes;
        bytes.clear();
        bytes.push(kind);
        bytes.extend_from_slice(&day.to_le_bytes());
        put_varint(bytes, entity.len() as u64);
        bytes.extend_from_slice(entity.as_bytes());
        partial.put_aside(bytes);
        self.file.write_all(&(bytes.len() as u64).to_le_bytes())?;
        Ok(self.file.write_all(bytes)?)
    }

    fn end(self) -> Result<File, RollupError> {
        Ok(self.file.into_inner().map_err(std::io::IntoInnerError::into_error)?)
    }
}

fn readers(files: Vec<File>) -> Result<Vec<Sorted>, RollupError> {
    let reader = |mut file: File| -> Result<Sorted, RollupError> {
        file.seek(SeekFrom::Start(0))?;
        Ok(Box::new(Run { file: BufReader::with_capacity(BUFFER_BYTES, file), bytes: Vec::new() }))
    };
    files.into_iter().map(reader).collect()
}

/// One run being read.
struct Run {
    file: BufReader<File>,
    bytes: Vec<u8>,
}

impl Run {
    fn read(&mut self) -> Result<Option<Row>, RollupError> {
        let mut length = [0; 8];
        match self.file.read_exact(&mut length) {
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        self.bytes.clear();
        self.file.by_ref().take(u64::from_le_bytes(length)).read_to_end(&mut self.bytes)?;
        Ok(Some(parse(&self.bytes)?))
    }
}

impl Iterator for Run {
    type Item = Result<Row, RollupError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

fn parse(bytes: &[u8]) -> Result<Row, StatsError> {
    let mut input = Input::new("spilled rollup", bytes);
    let kind = kind::at(input.byte()?).ok_or_else(|| input.damaged("its kind is unknown"))?;
    let day =
        input.take(4)?.try_into().map(i32::from_le_bytes).map_err(|_| input.damaged("it is cut short"))?;
    let length = usize::try_from(input.varint()?).unwrap_or(usize::MAX);
    let entity =
        std::str::from_utf8(input.take(length)?).map_err(|_| input.damaged("its entity is not UTF-8"))?;
    let entity = entity.to_owned();
    Ok(Row { kind, entity, day, partial: Partial::taken_back(input)? })
}
