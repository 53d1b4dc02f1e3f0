//! From a file to batches of records and an account of every byte.
//!
//! Decisive choice: opening, decompressing, framing, counting and hashing are done once, here, for every source; a source sees
//! one record's bytes at a time.
