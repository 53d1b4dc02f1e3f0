//! Runs that did not fit: sorted files, merged at the end.

use crate::{Partial, RollupError};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;
use weir_stats::{Distinct, Merge};

/// One entity's partial of one day. Rows are ordered by (kind, entity, day).
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Kind of entity: `origin`.
    pub kind: String,
    /// The entity's value.
    pub entity: String,
    /// UTC day since 1970-01-01.
    pub day: i32,
    /// What was folded.
    pub partial: Partial,
}

impl Row {
    fn key(&self) -> (&str, &str, i32) {
        (&self.kind, &self.entity, self.day)
    }
}

/// A sorted run on disk, deleted when dropped.
pub(crate) struct Run(BufReader<File>);

impl Run {
    /// Writes rows, which must be sorted, to an unnamed file in a folder.
    pub(crate) fn write(folder: &Path, rows: &[Row]) -> Result<Self, RollupError> {
        let mut out = BufWriter::new(tempfile::tempfile_in(folder)?);
        for row in rows {
            write_row(&mut out, row)?;
        }
        let mut file = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(Self(BufReader::new(file)))
    }

    /// Writes rows as they come to an unnamed file in a folder.
    pub(crate) fn write_all(folder: &Path, rows: Merged) -> Result<Self, RollupError> {
        let mut out = BufWriter::new(tempfile::tempfile_in(folder)?);
        for row in rows {
            write_row(&mut out, &row?)?;
        }
        let mut file = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(Self(BufReader::new(file)))
    }

    fn next(&mut self) -> Result<Option<Row>, RollupError> {
        let mut first = [0; 1];
        if self.0.read(&mut first)? == 0 {
            return Ok(None);
        }
        let kind = String::from_utf8_lossy(&read_bytes(&mut self.0)?).into_owned();
        let entity = String::from_utf8_lossy(&read_bytes(&mut self.0)?).into_owned();
        let day = i32::from_le_bytes(read_array(&mut self.0)?);
        let mut partial = Partial::default();
        let mut counts = [0; 7];
        for n in &mut counts {
            *n = u64::from_le_bytes(read_array(&mut self.0)?);
        }
        partial.set_counts(counts);
        partial.first = read_time(&mut self.0)?;
        partial.last = read_time(&mut self.0)?;
        for sketch in partial.sketches_mut() {
            let read = Distinct::from_bytes(&read_bytes(&mut self.0)?);
            *sketch =
                read.map_err(|e| RollupError::Damaged { entity: entity.clone(), message: e.to_string() })?;
        }
        if read_array::<1>(&mut self.0)? == [1] {
            let mut hours = [0; 24];
            for n in &mut hours {
                *n = u64::from_le_bytes(read_array(&mut self.0)?);
            }
            partial.hours = Some(hours);
        }
        Ok(Some(Row { kind, entity, day, partial }))
    }
}

fn read_array<const N: usize>(from: &mut impl Read) -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_bytes(from: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let len = u32::from_le_bytes(read_array(from)?) as usize;
    let mut bytes = vec![0; len];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_time(from: &mut impl Read) -> std::io::Result<Option<i64>> {
    let there = read_array::<1>(from)? == [1];
    let at = i64::from_le_bytes(read_array(from)?);
    Ok(there.then_some(at))
}

fn write_bytes(out: &mut impl Write, bytes: &[u8]) -> std::io::Result<()> {
    let len = u32::try_from(bytes.len()).map_err(|_| std::io::Error::other("a value longer than 4 GiB"))?;
    out.write_all(&len.to_le_bytes())?;
    out.write_all(bytes)
}

fn write_row(out: &mut impl Write, row: &Row) -> std::io::Result<()> {
    out.write_all(&[1])?;
    write_bytes(out, row.kind.as_bytes())?;
    write_bytes(out, row.entity.as_bytes())?;
    out.write_all(&row.day.to_le_bytes())?;
    for n in row.partial.counts() {
        out.write_all(&n.to_le_bytes())?;
    }
    for at in [row.partial.first, row.partial.last] {
        out.write_all(&[u8::from(at.is_some())])?;
        out.write_all(&at.unwrap_or(0).to_le_bytes())?;
    }
    for sketch in row.partial.sketches() {
        write_bytes(out, &sketch.to_bytes())?;
    }
    out.write_all(&[u8::from(row.partial.hours.is_some())])?;
    for n in row.partial.hours.iter().flatten() {
        out.write_all(&n.to_le_bytes())?;
    }
    Ok(())
}

/// The head of a run, ordered by key.
struct Waiting {
    row: Row,
    run: usize,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Waiting {}
impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        self.row.key().cmp(&other.row.key()).then(self.run.cmp(&other.run))
    }
}

/// Rows of all runs in order, each key once.
pub struct Merged {
    runs: Vec<Run>,
    heap: BinaryHeap<Reverse<Waiting>>,
}

impl Merged {
    pub(crate) fn new(mut runs: Vec<Run>) -> Result<Self, RollupError> {
        let mut heap = BinaryHeap::new();
        for (at, run) in runs.iter_mut().enumerate() {
            heap.extend(run.next()?.map(|row| Reverse(Waiting { row, run: at })));
        }
        Ok(Self { runs, heap })
    }

    fn pop(&mut self) -> Result<Option<Row>, RollupError> {
        let Some(Reverse(Waiting { row, run })) = self.heap.pop() else { return Ok(None) };
        if let Some(from) = self.runs.get_mut(run)
            && let Some(row) = from.next()?
        {
            self.heap.push(Reverse(Waiting { row, run }));
        }
        Ok(Some(row))
    }

    fn merged(&mut self) -> Result<Option<Row>, RollupError> {
        let Some(mut row) = self.pop()? else { return Ok(None) };
        while self.heap.peek().is_some_and(|Reverse(w)| w.row.key() == row.key()) {
            if let Some(same) = self.pop()? {
                row.partial.merge(&same.partial);
            }
        }
        Ok(Some(row))
    }
}

impl Iterator for Merged {
    type Item = Result<Row, RollupError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.merged().transpose()
    }
}
