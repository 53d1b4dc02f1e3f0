//! What can go wrong while counting people.

/// An error of a scope: the lake's or the disk's, never the content's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// The lake could not answer.
    #[error(transparent)]
    Lake(#[from] weir_lake::LakeError),
    /// People could not be set aside on disk, or not be read again.
    #[error("people could not be counted: {place}: {message}")]
    Spill {
        /// The file.
        place: String,
        /// What the system said.
        message: String,
    },
}

impl ScopeError {
    pub(crate) fn spill(place: &str, error: impl std::fmt::Display) -> Self {
        Self::Spill { place: place.to_owned(), message: error.to_string() }
    }
}
