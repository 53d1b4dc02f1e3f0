//! [`Growth`]: the last weeks of a series against the past before them, and how unlikely that is.
//!
//! Decisive choice: how far a comparison misses by itself is not taken from a model alone. [`Missed`] remembers how far the series' own
//! earlier comparisons missed, where its autocorrelation foretold 1: a popularity that wanders, a cycle longer than a week, a habit
//! that comes and goes are seen there. What everybody's comparisons show ([`crate::everybody`]) says how sure that is.
//!
//! What it refuses: confidence without evidence. A model of days says little about weeks, so belief in it begins with the weight of four
//! windows of a week and fewer of longer ones: without others, a short past accuses nobody.
//!
//! References: G. Smyth, *Linear models and empirical Bayes methods*, Statistical Applications in Genetics 3 (2004) (a variance begun with
//! a prior's freedom); S. Geisser, *Predictive inference*, 1993.

use crate::tail::{negative_binomial_upper, student_upper};
use std::collections::VecDeque;

/// Least growth that is told, as a factor.
pub const GROWTH_MIN: f64 = 1.1;

/// Windows of a week's worth of belief that comparisons miss as far as AR(1) foretells; of longer windows it foretells less.
const BEGUN: f64 = 4.0;

/// Comparisons of others for each degree of freedom that they bear.
const WINDOWS_EACH: f64 = 5.0;

/// The last days of a series against those before them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// Days of the window.
    pub days: usize,
    /// Days of the past it is compared with.
    pub past: usize,
    /// Mean residual of the window less that of the past: the logarithm of a factor.
    pub growth: f64,
    /// Its standard error under AR(1).
    pub error: f64,
    /// Sum of the window's values, clipped.
    pub seen: f64,
    /// What the past's mean foretells of `seen`.
    pub expected: f64,
    /// Variance of `seen` about `expected`, both means' errors included.
    pub variance: f64,
    /// Days that the scale of `error` was fitted to.
    pub fitted: usize,
    /// How far the series' own comparisons missed before.
    pub missed: Belief,
}

impl Growth {
    /// Growth in standard errors, as far as the series' own past tells them.
    #[must_use]
    pub fn score(&self) -> f64 {
        self.growth / (self.error * self.missed.inflation.sqrt())
    }

    /// How far this comparison misses: as the series' own past says, times what everybody's scores show. Everybody's freedom is believed as far as their
    /// number bears it; a series' own past never more than everybody's.
    #[must_use]
    pub fn belief(&self, others: Option<Belief>) -> Belief {
        let Some(others) = others else { return self.bounded(self.missed) };
        let freedom = others.freedom.min(self.missed.freedom.max(others.windows / WINDOWS_EACH));
        let inflation = self.missed.inflation * others.inflation.max(1.0);
        self.bounded(Belief { inflation, freedom, windows: others.windows })
    }

    /// The scale of the error was estimated too, from the days fitted to less what their season and level took.
    fn bounded(&self, belief: Belief) -> Belief {
        Belief { freedom: belief.freedom.min(self.fitted as f64 - 7.0), ..belief }
    }

    /// The chance of growing so far beyond everybody's `shared` growth (a logarithm, at least 0): the larger of Student's tail of the score and the
    /// negative binomial's of the sum. 1 for less than [`GROWTH_MIN`].
    #[must_use]
    pub fn upper_p(&self, shared: f64, belief: Belief) -> f64 {
        let net = self.growth - shared;
        if net.is_nan() || net < GROWTH_MIN.ln() || self.error <= 0.0 || self.expected <= 0.0 {
            return 1.0;
        }
        let spread = student_upper(net / (self.error * belief.inflation.sqrt()), belief.freedom);
        let mean = self.expected * shared.exp();
        let variance = self.variance * belief.inflation * (2.0 * shared).exp();
        let dispersion = ((variance - mean) / (mean * mean)).max(0.0);
        spread.max(negative_binomial_upper(self.seen, mean, dispersion))
    }
}

/// How far comparisons miss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Belief {
    /// How many times the foretold variance they have, at least 1.
    pub inflation: f64,
    /// How sure that is: the freedom of Student's t.
    pub freedom: f64,
    /// Comparisons that it rests on, each window counted once.
    pub windows: f64,
}

impl Belief {
    /// Comparisons that bear any freedom that can be believed.
    pub const WINDOWS_ENOUGH: f64 = WINDOWS_EACH * 64.0;

    /// What both show: the larger variance and the smaller freedom, resting on the more comparisons.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            inflation: self.inflation.max(other.inflation),
            freedom: self.freedom.min(other.freedom),
            windows: self.windows.max(other.windows),
        }
    }
}

/// How far a series' own comparisons over windows of one length missed.
#[derive(Debug, Clone, Default)]
pub struct Missed {
    square: f64,
    n: f64,
    /// Scores and growths whose window has not passed yet.
    waiting: VecDeque<(f64, f64)>,
    /// Growths that could have been told, for how often there were such.
    grown: Vec<f64>,
}

impl Missed {
    /// What is believed of the next comparison: the default, and the past's comparisons, each window counted once.
    #[must_use]
    pub fn belief(&self, window: usize) -> Belief {
        let days = window.max(1) as f64;
        let begun = BEGUN * (7.0 / days).sqrt();
        let freedom = begun + self.n / days;
        let square = begun + self.square / days;
        Belief { inflation: (square / freedom).max(1.0), freedom, windows: self.n / days }
    }

    /// How often the series grew so far before: a window's worth of days counts once. 0 if never.
    #[must_use]
    pub fn habit(&self, net: f64, window: usize) -> f64 {
        let reached = self.grown.iter().filter(|growth| **growth >= net).count() as f64;
        if reached == 0.0 {
            return 0.0;
        }
        let window = window.max(1) as f64;
        ((reached / window).max(1.0) / (self.n / window + 1.0)).min(1.0)
    }

    /// Takes in a day's comparison, net of what everybody grew by. It is learned from once its window has passed, so a rise never makes itself
    /// likely.
    pub fn learn(&mut self, net: f64, error: f64, window: usize) {
        self.waiting.push_back((net / error, net));
        while self.waiting.len() > window {
            let Some((score, net)) = self.waiting.pop_front() else { break };
            self.square += score * score;
            self.n += 1.0;
            if net >= GROWTH_MIN.ln() {
                self.grown.push(net);
            }
        }
    }

    /// Forgets what waits: it was part of a rise.
    pub fn forget(&mut self) {
        self.waiting.clear();
    }
}
