//! The ladder that reach is measured over: the busiest hour, then windows of days.
//!
//! Decisive choice: an hour is an hour of the clock, and of the days from one measurement to the next the busiest counts, so that none goes unseen
//! where not every day is one of measurement. It is the same for everybody, so peers stay comparable.

use crate::grid::{Grid, Held};
use std::fmt;
use weir_stats::{WINDOWS, Window};

/// One step of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rung {
    /// The busiest hour since the last measurement.
    Hour,
    /// So many days.
    Days(Window),
}

/// The steps, ascending.
pub(super) const LADDER: [Rung; WINDOWS.len() + 1] = {
    let [day, week, month, quarter, whole] = WINDOWS;
    [Rung::Hour, Rung::Days(day), Rung::Days(week), Rung::Days(month), Rung::Days(quarter), Rung::Days(whole)]
};

/// What each step holds on each day of a grid: `[checkpoint][step]`.
pub(super) type Reached = Vec<[f64; LADDER.len()]>;

/// The ladder from what windows of days hold and what each day's busiest hour held, by day and ascending.
pub(super) fn reached(windows: &Held, hours: &[(i32, f64)], grid: Grid) -> Reached {
    let mut from = 0;
    let rows = windows.iter().zip(grid.days()).map(|(&[day, week, month, quarter, whole], checkpoint)| {
        let to = hours.partition_point(|(at, _)| *at <= checkpoint);
        let hour = hours.get(from..to).unwrap_or_default().iter().map(|(_, n)| *n).fold(0.0, f64::max);
        from = to;
        [hour, day, week, month, quarter, whole]
    });
    rows.collect()
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hour => f.write_str("one hour"),
            Self::Days(window) => f.write_str(&crate::grid::words(*window)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hour_between_two_days_of_measurement_goes_unseen() {
        let grid = Grid::new(0, 199);
        let windows = vec![[1.0; WINDOWS.len()]; grid.len()];
        let hours: Vec<(i32, f64)> = (0..200).map(|day| (day, f64::from(day % 50))).collect();
        let seen = reached(&windows, &hours, grid);
        assert_eq!(seen.iter().filter(|row| row[0] == 49.0).count(), 4);
        assert!(seen.iter().all(|row| row[1..] == [1.0; WINDOWS.len()]));
    }
}
