//! What can go wrong while detecting: never the content of a log.

/// An error of a detector.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DetectError {
    /// The lake could not answer.
    #[error(transparent)]
    Lake(#[from] weir_lake::LakeError),
    /// A query's answer lacks a column it was asked for: a defect of the detector.
    #[error("query answer lacks the column `{column}`")]
    Column {
        /// The column.
        column: String,
    },
    /// No detector has this name.
    #[error("no detector is called `{name}`")]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// The lake's rollups are of an earlier version.
    #[error(
        "the lake's rollups have no `{column}`: an earlier version folded them; read the logs again into a new lake"
    )]
    Stale {
        /// What they lack.
        column: String,
    },
    /// A sketch in the rollup could not be read.
    #[error("rollup of {entity} is damaged: {message}")]
    Rollup {
        /// Whose rollup.
        entity: String,
        /// What is wrong.
        message: String,
    },
}
