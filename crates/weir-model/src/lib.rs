//! The vocabulary: record tables as Arrow schemas, entities, findings, cases, configuration. No IO, no async.
