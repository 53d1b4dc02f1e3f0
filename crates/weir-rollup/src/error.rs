//! What can go wrong while folding.

/// An error of a rollup.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RollupError {
    /// A spilled run could not be written or read.
    #[error("a spilled rollup could not be written or read: {0}")]
    Spill(#[from] std::io::Error),
    /// A stored sketch could not be read.
    #[error("a stored rollup of `{entity}` is damaged: {message}")]
    Damaged {
        /// Whose.
        entity: String,
        /// What is wrong.
        message: String,
    },
    /// Rows do not make a batch: a defect of ours.
    #[error("rollup rows do not make a batch: {0}")]
    Batch(#[from] arrow_schema::ArrowError),
}
