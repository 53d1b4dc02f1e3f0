//! What can go wrong while a world is written: a name nobody knows, a size that makes no sense, a disk that refuses.

use std::path::{Path, PathBuf};

/// Why a world could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No scenario has this name.
    #[error("no scenario is called `{name}`; there are {known}")]
    UnknownScenario {
        /// What was asked for.
        name: String,
        /// The names there are, for the reader.
        known: String,
    },
    /// An option is outside what the scenario can play.
    #[error("`{option}` is {value}, but must be {bounds}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// Its value.
        value: String,
        /// What it may be, in words.
        bounds: &'static str,
    },
    /// The scenario has no setting of this name.
    #[error("this scenario has no setting `{name}`{}", if known.is_empty() { "; it has none".to_owned() } else { format!("; it has {known}") })]
    UnknownSetting {
        /// What was asked for.
        name: String,
        /// The names there are, for the reader.
        known: String,
    },
    /// A setting is outside its bounds.
    #[error("`{name}` is {value}, but must be between {low} and {high}")]
    Setting {
        /// The setting's name.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Its smallest value.
        low: f64,
        /// Its largest value.
        high: f64,
    },
    /// A real log could not be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The log.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A real log is not one that a scenario can be written into.
    #[error("a scenario cannot be written into `{path}`: {why}")]
    Background {
        /// The log.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A file could not be written.
    #[error("cannot write `{path}`: {source}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Error {
    /// Says which path could not be read.
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Read { path: path.to_path_buf(), source }
    }

    /// Says which path an input or output error belongs to.
    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Write { path: path.to_path_buf(), source }
    }
}

/// The result of this crate's fallible functions.
pub type Result<T> = std::result::Result<T, Error>;
