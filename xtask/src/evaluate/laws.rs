//! What must hold whatever is found: memory over time, time over records, and the same answer however the logs arrive.

use super::drive::{Bench, World};
use super::judge::findings;
use super::pieces;
use crate::measure::measure;
use crate::run::{Done, command};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What was measured of two runs: the lesser and the greater.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Pair {
    pub less: f64,
    pub more: f64,
}

impl Pair {
    /// The greater as a multiple of the lesser.
    pub fn ratio(&self) -> f64 {
        self.more / self.less.max(f64::MIN_POSITIVE)
    }
}

/// One way in which the logs arrived, and how many findings differ from those of all logs at once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Arrival {
    pub how: String,
    pub findings: u64,
    pub differ: u64,
}

/// Peak memory over 30 days and over 208, of the same population.
pub fn memory(bench: &Bench, place: &Path, seed: u64, members: f64) -> Done<Pair> {
    let peak = |days: u32| -> Done<f64> {
        let at = place.join(days.to_string());
        let settings = [("members", members)];
        let world = World {
            scenario: "quiet-year",
            days,
            settings: &settings,
            seed,
            background: None,
            compressed: false,
        };
        bench.simulate(&world, &at)?;
        let (_, peak) = measure(&mut bench.investigation(&at, &[at.join("logs")], &at.join("case")))?;
        std::fs::remove_dir_all(&at).map_err(|e| e.to_string())?;
        Ok(peak as f64)
    };
    Ok(Pair { less: peak(30)?, more: peak(208)? })
}

/// Seconds of an investigation of what a lake holds, of a world and of the same with every line ten times.
pub fn time(bench: &Bench, place: &Path, world: &World<'_>) -> Done<Pair> {
    let at = place.join("world");
    bench.simulate(world, &at)?;
    let tenfold = place.join("tenfold");
    pieces::repeat(&at.join("logs"), &tenfold, 10)?;
    let seconds = |logs: PathBuf, name: &str| -> Done<f64> {
        let (lake, case) = (place.join(format!("{name}-lake")), place.join(format!("{name}-case")));
        bench.ingest(&at, &[logs], &lake)?;
        let run = || measure(bench.investigation(&at, &[], &case).arg("--lake").arg(&lake));
        // The first folds what the ingest taught; it is not counted.
        run()?;
        Ok(run()?.0.min(run()?.0))
    };
    Ok(Pair { less: seconds(at.join("logs"), "once")?, more: seconds(tenfold, "tenfold")? })
}

/// The same logs by one thread, in other orders, and day by day.
pub fn arrivals(bench: &Bench, place: &Path, seed: u64) -> Done<Vec<Arrival>> {
    let at = place.join("world");
    let settings = [("members", 800.0), ("people", 20.0), ("addresses", 6.0)];
    let world = World {
        scenario: "forged-tokens",
        days: 24,
        settings: &settings,
        seed,
        background: None,
        compressed: false,
    };
    bench.simulate(&world, &at)?;
    let run = |name: &str, logs: &[PathBuf]| -> Done<Vec<Value>> {
        let case = place.join(name);
        measure(&mut bench.investigation(&at, logs, &case))?;
        findings(&case)
    };
    let logs = pieces::files(&at.join("logs"))?;
    let whole = run("whole", &[at.join("logs")])?;
    let mut all = Vec::new();
    let mut add = |how: &str, from: &[Value], to: &[Value], cites: bool| {
        let (from, to) = (stripped(from, cites), stripped(to, cites));
        let differ = from
            .iter()
            .filter(|f| !to.contains(f))
            .count()
            .max(to.iter().filter(|f| !from.contains(f)).count());
        all.push(Arrival { how: how.to_owned(), findings: from.len() as u64, differ: differ as u64 });
    };
    if command("taskset").arg("--version").output().is_ok_and(|out| out.status.success()) {
        let case = place.join("one-thread");
        let investigate = bench.investigation(&at, &[at.join("logs")], &case);
        let mut alone = command("taskset");
        alone.args(["-c", "0"]).arg(investigate.get_program()).args(investigate.get_args());
        measure(&mut alone)?;
        add("one thread instead of all", &whole, &findings(&case)?, true);
    }
    let backwards: Vec<PathBuf> = logs.iter().rev().cloned().collect();
    add("files named in the other order", &whole, &run("backwards", &backwards)?, true);
    // Rotated as logs are; a file's name is part of what a citation says, so citations are left out.
    let days = pieces::by_day(&at.join("logs"), &place.join("days"), |nth, _| nth)?;
    let renamed = pieces::by_day(&at.join("logs"), &place.join("renamed"), |nth, of| of - nth)?;
    let rotated = run("rotated", &days.concat())?;
    add("files rotated daily", &whole, &rotated, false);
    add(
        "rotated files renamed so that their order is reversed",
        &rotated,
        &run("reversed", &renamed.concat())?,
        false,
    );
    let lake = place.join("daily-lake");
    for day in &days {
        bench.ingest(&at, day, &lake)?;
    }
    let case = place.join("daily");
    measure(bench.investigation(&at, &[], &case).arg("--lake").arg(&lake))?;
    add("day by day into one lake", &rotated, &findings(&case)?, true);
    Ok(all)
}

/// Findings without what may differ: the lake's versions, and, where files have other names, the lines cited.
fn stripped(findings: &[Value], cites: bool) -> Vec<Value> {
    let mut all = findings.to_vec();
    for finding in all.iter_mut().filter_map(Value::as_object_mut) {
        finding.remove("snapshot");
        if !cites {
            finding.remove("evidence");
        }
    }
    all
}
