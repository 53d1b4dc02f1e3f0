//! What every record of `access` costs the catalog: to learn from, and to derive from.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

#[path = "../../weir-sources/benches/common/mod.rs"]
mod common;

use arrow_array::RecordBatch;
use criterion::{BatchSize, Criterion, Throughput};
use std::sync::Arc;
use weir_catalog::{Catalog, Learned, Learner, Links};
use weir_model::config::Config;
use xtask::logs::AccessLog;

const LINES: u64 = 100_000;
const CONFIG: &str = "[[dataset]]\nname = \"orders\"\nroutes = [\"/members/{member}/orders\"]\n";

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    let log: Arc<[u8]> = AccessLog::new(LINES).write(Vec::new()).unwrap().into();
    let batches: Vec<RecordBatch> =
        common::batches(&log, "web_combined").into_iter().map(|(_, batch)| batch).collect();
    let mut learner = Learner::new();
    batches.iter().for_each(|batch| learner.observe(batch));
    let learned = learner.finish(&Config::default());
    let by_learning = Catalog::new(&Config::default(), &learned, Links::new()).unwrap();
    let config = Config::parse(CONFIG).unwrap();
    let by_telling = Catalog::new(&config, &Learned::default(), Links::new()).unwrap();

    let mut group = criterion.benchmark_group("catalog");
    group.throughput(Throughput::ElementsAndBytes { elements: LINES, bytes: log.len() as u64 });
    // Nearly all batches meet a learner that knows the positions.
    group.bench_function("learn", |bench| {
        let observe = |mut learner: Learner| {
            batches.iter().for_each(|batch| learner.observe(batch));
            learner
        };
        bench.iter_batched(|| learner.clone(), observe, BatchSize::LargeInput);
    });
    for (name, catalog) in [("derive, learned", &by_learning), ("derive, told", &by_telling)] {
        group.bench_function(name, |bench| {
            bench.iter(|| batches.iter().map(|batch| catalog.derive(batch).shown.len()).sum::<usize>());
        });
    }
    group.finish();
    criterion.final_summary();
}
