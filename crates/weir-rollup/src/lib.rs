//! Folds record batches into mergeable partials, one per (kind of entity, entity, day).
//!
//! Decisive choice: a partial's state depends only on the set of records folded, never on their order or how they were split, so that
//! partials of files, threads, ingests and machines merge to equal bytes. What does not fit the memory given is spilled sorted and
//! merged at the end; peak memory depends on neither records nor days nor entities.
//!
//! What this crate refuses: judging a number, knowing where rollups are kept, and counting people from answers that showed nothing.

mod error;
mod fold;
mod partial;
mod rows;
mod spill;

pub use error::RollupError;
pub use fold::{Fold, merge_neighbours, subject_hash};
pub use partial::Partial;
pub use rows::{decode, encode, schema};
pub use spill::{Merged, Row};
