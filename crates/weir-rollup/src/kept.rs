//! A row as bytes, as it is sorted, put aside in runs and merged: its key, then what it holds.
//!
//! Decisive choice: sketches lie in it as the lake stores them. A row that no other is merged with, as most are, goes into the lake's columns
//! without being read.

use crate::number::number_of;
use crate::partial::{COUNTS, Partial, Row, SKETCH_NAMES, SKETCHES};
use crate::{RollupError, kind};
use std::cmp::Ordering;
use weir_stats::wire::{Input, put_varint};
use weir_stats::{Distinct, StatsError, Wire};

/// The sketch that is no bytes where it is the same as [`AS`].
pub(crate) const SAME: &str = "unnamed";
/// See there.
pub(crate) const AS: &str = "people";

/// What rows are sorted by, where most differ: so a sort seldom looks at their texts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Key {
    /// The kind and the first bytes of the text, as a number that compares as they do.
    start: u128,
    pub(crate) day: i32,
    /// How many of its bytes are in there, or one more where the text goes on.
    length: u8,
}

/// Bytes of a text that a key has room for.
const TEXT_BYTES: usize = 15;

impl Key {
    pub(crate) fn new(kind: u8, text: &str, day: i32) -> Self {
        let mut start = [0; TEXT_BYTES + 1];
        start.iter_mut().zip(std::iter::once(kind).chain(text.bytes())).for_each(|(byte, of)| *byte = of);
        Self { start: u128::from_be_bytes(start), day, length: text.len().min(TEXT_BYTES + 1) as u8 }
    }

    pub(crate) fn kind(&self) -> u8 {
        (self.start >> (8 * TEXT_BYTES)) as u8
    }

    /// The text, where all of it lies in the key, which is copied into `bytes`.
    pub(crate) fn text<'b>(&self, bytes: &'b mut [u8; size_of::<u128>()]) -> Option<&'b str> {
        *bytes = self.start.to_be_bytes();
        std::str::from_utf8(bytes.get(1..)?.get(..usize::from(self.length))?).ok()
    }

    /// The order of two rows by kind, entity, day; asks for the entities where keys do not tell.
    pub(crate) fn order<'t>(&self, other: &Self, texts: impl FnOnce() -> (&'t str, &'t str)) -> Ordering {
        let rest = || {
            let order = self.length.cmp(&other.length);
            // Texts that both lie within are equal if they were so far.
            if order.is_ne() || usize::from(self.length) <= TEXT_BYTES {
                return order;
            }
            let (mine, theirs) = texts();
            mine.cmp(theirs)
        };
        self.start.cmp(&other.start).then_with(|| rest().then(self.day.cmp(&other.day)))
    }
}

/// A row. Another can be read into its memory.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) key: Key,
    pub(crate) entity: String,
    pub(crate) body: Vec<u8>,
}

impl Kept {
    /// Writes another row over it.
    pub(crate) fn set(&mut self, key: Key, entity: &str, partial: &Partial) {
        self.key = key;
        self.entity.clear();
        self.entity.push_str(entity);
        self.replace(partial);
    }

    /// Changes what it holds.
    pub(crate) fn replace(&mut self, partial: &Partial) {
        self.body.clear();
        put(partial, &self.entity, &mut self.body);
    }

    /// The order of rows.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        self.key.order(&other.key, || (&self.entity, &other.entity))
    }

    pub(crate) fn partial(&self) -> Result<Partial, StatsError> {
        Body::read(&self.body)?.partial(&self.entity)
    }

    pub(crate) fn row(&self) -> Result<Row, RollupError> {
        let kind = kind::at(self.key.kind())
            .ok_or_else(|| RollupError::Kind { kind: self.key.kind().to_string() })?;
        Ok(Row { kind, entity: self.entity.clone(), day: self.key.day, partial: self.partial()? })
    }
}

/// How a sketch lies in a row, two bits each.
const EMPTY: u32 = 0;
const OWN: u32 = 1;
const LIKE: u32 = 2;
const STORED: u32 = 3;
/// The bit that says that there are hours.
const HOURS: u32 = 1 << 31;

/// Appends all that a row holds before its sketches; where their forms are to stand.
fn put_head(counts: &[u64; COUNTS], [first, last]: [i64; 2], out: &mut Vec<u8>) -> usize {
    let filled = counts.iter().rev().fold(0_u16, |bits, count| bits << 1 | u16::from(*count > 0));
    out.extend(filled.to_le_bytes());
    let forms_at = out.len();
    out.extend([0; 4]);
    out.extend(first.to_le_bytes());
    put_varint(out, last.wrapping_sub(first).cast_unsigned());
    counts.iter().filter(|count| **count > 0).for_each(|count| put_varint(out, *count));
    forms_at
}

/// Puts the forms of sketches where they are to stand.
fn put_forms(forms: u32, forms_at: usize, out: &mut [u8]) {
    if let Some(bytes) = out.get_mut(forms_at..forms_at + 4) {
        bytes.copy_from_slice(&forms.to_le_bytes());
    }
}

/// Appends what a row holds.
pub(crate) fn put(partial: &Partial, entity: &str, out: &mut Vec<u8>) {
    let own = number_of(entity);
    let forms_at = put_head(&partial.counts(), [partial.first, partial.last], out);
    let mut forms = 0;
    for ((sketch, name), at) in partial.sketches().into_iter().zip(SKETCH_NAMES).zip(0..) {
        let form = match sketch.hashes() {
            _ if name == SAME && *sketch == partial.people => LIKE,
            Some([]) => EMPTY,
            Some([only]) if *only == own => OWN,
            _ => STORED,
        };
        forms |= form << (2 * at);
        if form == STORED {
            let length_at = out.len();
            out.extend([0; 2]);
            sketch.write(out);
            let length = (out.len() - length_at - 2) as u16;
            if let Some(bytes) = out.get_mut(length_at..length_at + 2) {
                bytes.copy_from_slice(&length.to_le_bytes());
            }
        }
    }
    if let Some(hours) = &partial.hours {
        forms |= HOURS;
        hours.iter().for_each(|n| put_varint(out, *n));
    }
    put_forms(forms, forms_at, out);
}

/// What a row holds, as the lake's columns do: a sketch is `None` where it is the entity alone.
pub(crate) struct Body<'a> {
    pub(crate) counts: [u64; COUNTS],
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) sketches: [Option<&'a [u8]>; SKETCHES],
    pub(crate) hours: Option<&'a [u8]>,
}

impl<'a> Body<'a> {
    /// Reads what [`put`] wrote.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, StatsError> {
        let mut input = Input::new("spilled rollup", bytes);
        let filled = number(input.take(2)?);
        let forms = number(input.take(4)?);
        let first = input.u64()?.cast_signed();
        let last = first.wrapping_add(input.varint()?.cast_signed());
        let mut counts = [0; COUNTS];
        for (count, at) in counts.iter_mut().zip(0..) {
            if filled >> at & 1 == 1 {
                *count = input.varint()?;
            }
        }
        let mut sketches = [None; SKETCHES];
        for (sketch, at) in sketches.iter_mut().zip(0..) {
            *sketch = match forms >> (2 * at) & 3 {
                EMPTY => Some(Distinct::NOTHING),
                OWN => None,
                LIKE => Some(&[][..]),
                _ => {
                    let length = number(input.take(2)?) as usize;
                    Some(input.take(length)?)
                }
            };
        }
        let hours = if forms & HOURS == 0 { None } else { Some(input.take(input.remaining())?) };
        input.end()?;
        Ok(Self { counts, first, last, sketches, hours })
    }

    /// Appends it as [`put`] does.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let forms_at = put_head(&self.counts, [self.first, self.last], out);
        let mut forms = if self.hours.is_some() { HOURS } else { 0 };
        for (sketch, at) in self.sketches.iter().zip(0..) {
            let form = match sketch {
                None => OWN,
                Some([]) => LIKE,
                Some(Distinct::NOTHING) => EMPTY,
                Some(bytes) => {
                    out.extend((bytes.len() as u16).to_le_bytes());
                    out.extend_from_slice(bytes);
                    STORED
                }
            };
            forms |= form << (2 * at);
        }
        out.extend_from_slice(self.hours.unwrap_or_default());
        put_forms(forms, forms_at, out);
    }

    /// The same to be merged.
    pub(crate) fn partial(&self, entity: &str) -> Result<Partial, StatsError> {
        let mut partial = Partial::from_counts(self.counts, self.first, self.last);
        partial.read_sketches(self.sketches.map(Some), entity)?;
        partial.hours = self.hours.map(read_hours).transpose()?;
        Ok(partial)
    }
}

/// A number of at most four bytes, little end first.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

impl Partial {
    /// Takes sketches as the lake's columns hold them: null for the entity alone, no bytes for [`SAME`]; those that are not there stay empty.
    pub(crate) fn read_sketches(
        &mut self,
        columns: [Option<Option<&[u8]>>; SKETCHES],
        entity: &str,
    ) -> Result<(), StatsError> {
        let mut same = false;
        for ((sketch, column), name) in self.sketches_mut().into_iter().zip(columns).zip(SKETCH_NAMES) {
            match column {
                None | Some(Some(Distinct::NOTHING)) => {}
                Some(Some([])) if name == SAME => same = true,
                Some(Some(bytes)) => *sketch = Distinct::from_lake(bytes)?,
                Some(None) => *sketch = Distinct::from_iter([number_of(entity)]),
            }
        }
        if same {
            self.unnamed = self.people.clone();
        }
        Ok(())
    }
}

/// Reads records by hour.
pub(crate) fn read_hours(bytes: &[u8]) -> Result<Box<[u64; 24]>, StatsError> {
    let mut input = Input::new("hours of a rollup", bytes);
    let mut hours = Box::new([0; 24]);
    for hour in hours.iter_mut() {
        *hour = input.varint()?;
    }
    input.end()?;
    Ok(hours)
}
