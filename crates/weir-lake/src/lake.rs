//! A lake: one Delta table per name in one folder or under one prefix of a bucket, opened, pinned, repaired.

use crate::delete::Deleting;
use crate::delta::{DataFile, DeltaLog};
use crate::hold::Holding;
use crate::ingest::Ingest;
use crate::lease::{Abandoned, Lease, Right};
use crate::memory::Memory;
use crate::refold::Refold;
use crate::snapshot::Snapshot;
use crate::stage::StageLimits;
use crate::store::Store;
use crate::tables::Name;
use crate::whole;
use crate::{LakeError, Result};
use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// How often a snapshot is taken anew when ingests commit while it is taken.
const PIN_TRIES_MAX: usize = 5;

/// A lake. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Lake {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Store,
    logs: BTreeMap<Name, DeltaLog>,
    memory: Memory,
    limits: StageLimits,
}

impl Inner {
    pub(crate) fn log(&self, name: Name) -> Result<DeltaLog> {
        self.logs.get(&name).cloned().map_or_else(|| DeltaLog::new(&self.store, name), Ok)
    }
}

impl Lake {
    /// Opens the lake in a folder, or in a bucket (`s3://BUCKET/PREFIX`); with `create`, makes the folder and its tables where missing.
    pub async fn open(dir: &Path, create: bool) -> Result<Self> {
        Self::open_within(dir, create, Memory::default()).await
    }

    /// Opens a lake to work on it in so much memory.
    pub async fn open_within(dir: &Path, create: bool, memory: Memory) -> Result<Self> {
        Self::opened(dir, create, memory, memory.stage()).await
    }

    /// Opens a lake with other limits on what an ingest may use.
    pub fn open_with<'a>(dir: &'a Path, create: bool, limits: StageLimits) -> BoxFuture<'a, Result<Self>> {
        Box::pin(async move { Self::opened(dir, create, Memory::default(), limits).await })
    }

    async fn opened(dir: &Path, create: bool, memory: Memory, limits: StageLimits) -> Result<Self> {
        let store = Store::open(dir, create).await?;
        let logs: Result<BTreeMap<Name, DeltaLog>> =
            Name::ALL.into_iter().map(|name| Ok((name, DeltaLog::new(&store, name)?))).collect();
        let logs = logs?;
        let intake = DeltaLog::new(&store, Name::Intake)?.version().await?;
        let mut there = BTreeSet::new();
        for (name, log) in &logs {
            there.extend(log.version().await?.map(|_| *name));
        }
        // `intake` is made last: where it is, all were.
        if intake.is_some() {
            whole::no_table_is_missing(&there)?;
        }
        if create {
            for (name, log) in &logs {
                if let Some(schema) = name.schema() {
                    log.create(&schema).await?;
                }
            }
        }
        Ok(Self { inner: Arc::new(Inner { store, logs, memory, limits }) })
    }

    /// The lake's folder, in which lies what is kept beside its tables.
    ///
    /// # Errors
    /// If it lies in a bucket.
    pub fn folder(&self) -> Result<&Path> {
        let place = || self.inner.store.url.as_str().trim_end_matches('/').to_owned();
        self.inner.store.folder().ok_or_else(|| LakeError::NoFolder { place: place() })
    }

    /// The memory that work on it may hold.
    pub fn memory(&self) -> Memory {
        self.inner.memory
    }

    /// Starts an ingest, after repairing what killed ones left.
    pub fn begin<'a>(&'a self) -> BoxFuture<'a, Result<Ingest>> {
        Box::pin(async move {
            self.inner.store.may_write().await?;
            self.repair().await?;
            let snapshot = self.snapshot().await?;
            let lease = Lease::take(&self.inner.store).await?;
            Ok(Ingest::new(self.clone(), snapshot, lease, self.inner.limits))
        })
    }

    /// Pins the latest version of every table.
    pub fn snapshot<'a>(&'a self) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async move {
            let mut tries = 0;
            loop {
                // `intake` first: whatever it names is in the tables listed after it. And again: a refold may have folded in an
                // ingest that committed between the two.
                let before = self.version(Name::Intake).await?;
                let mut listings = BTreeMap::new();
                let mut ingests = BTreeSet::new();
                for name in Name::ALL {
                    let pinned = if name == Name::Intake { before } else { None };
                    if let Some(listing) = self.inner.log(name)?.list(pinned).await? {
                        ingests.extend(listing.files.iter().filter_map(DataFile::ingest));
                        listings.insert(name, listing);
                    }
                }
                let snapshot = Snapshot::new(self.clone(), listings);
                let unaccounted = whole::unaccounted(&self.inner.store, &snapshot, &ingests).await;
                tries += 1;
                let settled = self.version(Name::Intake).await? == before;
                match unaccounted {
                    Some(error) if settled && tries >= PIN_TRIES_MAX => return Err(error),
                    None if settled || tries >= PIN_TRIES_MAX => {
                        match whole::check(&self.inner.store, &snapshot).await {
                            // Files that a deletion took out meanwhile are no loss.
                            Err(_) if tries < PIN_TRIES_MAX && self.moved_on(&snapshot).await? => {}
                            checked => return checked.map(|()| snapshot),
                        }
                    }
                    // An ingest committed, or was taken back, between the two looks.
                    _ => {}
                }
            }
        })
    }

    /// Whether a table has a later version than a snapshot.
    async fn moved_on(&self, snapshot: &Snapshot) -> Result<bool> {
        for (name, version) in
            Name::ALL.iter().zip(Name::ALL.map(|n| snapshot.versions().get(n.as_str()).copied()))
        {
            if self.version(*name).await? != version {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Pins the versions named, as [`Snapshot::versions`] gave them; tables not named are absent.
    pub fn snapshot_at<'a>(&'a self, versions: &'a BTreeMap<String, i64>) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async move {
            let mut listings = BTreeMap::new();
            for name in Name::ALL {
                let Some(version) = versions.get(name.as_str()) else {
                    continue;
                };
                if let Some(listing) = self.inner.log(name)?.list(Some(*version)).await? {
                    listings.insert(name, listing);
                }
            }
            let snapshot = Snapshot::new(self.clone(), listings);
            whole::check(&self.inner.store, &snapshot).await?;
            Ok(snapshot)
        })
    }

    async fn version(&self, name: Name) -> Result<Option<i64>> {
        self.inner.log(name)?.version().await
    }

    /// Waits for the right to fold again. Two who fold the same records at once would both add what they made; so take it, then look at a new
    /// snapshot for whether there is anything left to do.
    pub fn folding<'a>(&'a self) -> BoxFuture<'a, Result<Right>> {
        Box::pin(async move { Right::take(&self.inner.store, "refold.lock", || ()).await })
    }

    /// Waits for the right to ingest, and says once that it waits. What is known is looked up in the snapshot that an ingest begins with, so two
    /// who read the same files at once would both store them; take it before [`Lake::begin`] and hold it until the commit.
    pub async fn ingesting(&self, waits: impl FnOnce()) -> Result<Right> {
        Right::take(&self.inner.store, "ingest.lock", waits).await
    }

    /// Waits for the right to record holds, and says once that it waits.
    pub async fn holding(&self, waits: impl FnOnce()) -> Result<Holding> {
        Holding::take(self, waits).await
    }

    /// Waits for the right to delete, and says once that it waits.
    pub async fn deleting(&self, waits: impl FnOnce()) -> Result<Deleting> {
        Deleting::take(self, waits).await
    }

    /// Starts replacing the rollups that a snapshot shows by ones folded under another catalog.
    pub fn refold<'a>(&'a self, snapshot: &'a Snapshot, catalog: &'a str) -> BoxFuture<'a, Result<Refold>> {
        Box::pin(async move {
            self.inner.store.may_write().await?;
            self.repair().await?;
            let lease = Lease::take(&self.inner.store).await?;
            Refold::new(self.clone(), snapshot, lease, self.inner.limits, catalog)
        })
    }

    /// Takes back what killed ingests left; returns their ids. Called by [`Lake::begin`].
    ///
    /// What is removed was never visible to any reader: an ingest without a row in `intake` does not exist, and its input is still
    /// where it was read from. So this deletes no evidence, holds notwithstanding.
    pub fn repair<'a>(&'a self) -> BoxFuture<'a, Result<Vec<i64>>> {
        Box::pin(async move {
            let abandoned = Lease::abandoned(&self.inner.store).await?;
            if abandoned.is_empty() {
                return Ok(Vec::new());
            }
            let intake = self.inner.log(Name::Intake)?.list(None).await?;
            let files = intake.map(|l| l.files).unwrap_or_default();
            let committed: BTreeSet<i64> = files.iter().filter_map(|f| f.ingest()).collect();
            let mut repaired = Vec::new();
            for left in abandoned {
                let id = left.lease.id;
                if !committed.contains(&id) {
                    self.take_back(&left).await?;
                    repaired.push(id);
                }
                left.lease.release(&self.inner.store).await?;
            }
            Ok(repaired)
        })
    }

    async fn take_back(&self, left: &Abandoned) -> Result<()> {
        let id = left.lease.id;
        let mut kept = BTreeSet::new();
        for name in Name::ALL {
            let log = self.inner.log(name)?;
            let Some(listing) = log.list(None).await? else {
                continue;
            };
            let (own, others): (Vec<_>, Vec<_>) =
                listing.files.into_iter().partition(|f| f.ingest() == Some(id));
            if !own.is_empty() {
                log.commit(&[], &own, id).await?;
            }
            // A refold that was killed after its one commit stands.
            kept.extend(others.into_iter().map(|f| format!("{name}/{}", f.path)));
        }
        for path in left.staged.iter().filter(|path| !kept.contains(*path)) {
            self.inner.store.delete(path).await?;
        }
        tracing::info!(ingest = id, files = left.staged.len(), "took back an unfinished ingest");
        Ok(())
    }
}
