//! Reads one Parquet file of a table as batches of exactly the columns that its files have now; what an older file lacks is null.

use crate::delta::DataFile;
use crate::reader::FileReader;
use crate::snapshot::Snapshot;
use crate::tables::Name;
use crate::{LakeError, Result};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::SchemaRef;
use datafusion::arrow::compute::cast;
use futures::TryStreamExt;
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::async_reader::ParquetRecordBatchStream;

/// Rows per batch.
const BATCH_ROWS: usize = 8 << 10;

/// A file being read.
pub(crate) struct Reading {
    rows: ParquetRecordBatchStream<FileReader>,
    schema: SchemaRef,
    table: Name,
    path: String,
}

impl Reading {
    pub(crate) async fn open(snapshot: &Snapshot, table: Name, file: &DataFile) -> Result<Self> {
        let schema = snapshot.schema(table);
        let schema = schema.ok_or_else(|| LakeError::batch(table.as_str(), "its columns are not known"))?;
        let path = format!("{table}/{}", file.path);
        let fail = |e| LakeError::read(&path, e);
        let reader = FileReader::open(snapshot.store(), &path, file.size)?;
        let rows = ParquetRecordBatchStreamBuilder::new(reader).await.map_err(fail)?;
        let rows = rows.with_batch_size(BATCH_ROWS).build().map_err(fail)?;
        Ok(Self { rows, schema: table.file_schema(&schema), table, path })
    }

    /// The next rows, in their order.
    pub(crate) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        let batch = self.rows.try_next().await.map_err(|e| LakeError::read(&self.path, e))?;
        batch.map(|batch| aligned(self.table, &batch, &self.schema)).transpose()
    }
}

/// A batch with these columns.
pub(crate) fn aligned(table: Name, batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let fail = |e: &dyn std::fmt::Display| LakeError::batch(table.as_str(), e);
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        columns.push(match batch.column_by_name(field.name()) {
            Some(column) if column.data_type() == field.data_type() => ArrayRef::clone(column),
            Some(column) => cast(column, field.data_type()).map_err(|e| fail(&e))?,
            None => new_null_array(field.data_type(), batch.num_rows()),
        });
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(SchemaRef::clone(schema), columns, &options).map_err(|e| fail(&e))
}
