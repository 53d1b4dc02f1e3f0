//! Instants and spans. Every instant in Weir is UTC microseconds since the Unix epoch, taken from the event, never from a clock.

use crate::ModelError;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Microseconds in a day.
pub const DAY_US: i64 = 86_400_000_000;
/// Months as logs and reports write them in English.
pub const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// An instant: UTC microseconds since 1970-01-01. Shown and serialised as RFC 3339 with a `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Micros(pub i64);

impl Micros {
    /// Days since 1970-01-01 of the UTC day this instant falls in (Arrow's `Date32`).
    pub fn day(self) -> i32 {
        i32::try_from(self.0.div_euclid(DAY_US)).unwrap_or(if self.0 < 0 { i32::MIN } else { i32::MAX })
    }

    /// First instant of a UTC day.
    pub fn of_day(day: i32) -> Self {
        Self(i64::from(day).saturating_mul(DAY_US))
    }

    /// Reads RFC 3339 (`2023-07-10T12:00:00Z`), or a date (`2023-07-10`, its first instant in UTC); and whatever [`Micros`] is shown as.
    pub fn parse(input: &str) -> Result<Self, ModelError> {
        let wrong = || ModelError::Time { input: input.to_owned() };
        // As an instant beyond the years that have four digits is shown.
        if let Some(beyond) = input.strip_suffix(" us").and_then(|digits| digits.parse().ok()) {
            return Ok(Self(beyond));
        }
        if let Ok(at) = input.parse::<jiff::Timestamp>() {
            return Ok(Self(at.as_microsecond()));
        }
        // Not by way of a timestamp: those end on the last day of 9999 and begin after the first of -9999.
        let instant = input.strip_suffix(['Z', 'z']).filter(|text| text.contains(['T', 't']));
        let (date, within) = match instant.map(str::parse::<jiff::civil::DateTime>) {
            Some(Ok(at)) => (at.date(), at.time()),
            // A time of day without a zone would be cut off: a hold to the end of a day would end at its beginning.
            _ if input.contains([':', 'T', 't', ' ']) => return Err(wrong()),
            _ => (input.parse().map_err(|_| wrong())?, jiff::civil::Time::midnight()),
        };
        let days = jiff::civil::date(1970, 1, 1).until((jiff::Unit::Day, date)).map_err(|_| wrong())?;
        let seconds =
            (i64::from(within.hour()) * 60 + i64::from(within.minute())) * 60 + i64::from(within.second());
        let within = seconds * 1_000_000 + i64::from(within.subsec_nanosecond()) / 1_000;
        Ok(Self(Self::of_day(days.get_days()).0.saturating_add(within)))
    }
}

/// An instant as it is shown, in the bytes that it has in four-digit years: what is quick where there are millions.
#[derive(Clone, Copy, Debug)]
pub struct Rfc3339 {
    bytes: [u8; 27],
    len: usize,
    at: Micros,
}

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bytes.get(..self.len).map(std::str::from_utf8) {
            Some(Ok(text)) if self.len > 0 => f.write_str(text),
            _ => self.at.fmt(f),
        }
    }
}

impl Micros {
    /// The same as its `Display`, several times as fast.
    #[must_use]
    pub fn rfc3339(self) -> Rfc3339 {
        let mut shown = Rfc3339 { bytes: *b"0000-00-00T00:00:00.000000Z", len: 0, at: self };
        let Some((year, month, day)) = civil(self.day()) else { return shown };
        let within = self.0.rem_euclid(DAY_US);
        let (second, mut fraction) = (within / 1_000_000, within % 1_000_000);
        let mut put = |at: usize, digits: usize, mut value: i64| {
            for place in (at..at + digits).rev() {
                if let Some(byte) = shown.bytes.get_mut(place) {
                    *byte = b'0' + (value % 10) as u8;
                }
                value /= 10;
            }
        };
        put(0, 4, year);
        put(5, 2, month);
        put(8, 2, day);
        put(11, 2, second / 3600);
        put(14, 2, second / 60 % 60);
        put(17, 2, second % 60);
        // As few digits as say it.
        let mut digits = 6;
        while digits > 0 && fraction % 10 == 0 {
            fraction /= 10;
            digits -= 1;
        }
        put(20, digits, fraction);
        shown.len = if digits == 0 { 20 } else { 21 + digits };
        if let Some(byte) = shown.bytes.get_mut(shown.len - 1) {
            *byte = b'Z';
        }
        shown
    }
}

/// Year, month and day of a day since 1970-01-01; `None` outside of the years 0 to 9999. By Howard Hinnant's `civil_from_days`.
fn civil(day: i32) -> Option<(i64, i64, i64)> {
    // Days since the first of March of year 0, in which leap days end a year.
    let since = i64::from(day) + 719_468;
    let (era, of_era) = (since.div_euclid(146_097), since.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = year_of_era + era * 400 + later;
    (0..=9999).contains(&year).then_some((year, month, day))
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(at) => write!(f, "{at}"),
            // The library's last instant lies a day before the last that has four digits of year.
            Err(_) => match self.rfc3339() {
                shown if shown.len > 0 => shown.fmt(f),
                _ => write!(f, "{} us", self.0),
            },
        }
    }
}

impl Serialize for Micros {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Micros {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Micros {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Micros".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// How sure a record's instant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum TimeBasis {
    /// The log states date, time and offset.
    #[default]
    Stated,
    /// The log states no offset; the sensor's configured zone, else UTC, was applied.
    ZoneAssumed,
    /// The log states no year (RFC 3164); it was inferred from the file's order and neighbouring evidence.
    YearInferred,
}

impl TimeBasis {
    /// The word stored in the lake.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::ZoneAssumed => "zone_assumed",
            Self::YearInferred => "year_inferred",
        }
    }
}

/// A half-open span of event time; either end may be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    /// First instant inside, if bounded.
    pub since: Option<Micros>,
    /// First instant no longer inside, if bounded.
    pub until: Option<Micros>,
}

/// The instants that a query can compare with: 64 bits of nanoseconds since 1970, to the day.
const COMPARABLE: (Micros, Micros) = (Micros(-106_750 * DAY_US), Micros(106_750 * DAY_US));

impl Span {
    /// The same span with ends that a query can compare with (years 1677 to 2262). What lies farther bounds nothing, or leaves nothing.
    #[must_use]
    pub fn comparable(self) -> Self {
        let (least, greatest) = COMPARABLE;
        Self {
            since: self.since.filter(|since| *since > least).map(|since| since.min(greatest)),
            until: self.until.filter(|until| *until < greatest).map(|until| until.max(least)),
        }
    }

    /// Whether an instant lies in the span.
    pub fn contains(&self, at: Micros) -> bool {
        self.since.is_none_or(|s| at >= s) && self.until.is_none_or(|u| at < u)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_form_of_an_instant_is_the_form_shown() {
        let mut seed = 7_u64;
        for i in 0..200_000_i64 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let wide = (seed >> 1).cast_signed() % 253_402_300_800_000_000;
            for at in
                [wide, -wide, wide / 1_000_000 * 1_000_000, wide / 1000 * 1000, i * DAY_US, -i * DAY_US - 1]
            {
                assert_eq!(Micros(at).rfc3339().to_string(), Micros(at).to_string(), "{at}");
            }
        }
        for at in [i64::MIN, i64::MAX, 0, -1, 253_402_207_200_000_000] {
            assert_eq!(Micros(at).rfc3339().to_string(), Micros(at).to_string(), "{at}");
        }
    }

    #[test]
    fn an_end_of_time_bounds_nothing() {
        let span = |since: &str, until: &str| {
            let at = |text: &str| Some(Micros::parse(text).unwrap());
            Span { since: at(since), until: at(until) }.comparable()
        };
        assert_eq!(span("0001-01-01", "9999-12-31"), Span::default());
        assert_eq!(span("1600-01-01", "2263-01-01"), Span::default());
        let usual = span("2025-01-01", "2026-01-01");
        assert_eq!(
            (usual.since, usual.until),
            (Micros::parse("2025-01-01").ok(), Micros::parse("2026-01-01").ok())
        );
        let at = Micros::parse("2025-01-01").unwrap();
        assert!(
            !span("2263-01-01", "9999-12-31").contains(at) && !span("0001-01-01", "1600-01-01").contains(at)
        );
    }

    #[test]
    fn whatever_is_written_is_read_again() {
        let last = Micros::parse("9999-12-31T23:59:59.000001Z").unwrap();
        assert_eq!(last.to_string(), "9999-12-31T23:59:59.000001Z");
        assert_eq!(Micros::parse("9999-12-31").unwrap().to_string(), "9999-12-31T00:00:00Z");
        assert_eq!(last.0 + 999_999, Micros::parse("9999-12-31").unwrap().0 + DAY_US);
        assert!(Micros::parse("2026-03-01T08:00:61Z").is_err() && Micros::parse("2026-03-01Z").is_err());
        for at in [i64::MIN, -1, 0, 253_402_300_800_000_000, i64::MAX].map(Micros) {
            let text = serde_json::to_string(&at).unwrap();
            assert_eq!(serde_json::from_str::<Micros>(&text).unwrap(), at, "{text}");
        }
    }
}
