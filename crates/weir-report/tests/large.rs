//! A large case is written within the memory that is promised. Alone in its binary, because it watches the allocator.
//!
//! Decisive choice: memory is the same in every build, so the bar itself is kept here; seconds are not, so here they only tell a cost that grows
//! faster than the case, and `cargo xtask bench report` holds a release build against the bar.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test says what must hold by failing, and measures"
)]
#![expect(dead_code, reason = "samples that other tests use")]

#[path = "../examples/large_case/people.rs"]
mod people;
mod samples;

use peak_alloc::PeakAlloc;
use samples::{in_korean, many, quiet};
use std::time::{Duration, Instant};
use weir_model::case::Case;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The bar: all that a case of 10,000 findings may take, the case itself included.
const BYTES_MAX: usize = 1_000_000_000;
/// What it takes in a debug build on two cores, four times.
const DEBUG_MAX: Duration = Duration::from_secs(200);
/// How much more ten times the people may take: what Parquet holds of a row group.
const MORE_MAX: usize = 32 << 20;

/// Bytes and time of writing a case folder.
fn taken(case: &Case, people: u64) -> (usize, Duration) {
    let dir = tempfile::tempdir().unwrap();
    ALLOCATOR.reset_peak_usage();
    let start = Instant::now();
    let all = people::people(people);
    let written = weir_report::write_case(&dir.path().join("case"), case, all, std::iter::empty()).unwrap();
    assert_eq!(written.subjects, people);
    (ALLOCATOR.peak_usage(), start.elapsed())
}

#[test]
fn ten_thousand_findings_take_a_gigabyte_and_people_none() {
    let small = quiet();
    let ((few, _), (many_people, _)) = (taken(&small, 20_000), taken(&small, 200_000));
    assert!(many_people < few + MORE_MAX, "{few} and {many_people} bytes");
    let case = in_korean(many::kept(10_000, people::TRACED, people::PLOTTED));
    let (bytes, time) = taken(&case, 20_000);
    assert!(bytes < BYTES_MAX, "{bytes} bytes");
    assert!(time < DEBUG_MAX, "{time:?}");
}
