//! [`Chunk`]: what the encoders of columns have in common.

use crate::pages::{PAGE_ROWS, Packer};
use arrow_array::{Array, ArrayRef};
use bytes::Bytes;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::Result;

/// One column of a row group in the making, encoded here.
pub(crate) trait Chunk: Send + Sync {
    /// Rows of the page under way.
    fn page_rows(&self) -> usize;
    /// Takes in rows, no more than the page under way has room for.
    fn take(&mut self, array: &ArrayRef);
    /// Whether the page under way ends before it has all rows of one.
    fn is_full(&self) -> bool {
        false
    }
    /// Ends the page under way, if it has rows.
    fn end_page(&mut self, packer: &mut Packer) -> Result<()>;
    /// Bytes it holds.
    fn memory(&self) -> usize;
    /// Bytes that it will take in the file, about.
    fn size(&self) -> usize;
    /// How many rows have no value, if none has, or if all others are codes so far.
    fn nulls(&self) -> Option<u64>;
    /// The chunk's bytes, and what its entry in the file says.
    fn close(self: Box<Self>, packer: &mut Packer) -> Result<(Bytes, ColumnCloseResult)>;

    /// Takes in rows.
    fn write(&mut self, array: &ArrayRef, packer: &mut Packer) -> Result<()> {
        let mut from = 0;
        while from < array.len() {
            let rows = (PAGE_ROWS - self.page_rows()).min(array.len() - from);
            self.take(&array.slice(from, rows));
            from += rows;
            if self.page_rows() >= PAGE_ROWS || self.is_full() {
                self.end_page(packer)?;
            }
        }
        Ok(())
    }
}
