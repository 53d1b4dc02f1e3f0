//! One file's records into the ingest: read and parsed on a thread of its own while the last chunk is written.

use super::Run;
use crate::fold::keep;
use crate::walk::Input;
use crate::{EngineError, Progress};
use arrow_array::{Array, RecordBatch};
use std::collections::BTreeMap;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use weir_lake::Distinct;
use weir_model::Table;
use weir_model::intake::Intake;
use weir_sources::read::{Chunk, FileReader};

/// Chunks that may wait to be written.
pub(super) const WAITING_MAX: usize = 2;
/// Why rows without ids are duplicates.
const IN_A_RUN: &str = "in a run of records that another file of the sensor holds";

/// A file read to its end, or to where it is damaged.
pub(super) struct Ended {
    pub account: Intake,
    /// Bytes of a half-written last line.
    pub half: u64,
    /// SHA-256 of the content that was read.
    pub sha256: String,
}

/// A file that is being read.
pub(super) struct Reading {
    pub(super) file: i64,
    pub(super) chunks: mpsc::Receiver<Chunk>,
    pub(super) ended: JoinHandle<Option<Ended>>,
}

impl Reading {
    /// Begins to read a file on a thread of its own.
    pub(super) fn begin(reader: FileReader) -> Self {
        let (send, chunks) = mpsc::channel(WAITING_MAX);
        let file = reader.file();
        Self { file, chunks, ended: tokio::task::spawn_blocking(move || give(reader, &send)) }
    }
}

/// Gives a file's chunks and then its account; nothing when nobody listens any more.
pub(super) fn give(mut reader: FileReader, send: &mpsc::Sender<Chunk>) -> Option<Ended> {
    while let Some(chunk) = reader.next_chunk() {
        send.blocking_send(chunk).ok()?;
    }
    let (half, sha256) = (reader.half_line(), reader.sha256());
    Some(Ended { account: reader.finish(), half, sha256 })
}

/// Takes in what is read of a file, to its end.
pub(super) async fn read(
    run: &mut Run,
    reading: Reading,
    input: &Input,
    progress: &dyn Progress,
) -> Result<Ended, EngineError> {
    let Reading { file, mut chunks, ended } = reading;
    let mut duplicates: BTreeMap<&str, u64> = BTreeMap::new();
    while let Some(chunk) = chunks.recv().await {
        let rows: usize = chunk.batches.iter().map(|(_, b)| b.num_rows()).sum();
        for (table, batch) in chunk.batches {
            let new = run.ingest.distinct(table, &batch).await?;
            *duplicates.entry(reason_of(&batch)).or_default() += new.duplicates;
            write(run, table, &new).await?;
        }
        run.ingest.rejects(file, &chunk.rejects).await?;
        progress.advance(0, rows as u64);
    }
    for table in Table::ALL {
        if let Some(new) = run.ingest.undecided(table).await? {
            *duplicates.entry(IN_A_RUN).or_default() += new.duplicates;
            write(run, table, &new).await?;
        }
    }
    let stopped = |message: String| EngineError::Reader { path: input.rel.clone(), message };
    let ended = ended.await.map_err(|e| stopped(e.to_string()))?;
    let Ended { mut account, half, sha256 } = ended.ok_or_else(|| stopped("it ended early".to_owned()))?;
    for (reason, count) in duplicates.into_iter().filter(|(_, count)| *count > 0) {
        account.parsed -= count;
        account.duplicates += count;
        *account.reasons.entry(reason.to_owned()).or_default() += count;
    }
    progress.advance(input.bytes, 0);
    Ok(Ended { account, half, sha256 })
}

/// Why rows of a batch are duplicates.
fn reason_of(batch: &RecordBatch) -> &'static str {
    let named = batch.column_by_name("event_uid").is_some_and(|c| c.null_count() < c.len());
    if named { "event read before" } else { IN_A_RUN }
}

async fn write(run: &mut Run, table: Table, new: &Distinct) -> Result<(), EngineError> {
    for rows in new.kept.iter().filter(|rows| rows.num_rows() > 0) {
        for folded in run.folding.take(table, rows).await? {
            keep(&mut run.ingest, &run.catalog, folded).await?;
        }
        run.ingest.write(table, rows).await?;
    }
    Ok(())
}
