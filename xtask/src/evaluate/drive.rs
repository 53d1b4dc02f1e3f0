//! Driving the program as a user would, and keeping what was measured, so that an interrupted evaluation goes on where it stopped.

use crate::measure::{self, measure, measure_within};
use crate::run::{Done, command, root, say};
use serde::{Serialize, de::DeserializeOwned};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The program and the folder of what it was measured to do.
pub struct Bench {
    pub program: PathBuf,
    pub folder: PathBuf,
    /// Whether what was measured before still holds.
    pub keeps: bool,
    /// When nothing new is begun any more; none where all is to be measured.
    pub limit: Option<Duration>,
    started: Instant,
    /// What each kind of measurement last took.
    took: RefCell<BTreeMap<String, Duration>>,
    /// Measurements that could not be made, each with its reason.
    pub failed: RefCell<Vec<String>>,
}

/// How much is to be done for a measurement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// It is made, unless it was before.
    Measure,
    /// Only what was measured before counts.
    Recall,
}

/// A world to be written.
pub struct World<'a> {
    pub scenario: &'a str,
    pub days: u32,
    pub settings: &'a [(&'a str, f64)],
    pub seed: u64,
    pub background: Option<&'a Path>,
    /// Whether its logs are to be compressed.
    pub compressed: bool,
}

impl Bench {
    #[expect(clippy::disallowed_methods, reason = "it measures")]
    pub fn new(program: PathBuf, folder: PathBuf, keeps: bool, limit: Option<Duration>) -> Self {
        let started = Instant::now();
        Self { program, folder, keeps, limit, started, took: RefCell::default(), failed: RefCell::default() }
    }

    /// Time since the beginning.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// What was measured under a name, now or before; none where there is no time left or it failed, which is noted and ends nothing else.
    /// The measurement has a folder, which is removed.
    pub fn once<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        seed: u64,
        effort: Effort,
        measurement: impl FnOnce(&Path) -> Done<T>,
    ) -> Done<Option<T>> {
        let file = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let kept = self.folder.join(format!("{file}-{seed}.json"));
        if self.keeps
            && let Ok(text) = std::fs::read(&kept)
            && let Ok(value) = serde_json::from_slice(&text)
        {
            return Ok(Some(value));
        }
        let before = self.elapsed();
        let usually = self.took.borrow().get(name).copied().unwrap_or_default();
        if effort == Effort::Recall || self.limit.is_some_and(|limit| before + usually > limit) {
            return Ok(None);
        }
        say(&format!("   {name}, seed {seed}"));
        let place = self.folder.join(format!("world-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&place);
        std::fs::create_dir_all(&place).map_err(|e| format!("{}: {e}", place.display()))?;
        let measured = measurement(&place);
        let _ = std::fs::remove_dir_all(&place);
        self.took.borrow_mut().insert(name.to_owned(), self.elapsed().saturating_sub(before));
        match measured {
            Ok(value) => {
                let text = serde_json::to_vec(&value).map_err(|e| e.to_string())?;
                std::fs::write(&kept, text).map_err(|e| format!("{}: {e}", kept.display()))?;
                Ok(Some(value))
            }
            Err(why) => {
                say(&format!("── {name}, seed {seed}: {why}"));
                self.failed.borrow_mut().push(format!("{name}, seed {seed}: {why}"));
                Ok(None)
            }
        }
    }

    /// Writes a world.
    pub fn simulate(&self, world: &World<'_>, at: &Path) -> Done {
        let mut simulate = command(&self.program);
        simulate.args(["simulate", world.scenario, "--seed", &world.seed.to_string(), "-o"]).arg(at);
        if world.days > 0 {
            simulate.args(["--days", &world.days.to_string()]);
        }
        for (name, value) in world.settings {
            simulate.args(["--set", &format!("{name}={value}")]);
        }
        if let Some(log) = world.background {
            simulate.arg("--background").arg(log);
        }
        if world.compressed {
            simulate.args(["--codec", "zstd"]);
        }
        measure(&mut simulate).map(|_| ())
    }

    /// The command that investigates a world's logs, or, without any, what a lake holds.
    pub fn investigation(&self, world: &Path, logs: &[PathBuf], case: &Path) -> Command {
        let mut investigate = command(&self.program);
        investigate.arg("investigate").args(logs).arg("-o").arg(case);
        investigate.arg("--config").arg(world.join("weir.toml"));
        investigate
    }

    /// Reads logs into a lake.
    pub fn ingest(&self, world: &Path, logs: &[PathBuf], lake: &Path) -> Done {
        let mut ingest = command(&self.program);
        ingest.arg("ingest").args(logs).arg("--lake").arg(lake).arg("--config").arg(world.join("weir.toml"));
        measure(&mut ingest).map(|_| ())
    }

    /// Seconds and peak bytes of a command of at most an hour.
    pub fn within_the_hour(command: &mut Command) -> Done<(f64, u64)> {
        measure_within(command, Some(Duration::from_secs(3_600)))
    }

    /// Why a world of this size cannot be written now.
    pub fn lacks_room(&self, needs_gb: u64) -> Option<String> {
        measure::lacks_room(&self.folder, needs_gb)
    }
}

/// A file of the shared data; none, with a word about it, where it is not here.
pub fn shared(path: &str) -> Option<PathBuf> {
    let found = root().join("../shared/data").join(path);
    if !found.exists() {
        say(&format!("── skipped: {} is not here", found.display()));
        return None;
    }
    Some(found)
}
