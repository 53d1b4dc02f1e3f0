//! `cargo xtask bench report`: how long a report of 10,000 findings and 5 million people takes.
//!
//! Decisive choice: the report alone, without the lake that finds them, so that it builds in minutes (`weir-report` knows no DataFusion) and measures
//! one thing. Its memory is kept by a test as well (`crates/weir-report/tests/large.rs`); seconds mean nothing but in a release build.

use crate::measure::{lacks_room, measure, size};
use crate::run::{Done, command, finish, say, target};

const FINDINGS: u64 = 10_000;
const PEOPLE: u64 = 5_000_000;
const SECONDS_MAX: f64 = 60.0;
const BYTES_MAX: u64 = 1_000_000_000;
/// What the case folder takes, in GB.
const ROOM_GB: u64 = 3;

/// Runs the bench.
pub fn run(arguments: &[&str]) -> Done {
    let number = |n: &str| n.parse::<u64>().map_err(|_| format!("`{n}` is no whole number"));
    let (findings, people) = match arguments {
        [] => (FINDINGS, PEOPLE),
        ["--findings", n] => (number(n)?, PEOPLE),
        ["--people", n] => (FINDINGS, number(n)?),
        ["--findings", n, "--people", m] => (number(n)?, number(m)?),
        _ => return Err("usage: cargo xtask bench report [--findings N] [--people N]".to_owned()),
    };
    let folder = target().join("bench").join("report");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    if let Some(why) = lacks_room(&folder, ROOM_GB) {
        return Err(why);
    }
    let mut build = command("cargo");
    build.args(["build", "--release", "--package", "weir-report", "--example", "large_case"]);
    finish("release build", &mut build)?;
    let case = folder.join("case");
    drop(std::fs::remove_dir_all(&case));
    say("── a case folder");
    let mut write = command(target().join("release/examples/large_case"));
    let (seconds, memory) = measure(write.arg(&case).args([findings.to_string(), people.to_string()]))?;
    let written = size(&case);
    drop(std::fs::remove_dir_all(&case));
    say(&format!(
        "{findings} findings, {people} people: {seconds:.1} s, peak {} MB, {} MB written",
        memory / 1_000_000,
        written / 1_000_000
    ));
    let whole = findings >= FINDINGS && people >= PEOPLE;
    if whole && (seconds > SECONDS_MAX || memory > BYTES_MAX) {
        return Err(format!("the bars are {SECONDS_MAX} s and {} MB", BYTES_MAX / 1_000_000));
    }
    Ok(())
}
