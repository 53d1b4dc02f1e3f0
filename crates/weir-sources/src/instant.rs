//! Instants as JSON logs write them.
//!
//! Decisive choice: a form is accepted only when it can be read in one way; a day before its month (`03/04/2024`) is refused.

use crate::source::assumed;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use weir_model::{Micros, TimeBasis};

/// Forms that AWS and Java write: `Jul 10, 2023 1:20:53 PM`, `Jul 10, 2023, 1:20:53 PM`.
const WORDED: [&str; 2] = ["%b %d, %Y %I:%M:%S %p", "%b %d, %Y, %I:%M:%S %p"];

/// Reads an instant: RFC 3339, a date and time without offset (in `zone`, else UTC), seconds, milli-, micro- or nanoseconds since
/// the epoch, or AWS's worded form.
pub fn instant(text: &str, zone: Option<&TimeZone>) -> Option<(Micros, TimeBasis)> {
    let text = text.trim();
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some((Micros(at.as_microsecond()), TimeBasis::Stated));
    }
    if let Ok(number) = text.parse::<f64>() {
        return epoch(text, number).map(|at| (at, TimeBasis::Stated));
    }
    if let Some(at) = short_offset(text) {
        return Some((at, TimeBasis::Stated));
    }
    let civil = text.parse::<DateTime>().ok().or_else(|| {
        let plain = text.replace(['\u{202f}', '\u{a0}'], " ");
        WORDED.iter().find_map(|form| DateTime::strptime(form, &plain).ok())
    })?;
    let at = zone.unwrap_or(&TimeZone::UTC).to_timestamp(civil).ok()?;
    Some((Micros(at.as_microsecond()), assumed(zone.is_some())))
}

/// `2024-01-01T00:00:00+0000`: RFC 3339 but for the colon.
fn short_offset(text: &str) -> Option<Micros> {
    let zoned = jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()?;
    Some(Micros(zoned.as_microsecond()))
}

/// Seconds since the epoch reach 10^11 in the year 5138; larger numbers are of smaller units.
fn epoch(text: &str, number: f64) -> Option<Micros> {
    let scale = match number.abs() {
        n if n < 1e11 => 1_000_000.0,
        n if n < 1e14 => 1_000.0,
        n if n < 1e17 => 1.0,
        n if n < 9e18 => 0.001,
        _ => return None,
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is tested, fractions of a microsecond are dropped"
    )]
    let micros = match text.parse::<i64>() {
        Ok(whole) if scale >= 1.0 => whole.checked_mul(scale as i64)?,
        Ok(whole) => whole / 1_000,
        Err(_) => match seconds_with_fraction(text) {
            Some(exact) if scale > 1_000.0 => exact,
            _ => (number * scale).round() as i64,
        },
    };
    jiff::Timestamp::from_microsecond(micros).ok().map(|at| Micros(at.as_microsecond()))
}

/// `1646861401.5241024` in microseconds: a float of this size is off by half of one.
fn seconds_with_fraction(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.')?;
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let micros =
        fraction.bytes().chain(std::iter::repeat(b'0')).take(6).fold(0, |n, b| n * 10 + i64::from(b - b'0'));
    whole.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_the_same_instant() {
        for text in [
            "2023-07-10T13:20:53Z",
            "2023-07-10T15:20:53+02:00",
            "2023-07-10T13:20:53.000+0000",
            "1688995253",
            "1688995253000",
            "1688995253000000",
            "1688995253000000000",
            "1688995253.0",
        ] {
            let (at, basis) = instant(text, None).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (at.to_string().as_str(), basis),
                ("2023-07-10T13:20:53Z", TimeBasis::Stated),
                "{text}"
            );
        }
        for text in [
            "2023-07-10 13:20:53.000",
            "2023-07-10T13:20:53",
            "Jul 10, 2023 1:20:53 PM",
            "Jul 10, 2023, 1:20:53\u{202f}PM",
        ] {
            let (at, basis) = instant(text, None).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (at.to_string().as_str(), basis),
                ("2023-07-10T13:20:53Z", TimeBasis::ZoneAssumed),
                "{text}"
            );
        }
    }

    #[test]
    fn a_configured_zone_applies_to_stamps_without_offset_only() {
        let seoul = TimeZone::get("+09:00").ok().or_else(|| Some(TimeZone::fixed(jiff::tz::offset(9))));
        let read = |text| instant(text, seoul.as_ref()).map(|(at, basis)| (at.to_string(), basis));
        assert_eq!(read("2023-07-10 13:20:53"), Some(("2023-07-10T04:20:53Z".to_owned(), TimeBasis::Stated)));
        assert_eq!(
            read("2023-07-10T13:20:53Z"),
            Some(("2023-07-10T13:20:53Z".to_owned(), TimeBasis::Stated))
        );
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for text in [
            "",
            "redacted",
            "NaN",
            "inf",
            "1e40",
            "-1e18e",
            "03/04/2024",
            "2023-13-40T00:00:00Z",
            "99999999999999999999",
        ] {
            assert_eq!(instant(text, None), None, "{text}");
        }
    }
}
