//! Sorted runs of rows on disk, in unnamed temporary files that vanish with the process.
//!
//! Decisive choice: runs are merged in tiers of [`FAN_IN`], so that neither open files nor read buffers grow with the number of spills
//! (beyond its logarithm), and each row is rewritten once per tier. A run is sorted and written on a thread of its own while the next table fills:
//! whoever hands records over does not wait for it.

use crate::RollupError;
use crate::kept::{Kept, Key};
use crate::merge::{Merged, Rows};
use crate::prefixes::Prefixes;
use crate::table::Table;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::thread::JoinHandle;
use weir_stats::StatsError;

/// Runs merged into one.
const FAN_IN: usize = 64;
/// Bytes read and written at once.
const BUFFER_BYTES: usize = 64 << 10;

/// What was put aside, and what is being put aside.
pub(crate) struct Spill {
    writing: Option<JoinHandle<Result<Written, RollupError>>>,
    /// What the thread that writes gave back.
    written: Written,
    /// Bytes of the table that is being written, when it was given.
    bytes: usize,
}

/// The runs so far, and an empty table that has memory for what comes.
type Written = (Runs, Table);

impl Spill {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { writing: None, written: (Runs::new(folder), Table::default()), bytes: 0 }
    }

    /// Bytes of what is being written.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Puts aside what a table holds, and empties it; waits for the one before.
    pub(crate) fn add(&mut self, table: &mut Table) -> Result<(), RollupError> {
        self.wait()?;
        self.bytes = table.bytes();
        let (runs, empty) = &mut self.written;
        let mut runs = Runs { folder: runs.folder.clone(), tiers: std::mem::take(&mut runs.tiers) };
        let mut full = std::mem::replace(table, std::mem::take(empty));
        let write = move || {
            runs.add(&mut full)?;
            full.clear();
            Ok((runs, full))
        };
        self.writing = Some(std::thread::Builder::new().name("rollup runs".to_owned()).spawn(write)?);
        Ok(())
    }

    /// Waits for what is being written.
    fn wait(&mut self) -> Result<(), RollupError> {
        if let Some(writing) = self.writing.take() {
            self.written = writing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            self.bytes = 0;
        }
        Ok(())
    }

    /// All that was put aside, merged with the rows still in memory, and with the rows of prefixes that come of them.
    pub(crate) fn finish(mut self, rest: Table, budget_bytes: usize) -> Result<Merged, RollupError> {
        self.wait()?;
        let runs = self.written.0;
        let prefixes = Prefixes::new(runs.folder.clone(), budget_bytes);
        let mut all = runs.readers()?;
        all.push(Rows::Held(rest.sorted(), Box::new(rest)));
        Ok(Merged::new(all)?.with(prefixes))
    }
}

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
    fn add(&mut self, table: &mut Table) -> Result<(), RollupError> {
        let mut out = self.begin()?;
        let (mut rows, mut row) = (table.sorted(), Kept::default());
        while rows.read(table, &mut row) {
            out.put(&row)?;
        }
        self.add_run(out)
    }

    /// Writes sorted rows as one run.
    pub(crate) fn add_rows(&mut self, rows: &[Kept]) -> Result<(), RollupError> {
        let mut out = self.begin()?;
        rows.iter().try_for_each(|row| out.put(row))?;
        self.add_run(out)
    }

    fn add_run(&mut self, out: Out) -> Result<(), RollupError> {
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

    fn merge(&self, mut rows: Merged) -> Result<File, RollupError> {
        let mut out = self.begin()?;
        while let Some(row) = rows.advance()? {
            out.put(row)?;
        }
        out.end()
    }

    fn begin(&self) -> Result<Out, RollupError> {
        Ok(Out { file: BufWriter::with_capacity(BUFFER_BYTES, tempfile::tempfile_in(&self.folder)?) })
    }

    /// All runs, to be read.
    pub(crate) fn readers(self) -> Result<Vec<Rows>, RollupError> {
        readers(self.tiers.into_iter().flatten().collect())
    }
}

/// A run being written: of each row the lengths of its entity and of what it holds, its kind and day, then those two.
struct Out {
    file: BufWriter<File>,
}

/// Bytes before a row's entity.
const HEAD_BYTES: usize = 13;

impl Out {
    fn put(&mut self, row: &Kept) -> Result<(), RollupError> {
        self.file.write_all(&(row.entity.len() as u32).to_le_bytes())?;
        self.file.write_all(&(row.body.len() as u32).to_le_bytes())?;
        self.file.write_all(&[row.key.kind()])?;
        self.file.write_all(&row.key.day.to_le_bytes())?;
        self.file.write_all(row.entity.as_bytes())?;
        Ok(self.file.write_all(&row.body)?)
    }

    fn end(self) -> Result<File, RollupError> {
        Ok(self.file.into_inner().map_err(std::io::IntoInnerError::into_error)?)
    }
}

fn readers(files: Vec<File>) -> Result<Vec<Rows>, RollupError> {
    let reader = |mut file: File| -> Result<Rows, RollupError> {
        file.seek(SeekFrom::Start(0))?;
        Ok(Rows::Run(Run { file: BufReader::with_capacity(BUFFER_BYTES, file) }))
    };
    files.into_iter().map(reader).collect()
}

/// One run being read.
pub(crate) struct Run {
    file: BufReader<File>,
}

impl Run {
    /// Reads the next row; says whether there was one.
    pub(crate) fn read(&mut self, row: &mut Kept) -> Result<bool, RollupError> {
        let mut head = [0; HEAD_BYTES];
        match self.file.read_exact(&mut head) {
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(false),
            other => other?,
        }
        let [e0, e1, e2, e3, b0, b1, b2, b3, kind, d0, d1, d2, d3] = head;
        let mut entity = std::mem::take(&mut row.entity).into_bytes();
        entity.resize(u32::from_le_bytes([e0, e1, e2, e3]) as usize, 0);
        self.file.read_exact(&mut entity)?;
        let utf8 = |_| StatsError::Damaged { what: "spilled rollup", reason: "its entity is not UTF-8" };
        row.entity = String::from_utf8(entity).map_err(utf8)?;
        row.body.resize(u32::from_le_bytes([b0, b1, b2, b3]) as usize, 0);
        self.file.read_exact(&mut row.body)?;
        row.key = Key::new(kind, &row.entity, i32::from_le_bytes([d0, d1, d2, d3]));
        Ok(true)
    }
}
