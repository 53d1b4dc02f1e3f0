//! [`Headroom`]: how the operators of queries share the memory they may hold.
//!
//! Decisive choice: a quarter is kept from operators that can spill. What cannot spill (the merge of a sort's runs, the built side of a join) fails
//! when it gets nothing, and with it the query; in DataFusion's fair pool those that can spill may fill everything and leave it nothing.

use datafusion::common::resources_datafusion_err;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A pool in which every operator that can spill has an even part of three quarters, and what cannot takes the rest as it comes.
#[derive(Debug)]
pub(crate) struct Headroom {
    limit: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// Operators that can spill.
    spillers: usize,
    /// Bytes they hold.
    spillable: usize,
    /// Bytes held by those that cannot.
    fixed: usize,
}

impl Headroom {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, held: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a reservation's operator can spill.
fn spills(reservation: &MemoryReservation) -> bool {
    reservation.consumer().can_spill()
}

impl MemoryPool for Headroom {
    fn name(&self) -> &'static str {
        "headroom"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.held().spillers += usize::from(consumer.can_spill());
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        let mut held = self.held();
        held.spillers = held.spillers.saturating_sub(usize::from(consumer.can_spill()));
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        let mut held = self.held();
        match spills(reservation) {
            true => held.spillable += additional,
            false => held.fixed += additional,
        }
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let mut held = self.held();
        match spills(reservation) {
            true => held.spillable = held.spillable.saturating_sub(shrink),
            false => held.fixed = held.fixed.saturating_sub(shrink),
        }
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let mut held = self.held();
        let kept = held.fixed.max(self.limit / 4);
        let (wanted, available) = match spills(reservation) {
            true => {
                let shared = self.limit.saturating_sub(kept);
                (reservation.size() + additional, shared.checked_div(held.spillers).unwrap_or(shared))
            }
            false => (additional, self.limit.saturating_sub(held.fixed + held.spillable)),
        };
        if wanted > available {
            return Err(resources_datafusion_err!(
                "{} needs {additional} more bytes, and {available} of {} are free",
                reservation.consumer().name(),
                self.limit
            ));
        }
        match spills(reservation) {
            true => held.spillable += additional,
            false => held.fixed += additional,
        }
        Ok(())
    }

    fn reserved(&self) -> usize {
        let held = self.held();
        held.spillable + held.fixed
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit)
    }
}

impl fmt::Display for Headroom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} bytes", self.name(), self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_cannot_spill_finds_a_quarter_free_however_much_the_others_want() {
        let pool: Arc<dyn MemoryPool> = Arc::new(Headroom::new(1_000));
        let reserve = |name: &str, spill| MemoryConsumer::new(name).with_can_spill(spill).register(&pool);
        let (a, b, merge) = (reserve("a", true), reserve("b", true), reserve("merge", false));
        assert!(a.try_grow(375).is_ok() && a.try_grow(1).is_err());
        assert!(b.try_grow(375).is_ok() && b.try_grow(1).is_err());
        assert!(merge.try_grow(250).is_ok());
        let refused = merge.try_grow(1).unwrap_err().to_string();
        assert!(refused.contains("merge needs 1 more bytes, and 0 of 1000 are free"), "{refused}");
        drop(b);
        assert!(merge.try_grow(300).is_ok(), "what others leave is free");
        a.free();
        assert!(a.try_grow(450).is_ok() && a.try_grow(1).is_err(), "the merge's share comes first");
        drop(merge);
        assert_eq!(pool.reserved(), 450);
    }
}
