//! The rhythm of a sensor: what it delivers at each hour of the day, and how long it is silent of itself.
//!
//! Decisive choice: silences of all hours and days are compared in one unit, the records that are usual in them (each hour's median over
//! the other days), and their logarithms are taken for normal. A log-normal tail is heavier than that of independent arrivals and holds
//! for bursts as well. It is fitted to the median and the ninth decile, so that a few outages do not teach that outages are usual, and
//! is never narrower than what independent arrivals give.
//!
//! The silences compared are those across a full hour, one for each hour with records: what is seen at instants that no record chose.

use super::{DAYS_MIN, HOUR_US, Sensor};
use weir_model::Micros;
use weir_model::time::DAY_US;
use weir_stats::tail::normal_upper;

/// Silences from which a distribution can be told.
const SILENCES_MIN: usize = 20;
/// Median, in records, and spread of the logarithm, from the median to the ninth decile by a normal score, of the silence around a given
/// instant where arrivals are independent: a gamma distribution of shape two.
const MEDIAN_MIN: f64 = 1.678;
const SPREAD_MIN: f64 = 0.656;
/// The ninth decile of the normal distribution.
const NINTH_DECILE: f64 = 1.2816;

/// Records missing in a silence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Missing {
    /// By the lower decile of each hour over the other days.
    pub(super) least: f64,
    /// By the median.
    pub(super) usual: f64,
}

/// A sensor's rhythm.
pub(super) struct Rhythm<'s> {
    sensor: &'s Sensor,
    /// By hour of the day: the hours with records, and how many.
    of_day: [Vec<(i64, u64)>; 24],
    /// Of the logarithm of records usual in a silence: median and spread.
    silence: Option<(f64, f64)>,
}

impl<'s> Rhythm<'s> {
    /// The rhythm of a sensor; `None` where it was seen on too few days.
    pub(super) fn of(sensor: &'s Sensor) -> Option<Self> {
        let days = (sensor.period.first.0.div_euclid(DAY_US), sensor.period.last.0.div_euclid(DAY_US));
        if usize::try_from(days.1 - days.0 + 1).unwrap_or(0) < DAYS_MIN {
            return None;
        }
        let mut of_day: [Vec<(i64, u64)>; 24] = Default::default();
        for (hour, n) in &sensor.hours {
            let at = usize::try_from(hour.rem_euclid(24)).ok();
            at.and_then(|at| of_day.get_mut(at)).into_iter().for_each(|hours| hours.push((*hour, *n)));
        }
        let mut rhythm = Self { sensor, of_day, silence: None };
        let usual = |(from, to): &(Micros, Micros)| rhythm.missing(*from, *to).usual.ln();
        let mut known: Vec<f64> = sensor.silences.iter().map(usual).filter(|ln| ln.is_finite()).collect();
        known.sort_by(f64::total_cmp);
        if known.len() >= SILENCES_MIN {
            let at = |tenths: usize| known.get(known.len() * tenths / 10).copied();
            rhythm.silence = at(5).zip(at(9)).map(|(median, ninth)| {
                (median.max(MEDIAN_MIN.ln()), ((ninth - median) / NINTH_DECILE).max(SPREAD_MIN))
            });
        }
        Some(rhythm)
    }

    /// How many silences in which as many records are missing would come by luck in the whole log.
    pub(super) fn by_luck(&self, missing: Missing) -> Option<f64> {
        let (median, spread) = self.silence?;
        let far = (missing.usual.ln() - median) / spread;
        Some(self.sensor.silences.len() as f64 * normal_upper(far))
    }

    /// Records missing in a silence, by the same hours on other days.
    pub(super) fn missing(&self, from: Micros, to: Micros) -> Missing {
        let mut missing = Missing { least: 0.0, usual: 0.0 };
        let mut known = [None; 24];
        for hour in from.0.div_euclid(HOUR_US)..=to.0.div_euclid(HOUR_US) {
            let (start, end) = (hour * HOUR_US, (hour + 1) * HOUR_US);
            let share = (to.0.min(end) - from.0.max(start)).max(0) as f64 / HOUR_US as f64;
            let of_day = hour.rem_euclid(24);
            let Some(known) = usize::try_from(of_day).ok().and_then(|at| known.get_mut(at)) else { continue };
            let (least, usual) = *known.get_or_insert_with(|| self.on_other_days(of_day, (from, to)));
            missing.least += share * least;
            missing.usual += share * usual;
        }
        missing
    }

    /// Records in the same hour of the day, over the whole hours outside a silence: lower decile and median. Days without records are counted and
    /// not gone through, so that one record of another decade costs nothing.
    fn on_other_days(&self, of_day: i64, (from, to): (Micros, Micros)) -> (f64, f64) {
        let period = self.sensor.period;
        let whole = ((period.first.0 - 1).div_euclid(HOUR_US) + 1, period.last.0.div_euclid(HOUR_US) - 1);
        let silent = (from.0.div_euclid(HOUR_US), (to.0 - 1).div_euclid(HOUR_US));
        // Hours of a range that are this one of their day.
        let many = |(first, last): (i64, i64)| {
            ((last - of_day).div_euclid(24) - (first - 1 - of_day).div_euclid(24)).max(0)
        };
        let all = many(whole) - many((silent.0.max(whole.0), silent.1.min(whole.1)));
        let hours = usize::try_from(of_day).ok().and_then(|at| self.of_day.get(at));
        let counted =
            |hour: &i64| (whole.0..=whole.1).contains(hour) && !(silent.0..=silent.1).contains(hour);
        let mut counts: Vec<u64> =
            hours.into_iter().flatten().filter(|(hour, _)| counted(hour)).map(|(_, n)| *n).collect();
        counts.sort_unstable();
        let all = usize::try_from(all).unwrap_or(0);
        let empty = all.saturating_sub(counts.len());
        let at = |n: usize| n.checked_sub(empty).and_then(|n| counts.get(n)).copied().unwrap_or(0) as f64;
        (at(all / 10), at(all / 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Period;
    use std::collections::BTreeMap;

    /// Against going through every day.
    #[test]
    fn days_without_records_are_counted_as_if_gone_through() {
        let at = |n: u64, below: u64| i64::try_from(weir_stats::hash64(&n.to_le_bytes()) % below).unwrap();
        for seed in 0..40_u64 {
            let hours: BTreeMap<i64, u64> =
                (0..60).map(|n| (at(seed * 99 + n, 900) - 100, 1 + n % 7)).collect();
            let (first, last) = (*hours.keys().next().unwrap(), *hours.keys().last().unwrap());
            let inside = |h: i64, n: u64| Micros(h * HOUR_US + at(n, HOUR_US.unsigned_abs()));
            let period = Period { first: inside(first, seed), last: inside(last, seed + 1) };
            let sensor = Sensor { source: "x".into(), period, hours, silences: Vec::new() };
            let rhythm = Rhythm::of(&sensor).unwrap();
            let (from, to) =
                (inside(first + at(seed, 300), seed), inside(last - at(seed + 7, 300), seed + 2));
            for of_day in 0..24 {
                let mut counts: Vec<u64> = (first.div_euclid(24)..=last.div_euclid(24))
                    .map(|day| day * 24 + of_day)
                    .filter(|h| h * HOUR_US >= period.first.0 && (h + 1) * HOUR_US <= period.last.0)
                    .filter(|h| (h + 1) * HOUR_US <= from.0 || h * HOUR_US >= to.0)
                    .map(|h| sensor.hours.get(&h).copied().unwrap_or(0))
                    .collect();
                counts.sort_unstable();
                let at = |n: usize| counts.get(n).copied().unwrap_or(0) as f64;
                let expected = (at(counts.len() / 10), at(counts.len() / 2));
                assert_eq!(rhythm.on_other_days(of_day, (from, to)), expected, "{seed} {of_day}");
            }
        }
    }
}
