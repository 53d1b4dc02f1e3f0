//! What everybody did: how much all series grew at once, and how far comparisons miss among them.
//!
//! Decisive choice: shared growth is the median over series of *the same comparison*: a window against its past. So a sale, a holiday, an
//! outage that ends, a dead sensor's day and the growth of the whole site are what half of all series show at that very length, with no
//! index that drifts. And a population's own scores say which tail they have: series that wander alike firm the belief in
//! Student's t, wild ones widen it until no score of the past is rarer than it was.
//!
//! What it refuses: a normal tail, and teaching by few ([`OTHERS_MIN`]).
//!
//! References: J. Tukey, *Exploratory data analysis*, 1977 (median polish); G. Smyth, Statistical Applications in Genetics 3 (2004) (a
//! freedom learned from all; here by tail shares, not by moments, which one odd series would rule).

use crate::growth::{Belief, Growth};
use crate::tail::student_upper;
use std::collections::BTreeMap;

/// Comparisons, each window counted once, from which others teach.
pub const OTHERS_MIN: f64 = 25.0;
/// Freedoms tried, ascending.
const FREEDOMS: [f64; 9] = [4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0];
/// Comparisons, each window counted once, beyond a point from which their share is evidence.
const BEYOND_MIN: f64 = 1.0;
/// Share of a normal distribution beyond one standard deviation.
const SIXTH: f64 = 0.158_655_254;
/// How much the variance is raised at a time, and at most.
const RAISE: f64 = 1.1;
/// See [`RAISE`].
const INFLATION_MAX: f64 = 1e4;

/// Equal buckets: the lowest value, a bucket's width, their number. What lies outside counts in the last one.
#[derive(Clone, Copy)]
struct Scale {
    low: f64,
    width: f64,
    buckets: u16,
}

const GROWTHS: Scale = Scale { low: -1.28, width: 0.01, buckets: 256 };
const SCORES: Scale = Scale { low: -8.0, width: 0.125, buckets: 320 };

impl Scale {
    fn bucket(self, value: f64) -> u16 {
        ((value - self.low) / self.width).floor().clamp(0.0, f64::from(self.buckets - 1)) as u16
    }

    fn edge(self, bucket: u16) -> f64 {
        self.low + self.width * f64::from(bucket)
    }
}

/// The value below which a share of the counted lies, evenly within its bucket.
fn quantile(counts: &BTreeMap<u16, u32>, share: f64, scale: Scale) -> Option<f64> {
    let all: f64 = counts.values().map(|n| f64::from(*n)).sum();
    let mut below = 0.0;
    counts.iter().find_map(|(bucket, count)| {
        let count = f64::from(*count);
        let within = (share * all - below) / count;
        below += count;
        (within <= 1.0).then(|| scale.edge(*bucket) + scale.width * within)
    })
}

/// Everybody's comparisons over windows of one length that end on one day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Together {
    growths: BTreeMap<u16, u32>,
    scores: BTreeMap<u16, u32>,
}

impl Together {
    /// Takes in one series' comparison. One that is not a number is left out.
    pub fn insert(&mut self, growth: &Growth) {
        let (grown, score) = (growth.growth, growth.score());
        if grown.is_finite() && score.is_finite() {
            *self.growths.entry(GROWTHS.bucket(grown)).or_default() += 1;
            *self.scores.entry(SCORES.bucket(score)).or_default() += 1;
        }
    }

    /// Takes in others.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in [(&mut self.growths, &other.growths), (&mut self.scores, &other.scores)] {
            theirs.iter().for_each(|(bucket, n)| *mine.entry(*bucket).or_default() += n);
        }
    }

    /// Number of series.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.growths.values().map(|n| u64::from(*n)).sum()
    }

    /// What half of them grew by at least, as a logarithm; below 0 if they fell. `None` without any.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        quantile(&self.growths, 0.5, GROWTHS)
    }
}

/// Everybody's comparisons over windows of one length up to a day.
#[derive(Debug, Clone)]
pub struct Comparisons {
    window: f64,
    scores: BTreeMap<u16, u64>,
}

impl Comparisons {
    /// None yet, of windows of so many days.
    #[must_use]
    pub fn new(window: usize) -> Self {
        Self { window: window.max(1) as f64, scores: BTreeMap::new() }
    }

    /// Adds a day's, less the day's median where that is above 0: what everybody does at once says nothing of how each strays.
    pub fn add(&mut self, day: &Together) {
        let centre = quantile(&day.scores, 0.5, SCORES).unwrap_or(0.0).max(0.0);
        let shift = (centre / SCORES.width).round() as u16;
        for (bucket, count) in &day.scores {
            *self.scores.entry(bucket.saturating_sub(shift)).or_default() += u64::from(*count);
        }
    }

    /// How far comparisons miss: the largest freedom with which Student's tail is nowhere below the share of scores that lies beyond; where
    /// the least freedom is too much, a larger variance. `None` where there are too few.
    #[must_use]
    pub fn belief(&self) -> Option<Belief> {
        let all: f64 = self.scores.values().map(|n| *n as f64).sum();
        if all / self.window < OTHERS_MIN {
            return None;
        }
        let mut above = 0.0;
        let mut beyond: Vec<(f64, f64)> = Vec::new();
        for (bucket, count) in self.scores.iter().rev() {
            above += *count as f64;
            let share = above / all;
            if share <= SIXTH && above / self.window >= BEYOND_MIN {
                beyond.push((SCORES.edge(*bucket), share));
            }
        }
        let within = |inflation: f64, freedom: f64| {
            beyond.iter().all(|(edge, share)| student_upper(edge / inflation.sqrt(), freedom) >= *share)
        };
        let mut inflation = 1.0;
        while !within(inflation, FREEDOMS[0]) && inflation < INFLATION_MAX {
            inflation *= RAISE;
        }
        let fitting = FREEDOMS.partition_point(|freedom| within(inflation, *freedom));
        let freedom = FREEDOMS.get(fitting.saturating_sub(1)).copied().unwrap_or(FREEDOMS[0]);
        Some(Belief { inflation, freedom, windows: all / self.window })
    }
}
