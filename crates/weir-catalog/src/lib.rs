//! What personal data is and where it stands in a record: configured or learned.
//!
//! Decisive choice: everything that depends on configuration or learning is a pure function of a record and one immutable
//! [`Catalog`], computed when records are read. Tables stay append-only; another configuration is another catalog over the same rows.
//!
//! Learning ([`Learner`]) keeps, for a bounded and deterministically chosen set of positions in paths and queries, samples of clients
//! and of values. Its state depends only on the set of records seen, not on their order or how they were split, so partial learners
//! from files, threads and machines merge to equal bytes.
//!
//! What it refuses: IO, a clock, and calling an object a person. An order's id names nobody unless a configured link leads from it to
//! someone.

mod addresses;
pub mod derive;
pub mod inventory;
pub mod learn;
pub mod learned;
pub mod links;
pub mod mask;
pub mod outcome;
pub mod template;

mod apply;
mod error;
mod evidence;
mod gather;
mod identity;
mod lesson;
mod names;
mod naming;
mod paths;
mod people;
mod places;
mod propose;
mod requests;
mod router;
mod segment;
mod toml_out;
mod veil;
mod words;

pub use addresses::{Asns, Countries};
pub use apply::HOLDER;
pub use derive::{Catalog, Column, Derived, Inputs, Subjects};
pub use error::CatalogError;
pub use inventory::{Inventories, KeyRow, PersonRow};
pub use learn::Learner;
pub use learned::{Learned, LearnedDataset, Parameter, Slug, Verdict};
pub use links::Links;
pub use mask::Masked;
pub use outcome::Outcome;
pub use requests::Requests;
pub use toml_out::to_toml;
pub use words::may_show_anybody;
