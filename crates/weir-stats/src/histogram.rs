//! [`LogHistogram`]: how a quantity is spread, in fixed buckets a sixteenth of an octave wide.
//!
//! Decisive choice: a value's bucket is the top 16 bits of its IEEE 754 form: the exponent and four bits of the fraction. No
//! logarithm is taken, so the bucket is the same on every platform; no range is configured; buckets are at most 6.25 % wide, whole
//! numbers up to 32 each have their own, and merging adds counts. (The linearly interpolated mapping of C. Masson et al., *DDSketch*,
//! VLDB 2019, section 4.3; the layout of HdrHistogram.)
//!
//! What it refuses: negative values and values that are not numbers. They are counted apart, as unusable.

use std::collections::BTreeMap;

use crate::wire::{Input, put_varint};
use crate::{Merge, StatsError, Wire};

/// Bits of a double below those that name its bucket.
const DROPPED_BITS: u32 = 48;
/// First bucket that holds no finite number.
const BUCKETS_END: u16 = 0x7ff0;
const VERSION: u8 = 1;

/// A mergeable histogram of non-negative values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogHistogram {
    counts: BTreeMap<u16, u64>,
    n: u64,
    unusable: u64,
}

/// A bucket and what it holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Smallest value it can hold.
    pub lower: f64,
    /// Smallest value beyond it.
    pub upper: f64,
    /// Values in it, at least 1.
    pub count: u64,
}

impl LogHistogram {
    /// An empty histogram.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one value.
    pub fn insert(&mut self, value: f64) {
        self.insert_n(value, 1);
    }

    /// Counts a value that occurred `times` times.
    pub fn insert_n(&mut self, value: f64, times: u64) {
        match key(value) {
            _ if times == 0 => {}
            None => self.unusable = self.unusable.saturating_add(times),
            Some(key) => {
                let count = self.counts.entry(key).or_default();
                *count = count.saturating_add(times);
                self.n = self.n.saturating_add(times);
            }
        }
    }

    /// Takes back one value that was counted, by its bucket. Where its bucket is empty nothing happens.
    pub fn remove(&mut self, value: f64) {
        let Some(key) = key(value) else { return };
        let Some(count) = self.counts.get_mut(&key) else { return };
        *count -= 1;
        self.n -= 1;
        if *count == 0 {
            self.counts.remove(&key);
        }
    }

    /// Whether two values are counted together.
    #[must_use]
    pub fn same_bucket(a: f64, b: f64) -> bool {
        key(a).is_some() && key(a) == key(b)
    }

    /// Number of values counted.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Number of values refused: negative, infinite or not a number.
    #[must_use]
    pub fn unusable(&self) -> u64 {
        self.unusable
    }

    /// The occupied buckets, ascending. From the top with `.rev()`.
    pub fn buckets(&self) -> impl DoubleEndedIterator<Item = Bucket> + '_ {
        self.counts.iter().map(|(&key, &count)| Bucket { lower: lower(key), upper: lower(key + 1), count })
    }

    /// Number of values in buckets that reach `x`: never too few, too many by less than the bucket of `x` holds.
    #[must_use]
    pub fn at_least(&self, x: f64) -> u64 {
        if x <= 0.0 {
            return self.n;
        }
        let Some(from) = key(x) else { return 0 };
        self.counts.range(from..).fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// The share of values that reach `x`, as `(c + 1) / (n + 1)`: the chance that one more value drawn from the same place reaches
    /// `x`, valid for any distribution and never zero (Davison and Hinkley 1997, section 4.2; Phipson and Smyth 2010).
    #[must_use]
    pub fn share_at_least(&self, x: f64) -> f64 {
        (self.at_least(x) as f64 + 1.0) / (self.n as f64 + 1.0)
    }

    /// The `q`-quantile: the lower edge of the bucket that holds the value of rank `ceil(q n)`; `None` when empty. Exact for whole
    /// numbers up to 32, at most 6.25 % low beyond.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let rank = ((q.clamp(0.0, 1.0) * self.n as f64).ceil() as u64).max(1);
        let mut seen = 0u64;
        self.buckets()
            .find(|bucket| {
                seen = seen.saturating_add(bucket.count);
                seen >= rank
            })
            .map(|bucket| bucket.lower)
    }

    /// Bytes on the heap, roughly.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.counts.len() * 2 * (size_of::<u16>() + size_of::<u64>())
    }
}

/// The bucket of a usable value. Minus zero is zero.
fn key(value: f64) -> Option<u16> {
    (value.is_finite() && value >= 0.0).then(|| (value.abs().to_bits() >> DROPPED_BITS) as u16)
}

/// The smallest value of a bucket; infinity past the last.
fn lower(key: u16) -> f64 {
    f64::from_bits(u64::from(key) << DROPPED_BITS)
}

impl Merge for LogHistogram {
    fn merge(&mut self, other: &Self) {
        for (&key, &count) in &other.counts {
            self.counts.entry(key).or_default().merge(&count);
        }
        self.n.merge(&other.n);
        self.unusable.merge(&other.unusable);
    }
}

impl Wire for LogHistogram {
    const WHAT: &'static str = "histogram";

    fn write(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        put_varint(out, self.unusable);
        let mut next = 0;
        for (&key, &count) in &self.counts {
            put_varint(out, u64::from(key - next));
            put_varint(out, count);
            next = key + 1;
        }
    }

    fn read(bytes: &[u8]) -> Result<Self, StatsError> {
        let mut input = Input::new(Self::WHAT, bytes);
        input.version(VERSION)?;
        let mut read = Self { unusable: input.varint()?, ..Self::default() };
        let mut next = 0u64;
        while input.remaining() > 0 {
            let key = input.varint()?.saturating_add(next);
            let count = input.varint()?;
            let bucket = u16::try_from(key).ok().filter(|bucket| *bucket < BUCKETS_END);
            let bucket = bucket.ok_or_else(|| input.damaged("a bucket lies out of range"))?;
            if count == 0 {
                return Err(input.damaged("a bucket is empty"));
            }
            read.counts.insert(bucket, count);
            read.n.merge(&count);
            next = key + 1;
        }
        Ok(read)
    }
}
