//! The Delta log of one table: which Parquet files it holds at a version, and atomic additions and removals.
//!
//! Delta is used for its log alone (atomic commits, versions, other tools' reach); scans never go through it. The protocol stays
//! at reader 1 / writer 2, which every Delta reader opens, and old log entries are kept: a finding names versions.

use crate::store::Store;
use crate::tables::{Name, Part};
use crate::{LakeError, Result};
use arrow_schema::{Field, Schema, SchemaRef};
use deltalake_core::DeltaTable;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Add, MetadataExt, Remove, StructType};
use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use futures::TryStreamExt;
use object_store::prefix::PrefixStore;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use weir_model::Micros;

/// How often a commit gives way to other writers of the same table before it fails.
const COMMIT_RETRIES_MAX: usize = 100;

/// A Parquet file of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct DataFile {
    /// Path relative to the table's folder: `day=2025-01-31/i123-0.parquet`.
    pub(crate) path: String,
    pub(crate) part: Part,
    pub(crate) size: u64,
    /// Milliseconds since the epoch.
    pub(crate) modified: i64,
    pub(crate) rows: Option<u64>,
    /// First and last event time in it, for record tables.
    pub(crate) times: Option<(Micros, Micros)>,
    /// Columns that lie in it as codes of dictionaries throughout, or have no value at all, each with the number of its rows that have none. What is not
    /// known of a file is not here: it is read more slowly.
    #[serde(skip)]
    pub(crate) coded: BTreeMap<String, u64>,
}

impl DataFile {
    /// The ingest that wrote the file; `None` for files of a refold or a deletion, which one commit puts in place of others.
    pub(crate) fn ingest(&self) -> Option<i64> {
        ingest_of(&self.path)
    }
}

/// The ingest that wrote the file of this path.
pub(crate) fn ingest_of(path: &str) -> Option<i64> {
    writer_of(path.rsplit('/').next()?, &['i'])
}

/// Who wrote a file of this name (`i123-0.parquet`), if one of those that begin so: `i` an ingest, `r` a refold, `k` a run that deleted (what it kept).
pub(crate) fn writer_of(name: &str, letters: &[char]) -> Option<i64> {
    name.strip_prefix(letters)?.split_once('-')?.0.parse().ok()
}

/// Per-file statistics as Delta's log has them.
#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Stats {
    num_records: Option<u64>,
    min_values: BTreeMap<String, serde_json::Value>,
    max_values: BTreeMap<String, serde_json::Value>,
    null_count: BTreeMap<String, serde_json::Value>,
}

impl Stats {
    fn of(file: &DataFile) -> Self {
        let mut stats = Self { num_records: file.rows, ..Self::default() };
        if let Some((first, last)) = file.times {
            stats.min_values.insert("time".into(), first.to_string().into());
            stats.max_values.insert("time".into(), last.to_string().into());
            stats.null_count.insert("time".into(), 0.into());
        }
        stats.null_count.extend(file.coded.iter().map(|(name, nulls)| (name.clone(), (*nulls).into())));
        stats
    }

    /// Nulls are counted of such columns, and of `time`, which is none; in a file of another writer they may be counted of any.
    fn coded(&self, path: &str) -> BTreeMap<String, u64> {
        let name = path.rsplit('/').next().unwrap_or(path);
        if writer_of(name, &['i', 'r', 'k']).is_none() {
            return BTreeMap::new();
        }
        let counts = self.null_count.iter().filter(|(name, _)| *name != "time");
        counts.filter_map(|(name, count)| Some((name.clone(), count.as_u64()?))).collect()
    }

    fn times(&self) -> Option<(Micros, Micros)> {
        let time =
            |values: &BTreeMap<String, serde_json::Value>| Micros::parse(values.get("time")?.as_str()?).ok();
        Some((time(&self.min_values)?, time(&self.max_values)?))
    }
}

/// What a table held at a version.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) version: i64,
    pub(crate) schema: SchemaRef,
    /// Sorted by path.
    pub(crate) files: Vec<DataFile>,
}

/// The log of one table.
#[derive(Clone, Debug)]
pub(crate) struct DeltaLog {
    name: Name,
    store: LogStoreRef,
}

impl DeltaLog {
    pub(crate) fn new(store: &Store, name: Name) -> Result<Self> {
        let url = store.url.join(&format!("{name}/")).map_err(|e| LakeError::log(name.as_str(), e))?;
        let objects = Arc::new(PrefixStore::new(Arc::clone(&store.objects), name.as_str()));
        let store = default_logstore(objects, Arc::clone(&store.root), &url, &StorageConfig::default());
        Ok(Self { name, store })
    }

    fn fail(&self, error: impl ToString) -> LakeError {
        LakeError::log(self.name.as_str(), error)
    }

    fn table(&self) -> DeltaTable {
        DeltaTable::new(Arc::clone(&self.store))
    }

    /// The table loaded at a version (the latest if none is given); `None` when it was never made.
    async fn load(&self, version: Option<i64>) -> Result<Option<DeltaTable>> {
        let mut table = self.table();
        if !table.verify_deltatable_existence().await.map_err(|e| self.fail(e))? {
            return Ok(None);
        }
        let Some(version) = version else {
            table.load().await.map_err(|e| self.fail(e))?;
            return Ok(Some(table));
        };
        let missing = || LakeError::Version { table: self.name.to_string(), version };
        let wanted = u64::try_from(version).map_err(|_| missing())?;
        table.load_version(wanted).await.map_err(|_| missing())?;
        Ok(Some(table))
    }

    /// Makes the table unless it is there. One whose columns are its maker's affair gets those that an earlier program's has not: rows of that are under
    /// another catalog, and folded again before anybody reads them.
    pub(crate) async fn create(&self, schema: &SchemaRef) -> Result<()> {
        let columns: StructType = (&delta_schema(schema)).try_into_kernel().map_err(|e| self.fail(e))?;
        let Some(table) = self.load(None).await? else { return self.make(&columns).await };
        let state = table.snapshot().map_err(|e| self.fail(e))?;
        let logged = state.snapshot().arrow_schema();
        let same = || logged.fields().iter().map(|f| f.name()).eq(schema.fields().iter().map(|f| f.name()));
        if self.name.schema().is_some() || same() {
            return Ok(());
        }
        let metadata = state.metadata().clone().with_schema(&columns).map_err(|e| self.fail(e))?;
        let operation = DeltaOperation::AddColumn { fields: columns.fields().cloned().collect() };
        let done = CommitBuilder::from(CommitProperties::default().with_max_retries(COMMIT_RETRIES_MAX))
            .with_actions(vec![Action::Metadata(metadata)])
            .build(Some(state), table.log_store(), operation);
        done.await.map(|_| ()).map_err(|e| self.fail(e))
    }

    async fn make(&self, columns: &StructType) -> Result<()> {
        let created = CreateBuilder::new()
            .with_log_store(self.table().log_store())
            .with_columns(columns.fields().cloned())
            .with_partition_columns(self.name.partition())
            .with_configuration([
                ("delta.enableExpiredLogCleanup", Some("false")),
                ("delta.checkpointInterval", Some("100")),
            ])
            .with_save_mode(SaveMode::Ignore)
            .await;
        match created {
            Ok(_) => Ok(()),
            // Another process made it between the look and the leap.
            Err(e) => match self.table().verify_deltatable_existence().await {
                Ok(true) => Ok(()),
                _ => Err(self.fail(e)),
            },
        }
    }

    /// The table's latest version; `None` when it was never made.
    pub(crate) async fn version(&self) -> Result<Option<i64>> {
        let table = self.table();
        if !table.verify_deltatable_existence().await.map_err(|e| self.fail(e))? {
            return Ok(None);
        }
        let version = table.get_latest_version().await.map_err(|e| self.fail(e))?;
        i64::try_from(version).map(Some).map_err(|e| self.fail(e))
    }

    /// The table's files at a version, or now; `None` when it was never made.
    pub(crate) async fn list(&self, version: Option<i64>) -> Result<Option<Listing>> {
        let Some(table) = self.load(version).await? else {
            return Ok(None);
        };
        let state = table.snapshot().map_err(|e| self.fail(e))?;
        let log_store = table.log_store();
        let views = state.snapshot().file_views(log_store.as_ref(), None);
        let mut files: Vec<DataFile> = views
            .map_err(|e| self.fail(e))
            .and_then(|view| {
                let partition =
                    self.name.partition().and_then(|c| view.partition_values_map().remove(c).flatten());
                let stats: Stats =
                    view.stats().and_then(|s| serde_json::from_str(&s).ok()).unwrap_or_default();
                let part = Part::parse(self.name, partition.as_deref());
                futures::future::ready(part.map(|part| DataFile {
                    path: view.path().into_owned(),
                    part,
                    size: u64::try_from(view.size()).unwrap_or(0),
                    modified: view.modification_time(),
                    rows: stats.num_records,
                    times: stats.times(),
                    coded: stats.coded(&view.path()),
                }))
            })
            .try_collect()
            .await?;
        files.sort();
        let version = i64::try_from(state.version()).map_err(|e| self.fail(e))?;
        Ok(Some(Listing { version, schema: state.snapshot().arrow_schema(), files }))
    }

    /// Adds and removes files in one commit; returns the new version.
    pub(crate) async fn commit(&self, add: &[DataFile], remove: &[DataFile], ingest: i64) -> Result<i64> {
        let Some(table) = self.load(None).await? else {
            return Err(self.fail("the table does not exist"));
        };
        let mut actions = Vec::with_capacity(add.len() + remove.len());
        for file in remove {
            actions.push(Action::Remove(self.remove_action(file)?));
        }
        for file in add {
            actions.push(Action::Add(self.add_action(file)?));
        }
        let operation = if remove.is_empty() {
            let partition_by = self.name.partition().map(|c| vec![c.to_owned()]);
            DeltaOperation::Write { mode: SaveMode::Append, partition_by, predicate: None }
        } else {
            DeltaOperation::Delete { predicate: None }
        };
        let state = table.snapshot().map_err(|e| self.fail(e))?;
        let properties = CommitProperties::default()
            .with_max_retries(COMMIT_RETRIES_MAX)
            .with_metadata([("weir.ingest".to_owned(), ingest.into())]);
        let done = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(state), table.log_store(), operation)
            .await
            .map_err(|e| self.fail(e))?;
        i64::try_from(done.version()).map_err(|e| self.fail(e))
    }

    fn partition_values(&self, file: &DataFile) -> Result<HashMap<String, Option<String>>> {
        let value = file.part.value(self.name)?;
        Ok(self.name.partition().map(|column| (column.to_owned(), value)).into_iter().collect())
    }

    fn add_action(&self, file: &DataFile) -> Result<Add> {
        Ok(Add {
            path: file.path.clone(),
            partition_values: self.partition_values(file)?,
            size: i64::try_from(file.size).unwrap_or(i64::MAX),
            modification_time: file.modified,
            data_change: true,
            stats: Some(serde_json::to_string(&Stats::of(file)).map_err(|e| self.fail(e))?),
            ..Add::default()
        })
    }

    fn remove_action(&self, file: &DataFile) -> Result<Remove> {
        Ok(Remove {
            path: file.path.clone(),
            data_change: true,
            deletion_timestamp: Some(file.modified),
            extended_file_metadata: Some(true),
            partition_values: Some(self.partition_values(file)?),
            size: i64::try_from(file.size).ok(),
            ..Remove::default()
        })
    }
}

/// Delta's own writers mark every column nullable; so do we, since a column added later has no values in older files.
fn delta_schema(schema: &SchemaRef) -> Schema {
    let fields = schema.fields().iter().map(|f| Field::clone(f).with_nullable(true));
    Schema::new(fields.map(Arc::new).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_model::Table;

    /// As a later program does that folds into the lake of an earlier one.
    #[tokio::test]
    async fn a_table_of_a_maker_who_writes_more_columns_gets_them() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), true).await.unwrap();
        let columns = |names: &[&str]| -> SchemaRef {
            let fields = names.iter().map(|name| Field::new(*name, arrow_schema::DataType::Utf8, true));
            Arc::new(Schema::new(fields.collect::<Vec<_>>()))
        };
        let (less, more) = (columns(&["entity", "catalog"]), columns(&["entity", "things", "catalog"]));
        let log = DeltaLog::new(&store, Name::Rollup).unwrap();
        let mut told = Vec::new();
        for schema in [&less, &more, &more] {
            log.create(schema).await.unwrap();
            let listing = log.list(None).await.unwrap().unwrap();
            told.push((listing.version, listing.schema.fields().len()));
        }
        assert_eq!(told, [(0, 2), (1, 3), (1, 3)]);
        let records = DeltaLog::new(&store, Name::Access).unwrap();
        records.create(&columns(&["time", "day"])).await.unwrap();
        records.create(&Table::Access.schema()).await.unwrap();
        assert_eq!(records.list(None).await.unwrap().unwrap().schema.fields().len(), 2, "read with nulls");
    }

    #[test]
    fn what_other_writers_count_is_not_taken_for_codes() {
        let file = |path: &str| DataFile {
            path: path.to_owned(),
            part: Part::None,
            size: 1,
            modified: 0,
            rows: Some(9),
            times: Some((Micros(0), Micros(1))),
            coded: [("actor".to_owned(), 9), ("path".to_owned(), 2)].into(),
        };
        let told = |path: &str| {
            let stats = serde_json::to_string(&Stats::of(&file(path))).unwrap();
            serde_json::from_str::<Stats>(&stats).unwrap().coded(path)
        };
        assert_eq!(told("day=2025-01-01/i12-0.parquet"), file("").coded);
        assert_eq!(told("k12-0.parquet"), file("").coded);
        assert_eq!(told("day=2025-01-01/part-00000-i12.zstd.parquet"), BTreeMap::new());
    }
}
