//! HyperLogLog registers and their order-free estimate: what [`crate::Distinct`] becomes past its exact limit.
//!
//! Decisive choice: own registers rather than the `datasketches` crate (0.6), whose stored form carries the running sums of its
//! order-dependent HIP estimator and lists its first entries in order of arrival, so that equal sets give unequal bytes; and whose
//! small sets keep 32-bit coupons, which cannot count exactly.
//!
//! Registers are one byte each in memory: merging is a plain maximum over two arrays, which the compiler vectorises. In store they are
//! packed, or listed sparsely where that is smaller.
//!
//! References: P. Flajolet et al., *HyperLogLog*, AofA 2007. O. Ertl, *New cardinality estimation algorithms for HyperLogLog
//! sketches*, 2017, arXiv:1702.01284 (algorithms 5 and 6 and section 4: the improved raw estimator, with no bias table and no
//! switch between ranges).

use crate::StatsError;
use crate::wire::{Input, put_varint};

/// Bits of the hash that choose the register.
const PRECISION: u32 = 12;
/// Number of registers.
const REGISTERS: usize = 1 << PRECISION;
/// Bits of the hash left to count leading zeros in.
const RANK_BITS: u32 = 64 - PRECISION;
/// Largest value of a register: all the remaining bits zero.
const RANK_MAX: u8 = RANK_BITS as u8 + 1;
/// Size of the packed form, 6 bits per register.
const PACKED_BYTES: usize = REGISTERS * 6 / 8;

const SPARSE: u8 = 0;
const PACKED: u8 = 1;

/// Relative standard error of the estimate: `1.04 / sqrt(m)`, Flajolet et al. 2007; Ertl's estimator attains it.
pub(crate) const RELATIVE_ERROR: f64 = 1.04 / 64.0;

/// The registers.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Hll(Box<[u8; REGISTERS]>);

impl Hll {
    pub(crate) fn new() -> Self {
        Self(Box::new([0; REGISTERS]))
    }

    pub(crate) fn insert(&mut self, hash: u64) {
        let index = (hash >> RANK_BITS) as usize;
        // The bit below the counted ones stops the count at RANK_MAX.
        let rank = ((hash << PRECISION) | (1 << (PRECISION - 1))).leading_zeros() as u8 + 1;
        if let Some(register) = self.0.get_mut(index) {
            *register = rank.max(*register);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0.iter()) {
            *mine = (*mine).max(*theirs);
        }
    }

    pub(crate) const fn heap_bytes() -> usize {
        REGISTERS
    }

    /// The improved raw estimator, Ertl 2017, algorithm 6.
    pub(crate) fn estimate(&self) -> f64 {
        // Four tallies: registers that follow one another are often alike, and one tally would wait for itself.
        let mut tallies = [[0u32; RANK_MAX as usize + 1]; 4];
        for four in self.0.as_chunks::<4>().0 {
            for (tally, register) in tallies.iter_mut().zip(four) {
                if let Some(count) = tally.get_mut(usize::from(*register)) {
                    *count += 1;
                }
            }
        }
        let [mut counts, others @ ..] = tallies;
        others.iter().for_each(|tally| counts.iter_mut().zip(tally).for_each(|(count, more)| *count += more));
        let m = REGISTERS as f64;
        let [zeros, middle @ .., saturated] = counts;
        let mut z = m * tau(1.0 - f64::from(saturated) / m);
        for &count in middle.iter().rev() {
            z = 0.5 * (z + f64::from(count));
        }
        z += m * sigma(f64::from(zeros) / m);
        m * m / (2.0 * std::f64::consts::LN_2 * z)
    }

    /// Appends the smaller of the two stored forms; the choice depends on the registers only.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        if !self.put_sparse(out) {
            self.write_packed(out);
        }
    }

    /// Appends the packed form.
    pub(crate) fn write_packed(&self, out: &mut Vec<u8>) {
        out.push(PACKED);
        let start = out.len();
        out.resize(start + PACKED_BYTES, 0);
        let packed = out.get_mut(start..).unwrap_or_default().as_chunks_mut::<3>().0;
        for (triple, quad) in packed.iter_mut().zip(self.0.as_chunks::<4>().0) {
            let [a, b, c, d] = quad.map(u32::from);
            let [low, middle, high, _] = (a | b << 6 | c << 12 | d << 18).to_le_bytes();
            *triple = [low, middle, high];
        }
    }

    /// Appends the sparse form, if it is the smaller, and says so.
    fn put_sparse(&self, out: &mut Vec<u8>) -> bool {
        // A register takes two bytes at least: counting them is far cheaper than writing what is then dropped.
        let filled = self.0.iter().filter(|register| **register > 0).count();
        if 2 * filled >= PACKED_BYTES {
            return false;
        }
        let start = out.len();
        out.push(SPARSE);
        let mut next = 0;
        for (eight, at) in self.0.as_chunks::<8>().0.iter().zip((0..).step_by(8)) {
            if *eight == [0; 8] {
                continue;
            }
            for (register, index) in eight.iter().zip(at..).filter(|(register, _)| **register > 0) {
                put_varint(out, index - next);
                out.push(*register);
                next = index + 1;
            }
        }
        let smaller = out.len() - start - 1 < PACKED_BYTES;
        if !smaller {
            out.truncate(start);
        }
        smaller
    }

    /// Reads a stored form; if it is asked, only where it is the smaller.
    pub(crate) fn read(input: &mut Input, shortest: bool) -> Result<Self, StatsError> {
        match input.byte()? {
            SPARSE => Self::read_sparse(input),
            PACKED => Self::read_packed(input, shortest),
            _ => Err(input.damaged("the register form is unknown")),
        }
    }

    fn read_sparse(input: &mut Input) -> Result<Self, StatsError> {
        if input.remaining() == 0 || input.remaining() >= PACKED_BYTES {
            return Err(input.damaged("its register form is not the shortest"));
        }
        let mut hll = Self::new();
        let mut next = 0usize;
        while input.remaining() > 0 {
            let gap = usize::try_from(input.varint()?).unwrap_or(REGISTERS);
            let register = input.byte()?;
            let index = next.saturating_add(gap);
            let slot = hll.0.get_mut(index).ok_or_else(|| input.damaged("a register lies out of range"))?;
            if register == 0 || register > RANK_MAX {
                return Err(input.damaged("a register holds an impossible value"));
            }
            *slot = register;
            next = index + 1;
        }
        Ok(hll)
    }

    fn read_packed(input: &mut Input, shortest: bool) -> Result<Self, StatsError> {
        let packed = input.take(PACKED_BYTES)?;
        let mut hll = Self::new();
        for (quad, triple) in hll.0.as_chunks_mut::<4>().0.iter_mut().zip(packed.as_chunks::<3>().0) {
            let [low, middle, high] = triple.map(u32::from);
            let word = low | middle << 8 | high << 16;
            *quad = [word, word >> 6, word >> 12, word >> 18].map(|value| (value & 0x3f) as u8);
        }
        if hll.0.iter().any(|register| *register > RANK_MAX) {
            return Err(input.damaged("a register holds an impossible value"));
        }
        if shortest && hll.put_sparse(&mut Vec::new()) {
            return Err(input.damaged("its register form is not the shortest"));
        }
        Ok(hll)
    }
}

/// Ertl 2017, algorithm 5: the expected share of registers still at zero, summed over all coarser counts.
fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z <= before {
            return z;
        }
    }
}

/// Ertl 2017, algorithm 5: the same for registers at their largest value.
fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if z >= before {
            return z / 3.0;
        }
    }
}
