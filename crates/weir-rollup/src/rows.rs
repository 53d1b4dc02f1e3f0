//! Rollup rows as the lake keeps them: a batch with types a Delta table has, sketches as bytes.

use crate::{Partial, RollupError, Row};
use arrow_array::builder::{
    BinaryBuilder, Date32Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::sync::{Arc, LazyLock};
use weir_stats::Distinct;

const COUNTS: [&str; 7] = ["records", "bytes", "ok", "denied", "missing", "failed", "data_records"];
const SKETCHES: [&str; 4] = ["people", "credentials", "routes", "origins"];

/// The columns of the lake table `rollup`, as this crate makes them.
pub fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let mut fields = vec![
            Field::new("kind", DataType::Utf8, false),
            Field::new("entity", DataType::Utf8, false),
            Field::new("day", DataType::Date32, false),
        ];
        fields.extend(COUNTS.map(|n| Field::new(n, DataType::Int64, false)));
        fields.extend(["first", "last"].map(|n| Field::new(n, time.clone(), true)));
        fields.extend(SKETCHES.map(|n| Field::new(n, DataType::Binary, false)));
        fields.push(Field::new("hours", DataType::Binary, true));
        Arc::new(Schema::new(fields))
    });
    Arc::clone(&SCHEMA)
}

/// Rows as a batch of [`schema`], in their order.
pub fn encode(rows: &[Row]) -> Result<RecordBatch, RollupError> {
    let (mut kind, mut entity, mut day) = (StringBuilder::new(), StringBuilder::new(), Date32Builder::new());
    let mut counts: [Int64Builder; 7] = std::array::from_fn(|_| Int64Builder::new());
    let mut times: [TimestampMicrosecondBuilder; 2] =
        std::array::from_fn(|_| TimestampMicrosecondBuilder::new());
    let mut sketches: [BinaryBuilder; 4] = std::array::from_fn(|_| BinaryBuilder::new());
    let mut hours = BinaryBuilder::new();
    for row in rows {
        kind.append_value(&row.kind);
        entity.append_value(&row.entity);
        day.append_value(row.day);
        for (column, n) in counts.iter_mut().zip(row.partial.counts()) {
            column.append_value(i64::try_from(n).unwrap_or(i64::MAX));
        }
        for (column, at) in times.iter_mut().zip([row.partial.first, row.partial.last]) {
            column.append_option(at);
        }
        for (column, sketch) in sketches.iter_mut().zip(row.partial.sketches()) {
            column.append_value(sketch.to_bytes());
        }
        hours.append_option(row.partial.hours.map(|h| h.map(u64::to_le_bytes).concat()));
    }
    let mut columns: Vec<ArrayRef> =
        vec![Arc::new(kind.finish()), Arc::new(entity.finish()), Arc::new(day.finish())];
    columns.extend(counts.iter_mut().map(|c| Arc::new(c.finish()) as ArrayRef));
    columns.extend(times.iter_mut().map(|c| Arc::new(c.finish().with_timezone("UTC")) as ArrayRef));
    columns.extend(sketches.iter_mut().map(|c| Arc::new(c.finish()) as ArrayRef));
    columns.push(Arc::new(hours.finish()));
    Ok(RecordBatch::try_new(schema(), columns)?)
}

fn column<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b ArrayRef, RollupError> {
    let damaged =
        || RollupError::Damaged { entity: "any".to_owned(), message: format!("column `{name}` is missing") };
    batch.column_by_name(name).ok_or_else(damaged)
}

fn text(array: &ArrayRef, row: usize) -> String {
    let plain = array.as_string_opt::<i32>().map(|a| a.value(row));
    plain.or_else(|| array.as_string_view_opt().map(|a| a.value(row))).unwrap_or_default().to_owned()
}

fn bytes(array: &ArrayRef, row: usize) -> &[u8] {
    let plain = array.as_binary_opt::<i32>().map(|a| a.value(row));
    plain.or_else(|| array.as_binary_view_opt().map(|a| a.value(row))).unwrap_or_default()
}

fn number(array: &ArrayRef, row: usize) -> u64 {
    array.as_primitive_opt::<Int64Type>().and_then(|a| u64::try_from(a.value(row)).ok()).unwrap_or(0)
}

fn time(array: &ArrayRef, row: usize) -> Option<i64> {
    array.as_primitive_opt::<TimestampMicrosecondType>().filter(|a| a.is_valid(row)).map(|a| a.value(row))
}

/// The rows of a batch that [`encode`] made, or that a query gave with its columns.
pub fn decode(batch: &RecordBatch) -> Result<Vec<Row>, RollupError> {
    let (kind, entity, day) = (column(batch, "kind")?, column(batch, "entity")?, column(batch, "day")?);
    let mut count_columns = Vec::new();
    for name in COUNTS {
        count_columns.push(column(batch, name)?);
    }
    let (first, last, hours) = (column(batch, "first")?, column(batch, "last")?, column(batch, "hours")?);
    let mut sketch_columns = Vec::new();
    for name in SKETCHES {
        sketch_columns.push(column(batch, name)?);
    }
    let mut rows = Vec::with_capacity(batch.num_rows());
    for at in 0..batch.num_rows() {
        let entity = text(entity, at);
        let mut partial = Partial { first: time(first, at), last: time(last, at), ..Partial::default() };
        let mut counts = [0; 7];
        for (n, array) in counts.iter_mut().zip(&count_columns) {
            *n = number(array, at);
        }
        partial.set_counts(counts);
        for (sketch, array) in partial.sketches_mut().into_iter().zip(&sketch_columns) {
            let read = Distinct::from_bytes(bytes(array, at));
            *sketch =
                read.map_err(|e| RollupError::Damaged { entity: entity.clone(), message: e.to_string() })?;
        }
        if hours.is_valid(at) {
            let mut each = [0; 24];
            for (hour, eight) in each.iter_mut().zip(bytes(hours, at).as_chunks::<8>().0) {
                *hour = u64::from_le_bytes(*eight);
            }
            partial.hours = Some(each);
        }
        let day = day.as_primitive_opt::<Date32Type>().map_or(0, |d| d.value(at));
        rows.push(Row { kind: text(kind, at), entity, day, partial });
    }
    Ok(rows)
}
