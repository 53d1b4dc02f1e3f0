//! A query session over a snapshot: read-only SQL over its tables, in bounded memory, spilling to disk.

use crate::cluster::{self, Cluster};
use crate::compared::compared;
use crate::derive::{Derive, view};
use crate::late::DerivedLast;
use crate::pool::Headroom;
use crate::snapshot::Snapshot;
use crate::store::Store;
use crate::tables::Name;
use crate::{LakeError, Result};
use arrow_array::RecordBatch;
use arrow_schema::{DataType, TimeUnit};
use datafusion::dataframe::DataFrame;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, cast, when};
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext, ident, lit};
use datafusion::scalar::ScalarValue;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use weir_model::time::DAY_US;
use weir_rollup::moment;

/// What a session may use.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// Bytes that sorts, joins and aggregates may hold before they spill.
    pub memory_bytes_max: usize,
    /// Partitions worked on at once, as far as memory has room for their merges; the number of processors if `None`.
    pub partitions: Option<NonZeroUsize>,
    /// Rows per batch.
    pub batch_rows: usize,
    /// Folder for spilled data; the system's temporary folder if `None`.
    pub spill_dir: Option<PathBuf>,
    /// The cluster that runs the queries; this process if `None`.
    pub cluster: Option<Cluster>,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self { memory_bytes_max: 1 << 30, partitions: None, batch_rows: 8192, spill_dir: None, cluster: None }
    }
}

/// Batches as they are made.
pub type Batches = BoxStream<'static, Result<RecordBatch>>;

/// A query session. Cheap to clone.
#[derive(Clone)]
pub struct Session {
    pub(crate) context: SessionContext,
    pub(crate) options: SessionOptions,
    pub(crate) snapshot: Snapshot,
    /// Paths by file id, read at the first citation.
    pub(crate) paths: Arc<tokio::sync::OnceCell<BTreeMap<i64, String>>>,
    /// Where a narrowed session keeps its records, until its last clone is gone.
    #[expect(dead_code, reason = "held for its end")]
    pub(crate) temporary: Option<Arc<tempfile::TempDir>>,
}

/// The table of records that are alike within ten minutes, each once.
pub(crate) const DIGEST: &str = "digest";

/// The digest of records each of which stands for itself.
pub(crate) fn digest_of_each(access: DataFrame) -> Result<DataFrame> {
    Ok(access.with_column("last", ident("time"))?.with_column("n", lit(1_i64))?)
}

/// A rollup's instant, of which only what its day does not say is stored ([`moment`]).
fn instant(column: &str) -> Result<Expr> {
    let stored = || cast(ident(column), DataType::Int64);
    let begin = cast(cast(ident("day"), DataType::Int32), DataType::Int64) * lit(DAY_US);
    let within = when(stored().lt(lit(moment::DAY_SECONDS)), stored() * lit(moment::SECOND_US))
        .otherwise(stored() - lit(moment::DAY_SECONDS))?;
    let is_within = stored().gt_eq(lit(0_i64)).and(stored().lt(lit(moment::DAY_END)));
    let instant = when(is_within, begin + within).otherwise(stored())?;
    Ok(cast(instant, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))))
}

/// A digest or rollup with what its rows leave out because another column says it.
fn filled(name: Name, table: DataFrame) -> Result<DataFrame> {
    let has = |column| table.schema().has_column_with_unqualified_name(column);
    let first = if name == Name::Digest { "time" } else { "first" };
    let fills = matches!(name, Name::Digest | Name::Rollup);
    let (last, unnamed) = (fills && has("last"), fills && has("unnamed"));
    let within = ["first", "last"].map(|column| (column, name == Name::Rollup && has("day") && has(column)));
    let mut table = table;
    for (column, _) in within.iter().filter(|(_, is_there)| *is_there) {
        table = table.with_column(column, instant(column)?)?;
    }
    if last {
        table = table.with_column("last", coalesce(vec![ident("last"), ident(first)]))?;
    }
    if unnamed {
        let same = ident("unnamed").eq(lit(ScalarValue::Binary(Some(Vec::new()))));
        table = table.with_column("unnamed", when(same, ident("people")).otherwise(ident("unnamed"))?)?;
    }
    Ok(table)
}

/// Bytes that each sort keeps back for merging what it spilled. A merge cannot spill, so with too few for two wide batches it fails; DataFusion's
/// own 10 MB were too few for two batches of addresses and client names. Every partition has a sort of its own, and they must all find theirs.
const MERGE_BYTES_MAX: usize = 64 << 20;
/// With less for each, fewer partitions are worked on at once.
const MERGE_BYTES_MIN: usize = 16 << 20;

impl SessionOptions {
    /// Partitions worked on at once, and the bytes that each one's sorts keep back for merging. Together a quarter of memory: a query may sort
    /// twice, and what else cannot spill needs some as well.
    fn shares(&self) -> (usize, usize) {
        let each_max = self.memory_bytes_max / 8;
        if let Some(cluster) = &self.cluster {
            // Executors share memory out among their slots in the same way, and how many those are is not known here.
            return (cluster.partitions(), MERGE_BYTES_MIN.min(each_max));
        }
        let processors = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let wanted = self.partitions.map_or_else(processors, NonZeroUsize::get);
        let partitions = wanted.min(Self::room(self.memory_bytes_max));
        (partitions, (self.memory_bytes_max / 4 / partitions).min(each_max).min(MERGE_BYTES_MAX))
    }

    /// Partitions for whose merges there is room in so much memory.
    pub(crate) fn room(memory_bytes_max: usize) -> usize {
        (memory_bytes_max / 4 / MERGE_BYTES_MIN.min(memory_bytes_max / 8).max(1)).max(1)
    }
}

/// How queries are planned and run.
pub(crate) fn configuration(options: &SessionOptions) -> SessionConfig {
    let mut config =
        SessionConfig::new().with_batch_size(options.batch_rows.max(1)).with_information_schema(true);
    let (partitions, merge_bytes) = options.shares();
    config = config.with_target_partitions(partitions);
    let set = config.options_mut();
    set.execution.parquet.pushdown_filters = true;
    set.execution.parquet.reorder_filters = true;
    set.execution.parquet.schema_force_view_types = false;
    // Results have the types the tables have.
    set.sql_parser.map_string_types_to_utf8view = false;
    set.execution.sort_spill_reservation_bytes = merge_bytes;
    config
}

fn context(options: &SessionOptions, store: &Store) -> Result<SessionContext> {
    let config = configuration(options);
    let pool = Headroom::new(options.memory_bytes_max);
    let spill = match &options.spill_dir {
        Some(dir) => DiskManagerMode::Directories(vec![dir.clone()]),
        None => DiskManagerMode::OsTmpDirectory,
    };
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(pool))
        .with_metadata_cache_limit(options.memory_bytes_max / 32)
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(spill))
        .build_arc()?;
    runtime.register_object_store(store.scanned.as_ref(), Arc::clone(&store.root));
    let mut context = match &options.cluster {
        Some(cluster) => cluster::context(config, runtime, cluster)?,
        None => {
            let state = SessionStateBuilder::new_with_default_features()
                .with_config(config)
                .with_runtime_env(runtime)
                .with_physical_optimizer_rule(Arc::new(DerivedLast));
            SessionContext::new_with_state(state.build())
        }
    };
    crate::functions::register(&mut context)?;
    Ok(context)
}

impl Session {
    pub(crate) fn new(
        snapshot: Snapshot,
        options: &SessionOptions,
        derive: Option<Arc<dyn Derive>>,
    ) -> Result<Self> {
        let context = context(options, snapshot.store())?;
        // A digest made under another configuration shows other columns than records do.
        let kept = derive.as_ref().is_some_and(|by| by.kept() && snapshot.has_digest_of(by.id()));
        for name in Name::ALL.into_iter().filter(|name| *name != Name::State) {
            let Some(table) = snapshot.table(name).filter(|_| kept || name != Name::Digest) else {
                continue;
            };
            match &derive {
                Some(by) if !by.columns(name.as_str()).is_empty() => {
                    let shown = view(name, filled(name, context.read_table(table)?)?, by)?;
                    if name == Name::Access && !kept {
                        context.register_table(DIGEST, digest_of_each(shown.clone())?.into_view())?;
                    }
                    context.register_table(name.as_str(), shown.into_view())?;
                }
                _ if name == Name::Digest || (name == Name::Rollup && derive.is_some()) => {
                    let shown = filled(name, context.read_table(table)?)?;
                    context.register_table(name.as_str(), shown.into_view())?;
                }
                _ => {
                    context.register_table(name.as_str(), table)?;
                }
            }
        }
        Ok(Self { context, options: options.clone(), snapshot, paths: Arc::default(), temporary: None })
    }

    /// A session that has one table, for the lake's own questions.
    pub(crate) fn single(snapshot: &Snapshot, name: Name) -> Result<Option<DataFrame>> {
        let Some(table) = snapshot.table(name) else {
            return Ok(None);
        };
        Ok(Some(context(&SessionOptions::default(), snapshot.store())?.read_table(table)?))
    }

    /// The snapshot it reads.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    pub(crate) fn plan<'a>(&'a self, sql: &'a str) -> BoxFuture<'a, Result<DataFrame>> {
        Box::pin(async move {
            tracing::debug!(sql, "query");
            let options =
                SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
            Ok(self.context.sql_with_options(sql, options).await?)
        })
    }

    /// Bytes that its sorts, joins and aggregates may hold before they spill; whoever works on its rows beside them may hold a part of as much.
    #[must_use]
    pub fn memory_bytes_max(&self) -> usize {
        self.options.memory_bytes_max
    }

    /// Runs a read-only query. Without ORDER BY the order of rows is not defined.
    pub fn sql<'a>(&'a self, sql: &'a str) -> BoxFuture<'a, Result<Vec<RecordBatch>>> {
        Box::pin(async move { Ok(self.plan(sql).await?.collect().await?) })
    }

    /// Runs a query that somebody wrote who sees people under pseudonyms: texts that it compares with columns that show them are put under pseudonyms as
    /// well. Gives the columns too of which it compares what cannot be put so.
    pub fn asked<'a>(&'a self, sql: &'a str) -> BoxFuture<'a, Result<(Vec<RecordBatch>, BTreeSet<String>)>> {
        Box::pin(async move {
            let (state, plan) = self.plan(sql).await?.into_parts();
            let (plan, seen) = compared(plan)?;
            Ok((DataFrame::new(state, plan).collect().await?, seen))
        })
    }

    /// Runs a read-only query and hands over batches as they come.
    pub fn stream<'a>(&'a self, sql: &'a str) -> BoxFuture<'a, Result<Batches>> {
        Box::pin(async move { streamed(self.plan(sql).await?).await })
    }

    /// The plan of a query as text.
    pub fn explain<'a>(&'a self, sql: &'a str) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            let plan = self.plan(sql).await?.create_physical_plan().await?;
            Ok(datafusion::physical_plan::displayable(plan.as_ref()).indent(false).to_string())
        })
    }
}

/// The batches of a query as they come.
pub(crate) fn streamed(frame: DataFrame) -> BoxFuture<'static, Result<Batches>> {
    Box::pin(async move {
        let stream = frame.execute_stream().await?;
        Ok(stream.map(|batch| batch.map_err(LakeError::from)).boxed())
    })
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("versions", &self.snapshot.versions()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(memory_bytes_max: usize, partitions: usize) -> (usize, usize) {
        SessionOptions {
            memory_bytes_max,
            partitions: NonZeroUsize::new(partitions),
            ..SessionOptions::default()
        }
        .shares()
    }

    #[test]
    fn merges_of_all_partitions_find_room() {
        let mb = 1 << 20;
        assert_eq!(shares(512 * mb, 2), (2, 64 * mb));
        assert_eq!(shares(512 * mb, 8), (8, 16 * mb));
        assert_eq!(shares(512 * mb, 64), (8, 16 * mb), "more processors than memory has room for");
        assert_eq!(shares(32 << 30, 64), (64, 64 * mb));
        assert_eq!(shares(64 * mb, 64), (2, 8 * mb));
        for partitions in 1..200 {
            for memory in [64 * mb, 100 * mb, 512 * mb, 4 << 30] {
                let (partitions, each) = shares(memory, partitions);
                assert!(partitions * each <= memory / 4 && each >= 8 * mb);
            }
        }
    }
}
