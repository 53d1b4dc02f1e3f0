//! The project's own chores: `cargo xtask test`, `cargo xtask bench`, `cargo xtask scale`, `cargo xtask flame`,
//! `cargo xtask evaluate`, `cargo xtask fuzz`.
//!
//! Decisive choice: a chore sets up what it needs (a Python environment, cargo tools) under the target folder, so that a fresh
//! machine with Rust runs it. What cannot be had is a clear skip with its reason; under `CI=true` it is a failure.

mod bench;
mod evaluate;
mod flame;
mod fuzz;
mod measure;
mod run;
mod scale;
mod test;
mod tidy;
mod tools;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask <chore>

  test [--quick]           every check and test; --quick leaves out lints, licences and other programs
  bench [--lines N] [--rounds N] [--only TEXT] [--check]
                           Weir beside DuckDB and gzip on the same generated files; writes docs/benchmarks.md, or with --check
                           compares with it
  bench report [--findings N] [--people N]
                           writing the case folder of 10,000 findings and 5 million people, in 60 s and 1 GB; takes 3 GB of disk
  bench scope [--people N] whom it concerned, where it is 30 million people: exactly, in 60 s and 2 GB; takes 12 GB of disk
  scale [--weir PATH] [--records N,N,...] [--one-core-max N] [--print] [--page]
                           how each stage grows with records and cores, and what follows for 25.6 TB; writes docs/scale.md, or the terminal
                           with --print; --page writes it of what was measured last; takes about 25 minutes and 8 GB of disk
  flame [--weir PATH] [--lines N]
                           where `weir ingest` spends its time, by `perf`; writes docs/flame-ingest.svg
  evaluate [--full] [--weir PATH] [--seed N] [--seeds N] [--only TEXT] [--no-curve]
                           how soon worlds' leaks are found and who is wrongly accused, in ten minutes; --full takes hours, goes on
                           where it was stopped, and has the worlds of 65 and 97 million records; writes docs/evaluation.md
  evaluate bounds [--weir PATH] [--seed N] [--seeds N]
                           whether the truth lies within what is said of how many people it concerned, in whole logs and in logs with outages;
                           25 seeds of four worlds, in twenty minutes; writes docs/bounds.md
  fuzz [--seconds N]       every fuzz target for N seconds (default 30)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["test", rest @ ..] => test::run(rest),
        ["bench", "report", rest @ ..] => bench::report::run(rest),
        ["bench", "scope", rest @ ..] => bench::scope::run(rest),
        ["bench", rest @ ..] => bench::run(rest),
        ["scale", rest @ ..] => scale::run(rest),
        ["evaluate", "bounds", rest @ ..] => evaluate::count(rest),
        ["evaluate", rest @ ..] => evaluate::run(rest),
        ["flame", rest @ ..] => flame::run(rest),
        ["fuzz", rest @ ..] => fuzz::run(rest),
        _ => {
            run::say(USAGE);
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            run::say(&format!("xtask: {why}"));
            ExitCode::FAILURE
        }
    }
}
