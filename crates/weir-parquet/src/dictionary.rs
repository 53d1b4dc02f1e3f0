//! The distinct values of a column, each with its code, as the dictionary page holds them.
//!
//! Decisive choice: values lie in the bytes that are written, and the index holds the half of each value's hash beside its code, so that a look-up
//! reads a value's bytes only where it is most likely the one. Hashes are seeded anew in each dictionary: whoever writes into a log cannot choose
//! values that collide. Codes go by first appearance, so the seed is in no file.

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use parquet::data_type::ByteArray;
use parquet::file::statistics::Statistics;
use std::hash::BuildHasher;

/// Longest text that is given as the least or greatest; with longer ones a chunk says neither.
const BOUND_BYTES_MAX: usize = 64;

/// A kind of value that can be looked up.
pub(crate) trait Value: Copy {
    /// Appends it as `PLAIN` has it.
    fn put(self, out: &mut Vec<u8>);
    /// Whether it is the one that begins there.
    fn is_at(self, plain: &[u8], from: usize) -> bool;
    fn hash(self, state: &RandomState) -> u64;
}

impl Value for &str {
    fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.len() as u32).to_le_bytes());
        out.extend_from_slice(self.as_bytes());
    }

    fn is_at(self, plain: &[u8], from: usize) -> bool {
        let rest = plain.get(from..).and_then(|rest| rest.split_first_chunk::<4>());
        rest.is_some_and(|(length, rest)| {
            u32::from_le_bytes(*length) as usize == self.len()
                && rest.get(..self.len()) == Some(self.as_bytes())
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
        self.plain.capacity() + 4 * self.begins.capacity() + self.index.allocation_size()
    }

    /// Bits of a code.
    pub(crate) fn width(&self) -> u32 {
        (u32::BITS - (self.len().saturating_sub(1) as u32).leading_zeros()).max(1)
    }

    /// A value's code; a new value gets the next one.
    pub(crate) fn code<V: Value>(&mut self, value: V) -> u32 {
        let begin = |code: u32| self.begins.get(code as usize).map_or(usize::MAX, |begin| *begin as usize);
        if begin(self.last) != usize::MAX && value.is_at(&self.plain, begin(self.last)) {
            return self.last;
        }
        let half = (value.hash(&self.state) >> 32) as u32;
        let same = |(of, code): &(u32, u32)| *of == half && value.is_at(&self.plain, begin(*code));
        self.last = match self.index.find(spread(half), same) {
            Some((_, code)) => *code,
            None => {
                let code = self.begins.len() as u32;
                self.begins.push(self.plain.len() as u32);
                value.put(&mut self.plain);
                self.index.insert_unique(spread(half), (half, code), |(half, _)| spread(*half));
                code
            }
        };
        self.last
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
        Kind::Text => {
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
    I32,
    I64,
}
