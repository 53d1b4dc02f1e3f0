//! How much memory work on a lake may hold before it goes to disk, and how that is shared out.

use crate::session::SessionOptions;
use crate::stage::StageLimits;

/// Bytes that ingesting, folding or querying may hold before they spill. What the program needs besides (code, threads, the batches
/// under way, a catalog) does not grow with the logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Memory(usize);

impl Memory {
    /// The least that work can be done in.
    pub const MIN: Self = Self(64 << 20);

    /// So many bytes; `None` if that is less than [`Memory::MIN`].
    #[must_use]
    pub fn bytes(bytes: usize) -> Option<Self> {
        Some(Self(bytes)).filter(|memory| *memory >= Self::MIN)
    }

    /// The share of a fold beside an ingest.
    #[must_use]
    pub fn fold(self) -> usize {
        self.0 / 64
    }

    /// The share of a digest beside both.
    #[must_use]
    pub fn digest(self) -> usize {
        self.0 / 256
    }

    /// What an ingest may use.
    #[must_use]
    pub fn stage(self) -> StageLimits {
        StageLimits {
            pending_bytes_max: self.0 / 128,
            flush_bytes: (self.0 / 256).min(4 << 20),
            encoded_bytes_max: self.0 / 64,
            ..StageLimits::default()
        }
    }

    /// What a query may use: half, since what operators account for is not all they hold. Files being decoded, batches on their way and buffers that
    /// are free again but not given back take as much at times.
    #[must_use]
    pub fn session(self) -> SessionOptions {
        SessionOptions { memory_bytes_max: (self.0 / 2).max(Self::MIN.0), ..SessionOptions::default() }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self(1 << 30)
    }
}
