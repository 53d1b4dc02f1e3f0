//! Issuances that can stand in records that could not be read, and how many credentials they can explain.
//!
//! Decisive choice: a rejected record has no time of its own; it is placed between the records that stand around it in its file, and each
//! explains as many credentials as issuances fit into it, mostly one. So a rejected line here and there explains a credential here and
//! there, and never a campaign of thousands.

use super::issuing::{CLOCK_US, STEP_US};
use crate::{Context, DetectError};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use weir_lake::{quote_all, rows};
use weir_model::Micros;

/// Credentials by the ten minutes in which they were first used.
pub(super) type Uses = BTreeMap<i64, u64>;

/// Rejected records of the logs that issue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unread {
    /// How many.
    pub(super) records: u64,
    /// Between which times how many issuances can stand, by the earlier one.
    places: Vec<(Micros, Micros, u64)>,
}

/// What rejected records can explain of some credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Explained {
    /// Credentials in all.
    pub(super) of: u64,
    /// The most that can have been issued in rejected records.
    pub(super) most: u64,
    /// By then more had been in use than rejects can explain; `None` where they can explain all.
    pub(super) exceeded: Option<Micros>,
}

impl Explained {
    /// Credentials that no rejected record can have issued.
    pub(super) fn rest(&self) -> u64 {
        self.of - self.most
    }

    /// Whether rejects can explain at least half, so that no single credential is surely unissued.
    pub(super) fn doubtful(&self) -> bool {
        self.most > 0 && self.most * 2 >= self.of
    }
}

impl Unread {
    /// Rejects in files of these sensors, whose records are in `tables`. `minutes` are those in which a sensor issued: where nothing stands before
    /// or after a reject in its file, the sensor's nearest minute bounds it.
    pub(super) async fn learn(
        context: &Context<'_>,
        sensors: &BTreeMap<String, Vec<Micros>>,
        tables: &[&str],
    ) -> Result<Self, DetectError> {
        let of = format!("rejected > 0 AND sensor IN {}", quote_all(sensors.keys().map(String::as_str)));
        let files = context.sql(&format!("SELECT DISTINCT file FROM intake WHERE {of}")).await?;
        let files: Vec<String> = rows(&files).filter_map(|r| Some(r.int("file")?.to_string())).collect();
        if files.is_empty() {
            return Ok(Self::default());
        }
        let files = files.join(", ");
        let mut union = vec![format!(
            "SELECT file, line, \"offset\" AS at, NULL AS time, bytes FROM rejects WHERE file IN ({files})"
        )];
        union.extend(tables.iter().map(|table| {
            format!("SELECT file, line, \"offset\", time, NULL FROM {table} WHERE file IN ({files})")
        }));
        // In a file that is not in order the latest time before and the earliest after stand far apart, as they should.
        let placed = format!(
            "SELECT file, bytes, max(time) OVER (PARTITION BY file ORDER BY line, at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before, \
             min(time) OVER (PARTITION BY file ORDER BY line DESC, at DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS after \
             FROM ({})",
            union.join(" UNION ALL ")
        );
        let minute = |time: &str| format!("date_trunc('minute', {time}) AS {time}");
        let query = format!(
            "SELECT sensor, {}, {}, count(*) AS records, CAST(sum(greatest(bytes / typical, 1)) AS BIGINT) AS n FROM ({placed}) AS placed \
             JOIN (SELECT file AS of, min(sensor) AS sensor, greatest(sum(content_bytes) / greatest(sum(records), 1), 1) AS typical \
             FROM intake WHERE {of} GROUP BY file) AS files ON file = of WHERE bytes IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            minute("before"),
            minute("after")
        );
        let mut found = Self::default();
        for row in rows(&context.sql(&query).await?) {
            let minutes = row.text("sensor").and_then(|s| sensors.get(s)).map_or(&[][..], Vec::as_slice);
            let (before, after) = bounds(row.time("before"), row.time("after"), minutes);
            found.records += row.count("records");
            found.places.push((before.min(after), before.max(after), row.count("n")));
        }
        found.places.sort();
        Ok(found)
    }

    /// The most of these credentials that can have been issued in rejected records, if what is issued lives so long. Credentials take rejects in
    /// the order of their first use, each the one that expires first, which leaves the fewest unexplained.
    pub(super) fn explain(&self, uses: &Uses, life_us: i64) -> Explained {
        let step = |at: Micros, later: i64| at.0.saturating_add(later).div_euclid(STEP_US);
        let mut places = self.places.iter().peekable();
        let mut open: BinaryHeap<Reverse<(i64, u64)>> = BinaryHeap::new();
        let mut explained = Explained { of: uses.values().sum(), ..Explained::default() };
        for (&at, &n) in uses {
            while let Some((_, last, n)) = places.next_if(|(first, ..)| step(*first, -CLOCK_US) <= at) {
                open.push(Reverse((step(*last, life_us.saturating_add(CLOCK_US)), *n)));
            }
            let mut left = n;
            while left > 0 {
                let Some(Reverse((until, room))) = open.pop() else { break };
                let taken = if until < at { 0 } else { room.min(left) };
                left -= taken;
                if until >= at && room > taken {
                    open.push(Reverse((until, room - taken)));
                }
            }
            explained.most += n - left;
            if left > 0 && explained.exceeded.is_none() {
                explained.exceeded = Some(Micros((at + 1).saturating_mul(STEP_US)));
            }
        }
        explained
    }

    /// How many, in words.
    pub(super) fn words(&self) -> String {
        match self.records {
            1 => "1 record".to_owned(),
            n => format!("{n} records"),
        }
    }

    /// What a finding cannot say for rejects' sake.
    pub(super) fn limit(&self, explained: &Explained) -> Option<String> {
        let at_most = match explained.most {
            0 => "none of these credentials".to_owned(),
            most => format!("at most {most} of these {} credentials", explained.of),
        };
        (self.records > 0).then(|| {
            format!(
                "{} of the issuing log could not be read; by where they stand, {at_most} can have been issued in them",
                self.words()
            )
        })
    }
}

/// Between which times a reject stands, by its neighbours in its file, else by its sensor's nearest minute, else anywhere.
fn bounds(before: Option<Micros>, after: Option<Micros>, minutes: &[Micros]) -> (Micros, Micros) {
    let minute_us = 60_000_000;
    let earlier = after.and_then(|t| minutes.iter().rev().find(|m| **m < t)).copied();
    let later = before.and_then(|t| minutes.iter().find(|m| **m > t)).copied();
    (
        before.or(earlier).unwrap_or(Micros(i64::MIN)),
        Micros(after.or(later).unwrap_or(Micros(i64::MAX)).0.saturating_add(minute_us)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn unread(places: &[(i64, i64, u64)]) -> Unread {
        let at = |(from, to, n): &(i64, i64, u64)| (Micros(from * HOUR), Micros(to * HOUR), *n);
        Unread { records: places.len() as u64, places: places.iter().map(at).collect() }
    }

    /// Credentials first used in these hours.
    fn uses(hours: &[(i64, u64)]) -> Uses {
        hours.iter().map(|(hour, n)| (hour * 6, *n)).collect()
    }

    #[test]
    fn a_reject_explains_one_credential_within_a_lifetime() {
        let rejects = unread(&[(100, 101, 1), (300, 301, 1)]);
        let explained = |hours: &[(i64, u64)]| rejects.explain(&uses(hours), 10 * HOUR);
        assert_eq!(explained(&[(105, 1), (310, 1)]).rest(), 0);
        assert_eq!(explained(&[(105, 2)]).rest(), 1, "one reject is one issuance");
        assert_eq!(explained(&[(90, 1)]).rest(), 1, "used before the reject was written");
        assert_eq!(explained(&[(120, 1), (299, 0)]).rest(), 1, "used when what it issued was dead");
        assert_eq!(explained(&[(105, 1), (106, 1)]).exceeded, Some(Micros(106 * HOUR + STEP_US)));
    }

    #[test]
    fn the_reject_that_expires_first_is_taken_first() {
        let rejects = unread(&[(1, 500, 1), (100, 101, 1)]);
        assert_eq!(rejects.explain(&uses(&[(105, 1), (400, 1)]), HOUR).rest(), 1);
        assert_eq!(rejects.explain(&uses(&[(102, 1), (400, 1)]), HOUR).rest(), 0);
    }

    #[test]
    fn a_campaign_is_not_explained_by_three_rejects() {
        let explained = unread(&[(1, 2, 1), (3, 4, 1), (5, 6, 1)]).explain(&uses(&[(7, 4_000)]), 24 * HOUR);
        assert_eq!((explained.most, explained.rest(), explained.doubtful()), (3, 3_997, false));
    }

    #[test]
    fn a_reject_at_a_files_end_is_bounded_by_its_sensors_next_minute() {
        let minutes = [Micros(HOUR), Micros(2 * HOUR), Micros(3 * HOUR)];
        let end = bounds(Some(Micros(HOUR)), None, &minutes);
        assert_eq!(end, (Micros(HOUR), Micros(2 * HOUR + 60_000_000)));
        assert_eq!(bounds(None, Some(Micros(HOUR)), &minutes).0, Micros(i64::MIN));
        assert_eq!(bounds(Some(Micros(3 * HOUR)), None, &minutes).1, Micros(i64::MAX));
    }
}
