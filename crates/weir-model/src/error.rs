//! What can be wrong with a value of the vocabulary.

/// An error in building or reading a value of the vocabulary.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Columns of one batch came out with different lengths: a defect of the builder, never of the input.
    #[error("record batch for table `{table}` could not be built: {message}")]
    Batch {
        /// The record table.
        table: &'static str,
        /// Arrow's own words.
        message: String,
    },
    /// A time that is not an RFC 3339 time or a date.
    #[error(
        "`{input}` is not a time: a date (2023-07-10, its beginning in UTC), or a time with its zone (2023-07-10T12:00:00Z)"
    )]
    Time {
        /// What was given.
        input: String,
    },
    /// Configuration that cannot be used; names the line and how to mend it.
    #[error("{message}")]
    Config {
        /// What is wrong, with the key in backticks.
        message: String,
        /// How to mend it, where known.
        help: Option<String>,
        /// 1-based line in the configuration, where known.
        line: Option<usize>,
    },
}
