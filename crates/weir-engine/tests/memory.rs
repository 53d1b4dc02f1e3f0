//! Invariant 7: peak memory does not grow with days or records. Alone in its binary, because it watches the allocator.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its input fails")]

mod common;

use common::Place;
use peak_alloc::PeakAlloc;
use std::fmt::Write as _;
use weir_engine::Memory;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Accesses a day.
const PER_DAY: u32 = 4_000;
const MONTHS: [&str; 8] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug"];
/// Runs of the small log.
const RUNS: usize = 2;
/// What the program is told to keep to.
const BUDGET: usize = 64 << 20;
/// How much more the large logs may hold than the small: names of files and days.
const MORE_MAX: f64 = 1.2;
/// Where the small log leaves a query's budget unfilled, the large ones may fill it: what they may hold beside it, such as batches under way.
const BESIDE_MAX: f64 = 8e6;

/// Some days of a shop's access log: the same clients and members on each, a reader of everybody among them.
fn log(days: u32, clients: u32) -> String {
    let mut log = String::new();
    for day in 0..days {
        for i in 0..PER_DAY {
            let second = u64::from(i) * 86_400 / u64::from(PER_DAY);
            // A multiplier coprime to the counts spreads members over clients; every client has its own few.
            let client = (i + day) * 7_919 % clients;
            let member = if client == 7 { i % 3_000 } else { client * 5 + i % 3 };
            let _ = writeln!(
                log,
                "10.{}.{}.{} - - [{:02}/{}/2025:{:02}:{:02}:{:02} +0000] \"GET /members/{member}/orders?page={} HTTP/1.1\" 200 {} \
                 \"-\" \"Client/{}\"",
                client / 40_000,
                client / 200 % 200,
                client % 200,
                day % 28 + 1,
                MONTHS[day as usize / 28],
                second / 3_600,
                second / 60 % 60,
                second % 60,
                (i + day) % 9,
                1_000 + i % 577,
                client % 40,
            );
        }
    }
    log
}

/// The most that an investigation held at once, in bytes.
async fn peak(days: u32, clients: u32) -> f64 {
    let place = Place::new();
    let input = place.path("access.log");
    std::fs::write(&input, log(days, clients)).unwrap();
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    let done = place.investigate_within(&[input], Memory::bytes(BUDGET).unwrap()).await;
    let intake = &done.case.intake[0];
    assert_eq!((intake.parsed, intake.records), (u64::from(days * PER_DAY), u64::from(days * PER_DAY)));
    (ALLOCATOR.peak_usage() - before) as f64
}

#[tokio::test(flavor = "multi_thread")]
async fn five_times_the_days_or_ten_times_the_entities_take_no_more_memory() {
    // How far reading runs ahead of writing is a race: what it can cost shows in the largest of a few.
    let mut one = 0_f64;
    for _ in 0..RUNS {
        one = one.max(peak(40, 600).await);
    }
    let (days, clients) = (peak(200, 600).await, peak(40, 6_000).await);
    let held = format!(
        "held at most {:.1} MB of 40 days, {:.1} MB of 200 days, {:.1} MB of ten times the clients",
        one / 1e6,
        days / 1e6,
        clients / 1e6
    );
    println!("{held}");
    assert!(days.max(clients) <= (one * MORE_MAX).max(BUDGET as f64 + BESIDE_MAX), "{held}");
}
