//! Text columns from a number for each row and a text for each number.
//!
//! Decisive choice: runs of one text, as columns of few texts have them, are copied in doubling blocks, not row by row.

use arrow_array::StringArray;
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer};

/// The number of no text.
pub(crate) const NONE: u32 = u32::MAX;

/// The column in which each row has the text of its number; null where there is none.
pub(crate) fn gather(codes: &[u32], texts: &[&str]) -> StringArray {
    let text = |code: u32| texts.get(code as usize).copied();
    let nulls = codes.iter().filter(|code| text(**code).is_none()).count();
    if nulls > 0 && nulls == codes.len() {
        return StringArray::new_null(codes.len());
    }
    let lengths = codes.iter().map(|code| text(*code).map_or(0, str::len));
    let offsets = OffsetBuffer::<i32>::from_lengths(lengths);
    let mut bytes: Vec<u8> = Vec::with_capacity(offsets.last().map_or(0, |end| *end as usize));
    for run in codes.chunk_by(|a, b| a == b) {
        let Some(text) = run.first().and_then(|code| text(*code)) else { continue };
        let (from, all) = (bytes.len(), text.len() * run.len());
        bytes.extend_from_slice(text.as_bytes());
        while bytes.len() - from < all {
            let filled = bytes.len() - from;
            bytes.extend_from_within(from..from + filled.min(all - filled));
        }
    }
    let is_there = |row: usize| codes.get(row).is_some_and(|code| text(*code).is_some());
    let valid = || NullBuffer::from(BooleanBuffer::collect_bool(codes.len(), is_there));
    StringArray::new(offsets, Buffer::from_vec(bytes), (nulls > 0).then(valid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Array;

    #[test]
    fn each_row_has_the_text_of_its_number() {
        let texts = ["ok", "", "a longer one"];
        for codes in [
            vec![],
            vec![NONE, NONE],
            vec![0],
            vec![0, 0, 0, 0, 0, 2, 2, NONE, NONE, 1, 1, 1, 0, 2, 0],
            vec![1, 1, 2, 2, 2],
        ] {
            let column = gather(&codes, &texts);
            let expected: StringArray = codes.iter().map(|code| texts.get(*code as usize).copied()).collect();
            assert_eq!(column, expected);
            assert_eq!(column.nulls().is_some(), codes.contains(&NONE), "{codes:?}");
        }
    }
}
