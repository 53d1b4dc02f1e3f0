//! Bytes to records; one file per log source.
