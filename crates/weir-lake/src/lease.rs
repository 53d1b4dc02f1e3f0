//! Leases: which ingests are being written now, and what a killed one left behind.
//!
//! A writer holds the operating system's lock on `_ingests/<id>.lease` for as long as it lives; the lock goes with the process,
//! however it ends, so a lease whose lock can be taken has no writer. No heartbeat, no clock, no process ids that return.
//! The lease file is also a journal of every path staged. It refuses to judge leases from other machines on file systems without
//! locks; a lake there needs one writer at a time.

use crate::store::{LEASES, Store};
use crate::{LakeError, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, Hasher};
use std::io::{Read, Seek, Write};
use std::path::PathBuf;
use std::time::Duration;

/// Ids stay below 2^53, so that every JSON reader keeps them.
const ID_MAX: u64 = (1 << 53) - 1;

/// The right to write as one ingest.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) id: i64,
    path: PathBuf,
    file: File,
}

/// A right that one process has at a time: to ingest, or to fold the lake again. It goes with the process.
#[derive(Debug)]
pub struct Right {
    #[expect(dead_code, reason = "held for its lock")]
    file: File,
}

/// How often it is asked for.
const ASK: Duration = Duration::from_millis(50);

impl Right {
    /// Waits until nobody else has it; says so once if it has to wait.
    pub(crate) async fn take(store: &Store, lock: &str, waits: impl FnOnce()) -> Result<Self> {
        let path = store.dir.join(LEASES).join(lock);
        let fail = |e| LakeError::write(format!("{LEASES}/{lock}"), e);
        let file = OpenOptions::new().append(true).create(true).open(&path).map_err(fail)?;
        let mut waits = Some(waits);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { file }),
                Err(TryLockError::WouldBlock) => {
                    waits.take().into_iter().for_each(|say| say());
                    tokio::time::sleep(ASK).await;
                }
                Err(TryLockError::Error(e)) => return Err(fail(e)),
            }
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
    pub(crate) fn take(store: &Store) -> Result<Self> {
        loop {
            let id = random_id();
            let path = store.dir.join(LEASES).join(format!("{id}.lease"));
            let fail = |e| LakeError::write(format!("{LEASES}/{id}.lease"), e);
            let file = match OpenOptions::new().read(true).append(true).create_new(true).open(&path) {
                Ok(file) => file,
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => continue,
                Err(e) => return Err(fail(e)),
            };
            file.lock().map_err(fail)?;
            // A repair may have taken the file for abandoned before it was locked.
            if path.exists() {
                return Ok(Self { id, path, file });
            }
        }
    }

    /// Notes a path before anything is written there.
    pub(crate) fn note(&mut self, staged: &str) -> Result<()> {
        self.file.write_all(format!("{staged}\n").as_bytes()).map_err(|e| LakeError::write(self.shown(), e))
    }

    /// Gives the lease back: nothing is left to repair.
    pub(crate) fn release(self) -> Result<()> {
        std::fs::remove_file(&self.path).map_err(|e| LakeError::write(self.shown(), e))
    }

    fn shown(&self) -> String {
        format!("{LEASES}/{}.lease", self.id)
    }

    /// The leases whose writer is gone, sorted by id.
    pub(crate) fn abandoned(store: &Store) -> Result<Vec<Abandoned>> {
        let folder = std::fs::read_dir(store.dir.join(LEASES)).map_err(|e| LakeError::read(LEASES, e))?;
        let mut found = Vec::new();
        for entry in folder {
            let path = entry.map_err(|e| LakeError::read(LEASES, e))?.path();
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            let Some(id) = name.strip_suffix(".lease").and_then(|id| id.parse().ok()) else {
                continue;
            };
            if let Some(lease) = Self::seize(path, id)? {
                found.push(lease);
            }
        }
        found.sort_by_key(|a| a.lease.id);
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
        Ok(Some(Abandoned { lease: Self { id, path, file }, staged }))
    }
}

/// A positive number no other ingest has: random by the seed that the standard library draws from the system for each map.
fn random_id() -> i64 {
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    i64::try_from(hasher.finish() & ID_MAX).unwrap_or(1).max(1)
}
