//! Everybody of `scope.csv` under pseudonyms, in the order of these: that of the ids would tell who is who.
//!
//! Decisive choice: people are read from the case's own `exports/scope.parquet`, as often as it takes to hold only some of them at a time.

use super::Hidden;
use crate::parquet::SCOPE;
use crate::{ReportError, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, RecordBatch, StringArray, UInt32Array};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use weir_model::case::ExposedSubject;

/// People held at a time.
const HELD_MAX: u64 = 1 << 22;
/// The column of people.
const SUBJECT: &str = "subject";

/// Where the people of a case lie, and how many they are by namespace.
pub(super) struct Rows {
    file: PathBuf,
    namespaces: BTreeMap<String, u64>,
}

fn wrong(error: impl std::fmt::Display) -> ReportError {
    ReportError::Scope(error.to_string())
}

impl Rows {
    /// The people of a case folder; with them, by namespace and id, those of whom a word is the name.
    pub(super) fn of(folder: &Path, words: &HashSet<String>) -> Result<(Self, Vec<(String, String)>)> {
        let mut rows = Self { file: folder.join(SCOPE.file), namespaces: BTreeMap::new() };
        let mut met = BTreeSet::new();
        for batch in rows.read()? {
            for subject in subjects(&batch?)?.iter().flatten() {
                let (namespace, id) = subject.split_once(':').unwrap_or(("", subject));
                match rows.namespaces.get_mut(namespace) {
                    Some(n) => *n += 1,
                    None => drop(rows.namespaces.insert(namespace.to_owned(), 1)),
                }
                if words.contains(id) {
                    met.insert((namespace.to_owned(), id.to_owned()));
                }
            }
        }
        Ok((rows, met.into_iter().collect()))
    }

    fn read(&self) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
        let file = std::fs::File::open(&self.file)
            .map_err(|source| ReportError::Unread { path: self.file.clone(), source })?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(wrong)?.build().map_err(wrong)?;
        Ok(reader.map(|batch| batch.map_err(wrong)))
    }

    /// Everybody, in batches with the columns of [`weir_model::case::scope_schema`].
    pub(super) fn batches(&self, hidden: &Hidden<'_>) -> impl Iterator<Item = Result<RecordBatch>> {
        let parts = self.namespaces.iter().flat_map(|(namespace, n)| {
            let parts = n.div_ceil(HELD_MAX);
            (0..parts).map(move |at| (namespace, at, parts))
        });
        parts.map(move |(namespace, at, parts)| self.part(hidden, namespace, at, parts))
    }

    /// The people of a namespace whose pseudonyms are of one of so many equal parts.
    fn part(&self, hidden: &Hidden<'_>, namespace: &str, part: u64, parts: u64) -> Result<RecordBatch> {
        let mut taken = Vec::new();
        for batch in self.read()? {
            let batch = batch?;
            let (mut rows, mut shown) = (Vec::new(), Vec::new());
            for (row, subject) in (0_u32..).zip(subjects(&batch)?) {
                let (of, id) = subject.and_then(|s| s.split_once(':')).unwrap_or(("", subject.unwrap_or("")));
                if of != namespace {
                    continue;
                }
                let pseudonym = (hidden.hiding.pseudonym)(id);
                if part_of(&pseudonym, parts) == part {
                    rows.push(row);
                    shown.push(if of.is_empty() { pseudonym } else { format!("{of}:{pseudonym}") });
                }
            }
            let rows =
                arrow_select::take::take_record_batch(&batch, &UInt32Array::from(rows)).map_err(wrong)?;
            taken.push(masked(hidden, &rows, &StringArray::from(shown))?);
        }
        let schema = weir_model::case::scope_schema();
        let all = arrow_select::concat::concat_batches(&schema, &taken).map_err(wrong)?;
        let mut order: Vec<(&str, u32)> = subjects(&all)?.iter().flatten().zip(0_u32..).collect();
        order.sort_unstable();
        let order = order.into_iter().map(|(_, row)| row).collect::<UInt32Array>();
        arrow_select::take::take_record_batch(&all, &order).map_err(wrong)
    }
}

/// Which of so many equal parts a pseudonym is of, the first digits first.
fn part_of(pseudonym: &str, parts: u64) -> u64 {
    let head = pseudonym.get(2..10).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or_default();
    (head * parts) >> 32
}

fn subjects(batch: &RecordBatch) -> Result<&StringArray> {
    let column = batch.column_by_name(SUBJECT).and_then(|c| c.as_string_opt::<i32>());
    column.ok_or_else(|| wrong("the columns are not those of a scope"))
}

/// A batch's columns, each decided upon.
fn masked(hidden: &Hidden<'_>, batch: &RecordBatch, shown: &StringArray) -> Result<RecordBatch> {
    // A column that is new stands here too, or this does not compile.
    let decided = |row: ExposedSubject| {
        let ExposedSubject { subject, status, first, last, records, categories, findings, countries } = row;
        drop((subject, status, first, last, records, categories, findings, countries));
    };
    let _ = decided;
    let column = |(field, column): (&arrow_schema::FieldRef, &ArrayRef)| -> Result<ArrayRef> {
        match field.name().as_str() {
            SUBJECT => Ok(Arc::new(shown.clone())),
            "status" | "first" | "last" | "records" | "countries" => Ok(Arc::clone(column)),
            "categories" => few(column, |text| hidden.name(text)),
            "findings" => few(column, |text| {
                let mut ids: Vec<String> =
                    text.split(' ').filter(|id| !id.is_empty()).map(|id| hidden.id(id)).collect();
                ids.sort();
                ids.join(" ")
            }),
            other => Err(wrong(format!("nobody decided whether `{other}` may be passed on"))),
        }
    };
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns()).map(column).collect::<Result<_>>()?;
    RecordBatch::try_new(weir_model::case::scope_schema(), columns).map_err(wrong)
}

/// A column of few texts, each as something else.
fn few(column: &ArrayRef, hide: impl Fn(&str) -> String) -> Result<ArrayRef> {
    let column: &DictionaryArray<Int32Type> =
        column.as_dictionary_opt().ok_or_else(|| wrong("the columns are not those of a scope"))?;
    let texts = column.values().as_string_opt::<i32>().ok_or_else(|| wrong("a column has no texts"))?;
    let shown: StringArray = texts.iter().map(|text| text.map(&hide)).collect();
    Ok(Arc::new(column.with_values(Arc::new(shown))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_the_order_of_pseudonyms_and_leave_none_out() {
        for parts in [1, 2, 3, 9, 64] {
            let of = |n: u64| part_of(&format!("p_{:016x}", n << 44), parts);
            let all: Vec<u64> = (0..1 << 20).step_by(997).map(of).chain([of((1 << 20) - 1)]).collect();
            assert!(all.is_sorted());
            assert_eq!((all.first(), all.last()), (Some(&0), Some(&(parts - 1))), "{parts}");
        }
    }
}
