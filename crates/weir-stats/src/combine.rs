//! Several p-values as one: across windows of one entity, across members of one campaign, across tests of one day.
//!
//! Decisive choice: nothing here needs independence unless its name says so. The tests of a detector look at overlapping windows of the
//! same records; Fisher's method, which multiplies p-values, would turn one coincidence into ten.
//!
//! What it refuses: values outside `[0, 1]` and NaN count as 1.

use std::f64::consts::PI;

/// p-values are lowered to this before the Cauchy transform: at 1 its score is minus infinity, and a single empty window (a discrete test
/// often says exactly 1) would outweigh any evidence. Scores of large p do not touch the far upper tail, which is what is used.
const CAUCHY_P_MAX: f64 = 0.99;

/// The smallest of `m` p-values, made a p-value again under any dependence: `min(1, m p)` (Bonferroni).
#[must_use]
pub fn bonferroni(p_min: f64, m: u64) -> f64 {
    (clean(p_min) * m.max(1) as f64).min(1.0)
}

/// The smallest of `m` *independent* p-values, made a p-value again: `1 - (1 - p)^m`, without cancellation (Sidak 1967). Conservative under
/// positive dependence, never larger than [`bonferroni`].
#[must_use]
pub fn min_p(p_min: f64, m: u64) -> f64 {
    -(m.max(1) as f64 * (-clean(p_min)).ln_1p()).exp_m1()
}

/// The product of two *independent* p-values, made a p-value again: `x (1 - ln x)` (R. Fisher, *Statistical methods for research workers*, 1932,
/// section 21.1).
#[must_use]
pub fn product(p: f64, q: f64) -> f64 {
    let x = (clean(p) * clean(q)).max(1e-307);
    (x * (1.0 - x.ln())).min(1.0)
}

/// Cauchy combination: `T` = mean of `tan((1/2 - p) pi)`, `p = 1/2 - atan(T) / pi`; `None` without p-values.
///
/// Its far tail is right under (nearly) arbitrary dependence, and unlike [`bonferroni`] it gains when many p-values are small; it is an
/// approximation above some 0.01. Sums in ascending order, so the order of `ps` leaves no trace.
///
/// Y. Liu and J. Xie, *Cauchy combination test*, JASA 115 (2020), 393-402.
#[must_use]
pub fn cauchy(ps: &[f64]) -> Option<f64> {
    let mut scores: Vec<f64> = ps.iter().map(|p| cotangent(clean(*p).min(CAUCHY_P_MAX))).collect();
    scores.sort_by(f64::total_cmp);
    let mean = scores.iter().map(|score| score / scores.len() as f64).sum::<f64>();
    // atan2 is 1/2 - atan(mean)/pi without cancellation.
    (!scores.is_empty()).then(|| f64::atan2(1.0, mean) / PI)
}

/// `cot(pi p)`, which is `tan((1/2 - p) pi)` without the cancellation; finite for p = 0.
fn cotangent(p: f64) -> f64 {
    1.0 / (PI * p.max(1e-307)).tan()
}

/// Harmonic mean of the p-values times `e ln m`: a p-value under *arbitrary* dependence, for when an approximation will not do;
/// `None` without p-values.
///
/// V. Vovk and R. Wang, *Combining p-values via averaging*, Biometrika 107 (2020), 791-808, for m >= 3; for fewer the Bonferroni
/// bound is used, which is then smaller.
#[must_use]
pub fn harmonic(ps: &[f64]) -> Option<f64> {
    let mut inverses: Vec<f64> = ps.iter().map(|p| 1.0 / clean(*p).max(1e-307)).collect();
    inverses.sort_by(f64::total_cmp);
    let largest = inverses.last()?;
    let m = inverses.len() as f64;
    let bonferroni = m / largest;
    if inverses.len() < 3 {
        return Some(bonferroni.min(1.0));
    }
    let mean = 1.0 / inverses.iter().map(|inverse| inverse / m).sum::<f64>();
    Some((std::f64::consts::E * m.ln() * mean).min(1.0))
}

fn clean(p: f64) -> f64 {
    if (0.0..=1.0).contains(&p) { p } else { 1.0 }
}
