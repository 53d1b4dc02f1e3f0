//! What a log does not record at all: reads of objects without data-event logging, copies that leave the account.

use crate::ScopeError;
use futures::future::BoxFuture;
use std::collections::BTreeSet;
use weir_lake::{Session, quote_all, rows};
use weir_model::Micros;
use weir_model::case::{Coverage, Gap};
use weir_model::operations::{Kind, OPERATIONS};

/// Share of what sensors usually deliver below which they may have been silent.
const DEAD_MAX: f64 = 0.1;
/// Silences asked about in one query.
const ASKED_MAX: usize = 200;

/// Operations on whole stores of data: who did one could read what lies in it, in records that are logged only where
/// data events are switched on, or not at all (in another account).
fn data_operations() -> String {
    let opens = |kind: Kind| matches!(kind, Kind::Shared | Kind::Read);
    quote_all(OPERATIONS.iter().filter(|o| opens(o.kind)).map(|o| o.name))
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

/// The sensors by which a hand was seen to show data.
pub(crate) async fn sensors(near: &Session, condition: &str) -> Result<BTreeSet<String>, ScopeError> {
    let query = format!("SELECT DISTINCT sensor FROM access WHERE {condition} AND shown");
    let all = near.sql(&query).await?;
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
                reason: format!(
                    "{reason} ({} records, {} resources)",
                    row.count("n"),
                    row.count("resources")
                ),
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
