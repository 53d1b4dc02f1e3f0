//! Cells of a record batch: text and numbers by column name, absent where the column or the value is.

use crate::RollupError;
use arrow_array::{Array, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};

/// A text column.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a>(pub(crate) Option<&'a StringArray>);

/// A whole-number column.
#[derive(Clone, Copy)]
pub(crate) struct Number<'a>(Option<&'a Int64Array>);

/// When each record happened.
#[derive(Clone, Copy)]
pub(crate) struct When<'a> {
    time: &'a TimestampMicrosecondArray,
    day: &'a Date32Array,
}

fn column<'a, T: 'static>(batch: &'a RecordBatch, name: &str) -> Option<&'a T> {
    batch.column_by_name(name).and_then(|c| c.as_any().downcast_ref())
}

pub(crate) fn text<'a>(batch: &'a RecordBatch, name: &str) -> Text<'a> {
    Text(column(batch, name))
}

pub(crate) fn number<'a>(batch: &'a RecordBatch, name: &str) -> Number<'a> {
    Number(column(batch, name))
}

impl<'a> Text<'a> {
    /// Whether no row has text.
    pub(crate) fn is_null(self) -> bool {
        self.0.is_none_or(|c| c.null_count() == c.len())
    }

    /// The text, unless it says nothing.
    pub(crate) fn at(self, row: usize) -> Option<&'a str> {
        self.0.filter(|c| row < c.len() && c.is_valid(row)).map(|c| c.value(row)).filter(|v| !v.is_empty())
    }
}

impl Number<'_> {
    /// The number, if it counts something.
    pub(crate) fn at(self, row: usize) -> u64 {
        let value = self.0.filter(|c| row < c.len() && c.is_valid(row)).map(|c| c.value(row));
        value.and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
    }
}

impl<'a> When<'a> {
    pub(crate) fn of(batch: &'a RecordBatch) -> Result<Self, RollupError> {
        let time = column(batch, "time").ok_or(RollupError::Column { column: "time" })?;
        let day = column(batch, "day").ok_or(RollupError::Column { column: "day" })?;
        Ok(Self { time, day })
    }

    /// Instant and day; columns of one batch have one length.
    pub(crate) fn at(self, row: usize) -> (i64, i32) {
        (self.time.value(row), self.day.value(row))
    }
}
