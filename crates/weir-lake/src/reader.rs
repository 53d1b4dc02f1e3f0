//! Reads a Parquet file of the lake through its object store, for what the lake looks up itself.

use crate::store::Store;
use crate::{LakeError, Result};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::path::Path as StorePath;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use std::ops::Range;
use std::sync::Arc;

/// A Parquet file of known size.
pub(crate) struct FileReader {
    objects: Arc<dyn ObjectStore>,
    path: StorePath,
    size: u64,
}

impl FileReader {
    pub(crate) fn open(store: &Store, path: &str, size: u64) -> Result<Self> {
        let at = StorePath::parse(path).map_err(|e| LakeError::read(path, e))?;
        Ok(Self::at(Arc::clone(&store.objects), at, size))
    }

    pub(crate) fn at(objects: Arc<dyn ObjectStore>, path: StorePath, size: u64) -> Self {
        Self { objects, path, size }
    }
}

fn external(error: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl AsyncFileReader for FileReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        async move { self.objects.get_range(&self.path, range).await.map_err(external) }.boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        async move { self.objects.get_ranges(&self.path, &ranges).await.map_err(external) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        async move {
            let options = options.map(|o| o.metadata_options().clone());
            let reader = ParquetMetaDataReader::new().with_metadata_options(options);
            let size = self.size;
            reader.load_and_finish(self, size).await.map(Arc::new)
        }
        .boxed()
    }
}
