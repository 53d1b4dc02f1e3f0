//! Which Delta tables a lake has, how each is laid out, and in which order an ingest commits them.

use crate::{LakeError, Result};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use weir_model::{Micros, Table};

/// A table of the lake. The order is the order in which an ingest commits: `intake` last, because its row makes the rest real. `rollup` comes after
/// `digest`, so that whoever sees rollups of a catalog sees its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Name {
    Access,
    Auth,
    Flow,
    Host,
    Digest,
    Rollup,
    Rejects,
    Files,
    State,
    Intake,
}

impl Name {
    pub(crate) const ALL: [Self; 10] = [
        Self::Access,
        Self::Auth,
        Self::Flow,
        Self::Host,
        Self::Digest,
        Self::Rollup,
        Self::Rejects,
        Self::Files,
        Self::State,
        Self::Intake,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Auth => "auth",
            Self::Flow => "flow",
            Self::Host => "host",
            Self::Digest => "digest",
            Self::Rollup => "rollup",
            Self::Rejects => "rejects",
            Self::Files => "files",
            Self::State => "state",
            Self::Intake => "intake",
        }
    }

    pub(crate) fn of(table: Table) -> Self {
        match table {
            Table::Access => Self::Access,
            Table::Auth => Self::Auth,
            Table::Flow => Self::Flow,
            Table::Host => Self::Host,
        }
    }

    /// The partition column, which Delta keeps in the log and the path, not in the file.
    pub(crate) fn partition(self) -> Option<&'static str> {
        match self {
            Self::Access | Self::Auth | Self::Flow | Self::Host => Some("day"),
            Self::Digest | Self::Rollup => Some("catalog"),
            _ => None,
        }
    }

    /// The columns by which the rows of each of the table's files are sorted.
    pub(crate) fn order(self) -> &'static [&'static str] {
        match self {
            Self::Rollup => &["kind", "entity", "day"],
            _ => &[],
        }
    }

    /// The table's schema as SQL sees it, partition column included; `None` for `digest` and `rollup`, whose columns are their maker's
    /// affair: the table takes those of the first batch.
    pub(crate) fn schema(self) -> Option<SchemaRef> {
        Some(match self {
            Self::Access => Table::Access.schema(),
            Self::Auth => Table::Auth.schema(),
            Self::Flow => Table::Flow.schema(),
            Self::Host => Table::Host.schema(),
            Self::Digest | Self::Rollup => return None,
            Self::Rejects => rejects(),
            Self::Files => files(),
            Self::State => state(),
            Self::Intake => intake(),
        })
    }

    /// The schema of the table's Parquet files: the table's without the partition column.
    pub(crate) fn file_schema(self, table: &Schema) -> SchemaRef {
        let kept = table.fields().iter().filter(|f| Some(f.name().as_str()) != self.partition()).cloned();
        Arc::new(Schema::new(kept.collect::<Vec<_>>()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The value of the partition column that all rows of one Parquet file share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Part {
    None,
    Day(i32),
    Catalog(String),
}

impl Part {
    /// As Delta writes it: `2025-01-31`.
    pub(crate) fn value(&self, table: Name) -> Result<Option<String>> {
        match self {
            Self::None => Ok(None),
            Self::Catalog(id)
                if id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) && !id.is_empty() =>
            {
                Ok(Some(id.clone()))
            }
            Self::Catalog(id) => Err(LakeError::batch(table.as_str(), format!("`{id}` is not a catalog id"))),
            Self::Day(day) => {
                let text = Micros::of_day(*day).to_string();
                let date = text.split_once('T').map(|(date, _)| date).filter(|date| date.len() == 10);
                let date = date.ok_or_else(|| {
                    LakeError::batch(table.as_str(), format!("day {day} is not in years 0 to 9999"))
                })?;
                Ok(Some(date.to_owned()))
            }
        }
    }

    /// From what the Delta log says.
    pub(crate) fn parse(table: Name, value: Option<&str>) -> Result<Self> {
        match (table.partition(), value) {
            (Some("day"), Some(date)) => {
                let at = Micros::parse(date).map_err(|e| LakeError::log(table.as_str(), e))?;
                Ok(Self::Day(at.day()))
            }
            (Some(_), Some(id)) => Ok(Self::Catalog(id.to_owned())),
            (Some(column), None) => {
                Err(LakeError::log(table.as_str(), format!("a file has no value for `{column}`")))
            }
            (None, _) => Ok(Self::None),
        }
    }
}

fn field(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

fn time(name: &str) -> Field {
    field(name, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))
}

fn texts(names: &[&str]) -> Vec<Field> {
    names.iter().map(|n| field(n, DataType::Utf8)).collect()
}

fn numbers(names: &[&str]) -> Vec<Field> {
    names.iter().map(|n| Field::new(*n, DataType::Int64, true)).collect()
}

fn schema(parts: impl IntoIterator<Item = Vec<Field>>) -> SchemaRef {
    Arc::new(Schema::new(parts.into_iter().flatten().collect::<Vec<_>>()))
}

fn rejects() -> SchemaRef {
    schema([numbers(&["ingest", "file", "line", "offset", "bytes"]), texts(&["reason", "text"])])
}

fn files() -> SchemaRef {
    schema([
        numbers(&["ingest", "file"]),
        texts(&["path", "source", "sensor", "head", "sha256"]),
        numbers(&["bytes", "content_bytes", "lines", "start", "half"]),
    ])
}

fn state() -> SchemaRef {
    schema([numbers(&["ingest", "seq"]), texts(&["key"]), vec![field("value", DataType::Binary)]])
}

fn intake() -> SchemaRef {
    schema([
        numbers(&["ingest", "file"]),
        texts(&["path", "sha256", "source", "sensor"]),
        numbers(&["bytes", "content_bytes", "bytes_unread", "records", "parsed", "rejected", "duplicates"]),
        numbers(&["lines", "lines_without_record"]),
        vec![time("first_time"), time("last_time")],
        texts(&["reasons"]),
    ])
}
