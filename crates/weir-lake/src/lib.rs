//! Delta tables, snapshots, the intake account, query sessions.
