//! Which files the lake has read, asked by the fingerprint of their first bytes.
//!
//! Eight bytes per known file are held, to answer most questions with "none" at once; the rows themselves are queried. That
//! grows with files, never with records.

use crate::Result;
use crate::rows::{KnownFile, Reader};
use crate::snapshot::Snapshot;
use crate::tables::Name;
use arrow_array::{Array, RecordBatch, StringArray};
use datafusion::prelude::{col, lit};
use futures::StreamExt;

/// Hashes of the heads of all files in a snapshot, read at the first question.
#[derive(Default)]
pub(crate) struct KnownHeads {
    hashes: Option<Vec<u64>>,
}

impl KnownHeads {
    /// The files with this head.
    pub(crate) async fn files(&mut self, snapshot: &Snapshot, head: &str) -> Result<Vec<KnownFile>> {
        let hashes = match self.hashes.take() {
            Some(hashes) => hashes,
            None => read_hashes(snapshot).await?,
        };
        let known = hashes.binary_search(&hash(head)).is_ok();
        self.hashes = Some(hashes);
        if known { query(snapshot, head).await } else { Ok(Vec::new()) }
    }
}

/// The files of a snapshot with this head, by path and start.
pub(crate) async fn query(snapshot: &Snapshot, head: &str) -> Result<Vec<KnownFile>> {
    read(&snapshot.small(Name::Files, |frame| frame.filter(col("head").eq(lit(head)))).await?)
}

/// All files of a snapshot, by path and start.
pub(crate) async fn all(snapshot: &Snapshot) -> Result<Vec<KnownFile>> {
    read(&snapshot.small(Name::Files, Ok).await?)
}

fn read(rows: &[RecordBatch]) -> Result<Vec<KnownFile>> {
    let mut found = Vec::new();
    for batch in rows {
        found.extend(Reader::new(Name::Files, batch).files()?);
    }
    found.sort_by(|a, b| (&a.path, a.start, a.ingest).cmp(&(&b.path, b.start, b.ingest)));
    Ok(found)
}

async fn read_hashes(snapshot: &Snapshot) -> Result<Vec<u64>> {
    let mut hashes = Vec::new();
    let mut batches = snapshot.small_stream(Name::Files, |frame| frame.select_columns(&["head"])).await?;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        if let Some(heads) =
            batch.column_by_name("head").and_then(|c| c.as_any().downcast_ref::<StringArray>())
        {
            hashes.extend(heads.iter().flatten().map(hash));
        }
    }
    hashes.sort_unstable();
    hashes.dedup();
    Ok(hashes)
}

fn hash(head: &str) -> u64 {
    let digest = blake3::hash(head.as_bytes());
    let first: [u8; 8] = digest.as_bytes().first_chunk().copied().unwrap_or_default();
    u64::from_le_bytes(first)
}
