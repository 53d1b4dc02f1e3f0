//! What each sensor delivered, and the silences that its own rhythm does not explain.
//!
//! A silence is judged by what the sensor delivers at the same hour of the day on other days: the expected number of records in it is the sum
//! of each hour's lower decile over the other days (a sensor that is often quiet at night expects nothing there). A silence in which at
//! least [`EXPECTED_MIN`] records were expected by that cautious measure, and that is more than [`USUAL_TIMES`] as long as the silences it usually has at
//! these hours (the upper decile over the other days of each day's longest), is a gap: people come in bursts. A sensor seen on fewer than [`DAYS_MIN`] days has
//! no rhythm to be judged by; only `quiet_max_s` of the configuration judges it.

use crate::{Context, DetectError};
use std::collections::BTreeMap;
use weir_lake::rows;
use weir_model::case::{Coverage, Gap, Period};
use weir_model::time::DAY_US;
use weir_model::{Micros, Table};

/// Records expected in a silence, by the lower decile of other days, from which it is a gap.
pub const EXPECTED_MIN: f64 = 20.0;
/// How many times its usual length makes a silence a gap.
pub const USUAL_TIMES: i64 = 2;
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
pub async fn coverage(context: &Context<'_>) -> Result<Vec<Coverage>, DetectError> {
    let mut sensors: BTreeMap<String, Sensor> = BTreeMap::new();
    let union: Vec<String> = Table::ALL
        .iter()
        .map(|t| format!("SELECT sensor, source, time FROM {} WHERE {{span}}", t.name()))
        .collect();
    let all = union.join(" UNION ALL ");
    let by_hour = format!(
        "SELECT sensor, min(source) AS source, date_trunc('hour', time) AS hour, count(*) AS n, min(time) AS first, max(time) AS last \
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
        sensor.silences.extend((first.0 - sensor.period.last.0 > 0).then_some((sensor.period.last, first)));
        sensor.period.last = sensor.period.last.max(last);
        sensor.hours.insert(hour.0.div_euclid(HOUR_US), row.count("n"));
    }
    let quiet: BTreeMap<&str, u64> =
        context.config.sensors.iter().filter_map(|s| Some((s.name.as_str(), s.quiet_max_s?))).collect();
    let mut all: Vec<Coverage> = Vec::new();
    for (name, sensor) in &sensors {
        all.push(account(name, sensor, quiet.get(name.as_str()).copied()));
    }
    for expected in context.config.sensors.iter().filter(|s| !sensors.contains_key(&s.name)) {
        all.extend(missing(&expected.name, &all));
    }
    all.sort_by(|a, b| a.sensor.cmp(&b.sensor));
    Ok(all)
}

/// An expected sensor that delivered nothing at all.
fn missing(name: &str, others: &[Coverage]) -> Option<Coverage> {
    let first = others.iter().map(|c| c.period.first).min()?;
    let last = others.iter().map(|c| c.period.last).max()?;
    let reason = "the configuration expects this sensor and no file of it was given".to_owned();
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

fn account(name: &str, sensor: &Sensor, quiet_max_s: Option<u64>) -> Coverage {
    let mut days: BTreeMap<String, u64> = BTreeMap::new();
    for (hour, n) in &sensor.hours {
        let day = Micros(hour * HOUR_US).to_string();
        *days.entry(day.get(..10).unwrap_or(&day).to_owned()).or_default() += n;
    }
    let gap = |(from, to): &(Micros, Micros)| {
        let seconds = u64::try_from((to.0 - from.0) / 1_000_000).unwrap_or(0);
        let expected = expected(sensor, *from, *to);
        let by_config = quiet_max_s.is_some_and(|max| seconds > max);
        let by_rhythm = quiet_max_s.is_none()
            && expected.is_some_and(|e| e >= EXPECTED_MIN)
            && to.0 - from.0 > USUAL_TIMES * usual(sensor, *from, *to);
        (by_config || by_rhythm).then(|| Gap {
            what: name.to_owned(),
            from: Some(*from),
            to: Some(*to),
            reason: if by_config {
                format!("silent for {} s, longer than the configured {} s", seconds, quiet_max_s.unwrap_or(0))
            } else {
                "silent at hours in which it delivers on other days".to_owned()
            },
            records_expected: expected,
        })
    };
    Coverage {
        sensor: name.to_owned(),
        source: sensor.source.clone(),
        period: sensor.period,
        days,
        gaps: sensor.silences.iter().filter_map(gap).collect(),
    }
}

/// How long a sensor is usually silent at the hours of a silence, in microseconds: the upper decile of the longest such silence of each other day.
fn usual(sensor: &Sensor, from: Micros, to: Micros) -> i64 {
    let day = |at: Micros| at.0.div_euclid(DAY_US);
    let mut longest: BTreeMap<i64, i64> =
        (day(sensor.period.first)..=day(sensor.period.last)).map(|day| (day, 0)).collect();
    for (start, end) in sensor.silences.iter().filter(|(start, end)| end.0 <= from.0 || start.0 >= to.0) {
        // The same hours on the day on which the other silence began.
        let shift = (day(*start) - day(from)) * DAY_US;
        if start.0 < to.0 + shift && end.0 > from.0 + shift {
            let known = longest.entry(day(*start)).or_default();
            *known = (*known).max(end.0 - start.0);
        }
    }
    for own in day(from)..=day(to) {
        longest.remove(&own);
    }
    let mut lengths: Vec<i64> = longest.into_values().collect();
    lengths.sort_unstable();
    lengths.get((lengths.len() * 9 / 10).min(lengths.len().saturating_sub(1))).copied().unwrap_or(0)
}

/// Records expected in a silence by the lower decile of the same hours on other days; `None` without a rhythm.
fn expected(sensor: &Sensor, from: Micros, to: Micros) -> Option<f64> {
    let first_day = sensor.period.first.0.div_euclid(DAY_US);
    let last_day = sensor.period.last.0.div_euclid(DAY_US);
    if usize::try_from(last_day - first_day + 1).unwrap_or(0) < DAYS_MIN {
        return None;
    }
    let mut sum = 0.0;
    for hour in from.0.div_euclid(HOUR_US)..=to.0.div_euclid(HOUR_US) {
        let (start, end) = (hour * HOUR_US, (hour + 1) * HOUR_US);
        let share = (to.0.min(end) - from.0.max(start)).max(0) as f64 / HOUR_US as f64;
        sum += share * lower_decile(sensor, hour, (first_day, last_day), (from, to));
    }
    Some(sum)
}

/// The lower decile of one hour of the day over the whole days outside the silence itself.
fn lower_decile(
    sensor: &Sensor,
    hour: i64,
    (first_day, last_day): (i64, i64),
    (from, to): (Micros, Micros),
) -> f64 {
    let of_day = hour.rem_euclid(24);
    let whole = |h: &i64| h * HOUR_US >= sensor.period.first.0 && (h + 1) * HOUR_US <= sensor.period.last.0;
    let outside = |h: &i64| (h + 1) * HOUR_US <= from.0 || h * HOUR_US >= to.0;
    let mut counts: Vec<u64> = (first_day..=last_day)
        .map(|day| day * 24 + of_day)
        .filter(|h| whole(h) && outside(h))
        .map(|h| sensor.hours.get(&h).copied().unwrap_or(0))
        .collect();
    counts.sort_unstable();
    counts.get(counts.len() / 10).copied().unwrap_or(0) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sensor that delivers `rate` records an hour from 8 to 20 h for ten days, and is silent in `[from, to)` (hours from its start).
    fn sensor(rate: u64, from: i64, to: i64) -> Sensor {
        let busy = |h: &i64| (8..20).contains(&h.rem_euclid(24)) && !(from..to).contains(h);
        let hours: BTreeMap<i64, u64> = (0..240).filter(busy).map(|h| (h, rate)).collect();
        let silences = vec![(Micros(from * HOUR_US), Micros(to * HOUR_US))];
        let period = Period { first: Micros(8 * HOUR_US), last: Micros(236 * HOUR_US) };
        Sensor { source: "x".into(), period, hours, silences }
    }

    #[test]
    fn a_silence_by_day_is_a_gap_and_one_by_night_is_not() {
        let by_day = account("s", &sensor(100, 5 * 24 + 10, 5 * 24 + 14), None);
        assert_eq!(by_day.gaps.len(), 1);
        assert!((by_day.gaps[0].records_expected.unwrap() - 400.0).abs() < 1e-6);
        assert!(account("s", &sensor(100, 5 * 24 + 21, 6 * 24 + 7), None).gaps.is_empty());
    }

    #[test]
    fn a_silence_no_longer_than_usual_at_these_hours_is_no_gap() {
        let at = |day: i64, minutes: i64| Micros((day * 24 + 10) * HOUR_US + minutes * HOUR_US / 60);
        let mut bursty = sensor(100, 0, 0);
        bursty.silences = (0..9).map(|day| (at(day, 0), at(day, 70))).collect();
        assert!(account("s", &bursty, None).gaps.is_empty());
        bursty.silences[5].1 = at(5, 150);
        assert_eq!(account("s", &bursty, None).gaps.len(), 1);
    }

    #[test]
    fn a_slow_sensor_is_not_accused_of_a_short_silence() {
        assert!(account("s", &sensor(2, 5 * 24 + 10, 5 * 24 + 14), None).gaps.is_empty());
        assert_eq!(account("s", &sensor(2, 5 * 24 + 10, 5 * 24 + 14), Some(3600)).gaps.len(), 1);
    }
}
