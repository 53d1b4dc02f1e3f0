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
    days: (i64, i64),
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
        let mut rhythm = Self { sensor, days, silence: None };
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
        for hour in from.0.div_euclid(HOUR_US)..=to.0.div_euclid(HOUR_US) {
            let (start, end) = (hour * HOUR_US, (hour + 1) * HOUR_US);
            let share = (to.0.min(end) - from.0.max(start)).max(0) as f64 / HOUR_US as f64;
            let counts = self.on_other_days(hour, (from, to));
            let at = |n: usize| counts.get(n).copied().unwrap_or(0) as f64;
            missing.least += share * at(counts.len() / 10);
            missing.usual += share * at(counts.len() / 2);
        }
        missing
    }

    /// Records in the same hour of the day, sorted, over the whole hours outside a silence.
    fn on_other_days(&self, hour: i64, (from, to): (Micros, Micros)) -> Vec<u64> {
        let period = self.sensor.period;
        let whole = |h: &i64| h * HOUR_US >= period.first.0 && (h + 1) * HOUR_US <= period.last.0;
        let outside = |h: &i64| (h + 1) * HOUR_US <= from.0 || h * HOUR_US >= to.0;
        let mut counts: Vec<u64> = (self.days.0..=self.days.1)
            .map(|day| day * 24 + hour.rem_euclid(24))
            .filter(|h| whole(h) && outside(h))
            .map(|h| self.sensor.hours.get(&h).copied().unwrap_or(0))
            .collect();
        counts.sort_unstable();
        counts
    }
}
