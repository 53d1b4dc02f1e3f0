//! A column chunk of whole numbers that rise by small steps: instants, lines, places in a file.
//!
//! Decisive choice: the `parquet` crate's encoder takes a megabyte for each such column of each open file before the first value, and each value by
//! itself. Here a page's numbers are gathered, and packed when it ends.

use crate::chunk::Chunk;
use crate::delta::{self, Width};
use crate::levels::Levels;
use crate::pages::{Packer, Pages};
use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};
use bytes::Bytes;
use parquet::basic::{BoundaryOrder, Encoding};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::Result;
use parquet::file::metadata::ColumnIndexBuilder;
use parquet::file::properties::EnabledStatistics;
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescPtr;

/// One column of a row group in the making.
pub(crate) struct Rising {
    descr: ColumnDescPtr,
    width: Width,
    statistics: EnabledStatistics,
    pages: Pages,
    levels: Levels,
    /// Of the page under way.
    numbers: Vec<i64>,
    /// Nulls of the page under way.
    page_nulls: u64,
    nulls: u64,
    /// Least and greatest of each page that has any.
    bounds: Vec<(i64, i64)>,
    index: ColumnIndexBuilder,
}

/// How wide the numbers of a column are that can be such.
pub(crate) fn width(of: &DataType) -> Option<Width> {
    match of {
        DataType::Int32 => Some(Width::Narrow),
        DataType::Int64 | DataType::Timestamp(TimeUnit::Microsecond, _) => Some(Width::Wide),
        _ => None,
    }
}

impl Rising {
    pub(crate) fn new(descr: ColumnDescPtr, width: Width, statistics: EnabledStatistics) -> Self {
        Self {
            index: ColumnIndexBuilder::new(descr.physical_type()),
            descr,
            width,
            statistics,
            pages: Pages::new(),
            levels: Levels::default(),
            numbers: Vec::new(),
            page_nulls: 0,
            nulls: 0,
            bounds: Vec::new(),
        }
    }

    fn add<T: ArrowPrimitiveType<Native: Into<i64>>>(&mut self, array: &ArrayRef) {
        let array = array.as_primitive::<T>();
        match array.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => self.numbers.extend(array.values().iter().map(|number| (*number).into())),
            Some(nulls) => self.numbers.extend(nulls.valid_indices().map(|row| array.value(row).into())),
        }
    }

    /// A number as `PLAIN` has it.
    fn plain(&self, number: i64) -> Vec<u8> {
        match self.width {
            Width::Narrow => (number as i32).to_le_bytes().to_vec(),
            Width::Wide => number.to_le_bytes().to_vec(),
        }
    }
}

impl Chunk for Rising {
    fn page_rows(&self) -> usize {
        self.levels.rows()
    }

    fn take(&mut self, array: &ArrayRef) {
        self.levels.add(array);
        self.page_nulls += array.null_count() as u64;
        match array.data_type() {
            DataType::Int32 => self.add::<Int32Type>(array),
            DataType::Int64 => self.add::<Int64Type>(array),
            _ => self.add::<TimestampMicrosecondType>(array),
        }
    }

    fn end_page(&mut self, packer: &mut Packer) -> Result<()> {
        let rows = self.levels.rows();
        if rows == 0 {
            return Ok(());
        }
        let mut body = Vec::new();
        self.levels.put(&self.descr, &mut body);
        delta::put(&self.numbers, self.width, &mut body);
        let bounds = self.numbers.iter().min().copied().zip(self.numbers.iter().max().copied());
        let [least, greatest] = bounds
            .map_or([Vec::new(), Vec::new()], |(least, greatest)| [self.plain(least), self.plain(greatest)]);
        self.index.append(bounds.is_none(), least, greatest, self.page_nulls as i64);
        self.bounds.extend(bounds);
        self.nulls += std::mem::take(&mut self.page_nulls);
        self.numbers.clear();
        self.pages.data(packer.pack(&body)?, rows, Encoding::DELTA_BINARY_PACKED)
    }

    fn memory(&self) -> usize {
        self.pages.bytes() + self.levels.memory() + size_of::<i64>() * self.numbers.capacity()
    }

    fn size(&self) -> usize {
        self.pages.bytes() + self.numbers.len()
    }

    fn nulls(&self) -> Option<u64> {
        (self.bounds.is_empty() && self.numbers.is_empty()).then_some(self.nulls + self.page_nulls)
    }

    fn close(mut self: Box<Self>, packer: &mut Packer) -> Result<(Bytes, ColumnCloseResult)> {
        self.end_page(packer)?;
        let Self { descr, width, statistics: wanted, pages, nulls, bounds, mut index, .. } = *self;
        let least = bounds.iter().map(|(least, _)| *least).min();
        let greatest = bounds.iter().map(|(_, greatest)| *greatest).max();
        let nulls = Some(nulls);
        let statistics = match (wanted, width) {
            (EnabledStatistics::None, _) => None,
            (_, Width::Narrow) => {
                let narrow = |number: Option<i64>| number.map(|number| number as i32);
                Some(Statistics::int32(narrow(least), narrow(greatest), None, nulls, false))
            }
            (_, Width::Wide) => Some(Statistics::int64(least, greatest, None, nulls, false)),
        };
        index.set_boundary_order(order(&bounds));
        let (bytes, close) = pages.close(&descr, (&[], 0), statistics, packer)?;
        let with_index = wanted == EnabledStatistics::Page;
        let column_index = with_index.then(|| index.build()).transpose()?;
        Ok((bytes, ColumnCloseResult { column_index, ..close }))
    }
}

/// The order in which pages lie by their least and greatest values.
fn order(bounds: &[(i64, i64)]) -> BoundaryOrder {
    if bounds.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1) {
        BoundaryOrder::ASCENDING
    } else if bounds.is_sorted_by(|a, b| a.0 >= b.0 && a.1 >= b.1) {
        BoundaryOrder::DESCENDING
    } else {
        BoundaryOrder::UNORDERED
    }
}
