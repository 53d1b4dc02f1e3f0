//! [`Partial`]: what one entity did on one day, mergeable.
//!
//! Decisive choice: people are counted where data was shown to the entity (`people`) apart from those only asked for (`missed`): reach
//! is what got out, misses are guessing.

use weir_model::EntityKind;
use weir_stats::{Distinct, Merge};

/// Length of the spans in which visits and looks are counted, microseconds: ten minutes.
pub const SPAN_US: i64 = 600_000_000;
/// Number of plain counts in a partial.
pub(crate) const COUNTS: usize = 14;
/// Number of sketches in a partial.
pub(crate) const SKETCHES: usize = 10;

/// Names of the counts as columns, in the order of [`Partial::counts`].
pub(crate) const COUNT_NAMES: [&str; COUNTS] = [
    "records",
    "accesses",
    "bytes",
    "ok",
    "denied",
    "missing",
    "failed",
    "data_records",
    "shown_records",
    "auths",
    "auths_failed",
    "issued",
    "flows",
    "bytes_sent",
];
/// Names of the sketches as columns, in the order of [`Partial::sketches`].
pub(crate) const SKETCH_NAMES: [&str; SKETCHES] = [
    "people",
    "missed",
    "credentials",
    "routes",
    "origins",
    "accounts",
    "visits",
    "looks",
    "unnamed",
    "things",
];

/// A sketch, by its place in [`SKETCH_NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sketch {
    People,
    Missed,
    Credentials,
    Routes,
    Origins,
    Accounts,
    Visits,
    Looks,
    Unnamed,
    Things,
}

/// What one entity did on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    /// Records of all tables.
    pub records: u64,
    /// Records of `access`; the outcomes below are theirs.
    pub accesses: u64,
    /// Bytes sent to it in answers.
    pub bytes: u64,
    /// Accesses granted.
    pub ok: u64,
    /// Accesses refused.
    pub denied: u64,
    /// Accesses to what is not there.
    pub missing: u64,
    /// Accesses that failed otherwise.
    pub failed: u64,
    /// Accesses to a dataset or to somebody's data, whatever came of them.
    pub data_records: u64,
    /// Those of them that showed it.
    pub shown_records: u64,
    /// Records of `auth`.
    pub auths: u64,
    /// Those of them that failed.
    pub auths_failed: u64,
    /// Those of them that issued or changed a credential.
    pub issued: u64,
    /// Records of `flow`.
    pub flows: u64,
    /// Payload bytes it sent in flows (for a host: was sent).
    pub bytes_sent: u64,
    /// First event, microseconds.
    pub first: i64,
    /// Last event, microseconds.
    pub last: i64,
    /// People whose data it was shown.
    pub people: Distinct,
    /// People whose data it asked for and was not shown.
    pub missed: Distinct,
    /// Credentials used or issued. Of a route, a crossing and data shown by a host: bearers, that is the credential, else the actor, else
    /// the client at its address.
    pub credentials: Distinct,
    /// Routes.
    pub routes: Distinct,
    /// Origins.
    pub origins: Distinct,
    /// Accounts signed in to or tried.
    pub accounts: Distinct,
    /// Spans of [`SPAN_US`] in which one client at an origin was shown data; for kinds in [`visits`](crate::kind::visits).
    pub visits: Distinct,
    /// Spans in which it did anything else that was answered, and the span after each: who looks around is no stranger to what comes next.
    pub looks: Distinct,
    /// People whose data it was shown by records that name neither a credential nor an actor.
    pub unnamed: Distinct,
    /// Things of one person each that it was shown by records that do not say whose they are.
    pub things: Distinct,
    /// For a sensor: records by hour of the UTC day.
    pub hours: Option<Box<[u64; 24]>>,
}

/// One entity's day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What kind of thing.
    pub kind: EntityKind,
    /// Its value.
    pub entity: String,
    /// UTC day, days since 1970-01-01.
    pub day: i32,
    /// What it did.
    pub partial: Partial,
}

impl Default for Partial {
    fn default() -> Self {
        Self::from_counts([0; COUNTS], i64::MAX, i64::MIN)
    }
}

impl Partial {
    pub(crate) fn from_counts(counts: [u64; COUNTS], first: i64, last: i64) -> Self {
        let [records, accesses, bytes, ok, denied, missing, failed, data_records, shown_records, rest @ ..] =
            counts;
        let [auths, auths_failed, issued, flows, bytes_sent] = rest;
        let [people, missed, credentials, routes, origins, accounts, visits, looks, unnamed, things] =
            std::array::from_fn(|_| Distinct::new());
        Self {
            records,
            accesses,
            bytes,
            ok,
            denied,
            missing,
            failed,
            data_records,
            shown_records,
            auths,
            auths_failed,
            issued,
            flows,
            bytes_sent,
            first,
            last,
            people,
            missed,
            credentials,
            routes,
            origins,
            accounts,
            visits,
            looks,
            unnamed,
            things,
            hours: None,
        }
    }

    /// Makes it one of nothing.
    pub(crate) fn clear(&mut self) {
        self.counts_mut().into_iter().for_each(|count| *count = 0);
        (self.first, self.last) = (i64::MAX, i64::MIN);
        for sketch in self.sketches_mut().into_iter().filter(|sketch| !sketch.is_empty()) {
            *sketch = Distinct::new();
        }
        self.hours = None;
    }

    /// The counts, in the order of their columns.
    pub(crate) fn counts(&self) -> [u64; COUNTS] {
        [
            self.records,
            self.accesses,
            self.bytes,
            self.ok,
            self.denied,
            self.missing,
            self.failed,
            self.data_records,
            self.shown_records,
            self.auths,
            self.auths_failed,
            self.issued,
            self.flows,
            self.bytes_sent,
        ]
    }

    fn counts_mut(&mut self) -> [&mut u64; COUNTS] {
        [
            &mut self.records,
            &mut self.accesses,
            &mut self.bytes,
            &mut self.ok,
            &mut self.denied,
            &mut self.missing,
            &mut self.failed,
            &mut self.data_records,
            &mut self.shown_records,
            &mut self.auths,
            &mut self.auths_failed,
            &mut self.issued,
            &mut self.flows,
            &mut self.bytes_sent,
        ]
    }

    /// The sketches, in the order of their columns.
    pub(crate) fn sketches(&self) -> [&Distinct; SKETCHES] {
        [
            &self.people,
            &self.missed,
            &self.credentials,
            &self.routes,
            &self.origins,
            &self.accounts,
            &self.visits,
            &self.looks,
            &self.unnamed,
            &self.things,
        ]
    }

    pub(crate) fn sketches_mut(&mut self) -> [&mut Distinct; SKETCHES] {
        [
            &mut self.people,
            &mut self.missed,
            &mut self.credentials,
            &mut self.routes,
            &mut self.origins,
            &mut self.accounts,
            &mut self.visits,
            &mut self.looks,
            &mut self.unnamed,
            &mut self.things,
        ]
    }

    pub(crate) fn sketch_mut(&mut self, sketch: Sketch) -> &mut Distinct {
        match sketch {
            Sketch::People => &mut self.people,
            Sketch::Missed => &mut self.missed,
            Sketch::Credentials => &mut self.credentials,
            Sketch::Routes => &mut self.routes,
            Sketch::Origins => &mut self.origins,
            Sketch::Accounts => &mut self.accounts,
            Sketch::Visits => &mut self.visits,
            Sketch::Looks => &mut self.looks,
            Sketch::Unnamed => &mut self.unnamed,
            Sketch::Things => &mut self.things,
        }
    }

    /// How many spans showed data to a client that had done nothing else then or in the span before.
    #[must_use]
    pub fn bare(&self) -> f64 {
        bare(&self.visits, &self.looks)
    }

    /// Counts a record in its hour.
    pub(crate) fn in_hour(&mut self, time: i64) {
        let hour = time.rem_euclid(weir_model::time::DAY_US) / 3_600_000_000;
        let hours = self.hours.get_or_insert_with(|| Box::new([0; 24]));
        if let Some(count) = usize::try_from(hour).ok().and_then(|h| hours.get_mut(h)) {
            *count = count.saturating_add(1);
        }
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.sketches().iter().map(|s| s.heap_bytes()).sum::<usize>()
            + self.hours.as_ref().map_or(0, |_| size_of::<[u64; 24]>())
    }
}

/// How many of these visits had no look: the union less the looks.
#[must_use]
pub fn bare(visits: &Distinct, looks: &Distinct) -> f64 {
    let mut both = looks.clone();
    both.merge(visits);
    (both.estimate() - looks.estimate()).clamp(0.0, visits.estimate())
}

impl Merge for Partial {
    fn merge(&mut self, other: &Self) {
        self.counts_mut().into_iter().zip(other.counts()).for_each(|(mine, theirs)| mine.merge(&theirs));
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.sketches_mut().into_iter().zip(other.sketches()).for_each(|(mine, theirs)| mine.merge(theirs));
        if let Some(theirs) = &other.hours {
            let mine = self.hours.get_or_insert_with(|| Box::new([0; 24]));
            mine.iter_mut().zip(theirs.iter()).for_each(|(m, t)| m.merge(t));
        }
    }
}
