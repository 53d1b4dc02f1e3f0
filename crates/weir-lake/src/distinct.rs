//! Duplicates by the event's own id: an event is known when a row with the same source, `event_uid` and time stands in the same
//! table.

use crate::lookup::{Event, Keyed, Lookup, key};
use crate::snapshot::Snapshot;
use crate::stage::Stage;
use crate::tables::{Name, Part};
use crate::{LakeError, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;
use foldhash::fast::RandomState;
use std::collections::HashSet;
use weir_model::{Micros, Table};

/// Rows without those that are known already.
#[derive(Clone, Debug, Default)]
pub struct Distinct {
    /// The new rows, in their order; a batch may be empty.
    pub kept: Vec<RecordBatch>,
    /// How many rows were known.
    pub duplicates: u64,
}

/// Event ids need no more than to be known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Named;

impl Keyed for Named {
    const COLUMNS: &'static [&'static str] = &["time", "source", "event_uid"];

    fn read(batch: &RecordBatch) -> Option<Vec<Event<Self>>> {
        let uids = batch.column_by_name("event_uid")?.as_string_opt::<i32>()?;
        let times = batch.column_by_name("time")?.as_primitive_opt::<TimestampMicrosecondType>()?;
        let sources = batch.column_by_name("source")?.as_string_opt::<i32>()?;
        let read = |row: usize| {
            let at = Micros(times.value(row));
            let source = if sources.is_null(row) { "" } else { sources.value(row) };
            let key = key(at, &[source.as_bytes(), uids.value(row).as_bytes()]);
            Event { row, at, key, value: Self }
        };
        Some((0..batch.num_rows()).filter(|row| uids.is_valid(*row)).map(read).collect())
    }
}

/// Whether any row of a batch has an id of its own.
pub(crate) fn has_ids(batch: &RecordBatch) -> bool {
    batch.column_by_name("event_uid").is_some_and(|ids| ids.null_count() < ids.len())
}

/// Splits off the rows whose event is known.
pub(crate) async fn distinct(
    lookup: &mut Lookup<Named>,
    snapshot: &Snapshot,
    stage: &Stage,
    table: Table,
    batch: &RecordBatch,
) -> Result<Distinct> {
    let mut known = vec![false; batch.num_rows()];
    let mut first_here: HashSet<_, RandomState> = HashSet::default();
    for (day, events) in lookup.by_day(table, batch)?.iter() {
        let is_first = |event: &&Event<Named>| {
            let first = first_here.insert(event.key);
            mark(&mut known, event.row, !first);
            first
        };
        let mut events: Vec<Event<Named>> = events.iter().filter(is_first).copied().collect();
        events.sort_by_key(|e| e.at);
        for found in lookup.find(snapshot, stage, &(Name::of(table), Part::Day(*day)), &events).await? {
            mark(&mut known, found.row, true);
        }
    }
    split(table, batch, &known)
}

fn mark(known: &mut [bool], row: usize, is: bool) {
    if let Some(mark) = known.get_mut(row) {
        *mark |= is;
    }
}

/// The rows that are not known.
pub(crate) fn split(table: Table, batch: &RecordBatch, known: &[bool]) -> Result<Distinct> {
    let duplicates = known.iter().filter(|known| **known).count() as u64;
    if duplicates == 0 {
        return Ok(Distinct { kept: vec![batch.clone()], duplicates });
    }
    let new: BooleanArray = known.iter().map(|known| Some(!known)).collect();
    let kept = filter_record_batch(batch, &new).map_err(|e| LakeError::batch(table.name(), e))?;
    Ok(Distinct { kept: vec![kept], duplicates })
}

impl Distinct {
    /// How many rows are new.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.kept.iter().map(RecordBatch::num_rows).sum()
    }

    /// What follows behind this.
    #[must_use]
    pub fn then(mut self, next: Self) -> Self {
        self.kept.extend(next.kept);
        self.duplicates += next.duplicates;
        self
    }
}
