//! What can go wrong while tracing.

/// An error of a trace: always the lake's, never the content's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// The lake could not answer.
    #[error(transparent)]
    Lake(#[from] weir_lake::LakeError),
}
