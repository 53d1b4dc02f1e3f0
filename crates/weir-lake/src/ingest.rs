//! One ingest: rows are staged as they come and become real together.
//!
//! Tables are committed in a fixed order, `intake` last. A reader counts an ingest only by its file in `intake`, so a writer
//! killed between any two commits has written nothing; [`Lake::begin`] takes its leftovers back. Dropping an ingest is the same.

use crate::delta::DataFile;
use crate::distinct::{Distinct, Named, distinct, has_ids};
use crate::known::KnownHeads;
use crate::lake::Lake;
use crate::lease::Lease;
use crate::lookup::Lookup;
use crate::overlap::Overlaps;
use crate::rows::{self, KnownFile};
use crate::snapshot::Snapshot;
use crate::stage::{Stage, StageLimits};
use crate::tables::{Name, Part};
use crate::whole::Wrote;
use crate::{LakeError, Result};
use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema};
use futures::future::LocalBoxFuture;
use std::collections::BTreeMap;
use std::sync::Arc;
use weir_model::Table;
use weir_model::intake::{Intake, Reject};

/// An ingest under way.
pub struct Ingest {
    lake: Lake,
    snapshot: Snapshot,
    stage: Stage,
    named: Lookup<Named>,
    overlaps: Overlaps,
    heads: KnownHeads,
    files: Vec<KnownFile>,
    state: BTreeMap<String, Vec<u8>>,
    wrote: Wrote,
    accounted: bool,
    fail_before: Option<String>,
}

impl Ingest {
    pub(crate) fn new(lake: Lake, snapshot: Snapshot, lease: Lease, limits: StageLimits) -> Self {
        let store = lake.inner.store.clone();
        Self {
            named: Lookup::new(store.clone()),
            overlaps: Overlaps::new(Lookup::new(store.clone())),
            stage: Stage::new(store, lease, 'i', limits),
            lake,
            snapshot,
            heads: KnownHeads::default(),
            files: Vec::new(),
            state: BTreeMap::new(),
            wrote: Wrote::default(),
            accounted: false,
            fail_before: None,
        }
    }

    /// The ingest's id: positive, random, in every record of it and in no finding.
    pub fn id(&self) -> i64 {
        self.stage.lease.id
    }

    /// The lake as it was when the ingest began.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Splits off the rows whose event is known already, in the lake or earlier in this ingest: by its own id, where the batch has
    /// such (same table, source, `event_uid` and time), else as part of a long run of records that another file of the sensor
    /// holds. Batches come in their file's order; rows whose run is undecided come out with a later batch or with
    /// [`Ingest::undecided`]. Write what is kept.
    pub fn distinct<'a>(
        &'a mut self,
        table: Table,
        batch: &'a RecordBatch,
    ) -> LocalBoxFuture<'a, Result<Distinct>> {
        Box::pin(async move {
            if !has_ids(batch) {
                let decided = self.overlaps.take(&self.snapshot, &mut self.stage, table, Some(batch)).await?;
                self.forget();
                return decided.ok_or_else(|| LakeError::batch(table.name(), "there are no rows"));
            }
            let new = distinct(&mut self.named, &self.snapshot, &self.stage, table, batch).await?;
            Ok(self.undecided(table).await?.unwrap_or_default().then(new))
        })
    }

    /// The rows of a table that still wait when their file has ended.
    pub fn undecided<'a>(&'a mut self, table: Table) -> LocalBoxFuture<'a, Result<Option<Distinct>>> {
        Box::pin(async move {
            let decided = self.overlaps.take(&self.snapshot, &mut self.stage, table, None).await?;
            self.forget();
            Ok(decided)
        })
    }

    /// Adds records. Their `ingest` column must be [`Ingest::id`].
    pub fn write<'a>(&'a mut self, table: Table, batch: &'a RecordBatch) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.named.remember(table, batch)?;
            self.overlaps.lookup().remember(table, batch)?;
            self.stage.add_by_day(Name::of(table), batch).await?;
            self.wrote.add(Name::of(table), batch.num_rows());
            self.forget();
            let full = [self.named.too_many(), self.overlaps.lookup().too_many()];
            for slot in full.into_iter().flatten() {
                self.stage.close(&slot).await?;
                self.forget();
            }
            Ok(())
        })
    }

    /// Forgets the keys of rows that can be read back by now.
    fn forget(&mut self) {
        let closed = self.stage.take_just_closed();
        self.named.forget(&closed);
        self.overlaps.lookup().forget(&closed);
    }

    /// Adds rejected records of a file.
    pub async fn rejects(&mut self, file: i64, rejects: &[Reject]) -> Result<()> {
        let batch = rows::rejects(self.id(), file, rejects)?;
        self.add_to(Name::Rejects, Part::None, batch).await
    }

    /// Adds partial rollups folded under a catalog; types must be those Delta has (no unsigned integers, no dictionaries).
    pub async fn rollup(&mut self, catalog: &str, batch: &RecordBatch) -> Result<()> {
        self.add_to(Name::Rollup, Part::Catalog(catalog.to_owned()), batch.clone()).await
    }

    /// Adds rows of a digest of records of `access` that a catalog derived from; types as above.
    pub async fn digest(&mut self, catalog: &str, batch: &RecordBatch) -> Result<()> {
        self.add_to(Name::Digest, Part::Catalog(catalog.to_owned()), batch.clone()).await
    }

    /// Adds a file that was read.
    pub async fn file(&mut self, file: &KnownFile) -> Result<()> {
        let file = KnownFile { ingest: self.id(), ..file.clone() };
        let batch = rows::files(self.id(), std::slice::from_ref(&file))?;
        self.files.push(file);
        self.add_to(Name::Files, Part::None, batch).await
    }

    /// The files whose content begins with the same bytes: in the lake, then earlier in this ingest.
    pub fn known_files<'a>(&'a mut self, head: &'a str) -> LocalBoxFuture<'a, Result<Vec<KnownFile>>> {
        Box::pin(async move {
            let mut found = self.heads.files(&self.snapshot, head).await?;
            found.extend(self.files.iter().filter(|f| f.head == head).cloned());
            Ok(found)
        })
    }

    /// Sets a value of the lake's state (what the catalog has learned): it holds once the ingest commits.
    pub fn state(&mut self, key: &str, value: Vec<u8>) {
        self.state.insert(key.to_owned(), value);
    }

    /// Adds rows of the intake account ahead of [`Ingest::commit`].
    pub async fn account(&mut self, intake: &[Intake]) -> Result<()> {
        if intake.is_empty() {
            return Ok(());
        }
        let batch = rows::intake(self.id(), intake)?;
        self.accounted = true;
        self.add_to(Name::Intake, Part::None, batch).await
    }

    fn add_to<'a>(
        &'a mut self,
        table: Name,
        part: Part,
        batch: RecordBatch,
    ) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let rows = batch.num_rows();
            self.stage.add_to(table, part, batch).await?;
            self.wrote.add(table, rows);
            Ok(())
        })
    }

    /// Makes the ingest real; returns the new version of every table it touched. It needs at least one row of account.
    pub fn commit<'a>(mut self, intake: &'a [Intake]) -> LocalBoxFuture<'a, Result<BTreeMap<String, i64>>> {
        Box::pin(async move {
            self.account(intake).await?;
            if !self.accounted {
                return Err(LakeError::batch("intake", "an ingest has no row of account"));
            }
            let mut entries: Vec<(String, Vec<u8>)> = std::mem::take(&mut self.state).into_iter().collect();
            entries.push(self.wrote.entry());
            let seq = self.snapshot.next_state_seq().await?;
            let batch = rows::state(self.id(), seq, &entries)?;
            self.stage.add_to(Name::State, Part::None, batch).await?;
            let staged = self.stage.finish().await?;
            let id = self.id();
            let mut versions = BTreeMap::new();
            for name in Name::ALL {
                self.stop_at(name.as_str())?;
                self.lake.inner.store.may_write().await?;
                if let Some(files) = staged.get(&name).filter(|files| !files.is_empty()) {
                    let version = self.commit_table(name, files, id).await?;
                    versions.insert(name.to_string(), version);
                }
            }
            self.stop_at("release")?;
            self.stage.lease.release(&self.lake.inner.store).await?;
            Ok(versions)
        })
    }

    async fn commit_table(&self, name: Name, files: &[DataFile], id: i64) -> Result<i64> {
        let log = self.lake.inner.log(name)?;
        if let (Some("catalog"), Some(schema)) = (name.partition(), self.stage.schema(name)) {
            log.create(&with_catalog(schema)).await?;
        }
        log.commit(files, &[], id).await
    }

    /// Gives the ingest up and deletes what it staged.
    pub fn abandon(self) -> LocalBoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let lake = self.lake.clone();
            drop(self);
            lake.repair().await.map(|_| ())
        })
    }

    /// For tests: fail before the commit of this table (or before `release`), as if the process had been killed there.
    #[doc(hidden)]
    pub fn fail_before(&mut self, point: &str) {
        self.fail_before = Some(point.to_owned());
    }

    /// For tests: every point where [`Ingest::fail_before`] can strike.
    #[doc(hidden)]
    pub fn points() -> Vec<&'static str> {
        Name::ALL.iter().map(|n| n.as_str()).chain(["release"]).collect()
    }

    fn stop_at(&self, point: &str) -> Result<()> {
        match &self.fail_before {
            Some(at) if at == point => Err(LakeError::Fault { point: point.to_owned() }),
            _ => Ok(()),
        }
    }
}

/// The columns of `digest` or `rollup` as a table: what its maker gives, and the catalog it was made under.
pub(crate) fn with_catalog(rows: &Schema) -> arrow_schema::SchemaRef {
    let catalog = Arc::new(Field::new("catalog", DataType::Utf8, true));
    Arc::new(Schema::new(rows.fields().iter().cloned().chain([catalog]).collect::<Vec<_>>()))
}
