//! Duplicates without an id of their own: long runs of records that another file of the same sensor holds too.
//!
//! Exports overlap, rotation copies. Two equal records are two events; [`RUN_MIN`] equal records in a row, at the same distances,
//! in two files of one sensor are one run, read twice. Rows wait until it is known whether they belong to a run: at most
//! [`RUN_MIN`] of each table. A mark that stands in the lake too says where to look; the rows there are read back and compared,
//! column by column, from the mark to both ends of the run.

use crate::distinct::{Distinct, split};
use crate::lookup::{Event, Keyed, Lookup, days, key};
use crate::marks::{RUN_MIN, content, hashes, marks};
use crate::reader::FileReader;
use crate::snapshot::Snapshot;
use crate::stage::{Slot, Stage};
use crate::tables::{Name, Part};
use crate::writer::times_of;
use crate::{LakeError, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch};
use arrow_ord::ord::{DynComparator, make_comparator};
use arrow_schema::SortOptions;
use arrow_select::concat::concat_batches;
use futures::TryStreamExt;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, RowFilter};
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use weir_model::{Micros, Table};

/// Different records that a run has at least: fewer can be one burst that two files cut in two.
const DIFFERENT_MIN: usize = 16;
/// Marks that may lead to no run before a batch is taken as it is.
const MISLEADING_MAX: usize = 64;
/// Places of one mark that are tried.
const PLACES_MAX: usize = 4;

/// Where a marked record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    file: i64,
    line: i64,
    offset: i64,
}

impl Keyed for Spot {
    const COLUMNS: &'static [&'static str] = &["time", "mark", "source", "sensor", "file", "line", "offset"];

    fn read(batch: &RecordBatch) -> Option<Vec<Event<Self>>> {
        let number = |name| batch.column_by_name(name)?.as_primitive_opt::<Int64Type>();
        let text = |name| batch.column_by_name(name)?.as_string_opt::<i32>();
        let times = batch.column_by_name("time")?.as_primitive_opt::<TimestampMicrosecondType>()?;
        let (marks, sources, sensors) = (number("mark")?, text("source")?, text("sensor")?);
        let spots = Spots::of(batch)?;
        let read = |row: usize| {
            let at = Micros(times.value(row));
            let parts = [sources.value(row).as_bytes(), sensors.value(row).as_bytes()];
            let key = key(at, &[parts[0], parts[1], &marks.value(row).to_le_bytes()]);
            Some(Event { row, at, key, value: spots.at(row)? })
        };
        Some((0..batch.num_rows()).filter(|row| marks.is_valid(*row)).filter_map(read).collect())
    }
}

/// The columns of a batch that say where its records stand.
struct Spots<'a> {
    file: &'a Int64Array,
    line: &'a Int64Array,
    offset: &'a Int64Array,
}

impl<'a> Spots<'a> {
    fn of(batch: &'a RecordBatch) -> Option<Self> {
        let number = |name| batch.column_by_name(name)?.as_primitive_opt::<Int64Type>();
        Some(Self { file: number("file")?, line: number("line")?, offset: number("offset")? })
    }

    fn at(&self, row: usize) -> Option<Spot> {
        let valid = row < self.line.len() && self.line.is_valid(row) && self.offset.is_valid(row);
        valid.then(|| Spot {
            file: self.file.value(row),
            line: self.line.value(row),
            offset: self.offset.value(row),
        })
    }
}

/// How to get from a record of this file to the equal one of another: a run keeps its distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shift {
    file: i64,
    lines: i64,
    bytes: i64,
}

impl Shift {
    fn between(here: Spot, there: Spot) -> Self {
        Self { file: there.file, lines: there.line - here.line, bytes: there.offset - here.offset }
    }

    fn of(&self, here: Spot) -> Spot {
        Spot { file: self.file, line: here.line + self.lines, offset: here.offset + self.bytes }
    }
}

/// The end of what was read of one file, of one table.
#[derive(Default)]
struct Sequence {
    /// Rows that wait, with whether they are known duplicates already.
    held: Option<(RecordBatch, Vec<bool>)>,
    /// Hashes of the rows before those, as many as marks look back.
    before: Vec<u64>,
    /// The run that goes on past the last row.
    run: Option<Shift>,
}

/// What an ingest knows of runs.
pub(crate) struct Overlaps {
    lookup: Lookup<Spot>,
    sequences: HashMap<Table, Sequence>,
}

impl Overlaps {
    pub(crate) fn new(lookup: Lookup<Spot>) -> Self {
        Self { lookup, sequences: HashMap::new() }
    }

    pub(crate) fn lookup(&mut self) -> &mut Lookup<Spot> {
        &mut self.lookup
    }

    /// Takes the next rows of a file; gives those that are decided, marked. With no rows, the file has ended and all are decided.
    pub(crate) async fn take(
        &mut self,
        snapshot: &Snapshot,
        stage: &mut Stage,
        table: Table,
        new: Option<&RecordBatch>,
    ) -> Result<Option<Distinct>> {
        let wrong = |e| LakeError::batch(table.name(), e);
        if let Some(new) = new
            && let Some(decided) = self.unmarked(snapshot, stage, table, new).await?
        {
            return Ok(Some(decided));
        }
        let Sequence { held, before, run } = self.sequences.remove(&table).unwrap_or_default();
        let (rows, mut known) = match (held, new) {
            (None, None) => return Ok(None),
            (None, Some(new)) => (new.clone(), Vec::new()),
            (Some((held, known)), None) => (held, known),
            (Some((held, known)), Some(new)) => {
                (concat_batches(&held.schema(), [&held, new]).map_err(wrong)?, known)
            }
        };
        let count = rows.num_rows();
        let from = known.iter().rposition(|known| *known).map_or(0, |last| last + 1);
        known.resize(count, false);
        let all = [before, hashes(&rows)].concat();
        let at = all.len() - count;
        let rows = with_marks(&rows, marks(&all).get(at..).unwrap_or_default()).map_err(wrong)?;
        let hashes = all.get(at..).unwrap_or_default();
        let mut search = Search { lookup: &mut self.lookup, snapshot, stage, table, rows: &rows, hashes };
        let run = search.runs(&mut known, from, run).await?;

        let ready = if new.is_some() { count.saturating_sub(RUN_MIN - 1) } else { count };
        if new.is_some() {
            let before = all.get((at + ready).saturating_sub(RUN_MIN - 1)..at + ready).unwrap_or_default();
            let held = rows.slice(ready, count - ready);
            let sequence =
                Sequence { held: Some((held, known.split_off(ready))), before: before.to_vec(), run };
            self.sequences.insert(table, sequence);
        }
        split(table, &rows.slice(0, ready), &known).map(Some)
    }

    /// The usual case, in which the rows that waited and the new ones need not be copied together: no run is under way, and no mark of theirs
    /// stands elsewhere. `None` in any other.
    async fn unmarked(
        &mut self,
        snapshot: &Snapshot,
        stage: &mut Stage,
        table: Table,
        new: &RecordBatch,
    ) -> Result<Option<Distinct>> {
        const WAITING: usize = RUN_MIN - 1;
        let wrong = |e| LakeError::batch(table.name(), e);
        let Some(Sequence { held: Some((held, known)), before, run: None }) = self.sequences.get(&table)
        else {
            return Ok(None);
        };
        let Some(ready) = new.num_rows().checked_sub(WAITING).filter(|_| !known.contains(&true)) else {
            return Ok(None);
        };
        let all = [before.clone(), hashes(held), hashes(new)].concat();
        let (of_held, of_new) = (all.len() - new.num_rows() - held.num_rows(), all.len() - new.num_rows());
        let marks = marks(&all);
        let marked =
            |rows, from: usize| with_marks(rows, marks.get(from..).unwrap_or_default()).map_err(wrong);
        let (held, new) = (marked(held, of_held)?, marked(new, of_new)?);
        for rows in [&held, &new] {
            let mut search = Search { lookup: &mut self.lookup, snapshot, stage, table, rows, hashes: &[] };
            if !search.marked(0).await?.is_empty() {
                return Ok(None);
            }
        }
        let end = all.len() - WAITING;
        let before = all.get(end.saturating_sub(WAITING)..end).unwrap_or_default().to_vec();
        let waiting = Some((new.slice(ready, WAITING), vec![false; WAITING]));
        self.sequences.insert(table, Sequence { held: waiting, before, run: None });
        Ok(Some(Distinct { kept: vec![held, new.slice(0, ready)], duplicates: 0 }))
    }
}

/// The search for runs among the rows of one batch.
struct Search<'a> {
    lookup: &'a mut Lookup<Spot>,
    snapshot: &'a Snapshot,
    stage: &'a mut Stage,
    table: Table,
    rows: &'a RecordBatch,
    hashes: &'a [u64],
}

impl Search<'_> {
    /// Marks the rows of runs as known, from row `from` on; gives the run that reaches the last row.
    async fn runs(
        &mut self,
        known: &mut [bool],
        mut from: usize,
        run: Option<Shift>,
    ) -> Result<Option<Shift>> {
        let count = known.len();
        if let Some(shift) = run {
            let there = self.there(&shift, from).await?;
            let end = (from..count).find(|row| !there.equals(*row)).unwrap_or(count);
            known.iter_mut().take(end).skip(from).for_each(|k| *k = true);
            if end == count {
                return Ok(Some(shift));
            }
            from = end;
        }
        let mut misled = 0;
        let mut tried = from;
        for (row, places) in self.marked(from).await? {
            if row < tried || misled >= MISLEADING_MAX {
                continue;
            }
            let mut found: Option<(usize, usize, Shift)> = None;
            for shift in places {
                let there = self.there(&shift, from).await?;
                let start = (from..row).rev().find(|row| !there.equals(*row)).map_or(from, |row| row + 1);
                let end = (row..count).find(|row| !there.equals(*row)).unwrap_or(count);
                tried = tried.max(end);
                if self.is_long(start, end) && found.is_none_or(|(s, e, _)| end - start > e - s) {
                    found = Some((start, end, shift));
                }
            }
            let Some((start, end, shift)) = found else {
                misled += 1;
                continue;
            };
            known.iter_mut().take(end).skip(start).for_each(|k| *k = true);
            if end == count {
                return Ok(Some(shift));
            }
            (from, tried) = (end, end);
        }
        Ok(None)
    }

    fn is_long(&self, start: usize, end: usize) -> bool {
        let run = self.hashes.get(start..end).unwrap_or_default();
        let different: HashSet<u64> = run.iter().copied().collect();
        run.len() >= RUN_MIN && different.len() >= DIFFERENT_MIN
    }

    /// Rows from `from` on whose mark stands elsewhere too, in their order, with where that leads.
    async fn marked(&mut self, from: usize) -> Result<Vec<(usize, Vec<Shift>)>> {
        let name = Name::of(self.table);
        let mut shifts: HashMap<usize, Vec<Shift>> = HashMap::new();
        for (day, events) in self.lookup.by_day(self.table, self.rows)?.iter() {
            let events: Vec<Event<Spot>> = events.iter().filter(|event| event.row >= from).copied().collect();
            let here: HashMap<usize, Spot> = events.iter().map(|e| (e.row, e.value)).collect();
            let slot = (name, Part::Day(*day));
            for found in self.lookup.find(self.snapshot, self.stage, &slot, &events).await? {
                if let Some(here) = here.get(&found.row).filter(|here| here.file != found.value.file) {
                    shifts.entry(found.row).or_default().push(Shift::between(*here, found.value));
                }
            }
        }
        let mut marked: Vec<(usize, Vec<Shift>)> = shifts.into_iter().collect();
        marked.sort_by_key(|(row, _)| *row);
        for (_, places) in &mut marked {
            places.sort_by_key(|shift| (shift.file, shift.lines));
            places.dedup();
            places.truncate(PLACES_MAX);
        }
        Ok(marked)
    }

    /// The rows that a shift leads to from row `from` on, read back.
    async fn there(&mut self, shift: &Shift, from: usize) -> Result<There<'_>> {
        let wrong = || LakeError::batch(self.table.name(), "its columns are not the table's");
        let rest = self.rows.slice(from, self.rows.num_rows() - from);
        let spots = Spots::of(self.rows).ok_or_else(wrong)?;
        let lines: Vec<i64> =
            (from..self.rows.num_rows()).filter_map(|row| Some(shift.of(spots.at(row)?).line)).collect();
        let (Some(times), Some(first), Some(last)) =
            (times_of(&rest), lines.iter().min(), lines.iter().max())
        else {
            return Ok(There::nothing(spots, *shift));
        };
        let slots: BTreeSet<i32> = days(&rest).ok_or_else(wrong)?.values().iter().copied().collect();
        let mut batches = Vec::new();
        for day in slots {
            let slot = (Name::of(self.table), Part::Day(day));
            // Rows of this ingest can be read once their file is finished.
            self.stage.close(&slot).await?;
            self.lookup.forget(&BTreeSet::from([slot.clone()]));
            batches.extend(self.read(&slot, shift.file, (*first, *last), times).await?);
        }
        There::new(self.rows, spots, *shift, &batches).map_err(|e| LakeError::batch(self.table.name(), e))
    }

    /// Rows of one file, of some lines, from the finished files of a partition.
    async fn read(
        &mut self,
        slot: &Slot,
        file: i64,
        (first, last): (i64, i64),
        times: (Micros, Micros),
    ) -> Result<Vec<RecordBatch>> {
        let overlap =
            |t: Option<(Micros, Micros)>| t.is_none_or(|(from, to)| from <= times.1 && times.0 <= to);
        let files: Vec<(String, u64)> = self
            .snapshot
            .files_of(slot.0, &slot.1)
            .iter()
            .chain(self.stage.closed(slot))
            .filter(|f| overlap(f.times))
            .map(|f| (format!("{}/{}", slot.0, f.path), f.size))
            .collect();
        let mut batches = Vec::new();
        for (path, size) in files {
            let fail = |e: parquet::errors::ParquetError| LakeError::read(&path, e);
            let store = self.lookup.store.clone();
            let groups = self.lookup.on_disk.groups(&store, &path, size).await?;
            let groups = (0..groups.len()).filter(|i| groups.get(*i).is_some_and(|t| overlap(*t))).collect();
            let footer = self.lookup.on_disk.footer(&store, &path, size).await?;
            let place = ProjectionMask::columns(footer.parquet_schema(), ["file", "line"]);
            let wanted = ArrowPredicateFn::new(place, move |batch: RecordBatch| {
                let number = |name| batch.column_by_name(name)?.as_primitive_opt::<Int64Type>();
                let (files, lines) = (number("file"), number("line"));
                let is = |row: usize| {
                    files.is_some_and(|f| f.value(row) == file)
                        && lines.is_some_and(|l| l.is_valid(row) && (first..=last).contains(&l.value(row)))
                };
                Ok((0..batch.num_rows()).map(|row| Some(is(row))).collect::<BooleanArray>())
            });
            let reader = FileReader::open(&store, &path, size)?;
            let rows = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, footer)
                .with_row_groups(groups)
                .with_row_filter(RowFilter::new(vec![Box::new(wanted)]))
                .build()
                .map_err(fail)?;
            batches.extend(rows.try_collect::<Vec<_>>().await.map_err(fail)?);
        }
        Ok(batches)
    }
}

/// Rows of another file, to compare with.
struct There<'a> {
    here: Spots<'a>,
    shift: Shift,
    /// Batch and row by line and offset.
    at: HashMap<(i64, i64), (usize, usize)>,
    compare: Vec<Vec<DynComparator>>,
}

impl<'a> There<'a> {
    fn nothing(here: Spots<'a>, shift: Shift) -> Self {
        Self { here, shift, at: HashMap::new(), compare: Vec::new() }
    }

    fn new(
        rows: &RecordBatch,
        here: Spots<'a>,
        shift: Shift,
        batches: &[RecordBatch],
    ) -> std::result::Result<Self, arrow_schema::ArrowError> {
        let mut there = Self::nothing(here, shift);
        let schema = rows.schema();
        let columns: Vec<(&str, &ArrayRef)> =
            content(rows).into_iter().map(|i| (schema.field(i).name().as_str(), rows.column(i))).collect();
        for (index, batch) in batches.iter().enumerate() {
            let spots = Spots::of(batch);
            let spots = (0..batch.num_rows()).filter_map(|row| Some((spots.as_ref()?.at(row)?, row)));
            there.at.extend(spots.map(|(spot, row)| ((spot.line, spot.offset), (index, row))));
            let compare = columns.iter().filter_map(|(name, here)| {
                let there = batch.column_by_name(name)?;
                Some(make_comparator(here.as_ref(), there.as_ref(), SortOptions::default()))
            });
            there.compare.push(compare.collect::<std::result::Result<_, _>>()?);
        }
        Ok(there)
    }

    /// Whether a row's record stands there too.
    fn equals(&self, row: usize) -> bool {
        let there = self.here.at(row).map(|here| self.shift.of(here));
        let Some((batch, other)) = there.and_then(|spot| self.at.get(&(spot.line, spot.offset))) else {
            return false;
        };
        self.compare
            .get(*batch)
            .is_some_and(|columns| columns.iter().all(|compare| compare(row, *other).is_eq()))
    }
}

/// The rows with their marks.
fn with_marks(
    rows: &RecordBatch,
    marks: &[Option<i64>],
) -> std::result::Result<RecordBatch, arrow_schema::ArrowError> {
    let marks = marks.get(..rows.num_rows()).unwrap_or(marks);
    let schema = rows.schema();
    let index = schema.index_of("mark")?;
    let mut columns = rows.columns().to_vec();
    if let Some(column) = columns.get_mut(index) {
        *column = Arc::new(Int64Array::from(marks.to_vec()));
    }
    RecordBatch::try_new(schema, columns)
}
