//! Comparing people takes no more memory the more of them there are. Alone in its binary, because it watches the allocator.

#![expect(clippy::unwrap_used, reason = "a test that cannot write its input fails")]

use peak_alloc::PeakAlloc;
use std::convert::Infallible;
use weir_model::Micros;
use weir_model::case::ExposedSubject;
use weir_report::diff::{PeopleTable, compare_people};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// People of a batch.
const BATCH: u64 = 8_192;
/// How much more the many may take than the few, in bytes.
const MORE_MAX: usize = 1 << 20;

/// So many people, of whom every eleventh is missing, in batches.
fn people(
    all: u64,
    missing: u64,
    records: u64,
) -> impl Iterator<Item = Result<arrow_array::RecordBatch, Infallible>> {
    let person = move |n: u64| ExposedSubject {
        subject: format!("member:{n:09}"),
        status: "named".into(),
        first: Micros(0),
        last: Micros(1_000_000),
        records,
        categories: vec!["name".into()],
        findings: vec!["f".into()],
        countries: Vec::new(),
    };
    (0..all.div_ceil(BATCH)).map(move |part| {
        let some = part * BATCH..((part + 1) * BATCH).min(all);
        let some: Vec<_> = some.filter(|n| n % 11 != missing).map(person).collect();
        Ok(ExposedSubject::batch(&some).unwrap())
    })
}

#[test]
fn ten_times_the_people_take_no_more_memory() {
    let dir = tempfile::tempdir().unwrap();
    let taken = |all: u64| {
        let mut table = PeopleTable::begin(&dir.path().join("people.csv")).unwrap();
        ALLOCATOR.reset_peak_usage();
        let before = ALLOCATOR.current_usage();
        let told = compare_people(people(all, 3, 1), people(all, 5, 2), Some(&mut table)).unwrap().unwrap();
        let of = |missing: u64| (0..all).filter(|n| n % 11 == missing).count() as u64;
        assert_eq!((told.added, told.gone, told.same), (of(3), of(5), 0));
        assert_eq!(told.changed, all - of(3) - of(5));
        table.end().unwrap();
        ALLOCATOR.peak_usage().saturating_sub(before)
    };
    let (few, many) = (taken(10_000), taken(100_000));
    assert!(many < few + MORE_MAX, "{few} and {many} bytes");
}
