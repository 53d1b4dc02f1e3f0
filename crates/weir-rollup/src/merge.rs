//! Merging sorted rows: many runs into one, and neighbours of one entity and day into one row.

use crate::partial::Row;
use crate::{RollupError, kind};
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use weir_stats::Merge;

/// Rows sorted by kind, entity, day.
pub(crate) type Sorted = Box<dyn Iterator<Item = Result<Row, RollupError>> + Send + Sync>;

/// Several sorted runs as one, each (kind, entity, day) once.
pub struct Merged {
    runs: Vec<Sorted>,
    heads: BinaryHeap<Head>,
}

/// The next row of a run.
struct Head {
    /// Elsewhere, since a heap moves its entries about.
    row: Box<Row>,
    run: usize,
}

/// The order of rows.
fn order(a: &Row, b: &Row) -> Ordering {
    (kind::place(a.kind), &a.entity, a.day).cmp(&(kind::place(b.kind), &b.entity, b.day))
}

impl Ord for Head {
    /// Turned around: the heap gives its greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        order(&other.row, &self.row).then(other.run.cmp(&self.run))
    }
}
impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Head {}

impl Merged {
    pub(crate) fn new(runs: Vec<Sorted>) -> Result<Self, RollupError> {
        let mut merged = Self { heads: BinaryHeap::with_capacity(runs.len()), runs };
        // One run needs no merging: its rows stand once each.
        let several = Some(merged.runs.len()).filter(|n| *n > 1).unwrap_or(0);
        for run in 0..several {
            merged.advance(run)?;
        }
        Ok(merged)
    }

    fn advance(&mut self, run: usize) -> Result<(), RollupError> {
        if let Some(row) = self.runs.get_mut(run).and_then(Iterator::next).transpose()? {
            self.heads.push(Head { row: Box::new(row), run });
        }
        Ok(())
    }

    fn pull(&mut self) -> Result<Option<Row>, RollupError> {
        if let [only] = self.runs.as_mut_slice() {
            return only.next().transpose();
        }
        let Some(Head { mut row, run }) = self.heads.pop() else { return Ok(None) };
        self.advance(run)?;
        while self.heads.peek().is_some_and(|head| order(&head.row, &row).is_eq()) {
            let Some(head) = self.heads.pop() else { break };
            row.partial.merge(&head.row.partial);
            self.advance(head.run)?;
        }
        Ok(Some(*row))
    }
}

impl Iterator for Merged {
    type Item = Result<Row, RollupError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pull().transpose()
    }
}

/// Sorted rows in which one (kind, entity, day) may stand several times in a row, as the lake gives them: each once.
pub fn merge_sorted<E>(rows: impl Iterator<Item = Result<Row, E>>) -> impl Iterator<Item = Result<Row, E>> {
    let mut rows = rows.peekable();
    std::iter::from_fn(move || {
        let mut row = match rows.next()? {
            Ok(row) => row,
            Err(e) => return Some(Err(e)),
        };
        while let Some(Ok(next)) = rows.next_if(|next| next.as_ref().is_ok_and(|n| order(n, &row).is_eq())) {
            row.partial.merge(&next.partial);
        }
        Some(Ok(row))
    })
}

/// The same for rows in memory.
pub fn merge_neighbours(rows: impl IntoIterator<Item = Row>) -> Vec<Row> {
    merge_sorted(rows.into_iter().map(Ok::<_, std::convert::Infallible>)).flatten().collect()
}
