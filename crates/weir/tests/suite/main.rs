//! The program as a user at a terminal meets it.

#![expect(clippy::unwrap_used, reason = "a test that cannot start the program fails")]

mod bucket;
#[cfg(feature = "cluster")]
mod cluster;
mod evidence;
mod findings;
mod hold;
mod inputs;
mod lakes;
mod scope;
mod terminal;
