//! Incomplete gamma and beta functions as logarithms: what the tails are made of.
//!
//! Decisive choice: own code over `libm`'s `lgamma` and `erfc`. The libraries surveyed (`statrs` 0.19, `special` 0.14, `puruspe` 0.4)
//! return plain numbers, which are zero below 1e-308, and build the leading factor from differences of `lgamma`, which loses digits as
//! counts grow. Here that factor comes from Loader's deviance form, which keeps them, and stays a logarithm.
//!
//! References: C. Loader, *Fast and accurate computation of binomial probabilities*, 2000. NIST Digital Library of Mathematical
//! Functions (DLMF), sections 5.11, 8.7, 8.9, 8.12, 8.17, 8.18. W. Press et al., *Numerical Recipes*, sections 5.2 (modified Lentz) and 6.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2, PI};

/// Relative accuracy at which a series or fraction ends.
const EPSILON: f64 = 1e-16;
/// Stand-in for zero in Lentz's method.
const TINY: f64 = 1e-300;
/// Shape beyond which an expansion in 1/shape replaces the series, whose length grows with its square root.
const SHAPE_LARGE: f64 = 1e8;
/// End of every loop, whatever the arguments: far more than any argument below [`SHAPE_LARGE`] needs.
const TERMS_MAX: u32 = 2_000_000;

/// `ln(1 - exp(v))` for `v <= 0`, without cancellation (M. Maechler, *Accurately computing log(1 - exp(-|a|))*, 2012).
pub(crate) fn ln_one_minus_exp(v: f64) -> f64 {
    if v > -LN_2 { (-v.exp_m1()).ln() } else { (-v.exp()).ln_1p() }
}

/// `ln(n!) - ln(sqrt(2 pi n) (n/e)^n)` for `n > 0`: the error of Stirling's formula (DLMF 5.11.1).
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        return libm::lgamma(n + 1.0) - (n + 0.5) * n.ln() + n - 0.5 * (2.0 * PI).ln();
    }
    let n2 = n * n;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / (1188.0 * n2)) / n2) / n2) / n2) / n
}

/// `x ln(x/m) + m - x` without cancellation where `x` is near `m` (Loader 2000, section 3).
fn deviance(x: f64, m: f64) -> f64 {
    let v = (x - m) / (x + m);
    if v.abs() > 0.1 {
        return x * (x / m).ln() + m - x;
    }
    let mut sum = (x - m) * v;
    let mut power = 2.0 * x * v;
    for j in 1..100 {
        power *= v * v;
        let next = sum + power / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// `ln(m^x e^-m / x!)` for real `x > 0`, `m > 0` (Loader 2000).
pub(crate) fn ln_poisson_mass(x: f64, m: f64) -> f64 {
    -stirling_error(x) - deviance(x, m) - 0.5 * (2.0 * PI * x).ln()
}

/// `ln P(a, x)`: the regularised lower incomplete gamma function, `a > 0`, `x >= 0`.
pub(crate) fn ln_gamma_lower(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        f64::NEG_INFINITY
    } else if a > SHAPE_LARGE {
        gamma_uniform(a, x, -1.0)
    } else if x < a + 1.0 {
        gamma_series(a, x)
    } else {
        ln_one_minus_exp(gamma_fraction(a, x).min(0.0))
    }
}

/// `ln Q(a, x)`: the regularised upper incomplete gamma function, `a > 0`, `x >= 0`.
pub(crate) fn ln_gamma_upper(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        0.0
    } else if a > SHAPE_LARGE {
        gamma_uniform(a, x, 1.0)
    } else if x < a + 1.0 {
        ln_one_minus_exp(gamma_series(a, x).min(0.0))
    } else {
        gamma_fraction(a, x)
    }
}

/// `ln P(a, x)` by its series (DLMF 8.7.1), for `x < a + 1`.
fn gamma_series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 1..TERMS_MAX {
        term *= x / (a + f64::from(n));
        sum += term;
        if term < sum * EPSILON {
            break;
        }
    }
    ln_poisson_mass(a, x) + sum.ln()
}

/// `ln Q(a, x)` by its continued fraction (DLMF 8.9.2), for `x >= a + 1`.
fn gamma_fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let fraction = lentz(b, |i| {
        let i = f64::from(i);
        b += 2.0;
        (-i * (i - a), b)
    });
    ln_poisson_mass(a, x) + a.ln() - fraction.ln()
}

/// `ln Q(a, x)` (side +1) or `ln P(a, x)` (side -1) for large `a`: Temme's uniform expansion (DLMF 8.12.3 to 8.12.10), first term; its
/// relative error is of the order of `1/a`.
fn gamma_uniform(a: f64, x: f64, side: f64) -> f64 {
    let offset = (x - a) / a;
    let eta = (2.0 * deviance(a, x) / a).max(0.0).sqrt().copysign(offset);
    let c0 = if eta.abs() < 1e-3 { -1.0 / 3.0 + eta / 12.0 } else { 1.0 / offset - 1.0 / eta };
    let ln_main = ln_normal_tail(side * eta * a.sqrt());
    let ln_scale = -0.5 * a * eta * eta - 0.5 * (2.0 * PI * a).ln();
    ln_main + (side * c0 * (ln_scale - ln_main).exp()).ln_1p()
}

/// `ln` of the upper tail of the standard normal distribution.
pub(crate) fn ln_normal_tail(z: f64) -> f64 {
    if z < 25.0 {
        return (0.5 * libm::erfc(z * FRAC_1_SQRT_2)).ln();
    }
    // Mills' ratio by its asymptotic series (DLMF 7.12.1): at z = 25 the first term left out is 1e-9 of 1e-6.
    let w = 1.0 / (z * z);
    let series = 1.0 - w * (1.0 - 3.0 * w * (1.0 - 5.0 * w * (1.0 - 7.0 * w * (1.0 - 9.0 * w))));
    -0.5 * z * z - 0.5 * (2.0 * PI).ln() - z.ln() + series.ln()
}

/// `ln I_x(a, b)`: the regularised incomplete beta function with `y = 1 - x` given apart, so that neither loses digits.
pub(crate) fn ln_beta(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        f64::NEG_INFINITY
    } else if y <= 0.0 {
        0.0
    } else if x < (a + 1.0) / (a + b + 2.0) {
        beta_fraction(a, b, x, y)
    } else {
        ln_one_minus_exp(beta_fraction(b, a, y, x).min(0.0))
    }
}

/// `ln I_x(a, b)` by its continued fraction (DLMF 8.17.22), for `x < (a + 1) / (a + b + 2)`.
fn beta_fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let fraction = lentz(1.0, |i| {
        let m = f64::from(i / 2);
        let step = if i % 2 == 0 {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        };
        (step, 1.0)
    });
    ln_binomial_mass(a, b, x, y) + (b / (a + b)).ln() - fraction.ln()
}

/// `ln(C(a + b, a) x^a y^b)` for real `a > 0`, `b > 0` (Loader 2000).
fn ln_binomial_mass(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    stirling_error(n) - stirling_error(a) - stirling_error(b) - deviance(a, n * x) - deviance(b, n * y)
        + 0.5 * (n.ln() - (2.0 * PI).ln() - a.ln() - b.ln())
}

/// `b0 + a1/(b1 + a2/(b2 + ...))` by the modified Lentz method; `next(i)` gives `(a_i, b_i)` for i = 1, 2, ...
fn lentz(b0: f64, mut next: impl FnMut(u32) -> (f64, f64)) -> f64 {
    let away = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut value = away(b0);
    let (mut c, mut d) = (value, 0.0);
    for i in 1..TERMS_MAX {
        let (a, b) = next(i);
        d = 1.0 / away(b + a * d);
        c = away(b + a / c);
        value *= c * d;
        if (c * d - 1.0).abs() < EPSILON * 2.0 {
            break;
        }
    }
    value
}
