//! The columns that say whom records show: everyone, and the first; and what of somebody's.
//!
//! Decisive choice: namespaces and grounds are few, so each is kept as a number until the columns are made. Most rows have one person or a few, who
//! are looked at one after the other; those of a row that has many are found by their hash.

use crate::derive::BETWEEN_THINGS;
use crate::gather::gather;
use arrow_array::builder::{ArrayBuilder, StringBuilder};
use arrow_array::{ArrayRef, ListArray, StringArray, StructArray, new_null_array};
use arrow_buffer::OffsetBuffer;
use arrow_schema::DataType;
use hashbrown::{HashMap, HashTable};
use std::fmt::Write as _;
use std::sync::Arc;
use weir_model::record::subjects_type;
use weir_stats::hash64_in;

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
    /// What of somebody's the rows show; as many rows as it was told of so far.
    things: StringBuilder,
    /// How many people the row in the making has.
    here: usize,
    /// Where they are, once they are many.
    many: HashTable<usize>,
}

/// From how many people of a row on they are found by their hash.
const MANY: usize = 32;

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
        if self.here > MANY {
            self.note(self.namespaces.len() - 1);
        }
    }

    /// Whether a person is among those of the row.
    fn has(&mut self, namespace: u32, id: &str) -> bool {
        let from = self.namespaces.len() - self.here;
        if self.here < MANY {
            return (from..self.namespaces.len()).any(|at| self.is(at, namespace, id.as_bytes()));
        }
        if self.many.is_empty() {
            (from..self.namespaces.len()).for_each(|at| self.note(at));
        }
        let hash = hash64_in(u64::from(namespace), id.as_bytes());
        self.many.find(hash, |at| self.is(*at, namespace, id.as_bytes())).is_some()
    }

    fn is(&self, at: usize, namespace: u32, id: &[u8]) -> bool {
        self.namespaces.get(at) == Some(&namespace) && self.id(at) == Some(id)
    }

    /// The id of a person, by where they are among all.
    fn id(&self, at: usize) -> Option<&[u8]> {
        let end = |at: usize| self.ids.offsets_slice().get(at).map_or(0, |end| *end as usize);
        self.ids.values_slice().get(end(at)..end(at + 1))
    }

    fn hash(&self, at: usize) -> u64 {
        let namespace = self.namespaces.get(at).copied().unwrap_or_default();
        hash64_in(u64::from(namespace), self.id(at).unwrap_or_default())
    }

    /// Notes where a person is.
    fn note(&mut self, at: usize) {
        let mut many = std::mem::take(&mut self.many);
        many.insert_unique(self.hash(at), at, |at| self.hash(*at));
        self.many = many;
    }

    /// Ends the row, which shows these things (namespace and id).
    pub(crate) fn end_row(&mut self, things: &[(&str, &str)]) {
        if self.here == 0 {
            self.first.append_null();
        }
        if let [rest @ .., (namespace, id)] = things {
            // Rows before it that show none.
            self.things.append_nulls(self.counts.len() - self.things.len());
            for (namespace, id) in rest {
                let _ = write!(self.things, "{namespace}:{id}{BETWEEN_THINGS}");
            }
            let _ = self.things.write_str(namespace).and_then(|()| self.things.write_char(':'));
            self.things.append_value(id);
        }
        self.counts.push(self.here);
        self.here = 0;
        if !self.many.is_empty() {
            self.many.clear();
        }
    }

    /// What was gathered.
    pub(crate) fn finish(mut self) -> Shown {
        self.things.append_nulls(self.counts.len() - self.things.len());
        let texts = &self.words.texts;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(gather(&self.namespaces, texts)),
            Arc::new(self.ids.finish()),
            Arc::new(gather(&self.bases, texts)),
        ];
        let (subject, thing) = (self.first.finish(), self.things.finish());
        Shown { subject, subjects: list(columns, self.counts), thing }
    }

    /// The same of rows that show nobody.
    pub(crate) fn nobody(rows: usize) -> Shown {
        let (none, nothing): (ArrayRef, _) =
            (Arc::new(StringArray::new_null(0)), StringArray::new_null(rows));
        Shown { subject: nothing.clone(), subjects: list(vec![none; 3], vec![0; rows]), thing: nothing }
    }

    /// The same of rows of which it was not asked.
    pub(crate) fn unasked(rows: usize) -> Shown {
        let (subjects, nothing) = (new_null_array(&subjects_type(), rows), StringArray::new_null(rows));
        Shown { subject: nothing.clone(), subjects: ListArray::from(subjects.to_data()), thing: nothing }
    }
}

/// Whom records show, and what of somebody's.
pub(crate) struct Shown {
    /// The first of everyone, as `namespace:id`.
    pub(crate) subject: StringArray,
    pub(crate) subjects: ListArray,
    /// Things of somebody's, as `namespace:id`, each on a line.
    pub(crate) thing: StringArray,
}

/// Lists of so many people each, as the type of subjects has them.
fn list(columns: Vec<ArrayRef>, counts: Vec<usize>) -> ListArray {
    if let DataType::List(element) = subjects_type()
        && let DataType::Struct(fields) = element.data_type()
    {
        let people = StructArray::new(fields.clone(), columns, None);
        return ListArray::new(element, OffsetBuffer::from_lengths(counts), Arc::new(people), None);
    }
    People::unasked(counts.len()).subjects
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Array;

    #[test]
    fn a_row_of_many_people_has_each_once() {
        let mut people = People::new(3);
        for n in [1, MANY - 1, MANY, MANY + 1, 50_000] {
            for id in (0..n).chain(0..n) {
                people.add("member", &id.to_string(), "named");
            }
            people.add("mail", "0", "named");
            people.end_row(&[]);
        }
        people.end_row(&[("order", "7")]);
        people.end_row(&[]);
        people.end_row(&[("order", "7"), ("order", "8")]);
        let Shown { subject: first, subjects: all, thing } = people.finish();
        let told: Vec<_> = thing.iter().collect();
        let two = Some("order:7\norder:8");
        assert_eq!(told, [None, None, None, None, None, Some("order:7"), None, two]);
        let counts: Vec<i32> = (0..all.len()).map(|row| all.value_length(row)).collect();
        let many = MANY as i32;
        assert_eq!(counts, [2, many, many + 1, many + 2, 50_001, 0, 0, 0]);
        assert_eq!(first.value(4), "member:0");
    }
}
