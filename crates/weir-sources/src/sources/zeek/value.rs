//! Zeek's types: time, interval, count, port, addr.
//!
//! Decisive choice: a value that its type cannot have rejects the record. Zeek wrote the log itself, so such a value says that the
//! record is damaged or forged, and the fields beside it are no better.

use super::{Context, Field, Fields};
use crate::instant::instant;
use crate::source::in_range;
use std::borrow::Cow;
use std::net::IpAddr;
use weir_model::{Micros, TimeBasis};

type Read<T> = Result<Option<T>, &'static str>;

/// The record's time.
pub(super) fn time(context: &Context<'_>, fields: &impl Fields) -> Result<(Micros, TimeBasis), &'static str> {
    let text = fields.get(Field::Ts).ok_or("no time")?;
    // The year 5138 in seconds.
    const MILLIS_FROM: i64 = 100_000_000_000;
    let millis = || text.parse().ok().filter(|n: &i64| fields.millis() && *n >= MILLIS_FROM);
    let stated = decimal(&text).or_else(|| Some(millis()?.saturating_mul(1_000))).or_else(|| float(&text));
    let (at, basis) = match stated {
        Some(at) => (Micros(at), TimeBasis::Stated),
        None if text.contains('-') => instant(&text, context.zone).ok_or("time not understood")?,
        None => return Err("time not understood"),
    };
    Ok((in_range(at)?, basis))
}

/// Seconds with a fraction, as microseconds.
fn micros(text: &str) -> Option<i64> {
    decimal(text).or_else(|| float(text))
}

/// The same as [`float`], of what Zeek writes: digits, and at most six after a point. From 2^31 seconds on, a float is not exact to the
/// microsecond.
fn decimal(text: &str) -> Option<i64> {
    let point = text.bytes().position(|byte| byte == b'.').unwrap_or(text.len());
    let (whole, fraction) = (text.get(..point)?, text.get(point + 1..).unwrap_or_default());
    if whole.is_empty() || whole.len() > 10 {
        return None;
    }
    let scale = [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1].get(fraction.len())?;
    let number = |digits: &str| {
        let mut digits = digits.bytes();
        digits.try_fold(0, |n, digit| digit.is_ascii_digit().then(|| n * 10 + i64::from(digit - b'0')))
    };
    let (whole, fraction) = (number(whole)?, number(fraction)?);
    (whole < 1 << 31).then_some(whole * 1_000_000 + fraction * scale)
}

fn float(text: &str) -> Option<i64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    let seconds: f64 = plain.then(|| text.parse().ok()).flatten()?;
    #[expect(clippy::cast_possible_truncation, reason = "a cast from f64 saturates; ranges are tested after")]
    seconds.is_finite().then_some((seconds * 1e6).round() as i64)
}

/// An interval in seconds, as microseconds.
pub(super) fn interval(fields: &impl Fields, field: Field) -> Read<i64> {
    let Some(text) = fields.get(field) else { return Ok(None) };
    micros(&text).filter(|us| (0..i64::MAX).contains(us)).map(Some).ok_or("interval not understood")
}

/// A count.
pub(super) fn count(fields: &impl Fields, field: Field) -> Read<i64> {
    let Some(text) = fields.get(field) else { return Ok(None) };
    text.parse().ok().filter(|n: &i64| *n >= 0).map(Some).ok_or("count not understood")
}

/// A port.
pub(super) fn port(fields: &impl Fields, field: Field) -> Read<i32> {
    let Some(text) = fields.get(field) else { return Ok(None) };
    text.parse::<u16>().map(|n| Some(i32::from(n))).map_err(|_| "port out of range")
}

/// An address, which every conn and http record has.
pub(super) fn address<'a>(fields: &'a impl Fields, field: Field) -> Result<Cow<'a, str>, &'static str> {
    let text = fields.get(field).ok_or("no address")?;
    let is_address = |text: &str| text.parse::<IpAddr>().is_ok();
    // A link-local address may name its interface after `%`.
    let is_local = || text.split_once('%').is_some_and(|(plain, _)| is_address(plain));
    if text.len() <= 64 && (is_address(&text) || is_local()) {
        Ok(text)
    } else {
        Err("address not understood")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn seconds_are_the_same_without_floats(text in "[0-9]{0,11}(\\.[0-9]{0,7})?|[-+]?[0-9]{1,10}(\\.[0-9e]{1,6})?") {
            if let Some(micros) = decimal(&text) {
                prop_assert_eq!(Some(micros), float(&text), "{}", text);
            }
        }
    }
}
