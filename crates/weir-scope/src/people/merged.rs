//! Heaps that are counted, merged while they are read.
//!
//! Decisive choice: nobody holds all people; whoever wants them takes batches, as often as they like.

use super::{BASES, Reading, head_of};
use crate::ScopeError;
use arrow_array::builder::{StringBuilder, TimestampMicrosecondBuilder, UInt64Builder};
use arrow_array::{ArrayRef, DictionaryArray, Int32Array, RecordBatch, StringArray};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use weir_model::case::scope_schema;

/// Rows of a batch that is given out.
const BATCH_ROWS: usize = 1 << 16;

/// People of one heap, in order.
#[derive(Clone, Debug)]
pub(super) enum Run {
    Memory(Arc<[u8]>),
    File(PathBuf),
}

/// What numbers and bits stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) namespaces: Vec<String>,
    /// By namespace: its place among them in order.
    pub(super) ranks: Vec<u32>,
    /// By hand.
    pub(super) findings: Vec<Vec<String>>,
    pub(super) categories: Vec<String>,
    pub(super) countries: Vec<String>,
}

impl Names {
    pub(super) fn of(namespaces: Vec<String>) -> Self {
        let mut order: Vec<usize> = (0..namespaces.len()).collect();
        order.sort_by_key(|at| namespaces.get(*at));
        let mut ranks = vec![0; namespaces.len()];
        for (rank, at) in (0..).zip(order) {
            if let Some(of) = ranks.get_mut(at) {
                *of = rank;
            }
        }
        Self { namespaces, ranks, ..Self::default() }
    }
}

/// Everybody whom records show, in order. What is on disk stays until the last clone is gone.
#[derive(Clone, Debug, Default)]
pub struct People {
    pub(super) runs: Vec<Run>,
    pub(super) names: Names,
    pub(super) len: u64,
    pub(super) _folder: Option<Arc<TempDir>>,
}

/// A person while runs are merged.
struct Person {
    namespace: u32,
    rank: u32,
    id: Vec<u8>,
    /// How the id begins.
    head: u64,
    from: usize,
    basis: u8,
    first: i64,
    last: i64,
    records: u64,
    hands: u64,
    categories: u64,
    countries: u64,
}

impl People {
    /// How many they are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn namespace(&self, number: u32) -> &str {
        self.names.namespaces.get(number as usize).map_or("", String::as_str)
    }

    /// Says what bits stand for: the findings of each hand, categories, countries.
    pub(crate) fn named(
        mut self,
        findings: Vec<Vec<String>>,
        categories: Vec<String>,
        countries: Vec<String>,
    ) -> Self {
        self.names.findings = findings;
        self.names.categories = categories;
        self.names.countries = countries;
        self
    }

    /// Everybody, in batches with the columns of [`scope_schema`], by namespace and id.
    pub fn batches(&self) -> Result<impl Iterator<Item = Result<RecordBatch, ScopeError>> + '_, ScopeError> {
        let mut merge = Merge::of(self)?;
        Ok(std::iter::from_fn(move || merge.batch().transpose()))
    }
}

/// Merges runs.
struct Merge<'p> {
    people: &'p People,
    runs: Vec<Box<dyn Read>>,
    /// The next person of each run, by who they are.
    next: BinaryHeap<Reverse<Next>>,
}

struct Next(Person);

impl Next {
    fn key(&self) -> (u32, u64, &[u8]) {
        (self.0.rank, self.0.head, &self.0.id)
    }
}

impl PartialEq for Next {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
impl Eq for Next {}
impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Next {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl<'p> Merge<'p> {
    fn of(people: &'p People) -> Result<Self, ScopeError> {
        let mut runs: Vec<Box<dyn Read>> = Vec::new();
        for run in &people.runs {
            runs.push(match run {
                Run::Memory(bytes) => Box::new(std::io::Cursor::new(Arc::clone(bytes))),
                Run::File(path) => {
                    let file = File::open(path).map_err(|e| ScopeError::spill(&path.to_string_lossy(), e))?;
                    Box::new(BufReader::with_capacity(1 << 16, file))
                }
            });
        }
        let mut merge = Self { people, runs, next: BinaryHeap::new() };
        for from in 0..merge.runs.len() {
            if let Some(person) = merge.read(from, Vec::new())? {
                merge.next.push(Reverse(Next(person)));
            }
        }
        Ok(merge)
    }

    /// The next person of a run; `id` is memory to use again.
    fn read(&mut self, from: usize, mut id: Vec<u8>) -> Result<Option<Person>, ScopeError> {
        const FIXED: usize = 6 * 8 + 4 + 4 + 1;
        let Some(run) = self.runs.get_mut(from) else { return Ok(None) };
        let wrong = |e: std::io::Error| ScopeError::spill("people set aside", e);
        let mut head = [0; FIXED];
        match run.read_exact(&mut head) {
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read.map_err(wrong)?,
        }
        let mut reading = Reading(&head);
        let (Some(first), Some(last), Some(records), Some(hands)) =
            (reading.take(), reading.take(), reading.take(), reading.take())
        else {
            return Ok(None);
        };
        let (Some(categories), Some(countries), Some(namespace), Some(length), Some([basis])) =
            (reading.take(), reading.take(), reading.take(), reading.take(), reading.take())
        else {
            return Ok(None);
        };
        id.clear();
        id.resize(u32::from_le_bytes(length) as usize, 0);
        run.read_exact(&mut id).map_err(wrong)?;
        let namespace = u32::from_le_bytes(namespace);
        Ok(Some(Person {
            namespace,
            rank: self.people.names.ranks.get(namespace as usize).copied().unwrap_or(0),
            head: head_of(&id),
            id,
            from,
            basis,
            first: i64::from_le_bytes(first),
            last: i64::from_le_bytes(last),
            records: u64::from_le_bytes(records),
            hands: u64::from_le_bytes(hands),
            categories: u64::from_le_bytes(categories),
            countries: u64::from_le_bytes(countries),
        }))
    }

    fn batch(&mut self) -> Result<Option<RecordBatch>, ScopeError> {
        let names = &self.people.names;
        let mut subjects = StringBuilder::new();
        let mut statuses = Words::default();
        let (mut first, mut last) = (times(), times());
        let mut records = UInt64Builder::new();
        let (mut categories, mut findings, mut countries) = <(Words, Words, Words)>::default();
        let mut rows = 0;
        while rows < BATCH_ROWS
            && let Some(Reverse(Next(person))) = self.next.pop()
        {
            rows += 1;
            // A builder of texts is written to without fail; ids were texts before.
            let _ = std::fmt::Write::write_str(&mut subjects, self.people.namespace(person.namespace));
            let _ = std::fmt::Write::write_char(&mut subjects, ':');
            subjects.append_value(String::from_utf8_lossy(&person.id));
            statuses.add(u64::from(person.basis), || {
                BASES.get(usize::from(person.basis)).map_or("claimed", |b| b.as_str()).to_owned()
            });
            first.append_value(person.first);
            last.append_value(person.last);
            records.append_value(person.records);
            categories.add(person.categories, || bits(person.categories, &names.categories));
            countries.add(person.countries, || bits(person.countries, &names.countries));
            let told = |all: &mut Vec<String>| {
                all.sort();
                all.dedup();
                all.join(" ")
            };
            findings.add(person.hands, || {
                let of =
                    |(at, ids): (usize, &Vec<String>)| (person.hands >> at & 1 == 1).then(|| ids.clone());
                told(&mut names.findings.iter().enumerate().filter_map(of).flatten().collect())
            });
            let (from, id) = (person.from, person.id);
            if let Some(next) = self.read(from, id)? {
                self.next.push(Reverse(Next(next)));
            }
        }
        if rows == 0 {
            return Ok(None);
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(subjects.finish()),
            Arc::new(statuses.finish()),
            Arc::new(first.finish()),
            Arc::new(last.finish()),
            Arc::new(records.finish()),
            Arc::new(categories.finish()),
            Arc::new(findings.finish()),
            Arc::new(countries.finish()),
        ];
        RecordBatch::try_new(scope_schema(), columns).map(Some).map_err(|e| ScopeError::spill("people", e))
    }
}

fn times() -> TimestampMicrosecondBuilder {
    TimestampMicrosecondBuilder::new().with_timezone("UTC")
}

/// The words that set bits stand for, in order.
fn bits(set: u64, words: &[String]) -> String {
    let held = words.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1);
    held.map(|(_, word)| word.as_str()).collect::<Vec<_>>().join(" ")
}

/// A column of texts of which there are few, each with a number.
#[derive(Default)]
struct Words {
    codes: hashbrown::HashMap<u64, i32>,
    texts: Vec<String>,
    keys: Vec<i32>,
}

impl Words {
    fn add(&mut self, number: u64, text: impl FnOnce() -> String) {
        let texts = &mut self.texts;
        let key = *self.codes.entry(number).or_insert_with(|| {
            texts.push(text());
            texts.len() as i32 - 1
        });
        self.keys.push(key);
    }

    fn finish(self) -> DictionaryArray<arrow_array::types::Int32Type> {
        let values = Arc::new(StringArray::from(self.texts));
        DictionaryArray::new(Int32Array::from(self.keys), values)
    }
}
