//! How a long run tells somebody how far it is.

/// Told of progress; the program draws bars, tests listen or not.
pub trait Progress: Send + Sync {
    /// A stage begins, with the bytes it will read where that is known.
    fn stage(&self, name: &str, bytes: Option<u64>);
    /// Bytes and records done since the last call.
    fn advance(&self, bytes: u64, records: u64);
    /// The stage is over.
    fn done(&self);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn stage(&self, _name: &str, _bytes: Option<u64>) {}
    fn advance(&self, _bytes: u64, _records: u64) {}
    fn done(&self) {}
}
