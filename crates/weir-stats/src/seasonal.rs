//! [`Seasonal`]: what one series usually does on a day of the week, and how far its days stray, from its own past.
//!
//! Decisive choice: days are compared as `ln(1 + x)`, so that a season and a growth are factors and a heavy-tailed habit is a broad one; a
//! day counts at most [`CLIP`] robust deviations from its level, so that one wild day is no change of habit. What is
//! said of the stray is meant for *means of whole weeks*: the season cancels in them, and autocorrelation is part of their error.
//!
//! The season is learned with as many weeks as the past has and believed only as far as it exceeds the noise of its own
//! estimate (James and Stein's shrinkage): a series without a week has none. Fewer than [`WEEKS_MIN`] weeks teach none.
//!
//! What it refuses: learning from what was flagged (the caller leaves it out), and steadiness: no habit varies by less than
//! counting does, or than [`SPREAD_MIN`].
//!
//! References: R. Cleveland and others, *STL*, J. Official Statistics 6 (1990) (robust seasons); B. Efron and C. Morris, JASA 68 (1973)
//! (shrinkage); M. Kendall, Biometrika 41 (1954) (bias of an autocorrelation); P. Bloomfield, *Fourier analysis of time series*, 2000, and
//! any text on AR(1) for the variance of a mean.

/// Weeks from which a season is learned.
pub const WEEKS_MIN: usize = 4;
/// Robust deviations from its level that a day counts at most.
pub const CLIP: f64 = 5.0;
/// No habit is steadier than this share of itself.
pub const SPREAD_MIN: f64 = 0.05;
/// Largest share of days that can be clipped; more are a habit.
const CLIPPED_MAX: f64 = 0.1;
/// MAD to standard deviation of a normal distribution.
const MAD_SCALE: f64 = 1.4826;
/// Variance of a median relative to that of a mean: pi / 2.
const MEDIAN_COST: f64 = std::f64::consts::FRAC_PI_2;
/// Largest autocorrelation believed.
const AUTO_MAX: f64 = 0.98;
const WEEK: usize = 7;

/// A fitted baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Seasonal {
    level: f64,
    /// What a day of the week adds to the level; zeros without a season.
    week: [f64; WEEK],
    /// Mean value of a day of the week (all days alike without a season).
    means: [f64; WEEK],
    clip: f64,
    sigma: f64,
    /// Standard deviation of a value from its day's mean.
    spread: f64,
    auto: f64,
    n: usize,
}

impl Seasonal {
    /// Fits to past days (days since 1970-01-01 and values, days without activity as zeros), ascending.
    #[must_use]
    pub fn fit(past: &[(i32, f64)]) -> Self {
        let logs: Vec<(usize, f64)> =
            past.iter().map(|(day, x)| (weekday(*day), x.max(0.0).ln_1p())).collect();
        let n = logs.len();
        let (week, seasoned) = season(&logs);
        let plain: Vec<f64> = logs.iter().map(|(at, y)| y - pick(&week, *at)).collect();
        let level = median(plain.clone());
        let floor = (-0.5 * level).exp().max(SPREAD_MIN);
        let robust = (MAD_SCALE * median(plain.iter().map(|y| (y - level).abs()).collect())).max(floor);
        let beyond = plain.iter().filter(|y| (*y - level).abs() > CLIP * robust).count();
        let clip = if beyond as f64 <= CLIPPED_MAX * n as f64 { CLIP * robust } else { f64::INFINITY };
        let residuals: Vec<f64> = plain.iter().map(|y| (y - level).clamp(-clip, clip)).collect();
        let spent = if seasoned { WEEK } else { 1 };
        let free = n.saturating_sub(spent).max(1) as f64;
        let mean = residuals.iter().sum::<f64>() / n.max(1) as f64;
        let square = residuals.iter().map(|r| (r - mean).powi(2)).sum::<f64>();
        let mut fitted = Self {
            level,
            week,
            means: [0.0; WEEK],
            clip,
            sigma: (square / free).sqrt().max(floor),
            spread: 0.0,
            auto: autocorrelation(&residuals, mean, square),
            n,
        };
        fitted.means = means(past, &fitted, seasoned);
        let strays =
            past.iter().map(|(day, x)| (fitted.value(*day, *x) - pick(&fitted.means, weekday(*day))).powi(2));
        fitted.spread = (strays.sum::<f64>() / free).sqrt();
        fitted
    }

    /// What a day strays from its level and season, in `ln(1 + x)`, clipped.
    #[must_use]
    pub fn residual(&self, day: i32, x: f64) -> f64 {
        (x.max(0.0).ln_1p() - pick(&self.week, weekday(day)) - self.level).clamp(-self.clip, self.clip)
    }

    /// A day's value, clipped from above in the same way.
    #[must_use]
    pub fn value(&self, day: i32, x: f64) -> f64 {
        x.clamp(0.0, (self.level + pick(&self.week, weekday(day)) + self.clip).exp_m1().max(0.0))
    }

    /// What is usual on a day: the median of days like it.
    #[must_use]
    pub fn usual(&self, day: i32) -> f64 {
        (self.level + pick(&self.week, weekday(day))).exp_m1().max(0.0)
    }

    /// Mean of the values of a day's kind.
    #[must_use]
    pub fn mean(&self, day: i32) -> f64 {
        pick(&self.means, weekday(day))
    }

    /// Standard deviation of a day's residual.
    #[must_use]
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// Standard deviation of a day's value from the mean of days like it.
    #[must_use]
    pub fn spread(&self) -> f64 {
        self.spread
    }

    /// Autocorrelation of one day with the next: the estimate with its bias removed and a standard error added, at least zero.
    #[must_use]
    pub fn autocorrelation(&self) -> f64 {
        self.auto
    }

    /// Whether there is a season.
    #[must_use]
    pub fn seasoned(&self) -> bool {
        self.week.iter().any(|effect| *effect != 0.0)
    }

    /// Days fitted to.
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }

    /// How many times the variance of a mean of `n` days is what independent days would give, `1 + 2 sum (1 - k/n) r^k` for an AR(1)
    /// of autocorrelation `r`.
    #[must_use]
    pub fn inflation(&self, n: usize) -> f64 {
        let (r, n) = (self.auto, n.max(1) as f64);
        ((1.0 + r) / (1.0 - r) - 2.0 * r * (1.0 - r.powf(n)) / (n * (1.0 - r).powi(2))).max(1.0)
    }
}

/// The place of a day in its week.
fn weekday(day: i32) -> usize {
    usize::try_from(day.rem_euclid(7)).unwrap_or(0)
}

fn pick(week: &[f64; WEEK], at: usize) -> f64 {
    week.get(at).copied().unwrap_or(0.0)
}

/// What each day of the week adds, shrunk; and whether it was learned.
fn season(logs: &[(usize, f64)]) -> ([f64; WEEK], bool) {
    let mut days: [Vec<f64>; WEEK] = Default::default();
    for (at, y) in logs {
        if let Some(of) = days.get_mut(*at) {
            of.push(*y);
        }
    }
    let weeks = days.iter().map(Vec::len).min().unwrap_or(0);
    let mut week = [0.0; WEEK];
    if weeks < WEEKS_MIN {
        return (week, false);
    }
    let medians = days.each_ref().map(|of| median(of.clone()));
    let centre = medians.iter().sum::<f64>() / WEEK as f64;
    let strays = logs.iter().map(|(at, y)| (y - pick(&medians, *at)).abs()).collect();
    let noise = MEDIAN_COST * (MAD_SCALE * median(strays)).powi(2) / weeks as f64;
    let between = medians.iter().map(|m| (m - centre).powi(2)).sum::<f64>() / (WEEK - 1) as f64;
    let belief = if between > noise { 1.0 - noise / between } else { 0.0 };
    for (effect, median) in week.iter_mut().zip(medians) {
        *effect = belief * (median - centre);
    }
    (week, belief > 0.0)
}

fn means(past: &[(i32, f64)], fitted: &Seasonal, seasoned: bool) -> [f64; WEEK] {
    let mut sums = [(0.0, 0.0); WEEK];
    let mut all = (0.0, 0.0);
    for (day, x) in past {
        let x = fitted.value(*day, *x);
        all = (all.0 + x, all.1 + 1.0);
        if let Some(of) = sums.get_mut(weekday(*day)) {
            *of = (of.0 + x, of.1 + 1.0);
        }
    }
    let mean = |(sum, n): (f64, f64)| if n > 0.0 { sum / n } else { 0.0 };
    sums.map(|of| mean(if seasoned { of } else { all }))
}

/// Lag-1 autocorrelation, its bias `-(1 + 3 r) / n` removed and a standard error added.
fn autocorrelation(residuals: &[f64], mean: f64, square: f64) -> f64 {
    let n = residuals.len() as f64;
    if square <= 0.0 || n < 2.0 {
        return 0.0;
    }
    let products: f64 =
        residuals.iter().zip(residuals.iter().skip(1)).map(|(a, b)| (a - mean) * (b - mean)).sum();
    let r = products / square;
    let unbiased = (r + (1.0 + 3.0 * r) / n).clamp(-1.0, 1.0);
    (unbiased + ((1.0 - unbiased * unbiased) / n).sqrt()).clamp(0.0, AUTO_MAX)
}

/// The median; 0 without values.
fn median(mut values: Vec<f64>) -> f64 {
    let n = values.len();
    if n == 0 {
        return 0.0;
    }
    let (below, upper, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    let upper = *upper;
    if n % 2 == 1 {
        return upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    lower + 0.5 * (upper - lower)
}
