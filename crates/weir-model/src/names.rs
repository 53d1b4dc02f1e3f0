//! What is kept of a name.
//!
//! Decisive choice: whoever writes to a log can write a name of a megabyte on every line, and what compares names holds them: so of one that no login, client or id is as
//! long as, the beginning is kept with its length and its hash, which tell it from every other. The whole stands in the log, where the record is cited.

use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt::Write;

/// Longest name that is kept whole, in bytes.
pub const NAME_BYTES_MAX: usize = 4 << 10;
/// Of a longer one, the bytes that are kept.
const BEGINNING_BYTES: usize = 1 << 10;

/// A name as a record keeps it: a longer one is `its beginning…(1048576 bytes, sha256 0123456789abcdef)`.
#[must_use]
pub fn kept(name: &str) -> Cow<'_, str> {
    if name.len() <= NAME_BYTES_MAX {
        return Cow::Borrowed(name);
    }
    let beginning = name.get(..name.floor_char_boundary(BEGINNING_BYTES)).unwrap_or_default();
    let mut text = format!("{beginning}…({} bytes, sha256 ", name.len());
    for byte in Sha256::digest(name.as_bytes()).iter().take(8) {
        let _ = write!(text, "{byte:02x}");
    }
    text.push(')');
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_told_apart_by_what_is_not_kept() {
        let long = |end: &str| "é".repeat(NAME_BYTES_MAX) + end;
        assert_eq!(kept("ann"), "ann");
        assert_ne!(kept(&long("a")), kept(&long("b")));
        assert!(kept(&long("a")).contains("é…(8193 bytes, sha256 "), "{}", kept(&long("a")));
    }
}
