//! Whether rows come in the order that their table promises its readers.

use crate::tables::Name;
use crate::{LakeError, Result};
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Date32Type;

/// The last row of a sorted table: kind, entity, day.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Last(Option<(String, String, i32)>);

impl Last {
    /// Takes in a batch of a table; an error if a row comes before one that came earlier. Batches without the columns of the order have none.
    pub(crate) fn follow(&mut self, table: Name, batch: &RecordBatch) -> Result<()> {
        let &[kind, entity, day] = table.order() else { return Ok(()) };
        let text = |name| batch.column_by_name(name).and_then(|c| c.as_string_opt::<i32>());
        let days = batch.column_by_name(day).and_then(|c| c.as_primitive_opt::<Date32Type>());
        let (Some(kinds), Some(entities), Some(days)) = (text(kind), text(entity), days) else {
            return Ok(());
        };
        let at = |row: usize| (kinds.value(row), entities.value(row), days.value(row));
        let mut last = self.0.as_ref().map(|(kind, entity, day)| (kind.as_str(), entity.as_str(), *day));
        for row in 0..batch.num_rows() {
            let next = at(row);
            if last.is_some_and(|last| next < last) {
                let message = format!("`{} {}` comes after what it should come before", next.0, next.1);
                return Err(LakeError::batch(table.as_str(), message));
            }
            last = Some(next);
        }
        self.0 = last.map(|(kind, entity, day)| (kind.to_owned(), entity.to_owned(), day));
        Ok(())
    }
}
