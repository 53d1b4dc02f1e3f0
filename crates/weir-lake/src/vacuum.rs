//! Vacuum: files that no version names any more which is kept go from the disk.
//!
//! Kept are the latest version of every table and those that a hold names. It runs under the right to delete, so nobody stages files meanwhile, and what
//! killed runs staged was taken back before. It refuses to touch anything but Parquet files in the tables' folders: logs of tables stay, whole.

use crate::delete::Deleting;
use crate::tables::Name;
use crate::{LakeError, Result};
use futures::TryStreamExt;
use futures::future::BoxFuture;
use object_store::path::Path as StorePath;
use std::collections::BTreeSet;

/// What a vacuum freed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vacuumed {
    /// Files deleted.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that only versions under a hold name.
    pub pinned: u64,
}

impl Deleting {
    /// Deletes files that no kept version names.
    pub fn vacuum(&self) -> BoxFuture<'_, Result<Vacuumed>> {
        Box::pin(async move {
            let mut done = Vacuumed::default();
            for name in Name::ALL {
                self.vacuum_table(name, &mut done).await?;
            }
            Ok(done)
        })
    }

    async fn named(&self, name: Name, version: Option<i64>) -> Result<BTreeSet<String>> {
        let listing = self.lake.inner.log(name)?.list(version).await?;
        Ok(listing.into_iter().flat_map(|l| l.files).map(|f| format!("{name}/{}", f.path)).collect())
    }

    async fn vacuum_table(&self, name: Name, done: &mut Vacuumed) -> Result<()> {
        let current = self.named(name, None).await?;
        let mut pinned = BTreeSet::new();
        for versions in self.holds.iter().flat_map(|hold| &hold.versions) {
            if let Some(version) = versions.get(name.as_str()) {
                pinned.extend(self.named(name, Some(*version)).await?);
            }
        }
        let store = &self.lake.inner.store;
        let fail = |e| LakeError::read(name.as_str(), e);
        let folder = StorePath::from(name.as_str());
        let found: Vec<_> = store.objects.list(Some(&folder)).try_collect().await.map_err(fail)?;
        for object in found {
            let path = object.location.as_ref();
            if !path.ends_with(".parquet") || path.contains("/_delta_log/") || current.contains(path) {
                continue;
            }
            if pinned.contains(path) {
                done.pinned += 1;
                continue;
            }
            self.stop_at(&format!("vacuum {}", done.files))?;
            store.may_write().await?;
            store.delete(path).await?;
            done.files += 1;
            done.bytes += object.size;
        }
        Ok(())
    }
}
