//! The lake's behaviour, seen from outside.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests fail as tests do")]

mod atomic;
mod common;
mod deletion;
mod derived;
mod interop;
mod overlap;
mod tables;
