//! Query answers row by row, by column name: what detectors read aggregates with.
//!
//! Aggregates are small (they are about the few), so clarity beats columns here; bulk goes through the rollup stream instead.

use crate::{Fault, LakeError, Place, Result, Session};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType, UInt64Type,
};
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch};
use futures::future::BoxFuture;
use weir_model::{Evidence, Micros, Table};

/// One row of a query's answer.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    batch: &'a RecordBatch,
    at: usize,
}

/// The rows of a query's answer, in its order.
pub fn rows(batches: &[RecordBatch]) -> impl Iterator<Item = Row<'_>> {
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |at| Row { batch, at }))
}

/// Columns of whole numbers, days and instants of an answer, row by row: what is quick where an answer has a row for each record. A column that is
/// absent or of another type has nothing in any row.
pub fn numbers<'b, const N: usize>(
    batch: &'b RecordBatch,
    columns: [&str; N],
) -> impl Iterator<Item = [Option<i64>; N]> + 'b {
    let columns = columns.map(|name| batch.column_by_name(name).and_then(whole_numbers));
    let value = |column: &Option<Int64Array>, row: usize| {
        column.as_ref().filter(|c| c.is_valid(row)).map(|c| c.value(row))
    };
    (0..batch.num_rows()).map(move |row| columns.each_ref().map(|column| value(column, row)))
}

fn whole_numbers(column: &ArrayRef) -> Option<Int64Array> {
    if let Some(numbers) = column.as_primitive_opt::<Int64Type>() {
        return Some(numbers.clone());
    }
    if let Some(times) = column.as_primitive_opt::<TimestampMicrosecondType>() {
        return Some(times.reinterpret_cast());
    }
    column.as_primitive_opt::<Date32Type>().map(|days| days.unary(i64::from))
}

impl<'a> Row<'a> {
    fn cell(&self, column: &str) -> Option<&'a ArrayRef> {
        self.batch.column_by_name(column).filter(|c| !c.is_null(self.at))
    }

    /// Text; `None` when null, absent or not text.
    pub fn text(&self, column: &str) -> Option<&'a str> {
        let cell = self.cell(column)?;
        if let Some(texts) = cell.as_string_opt::<i32>() {
            return Some(texts.value(self.at));
        }
        if let Some(texts) = cell.as_string_view_opt() {
            return Some(texts.value(self.at));
        }
        cell.as_string_opt::<i64>().map(|t| t.value(self.at))
    }

    /// A whole number; zero when null, absent or not a number.
    pub fn count(&self, column: &str) -> u64 {
        self.size(column).unwrap_or(0)
    }

    /// A whole number that is not negative, the greatest there is for what is greater.
    pub fn size(&self, column: &str) -> Option<u64> {
        let whole = self.whole(column).filter(|n| *n >= 0)?;
        Some(u64::try_from(whole).unwrap_or(u64::MAX))
    }

    /// A whole number, the least or greatest there is for what is beyond it.
    pub fn int(&self, column: &str) -> Option<i64> {
        let whole = self.whole(column)?;
        Some(i64::try_from(whole).unwrap_or(if whole < 0 { i64::MIN } else { i64::MAX }))
    }

    fn whole(&self, column: &str) -> Option<i128> {
        let cell = self.cell(column)?;
        if let Some(n) = cell.as_primitive_opt::<Int64Type>() {
            return Some(n.value(self.at).into());
        }
        if let Some(n) = cell.as_primitive_opt::<UInt64Type>() {
            return Some(n.value(self.at).into());
        }
        // What an exact sum of numbers in a log makes.
        if let Some(n) = cell.as_primitive_opt::<Decimal128Type>().filter(|n| n.scale() == 0) {
            return Some(n.value(self.at));
        }
        if let Some(n) = cell.as_primitive_opt::<Date32Type>() {
            return Some(n.value(self.at).into());
        }
        cell.as_primitive_opt::<Int32Type>().map(|n| n.value(self.at).into())
    }

    /// What SQL's `hash` made of a text, as `weir_stats::hash64` has it.
    pub fn hash(&self, column: &str) -> Option<u64> {
        self.int(column).map(i64::cast_unsigned)
    }

    /// A number.
    pub fn float(&self, column: &str) -> Option<f64> {
        let cell = self.cell(column)?;
        cell.as_primitive_opt::<Float64Type>()
            .map(|n| n.value(self.at))
            .or_else(|| self.whole(column).map(|n| n as f64))
    }

    /// An instant.
    pub fn time(&self, column: &str) -> Option<Micros> {
        let times = self.cell(column)?.as_primitive_opt::<TimestampMicrosecondType>()?;
        Some(Micros(times.value(self.at)))
    }

    /// The places that [`PLACES`](crate::PLACES) asked for.
    pub fn places(&self) -> Vec<Place> {
        let place = |column| {
            let parts = self.cell(column)?.as_struct_opt()?;
            let time =
                parts.columns().first()?.as_primitive_opt::<TimestampMicrosecondType>()?.value(self.at);
            let number = |at: usize| {
                let column = parts.columns().get(at)?.as_primitive_opt::<Int64Type>()?;
                Some(if column.is_valid(self.at) { column.value(self.at) } else { 0 })
            };
            Some((time, number(1)?, number(2)?, number(3)?))
        };
        ["first_place", "last_place"].into_iter().filter_map(place).collect()
    }

    /// A list of texts, sorted, without nulls and doubles.
    pub fn texts(&self, column: &str) -> Vec<String> {
        let Some(lists) = self.cell(column).and_then(|c| c.as_list_opt::<i32>()) else { return Vec::new() };
        let values = lists.value(self.at);
        let mut found: Vec<String> = match (values.as_string_opt::<i32>(), values.as_string_view_opt()) {
            (Some(texts), _) => texts.iter().flatten().map(str::to_owned).collect(),
            (None, Some(texts)) => texts.iter().flatten().map(str::to_owned).collect(),
            (None, None) => Vec::new(),
        };
        found.sort();
        found.dedup();
        found
    }
}

/// How many citations are asked for; [`Evidence::new`] keeps its own maximum of them.
const CITED: usize = 400;

impl Session {
    /// Evidence for a claim: the records of a record table that satisfy a condition; `None` when there are none.
    pub fn evidence<'a>(
        &'a self,
        table: &'a str,
        condition: &'a str,
    ) -> BoxFuture<'a, Result<Option<Evidence>>> {
        Box::pin(async move {
            let found = Table::ALL.into_iter().find(|t| t.name() == table);
            let Some(table) = found else {
                return Err(LakeError::Query {
                    message: format!("`{table}` is no record table"),
                    help: None,
                    fault: Fault::Question,
                });
            };
            Ok(self.cite(condition, table, CITED).await?.evidence())
        })
    }
}

/// A text as a SQL literal.
pub fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Texts as a SQL list: `('a', 'b')`; an empty list holds nothing.
pub fn quote_all<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let quoted: Vec<String> = texts.into_iter().map(quote).collect();
    if quoted.is_empty() { "(NULL)".to_owned() } else { format!("({})", quoted.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Int64Array, StringArray};
    use std::sync::Arc;

    #[test]
    fn a_row_gives_its_cells_by_name_and_none_for_what_is_not_there() {
        let text: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
        let count: ArrayRef = Arc::new(Int64Array::from(vec![3, -1]));
        let batch = RecordBatch::try_from_iter([("who", text), ("n", count)]).unwrap();
        let batches = [batch];
        let read: Vec<_> = rows(&batches).map(|r| (r.text("who"), r.count("n"), r.int("absent"))).collect();
        assert_eq!(read, [(Some("a"), 3, None), (None, 0, None)]);
        let read: Vec<_> = numbers(&batches[0], ["n", "who", "absent"]).collect();
        assert_eq!(read, [[Some(3), None, None], [Some(-1), None, None]]);
    }
}
