//! Tail probabilities: the chance of a value this large or larger, accurate where it is tiny.
//!
//! Decisive choice: each tail is computed as a logarithm, directly and never as one minus the other side, so 1e-300 has as many true
//! digits as 0.1; the plain form is its exponential. Counts are real numbers rounded up to the next whole one (`P(X >= 2.3)` is
//! `P(X >= 3)`), because series carry doubles.
//!
//! What it refuses: a wrong parameter never gives a small p. Where a tail is not defined (a negative mean, a value that is not a
//! number) it is 1: nothing is said against the entity. (`f64::min` drops a NaN, which is how the code below keeps that promise.)
//!
//! Formulas: NIST Digital Library of Mathematical Functions 7.2 (normal), 8.4.10 (Poisson), 8.17.5 (binomial), 8.17.24 (negative binomial).

use crate::special::{ln_beta, ln_gamma_lower, ln_gamma_upper, ln_normal_tail};

/// Dispersion below which a negative binomial is taken as its Poisson limit: the difference is below one part in a million.
const DISPERSION_MIN: f64 = 1e-12;
/// Degrees of freedom above which Student's t is taken as its normal limit.
const FREEDOM_MAX: f64 = 1e8;

/// `ln P(X >= x)` for a Poisson count with this mean: `P(k, mean)`, the lower incomplete gamma function.
#[must_use]
pub fn ln_poisson_upper(x: f64, mean: f64) -> f64 {
    match count(x) {
        Some(k) if mean >= 0.0 && mean.is_finite() => ln_gamma_lower(k, mean).min(0.0),
        _ => 0.0,
    }
}

/// `P(X >= x)` for a Poisson count with this mean.
#[must_use]
pub fn poisson_upper(x: f64, mean: f64) -> f64 {
    ln_poisson_upper(x, mean).exp()
}

/// `ln P(X >= x)` for the successes in `n` trials of chance `p`: `I_p(k, n - k + 1)`.
#[must_use]
pub fn ln_binomial_upper(x: f64, n: u64, p: f64) -> f64 {
    match count(x) {
        Some(k) if k > n as f64 && (0.0..=1.0).contains(&p) => f64::NEG_INFINITY,
        Some(k) if (0.0..=1.0).contains(&p) => ln_beta(k, n as f64 - k + 1.0, p, 1.0 - p).min(0.0),
        _ => 0.0,
    }
}

/// `ln P(X >= x)` for the successes in `n` trials whose chance is itself drawn for each group of `n`, from a beta distribution with this
/// mean and intra-class correlation: the beta-binomial, `C(n, j) B(j + a, n - j + b) / B(a, b)` summed from `x`, with `a + b = 1 / correlation - 1`
/// (J. Skellam, J. Royal Statistical Society B 10 (1948)). Correlation 0 is the binomial.
#[must_use]
pub fn ln_beta_binomial_upper(x: f64, n: u64, mean: f64, correlation: f64) -> f64 {
    if correlation.is_nan() || correlation <= DISPERSION_MIN {
        return ln_binomial_upper(x, n, mean);
    }
    let Some(k) = count(x) else { return 0.0 };
    if !(mean > 0.0 && mean < 1.0 && correlation < 1.0) {
        return 0.0;
    }
    let trials = n as f64;
    if k > trials {
        return f64::NEG_INFINITY;
    }
    let size = 1.0 / correlation - 1.0;
    let (a, b) = (mean * size, (1.0 - mean) * size);
    // The terms' ratios are rational: begin with all `n`, whose logarithm is a sum, and go down to `k`.
    let mut term = (0..n).map(|i| ((a + i as f64) / (size + i as f64)).ln()).sum::<f64>();
    let (mut top, mut scaled) = (term, 1.0);
    let mut j = trials;
    while j > k {
        // mass(j - 1) / mass(j)
        term += (j / (trials - j + 1.0) * (trials - j + b) / (j - 1.0 + a)).ln();
        j -= 1.0;
        if term > top {
            scaled = scaled * (top - term).exp() + 1.0;
            top = term;
        } else {
            scaled += (term - top).exp();
        }
    }
    (top + scaled.ln()).min(0.0)
}

/// `P(X >= x)` for a beta-binomial count; see [`ln_beta_binomial_upper`].
#[must_use]
pub fn beta_binomial_upper(x: f64, n: u64, mean: f64, correlation: f64) -> f64 {
    ln_beta_binomial_upper(x, n, mean, correlation).exp()
}

/// `P(X >= x)` for the successes in `n` trials of chance `p`.
#[must_use]
pub fn binomial_upper(x: f64, n: u64, p: f64) -> f64 {
    ln_binomial_upper(x, n, p).exp()
}

/// `ln P(X >= x)` for an over-dispersed count: negative binomial with this mean and variance `mean + dispersion * mean^2`, that is size
/// `r = 1 / dispersion`: `I_q(k, r)` with `q = mean / (mean + r)`. Dispersion 0 is the Poisson.
#[must_use]
pub fn ln_negative_binomial_upper(x: f64, mean: f64, dispersion: f64) -> f64 {
    if dispersion.is_nan() || dispersion <= DISPERSION_MIN || dispersion * mean < DISPERSION_MIN {
        return ln_poisson_upper(x, mean);
    }
    match count(x) {
        Some(k) if mean > 0.0 && mean.is_finite() && dispersion.is_finite() => {
            let odds = mean * dispersion;
            ln_beta(k, 1.0 / dispersion, odds / (1.0 + odds), 1.0 / (1.0 + odds)).min(0.0)
        }
        _ => 0.0,
    }
}

/// `P(X >= x)` for an over-dispersed count; see [`ln_negative_binomial_upper`].
#[must_use]
pub fn negative_binomial_upper(x: f64, mean: f64, dispersion: f64) -> f64 {
    ln_negative_binomial_upper(x, mean, dispersion).exp()
}

/// `ln P(X >= x)` for a gamma-distributed quantity of this shape and scale: `Q(shape, x / scale)`.
#[must_use]
pub fn ln_gamma_tail(x: f64, shape: f64, scale: f64) -> f64 {
    if x > 0.0 && x.is_finite() && shape > 0.0 && shape.is_finite() && scale > 0.0 {
        ln_gamma_upper(shape, x / scale).min(0.0)
    } else {
        0.0
    }
}

/// `ln P(Z >= z)` for a standard normal quantity.
#[must_use]
pub fn ln_normal_upper(z: f64) -> f64 {
    if z.is_nan() { 0.0 } else { ln_normal_tail(z) }
}

/// `P(Z >= z)` for a standard normal quantity.
#[must_use]
pub fn normal_upper(z: f64) -> f64 {
    ln_normal_upper(z).exp()
}

/// The `z` with `P(Z >= z) = p`: a p-value as a normal score, for sums of evidence over days. Clamped to +-37, where `p` is 1e-299.
#[must_use]
pub fn normal_score(p: f64) -> f64 {
    const LIMIT: f64 = 37.0;
    if p.is_nan() || p >= 0.5 {
        return if p > 0.5 { -normal_score(1.0 - p) } else { 0.0 };
    }
    if p <= normal_upper(LIMIT) {
        return LIMIT;
    }
    // Bisection on the logarithm, which is concave and falls all the way; then nothing can diverge.
    let (mut low, mut high) = (0.0, LIMIT);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if ln_normal_upper(middle) > p.ln() { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// `ln P(T >= t)` for Student's t with `freedom` degrees of freedom: half of `I(f/2, 1/2)` at `f / (f + t^2)`. The tail of a standardised
/// value whose scale was itself estimated from `freedom + 1` values: it falls as a power, so few values never give a tiny p.
#[must_use]
pub fn ln_student_upper(t: f64, freedom: f64) -> f64 {
    if t.is_nan() || freedom.is_nan() || freedom <= 0.0 {
        return 0.0;
    }
    if freedom > FREEDOM_MAX {
        return ln_normal_upper(t);
    }
    if t < 0.0 {
        return crate::special::ln_one_minus_exp(ln_student_upper(-t, freedom));
    }
    let odds = t / freedom * t;
    let (x, y) = if odds.is_finite() { (1.0 / (1.0 + odds), odds / (1.0 + odds)) } else { (0.0, 1.0) };
    ln_beta(0.5 * freedom, 0.5, x, y).min(0.0) - std::f64::consts::LN_2
}

/// `P(T >= t)` for Student's t; see [`ln_student_upper`].
#[must_use]
pub fn student_upper(t: f64, freedom: f64) -> f64 {
    ln_student_upper(t, freedom).exp()
}

/// The empirical tail: `(c + 1) / (n + 1)` for `c` of `n` earlier values at least as large. The only tail here that assumes nothing but
/// exchangeability (Davison and Hinkley 1997, section 4.2; Phipson and Smyth 2010).
#[must_use]
pub fn empirical_upper(at_least: u64, n: u64) -> f64 {
    (at_least.min(n) as f64 + 1.0) / (n as f64 + 1.0)
}

/// The whole number at or above `x`, if it is above zero: `P(X >= 0)` is 1.
fn count(x: f64) -> Option<f64> {
    (x > 0.0 && x.is_finite()).then(|| x.ceil())
}
