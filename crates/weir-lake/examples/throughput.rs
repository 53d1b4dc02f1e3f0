//! First numbers: `cargo run -p weir-lake --example throughput -- ROWS INGESTS`.
//!
//! Writes ROWS synthetic accesses over 30 days in one ingest, then INGESTS small ones; prints rows per second,
//! the time of an aggregate over all days, of look-ups of events that are known already, and of opening the lake at the end.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a program for people, on data of its own, that measures"
)]
use std::time::Instant;
use weir_lake::{Lake, RecordBatch, SessionOptions};
use weir_model::intake::Intake;
use weir_model::time::DAY_US;
use weir_model::{Access, Common, FileTag, Micros, Records, Table, TimeBasis};

const BATCH_ROWS: usize = 8192;
const START: i64 = 1_735_689_600_000_000;

fn batch(ingest: i64, from: usize, to: usize, of: usize) -> RecordBatch {
    let mut records = Records::default();
    for i in from..to {
        let at = Micros(START + (i as i64) * (30 * DAY_US / of as i64));
        let mixed = i.wrapping_mul(2_654_435_761) >> 7;
        let path = format!("/members/{}/addresses", mixed % 50_000);
        let ip = format!("10.{}.{}.{}", mixed % 7, mixed / 7 % 250, mixed / 1750 % 250);
        let agent = format!("Mozilla/5.0 (variant {})", mixed % 300);
        let credential = format!("fp_{:024x}", (mixed % 40_000).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let uid = format!("{i:032x}");
        let common = Common {
            class_uid: Some(4002),
            activity: Some("read"),
            status_id: Some(1),
            status_code: Some("200"),
            src_ip: Some(&ip),
            event_uid: Some(&uid),
            line: Some(i as i64 + 1),
            offset: Some(i as i64 * 240),
            ..Common::default()
        };
        let row = Access {
            http_method: Some("GET"),
            path: Some(&path),
            user_agent: Some(&agent),
            credential: Some(&credential),
            bytes_out: Some((mixed % 9000) as i64),
            ..Access::default()
        };
        records.access((at, TimeBasis::Stated), &common, &row);
    }
    let tag = FileTag { source: "synthetic".into(), sensor: "web1".into(), ingest, file: 1 };
    records.take(&tag).unwrap().remove(0).1
}

fn account(rows: usize) -> Intake {
    Intake { path: "synthetic.log".into(), records: rows as u64, parsed: rows as u64, ..Intake::default() }
}

#[tokio::main]
async fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|n| n.parse::<usize>().ok());
    let (rows, ingests) = (numbers.next().unwrap_or(1_000_000), numbers.next().unwrap_or(0));
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path(), true).await.unwrap();

    let mut ingest = lake.begin().await.unwrap();
    let (mut seconds, mut build) = (0.0, 0.0);
    for from in (0..rows).step_by(BATCH_ROWS) {
        let start = Instant::now();
        let rows = batch(ingest.id(), from, (from + BATCH_ROWS).min(rows), rows);
        build += start.elapsed().as_secs_f64();
        let start = Instant::now();
        let new = ingest.distinct(Table::Access, &rows).await.unwrap();
        for rows in &new.kept {
            ingest.write(Table::Access, rows).await.unwrap();
        }
        seconds += start.elapsed().as_secs_f64();
    }
    let start = Instant::now();
    ingest.commit(&[account(rows)]).await.unwrap();
    seconds += start.elapsed().as_secs_f64();
    println!(
        "write: {:.0} rows/s ({seconds:.1} s; building the rows took {build:.1} s more)",
        rows as f64 / seconds
    );

    let session = lake.snapshot().await.unwrap().session(&SessionOptions::default(), None).unwrap();
    let start = Instant::now();
    session.sql("SELECT day, count(DISTINCT src_ip) FROM access GROUP BY day ORDER BY day").await.unwrap();
    println!("distinct origins by day: {:.2} s", start.elapsed().as_secs_f64());

    let mut again = lake.begin().await.unwrap();
    let start = Instant::now();
    let mut known = 0;
    for from in (0..rows.min(200_000)).step_by(BATCH_ROWS) {
        let rows = batch(again.id(), from, (from + BATCH_ROWS).min(rows), rows);
        known += again.distinct(Table::Access, &rows).await.unwrap().duplicates;
    }
    println!("look-up: {known} known events at {:.0} rows/s", known as f64 / start.elapsed().as_secs_f64());
    again.abandon().await.unwrap();

    let start = Instant::now();
    for i in 0..ingests {
        let mut ingest = lake.begin().await.unwrap();
        ingest.write(Table::Access, &batch(ingest.id(), i, i + 1, rows)).await.unwrap();
        ingest.commit(&[account(1)]).await.unwrap();
    }
    println!("{ingests} small ingests: {:.1} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    let snapshot = Lake::open(dir.path(), false).await.unwrap().snapshot().await.unwrap();
    println!(
        "open and pin {} ingests: {:.0} ms",
        snapshot.ingests().len(),
        start.elapsed().as_secs_f64() * 1000.0
    );
    let start = Instant::now();
    println!(
        "account: {} rows in {:.0} ms",
        snapshot.intake().await.unwrap().len(),
        start.elapsed().as_secs_f64() * 1000.0
    );
}
