//! One Parquet file being written: how rows are encoded, and what its entry in the Delta log will say.

use crate::delta::DataFile;
use crate::store::Store;
use crate::tables::{Name, Part};
use crate::{LakeError, Result};
use arrow_array::{Array, RecordBatch, TimestampMicrosecondArray};
use arrow_schema::{DataType, SchemaRef};
use object_store::ObjectStoreExt;
use object_store::buffered::BufWriter;
use object_store::path::Path as StorePath;
use parquet::arrow::async_writer::AsyncFileWriter;
use parquet::basic::Encoding;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use std::sync::Arc;
use weir_model::Micros;
use weir_parquet::{Packer, Writer};

/// Rows per row group: the unit that filters skip and that look-ups by time read.
const ROW_GROUP_ROWS_MAX: usize = 262_144;
/// The same of rollups, which are sorted: what one group holds is little, and its codes are short.
const ROLLUP_ROW_GROUP_ROWS_MAX: usize = 65_536;
/// Bytes gathered before a part is handed to the store.
const PART_BYTES: usize = 4 << 20;
/// Columns that rise by small steps or hardly repeat: their differences take few bits, a dictionary would only grow.
const RISING: [&str; 5] = ["time", "line", "offset", "first", "last"];
/// Columns of which nearly each row has its own value: a dictionary would only be given up.
const UNIQUE: [&str; 2] = ["event_uid", "mark"];
/// Numbers that are drawn at random: all bits of them are needed, and a dictionary would hold them twice.
const RANDOM: [&str; 1] = ["src_port"];
/// Texts that come in order, each several times: what one does not share with the one before takes least.
const SORTED: [&str; 1] = ["entity"];
/// Sketches that are mostly of one value of a few: what a client asked for, and with what.
const SHARED: [&str; 3] = ["routes", "credentials", "accounts"];
/// Texts whose least and greatest value say nothing of what lies between.
const UNORDERED: [&str; 8] =
    ["path", "query", "referrer", "user_agent", "request", "response", "message", "status_detail"];
/// Level of zstd: beyond it a file takes much longer to write and is little smaller.
const LEVEL: i32 = 3;

/// Compresses what files take in, one file after the other.
pub(crate) fn packer() -> Packer {
    Packer::new(LEVEL)
}

/// A file being written.
pub(crate) struct OpenFile {
    writer: Writer,
    sink: BufWriter,
    table: Name,
    part: Part,
    path: String,
    rows: u64,
    times: Option<(Micros, Micros)>,
    /// When it was last written to, in the stage's ticks.
    pub(crate) used: u64,
}

impl OpenFile {
    pub(crate) fn create(
        store: &Store,
        table: Name,
        part: Part,
        path: String,
        schema: &SchemaRef,
        packer: &Packer,
    ) -> Result<Self> {
        let full = format!("{table}/{path}");
        let at = StorePath::parse(&full).map_err(|e| LakeError::write(&full, e))?;
        let sink = BufWriter::with_capacity(Arc::clone(&store.objects), at, PART_BYTES);
        let writer = Writer::new(Arc::clone(schema), properties(schema, table), packer)
            .map_err(|e| LakeError::write(&full, e))?;
        Ok(Self { writer, sink, table, part, path, rows: 0, times: None, used: 0 })
    }

    fn fail(&self, error: impl ToString) -> LakeError {
        LakeError::write(format!("{}/{}", self.table, self.path), error)
    }

    pub(crate) async fn write(&mut self, batch: &RecordBatch, packer: &mut Packer) -> Result<()> {
        self.writer.write(batch, packer).map_err(|e| self.fail(e))?;
        self.hand_over().await?;
        self.rows += batch.num_rows() as u64;
        if let Some((first, last)) = times_of(batch) {
            let (f, l) = self.times.unwrap_or((first, last));
            self.times = Some((f.min(first), l.max(last)));
        }
        Ok(())
    }

    /// Gives the store what is ready.
    async fn hand_over(&mut self) -> Result<()> {
        let bytes = self.writer.take().map_err(|e| self.fail(e))?;
        AsyncFileWriter::write(&mut self.sink, bytes.into()).await.map_err(|e| self.fail(e))
    }

    /// Memory held for the row group under way.
    pub(crate) fn encoded(&self) -> usize {
        self.writer.memory()
    }

    /// Size the file will have at least.
    pub(crate) fn size(&self) -> usize {
        self.writer.size()
    }

    /// Ends the row group under way.
    pub(crate) async fn flush(&mut self, packer: &mut Packer) -> Result<()> {
        self.writer.flush(packer).map_err(|e| self.fail(e))?;
        self.hand_over().await
    }

    pub(crate) async fn close(mut self, store: &Store, packer: &mut Packer) -> Result<DataFile> {
        let coded = self.writer.finish(packer).map_err(|e| self.fail(e))?;
        self.hand_over().await?;
        self.sink.complete().await.map_err(|e| self.fail(e))?;
        let full = format!("{}/{}", self.table, self.path);
        let at = StorePath::parse(&full).map_err(|e| LakeError::write(&full, e))?;
        let meta = store.objects.head(&at).await.map_err(|e| LakeError::write(&full, e))?;
        Ok(DataFile {
            path: self.path,
            part: self.part,
            size: meta.size,
            modified: meta.last_modified.timestamp_millis(),
            rows: Some(self.rows),
            times: self.times,
            coded,
        })
    }
}

/// First and last `time` of a batch, where it has such a column.
pub(crate) fn times_of(batch: &RecordBatch) -> Option<(Micros, Micros)> {
    let column = batch.column_by_name("time")?.as_any().downcast_ref::<TimestampMicrosecondArray>()?;
    if column.null_count() > 0 {
        return None;
    }
    let first = column.values().iter().min()?;
    let last = column.values().iter().max()?;
    Some((Micros(*first), Micros(*last)))
}

fn properties(schema: &SchemaRef, table: Name) -> WriterProperties {
    let rows = if table == Name::Rollup { ROLLUP_ROW_GROUP_ROWS_MAX } else { ROW_GROUP_ROWS_MAX };
    let mut builder = WriterProperties::builder()
        .set_max_row_group_row_count(Some(rows))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by("weir".to_owned());
    for field in schema.fields() {
        let (name, column) = (field.name().as_str(), ColumnPath::from(field.name().as_str()));
        // Sketches: each its own as a rule, and in no order.
        let is_sketch = *field.data_type() == DataType::Binary;
        let is_own = is_sketch && !SHARED.contains(&name);
        if RISING.contains(&name) {
            builder = builder
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column.clone(), Encoding::DELTA_BINARY_PACKED)
                .set_column_statistics_enabled(column, EnabledStatistics::Page);
            continue;
        }
        if is_own || UNIQUE.contains(&name) || SORTED.contains(&name) {
            builder = builder.set_column_dictionary_enabled(column.clone(), false);
        }
        if RANDOM.contains(&name) {
            builder = builder
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column.clone(), Encoding::DELTA_BINARY_PACKED);
        }
        if SORTED.contains(&name) {
            builder = builder.set_column_encoding(column.clone(), Encoding::DELTA_BYTE_ARRAY);
        }
        if name == "event_uid" {
            // Lengths, which are all alike, apart from bytes that no compressor makes shorter.
            builder = builder.set_column_encoding(column.clone(), Encoding::DELTA_LENGTH_BYTE_ARRAY);
        }
        if is_sketch || UNORDERED.contains(&name) {
            builder = builder.set_column_statistics_enabled(column, EnabledStatistics::None);
        }
    }
    builder.build()
}
