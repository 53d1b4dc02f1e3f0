//! From a file to batches of records and an account of every byte.
//!
//! Decisive choice: opening, decompressing, framing, counting and hashing are done once, here, for every source; a source sees
//! one record's bytes at a time. Content is pushed through a framer that keeps its state between blocks, so neither the size of a
//! block nor where it is cut changes the result, and memory is bounded by one record.
//!
//! What this module refuses: an `Err` for content. A file that cannot be read, or that no source recognises, is an
//! [`weir_model::intake::Intake`] with a reason; damage in the middle of a file keeps what was read before it.

mod account;
mod csv;
mod detect;
mod file;
mod frame;
mod gzip;
mod json;
mod lines;
mod name;
mod open;
mod survey;
mod utf16;

pub use detect::{Detected, detect};
pub use file::{Chunk, FileReader, Opened, ReadBefore, Resumed};
pub use frame::{Framer, Piece};
pub use json::{ELEMENT_MAX, NESTING_MAX};
pub use lines::LINE_MAX;
pub use name::{sensor_of_path, year_of_name};
pub use open::content;

/// How much of a file's start is looked at to decide its format, in bytes of decompressed content.
pub const HEAD_MAX: usize = 64 << 10;
/// So too where that does not tell: the longest line, and as much after it.
const LOOKED_MAX: usize = LINE_MAX + HEAD_MAX;

#[cfg(test)]
mod tests;
