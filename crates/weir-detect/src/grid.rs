//! The days at which reach is measured, and what an entity's windows hold on them.
//!
//! Decisive choice: at most [`CHECKPOINTS_MAX`] days, evenly spread over the period, so that what is kept per window does not grow with the
//! period. Over up to two months every day is one.

use crate::{Context, DetectError};
use weir_lake::rows;
use weir_stats::{Distinct, Sliding, WINDOWS, Window};

/// Days at most at which reach is measured.
pub(crate) const CHECKPOINTS_MAX: i32 = 64;

/// Evenly spaced days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    /// First and last day with records.
    pub(crate) first: i32,
    pub(crate) last: i32,
    step: i32,
}

impl Grid {
    /// A grid over these days; the last day is always on it.
    pub(crate) fn new(first: i32, last: i32) -> Self {
        let days = last.saturating_sub(first).saturating_add(1).max(1);
        Self { first, last, step: (days + CHECKPOINTS_MAX - 1) / CHECKPOINTS_MAX }
    }

    /// The grid of the records' days, as far as they were asked for; none where there are no records.
    pub(crate) async fn of(context: &Context<'_>) -> Result<Option<Self>, DetectError> {
        let answer =
            context.sql("SELECT min(time) AS first, max(last) AS last FROM {digest} WHERE {span}").await?;
        let row = rows(&answer).next();
        Ok(row.and_then(|row| Some(Self::new(row.time("first")?.day(), row.time("last")?.day()))))
    }

    /// Place of the last of its days that is not after a day; none before the first.
    pub(crate) fn at(self, day: i32) -> Option<usize> {
        self.days().take_while(|checkpoint| *checkpoint <= day).count().checked_sub(1)
    }

    /// The days, ascending.
    pub(crate) fn days(self) -> impl Iterator<Item = i32> {
        let count = (self.last - self.first) / self.step;
        (0..=count).map(move |i| self.last - (count - i) * self.step)
    }

    /// How many days.
    pub(crate) fn len(self) -> usize {
        self.days().count()
    }
}

/// What each window (of [`WINDOWS`]) holds on each day of a grid: `[checkpoint][window]`.
pub(crate) type Held = Vec<[f64; WINDOWS.len()]>;

/// Distinct members held by each window, for an ascending series of days.
pub(crate) fn held(series: &[(i32, Distinct)], grid: Grid) -> Held {
    let mut out: Held = vec![[0.0; WINDOWS.len()]; grid.len()];
    for (w, window) in WINDOWS.iter().enumerate() {
        let mut sliding: Sliding<Distinct> = Sliding::new(*window);
        // The days that lie in the window, as places in the series; while they are the same, so is what the window holds.
        let (mut places, mut n) = (0..0, 0.0);
        for (c, day) in grid.days().enumerate() {
            let to = series.partition_point(|(at, _)| *at <= day);
            let from = match window {
                Window::Days(days) => {
                    series.partition_point(|(at, _)| i64::from(*at) + i64::from(*days) <= i64::from(day))
                }
                Window::Whole => 0,
            };
            if places != (from..to) {
                for (at, value) in series.get(places.end..to).unwrap_or_default() {
                    // A series is ascending, so no day comes late.
                    let _ = sliding.push(*at, value);
                }
                sliding.advance(day);
                n = sliding.total().map_or(0.0, |t| t.estimate());
                places = from..to;
            }
            if let Some(cell) = out.get_mut(c).and_then(|row| row.get_mut(w)) {
                *cell = n;
            }
        }
    }
    out
}

/// A window in words.
pub(crate) fn words(window: Window) -> String {
    match window {
        Window::Days(1) => "one day".to_owned(),
        Window::Days(days) => format!("{days} days"),
        Window::Whole => "the whole period so far".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(ids: &[u64]) -> Distinct {
        let mut set = Distinct::new();
        ids.iter().for_each(|id| set.insert(*id));
        set
    }

    #[test]
    fn a_grid_ends_on_the_last_day_and_stays_small() {
        assert_eq!(Grid::new(10, 12).days().collect::<Vec<_>>(), [10, 11, 12]);
        let year = Grid::new(0, 399);
        assert_eq!(year.days().last(), Some(399));
        assert!(year.len() <= 64 && year.len() > 50, "{}", year.len());
        assert_eq!(Grid::new(5, 5).len(), 1);
    }

    #[test]
    fn windows_hold_what_falls_in_them() {
        let series = [(0, people(&[1, 2])), (1, people(&[2, 3])), (9, people(&[9]))];
        let held = held(&series, Grid::new(0, 10));
        assert_eq!(held[0], [2.0; 5]);
        assert_eq!(held[1], [2.0, 3.0, 3.0, 3.0, 3.0]);
        assert_eq!(held[8], [0.0, 0.0, 3.0, 3.0, 3.0]);
        assert_eq!(held[10], [0.0, 1.0, 4.0, 4.0, 4.0]);
    }
}
