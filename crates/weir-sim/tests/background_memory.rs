//! Memory while a scenario is written into a real log does not grow with the log.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::fs;

use peak_alloc::PeakAlloc;
use weir_sim::{Options, simulate};

#[global_allocator]
static PEAK: PeakAlloc = PeakAlloc;

/// Peak bytes over a log of two days with this many lines.
fn peak(lines: u32) -> usize {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("access.log");
    let mut text = String::new();
    for nth in 0..lines {
        let second = u64::from(nth) * 170_000 / u64::from(lines);
        let (day, rest) = (11 + second / 86_400, second % 86_400);
        writeln!(
            text,
            "198.51.100.7 - - [{day}/Oct/2021:{:02}:{:02}:{:02} +0000] \"GET /p/{nth} HTTP/1.1\" 200 7 \"http://{nth}.example/\" \"Mozilla/5.0 ({nth})\"",
            rest / 3_600,
            rest / 60 % 60,
            rest % 60
        )
        .unwrap();
    }
    fs::write(&path, text).unwrap();
    let options = Options {
        settings: vec![("members".to_owned(), 400.0), ("issuance".to_owned(), 0.0)],
        background: vec![path],
        ..Options::default()
    };
    PEAK.reset_peak_usage();
    simulate("forged-tokens", &place.path().join("world"), &options).unwrap();
    PEAK.peak_usage()
}

#[test]
fn forty_times_the_lines_take_no_more_memory() {
    let (few, many) = (peak(10_000), peak(400_000));
    assert!(many * 10 < few * 12, "{few} bytes for 10,000 lines, {many} for 400,000");
}
