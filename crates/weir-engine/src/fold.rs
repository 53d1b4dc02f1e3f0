//! Rollups: folded from each batch as it is read, under the catalog known by then; folded again from the lake when the catalog has
//! changed since.
//!
//! Every ingest that holds records holds their rollups, so rollups are complete as soon as all are of one catalog.
//!
//! Decisive choice: learning, deriving and folding take longer than writing, so they have two threads of their own ([`Beside`]): one derives and
//! digests a batch while the other folds the one before. Each takes batches in their order, so that rows keep theirs.

use crate::{EngineError, Progress};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use weir_catalog::{Catalog, Derived, Learner, Requests};
use weir_lake::{Ingest, Lake, Memory, RecordBatch, Refold, Snapshot};
use weir_model::Table;
use weir_rollup::{Digest, Fold, Merged};

/// Rollup rows to a batch.
const BATCH_ROWS: usize = 8 << 10;

/// Batches that may wait before each step: to be derived from, to be folded, to be written.
const WAITING_MAX: usize = 2;

/// What comes of folding.
pub(crate) enum Folded {
    /// Rows of the digest.
    Digest(RecordBatch),
    /// Rows of the rollups, after all of the digest.
    Rollup(RecordBatch),
}

/// A fold under way on a thread of its own, while what it gives is written.
pub(crate) struct Beside {
    records: mpsc::Sender<(Table, RecordBatch)>,
    rest: Rest,
}

/// A fold that has all its records.
pub(crate) struct Rest {
    folded: mpsc::Receiver<Folded>,
    folding: JoinHandle<Result<Option<Learner>, EngineError>>,
}

impl Beside {
    /// Begins; a learner learns from the records of `access`.
    pub(crate) fn start(catalog: Arc<Catalog>, memory: Memory, learner: Option<Learner>) -> Self {
        let (records, incoming) = mpsc::channel::<(Table, RecordBatch)>(WAITING_MAX);
        let (out, folded) = mpsc::channel::<Folded>(WAITING_MAX);
        let folding = tokio::task::spawn_blocking(move || fold(&catalog, memory, learner, incoming, &out));
        Self { records, rest: Rest { folded, folding } }
    }

    /// Hands records over; what came out meanwhile.
    pub(crate) async fn take(
        &mut self,
        table: Table,
        batch: &RecordBatch,
    ) -> Result<Vec<Folded>, EngineError> {
        let mut out = Vec::new();
        loop {
            tokio::select! {
                room = self.records.reserve() => {
                    let Ok(room) = room else { return Err(self.rest.failed().await) };
                    room.send((table, batch.clone()));
                    return Ok(out);
                }
                Some(folded) = self.rest.folded.recv() => out.push(folded),
            }
        }
    }

    /// There are no more records.
    pub(crate) fn end(self) -> Rest {
        self.rest
    }
}

impl Rest {
    /// What comes out next.
    pub(crate) async fn next(&mut self) -> Option<Folded> {
        self.folded.recv().await
    }

    /// What was learned, once everything came out.
    pub(crate) async fn learned(self) -> Result<Option<Learner>, EngineError> {
        self.folding.await.map_err(stopped)?
    }

    async fn failed(&mut self) -> EngineError {
        match (&mut self.folding).await {
            Ok(Err(error)) => error,
            Ok(Ok(_)) => EngineError::Folding { message: "it ended early".to_owned() },
            Err(error) => stopped(error),
        }
    }
}

fn stopped(error: tokio::task::JoinError) -> EngineError {
    EngineError::Folding { message: error.to_string() }
}

/// Records that are ready to be folded: those of `access` with what was derived from them.
type Ready = (Table, RecordBatch, Option<Derived>);

/// Takes records as they come, and gives everything out in order; ends early when nobody listens.
fn fold(
    catalog: &Catalog,
    memory: Memory,
    learner: Option<Learner>,
    records: mpsc::Receiver<(Table, RecordBatch)>,
    out: &mpsc::Sender<Folded>,
) -> Result<Option<Learner>, EngineError> {
    std::thread::scope(|threads| {
        let (ready, incoming) = std::sync::mpsc::sync_channel::<Ready>(WAITING_MAX);
        let folding = threads.spawn(move || roll_up(catalog, memory, incoming));
        let learned = derive(catalog, memory, learner, records, out, ready);
        let panicked = |_| EngineError::Folding { message: "a thread of it panicked".to_owned() };
        let mut rollups = folding.join().map_err(panicked)??;
        let learned = learned?;
        while let Some(rows) = rollups.batch(BATCH_ROWS)? {
            if out.blocking_send(Folded::Rollup(rows)).is_err() {
                break;
            }
        }
        Ok(learned)
    })
}

/// Learns and derives from records, digests them where the catalog knows whose data they show, and hands them on to be folded.
fn derive(
    catalog: &Catalog,
    memory: Memory,
    mut learner: Option<Learner>,
    mut records: mpsc::Receiver<(Table, RecordBatch)>,
    out: &mpsc::Sender<Folded>,
    ready: SyncSender<Ready>,
) -> Result<Option<Learner>, EngineError> {
    let mut digest = catalog.knows_data().then(|| Digest::new(memory.digest()));
    while let Some((table, batch)) = records.blocking_recv() {
        let mut derived = None;
        let mut rows = None;
        if table == Table::Access {
            let requests = Requests::of(&batch);
            if let Some(learner) = &mut learner {
                learner.observe_requests(&requests);
            }
            let of_batch = catalog.derive_requests(&requests);
            if let Some(digest) = &mut digest {
                rows = digest.add(&batch, &of_batch)?;
            }
            derived = Some(of_batch);
        }
        let listens = ready.send((table, batch, derived)).is_ok();
        if !listens || rows.is_some_and(|rows| out.blocking_send(Folded::Digest(rows)).is_err()) {
            return Ok(learner);
        }
    }
    if let Some(rows) = digest.map(Digest::finish).transpose()?.flatten() {
        // Whoever does not listen wants no rollups either, and says so when they come.
        let _ = out.blocking_send(Folded::Digest(rows));
    }
    Ok(learner)
}

/// Folds all records that are ready.
fn roll_up(catalog: &Catalog, memory: Memory, ready: Receiver<Ready>) -> Result<Merged, EngineError> {
    let mut fold = Fold::new(memory.fold(), std::env::temp_dir()).spans(catalog.knows_data());
    for (table, batch, derived) in ready {
        fold.table(table, &batch, |batch| derived.unwrap_or_else(|| catalog.derive(batch)))?;
    }
    Ok(fold.finish()?)
}

/// What a fold gave, into the ingest whose records it was given.
pub(crate) async fn keep(ingest: &mut Ingest, catalog: &Catalog, folded: Folded) -> Result<(), EngineError> {
    match folded {
        Folded::Digest(rows) => Ok(ingest.digest(catalog.id(), &rows).await?),
        Folded::Rollup(rows) => Ok(ingest.rollup(catalog.id(), &rows).await?),
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
    let right = lake.folding().await?;
    let folded = async {
        let snapshot = lake.snapshot().await?;
        if fresh(&snapshot) {
            return Ok::<_, EngineError>(snapshot);
        }
        fold_again(lake, &snapshot, catalog, progress).await?;
        Ok(lake.snapshot().await?)
    };
    let (folded, released) = (folded.await, right.release().await);
    progress.done();
    let snapshot = folded?;
    released?;
    Ok(snapshot)
}

async fn fold_again(
    lake: &Lake,
    snapshot: &Snapshot,
    catalog: &Arc<Catalog>,
    progress: &dyn Progress,
) -> Result<(), EngineError> {
    let session = snapshot.session(&snapshot.session_options(), None)?;
    let mut folding = Beside::start(Arc::clone(catalog), lake.memory(), None);
    let mut refold = lake.refold(snapshot, catalog.id()).await?;
    for table in Table::ALL {
        use futures::StreamExt;
        let mut records = session.stream(&format!("SELECT * FROM {}", table.name())).await?;
        while let Some(batch) = records.next().await {
            let batch = batch?;
            for folded in folding.take(table, &batch).await? {
                again(&mut refold, folded).await?;
            }
            progress.advance(0, batch.num_rows() as u64);
        }
    }
    let mut rest = folding.end();
    while let Some(folded) = rest.next().await {
        again(&mut refold, folded).await?;
    }
    rest.learned().await?;
    Ok(refold.commit().await?)
}

async fn again(refold: &mut Refold, folded: Folded) -> Result<(), EngineError> {
    match folded {
        Folded::Digest(rows) => Ok(refold.digest(&rows).await?),
        Folded::Rollup(rows) => Ok(refold.write(&rows).await?),
    }
}
