//! [`Requests`]: a batch of `access` as learning and deriving read it, each path split once and each way to end judged once.
//!
//! Decisive choice: what both ask of a record is asked for both at once; and what depends on few values is asked of the values, not of the
//! records.

use crate::derive::{Column, Inputs, cell};
use crate::gather::{NONE, gather};
use crate::outcome::{Outcome, shows_data};
use crate::paths::Paths;
use arrow_array::{Array, BooleanArray, RecordBatch, StringArray};
use arrow_buffer::BooleanBuffer;
use hashbrown::HashMap;

/// A batch of `access`, to learn and to derive from.
#[derive(Debug)]
pub struct Requests<'a> {
    pub(crate) inputs: Inputs<'a>,
    pub(crate) paths: Paths<'a>,
    pub(crate) endings: Endings<'a>,
}

/// How the requests of a batch ended.
#[derive(Debug)]
pub(crate) struct Endings<'a> {
    known: HashMap<Answer<'a>, usize>,
    endings: Vec<Ending>,
    rows: Vec<usize>,
    /// Those last judged, each at a place that its letters give.
    recent: [Option<(Answer<'a>, usize)>; RECENT],
}

/// More than most logs have answers.
const RECENT: usize = 64;

/// How a request ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    pub(crate) outcome: Outcome,
    pub(crate) shown: bool,
}

/// What a record says of its end: `status_id`, `status_code`, `http_method`.
type Answer<'a> = (Option<i32>, Option<&'a str>, Option<&'a str>);

impl<'a> Requests<'a> {
    /// Reads a batch.
    #[must_use]
    pub fn of(batch: &'a RecordBatch) -> Self {
        Self::some(&Inputs::of(batch), &Column::ALL)
    }

    /// Reads columns, as far as other columns are made from them.
    pub(crate) fn some(inputs: &Inputs<'a>, wanted: &[Column]) -> Self {
        let inputs = inputs.without_nulls();
        let path = inputs.path.filter(|_| wanted.iter().any(|column| column.is_of_place()));
        let ends = wanted.iter().any(|column| column.is_of_ending());
        let endings = if ends { Endings::of(&inputs) } else { Endings::default() };
        Self { inputs, paths: Paths::of(path, inputs.rows), endings }
    }
}

impl Default for Endings<'_> {
    fn default() -> Self {
        Self { known: HashMap::new(), endings: Vec::new(), rows: Vec::new(), recent: [None; RECENT] }
    }
}

impl<'a> Endings<'a> {
    fn of(inputs: &Inputs<'a>) -> Self {
        let mut all = Self { rows: Vec::with_capacity(inputs.rows), ..Self::default() };
        for row in 0..inputs.rows {
            let id = inputs.status_id.filter(|c| row < c.len() && c.is_valid(row)).map(|c| c.value(row));
            let answer = (id, cell(inputs.status_code, row), cell(inputs.http_method, row));
            let place = place(answer);
            let ending = match all.recent.get(place).copied().flatten() {
                Some((before, ending)) if before == answer => ending,
                _ => all.judge(answer),
            };
            all.rows.push(ending);
            if let Some(recent) = all.recent.get_mut(place) {
                *recent = Some((answer, ending));
            }
        }
        all
    }

    fn judge(&mut self, answer: Answer<'a>) -> usize {
        *self.known.entry(answer).or_insert_with(|| {
            let (id, code, method) = answer;
            let outcome = Outcome::of(id, code);
            self.endings.push(Ending { outcome, shown: shows_data(outcome, code, method) });
            self.endings.len() - 1
        })
    }

    /// The columns `outcome` and `shown`.
    pub(crate) fn columns(&self) -> (StringArray, BooleanArray) {
        let words: Vec<&str> = self.endings.iter().map(|e| e.outcome.as_str().unwrap_or_default()).collect();
        let code = |ending: &usize| {
            let said = self.endings.get(*ending).is_some_and(|e| e.outcome != Outcome::Unknown);
            if said { *ending as u32 } else { NONE }
        };
        let codes: Vec<u32> = self.rows.iter().map(code).collect();
        let shown = BooleanBuffer::collect_bool(self.rows.len(), |row| self.at(row).shown);
        (gather(&codes, &words), BooleanArray::new(shown, None))
    }

    /// How the request of a row ended.
    pub(crate) fn at(&self, row: usize) -> Ending {
        let ending = self.rows.get(row).and_then(|ending| self.endings.get(*ending)).copied();
        ending.unwrap_or(Ending { outcome: Outcome::Unknown, shown: false })
    }
}

/// A place among the recent ones: codes differ in their digits, methods in their first letter.
fn place((id, code, method): Answer<'_>) -> usize {
    let add = |sum: usize, byte: u8| sum.wrapping_mul(7).wrapping_add(usize::from(byte));
    let code = code.unwrap_or("").bytes().take(4).fold(id.map_or(0, |id| id as usize), add);
    add(code, method.and_then(|method| method.bytes().next()).unwrap_or(0)) % RECENT
}
