//! A snapshot: a version of every table, and of them only what committed ingests wrote.

use crate::Result;
use crate::cluster::Cluster;
use crate::delta::{DataFile, Listing};
use crate::derive::Derive;
use crate::hold;
use crate::known;
use crate::lake::Lake;
use crate::ledger::{self, Removed};
use crate::rows::{KnownFile, Reader};
use crate::scan::ScanTable;
use crate::session::{Batches, Session, SessionOptions, streamed};
use crate::store::Store;
use crate::tables::{Name, Part};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::prelude::{col, lit};
use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use weir_model::intake::{Intake, Reject};
use weir_model::{EntityKind, Hold, Micros};
use weir_rollup::reads_with;

/// A pinned lake. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Snapshot {
    lake: Lake,
    tables: Arc<BTreeMap<Name, Pinned>>,
    ingests: Arc<BTreeSet<i64>>,
    cluster: Option<Cluster>,
}

#[derive(Debug)]
struct Pinned {
    version: i64,
    schema: SchemaRef,
    /// Whether each file has all of them.
    is_whole: bool,
    /// Sorted by path, those of committed ingests only.
    files: Arc<[DataFile]>,
}

impl Snapshot {
    pub(crate) fn new(lake: Lake, listings: BTreeMap<Name, Listing>) -> Self {
        // An ingest has a file in `intake` if and only if it is committed.
        let intake = listings.get(&Name::Intake).map(|l| l.files.as_slice()).unwrap_or_default();
        let ingests: BTreeSet<i64> = intake.iter().filter_map(DataFile::ingest).collect();
        let pin = |(name, listing): (Name, Listing)| {
            let files = listing.files.into_iter().filter(|f| f.ingest().is_none_or(|i| ingests.contains(&i)));
            let files: Arc<[DataFile]> = files.collect();
            // Under another catalog another program may have written.
            let of_one = || {
                files
                    .windows(2)
                    .all(|two| two.iter().all(|f| files.first().is_some_and(|first| f.part == first.part)))
            };
            // What is known of a table's columns here is exact; the log has them as Delta's types.
            let names = |schema: &SchemaRef| -> Vec<String> {
                schema.fields().iter().map(|field| field.name().clone()).collect()
            };
            let logged = names(&listing.schema);
            let schema = name.schema().unwrap_or(listing.schema);
            let is_whole = names(&schema) == logged && (name.schema().is_some() || of_one());
            (name, Pinned { version: listing.version, schema, is_whole, files })
        };
        let tables: BTreeMap<Name, Pinned> = listings.into_iter().map(pin).collect();
        Self { lake, tables: Arc::new(tables), ingests: Arc::new(ingests), cluster: None }
    }

    /// The snapshot with its queries run by a cluster, whose processes must see the lake under the same name. The lake's own questions, about a few
    /// rows of its account, stay here.
    #[must_use]
    pub fn on(self, cluster: Option<Cluster>) -> Self {
        Self { cluster, ..self }
    }

    /// The version of every table: what a finding names to be computed again.
    pub fn versions(&self) -> BTreeMap<String, i64> {
        self.tables.iter().map(|(name, pinned)| (name.to_string(), pinned.version)).collect()
    }

    /// The committed ingests.
    pub fn ingests(&self) -> &BTreeSet<i64> {
        &self.ingests
    }

    /// When each committed ingest was written, by the lake's own account: the order in which files were looked at.
    pub fn ingested(&self) -> BTreeMap<i64, Micros> {
        let at = |f: &DataFile| Some((f.ingest()?, Micros(f.modified.saturating_mul(1_000))));
        self.files(Name::Intake).iter().filter_map(at).collect()
    }

    /// The catalogs under which the visible rollups and digests were folded; more than the current one means they are stale.
    pub fn rollup_catalogs(&self) -> BTreeSet<String> {
        let parts =
            [Name::Digest, Name::Rollup].into_iter().flat_map(|name| self.files(name)).map(|f| &f.part);
        parts.filter_map(|part| if let Part::Catalog(id) = part { Some(id.clone()) } else { None }).collect()
    }

    /// Whether there is a digest, all of it made under one catalog. Rollups tell, which every ingest of records has: under a catalog that knows no data
    /// there is none of its records.
    pub(crate) fn has_digest_of(&self, catalog: &str) -> bool {
        self.tables.contains_key(&Name::Digest) && self.rollup_catalogs().iter().all(|id| id == catalog)
    }

    pub(crate) fn files(&self, name: Name) -> &[DataFile] {
        self.tables.get(&name).map_or(&[], |pinned| &pinned.files)
    }

    /// The files of one partition.
    pub(crate) fn files_of(&self, name: Name, part: &Part) -> &[DataFile] {
        // Paths begin with the partition, so the order by path is one by day.
        let files = self.files(name);
        let from = files.partition_point(|f| f.part < *part);
        let to = files.partition_point(|f| f.part <= *part);
        files.get(from..to).unwrap_or_default()
    }

    /// The table's columns, the partition's among them.
    pub(crate) fn schema(&self, name: Name) -> Option<SchemaRef> {
        self.tables.get(&name).map(|pinned| Arc::clone(&pinned.schema))
    }

    /// The runs that deleted records, in their order, with the rows that are gone.
    pub fn removals(&self) -> BoxFuture<'_, Result<Vec<Removed>>> {
        Box::pin(async move { Ok(ledger::carried_out(&ledger::read(self).await?, self)) })
    }

    /// The legal holds that were recorded, ended ones too.
    pub fn holds(&self) -> BoxFuture<'_, Result<Vec<Hold>>> {
        Box::pin(hold::all(self))
    }

    pub(crate) fn table(&self, name: Name) -> Option<Arc<dyn TableProvider>> {
        let pinned = self.tables.get(&name)?;
        let (schema, files) = (Arc::clone(&pinned.schema), Arc::clone(&pinned.files));
        let is_local = self.cluster.is_none();
        Some(Arc::new(ScanTable::new(name, schema, files, self.store(), is_local, pinned.is_whole)))
    }

    /// Where its lake lies.
    pub(crate) fn store(&self) -> &Store {
        &self.lake.inner.store
    }

    /// What queries of the snapshot may use, as its lake was opened, and where they run.
    pub fn session_options(&self) -> SessionOptions {
        SessionOptions { cluster: self.cluster.clone(), ..self.lake.memory().session() }
    }

    /// A query session over the snapshot. With `derive`, `access` shows the derived columns too.
    pub fn session(&self, options: &SessionOptions, derive: Option<Arc<dyn Derive>>) -> Result<Session> {
        Session::new(self.clone(), options, derive)
    }

    /// The whole intake account, by path, then ingest, then file.
    pub fn intake<'a>(&'a self) -> BoxFuture<'a, Result<Vec<Intake>>> {
        Box::pin(async move {
            let mut rows = Vec::new();
            for batch in self.small(Name::Intake, Ok).await? {
                rows.extend(Reader::new(Name::Intake, &batch).intake()?);
            }
            rows.sort_by(|a, b| (&a.path, a.ingest, a.file).cmp(&(&b.path, b.ingest, b.file)));
            Ok(rows)
        })
    }

    /// Rejected records of a file, by line and offset, at most `limit`.
    pub fn rejects<'a>(&'a self, file: i64, limit: usize) -> BoxFuture<'a, Result<Vec<Reject>>> {
        Box::pin(async move {
            let asked = move |frame: DataFrame| {
                let sorted = frame
                    .filter(col("file").eq(lit(file)))?
                    .sort(vec![col("line").sort(true, false), col("offset").sort(true, false)])?;
                sorted.limit(0, Some(limit))
            };
            let mut rows = Vec::new();
            for batch in self.small(Name::Rejects, asked).await? {
                rows.extend(
                    Reader::new(Name::Rejects, &batch).rejects()?.into_iter().map(|(_, reject)| reject),
                );
            }
            Ok(rows)
        })
    }

    /// Where rejected records stand whose text is such a one: file id, line, offset. Batch by batch; only what is found is kept.
    pub fn rejects_that<'a>(
        &'a self,
        are: &'a (dyn Fn(&str) -> bool + Sync),
    ) -> BoxFuture<'a, Result<BTreeSet<(i64, i64, i64)>>> {
        Box::pin(async move {
            let mut found = BTreeSet::new();
            let mut batches = self.small_stream(Name::Rejects, Ok).await?;
            while let Some(batch) = batches.next().await {
                let rejects = Reader::new(Name::Rejects, &batch?).rejects()?;
                let wanted = rejects.into_iter().filter(|(_, reject)| are(&reject.text));
                found.extend(wanted.map(|(file, reject)| (file, reject.line, reject.offset)));
            }
            Ok(found)
        })
    }

    /// The files whose content begins with the bytes of this fingerprint, by path, start and ingest.
    pub fn known_files<'a>(&'a self, head: &'a str) -> BoxFuture<'a, Result<Vec<KnownFile>>> {
        Box::pin(async move { known::query(self, head).await })
    }

    /// Rollups of some kinds of entity, ordered by (kind, entity, day) across ingests; several rows of one entity and day, from
    /// different ingests, follow one another. Memory is bounded by the options: what does not fit is sorted on disk.
    pub async fn rollup_stream(&self, kinds: &[EntityKind], options: &SessionOptions) -> Result<Batches> {
        self.rollup_columns(kinds, |_| true, options).await
    }

    /// The same with `kind`, `entity`, `day` and only those other columns that are wanted.
    pub async fn rollup_columns(
        &self,
        kinds: &[EntityKind],
        wanted: impl Fn(&str) -> bool,
        options: &SessionOptions,
    ) -> Result<Batches> {
        let Some(pinned) = self.tables.get(&Name::Rollup) else {
            return Ok(futures::stream::empty().boxed());
        };
        let fields = pinned.schema.fields().iter().map(|f| f.name().as_str());
        let all: Vec<&str> = fields.collect();
        let with: BTreeSet<&str> = all.iter().filter(|f| wanted(f)).filter_map(|f| reads_with(f)).collect();
        let wants =
            |f: &&str| *f != "catalog" && (Name::Rollup.order().contains(f) || with.contains(f) || wanted(f));
        let fields = all.into_iter().filter(wants);
        let columns: Vec<String> = fields.map(|f| format!("\"{f}\"")).collect();
        let kinds: Vec<String> = kinds.iter().map(|k| format!("'{}'", k.as_str())).collect();
        if kinds.is_empty() {
            return Ok(futures::stream::empty().boxed());
        }
        let sql = format!(
            "SELECT {} FROM rollup WHERE kind IN ({}) ORDER BY kind, entity, day",
            columns.join(", "),
            kinds.join(", ")
        );
        self.session(options, None)?.stream(&sql).await
    }

    /// Every file that brought something new, by path, start and ingest: grows with files, never with records.
    pub fn files_read<'a>(&'a self) -> BoxFuture<'a, Result<Vec<KnownFile>>> {
        Box::pin(async move { known::all(self).await })
    }

    /// The value of a key of the lake's state, as the last committed ingest that set it left it.
    pub fn state<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>>> {
        Box::pin(async move {
            let key = key.to_owned();
            let rows = self.small(Name::State, move |frame| frame.filter(col("key").eq(lit(key)))).await?;
            let mut last: Option<((i64, i64), Vec<u8>)> = None;
            for batch in &rows {
                let reader = Reader::new(Name::State, batch);
                for row in 0..batch.num_rows() {
                    let number = |name| reader.number(name, row).map(Option::unwrap_or_default);
                    let order = (number("seq")?, number("ingest")?);
                    if last.as_ref().is_none_or(|(at, _)| order > *at) {
                        last = Some((order, reader.bytes("value", row)?));
                    }
                }
            }
            Ok(last.map(|(_, value)| value))
        })
    }

    pub(crate) fn next_state_seq<'a>(&'a self) -> BoxFuture<'a, Result<i64>> {
        Box::pin(async move {
            let rows = self.small(Name::State, |frame| frame.select_columns(&["seq"])).await?;
            let mut next = 0;
            for batch in &rows {
                let reader = Reader::new(Name::State, batch);
                for row in 0..batch.num_rows() {
                    next = next.max(reader.number("seq", row)?.unwrap_or(0) + 1);
                }
            }
            Ok(next)
        })
    }

    /// Asks one of the lake's own tables and collects the answer.
    pub(crate) async fn small<F>(&self, name: Name, ask: F) -> Result<Vec<RecordBatch>>
    where
        F: FnOnce(DataFrame) -> Result<DataFrame, DataFusionError>,
    {
        self.small_stream(name, ask).await?.try_collect().await
    }

    pub(crate) async fn small_stream<F>(&self, name: Name, ask: F) -> Result<Batches>
    where
        F: FnOnce(DataFrame) -> Result<DataFrame, DataFusionError>,
    {
        let Some(frame) = Session::single(self, name)? else {
            return Ok(futures::stream::empty().boxed());
        };
        streamed(ask(frame)?).await
    }
}
