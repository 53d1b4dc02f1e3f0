//! What findings say of who read: sums over their records, and the members listed.

use crate::bearer::people;
use crate::{Context, DetectError, Draft};
use weir_lake::rows;
use weir_model::{Entity, EntityKind, Micros};

/// Origins, credentials and actors listed at most, of each; more are in the query's answer.
const LISTED_MAX: usize = 10_000;

/// First and last record of a condition on `access`.
pub(crate) async fn seen(
    context: &Context<'_>,
    condition: &str,
) -> Result<Option<(Micros, Micros)>, DetectError> {
    let query = format!("SELECT min(time) AS first, max(time) AS last FROM access WHERE {condition}");
    let answer = context.sql(&query).await?;
    let row = rows(&answer).next();
    Ok(row.and_then(|row| Some((row.time("first")?, row.time("last")?))))
}

/// Adds the members that a condition's records name, and their sums; gives the number of people besides.
pub(crate) async fn describe(
    context: &Context<'_>,
    mut draft: Draft,
    condition: &str,
) -> Result<(Draft, f64), DetectError> {
    const SUMS: [&str; 6] = ["records", "clients", "origins", "credentials", "days", "bytes"];
    let query = format!(
        "SELECT count(*) AS records, count(DISTINCT user_agent) AS clients, count(DISTINCT src_ip) AS origins, \
         count(DISTINCT credential) AS credentials, count(DISTINCT day) AS days, sum(CAST(bytes_out AS DECIMAL(20, 0))) AS bytes FROM access WHERE {condition}"
    );
    for row in rows(&context.sql(&query).await?) {
        for name in SUMS {
            draft = draft.measure(name, row.count(name) as f64, None);
        }
    }
    let query = format!("SELECT count(DISTINCT person) AS people FROM {}", people("time", condition));
    let answer = context.sql(&query).await?;
    let shown = rows(&answer).next().map_or(0.0, |row| row.count("people") as f64);
    for (column, kind) in
        [("src_ip", EntityKind::Origin), ("credential", EntityKind::Credential), ("actor", EntityKind::Actor)]
    {
        let query = format!(
            "SELECT DISTINCT {column} AS value FROM access WHERE {condition} AND {column} IS NOT NULL ORDER BY 1 LIMIT {LISTED_MAX}"
        );
        let answer = context.sql(&query).await?;
        draft = draft.members(rows(&answer).filter_map(|r| Some(Entity::new(kind, r.text("value")?))));
    }
    Ok((draft.measure("people", shown, None), shown))
}
