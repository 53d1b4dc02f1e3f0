//! The joiner: investigate, ingest, detect; the library API.
