//! How wide a label is before any font is known: Hangul, kana and Han take two columns, all else one.
//!
//! Decisive choice: a picture cannot ask the reader's fonts, and a count of letters lets a Korean label run out of a box that holds as many
//! Latin ones. What is cut is cut by columns, which overrates the width of mixed text a little and underrates none.

use crate::escape;

/// Columns of a character.
fn width(c: char) -> usize {
    let wide = matches!(
        u32::from(c),
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xa960..=0xa97f | 0xac00..=0xd7a3 | 0xf900..=0xfaff
            | 0xfe30..=0xfe6f | 0xff01..=0xff60 | 0xffe0..=0xffe6 | 0x1_f300..=0x1_faff | 0x2_0000..=0x3_fffd
    );
    if wide { 2 } else { 1 }
}

/// Columns of a text.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// As many characters as fit into so many columns.
fn fitting(chars: impl Iterator<Item = char>, columns_max: usize) -> Vec<char> {
    let mut used = 0;
    chars
        .take_while(|c| {
            used += width(*c);
            used <= columns_max
        })
        .collect()
}

/// The text, cut at its end where it is wider.
pub(super) fn cut(text: &str, columns_max: usize) -> String {
    let whole = escape::shown(text);
    if columns(&whole) <= columns_max {
        return whole;
    }
    fitting(whole.chars(), columns_max.saturating_sub(1)).into_iter().chain(['…']).collect()
}

/// Long values keep both ends: what tells two names apart is as often the tail as the head.
pub(super) fn squeezed(text: &str, columns_max: usize) -> String {
    let whole = escape::shown(text);
    if columns(&whole) <= columns_max {
        return whole;
    }
    let head = fitting(whole.chars(), columns_max / 2);
    let tail = fitting(whole.chars().rev(), columns_max - columns_max / 2 - 1);
    head.into_iter().chain(['…']).chain(tail.into_iter().rev()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hangul_takes_two_columns() {
        assert_eq!([columns("ab1"), columns("정보주체"), columns("외 104개")], [3, 8, 8]);
        assert_eq!(
            [cut("정보주체", 8), cut("정보주체", 7), cut("member", 4)],
            ["정보주체", "정보주…", "mem…"]
        );
        assert_eq!(squeezed("/members/{id}/addresses", 19), "/members/…addresses");
        assert_eq!(squeezed("주식회사가람유통배송지", 11), "주식…송지");
    }
}
