//! A table of a snapshot as DataFusion scans it: exactly the files the snapshot names, by an ordinary Parquet file scan.
//!
//! Files are skipped by day and time before any is opened; filters and projections go into the scan. The plan is made of
//! DataFusion's own parts, so that it can be shipped to a cluster; Delta has no part in it.

use crate::by_value::{Adapters, as_it_lies, judged};
use crate::delta::DataFile;
use crate::ranges::{Range, Ranges, divided, kind};
use crate::store::Store;
use crate::tables::{Name, Part};
use arrow_array::{ArrayRef, Date32Array, StringArray, TimestampMicrosecondArray, UInt64Array};
use arrow_schema::{DataType, Schema, SchemaRef, SortOptions};
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{Column, ScalarValue, SplitPoint, Statistics, ToDFSchema};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::datasource::{TableProvider, TableType};
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_expr::expressions::Column as PhysicalColumn;
use datafusion::physical_expr::{LexOrdering, Partitioning, PhysicalSortExpr, RangePartitioning};
use datafusion::physical_expr_adapter::PhysicalExprAdapterFactory;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use object_store::path::Path as StorePath;
use std::sync::Arc;

/// The order of sorted files.
const ASCENDING: SortOptions = SortOptions { descending: false, nulls_first: false };

/// One table of a snapshot.
#[derive(Debug)]
pub(crate) struct ScanTable {
    pub(crate) name: Name,
    pub(crate) schema: SchemaRef,
    /// Sorted by path.
    pub(crate) files: Arc<[DataFile]>,
    pub(crate) objects: ObjectStoreUrl,
    pub(crate) prefix: StorePath,
    /// Whether it is read by this process, and no other.
    pub(crate) is_local: bool,
    /// Whether each file has all of the schema's columns.
    pub(crate) is_whole: bool,
}

impl ScanTable {
    pub(crate) fn new(
        name: Name,
        schema: SchemaRef,
        files: Arc<[DataFile]>,
        store: &Store,
        is_local: bool,
        is_whole: bool,
    ) -> Self {
        Self {
            name,
            schema,
            files,
            objects: store.scanned.clone(),
            prefix: store.prefix.clone(),
            is_local,
            is_whole,
        }
    }

    fn table_schema(&self) -> TableSchema {
        let partition = self.name.partition().and_then(|c| self.schema.field_with_name(c).ok());
        TableSchema::builder(self.name.file_schema(&self.schema))
            .with_table_partition_cols(partition.map(|f| Arc::new(f.clone())).into_iter().collect::<Vec<_>>())
            .build()
    }

    /// The files that may hold rows for which the filters are true.
    fn pruned(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<&DataFile>> {
        let all = || self.files.iter().collect();
        let Some(filter) = conjunction(filters.iter().cloned()) else {
            return Ok(all());
        };
        let df_schema = Arc::clone(&self.schema).to_dfschema()?;
        let physical = state.create_physical_expr(filter, &df_schema)?;
        // What cannot be judged by statistics is no reason to fail: the filter itself still runs.
        let Ok(predicate) =
            PruningPredicateBuilder::new().with_file_schema(Arc::clone(&self.schema)).try_build(physical)
        else {
            return Ok(all());
        };
        let kept = predicate.prune(&FileStatistics(&self.files))?;
        Ok(self.files.iter().zip(kept).filter_map(|(file, keep)| keep.then_some(file)).collect())
    }

    /// The order of rows in each file, where the table has one.
    fn ordering(&self, scanned: &Schema) -> Result<Option<LexOrdering>> {
        let column = |name: &&str| {
            Ok(PhysicalSortExpr::new(Arc::new(PhysicalColumn::new_with_schema(name, scanned)?), ASCENDING))
        };
        if self.name.order().iter().any(|name| scanned.column_with_name(name).is_none()) {
            return Ok(None);
        }
        let columns = self.name.order().iter().map(column).collect::<Result<Vec<_>>>()?;
        Ok(LexOrdering::new(columns))
    }

    /// The files cut by entities of a kind, where they can be.
    async fn divided(&self, state: &dyn Session, kept: &[&DataFile], kind: &str) -> Result<Option<Ranges>> {
        let objects = state.runtime_env().object_store(&self.objects)?;
        let path = |file: &DataFile| StorePath::from(format!("{}/{}/{}", self.prefix, self.name, file.path));
        let files: Vec<_> = kept.iter().map(|file| (*file, path(file))).collect();
        divided(&objects, &files, kind, state.config().target_partitions()).await
    }

    fn partitioned_file(&self, file: &DataFile, file_schema: &Schema) -> PartitionedFile {
        let values = match &file.part {
            Part::None => Vec::new(),
            Part::Day(day) => vec![ScalarValue::Date32(Some(*day))],
            Part::Catalog(id) => vec![ScalarValue::Utf8(Some(id.clone()))],
        };
        let path = format!("{}/{}/{}", self.prefix, self.name, file.path);
        PartitionedFile::new(path, file.size)
            .with_partition_values(values)
            .with_statistics(Arc::new(statistics(file, file_schema)))
    }
}

/// Each range of a file as a group.
fn parts(files: &[(u64, PartitionedFile)], ranges: &[Range]) -> Vec<FileGroup> {
    let at = |byte: u64| i64::try_from(byte).unwrap_or(i64::MAX);
    let part = |range: &Range| {
        let mut part = files.get(range.file)?.1.clone().with_range(at(range.from), at(range.to));
        // They count the rows of all of the file.
        part.statistics = None;
        Some(FileGroup::new(vec![part]))
    };
    ranges.iter().filter_map(part).collect()
}

/// Partitions told apart by entity.
fn by_entity(scanned: &Schema, least: Vec<SplitPoint>) -> Result<Partitioning> {
    let entity = Arc::new(PhysicalColumn::new_with_schema("entity", scanned)?);
    let order = LexOrdering::from([PhysicalSortExpr::new(entity, ASCENDING)]);
    Ok(Partitioning::Range(RangePartitioning::try_new(order, least)?))
}

/// Balances files over groups by size, largest first; deterministic.
fn groups(mut files: Vec<(u64, PartitionedFile)>, count: usize) -> Vec<FileGroup> {
    let count = count.clamp(1, files.len().max(1));
    files.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.object_meta.location.cmp(&b.1.object_meta.location)));
    let mut groups: Vec<(u64, Vec<PartitionedFile>)> = vec![(0, Vec::new()); count];
    for (size, file) in files {
        if let Some(group) = groups.iter_mut().min_by_key(|(bytes, _)| *bytes) {
            group.0 += size.max(1);
            group.1.push(file);
        }
    }
    groups.into_iter().map(|(_, files)| FileGroup::new(files)).collect()
}

fn statistics(file: &DataFile, schema: &Schema) -> Statistics {
    let mut statistics = Statistics::new_unknown(schema);
    if let Some(rows) = file.rows.and_then(|n| usize::try_from(n).ok()) {
        statistics.num_rows = Precision::Exact(rows);
    }
    if let (Some((first, last)), Some((index, field))) = (file.times, schema.column_with_name("time"))
        && let DataType::Timestamp(_, zone) = field.data_type()
        && let Some(column) = statistics.column_statistics.get_mut(index)
    {
        column.min_value = Precision::Exact(ScalarValue::TimestampMicrosecond(Some(first.0), zone.clone()));
        column.max_value = Precision::Exact(ScalarValue::TimestampMicrosecond(Some(last.0), zone.clone()));
        column.null_count = Precision::Exact(0);
    }
    statistics
}

#[async_trait]
impl TableProvider for ScanTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let table_schema = self.table_schema();
        let wanted: Vec<usize> =
            projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let kept = self.pruned(state, filters)?;
        if kept.is_empty() {
            return Ok(Arc::new(EmptyExec::new(Arc::new(self.schema.project(&wanted)?))));
        }
        // The scan knows its columns as file columns, then the partition column; SQL knows them in the table's order.
        let scanned = &Arc::clone(table_schema.table_schema());
        let indices = wanted.iter().map(|i| scanned.index_of(self.schema.field(*i).name()));
        let indices = indices.collect::<Result<Vec<_>, _>>()?;
        let file_schema = table_schema.file_schema();
        let order = self.ordering(scanned)?;
        let judged = judged(filters);
        let as_it_lies = |file: &DataFile| {
            let is_known = self.is_local && self.is_whole && order.is_none();
            is_known.then(|| as_it_lies(file_schema, file, &judged)).flatten()
        };
        let file = |file: &&DataFile| {
            let made = self.partitioned_file(file, file_schema);
            (file.size, as_it_lies(file).into_iter().fold(made, PartitionedFile::with_arrow_schema))
        };
        let files: Vec<_> = kept.iter().map(file).collect();
        let whole = files.iter().filter_map(|(_, f)| f.statistics.as_deref());
        let whole = Statistics::try_merge_iter(whole, scanned)?;
        let mut options = TableParquetOptions {
            global: state.config_options().execution.parquet.clone(),
            ..Default::default()
        };
        // Also in a session that filters its own files elsewhere.
        options.global.pushdown_filters = true;
        let source = ParquetSource::new(table_schema).with_table_parquet_options(options);
        let partitions = state.config().target_partitions();
        let divided = match kind(filters) {
            Some(kind) if self.is_local && order.is_some() => self.divided(state, &kept, kind).await?,
            _ => None,
        };
        // Sorted files are a group each, so that they are merged and not sorted again; or each part of them, where they can be parted.
        let count = if order.is_some() { files.len() } else { partitions };
        let (groups, parted) = match divided {
            Some(Ranges { ranges, least }) => (parts(&files, &ranges), Some(least)),
            None => (groups(files, count), None),
        };
        let parted = parted.map(|least| by_entity(scanned, least)).transpose()?;
        let adapters = self.is_local.then(|| Arc::new(Adapters) as Arc<dyn PhysicalExprAdapterFactory>);
        let config = FileScanConfigBuilder::new(self.objects.clone(), Arc::new(source))
            .with_file_groups(groups)
            .with_expr_adapter(adapters)
            .with_output_partitioning(parted)
            .with_output_ordering(order.into_iter().collect())
            .with_statistics(whole)
            .with_projection_indices(Some(indices))?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// What the Delta log says of files, for skipping them.
struct FileStatistics<'a>(&'a [DataFile]);

impl FileStatistics<'_> {
    fn bound(&self, column: &Column, last: bool) -> Option<ArrayRef> {
        let parts = self.0.iter().map(|f| &f.part);
        match column.name.as_str() {
            "time" => {
                let times = self.0.iter().map(|f| f.times.map(|(a, b)| if last { b.0 } else { a.0 }));
                Some(Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC")))
            }
            "day" if self.0.iter().all(|f| matches!(f.part, Part::Day(_))) => {
                let days = parts.map(|p| if let Part::Day(day) = p { Some(*day) } else { None });
                Some(Arc::new(days.collect::<Date32Array>()))
            }
            "catalog" => {
                let ids = parts.map(|p| if let Part::Catalog(id) = p { Some(id.as_str()) } else { None });
                Some(Arc::new(ids.collect::<StringArray>()))
            }
            _ => None,
        }
    }
}

impl PruningStatistics for FileStatistics<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bound(column, false)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bound(column, true)
    }

    fn num_containers(&self) -> usize {
        self.0.len()
    }

    fn null_counts(&self, _: &Column) -> Option<ArrayRef> {
        None
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(self.0.iter().map(|f| f.rows).collect::<UInt64Array>()))
    }

    fn contained(
        &self,
        _: &Column,
        _: &std::collections::HashSet<ScalarValue>,
    ) -> Option<arrow_array::BooleanArray> {
        None
    }
}
