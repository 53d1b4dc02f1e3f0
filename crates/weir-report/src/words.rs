//! Numbers, times, bounds and chances as people read them. English, UTC, thousands separated by commas.
//!
//! Decisive choice: rounding is only ever an addition (`2,210,456,123 bytes (2.2 GB)`), so every number printed can be looked up
//! in `case.json`. "0 people" and "cannot be known" come from different values and never read alike.

pub use weir_model::words::{count, quantity};
use weir_model::{
    Disposition, Micros,
    case::{Bounds, Determinable, Gap, Period, Step},
    disposition::{Act, Cover},
};

/// A measured value: whole numbers with separators, others with up to three decimals, small ones with up to seven.
pub fn number(x: f64) -> String {
    if !x.is_finite() {
        return "not a number".into();
    }
    if x < 0.0 {
        return format!("-{}", number(-x));
    }
    if x >= 1e15 || (x > 0.0 && x < 1e-6) {
        return format!("{x:.2e}");
    }
    let text = if x < 0.001 { format!("{x:.7}") } else { format!("{x:.3}") };
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let whole = count(whole.parse().unwrap_or(0));
    let part = part.trim_end_matches('0');
    if part.is_empty() { whole } else { format!("{whole}.{part}") }
}

/// `1 record`, `2,131 records`, `1.5 records`.
pub fn measured(x: f64, one: &str, many: &str) -> String {
    format!("{} {}", number(x), if x == 1.0 { one } else { many })
}

/// `1.2 M`: for axes of pictures only.
pub fn short(x: f64) -> String {
    let (value, unit) = match x {
        x if x >= 1e9 => (x / 1e9, " G"),
        x if x >= 1e6 => (x / 1e6, " M"),
        x if x >= 1e4 => (x / 1e3, " k"),
        x => (x, ""),
    };
    format!("{}{unit}", number((value * 10.0).round() / 10.0))
}

/// `2,210,456,123 bytes (2.2 GB)`.
pub fn bytes(n: u64) -> String {
    let units = [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let exact = quantity(n, "byte", "bytes");
    match units.iter().find(|(size, _)| n >= *size) {
        Some((size, unit)) => format!("{exact} ({:.1} {unit})", n as f64 / *size as f64),
        None => exact,
    }
}

fn strftime(at: Micros, format: &str) -> String {
    match jiff::Timestamp::from_microsecond(at.0) {
        Ok(stamp) => stamp.strftime(format).to_string(),
        Err(_) => at.to_string(),
    }
}

/// `14 Apr 2025, 03:12:55 UTC`.
pub fn instant(at: Micros) -> String {
    strftime(at, "%-d %b %Y, %H:%M:%S UTC")
}

/// `14 Apr 2025`.
pub fn day(at: Micros) -> String {
    strftime(at, "%-d %b %Y")
}

/// `03:12:55`: for tables that state the day elsewhere.
pub fn clock(at: Micros) -> String {
    strftime(at, "%H:%M:%S")
}

/// What a picture of records shows: `Records a day`.
pub(crate) fn records_by(step: Step) -> &'static str {
    match step {
        Step::Day => "Records a day",
        Step::Hour => "Records an hour",
        Step::TenMinutes => "Records in ten minutes",
    }
}

/// What the picture of all records is called.
pub(crate) fn flow(case: &weir_model::case::Case) -> String {
    format!("{}, and those of each finding’s hand among them", records_by(Step::of(case.period)))
}

/// From first to last; one instant, one day or two ends.
pub fn period(p: Period) -> String {
    if p.first.0 / 1_000_000 == p.last.0 / 1_000_000 {
        instant(p.first)
    } else if p.first.day() == p.last.day() {
        format!("{}, {} to {} UTC", day(p.first), clock(p.first), clock(p.last))
    } else {
        format!("{} to {}", instant(p.first), instant(p.last))
    }
}

/// A period by the clocks of Korea, whose time has been nine hours ahead since 1988: for its readers, beside the same in UTC.
pub fn in_korea(p: Period) -> String {
    const AHEAD_US: i64 = 9 * 3_600_000_000;
    let there = |at: Micros| Micros(at.0.saturating_add(AHEAD_US));
    let told = |at: Micros| format!("{} on {}", clock(there(at)), day(there(at)));
    match p.first.0 / 1_000_000 == p.last.0 / 1_000_000 {
        true => format!("In Korea (KST, UTC+9) that is at {}", told(p.first)),
        false => format!("In Korea (KST, UTC+9) that is from {} to {}", told(p.first), told(p.last)),
    }
}

/// How long: `208 days`, `3 h 12 min`, `42 s`.
pub fn duration(first: Micros, last: Micros) -> String {
    let seconds = u64::try_from(last.0.saturating_sub(first.0)).unwrap_or(0) / 1_000_000;
    match seconds {
        s if s < 60 => format!("{s} s"),
        s if s < 3_600 => format!("{} min", s / 60),
        s if s < 172_800 && s % 3_600 < 60 => format!("{} h", s / 3_600),
        s if s < 172_800 => format!("{} h {} min", s / 3_600, s % 3_600 / 60),
        s => quantity((s + 43_200) / 86_400, "day", "days"),
    }
}

/// How many people: `2,131 people (at least 2,131, at most 2,480)`, `0 people`, `cannot be known`.
pub fn people(bounds: Option<Bounds>) -> String {
    match bounds {
        None => "cannot be known".into(),
        Some(Bounds { lower, upper: Some(upper) }) if upper == lower => quantity(lower, "person", "people"),
        Some(Bounds { lower: 0, upper: Some(upper) }) => {
            format!("at most {}", quantity(upper, "person", "people"))
        }
        Some(Bounds { lower: 0, upper: None }) => "none shown by name; nothing bounds how many".into(),
        Some(Bounds { lower, upper: Some(upper) }) => {
            let people = quantity(lower, "person", "people");
            format!("{people} (at least {}, at most {})", count(lower), count(upper))
        }
        Some(Bounds { lower, upper: None }) => {
            format!("at least {} (no upper bound)", quantity(lower, "person", "people"))
        }
    }
}

/// Whether the logs can tell, in words.
pub fn determinable(d: Determinable) -> &'static str {
    match d {
        Determinable::Yes => "the logs can tell",
        Determinable::Partly => "the logs can tell in part",
        Determinable::No => "the logs cannot tell",
    }
}

/// The chance of luck, in words; `None` is a rule.
pub fn chance(p: Option<f64>) -> String {
    match p {
        None => "a rule, not a statistic: it either holds or it does not".into(),
        Some(p) if !p.is_finite() => "not computed".into(),
        Some(p) if p <= 0.0 => "too small to compute under the model".into(),
        Some(p) if p < 1e-12 => "less than 1 in 1,000,000,000,000 if nothing were wrong".into(),
        Some(p) if p < 0.05 => {
            format!("about 1 in {} if nothing were wrong", count((1.0 / p).round() as u64))
        }
        Some(p) if p < 0.5 => {
            format!("about 1 in {}: luck is a fair explanation", count((1.0 / p).round() as u64))
        }
        Some(_) => "more likely than not to be luck".into(),
    }
}

/// Who said what of a finding: `acknowledged by ann`, `told to be quiet by ann until 1 Apr 2026, 00:00:00 UTC`.
pub fn said(d: &Disposition) -> String {
    let act = match d.act {
        Act::Acknowledge => "acknowledged",
        Act::Suppress => "told to be quiet",
        Act::Annotate => "noted",
        Act::Reopen => "reopened",
        _ => "said of",
    };
    let of = match (d.scope, &d.entity) {
        (Cover::Detector, Some(entity)) => format!(", all that {} says of {entity}", d.detector),
        (Cover::Entity, Some(entity)) => format!(", all that is said of {entity}"),
        _ => String::new(),
    };
    let until = d.until.map(|u| format!(" until {}", instant(u))).unwrap_or_default();
    format!("{act} by {}{until}{of}", d.by)
}

/// The chance of luck against the one at which it fires; `None` where there is no threshold.
pub fn against(p: Option<f64>, threshold: Option<f64>) -> Option<String> {
    let (p, threshold) = p.zip(threshold).filter(|(p, t)| p.is_finite() && *t > 0.0)?;
    let one_in = |p: f64| match p {
        p if p <= 0.0 => "too small to compute".to_owned(),
        p if p < 1e-12 => "less than 1 in 1,000,000,000,000".to_owned(),
        p => format!("1 in {}", count((1.0 / p).round() as u64)),
    };
    let side = if p <= threshold { "" } else { ", so it was raised on other grounds" };
    Some(format!(
        "The chance of luck is {}; the alert budget lets {} or rarer fire{side}",
        one_in(p),
        one_in(threshold)
    ))
}

/// When a gap is, with open ends said.
pub fn gap_span(gap: &Gap) -> String {
    match (gap.from, gap.to) {
        (Some(first), Some(last)) => period(Period { first, last }),
        (Some(from), None) => format!("from {} to the end of the logs", instant(from)),
        (None, Some(to)) => format!("from before the logs begin to {}", instant(to)),
        (None, None) => "the whole period".into(),
    }
}

/// What is said where there were records and none of them is in what was asked for.
pub(crate) fn outside(case: &weir_model::case::Case) -> String {
    match case.aged_out.as_ref().and_then(|gone| gone.to) {
        Some(before) => {
            format!(
                "No record is left in the span asked for: retention deleted those before {}",
                instant(before)
            )
        }
        None => "No record lies in the span asked for".to_owned(),
    }
}

/// A snake-case name as words: `initial_access` reads `Initial access`.
pub fn label(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut chars = words.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => words,
    }
}

/// Data categories as words: `e-mail, name and postal address`.
pub fn categories(names: &[String]) -> String {
    let word = |name: &String| if name == "e_mail" { "e-mail".to_owned() } else { name.replace('_', " ") };
    list(&names.iter().map(word).collect::<Vec<_>>())
}

/// A sentence with its first letter large.
pub fn label_first(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// `a`, `a and b`, `a, b and c`.
pub fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// The honest line under a table that was cut: `first 100 of 10,000; all in findings.jsonl`.
pub fn cut_note(shown: usize, total: usize, all_in: &str) -> Option<String> {
    (shown < total)
        .then(|| format!("first {} of {}; all in {all_in}", count(shown as u64), count(total as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_and_unknown_read_differently() {
        let bounds = |lower, upper| Some(Bounds { lower, upper });
        assert_eq!(people(bounds(0, Some(0))), "0 people");
        assert_eq!(people(None), "cannot be known");
        assert_eq!(people(bounds(2131, Some(2480))), "2,131 people (at least 2,131, at most 2,480)");
        assert_eq!(people(bounds(1, Some(1))), "1 person");
        assert_eq!(people(bounds(7, None)), "at least 7 people (no upper bound)");
    }

    #[test]
    fn numbers_and_times_are_readable() {
        assert_eq!([count(0), count(999), count(1000), count(1234567)].join(" "), "0 999 1,000 1,234,567");
        assert_eq!(
            [number(2131.0), number(0.25), number(-3.5), number(1e18)].join(" "),
            "2,131 0.25 -3.5 1.00e18"
        );
        let at = Micros::parse("2025-04-14T03:12:55.123Z").unwrap();
        assert_eq!(instant(at), "14 Apr 2025, 03:12:55 UTC");
        assert_eq!(duration(at, Micros(at.0 + 208 * weir_model::time::DAY_US)), "208 days");
        assert_eq!(duration(at, Micros(at.0 + 30 * weir_model::time::DAY_US - 1_000_000)), "30 days");
        assert_eq!(bytes(2_210_456_123), "2,210,456,123 bytes (2.2 GB)");
        assert_eq!(instant(Micros(i64::MAX)), "9223372036854775807 us");
    }

    #[test]
    fn chances_read_as_words() {
        assert_eq!(chance(Some(0.0002)), "about 1 in 5,000 if nothing were wrong");
        assert_eq!(chance(Some(1e-40)), "less than 1 in 1,000,000,000,000 if nothing were wrong");
        assert!(chance(None).starts_with("a rule"));
        assert_eq!(
            against(Some(1e-9), Some(0.0002)).unwrap(),
            "The chance of luck is 1 in 1,000,000,000; the alert budget lets 1 in 5,000 or rarer fire"
        );
        assert!(against(Some(0.01), Some(0.0002)).unwrap().ends_with("on other grounds"));
        assert_eq!((against(None, Some(0.1)), against(Some(0.1), None)), (None, None));
    }
}
