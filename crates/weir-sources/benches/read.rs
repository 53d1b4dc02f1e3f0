//! Bytes to record batches: what reading costs before anything is kept.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod common;

use common::batches;
use criterion::{Criterion, Throughput};
use std::path::Path;
use std::sync::Arc;
use xtask::logs::{AccessLog, CloudTrail, zeek};

const ACCESS_LINES: u64 = 100_000;
const ZEEK_LINES: u64 = 50_000;
const CLOUDTRAIL_EVENTS: u64 = 5_000;

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    let access = AccessLog::new(ACCESS_LINES).write(Vec::new()).unwrap();
    let conn = zeek(Vec::new(), ZEEK_LINES).unwrap();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/cloud-account");
    let trail = CloudTrail::new(&examples, CLOUDTRAIL_EVENTS).unwrap().file(CLOUDTRAIL_EVENTS).unwrap();
    let trail = serde_json::to_vec(&trail).unwrap();
    let mut group = criterion.benchmark_group("read");
    for (source, records, log) in [
        ("web_combined", ACCESS_LINES, access),
        ("zeek_conn", ZEEK_LINES, conn),
        ("aws_cloudtrail", CLOUDTRAIL_EVENTS, trail),
    ] {
        let log: Arc<[u8]> = log.into();
        group.throughput(Throughput::ElementsAndBytes { elements: records, bytes: log.len() as u64 });
        group.bench_function(source, |bench| bench.iter(|| batches(&log, source)));
    }
    group.finish();
    criterion.final_summary();
}
