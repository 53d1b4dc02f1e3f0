//! [`Digest`]: records of `access` that are alike within ten minutes, as one row with their number, first and last time.
//!
//! Decisive choice: alike rows need not be found. Whoever reads a digest sums, counts distinct or takes the least and the greatest, and a row that
//! stands twice changes none of them; so a digest is made batch by batch, within a budget of bytes, and never merged. Where records are seldom
//! alike, looking for those that are costs more than it saves: then each is a row for a while, which costs no more than to name its columns.

use crate::RollupError;
use crate::cells::When;
use crate::lexicon::{At, Codes, Lexicon};
use crate::partial::SPAN_US;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow_select::concat::concat;
use arrow_select::interleave::interleave;
use hashbrown::HashTable;
use std::sync::{Arc, LazyLock};
use weir_catalog::Derived;
use weir_catalog::derive::Column;

/// Text columns of `access` that alike records share.
const STORED: [&str; 9] =
    ["source", "sensor", "service", "hostname", "src_ip", "user_agent", "credential", "actor", "key_uid"];
/// Texts that the catalog derives, likewise.
const DERIVED: [Column; 7] = [
    Column::Route,
    Column::Dataset,
    Column::Subject,
    Column::Thing,
    Column::Outcome,
    Column::Country,
    Column::Asn,
];
/// How many texts that are.
const TEXTS: usize = STORED.len() + DERIVED.len();

/// Of how many records, in fourths, rows may be made before looking for alike ones is given up.
const ROWS_MAX: usize = 3;
/// For how many budgets of bytes it is then given up.
const GIVEN_UP: usize = 15;

/// The columns of a digest: when it was, what alike records share, `n` of them, and the time of the `last` (`time` is the first's; null where
/// it is the last's too).
pub fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let time = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let mut fields = vec![Field::new("time", time(), true), Field::new("day", DataType::Date32, true)];
        fields.extend(STORED.map(|name| Field::new(name, DataType::Utf8, true)));
        fields.extend(
            DERIVED
                .iter()
                .chain([&Column::Subjects, &Column::Shown])
                .map(|column| Field::new(column.name(), column.data_type(), true)),
        );
        fields.push(Field::new("last", time(), true));
        fields.push(Field::new("n", DataType::Int64, true));
        Arc::new(Schema::new(fields))
    });
    Arc::clone(&SCHEMA)
}

/// Gathers records that are alike.
#[derive(Default)]
pub struct Digest {
    kept: Vec<Kept>,
    /// The texts of what is kept, each column's by number.
    lexicons: [Lexicon; TEXTS],
    groups: Vec<Group>,
    index: HashTable<usize>,
    bytes: usize,
    budget_bytes: usize,
    /// Bytes of records of which each is to be a row.
    given_up: usize,
}

/// The columns of a batch from which groups take their values.
struct Kept {
    time: ArrayRef,
    day: ArrayRef,
    texts: Vec<StringArray>,
    /// The texts by their numbers, once rows are compared.
    codes: Vec<Codes>,
    /// The parts of all `subjects`.
    people: Vec<StringArray>,
    subjects: ListArray,
    shown: BooleanArray,
}

/// Alike records: the row that stands for them, and what is said of all.
struct Group {
    hash: u64,
    at: (usize, usize),
    day: i32,
    span: i64,
    first: i64,
    last: i64,
    n: i64,
}

impl Digest {
    /// A digest that holds about so many bytes of records before it gives rows out.
    #[must_use]
    pub fn new(budget_bytes: usize) -> Self {
        Self { budget_bytes, ..Self::default() }
    }

    /// Takes in a batch of `access` with what the catalog derived from it; gives rows out when there are enough.
    ///
    /// # Errors
    /// If the batch has no times.
    pub fn add(
        &mut self,
        batch: &RecordBatch,
        derived: &Derived,
    ) -> Result<Option<RecordBatch>, RollupError> {
        let when = When::of(batch)?;
        let kept = Kept::of(batch, derived)?;
        let bytes = kept.bytes();
        if self.given_up > 0 {
            self.given_up = self.given_up.saturating_sub(bytes);
            return kept.each().map(Some);
        }
        self.bytes += bytes;
        self.group(kept, when);
        Ok(if self.bytes > self.budget_bytes { self.take()? } else { None })
    }

    /// The rows not yet given out.
    ///
    /// # Errors
    /// If the columns cannot be put together.
    pub fn finish(mut self) -> Result<Option<RecordBatch>, RollupError> {
        self.take()
    }

    /// Puts each record to those that it is like.
    fn group(&mut self, mut kept: Kept, when: When<'_>) {
        let batches = &self.kept;
        for (nth, (text, lexicon)) in kept.texts.iter().zip(&mut self.lexicons).enumerate() {
            let text_at = |at: At| batches.get(at.0)?.texts.get(nth).map(|text| text.value(at.1));
            kept.codes.push(lexicon.take(text, batches.len(), text_at));
        }
        // Texts of which there is but one tell no record from another.
        let told: Vec<usize> =
            (0..TEXTS).filter(|nth| self.lexicons.get(*nth).is_some_and(Lexicon::tells)).collect();
        let (nth, records) = (batches.len(), kept.shown.len());
        self.kept.push(kept);
        for row in 0..records {
            self.row(&told, (nth, row), when.at(row));
        }
    }

    fn row(&mut self, told: &[usize], at: (usize, usize), (time, day): (i64, i32)) {
        let Some(kept) = self.kept.get(at.0) else { return };
        let span = time.div_euclid(SPAN_US);
        let hash = kept.hash(told, at.1, span);
        let (groups, batches) = (&self.groups, &self.kept);
        let alike = |i: &usize| {
            groups.get(*i).is_some_and(|g| {
                let same = |other: &Kept| other.alike(told, g.at.1, kept, at.1);
                g.hash == hash && g.span == span && g.day == day && batches.get(g.at.0).is_some_and(same)
            })
        };
        if let Some(group) = self.index.find(hash, alike).copied().and_then(|i| self.groups.get_mut(i)) {
            group.first = group.first.min(time);
            group.last = group.last.max(time);
            group.n += 1;
            return;
        }
        let i = self.groups.len();
        self.groups.push(Group { hash, at, day, span, first: time, last: time, n: 1 });
        self.bytes += size_of::<Group>() + size_of::<usize>();
        let groups = &self.groups;
        self.index.insert_unique(hash, i, |i| groups.get(*i).map_or(0, |g| g.hash));
    }

    fn take(&mut self) -> Result<Option<RecordBatch>, RollupError> {
        let (kept, groups) = (std::mem::take(&mut self.kept), std::mem::take(&mut self.groups));
        let lexicons = std::mem::take(&mut self.lexicons);
        self.index.clear();
        self.bytes = 0;
        if groups.is_empty() {
            return Ok(None);
        }
        let rows: Vec<(usize, usize)> = groups.iter().map(|g| g.at).collect();
        let records: usize = kept.iter().map(|k| k.shown.len()).sum();
        if rows.len() * 4 > records * ROWS_MAX {
            self.given_up = self.budget_bytes.saturating_mul(GIVEN_UP);
        }
        let pick = |arrays: &[&dyn Array]| interleave(arrays, &rows).map_err(wrong);
        let times = |of: &dyn Fn(&Group) -> i64| -> ArrayRef {
            Arc::new(TimestampMicrosecondArray::from_iter_values(groups.iter().map(of)).with_timezone("UTC"))
        };
        let mut columns = vec![
            times(&|g| g.first),
            Arc::new(Date32Array::from_iter_values(groups.iter().map(|g| g.day))) as ArrayRef,
        ];
        for (nth, lexicon) in lexicons.iter().enumerate() {
            let arrays = || kept.iter().filter_map(|k| k.texts.get(nth));
            columns.push(if lexicon.tells() {
                pick(&arrays().map(|t| t as _).collect::<Vec<_>>())?
            } else {
                first_of(arrays(), rows.len())?
            });
        }
        columns.push(pick(&kept.iter().map(|k| &k.subjects as _).collect::<Vec<_>>())?);
        columns.push(pick(&kept.iter().map(|k| &k.shown as _).collect::<Vec<_>>())?);
        let last = groups.iter().map(|g| (g.last > g.first).then_some(g.last));
        columns.push(Arc::new(last.collect::<TimestampMicrosecondArray>().with_timezone("UTC")));
        columns.push(Arc::new(Int64Array::from_iter_values(groups.iter().map(|g| g.n))));
        RecordBatch::try_new(schema(), columns).map(Some).map_err(wrong)
    }
}

impl Kept {
    fn of(batch: &RecordBatch, derived: &Derived) -> Result<Self, RollupError> {
        let column = |name| batch.column_by_name(name).cloned().ok_or(RollupError::Column { column: name });
        let stored = |name: &str| {
            let found = batch.column_by_name(name).and_then(|c| c.as_any().downcast_ref::<StringArray>());
            found.cloned().unwrap_or_else(|| StringArray::new_null(batch.num_rows()))
        };
        let derived_texts = [
            &derived.route,
            &derived.dataset,
            &derived.subject,
            &derived.thing,
            &derived.outcome,
            &derived.country,
            &derived.asn,
        ];
        let people = derived.subjects.values().as_any().downcast_ref::<StructArray>();
        let people = people.map(|people| {
            let columns = people.columns().iter().filter_map(|c| c.as_any().downcast_ref::<StringArray>());
            columns.cloned().collect()
        });
        Ok(Self {
            time: column("time")?,
            day: column("day")?,
            texts: STORED.iter().map(|name| stored(name)).chain(derived_texts.map(Clone::clone)).collect(),
            codes: Vec::new(),
            people: people.unwrap_or_default(),
            subjects: derived.subjects.clone(),
            shown: derived.shown.clone(),
        })
    }

    /// Each record as a row.
    fn each(self) -> Result<RecordBatch, RollupError> {
        let records = self.shown.len();
        let last = new_null_array(self.time.data_type(), records);
        let mut columns = vec![self.time, self.day];
        columns.extend(self.texts.into_iter().map(|text| Arc::new(text) as ArrayRef));
        columns.extend([Arc::new(self.subjects) as ArrayRef, Arc::new(self.shown), last]);
        columns.push(Arc::new(Int64Array::from_value(1, records)));
        RecordBatch::try_new(schema(), columns).map_err(wrong)
    }

    /// Bytes of the rows, without what else lies in the same buffers.
    fn bytes(&self) -> usize {
        let texts = self.texts.iter().map(|t| t as &dyn Array);
        let all = texts.chain([&self.subjects as &dyn Array, &self.shown]);
        all.map(|array| array.to_data().get_slice_memory_size().unwrap_or(0)).sum()
    }

    /// Of what alike records share, but for all their people: those differ where the first of them does, as a rule. A text's first number
    /// adds nothing, so that what tells no records apart so far may do so later.
    fn hash(&self, told: &[usize], row: usize, span: i64) -> u64 {
        let codes = told.iter().filter_map(|text| Some((*text as u64, self.codes.get(*text)?.at(row))));
        let told =
            codes.filter(|(_, code)| *code > 0).map(|(text, code)| mixed(text << 32 | u64::from(code)));
        mixed(told.fold(span as u64, u64::wrapping_add))
    }

    /// Whether a row and one of another batch differ in nothing but their time; `told` are the texts that can differ.
    fn alike(&self, told: &[usize], row: usize, other: &Self, theirs: usize) -> bool {
        let code = |kept: &Self, text: usize, row: usize| kept.codes.get(text).map(|codes| codes.at(row));
        told.iter().all(|text| code(self, *text, row) == code(other, *text, theirs))
            && self.shown.is_valid(row) == other.shown.is_valid(theirs)
            && self.shown.value(row) == other.shown.value(theirs)
            && self.same_people(row, other, theirs)
    }

    fn same_people(&self, row: usize, other: &Self, theirs: usize) -> bool {
        let range = |list: &ListArray, row: usize| {
            let at =
                |i: usize| list.value_offsets().get(i).and_then(|o| usize::try_from(*o).ok()).unwrap_or(0);
            (at(row), at(row + 1) - at(row))
        };
        let ((from, count), (from_theirs, count_theirs)) =
            (range(&self.subjects, row), range(&other.subjects, theirs));
        let same = |i: usize| {
            self.people.iter().zip(&other.people).all(|(a, b)| same(a, from + i, b, from_theirs + i))
        };
        count == count_theirs
            && self.subjects.is_valid(row) == other.subjects.is_valid(theirs)
            && (0..count).all(same)
    }
}

/// The first rows of columns that all hold the same text.
fn first_of<'a>(
    columns: impl Iterator<Item = &'a StringArray>,
    rows: usize,
) -> Result<ArrayRef, RollupError> {
    let mut missing = rows;
    let parts: Vec<StringArray> = columns
        .map(|column| {
            let some = column.len().min(missing);
            missing -= some;
            column.slice(0, some)
        })
        .collect();
    concat(&parts.iter().map(|part| part as _).collect::<Vec<_>>()).map_err(wrong)
}

fn wrong(error: arrow_schema::ArrowError) -> RollupError {
    RollupError::Layout { message: error.to_string() }
}

/// A number that looks random (SplitMix64's last step).
fn mixed(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

fn same(a: &StringArray, row: usize, b: &StringArray, theirs: usize) -> bool {
    match (a.is_valid(row), b.is_valid(theirs)) {
        (true, true) => a.value(row) == b.value(theirs),
        (valid, also) => valid == also,
    }
}
