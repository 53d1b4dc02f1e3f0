//! What the same hand touched, before and after a finding: entities, steps between them, and a timeline.
//!
//! Decisive choice: a hand grows only over steps that a record shows: a credential the hand was issued, a role it assumed, a key or
//! user it made and that was then used. Sharing an address, a client string or a time makes nobody the same hand (that is for
//! `campaign` findings to argue, with numbers); an address joins only where the finding itself accuses it.
//!
//! What this crate refuses: steps without records, and accusing: it tells what the hand of a given finding did.

mod error;
mod hand;
mod means;
mod steps;
mod timeline;

pub use error::TraceError;
pub use hand::{Hand, hand_of, reached};
pub use steps::trace;
pub use timeline::timeline;
