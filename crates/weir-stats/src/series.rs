//! Series over days: what a window holds, for any mergeable statistic, and a sum that remembers small shifts.
//!
//! Decisive choice: sketches cannot be subtracted, so a window that slides is kept as two stacks of partial merges; a step costs two
//! merges on average however long the window is, and days without activity cost nothing. Days are numbers (days since 1970-01-01, UTC).
//!
//! What it refuses: going back. A day earlier than the last is not taken; late records recompute the series from that day on.
//!
//! References: K. Tangwongsan, M. Hirzel, S. Schneider, *Low-latency sliding-window aggregation in worst-case constant time*, DEBS 2017
//! (two stacks); E. Page, *Continuous inspection schemes*, Biometrika 41 (1954) (CUSUM); J. Kingman, *Inequalities in the theory of
//! queues*, J. Royal Statistical Society B 32 (1970) (the bound).

use std::fmt;

use crate::Merge;

/// A stretch of days that ends with the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// This many days, the current one included.
    Days(u32),
    /// All days so far.
    Whole,
}

/// The ladder of windows that reach is measured over.
pub const WINDOWS: [Window; 5] =
    [Window::Days(1), Window::Days(7), Window::Days(30), Window::Days(90), Window::Whole];

/// The windows that differ over a series of so many days from its first to its last: longer ones hold what the shortest that spans it holds.
pub fn windows_within(days: u32) -> impl Iterator<Item = Window> {
    let mut spanned = false;
    WINDOWS.into_iter().take_while(move |window| {
        let already = spanned;
        spanned |= matches!(window, Window::Days(long) if *long >= days);
        !already
    })
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => write!(f, "{days} d"),
            Self::Whole => write!(f, "whole period"),
        }
    }
}

/// The merge of what the last days of a window hold.
#[derive(Debug, Clone)]
pub struct Sliding<T> {
    window: Window,
    last: Option<i32>,
    /// Older days, newest first: each with the merge of itself and all newer days of this stack. The oldest is on top.
    front: Vec<(i32, T)>,
    /// Newer days, ascending, as they came.
    back: Vec<(i32, T)>,
    /// The merge of all of `back`.
    back_total: Option<T>,
}

impl<T: Merge + Clone> Sliding<T> {
    /// An empty window.
    #[must_use]
    pub fn new(window: Window) -> Self {
        Self { window, last: None, front: Vec::new(), back: Vec::new(), back_total: None }
    }

    /// Takes in a day's value and moves the window's end to that day. The same day may come in parts. `false`, and nothing done, for a
    /// day before the last one.
    #[must_use = "a late day is not taken"]
    pub fn push(&mut self, day: i32, value: &T) -> bool {
        if !self.advance(day) {
            return false;
        }
        match &mut self.back_total {
            Some(total) => total.merge(value),
            none => *none = Some(value.clone()),
        }
        if self.window != Window::Whole {
            self.back.push((day, value.clone()));
        }
        true
    }

    /// Moves the window's end to a day without adding to it; `false` for a day before the last one.
    pub fn advance(&mut self, day: i32) -> bool {
        if self.last.is_some_and(|last| day < last) {
            return false;
        }
        self.last = Some(day);
        let Window::Days(days) = self.window else { return true };
        let first = i64::from(day) - i64::from(days) + 1;
        loop {
            while self.front.pop_if(|(oldest, _)| i64::from(*oldest) < first).is_some() {}
            if !self.front.is_empty()
                || self.back.first().is_none_or(|(oldest, _)| i64::from(*oldest) >= first)
            {
                return true;
            }
            self.turn();
        }
    }

    /// Turns the newer days over to be the older ones, merging as it goes.
    fn turn(&mut self) {
        self.back_total = None;
        for (day, value) in self.back.drain(..).rev() {
            let mut total = value;
            if let Some((_, newer)) = self.front.last() {
                total.merge(newer);
            }
            self.front.push((day, total));
        }
    }

    /// The merge of all days in the window; `None` if it holds none.
    #[must_use]
    pub fn total(&self) -> Option<T> {
        match (self.front.last(), &self.back_total) {
            (Some((_, older)), Some(newer)) => {
                let mut total = older.clone();
                total.merge(newer);
                Some(total)
            }
            (Some((_, older)), None) => Some(older.clone()),
            (None, newer) => newer.clone(),
        }
    }
}

/// What the window held at the end of each day of an ascending series. Late days are passed over.
pub fn sliding<'a, T: Merge + Clone + 'a>(
    days: impl IntoIterator<Item = (i32, &'a T)>,
    window: Window,
) -> Vec<(i32, T)> {
    let mut held = Sliding::new(window);
    let mut totals: Vec<(i32, T)> = Vec::new();
    for (day, value) in days {
        if held.push(day, value)
            && let Some(total) = held.total()
        {
            totals.pop_if(|(last, _)| *last == day);
            totals.push((day, total));
        }
    }
    totals
}

/// Page's one-sided cumulative sum of standard scores: `S = max(0, S + min(z, z_max) - k)`.
///
/// The scores are a day's p-values as normal scores ([`crate::tail::normal_score`]), so that heavy tails and counts are dealt with before;
/// under no change they are standard normal or smaller. A shift of `d` standard deviations is met soonest with `k = d / 2`. Scores are
/// capped at `z_max`, so that one wild day (which other tests see) is not called a drift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cusum {
    allowance: f64,
    score_max: f64,
    level: f64,
    since: Option<i32>,
}

impl Cusum {
    /// A sum at zero, with allowance `k` and cap `z_max`.
    #[must_use]
    pub fn new(allowance: f64, score_max: f64) -> Self {
        Self { allowance, score_max, level: 0.0, since: None }
    }

    /// Takes in one day's score and gives the level. A score that is not a number changes nothing: a day unknown is no evidence.
    pub fn push(&mut self, day: i32, score: f64) -> f64 {
        if !score.is_nan() {
            self.level = (self.level + score.min(self.score_max) - self.allowance).max(0.0);
            self.since = if self.level > 0.0 { self.since.or(Some(day)) } else { None };
        }
        self.level
    }

    /// The level.
    #[must_use]
    pub fn level(&self) -> f64 {
        self.level
    }

    /// First day of the present climb from zero: the estimate of when the change began.
    #[must_use]
    pub fn since(&self) -> Option<i32> {
        self.since
    }

    /// Bound on the chance of a level this high on a given day under no change: `exp(-2 k S)`. Kingman's bound `exp(-t S)` with
    /// `E[exp(t (Z - k))] = 1`, which for a standard normal `Z` has the root `t = 2 k`; days must be independent.
    #[must_use]
    pub fn upper_p(&self) -> f64 {
        (-2.0 * self.allowance.max(0.0) * self.level).exp()
    }
}
