//! The program as a user at a terminal meets it.

#![expect(clippy::unwrap_used, reason = "a test that cannot start the program fails")]

mod bucket;
#[cfg(feature = "cluster")]
mod cluster;
mod erase;
mod evidence;
mod findings;
mod hold;
mod inputs;
mod lakes;
mod rotation;
mod scope;
mod terminal;
#[expect(dead_code, clippy::print_stdout, reason = "of the tools of evidence's own tests; a skip says why")]
#[path = "../../../weir-evidence/tests/suite/tools.rs"]
mod tools;
