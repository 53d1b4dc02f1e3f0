//! What can be told of a column as a whole, without a look at each row.

use arrow_array::{Array, StringArray};

/// Whether all rows have the same text, or none has any; if so, found by looking at the column as a whole.
#[must_use]
pub fn is_same(column: &StringArray) -> bool {
    if column.null_count() > 0 {
        return column.null_count() == column.len();
    }
    let ends = column.value_offsets();
    let (Some(from), Some(to)) = (ends.first(), ends.last()) else { return true };
    let [first, second, ..] = ends else { return true };
    let length = second - first;
    if !ends.iter().zip(ends.iter().skip(1)).all(|(from, to)| to - from == length) {
        return false;
    }
    // Equal to itself one text further on.
    let bytes = column.value_data().get(*from as usize..*to as usize).unwrap_or(&[]);
    let (all_but_last, all_but_first) =
        (bytes.get(..bytes.len() - length as usize), bytes.get(length as usize..));
    all_but_last == all_but_first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_one_text_are_told_from_those_that_nearly_are() {
        let same: [&[Option<&str>]; 6] =
            [&[], &[None, None], &[Some("a")], &[Some("ab"); 9], &[Some(""); 3], &[Some("aa"), Some("aa")]];
        let other: [&[Option<&str>]; 5] = [
            &[Some("a"), None],
            &[Some("ab"), Some("ba"), Some("ab")],
            &[Some("aa"), Some("a"), Some("a")],
            &[Some("a"), Some(""), Some("")],
            &[Some("ab"), Some("ab"), Some("aba")],
        ];
        let column = |texts: &[Option<&str>]| StringArray::from(texts.to_vec());
        assert!(same.iter().all(|texts| is_same(&column(texts))));
        assert!(other.iter().all(|texts| !is_same(&column(texts))));
        assert!(is_same(&column(&[Some("b"), Some("a"), Some("a")]).slice(1, 2)), "of a slice");
    }
}
