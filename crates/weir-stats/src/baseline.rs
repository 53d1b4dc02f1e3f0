//! [`Baseline`]: what one entity usually does in a day, from its own past, and how unlikely a value is against that.
//!
//! Decisive choice: two models, and the larger p-value of the two. A negative binomial fits counts of people and records, but its tail
//! falls too fast for a habit that is heavy-tailed; Student's t on logarithms has a power-like tail when the past is short, but knows
//! nothing of counts. A value must be unlikely under both. And what the entity has itself done before is never called rarer than it was.
//!
//! Uncertainty counts: a mean from three days is not a mean from three hundred. The dispersion is shrunk towards a prior (what peers show,
//! or [`Prior::default`]) by its weight in days, and the predictive variance has the mean's own error added.
//!
//! What it refuses: learning from what was flagged. That is for the caller to leave out of `values`; outliers that nobody flagged are
//! clipped, unless they are so many that they are a habit. No seasons: give it values of like days.
//!
//! References: P. Rousseeuw and C. Croux, JASA 88 (1993) (MAD); B. Iglewicz and D. Hoaglin, *How to detect and handle outliers*, 1993 (the
//! 3.5 rule); J. Lawless, Canadian J. Statistics 15 (1987) (method of moments); S. Geisser, *Predictive inference*, 1993.

use crate::tail::{negative_binomial_upper, student_upper};

/// MAD to standard deviation of a normal distribution.
const MAD_SCALE: f64 = 1.4826;
/// Robust score beyond which a value is clipped.
const OUTLIER_SCORE: f64 = 3.5;
/// Largest share of values that can be outliers; more are a habit.
const OUTLIER_SHARE_MAX: f64 = 0.1;

/// What is believed before the entity's own past is seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// Mean per day, where peers tell it; without it an entity with no past has no baseline.
    pub mean: Option<f64>,
    /// Dispersion: the variance of a day is `mean + dispersion * mean^2`.
    pub dispersion: f64,
    /// How many days of own past this belief weighs.
    pub weight: f64,
}

/// People's days vary about as much as their mean (dispersion 1); held as firmly as two days of evidence.
impl Default for Prior {
    fn default() -> Self {
        Self { mean: None, dispersion: 1.0, weight: 2.0 }
    }
}

/// A fitted baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// The usable past values, ascending.
    past: Vec<f64>,
    /// Values clipped as outliers.
    clipped: usize,
    median: f64,
    mad: f64,
    mean: f64,
    dispersion: f64,
    /// Of a prediction: the dispersion with the mean's own uncertainty added.
    predictive: f64,
    centre_ln: f64,
    scale_ln: f64,
    freedom: f64,
}

impl Baseline {
    /// Fits to past values, one per day (days without activity as zeros). Negative values and values that are not numbers are left out.
    #[must_use]
    pub fn fit(values: &[f64]) -> Self {
        Self::fit_with(values, &Prior::default())
    }

    /// Fits to past values with a prior learned from peers.
    #[must_use]
    pub fn fit_with(values: &[f64], prior: &Prior) -> Self {
        let mut past: Vec<f64> = values.iter().copied().filter(|v| v.is_finite() && *v >= 0.0).collect();
        past.sort_by(f64::total_cmp);
        let logs: Vec<f64> = past.iter().map(|v| v.ln_1p()).collect();
        let centre_ln = median(&logs).or(prior.mean.map(f64::ln_1p)).unwrap_or(0.0);
        // Counting noise alone spreads ln(1 + X) by about 1/sqrt(1 + mean); no history is quieter than that.
        let noise = (-0.5 * centre_ln).exp();
        let robust = (MAD_SCALE * deviation(&logs, centre_ln)).max(noise);
        let limit = centre_ln + OUTLIER_SCORE * robust;
        let outliers = logs.iter().filter(|y| **y > limit).count();
        let clipped = if outliers as f64 <= OUTLIER_SHARE_MAX * past.len() as f64 { outliers } else { 0 };
        let cap = if clipped > 0 { limit } else { f64::INFINITY };
        let kept: Vec<f64> = past.iter().map(|v| v.min(cap.exp_m1())).collect();
        let square =
            logs.iter().map(|y| (y.min(cap) - centre_ln).powi(2)).sum::<f64>() / past.len().max(1) as f64;
        let degrees = (past.len() as f64 - 1.0).max(0.0);
        // Of ln(1 + X) the variance is about counting noise plus dispersion; the prior's part of it weighs its days.
        let believed = noise * noise + prior.dispersion;
        let freedom = degrees + prior.weight.max(1.0);
        let variance = (degrees * square.max(robust * robust) + prior.weight.max(1.0) * believed) / freedom;
        let (mean, dispersion) = moments(&kept, prior);
        let days = past.len() as f64 + if prior.mean.is_some() { prior.weight } else { 0.0 };
        let median = median(&past).or(prior.mean).unwrap_or(0.0);
        Self {
            clipped,
            median,
            mad: deviation(&past, median),
            mean,
            dispersion,
            predictive: dispersion + (1.0 / mean + dispersion) / days,
            centre_ln,
            scale_ln: (variance * (1.0 + 1.0 / days)).sqrt(),
            freedom,
            past,
        }
    }

    /// The chance of a value this large or larger on one more day like those of the past; 1 where there is no past and no prior mean.
    #[must_use]
    pub fn upper_p(&self, x: f64) -> f64 {
        if !self.predictive.is_finite() || x.is_nan() || x <= 0.0 {
            return 1.0;
        }
        self.count_p(x).max(self.spread_p(x)).max(self.habit_p(x))
    }

    /// The negative-binomial tail.
    #[must_use]
    pub fn count_p(&self, x: f64) -> f64 {
        negative_binomial_upper(x, self.mean, self.predictive)
    }

    /// Student's tail of `ln(1 + x)`, standardised by median and scale.
    #[must_use]
    pub fn spread_p(&self, x: f64) -> f64 {
        student_upper((x.max(0.0).ln_1p() - self.centre_ln) / self.scale_ln, self.freedom)
    }

    /// How often the past itself reached `x`; 0 if never.
    fn habit_p(&self, x: f64) -> f64 {
        let reached = self.past.len() - self.past.partition_point(|v| *v < x);
        reached as f64 / (self.past.len() as f64 + 1.0)
    }

    /// Number of past values used.
    #[must_use]
    pub fn n(&self) -> usize {
        self.past.len()
    }

    /// Number of past values clipped as outliers.
    #[must_use]
    pub fn clipped(&self) -> usize {
        self.clipped
    }

    /// Median of the past values.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.median
    }

    /// Median absolute deviation from the median, not scaled.
    #[must_use]
    pub fn mad(&self) -> f64 {
        self.mad
    }

    /// Mean per day after clipping, with half a count added for the uncertainty of a short or empty past.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Dispersion after clipping and shrinking: the variance of a day is `mean + dispersion * mean^2`.
    #[must_use]
    pub fn dispersion(&self) -> f64 {
        self.dispersion
    }
}

/// Mean and dispersion by the method of moments: `(s^2 - m) / m^2`, at least zero, each shrunk to the prior by its weight. The half
/// count in the mean is Jeffreys' prior for a Poisson mean: a past of zeros does not make one record impossible.
fn moments(kept: &[f64], prior: &Prior) -> (f64, f64) {
    let n = kept.len() as f64;
    let sum = kept.iter().sum::<f64>();
    let (weight, believed) = prior.mean.map_or((0.0, 0.0), |mean| (prior.weight, mean));
    let mean = (sum + 0.5 + weight * believed) / (n + weight);
    if n < 2.0 {
        return (mean, prior.dispersion);
    }
    let own = sum / n;
    let variance = kept.iter().map(|v| (v - own).powi(2)).sum::<f64>() / (n - 1.0);
    let moment = if own > 0.0 { ((variance - own) / (own * own)).max(0.0) } else { 0.0 };
    (mean, ((n - 1.0) * moment + prior.weight * prior.dispersion) / (n - 1.0 + prior.weight))
}

/// The median of ascending values.
fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get(sorted.len().checked_sub(1)? / 2)?;
    Some(lower + 0.5 * (upper - lower))
}

/// The median distance from a centre; 0 without values.
fn deviation(values: &[f64], centre: f64) -> f64 {
    let mut distances: Vec<f64> = values.iter().map(|v| (v - centre).abs()).collect();
    distances.sort_by(f64::total_cmp);
    median(&distances).unwrap_or(0.0)
}
