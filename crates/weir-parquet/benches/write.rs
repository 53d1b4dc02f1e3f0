//! What a record costs to write, by the encoder here and by the `parquet` crate's alone.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

#[path = "../../weir-sources/benches/common/mod.rs"]
mod common;

use arrow_array::RecordBatch;
use criterion::{Criterion, Throughput};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use std::sync::Arc;
use weir_parquet::{Packer, Writer};
use xtask::logs::AccessLog;

const LINES: u64 = 200_000;
const LEVEL: i32 = 3;

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(LEVEL).unwrap()))
        .set_max_row_group_row_count(Some(122_880))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .build()
}

fn ours(batches: &[RecordBatch], packer: &mut Packer) -> usize {
    let schema = batches.first().unwrap().schema();
    let mut writer = Writer::new(schema, properties(), packer).unwrap();
    let mut bytes = 0;
    for batch in batches {
        writer.write(batch, packer).unwrap();
        bytes += writer.take().unwrap().len();
    }
    writer.finish(packer).unwrap();
    bytes + writer.take().unwrap().len()
}

fn theirs(batches: &[RecordBatch]) -> usize {
    let schema = batches.first().unwrap().schema();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties())).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap().len()
}

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    let log: Arc<[u8]> = AccessLog::new(LINES).write(Vec::new()).unwrap().into();
    let batches: Vec<RecordBatch> =
        common::batches(&log, "web_combined").into_iter().map(|(_, batch)| batch).collect();
    let mut packer = Packer::new(LEVEL);
    let mut group = criterion.benchmark_group("records");
    group.throughput(Throughput::ElementsAndBytes { elements: LINES, bytes: log.len() as u64 });
    group.bench_function("write", |bench| bench.iter(|| ours(&batches, &mut packer)));
    group.bench_function("write, the parquet crate", |bench| bench.iter(|| theirs(&batches)));
    group.finish();
    criterion.final_summary();
}
