//! What can go wrong while evidence is gathered. What is wrong with evidence somebody else gave is no error but a
//! [`Problem`](crate::bag::Problem).
//!
//! Decisive choice: an error names the file and says what mends it, since whoever seals a case at night has no time to guess.

use std::path::{Path, PathBuf};

/// Why evidence was not gathered, written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// The disk refused.
    #[error("cannot read or write `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A line is too long to be held as a leaf.
    #[error("`{what}` has a line of more than {max} bytes at offset {offset}; take its leaves by chunks")]
    LineTooLong {
        /// The original.
        what: String,
        /// Where the line begins.
        offset: u64,
        /// The longest line allowed, in bytes.
        max: u64,
    },
    /// A cited record lies outside of the original.
    #[error(
        "`{what}` ends at byte {bytes}, but a record at {offset} is cited; is it the file that was acquired?"
    )]
    Outside {
        /// The original.
        what: String,
        /// Its size.
        bytes: u64,
        /// The offset cited.
        offset: u64,
    },
    /// The custody log is not as it was written.
    #[error("`{}`, line {line}: {why}", path.display())]
    Custody {
        /// The custody log.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong with it, and the mend.
        why: String,
    },
    /// A key cannot be used.
    #[error("the key `{}` cannot be used: {why}", path.display())]
    Key {
        /// The key's file.
        path: PathBuf,
        /// Why not, and the mend.
        why: &'static str,
    },
    /// A line of the allowed signers is not understood.
    #[error("`{}`, line {line}: {why}", path.display())]
    Signers {
        /// The `allowed_signers` file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// There is something in the bag's place.
    #[error("`{}` exists; name a new folder", path.display())]
    Exists {
        /// The place.
        path: PathBuf,
    },
    /// A name cannot stand in a bag.
    #[error("`{name}` cannot stand in a bag: {why}")]
    Name {
        /// The name.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// No time stamp was obtained.
    #[error(
        "no time stamp was obtained from `{from}`: {why}; try again, name another authority, or seal without one"
    )]
    Stamp {
        /// The authority's address.
        from: String,
        /// Why not.
        why: String,
    },
    /// The log is not what it says.
    #[error("the log `{}` cannot be trusted: {why}", dir.display())]
    Log {
        /// The log's folder.
        dir: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// The result of gathering evidence.
pub type Result<T, E = EvidenceError> = std::result::Result<T, E>;

/// Names the file in an error of the disk.
pub(crate) fn at<T>(path: &Path, result: std::io::Result<T>) -> Result<T> {
    result.map_err(|source| EvidenceError::Io { path: path.to_path_buf(), source })
}
