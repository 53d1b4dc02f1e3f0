//! The server's time stamps: `2025-03-03 09:15:02.123 KST`.

use crate::source::assumed;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use weir_model::{Micros, TimeBasis};

/// Abbreviations that mean one offset wherever they are used, in minutes. `CST`, `IST` and `BST` do not.
const ZONES: &[(&str, i32)] = &[
    ("UTC", 0),
    ("GMT", 0),
    ("WET", 0),
    ("WEST", 60),
    ("CET", 60),
    ("CEST", 120),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("HKT", 480),
    ("AWST", 480),
    ("KST", 540),
    ("JST", 540),
    ("ACST", 570),
    ("AEST", 600),
    ("ACDT", 630),
    ("AEDT", 660),
    ("NZST", 720),
    ("NZDT", 780),
    ("EST", -300),
    ("EDT", -240),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
];

/// The instant, with how it is known: an abbreviation that means one offset is believed, else `zone` decides, else UTC is assumed.
pub(super) fn instant(text: &str, zone: Option<&TimeZone>) -> Option<(Micros, TimeBasis)> {
    let (stamp, abbreviation) = text.trim_start_matches('\u{feff}').rsplit_once(' ')?;
    let civil: DateTime = stamp.parse().ok()?;
    let known = offset(abbreviation).map(TimeZone::fixed);
    let basis = if known.is_some() { TimeBasis::Stated } else { assumed(zone.is_some()) };
    let at = known.as_ref().or(zone).unwrap_or(&TimeZone::UTC).to_timestamp(civil).ok()?;
    Some((Micros(at.as_microsecond()), basis))
}

fn offset(abbreviation: &str) -> Option<Offset> {
    if let Some((_, minutes)) = ZONES.iter().find(|(name, _)| *name == abbreviation) {
        return Offset::from_seconds(minutes * 60).ok();
    }
    // Zones without letters are written as an offset: `+0530`, `-03`.
    let sign = match abbreviation.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = abbreviation.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = (digits.get(..2)?.parse::<i32>().ok()?, digits.get(2..4).unwrap_or("0"));
    Offset::from_seconds(sign * (hours * 3_600 + minutes.parse::<i32>().ok()? * 60)).ok()
}
