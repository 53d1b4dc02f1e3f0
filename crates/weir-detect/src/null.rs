//! What a quantity is like among the ordinary, where some of those measured may be a hand and no peers.
//!
//! Decisive choice: the model is fitted to the body of the peers and carried outward bucket by bucket as long as what comes next is what the
//! body foretells, as far out and as many; where it is not, the rest is what is looked for and no peer. Otherwise a hand with twenty
//! addresses would be its own peer group.

use weir_stats::histogram::Bucket;
use weir_stats::{LogHistogram, Peers};

/// Share of peers whose values are taken for ordinary without a look.
const BODY_SHARE: f64 = 0.95;
/// Chance of so many entities so far out below which they are no peers: of one, nearly the number expected.
pub(crate) const FORETOLD_MIN: f64 = 0.01;
/// Expected number of peers who reach as much, below which it was no peer who did.
pub(crate) const FORETOLD_MAX: f64 = 0.5;
/// Share of all entities that may be no peers: what more of them do is how things are done now.
pub(crate) const NO_PEERS_MAX: f64 = 0.05;
/// How many times as much as any peer, from which those that stand there are counted together: nothing in between leads up to them.
const APART: f64 = 4.0;
/// Exponent of the tail assumed where peers show none: the square law, heavier than a fitted tail is allowed to be light.
const EXPONENT_UNKNOWN: f64 = 2.0;

/// Peers of one window on one day, without those that are none.
pub(crate) struct Null {
    n: u64,
    /// Lower edge of the bucket of the largest value of a peer, at least 1.
    edge: f64,
    exponent: f64,
    /// The fitted tail is used inside the peers' range as counts.
    body: LogHistogram,
}

impl Null {
    /// From the values of entities (zeros left out) of which there are `n`.
    pub(crate) fn fit(values: &LogHistogram, n: u64) -> Self {
        Self::fitted(values, n, false)
    }

    /// So too, where a crowd that stands apart is a hand: of addresses, each of which is a household's. Clients of one kind or programs of one
    /// maker are alike by nature.
    pub(crate) fn fit_households(values: &LogHistogram, n: u64) -> Self {
        Self::fitted(values, n, true)
    }

    fn fitted(values: &LogHistogram, n: u64, crowds: bool) -> Self {
        let zeros = n.saturating_sub(values.n());
        let mut null = Self { n, edge: 1.0, exponent: EXPONENT_UNKNOWN, body: LogHistogram::new() };
        null.body.insert_n(0.0, zeros);
        let buckets: Vec<_> = values.buckets().collect();
        for (at, bucket) in buckets.iter().enumerate() {
            let ordinary = null.body.n() as f64 + bucket.count as f64 <= BODY_SHARE * n as f64;
            let apart = crowds && bucket.lower >= APART * null.edge;
            let many = if apart { crowd(buckets.get(at..).unwrap_or_default()) } else { 1 };
            if !ordinary && null.chance(bucket.lower, many) < FORETOLD_MIN {
                break;
            }
            null.body.insert_n(bucket.lower, bucket.count);
            null.edge = bucket.lower.max(1.0);
            null.refit();
        }
        null
    }

    fn refit(&mut self) {
        let mut peers = Peers::new();
        for bucket in self.body.buckets() {
            // Zeros beyond the needed weigh nothing in the tail.
            let most = if bucket.lower > 0.0 { 20_000 } else { 1_000 };
            peers.insert_n(bucket.lower, bucket.count.min(most));
        }
        if let Some(tail) = peers.fit().tail() {
            self.exponent = 1.0 / tail.index;
        }
    }

    /// How many entities there are.
    pub(crate) fn n(&self) -> u64 {
        self.n
    }

    /// The peers' median.
    pub(crate) fn median(&self) -> f64 {
        self.body.quantile(0.5).unwrap_or(0.0)
    }

    /// The most that a peer reached, as finely as the histogram tells: 0 where none reached anything.
    pub(crate) fn largest(&self) -> f64 {
        if self.body.at_least(1.0) > 0 { self.edge } else { 0.0 }
    }

    /// The exponent of the peers' tail: the chance of twice as much is `2^-exponent` times as large.
    pub(crate) fn exponent(&self) -> f64 {
        self.exponent
    }

    /// How many such entities as the peers lead one to expect to reach `x`.
    pub(crate) fn foretold(&self, x: f64) -> f64 {
        self.upper_p(x) * self.n as f64
    }

    /// The chance that so many peers reach `x`. How many are expected is known no better than to its own size, so the number of those
    /// that do is geometric and not Poisson: two or three times as many as foretold are no wonder, twenty where none was foretold are.
    pub(crate) fn chance(&self, x: f64, n: u64) -> f64 {
        let expected = self.foretold(x);
        (expected / (1.0 + expected)).powf(n as f64)
    }

    /// The chance that one more peer reaches `x`: by counting inside the peers' range, beyond it by a power law from its edge.
    pub(crate) fn upper_p(&self, x: f64) -> f64 {
        if x <= 0.0 || x.is_nan() {
            return 1.0;
        }
        let least = 1.0 / (self.n as f64 + 1.0);
        let reached = self.body.at_least(x);
        if reached > 0 || x <= self.edge {
            return (reached as f64 + 1.0) * least;
        }
        least * (x / self.edge).powf(-self.exponent)
    }
}

/// How many stand together from the first on, up to where nothing leads on to the next.
fn crowd(buckets: &[Bucket]) -> u64 {
    let next = buckets.iter().skip(1);
    let alone = buckets.iter().zip(next).position(|(one, next)| next.lower >= APART * one.lower);
    buckets.iter().take(alone.map_or(buckets.len(), |at| at + 1)).map(|bucket| bucket.count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heavy_tail_of_peers_is_a_tail_and_not_a_hand() {
        let mut values = LogHistogram::new();
        for i in 1..=1_000_u32 {
            values.insert(f64::from(1_000 / i));
        }
        let null = Null::fit(&values, 1_000);
        assert!(null.upper_p(1_000.0) > 1e-4, "{}", null.upper_p(1_000.0));
        assert!(null.upper_p(1_500.0) > 1e-5);
    }

    #[test]
    fn many_alike_and_far_out_are_no_peers_of_one_another() {
        let mut values = LogHistogram::new();
        (0..200).for_each(|i| values.insert(f64::from(1 + i % 5)));
        (0..8).for_each(|_| values.insert(300.0));
        let null = Null::fit(&values, 2_000);
        assert!(null.foretold(300.0) < FORETOLD_MIN && null.foretold(5.0) > 1.0);
    }

    #[test]
    fn twenty_alike_are_no_peers_where_one_would_be() {
        let with = |alike: u64| {
            let mut values = LogHistogram::new();
            [1.0, 1.0, 2.0].into_iter().for_each(|value| values.insert(value));
            values.insert_n(18.0, alike);
            Null::fit_households(&values, 60_000).foretold(30.0)
        };
        assert!(with(1) > FORETOLD_MIN, "one may be the tail: {}", with(1));
        assert!(with(20) < FORETOLD_MIN, "{}", with(20));
    }

    #[test]
    fn one_on_the_way_to_a_crowd_is_none_of_it() {
        let mut values = LogHistogram::new();
        [1.0, 1.0, 2.0, 9.0].into_iter().for_each(|value| values.insert(value));
        values.insert_n(60.0, 20);
        let null = Null::fit_households(&values, 60_000);
        assert!(null.foretold(9.0) > 1.0, "{}", null.foretold(9.0));
        assert!(null.foretold(120.0) < FORETOLD_MIN, "{}", null.foretold(120.0));
    }
}
