//! Deleting: records older than they are kept, and a person's records where law demands it.
//!
//! Decisive choice: both are one run of the lake's one way to delete ([`weir_lake::Deleting`]); what differs is which records are wanted. Rollups and digest of the
//! days concerned are folded again from what stays of them, so nothing derived outlives what it was derived from.

use crate::evidence::custody_of;
use crate::fold::{Beside, Folded};
use crate::investigate::learned;
use crate::{EngineError, Progress, Settings, person};
use futures::StreamExt;
use futures::future::LocalBoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use weir_catalog::Catalog;
use weir_evidence::custody::Act;
use weir_lake::{Deleting, Lake, Planned, Removal, Vacuumed, Wanted, Why};
use weir_model::{Micros, Table};
use weir_sources::secrets::Fingerprints;

/// Who deletes, when, and whether it is only to be shown what would go.
#[derive(Clone, Debug)]
pub struct Run {
    /// Who.
    pub by: String,
    /// When.
    pub time: Micros,
    /// Changes nothing.
    pub dry: bool,
}

/// Whose records are to go, and by whose order.
#[derive(Clone, Debug)]
pub struct Erasure {
    /// What the person's id counts.
    pub namespace: String,
    /// The person's id.
    pub id: String,
    /// Reference of the order.
    pub order: String,
    /// Why.
    pub reason: String,
    /// Whether records that no hold covers go although others are held.
    pub except_held: bool,
}

/// What a run did, or would do.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Deleted {
    /// Rows that are gone, by table.
    pub gone: BTreeMap<String, u64>,
    /// Rows that would be, and that holds keep, by table.
    pub held: BTreeMap<String, u64>,
    /// Those holds.
    pub holds: BTreeSet<String>,
    /// Small files that were put together, by table.
    pub compacted: BTreeMap<String, u64>,
    /// Files that went from the disk.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Old files that stay because a hold names a version that has them.
    pub pinned: u64,
    /// Rows that may be the person's and stay, because nothing decides it, by table.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub undecided: BTreeMap<String, u64>,
    /// What whoever asked should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Whether nothing was changed because only a look was asked for.
    pub dry: bool,
}

impl Deleted {
    fn planned(planned: &Planned, dry: bool) -> Self {
        Self {
            gone: planned.gone.clone(),
            held: planned.held.clone(),
            holds: planned.by.clone(),
            compacted: planned.compacted.clone(),
            dry,
            ..Self::default()
        }
    }
}

/// Deletes records of event times before an instant, but for those that a hold covers; puts small files together; frees what no kept version names.
pub fn retain<'a>(
    lake: &'a Lake,
    settings: &'a Settings,
    before: Micros,
    run: &'a Run,
    progress: &'a dyn Progress,
) -> LocalBoxFuture<'a, Result<Deleted, EngineError>> {
    Box::pin(async move {
        let waits = || progress.stage("waiting for others who write to this lake", None);
        let right = lake.deleting(waits).await?;
        let done = async {
            vouched(lake).await?;
            progress.stage("looking for what is too old", None);
            let planned = right.plan(&Wanted::Before(before)).await?;
            delete(lake, &right, settings, planned, Why::Retention { before }, run, progress).await
        };
        let done = done.await;
        progress.done();
        right.release().await?;
        done
    })
}

/// Whether the lake knows every hold that its custody log says was recorded: if one is lost, nothing is deleted that it may have covered.
async fn vouched(lake: &Lake) -> Result<(), EngineError> {
    let Ok(folder) = lake.folder() else { return Ok(()) };
    let known: BTreeSet<String> =
        lake.snapshot().await?.holds().await?.into_iter().map(|hold| hold.id).collect();
    let recorded = custody_of(folder)?.into_iter().filter(|entry| entry.what == Act::Hold);
    let ids = recorded.filter_map(|entry| entry.why.split([':', ' ']).next().map(str::to_owned));
    let lost: BTreeSet<String> = ids.filter(|id| !known.contains(id)).collect();
    if lost.is_empty() {
        return Ok(());
    }
    let lost = lost.into_iter().collect::<Vec<_>>().join(", ");
    Err(EngineError::LostHold { lost })
}

/// Erases the records that show a person or are of their logins and sessions, and rejects that name them. Nothing goes if a hold covers any of them, unless the others were asked for.
pub fn erase<'a>(
    lake: &'a Lake,
    settings: &'a Settings,
    fingerprints: &'a Fingerprints,
    what: &'a Erasure,
    run: &'a Run,
    progress: &'a dyn Progress,
) -> LocalBoxFuture<'a, Result<Deleted, EngineError>> {
    Box::pin(async move {
        let waits = || progress.stage("waiting for others who write to this lake", None);
        let right = lake.deleting(waits).await?;
        let done = async {
            vouched(lake).await?;
            progress.stage("looking for the person's records", None);
            let found = person::find(&right, settings, what).await?;
            let planned = right.plan(&found.wanted).await?;
            if !planned.by.is_empty() && !what.except_held && !run.dry {
                let records = planned.held.values().sum();
                return Err(EngineError::Held { records, holds: planned.by.into_iter().collect() });
            }
            let why = Why::Erasure {
                subject: fingerprints.pseudonym(&what.id),
                order: what.order.clone(),
                reason: what.reason.clone(),
            };
            let done = delete(lake, &right, settings, planned, why, run, progress).await?;
            Ok(Deleted { undecided: found.undecided, warnings: found.warnings, ..done })
        };
        let done = done.await;
        progress.done();
        right.release().await?;
        done
    })
}

async fn delete(
    lake: &Lake,
    right: &Deleting,
    settings: &Settings,
    planned: Planned,
    why: Why,
    run: &Run,
    progress: &dyn Progress,
) -> Result<Deleted, EngineError> {
    let mut done = Deleted::planned(&planned, run.dry);
    if run.dry {
        return Ok(done);
    }
    if !planned.is_empty() {
        progress.stage("writing what stays", None);
        let learned = learned(right.snapshot(), settings).await?;
        let catalog = settings.catalog(&learned)?;
        let mut removal = right.remove(planned).await?;
        if removal.is_to_fold() {
            fold(lake, &mut removal, &catalog).await?;
        }
        removal.commit(run.time, &run.by, why).await?;
    }
    progress.stage("freeing what no version needs", None);
    let Vacuumed { files, bytes, pinned } = right.vacuum().await?;
    (done.files, done.bytes, done.pinned) = (files, bytes, pinned);
    Ok(done)
}

/// Folds the days concerned from what stays of them.
async fn fold(lake: &Lake, removal: &mut Removal<'_>, catalog: &Arc<Catalog>) -> Result<(), EngineError> {
    let mut folding = Beside::start(Arc::clone(catalog), lake.memory(), None);
    for table in Table::ALL {
        let mut records = removal.remaining(table);
        while let Some(batch) = records.next().await {
            for folded in folding.take(table, &batch?).await? {
                keep(removal, catalog, folded).await?;
            }
        }
    }
    let mut rest = folding.end();
    while let Some(folded) = rest.next().await {
        keep(removal, catalog, folded).await?;
    }
    rest.learned().await?;
    Ok(())
}

async fn keep(removal: &mut Removal<'_>, catalog: &Catalog, folded: Folded) -> Result<(), EngineError> {
    match folded {
        Folded::Digest(rows) => Ok(removal.digest(catalog.id(), &rows).await?),
        Folded::Rollup(rows) => Ok(removal.rollup(catalog.id(), &rows).await?),
    }
}
