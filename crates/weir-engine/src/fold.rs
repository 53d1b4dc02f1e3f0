//! Rollups: folded from each batch as it is read, under the catalog known by then; folded again from the lake when the catalog has
//! changed since.
//!
//! Every ingest that holds records holds their rollups, so rollups are complete as soon as all are of one catalog.

use crate::{EngineError, Progress};
use std::sync::Arc;
use weir_catalog::Catalog;
use weir_lake::{Ingest, Lake, Memory, RecordBatch, Snapshot};
use weir_model::Table;
use weir_rollup::{Digest, Fold, Merged, Row, encode};

/// Rollup rows to a batch.
const BATCH_ROWS: usize = 8 << 10;

/// The fold of one ingest.
pub(crate) struct Folding {
    catalog: Arc<Catalog>,
    fold: Fold,
    digest: Digest,
}

impl Folding {
    pub(crate) fn new(catalog: Arc<Catalog>, memory: Memory) -> Self {
        let fold = Fold::new(memory.fold(), std::env::temp_dir());
        Self { catalog, fold, digest: Digest::new(memory.digest()) }
    }

    /// Takes in records; gives rows of the digest out when there are enough.
    pub(crate) fn add(
        &mut self,
        table: Table,
        batch: &RecordBatch,
    ) -> Result<Option<RecordBatch>, EngineError> {
        if table != Table::Access {
            self.fold.table(table, batch, |b| self.catalog.derive(b))?;
            return Ok(None);
        }
        let derived = self.catalog.derive(batch);
        self.fold.access(batch, &derived)?;
        Ok(self.digest.add(batch, &derived)?)
    }

    /// Takes in records of an ingest.
    pub(crate) async fn take(
        &mut self,
        ingest: &mut Ingest,
        table: Table,
        batch: &RecordBatch,
    ) -> Result<(), EngineError> {
        if let Some(rows) = self.add(table, batch)? {
            ingest.digest(self.catalog.id(), &rows).await?;
        }
        Ok(())
    }

    /// Writes the rollups into the ingest whose records were taken in.
    pub(crate) async fn write(self, ingest: &mut Ingest) -> Result<(), EngineError> {
        if let Some(rows) = self.digest.finish()? {
            ingest.digest(self.catalog.id(), &rows).await?;
        }
        for batch in batches(self.fold.finish()?) {
            ingest.rollup(self.catalog.id(), &batch?).await?;
        }
        Ok(())
    }
}

/// A snapshot whose rollups were all folded under the catalog.
pub(crate) async fn refold(
    lake: &Lake,
    snapshot: Snapshot,
    catalog: &Arc<Catalog>,
    progress: &dyn Progress,
) -> Result<Snapshot, EngineError> {
    let fresh = |snapshot: &Snapshot| snapshot.rollup_catalogs().iter().all(|id| id == catalog.id());
    if fresh(&snapshot) {
        return Ok(snapshot);
    }
    progress.stage("folding", None);
    let _right = lake.folding().await?;
    let snapshot = lake.snapshot().await?;
    if fresh(&snapshot) {
        progress.done();
        return Ok(snapshot);
    }
    let session = snapshot.session(&snapshot.session_options(), None)?;
    let mut folding = Folding::new(Arc::clone(catalog), lake.memory());
    let mut refold = lake.refold(&snapshot, catalog.id()).await?;
    for table in Table::ALL {
        use futures::StreamExt;
        let mut records = session.stream(&format!("SELECT * FROM {}", table.name())).await?;
        while let Some(batch) = records.next().await {
            let batch = batch?;
            if let Some(rows) = folding.add(table, &batch)? {
                refold.digest(&rows).await?;
            }
            progress.advance(0, batch.num_rows() as u64);
        }
    }
    if let Some(rows) = folding.digest.finish()? {
        refold.digest(&rows).await?;
    }
    for batch in batches(folding.fold.finish()?) {
        refold.write(&batch?).await?;
    }
    refold.commit().await?;
    progress.done();
    Ok(lake.snapshot().await?)
}

/// Rows as batches.
fn batches(rows: Merged) -> impl Iterator<Item = Result<RecordBatch, EngineError>> {
    let mut rows = rows.fuse();
    std::iter::from_fn(move || {
        let next: Result<Vec<Row>, _> = rows.by_ref().take(BATCH_ROWS).collect();
        match next {
            Ok(rows) if rows.is_empty() => None,
            Ok(rows) => Some(encode(&rows).map_err(EngineError::from)),
            Err(error) => Some(Err(error.into())),
        }
    })
}
