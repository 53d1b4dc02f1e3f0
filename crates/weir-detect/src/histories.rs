//! What each entity of a kind did, day by day, one entity at a time: how detectors look over the many.
//!
//! Decisive choice: histories come from the rollups in order of their names and are handed over whole, so that whoever looks keeps one in memory
//! and whatever it decides to remember.

use crate::{Context, DetectError};
use futures::StreamExt;
use weir_model::{EntityKind, Micros};
use weir_rollup::{Partial, Row, decode};
use weir_stats::Merge;

/// One entity's days, ascending, each once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct History {
    /// Its value.
    pub(crate) entity: String,
    /// Days since 1970-01-01 with what it did on them; of columns that were not asked for, nothing.
    pub(crate) days: Vec<(i32, Partial)>,
}

/// Hands over the history of every entity of a kind within the span asked about, with these columns of the rollups.
pub(crate) async fn each(
    context: &Context<'_>,
    kind: EntityKind,
    columns: &[&str],
    mut take: impl FnMut(History),
) -> Result<(), DetectError> {
    let options = context.snapshot.session_options();
    let mut batches = context.snapshot.rollup_columns(&[kind], |c| columns.contains(&c), &options).await?;
    let within = |row: &Row| {
        context.span.since.is_none_or(|s| row.day >= s.day())
            && context.span.until.is_none_or(|u| row.day <= Micros(u.0.saturating_sub(1)).day())
    };
    let mut history = History::default();
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        if let Some(column) = columns.iter().find(|c| batch.column_by_name(c).is_none()) {
            return Err(DetectError::Stale { column: (*column).to_owned() });
        }
        let read = decode(&batch)
            .map_err(|e| DetectError::Rollup { entity: kind.to_string(), message: e.to_string() })?;
        for row in read.into_iter().filter(within) {
            if row.entity != history.entity {
                let next = History { entity: row.entity, days: Vec::new() };
                let done = std::mem::replace(&mut history, next);
                if !done.days.is_empty() {
                    take(done);
                }
            }
            match history.days.last_mut() {
                // Parts of one day, from different ingests, follow one another.
                Some((day, partial)) if *day == row.day => partial.merge(&row.partial),
                _ => history.days.push((row.day, row.partial)),
            }
        }
    }
    if !history.days.is_empty() {
        take(history);
    }
    Ok(())
}
