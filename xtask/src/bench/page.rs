//! What the benches say, at the terminal and in `docs/benchmarks.md`, which is the baseline too.

use crate::run::{Done, command, root, say};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// A ratio with its bar.
pub struct Ratio {
    /// What is measured.
    pub measure: String,
    bar: f64,
    least: bool,
    /// What was seen.
    pub seen: f64,
    told: String,
}

impl Ratio {
    /// A ratio that should be large.
    pub fn at_least(measure: &str, bar: f64, seen: f64, told: String) -> Self {
        Self::new(measure, (bar, true), seen, told)
    }

    /// A ratio that should be small.
    pub fn at_most(measure: &str, bar: f64, seen: f64, told: String) -> Self {
        Self::new(measure, (bar, false), seen, told)
    }

    fn new(measure: &str, (bar, least): (f64, bool), seen: f64, told: String) -> Self {
        let ratio = Self { measure: measure.to_owned(), bar, least, seen, told };
        say(&ratio.line());
        ratio
    }

    /// Whether more is better.
    pub fn is_least(&self) -> bool {
        self.least
    }

    fn line(&self) -> String {
        let met = if self.least { self.seen >= self.bar } else { self.seen <= self.bar };
        format!(
            "| {} | {} {} | {:.2} | {} | {} |",
            self.measure,
            if self.least { "at least" } else { "at most" },
            self.bar,
            self.seen,
            self.told,
            if met { "met" } else { "**not met**" }
        )
    }
}

const PAGE: &str = "docs/benchmarks.md";
/// What is measured by hand, and stays as it is.
const KEPT: &str = "\n## Building it\n";
const HEAD: &str = "| measure | bar | ratio | ours and theirs | |\n|---|---|---|---|---|\n";

/// What else tells how fast it is.
const BESIDE: &str = "Where an ingest spends its time is drawn in [a flame graph](flame-ingest.svg), written by `cargo xtask flame`: the outermost calls stand \
     below, side by side whichever thread made them. How each stage grows with records and cores is measured by `cargo xtask scale`, which writes \
     `docs/scale.md`. The hot loops have benches of their own, which build without DataFusion: `cargo bench -p weir-sources -p weir-catalog -p \
     weir-rollup -p weir-stats -p weir-parquet` (bytes to record batches; learning and deriving; folding, digesting, and rows merged, stored and \
     read back; distinct counts, exact and in registers; batches to Parquet, beside the `parquet` crate). They say records and bytes a second; `-- --quick` takes a minute, and `-- --save-baseline before`, \
     then `-- --baseline before`, compares two states of the code.";

/// Writes the page.
pub fn write(ratios: &[Ratio], what: &str) -> Done {
    let out = |program: &str, arguments: &[&str]| {
        let said = command(program).args(arguments).output().map_err(|e| format!("{program}: {e}"))?;
        Ok::<_, String>(String::from_utf8_lossy(&said.stdout).trim().to_owned())
    };
    let commit = out("git", &["rev-parse", "--short", "HEAD"])?;
    let rustc = out("rustc", &["--version"])?;
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|l| l.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown", |(_, m)| m);
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let mut page = format!(
        "# How fast it is\n\nWritten by `cargo xtask bench` at commit `{commit}`: {what}; {cores} cores, {model}; {rustc}; DuckDB from PyPI, the faster of its \
         ways; medians over runs that take turns.\n\nFiles are generated: 200,000 addresses with a heavy tail, 60 clients, 20 days; CloudTrail's are the events of \
         `examples/cloud-account` with times, ids and addresses of their own. Questions about people are asked of a lake that knows whose data its routes show. Weir's time is that of `weir ingest`, rollups included, into a lake that does not know yet whose data the log shows, as a first ingest does \
         (what is kept once that is known stands in [scale](scale.md)); DuckDB's that of one `COPY` of the same columns.\n\n{BESIDE}\n\n{HEAD}"
    );
    for ratio in ratios {
        let _ = writeln!(page, "{}", ratio.line());
    }
    let before = std::fs::read_to_string(root().join(PAGE)).unwrap_or_default();
    page.push_str(before.find(KEPT).and_then(|at| before.get(at..)).unwrap_or_default());
    std::fs::write(root().join(PAGE), page).map_err(|e| format!("{PAGE}: {e}"))
}

/// The ratios of the committed page by what they measure.
pub fn baseline(root: &Path) -> Done<BTreeMap<String, f64>> {
    let page = std::fs::read_to_string(root.join(PAGE)).map_err(|e| format!("{PAGE}: {e}"))?;
    let cells = |line: &str| line.split('|').map(|c| c.trim().to_owned()).collect::<Vec<_>>();
    let ratio = |line: &str| {
        let cells = cells(line);
        Some((cells.get(1)?.clone(), cells.get(3)?.parse().ok()?))
    };
    Ok(page.lines().filter_map(ratio).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_the_baseline_of_the_next_run() {
        let folder = std::env::temp_dir().join(format!("weir-bench-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("docs")).unwrap();
        let ratio = Ratio::at_least("x: y, times z", 1.5, 1.25, "1 and 2".to_owned());
        std::fs::write(folder.join(PAGE), format!("{HEAD}{}\n", ratio.line())).unwrap();
        let read = baseline(&folder).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(read, BTreeMap::from([("x: y, times z".to_owned(), 1.25)]));
    }
}
