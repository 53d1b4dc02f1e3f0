//! The lake: records, rollups and the intake account as Delta tables in one folder; atomic ingests, pinned snapshots, read-only SQL.
//!
//! Decisive choice: Delta keeps the log and nothing else. An ingest exists once its file in `intake` commits, and every reader
//! filters every table by that; scans are ordinary Parquet scans over the files a snapshot names, so a query plan holds nothing a
//! cluster could not be sent. Memory is bounded everywhere: staging by [`StageLimits`], queries by [`SessionOptions`], duplicate
//! look-ups by time instead of an index.
//!
//! What this crate refuses: to judge what records mean, to change a record once written, to delete one under a legal hold, to show an unfinished ingest, to write
//! anything a query asks for. Its interface shows no type of Delta or DataFusion, only Arrow's.

mod answer;
mod bucket;
mod by_value;
mod cite;
mod cluster;
mod compared;
mod covering;
mod delete;
mod delta;
mod derive;
mod distinct;
mod error;
mod functions;
mod held;
mod hold;
mod ingest;
mod known;
mod lake;
mod late;
mod lease;
mod ledger;
mod local;
mod lookup;
mod marks;
mod masked;
mod memory;
mod merging;
mod narrow;
mod order;
mod overlap;
mod pool;
mod query;
mod ranges;
mod reader;
mod reading;
mod refold;
mod removal;
mod row_groups;
mod rows;
mod scan;
mod session;
mod snapshot;
mod stage;
mod store;
mod tables;
mod vacuum;
mod whole;
mod writer;

pub use answer::{Row, numbers, quote, quote_all, rows};
pub use arrow_array::RecordBatch;
pub use arrow_schema::SchemaRef;
pub use cite::{Cited, PLACES, Place};
pub use cluster::{Address, Cluster, Executor, Rebuild, Scheduler, run_executor, run_scheduler};
pub use covering::{covering, naming};
pub use delete::{Deleting, Picked, Planned, Wanted, days_before};
pub use derive::{Derive, DerivedColumn, Shows, Written};
pub use distinct::Distinct;
pub use error::{Fault, LakeError, Result};
pub use functions::family;
pub use hold::Holding;
pub use ingest::Ingest;
pub use lake::Lake;
pub use lease::Right;
pub use ledger::{Removed, Why};
pub use memory::Memory;
pub use refold::Refold;
pub use removal::Removal;
pub use rows::KnownFile;
pub use session::{Batches, Session, SessionOptions};
pub use snapshot::Snapshot;
pub use stage::StageLimits;
pub use store::is_bucket;
pub use vacuum::Vacuumed;
