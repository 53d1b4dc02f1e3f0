//! A column chunk by dictionary: codes while values repeat, values themselves from where they no longer do.

use crate::chunk::Chunk;
use crate::dictionary::{Dictionary, Kind, Value, statistics, texts};
use crate::hybrid;
use crate::levels::Levels;
use crate::pages::{PAGE_ROWS, Packed, Packer, Pages};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::NullBuffer;
use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::Result;
use parquet::schema::types::ColumnDescPtr;
use weir_model::columns::is_same;

/// Bytes of values after which a page ends before that.
const PAGE_BYTES: usize = 1 << 20;
/// The largest dictionary.
const DICTIONARY_BYTES_MAX: usize = 2 << 20;

/// One column of a row group in the making.
pub(crate) struct Coded {
    descr: ColumnDescPtr,
    kind: Kind,
    with_statistics: bool,
    dictionary: Dictionary,
    pages: Pages,
    levels: Levels,
    /// Of the page under way.
    codes: Vec<u32>,
    /// Of the page under way, once values stand for themselves.
    values: Vec<u8>,
    is_plain: bool,
    /// Whether codes of so many bits, whole bytes, are shorter once packed than without what they do not need of them.
    whole: Option<(u32, bool)>,
    /// Least and greatest value of each page of such.
    bounds: Vec<u8>,
    nulls: u64,
    /// Rows with a value whose page has ended.
    coded: usize,
}

impl Coded {
    pub(crate) fn new(descr: ColumnDescPtr, kind: Kind, with_statistics: bool) -> Self {
        Self {
            descr,
            kind,
            with_statistics,
            dictionary: Dictionary::default(),
            pages: Pages::new(),
            levels: Levels::default(),
            codes: Vec::new(),
            values: Vec::new(),
            is_plain: false,
            whole: None,
            bounds: Vec::new(),
            nulls: 0,
            coded: 0,
        }
    }

    fn add<V: Value>(
        &mut self,
        nulls: Option<&NullBuffer>,
        rows: usize,
        alike: impl FnOnce() -> bool,
        value: impl Fn(usize) -> V,
    ) {
        let (plain, dictionary) = (&mut self.values, &mut self.dictionary);
        let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
        match (self.is_plain, nulls) {
            (true, None) => (0..rows).for_each(|row| value(row).put(plain)),
            (true, Some(nulls)) => nulls.valid_indices().for_each(|row| value(row).put(plain)),
            (false, None) if alike() => {
                self.codes.extend(std::iter::repeat_n(dictionary.code(value(0)), rows))
            }
            (false, None) => dictionary.codes((0..rows).map(value), &mut self.codes),
            (false, Some(nulls)) => dictionary.codes(nulls.valid_indices().map(value), &mut self.codes),
        }
    }

    /// Codes behind levels, in as few bits each as there must be, or in whole bytes if zstd makes less of them: it sees bytes, and so
    /// neither that some codes come more often than others nor that the same ones come again, if they lie across them. The first page shows it.
    fn pack_codes(&mut self, mut body: Vec<u8>, packer: &mut Packer) -> Result<Packed> {
        if self.dictionary.len() > 1 {
            self.codes.iter_mut().for_each(|code| *code = self.dictionary.place(*code));
        }
        let levels = body.len();
        let mut pack = |width: u32| {
            body.truncate(levels);
            body.push(width as u8);
            hybrid::put(&self.codes, width, &mut body);
            packer.pack(&body)
        };
        let width = self.dictionary.width();
        let whole = width.next_multiple_of(u8::BITS);
        match self.whole {
            _ if width == whole => pack(width),
            Some((of, is_shorter)) if of == whole => pack(if is_shorter { whole } else { width }),
            _ => {
                let (bits, bytes) = (pack(width)?, pack(whole)?);
                let is_shorter = bytes.len() < bits.len();
                self.whole = Some((whole, is_shorter));
                Ok(if is_shorter { bytes } else { bits })
            }
        }
    }

    /// Keeps the least and the greatest value of the page under way.
    fn bound(&mut self) {
        match self.kind {
            Kind::Text | Kind::Bytes => {
                let bounds = [texts(&self.values).min(), texts(&self.values).max()];
                bounds.into_iter().flatten().for_each(|text| text.put(&mut self.bounds));
            }
            Kind::I32 => {
                let numbers = || self.values.as_chunks::<4>().0.iter().map(|n| i32::from_le_bytes(*n));
                let bounds = [numbers().min(), numbers().max()];
                bounds.into_iter().flatten().for_each(|number| number.put(&mut self.bounds));
            }
            Kind::I64 => {
                let numbers = || self.values.as_chunks::<8>().0.iter().map(|n| i64::from_le_bytes(*n));
                let bounds = [numbers().min(), numbers().max()];
                bounds.into_iter().flatten().for_each(|number| number.put(&mut self.bounds));
            }
        }
    }
}

impl Chunk for Coded {
    fn page_rows(&self) -> usize {
        self.levels.rows()
    }

    fn is_full(&self) -> bool {
        self.values.len() >= PAGE_BYTES
    }

    fn take(&mut self, array: &ArrayRef) {
        self.levels.add(array);
        self.nulls += array.null_count() as u64;
        if array.null_count() == array.len() {
            return;
        }
        match self.kind {
            Kind::Text => {
                let texts = array.as_string::<i32>();
                let alike = || is_same(texts);
                self.add(texts.nulls(), texts.len(), alike, |row| texts.value(row).as_bytes());
            }
            Kind::Bytes => {
                let bytes = array.as_binary::<i32>();
                self.add(bytes.nulls(), bytes.len(), || false, |row| bytes.value(row));
            }
            Kind::I32 => {
                let numbers = array.as_primitive::<Int32Type>();
                let alike = || is_alike(numbers.values());
                self.add(numbers.nulls(), numbers.len(), alike, |row| numbers.value(row));
            }
            Kind::I64 => {
                let numbers = array.as_primitive::<Int64Type>();
                let alike = || is_alike(numbers.values());
                self.add(numbers.nulls(), numbers.len(), alike, |row| numbers.value(row));
            }
        }
    }

    fn end_page(&mut self, packer: &mut Packer) -> Result<()> {
        let rows = self.levels.rows();
        if rows == 0 {
            return Ok(());
        }
        let mut body = Vec::new();
        self.levels.put(&self.descr, &mut body);
        if self.is_plain {
            if self.with_statistics {
                self.bound();
            }
            body.append(&mut self.values);
            return self.pages.data(packer.pack(&body)?, rows, Encoding::PLAIN);
        }
        if self.dictionary.len() == 0 {
            // Nulls alone name no value: without a dictionary a column that a log lacks takes half the bytes.
            return self.pages.data(packer.pack(&body)?, rows, Encoding::PLAIN);
        }
        self.dictionary.arrange(self.kind);
        let body = self.pack_codes(body, packer)?;
        self.coded += self.codes.len();
        self.codes.clear();
        // Codes of values that hardly repeat, and the values beside them, take more than the values.
        let is_waste = self.dictionary.len() > self.coded / 3 * 2 && self.coded > PAGE_ROWS / 2;
        if is_waste || self.dictionary.plain().len() > DICTIONARY_BYTES_MAX {
            self.is_plain = true;
            self.dictionary.close();
        }
        self.pages.data(body, rows, Encoding::RLE_DICTIONARY)
    }

    fn memory(&self) -> usize {
        let page = 4 * self.codes.capacity() + self.values.capacity() + self.levels.memory();
        self.dictionary.memory() + self.pages.bytes() + page
    }

    fn size(&self) -> usize {
        let codes = self.codes.len() * self.dictionary.width() as usize / 8;
        self.pages.bytes() + self.dictionary.plain().len() + codes + self.values.len()
    }

    fn nulls(&self) -> Option<u64> {
        (!self.is_plain || self.dictionary.len() == 0).then_some(self.nulls)
    }

    fn close(mut self: Box<Self>, packer: &mut Packer) -> Result<(Bytes, ColumnCloseResult)> {
        self.end_page(packer)?;
        let statistics = self
            .with_statistics
            .then(|| statistics(self.kind, [self.dictionary.plain(), &self.bounds], self.nulls));
        let dictionary = (self.dictionary.plain(), self.dictionary.len());
        self.pages.close(&self.descr, dictionary, statistics, packer)
    }
}

/// Whether all of some numbers are the same.
fn is_alike<T: PartialEq>(numbers: &[T]) -> bool {
    numbers.first().is_none_or(|first| numbers.iter().all(|number| number == first))
}
