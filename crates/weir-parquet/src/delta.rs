//! Parquet's packed differences, in which numbers are stored that rise by small steps.
//!
//! Reference: <https://parquet.apache.org/docs/file-format/data-pages/encodings/> (`DELTA_BINARY_PACKED = 5`).

use crate::hybrid::put_varint;

/// Miniblocks of a block.
const MINIBLOCKS: usize = 4;
/// The most numbers that a miniblock has.
const MINIBLOCK_MAX: usize = 64;

/// How wide the numbers are that differences are taken of: in those of 32 bits they wrap there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    Narrow,
    Wide,
}

impl Width {
    /// Numbers to a miniblock.
    fn miniblock(self) -> usize {
        match self {
            Self::Narrow => MINIBLOCK_MAX / 2,
            Self::Wide => MINIBLOCK_MAX,
        }
    }

    fn subtract(self, one: i64, other: i64) -> i64 {
        match self {
            Self::Narrow => i64::from((one as i32).wrapping_sub(other as i32)),
            Self::Wide => one.wrapping_sub(other),
        }
    }

    /// The bits of what [`subtract`](Self::subtract) gave, as a number without a sign.
    fn bits(self, difference: i64) -> u64 {
        match self {
            Self::Narrow => u64::from((difference as i32).cast_unsigned()),
            Self::Wide => difference.cast_unsigned(),
        }
    }
}

/// Appends numbers.
pub(crate) fn put(numbers: &[i64], width: Width, out: &mut Vec<u8>) {
    let block = width.miniblock() * MINIBLOCKS;
    put_varint(out, block as u64);
    put_varint(out, MINIBLOCKS as u64);
    put_varint(out, numbers.len() as u64);
    let Some((first, rest)) = numbers.split_first() else { return put_varint(out, 0) };
    put_zigzag(out, *first);
    let mut last = *first;
    let mut differences = [0; MINIBLOCK_MAX * MINIBLOCKS];
    for numbers in rest.chunks(block) {
        for (difference, number) in differences.iter_mut().zip(numbers) {
            *difference = width.subtract(*number, std::mem::replace(&mut last, *number));
        }
        put_block(differences.get(..numbers.len()).unwrap_or_default(), width, out);
    }
}

/// Appends a block: the least difference, how many bits each miniblock's take beyond it, and those.
fn put_block(differences: &[i64], width: Width, out: &mut Vec<u8>) {
    let least = differences.iter().copied().min().unwrap_or(0);
    put_zigzag(out, least);
    let widths_at = out.len();
    out.extend_from_slice(&[0; MINIBLOCKS]);
    for (nth, differences) in differences.chunks(width.miniblock()).enumerate() {
        let mut beyond = [0; MINIBLOCK_MAX];
        let mut all = 0;
        for (beyond, difference) in beyond.iter_mut().zip(differences) {
            *beyond = width.bits(width.subtract(*difference, least));
            all |= *beyond;
        }
        let bits = u64::BITS - all.leading_zeros();
        out.get_mut(widths_at + nth).into_iter().for_each(|width| *width = bits as u8);
        put_packed(beyond.get(..width.miniblock()).unwrap_or_default(), bits, out);
    }
}

/// Appends numbers of so many bits each, the lowest first.
fn put_packed(numbers: &[u64], width: u32, out: &mut Vec<u8>) {
    if width == 0 {
        return;
    }
    let (mut bits, mut held) = (0_u128, 0);
    for number in numbers {
        bits |= u128::from(*number) << held;
        held += width;
        if held >= u64::BITS {
            out.extend_from_slice(&(bits as u64).to_le_bytes());
            bits >>= u64::BITS;
            held -= u64::BITS;
        }
    }
    // A miniblock takes whole bytes, whatever the width.
    out.extend(bits.to_le_bytes().iter().take((held / u8::BITS) as usize));
}

/// Appends a number so that those near 0 are short.
fn put_zigzag(out: &mut Vec<u8>, number: i64) {
    put_varint(out, ((number << 1) ^ (number >> (i64::BITS - 1))).cast_unsigned());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A reader written from the format's description.
    struct Reader<'a>(&'a [u8]);

    impl Reader<'_> {
        fn byte(&mut self) -> u8 {
            let (first, rest) = self.0.split_first().unwrap();
            self.0 = rest;
            *first
        }

        fn varint(&mut self) -> u64 {
            let (mut number, mut shift) = (0, 0);
            loop {
                let byte = self.byte();
                number |= u64::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    return number;
                }
            }
        }

        fn zigzag(&mut self) -> i64 {
            let number = self.varint();
            (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
        }

        fn all(mut self, width: Width) -> Vec<i64> {
            let (block, miniblocks, n) = (self.varint(), self.varint(), self.varint());
            assert!(block % 128 == 0 && block / miniblocks % 32 == 0);
            let mut numbers = vec![self.zigzag()];
            while (numbers.len() as u64) < n {
                let least = self.zigzag();
                let widths: Vec<u8> = (0..miniblocks).map(|_| self.byte()).collect();
                for bits in widths {
                    if numbers.len() as u64 >= n {
                        assert_eq!(bits, 0, "a miniblock without numbers");
                        continue;
                    }
                    let packed = &self.0[..(block / miniblocks) as usize * usize::from(bits) / 8];
                    self.0 = &self.0[packed.len()..];
                    for nth in 0..(block / miniblocks) as usize {
                        let bit = |at: usize| u64::from(packed[at / 8] >> (at % 8) & 1);
                        let at = nth * usize::from(bits);
                        let beyond = (0..usize::from(bits)).fold(0, |number, b| number | bit(at + b) << b);
                        let next =
                            numbers.last().unwrap().wrapping_add(least).wrapping_add(beyond.cast_signed());
                        numbers.push(if width == Width::Narrow { i64::from(next as i32) } else { next });
                    }
                }
            }
            assert!(self.0.is_empty(), "nothing follows");
            numbers.truncate(n as usize);
            numbers
        }
    }

    proptest! {
        #[test]
        fn what_is_put_is_read(
            first in any::<i64>(),
            steps in prop::collection::vec((0_u32..64, any::<i64>()), 0..700),
            is_narrow in any::<bool>(),
        ) {
            let width = if is_narrow { Width::Narrow } else { Width::Wide };
            let mut numbers = vec![first];
            // Runs of small steps, large ones among them.
            for (nth, (bits, step)) in steps.iter().enumerate() {
                let step = step >> if nth % 130 < 70 { 60 } else { *bits };
                numbers.push(numbers.last().unwrap().wrapping_add(step));
            }
            if is_narrow {
                numbers.iter_mut().for_each(|number| *number = i64::from(*number as i32));
            }
            let mut bytes = Vec::new();
            put(&numbers, width, &mut bytes);
            prop_assert_eq!(Reader(&bytes).all(width), numbers);
        }
    }

    #[test]
    fn lines_one_after_the_other_take_hardly_a_byte() {
        let mut bytes = Vec::new();
        put(&(1..=20_000).collect::<Vec<i64>>(), Width::Wide, &mut bytes);
        assert_eq!(bytes.len(), 7 + 79 * 5);
    }
}
