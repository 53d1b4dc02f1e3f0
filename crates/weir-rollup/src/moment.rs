//! When in its day a row's first and last event were.
//!
//! Decisive choice: the day stands beside them, so it is left out, and of a log that counts seconds so are the microseconds: three bytes of five,
//! of which no compressor makes anything. The type of the columns stays that of an instant, in the first days of 1970.

use weir_model::time::DAY_US;

/// Seconds of a day: smaller numbers are whole seconds, larger ones microseconds and so many more.
pub const DAY_SECONDS: i64 = 86_400;
/// The end of what is counted within a day; what lies beyond, and what is negative, are instants.
pub const DAY_END: i64 = DAY_US + DAY_SECONDS;
/// Microseconds of a second.
pub const SECOND_US: i64 = 1_000_000;

/// An instant of a day, as it is stored.
pub(crate) fn stored(instant: i64, day: i32) -> i64 {
    let within = instant.wrapping_sub(i64::from(day) * DAY_US);
    match within {
        0..DAY_US if within % SECOND_US == 0 => within / SECOND_US,
        0..DAY_US => within + DAY_SECONDS,
        _ => instant,
    }
}

/// The instant that is stored for a row of a day. An instant in full, as queries show it, is itself.
pub(crate) fn instant(stored: i64, day: i32) -> i64 {
    let begin = i64::from(day) * DAY_US;
    match stored {
        0..DAY_SECONDS => begin + stored * SECOND_US,
        DAY_SECONDS..DAY_END => begin + stored - DAY_SECONDS,
        _ => stored,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_instant_is_read_as_it_was(day in -100_000_i32..100_000, within in 0..DAY_US, whole in any::<bool>()) {
            let within = if whole { within - within % SECOND_US } else { within };
            let at = i64::from(day) * DAY_US + within;
            let kept = stored(at, day);
            prop_assert!((0..DAY_END).contains(&kept));
            prop_assert_eq!(kept < DAY_SECONDS, within % SECOND_US == 0);
            prop_assert_eq!(instant(kept, day), at);
            if !(0..=1).contains(&day) {
                prop_assert_eq!(instant(at, day), at, "read again, it is itself");
            }
        }
    }

    #[test]
    fn what_lies_in_no_day_is_left() {
        for at in [i64::MIN, i64::MAX, -1] {
            assert_eq!(instant(stored(at, 20_000), 20_000), at);
        }
    }
}
