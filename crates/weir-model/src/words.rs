//! Numbers as people read them, in whatever is written for people.
//!
//! Decisive choice: detectors, scope and reports write a count in one way, so that a number of a title is found in a table.

/// `2131` as `2,131`.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 file`, `2,131 files`.
#[must_use]
pub fn quantity(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// A whole number that was measured, as [`count`] writes it; below zero, and what is no number, as 0.
#[must_use]
pub fn whole(x: f64) -> String {
    count(x.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([count(0), count(999), count(2_053), count(1_234_567)].join(" "), "0 999 2,053 1,234,567");
        assert_eq!([whole(2_053.0), whole(f64::NAN), whole(-1.0)].join(" "), "2,053 0 0");
    }
}
