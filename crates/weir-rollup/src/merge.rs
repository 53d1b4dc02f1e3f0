//! Merging sorted rows: many runs into one, and neighbours of one entity and day into one row.
//!
//! Decisive choice: rows of prefixes are rows like others, that come of those of addresses while these are read, and are a run to be read after them.

use crate::columns::Columns;
use crate::kept::Kept;
use crate::partial::Row;
use crate::prefixes::Prefixes;
use crate::spill::Run;
use crate::table::{Sorted, Table};
use crate::{RollupError, kind};
use arrow_array::RecordBatch;
use std::cmp::Ordering;
use weir_stats::Merge;

/// Rows sorted by kind, entity, day, each once.
pub(crate) enum Rows {
    Run(Run),
    Held(Sorted, Box<Table>),
    List(std::vec::IntoIter<Kept>),
}

impl Rows {
    /// Reads the next; says whether there was one.
    fn read(&mut self, row: &mut Kept) -> Result<bool, RollupError> {
        match self {
            Self::Run(run) => run.read(row),
            Self::Held(rest, table) => Ok(rest.read(table, row)),
            Self::List(rows) => Ok(rows.next().map(|next| *row = next).is_some()),
        }
    }
}

/// Several sorted runs as one, each (kind, entity, day) once.
pub struct Merged {
    runs: Vec<Rows>,
    /// The next row of each run.
    heads: Vec<Kept>,
    /// The runs that have one, the least last.
    order: Vec<usize>,
    row: Kept,
    /// Those of the addresses read so far, until all are.
    prefixes: Option<Prefixes>,
}

impl Merged {
    pub(crate) fn new(runs: Vec<Rows>) -> Result<Self, RollupError> {
        let mut merged = Self {
            runs: Vec::new(),
            heads: Vec::new(),
            order: Vec::new(),
            row: Kept::default(),
            prefixes: None,
        };
        merged.add(runs)?;
        Ok(merged)
    }

    /// With the rows of prefixes, where runs have none.
    pub(crate) fn with(self, prefixes: Prefixes) -> Self {
        Self { prefixes: Some(prefixes), ..self }
    }

    /// Reads some more runs, none of which has a row that belongs before the last.
    fn add(&mut self, runs: Vec<Rows>) -> Result<(), RollupError> {
        for rows in runs {
            self.runs.push(rows);
            self.heads.push(Kept::default());
            self.read(self.runs.len() - 1)?;
        }
        Ok(())
    }

    /// After the last address, begins to read their prefixes.
    fn add_prefixes(&mut self) -> Result<(), RollupError> {
        let next = self.order.last().and_then(|run| self.heads.get(*run));
        match self.prefixes.take_if(|prefixes| prefixes.precede(next)) {
            Some(prefixes) => self.add(prefixes.finish()?),
            None => Ok(()),
        }
    }

    /// Reads the next row of a run, and puts the run in its place.
    fn read(&mut self, run: usize) -> Result<(), RollupError> {
        let (Some(rows), Some(head)) = (self.runs.get_mut(run), self.heads.get_mut(run)) else {
            return Ok(());
        };
        if rows.read(head)? {
            let place = self.order.partition_point(|other| self.order_of(*other, run).is_gt());
            self.order.insert(place, run);
        }
        Ok(())
    }

    /// The order of the next rows of two runs.
    fn order_of(&self, run: usize, other: usize) -> Ordering {
        self.heads.get(run).zip(self.heads.get(other)).map_or(Ordering::Equal, |(a, b)| a.order(b))
    }

    /// The next row.
    pub(crate) fn advance(&mut self) -> Result<Option<&Kept>, RollupError> {
        self.add_prefixes()?;
        let Some(run) = self.order.pop() else { return Ok(None) };
        if let Some(head) = self.heads.get_mut(run) {
            std::mem::swap(head, &mut self.row);
        }
        self.read(run)?;
        let mut merged = None;
        while let Some(run) =
            self.order.pop_if(|run| self.heads.get(*run).is_some_and(|head| head.order(&self.row).is_eq()))
        {
            let mut partial = match merged {
                None => self.row.partial()?,
                Some(partial) => partial,
            };
            if let Some(head) = self.heads.get(run) {
                partial.merge(&head.partial()?);
            }
            merged = Some(partial);
            self.read(run)?;
        }
        if let Some(partial) = merged {
            self.row.replace(&partial);
        }
        if let Some(prefixes) = &mut self.prefixes {
            prefixes.add(&self.row)?;
        }
        Ok(Some(&self.row))
    }

    /// Whether the next row is of the entity of the last.
    fn goes_on(&self) -> bool {
        let next = self.order.last().and_then(|run| self.heads.get(*run));
        next.is_some_and(|next| next.key.kind() == self.row.key.kind() && next.entity == self.row.entity)
    }

    /// The next rows, so many and what follows them of the same entity, as a batch of [`schema`](crate::schema); none after the last.
    ///
    /// # Errors
    /// If a run cannot be read.
    pub fn batch(&mut self, rows: usize) -> Result<Option<RecordBatch>, RollupError> {
        let mut columns = Columns::default();
        while (columns.rows() < rows || self.goes_on())
            && let Some(row) = self.advance()?
        {
            columns.push(row.key, &row.entity, &row.body)?;
        }
        if columns.rows() == 0 { Ok(None) } else { columns.finish().map(Some) }
    }
}

impl Iterator for Merged {
    type Item = Result<Row, RollupError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.advance() {
            Ok(row) => row.map(Kept::row),
            Err(error) => Some(Err(error)),
        }
    }
}

/// The order of rows.
fn order(a: &Row, b: &Row) -> Ordering {
    (kind::place(a.kind), &a.entity, a.day).cmp(&(kind::place(b.kind), &b.entity, b.day))
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
