//! The lake's behaviour, seen from outside.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod atomic;
mod common;
mod derived;
mod interop;
mod tables;
