//! Counts that arise by luck: the Poisson distribution's two ends.

/// Chance of at most `n` where `mean` are expected.
fn at_most(n: u64, mean: f64) -> f64 {
    let (mut term, mut sum) = ((-mean).exp(), 0.0);
    if term == 0.0 {
        return normal_at_most(n, mean);
    }
    for k in 0..=n {
        if k > 0 {
            term *= mean / k as f64;
        }
        sum += term;
    }
    sum.min(1.0)
}

/// The same for means whose exponential vanishes, by E. Wilson and M. Hilferty's cube root (1931).
fn normal_at_most(n: u64, mean: f64) -> f64 {
    let shape = n as f64 + 1.0;
    let z = ((mean / shape).cbrt() - (1.0 - 1.0 / (9.0 * shape))) * (9.0 * shape).sqrt();
    // Abramowitz and Stegun 26.2.17, error below 1e-7.
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let factors = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let series = factors.iter().rev().fold(0.0, |sum, factor| (sum + factor) * t);
    let tail = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * series;
    if z > 0.0 { tail } else { 1.0 - tail }
}

/// The most that a mean allows in 95 of 100 cases.
pub fn allowed(mean: f64) -> u64 {
    let (mut low, mut high) = (0, (mean + 10.0 * mean.sqrt() + 10.0) as u64);
    while low < high {
        let middle = low + (high - low) / 2;
        if at_most(middle, mean) >= 0.95 { high = middle } else { low = middle + 1 }
    }
    low
}

/// The largest mean under which as few as `n` still arise in 5 of 100 cases: the upper bound of a count.
pub fn bound(n: u64) -> f64 {
    let (mut low, mut high) = (n as f64, 3.0 * n as f64 + 10.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if at_most(n, middle) > 0.05 { low = middle } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::{allowed, at_most, bound, normal_at_most};

    #[test]
    fn the_ends_are_those_of_the_tables() {
        // Exact Poisson limits, e.g. F. Garwood 1936.
        for (n, upper) in [(0, 2.996), (1, 4.744), (5, 10.513), (20, 29.062)] {
            assert!((bound(n) - upper).abs() < 0.001, "{n}: {}", bound(n));
        }
        for (mean, most) in [(0.0, 0), (1.0, 3), (5.0, 9), (20.0, 28)] {
            assert_eq!(allowed(mean), most);
        }
        assert!((at_most(650, 650.0) - normal_at_most(650, 650.0)).abs() < 1e-4);
        assert!((1_050..1_056).contains(&allowed(1_000.0)), "{}", allowed(1_000.0));
    }
}
