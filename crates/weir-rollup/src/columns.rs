//! Rows as columns of the lake table `rollup`: types that a Delta table has, sketches as bytes.
//!
//! Decisive choice: what a row's other columns say already is not said again. A sketch that holds nothing but the row's own entity (an address's
//! origins) is null, `unnamed` is no bytes where it is what `people` is, and `last` is null where it is `first`. Most rows are such, and hashes
//! and instants are what compresses least.

use crate::partial::{COUNT_NAMES, COUNTS, Partial, Row, SKETCH_NAMES};
use crate::{RollupError, kind};
use arrow_array::builder::BinaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::sync::{Arc, LazyLock};
use weir_stats::wire::{Input, put_varint};
use weir_stats::{Distinct, Wire, hash64};

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

/// The sketch that is no bytes where it is the same as [`AS`].
const SAME: &str = "unnamed";
/// See there.
const AS: &str = "people";

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
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.kind.as_str()))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.entity.as_str()))),
        Arc::new(Date32Array::from_iter_values(rows.iter().map(|r| r.day))),
    ];
    let counts: Vec<[u64; COUNTS]> = rows.iter().map(|r| r.partial.counts()).collect();
    for i in 0..COUNTS {
        let column = counts.iter().map(|c| c.get(i).map_or(0, |n| i64::try_from(*n).unwrap_or(i64::MAX)));
        columns.push(Arc::new(Int64Array::from_iter_values(column)));
    }
    let later = |p: &Partial| Some(p.last).filter(|last| *last != p.first);
    for end in [|p: &Partial| Some(p.first), later] {
        let column: TimestampMicrosecondArray = rows.iter().map(|r| end(&r.partial)).collect();
        columns.push(Arc::new(column.with_timezone("UTC")));
    }
    let mut bytes = Vec::new();
    let own: Vec<Distinct> = rows.iter().map(|r| own(&r.entity)).collect();
    for i in 0..SKETCH_NAMES.len() {
        let mut column = BinaryBuilder::with_capacity(rows.len(), 0);
        for (row, own) in rows.iter().zip(&own) {
            bytes.clear();
            let partial = &row.partial;
            if SKETCH_NAMES.get(i) == Some(&SAME) && partial.unnamed == partial.people {
                column.append_value([]);
                continue;
            }
            let sketch = partial.sketches().get(i).copied().filter(|sketch| *sketch != own);
            column.append_option(sketch.map(|sketch| {
                sketch.write(&mut bytes);
                bytes.as_slice()
            }));
        }
        columns.push(Arc::new(column.finish()));
    }
    let mut hours = BinaryBuilder::new();
    for row in rows {
        hours.append_option(row.partial.hours.as_ref().map(|h| {
            let mut bytes = Vec::with_capacity(24);
            h.iter().for_each(|n| put_varint(&mut bytes, *n));
            bytes
        }));
    }
    columns.push(Arc::new(hours.finish()));
    RecordBatch::try_new(schema(), columns).map_err(|e| RollupError::Layout { message: e.to_string() })
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
        let entity = entities.text(at);
        let first = first.map_or(i64::MAX, |c| c.value(at));
        let last = last.map_or(i64::MIN, |c| if c.is_valid(at) { c.value(at) } else { first });
        let mut partial = Partial::from_counts(numbers, first, last);
        let mut same = false;
        for ((sketch, column), name) in partial.sketches_mut().into_iter().zip(&sketches).zip(SKETCH_NAMES) {
            match column.as_ref().map(|column| column.at(at)) {
                None => {}
                Some(Some([])) if name == SAME => same = true,
                Some(cell) => *sketch = cell.map_or_else(|| Ok(own(&entity)), Distinct::from_lake)?,
            }
        }
        if same {
            partial.unnamed = partial.people.clone();
        }
        if let Some(hours) = hours.as_ref().and_then(|h| h.at(at)) {
            partial.hours = Some(read_hours(hours)?);
        }
        let word = kinds.text(at);
        let kind = kind::of_word(&word).ok_or(RollupError::Kind { kind: word })?;
        rows.push(Row { kind, entity, day: days.value(at), partial });
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

/// The set of the entity alone, as sketches count it.
fn own(entity: &str) -> Distinct {
    Distinct::from_iter([hash64(entity.as_bytes())])
}

fn column<'a, T: Array + 'static>(batch: &'a RecordBatch, name: &'static str) -> Result<&'a T, RollupError> {
    let found = batch.column_by_name(name).and_then(|c| c.as_any().downcast_ref());
    found.ok_or(RollupError::Column { column: name })
}

fn read_hours(bytes: &[u8]) -> Result<Box<[u64; 24]>, RollupError> {
    let mut input = Input::new("hours of a rollup", bytes);
    let mut hours = Box::new([0; 24]);
    for hour in hours.iter_mut() {
        *hour = input.varint()?;
    }
    input.end()?;
    Ok(hours)
}
