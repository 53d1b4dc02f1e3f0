//! Refolding: when the catalog changed, rollups folded from the same records take the place of the old ones in one commit.
//!
//! The files of a refold belong to no ingest; the single Delta commit that adds a table's removes exactly the files that the
//! snapshot showed, so an ingest that commits meanwhile keeps its own (folded under the old catalog, which
//! [`crate::Snapshot::rollup_catalogs`] shows). The digest is committed first: a kill between the two leaves rollups that are
//! seen to be old. Old files stay on disk: earlier snapshots still read them.

use crate::Result;
use crate::delta::DataFile;
use crate::ingest::with_catalog;
use crate::lake::Lake;
use crate::lease::Lease;
use crate::snapshot::Snapshot;
use crate::stage::{Stage, StageLimits};
use crate::tables::{Name, Part};
use arrow_array::RecordBatch;
use futures::future::BoxFuture;

/// A refold under way. Dropping it changes nothing.
pub struct Refold {
    lake: Lake,
    stage: Stage,
    catalog: Part,
    old: Vec<(Name, Vec<DataFile>)>,
}

impl Refold {
    pub(crate) fn new(
        lake: Lake,
        snapshot: &Snapshot,
        lease: Lease,
        limits: StageLimits,
        catalog: &str,
    ) -> Result<Self> {
        let catalog = Part::Catalog(catalog.to_owned());
        catalog.value(Name::Rollup)?;
        let stage = Stage::new(lake.inner.store.clone(), lease, 'r', limits);
        let old = [Name::Digest, Name::Rollup].map(|name| (name, snapshot.files(name).to_vec()));
        Ok(Self { lake, stage, catalog, old: old.into() })
    }

    /// Adds rollups folded under the new catalog.
    pub fn write<'a>(&'a mut self, batch: &'a RecordBatch) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.stage.add_to(Name::Rollup, self.catalog.clone(), batch.clone()).await })
    }

    /// Adds rows of the digest under the new catalog.
    pub fn digest<'a>(&'a mut self, batch: &'a RecordBatch) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.stage.add_to(Name::Digest, self.catalog.clone(), batch.clone()).await })
    }

    /// Puts the new rows in place of the old.
    pub fn commit(mut self) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let mut staged = self.stage.finish().await?;
            for (name, old) in &self.old {
                let new = staged.remove(name).unwrap_or_default();
                let log = self.lake.inner.log(*name)?;
                if let Some(schema) = self.stage.schema(*name) {
                    log.create(&with_catalog(schema)).await?;
                }
                if !new.is_empty() || !old.is_empty() {
                    self.lake.inner.store.may_write().await?;
                    log.commit(&new, old, self.stage.lease.id).await?;
                }
            }
            self.stage.lease.release(&self.lake.inner.store).await
        })
    }
}
