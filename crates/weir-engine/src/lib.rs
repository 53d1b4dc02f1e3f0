//! The joiner: files in, a case out. The only crate that knows every stage.
//!
//! Decisive choice: each stage runs to its end before the next reads, and what passes between them lies in the lake, so a kill at any
//! moment leaves a lake that opens and a run that resumes. Progress is reported through [`Progress`]; nothing is printed here.
//!
//! What this crate refuses: deciding what a record means (sources, catalog), what is unusual (detect) or whose data it is (scope).

mod case;
mod configured;
mod days;
mod error;
pub mod evidence;
mod explain;
mod fold;
mod holds;
mod incident;
mod ingest;
mod investigate;
mod keys;
mod life;
mod masking;
mod person;
mod progress;
mod recipe;
mod retain;
mod scoping;
mod seen;
mod settings;
mod timeline;
mod walk;

pub use configured::other_configuration;
pub use error::EngineError;
pub use explain::explain;
pub use holds::{Held, Order, held_now, hold, holds, read as read_case, release_hold};
pub use ingest::{Ingested, Then, ingest};
pub use investigate::{
    Answer, Asked, Investigated, Investigation, Unmasked, investigate, learn, open_lake, sql,
};
pub use keys::fingerprints;
pub use life::{Said, listed, say};
pub use masking::{mask_case, render_masked};
pub use progress::{Progress, Quiet};
pub use recipe::rebuild;
pub use retain::{Deleted, Erasure, Run, erase, retain};
pub use scoping::{Scoping, scope};
pub use settings::Settings;

/// Name and version of this program.
pub const PROGRAM: &str = concat!("weir ", env!("CARGO_PKG_VERSION"));

pub use weir_detect::detectors::retention::{LOOK_BACK_DAYS, too_short};
pub use weir_detect::{Info as DetectorInfo, detectors};
pub use weir_evidence;
pub use weir_lake::{
    Address, Cluster, Executor, LakeError, Memory, Removed, Scheduler, Why, days_before, is_bucket,
    run_executor, run_scheduler,
};
pub use weir_model as model;
pub use weir_report as report;
pub use weir_scope::{People, ScopeError};
pub use weir_sources::sources;
