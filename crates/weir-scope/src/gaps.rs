//! What a log does not record at all: reads of objects without data-event logging, copies that leave the account.

use crate::ScopeError;
use crate::shown::{SHOWS, SLOT_US, Sum};
use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::{Session, quote_all, rows};
use weir_model::Micros;
use weir_model::case::{Coverage, Gap};
use weir_model::operations::{Kind, OPERATIONS, Operation};

/// Share of what sensors usually deliver below which they may have been silent.
const DEAD_MAX: f64 = 0.1;
/// Silences asked about in one query.
const ASKED_MAX: usize = 200;
/// Pauses without which a hand has no pace, and those looked at, with as many records as tell that a sensor was not silent.
const PAUSES_MIN: usize = 20;
const PAUSES_MAX: usize = 20;
const RECORDS_MAX: usize = 2_000;
/// How many times as long as nine in ten others a pause is that tells of a silence where nobody else is seen.
const PAUSE_MIN: i64 = 5;
/// People whom a hand would have been shown in a silence worth naming.
const MISSED_MIN: f64 = 5.0;
/// Records that others would have left in it: one in a thousand times there is none.
const UNLIKELY: f64 = 7.0;

/// Operations on whole stores of data: who did one could read what lies in it, in records that are logged only where
/// data events are switched on, or not at all (in another account).
fn data_operations() -> String {
    // Who lets others invoke a function, or through a firewall, opens no store.
    let opens = |o: &&Operation| matches!(o.kind, Kind::Shared | Kind::Read) && o.technique != "T1098";
    quote_all(OPERATIONS.iter().filter(opens).map(|o| o.name))
}

/// Whether a hand opened or copied a store of data.
pub(crate) async fn opens_data(session: &Session, condition: &str) -> Result<bool, ScopeError> {
    let query = format!(
        "SELECT count(*) AS n FROM access WHERE {condition} AND status_id = 1 AND operation IN {}",
        data_operations()
    );
    Ok(rows(&session.sql(&query).await?).any(|r| r.count("n") > 0))
}

/// Sensors whose records show what was asked for, and so could show people's data.
pub(crate) async fn showing(session: &Session) -> Result<BTreeSet<String>, ScopeError> {
    let all = session.sql("SELECT DISTINCT sensor FROM access").await?;
    Ok(rows(&all).filter_map(|row| row.text("sensor").map(str::to_owned)).collect())
}

/// The sensors by which a hand was seen.
pub(crate) async fn sensors(near: &Session, condition: &str) -> Result<BTreeSet<String>, ScopeError> {
    let query = format!("SELECT DISTINCT sensor FROM access WHERE {condition}");
    let all = near.sql(&query).await?;
    Ok(rows(&all).filter_map(|row| row.text("sensor").map(str::to_owned)).collect())
}

/// Sensors with silences that a hand was not seen by and that show such data as it was shown: it may have been seen by them as well, had they not been silent.
pub(crate) async fn alike(
    session: &Session,
    near: &Session,
    condition: &str,
    coverage: &[Coverage],
    by: &BTreeSet<String>,
) -> Result<BTreeSet<String>, ScopeError> {
    let others = coverage.iter().filter(|c| !c.gaps.is_empty() && !by.contains(&c.sensor));
    let others: Vec<&str> = others.map(|c| c.sensor.as_str()).collect();
    if others.is_empty() {
        return Ok(BTreeSet::new());
    }
    let query = format!(
        "SELECT DISTINCT coalesce(dataset, '') AS dataset FROM access WHERE ({condition}) AND {SHOWS}"
    );
    let read = near.sql(&query).await?;
    let read: BTreeSet<&str> = rows(&read).filter_map(|row| row.text("dataset")).collect();
    if read.is_empty() {
        return Ok(BTreeSet::new());
    }
    let query = format!(
        "SELECT DISTINCT sensor FROM access WHERE sensor IN {} AND {SHOWS} AND coalesce(dataset, '') IN {}",
        quote_all(others.into_iter()),
        quote_all(read.into_iter())
    );
    let all = session.sql(&query).await?;
    Ok(rows(&all).filter_map(|row| row.text("sensor").map(str::to_owned)).collect())
}

/// Silences of other sensors in which these delivered next to nothing, so that they may have been silent too.
pub(crate) async fn dead<'a>(
    session: &Session,
    coverage: &'a [Coverage],
    by: &BTreeSet<String>,
) -> Result<Vec<&'a Gap>, ScopeError> {
    let others = coverage.iter().filter(|c| !by.contains(&c.sensor)).flat_map(|c| &c.gaps);
    let others: Vec<(&Gap, Micros, Micros)> =
        others.filter_map(|gap| Some((gap, gap.from?, gap.to?))).collect();
    let usual: f64 = coverage
        .iter()
        .filter(|c| by.contains(&c.sensor))
        .map(|c| c.days.values().sum::<u64>() as f64 / (c.period.last.0 - c.period.first.0).max(1) as f64)
        .sum();
    let mut dead = Vec::new();
    for some in others.chunks(ASKED_MAX) {
        dead.extend(dead_of(session, some, by, usual).await?);
    }
    Ok(dead)
}

/// Those of some silences in which sensors that usually deliver so many records a microsecond delivered next to nothing.
async fn dead_of<'a>(
    session: &Session,
    others: &[(&'a Gap, Micros, Micros)],
    by: &BTreeSet<String>,
    usual: f64,
) -> Result<Vec<&'a Gap>, ScopeError> {
    let (Some(first), Some(last)) = (others.iter().map(|o| o.1).min(), others.iter().map(|o| o.2).max())
    else {
        return Ok(Vec::new());
    };
    let each: Vec<String> = others
        .iter()
        .enumerate()
        .map(|(at, (_, from, to))| {
            format!("count(*) FILTER (WHERE time > TIMESTAMP '{from}' AND time < TIMESTAMP '{to}') AS n{at}")
        })
        .collect();
    let query = format!(
        "SELECT {} FROM access WHERE sensor IN {} AND time >= TIMESTAMP '{first}' AND time <= TIMESTAMP '{last}'",
        each.join(", "),
        quote_all(by.iter().map(String::as_str))
    );
    let answer = session.sql(&query).await?;
    let Some(row) = rows(&answer).next() else { return Ok(Vec::new()) };
    let dead = |(at, (_, from, to)): &(usize, &(&Gap, Micros, Micros))| {
        (row.count(&format!("n{at}")) as f64) < DEAD_MAX * usual * (to.0 - from.0) as f64
    };
    Ok(others.iter().enumerate().filter(dead).map(|(_, (gap, ..))| *gap).collect())
}

/// How a reason ends that says of how many records and resources it is.
pub(crate) const COUNTED: &str = " resources)";

/// What a pause of a hand is called where the sensors that saw it delivered nothing at all. It is no gap of a log: others may have had no reason to be there.
const PAUSE: &str = "the hand not seen by ";

/// A pause of a hand that may be a silence, and how many people the hand would have been shown in it at its pace.
pub(crate) struct Pause {
    pub(crate) gap: Gap,
    people: f64,
}

/// The pauses of several hands: of those that are the same silence the one that could hide most.
pub(crate) fn each_silence<'p>(pauses: impl Iterator<Item = &'p Pause>) -> Vec<Gap> {
    let mut most: BTreeMap<(&str, Option<Micros>, Option<Micros>), &Pause> = BTreeMap::new();
    for pause in pauses {
        let known = most.entry((&pause.gap.what, pause.gap.from, pause.gap.to)).or_insert(pause);
        if pause.people > known.people {
            *known = pause;
        }
    }
    most.into_values().map(|pause| pause.gap.clone()).collect()
}

/// Times in a hand's pauses in which the sensors that saw it delivered nothing at all, twice as long as they are in its other pauses: of a sensor with few
/// records the hand itself may be the only rhythm that shows a silence.
pub(crate) async fn pauses(
    session: &Session,
    by: &BTreeSet<String>,
    sum: &Sum,
) -> Result<Vec<Pause>, ScopeError> {
    let slots = &sum.slots;
    let mut pauses: Vec<(i64, i64, i64)> =
        slots.keys().zip(slots.keys().skip(1)).map(|(a, b)| (b - a, *a, *b)).collect();
    pauses.sort_unstable();
    let (Some(period), Some((usual, ..))) = (sum.period, pauses.get(pauses.len() * 9 / 10).copied()) else {
        return Ok(Vec::new());
    };
    if pauses.len() < PAUSES_MIN || by.is_empty() {
        return Ok(Vec::new());
    }
    let names = quote_all(by.iter().map(String::as_str));
    let within = |first: Micros, last: Micros| {
        format!(
            "FROM access WHERE sensor IN {names} AND time >= TIMESTAMP '{first}' AND time < TIMESTAMP '{last}'"
        )
    };
    // The longest time without any record in each of the longest pauses.
    let mut silent: Vec<(i64, Micros, Micros)> = Vec::new();
    for (_, from, to) in pauses.iter().rev().take(PAUSES_MAX).filter(|(long, ..)| *long > usual) {
        let (from, to) = (Micros((from + 1) * SLOT_US), Micros(to * SLOT_US));
        let query = format!("SELECT time {} ORDER BY time LIMIT {RECORDS_MAX}", within(from, to));
        let answer = session.sql(&query).await?;
        let times: Vec<Micros> = rows(&answer).filter_map(|row| row.time("time")).collect();
        if times.len() < RECORDS_MAX {
            let begins = [from].into_iter().chain(times.iter().copied());
            let ends = times.iter().copied().chain([to]);
            silent.extend(begins.zip(ends).map(|(a, b)| (b.0 - a.0, a, b)).max());
        }
    }
    silent.sort_unstable();
    let all = session.sql(&format!("SELECT count(*) AS n {}", within(period.first, period.last))).await?;
    let all = rows(&all).next().map_or(0, |row| row.count("n"));
    let others = all.saturating_sub(sum.records) as f64 / (period.last.0 - period.first.0).max(1) as f64;
    let people: u64 = slots.values().sum();
    let active: i64 = pauses.iter().map(|(long, ..)| *long).filter(|long| *long <= usual).sum();
    let pace = people as f64 / (active.max(1) * SLOT_US) as f64;
    let ordinary =
        if silent.len() > 1 { silent.get((silent.len() - 1) / 2).map_or(0, |(long, ..)| *long) } else { 0 };
    let whole = |from: Micros, to: Micros| {
        pauses.iter().any(|(long, a, b)| {
            *long > PAUSE_MIN * usual && (a + 1) * SLOT_US == from.0 && b * SLOT_US == to.0
        })
    };
    let told = silent.iter().filter(|(long, from, to)| {
        let long = *long as f64;
        long > 2.0 * ordinary as f64
            && pace * long >= MISSED_MIN
            && (others * long >= UNLIKELY || whole(*from, *to))
    });
    let gap = |(long, from, to): &(i64, Micros, Micros)| {
        (
            pace * *long as f64,
            Gap {
                what: format!("{PAUSE}{}", by.iter().map(String::as_str).collect::<Vec<_>>().join(", ")),
                from: Some(*from),
                to: Some(*to),
                reason: format!(
                    "no gap that the log's own rhythm tells: no record at all where the hand, at its pace, would have been shown {:.0} people, so it paused, or the log was silent",
                    pace * *long as f64
                ),
                records_expected: Some(0.0),
            },
        )
    };
    Ok(told.map(gap).map(|(people, gap)| Pause { gap, people }).collect())
}

/// What the logs would not show of a finding's hand, each with what would be needed.
pub fn unlogged<'a>(
    session: &'a Session,
    near: &'a Session,
    condition: &'a str,
) -> BoxFuture<'a, Result<Vec<Gap>, ScopeError>> {
    Box::pin(async move {
        let query = format!(
            "SELECT operation, count(*) AS n, count(DISTINCT resource) AS resources FROM access \
         WHERE {condition} AND status_id = 1 AND operation IN {} GROUP BY 1 ORDER BY 1",
            data_operations()
        );
        let mut gaps = Vec::new();
        for row in rows(&near.sql(&query).await?) {
            let Some(operation) = row.text("operation") else { continue };
            let (what, reason) = match operation {
                "GetObject" | "GetSecretValue" | "GetParameter" | "GetParameters" | "GetPasswordData"
                | "GetConsoleOutput" => (
                    format!("content read by `{operation}`"),
                    "the log names the object read, not the people in it",
                ),
                _ => (
                    format!("what was read after `{operation}`"),
                    "reads of a shared or copied store are logged where it was copied to, or by data events that are not in these logs",
                ),
            };
            gaps.push(Gap {
                what,
                from: None,
                to: None,
                reason: format!("{reason} ({} records, {}{COUNTED}", row.count("n"), row.count("resources")),
                records_expected: None,
            });
        }
        if gaps.is_empty() {
            return Ok(gaps);
        }
        let seen = session
        .sql("SELECT count(*) AS n FROM access WHERE source = 'aws_cloudtrail' AND operation = 'GetObject'")
        .await?;
        if rows(&seen).all(|r| r.count("n") == 0) {
            gaps.push(Gap {
            what: "reads of objects in storage".to_owned(),
            from: None,
            to: None,
            reason: "no data events are in these logs: CloudTrail data-event logging for S3, or S3 server access logs, would tell".to_owned(),
            records_expected: None,
        });
        }
        Ok(gaps)
    })
}
