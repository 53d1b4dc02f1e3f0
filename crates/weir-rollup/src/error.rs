//! What can go wrong in folding.

/// An error in folding or reading rollups. The content of records cannot cause one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RollupError {
    /// A run could not be written to or read from the folder for spilled runs.
    #[error("rollups could not be spilled to disk")]
    Spill(#[from] std::io::Error),
    /// A batch lacks a column that every record has.
    #[error("a batch to fold has no column `{column}` of its type")]
    Column {
        /// The column.
        column: &'static str,
    },
    /// A stored partial that cannot be read.
    #[error(transparent)]
    Stored(#[from] weir_stats::StatsError),
    /// A stored row whose kind of entity this program does not know.
    #[error("rollup row has unknown entity kind `{kind}`")]
    Kind {
        /// The word found.
        kind: String,
    },
    /// A batch of rows could not be built: a defect of this crate, never of the input.
    #[error("rollup rows could not be laid out: {message}")]
    Layout {
        /// Arrow's own words.
        message: String,
    },
}
