//! Bytes to records; one file per log source.
//!
//! Decisive choice: a source sees one record's bytes at a time and pushes rows; everything else (opening, decompressing, framing,
//! counting, rejects, redaction of rejects, batching, hashing) is done once, in [`read`], for all. Content decides the format:
//! each source is asked how sure it is of a file's head.
//!
//! What this crate refuses: failing on content (bad input is a [`weir_model::intake::Reject`], never an `Err`), guessing in silence
//! (an inferred year or zone is marked in `time_basis`), and writing a secret: sources put credentials through [`secrets`].

pub mod instant;
pub mod json;
#[cfg(test)]
mod laws;
pub mod read;
pub mod secrets;
pub mod source;
pub mod sources;
#[cfg(test)]
mod testing;
pub mod web;
