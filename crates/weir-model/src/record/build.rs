//! Columns of the record tables in the making.
//!
//! Decisive choice: a column costs nothing until it has a value, since most columns of most logs have none.

use super::{Subject, subject_fields};
use crate::names::kept;
use arrow_array::builder::{
    ArrayBuilder, Int32Builder, Int64Builder, ListBuilder, PrimitiveBuilder, StringBuilder, StructBuilder,
};
use arrow_array::{ArrayRef, ArrowPrimitiveType};
use arrow_schema::{DataType, Field};
use std::sync::LazyLock;

/// What a row holds of a column.
pub(super) trait Put {
    type Builder;
    /// Adds it as the row of this number.
    fn put(self, row: usize, builder: &mut Self::Builder);
}
impl Put for Option<&str> {
    type Builder = Sparse<StringBuilder>;
    fn put(self, row: usize, builder: &mut Sparse<StringBuilder>) {
        if let Some(value) = self {
            builder.column(row).append_value(kept(value));
        }
    }
}

/// A value that is kept whole, however long.
pub(super) struct Whole<'a>(pub(super) Option<&'a str>);

impl Put for Whole<'_> {
    type Builder = Sparse<StringBuilder>;
    fn put(self, row: usize, builder: &mut Sparse<StringBuilder>) {
        if let Some(value) = self.0 {
            builder.column(row).append_value(value);
        }
    }
}
impl Put for Option<i64> {
    type Builder = Sparse<Int64Builder>;
    fn put(self, row: usize, builder: &mut Sparse<Int64Builder>) {
        if let Some(value) = self {
            builder.column(row).append_value(value);
        }
    }
}
impl Put for Option<i32> {
    type Builder = Sparse<Int32Builder>;
    fn put(self, row: usize, builder: &mut Sparse<Int32Builder>) {
        if let Some(value) = self {
            builder.column(row).append_value(value);
        }
    }
}

/// A column in the making. Most columns of most logs are empty: a row without a value costs nothing until one that has follows.
#[derive(Default)]
pub(super) struct Sparse<B> {
    column: Option<B>,
    /// Rows and bytes of text of the last batch: the next is as large.
    last: (usize, usize),
}

/// What columns are built by.
pub(super) trait Growing: ArrayBuilder {
    fn with_room(rows: usize, bytes: usize) -> Self;
    fn append_nulls(&mut self, n: usize);
    /// Bytes of text so far.
    fn bytes(&self) -> usize;
}

impl Growing for StringBuilder {
    fn with_room(rows: usize, bytes: usize) -> Self {
        Self::with_capacity(rows, bytes)
    }
    fn append_nulls(&mut self, n: usize) {
        (0..n).for_each(|_| self.append_null());
    }
    fn bytes(&self) -> usize {
        self.values_slice().len()
    }
}
impl<T: ArrowPrimitiveType> Growing for PrimitiveBuilder<T> {
    fn with_room(rows: usize, _: usize) -> Self {
        Self::with_capacity(rows)
    }
    fn append_nulls(&mut self, n: usize) {
        self.append_nulls(n);
    }
    fn bytes(&self) -> usize {
        0
    }
}

impl<B: Growing> Sparse<B> {
    /// The builder to append the value of this row to.
    fn column(&mut self, row: usize) -> &mut B {
        let (rows, bytes) = self.last;
        // A little more than last time, or some thousand rows.
        let room = |n: usize| n + n / 8;
        let column = self.column.get_or_insert_with(|| B::with_room(room(rows).max(row), room(bytes)));
        if column.len() < row {
            column.append_nulls(row - column.len());
        }
        column
    }

    /// The column of so many rows.
    pub(super) fn finish(&mut self, rows: usize, data_type: &DataType) -> ArrayRef {
        let Some(mut column) = self.column.take() else { return nulls(data_type, rows) };
        column.append_nulls(rows.saturating_sub(column.len()));
        self.last = (column.len(), column.bytes());
        column.finish()
    }
}

/// A column without values; the usual sizes share their memory.
pub(super) fn nulls(data_type: &DataType, rows: usize) -> ArrayRef {
    const ROWS: usize = 32 << 10;
    static SHARED: LazyLock<[ArrayRef; 3]> = LazyLock::new(|| {
        [DataType::Utf8, DataType::Int32, DataType::Int64].map(|t| arrow_array::new_null_array(&t, ROWS))
    });
    let shared = SHARED.iter().find(|array| array.data_type() == data_type && rows <= ROWS);
    shared.map_or_else(|| arrow_array::new_null_array(data_type, rows), |array| array.slice(0, rows))
}

impl Put for &[Subject<'_>] {
    type Builder = SubjectsBuilder;
    fn put(self, _: usize, builder: &mut SubjectsBuilder) {
        for subject in self {
            let row = builder.0.values();
            let texts = [subject.namespace.into(), kept(subject.id), subject.basis.as_str().into()];
            for (i, text) in texts.into_iter().enumerate() {
                if let Some(column) = row.field_builder::<StringBuilder>(i) {
                    column.append_value(text);
                }
            }
            row.append(true);
        }
        builder.0.append(true);
    }
}

pub(super) struct SubjectsBuilder(ListBuilder<StructBuilder>);

impl Default for SubjectsBuilder {
    fn default() -> Self {
        let rows = StructBuilder::from_fields(subject_fields(), 0);
        let element = Field::new("element", DataType::Struct(subject_fields()), true);
        Self(ListBuilder::new(rows).with_field(element))
    }
}

impl SubjectsBuilder {
    pub(super) fn finish(&mut self) -> arrow_array::ListArray {
        self.0.finish()
    }
}
