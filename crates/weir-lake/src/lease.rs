//! Leases: which ingests are being written now, and what a killed one left behind.
//!
//! In a folder, a writer holds the operating system's lock on `_ingests/<id>.lease` for as long as it lives; the lock goes with the process,
//! however it ends, so a lease whose lock can be taken has no writer. No heartbeat, no clock, no process ids that return.
//! The lease file is also a journal of every path staged. It refuses to judge leases from other machines on file systems without
//! locks; a lake there needs one writer at a time.
//!
//! In a bucket there is one writer at a time ([`crate::bucket`]). So every other lease there has no writer, and what it staged are the objects
//! that carry its id.

use crate::bucket::Held;
use crate::delta::writer_of;
use crate::store::{LEASES, Store};
use crate::tables::Name;
use crate::{LakeError, Result};
use futures::TryStreamExt;
use object_store::path::Path as StorePath;
use object_store::{ObjectStoreExt, PutMode, PutOptions};
use std::fs::{File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, Hasher};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Ids stay below 2^53, so that every JSON reader keeps them.
const ID_MAX: u64 = (1 << 53) - 1;

/// The right to write as one ingest.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) id: i64,
    kept: Kept,
}

/// Where a lease lies.
#[derive(Debug)]
enum Kept {
    Folder { path: PathBuf, file: File },
    Bucket,
}

/// A right that one process has at a time: to ingest, or to fold the lake again. It goes with the process: in a folder at once, in a bucket a
/// minute later where it was not given back.
#[derive(Debug)]
pub struct Right(Having);

#[derive(Debug)]
enum Having {
    Folder {
        #[expect(dead_code, reason = "held for its lock")]
        file: File,
    },
    Bucket {
        store: Box<Store>,
    },
}

/// How often it is asked for.
const ASK: Duration = Duration::from_millis(50);

impl Right {
    /// Waits until nobody else has it; says so once if it has to wait.
    pub(crate) async fn take(store: &Store, lock: &str, waits: impl FnOnce()) -> Result<Self> {
        let Some(dir) = store.folder() else {
            store.hold(Arc::new(Held::take(&store.objects, random_id().unsigned_abs(), waits).await?));
            return Ok(Self(Having::Bucket { store: Box::new(store.clone()) }));
        };
        let path = dir.join(LEASES).join(lock);
        let fail = |e| LakeError::write(format!("{LEASES}/{lock}"), e);
        let file = OpenOptions::new().append(true).create(true).open(&path).map_err(fail)?;
        let mut waits = Some(waits);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(Having::Folder { file })),
                Err(TryLockError::WouldBlock) => {
                    waits.take().into_iter().for_each(|say| say());
                    tokio::time::sleep(ASK).await;
                }
                Err(TryLockError::Error(e)) => return Err(fail(e)),
            }
        }
    }

    /// Gives it back.
    ///
    /// # Errors
    /// If another process has taken it over, or the bucket cannot be reached.
    pub async fn release(self) -> Result<()> {
        let Having::Bucket { store } = &self.0 else { return Ok(()) };
        match store.let_go() {
            Some(held) => held.release().await,
            None => Ok(()),
        }
    }
}

/// A lease whose writer is gone, locked by us.
pub(crate) struct Abandoned {
    pub(crate) lease: Lease,
    /// Paths it staged, relative to the lake.
    pub(crate) staged: Vec<String>,
}

impl Lease {
    /// Takes a new id.
    pub(crate) async fn take(store: &Store) -> Result<Self> {
        loop {
            let id = random_id();
            let taken = match store.folder() {
                Some(dir) => Self::in_folder(dir, id)?,
                None => Self::in_bucket(store, id).await?,
            };
            if let Some(lease) = taken {
                return Ok(lease);
            }
        }
    }

    fn in_folder(dir: &Path, id: i64) -> Result<Option<Self>> {
        let path = dir.join(shown(id));
        let fail = |e| LakeError::write(shown(id), e);
        let file = match OpenOptions::new().read(true).append(true).create_new(true).open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => return Ok(None),
            Err(e) => return Err(fail(e)),
        };
        file.lock().map_err(fail)?;
        // A repair may have taken the file for abandoned before it was locked.
        Ok(path.exists().then_some(Self { id, kept: Kept::Folder { path, file } }))
    }

    async fn in_bucket(store: &Store, id: i64) -> Result<Option<Self>> {
        store.may_write().await?;
        let once = PutOptions::from(PutMode::Create);
        match store.objects.put_opts(&StorePath::from(shown(id)), Vec::new().into(), once).await {
            Ok(_) => Ok(Some(Self { id, kept: Kept::Bucket })),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(None),
            Err(e) => Err(LakeError::write(shown(id), e)),
        }
    }

    /// Whether an ingest has a lease.
    pub(crate) async fn is_there(store: &Store, id: i64) -> bool {
        match store.folder() {
            Some(dir) => dir.join(shown(id)).exists(),
            None => store.objects.head(&StorePath::from(shown(id))).await.is_ok(),
        }
    }

    /// Notes a path before anything is written there.
    pub(crate) fn note(&mut self, staged: &str) -> Result<()> {
        match &mut self.kept {
            Kept::Folder { file, .. } => {
                let noted = file.write_all(format!("{staged}\n").as_bytes());
                noted.map_err(|e| LakeError::write(shown(self.id), e))
            }
            Kept::Bucket => Ok(()),
        }
    }

    /// Gives the lease back: nothing is left to repair.
    pub(crate) async fn release(self, store: &Store) -> Result<()> {
        match &self.kept {
            Kept::Folder { path, .. } => {
                std::fs::remove_file(path).map_err(|e| LakeError::write(shown(self.id), e))
            }
            Kept::Bucket => store.delete(&shown(self.id)).await,
        }
    }

    /// The leases whose writer is gone, sorted by id.
    pub(crate) async fn abandoned(store: &Store) -> Result<Vec<Abandoned>> {
        let Some(dir) = store.folder() else { return Self::abandoned_in_bucket(store).await };
        let folder = std::fs::read_dir(dir.join(LEASES)).map_err(|e| LakeError::read(LEASES, e))?;
        let mut found = Vec::new();
        for entry in folder {
            let path = entry.map_err(|e| LakeError::read(LEASES, e))?.path();
            let Some(id) = path.file_name().and_then(|n| n.to_str()).and_then(id_of) else { continue };
            if let Some(lease) = Self::seize(path, id)? {
                found.push(lease);
            }
        }
        found.sort_by_key(|a| a.lease.id);
        Ok(found)
    }

    async fn abandoned_in_bucket(store: &Store) -> Result<Vec<Abandoned>> {
        let under = |path: &str| store.objects.list(Some(&StorePath::from(path)));
        let leases: Vec<_> = under(LEASES).try_collect().await.map_err(|e| LakeError::read(LEASES, e))?;
        let mut ids: Vec<i64> = leases.iter().filter_map(|o| id_of(o.location.filename()?)).collect();
        ids.sort_unstable();
        let mut found: Vec<Abandoned> = Vec::new();
        for id in ids {
            found.push(Abandoned { lease: Self { id, kept: Kept::Bucket }, staged: Vec::new() });
        }
        if found.is_empty() {
            return Ok(found);
        }
        for name in Name::ALL {
            let mut objects = under(name.as_str());
            while let Some(object) =
                objects.try_next().await.map_err(|e| LakeError::read(name.as_str(), e))?
            {
                let of = object.location.filename().and_then(|name| writer_of(name, &['i', 'r', 'k']));
                if let Some(left) = found.iter_mut().find(|left| Some(left.lease.id) == of) {
                    left.staged.push(object.location.to_string());
                }
            }
        }
        Ok(found)
    }

    fn seize(path: PathBuf, id: i64) -> Result<Option<Abandoned>> {
        let fail = |e| LakeError::read(format!("{LEASES}/{id}.lease"), e);
        let mut file = match OpenOptions::new().read(true).append(true).open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(fail(e)),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(fail(e)),
        }
        // Another repair may have finished with it meanwhile.
        if !path.exists() {
            return Ok(None);
        }
        let mut journal = String::new();
        file.rewind().and_then(|()| file.read_to_string(&mut journal)).map_err(fail)?;
        let staged = journal.lines().map(str::to_owned).collect();
        Ok(Some(Abandoned { lease: Self { id, kept: Kept::Folder { path, file } }, staged }))
    }
}

/// A lease's path in the lake.
fn shown(id: i64) -> String {
    format!("{LEASES}/{id}.lease")
}

/// The ingest whose lease has this name.
fn id_of(name: &str) -> Option<i64> {
    name.strip_suffix(".lease")?.parse().ok()
}

/// A positive number no other ingest has: random by the seed that the standard library draws from the system for each map.
fn random_id() -> i64 {
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    i64::try_from(hasher.finish() & ID_MAX).unwrap_or(1).max(1)
}
