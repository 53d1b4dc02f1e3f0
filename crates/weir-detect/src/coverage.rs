//! What each sensor delivered, and the silences that its own rhythm does not explain.
//!
//! A silence is judged by how often the same sensor was as silent before and after, at whatever hour, in units of the records that are
//! usual in it ([`rhythm`]): people come in bursts, and the pauses between them are nothing to report. It is a gap if so long a one is
//! foretold less than [`LUCK_MAX`] times in the whole log, and if at least [`EXPECTED_MIN`] records are missing by the cautious measure
//! of each hour's lower decile over the other days. A sensor seen on fewer than [`DAYS_MIN`] days has no rhythm to be judged by; only
//! `quiet_max_s` of the configuration judges it.

mod rhythm;

use crate::{Context, DetectError};
use futures::future::BoxFuture;
use rhythm::Rhythm;
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::{Removed, Why, rows};
use weir_model::case::{Coverage, Gap, Period};
use weir_model::time::DAY_US;
use weir_model::{Micros, Table};

/// Records expected in a silence, by the lower decile of other days, from which it is a gap.
pub const EXPECTED_MIN: f64 = 20.0;
/// How many silences as long, by luck over the whole log, make one that is no gap.
pub const LUCK_MAX: f64 = 0.01;
/// Part of its usual day from which a sensor is at work on one.
const IDLE_DAY: f64 = 0.1;
/// Days from which a sensor has a rhythm.
pub const DAYS_MIN: usize = 3;

const HOUR_US: i64 = 3_600_000_000;

/// One sensor's records by hour of event time.
struct Sensor {
    source: String,
    period: Period,
    hours: BTreeMap<i64, u64>,
    silences: Vec<(Micros, Micros)>,
}

/// Every sensor's coverage, sorted by name.
pub fn coverage<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<&'a [Coverage], DetectError>> {
    Box::pin(async move {
        if let Some(known) = context.memo.coverage.get() {
            return Ok(known.as_slice());
        }
        let mut sensors: BTreeMap<String, Sensor> = BTreeMap::new();
        let union = Table::ALL.map(|table| match table {
            Table::Access => "SELECT sensor, source, time, last, n FROM {digest} WHERE {span}".to_owned(),
            other => {
                format!(
                    "SELECT sensor, source, time, time AS last, 1 AS n FROM {} WHERE {{span}}",
                    other.name()
                )
            }
        });
        let all = union.join(" UNION ALL ");
        let by_hour = format!(
            "SELECT sensor, min(source) AS source, date_trunc('hour', time) AS hour, sum(n) AS n, min(time) AS first, max(last) AS last \
         FROM ({all}) GROUP BY 1, 3 ORDER BY 1, 3"
        );
        for row in rows(&context.sql(&by_hour).await?) {
            let (Some(name), Some(hour)) = (row.text("sensor"), row.time("hour")) else { continue };
            let (Some(first), Some(last)) = (row.time("first"), row.time("last")) else { continue };
            let sensor = sensors.entry(name.to_owned()).or_insert_with(|| Sensor {
                source: row.text("source").unwrap_or_default().to_owned(),
                period: Period { first, last },
                hours: BTreeMap::new(),
                silences: Vec::new(),
            });
            sensor
                .silences
                .extend((first.0 - sensor.period.last.0 > 0).then_some((sensor.period.last, first)));
            sensor.period.last = sensor.period.last.max(last);
            sensor.hours.insert(hour.0.div_euclid(HOUR_US), row.count("n"));
        }
        let quiet: BTreeMap<&str, u64> =
            context.config.sensors.iter().filter_map(|s| Some((s.name.as_str(), s.quiet_max_s?))).collect();
        let aged = |run: &Removed| if let Why::Retention { before } = run.why { Some(before) } else { None };
        let deleted = context.snapshot.removals().await?.iter().filter_map(aged).max();
        let mut all: Vec<Coverage> = Vec::new();
        let ends: Vec<(Micros, Micros)> = edges(&sensors);
        for ((name, sensor), (from, to)) in sensors.iter_mut().zip(ends) {
            // What retention deleted is no silence.
            sensor.frame(deleted.map_or(from, |at| from.max(at)), to);
            all.push(account(name, sensor, quiet.get(name.as_str()).copied(), deleted));
        }
        let mut read: BTreeMap<String, u64> = BTreeMap::new();
        for file in context.snapshot.intake().await?.into_iter().filter(|file| file.parsed > 0) {
            file.sensor.into_iter().for_each(|sensor| *read.entry(sensor).or_default() += file.parsed);
        }
        let gone = !context.snapshot.removals().await?.is_empty();
        let expected = context.config.sensors.iter().map(|s| s.name.as_str());
        let expected: BTreeSet<&str> =
            expected.chain(read.keys().map(String::as_str).filter(|_| gone)).collect();
        let mut absent = Vec::new();
        for name in expected.into_iter().filter(|name| !sensors.contains_key(*name)) {
            absent.extend(missing(name, read.get(name).copied(), gone, &all));
        }
        all.extend(absent);
        all.sort_by(|a, b| a.sensor.cmp(&b.sensor));
        Ok(context.memo.coverage.get_or_init(|| all).as_slice())
    })
}

/// From when to when each sensor should have delivered, as others did: a log that ends while others go on has a silence at its end. One that does not
/// run for half of that time has none: rotated files follow one another.
fn edges(sensors: &BTreeMap<String, Sensor>) -> Vec<(Micros, Micros)> {
    let at_work: Vec<Option<(Micros, Micros)>> = sensors.values().map(Sensor::at_work).collect();
    let own = |(at, sensor): (usize, &Sensor)| {
        let Period { first, last } = sensor.period;
        let others = || at_work.iter().enumerate().filter(move |(of, _)| *of != at).filter_map(|(_, w)| *w);
        let from = others().map(|(from, _)| from).min().unwrap_or(first).min(first);
        let to = others().map(|(_, to)| to).max().unwrap_or(last).max(last);
        let short = (last.0 - first.0).saturating_mul(2) < to.0 - from.0;
        if short { (first, last) } else { (from, to) }
    };
    sensors.values().enumerate().map(own).collect()
}

impl Sensor {
    /// Adds the silences before its first record and after its last, where it should have delivered.
    fn frame(&mut self, from: Micros, to: Micros) {
        let Period { first, last } = self.period;
        self.silences.extend((from < first).then_some((from, first)));
        self.silences.extend((last < to).then_some((last, to)));
    }

    /// Its first and last time, but for days with next to no records: a clock that was wrong makes no others late. `None` of too few days.
    fn at_work(&self) -> Option<(Micros, Micros)> {
        let mut days: BTreeMap<i64, u64> = BTreeMap::new();
        self.hours.iter().for_each(|(hour, n)| *days.entry(hour.div_euclid(24)).or_default() += n);
        let mut counts: Vec<u64> = days.values().copied().collect();
        counts.sort_unstable();
        let usual = counts.get(counts.len() / 2).copied()?;
        let mut busy =
            days.iter().filter(|(_, n)| **n as f64 >= IDLE_DAY * usual as f64).map(|(day, _)| *day);
        let first = busy.next()?;
        let last = busy.next_back().unwrap_or(first);
        let at = |day: i64| Micros(day.saturating_mul(DAY_US));
        (counts.len() >= DAYS_MIN)
            .then(|| (at(first).max(self.period.first), at(last.saturating_add(1)).min(self.period.last)))
    }

    /// What came from an instant on. Before it retention left only what is held, and what it took is no silence.
    fn from(&self, at: Micros) -> Self {
        let left = |(from, to): &(Micros, Micros)| (*to > at).then(|| ((*from).max(at), *to));
        let hours = self.hours.range(at.0.div_euclid(HOUR_US)..);
        Self {
            source: self.source.clone(),
            period: Period { first: self.period.first.max(at), last: self.period.last.max(at) },
            hours: hours.map(|(hour, n)| (*hour, *n)).collect(),
            silences: self.silences.iter().filter_map(left).collect(),
        }
    }
}

/// Where a silence of a sensor lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lies {
    /// Before its first record, while others were at work.
    Before,
    /// Between two of its records.
    Within,
    /// After its last, while others go on.
    After,
}

/// Where a gap of a sensor lies that delivered in this period.
#[must_use]
pub fn lies(period: Period, gap: (Option<Micros>, Option<Micros>)) -> Lies {
    match gap {
        (_, Some(to)) if to <= period.first => Lies::Before,
        (Some(from), _) if from >= period.last => Lies::After,
        _ => Lies::Within,
    }
}

/// A sensor of which nothing is there, though so many of its records were read, or though it was expected.
fn missing(name: &str, read: Option<u64>, gone: bool, others: &[Coverage]) -> Option<Coverage> {
    let first = others.iter().map(|c| c.period.first).min()?;
    let last = others.iter().map(|c| c.period.last).max()?;
    let reason = match read {
        None => "the configuration expects this sensor and no file of it was given".to_owned(),
        Some(n) if gone => format!(
            "{n} of its records were read and none of this time is left: records were deleted (`weir retain --list`); the source logs or a backup would tell"
        ),
        Some(n) => format!("{n} of its records were read, and none is of this time"),
    };
    let gap = Gap { what: name.to_owned(), from: None, to: None, reason, records_expected: None };
    let period = Period { first, last };
    Some(Coverage {
        sensor: name.to_owned(),
        source: String::new(),
        period,
        days: BTreeMap::new(),
        gaps: vec![gap],
    })
}

fn account(name: &str, sensor: &Sensor, quiet_max_s: Option<u64>, deleted: Option<Micros>) -> Coverage {
    let mut days: BTreeMap<String, u64> = BTreeMap::new();
    for (hour, n) in &sensor.hours {
        let day = Micros(hour * HOUR_US).to_string();
        *days.entry(day.get(..10).unwrap_or(&day).to_owned()).or_default() += n;
    }
    let whole = deleted.filter(|at| *at > sensor.period.first).map(|at| sensor.from(at));
    let heard = whole.as_ref().unwrap_or(sensor);
    let rhythm = Rhythm::of(heard);
    let gap = |(from, to): &(Micros, Micros)| {
        let seconds = u64::try_from((to.0 - from.0) / 1_000_000).unwrap_or(0);
        let missing = rhythm.as_ref().map(|r| r.missing(*from, *to));
        let by_config = quiet_max_s.filter(|max| seconds > *max);
        let by_luck = rhythm.as_ref().zip(missing).and_then(|(r, m)| r.by_luck(m));
        let by_rhythm = missing.zip(by_luck).filter(|(missing, luck)| {
            quiet_max_s.is_none() && missing.least >= EXPECTED_MIN && *luck < LUCK_MAX
        });
        let whose = match lies(sensor.period, (Some(*from), Some(*to))) {
            Lies::Before => "begins after other logs do: ",
            Lies::After => "ends while other logs go on: ",
            Lies::Within => "",
        };
        let reason = match (by_config, by_rhythm) {
            (Some(max), _) => format!("{whose}silent for {seconds} s, longer than the configured {max} s"),
            (None, Some((missing, luck))) => format!(
                "{whose}silent while {:.0} records are usual; its other silences foretell {luck:.1e} as long in the whole log",
                missing.usual
            ),
            (None, None) => return None,
        };
        let records_expected = missing.map(|m| m.least);
        Some(Gap { what: name.to_owned(), from: Some(*from), to: Some(*to), reason, records_expected })
    };
    Coverage {
        sensor: name.to_owned(),
        source: sensor.source.clone(),
        period: sensor.period,
        days,
        gaps: heard.silences.iter().filter_map(gap).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sensor whose records came at these instants.
    fn sensor(times: impl Iterator<Item = i64>) -> Sensor {
        let mut times: Vec<i64> = times.collect();
        times.sort_unstable();
        let mut hours: BTreeMap<i64, u64> = BTreeMap::new();
        times.iter().for_each(|at| *hours.entry(at.div_euclid(HOUR_US)).or_default() += 1);
        let across = |w: &&[i64]| w[0].div_euclid(HOUR_US) != w[1].div_euclid(HOUR_US);
        let silences = times.windows(2).filter(across).map(|w| (Micros(w[0]), Micros(w[1]))).collect();
        let period = Period { first: Micros(times[0]), last: Micros(times[times.len() - 1]) };
        Sensor { source: "x".into(), period, hours, silences }
    }

    /// A sensor that delivers `rate` records an hour from 8 to 20 h for ten days, and is silent in `[from, to)` (hours from its start).
    fn steady(rate: i64, from: i64, to: i64) -> Sensor {
        let busy = move |h: &i64| (8..20).contains(&h.rem_euclid(24)) && !(from..to).contains(h);
        let within = move |h: i64| (0..rate).map(move |n| h * HOUR_US + n * HOUR_US / rate);
        sensor((0..240).filter(busy).flat_map(within))
    }

    #[test]
    fn what_retention_deleted_is_no_silence_and_what_fell_silent_since_is_one() {
        // Of the first five days only an hour is left, under a hold; later the sensor is silent for four hours.
        let hour = |h: i64| Micros(h * HOUR_US);
        let held = |h: i64| h == 34 || (h >= 8 * 24 && !(12 * 24 + 10..12 * 24 + 14).contains(&h));
        let busy = (0_i64..480).filter(|h| (8..20).contains(&h.rem_euclid(24)) && held(*h));
        let left = sensor(busy.flat_map(|h| (0..100).map(move |n| h * HOUR_US + n * HOUR_US / 100)));
        let untold = account("s", &left, None, None);
        assert!(untold.gaps.iter().any(|gap| gap.from < Some(hour(8 * 24))), "{:?}", untold.gaps);
        let told = account("s", &left, None, Some(hour(8 * 24)));
        assert_eq!(told.gaps.len(), 1, "{:?}", told.gaps);
        assert!(told.gaps[0].from >= Some(hour(12 * 24)));
        assert_eq!(told.days.len(), 13, "what is held is counted");
    }

    /// Numbers between 0 and 1, the same for the same seed.
    fn random(seed: u64) -> impl FnMut() -> f64 {
        let mut n = 0;
        move || {
            n += 1;
            (weir_stats::hash64_in(seed, &i64::to_le_bytes(n)) >> 11) as f64 / (1_u64 << 53) as f64
        }
    }

    /// Two weeks of visits: nine an hour by day and one by night, some of a few requests and some of hundreds, each within minutes.
    fn bursts(seed: u64) -> Vec<i64> {
        let (mut random, mut times, mut at) = (random(seed), Vec::new(), 0.0);
        while at < 336.0 {
            at -= random().max(1e-9).ln() / 9.0;
            let night = !(7.0..23.0).contains(&(at % 24.0));
            if night && random() > 0.1 {
                continue;
            }
            let (requests, mut now) = (random().max(1e-3).powf(-0.8) as u64, at);
            for _ in 0..requests {
                times.push((now * HOUR_US as f64) as i64);
                now -= random().max(1e-9).ln() * 4.0 / 3600.0;
            }
        }
        times
    }

    #[test]
    fn a_silence_by_day_is_a_gap_and_one_by_night_is_not() {
        let by_day = account("s", &steady(100, 5 * 24 + 10, 5 * 24 + 14), None, None);
        assert_eq!(by_day.gaps.len(), 1);
        assert!((by_day.gaps[0].records_expected.unwrap() - 401.0).abs() < 2.0, "{:?}", by_day.gaps);
        assert!(account("s", &steady(100, 5 * 24 + 21, 6 * 24 + 7), None, None).gaps.is_empty());
    }

    #[test]
    fn pauses_between_bursts_are_no_gaps() {
        let gaps: Vec<Gap> = (0..25)
            .flat_map(|seed| account("s", &sensor(bursts(seed).into_iter()), None, None).gaps)
            .collect();
        assert_eq!(gaps, [], "a year of a log of bursts");
    }

    #[test]
    fn a_day_without_bursts_is_a_gap() {
        for seed in 0..10 {
            let stopped = 5 * 24 * HOUR_US..6 * 24 * HOUR_US;
            let rest = bursts(seed).into_iter().filter(|at| !stopped.contains(at));
            let gaps = account("s", &sensor(rest), None, None).gaps;
            assert_eq!(gaps.len(), 1, "{seed}: {gaps:?}");
            assert!(gaps[0].from.unwrap().0 <= stopped.start && gaps[0].to.unwrap().0 >= stopped.end);
        }
    }

    #[test]
    fn a_log_that_ends_while_others_go_on_has_a_silence_and_one_in_pieces_has_none() {
        let of = |from: i64, to: i64| {
            let busy = move |h: &i64| (8..20).contains(&h.rem_euclid(24)) && (from * 24..to * 24).contains(h);
            let within = move |h: i64| (0..100).map(move |n| h * HOUR_US + n * HOUR_US / 100);
            sensor((0..960).filter(busy).flat_map(within))
        };
        let told = |mut all: BTreeMap<String, Sensor>| -> Vec<(String, Lies)> {
            let ends = edges(&all);
            let mut told = Vec::new();
            for ((name, sensor), (from, to)) in all.iter_mut().zip(ends) {
                sensor.frame(from, to);
                let coverage = account(name, sensor, None, None);
                told.extend(
                    coverage.gaps.iter().map(|gap| (name.clone(), lies(coverage.period, (gap.from, gap.to)))),
                );
            }
            told
        };
        let named = |name: &str, sensor| (name.to_owned(), sensor);
        let ends =
            told(BTreeMap::from([named("a", of(0, 40)), named("b", of(0, 30)), named("c", of(9, 40))]));
        assert_eq!(ends, [("b".to_owned(), Lies::After), ("c".to_owned(), Lies::Before)]);
        let alike = told(BTreeMap::from([named("a", of(0, 40)), named("b", of(0, 40))]));
        assert_eq!(alike, []);
        let rotated = (0..8).map(|n| named(&format!("access.{n}"), of(n * 5, n * 5 + 5)));
        assert_eq!(told(rotated.chain([named("auth", of(0, 40))]).collect()), []);
        // One record of another decade.
        let mut astray = of(0, 40);
        astray.hours.insert(-90_000, 1);
        astray.period.first = Micros(-90_000 * HOUR_US);
        astray.silences.push((astray.period.first, Micros(8 * HOUR_US)));
        let told = told(BTreeMap::from([named("a", astray), named("b", of(0, 40))]));
        assert_eq!(told, []);
    }

    #[test]
    fn a_slow_sensor_is_not_accused_of_a_short_silence() {
        assert!(account("s", &steady(2, 5 * 24 + 10, 5 * 24 + 14), None, None).gaps.is_empty());
        let told = account("s", &steady(2, 5 * 24 + 10, 5 * 24 + 14), Some(3 * 3600), None);
        let long = |gap: &&Gap| gap.to.unwrap().0 - gap.from.unwrap().0 < 8 * HOUR_US;
        assert_eq!(told.gaps.iter().filter(long).count(), 1);
    }
}
