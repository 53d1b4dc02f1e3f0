//! What every record costs to fold and to digest, and every row of the rollups to merge, to store and to read back.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

#[path = "../../weir-sources/benches/common/mod.rs"]
mod common;

use arrow_array::{Array, RecordBatch};
use criterion::{BatchSize, Criterion, Throughput};
use std::sync::Arc;
use weir_catalog::{Catalog, Derived, Learned, Links};
use weir_model::config::Config;
use weir_rollup::{Digest, Fold, Row, decode, encode, merge_neighbours};
use xtask::logs::AccessLog;

const LINES: u64 = 100_000;
/// Under what records are folded: a told dataset, or nothing, as in the first ingest of a log that is learned from.
const CONFIG: &str = "[[dataset]]\nname = \"orders\"\nroutes = [\"/members/{member}/orders\"]\n";
/// More than any of it holds, and a share that makes a fold write runs to disk.
const AMPLE_BYTES: usize = 1 << 30;
const TIGHT_BYTES: usize = 8 << 20;
/// Rows that the engine stores at once.
const ROWS: usize = 8 << 10;

type Taken = [(RecordBatch, Derived)];

fn fold(taken: &Taken, budget_bytes: usize) -> Vec<Row> {
    let mut fold = Fold::new(budget_bytes, std::env::temp_dir());
    taken.iter().for_each(|(batch, derived)| fold.access(batch, derived).unwrap());
    fold.finish().unwrap().collect::<Result<_, _>>().unwrap()
}

/// The same as the engine takes rows.
fn fold_to_batches(taken: &Taken, budget_bytes: usize, knows_data: bool) -> usize {
    let mut fold = Fold::new(budget_bytes, std::env::temp_dir()).spans(knows_data);
    taken.iter().for_each(|(batch, derived)| fold.access(batch, derived).unwrap());
    let mut merged = fold.finish().unwrap();
    std::iter::from_fn(|| merged.batch(ROWS).unwrap()).map(|batch| batch.num_rows()).sum()
}

fn take(log: &Arc<[u8]>, config: &str) -> Vec<(RecordBatch, Derived)> {
    let catalog = Catalog::new(&Config::parse(config).unwrap(), &Learned::default(), Links::new()).unwrap();
    let derived = |(_, batch)| {
        let derived = catalog.derive(&batch);
        (batch, derived)
    };
    common::batches(log, "web_combined").into_iter().map(derived).collect()
}

fn digest(taken: &Taken) -> usize {
    let mut digest = Digest::new(AMPLE_BYTES);
    let given: usize = taken
        .iter()
        .filter_map(|(batch, derived)| digest.add(batch, derived).unwrap())
        .map(|rows| rows.num_rows())
        .sum();
    given + digest.finish().unwrap().map_or(0, |rows| rows.num_rows())
}

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    let log: Arc<[u8]> = AccessLog::new(LINES).write(Vec::new()).unwrap().into();
    let (taken, plain) = (take(&log, CONFIG), take(&log, ""));

    let mut group = criterion.benchmark_group("records");
    group.throughput(Throughput::ElementsAndBytes { elements: LINES, bytes: log.len() as u64 });
    for (name, taken, knows_data) in [("", &taken, true), (" without data", &plain, false)] {
        for (spilling, budget_bytes) in [("", AMPLE_BYTES), (", spilling", TIGHT_BYTES)] {
            group.bench_function(format!("fold{name}{spilling}"), |bench| {
                bench.iter(|| fold_to_batches(taken, budget_bytes, knows_data));
            });
        }
    }
    group.bench_function("digest", |bench| bench.iter(|| digest(&taken)));
    group.finish();

    // Two ingests of the same entities and days, as the lake gives them: each row twice in a row.
    let rows = fold(&taken, AMPLE_BYTES);
    let twice: Vec<Row> = rows.iter().flat_map(|row| [row.clone(), row.clone()]).collect();
    let stored: Vec<RecordBatch> = rows.chunks(ROWS).map(|rows| encode(rows).unwrap()).collect();
    let bytes = stored.iter().flat_map(RecordBatch::columns).map(Array::get_array_memory_size).sum::<usize>();
    let mut group = criterion.benchmark_group("rows");
    group.throughput(Throughput::ElementsAndBytes { elements: rows.len() as u64, bytes: bytes as u64 });
    group.bench_function("encode", |bench| {
        bench.iter(|| rows.chunks(ROWS).map(|rows| encode(rows).unwrap().num_rows()).sum::<usize>());
    });
    group.bench_function("decode", |bench| {
        bench.iter(|| stored.iter().map(|batch| decode(batch).unwrap().len()).sum::<usize>());
    });
    group.throughput(Throughput::Elements(twice.len() as u64));
    group.bench_function("merge", |bench| {
        bench.iter_batched(|| twice.clone(), merge_neighbours, BatchSize::LargeInput);
    });
    group.finish();
    criterion.final_summary();
}
