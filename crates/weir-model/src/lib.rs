//! The vocabulary every stage speaks: record tables as Arrow schemas, entities, citations, findings, cases, configuration.
//!
//! Decisive choice: a record table is declared once, in [`record`], and everything else about it (row type, builder, Arrow
//! schema, the manual's column list) follows from that declaration. Field names are OCSF 1.8 attribute names where OCSF has one.
//!
//! What this crate refuses: IO, async, a clock, and any knowledge of how records are read, stored or judged.

pub mod attack;
pub mod case;
pub mod columns;
pub mod config;
pub mod diff;
pub mod disposition;
pub mod entity;
pub mod evidence;
pub mod explained;
pub mod finding;
pub mod hold;
pub mod intake;
pub mod names;
pub mod operations;
pub mod record;
pub mod schema;
pub mod time;
pub mod words;

mod error;
mod language;

pub use disposition::Disposition;
pub use entity::{Entity, EntityKind};
pub use error::ModelError;
pub use evidence::{Citation, Claim, Evidence};
pub use explained::Explained;
pub use finding::{Finding, Severity};
pub use hold::Hold;
pub use language::Language;
pub use record::{Access, Auth, Basis, Common, FileTag, Flow, Host, Records, Subject, Table};
pub use time::{Micros, Span, TimeBasis};
