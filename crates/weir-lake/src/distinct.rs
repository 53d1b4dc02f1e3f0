//! Duplicates by the event's own id, looked up by time in the lake instead of in an index.
//!
//! An event is known when a row with the same source, `event_uid` and time stands in the same table. For a batch, only row
//! groups whose time range overlaps it are read, and only three columns of them. Keys of row groups read lately are kept, a
//! bounded number; keys of rows not yet in a finished file are kept until it is. Neither grows with the lake.
//! Keys are 128 bits of BLAKE3, so that nobody can craft an event that passes for another.

use crate::row_groups::RowGroupKeys;
use crate::snapshot::Snapshot;
use crate::stage::{Slot, Stage};
use crate::store::Store;
use crate::tables::{Name, Part};
use crate::{LakeError, Result};
use arrow_array::{
    Array, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_select::filter::filter_record_batch;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use weir_model::{Micros, Table};

/// Keys of rows that lie in no finished file yet, all partitions together.
const UNFINISHED_KEYS_MAX: usize = 2_000_000;

/// A batch without the rows that are known already.
#[derive(Clone, Debug)]
pub struct Distinct {
    /// The new rows, in their order.
    pub kept: RecordBatch,
    /// How many rows of each file (`files.file`) were known.
    pub duplicates: BTreeMap<i64, u64>,
}

/// Identifies an event within a table.
pub(crate) type Key = u128;

/// The event ids one ingest has seen and can see.
pub(crate) struct Seen {
    store: Store,
    unfinished: HashMap<Slot, HashSet<Key>>,
    count: usize,
    on_disk: RowGroupKeys,
}

/// A row with an event id.
#[derive(Clone, Copy)]
struct Event {
    row: usize,
    at: Micros,
    key: Key,
}

impl Seen {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, unfinished: HashMap::new(), count: 0, on_disk: RowGroupKeys::default() }
    }

    pub(crate) async fn distinct(
        &mut self,
        snapshot: &Snapshot,
        stage: &Stage,
        table: Table,
        batch: &RecordBatch,
    ) -> Result<Distinct> {
        let mut known = vec![false; batch.num_rows()];
        let mut first_here = HashSet::new();
        for (day, events) in events_by_day(table, batch)? {
            let slot = (Name::of(table), Part::Day(day));
            let unfinished = self.unfinished.get(&slot);
            let mut open = Vec::new();
            for event in events {
                let again =
                    !first_here.insert(event.key) || unfinished.is_some_and(|keys| keys.contains(&event.key));
                match known.get_mut(event.row).filter(|_| again) {
                    Some(mark) => *mark = true,
                    None => open.push(event),
                }
            }
            self.look_up(snapshot, stage, &slot, open, &mut known).await?;
        }
        split(table, batch, &known)
    }

    /// Marks the events that stand in finished files of this ingest or in the snapshot.
    async fn look_up(
        &mut self,
        snapshot: &Snapshot,
        stage: &Stage,
        slot: &Slot,
        mut open: Vec<Event>,
        known: &mut [bool],
    ) -> Result<()> {
        open.sort_by_key(|e| e.at);
        let of_day = snapshot.files_of(slot.0, &slot.1).iter();
        for file in of_day.chain(stage.closed(slot)) {
            let wanted: Vec<Event> = open.iter().copied().filter(|e| within(file.times, e.at)).collect();
            if wanted.is_empty() {
                continue;
            }
            let path = format!("{}/{}", slot.0, file.path);
            let groups = self.on_disk.groups(&self.store, &path, file.size).await?;
            for (index, times) in groups.into_iter().enumerate() {
                let wanted: Vec<Event> = wanted.iter().copied().filter(|e| within(times, e.at)).collect();
                if wanted.is_empty() {
                    continue;
                }
                let keys = self.on_disk.keys(&self.store, (&path, file.size), index).await?;
                for event in wanted.iter().filter(|e| keys.binary_search(&e.key).is_ok()) {
                    if let Some(mark) = known.get_mut(event.row) {
                        *mark = true;
                    }
                }
            }
        }
        Ok(())
    }

    /// Notes the ids of rows about to be staged.
    pub(crate) fn remember(&mut self, table: Table, batch: &RecordBatch) -> Result<()> {
        for (day, events) in events_by_day(table, batch)? {
            let keys = self.unfinished.entry((Name::of(table), Part::Day(day))).or_default();
            for event in events {
                self.count += usize::from(keys.insert(event.key));
            }
        }
        Ok(())
    }

    /// Drops the ids of partitions whose rows now lie in finished files.
    pub(crate) fn forget(&mut self, closed: &BTreeSet<Slot>) {
        for slot in closed {
            let keys = self.unfinished.remove(slot).map_or(0, |keys| keys.len());
            self.count = self.count.saturating_sub(keys);
        }
    }

    /// The partition to finish when too many ids are held.
    pub(crate) fn too_many(&self) -> Option<Slot> {
        if self.count <= UNFINISHED_KEYS_MAX {
            return None;
        }
        self.unfinished.iter().max_by_key(|(slot, keys)| (keys.len(), *slot)).map(|(slot, _)| slot.clone())
    }
}

/// Whether an instant may lie in a file or row group; one without statistics may hold any.
fn within(times: Option<(Micros, Micros)>, at: Micros) -> bool {
    times.is_none_or(|(first, last)| first <= at && at <= last)
}

/// The key of an event.
pub(crate) fn key(source: &str, uid: &str, at: i64) -> Key {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&at.to_le_bytes());
    hasher.update(&(source.len() as u64).to_le_bytes());
    hasher.update(source.as_bytes());
    hasher.update(uid.as_bytes());
    let digest = hasher.finalize();
    u128::from_le_bytes(digest.as_bytes().first_chunk().copied().unwrap_or_default())
}

/// The three columns that make a key.
pub(crate) struct KeyColumns<'a> {
    time: &'a TimestampMicrosecondArray,
    source: &'a StringArray,
    uid: &'a StringArray,
}

impl<'a> KeyColumns<'a> {
    pub(crate) fn of(batch: &'a RecordBatch) -> Option<Self> {
        let text = |name| batch.column_by_name(name)?.as_any().downcast_ref::<StringArray>();
        let time = batch.column_by_name("time")?.as_any().downcast_ref()?;
        Some(Self { time, source: text("source")?, uid: text("event_uid")? })
    }

    /// The row's time and key, where it has an id.
    pub(crate) fn key(&self, row: usize) -> Option<(Micros, Key)> {
        if self.uid.is_null(row) {
            return None;
        }
        let source = if self.source.is_null(row) { "" } else { self.source.value(row) };
        let at = self.time.value(row);
        Some((Micros(at), key(source, self.uid.value(row), at)))
    }
}

fn events_by_day(table: Table, batch: &RecordBatch) -> Result<BTreeMap<i32, Vec<Event>>> {
    let wrong = || LakeError::batch(table.name(), "its columns are not the table's");
    let columns = KeyColumns::of(batch).ok_or_else(wrong)?;
    let mut by_day: BTreeMap<i32, Vec<Event>> = BTreeMap::new();
    if columns.uid.null_count() == batch.num_rows() {
        return Ok(by_day);
    }
    let days = batch
        .column_by_name("day")
        .and_then(|c| c.as_any().downcast_ref::<Date32Array>())
        .ok_or_else(wrong)?;
    for row in 0..batch.num_rows() {
        if let Some((at, key)) = columns.key(row) {
            by_day.entry(days.value(row)).or_default().push(Event { row, at, key });
        }
    }
    Ok(by_day)
}

fn split(table: Table, batch: &RecordBatch, known: &[bool]) -> Result<Distinct> {
    let mut duplicates = BTreeMap::new();
    if !known.contains(&true) {
        return Ok(Distinct { kept: batch.clone(), duplicates });
    }
    let files = batch.column_by_name("file").and_then(|c| c.as_any().downcast_ref::<Int64Array>());
    let files = files.ok_or_else(|| LakeError::batch(table.name(), "there is no `file`"))?;
    for (row, _) in known.iter().enumerate().filter(|(_, known)| **known) {
        *duplicates.entry(files.value(row)).or_insert(0) += 1;
    }
    let new: BooleanArray = known.iter().map(|known| Some(!known)).collect();
    let kept = filter_record_batch(batch, &new).map_err(|e| LakeError::batch(table.name(), e))?;
    Ok(Distinct { kept, duplicates })
}
