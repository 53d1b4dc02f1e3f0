//! `cargo xtask bench`: Weir beside DuckDB and gzip on the same generated files, in one run.
//!
//! Decisive choice: what is kept and compared are ratios of runs that take turns, since no machine is the same twice. DuckDB is timed from its
//! first statement to its last, without its interpreter's start; Weir as a whole process.

pub mod inputs;
mod page;
pub mod report;
mod rivals;
pub mod scope;

use crate::measure::{measure, size};
use crate::run::{Done, command, finish, root, say, target};
use crate::tools;
use inputs::Input;
use page::Ratio;
use rivals::Rival;
use std::path::{Path, PathBuf};

/// Lines of the access log, records of the others, and rounds, unless asked for otherwise.
const LINES: u64 = 4_000_000;
/// Lines of the log whose people are asked for.
const ASKED_LINES: u64 = 100_000_000;
const ROUNDS: usize = 3;
/// How much worse than the baseline a ratio may be.
const WORSE_MAX: f64 = 1.1;

/// What is asked for.
struct Asked {
    lines: u64,
    asked_lines: u64,
    rounds: usize,
    only: Option<String>,
    check: bool,
}

/// Seconds, peak resident bytes, and bytes written.
#[derive(Clone, Copy)]
struct Run {
    seconds: f64,
    memory: u64,
    written: u64,
}

/// Runs the benches.
pub fn run(arguments: &[&str]) -> Done {
    let asked = read(arguments)?;
    let folder = target().join("bench");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    finish("release build", command("cargo").args(["build", "--release"]))?;
    let bench = Bench { folder, python: tools::python()?, rounds: asked.rounds };
    let mut ratios = Vec::new();
    let wants = |name: &str| asked.only.as_deref().is_none_or(|only| name.contains(only));
    for (input, records) in [
        (Input::Access, asked.lines),
        (Input::AccessGzip, asked.lines),
        (Input::CloudTrail, asked.lines / 20),
        (Input::Zeek, asked.lines / 4),
    ] {
        if wants(input.name()) {
            ratios.extend(bench.against_duckdb(input, records)?);
        }
    }
    if wants("gzip") {
        ratios.push(bench.against_gzip(asked.lines)?);
    }
    if wants("people") {
        ratios.extend(bench.people(asked.asked_lines)?);
    }
    if wants("memory") {
        ratios.push(bench.memory(asked.lines)?);
    }
    if asked.check {
        return check(&ratios);
    }
    if asked.only.is_none() {
        let what = format!(
            "{} access lines ({} for the questions about people), {} rounds",
            asked.lines, asked.asked_lines, asked.rounds
        );
        page::write(&ratios, &what)?;
    }
    Ok(())
}

const USAGE: &str =
    "usage: cargo xtask bench [--lines N] [--asked-lines N] [--rounds N] [--only TEXT] [--check]";

fn read(arguments: &[&str]) -> Done<Asked> {
    let mut asked =
        Asked { lines: LINES, asked_lines: ASKED_LINES, rounds: ROUNDS, only: None, check: false };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut next = || words.next().copied().ok_or_else(|| format!("`{word}` needs a value"));
        let wrong = || format!("`{word}` needs a whole number");
        match *word {
            "--lines" => asked.lines = next()?.parse().map_err(|_| wrong())?,
            "--asked-lines" => asked.asked_lines = next()?.parse().map_err(|_| wrong())?,
            "--rounds" => asked.rounds = next()?.parse().map_err(|_| wrong())?,
            "--only" => asked.only = Some(next()?.to_owned()),
            "--check" => asked.check = true,
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok(asked)
}

/// Whose data the generated access log shows.
const CONFIG: &str = "[[dataset]]\nname = \"orders\"\nroutes = [\"/members/{member}/orders\"]\n";

/// Where files lie, and what reads them.
struct Bench {
    folder: PathBuf,
    python: PathBuf,
    rounds: usize,
}

impl Bench {
    /// Time, memory and bytes of Weir's ingest beside DuckDB's fastest way.
    fn against_duckdb(&self, input: Input, records: u64) -> Done<Vec<Ratio>> {
        let files = input.make(&self.folder, records)?;
        let mut ours = Vec::new();
        let mut theirs: Vec<Vec<Run>> = Rival::of(input).iter().map(|_| Vec::new()).collect();
        for round in 0..self.rounds {
            say(&format!("── {}, round {}", input.name(), round + 1));
            ours.push(self.weir(&files)?);
            for (rival, runs) in Rival::of(input).iter().zip(&mut theirs) {
                runs.push(rival.run(&self.python, &files, &self.folder)?);
            }
        }
        let median_of = |runs: &[Run]| median(runs.iter().map(|r| r.seconds));
        let best =
            theirs.into_iter().min_by(|a, b| median_of(a).total_cmp(&median_of(b))).unwrap_or_default();
        let per_round = |of: fn(&Run) -> f64, up: bool| {
            let pairs = ours.iter().zip(&best);
            median(pairs.map(|(o, t)| if up { of(t) / of(o) } else { of(o) / of(t) }))
        };
        let both = |of: fn(&Run) -> f64| (median(ours.iter().map(of)), median(best.iter().map(of)));
        let name = |what: &str| format!("{}: {what}", input.name());
        let n = records as f64;
        let (our_time, their_time) = both(|r| r.seconds);
        let (our_memory, their_memory) = both(|r| r.memory as f64 / 1e6);
        let (our_bytes, their_bytes) = both(|r| r.written as f64);
        Ok(vec![
            Ratio::at_least(
                &name("records a second, times DuckDB's"),
                1.5,
                per_round(|r| r.seconds, true),
                format!("{:.0} and {:.0} a second", n / our_time, n / their_time),
            ),
            Ratio::at_most(
                &name("peak memory, times DuckDB's"),
                1.0,
                per_round(|r| r.memory as f64, false),
                format!("{our_memory:.0} and {their_memory:.0} MB"),
            ),
            Ratio::at_most(
                &name("bytes a record kept, times DuckDB's zstd Parquet"),
                1.5,
                per_round(|r| r.written as f64, false),
                format!("{:.1} and {:.1} bytes", our_bytes / n, their_bytes / n),
            ),
        ])
    }

    /// The ingest of a compressed log beside decompressing it alone.
    fn against_gzip(&self, lines: u64) -> Done<Ratio> {
        let files = Input::AccessGzip.make(&self.folder, lines)?;
        let mut ratios = Vec::new();
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..self.rounds {
            say(&format!("── gzip alone, round {}", round + 1));
            let our = self.weir(&files)?.seconds;
            let (their, _) = measure(command("gzip").arg("-dc").arg(&files))?;
            ratios.push(our / their);
            ours.push(our);
            theirs.push(their);
        }
        let told = format!("{:.1} and {:.1} s", median(ours.into_iter()), median(theirs.into_iter()));
        Ok(Ratio::at_most(
            "access log, gzip: time, times that of `gzip -dc` alone",
            1.5,
            median(ratios.into_iter()),
            told,
        ))
    }

    /// What is asked of a lake that knows whose data its routes show, beside DuckDB on its Parquet of the same log.
    fn people(&self, lines: u64) -> Done<Vec<Ratio>> {
        let files = Input::AccessDays.make(&self.folder, lines)?;
        let theirs = self.folder.join("duckdb.parquet");
        let way = Rival::of(Input::AccessDays).first().ok_or("DuckDB has no way to read it")?;
        say("── people: DuckDB's Parquet");
        way.run(&self.python, &files.join("*.log.gz"), &self.folder)?;
        say("── people: the lake");
        let config = self.folder.join("weir.toml");
        std::fs::write(&config, CONFIG).map_err(|e| format!("{}: {e}", config.display()))?;
        let lake = self.folder.join("lake");
        let _ = std::fs::remove_dir_all(&lake);
        let weir = || command(target().join("release/weir"));
        let (config, lake) = (config.display().to_string(), lake.display().to_string());
        let ends = ["--lake", lake.as_str(), "--config", config.as_str()];
        finish("ingest", weir().arg("ingest").arg(&files).args(ends))?;
        let ask = |name: &str, bar: f64, ours: &str, other: &str| -> Done<[Ratio; 2]> {
            let other = other.replace("{file}", &theirs.display().to_string());
            let (mut seconds, mut ratios) = ((Vec::new(), Vec::new()), Vec::new());
            let mut memory = (Vec::new(), Vec::new());
            for round in 0..self.rounds {
                say(&format!("── {name}, round {}", round + 1));
                let asked = ["--unmask", "--reason", "bench"];
                let (our, held) = measure(weir().arg("sql").args(ends).args(asked).arg(ours))?;
                let their = rivals::query(&self.python, &other)?;
                ratios.push(their.seconds / our);
                seconds.0.push(our);
                seconds.1.push(their.seconds);
                memory.0.push(held as f64);
                memory.1.push(their.memory as f64);
            }
            let (our, their) = (median(seconds.0.into_iter()), median(seconds.1.into_iter()));
            let told = format!("{our:.2} and {their:.2} s");
            let faster = Ratio::at_least(
                &format!("{name}: speed, times DuckDB's"),
                bar,
                median(ratios.into_iter()),
                told,
            );
            let (our, their) = (median(memory.0.into_iter()), median(memory.1.into_iter()));
            let told = format!("{:.0} and {:.0} MB", our / 1e6, their / 1e6);
            Ok([
                faster,
                Ratio::at_most(&format!("{name}: peak memory, times DuckDB's"), 1.0, our / their, told),
            ])
        };
        let reach = ask(
            "people per address over all days, beside `approx_count_distinct`",
            10.0,
            "SELECT count(*), max(n) FROM (SELECT entity, distinct_count(people, entity) AS n FROM rollup WHERE kind = 'origin' GROUP BY 1)",
            "SELECT count(*), max(n) FROM (SELECT src_ip, approx_count_distinct(split_part(path, '/', 3)) AS n FROM '{file}' WHERE status = 200 GROUP BY 1)",
        )?;
        let some = "src_ip LIKE '10.0.1.%'";
        let exact = ask(
            "exact people of a campaign of 256 addresses",
            1.0,
            &format!("SELECT count(DISTINCT subject) FROM access WHERE {some} AND shown"),
            &format!(
                "SELECT count(DISTINCT split_part(path, '/', 3)) FROM '{{file}}' WHERE {some} AND status = 200"
            ),
        )?;
        Ok(reach.into_iter().chain(exact).collect())
    }

    /// Peak memory of ten times the records, of the same addresses.
    fn memory(&self, lines: u64) -> Done<Ratio> {
        let (few, many) =
            (Input::Access.make(&self.folder, lines / 10)?, Input::Access.make(&self.folder, lines)?);
        say("── memory");
        let (few, many) = (self.weir(&few)?.memory as f64, self.weir(&many)?.memory as f64);
        let told = format!("{:.0} and {:.0} MB", many / 1e6, few / 1e6);
        Ok(Ratio::at_most("access log: peak memory, ten times the records", 1.2, many / few, told))
    }

    /// Files into a new lake, with rollups.
    fn weir(&self, files: &Path) -> Done<Run> {
        let lake = self.folder.join("lake");
        let _ = std::fs::remove_dir_all(&lake);
        let program = target().join("release/weir");
        let (seconds, memory) = measure(command(program).arg("ingest").arg(files).arg("--lake").arg(&lake))?;
        Ok(Run { seconds, memory, written: size(&lake) })
    }
}

/// Fails where a ratio is worse than the baseline's by more than a tenth.
fn check(ratios: &[Ratio]) -> Done {
    let baseline = page::baseline(&root())?;
    let mut worse = Vec::new();
    for ratio in ratios {
        let Some(before) = baseline.get(&ratio.measure) else { continue };
        let by = if ratio.is_least() { before / ratio.seen } else { ratio.seen / before };
        if by > WORSE_MAX {
            worse.push(format!("{}: {:.2}, was {before:.2}", ratio.measure, ratio.seen));
        }
    }
    if worse.is_empty() {
        Ok(())
    } else {
        Err(format!("worse than docs/benchmarks.md says: {}", worse.join("; ")))
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
