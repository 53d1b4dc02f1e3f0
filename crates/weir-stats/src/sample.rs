//! [`BottomK`]: a sample of keys, chosen by their hash, with a small mergeable value kept for each.
//!
//! Decisive choice: which keys are sampled depends on the keys alone. A key among the `k` smallest hashes of the whole is among the `k`
//! smallest of every part it occurs in, so its value is complete, however the parts were cut and merged. Hashes are uniform, so the
//! sample is a uniform one of *distinct keys*: it answers "what share of clients ...", where sampling records would answer for the
//! busy ones.
//!
//! What it refuses: weights, and a random seed.
//!
//! References: Z. Bar-Yossef et al., RANDOM 2002; K. Beyer et al., *On synopses for distinct-value estimation*, SIGMOD 2007; E. Cohen
//! and H. Kaplan, *Summarizing data using bottom-k sketches*, PODC 2007.

use std::collections::BTreeMap;

use crate::wire::{Input, put_nested, put_varint};
use crate::{Merge, StatsError, Wire};

const VERSION: u8 = 1;

/// The values of the `k` keys with the smallest hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BottomK<T> {
    k: usize,
    entries: BTreeMap<u64, T>,
}

impl<T: Merge> BottomK<T> {
    /// An empty sample of at most `k` keys (at least 1).
    #[must_use]
    pub fn new(k: usize) -> Self {
        Self { k: k.max(1), entries: BTreeMap::new() }
    }

    /// Takes in one value seen with a key; merged with what the key already has.
    pub fn insert(&mut self, key_hash: u64, value: T) {
        if self.admits(key_hash) {
            match self.entries.entry(key_hash) {
                std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().merge(&value),
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(value);
                }
            }
            self.trim();
        }
    }

    /// Whether a value for this key would be kept: lets a caller skip making it.
    #[must_use]
    pub fn admits(&self, key_hash: u64) -> bool {
        self.entries.len() < self.k
            || self.entries.last_key_value().is_some_and(|(last, _)| key_hash <= *last)
    }

    fn trim(&mut self) {
        while self.entries.len() > self.k {
            self.entries.pop_last();
        }
    }

    /// The sampled keys' hashes and values, ascending by hash.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        self.entries.iter().map(|(key, value)| (*key, value))
    }

    /// Number of keys in the sample.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no key was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Number of distinct keys seen: exact below `k`, else `(k - 1) / h_k` with `h_k` the k-th smallest hash in (0, 1] (Beyer et al. 2007;
    /// relative standard error `1 / sqrt(k - 2)`).
    #[must_use]
    pub fn keys(&self) -> f64 {
        match self.entries.last_key_value() {
            Some((last, _)) if self.entries.len() >= self.k && self.k > 1 => {
                (self.k as f64 - 1.0) / ((*last as f64 + 1.0) / 2f64.powi(64))
            }
            _ => self.entries.len() as f64,
        }
    }

    /// The share of keys whose value has a property, from the sample.
    pub fn share(&self, has: impl Fn(&T) -> bool) -> Share {
        Share {
            hits: self.entries.values().filter(|value| has(value)).count() as u64,
            n: self.entries.len() as u64,
        }
    }
}

/// Some of a sample: `hits` of `n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Sampled keys with the property.
    pub hits: u64,
    /// Sampled keys.
    pub n: u64,
}

impl Share {
    /// The share in the sample; `None` for an empty one.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        (self.n > 0).then(|| self.hits as f64 / self.n as f64)
    }

    /// Bounds on the share in the whole at `sigmas` standard errors: the score interval of E. B. Wilson, JASA 22 (1927), which keeps its
    /// promise near 0 and 1 and for small samples. `(0, 1)` for an empty sample.
    #[must_use]
    pub fn bounds(&self, sigmas: f64) -> (f64, f64) {
        let Some(share) = self.value() else { return (0.0, 1.0) };
        let (n, z2) = (self.n as f64, sigmas * sigmas);
        let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = sigmas.abs() / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
        ((centre - half).max(0.0), (centre + half).min(1.0))
    }
}

impl<T: Merge + Clone> Merge for BottomK<T> {
    /// Of two samples of different size the result has the smaller: beyond it the keys' values would not be complete.
    fn merge(&mut self, other: &Self) {
        self.k = self.k.min(other.k);
        self.trim();
        for (&key, value) in &other.entries {
            if !self.admits(key) {
                break;
            }
            self.insert(key, value.clone());
        }
    }
}

impl<T: Merge + Wire> Wire for BottomK<T> {
    const WHAT: &'static str = "sample";

    fn write(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        put_varint(out, self.k as u64);
        for (key, value) in &self.entries {
            out.extend_from_slice(&key.to_le_bytes());
            put_nested(out, value);
        }
    }

    fn read(bytes: &[u8]) -> Result<Self, StatsError> {
        let mut input = Input::new(Self::WHAT, bytes);
        input.version(VERSION)?;
        let k = usize::try_from(input.varint()?).ok().filter(|k| *k > 0);
        let mut read =
            Self { k: k.ok_or_else(|| input.damaged("its size is impossible"))?, entries: BTreeMap::new() };
        while input.remaining() > 0 {
            let key = input.u64()?;
            if read.entries.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return Err(input.damaged("its keys are not sorted"));
            }
            read.entries.insert(key, input.nested()?);
        }
        if read.entries.len() > read.k {
            return Err(input.damaged("it holds more keys than its size"));
        }
        Ok(read)
    }
}

/// Whether a key was seen with no value, with one and the same value, or with several: the question asked of a path parameter that
/// might name the client's own person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OneValue {
    /// No value yet.
    #[default]
    None,
    /// This one, by its hash, each time.
    One(u64),
    /// At least two different ones.
    Many,
}

impl Merge for OneValue {
    /// Idempotent.
    fn merge(&mut self, other: &Self) {
        *self = match (*self, *other) {
            (Self::None, value) | (value, Self::None) => value,
            (Self::One(a), Self::One(b)) if a == b => Self::One(a),
            _ => Self::Many,
        };
    }
}

impl Wire for OneValue {
    const WHAT: &'static str = "single value";

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::None => out.push(0),
            Self::One(hash) => {
                out.push(1);
                out.extend_from_slice(&hash.to_le_bytes());
            }
            Self::Many => out.push(2),
        }
    }

    fn read(bytes: &[u8]) -> Result<Self, StatsError> {
        let mut input = Input::new(Self::WHAT, bytes);
        let value = match input.byte()? {
            0 => Self::None,
            1 => Self::One(input.u64()?),
            2 => Self::Many,
            _ => return Err(input.damaged("its form is unknown")),
        };
        input.end()?;
        Ok(value)
    }
}
