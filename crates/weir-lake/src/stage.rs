//! Staging: rows become Parquet files beside the table, unseen until a commit names them.
//!
//! Rows of one partition wait in memory until there are enough for an open file; few files are open at once, the least recently
//! used is closed first, and many small files of one partition are merged at the end. So a year of shuffled days costs neither
//! memory nor a file per batch. Rows keep their order of arrival.

use crate::delta::DataFile;
use crate::lease::Lease;
use crate::order::Last;
use crate::reader::FileReader;
use crate::store::Store;
use crate::tables::{Name, Part};
use crate::writer::{OpenFile, packer};
use crate::{LakeError, Result};
use arrow_array::{Array, ArrayRef, Date32Array, RecordBatch, UInt32Array};
use arrow_schema::SchemaRef;
use arrow_select::take::take_record_batch;
use futures::TryStreamExt;
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use std::collections::{BTreeMap, BTreeSet};
use weir_parquet::Packer;

/// What staging may use. Sizes in bytes.
#[derive(Clone, Copy, Debug)]
pub struct StageLimits {
    /// Files being written at once.
    pub open_files_max: usize,
    /// Rows waiting for an open file, all partitions together.
    pub pending_bytes_max: usize,
    /// Rows waiting for an open file, one partition.
    pub flush_bytes: usize,
    /// Encoded row groups not yet written out, all files together.
    pub encoded_bytes_max: usize,
    /// Size at which a file is closed and the next begun.
    pub file_bytes_max: usize,
    /// Files of one partition that are left unmerged.
    pub files_per_part_max: usize,
}

impl Default for StageLimits {
    fn default() -> Self {
        Self {
            open_files_max: 8,
            pending_bytes_max: 64 << 20,
            flush_bytes: 4 << 20,
            encoded_bytes_max: 128 << 20,
            file_bytes_max: 256 << 20,
            files_per_part_max: 8,
        }
    }
}

/// A partition of a table.
pub(crate) type Slot = (Name, Part);

#[derive(Default)]
struct Pending {
    batches: Vec<RecordBatch>,
    bytes: usize,
}

/// The files one ingest has staged and is staging.
pub(crate) struct Stage {
    store: Store,
    pub(crate) lease: Lease,
    /// `i` for an ingest, `r` for a refold, `k` for what a deletion keeps.
    letter: char,
    limits: StageLimits,
    schemas: BTreeMap<Name, SchemaRef>,
    /// The last rows of tables that are sorted.
    last: BTreeMap<Slot, Last>,
    pending: BTreeMap<Slot, Pending>,
    pending_bytes: usize,
    open: BTreeMap<Slot, OpenFile>,
    packer: Packer,
    closed: BTreeMap<Slot, Vec<DataFile>>,
    /// Slots closed since last asked: what was in memory of them now lies in a readable file.
    just_closed: BTreeSet<Slot>,
    files: u64,
    ticks: u64,
}

impl Stage {
    pub(crate) fn new(store: Store, lease: Lease, letter: char, limits: StageLimits) -> Self {
        Self {
            store,
            lease,
            letter,
            limits,
            schemas: BTreeMap::new(),
            last: BTreeMap::new(),
            pending: BTreeMap::new(),
            pending_bytes: 0,
            open: BTreeMap::new(),
            packer: packer(),
            closed: BTreeMap::new(),
            just_closed: BTreeSet::new(),
            files: 0,
            ticks: 0,
        }
    }

    /// Finishes every partition's file.
    pub(crate) async fn close_all(&mut self) -> Result<()> {
        let slots: BTreeSet<Slot> = self.open.keys().chain(self.pending.keys()).cloned().collect();
        for slot in slots {
            self.close(&slot).await?;
        }
        Ok(())
    }

    /// The table's schema, where this stage has seen rows of it.
    pub(crate) fn schema(&self, table: Name) -> Option<&SchemaRef> {
        self.schemas.get(&table)
    }

    /// Says which columns the files of a table have, for one whose maker alone knows.
    pub(crate) fn expect(&mut self, table: Name, schema: &SchemaRef) {
        self.schemas.entry(table).or_insert_with(|| SchemaRef::clone(schema));
    }

    /// The finished files of a table.
    pub(crate) fn closed_of(&self, table: Name) -> impl Iterator<Item = &DataFile> {
        self.closed.iter().filter(move |((name, _), _)| *name == table).flat_map(|(_, files)| files)
    }

    /// The finished files of a partition.
    pub(crate) fn closed(&self, slot: &Slot) -> &[DataFile] {
        self.closed.get(slot).map_or(&[], Vec::as_slice)
    }

    /// The slots closed since last asked.
    pub(crate) fn take_just_closed(&mut self) -> BTreeSet<Slot> {
        std::mem::take(&mut self.just_closed)
    }

    /// Adds rows of a record table, split by their day.
    pub(crate) async fn add_by_day(&mut self, table: Name, batch: &RecordBatch) -> Result<()> {
        self.check_schema(table, batch)?;
        for (day, rows) in split_by_day(table, batch)? {
            let rows = without_partition(table, rows)?;
            self.add((table, Part::Day(day)), rows).await?;
        }
        Ok(())
    }

    /// Adds rows of a table that is not partitioned by day.
    pub(crate) async fn add_to(&mut self, table: Name, part: Part, batch: RecordBatch) -> Result<()> {
        self.check_schema(table, &batch)?;
        let slot = (table, part);
        self.last.entry(slot.clone()).or_default().follow(table, &batch)?;
        self.add(slot, batch).await
    }

    fn check_schema(&mut self, table: Name, batch: &RecordBatch) -> Result<()> {
        let expected =
            self.schemas.entry(table).or_insert_with(|| table.schema().unwrap_or_else(|| batch.schema()));
        if expected.fields() == batch.schema().fields() {
            return Ok(());
        }
        Err(LakeError::batch(table.as_str(), "its columns are not the table's"))
    }

    /// Adds rows of a partition that have the columns of its files.
    pub(crate) async fn add(&mut self, slot: Slot, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let bytes = bytes(&batch);
        let waiting = self.pending.entry(slot.clone()).or_default();
        waiting.batches.push(batch);
        waiting.bytes += bytes;
        self.pending_bytes += bytes;
        if waiting.bytes >= self.limits.flush_bytes {
            self.flush(&slot).await?;
        }
        while self.pending_bytes > self.limits.pending_bytes_max {
            let Some(largest) = self.pending.iter().max_by_key(|(_, p)| p.bytes).map(|(s, _)| s.clone())
            else {
                break;
            };
            self.flush(&largest).await?;
        }
        Ok(())
    }

    /// Moves a partition's waiting rows into its open file.
    async fn flush(&mut self, slot: &Slot) -> Result<()> {
        let Some(waiting) = self.pending.remove(slot) else {
            return Ok(());
        };
        self.pending_bytes = self.pending_bytes.saturating_sub(waiting.bytes);
        if !self.open.contains_key(slot) {
            self.make_room().await?;
            let file = self.open_file(slot)?;
            self.open.insert(slot.clone(), file);
        }
        self.ticks += 1;
        let mut full = false;
        if let Some(file) = self.open.get_mut(slot) {
            file.used = self.ticks;
            for batch in &waiting.batches {
                file.write(batch, &mut self.packer).await?;
            }
            full = file.size() >= self.limits.file_bytes_max;
        }
        if full {
            self.close(slot).await?;
        }
        self.bound_encoded().await
    }

    async fn make_room(&mut self) -> Result<()> {
        while self.open.len() >= self.limits.open_files_max.max(1) {
            let Some(oldest) = self.open.iter().min_by_key(|(_, f)| f.used).map(|(s, _)| s.clone()) else {
                break;
            };
            self.close(&oldest).await?;
        }
        Ok(())
    }

    async fn bound_encoded(&mut self) -> Result<()> {
        while self.open.values().map(OpenFile::encoded).sum::<usize>() > self.limits.encoded_bytes_max {
            // Rather of a day that is over than of the one that goes on.
            let waits = |f: &OpenFile| f.used != self.ticks && f.encoded() > 0;
            let Some(largest) = self.open.values_mut().max_by_key(|f| (waits(f), f.encoded())) else {
                break;
            };
            largest.flush(&mut self.packer).await?;
        }
        Ok(())
    }

    fn open_file(&mut self, slot: &Slot) -> Result<OpenFile> {
        let (table, part) = slot;
        let folder = match (table.partition(), part.value(*table)?) {
            (Some(column), Some(value)) => format!("{column}={value}/"),
            _ => String::new(),
        };
        let path = format!("{folder}{}{}-{}.parquet", self.letter, self.lease.id, self.files);
        self.files += 1;
        self.lease.note(&format!("{table}/{path}"))?;
        let schema = self.schemas.get(table).cloned().or_else(|| table.schema());
        let schema = schema.ok_or_else(|| LakeError::batch(table.as_str(), "its columns are not known"))?;
        OpenFile::create(&self.store, *table, part.clone(), path, &table.file_schema(&schema), &self.packer)
    }

    /// Finishes a partition's file, its waiting rows included.
    pub(crate) async fn close(&mut self, slot: &Slot) -> Result<()> {
        let mut file = match self.open.remove(slot) {
            Some(file) => file,
            None if self.pending.contains_key(slot) => self.open_file(slot)?,
            None => return Ok(()),
        };
        if let Some(waiting) = self.pending.remove(slot) {
            self.pending_bytes = self.pending_bytes.saturating_sub(waiting.bytes);
            for batch in &waiting.batches {
                file.write(batch, &mut self.packer).await?;
            }
        }
        let done = file.close(&self.store, &mut self.packer).await?;
        self.closed.entry(slot.clone()).or_default().push(done);
        self.just_closed.insert(slot.clone());
        Ok(())
    }

    /// Finishes every file and merges the small ones; returns them by table.
    pub(crate) async fn finish(&mut self) -> Result<BTreeMap<Name, Vec<DataFile>>> {
        self.close_all().await?;
        let mut by_table: BTreeMap<Name, Vec<DataFile>> = BTreeMap::new();
        let slots: Vec<Slot> = self.closed.keys().cloned().collect();
        for slot in slots {
            self.merge_small(&slot).await?;
            let files = self.closed.get(&slot).cloned().unwrap_or_default();
            by_table.entry(slot.0).or_default().extend(files);
        }
        Ok(by_table)
    }

    /// Rewrites a partition's small files as few, in their order.
    async fn merge_small(&mut self, slot: &Slot) -> Result<()> {
        if self.closed(slot).len() <= self.limits.files_per_part_max {
            return Ok(());
        }
        let pieces = self.closed.remove(slot).unwrap_or_default();
        for piece in &pieces {
            let path = format!("{}/{}", slot.0, piece.path);
            let reader = FileReader::open(&self.store, &path, piece.size)?;
            let builder =
                ParquetRecordBatchStreamBuilder::new(reader).await.map_err(|e| LakeError::read(&path, e))?;
            let mut rows = builder.build().map_err(|e| LakeError::read(&path, e))?;
            while let Some(batch) = rows.try_next().await.map_err(|e| LakeError::read(&path, e))? {
                self.add(slot.clone(), batch).await?;
            }
        }
        self.close(slot).await?;
        for piece in &pieces {
            self.store.delete(&format!("{}/{}", slot.0, piece.path)).await?;
        }
        Ok(())
    }
}

/// Bytes of a batch's rows; what a column shares with others is not counted.
fn bytes(batch: &RecordBatch) -> usize {
    let of = |column: &ArrayRef| column.to_data().get_slice_memory_size().unwrap_or_default();
    batch.columns().iter().map(of).sum()
}

/// The rows of each day, in their order.
fn split_by_day(table: Name, batch: &RecordBatch) -> Result<Vec<(i32, RecordBatch)>> {
    let days = batch.column_by_name("day").and_then(|c| c.as_any().downcast_ref::<Date32Array>());
    let days = days.ok_or_else(|| LakeError::batch(table.as_str(), "there is no `day`"))?;
    if days.null_count() > 0 {
        return Err(LakeError::batch(table.as_str(), "a `day` is null"));
    }
    let mut rows: BTreeMap<i32, Vec<u32>> = BTreeMap::new();
    for (row, day) in (0u32..).zip(days.values()) {
        rows.entry(*day).or_default().push(row);
    }
    if let (1, Some(day)) = (rows.len(), rows.keys().next()) {
        return Ok(vec![(*day, batch.clone())]);
    }
    let split = rows.into_iter().map(|(day, rows)| {
        let taken = take_record_batch(batch, &UInt32Array::from(rows));
        taken.map(|b| (day, b)).map_err(|e| LakeError::batch(table.as_str(), e))
    });
    split.collect()
}

fn without_partition(table: Name, batch: RecordBatch) -> Result<RecordBatch> {
    let schema = batch.schema();
    let kept: Vec<usize> = (0..batch.num_columns())
        .filter(|i| Some(schema.field(*i).name().as_str()) != table.partition())
        .collect();
    batch.project(&kept).map_err(|e| LakeError::batch(table.as_str(), e))
}
