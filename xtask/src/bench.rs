//! `cargo xtask bench ingest`: Weir beside DuckDB on one generated file, in one run.

use crate::run::Done;

/// Runs the named bench.
pub fn run(arguments: &[&str]) -> Done {
    Err(format!("no bench `{}`", arguments.join(" ")))
}
