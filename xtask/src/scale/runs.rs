//! One log, its lake and its case: what each stage took.

use crate::measure::{children_cpu, measure, size};
use crate::run::{Done, command, say};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;
use xtask::logs::{AccessLog, DAYS};

/// Everything that was measured, and where.
#[derive(Serialize, Deserialize)]
pub struct Measured {
    pub machine: Machine,
    pub runs: Vec<Run>,
}

/// The machine, as it was when the first run began.
#[derive(Serialize, Deserialize)]
pub struct Machine {
    pub cores: usize,
    pub model: String,
    pub memory_gb: f64,
    /// Processes that ran or waited for a core, over the minute before.
    pub load: f64,
    pub commit: String,
    /// The command line that measured, without paths.
    pub command: String,
}

/// A log to be generated.
pub struct World {
    pub records: u64,
    pub addresses: u64,
    pub members: u64,
    /// Whether everybody is shown in turn, and every answer is a success; people by chance if not.
    pub in_turn: bool,
}

/// What a world's log took on some cores.
#[derive(Clone, Serialize, Deserialize)]
pub struct Run {
    pub records: u64,
    pub addresses: u64,
    pub cores: usize,
    /// Bytes of the compressed log.
    pub log_bytes: u64,
    /// In the order of [`STAGES`].
    pub stages: [Stage; 3],
    /// Bytes of the lake by table.
    pub lake: BTreeMap<String, u64>,
    pub findings: usize,
}

/// What a stage took.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Stage {
    pub seconds: f64,
    pub cpu_seconds: f64,
    pub memory: u64,
}

/// What is measured one at a time.
pub const STAGES: [&str; 3] = ["ingest", "folding again", "detection, tracing, report"];

/// A day without records: an investigation of it folds again, if the catalog has changed, and does nothing else.
const NO_RECORDS: [&str; 4] = ["--since", "2030-01-01", "--until", "2030-01-02"];

impl Machine {
    pub fn new(arguments: &[&str]) -> Done<Self> {
        let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let (cpu, memory, load) = (file("/proc/cpuinfo"), file("/proc/meminfo"), file("/proc/loadavg"));
        let model = cpu.lines().find_map(|l| l.strip_prefix("model name")?.split_once(": "));
        let total_kb: Option<f64> =
            memory.lines().find_map(|l| l.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse().ok());
        let commit = command("git")
            .args(["rev-parse", "--short", "HEAD"])
            .output()
            .map_err(|e| format!("git: {e}"))?;
        let mut words = vec!["cargo xtask scale"];
        let mut path = false;
        for word in arguments {
            words.push(if path { "PATH" } else { word });
            path = *word == "--weir";
        }
        Ok(Self {
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            model: model.map_or("unknown", |(_, model)| model).to_owned(),
            memory_gb: total_kb.unwrap_or(0.0) / 1e6,
            load: load.split_whitespace().next().and_then(|l| l.parse().ok()).unwrap_or(0.0),
            commit: String::from_utf8_lossy(&commit.stdout).trim().to_owned(),
            command: words.join(" "),
        })
    }
}

impl World {
    /// Writes its log, a compressed file a day, on all cores.
    pub fn write(&self, folder: &Path) -> Done {
        std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let writers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let days: Vec<u64> = (0..DAYS).collect();
        std::thread::scope(|threads| {
            let parts = days.chunks(days.len().div_ceil(writers));
            let writing: Vec<_> = parts
                .map(|days| threads.spawn(|| days.iter().try_for_each(|day| self.write_day(folder, *day))))
                .collect();
            writing
                .into_iter()
                .try_for_each(|writer| writer.join().map_err(|_| "a writer panicked".to_owned())?)
        })
    }

    fn write_day(&self, folder: &Path, day: u64) -> Done {
        let log = AccessLog {
            seed: 2026 + day,
            // So that all days together have all records.
            lines: self.records * (day + 1) / DAYS - self.records * day / DAYS,
            days: day..day + 1,
            addresses: self.addresses,
            members: self.members,
            first: self.in_turn.then(|| self.records * day / DAYS),
        };
        let path = folder.join(format!("access-2025-06-{:02}.log.gz", day + 1));
        let written = File::create(&path).and_then(|file| {
            let packed = GzEncoder::new(BufWriter::new(file), Compression::default());
            log.write(packed)?.finish()?.flush()
        });
        written.map_err(|e| format!("{}: {e}", path.display()))
    }

    /// Runs every stage on so many cores, on a lake of its own, of which nothing is kept.
    pub fn measure(&self, weir: &Path, folder: &Path, log: &Path, cores: usize) -> Done<Run> {
        let (lake, case) = (folder.join("lake"), folder.join("case"));
        let clear = || [&lake, &case].map(|place| drop(std::fs::remove_dir_all(place)));
        clear();
        let run = self.stages(weir, cores, [log, &lake, &case]);
        clear();
        run
    }

    fn stages(&self, weir: &Path, cores: usize, [log, lake, case]: [&Path; 3]) -> Done<Run> {
        let [reading, folding, detecting] = STAGES;
        let mut ingest = pinned(weir, cores);
        ingest.arg("ingest").arg(log).arg("--lake").arg(lake);
        let ingest = self.stage(reading, cores, &mut ingest)?;
        let investigate = || {
            let mut investigate = pinned(weir, cores);
            investigate.arg("investigate").arg("--lake").arg(lake).arg("-o").arg(case);
            investigate
        };
        let fold = self.stage(folding, cores, investigate().args(NO_RECORDS))?;
        let detect = self.stage(detecting, cores, &mut investigate())?;
        Ok(Run {
            records: self.records,
            addresses: self.addresses,
            cores,
            log_bytes: size(log),
            stages: [ingest, fold, detect],
            lake: tables(lake),
            findings: findings(case)?,
        })
    }

    fn stage(&self, name: &str, cores: usize, program: &mut Command) -> Done<Stage> {
        let before = children_cpu()?;
        let (seconds, memory) = measure(program)?;
        let cpu_seconds = children_cpu()? - before;
        let (records, megabytes) = (self.records, memory as f64 / 1e6);
        say(&format!(
            "   {records} records, cores: {cores}, {name}: {seconds:.1} s, {cpu_seconds:.1} s of cores, {megabytes:.0} MB"
        ));
        Ok(Stage { seconds, cpu_seconds, memory })
    }
}

/// The program on the first core or on all.
fn pinned(weir: &Path, cores: usize) -> Command {
    if cores > 1 {
        return command(weir);
    }
    let mut taskset = command("taskset");
    taskset.args(["-c", "0"]).arg(weir);
    taskset
}

/// Bytes of each table of a lake that has any to speak of.
fn tables(lake: &Path) -> BTreeMap<String, u64> {
    let entries = std::fs::read_dir(lake).into_iter().flatten().flatten();
    let tables = entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), size(&entry.path())));
    tables.collect()
}

fn findings(case: &Path) -> Done<usize> {
    let path = case.join("case.json");
    let wrong = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let text = std::fs::read(&path).map_err(|e| wrong(&e))?;
    let case: serde_json::Value = serde_json::from_slice(&text).map_err(|e| wrong(&e))?;
    case["findings"].as_array().map(Vec::len).ok_or_else(|| wrong(&"it has no findings"))
}
