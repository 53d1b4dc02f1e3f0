//! The distinct values of a column, each with its code, as the dictionary page holds them.
//!
//! Decisive choice: values lie in the bytes that are written, and the index holds the half of each value's hash beside its code, so that a look-up
//! reads a value's bytes only where it is most likely the one. Hashes are seeded anew in each dictionary: whoever writes into a log cannot choose
//! values that collide. Codes go by first appearance, so the seed is in no file.
//!
//! The values that a page brings are put in order when it ends ([`Dictionary::arrange`]): neighbours then begin alike, and zstd makes a third to a half
//! less of them. Codes are found by first appearance all the same; only where a value lies changes, and by what number pages name it.

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use parquet::data_type::ByteArray;
use parquet::file::statistics::Statistics;
use std::hash::BuildHasher;

/// Longest text that is given as the least or greatest; with longer ones a chunk says neither.
const BOUND_BYTES_MAX: usize = 64;

/// Values looked up at once.
const AT_ONCE: usize = 64;
/// The code of no value.
const NONE: u32 = u32::MAX;

/// A kind of value that can be looked up.
pub(crate) trait Value: Copy + Default + PartialEq {
    /// Appends it as `PLAIN` has it.
    fn put(self, out: &mut Vec<u8>);
    /// Whether it is the one that begins there.
    fn is_at(self, plain: &[u8], from: usize) -> bool;
    fn hash(self, state: &RandomState) -> u64;
}

impl Value for &[u8] {
    fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.len() as u32).to_le_bytes());
        out.extend_from_slice(self);
    }

    fn is_at(self, plain: &[u8], from: usize) -> bool {
        let rest = plain.get(from..).and_then(|rest| rest.split_first_chunk::<4>());
        rest.is_some_and(|(length, rest)| {
            u32::from_le_bytes(*length) as usize == self.len() && rest.get(..self.len()) == Some(self)
        })
    }

    fn hash(self, state: &RandomState) -> u64 {
        state.hash_one(self)
    }
}

macro_rules! number {
    ($type:ty) => {
        impl Value for $type {
            fn put(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn is_at(self, plain: &[u8], from: usize) -> bool {
                plain.get(from..from + size_of::<Self>()) == Some(self.to_le_bytes().as_slice())
            }

            fn hash(self, state: &RandomState) -> u64 {
                state.hash_one(self)
            }
        }
    };
}
number!(i32);
number!(i64);

/// Distinct values in order of first appearance.
#[derive(Default)]
pub(crate) struct Dictionary {
    plain: Vec<u8>,
    /// Where each value begins, by code.
    begins: Vec<u32>,
    /// Which value of the page each is, by code, of those that are arranged.
    places: Vec<u32>,
    /// Half of a value's hash, and its code.
    index: HashTable<(u32, u32)>,
    state: RandomState,
    /// The code of the value before.
    last: u32,
}

impl Dictionary {
    pub(crate) fn len(&self) -> usize {
        self.begins.len()
    }

    /// Its page, uncompressed.
    pub(crate) fn plain(&self) -> &[u8] {
        &self.plain
    }

    /// Bytes it holds.
    pub(crate) fn memory(&self) -> usize {
        let numbers = self.begins.capacity() + self.places.capacity();
        self.plain.capacity() + 4 * numbers + self.index.allocation_size()
    }

    /// Bits of a code.
    pub(crate) fn width(&self) -> u32 {
        (u32::BITS - (self.len().saturating_sub(1) as u32).leading_zeros()).max(1)
    }

    /// A value's code; a new value gets the next one.
    pub(crate) fn code<V: Value>(&mut self, value: V) -> u32 {
        if self.is(self.last, value) {
            return self.last;
        }
        self.last = self.code_of(value, self.half(value));
        self.last
    }

    /// Appends the codes of values, as [`code`](Self::code) would give them one by one. Where the values lie is asked of some at once before any is
    /// compared: each of the steps waits for memory, and steps of different values wait together.
    pub(crate) fn codes<V: Value>(&mut self, mut values: impl Iterator<Item = V>, codes: &mut Vec<u32>) {
        let mut before = None;
        let (mut some, mut halves, mut guesses) = ([V::default(); AT_ONCE], [0; AT_ONCE], [NONE; AT_ONCE]);
        loop {
            let mut n = 0;
            for (slot, value) in some.iter_mut().zip(&mut values) {
                *slot = value;
                n += 1;
            }
            let some = some.get(..n).unwrap_or_default();
            if some.is_empty() {
                return;
            }
            for (half, value) in halves.iter_mut().zip(some) {
                *half = self.half(*value);
            }
            for (guess, half) in guesses.iter_mut().zip(halves).take(n) {
                *guess = self.index.find(spread(half), |(of, _)| *of == half).map_or(NONE, |(_, code)| *code);
            }
            for ((value, half), guess) in some.iter().zip(halves).zip(guesses) {
                if before != Some(*value) {
                    before = Some(*value);
                    self.last = if self.is(guess, *value) { guess } else { self.code_of(*value, half) };
                }
                codes.push(self.last);
            }
        }
    }

    fn half<V: Value>(&self, value: V) -> u32 {
        (value.hash(&self.state) >> 32) as u32
    }

    /// Whether a value has this code.
    fn is<V: Value>(&self, code: u32, value: V) -> bool {
        self.begins.get(code as usize).is_some_and(|begin| value.is_at(&self.plain, *begin as usize))
    }

    /// A value's code by its hash.
    fn code_of<V: Value>(&mut self, value: V, half: u32) -> u32 {
        let same = |(of, code): &(u32, u32)| *of == half && self.is(*code, value);
        match self.index.find(spread(half), same) {
            Some((_, code)) => *code,
            None => {
                let code = self.begins.len() as u32;
                self.begins.push(self.plain.len() as u32);
                value.put(&mut self.plain);
                self.index.insert_unique(spread(half), (half, code), |(half, _)| spread(*half));
                code
            }
        }
    }

    /// Puts the values that came since this was last asked in order, behind those before.
    pub(crate) fn arrange(&mut self, kind: Kind) {
        let known = self.places.len();
        let begins = self.begins.split_off(known);
        let Some(first) = begins.first().map(|begin| *begin as usize) else { return };
        let new = self.plain.split_off(first);
        let ends = begins.iter().skip(1).map(|end| *end as usize - first).chain([new.len()]);
        let values: Vec<&[u8]> = begins
            .iter()
            .zip(ends)
            .map(|(begin, end)| new.get(*begin as usize - first..end).unwrap_or_default())
            .collect();
        let order = kind.order(&values);
        self.begins.resize(known + values.len(), 0);
        self.places.resize(known + values.len(), 0);
        for (place, nth) in (known..).zip(order) {
            let at = known + nth as usize;
            self.begins.get_mut(at).into_iter().for_each(|begin| *begin = self.plain.len() as u32);
            self.places.get_mut(at).into_iter().for_each(|of| *of = place as u32);
            self.plain.extend_from_slice(values.get(nth as usize).copied().unwrap_or_default());
        }
    }

    /// Which value of the page is that of a code, once it is arranged.
    pub(crate) fn place(&self, code: u32) -> u32 {
        self.places.get(code as usize).copied().unwrap_or(code)
    }

    /// Gives up the memory that looking up takes; codes given so far stand.
    pub(crate) fn close(&mut self) {
        self.index = HashTable::new();
    }
}

/// Half a hash over all bits of a number: the index takes its places from the low ones and its tags from the high ones.
fn spread(half: u32) -> u64 {
    u64::from(half).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The values that stand in bytes as `PLAIN` has them.
pub(crate) fn texts(mut plain: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = plain.split_first_chunk::<4>()?;
        let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        plain = rest;
        Some(text)
    })
}

/// Least and greatest of values in bytes as `PLAIN` has them, and how many nulls stand beside them.
pub(crate) fn statistics(kind: Kind, plain: [&[u8]; 2], nulls: u64) -> Statistics {
    let [one, other] = plain;
    let nulls = Some(nulls);
    match kind {
        Kind::Text | Kind::Bytes => {
            let (mut least, mut greatest): (Option<&[u8]>, Option<&[u8]>) = (None, None);
            for text in texts(one).chain(texts(other)) {
                least = Some(least.map_or(text, |least| least.min(text)));
                greatest = greatest.max(Some(text));
            }
            let short = [least, greatest].iter().flatten().all(|text| text.len() <= BOUND_BYTES_MAX);
            let given =
                |text: Option<&[u8]>| text.filter(|_| short).map(|text| ByteArray::from(text.to_vec()));
            Statistics::byte_array(given(least), given(greatest), None, nulls, false)
        }
        Kind::I32 => {
            let numbers = || {
                one.as_chunks::<4>().0.iter().chain(other.as_chunks::<4>().0).map(|n| i32::from_le_bytes(*n))
            };
            Statistics::int32(numbers().min(), numbers().max(), None, nulls, false)
        }
        Kind::I64 => {
            let numbers = || {
                one.as_chunks::<8>().0.iter().chain(other.as_chunks::<8>().0).map(|n| i64::from_le_bytes(*n))
            };
            Statistics::int64(numbers().min(), numbers().max(), None, nulls, false)
        }
    }
}

/// Kinds of columns that have a dictionary of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Bytes,
    I32,
    I64,
}

/// Bytes of a text before its characters: its length.
const LENGTH_BYTES: usize = 4;

impl Kind {
    /// The order of distinct values as `PLAIN` has them, by their numbers.
    fn order(self, values: &[&[u8]]) -> Vec<u32> {
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
        // What numbers lack to be unsigned and in the same order.
        let sign = match self {
            Self::Text | Self::Bytes => return texts_order(values),
            Self::I32 => 1 << 31,
            Self::I64 => 1 << 63,
        };
        let mut order: Vec<(u64, u32)> = values.iter().map(|value| number(value) ^ sign).zip(0..).collect();
        order.sort_unstable();
        order.into_iter().map(|(_, nth)| nth).collect()
    }
}

/// The same of texts, by the bytes behind what all have in common: few need a second look.
fn texts_order(values: &[&[u8]]) -> Vec<u32> {
    let text =
        |nth: u32| values.get(nth as usize).and_then(|value| value.get(LENGTH_BYTES..)).unwrap_or_default();
    let first = text(0);
    let common = |shared: usize, nth: u32| {
        let same = first.iter().zip(text(nth)).take(shared).take_while(|(a, b)| a == b);
        same.count()
    };
    let shared = (1..values.len() as u32).fold(first.len(), common);
    let start = |nth: u32| {
        let mut start = [0; size_of::<u64>()];
        start.iter_mut().zip(text(nth).iter().skip(shared)).for_each(|(byte, of)| *byte = *of);
        u64::from_be_bytes(start)
    };
    let mut order: Vec<(u64, u32)> = (0..values.len() as u32).map(|nth| (start(nth), nth)).collect();
    order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| text(a.1).cmp(text(b.1))));
    order.into_iter().map(|(_, nth)| nth).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Adds values page by page; each page's new ones must lie in order behind those before, and each value be found where its place says.
    fn lie_in_order<V: Value + Ord + std::fmt::Debug>(pages: &[Vec<V>], kind: Kind) {
        let mut dictionary = Dictionary::default();
        let mut expected: Vec<V> = Vec::new();
        for page in pages {
            // By both ways, which give the same.
            let (first, rest) = page.split_at(page.len() / 3);
            let mut codes: Vec<u32> = first.iter().map(|value| dictionary.code(*value)).collect();
            dictionary.codes(rest.iter().copied(), &mut codes);
            dictionary.arrange(kind);
            let mut new: Vec<V> = page.iter().copied().filter(|value| !expected.contains(value)).collect();
            new.sort_unstable();
            new.dedup();
            expected.extend(new);
            for (value, code) in page.iter().zip(codes) {
                assert_eq!(expected[dictionary.place(code) as usize], *value);
            }
        }
        let mut plain = Vec::new();
        expected.iter().for_each(|value| value.put(&mut plain));
        assert_eq!(dictionary.plain(), plain);
    }

    proptest! {
        #[test]
        fn new_values_lie_in_order(
            texts in prop::collection::vec(prop::collection::vec("(10\\.0\\.0\\.)?[0-9a-c\u{e9}]{0,12}", 0..30), 0..4),
            numbers in prop::collection::vec(prop::collection::vec(-40_i64..40, 0..30), 0..4),
        ) {
            lie_in_order(&texts.iter().map(|page| page.iter().map(String::as_bytes).collect()).collect::<Vec<_>>(), Kind::Text);
            lie_in_order(&numbers, Kind::I64);
            let far: Vec<Vec<i32>> = numbers.iter().map(|page| page.iter().map(|n| *n as i32 * 50_000_000).collect()).collect();
            lie_in_order(&far, Kind::I32);
        }
    }
}
