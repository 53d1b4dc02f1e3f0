//! What can be wrong with stored statistics.

/// An error in reading a stored statistic. Building and merging cannot fail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatsError {
    /// The bytes are not a stored statistic of this kind: cut, damaged, or another thing altogether.
    #[error("stored {what} cannot be read: {reason}")]
    Damaged {
        /// The kind of statistic expected.
        what: &'static str,
        /// What does not fit.
        reason: &'static str,
    },
    /// The bytes name a format version that this program does not know.
    #[error("stored {what} has format version `{version}`, which this program does not know")]
    Version {
        /// The kind of statistic expected.
        what: &'static str,
        /// The version found.
        version: u8,
    },
}
