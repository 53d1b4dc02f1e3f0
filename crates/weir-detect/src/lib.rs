//! What is unusual, and what breaks a rule: one file per detector.
//!
//! Decisive choice: a detector is a pure reader of one lake snapshot. It asks the rollups "which few of these many", asks the records
//! "how many, whom, where" for those few, and returns findings whose ids come from their content. It keeps no state between runs,
//! reads no clock and writes nothing, so the same snapshot gives the same findings in any order and on any number of threads.
//!
//! What this crate refuses: a finding without records ([`Draft::finish`] drops none silently, it cannot be built), and an accusation
//! where the logs have a gap (then it is a limit, said in words).

mod bearer;
mod context;
pub mod coverage;
mod draft;
mod error;
mod grid;
mod hand;
mod histories;
mod members;
mod most;
mod null;
mod registry;
mod rhythm;
mod tenure;

pub mod detectors;

pub use context::{Context, Memo};
pub use draft::Draft;
pub use error::DetectError;
pub use registry::{detector, detectors, run_all};

use futures::future::{BoxFuture, FutureExt, ready};
use weir_model::Finding;

/// Days of log from which what is usual is known of those who always read.
pub const HISTORY_DAYS_MIN: u32 = 28;

/// What a detector says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Info {
    /// `reach`.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Manual page, Markdown: what it sees, formula and source, why it matters, blind spots, references.
    pub manual: &'static str,
    /// ATT&CK techniques its findings can name.
    pub attack: &'static [&'static str],
    /// Whether a finding concerns the records it cites alone, beside which the accused's ordinary work goes on; else all that they did.
    pub records_only: bool,
    /// Its part of the alert budget; none for rules, which have no chance of luck.
    pub budget_share: f64,
}

/// A detector.
pub trait Detector: Sync {
    /// Its name and manual page.
    fn info(&self) -> &'static Info;
    /// Everything it finds in a snapshot; the order does not matter, [`run_all`] sorts.
    fn run<'a>(&'a self, context: &'a Context<'a>) -> BoxFuture<'a, Result<Vec<Finding>, DetectError>>;
    /// What it makes of what all detectors found; most make nothing of it.
    fn link<'a>(
        &'a self,
        _: &'a Context<'a>,
        _: &'a mut Vec<Finding>,
    ) -> BoxFuture<'a, Result<(), DetectError>> {
        ready(Ok(())).boxed()
    }
}
