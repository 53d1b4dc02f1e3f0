//! [`Writer`]: one file, row group by row group.

use crate::chunk::Chunk;
use crate::coded::Coded;
use crate::delta::Width;
use crate::dictionary::Kind;
use crate::pages::Packer;
use crate::rising::{Rising, width};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves,
};
use parquet::basic::{Compression, Encoding};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Writes one file. Bytes that are ready are taken with [`Writer::take`], the last after [`Writer::finish`].
pub struct Writer {
    file: SerializedFileWriter<Vec<u8>>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    /// How each of the schema's fields is encoded that is encoded here.
    ways: Vec<Option<Way>>,
    rows_max: usize,
    group: Option<Group>,
    /// By the schema's fields: how many rows of the groups before have no value, of columns that are codes throughout or have no value at all.
    nulls: Vec<Option<u64>>,
}

/// The row group under way.
struct Group {
    /// By the schema's fields.
    columns: Vec<Column>,
    rows: usize,
}

/// A way to encode a column.
#[derive(Clone, Copy)]
enum Way {
    Coded(Kind),
    Rising(Width),
}

enum Column {
    Ours(Box<dyn Chunk>),
    /// Its leaves, and whether any row has a value.
    Theirs(Vec<ArrowColumnWriter>, bool),
}

impl Writer {
    /// A writer of batches of this schema, compressed as the packer does. Encoded here are text, bytes and whole numbers whose properties
    /// allow a dictionary, and whole numbers and instants whose properties ask for packed differences; the others are as their properties say.
    ///
    /// # Errors
    /// If the schema has a type that Parquet has not.
    pub fn new(schema: SchemaRef, properties: WriterProperties, packer: &Packer) -> Result<Self> {
        let rows_max = properties.max_row_group_row_count().unwrap_or(usize::MAX);
        let path = |field: &Field| ColumnPath::from(field.name().as_str());
        let ours = |field: &Arc<Field>| {
            let (path, of) = (path(field), field.data_type());
            if properties.dictionary_enabled(&path) {
                return kind(of).map(Way::Coded);
            }
            let is_delta = properties.encoding(&path) == Some(Encoding::DELTA_BINARY_PACKED);
            width(of).filter(|_| is_delta).map(Way::Rising)
        };
        let ways: Vec<Option<Way>> = schema.fields().iter().map(ours).collect();
        let mut builder = properties.into_builder().set_compression(packer.compression()?);
        for (field, _) in schema.fields().iter().zip(&ways).filter(|(_, way)| way.is_some()) {
            // The crate prepares to encode and compress every column, those that it is never given among them.
            builder = builder
                .set_column_compression(path(field), Compression::UNCOMPRESSED)
                .set_column_encoding(path(field), Encoding::PLAIN);
        }
        let properties = builder.build();
        // Parquet's own schema says all of these types; Arrow's would stand beside it in each file, some hundred bytes a column.
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let (file, factory) =
            ArrowWriter::try_new_with_options(Vec::new(), SchemaRef::clone(&schema), options)?
                .into_serialized_writer()?;
        let nulls = vec![Some(0); ways.len()];
        Ok(Self { file, factory, schema, ways, rows_max, group: None, nulls })
    }

    /// Adds rows; those of a batch stay together in a row group where they fit into one.
    ///
    /// # Errors
    /// If they are not of the writer's schema.
    pub fn write(&mut self, batch: &RecordBatch, packer: &mut Packer) -> Result<()> {
        let mut from = 0;
        while from < batch.num_rows() {
            let mut held = self.group.as_ref().map_or(0, |group| group.rows);
            let left = batch.num_rows() - from;
            if held > 0 && held + left > self.rows_max && left <= self.rows_max {
                self.flush(packer)?;
                held = 0;
            }
            let rows = (self.rows_max - held).min(left);
            self.add(&batch.slice(from, rows), packer)?;
            from += rows;
            if held + rows >= self.rows_max {
                self.flush(packer)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, batch: &RecordBatch, packer: &mut Packer) -> Result<()> {
        if self.group.is_none() {
            self.group = Some(self.begin()?);
        }
        let Some(group) = &mut self.group else { return Ok(()) };
        if batch.num_columns() != group.columns.len() {
            return Err(ParquetError::General("the batch has other columns than the file".to_owned()));
        }
        for ((column, field), array) in
            group.columns.iter_mut().zip(self.schema.fields()).zip(batch.columns())
        {
            if array.data_type() != field.data_type() {
                return Err(ParquetError::General(format!(
                    "`{}` has another type in the batch",
                    field.name()
                )));
            }
            match column {
                Column::Ours(chunk) => chunk.write(array, packer)?,
                Column::Theirs(leaves, has_values) => {
                    *has_values |= !is_empty(array);
                    for (leaf, values) in leaves.iter_mut().zip(compute_leaves(field, array)?) {
                        leaf.write(&values)?;
                    }
                }
            }
        }
        group.rows += batch.num_rows();
        Ok(())
    }

    fn begin(&self) -> Result<Group> {
        let descr = self.file.schema_descr();
        let properties = self.file.properties();
        let mut theirs = self.factory.create_column_writers(self.file.flushed_row_groups().len())?;
        let mut columns = Vec::with_capacity(self.ways.len());
        // From the last, so that what is left begins with the column looked at.
        for (root, way) in self.ways.iter().enumerate().rev() {
            let first = (0..theirs.len()).find(|leaf| descr.get_column_root_idx(*leaf) == root);
            let leaves = theirs.split_off(first.unwrap_or(theirs.len()));
            let ours = way.zip(first).map(|(way, leaf)| {
                let descr = descr.column(leaf);
                let statistics = properties.statistics_enabled(descr.path());
                let with_statistics = statistics != EnabledStatistics::None;
                Column::Ours(match way {
                    Way::Coded(kind) => Box::new(Coded::new(descr, kind, with_statistics)),
                    Way::Rising(width) => Box::new(Rising::new(descr, width, statistics)),
                })
            });
            columns.push(ours.unwrap_or(Column::Theirs(leaves, false)));
        }
        columns.reverse();
        Ok(Group { columns, rows: 0 })
    }

    /// Ends the row group under way.
    ///
    /// # Errors
    /// If its columns do not fit together.
    pub fn flush(&mut self, packer: &mut Packer) -> Result<()> {
        let Some(group) = self.group.take() else { return Ok(()) };
        let mut written = self.file.next_row_group()?;
        for (column, nulls) in group.columns.into_iter().zip(&mut self.nulls) {
            match column {
                Column::Ours(chunk) => {
                    *nulls = nulls.zip(chunk.nulls()).map(|(before, here)| before + here);
                    let (bytes, close) = chunk.close(packer)?;
                    written.append_column(&bytes, close)?;
                }
                Column::Theirs(leaves, has_values) => {
                    *nulls = nulls.filter(|_| !has_values).map(|before| before + group.rows as u64);
                    for leaf in leaves {
                        leaf.close()?.append_to_row_group(&mut written)?;
                    }
                }
            }
        }
        written.close()?;
        Ok(())
    }

    /// The bytes that are ready, after those taken before.
    ///
    /// # Errors
    /// If what was written cannot be handed over.
    pub fn take(&mut self) -> Result<Vec<u8>> {
        self.file.flush()?;
        Ok(std::mem::take(self.file.inner_mut()))
    }

    /// Bytes held for the row group under way.
    #[must_use]
    pub fn memory(&self) -> usize {
        let of = |column: &Column| match column {
            Column::Ours(chunk) => chunk.memory(),
            Column::Theirs(leaves, _) => leaves.iter().map(ArrowColumnWriter::memory_size).sum(),
        };
        self.group.as_ref().map_or(0, |group| group.columns.iter().map(of).sum())
    }

    /// Bytes that the file will have at least.
    #[must_use]
    pub fn size(&self) -> usize {
        let of = |column: &Column| match column {
            Column::Ours(chunk) => chunk.size(),
            Column::Theirs(leaves, _) => {
                leaves.iter().map(ArrowColumnWriter::get_estimated_total_bytes).sum()
            }
        };
        self.file.bytes_written() + self.group.as_ref().map_or(0, |group| group.columns.iter().map(of).sum())
    }

    /// Ends the file; its last bytes are to be taken. Gives the columns of text that hold codes of a dictionary throughout, and any that have no value at all, each with
    /// the number of its rows that have none.
    ///
    /// # Errors
    /// As [`Writer::flush`].
    pub fn finish(&mut self, packer: &mut Packer) -> Result<BTreeMap<String, u64>> {
        self.flush(packer)?;
        let rows: u64 =
            self.file.flushed_row_groups().iter().map(|group| group.num_rows().unsigned_abs()).sum();
        self.file.finish()?;
        let fields = self.schema.fields().iter().zip(&self.nulls);
        let told = fields.filter_map(|(field, nulls)| {
            let nulls = nulls.filter(|nulls| *field.data_type() == DataType::Utf8 || *nulls == rows)?;
            Some((field.name().clone(), nulls))
        });
        Ok(told.collect())
    }
}

/// Whether no row of a column has a value; a list without elements is none.
fn is_empty(column: &ArrayRef) -> bool {
    let elements = column.as_list_opt::<i32>().map(|lists| lists.value_offsets());
    let no_elements = elements.is_some_and(|ends| ends.first() == ends.last());
    no_elements || column.null_count() == column.len()
}

/// The kind of a column that is encoded here, if its properties allow a dictionary.
fn kind(of: &DataType) -> Option<Kind> {
    match of {
        DataType::Utf8 => Some(Kind::Text),
        DataType::Binary => Some(Kind::Bytes),
        DataType::Int32 => Some(Kind::I32),
        DataType::Int64 => Some(Kind::I64),
        _ => None,
    }
}
