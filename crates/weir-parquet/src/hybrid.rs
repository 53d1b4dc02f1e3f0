//! Parquet's hybrid of run lengths and packed bits, in which codes and levels are stored.
//!
//! Reference: <https://parquet.apache.org/docs/file-format/data-pages/encodings/> (`RLE = 3`).

/// Values packed together: a group.
const GROUP: usize = 8;

/// Appends numbers of `width` bits each.
pub(crate) fn put(numbers: &[u32], width: u32, out: &mut Vec<u8>) {
    let (mut literal, mut rest) = (numbers, numbers);
    while !rest.is_empty() {
        let run = run(rest);
        if run >= GROUP {
            // What was passed over are whole groups, as only the last may be cut.
            put_literal(literal.get(..literal.len() - rest.len()).unwrap_or_default(), width, out);
            put_run(rest.first().copied().unwrap_or(0), run, width, out);
            rest = rest.get(run..).unwrap_or_default();
            literal = rest;
        } else {
            rest = rest.get(GROUP..).unwrap_or_default();
        }
    }
    put_literal(literal, width, out);
}

/// Appends one number, `n` times.
pub(crate) fn put_run(number: u32, n: usize, width: u32, out: &mut Vec<u8>) {
    put_varint(out, (n as u64) << 1);
    out.extend(number.to_le_bytes().iter().take(width.div_ceil(8) as usize));
}

/// How many numbers at the start are the same; less than a group counts as none.
fn run(numbers: &[u32]) -> usize {
    let Some((first, group)) = numbers.first().zip(numbers.first_chunk::<GROUP>()) else { return 0 };
    if group.iter().any(|number| number != first) {
        return 0;
    }
    GROUP + numbers.iter().skip(GROUP).take_while(|number| *number == first).count()
}

fn put_literal(numbers: &[u32], width: u32, out: &mut Vec<u8>) {
    if numbers.is_empty() {
        return;
    }
    put_varint(out, (numbers.len().div_ceil(GROUP) as u64) << 1 | 1);
    out.reserve(numbers.len().div_ceil(GROUP) * width as usize);
    let (mut bits, mut held) = (0_u64, 0);
    for group in numbers.chunks(GROUP) {
        let padding = std::iter::repeat_n(&0, GROUP - group.len());
        for number in group.iter().chain(padding) {
            bits |= u64::from(*number) << held;
            held += width;
            if held >= u32::BITS {
                out.extend_from_slice(&(bits as u32).to_le_bytes());
                bits >>= u32::BITS;
                held -= u32::BITS;
            }
        }
    }
    // A group takes as many bytes as a number bits, so what is left are whole bytes.
    out.extend(bits.to_le_bytes().iter().take((held / 8) as usize));
}

/// Appends a number, seven bits to a byte.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader written from the format's description.
    fn read(mut bytes: &[u8], width: u32, n: usize) -> Vec<u32> {
        let mut numbers = Vec::new();
        while numbers.len() < n {
            let (mut header, mut shift) = (0_u64, 0);
            loop {
                let byte = bytes[0];
                bytes = &bytes[1..];
                header |= u64::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    break;
                }
            }
            if header & 1 == 0 {
                let size = width.div_ceil(8) as usize;
                let number =
                    bytes[..size].iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte));
                bytes = &bytes[size..];
                numbers.extend(std::iter::repeat_n(number, (header >> 1) as usize));
            } else {
                let many = (header >> 1) as usize * GROUP;
                let bit = |at: usize| u32::from(bytes[at / 8] >> (at % 8) & 1);
                numbers.extend((0..many).map(|i| {
                    (0..width).fold(0, |number, b| number | bit(i * width as usize + b as usize) << b)
                }));
                bytes = &bytes[many * width as usize / 8..];
            }
        }
        assert!(bytes.is_empty(), "nothing follows");
        numbers.truncate(n);
        numbers
    }

    proptest::proptest! {
        #[test]
        fn what_is_put_is_read(width in 1_u32..=32, runs in proptest::collection::vec((0..u32::MAX, 1_usize..30), 0..40)) {
            let numbers: Vec<u32> = runs
                .iter()
                .flat_map(|(number, n)| std::iter::repeat_n(number >> (32 - width), if n % 3 == 0 { 1 } else { *n }))
                .collect();
            let mut bytes = Vec::new();
            put(&numbers, width, &mut bytes);
            proptest::prop_assert_eq!(read(&bytes, width, numbers.len()), numbers);
        }
    }

    #[test]
    fn a_column_of_one_value_takes_few_bytes() {
        let mut bytes = Vec::new();
        put(&[0; 20_000], 1, &mut bytes);
        assert_eq!(bytes.len(), 4);
    }
}
