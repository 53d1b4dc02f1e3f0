//! One file's records into the ingest: read and parsed on a thread of its own while the last chunk is written.

use super::Run;
use crate::walk::Input;
use crate::{EngineError, Progress};
use arrow_array::{Array, RecordBatch};
use weir_model::Table;
use weir_model::intake::Intake;
use weir_sources::read::{Chunk, FileReader};

/// Chunks that may wait to be written.
const WAITING_MAX: usize = 2;

/// A file read to its end, or to where it is damaged.
pub(super) struct Ended {
    pub account: Intake,
    /// Bytes of a half-written last line.
    pub half: u64,
    /// SHA-256 of the content that was read.
    pub sha256: String,
}

/// Reads a file to its end.
pub(super) async fn read(
    run: &mut Run,
    mut reader: FileReader,
    input: &Input,
    progress: &dyn Progress,
) -> Result<Ended, EngineError> {
    let file = reader.file();
    let (send, mut chunks) = tokio::sync::mpsc::channel::<Chunk>(WAITING_MAX);
    let reading = tokio::task::spawn_blocking(move || {
        while let Some(chunk) = reader.next_chunk() {
            if send.blocking_send(chunk).is_err() {
                break;
            }
        }
        let (half, sha256) = (reader.half_line(), reader.sha256());
        Ended { account: reader.finish(), half, sha256 }
    });
    let mut duplicates = 0;
    while let Some(chunk) = chunks.recv().await {
        let rows: usize = chunk.batches.iter().map(|(_, b)| b.num_rows()).sum();
        for (table, batch) in chunk.batches {
            duplicates += write(run, table, batch).await?;
        }
        run.ingest.rejects(file, &chunk.rejects).await?;
        progress.advance(0, rows as u64);
    }
    let stopped =
        |e: tokio::task::JoinError| EngineError::Reader { path: input.rel.clone(), message: e.to_string() };
    let Ended { mut account, half, sha256 } = reading.await.map_err(stopped)?;
    account.parsed -= duplicates;
    account.duplicates += duplicates;
    if duplicates > 0 {
        *account.reasons.entry("event read before".to_owned()).or_default() += duplicates;
    }
    progress.advance(input.bytes, 0);
    Ok(Ended { account, half, sha256 })
}

async fn write(run: &mut Run, table: Table, batch: RecordBatch) -> Result<u64, EngineError> {
    let named = batch.column_by_name("event_uid").is_some_and(|c| c.null_count() < c.len());
    let (kept, duplicates) = if named {
        let distinct = run.ingest.distinct(table, &batch).await?;
        (distinct.kept, distinct.duplicates.values().sum())
    } else {
        (batch, 0)
    };
    if kept.num_rows() > 0 {
        if table == Table::Access {
            run.learner.observe(&kept);
        }
        run.folding.add(table, &kept)?;
        run.ingest.write(table, &kept).await?;
    }
    Ok(duplicates)
}
