//! Whether an address that names nobody reads as an office works: by day, on working days.
//!
//! Decisive choice: it excuses nobody whose records name who asks, since there the credentials tell a desk from a thief. Where nothing does,
//! a desk and a thief who keeps office hours look alike, and neither is called the other.

use crate::{Context, DetectError};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::rows;
use weir_model::time::DAY_US;

/// Hours of a working day, with what runs over.
const HOURS: i64 = 12;
/// Share of records that may lie outside of those hours, or on the days off.
const ASTRAY_MAX: f64 = 0.03;
/// Days from the first record to the last, and days with records, without which there is no rhythm.
const SPAN_DAYS_MIN: i64 = 14;
const ACTIVE_DAYS_MIN: usize = 8;

/// What is said of a desk.
pub(super) const WORDS: &str = " It reads in office hours on working days only, and no record there names who asks: a desk that works for people looks so too, and a \
    credential or a name in the log would tell.";

const HOUR_US: i64 = 3_600_000_000;

/// Those among the addresses of a session whose shown records name nobody and keep office hours.
pub(super) async fn desks(context: &Context<'_>, shown: &str) -> Result<BTreeSet<String>, DetectError> {
    let query = format!(
        "SELECT src_ip, date_trunc('hour', time) AS hour, count(*) AS n, count(coalesce(credential, actor)) AS named FROM access \
         WHERE {shown} GROUP BY 1, 2 ORDER BY 1, 2"
    );
    let mut hours: BTreeMap<String, Vec<(i64, f64)>> = BTreeMap::new();
    let mut named = BTreeSet::new();
    for row in rows(&context.sql(&query).await?) {
        let (Some(origin), Some(hour)) = (row.text("src_ip"), row.time("hour")) else { continue };
        hours.entry(origin.to_owned()).or_default().push((hour.0.div_euclid(HOUR_US), row.count("n") as f64));
        if row.count("named") > 0 {
            named.insert(origin.to_owned());
        }
    }
    let kept = hours.into_iter().filter(|(origin, hours)| !named.contains(origin) && office(hours));
    Ok(kept.map(|(origin, _)| origin).collect())
}

/// Whether records by hour since 1970 keep office hours, in whatever time zone and with whatever two days off.
fn office(hours: &[(i64, f64)]) -> bool {
    let total: f64 = hours.iter().map(|(_, n)| n).sum();
    let (Some((first, _)), Some((last, _))) = (hours.first(), hours.last()) else { return false };
    let days: BTreeSet<i64> = hours.iter().map(|(hour, _)| hour.div_euclid(24)).collect();
    if total <= 0.0 || last - first < SPAN_DAYS_MIN * DAY_US / HOUR_US || days.len() < ACTIVE_DAYS_MIN {
        return false;
    }
    let outside = |start: i64| {
        let inside = |hour: i64| (hour - start).rem_euclid(24) < HOURS;
        hours.iter().filter(|(hour, _)| !inside(*hour)).map(|(_, n)| n).sum::<f64>() / total
    };
    let Some(start) = (0..24).min_by(|a, b| outside(*a).total_cmp(&outside(*b))) else { return false };
    let mut weekdays = [0.0; 7];
    for (hour, n) in hours {
        // Days begin in the middle of the night between two of those working days.
        let day = (hour - start + (24 - HOURS) / 2).div_euclid(24);
        if let Some(sum) = usize::try_from(day.rem_euclid(7)).ok().and_then(|at| weekdays.get_mut(at)) {
            *sum += n / total;
        }
    }
    let off = (0..7).map(|at| weekdays.iter().cycle().skip(at).take(2).sum::<f64>());
    outside(start) <= ASTRAY_MAX && off.fold(1.0, f64::min) <= ASTRAY_MAX
}

#[cfg(test)]
mod tests {
    use super::office;

    fn hours(days: i64, works: impl Fn(i64, i64) -> bool) -> Vec<(i64, f64)> {
        (0..days * 24).filter(|hour| works(hour / 24, hour % 24)).map(|hour| (hour, 5.0)).collect()
    }

    #[test]
    fn an_office_keeps_hours_and_days_off_in_any_time_zone() {
        let weekday = |day: i64| !matches!(day % 7, 2 | 3);
        assert!(office(&hours(28, |day, hour| weekday(day) && (9..18).contains(&hour))));
        // The same seen from nine hours away: work runs over midnight.
        let shifted: Vec<(i64, f64)> = hours(28, |day, hour| weekday(day) && (9..18).contains(&hour))
            .iter()
            .map(|(h, n)| (h + 9, *n))
            .collect();
        assert!(office(&shifted));
        assert!(!office(&hours(28, |_, hour| (9..18).contains(&hour))), "no days off");
        assert!(!office(&hours(28, |day, _| weekday(day))), "nor hours");
        assert!(!office(&hours(10, |day, hour| weekday(day) && (9..18).contains(&hour))), "too short to say");
    }
}
