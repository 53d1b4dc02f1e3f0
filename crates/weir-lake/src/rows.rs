//! The lake's own small tables as rows: the intake account, rejects, known files, state. To batches and back.

use crate::tables::Name;
use crate::{LakeError, Result};
use arrow_array::builder::{
    ArrayBuilder, BinaryBuilder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::DataType;
use weir_model::Micros;
use weir_model::intake::{Intake, Reject};

/// A file the lake has read, for the rules on duplicate files.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownFile {
    /// Its id: a hash of path, first 64 KiB and start offset.
    pub file: i64,
    /// Path as given, relative to the folder ingested.
    pub path: String,
    /// The format, where recognised.
    pub source: Option<String>,
    /// The producer.
    pub sensor: Option<String>,
    /// Fingerprint of the first bytes of its decompressed content.
    pub head: String,
    /// SHA-256 of its decompressed content, where it was read to its end.
    pub sha256: Option<String>,
    /// Bytes as it lies on disk.
    pub bytes: u64,
    /// Bytes after decompression.
    pub content_bytes: u64,
    /// Physical lines.
    pub lines: u64,
    /// Byte offset in the decompressed content where reading began (more than 0 for the tail of a known file).
    pub start: u64,
    /// Bytes of a last line that was rejected for want of its end; read again, whole, when the file has grown.
    pub half: u64,
    /// The ingest that read it.
    pub ingest: i64,
}

/// Values in a table's column order.
enum Value<'a> {
    Text(Option<&'a str>),
    Number(Option<i64>),
    Time(Option<Micros>),
    Bytes(&'a [u8]),
}

fn number(n: u64) -> Value<'static> {
    Value::Number(Some(i64::try_from(n).unwrap_or(i64::MAX)))
}

/// One batch of a table from rows in its column order.
fn batch<'a>(table: Name, rows: impl Iterator<Item = Vec<Value<'a>>>) -> Result<RecordBatch> {
    let schema =
        table.schema().ok_or_else(|| LakeError::batch(table.as_str(), "its columns are not known"))?;
    let mut columns: Vec<Builder> = schema.fields().iter().map(|f| Builder::new(f.data_type())).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    let arrays = columns.into_iter().map(Builder::finish).collect();
    RecordBatch::try_new(schema, arrays).map_err(|e| LakeError::batch(table.as_str(), e))
}

enum Builder {
    Text(StringBuilder),
    Number(Int64Builder),
    Time(TimestampMicrosecondBuilder),
    Bytes(BinaryBuilder),
}

impl Builder {
    fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Int64 => Self::Number(Int64Builder::new()),
            DataType::Timestamp(..) => Self::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            DataType::Binary => Self::Bytes(BinaryBuilder::new()),
            _ => Self::Text(StringBuilder::new()),
        }
    }

    fn push(&mut self, value: Value<'_>) {
        match (self, value) {
            (Self::Text(b), Value::Text(v)) => b.append_option(v),
            (Self::Number(b), Value::Number(v)) => b.append_option(v),
            (Self::Time(b), Value::Time(v)) => b.append_option(v.map(|t| t.0)),
            (Self::Bytes(b), Value::Bytes(v)) => b.append_value(v),
            // A value in the wrong column leaves its column short, which `RecordBatch` refuses.
            _ => {}
        }
    }

    fn finish(self) -> ArrayRef {
        let mut boxed: Box<dyn ArrayBuilder> = match self {
            Self::Text(b) => Box::new(b),
            Self::Number(b) => Box::new(b),
            Self::Time(b) => Box::new(b),
            Self::Bytes(b) => Box::new(b),
        };
        boxed.finish()
    }
}

pub(crate) fn rejects(ingest: i64, file: i64, rejects: &[Reject]) -> Result<RecordBatch> {
    let rows = rejects.iter().map(|r| {
        let [i, f, l, o, b] = [ingest, file, r.line, r.offset, r.bytes].map(|n| Value::Number(Some(n)));
        vec![i, f, l, o, b, Value::Text(Some(&r.reason)), Value::Text(Some(&r.text))]
    });
    batch(Name::Rejects, rows)
}

pub(crate) fn files(ingest: i64, files: &[KnownFile]) -> Result<RecordBatch> {
    let rows = files.iter().map(|f| {
        let texts = [
            Some(f.path.as_str()),
            f.source.as_deref(),
            f.sensor.as_deref(),
            Some(f.head.as_str()),
            f.sha256.as_deref(),
        ];
        let mut row = vec![Value::Number(Some(ingest)), Value::Number(Some(f.file))];
        row.extend(texts.map(Value::Text));
        row.extend([f.bytes, f.content_bytes, f.lines, f.start, f.half].map(number));
        row
    });
    batch(Name::Files, rows)
}

pub(crate) fn state(ingest: i64, seq: i64, entries: &[(String, Vec<u8>)]) -> Result<RecordBatch> {
    let rows = entries.iter().map(|(key, value)| {
        vec![
            Value::Number(Some(ingest)),
            Value::Number(Some(seq)),
            Value::Text(Some(key)),
            Value::Bytes(value),
        ]
    });
    batch(Name::State, rows)
}

pub(crate) fn intake(ingest: i64, rows: &[Intake]) -> Result<RecordBatch> {
    let reasons: Vec<String> =
        rows.iter().map(|r| serde_json::to_string(&r.reasons).unwrap_or_default()).collect();
    let rows = rows.iter().zip(&reasons).map(|(r, reasons)| {
        let mut row =
            vec![Value::Number(Some(ingest)), Value::Number(Some(r.file)), Value::Text(Some(&r.path))];
        row.extend([r.sha256.as_deref(), r.source.as_deref(), r.sensor.as_deref()].map(Value::Text));
        row.extend(
            [r.bytes, r.content_bytes, r.bytes_unread, r.records, r.parsed, r.rejected, r.duplicates]
                .map(number),
        );
        row.extend([r.lines, r.lines_without_record].map(number));
        row.extend([r.first_time, r.last_time].map(Value::Time));
        row.push(Value::Text(Some(reasons)));
        row
    });
    batch(Name::Intake, rows)
}

/// Reads columns of a batch by name.
pub(crate) struct Reader<'a> {
    table: Name,
    batch: &'a RecordBatch,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(table: Name, batch: &'a RecordBatch) -> Self {
        Self { table, batch }
    }

    fn column<A: 'static>(&self, name: &str) -> Result<&'a A> {
        let column = self.batch.column_by_name(name).and_then(|c| c.as_any().downcast_ref::<A>());
        column.ok_or_else(|| {
            LakeError::batch(self.table.as_str(), format!("column `{name}` is missing or of another type"))
        })
    }

    pub(crate) fn text(&self, name: &str, row: usize) -> Result<Option<String>> {
        let column = self.column::<StringArray>(name)?;
        Ok(column.is_valid(row).then(|| column.value(row).to_owned()))
    }

    pub(crate) fn number(&self, name: &str, row: usize) -> Result<Option<i64>> {
        let column = self.column::<Int64Array>(name)?;
        Ok(column.is_valid(row).then(|| column.value(row)))
    }

    fn count(&self, name: &str, row: usize) -> Result<u64> {
        Ok(self.number(name, row)?.and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
    }

    fn time(&self, name: &str, row: usize) -> Result<Option<Micros>> {
        let column = self.column::<TimestampMicrosecondArray>(name)?;
        Ok(column.is_valid(row).then(|| Micros(column.value(row))))
    }

    pub(crate) fn bytes(&self, name: &str, row: usize) -> Result<Vec<u8>> {
        Ok(self.column::<BinaryArray>(name)?.value(row).to_vec())
    }

    fn rows<T>(&self, read: impl Fn(usize) -> Result<T>) -> Result<Vec<T>> {
        (0..self.batch.num_rows()).map(read).collect()
    }

    pub(crate) fn intake(&self) -> Result<Vec<Intake>> {
        self.rows(|i| {
            let reasons = self.text("reasons", i)?.unwrap_or_default();
            Ok(Intake {
                path: self.text("path", i)?.unwrap_or_default(),
                sha256: self.text("sha256", i)?,
                bytes: self.count("bytes", i)?,
                content_bytes: self.count("content_bytes", i)?,
                bytes_unread: self.count("bytes_unread", i)?,
                source: self.text("source", i)?,
                sensor: self.text("sensor", i)?,
                records: self.count("records", i)?,
                parsed: self.count("parsed", i)?,
                rejected: self.count("rejected", i)?,
                duplicates: self.count("duplicates", i)?,
                lines: self.count("lines", i)?,
                lines_without_record: self.count("lines_without_record", i)?,
                first_time: self.time("first_time", i)?,
                last_time: self.time("last_time", i)?,
                reasons: serde_json::from_str(&reasons).map_err(|e| LakeError::batch("intake", e))?,
                ingest: self.number("ingest", i)?.unwrap_or_default(),
                file: self.number("file", i)?.unwrap_or_default(),
            })
        })
    }

    pub(crate) fn rejects(&self) -> Result<Vec<(i64, Reject)>> {
        self.rows(|i| {
            let reject = Reject {
                line: self.number("line", i)?.unwrap_or_default(),
                offset: self.number("offset", i)?.unwrap_or_default(),
                bytes: self.number("bytes", i)?.unwrap_or_default(),
                reason: self.text("reason", i)?.unwrap_or_default(),
                text: self.text("text", i)?.unwrap_or_default(),
            };
            Ok((self.number("file", i)?.unwrap_or_default(), reject))
        })
    }

    pub(crate) fn files(&self) -> Result<Vec<KnownFile>> {
        self.rows(|i| {
            Ok(KnownFile {
                file: self.number("file", i)?.unwrap_or_default(),
                path: self.text("path", i)?.unwrap_or_default(),
                source: self.text("source", i)?,
                sensor: self.text("sensor", i)?,
                head: self.text("head", i)?.unwrap_or_default(),
                sha256: self.text("sha256", i)?,
                bytes: self.count("bytes", i)?,
                content_bytes: self.count("content_bytes", i)?,
                lines: self.count("lines", i)?,
                start: self.count("start", i)?,
                half: self.count("half", i)?,
                ingest: self.number("ingest", i)?.unwrap_or_default(),
            })
        })
    }
}
