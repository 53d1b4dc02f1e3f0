//! [`Peers`]: how a quantity is spread over an entity's peer group, and how unlikely a value is against that.
//!
//! Decisive choice: inside the peers' range the answer is a share, `(c + 1) / (n + 1)`, and nothing is assumed. Beyond the largest peer a
//! Pareto tail fitted to the top buckets continues it, because a budget over a million tests needs p below one in a million. That part is
//! an extrapolation and says so ([`PeerP::extrapolated`]); it starts *at* `1 / (n + 1)` at the edge of the largest peer's bucket, and
//! falls as a power, so that an entity just past the maximum of a heavy-tailed group is not accused.
//!
//! What it refuses: light tails. The fitted index is an upper confidence bound and never below [`INDEX_MIN`], even for peers that look
//! normally distributed. With few peers there is no extrapolation at all.
//!
//! Peers are a mixture: if the hand one looks for is itself many entities, they are each other's peers and hide each other. Leave
//! flagged ones out, and an entity's own values ([`Peers::without`]).
//!
//! References: B. Hill, Annals of Statistics 3 (1975); J. Pickands, same volume (the tail of nearly any distribution is of this form); S.
//! Resnick, *Heavy-tail phenomena*, 2007, section 4.4 (choice and error of the number of top values).

use crate::histogram::Bucket;
use crate::{LogHistogram, Merge, StatsError, Wire};

/// Smallest tail index (1 / exponent) used: an exponent of 3, at which the variance is only just without bound.
pub const INDEX_MIN: f64 = 1.0 / 3.0;
/// Fewest top values a tail is fitted to.
const TOP_MIN: u64 = 10;
/// Fewest peers a tail is fitted to.
const PEERS_MIN: u64 = 50;
/// Standard errors added to the fitted index.
const INDEX_SIGMAS: f64 = 2.0;

/// A peer group's values, mergeable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peers {
    values: LogHistogram,
}

/// A p-value against peers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeerP {
    /// The chance that one more member of the group reaches the value.
    pub p: f64,
    /// Whether the value lies beyond every peer, so that `p` rests on the fitted tail.
    pub extrapolated: bool,
}

/// A peer group ready to judge by.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerTail {
    n: u64,
    /// Per occupied bucket, ascending: its lower edge and how many values it and all above hold.
    reached: Vec<(f64, u64)>,
    /// Upper edge of the highest occupied bucket.
    edge: f64,
    tail: Option<Pareto>,
}

/// The fitted tail: `share * (x / threshold)^(-1 / index)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pareto {
    /// Lower edge of the lowest bucket fitted.
    pub threshold: f64,
    /// Share of peers at or above it.
    pub share: f64,
    /// Upper confidence bound of the tail index.
    pub index: f64,
}

impl Peers {
    /// An empty group.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in one member's value; see [`LogHistogram`] for what is refused.
    pub fn insert(&mut self, value: f64) {
        self.values.insert(value);
    }

    /// Takes in as many members of one value.
    pub fn insert_n(&mut self, value: f64, times: u64) {
        self.values.insert_n(value, times);
    }

    /// The values' histogram.
    #[must_use]
    pub fn histogram(&self) -> &LogHistogram {
        &self.values
    }

    /// The group without these values of the entity under test: a value is not its own peer.
    #[must_use]
    pub fn without(&self, own: &[f64]) -> Self {
        let mut values = self.values.clone();
        own.iter().for_each(|value| values.remove(*value));
        Self { values }
    }

    /// The group, ready to judge by.
    #[must_use]
    pub fn fit(&self) -> PeerTail {
        let mut reached: Vec<(f64, u64)> = Vec::new();
        let mut above = 0u64;
        for bucket in self.values.buckets().rev() {
            above = above.saturating_add(bucket.count);
            reached.push((bucket.lower, above));
        }
        reached.reverse();
        let edge = self.values.buckets().next_back().map_or(0.0, |bucket| bucket.upper);
        PeerTail { n: self.values.n(), reached, edge, tail: self.pareto() }
    }

    /// Hill's estimate on the top `sqrt(n)` values, or as many more as their lowest bucket holds, each taken at its bucket's upper edge.
    fn pareto(&self) -> Option<Pareto> {
        let n = self.values.n();
        if n < PEERS_MIN {
            return None;
        }
        let wanted = TOP_MIN.max((n as f64).sqrt().ceil() as u64);
        let mut top: Vec<Bucket> = Vec::new();
        let mut taken = 0u64;
        for bucket in self.values.buckets().rev().filter(|bucket| bucket.lower > 0.0) {
            top.push(bucket);
            taken = taken.saturating_add(bucket.count);
            if taken >= wanted {
                break;
            }
        }
        let threshold = top.last().filter(|_| taken >= TOP_MIN)?.lower;
        let sum: f64 = top.iter().map(|bucket| bucket.count as f64 * (bucket.upper / threshold).ln()).sum();
        let hill = sum / taken as f64;
        let index = (hill * (1.0 + INDEX_SIGMAS / (taken as f64).sqrt())).max(INDEX_MIN);
        Some(Pareto { threshold, share: (taken as f64 + 1.0) / (n as f64 + 1.0), index })
    }
}

impl PeerTail {
    /// The chance that one more member of the group reaches `x`.
    #[must_use]
    pub fn upper_p(&self, x: f64) -> PeerP {
        let peers = |count: u64| (count as f64 + 1.0) / (self.n as f64 + 1.0);
        if x.is_nan() || x <= 0.0 {
            return PeerP { p: 1.0, extrapolated: false };
        }
        // The bucket that x falls in counts whole: the last one whose lower edge is not above x, unless x is beyond it.
        let next = self.reached.partition_point(|(lower, _)| *lower <= x);
        let own = next.checked_sub(1).and_then(|at| self.reached.get(at));
        let inside = own.filter(|(lower, _)| LogHistogram::same_bucket(*lower, x));
        let count = inside.or_else(|| self.reached.get(next)).map_or(0, |(_, count)| *count);
        match &self.tail {
            Some(tail) if count == 0 => {
                let from_edge = peers(0) * (x / self.edge).powf(-1.0 / tail.index);
                PeerP { p: from_edge.max(tail.at(x)).min(peers(0)), extrapolated: true }
            }
            _ => PeerP { p: peers(count), extrapolated: false },
        }
    }

    /// Number of peers.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.n
    }

    /// The fitted tail, where there are peers enough.
    #[must_use]
    pub fn tail(&self) -> Option<Pareto> {
        self.tail
    }
}

impl Pareto {
    fn at(&self, x: f64) -> f64 {
        self.share * (x / self.threshold).powf(-1.0 / self.index)
    }
}

impl Merge for Peers {
    fn merge(&mut self, other: &Self) {
        self.values.merge(&other.values);
    }
}

impl Wire for Peers {
    const WHAT: &'static str = "peer group";

    fn write(&self, out: &mut Vec<u8>) {
        self.values.write(out);
    }

    fn read(bytes: &[u8]) -> Result<Self, StatsError> {
        LogHistogram::read(bytes).map(|values| Self { values })
    }
}
