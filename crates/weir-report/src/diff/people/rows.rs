//! People of a case, one after another.
//!
//! Decisive choice: a row is a look into the batch that holds it; nothing is copied but the last name of a batch, which tells whether the next one goes on in order.

use super::wrong;
use crate::Result;
use crate::folder::People;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, TimestampMicrosecondType, UInt64Type};
use arrow_array::{Array, DictionaryArray, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array};
use weir_model::Micros;

/// What is told of a person besides who they are.
pub(super) const SHOWN: [&str; 7] =
    ["status", "first", "last", "records", "categories", "findings", "countries"];

const UNSORTED: &str = "is not sorted by namespace and id";
const OTHER: &str = "has other columns than this program reads";

/// One person.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub(super) subject: &'a str,
    pub(super) status: &'a str,
    pub(super) first: Micros,
    pub(super) last: Micros,
    pub(super) records: u64,
    pub(super) categories: &'a str,
    pub(super) findings: &'a str,
    pub(super) countries: &'a str,
}

/// Namespace and id: the order in which people come.
fn key(subject: &str) -> (&str, &str) {
    subject.split_once(':').unwrap_or(("", subject))
}

impl<'a> Row<'a> {
    pub(super) fn key(&self) -> (&'a str, &'a str) {
        key(self.subject)
    }

    /// Which of [`SHOWN`] differ.
    pub(super) fn differs(&self, other: &Row<'_>) -> [bool; SHOWN.len()] {
        [
            self.status != other.status,
            self.first != other.first,
            self.last != other.last,
            self.records != other.records,
            self.categories != other.categories,
            self.findings != other.findings,
            self.countries != other.countries,
        ]
    }
}

struct Columns {
    subject: StringArray,
    first: TimestampMicrosecondArray,
    last: TimestampMicrosecondArray,
    records: UInt64Array,
    few: [DictionaryArray<Int32Type>; 4],
}

impl Columns {
    fn of(batch: &RecordBatch) -> Option<Self> {
        let column = |name| batch.column_by_name(name);
        let time = |name| column(name)?.as_primitive_opt::<TimestampMicrosecondType>().cloned();
        let few = |name| {
            let column = column(name)?.as_dictionary_opt::<Int32Type>()?;
            column.values().as_string_opt::<i32>().map(|_| column.clone())
        };
        let columns = Self {
            subject: column("subject")?.as_string_opt::<i32>()?.clone(),
            first: time("first")?,
            last: time("last")?,
            records: column("records")?.as_primitive_opt::<UInt64Type>()?.clone(),
            few: [few("status")?, few("categories")?, few("findings")?, few("countries")?],
        };
        let whole = batch.columns().iter().all(|column| column.logical_null_count() == 0);
        whole.then_some(columns)
    }

    fn row(&self, at: usize) -> Option<Row<'_>> {
        if at >= self.subject.len() {
            return None;
        }
        let [status, categories, findings, countries] = &self.few;
        Some(Row {
            subject: self.subject.value(at),
            status: word(status, at),
            first: Micros(self.first.value(at)),
            last: Micros(self.last.value(at)),
            records: self.records.value(at),
            categories: word(categories, at),
            findings: word(findings, at),
            countries: word(countries, at),
        })
    }
}

/// The word of a row; one that its column does not have is no word.
fn word(column: &DictionaryArray<Int32Type>, at: usize) -> &str {
    let texts = column.values().as_string_opt::<i32>();
    let key = usize::try_from(column.keys().value(at)).ok();
    texts.zip(key).filter(|(texts, key)| *key < texts.len()).map_or("", |(texts, key)| texts.value(key))
}

/// A stream of people, with the row that it stands at.
pub(super) struct Rows<I> {
    batches: I,
    now: Option<Columns>,
    at: usize,
    /// Why nothing can be said of it, where it is not as a case's people are.
    pub(super) fault: Option<&'static str>,
}

impl<E: std::fmt::Display, I: Iterator<Item = People<E>>> Rows<I> {
    pub(super) fn begin(batches: I) -> Result<Self> {
        let mut rows = Self { batches, now: None, at: 0, fault: None };
        rows.load()?;
        Ok(rows)
    }

    pub(super) fn row(&self) -> Option<Row<'_>> {
        self.now.as_ref()?.row(self.at)
    }

    /// Goes on to the next row.
    pub(super) fn advance(&mut self) -> Result<()> {
        let Some(now) = &self.now else { return Ok(()) };
        self.at += 1;
        if let (Some(before), Some(next)) = (now.row(self.at - 1), now.row(self.at)) {
            let unsorted = before.key() >= next.key();
            self.fault = self.fault.or(unsorted.then_some(UNSORTED));
            return Ok(());
        }
        let last = now.row(self.at - 1).map(|row| row.subject.to_owned());
        self.load()?;
        if let (Some(last), Some(next)) = (&last, self.row()) {
            let unsorted = key(last) >= next.key();
            self.fault = self.fault.or(unsorted.then_some(UNSORTED));
        }
        Ok(())
    }

    /// The next batch that has rows.
    fn load(&mut self) -> Result<()> {
        (self.now, self.at) = (None, 0);
        for batch in self.batches.by_ref() {
            let batch = batch.map_err(wrong)?;
            if batch.num_rows() > 0 {
                let columns = Columns::of(&batch);
                self.fault = self.fault.or(columns.is_none().then_some(OTHER));
                self.now = columns;
                break;
            }
        }
        Ok(())
    }
}
