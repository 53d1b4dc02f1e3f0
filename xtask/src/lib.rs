//! What the project's chores share with the benches of its crates: generated logs.
//!
//! Decisive choice: a library of nothing else, so that a crate's benches read the bytes that `cargo xtask bench` reads.

pub mod logs;
