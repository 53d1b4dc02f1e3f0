//! At which hours something reads: as an office works, at all hours, or too little to say.
//!
//! Decisive choice: no time zone is assumed and no weekend; an office is whatever keeps the same twelve hours and rests two days in a row, or, where it
//! is seen for long, the same one day of every week and works on the others.

use crate::{Context, DetectError};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::rows;
use weir_model::Micros;

/// Hours of a working day, with what runs over.
const HOURS: i64 = 12;
/// Share of an office's records that may lie outside of those hours, or on the days off.
const ASTRAY_MAX: f64 = 0.03;
/// Days from the first record to the last, and days with records, without which an office is not known for one.
const SPAN_DAYS_MIN: i64 = 14;
const ACTIVE_DAYS_MIN: usize = 8;
/// Weeks without which one day off is not known for a habit, and the share of the other days that are worked on.
const WEEKS_MIN: i64 = 4;
const WORKED_MIN: f64 = 0.75;
/// Share of records outside of any twelve hours from which there are no working hours.
const OUTSIDE_MIN: f64 = 0.15;
/// Records, and days with records, that show it.
const RECORDS_MIN: f64 = 50.0;
const DAYS_MIN: usize = 2;

const HOUR_US: i64 = 3_600_000_000;

/// At which hours something reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rhythm {
    /// By day, on working days.
    Office,
    /// At all hours, as was clear by this time.
    AllHours(Micros),
    /// Too little to say, or something between.
    Unknown,
}

/// Records by hour since 1970.
type Hours = Vec<(i64, f64)>;

/// The rhythm of each entity (a SQL expression) over the records of `access` that a condition selects, with whether any of them names who asks.
pub(crate) async fn rhythms(
    context: &Context<'_>,
    entity: &str,
    condition: &str,
) -> Result<BTreeMap<String, (Rhythm, bool)>, DetectError> {
    let query = format!(
        "SELECT {entity} AS entity, date_trunc('hour', time) AS hour, sum(n) AS n, count(coalesce(credential, actor)) AS named FROM {{digest}} \
         WHERE {condition} GROUP BY 1, 2 ORDER BY 1, 2"
    );
    let mut all: BTreeMap<String, (Hours, bool)> = BTreeMap::new();
    for row in rows(&context.sql(&query).await?) {
        let (Some(entity), Some(hour)) = (row.text("entity"), row.time("hour")) else { continue };
        let (hours, named) = all.entry(entity.to_owned()).or_default();
        hours.push((hour.0.div_euclid(HOUR_US), row.count("n") as f64));
        *named |= row.count("named") > 0;
    }
    Ok(all.into_iter().map(|(entity, (hours, named))| (entity, (rhythm(&hours), named))).collect())
}

/// The share of records outside of the twelve hours that hold most, and when those begin.
fn outside(hours: &[(i64, f64)]) -> (f64, i64) {
    let mut of_day = [0.0; 24];
    for (hour, n) in hours {
        if let Some(sum) = usize::try_from(hour.rem_euclid(24)).ok().and_then(|at| of_day.get_mut(at)) {
            *sum += n;
        }
    }
    let total: f64 = of_day.iter().sum();
    let inside = |start: usize| of_day.iter().cycle().skip(start).take(HOURS as usize).sum::<f64>();
    let best = (0..24).max_by(|a, b| inside(*a).total_cmp(&inside(*b)).then(b.cmp(a))).unwrap_or(0);
    ((1.0 - inside(best) / total.max(1.0)).clamp(0.0, 1.0), best as i64)
}

fn rhythm(hours: &[(i64, f64)]) -> Rhythm {
    let days: BTreeSet<i64> = hours.iter().map(|(hour, _)| hour.div_euclid(24)).collect();
    for (seen, day) in days.iter().enumerate().skip(DAYS_MIN - 1) {
        let until = hours.partition_point(|(hour, _)| hour.div_euclid(24) <= *day);
        let so_far = hours.get(..until).unwrap_or_default();
        let records: f64 = so_far.iter().map(|(_, n)| n).sum();
        if seen + 1 >= DAYS_MIN && records >= RECORDS_MIN && outside(so_far).0 >= OUTSIDE_MIN {
            return Rhythm::AllHours(Micros((day + 1) * 24 * HOUR_US));
        }
    }
    if office(hours, days.len()) { Rhythm::Office } else { Rhythm::Unknown }
}

/// Whether records keep office hours, in whatever time zone and with whatever two days off.
fn office(hours: &[(i64, f64)], days: usize) -> bool {
    let (Some((first, _)), Some((last, _))) = (hours.first(), hours.last()) else { return false };
    if last - first < SPAN_DAYS_MIN * 24 || days < ACTIVE_DAYS_MIN {
        return false;
    }
    let (astray, start) = outside(hours);
    let total: f64 = hours.iter().map(|(_, n)| n).sum();
    let mut weekdays = [0.0; 7];
    for (hour, n) in hours {
        // Days begin in the middle of the night between two of those working days.
        let day = (hour - start + (24 - HOURS) / 2).div_euclid(24);
        if let Some(sum) = usize::try_from(day.rem_euclid(7)).ok().and_then(|at| weekdays.get_mut(at)) {
            *sum += n / total.max(1.0);
        }
    }
    let rests = |in_a_row: usize| {
        (0..7).any(|at| weekdays.iter().cycle().skip(at).take(in_a_row).sum::<f64>() <= ASTRAY_MAX)
    };
    let weeks = (last - first) / (7 * 24);
    let six_days = weeks >= WEEKS_MIN && days as f64 >= WORKED_MIN * 6.0 * weeks as f64 && rests(1);
    astray <= ASTRAY_MAX && (rests(2) || six_days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(days: i64, works: impl Fn(i64, i64) -> bool) -> Hours {
        (0..days * 24).filter(|hour| works(hour / 24, hour % 24)).map(|hour| (hour, 5.0)).collect()
    }

    #[test]
    fn an_office_keeps_hours_and_days_off_in_any_time_zone() {
        let weekday = |day: i64| !matches!(day % 7, 2 | 3);
        let office = hours(28, |day, hour| weekday(day) && (9..18).contains(&hour));
        assert_eq!(rhythm(&office), Rhythm::Office);
        // The same seen from nine hours away: work runs over midnight.
        let shifted: Hours = office.iter().map(|(hour, n)| (hour + 9, *n)).collect();
        assert_eq!(rhythm(&shifted), Rhythm::Office);
        assert_eq!(rhythm(&hours(28, |_, hour| (9..18).contains(&hour))), Rhythm::Unknown, "no days off");
        let short = hours(10, |day, hour| weekday(day) && (9..18).contains(&hour));
        assert_eq!(rhythm(&short), Rhythm::Unknown, "too short to say");
        let shop = |day: i64, hour: i64| day % 7 != 6 && (9..19).contains(&hour);
        assert_eq!(rhythm(&hours(30, shop)), Rhythm::Office, "six days a week");
        assert_eq!(rhythm(&hours(20, shop)), Rhythm::Unknown, "too short to know one day off");
        let now_and_then = hours(36, |day, hour| matches!(day % 7, 0 | 2 | 4) && day % 2 == 0 && hour == 10);
        assert_eq!(rhythm(&now_and_then), Rhythm::Office, "rests two days in a row");
        let rarely = hours(36, |day, hour| matches!(day % 7, 0 | 2 | 4 | 5) && day % 3 == 0 && hour == 10);
        assert_eq!(rhythm(&rarely), Rhythm::Unknown);
    }

    #[test]
    fn whoever_reads_at_all_hours_is_known_for_it_on_the_second_day() {
        let day = |n: i64| Micros(n * 24 * HOUR_US);
        assert_eq!(rhythm(&hours(9, |_, _| true)), Rhythm::AllHours(day(2)));
        assert_eq!(rhythm(&hours(1, |_, _| true)), Rhythm::Unknown);
        assert_eq!(rhythm(&hours(9, |_, hour| hour == 3)), Rhythm::Unknown, "a nightly job");
    }
}
