//! The statistics Weir stands on: distinct counts, samples, tail probabilities, robust baselines, peer groups, an alert budget.
//!
//! Decisive choices:
//!
//! - **State depends only on the set of inputs.** Every mergeable thing here gives the same bytes in any order of insertion and any
//!   tree of merges, so an answer does not depend on batch size, file order or thread count. No sketch has a random seed, and no
//!   estimate uses the order of arrival (so no HIP estimator).
//! - **Probabilities are computed as logarithms.** A quiet leak is judged at 1e-12 and below, where `1 - cdf` is zero; every tail has
//!   an `ln_` form without that floor.
//! - **When in doubt, the larger p-value.** Baselines answer with the larger of two models' tails, peers never answer below
//!   `1 / (n + 1)` without a fitted tail, fitted tails use an upper bound of the index. A p-value that lies costs the reader's trust.
//! - **The budget counts expected false alarms**, which add up whatever the dependence between tests; no assumption is made.
//!
//! What this crate refuses: a clock, IO, async, randomness, knowledge of records or entities. Days are numbers given by the caller.

pub mod baseline;
pub mod budget;
pub mod combine;
pub mod distinct;
pub mod drift;
pub mod everybody;
pub mod growth;
pub mod hash;
pub mod histogram;
pub mod merge;
pub mod peers;
pub mod sample;
pub mod seasonal;
pub mod series;
pub mod tail;
pub mod wire;

mod error;
mod hll;
mod special;

pub use baseline::{Baseline, Prior};
pub use budget::{Budget, Family};
pub use distinct::Distinct;
pub use error::StatsError;
pub use hash::{hash64, hash64_in};
pub use histogram::LogHistogram;
pub use merge::Merge;
pub use peers::{PeerP, PeerTail, Peers};
pub use sample::{BottomK, OneValue, Share};
pub use seasonal::Seasonal;
pub use series::{Cusum, Sliding, WINDOWS, Window, sliding, windows_within};
pub use wire::Wire;
