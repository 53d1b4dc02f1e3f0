//! A case to bytes: the case folder, one file per format.
//!
//! Decisive choice: the case is turned into one document (sections, statements, tables), and every format for people draws that
//! document, so they cannot disagree; formats for machines serialise the case itself. Every foreign string passes through one
//! function of [`escape`] per output language. The same case gives the same bytes.
//!
//! What this crate refuses: scripts, fetches and clocks in what it writes; statements that are neither cited nor `Unknown`;
//! cutting a table without saying so. Only [`folder`], what reads a template, and [`mod@diff`] for the table of people that is asked for touch the disk.

pub mod diff;
pub mod escape;
pub mod explain;
pub mod exposure;
pub mod folder;
pub mod format;
pub mod language;
pub mod masked;
pub mod summary;
pub mod words;

mod csv;
mod days;
mod doc;
mod error;
mod export;
mod html;
mod json;
mod markdown;
mod parquet;
pub mod pdf;
pub mod reported;
mod section;
mod stage;
mod svg;
mod template;

pub use error::{ReportError, Result};
pub use explain::{explain_text, findings_text};
pub use exposure::{exposure_text, write_exposure};
pub use folder::{Written, write_case};
pub use format::{Format, formats, render};
pub use summary::{Line, summary_text};
pub use template::read_template;
