//! From what was measured to the log that Weir is for.
//!
//! Decisive choice: work is divided among workers that are what was measured, this machine's cores with a lake of their own, so that nothing is
//! presumed about more cores in one process. Beside it stands what one process would take on all cores, if what did not run in parallel here
//! (by Amdahl's law, of one core and of all) never does.

use super::fit::{Growth, Point};
use super::runs::{Measured, Run, STAGES, Stage};
use std::collections::BTreeMap;
use xtask::logs::ADDRESSES;

/// The log that Weir is for: its records, and its bytes as it lies compressed.
pub const RECORDS: f64 = 664.2e9;
pub const RAW_BYTES: f64 = 25.6e12;
/// What is to read it, and by when.
pub const CORES: f64 = 64.0;
pub const NIGHT_HOURS: f64 = 8.0;
/// A machine as it is taken to be.
pub const NODE_CORES: f64 = 16.0;
pub const NODE_MEMORY_GB: f64 = 64.0;

/// What each stage of it takes, and all together.
pub struct Plan {
    /// How many workers there are, and of how many cores.
    pub workers: f64,
    pub worker_cores: usize,
    /// Records of a worker.
    pub each: f64,
    pub stages: Vec<StagePlan>,
    /// Gigabytes a worker holds, at its greatest.
    pub memory_gb: f64,
    /// Gigabytes a worker has.
    pub memory_gb_max: f64,
    /// Terabytes of all lakes by table.
    pub lake_tb: BTreeMap<String, f64>,
}

/// What a stage takes.
pub struct StagePlan {
    pub name: &'static str,
    pub growth: Growth,
    /// How many cores it kept busy, in the largest run.
    pub busy: f64,
    /// Its time on one core, times that on all.
    pub speedup: Option<f64>,
    /// Hours of all workers side by side.
    pub hours: f64,
    /// Hours of one process with all cores.
    pub alone_hours: Option<f64>,
}

/// Something that may not suffice.
pub struct Limit {
    pub what: String,
    /// What is needed of what there is.
    pub share: f64,
}

/// The runs on all cores with the usual addresses, by size.
pub fn usual(measured: &Measured) -> Vec<&Run> {
    let all = |run: &&Run| run.cores == measured.machine.cores && run.addresses == ADDRESSES;
    measured.runs.iter().filter(all).collect()
}

impl Plan {
    /// None where fewer than two sizes were measured.
    pub fn of(measured: &Measured) -> Option<Self> {
        let usual = usual(measured);
        let largest = usual.last()?;
        let worker_cores = measured.machine.cores;
        let workers = CORES / worker_cores as f64;
        let each = RECORDS / workers;
        let growth = |of: &dyn Fn(&Run) -> f64| {
            let points: Vec<Point> = usual.iter().map(|run| (run.records as f64, of(run))).collect();
            Growth::of(&points)
        };
        let stages = STAGES.iter().enumerate().map(|(at, name)| {
            let growth = growth(&|run| stage(run, at).map_or(f64::NAN, |s| s.seconds))?;
            let speedup = speedup(measured, at);
            let alone = |speedup: f64| {
                growth.worst(RECORDS) * of_one_core(speedup, worker_cores, CORES)
                    / of_one_core(speedup, worker_cores, worker_cores as f64)
                    / 3600.0
            };
            Some(StagePlan {
                name,
                growth,
                busy: stage(largest, at).map_or(f64::NAN, |s| s.cpu_seconds / s.seconds),
                speedup,
                hours: growth.worst(each) / 3600.0,
                alone_hours: speedup.map(alone),
            })
        });
        let memory = growth(&|run| run.stages.iter().map(|s| s.memory).max().unwrap_or(0) as f64)?;
        let of_table = |name: &String| {
            let bytes = growth(&|run| run.lake.get(name).copied().unwrap_or(0).max(1) as f64)?;
            Some((name.clone(), bytes.worst(each) * workers / 1e12))
        };
        Some(Self {
            workers,
            worker_cores,
            each,
            stages: stages.collect::<Option<_>>()?,
            memory_gb: memory.worst(each) / 1e9,
            memory_gb_max: NODE_MEMORY_GB / NODE_CORES * worker_cores as f64,
            lake_tb: largest.lake.keys().filter_map(of_table).collect(),
        })
    }

    /// Hours of all stages.
    pub fn hours(&self) -> f64 {
        self.stages.iter().map(|stage| stage.hours).sum()
    }

    /// Records a second and core, of a number of hours on all cores.
    pub fn rate(hours: f64) -> f64 {
        RECORDS / (hours * 3600.0 * CORES)
    }

    /// What there is too little of first, then the others.
    pub fn limits(&self) -> Vec<Limit> {
        let limit = |what: String, share: f64| Limit { what, share };
        let mut limits = vec![limit(
            format!("memory of a worker: {:.1} of {:.0} GB", self.memory_gb, self.memory_gb_max),
            self.memory_gb / self.memory_gb_max,
        )];
        for stage in &self.stages {
            limits.push(limit(
                format!("{}, divided among workers: {:.1} of {NIGHT_HOURS} hours", stage.name, stage.hours),
                stage.hours / NIGHT_HOURS,
            ));
            if let Some(hours) = stage.alone_hours {
                limits.push(limit(
                    format!("{}, by one process: {hours:.1} of {NIGHT_HOURS} hours", stage.name),
                    hours / NIGHT_HOURS,
                ));
            }
        }
        limits.sort_by(|a, b| b.share.total_cmp(&a.share));
        limits
    }
}

/// What a stage of a run took.
pub fn stage(run: &Run, at: usize) -> Option<&Stage> {
    run.stages.get(at)
}

/// A stage's time on one core times that on all, of the largest log that both read.
fn speedup(measured: &Measured, at: usize) -> Option<f64> {
    let cores = measured.machine.cores;
    let usual = usual(measured);
    let pairs = usual.iter().rev().filter_map(|all| {
        let same =
            |one: &&Run| one.cores == 1 && one.records == all.records && one.addresses == all.addresses;
        let one = measured.runs.iter().find(same).filter(|_| cores > 1)?;
        Some(stage(one, at)?.seconds / stage(all, at)?.seconds)
    });
    pairs.take(1).next()
}

/// The share of its time on one core that something takes on some, if it was so many times as fast on `measured` cores (Amdahl).
fn of_one_core(speedup: f64, measured: usize, cores: f64) -> f64 {
    let part = 1.0 / measured as f64;
    let alone = ((1.0 / speedup - part) / (1.0 - part)).clamp(0.0, 1.0);
    alone + (1.0 - alone) / cores
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scale::runs::Machine;

    fn run(records: u64, cores: usize, seconds: f64) -> Run {
        let stage = Stage { seconds, cpu_seconds: seconds * 1.5, memory: 500_000_000 };
        let lake = BTreeMap::from([("access".to_owned(), records * 10)]);
        Run {
            records,
            addresses: ADDRESSES,
            cores,
            log_bytes: records * 16,
            stages: [stage; 3],
            lake,
            findings: 0,
        }
    }

    fn measured(runs: Vec<Run>) -> Measured {
        let machine = Machine {
            cores: 2,
            model: String::new(),
            memory_gb: 8.0,
            load: 0.0,
            commit: String::new(),
            command: String::new(),
        };
        Measured { machine, runs }
    }

    #[test]
    fn what_takes_the_night_on_two_cores_takes_it_divided() {
        // A worker's share of the records in eight hours, a third of it for each stage.
        let each = RECORDS / 32.0;
        let second = |records: f64| records / each * NIGHT_HOURS * 3600.0 / 3.0;
        let runs = [1_000_000, 10_000_000].map(|n| run(n, 2, second(n as f64))).to_vec();
        let plan = Plan::of(&measured(runs)).unwrap();
        assert!((plan.hours() - NIGHT_HOURS).abs() < 1e-6, "{}", plan.hours());
        assert!((Plan::rate(plan.hours()) - 360_351.6).abs() < 1.0, "{}", Plan::rate(plan.hours()));
        assert!((plan.lake_tb["access"] - 6.642).abs() < 1e-6);
        assert!(plan.stages.iter().all(|s| s.speedup.is_none() && s.alone_hours.is_none()));
    }

    #[test]
    fn what_gains_nothing_by_a_second_core_gains_nothing_by_more() {
        let two = [run(1_000_000, 2, 10.0), run(10_000_000, 2, 100.0)];
        let same = Plan::of(&measured([two.to_vec(), vec![run(10_000_000, 1, 100.0)]].concat())).unwrap();
        let stage = &same.stages[0];
        assert!((stage.alone_hours.unwrap() - stage.hours * 32.0).abs() < 1e-6);
        let half = Plan::of(&measured([two.to_vec(), vec![run(10_000_000, 1, 200.0)]].concat())).unwrap();
        let stage = &half.stages[0];
        assert!((stage.alone_hours.unwrap() - stage.hours).abs() < 1e-6);
        assert!(half.limits().windows(2).all(|pair| pair[0].share >= pair[1].share));
    }
}
