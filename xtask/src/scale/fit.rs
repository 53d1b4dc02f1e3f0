//! How a time grows with a number of records: a power law and a line, both by least squares.
//!
//! Decisive choice: both fits weigh relative errors, so that the smallest run counts as much as the largest; a power law does so by its logarithms.

/// A measurement: records and what they took.
pub type Point = (f64, f64);

/// `scale * records ^ exponent`.
#[derive(Clone, Copy, Debug)]
pub struct Power {
    scale: f64,
    /// How it grows: 1 is in proportion.
    pub exponent: f64,
    /// The exponent's standard error; none of two points, which any power law meets.
    pub error: Option<f64>,
    /// The largest relative distance of a point from it.
    pub miss: f64,
}

/// `constant + each * records`.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// What no records take.
    pub constant: f64,
    /// What a record adds.
    pub each: f64,
    /// The largest relative distance of a point from it.
    pub miss: f64,
}

/// Both fits of the same points.
#[derive(Clone, Copy, Debug)]
pub struct Growth {
    pub power: Power,
    pub line: Line,
}

impl Growth {
    /// Of points of at least two different numbers of records.
    pub fn of(points: &[Point]) -> Option<Self> {
        Some(Self { power: Power::of(points)?, line: Line::of(points)? })
    }

    /// What so many records take by the fit that says more.
    pub fn worst(&self, records: f64) -> f64 {
        self.power.at(records).max(self.line.at(records))
    }
}

impl Power {
    fn of(points: &[Point]) -> Option<Self> {
        let logs: Vec<(f64, f64, f64)> = points.iter().map(|(x, y)| (1.0, x.ln(), y.ln())).collect();
        let (constant, exponent) = least_squares(&logs)?;
        let mean = logs.iter().map(|(_, x, _)| x).sum::<f64>() / logs.len() as f64;
        let spread = logs.iter().map(|(_, x, _)| (x - mean).powi(2)).sum::<f64>();
        let left = logs.iter().map(|(_, x, y)| (y - constant - exponent * x).powi(2)).sum::<f64>();
        let error = (logs.len() > 2).then(|| (left / (logs.len() - 2) as f64 / spread).sqrt());
        let fit = Self { scale: constant.exp(), exponent, error, miss: 0.0 };
        Some(Self { miss: miss(points, |x| fit.at(x)), ..fit })
    }

    /// What so many records take.
    pub fn at(&self, records: f64) -> f64 {
        self.scale * records.powf(self.exponent)
    }
}

impl Line {
    fn of(points: &[Point]) -> Option<Self> {
        // Divided by what was measured, all points are ones and the errors relative.
        let relative: Vec<(f64, f64, f64)> = points.iter().map(|(x, y)| (1.0 / y, x / y, 1.0)).collect();
        let (constant, each) = least_squares(&relative)?;
        let fit = Self { constant, each, miss: 0.0 };
        Some(Self { miss: miss(points, |x| fit.at(x)), ..fit })
    }

    /// What so many records take.
    pub fn at(&self, records: f64) -> f64 {
        self.constant + self.each * records
    }
}

/// The `a` and `b` for which `a * u + b * v` is nearest to `y` over all `(u, v, y)`; none where they are not determined.
fn least_squares(rows: &[(f64, f64, f64)]) -> Option<(f64, f64)> {
    let sum = |of: fn(&(f64, f64, f64)) -> f64| rows.iter().map(of).sum::<f64>();
    let (uu, uv, vv) = (sum(|r| r.0 * r.0), sum(|r| r.0 * r.1), sum(|r| r.1 * r.1));
    let (uy, vy) = (sum(|r| r.0 * r.2), sum(|r| r.1 * r.2));
    let determinant = uu * vv - uv * uv;
    (determinant > 1e-9 * uu * vv)
        .then(|| ((uy * vv - vy * uv) / determinant, (vy * uu - uy * uv) / determinant))
}

fn miss(points: &[Point], fit: impl Fn(f64) -> f64) -> f64 {
    points.iter().map(|(x, y)| (fit(*x) / y - 1.0).abs()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a / b - 1.0).abs() < 1e-6
    }

    const RECORDS: [f64; 4] = [1e6, 4e6, 16e6, 100e6];

    #[test]
    fn a_power_law_is_found_again() {
        let points = RECORDS.map(|n| (n, 3e-6 * n.powf(1.1)));
        let power = Growth::of(&points).unwrap().power;
        assert!(near(power.exponent, 1.1) && near(power.at(1e9), 3e-6 * 1e9_f64.powf(1.1)), "{power:?}");
        assert!(power.miss < 1e-6 && power.error.unwrap() < 1e-6, "{power:?}");
    }

    #[test]
    fn a_line_is_found_again_and_says_more_than_the_power_law_that_its_constant_bends() {
        let points = RECORDS.map(|n| (n, 20.0 + 3e-6 * n));
        let growth = Growth::of(&points).unwrap();
        assert!(near(growth.line.constant, 20.0) && near(growth.line.each, 3e-6), "{growth:?}");
        assert!(growth.power.exponent < 1.0 && growth.power.miss > 0.1, "{growth:?}");
        assert!(near(growth.worst(1e10), 20.0 + 3e-6 * 1e10));
    }

    #[test]
    fn errors_are_told_and_the_smallest_run_counts_as_much_as_the_largest() {
        let points = [(1e6, 1.1), (1e7, 8.0), (1e8, 100.0)];
        let growth = Growth::of(&points).unwrap();
        assert!(growth.power.miss > 0.01 && growth.power.error.unwrap() > 0.001, "{growth:?}");
        let off = |(x, y): (f64, f64)| (growth.line.at(x) / y - 1.0).abs();
        assert!(off(points[0]) < 0.2 && off(points[2]) < 0.2, "{growth:?}");
    }

    #[test]
    fn one_size_determines_nothing_and_two_no_error() {
        assert!(Growth::of(&[(1e6, 1.0)]).is_none());
        assert!(Growth::of(&[(1e6, 1.0), (1e6, 1.1)]).is_none());
        assert_eq!(Growth::of(&[(1e6, 1.0), (1e7, 9.0)]).unwrap().power.error, None);
    }
}
