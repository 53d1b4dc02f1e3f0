//! Rollups: folded again from the records whenever they are not those of the catalog in use.

use crate::{EngineError, Progress};
use std::sync::Arc;
use weir_catalog::Catalog;
use weir_lake::{Lake, SessionOptions, Snapshot};
use weir_model::Table;
use weir_rollup::{Fold, Merged, Row, encode};

/// Bytes the fold holds before it spills.
const FOLD_BYTES: usize = 512 << 20;
/// Rollup rows to a batch.
const BATCH_ROWS: usize = 8 << 10;

/// A snapshot whose rollups were folded under the catalog and hold every committed ingest.
pub(crate) async fn refold(
    lake: &Lake,
    snapshot: Snapshot,
    catalog: &Arc<Catalog>,
    progress: &dyn Progress,
) -> Result<Snapshot, EngineError> {
    let wanted = format!("{}-{}", catalog.id(), digest(&snapshot));
    let folded = snapshot.rollup_catalogs();
    if snapshot.ingests().is_empty() || (folded.len() == 1 && folded.contains(&wanted)) {
        return Ok(snapshot);
    }
    progress.stage("folding", None);
    let rows = fold(&snapshot, catalog, progress).await?;
    let mut refold = lake.refold(&snapshot, &wanted).await?;
    let mut waiting: Vec<Row> = Vec::with_capacity(BATCH_ROWS);
    for row in rows {
        waiting.push(row?);
        if waiting.len() == BATCH_ROWS {
            refold.write(&encode(&waiting)?).await?;
            waiting.clear();
        }
    }
    refold.write(&encode(&waiting)?).await?;
    refold.commit().await?;
    progress.done();
    Ok(lake.snapshot().await?)
}

/// Names the set of ingests that rollups hold.
fn digest(snapshot: &Snapshot) -> String {
    let ids: Vec<u8> = snapshot.ingests().iter().flat_map(|i| i.to_le_bytes()).collect();
    blake3::hash(&ids).to_hex().get(..16).unwrap_or_default().to_owned()
}

async fn fold(
    snapshot: &Snapshot,
    catalog: &Arc<Catalog>,
    progress: &dyn Progress,
) -> Result<Merged, EngineError> {
    use futures::StreamExt;
    let session = snapshot.session(&SessionOptions::default(), None)?;
    let mut fold = Fold::new(FOLD_BYTES, std::env::temp_dir());
    for table in Table::ALL {
        let mut batches = session.stream(&format!("SELECT * FROM {}", table.name())).await?;
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            fold.table(table, &batch, |b| catalog.derive(b))?;
            progress.advance(0, batch.num_rows() as u64);
        }
    }
    Ok(fold.finish()?)
}
