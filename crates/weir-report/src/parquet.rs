//! `exports/scope.parquet`: everybody of `scope.csv` for a program that counts or joins them.
//!
//! Decisive choice: the columns are those of `scope.csv`, and so are their rows and order; but texts stand as they are, since no spreadsheet reads
//! them.

use crate::format::{Content, Format};
use crate::{ReportError, Result};
use arrow_array::RecordBatch;
use arrow_schema::DataType;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use std::fs::File;
use std::io::Write;
use weir_model::case::scope_schema;

pub(crate) const SCOPE: Format = Format {
    name: "scope-parquet",
    file: "exports/scope.parquet",
    summary: "the rows of scope.csv, for programs",
    manual: "The rows and columns of `scope.csv` as Parquet (zstd): `subject`, `status`, `first` and `last` (microseconds, UTC), `records`, \
        `categories`, `findings` and `countries` (separated by spaces), sorted by namespace and id. Texts stand as the logs have them. Only its owner can read it.\n\n\
        ## Blind spots\n\nAs `scope.csv`: people whom no record names are not rows.\n\n## References\n\nhttps://parquet.apache.org/docs/file-format/",
    content: Content::Streamed,
};

/// Writes `exports/scope.parquet` batch by batch.
pub(crate) struct Scope<W: Write + Send>(ArrowWriter<W>);

impl<W: Write + Send> Scope<W> {
    pub(crate) fn begin(to: W) -> Result<Self> {
        // People come sorted, so each shares the beginning of the one before.
        let subject = ColumnPath::from("subject");
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap_or_default()))
            .set_column_dictionary_enabled(subject.clone(), false)
            .set_column_encoding(subject, Encoding::DELTA_BYTE_ARRAY);
        // The least and the greatest of a few words tell a reader nothing, and finding them takes longer than writing them.
        for field in
            scope_schema().fields().iter().filter(|f| matches!(f.data_type(), DataType::Dictionary(..)))
        {
            let column = ColumnPath::from(field.name().as_str());
            properties = properties.set_column_statistics_enabled(column, EnabledStatistics::None);
        }
        let properties = properties.build();
        Ok(Self(ArrowWriter::try_new(to, scope_schema(), Some(properties)).map_err(wrong)?))
    }

    pub(crate) fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        self.0.write(batch).map_err(wrong)
    }

    pub(crate) fn end(self) -> Result<()> {
        self.0.close().map(drop).map_err(wrong)
    }
}

/// Reads `exports/scope.parquet` batch by batch.
pub(crate) struct Reader(ParquetRecordBatchReader);

/// Rows of a batch.
const ROWS: usize = 8_192;

impl Reader {
    pub(crate) fn open(file: File) -> std::result::Result<Self, String> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| e.to_string())?;
        builder.with_batch_size(ROWS).build().map(Self).map_err(|e| e.to_string())
    }
}

impl Iterator for Reader {
    type Item = std::result::Result<RecordBatch, String>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.next()?.map_err(|e| e.to_string()))
    }
}

fn wrong(error: parquet::errors::ParquetError) -> ReportError {
    ReportError::Scope(error.to_string())
}
