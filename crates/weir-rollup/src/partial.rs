//! What is kept of an entity and a day.

use weir_stats::{Distinct, Merge};

/// Counts and sketches of one entity on one day. Merging is associative, commutative, and the empty partial changes nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Partial {
    /// Records.
    pub records: u64,
    /// Bytes sent, where logged.
    pub bytes: u64,
    /// Records that ended well.
    pub ok: u64,
    /// Refused: 401, 403, access denied.
    pub denied: u64,
    /// Asked for what is not there: 404, 410.
    pub missing: u64,
    /// Failed otherwise.
    pub failed: u64,
    /// Records whose answer showed data of a dataset or a person.
    pub data_records: u64,
    /// First event, microseconds; `None` in the empty partial.
    pub first: Option<i64>,
    /// Last event, microseconds.
    pub last: Option<i64>,
    /// People shown.
    pub people: Distinct,
    /// Credentials used.
    pub credentials: Distinct,
    /// Routes asked for.
    pub routes: Distinct,
    /// Addresses asked from.
    pub origins: Distinct,
    /// Records by hour of the day; kept for sensors.
    pub hours: Option<[u64; 24]>,
}

impl Merge for Partial {
    fn merge(&mut self, other: &Self) {
        self.records += other.records;
        self.bytes += other.bytes;
        self.ok += other.ok;
        self.denied += other.denied;
        self.missing += other.missing;
        self.failed += other.failed;
        self.data_records += other.data_records;
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = self.last.max(other.last);
        self.people.merge(&other.people);
        self.credentials.merge(&other.credentials);
        self.routes.merge(&other.routes);
        self.origins.merge(&other.origins);
        if let Some(theirs) = other.hours {
            let ours = self.hours.get_or_insert([0; 24]);
            for (mine, their) in ours.iter_mut().zip(theirs) {
                *mine += their;
            }
        }
    }
}

impl Partial {
    /// The numbers in a fixed order, for storing; times apart.
    pub(crate) fn counts(&self) -> [u64; 7] {
        [self.records, self.bytes, self.ok, self.denied, self.missing, self.failed, self.data_records]
    }

    /// Sets the numbers in the order of [`Partial::counts`].
    pub(crate) fn set_counts(&mut self, counts: [u64; 7]) {
        [self.records, self.bytes, self.ok, self.denied, self.missing, self.failed, self.data_records] =
            counts;
    }

    /// The sketches in a fixed order.
    pub(crate) fn sketches(&self) -> [&Distinct; 4] {
        [&self.people, &self.credentials, &self.routes, &self.origins]
    }

    /// The sketches in the order of [`Partial::sketches`], to be set.
    pub(crate) fn sketches_mut(&mut self) -> [&mut Distinct; 4] {
        [&mut self.people, &mut self.credentials, &mut self.routes, &mut self.origins]
    }

    /// Bytes its sketches hold on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.sketches().iter().map(|s| s.heap_bytes()).sum()
    }
}
