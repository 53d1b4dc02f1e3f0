//! A case to bytes; one file per format.
