//! Rows as columns of the lake table `rollup`: types that a Delta table has, sketches as bytes.
//!
//! Decisive choice: what a row's other columns say already is not said again. A sketch that holds nothing but the row's own entity (an address's
//! origins) is null, `unnamed` is no bytes where it is what `people` is, `last` is null where it is `first`, and both leave out what `day` says of
//! them (the module [`moment`]). Most rows are such, and hashes and instants are what compresses least.

use crate::kept::{AS, Body, Key, SAME, put, read_hours};
use crate::partial::{COUNT_NAMES, COUNTS, Partial, Row, SKETCH_NAMES, SKETCHES};
use crate::{RollupError, kind, moment};
use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, Date32Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::sync::{Arc, LazyLock};

/// The columns: `kind, entity, day`, the counts, `first, last`, the sketches, `hours`.
#[must_use]
pub fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let instant = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let mut fields = vec![
            Field::new("kind", DataType::Utf8, false),
            Field::new("entity", DataType::Utf8, false),
            Field::new("day", DataType::Date32, false),
        ];
        fields.extend(COUNT_NAMES.iter().map(|name| Field::new(*name, DataType::Int64, false)));
        fields.extend([Field::new("first", instant(), false), Field::new("last", instant(), true)]);
        fields.extend(SKETCH_NAMES.iter().map(|name| Field::new(*name, DataType::Binary, true)));
        fields.push(Field::new("hours", DataType::Binary, true));
        Arc::new(Schema::new(fields))
    });
    Arc::clone(&SCHEMA)
}

/// The column without which another cannot be read, where there is one.
#[must_use]
pub fn reads_with(column: &str) -> Option<&'static str> {
    match column {
        SAME => Some(AS),
        "last" => Some("first"),
        _ => None,
    }
}

/// Rows as a batch of [`schema`].
///
/// # Errors
/// If the columns do not fit each other: a defect of this crate.
pub fn encode(rows: &[Row]) -> Result<RecordBatch, RollupError> {
    let (mut columns, mut body) = (Columns::default(), Vec::new());
    for row in rows {
        body.clear();
        put(&row.partial, &row.entity, &mut body);
        columns.push(Key::new(kind::place(row.kind), "", row.day), &row.entity, &body)?;
    }
    columns.finish()
}

/// A batch of [`schema`] in the making.
#[derive(Default)]
pub(crate) struct Columns {
    kinds: StringBuilder,
    entities: StringBuilder,
    days: Vec<i32>,
    counts: [Vec<i64>; COUNTS],
    first: Vec<i64>,
    last: Vec<Option<i64>>,
    sketches: [BinaryBuilder; SKETCHES],
    hours: BinaryBuilder,
}

impl Columns {
    pub(crate) fn rows(&self) -> usize {
        self.days.len()
    }

    /// Appends a row.
    pub(crate) fn push(&mut self, key: Key, entity: &str, body: &[u8]) -> Result<(), RollupError> {
        let body = Body::read(body)?;
        self.kinds.append_value(kind::at(key.kind()).map_or("", |kind| kind.as_str()));
        self.entities.append_value(entity);
        self.days.push(key.day);
        for (column, count) in self.counts.iter_mut().zip(body.counts) {
            column.push(i64::try_from(count).unwrap_or(i64::MAX));
        }
        self.first.push(moment::stored(body.first, key.day));
        let last = Some(body.last).filter(|last| *last != body.first);
        self.last.push(last.map(|last| moment::stored(last, key.day)));
        for (column, sketch) in self.sketches.iter_mut().zip(body.sketches) {
            column.append_option(sketch);
        }
        self.hours.append_option(body.hours);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<RecordBatch, RollupError> {
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(self.kinds.finish()),
            Arc::new(self.entities.finish()),
            Arc::new(Date32Array::from(self.days)),
        ];
        columns.extend(self.counts.map(|counts| -> ArrayRef { Arc::new(Int64Array::from(counts)) }));
        columns.push(Arc::new(TimestampMicrosecondArray::from(self.first).with_timezone("UTC")));
        columns.push(Arc::new(TimestampMicrosecondArray::from(self.last).with_timezone("UTC")));
        columns.extend(self.sketches.map(|mut column| -> ArrayRef { Arc::new(column.finish()) }));
        columns.push(Arc::new(self.hours.finish()));
        RecordBatch::try_new(schema(), columns).map_err(|e| RollupError::Layout { message: e.to_string() })
    }
}

/// The rows of a batch that has some of the columns of [`schema`], others ignored: `kind`, `entity` and `day` at least. A count that is not there
/// is read as zero, a sketch as empty, so that whoever asks for few columns pays for few; a column needs the one it [`reads_with`].
///
/// # Errors
/// If one of those is missing or a sketch is damaged.
pub fn decode(batch: &RecordBatch) -> Result<Vec<Row>, RollupError> {
    let kinds = Bytes::of(batch, "kind")?;
    let entities = Bytes::of(batch, "entity")?;
    let days = column::<Date32Array>(batch, "day")?;
    let first = column::<TimestampMicrosecondArray>(batch, "first").ok();
    let last = column::<TimestampMicrosecondArray>(batch, "last").ok();
    let counts: Vec<Option<&Int64Array>> = COUNT_NAMES.iter().map(|name| column(batch, name).ok()).collect();
    let sketches: Vec<Option<Bytes<'_>>> =
        SKETCH_NAMES.iter().map(|name| Bytes::of(batch, name).ok()).collect();
    let hours = Bytes::of(batch, "hours").ok();
    let alone = |column| reads_with(column).filter(|with| batch.column_by_name(with).is_none());
    if let Some(column) = batch.schema().fields().iter().find_map(|field| alone(field.name())) {
        return Err(RollupError::Column { column });
    }
    let mut rows = Vec::with_capacity(batch.num_rows());
    for at in 0..batch.num_rows() {
        let mut numbers = [0; COUNTS];
        for (number, column) in numbers.iter_mut().zip(&counts) {
            *number = column.map_or(0, |c| u64::try_from(c.value(at)).unwrap_or(0));
        }
        let (entity, day) = (entities.text(at), days.value(at));
        let first = first.map_or(i64::MAX, |c| moment::instant(c.value(at), day));
        let last =
            last.map_or(i64::MIN, |c| if c.is_valid(at) { moment::instant(c.value(at), day) } else { first });
        let mut partial = Partial::from_counts(numbers, first, last);
        let mut cells = [None; SKETCHES];
        cells.iter_mut().zip(&sketches).for_each(|(cell, column)| *cell = column.as_ref().map(|c| c.at(at)));
        partial.read_sketches(cells, &entity)?;
        partial.hours = hours.as_ref().and_then(|h| h.at(at)).map(read_hours).transpose()?;
        let word = kinds.text(at);
        let kind = kind::of_word(&word).ok_or(RollupError::Kind { kind: word })?;
        rows.push(Row { kind, entity, day, partial });
    }
    Ok(rows)
}

/// A column of text or bytes, plain or as the views that a query gives.
struct Bytes<'a>(&'a ArrayRef);

impl<'a> Bytes<'a> {
    fn of(batch: &'a RecordBatch, name: &'static str) -> Result<Self, RollupError> {
        batch.column_by_name(name).map(Self).ok_or(RollupError::Column { column: name })
    }

    fn at(&self, row: usize) -> Option<&'a [u8]> {
        let column = Some(self.0).filter(|c| c.is_valid(row))?;
        match column.data_type() {
            DataType::Binary => column.as_binary_opt::<i32>().map(|c| c.value(row)),
            DataType::BinaryView => column.as_binary_view_opt().map(|c| c.value(row)),
            DataType::Utf8 => column.as_string_opt::<i32>().map(|c| c.value(row).as_bytes()),
            DataType::Utf8View => column.as_string_view_opt().map(|c| c.value(row).as_bytes()),
            _ => None,
        }
    }

    fn text(&self, row: usize) -> String {
        String::from_utf8_lossy(self.at(row).unwrap_or_default()).into_owned()
    }
}

fn column<'a, T: Array + 'static>(batch: &'a RecordBatch, name: &'static str) -> Result<&'a T, RollupError> {
    let found = batch.column_by_name(name).and_then(|c| c.as_any().downcast_ref());
    found.ok_or(RollupError::Column { column: name })
}
