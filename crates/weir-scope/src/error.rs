//! What can go wrong while counting people.

/// An error of a scope: always the lake's, never the content's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// The lake could not answer.
    #[error(transparent)]
    Lake(#[from] weir_lake::LakeError),
}
