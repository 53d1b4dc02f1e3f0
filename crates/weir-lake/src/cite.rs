//! Citations: the records behind a claim, chosen the same way whatever the order of files or threads.

use crate::rows::Reader;
use crate::session::Session;
use crate::tables::Name;
use crate::{LakeError, Result};
use arrow_array::{Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
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
type Place = (i64, i64, i64, i64);

/// A prime below 2^32: lines step through its residues evenly (their order by it is the sample).
const SPREAD_PRIME: i64 = 4_294_967_291;
/// 2^32 divided by the golden ratio.
const SPREAD_STEP: i64 = 2_654_435_769;

impl Session {
    /// Cites the records of a table for which an SQL condition is true, at most `limit` of them.
    pub async fn cite(&self, condition: &str, table: Table, limit: usize) -> Result<Cited> {
        let query = format!("SELECT * FROM {} WHERE {condition} ORDER BY time, file, line", table.name());
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
            let sample = format!("SELECT time, file, line, \"offset\" {from} ORDER BY {order} LIMIT {limit}");
            for place in self.places(&sample).await? {
                if places.len() < limit {
                    places.insert(place);
                }
            }
        }
        let paths = self.paths(&places).await?;
        let mut cited: Vec<(i64, Citation)> = places
            .into_iter()
            .map(|(time, file, line, offset)| {
                let path = paths.get(&file).cloned().unwrap_or_default();
                (time, Citation { path, line, offset, file })
            })
            .collect();
        cited.sort();
        Ok(Cited { citations: cited.into_iter().map(|(_, citation)| citation).collect(), total, query })
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

    /// The path of every file named; the account has a row for each file that was read.
    async fn paths(&self, places: &BTreeSet<Place>) -> Result<BTreeMap<i64, String>> {
        let files: BTreeSet<i64> = places.iter().map(|(_, file, _, _)| *file).collect();
        let mut paths = BTreeMap::new();
        if files.is_empty() {
            return Ok(paths);
        }
        let list: Vec<String> = files.iter().map(i64::to_string).collect();
        let sql = format!(
            "SELECT file, min(path) AS path FROM intake WHERE file IN ({}) GROUP BY file",
            list.join(", ")
        );
        for batch in self.sql(&sql).await? {
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
