//! Worlds with known truth, written as raw logs.
//!
//! A world is a calendar, a population and a site; actors make traffic in it day by day; sensors write what they see in
//! real log formats; and the truth is counted from the very events that were written. The decisive choices: one random
//! stream per actor and day, so that the same seed gives the same bytes and a new actor changes nobody else's traffic; one
//! day in memory at a time; and no knowledge of detectors, with which this crate shares no code. It reads no clock, and no logs but
//! those it is told to write a scenario into; it gives an attacker no mark that an innocent could not carry.
//!
//! ```no_run
//! use std::path::{Path, PathBuf};
//! let options = weir_sim::Options { seed: 7, ..weir_sim::Options::default() };
//! let summary = weir_sim::simulate("shop", Path::new("world"), &options)?;
//! assert!(summary.leaked * 50 < summary.records);
//! # Ok::<(), weir_sim::Error>(())
//! ```
//!
//! A new scenario is one file under `scenario/` and one line in its table; a new kind of ordinary traffic is one file under
//! `ordinary/`; a new log format is one file under `format/`.

mod background;
pub mod client;
pub mod clock;
mod error;
pub mod event;
pub mod format;
pub mod inventory;
pub mod life;
pub mod net;
pub mod ordinary;
mod output;
mod play;
pub mod query;
pub mod random;
pub mod scenario;
mod settings;
pub mod signin;
pub mod site;
pub mod text;
mod truth;
pub mod world;

use std::path::{Path, PathBuf};

pub use error::{Error, Result};
pub use output::Codec;
pub use play::{Log, Summary};
pub use scenario::{Info, scenarios};
pub use settings::Setting;
pub use truth::{Address, Attacker, Beneath, Innocent, Leak, Subject, Truth};

/// How a world is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Same seed, same bytes.
    pub seed: u64,
    /// Days of logs; the scenario's own number where none is given.
    pub days: Option<u32>,
    /// Size of the population: 1 is the scenario's own.
    pub scale: f64,
    /// Compression of every log; the scenario's own where none is given.
    pub codec: Option<Codec>,
    /// What the scenario's settings are to be, by name; its own defaults where none are given.
    pub settings: Vec<(String, f64)>,
    /// Real logs that the scenario is written into; none, and it has ordinary traffic of its own.
    pub background: Vec<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, days: None, scale: 1.0, codec: None, settings: Vec::new(), background: Vec::new() }
    }
}

/// Longest world: ten years.
const DAYS_MAX: u32 = 3_653;
/// Smallest and largest population, as a multiple of the scenario's own.
const SCALE: std::ops::RangeInclusive<f64> = 0.01..=10_000.0;
/// Members for whom ids are set aside at least where ids are given, at scale 1.
const MEMBERS_MIN: f64 = 4_000.0;

/// What holds for every scenario that is written into real logs.
const OVER_REAL_LOGS: &str = "
## Over real logs

With `--background FILE` (once or more; Apache or nginx in the combined form; plain, gzip or zstd) the ordinary traffic is real: only the
attacker's requests are written, between the lines of those logs, of which no byte changes. The scenario begins with the first day of the logs
and lasts as long as they do. Ids of people are numbers that no path of theirs has; whoever passes as a person there does so under client
strings that people have there, and looks at pages that are there; a log of issued tokens or of a database is the scenario's own. The form
shows no session, so what only a session shows no log shows. `truth.json` counts what was written, and each log's own lines beside it.
";

/// A scenario's page: what happens, and what its player may choose.
///
/// # Errors
///
/// Where no scenario has the name.
pub fn about(scenario: &str) -> Result<String> {
    let info = scenario::find(scenario)?;
    let mut page = info.manual.to_owned();
    page.push_str(OVER_REAL_LOGS);
    page.push_str("\n## Settings\n\n");
    page.push_str(&format!("{} days unless told otherwise. ", info.days));
    if info.settings.is_empty() {
        page.push_str("Nothing else may be chosen.\n");
        return Ok(page);
    }
    page.push_str("With `--set NAME=NUMBER`:\n\n| name | default | between | what |\n|---|---|---|---|\n");
    for setting in info.settings {
        let (low, high) = setting.bounds;
        page.push_str(&format!(
            "| {} | {} | {low} and {high} | {} |\n",
            setting.name, setting.default, setting.about
        ));
    }
    Ok(page)
}

/// Writes a world: `out/logs/*`, `out/weir.toml`, `out/keys.csv`, `out/people.csv` and `out/truth.json`.
///
/// With real logs for a background it lasts as long as they do, begins with their first day, and its attackers' accesses alone lie
/// between their lines, of which no byte changes.
///
/// # Errors
///
/// Where no scenario has the name, an option is out of bounds, a real log cannot be read, or a file cannot be written.
pub fn simulate(scenario: &str, out: &Path, options: &Options) -> Result<Summary> {
    let info = scenario::find(scenario)?;
    let settings = settings::Settings::read(info.settings, &options.settings)?;
    if !SCALE.contains(&options.scale) {
        let value = options.scale.to_string();
        return Err(Error::Option { option: "scale", value, bounds: "between 0.01 and 10000" });
    }
    let surveyed = match options.background.as_slice() {
        [] => None,
        logs => Some(background::Surveyed::read(logs, options.seed)?),
    };
    let covered = surveyed.as_ref().map(background::Surveyed::days);
    let days = options.days.or(covered).unwrap_or(info.days);
    if !(1..=covered.unwrap_or(DAYS_MAX)).contains(&days) {
        let bounds = if covered.is_some() {
            "at least 1 and no more than the background covers"
        } else {
            "between 1 and 3653"
        };
        return Err(Error::Option { option: "days", value: days.to_string(), bounds });
    }
    let members = (settings.number("members").max(MEMBERS_MIN) * options.scale) as u32;
    let place = surveyed.as_ref().map(|surveyed| surveyed.place(members)).transpose()?;
    let size = scenario::Size { seed: options.seed, days, scale: options.scale, place };
    play::play(info.name, (info.build)(size, &settings), out, options.codec, surveyed)
}
