//! Refolding: when the catalog changed, rollups folded from the same records take the place of the old ones in one commit.
//!
//! The rollup files of a refold belong to no ingest; the single Delta commit that adds them removes exactly the files that the
//! snapshot showed, so an ingest that commits meanwhile keeps its own (folded under the old catalog, which
//! [`crate::Snapshot::rollup_catalogs`] shows). Old files stay on disk: earlier snapshots still read them.

use crate::delta::DataFile;
use crate::ingest::rollup_table_schema;
use crate::lake::Lake;
use crate::lease::Lease;
use crate::snapshot::Snapshot;
use crate::stage::{Stage, StageLimits};
use crate::tables::{Name, Part};
use crate::{LakeError, Result};
use arrow_array::RecordBatch;

/// A refold under way. Dropping it changes nothing.
pub struct Refold {
    lake: Lake,
    stage: Stage,
    catalog: Part,
    old: Vec<DataFile>,
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
        Ok(Self { lake, stage, catalog, old: snapshot.files(Name::Rollup).to_vec() })
    }

    /// Adds rollups folded under the new catalog.
    pub async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.stage.add_to(Name::Rollup, self.catalog.clone(), batch.clone()).await
    }

    /// Puts the new rollups in place of the old; returns the table's new version.
    pub async fn commit(mut self) -> Result<i64> {
        let staged = self.stage.finish().await?.remove(&Name::Rollup).unwrap_or_default();
        let log = self.lake.inner.log(Name::Rollup)?;
        if let Some(schema) = self.stage.schema(Name::Rollup) {
            log.create(&rollup_table_schema(schema)).await?;
        }
        let id = self.stage.lease.id;
        if staged.is_empty() && self.old.is_empty() {
            self.stage.lease.release()?;
            return log.version().await?.ok_or_else(|| LakeError::log("rollup", "there is nothing to fold"));
        }
        let version = log.commit(&staged, &self.old, id).await?;
        self.stage.lease.release()?;
        Ok(version)
    }
}
