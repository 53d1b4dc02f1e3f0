//! The columns that say whom records show: everyone, and the first.
//!
//! Decisive choice: namespaces and grounds are few, so each is kept as a number until the columns are made.

use crate::gather::gather;
use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, ListArray, StringArray, StructArray, new_null_array};
use arrow_buffer::OffsetBuffer;
use arrow_schema::DataType;
use hashbrown::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use weir_model::record::subjects_type;

/// The people of a batch in the making, row by row.
#[derive(Default)]
pub(crate) struct People<'x> {
    words: Words<'x>,
    namespaces: Vec<u32>,
    ids: StringBuilder,
    bases: Vec<u32>,
    /// How many people each row has.
    counts: Vec<usize>,
    first: StringBuilder,
    /// How many people the row in the making has.
    here: usize,
}

/// Texts of which there are few.
#[derive(Default)]
struct Words<'x> {
    texts: Vec<&'x str>,
    index: HashMap<&'x str, u32>,
}

impl<'x> Words<'x> {
    fn code(&mut self, text: &'x str) -> u32 {
        *self.index.entry(text).or_insert_with(|| {
            self.texts.push(text);
            self.texts.len() as u32 - 1
        })
    }
}

impl<'x> People<'x> {
    pub(crate) fn new(rows: usize) -> Self {
        Self { counts: Vec::with_capacity(rows), ..Self::default() }
    }

    /// Adds a person to the row, unless it has that person already.
    pub(crate) fn add(&mut self, namespace: &'x str, id: &str, basis: &'x str) {
        let code = self.words.code(namespace);
        if self.has(code, id) {
            return;
        }
        if self.here == 0 {
            // A builder of texts is written to without fail.
            let _ = self.first.write_str(namespace).and_then(|()| self.first.write_char(':'));
            self.first.append_value(id);
        }
        self.here += 1;
        self.namespaces.push(code);
        self.ids.append_value(id);
        self.bases.push(self.words.code(basis));
    }

    /// Whether a person is among those of the row.
    fn has(&self, namespace: u32, id: &str) -> bool {
        let (ends, bytes) = (self.ids.offsets_slice(), self.ids.values_slice());
        let end = |at: usize| ends.get(at).map_or(0, |end| *end as usize);
        let from = self.namespaces.len() - self.here;
        (from..self.namespaces.len()).any(|at| {
            self.namespaces.get(at) == Some(&namespace)
                && bytes.get(end(at)..end(at + 1)) == Some(id.as_bytes())
        })
    }

    pub(crate) fn end_row(&mut self) {
        if self.here == 0 {
            self.first.append_null();
        }
        self.counts.push(self.here);
        self.here = 0;
    }

    /// The first of each row as `namespace:id`, and all of them.
    pub(crate) fn finish(mut self) -> (StringArray, ListArray) {
        let texts = &self.words.texts;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(gather(&self.namespaces, texts)),
            Arc::new(self.ids.finish()),
            Arc::new(gather(&self.bases, texts)),
        ];
        (self.first.finish(), list(columns, self.counts))
    }

    /// The same of rows that show nobody.
    pub(crate) fn nobody(rows: usize) -> (StringArray, ListArray) {
        let none: ArrayRef = Arc::new(StringArray::new_null(0));
        (StringArray::new_null(rows), list(vec![none; 3], vec![0; rows]))
    }

    /// The same of rows of which it was not asked.
    pub(crate) fn unasked(rows: usize) -> (StringArray, ListArray) {
        let subjects = new_null_array(&subjects_type(), rows);
        (StringArray::new_null(rows), ListArray::from(subjects.to_data()))
    }
}

/// Lists of so many people each, as the type of subjects has them.
fn list(columns: Vec<ArrayRef>, counts: Vec<usize>) -> ListArray {
    if let DataType::List(element) = subjects_type()
        && let DataType::Struct(fields) = element.data_type()
    {
        let people = StructArray::new(fields.clone(), columns, None);
        return ListArray::new(element, OffsetBuffer::from_lengths(counts), Arc::new(people), None);
    }
    People::unasked(counts.len()).1
}
