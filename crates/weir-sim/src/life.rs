//! What is odd about a year and harms nobody: holidays, a sale, an outage, sensors that fall silent or run ahead, an app that
//! updates everywhere at once, a country where the shop opens.
//!
//! Which of them happen, and when, is drawn from the world's seed; a world too short for one goes without it.

use std::collections::BTreeMap;

use crate::clock::{DAY, HOUR, Period};
use crate::random::Random;

/// A world's oddities. The default has none.
#[derive(Debug, Clone, Default)]
pub struct Life {
    /// Days with more or less traffic than their weekday has.
    busy: BTreeMap<u32, f64>,
    /// The day and hour of a sale.
    pub(crate) sale: Option<(u32, i64)>,
    /// When every page answered 503.
    outage: Option<(i64, i64)>,
    /// What was wrong with sensors.
    faults: Vec<Fault>,
    /// The day on which every app updates.
    pub(crate) app_release: Option<u32>,
    /// The day on which the shop opens in another country.
    pub(crate) opened: Option<u32>,
}

/// What was wrong with a sensor for a while.
#[derive(Debug, Clone, Copy)]
struct Fault {
    file: &'static str,
    from: i64,
    to: i64,
    wrong: Wrong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    /// It wrote nothing.
    Silent,
    /// Its clock was this many milliseconds ahead.
    Ahead(i64),
}

/// Days from which a world has this oddity.
const SALE_DAYS_MIN: u32 = 10;
const FAULT_DAYS_MIN: u32 = 20;
const OPENING_DAYS_MIN: u32 = 30;

impl Life {
    /// The oddities of a world whose sensors write these files.
    #[must_use]
    pub fn odd(seed: u64, period: Period, files: &[&'static str]) -> Self {
        let mut random = Random::new(seed, "life", 0);
        let days = period.days;
        let mut life = Self::default();
        // Some eleven public holidays a year, single or in a row, on which people shop more or go away.
        for _ in 0..(days / 33) {
            let first = random.below(u64::from(days)) as u32;
            let factor = if random.chance(0.5) { 1.5 } else { 0.55 };
            for day in first..first + random.between(1, 3) as u32 {
                life.busy.insert(day, factor);
            }
        }
        let mut within = |least: u32| (days >= least).then(|| random.between(3, u64::from(days) - 2) as u32);
        let sale = within(SALE_DAYS_MIN);
        let outage = within(SALE_DAYS_MIN);
        let (silent, ahead) = (within(FAULT_DAYS_MIN), within(FAULT_DAYS_MIN));
        life.app_release = within(FAULT_DAYS_MIN);
        life.opened = within(OPENING_DAYS_MIN);
        life.sale = sale.map(|day| (day, random.between(10, 20) as i64));
        life.outage = outage.map(|day| {
            let from = period.day(day).at(random.between(8, 20) as i64, 0);
            (from, from + random.between(20, 150) as i64 * HOUR / 60)
        });
        for (day, length, wrong) in [(silent, DAY, Wrong::Silent), (ahead, 3 * DAY, Wrong::Ahead(HOUR))] {
            let file = random.pick(files).copied();
            if let (Some(day), Some(file)) = (day, file) {
                let from = period.day(day).start;
                life.faults.push(Fault { file, from, to: from + length, wrong });
            }
        }
        life
    }

    /// How lively a day is, as a multiple.
    #[must_use]
    pub fn busyness(&self, day: u32) -> f64 {
        self.busy.get(&day).copied().unwrap_or(1.0)
    }

    /// Whether pages could not be answered at a time.
    #[must_use]
    pub fn down(&self, at: i64) -> bool {
        self.outage.is_some_and(|(from, to)| (from..to).contains(&at))
    }

    /// What a sensor's clock shows at a time, in milliseconds; none where it writes nothing.
    #[must_use]
    pub fn seen(&self, file: &str, at: i64) -> Option<i64> {
        let faults =
            self.faults.iter().filter(|fault| (fault.from..fault.to).contains(&at) && fault.file == file);
        faults.into_iter().try_fold(at, |shown, fault| match fault.wrong {
            Wrong::Silent => None,
            Wrong::Ahead(by) => Some(shown + by),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_is_odd_and_a_week_is_not() {
        let period = |days| Period { start: 0, days, ahead: 0 };
        let year = Life::odd(3, period(365), &["a"]);
        assert!(year.sale.is_some() && year.opened.is_some() && year.app_release.is_some());
        assert!(year.busy.len() > 8, "{}", year.busy.len());
        let silent = (0..365).filter(|day| year.seen("a", day * DAY + HOUR).is_none()).count();
        assert_eq!(silent, 1);
        let ahead = (0..365).filter(|day| year.seen("a", day * DAY).is_some_and(|shown| shown != day * DAY));
        assert!((2..=3).contains(&ahead.count()));
        assert!(year.faults.iter().all(|fault| year.seen("b", fault.from) == Some(fault.from)));
        let week = Life::odd(3, period(7), &["a"]);
        assert!(week.sale.is_none() && week.outage.is_none() && week.faults.is_empty());
    }
}
