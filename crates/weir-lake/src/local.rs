//! [`Local`]: files of this machine, read on the thread that asks.
//!
//! Decisive choice: the crate's own store hands each read to a thread made for it. What such a thread allocates and another frees comes back to the
//! allocator only once the thread that made it ends, so a scan held several times what it had read last. Scans ask for a row group at a
//! time and wait for it: nothing else could have been done meanwhile.

use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

/// The file system, from its root.
#[derive(Debug, Default)]
pub(crate) struct Local(LocalFileSystem);

impl std::fmt::Display for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Local {
    /// Reads parts of a file; `None` where the crate's own store is to say what is wrong.
    fn read(&self, at: &Path, ranges: &[Range<u64>]) -> Option<Vec<Bytes>> {
        let mut file = File::open(self.0.path_to_filesystem(at).ok()?).ok()?;
        let mut read = |range: &Range<u64>| {
            let mut bytes = vec![0; usize::try_from(range.end.checked_sub(range.start)?).ok()?];
            file.seek(SeekFrom::Start(range.start)).ok()?;
            file.read_exact(&mut bytes).ok()?;
            Some(bytes.into())
        };
        ranges.iter().map(&mut read).collect()
    }
}

#[async_trait::async_trait]
impl ObjectStore for Local {
    async fn put_opts(&self, at: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.0.put_opts(at, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        self.0.get_opts(at, options).await
    }

    async fn get_ranges(&self, at: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        match self.read(at, ranges) {
            Some(read) => Ok(read),
            None => self.0.get_ranges(at, ranges).await,
        }
    }

    fn delete_stream(&self, at: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.0.delete_stream(at)
    }

    fn list(&self, under: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list(under)
    }

    async fn list_with_delimiter(&self, under: Option<&Path>) -> Result<ListResult> {
        self.0.list_with_delimiter(under).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.0.rename_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::ObjectStoreExt;

    #[tokio::test]
    async fn what_is_read_and_what_fails_is_as_the_crates_own_store_has_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("some file"), b"0123456789").unwrap();
        let of = |name: &str| Path::from_absolute_path(folder.path().join(name)).unwrap();
        let (ours, theirs) = (Local::default(), LocalFileSystem::new());
        let (whole, past, far) = (0..10, 8..11, 12..13);
        let ranges =
            [vec![], vec![whole], vec![2..5, 0..1, 4..4], vec![7..10, 9..10], vec![past], vec![0..1, far]];
        for name in ["some file", "none"] {
            for ranges in &ranges {
                let (ours, theirs) =
                    (ours.get_ranges(&of(name), ranges).await, theirs.get_ranges(&of(name), ranges).await);
                let told = |read: Result<Vec<Bytes>>| read.map_err(|e| e.to_string());
                assert_eq!(told(ours), told(theirs), "{ranges:?} of {name}");
            }
        }
        ours.put(&of("new"), "abc".into()).await.unwrap();
        let new = ours.get_ranges(&of("new"), &[0..2, 2..3]).await.unwrap();
        assert_eq!(new, ["ab", "c"]);
    }
}
