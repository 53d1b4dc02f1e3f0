//! Which rows of a batch a legal hold covers.
//!
//! Decisive choice: the question is put to columns as they are stored, a batch at a time, without a query engine: it is the one condition that every
//! deletion stands on, so it is short, has no plan to go wrong, and takes what it cannot decide for covered.

use crate::{LakeError, Result};
use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use std::collections::BTreeSet;
use weir_model::entity::{addresses_in, prefix_of};
use weir_model::hold::{Cover, columns_of};
use weir_model::{Entity, EntityKind, Hold, Micros};

/// For each row the place of the first hold that covers it.
pub(crate) fn held(holds: &[Hold], batch: &RecordBatch) -> Result<Vec<Option<usize>>> {
    let mut by = vec![None; batch.num_rows()];
    for (place, hold) in holds.iter().enumerate() {
        for cover in &hold.covers {
            let covered = covered(cover, batch)?;
            for (row, covered) in by.iter_mut().zip(covered) {
                if covered && row.is_none() {
                    *row = Some(place);
                }
            }
        }
    }
    Ok(by)
}

/// Whether any hold could cover a record between two instants; a missing one is unknown.
pub(crate) fn may_hold(holds: &[Hold], first: Option<Micros>, last: Option<Micros>) -> bool {
    holds.iter().flat_map(|h| &h.covers).any(|cover| cover.overlaps(first, last))
}

fn covered(cover: &Cover, batch: &RecordBatch) -> Result<Vec<bool>> {
    let times =
        batch.column_by_name("time").and_then(|c| c.as_any().downcast_ref::<TimestampMicrosecondArray>());
    let times = times.ok_or_else(|| LakeError::batch("records", "there is no `time`"))?;
    let mut rows: Vec<bool> =
        times.iter().map(|at| at.is_none_or(|at| cover.period.contains(Micros(at)))).collect();
    if !rows.contains(&true) {
        return Ok(rows);
    }
    for (column, names) in [("source", &cover.sources), ("sensor", &cover.sensors)] {
        if names.is_empty() {
            continue;
        }
        // Where there is no such column, or no value, the record may be of any.
        let Some(texts) = text(batch, column) else { continue };
        for (row, is) in rows.iter_mut().zip(texts.iter()) {
            *row = *row && is.is_none_or(|is| names.iter().any(|name| name == is));
        }
    }
    let entities = cover.comparable();
    if !entities.is_empty() {
        let named = named(entities, batch);
        rows.iter_mut().zip(named).for_each(|(row, named)| *row = *row && named);
    }
    Ok(rows)
}

/// Whether each row names one of the entities.
fn named(entities: &[Entity], batch: &RecordBatch) -> Vec<bool> {
    let mut rows = vec![false; batch.num_rows()];
    let kinds: BTreeSet<EntityKind> = entities.iter().map(|e| e.kind).collect();
    for kind in kinds {
        let spelled = entities.iter().filter(|e| e.kind == kind).cloned().map(Entity::spelled);
        let values: BTreeSet<String> = spelled.map(|e| e.value).collect();
        for texts in columns_of(kind).unwrap_or_default().iter().filter_map(|column| text(batch, column)) {
            for (row, is) in rows.iter_mut().zip(texts.iter()) {
                let Some(is) = is.filter(|_| !*row) else { continue };
                *row = match kind {
                    // Logs write one address in several ways, and lists of them; and a network may be held as an origin.
                    EntityKind::Prefix | EntityKind::Origin => {
                        values.contains(is)
                            || addresses_in(is).any(|is| {
                                values.contains(&is) || prefix_of(&is).is_some_and(|of| values.contains(&of))
                            })
                    }
                    _ => values.contains(is),
                };
            }
        }
    }
    rows
}

fn text<'a>(batch: &'a RecordBatch, column: &str) -> Option<&'a StringArray> {
    batch.column_by_name(column)?.as_string_opt::<i32>()
}
