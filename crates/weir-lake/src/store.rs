//! Where a lake lies: in a folder of this machine or in a bucket. Files are reached by object store paths; only leases, and what an interrupted
//! upload left, differ between the two.

use crate::bucket::Held;
use crate::local::Local;
use crate::{LakeError, Result};
use datafusion::execution::object_store::ObjectStoreUrl;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::local::LocalFileSystem;
use object_store::path::Path as StorePath;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

/// The folder of leases.
pub(crate) const LEASES: &str = "_ingests";
/// What a bucket's name begins with.
const S3: &str = "s3://";
/// The last that is made of a lake in a bucket.
const MADE: &str = "intake/_delta_log/00000000000000000000.json";

/// A lake's place.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    /// Ends with a slash.
    pub(crate) url: Url,
    /// Its folder; none in a bucket.
    folder: Option<PathBuf>,
    /// Rooted at the lake.
    pub(crate) objects: Arc<dyn ObjectStore>,
    /// Rooted at the file system or the bucket.
    pub(crate) root: Arc<dyn ObjectStore>,
    /// The lake's path from that root, as scans name it.
    pub(crate) prefix: StorePath,
    /// What scans call the root.
    pub(crate) scanned: ObjectStoreUrl,
    /// In a bucket, the right to write that this process has.
    held: Arc<Mutex<Option<Arc<Held>>>>,
}

/// Whether a place is named that is no folder of this machine.
#[must_use]
pub fn is_bucket(place: &Path) -> bool {
    place.to_str().is_some_and(|name| name.starts_with(S3))
}

/// A bucket, with the endpoint and the rights that the environment names.
pub(crate) fn s3(url: &Url) -> object_store::Result<AmazonS3> {
    AmazonS3Builder::from_env().with_url(url.as_str()).build()
}

impl Store {
    /// The place named, made first if asked.
    pub(crate) async fn open(place: &Path, create: bool) -> Result<Self> {
        match place.to_str().filter(|_| is_bucket(place)) {
            Some(name) => Self::bucket(name, create).await,
            None => Self::folder_of(place, create),
        }
    }

    fn folder_of(dir: &Path, create: bool) -> Result<Self> {
        let shown = dir.display().to_string();
        if create {
            private(dir)
                .and_then(|()| std::fs::create_dir_all(dir.join(LEASES)))
                .map_err(|e| LakeError::write(&shown, e))?;
        }
        if !dir.join(LEASES).is_dir() {
            return Err(LakeError::Missing { path: shown });
        }
        let dir = dir.canonicalize().map_err(|e| LakeError::read(&shown, e))?;
        let url =
            Url::from_directory_path(&dir).map_err(|()| LakeError::read(&shown, "not an absolute path"))?;
        let objects = LocalFileSystem::new_with_prefix(&dir).map_err(|e| LakeError::read(&shown, e))?;
        let prefix = StorePath::from_absolute_path(&dir).map_err(|e| LakeError::read(&shown, e))?;
        let root = Arc::new(Local::default());
        Ok(Self {
            url,
            folder: Some(dir),
            objects: Arc::new(objects),
            root,
            prefix,
            scanned: ObjectStoreUrl::local_filesystem(),
            held: Arc::default(),
        })
    }

    /// `s3://BUCKET/PREFIX`, with the endpoint and the rights that the environment names (`AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, ...).
    async fn bucket(name: &str, create: bool) -> Result<Self> {
        let fail = |e: &dyn std::fmt::Display| LakeError::read(name, e);
        let url = Url::parse(&format!("{}/", name.trim_end_matches('/'))).map_err(|e| fail(&e))?;
        let root: Arc<dyn ObjectStore> = Arc::new(s3(&url).map_err(|e| fail(&e))?);
        let prefix = StorePath::from_url_path(url.path()).map_err(|e| fail(&e))?;
        let objects = Arc::new(PrefixStore::new(Arc::clone(&root), prefix.clone()));
        if !create {
            match objects.head(&StorePath::from(MADE)).await {
                Ok(_) => {}
                Err(object_store::Error::NotFound { .. }) => {
                    return Err(LakeError::Missing { path: name.to_owned() });
                }
                Err(e) => return Err(fail(&e)),
            }
        }
        let scanned = ObjectStoreUrl::parse(&url[..url::Position::BeforePath]);
        let scanned = scanned.map_err(|e| fail(&e))?;
        Ok(Self { url, folder: None, objects, root, prefix, scanned, held: Arc::default() })
    }

    /// The lake's folder; none in a bucket.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Keeps the right to write to the bucket, which it lends to whoever commits.
    pub(crate) fn hold(&self, right: Arc<Held>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(right);
    }

    /// Takes it back.
    pub(crate) fn let_go(&self) -> Option<Arc<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// That this process may write: in a bucket, nobody without the right to.
    pub(crate) async fn may_write(&self) -> Result<()> {
        if self.folder.is_some() {
            return Ok(());
        }
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match held {
            Some(right) => right.renew().await,
            None => Err(LakeError::write(self.url.as_str(), "this process has not taken the right to write")),
        }
    }

    /// Deletes a file and what an interrupted upload of it left; missing ones are no error.
    pub(crate) async fn delete(&self, path: &str) -> Result<()> {
        let at = StorePath::parse(path).map_err(|e| LakeError::write(path, e))?;
        match self.objects.delete(&at).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(e) => return Err(LakeError::write(path, e)),
        }
        let Some(folder) = &self.folder else { return Ok(()) };
        // The local store uploads to `name#1`, which its own listing hides.
        let upload = folder.join(format!("{path}#1"));
        match std::fs::remove_file(&upload) {
            Ok(()) => Ok(()),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(LakeError::write(path, e)),
        }
    }
}

/// Makes a lake's folder for its owner alone, since its tables name people; one that is there stays as it is.
fn private(dir: &Path) -> std::io::Result<()> {
    if let Some(above) = dir.parent() {
        std::fs::create_dir_all(above)?;
    }
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(dir) {
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}
