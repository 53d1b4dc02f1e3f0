//! [`Distinct`]: how many distinct values, exactly while they are few, estimated once they are many.
//!
//! Decisive choice: the state is a function of the set of hashes alone. Up to [`EXACT_MAX`] distinct hashes it *is* that set, sorted;
//! beyond, it is the HyperLogLog registers that inserting every hash directly would have given. Order of insertion and tree of merges
//! leave no trace, so partials from batches, files, threads and machines merge to equal bytes. Millions of entities hold one to
//! four values, so the first [`INLINE_MAX`] live inside the 32 bytes of the value itself.
//!
//! A value need only differ from others, not look random: what is hashed evenly is [`mixed`] before registers count it. So whoever counts
//! related values can give related numbers, and their stored sets compress.
//!
//! What it refuses: removal and subtraction. The difference of two estimates drowns in their error; novelty needs exact sets.

use crate::hll::{Hll, RELATIVE_ERROR};
use crate::wire::{Input, put_varint};
use crate::{Merge, StatsError, Wire};

/// Largest number of distinct hashes that is counted exactly.
pub const EXACT_MAX: usize = 256;
/// Largest number of hashes held without an allocation of their own.
pub const INLINE_MAX: usize = 3;

/// Hashes up to which inserting them one by one into a set is cheaper than merging them with it.
const FEW: usize = 8;

const VERSION: u8 = 2;
const EXACT: u8 = 0;
const ESTIMATED: u8 = 1;
const NEAR: u8 = 2;

/// A mergeable count of distinct 64-bit hashes (see [`crate::hash64`]).
#[derive(Clone, Default)]
pub struct Distinct(State);

#[derive(Clone)]
enum State {
    /// The first `len` hashes, sorted.
    Inline { len: u8, hashes: [u64; INLINE_MAX] },
    /// More than [`INLINE_MAX`], up to [`EXACT_MAX`] hashes, sorted.
    Exact(Vec<u64>),
    /// More than [`EXACT_MAX`].
    Estimated(Hll),
}

impl Default for State {
    fn default() -> Self {
        Self::Inline { len: 0, hashes: [0; INLINE_MAX] }
    }
}

impl Distinct {
    /// The stored form of the empty set.
    pub const NOTHING: &[u8] = &[VERSION, EXACT];

    /// The empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one value's hash in. Inserting it again changes nothing.
    pub fn insert(&mut self, hash: u64) {
        let at = match &mut self.0 {
            State::Estimated(hll) => return hll.insert(mixed(hash)),
            // So few are faster walked than halved.
            State::Inline { len, hashes } => {
                let few = hashes.get(..usize::from(*len)).unwrap_or(&[]);
                let at = few.iter().take_while(|other| **other < hash).count();
                if few.get(at) == Some(&hash) { Ok(at) } else { Err(at) }
            }
            State::Exact(hashes) => hashes.binary_search(&hash),
        };
        if let Err(at) = at {
            self.insert_new(at, hash);
        }
    }

    /// Takes in a hash that is known to be absent and to belong at `at`.
    fn insert_new(&mut self, at: usize, hash: u64) {
        match &mut self.0 {
            State::Inline { len, hashes } if usize::from(*len) < INLINE_MAX => {
                *len += 1;
                if let Some(tail) = hashes.get_mut(at..usize::from(*len)) {
                    tail.rotate_right(1);
                    if let Some(slot) = tail.first_mut() {
                        *slot = hash;
                    }
                }
            }
            State::Exact(hashes) if hashes.len() < EXACT_MAX => hashes.insert(at, hash),
            State::Estimated(hll) => hll.insert(mixed(hash)),
            State::Inline { .. } | State::Exact(_) => {
                let mut all = Vec::with_capacity(self.hashes().unwrap_or(&[]).len() + 1);
                all.extend_from_slice(self.hashes().unwrap_or(&[]));
                all.insert(at, hash);
                self.0 = State::of_sorted(all);
            }
        }
    }

    /// Takes in many hashes, in any order and with repeats: cheaper than one by one. What they were in is left in any order.
    pub fn insert_all(&mut self, hashes: &mut [u64]) {
        // So many make registers of a set, if they differ.
        for hashes in hashes.chunks_mut(2 * EXACT_MAX) {
            if let State::Estimated(hll) = &mut self.0 {
                hashes.iter().for_each(|hash| hll.insert(mixed(*hash)));
                continue;
            }
            hashes.sort_unstable();
            match &self.0 {
                State::Exact(mine) if hashes.len() > FEW => self.0 = State::of_sorted(union(mine, hashes)),
                _ => hashes.iter().for_each(|hash| self.insert(*hash)),
            }
        }
    }

    /// The hashes themselves, sorted, while the count is exact.
    #[must_use]
    pub fn hashes(&self) -> Option<&[u64]> {
        match &self.0 {
            State::Inline { len, hashes } => hashes.get(..usize::from(*len)),
            State::Exact(hashes) => Some(hashes),
            State::Estimated(_) => None,
        }
    }

    /// The number of distinct hashes, if it is at most [`EXACT_MAX`]; then it is exact (two values share one of 2^64 hashes with a
    /// chance of 2e-15 among 256).
    #[must_use]
    pub fn exact(&self) -> Option<u64> {
        self.hashes().map(|hashes| hashes.len() as u64)
    }

    /// The number of distinct hashes: exact up to [`EXACT_MAX`], beyond with a relative standard error of 1.6 %.
    #[must_use]
    pub fn estimate(&self) -> f64 {
        match &self.0 {
            State::Estimated(hll) => hll.estimate().max(EXACT_MAX as f64 + 1.0),
            _ => self.exact().unwrap_or(0) as f64,
        }
    }

    /// Bounds on the number of distinct hashes at `sigmas` standard errors (2 holds 95 % of the time, 3 holds 99.7 %): both equal the
    /// count while it is exact.
    #[must_use]
    pub fn bounds(&self, sigmas: f64) -> (f64, f64) {
        let estimate = self.estimate();
        if self.exact().is_some() {
            return (estimate, estimate);
        }
        let spread = RELATIVE_ERROR * sigmas.max(0.0);
        let upper = if spread < 1.0 { estimate / (1.0 - spread) } else { f64::INFINITY };
        ((estimate / (1.0 + spread)).max(EXACT_MAX as f64 + 1.0), upper)
    }

    /// Whether nothing has been inserted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exact() == Some(0)
    }

    /// Bytes on the heap beyond the 32 of the value itself.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        match &self.0 {
            State::Inline { .. } => 0,
            State::Exact(hashes) => hashes.capacity() * size_of::<u64>(),
            State::Estimated(_) => Hll::heap_bytes(),
        }
    }

    /// Takes the other set in: the union. Idempotent.
    pub fn merge(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            (State::Estimated(mine), State::Estimated(theirs)) => mine.merge(theirs),
            (State::Exact(mine), State::Exact(theirs)) => self.0 = State::of_sorted(union(mine, theirs)),
            (State::Inline { len: 0, .. }, _) => self.0 = other.0.clone(),
            (_, State::Estimated(theirs)) => {
                let mut hll = theirs.clone();
                self.hashes().unwrap_or(&[]).iter().for_each(|hash| hll.insert(mixed(*hash)));
                self.0 = State::Estimated(hll);
            }
            _ => other.hashes().unwrap_or(&[]).iter().for_each(|hash| self.insert(*hash)),
        }
    }

    /// The stored form; see [`Wire`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Wire::to_bytes(self)
    }

    /// The form that is soonest written and read: for whoever reads it again at once, with [`Distinct::from_lake`].
    #[must_use]
    pub fn to_state(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        match &self.0 {
            State::Estimated(hll) => {
                out.push(ESTIMATED);
                hll.write_packed(&mut out);
            }
            _ => {
                out.push(EXACT);
                out.extend(self.hashes().unwrap_or(&[]).iter().flat_map(|hash| hash.to_be_bytes()));
            }
        }
        out
    }

    /// Reads a stored form; see [`Wire`].
    ///
    /// # Errors
    /// If the bytes are not a whole, canonical stored form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StatsError> {
        Wire::from_bytes(bytes)
    }
}

impl State {
    /// The state that this set of sorted, distinct hashes has.
    fn of_sorted(sorted: Vec<u64>) -> Self {
        if sorted.len() > EXACT_MAX {
            let mut hll = Hll::new();
            sorted.iter().for_each(|hash| hll.insert(mixed(*hash)));
            return Self::Estimated(hll);
        }
        if sorted.len() > INLINE_MAX {
            return Self::Exact(sorted);
        }
        let mut hashes = [0; INLINE_MAX];
        hashes.iter_mut().zip(&sorted).for_each(|(slot, hash)| *slot = *hash);
        Self::Inline { len: sorted.len() as u8, hashes }
    }
}

/// Spreads the bits of a number over all of it, one to one: the finalizer of MurmurHash3 (A. Appleby, public domain).
fn mixed(number: u64) -> u64 {
    let step = |n: u64, by: u64| (n ^ (n >> 33)).wrapping_mul(by);
    let n = step(step(number, 0xff51_afd7_ed55_8ccd), 0xc4ce_b9fe_1a85_ec53);
    n ^ (n >> 33)
}

/// The union of a sorted set and sorted hashes that may repeat, sorted.
fn union(mine: &[u64], theirs: &[u64]) -> Vec<u64> {
    let mut all: Vec<u64> = Vec::with_capacity(mine.len() + theirs.len());
    let (mut at, mut there) = (0, 0);
    // Which of two hashes is less is anybody's guess, so nothing branches on it.
    while let (Some(one), Some(other)) = (mine.get(at), theirs.get(there)) {
        let least = *one.min(other);
        at += usize::from(*one == least);
        there += usize::from(*other == least);
        if all.last() != Some(&least) {
            all.push(least);
        }
    }
    for rest in [mine.get(at..), theirs.get(there..)].into_iter().flatten().flatten() {
        if all.last() != Some(rest) {
            all.push(*rest);
        }
    }
    all
}

impl Merge for Distinct {
    fn merge(&mut self, other: &Self) {
        Distinct::merge(self, other);
    }
}

impl Wire for Distinct {
    const WHAT: &'static str = "distinct count";

    fn write(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        if let State::Estimated(hll) = &self.0 {
            out.push(ESTIMATED);
            return hll.write(out);
        }
        let hashes = self.hashes().unwrap_or(&[]);
        out.push(NEAR);
        if !put_near(hashes, out) {
            out.pop();
            out.push(EXACT);
            // Related numbers share their first bytes, which a compressor finds.
            out.extend(hashes.iter().flat_map(|hash| hash.to_be_bytes()));
        }
    }

    fn read(bytes: &[u8]) -> Result<Self, StatsError> {
        Self::parse(bytes, true)
    }
}

impl Distinct {
    /// Reads a stored form that a lake keeps: what it holds is checked, and not that no shorter form holds it, which takes longer than to read it.
    ///
    /// # Errors
    /// If the bytes are not a whole stored form.
    pub fn from_lake(bytes: &[u8]) -> Result<Self, StatsError> {
        Self::parse(bytes, false)
    }

    fn parse(bytes: &[u8], shortest: bool) -> Result<Self, StatsError> {
        let mut input = Input::new(<Self as Wire>::WHAT, bytes);
        input.version(VERSION)?;
        match input.byte()? {
            EXACT => {
                if input.remaining() > EXACT_MAX * size_of::<u64>() {
                    return Err(input.damaged("it has too many hashes for an exact set"));
                }
                if input.remaining() <= INLINE_MAX * size_of::<u64>() {
                    return few(input, shortest);
                }
                let mut hashes = Vec::with_capacity(input.remaining() / size_of::<u64>());
                while input.remaining() > 0 {
                    hashes.push(input.u64()?.swap_bytes());
                }
                far(&input, &hashes, shortest)?;
                Ok(Self(State::of_sorted(hashes)))
            }
            NEAR => near(input, shortest),
            ESTIMATED => {
                let hll = Hll::read(&mut input, shortest)?;
                input.end()?;
                Ok(Self(State::Estimated(hll)))
            }
            _ => Err(input.damaged("its form is unknown")),
        }
    }
}

/// The first half of a number.
fn high(number: u64) -> u32 {
    (number >> 32) as u32
}

/// The second half.
fn low(number: u64) -> u32 {
    number as u32
}

/// Writes numbers that lie near each other in fewer bytes, as the spans of a visitor do: the least second half of all, then, for each first half, how many
/// runs of consecutive second halves there are, and of each its distance from the last (of the first, from that least) and its length less one. Says
/// whether that is shorter than the numbers; if not, nothing is written.
fn put_near(hashes: &[u64], out: &mut Vec<u8>) -> bool {
    let Some(base) = hashes.iter().copied().map(low).min().filter(|_| hashes.len() > 1) else { return false };
    if near_bytes(hashes, base) >= size_of_val(hashes) {
        return false;
    }
    put_varint(out, base.into());
    for group in hashes.chunk_by(|a, b| high(*a) == high(*b)) {
        out.extend(group.first().map_or(0, |first| high(*first)).to_be_bytes());
        let runs = || group.chunk_by(|a, b| low(*a).checked_add(1) == Some(low(*b)));
        put_varint(out, runs().count() as u64);
        let mut last = base;
        for run in runs() {
            let start = run.first().map_or(0, |first| low(*first));
            put_varint(out, u64::from(start - last));
            put_varint(out, run.len() as u64 - 1);
            last = run.last().map_or(0, |end| low(*end));
        }
    }
    true
}

/// How many bytes [`put_near`] would write, or enough to be too many: most sets are no spans, and a count is far cheaper than what is then dropped.
fn near_bytes(hashes: &[u64], base: u32) -> usize {
    let enough = size_of_val(hashes);
    let mut bytes = varint_bytes(base);
    // A first half comes with a run; the bytes of numbers of runs and of lengths beyond the first are counted when they are reached.
    let (mut group, mut runs, mut length) = (None, 0_u32, 0_u32);
    let mut last = base;
    for hash in hashes {
        let (of, at) = (high(*hash), low(*hash));
        if group == Some(of) && last.checked_add(1) == Some(at) {
            length += 1;
            bytes += usize::from(length == 1 << 7);
        } else {
            if group == Some(of) {
                runs += 1;
                bytes += usize::from(runs == 1 << 7);
            } else {
                (group, runs, last) = (Some(of), 1, base);
                bytes += size_of::<u32>() + 1;
            }
            bytes += varint_bytes(at - last) + 1;
            length = 0;
        }
        last = at;
        if bytes >= enough {
            break;
        }
    }
    bytes
}

/// How many bytes a number takes as a varint.
fn varint_bytes(number: u32) -> usize {
    (u32::BITS - (number | 1).leading_zeros()).div_ceil(7) as usize
}

/// That hashes are sorted and, if it is asked, no shorter written as near ones: a set has one form.
fn far(input: &Input<'_>, hashes: &[u64], shortest: bool) -> Result<(), StatsError> {
    if !hashes.is_sorted_by(|a, b| a < b) {
        return Err(input.damaged("its hashes are not sorted"));
    }
    if shortest && put_near(hashes, &mut Vec::with_capacity(size_of_val(hashes) + 16)) {
        return Err(input.damaged("its form is not the shortest"));
    }
    Ok(())
}

/// Reads what [`put_near`] wrote.
fn near(mut input: Input<'_>, shortest: bool) -> Result<Distinct, StatsError> {
    let bytes = input.take(input.remaining())?;
    let mut input = Input::new(Distinct::WHAT, bytes);
    let base = input.varint()?;
    let mut hashes: Vec<u64> = Vec::new();
    while input.remaining() > 0 {
        let high = input.take(4)?.iter().fold(0, |high, byte| high << 8 | u64::from(*byte));
        let mut last = base;
        for _ in 0..input.varint()? {
            let (distance, more) = (input.varint()?, input.varint()?);
            if more >= EXACT_MAX as u64 || hashes.len() >= EXACT_MAX {
                return Err(input.damaged("it has too many hashes for an exact set"));
            }
            let start = last.saturating_add(distance);
            last = start.saturating_add(more);
            if last > u64::from(u32::MAX) {
                return Err(input.damaged("a number in it is too large"));
            }
            hashes.extend((start..=last).map(|low| high << 32 | low));
        }
    }
    let as_written = || {
        let mut again = Vec::with_capacity(bytes.len() + 16);
        put_near(&hashes, &mut again) && again == bytes
    };
    let sorted = hashes.is_sorted_by(|a, b| a < b);
    if hashes.len() > EXACT_MAX || !sorted || (shortest && !as_written()) {
        return Err(input.damaged("its near hashes are not as they are written"));
    }
    Ok(Distinct(State::of_sorted(hashes)))
}

/// Reads hashes that are few enough to need no allocation.
fn few(mut input: Input<'_>, shortest: bool) -> Result<Distinct, StatsError> {
    let (mut len, mut hashes) = (0, [0; INLINE_MAX]);
    while input.remaining() > 0 {
        let hash = input.u64()?.swap_bytes();
        if let Some(slot) = hashes.get_mut(len) {
            *slot = hash;
        }
        len += 1;
    }
    far(&input, hashes.get(..len).unwrap_or(&[]), shortest)?;
    Ok(Distinct(State::Inline { len: len as u8, hashes }))
}

impl PartialEq for Distinct {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (State::Estimated(mine), State::Estimated(theirs)) => mine == theirs,
            _ => self.hashes().is_some() && self.hashes() == other.hashes(),
        }
    }
}

impl Eq for Distinct {}

impl std::fmt::Debug for Distinct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.exact() {
            Some(n) => write!(f, "Distinct({n})"),
            None => write!(f, "Distinct(~{:.0})", self.estimate()),
        }
    }
}

impl FromIterator<u64> for Distinct {
    fn from_iter<I: IntoIterator<Item = u64>>(hashes: I) -> Self {
        let mut all = Self::new();
        hashes.into_iter().for_each(|hash| all.insert(hash));
        all
    }
}
