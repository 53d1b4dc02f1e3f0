//! A deletion under way: what stays is written anew, then one commit a table puts it in place of the old files.
//!
//! Order, so that a kill at any moment is mended by the next run: new files; the ledger's entry; digest and rollups; then the records. As long as a record
//! that was to go is still listed, the next run plans the same again, its rollups included; once the last table is committed, all is done. Old files go from
//! the disk only afterwards ([`Deleting::vacuum`]), and only those that no version names which a hold keeps.

use crate::delete::{Deleting, Fate, Planned, Wanted};
use crate::delta::DataFile;
use crate::lease::Lease;
use crate::ledger::{REMOVED, Removed, Replaced, Why};
use crate::reading::{Reading, aligned};
use crate::session::Batches;
use crate::stage::{Stage, StageLimits};
use crate::tables::{Name, Part};
use crate::{LakeError, Result, rows};
use arrow_array::cast::AsArray;
use arrow_array::types::Date32Type;
use arrow_array::{ArrayRef, BooleanArray, Date32Array, RecordBatch};
use arrow_schema::SchemaRef;
use arrow_select::filter::filter_record_batch;
use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use weir_model::{Micros, Table};

/// The tables that lose rows, in the order of their commits.
const ORDER: [Name; 7] =
    [Name::Digest, Name::Rollup, Name::Access, Name::Auth, Name::Flow, Name::Host, Name::Rejects];

/// A deletion that is staged. Dropping it changes nothing.
pub struct Removal<'d> {
    by: &'d Deleting,
    stage: Stage,
    /// Files that go, by table.
    old: BTreeMap<Name, Vec<DataFile>>,
    days: BTreeSet<i32>,
    gone: BTreeMap<String, u64>,
}

impl<'d> Removal<'d> {
    pub(crate) async fn stage(by: &'d Deleting, planned: Planned) -> Result<Self> {
        let store = by.lake.inner.store.clone();
        store.may_write().await?;
        let lease = Lease::take(&store).await?;
        // Rows of sorted tables are in the order of the file they come from, so files of one are not merged by appending.
        let limits = StageLimits { files_per_part_max: usize::MAX, ..by.lake.memory().stage() };
        let stage = Stage::new(store, lease, 'k', limits);
        let Planned { fates, wanted, days, gone, .. } = planned;
        let mut this = Self { by, stage, old: BTreeMap::new(), days, gone };
        let Some(wanted) = wanted else { return Ok(this) };
        let accounts =
            match fates.get(&Name::Rejects).is_some_and(|f| f.iter().any(|(_, f)| *f == Fate::Written)) {
                true => by.snapshot.intake().await?.into_iter().map(|a| ((a.ingest, a.file), a)).collect(),
                false => BTreeMap::new(),
            };
        for (name, files) in fates {
            for (file, fate) in files.into_iter().filter(|(_, fate)| *fate != Fate::Stays) {
                if fate == Fate::Written {
                    this.write_again(&wanted, name, &file, &accounts).await?;
                }
                this.old.entry(name).or_default().push(file);
            }
        }
        for name in [Name::Digest, Name::Rollup] {
            this.drop_days(name).await?;
        }
        this.stage.close_all().await?;
        Ok(this)
    }

    async fn write_again(
        &mut self,
        wanted: &Wanted,
        name: Name,
        file: &DataFile,
        accounts: &BTreeMap<(i64, i64), weir_model::intake::Intake>,
    ) -> Result<()> {
        let mut reading = Reading::open(&self.by.snapshot, name, file).await?;
        while let Some(batch) = reading.next().await? {
            let stay = self.by.stay(wanted, name, file, &batch, accounts)?;
            self.stage.add((name, file.part.clone()), filtered(name, &batch, stay)?).await?;
        }
        Ok(())
    }

    /// Takes the days of which records go out of a table that is derived from them.
    async fn drop_days(&mut self, name: Name) -> Result<()> {
        let by = self.by;
        let Some(schema) = by.snapshot.schema(name).filter(|_| !self.days.is_empty()) else { return Ok(()) };
        self.stage.expect(name, &name.file_schema(&schema));
        for file in by.snapshot.files(name) {
            let mut reading = Reading::open(&by.snapshot, name, file).await?;
            let mut goes = false;
            while let Some(batch) = reading.next().await? {
                if self.stays(name, &batch)?.contains(&false) {
                    goes = true;
                    break;
                }
            }
            if !goes {
                continue;
            }
            let mut reading = Reading::open(&by.snapshot, name, file).await?;
            let slot = (name, file.part.clone());
            while let Some(batch) = reading.next().await? {
                let stay = self.stays(name, &batch)?;
                self.stage.add(slot.clone(), filtered(name, &batch, stay)?).await?;
            }
            self.stage.close(&slot).await?;
            self.old.entry(name).or_default().push(file.clone());
        }
        Ok(())
    }

    fn stays(&self, name: Name, batch: &RecordBatch) -> Result<Vec<bool>> {
        let days = batch.column_by_name("day").and_then(|c| c.as_primitive_opt::<Date32Type>());
        let days = days.ok_or_else(|| LakeError::batch(name.as_str(), "there is no `day`"))?;
        Ok(days.iter().map(|day| day.is_none_or(|day| !self.days.contains(&day))).collect())
    }

    /// Whether rollups of the days concerned are to be folded again: some of their records stay.
    pub fn is_to_fold(&self) -> bool {
        let folded = |name| self.by.snapshot.schema(name).is_some();
        folded(Name::Rollup) && Table::ALL.iter().any(|table| !self.left(Name::of(*table)).is_empty())
    }

    /// The files of the days concerned, as they will be.
    fn left(&self, name: Name) -> Vec<DataFile> {
        let old: BTreeSet<&DataFile> = self.old.get(&name).into_iter().flatten().collect();
        let mut left = Vec::new();
        for day in &self.days {
            let part = Part::Day(*day);
            left.extend(self.by.snapshot.files_of(name, &part).iter().filter(|f| !old.contains(f)).cloned());
            left.extend(self.stage.closed(&(name, part)).iter().cloned());
        }
        left
    }

    /// The records that stay of the days concerned.
    pub fn remaining(&self, table: Table) -> Batches {
        let name = Name::of(table);
        let snapshot = self.by.snapshot.clone();
        let files = futures::stream::iter(self.left(name));
        files
            .then(move |file| {
                let snapshot = snapshot.clone();
                async move {
                    let reading = Reading::open(&snapshot, name, &file).await?;
                    Ok::<_, LakeError>(futures::stream::try_unfold(
                        (reading, file.part),
                        move |(mut reading, part)| async move {
                            let Some(batch) = reading.next().await? else { return Ok(None) };
                            Ok(Some((with_day(table, &batch, &part)?, (reading, part))))
                        },
                    ))
                }
            })
            .try_flatten()
            .boxed()
    }

    /// Adds rollups of the days concerned, folded from what stays; in their table's order.
    pub fn rollup<'a>(&'a mut self, catalog: &'a str, batch: &'a RecordBatch) -> BoxFuture<'a, Result<()>> {
        self.fold(Name::Rollup, catalog, batch)
    }

    /// Adds rows of the digest of the days concerned.
    pub fn digest<'a>(&'a mut self, catalog: &'a str, batch: &'a RecordBatch) -> BoxFuture<'a, Result<()>> {
        self.fold(Name::Digest, catalog, batch)
    }

    fn fold<'a>(
        &'a mut self,
        name: Name,
        catalog: &'a str,
        batch: &'a RecordBatch,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let Some(schema) = self.by.snapshot.schema(name) else { return Ok(()) };
            let schema = name.file_schema(&schema);
            self.stage.expect(name, &schema);
            let rows = aligned(name, batch, &schema)?;
            self.stage.add((name, Part::Catalog(catalog.to_owned())), rows).await
        })
    }

    /// Makes it so, and records it: when, by whom and why.
    pub fn commit(mut self, time: Micros, who: &'d str, why: Why) -> BoxFuture<'d, Result<Option<Removed>>> {
        Box::pin(async move {
            let store = self.by.lake.inner.store.clone();
            if self.old.is_empty() {
                self.stage.lease.release(&store).await?;
                return Ok(None);
            }
            self.stage.close_all().await?;
            let run = self.stage.lease.id;
            let entry =
                Removed { run, time, by: who.to_owned(), why, gone: self.gone.clone(), files: self.files() };
            let value = serde_json::to_vec(&entry).map_err(|e| LakeError::batch(Name::State.as_str(), e))?;
            let seq = self.by.snapshot.next_state_seq().await?;
            self.stage
                .add_to(Name::State, Part::None, rows::state(run, seq, &[(REMOVED.to_owned(), value)])?)
                .await?;
            let staged = self.stage.finish().await?;
            let new = |name| staged.get(&name).map_or(&[][..], Vec::as_slice);
            self.by.stop_at(Name::State.as_str())?;
            store.may_write().await?;
            self.by.lake.inner.log(Name::State)?.commit(new(Name::State), &[], run).await?;
            for name in ORDER {
                self.by.stop_at(name.as_str())?;
                let old = self.old.get(&name).map_or(&[][..], Vec::as_slice);
                if !old.is_empty() || !new(name).is_empty() {
                    store.may_write().await?;
                    self.by.lake.inner.log(name)?.commit(new(name), old, run).await?;
                }
            }
            self.by.stop_at("release")?;
            self.stage.lease.release(&store).await?;
            Ok(Some(entry))
        })
    }

    fn files(&self) -> BTreeMap<String, Replaced> {
        let rows = |file: &DataFile| (file.path.clone(), file.rows.unwrap_or_default());
        let of = |name: Name| {
            let removed = self.old.get(&name).into_iter().flatten().map(rows).collect();
            let added = self.stage.closed_of(name).map(rows).collect();
            (name.to_string(), Replaced { removed, added })
        };
        ORDER.into_iter().map(of).filter(|(_, r)| !r.removed.is_empty()).collect()
    }
}

fn filtered(name: Name, batch: &RecordBatch, stay: Vec<bool>) -> Result<RecordBatch> {
    filter_record_batch(batch, &BooleanArray::from(stay)).map_err(|e| LakeError::batch(name.as_str(), e))
}

/// A batch of a file with the day that its path says.
fn with_day(table: Table, batch: &RecordBatch, part: &Part) -> Result<RecordBatch> {
    let fail = |e: &dyn std::fmt::Display| LakeError::batch(table.name(), e);
    let Part::Day(day) = part else { return Err(fail(&"a file has no day")) };
    let days: ArrayRef = Arc::new(Date32Array::from(vec![*day; batch.num_rows()]));
    let schema: SchemaRef = table.schema();
    let columns = schema.fields().iter().map(|f| match batch.column_by_name(f.name()) {
        Some(column) => Ok(ArrayRef::clone(column)),
        None if f.name() == "day" => Ok(ArrayRef::clone(&days)),
        None => Err(fail(&format!("there is no `{}`", f.name()))),
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    RecordBatch::try_new(schema, columns).map_err(|e| fail(&e))
}
