//! What can go wrong in a run: the machine, the configuration, never the content of a log.

use std::path::PathBuf;

/// An error of the engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// A folder or file given cannot be read.
    #[error("`{}` cannot be read: {message}", path.display())]
    Input {
        /// What was given.
        path: PathBuf,
        /// The system's own words.
        message: String,
    },
    /// The configuration cannot be used.
    #[error("`{}`{}: {message}", path.display(), line.map(|l| format!(" line {l}")).unwrap_or_default())]
    Config {
        /// The file.
        path: PathBuf,
        /// 1-based line, where known.
        line: Option<usize>,
        /// What is wrong.
        message: String,
        /// How to mend it, where known.
        help: Option<String>,
    },
    /// The key for fingerprints cannot be read or made.
    #[error("the fingerprint key `{}` cannot be used: {message}", path.display())]
    Key {
        /// Where it lies.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A lake was written with another fingerprint key.
    #[error("this lake's secrets were fingerprinted with key {lake}, and the key in use is {ours}")]
    OtherKey {
        /// The lake's key id.
        lake: String,
        /// Ours.
        ours: String,
    },
    /// The lake failed.
    #[error(transparent)]
    Lake(#[from] weir_lake::LakeError),
    /// What personal data is could not be worked out.
    #[error(transparent)]
    Catalog(#[from] weir_catalog::CatalogError),
    /// A rollup failed.
    #[error(transparent)]
    Rollup(#[from] weir_rollup::RollupError),
    /// A detector failed.
    #[error(transparent)]
    Detect(#[from] weir_detect::DetectError),
    /// A trace failed.
    #[error(transparent)]
    Trace(#[from] weir_trace::TraceError),
    /// Counting people failed.
    #[error(transparent)]
    Scope(#[from] weir_scope::ScopeError),
    /// The case could not be written.
    #[error(transparent)]
    Report(#[from] weir_report::ReportError),
    /// A reading thread ended early: a defect of ours.
    #[error("reading `{path}` stopped: {message}")]
    Reader {
        /// The file.
        path: String,
        /// What happened.
        message: String,
    },
}

impl EngineError {
    /// How to mend it, where known.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Input { .. } => Some("check the path and that you may read it".to_owned()),
            Self::Config { help, .. } => help.clone(),
            Self::Key { .. } => Some("set WEIR_FINGERPRINT_KEY to a file you can read and write".to_owned()),
            Self::OtherKey { .. } => {
                Some("set WEIR_FINGERPRINT_KEY to the key the lake was made with, or name another lake with --lake".to_owned())
            }
            Self::Lake(e) => e.help().map(str::to_owned),
            Self::Catalog(e) => e.help().map(str::to_owned),
            _ => None,
        }
    }
}
