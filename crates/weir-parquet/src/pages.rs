//! Pages of a column chunk, compressed, in the order of the file: the dictionary, then the data.

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, EncodingMask, PageType, Type, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, OffsetIndexBuilder, PageEncodingStats};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

/// Rows of a page: what a reader that wants few rows reads at least.
pub(crate) const PAGE_ROWS: usize = 20_000;
/// A dictionary of texts of at most so many bytes is compressed harder: one is written for each row group however few rows it has, and takes most of a
/// small one. Numbers in order come out hardly shorter for it.
const SMALL_BYTES_MAX: usize = 256 << 10;
/// The level for such.
const SMALL_LEVEL: i32 = 9;

/// Compresses pages with zstd. Its tables are made at the first page and kept from page to page, whatever file a page is for: making them takes as
/// long as to compress a small page.
pub struct Packer {
    level: i32,
    zstd: Option<zstd::bulk::Compressor<'static>>,
    /// For small dictionaries.
    harder: Option<zstd::bulk::Compressor<'static>>,
}

impl Packer {
    /// Compresses at a level, from 1 to 22.
    #[must_use]
    pub fn new(level: i32) -> Self {
        Self { level, zstd: None, harder: None }
    }

    /// As the metadata names it.
    pub(crate) fn compression(&self) -> Result<Compression> {
        Ok(Compression::ZSTD(ZstdLevel::try_new(self.level)?))
    }

    /// Compresses what a page holds.
    pub(crate) fn pack(&mut self, bytes: &[u8]) -> Result<Packed> {
        pack(&mut self.zstd, self.level, bytes)
    }

    /// Compresses a dictionary.
    fn pack_dictionary(&mut self, bytes: &[u8], of: Type) -> Result<Packed> {
        if of != Type::BYTE_ARRAY || bytes.len() > SMALL_BYTES_MAX || self.level >= SMALL_LEVEL {
            return self.pack(bytes);
        }
        pack(&mut self.harder, SMALL_LEVEL, bytes)
    }
}

/// Compresses at a level, by a compressor that is made where there is none yet.
fn pack(by: &mut Option<zstd::bulk::Compressor<'static>>, level: i32, bytes: &[u8]) -> Result<Packed> {
    let failed = |e| ParquetError::External(Box::new(e));
    let zstd = match by {
        Some(zstd) => zstd,
        none => none.insert(zstd::bulk::Compressor::new(level).map_err(failed)?),
    };
    Ok(Packed { bytes: zstd.compress(bytes).map_err(failed)?.into(), unpacked: bytes.len() })
}

/// What a page holds, compressed.
pub(crate) struct Packed {
    bytes: Bytes,
    /// How many bytes it was before.
    unpacked: usize,
}

impl Packed {
    /// Its bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }
}

/// The data pages of a chunk in the making.
pub(crate) struct Pages {
    sink: TrackedWrite<Vec<u8>>,
    offsets: OffsetIndexBuilder,
    stats: Vec<PageEncodingStats>,
    uncompressed: usize,
    rows: u64,
}

impl Pages {
    pub(crate) fn new() -> Self {
        Self {
            sink: TrackedWrite::new(Vec::new()),
            offsets: OffsetIndexBuilder::new(),
            stats: Vec::new(),
            uncompressed: 0,
            rows: 0,
        }
    }

    /// Bytes of them.
    pub(crate) fn bytes(&self) -> usize {
        self.sink.bytes_written()
    }

    /// Appends a page of so many rows: levels, if the column has such, and values.
    pub(crate) fn data(&mut self, body: Packed, rows: usize, encoding: Encoding) -> Result<()> {
        let page = Page::DataPage {
            buf: body.bytes,
            num_values: rows as u32,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let spec =
            SerializedPageWriter::new(&mut self.sink).write_page(CompressedPage::new(page, body.unpacked))?;
        self.offsets.append_row_count(rows as i64);
        self.offsets.append_offset_and_size(spec.offset as i64, spec.compressed_size as i32);
        self.offsets.append_unencoded_byte_array_data_bytes(None);
        self.uncompressed += spec.uncompressed_size;
        self.rows += rows as u64;
        match self.stats.last_mut() {
            Some(stats) if stats.encoding == encoding => stats.count += 1,
            _ => self.stats.push(PageEncodingStats { page_type: PageType::DATA_PAGE, encoding, count: 1 }),
        }
        Ok(())
    }

    /// The whole chunk, its dictionary (as `PLAIN` has it, and how many values) first, if it has values.
    pub(crate) fn close(
        self,
        descr: &ColumnDescPtr,
        (dictionary, values): (&[u8], usize),
        statistics: Option<Statistics>,
        packer: &mut Packer,
    ) -> Result<(Bytes, ColumnCloseResult)> {
        let mut sink = TrackedWrite::new(Vec::new());
        let (mut stats, mut uncompressed) = (self.stats, self.uncompressed);
        if values > 0 {
            let packed = packer.pack_dictionary(dictionary, descr.physical_type())?;
            let page = Page::DictionaryPage {
                buf: packed.bytes,
                num_values: values as u32,
                encoding: Encoding::PLAIN,
                is_sorted: false,
            };
            let page = CompressedPage::new(page, packed.unpacked);
            uncompressed += SerializedPageWriter::new(&mut sink).write_page(page)?.uncompressed_size;
            let of = PageType::DICTIONARY_PAGE;
            stats.insert(0, PageEncodingStats { page_type: of, encoding: Encoding::PLAIN, count: 1 });
        }
        let mut bytes = sink.into_inner()?;
        let data_at = bytes.len() as i64;
        bytes.extend_from_slice(&self.sink.into_inner()?);
        let mut offsets = self.offsets.build();
        offsets.page_locations.iter_mut().for_each(|page| page.offset += data_at);
        let encodings: Vec<Encoding> =
            [Encoding::RLE].into_iter().chain(stats.iter().map(|page| page.encoding)).collect();
        let mut metadata = ColumnChunkMetaData::builder(descr.clone())
            .set_compression(packer.compression()?)
            .set_encodings_mask(EncodingMask::new_from_encodings(encodings.iter()))
            .set_page_encoding_stats(stats)
            .set_total_compressed_size(bytes.len() as i64)
            .set_total_uncompressed_size(uncompressed as i64)
            .set_num_values(self.rows as i64)
            .set_dictionary_page_offset((values > 0).then_some(0))
            .set_data_page_offset(data_at);
        if let Some(statistics) = statistics {
            metadata = metadata.set_statistics(statistics);
        }
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: self.rows,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: Some(offsets),
        };
        Ok((bytes.into(), close))
    }
}
