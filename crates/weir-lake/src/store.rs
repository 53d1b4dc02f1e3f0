//! Where a lake lies. Files are reached by object store paths; only leases and the sweeping up after a killed writer need a
//! folder of this machine.

use crate::{LakeError, Result};
use object_store::local::LocalFileSystem;
use object_store::path::Path as StorePath;
use object_store::{ObjectStore, ObjectStoreExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use url::Url;

/// The folder of leases.
pub(crate) const LEASES: &str = "_ingests";

/// A lake's place.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    /// Ends with a slash.
    pub(crate) url: Url,
    pub(crate) dir: PathBuf,
    /// Rooted at the lake.
    pub(crate) objects: Arc<dyn ObjectStore>,
    /// The lake's path from the root of its file system or bucket, as scans name it.
    pub(crate) prefix: StorePath,
}

impl Store {
    /// The place named, made first if asked.
    pub(crate) fn open(dir: &Path, create: bool) -> Result<Self> {
        let shown = dir.display().to_string();
        if create {
            std::fs::create_dir_all(dir.join(LEASES)).map_err(|e| LakeError::write(&shown, e))?;
        }
        if !dir.join(LEASES).is_dir() {
            return Err(LakeError::Missing { path: shown });
        }
        let dir = dir.canonicalize().map_err(|e| LakeError::read(&shown, e))?;
        let url =
            Url::from_directory_path(&dir).map_err(|()| LakeError::read(&shown, "not an absolute path"))?;
        if dir.to_str().is_none() {
            return Err(LakeError::Name { path: shown });
        }
        let objects = LocalFileSystem::new_with_prefix(&dir).map_err(|e| LakeError::read(&shown, e))?;
        let prefix = StorePath::from_absolute_path(&dir).map_err(|e| LakeError::read(&shown, e))?;
        Ok(Self { url, dir, objects: Arc::new(objects), prefix })
    }

    /// Deletes a file and what an interrupted upload of it left; missing ones are no error.
    pub(crate) async fn delete(&self, path: &str) -> Result<()> {
        let at = StorePath::parse(path).map_err(|e| LakeError::write(path, e))?;
        match self.objects.delete(&at).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(e) => return Err(LakeError::write(path, e)),
        }
        // The local store uploads to `name#1`, which its own listing hides.
        let upload = self.dir.join(format!("{path}#1"));
        match std::fs::remove_file(&upload) {
            Ok(()) => Ok(()),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(LakeError::write(path, e)),
        }
    }
}
