//! Keys of records, looked up by time in the lake instead of in an index.
//!
//! For a batch, only row groups whose time range overlaps it are read, and only a few columns of them. Keys of row groups read
//! lately are kept, a bounded number; keys of rows not yet in a finished file are kept until it is. Neither grows with the lake.
//! Keys are 128 bits of BLAKE3, so that nobody can craft a record that passes for another.

use crate::row_groups::RowGroupKeys;
use crate::snapshot::Snapshot;
use crate::stage::{Slot, Stage};
use crate::store::Store;
use crate::tables::{Name, Part};
use crate::{LakeError, Result};
use arrow_array::{Array, ArrayRef, Date32Array, RecordBatch};
use foldhash::fast::RandomState;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use weir_model::{Micros, Table};

/// Keys of rows that lie in no finished file yet, all partitions together.
const UNFINISHED_KEYS_MAX: usize = 500_000;

/// Identifies a record within a table.
pub(crate) type Key = u128;

/// What a look-up finds beside a key, and how both are read from a batch.
pub(crate) trait Keyed: Copy + Ord + Send + Sync + 'static {
    /// The columns it needs.
    const COLUMNS: &'static [&'static str];

    /// The keyed rows of a batch with those columns; `None` if they are not there.
    fn read(batch: &RecordBatch) -> Option<Vec<Event<Self>>>;
}

/// A row with a key.
#[derive(Clone, Copy)]
pub(crate) struct Event<V> {
    pub(crate) row: usize,
    pub(crate) at: Micros,
    pub(crate) key: Key,
    pub(crate) value: V,
}

/// Keyed rows by day, in their order.
pub(crate) type ByDay<V> = BTreeMap<i32, Vec<Event<V>>>;

/// The keyed rows that one ingest has seen and can see.
pub(crate) struct Lookup<V> {
    pub(crate) store: Store,
    unfinished: HashMap<Slot, HashMap<Key, V, RandomState>>,
    count: usize,
    /// What was last read of a batch, and the columns it was read from: rows are looked up first and remembered then.
    last: Option<(Vec<ArrayRef>, Arc<ByDay<V>>)>,
    pub(crate) on_disk: RowGroupKeys<V>,
}

/// A row's key found in another row.
pub(crate) struct Found<V> {
    pub(crate) row: usize,
    pub(crate) value: V,
}

impl<V: Keyed> Lookup<V> {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, unfinished: HashMap::new(), count: 0, last: None, on_disk: RowGroupKeys::default() }
    }

    /// The keyed rows of a batch.
    pub(crate) fn by_day(&mut self, table: Table, batch: &RecordBatch) -> Result<Arc<ByDay<V>>> {
        let wrong = || LakeError::batch(table.name(), "its columns are not the table's");
        let columns =
            std::iter::once(&"day").chain(V::COLUMNS).map(|name| batch.column_by_name(name).cloned());
        let columns: Vec<ArrayRef> = columns.collect::<Option<_>>().ok_or_else(wrong)?;
        let is_same = |of: &[ArrayRef]| of.iter().zip(&columns).all(|(one, other)| Arc::ptr_eq(one, other));
        if let Some((_, read)) = self.last.as_ref().filter(|(of, _)| is_same(of)) {
            return Ok(Arc::clone(read));
        }
        let days = days(batch).ok_or_else(wrong)?;
        let mut by_day: ByDay<V> = BTreeMap::new();
        for event in V::read(batch).ok_or_else(wrong)? {
            by_day.entry(days.value(event.row)).or_default().push(event);
        }
        let by_day = Arc::new(by_day);
        self.last = Some((columns, Arc::clone(&by_day)));
        Ok(by_day)
    }

    /// Where the keys of one day's rows stand in the snapshot or earlier in this ingest.
    pub(crate) async fn find(
        &mut self,
        snapshot: &Snapshot,
        stage: &Stage,
        slot: &Slot,
        events: &[Event<V>],
    ) -> Result<Vec<Found<V>>> {
        let mut found = Vec::new();
        if let Some(unfinished) = self.unfinished.get(slot) {
            let known = |e: &Event<V>| Some(Found { row: e.row, value: *unfinished.get(&e.key)? });
            found.extend(events.iter().filter_map(known));
        }
        let of_day = snapshot.files_of(slot.0, &slot.1).iter();
        for file in of_day.chain(stage.closed(slot)) {
            let wanted: Vec<Event<V>> = events.iter().copied().filter(|e| within(file.times, e.at)).collect();
            if wanted.is_empty() {
                continue;
            }
            let path = format!("{}/{}", slot.0, file.path);
            let groups = self.on_disk.groups(&self.store, &path, file.size).await?;
            for (index, times) in groups.into_iter().enumerate() {
                let mut wanted = wanted.iter().filter(|e| within(times, e.at)).peekable();
                if wanted.peek().is_none() {
                    continue;
                }
                let keys = self.on_disk.keys(&self.store, (&path, file.size), index).await?;
                for event in wanted {
                    let from = keys.partition_point(|(key, _)| *key < event.key);
                    let same = keys.get(from..).unwrap_or_default().iter();
                    let same = same.take_while(|(key, _)| *key == event.key);
                    found.extend(same.map(|(_, value)| Found { row: event.row, value: *value }));
                }
            }
        }
        Ok(found)
    }

    /// Notes the keys of rows about to be staged.
    pub(crate) fn remember(&mut self, table: Table, batch: &RecordBatch) -> Result<()> {
        let by_day = self.by_day(table, batch)?;
        self.last = None;
        for (day, events) in by_day.iter() {
            let keys = self.unfinished.entry((Name::of(table), Part::Day(*day))).or_default();
            for event in events {
                if let Entry::Vacant(free) = keys.entry(event.key) {
                    free.insert(event.value);
                    self.count += 1;
                }
            }
        }
        Ok(())
    }

    /// Drops the keys of partitions whose rows now lie in finished files.
    pub(crate) fn forget(&mut self, closed: &BTreeSet<Slot>) {
        for slot in closed {
            let keys = self.unfinished.remove(slot).map_or(0, |keys| keys.len());
            self.count = self.count.saturating_sub(keys);
        }
    }

    /// The partition to finish when too many keys are held.
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

pub(crate) fn days(batch: &RecordBatch) -> Option<&Date32Array> {
    batch.column_by_name("day")?.as_any().downcast_ref()
}

/// The key of what the parts say together.
pub(crate) fn key(at: Micros, parts: &[&[u8]]) -> Key {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&at.0.to_le_bytes());
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let digest = hasher.finalize();
    u128::from_le_bytes(digest.as_bytes().first_chunk().copied().unwrap_or_default())
}
