//! [`Scan`]: whether the mean of a series has risen a little and for good, day by day, from its own past.
//!
//! Decisive choice: not a CUSUM with a bound. Such a bound takes the mean before the change as known; from a past of weeks it is
//! not, and its error acts like a drift that never ends. So the last whole weeks are compared with the past before them, for each length of
//! [`WINDOWS`] (the generalised likelihood ratio of a change at an unknown day), and the error of both means is counted:
//!
//! - `D`: mean residual ([`Seasonal`]) of the window less that of the past, less what everybody gained meanwhile (the caller's; at least 0);
//! - `s`: its standard error under AR(1), and `T = D / s`;
//! - `f`: how far such comparisons missed before ([`Missed`]): the mean square of `T`, where 1 is foretold. A popularity that wanders, a
//!   monthly cycle or a trend is seen here and not called a change;
//! - p: Student's tail of `T / sqrt(f)`, its freedom learned from everybody's scores ([`crate::everybody`]), else the windows behind `f`; or the
//!   negative binomial's tail of the window's sum, for counts too small for logarithms; or how often the series grew so far before: the
//!   largest. Times the number of windows (Bonferroni).
//!
//! What rose is not learned from: its days leave the series from the estimated first day of the change until it is back below
//! half of its rise. So a lasting change is one [`Rise`], however long it lasts.
//!
//! What it refuses: rises below [`GROWTH_MIN`](crate::growth::GROWTH_MIN), and a past shorter than [`PAST_MIN`] days or twice the window.
//!
//! References: D. Siegmund and E. Venkatraman, Annals of Statistics 23 (1995) (the ratio, sequentially); D. Hinkley, Biometrika 57 (1970)
//! (where a mean changed); J. Kingman, J. Royal Statistical Society B 32 (1970) (the bound not used).

use crate::Seasonal;
use crate::growth::{Belief, Growth, Missed};
use std::collections::VecDeque;

/// Lengths of the windows compared with the past before them, in days: whole weeks.
pub const WINDOWS: [usize; 5] = [7, 14, 21, 28, 42];
/// Fewest days of past.
pub const PAST_MIN: usize = 28;
/// Most days that a baseline is fitted to.
pub const PAST_MAX: usize = 182;
/// Windows' lengths of past that a window is compared with.
const PAST_WINDOWS: usize = 3;
/// Days between two fits of the baseline.
const FIT_DAYS: usize = 7;
/// Share of days with activity from which a past tells what is usual: of fewer, absence is the habit and a presence of weeks no change of it.
const ACTIVE_SHARE: f64 = 0.5;
/// Share of its rise below which a change is over, by the mean of a week.
const OVER: f64 = 0.5;
const WEEK: usize = 7;
const COUNT: usize = WINDOWS.len();
/// The longest window: days that could be part of a rise, which no baseline is fitted to.
const LONGEST: usize = 42;

/// What others tell of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Others {
    /// What everybody grew by, as a logarithm; what is below 0 counts as 0: that others fell makes nobody rise.
    pub shared: f64,
    /// How far everybody's comparisons miss, where there are enough of them.
    pub belief: Option<Belief>,
}

/// The least likely window of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Least {
    /// The window against its past.
    pub growth: Growth,
    /// What everybody grew by in it.
    pub shared: f64,
    /// How far comparisons of its length miss, the series' own included.
    pub belief: Belief,
    /// Its chance, times the number of windows.
    pub p: f64,
}

/// A day judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// The day.
    pub day: i32,
    /// Its value.
    pub value: f64,
    /// What is usual on a day like it; `None` before there is a baseline.
    pub usual: Option<f64>,
    /// Its least likely window, where there is past enough. During a rise it stays as it was when the rise was told.
    pub least: Option<Least>,
    /// Whether the day is part of a rise that was told.
    pub risen: bool,
}

/// A change, told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rise {
    /// Estimated first day.
    pub from: i32,
    /// Last day, so far.
    pub to: i32,
    /// The day on which it was told.
    pub told: i32,
    /// Why.
    pub least: Least,
    /// Sum of the values from the first day to the last.
    pub seen: f64,
    /// What the past foretold for these days.
    pub expected: f64,
    /// Whether it is over.
    pub over: bool,
}

/// Sums over days: residuals, clipped values, means of days like them, days with activity.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    residual: f64,
    value: f64,
    mean: f64,
    active: usize,
}

/// A series, day by day.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    /// Days that are learned from, and their values.
    days: Vec<(i32, f64)>,
    /// `sums[i]` is over the first `i` of them.
    sums: Vec<Sums>,
    fitted: Option<Seasonal>,
    since_fit: usize,
    missed: [Missed; COUNT],
    rises: Vec<Rise>,
    /// Residuals of the last week of a rise, less the mean of its past.
    lately: VecDeque<f64>,
    /// Mean residual of the past when the rise was told, and what a usual day's value is to be multiplied by to be a mean.
    before: (f64, f64),
}

impl Scan {
    /// An empty series.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The changes told so far, the last one perhaps not over.
    #[must_use]
    pub fn rises(&self) -> &[Rise] {
        &self.rises
    }

    /// The baseline as last fitted.
    #[must_use]
    pub fn baseline(&self) -> Option<&Seasonal> {
        self.fitted.as_ref()
    }

    /// Takes in the next day and judges it. `threshold` is the largest p that tells a change.
    pub fn push(
        &mut self,
        day: i32,
        value: f64,
        threshold: f64,
        others: impl Fn(&Growth) -> Others,
    ) -> Judged {
        if self.rises.last().is_some_and(|rise| !rise.over) {
            return self.during(day, value);
        }
        self.append(day, value);
        let mut judged = self.judge(day, value, others);
        if let Some(least) = judged.least.filter(|least| least.p <= threshold) {
            self.tell(day, least);
            judged.risen = true;
        }
        judged
    }

    /// Takes in the next day and gives every window's growth, without judging: what others are learned from.
    pub fn grow(&mut self, day: i32, value: f64) -> [Option<Growth>; COUNT] {
        self.append(day, value);
        let mut all = [None; COUNT];
        for (at, (grown, window)) in all.iter_mut().zip(WINDOWS).enumerate() {
            *grown = self.growth(at, window);
            if let (Some(growth), Some(missed)) = (grown, self.missed.get_mut(at)) {
                missed.learn(growth.growth, growth.error, window);
            }
        }
        all
    }

    fn append(&mut self, day: i32, value: f64) {
        if self.days.len() >= PAST_MAX + 4 * LONGEST {
            self.days.drain(..LONGEST);
            self.resum(0);
        }
        self.days.push((day, value));
        self.since_fit += 1;
        let first = self.days.len() == PAST_MIN + WEEK;
        if first || self.days.len() > PAST_MIN + WEEK && self.since_fit >= FIT_DAYS {
            self.fit();
        } else {
            self.resum(self.sums.len());
        }
    }

    /// Fits the baseline to the days before the longest window, while there are few to those before the shortest. There is none for days that are mostly
    /// idle.
    fn fit(&mut self) {
        let n = self.days.len();
        let until = n.saturating_sub(LONGEST).max(PAST_MIN).min(n.saturating_sub(WEEK));
        let past = self.days.get(until.saturating_sub(PAST_MAX)..until).unwrap_or_default();
        let active = past.iter().filter(|(_, value)| *value > 0.0).count();
        self.fitted = (!idle(active, past.len())).then(|| Seasonal::fit(past));
        self.since_fit = 0;
        self.resum(0);
    }

    /// Sums anew, keeping the first `kept` sums.
    fn resum(&mut self, kept: usize) {
        self.sums.truncate(kept);
        let Some(fitted) = &self.fitted else { return };
        if self.sums.is_empty() {
            self.sums.push(Sums::default());
        }
        let mut sum = self.sums.last().copied().unwrap_or_default();
        for (day, value) in self.days.iter().skip(self.sums.len() - 1) {
            sum.residual += fitted.residual(*day, *value);
            sum.value += fitted.value(*day, *value);
            sum.mean += fitted.mean(*day);
            sum.active += usize::from(*value > 0.0);
            self.sums.push(sum);
        }
    }

    /// The last days against the past before them.
    fn growth(&self, which: usize, window: usize) -> Option<Growth> {
        let fitted = self.fitted.as_ref()?;
        let start = self.days.len().checked_sub(window)?;
        let past = start.min(PAST_MIN.max(PAST_WINDOWS * window));
        if past < PAST_MIN.max(2 * window) {
            return None;
        }
        let at = |i: usize| self.sums.get(i).copied();
        let (old, middle, new) = (at(start - past)?, at(start)?, at(self.days.len())?);
        if idle(middle.active - old.active, past) {
            return None;
        }
        let (n, m) = (window as f64, past as f64);
        let share = fitted.inflation(window) / n + fitted.inflation(past) / m;
        // The past's sum, carried over by what the days of both weigh in the season.
        let weight = middle.mean - old.mean;
        let carried = if weight > 0.0 { (new.mean - middle.mean) / weight } else { n / m };
        Some(Growth {
            days: window,
            past,
            growth: (new.residual - middle.residual) / n - (middle.residual - old.residual) / m,
            error: fitted.sigma() * share.sqrt(),
            seen: new.value - middle.value,
            expected: (middle.value - old.value) * carried,
            variance: (fitted.spread() * n).powi(2) * share,
            fitted: fitted.n(),
            missed: self.missed.get(which)?.belief(window),
        })
    }

    fn judge(&mut self, day: i32, value: f64, others: impl Fn(&Growth) -> Others) -> Judged {
        let mut least: Option<Least> = None;
        for (at, window) in WINDOWS.into_iter().enumerate() {
            let Some(growth) = self.growth(at, window) else { continue };
            let Some(missed) = self.missed.get_mut(at) else { continue };
            let others = others(&growth);
            let shared = others.shared.max(0.0);
            let belief = growth.belief(others.belief);
            let net = growth.growth - shared;
            let p = growth.upper_p(shared, belief).max(missed.habit(net, window));
            let p = (p * COUNT as f64).min(1.0);
            missed.learn(net, growth.error, window);
            if least.is_none_or(|least| p < least.p) {
                least = Some(Least { growth, shared, belief, p });
            }
        }
        let usual = self.fitted.as_ref().map(|fitted| fitted.usual(day));
        Judged { day, value, usual, least, risen: false }
    }

    /// A change begins: its days leave the series.
    fn tell(&mut self, day: i32, least: Least) {
        let start = self.days.len().saturating_sub(least.growth.days);
        let sums = |at: usize| self.sums.get(at).copied().unwrap_or_default();
        let (old, middle) = (sums(start.saturating_sub(least.growth.past)), sums(start));
        let past = least.growth.past.max(1) as f64;
        let weight = middle.mean - old.mean;
        self.before = (
            (middle.residual - old.residual) / past,
            if weight > 0.0 { (middle.value - old.value) / weight } else { 1.0 },
        );
        let risen = self.days.split_off(start);
        self.sums.truncate(start + 1);
        self.lately.clear();
        self.missed.iter_mut().for_each(Missed::forget);
        let from = risen.first().map_or(day, |(first, _)| *first);
        self.rises.push(Rise { from, to: day, told: day, least, seen: 0.0, expected: 0.0, over: false });
        for (day, value) in risen {
            self.count(day, value);
        }
    }

    /// Counts a day of a change.
    fn count(&mut self, day: i32, value: f64) {
        let Some(fitted) = &self.fitted else { return };
        self.lately.push_back(fitted.residual(day, value) - self.before.0);
        if self.lately.len() > WEEK {
            self.lately.pop_front();
        }
        if let Some(rise) = self.rises.last_mut() {
            rise.to = day;
            rise.seen += value;
            rise.expected += fitted.mean(day) * self.before.1;
        }
    }

    /// A day while a change that was told goes on.
    fn during(&mut self, day: i32, value: f64) -> Judged {
        let usual = self.fitted.as_ref().map(|fitted| fitted.usual(day));
        let kept = self.rises.last().copied();
        self.count(day, value);
        let lately = self.lately.iter().sum::<f64>() / self.lately.len().max(1) as f64;
        let mut risen = true;
        if let (Some(rise), Some(kept)) = (self.rises.last_mut(), kept)
            && lately < OVER * rise.least.growth.growth
        {
            *rise = Rise { over: true, ..kept };
            risen = false;
        }
        Judged { day, value, usual, least: kept.map(|rise| rise.least), risen }
    }
}

/// Whether too few of some days had any activity.
fn idle(active: usize, days: usize) -> bool {
    (active as f64) < ACTIVE_SHARE * days as f64
}
