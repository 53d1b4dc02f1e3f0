//! Zeek's types: time, interval, count, port, addr.
//!
//! Decisive choice: a value that its type cannot have rejects the record. Zeek wrote the log itself, so such a value says that the
//! record is damaged or forged, and the fields beside it are no better.

use super::{Context, Fields};
use crate::instant::instant;
use crate::source::in_range;
use std::borrow::Cow;
use std::net::IpAddr;
use weir_model::{Micros, TimeBasis};

type Read<T> = Result<Option<T>, &'static str>;

/// The record's time.
pub(super) fn time(context: &Context<'_>, fields: &dyn Fields) -> Result<(Micros, TimeBasis), &'static str> {
    let text = fields.get("ts").ok_or("no time")?;
    // The year 5138 in seconds.
    const MILLIS_FROM: i64 = 100_000_000_000;
    let whole = text.parse::<i64>().ok().filter(|n| fields.millis() && *n >= MILLIS_FROM);
    let (at, basis) = match (whole, micros(&text)) {
        (Some(millis), _) => (Micros(millis.saturating_mul(1_000)), TimeBasis::Stated),
        (None, Some(at)) => (Micros(at), TimeBasis::Stated),
        (None, None) if text.contains('-') => instant(&text, context.zone).ok_or("time not understood")?,
        (None, None) => return Err("time not understood"),
    };
    Ok((in_range(at)?, basis))
}

/// Seconds with a fraction, as microseconds.
fn micros(text: &str) -> Option<i64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    let seconds: f64 = plain.then(|| text.parse().ok()).flatten()?;
    #[expect(clippy::cast_possible_truncation, reason = "a cast from f64 saturates; ranges are tested after")]
    seconds.is_finite().then_some((seconds * 1e6).round() as i64)
}

/// An interval in seconds, as microseconds.
pub(super) fn interval(fields: &dyn Fields, name: &str) -> Read<i64> {
    let Some(text) = fields.get(name) else { return Ok(None) };
    micros(&text).filter(|us| (0..i64::MAX).contains(us)).map(Some).ok_or("interval not understood")
}

/// A count.
pub(super) fn count(fields: &dyn Fields, name: &str) -> Read<i64> {
    let Some(text) = fields.get(name) else { return Ok(None) };
    text.parse().ok().filter(|n: &i64| *n >= 0).map(Some).ok_or("count not understood")
}

/// A port.
pub(super) fn port(fields: &dyn Fields, name: &str) -> Read<i32> {
    let Some(text) = fields.get(name) else { return Ok(None) };
    text.parse::<u16>().map(|n| Some(i32::from(n))).map_err(|_| "port out of range")
}

/// An address, which every conn and http record has.
pub(super) fn address<'a>(fields: &'a dyn Fields, name: &str) -> Result<Cow<'a, str>, &'static str> {
    let text = fields.get(name).ok_or("no address")?;
    // A link-local address may name its interface after `%`.
    let plain = text.split('%').next().unwrap_or_default();
    if plain.parse::<IpAddr>().is_ok() && text.len() <= 64 { Ok(text) } else { Err("address not understood") }
}
