//! What it means to merge two partial statistics.
//!
//! Decisive choice: one law for all. Merging is associative and commutative, so partials may be folded in any order. Where it is also
//! idempotent (sketches of sets) the type says so; counts are not.

/// A partial statistic that can take in another one.
///
/// Law: `a.merge(&b)` is associative and commutative; the result depends only on what went into the partials.
pub trait Merge {
    /// Takes the other partial in.
    fn merge(&mut self, other: &Self);
}

/// A sum. Saturates, so that it stays associative at the limit.
impl Merge for u64 {
    fn merge(&mut self, other: &Self) {
        *self = self.saturating_add(*other);
    }
}

/// Componentwise: two statistics of the same thing, carried together.
impl<A: Merge, B: Merge> Merge for (A, B) {
    fn merge(&mut self, other: &Self) {
        self.0.merge(&other.0);
        self.1.merge(&other.1);
    }
}
