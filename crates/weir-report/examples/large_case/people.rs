//! As many exposed people as wanted, batch by batch, as a lake gives them; and how much of a large case an investigation keeps.

use crate::samples::{later, shop, strings, t};
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use weir_model::case::ExposedSubject;

const BATCH: u64 = 8_192;
/// Findings that an investigation traces.
pub const TRACED: usize = 60;
/// Findings whose days it keeps.
pub const PLOTTED: usize = 24;

/// So many people, each with the two kinds of findings.
pub fn people(all: u64) -> impl Iterator<Item = Result<RecordBatch, ArrowError>> {
    let at = t("2025-04-14T03:12:55Z");
    let person = move |n: u64| ExposedSubject {
        subject: format!("member:{n:09}"),
        status: "named".into(),
        first: later(at, (n % 10_000_000) as i64),
        last: later(at, (n % 10_000_000) as i64 + 90_000),
        records: 1 + n % 40,
        categories: strings(&["e_mail", "name"]),
        findings: strings(&[shop::FORGED, shop::REACH]),
        countries: strings(&["KR"]),
    };
    (0..all.div_ceil(BATCH)).map(move |part| {
        let some: Vec<_> = (part * BATCH..((part + 1) * BATCH).min(all)).map(person).collect();
        ExposedSubject::batch(&some)
    })
}
