//! Who came, who went, and whose row changed.
//!
//! Decisive choice: both streams come sorted by namespace and id, so they are merged, and memory holds two batches however many people there are. That they are
//! sorted is looked at row by row: of streams that are not, nothing is said but that.
//!
//! What it refuses: to name anybody, but in a table that was asked for.

mod rows;
mod table;

pub use table::PeopleTable;

use super::Compared;
use crate::folder::People;
use crate::{ReportError, Result};
use rows::{Row, Rows, SHOWN};
use std::cmp::Ordering;
use weir_model::diff::PeopleChange;

/// What became of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Added,
    Gone,
    Changed,
}

impl Fate {
    fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Gone => "gone",
            Self::Changed => "changed",
        }
    }
}

/// Compares the people of two cases, given in batches with the columns of [`weir_model::case::scope_schema`]; a row of `table` is written for each who came, went
/// or changed.
///
/// The inner result says why they could not be compared.
///
/// # Errors
/// If people cannot be read, or the table not be written.
pub fn compare_people<E: std::fmt::Display>(
    old: impl Iterator<Item = People<E>>,
    new: impl Iterator<Item = People<E>>,
    mut table: Option<&mut PeopleTable>,
) -> Result<Compared> {
    let (mut old, mut new) = (Rows::begin(old)?, Rows::begin(new)?);
    let mut told = PeopleChange::default();
    let mut columns = [0_u64; SHOWN.len()];
    loop {
        let faults = [(old.fault, "old"), (new.fault, "new")];
        if let Some((fault, which)) = faults.iter().find_map(|(fault, which)| Some(((*fault)?, which))) {
            return Ok(Err(format!("exports/scope.parquet of the {which} case {fault}")));
        }
        let (was, is) = (old.row(), new.row());
        let order = match (&was, &is) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(was), Some(is)) => was.key().cmp(&is.key()),
        };
        let fate = match order {
            Ordering::Less => Some(Fate::Gone),
            Ordering::Greater => Some(Fate::Added),
            Ordering::Equal => differ(was.as_ref(), is.as_ref(), &mut columns).then_some(Fate::Changed),
        };
        match fate {
            Some(Fate::Added) => told.added += 1,
            Some(Fate::Gone) => told.gone += 1,
            Some(Fate::Changed) => told.changed += 1,
            None => told.same += 1,
        }
        let (was, is) = (was.filter(|_| order.is_le()), is.filter(|_| order.is_ge()));
        if let (Some(fate), Some(table)) = (fate, table.as_deref_mut()) {
            table.row(fate, was.as_ref(), is.as_ref())?;
        }
        if order.is_le() {
            old.advance()?;
            told.old += 1;
        }
        if order.is_ge() {
            new.advance()?;
            told.new += 1;
        }
    }
    let differing = SHOWN.iter().zip(columns).filter(|(_, n)| *n > 0);
    told.columns = differing.map(|(name, n)| ((*name).to_owned(), n)).collect();
    Ok(Ok(told))
}

/// Counts the columns in which two rows of one person differ; whether any does.
fn differ(was: Option<&Row<'_>>, is: Option<&Row<'_>>, columns: &mut [u64; SHOWN.len()]) -> bool {
    let (Some(was), Some(is)) = (was, is) else { return false };
    let mut any = false;
    for (count, differs) in columns.iter_mut().zip(was.differs(is)) {
        *count += u64::from(differs);
        any |= differs;
    }
    any
}

fn wrong(why: impl std::fmt::Display) -> ReportError {
    ReportError::People(why.to_string())
}

#[cfg(test)]
mod tests;
