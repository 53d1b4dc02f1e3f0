//! Whether the logs can tell how many people it was, and the reason in words.
//!
//! Decisive choice: a reason names each gap once, however often it was: a sentence is read, and the gaps stand beside it one by one.

use crate::bounds::{Bounded, SILENCES};
use crate::gaps::COUNTED;
use std::collections::{BTreeMap, BTreeSet};
use weir_model::case::{Beyond, Bounds, Determinable, Gap};
use weir_model::words::count;

/// The most gaps that a sentence names.
const NAMED_MAX: usize = 4;
/// The most that it says would tell.
const WANTED_MAX: usize = 3;
/// How a reason ends that names what would tell.
const WOULD_TELL: &str = "would tell";

/// Whether so many are all, given what the logs may have hidden, also `far` from the time in which the hand was seen, and why.
pub(crate) fn judge(
    Bounded { bounds: Bounds { lower, upper }, beyond, named: any_named }: &Bounded,
    gaps: &[Gap],
    far: &[&Gap],
) -> (Determinable, String) {
    let (lower, upper) = (*lower, *upper);
    let names = named(gaps.iter());
    match (lower, upper) {
        (_, Some(upper)) if upper == lower && !far.is_empty() => (
            Determinable::Partly,
            format!(
                "{} people while it was seen at work; whether it was at work in what is far from that time is not known: {}",
                count(lower),
                named(far.iter().copied())
            ),
        ),
        (_, Some(upper)) if upper == lower => (
            Determinable::Yes,
            "each record that shows data names whose it is, and no sensor that shows such data is known to have been silent meanwhile".to_owned(),
        ),
        (0, None) => (
            Determinable::No,
            format!("the logs would not show it: {names}; what would tell: {}", wanted(gaps)),
        ),
        (_, None) => (
            Determinable::Partly,
            format!("{}, but more could lie in: {names}", shown(lower, *any_named)),
        ),
        (_, Some(upper)) => {
            let silences = if names.is_empty() { String::new() } else { format!(" ({names})") };
            let each = beyond.iter().map(|Beyond { what, people }| {
                let names = if what == SILENCES { silences.as_str() } else { "" };
                format!("{} for {what}{names}", count(*people))
            });
            let reason = format!(
                "{}; at most {} more {} possible: {}",
                shown(lower, *any_named),
                count(upper.saturating_sub(lower)),
                if upper.saturating_sub(lower) == 1 { "is" } else { "are" },
                each.collect::<Vec<_>>().join("; ")
            );
            (Determinable::Partly, reason)
        }
    }
}

/// How many people records show, whether or not they name any.
fn shown(lower: u64, named: bool) -> String {
    match lower {
        0 => "nobody is named by records".to_owned(),
        1 if !named => "what is shown is one person's at least, and nobody is named by records".to_owned(),
        1 => "1 person is named by records".to_owned(),
        _ => format!("{} people are named by records", count(lower)),
    }
}

/// What gaps are called, each once.
fn named<'g>(gaps: impl Iterator<Item = &'g Gap> + Clone) -> String {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    gaps.clone().for_each(|gap| *times.entry(&gap.what).or_default() += 1);
    let mut seen = BTreeSet::new();
    let first = gaps.map(|gap| gap.what.as_str()).filter(|what| seen.insert(*what));
    let name = |what: &str| match times.get(what) {
        Some(n) if *n > 1 => format!("{what} ({n} times)"),
        _ => what.to_owned(),
    };
    listed(first.map(name).collect())
}

/// What would be needed, each once however many records and resources it is of, and what names a log before what only says why.
fn wanted(gaps: &[Gap]) -> String {
    let mut seen = BTreeSet::new();
    let reasons = gaps.iter().map(|gap| match gap.reason.rsplit_once(" (") {
        Some((reason, counts)) if counts.ends_with(COUNTED) => reason,
        _ => gap.reason.as_str(),
    });
    let mut reasons: Vec<&str> = reasons.filter(|reason| seen.insert(*reason)).collect();
    reasons.sort_by_key(|reason| !reason.ends_with(WOULD_TELL));
    let more = format!("and {} more", reasons.len().saturating_sub(WANTED_MAX));
    if reasons.len() > WANTED_MAX {
        reasons.truncate(WANTED_MAX);
        reasons.push(&more);
    }
    reasons.join("; ")
}

/// Words in a row, of many the first.
fn listed(words: Vec<String>) -> String {
    match words.get(..NAMED_MAX) {
        Some(first) if words.len() > NAMED_MAX => {
            format!("{} and {} more", first.join(", "), words.len() - NAMED_MAX)
        }
        _ => words.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_is_named_once_with_how_often_it_was() {
        let gap = |what: &str| Gap {
            what: what.to_owned(),
            from: None,
            to: None,
            reason: "r".to_owned(),
            records_expected: Some(0.0),
        };
        let judge = |lower, gaps: &[Gap], upper: Option<u64>, far: &[&Gap]| {
            let silences = |upper: u64| Beyond { what: SILENCES.to_owned(), people: upper - lower };
            let beyond = upper.filter(|upper| *upper > lower).map(silences).into_iter().collect();
            super::judge(&Bounded { bounds: Bounds { lower, upper }, beyond, named: true }, gaps, far)
        };
        let (told, reason) = judge(7, &[gap("web"), gap("api"), gap("web"), gap("web")], Some(9), &[]);
        assert_eq!(told, Determinable::Partly);
        assert!(reason.ends_with("a sensor was silent (web (3 times), api)"), "{reason}");
        let silent = gap("web");
        let (told, reason) = judge(7, &[], Some(7), &[&silent]);
        assert_eq!(told, Determinable::Partly);
        assert!(reason.ends_with("is not known: web"), "{reason}");
        assert_eq!(judge(7, &[], Some(7), &[]).0, Determinable::Yes);
        let many: Vec<Gap> = (0..14).map(|n| gap(&format!("s{n:02}"))).collect();
        let (_, reason) = judge(0, &many, None, &[]);
        assert!(
            reason.contains("s02, s03 and 10 more; what would tell: r") && !reason.contains("s04"),
            "{reason}"
        );
        let because = |reason: &str| Gap { reason: reason.to_owned(), ..gap("bucket") };
        let all = [
            "not named (5 records, 1 resources)",
            "not named (82 records, 42 resources)",
            "another log would tell",
        ];
        assert_eq!(wanted(&all.map(because)), "another log would tell; not named");
    }
}
