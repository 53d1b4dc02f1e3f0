//! Which rows of a page have a value.

use crate::hybrid;
use arrow_array::Array;
use parquet::schema::types::ColumnDescriptor;

/// Levels of a page in the making.
#[derive(Debug, Default)]
pub(crate) struct Levels {
    rows: usize,
    /// One for a value, none for null; empty as long as all rows are alike, as most columns are.
    mixed: Vec<u32>,
    /// What all rows are, where they are alike.
    alike: u32,
}

impl Levels {
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes it holds.
    pub(crate) fn memory(&self) -> usize {
        4 * self.mixed.capacity()
    }

    /// Takes in the next rows of an array.
    pub(crate) fn add(&mut self, array: &dyn Array) {
        let alike = match array.null_count() {
            0 => Some(1),
            nulls if nulls == array.len() => Some(0),
            _ => None,
        };
        match alike {
            Some(level) if self.mixed.is_empty() && (self.rows == 0 || self.alike == level) => {
                self.alike = level
            }
            Some(level) => self.mix().extend(std::iter::repeat_n(level, array.len())),
            None => {
                let levels = (0..array.len()).map(|row| u32::from(array.is_valid(row)));
                self.mix().extend(levels);
            }
        }
        self.rows += array.len();
    }

    fn mix(&mut self) -> &mut Vec<u32> {
        if self.mixed.is_empty() {
            self.mixed.extend(std::iter::repeat_n(self.alike, self.rows));
        }
        &mut self.mixed
    }

    /// Appends them as a page of this column begins, and is ready for the next page. A column that cannot be null stores none.
    pub(crate) fn put(&mut self, of: &ColumnDescriptor, out: &mut Vec<u8>) {
        if of.max_def_level() > 0 {
            self.put_levels(out);
        }
        self.mixed.clear();
        self.rows = 0;
    }

    fn put_levels(&self, out: &mut Vec<u8>) {
        let length_at = out.len();
        out.extend_from_slice(&[0; 4]);
        if self.mixed.is_empty() {
            hybrid::put_run(self.alike, self.rows, 1, out);
        } else {
            hybrid::put(&self.mixed, 1, out);
        }
        let length = (out.len() - length_at - 4) as u32;
        out.iter_mut().skip(length_at).zip(length.to_le_bytes()).for_each(|(byte, of)| *byte = of);
    }
}
