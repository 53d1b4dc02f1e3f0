//! Event keys by row group of finished files, the ones read lately kept in memory.

use crate::lookup::{Event, Key, Keyed};
use crate::reader::FileReader;
use crate::store::Store;
use crate::{LakeError, Result};
use futures::TryStreamExt;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use parquet::file::statistics::Statistics;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use weir_model::Micros;

/// Bytes of keys that are kept.
const KEPT_BYTES_MAX: usize = 64 << 20;
/// Files whose footers are kept.
const FOOTERS_KEPT_MAX: usize = 512;

/// A map that forgets what was used longest ago.
struct Lately<K, V> {
    values: HashMap<K, (u64, V)>,
    ticks: u64,
    weigh: fn(&V) -> usize,
    weight: usize,
    weight_max: usize,
}

impl<K: Hash + Eq + Clone, V: Clone> Lately<K, V> {
    fn new(weight_max: usize, weigh: fn(&V) -> usize) -> Self {
        Self { values: HashMap::new(), ticks: 0, weigh, weight: 0, weight_max }
    }

    fn get(&mut self, key: &K) -> Option<V> {
        self.ticks += 1;
        let (used, value) = self.values.get_mut(key)?;
        *used = self.ticks;
        Some(value.clone())
    }

    fn put(&mut self, key: K, value: V) {
        self.weight += (self.weigh)(&value);
        while self.weight > self.weight_max
            && let Some(oldest) =
                self.values.iter().min_by_key(|(_, (used, _))| *used).map(|(k, _)| k.clone())
            && let Some((_, gone)) = self.values.remove(&oldest)
        {
            self.weight = self.weight.saturating_sub((self.weigh)(&gone));
        }
        self.ticks += 1;
        self.values.insert(key, (self.ticks, value));
    }
}

/// Keys of finished files.
pub(crate) struct RowGroupKeys<V> {
    footers: Lately<String, ArrowReaderMetadata>,
    groups: Lately<(String, usize), Keys<V>>,
}

/// The keys of one row group, sorted, each with what is looked up.
type Keys<V> = Arc<[(Key, V)]>;

impl<V: Keyed> Default for RowGroupKeys<V> {
    fn default() -> Self {
        let groups = Lately::new(KEPT_BYTES_MAX, |keys: &Keys<V>| size_of_val::<[(Key, V)]>(keys));
        Self { footers: Lately::new(FOOTERS_KEPT_MAX, |_| 1), groups }
    }
}

impl<V: Keyed> RowGroupKeys<V> {
    /// First and last time of each row group of a file.
    pub(crate) async fn groups(
        &mut self,
        store: &Store,
        path: &str,
        size: u64,
    ) -> Result<Vec<Option<(Micros, Micros)>>> {
        let footer = self.footer(store, path, size).await?;
        let column = footer.parquet_schema().columns().iter().position(|c| c.name() == "time");
        let groups = footer.metadata().row_groups().iter();
        Ok(groups.map(|g| times(g.columns().get(column?)?.statistics()?)).collect())
    }

    pub(crate) async fn footer(
        &mut self,
        store: &Store,
        path: &str,
        size: u64,
    ) -> Result<ArrowReaderMetadata> {
        if let Some(footer) = self.footers.get(&path.to_owned()) {
            return Ok(footer);
        }
        let mut reader = FileReader::open(store, path, size)?;
        let footer = ArrowReaderMetadata::load_async(&mut reader, ArrowReaderOptions::new()).await;
        let footer = footer.map_err(|e| LakeError::read(path, e))?;
        self.footers.put(path.to_owned(), footer.clone());
        Ok(footer)
    }

    /// The sorted keys of one row group.
    pub(crate) async fn keys(
        &mut self,
        store: &Store,
        (path, size): (&str, u64),
        group: usize,
    ) -> Result<Keys<V>> {
        let at = (path.to_owned(), group);
        if let Some(keys) = self.groups.get(&at) {
            return Ok(keys);
        }
        let footer = self.footer(store, path, size).await?;
        let columns = ProjectionMask::columns(footer.parquet_schema(), V::COLUMNS.iter().copied());
        let stream =
            ParquetRecordBatchStreamBuilder::new_with_metadata(FileReader::open(store, path, size)?, footer)
                .with_projection(columns)
                .with_row_groups(vec![group])
                .build();
        let mut stream = stream.map_err(|e| LakeError::read(path, e))?;
        let mut keys = Vec::new();
        while let Some(batch) = stream.try_next().await.map_err(|e| LakeError::read(path, e))? {
            let events =
                V::read(&batch).ok_or_else(|| LakeError::read(path, "its columns are not the table's"))?;
            keys.extend(events.into_iter().map(|Event { key, value, .. }| (key, value)));
        }
        keys.sort_unstable();
        let keys: Keys<V> = keys.into();
        self.groups.put(at, Arc::clone(&keys));
        Ok(keys)
    }
}

fn times(statistics: &Statistics) -> Option<(Micros, Micros)> {
    match statistics {
        Statistics::Int64(values) => Some((Micros(*values.min_opt()?), Micros(*values.max_opt()?))),
        _ => None,
    }
}
