//! What a distinct count costs: a few values each in very many sets, some hundreds, and beyond the exact limit, in registers.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use criterion::{BatchSize, Criterion, Throughput};
use weir_stats::{Distinct, hash64};
use xtask::logs::{MEMBERS, Sequence};

/// Values of one set, and how many sets there are: together the same number of values.
const SHAPES: [(&str, u64, u64); 3] =
    [("2 values", 2, 50_000), ("200 values", 200, 500), ("10,000 values", 10_000, 10)];

/// Hashes of people, some far more often than others.
fn people(seed: u64, count: u64) -> Vec<u64> {
    let mut numbers = Sequence::new(seed);
    (0..count).map(|_| hash64(numbers.heavy(MEMBERS).to_string().as_bytes())).collect()
}

fn sets(hashes: &[Vec<u64>]) -> Vec<Distinct> {
    hashes.iter().map(|of_one| of_one.iter().copied().collect()).collect()
}

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    for (name, values, count) in SHAPES {
        let hashes = |seed: u64| (0..count).map(|n| people(seed + n, values)).collect::<Vec<_>>();
        let (mine, theirs) = (hashes(1), hashes(1_000_000));
        let (ours, others) = (sets(&mine), sets(&theirs));
        let stored: Vec<Vec<u8>> = ours.iter().map(Distinct::to_bytes).collect();
        let bytes = stored.iter().map(Vec::len).sum::<usize>() as u64;

        let mut group = criterion.benchmark_group(format!("distinct, {name}"));
        group.throughput(Throughput::Elements(values * count));
        group.bench_function("insert", |bench| bench.iter(|| sets(&mine)));
        group.throughput(Throughput::ElementsAndBytes { elements: count, bytes });
        group.bench_function("merge", |bench| {
            let merge = |mut sets: Vec<Distinct>| {
                sets.iter_mut().zip(&others).for_each(|(set, other)| set.merge(other));
                sets
            };
            bench.iter_batched(|| ours.clone(), merge, BatchSize::LargeInput);
        });
        group.bench_function("write", |bench| {
            bench.iter(|| ours.iter().map(|set| set.to_bytes().len()).sum::<usize>());
        });
        group.bench_function("read", |bench| {
            bench
                .iter(|| stored.iter().map(|bytes| Distinct::from_bytes(bytes).unwrap()).collect::<Vec<_>>());
        });
        group.bench_function("estimate", |bench| {
            bench.iter(|| ours.iter().map(Distinct::estimate).sum::<f64>());
        });
        group.finish();
    }
    criterion.final_summary();
}
