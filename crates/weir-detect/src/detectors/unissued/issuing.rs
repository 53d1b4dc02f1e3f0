//! What the issuing logs cover: from when, with which silences, and how long what they issue lives.
//!
//! Decisive choice: whatever is not known makes fewer credentials accusable, never more.

use super::unread::Unread;
use super::{ISSUES, WEB};
use crate::coverage::coverage;
use crate::{Context, DetectError};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::rows;
use weir_model::Micros;

/// Silences set aside before the longest usual one is read off.
const SET_ASIDE_MIN: usize = 3;
/// A silence is a gap from this many times the longest usual one.
const GAP_FACTOR: i64 = 2;
/// A silence shorter than this is never a gap.
const GAP_MIN_US: i64 = 3_600_000_000;
/// Lifetimes are counted in steps of ten minutes.
pub(super) const STEP_US: i64 = 600_000_000;
/// Credentials that must have had the chance to show a longer lifetime.
const WITNESSES_MIN: u64 = 10;
const DAY_US: i64 = weir_model::time::DAY_US;

/// What the issuing logs cover.
#[derive(Clone, Debug)]
pub(crate) struct Issuing {
    /// Sensors that issue.
    pub(crate) sensors: BTreeSet<String>,
    /// First issuance.
    pub(crate) start: Micros,
    /// Stretches in which issuances are not logged; an open end lasts for good.
    pub(crate) gaps: Vec<(Micros, Option<Micros>)>,
    /// How long credentials live; `None` where the log is too short to show it.
    pub(crate) lifetime: Option<Lifetime>,
    /// Keys that signed what was issued.
    pub(crate) keys: BTreeSet<String>,
    /// What of these logs could not be read.
    pub(super) unread: Unread,
}

impl Issuing {
    /// Condition on a credential's first use (a SQL expression) under which it cannot have been issued unseen.
    pub(crate) fn covered(&self, first: &str) -> Option<String> {
        let life = self.lifetime?.us;
        let after = |at: Micros| Micros(at.0.saturating_add(life));
        let mut all = vec![format!("{first} >= TIMESTAMP '{}'", after(self.start))];
        for (from, to) in &self.gaps {
            all.push(match to {
                Some(to) => {
                    format!("NOT ({first} > TIMESTAMP '{from}' AND {first} < TIMESTAMP '{}')", after(*to))
                }
                None => format!("{first} <= TIMESTAMP '{from}'"),
            });
        }
        Some(all.join(" AND "))
    }
}

/// How far a sensor's clock may be off: an hour, as after a change of summer time, and some minutes.
pub(super) const CLOCK_US: i64 = 65 * 60 * 1_000_000;

/// Learns it from `auth`; `None` when nothing issues credentials.
pub(crate) async fn learn(context: &Context<'_>) -> Result<Option<Issuing>, DetectError> {
    let web = format!("{ISSUES} AND source <> 'aws_cloudtrail'");
    let times = context
        .sql(&format!(
            "SELECT DISTINCT sensor, date_trunc('minute', time) AS minute FROM auth WHERE {web} ORDER BY 2, 1"
        ))
        .await?;
    let mut sensors: BTreeMap<String, Vec<Micros>> = BTreeMap::new();
    let mut minutes: Vec<Micros> = Vec::new();
    for row in rows(&times) {
        let (Some(sensor), Some(minute)) = (row.text("sensor"), row.time("minute")) else { continue };
        sensors.entry(sensor.to_owned()).or_default().push(minute);
        minutes.push(minute);
    }
    minutes.dedup();
    let (Some(start), Some(end)) = (minutes.first().copied(), minutes.last().copied()) else {
        return Ok(None);
    };
    let used = context.sql(&format!("SELECT max(last) AS last FROM {{digest}} WHERE {WEB}")).await?;
    let last_use = rows(&used).find_map(|r| r.time("last")).unwrap_or(end);
    let mut gaps = gaps(&minutes, last_use);
    for times in sensors.values() {
        gaps.extend(own_gaps(times, (start, end), last_use));
    }
    for sensor in coverage(context).await?.iter().filter(|c| sensors.contains_key(&c.sensor)) {
        gaps.extend(sensor.gaps.iter().filter_map(|g| Some((g.from?, g.to))));
    }
    // A clock an hour off must not make an issuance look older than its silence.
    for (from, to) in &mut gaps {
        from.0 -= CLOCK_US;
        *to = to.map(|to| Micros(to.0 + CLOCK_US));
    }
    gaps.sort();
    gaps.dedup();
    let keys = context
        .sql(&format!("SELECT DISTINCT key_uid FROM auth WHERE {web} AND key_uid IS NOT NULL ORDER BY 1"))
        .await?;
    let keys = rows(&keys).filter_map(|r| r.text("key_uid").map(str::to_owned)).collect();
    let lifetime = lifetime(context, &web, end.max(last_use)).await?;
    let unread = Unread::learn(context, &sensors, &["auth"]).await?;
    Ok(Some(Issuing { sensors: sensors.into_keys().collect(), start, gaps, lifetime, keys, unread }))
}

/// Silences of one of several issuing sensors, and the time before it begins and after it ends. Only a sensor that runs beside the others for
/// half of the whole period has a beginning and an end that say anything; shorter ones follow one another (rotated files).
fn own_gaps(
    times: &[Micros],
    (start, end): (Micros, Micros),
    last_use: Micros,
) -> Vec<(Micros, Option<Micros>)> {
    let (Some(first), Some(last)) = (times.first().copied(), times.last().copied()) else {
        return Vec::new();
    };
    if (last.0 - first.0).saturating_mul(2) < end.0 - start.0 {
        return Vec::new();
    }
    let mut found = gaps(times, last_use);
    if first.0 - start.0 > silence_max(times) {
        found.push((start, Some(first)));
    }
    found
}

/// The longest silence that is still usual.
fn silence_max(times: &[Micros]) -> i64 {
    let mut silences: Vec<i64> = times.iter().zip(times.iter().skip(1)).map(|(a, b)| b.0 - a.0).collect();
    silences.sort_unstable_by(|a, b| b.cmp(a));
    let days = match (times.first(), times.last()) {
        (Some(first), Some(last)) => usize::try_from((last.0 - first.0) / DAY_US).unwrap_or(0),
        _ => 0,
    };
    let usual = silences.get(SET_ASIDE_MIN.max(days / 10)).copied().unwrap_or(0);
    (usual * GAP_FACTOR).max(GAP_MIN_US)
}

/// Silences beyond the usual, the one after the last event included.
fn gaps(times: &[Micros], last_use: Micros) -> Vec<(Micros, Option<Micros>)> {
    let longest = silence_max(times);
    let pairs = times.iter().zip(times.iter().skip(1));
    let mut found: Vec<_> = pairs.filter(|(a, b)| b.0 - a.0 > longest).map(|(a, b)| (*a, Some(*b))).collect();
    found.extend(times.last().filter(|t| last_use.0 - t.0 > longest).map(|t| (*t, None)));
    found
}

/// How long what is issued lives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lifetime {
    /// Longest life, microseconds.
    pub(crate) us: i64,
    /// Whether the log states when credentials expire.
    pub(crate) stated: bool,
    /// Share of issued credentials that live longer nevertheless (a machine's token among people's).
    pub(crate) longer: f64,
}

/// The longest life of issued credentials that the log is long enough to show; `None` where it is too short.
async fn lifetime(context: &Context<'_>, web: &str, end: Micros) -> Result<Option<Lifetime>, DetectError> {
    let union = format!(
        "SELECT credential, time AS made, TRY_CAST(expires AS TIMESTAMP) AS ends, NULL AS used FROM auth WHERE {web} \
         UNION ALL SELECT credential, NULL, NULL, last FROM {{digest}} WHERE {WEB}"
    );
    let step = STEP_US / 1_000_000;
    let lives = format!(
        "SELECT min(made) AS issued, CAST((date_part('epoch', max(used)) - date_part('epoch', min(made))) / {step} AS BIGINT) + 1 AS seen, \
         CAST((date_part('epoch', max(ends)) - date_part('epoch', max(made))) / {step} AS BIGINT) + 1 AS told \
         FROM ({union}) GROUP BY credential HAVING min(made) IS NOT NULL"
    );
    let answer = context.sql(&format!("SELECT max(told) AS told, max(seen) AS seen, count(told) AS stating, count(*) AS n FROM ({lives})")).await?;
    let Some(row) = rows(&answer).next() else { return Ok(None) };
    if row.count("n") > 0 && row.count("stating") * 10 >= row.count("n") * 9 {
        let longest = row.int("told").unwrap_or(0).max(row.int("seen").unwrap_or(0));
        return Ok(Some(Lifetime { us: longest.saturating_mul(STEP_US), stated: true, longer: 0.0 }));
    }
    let counts = context.sql(&format!("SELECT greatest(seen, 1) AS life, count(*) AS n FROM ({lives}) WHERE seen IS NOT NULL GROUP BY 1 ORDER BY 1")).await?;
    let counts: Vec<(i64, u64)> =
        rows(&counts).filter_map(|r| Some((r.int("life")?, r.count("n")))).collect();
    for (life, longer) in candidates(&counts) {
        // Whoever was issued later than this could not have shown a life longer by a fifth.
        let by = Micros(end.0.saturating_sub(life.saturating_mul(STEP_US) / 5 * 6));
        let query = format!(
            "SELECT count(*) AS n FROM ({lives}) WHERE seen IS NOT NULL AND issued <= TIMESTAMP '{by}'"
        );
        if rows(&context.sql(&query).await?).any(|r| r.count("n") >= WITNESSES_MIN) {
            return Ok(Some(Lifetime {
                us: (life + life / 2).saturating_mul(STEP_US),
                stated: false,
                longer,
            }));
        }
    }
    Ok(None)
}

/// Lifetimes to try: the longest seen, then the one that all but a hundredth stay within, each with the share that lives longer.
fn candidates(counts: &[(i64, u64)]) -> Vec<(i64, f64)> {
    let total: u64 = counts.iter().map(|(_, n)| n).sum();
    let mut found: Vec<(i64, f64)> = counts.last().map(|(life, _)| (*life, 0.0)).into_iter().collect();
    let mut below = 0;
    for (life, n) in counts {
        below += n;
        if below * 100 >= total * 99 {
            found.push((*life, (total - below) as f64 / total.max(1) as f64));
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    /// Ten days, an issuance each quarter of an hour from 8 to 20 h, without those that `missing` says.
    fn log(missing: impl Fn(i64) -> bool) -> Vec<Micros> {
        let quarter = HOUR / 4;
        (0..10 * 96)
            .map(|q| q * quarter)
            .filter(|t| (8..20).contains(&(t / HOUR % 24)) && !missing(*t))
            .map(Micros)
            .collect()
    }

    #[test]
    fn nights_are_no_gaps_and_a_missing_day_is() {
        let last = Micros(10 * DAY_US);
        assert_eq!(gaps(&log(|_| false), last), []);
        let found = gaps(&log(|t| t / DAY_US == 4), last);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].0.day(), found[0].1.map(Micros::day)), (3, Some(5)));
    }

    #[test]
    fn a_log_that_ends_early_is_a_gap_without_an_end() {
        let found = gaps(&log(|t| t / DAY_US >= 6), Micros(10 * DAY_US));
        assert_eq!(found.iter().map(|g| g.1).collect::<Vec<_>>(), [None]);
    }

    #[test]
    fn a_sensor_that_begins_late_leaves_a_gap_and_a_rotated_one_does_not() {
        let whole = (Micros(0), Micros(10 * DAY_US));
        let late = own_gaps(&log(|t| t / DAY_US < 3), whole, whole.1);
        assert_eq!(late.first().map(|g| g.0), Some(Micros(0)));
        assert_eq!(own_gaps(&log(|t| t / DAY_US >= 3), whole, whole.1), []);
    }

    #[test]
    fn one_long_lived_token_among_many_is_set_aside_second() {
        assert_eq!(candidates(&[(72, 500), (6_000, 1)]), [(6_000, 0.0), (72, 1.0 / 501.0)]);
        assert_eq!(candidates(&[]), []);
    }

    #[test]
    fn first_uses_soon_after_start_or_gap_are_not_covered_for() {
        let issuing = Issuing {
            sensors: BTreeSet::new(),
            start: Micros(0),
            gaps: vec![(Micros(10 * HOUR), Some(Micros(12 * HOUR))), (Micros(48 * HOUR), None)],
            lifetime: Some(Lifetime { us: HOUR, stated: true, longer: 0.0 }),
            keys: BTreeSet::new(),
            unread: Unread::default(),
        };
        let condition = issuing.covered("first").unwrap();
        assert!(condition.contains("first >= TIMESTAMP '1970-01-01T01:00:00Z'"), "{condition}");
        assert!(condition.contains("first < TIMESTAMP '1970-01-01T13:00:00Z'"), "{condition}");
        assert!(condition.contains("first <= TIMESTAMP '1970-01-03T00:00:00Z'"), "{condition}");
        assert_eq!(Issuing { lifetime: None, ..issuing }.covered("first"), None);
    }
}
