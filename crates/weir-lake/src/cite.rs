//! Citations: the records behind a claim, chosen the same way whatever the order of files or threads.

use crate::rows::Reader;
use crate::session::Session;
use crate::tables::Name;
use crate::{LakeError, Result};
use arrow_array::{Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use weir_model::{Citation, Evidence, Table};

/// Records found for a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cited {
    /// The records, at most as many as asked for: the first quarter by time, the last quarter, and an even sample between.
    pub citations: Vec<Citation>,
    /// How many there are in all.
    pub total: u64,
    /// The query that gives all of them, for `weir sql`.
    pub query: String,
}

impl Cited {
    /// As evidence; `None` when there is no record.
    pub fn evidence(self) -> Option<Evidence> {
        Evidence::new(self.citations, self.total, self.query)
    }
}

/// A record's place: time, file, line, offset.
pub type Place = (i64, i64, i64, i64);

/// SQL of an aggregate: the places of a group's first and last record, which [`Row::places`](crate::Row::places) reads. Many claims are
/// so cited by the query that counts them.
pub const PLACES: &str = "min(struct(time, file, line, \"offset\")) AS first_place, max(struct(time, file, line, \"offset\")) AS last_place";

/// A prime below 2^32: lines step through its residues evenly (their order by it is the sample).
const SPREAD_PRIME: i64 = 4_294_967_291;
/// 2^32 divided by the golden ratio.
const SPREAD_STEP: i64 = 2_654_435_769;

impl Session {
    /// Cites the records of a table for which an SQL condition is true, at most `limit` of them.
    pub fn cite<'a>(
        &'a self,
        condition: &'a str,
        table: Table,
        limit: usize,
    ) -> BoxFuture<'a, Result<Cited>> {
        Box::pin(async move {
            let query = all(condition, table);
            let from = format!("FROM {} WHERE ({condition})", table.name());
            let by_time = |direction: &str, n: usize| {
                let order = ["time", "file", "line", "\"offset\""]
                    .map(|c| format!("{c} {direction} NULLS LAST"))
                    .join(", ");
                format!("SELECT time, file, line, \"offset\" {from} ORDER BY {order} LIMIT {n}")
            };
            let found = self.places(&by_time("ASC", limit + 1)).await?;
            let mut total = found.len() as u64;
            let mut places: BTreeSet<Place> = found.iter().copied().collect();
            if found.len() > limit {
                total = self.count(&format!("SELECT count(*) AS n {from}")).await?;
                places = found.into_iter().take(limit / 4).collect();
                places.extend(self.places(&by_time("DESC", limit / 4)).await?);
                let spread = format!(
                    "(file % {SPREAD_PRIME} + (line % {SPREAD_PRIME}) * {SPREAD_STEP} % {SPREAD_PRIME}) % {SPREAD_PRIME}"
                );
                let order = format!("{spread} NULLS LAST, time, file, line, \"offset\"");
                let sample =
                    format!("SELECT time, file, line, \"offset\" {from} ORDER BY {order} LIMIT {limit}");
                for place in self.places(&sample).await? {
                    if places.len() < limit {
                        places.insert(place);
                    }
                }
            }
            Ok(Cited { citations: self.citations(places).await?, total, query })
        })
    }

    /// Evidence from places that a query gave by [`PLACES`]: of `total` records of a table for which a condition is true.
    pub async fn evidence_of(
        &self,
        places: impl IntoIterator<Item = Place>,
        total: u64,
        table: Table,
        condition: &str,
    ) -> Result<Option<Evidence>> {
        let citations = self.citations(places.into_iter().collect()).await?;
        Ok(Cited { citations, total, query: all(condition, table) }.evidence())
    }

    async fn citations(&self, places: BTreeSet<Place>) -> Result<Vec<Citation>> {
        let paths = self.paths.get_or_try_init(|| self.read_paths()).await?;
        let mut cited: Vec<(i64, Citation)> = places
            .into_iter()
            .map(|(time, file, line, offset)| {
                let path = paths.get(&file).cloned().unwrap_or_default();
                (time, Citation { path, line, offset, file })
            })
            .collect();
        cited.sort();
        Ok(cited.into_iter().map(|(_, citation)| citation).collect())
    }

    /// The places a query gives, in its order.
    async fn places(&self, sql: &str) -> Result<Vec<Place>> {
        let mut places = Vec::new();
        for batch in self.sql(sql).await? {
            places.extend(places_of(&batch)?);
        }
        Ok(places)
    }

    async fn count(&self, sql: &str) -> Result<u64> {
        let batches = self.sql(sql).await?;
        let n = batches
            .first()
            .and_then(|b| b.column_by_name("n")?.as_any().downcast_ref::<Int64Array>()?.iter().next()?);
        Ok(n.and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
    }

    /// The path of every file that was read.
    async fn read_paths(&self) -> Result<BTreeMap<i64, String>> {
        let sql = "SELECT file, min(path) AS path FROM intake GROUP BY file";
        let mut paths = BTreeMap::new();
        for batch in self.sql(sql).await? {
            let reader = Reader::new(Name::Intake, &batch);
            for row in 0..batch.num_rows() {
                if let (Some(file), Some(path)) = (reader.number("file", row)?, reader.text("path", row)?) {
                    paths.insert(file, path);
                }
            }
        }
        Ok(paths)
    }
}

/// The query that gives all records of a claim.
fn all(condition: &str, table: Table) -> String {
    format!("SELECT * FROM {} WHERE {condition} ORDER BY time, file, line", table.name())
}

fn places_of(batch: &RecordBatch) -> Result<Vec<Place>> {
    let wrong = || LakeError::batch("records", "a citation has no place");
    let numbers = |name: &str| {
        batch.column_by_name(name).and_then(|c| c.as_any().downcast_ref::<Int64Array>()).ok_or_else(wrong)
    };
    let time =
        batch.column_by_name("time").and_then(|c| c.as_any().downcast_ref::<TimestampMicrosecondArray>());
    let (time, file, line, offset) =
        (time.ok_or_else(wrong)?, numbers("file")?, numbers("line")?, numbers("offset")?);
    let at = |column: &Int64Array, row: usize| if column.is_valid(row) { column.value(row) } else { 0 };
    Ok((0..batch.num_rows())
        .map(|row| (time.value(row), at(file, row), at(line, row), at(offset, row)))
        .collect())
}
