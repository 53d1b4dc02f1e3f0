//! Folds record batches into mergeable partials per entity and day: which few of these hundred million entities are worth a look.
//!
//! Decisive choice: a [`Partial`] depends only on the set of records folded into it, so any batch split, any order, any memory budget and
//! any tree of merges give equal rows. [`Fold`] keeps partials in a hash table within a budget of bytes and spills sorted runs beyond it;
//! [`Fold::finish`] merges the runs, a row at a time.
//!
//! What it refuses: names of people (it counts their hashes), judgement, and memory that grows with records, days or entities.

pub mod columns;
pub mod digest;
pub mod fold;
pub mod kind;
mod lexicon;
pub mod merge;
pub mod moment;
pub mod partial;

mod cells;
mod coded;
mod error;
mod kept;
mod number;
mod prefixes;
mod spill;
mod table;
mod touch;

pub use columns::{decode, encode, reads_with, schema};
pub use digest::Digest;
pub use error::RollupError;
pub use fold::{Fold, subject_hash};
pub use merge::{Merged, merge_neighbours, merge_sorted};
pub use number::number_of;
pub use partial::{Partial, Row, SPAN_US, bare};
