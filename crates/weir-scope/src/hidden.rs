//! How many people the silences of sensors could hide from a hand's count.
//!
//! Decisive choice: a silence may hide as much as the hand ever did in as long a time that was seen, with what such a count varies by luck, and no less
//! than its share of the records that the sensor's rhythm would have brought: who reads people's data by night is hidden by a silence at night. Silences of several sensors at one time are one. A sensor that has
//! never shown anybody's data hides nobody.

use crate::shown::{SLOT_US, Sum};
use std::collections::{BTreeMap, BTreeSet};
use weir_model::Micros;
use weir_model::case::{Coverage, Gap, Period};
use weir_model::time::DAY_US;

/// Standard deviations of a count of independent events that are allowed for: nobody works as evenly as that.
const LUCK: f64 = 4.0;

/// Silences of the sensors that a hand was seen by around the time in which it was seen: as far away as its own longest pause, a day at least. A
/// silence of others counts where those delivered next to nothing in it (`dead`): a sensor with few records has no silences that its rhythm would tell.
pub(crate) fn around<'a>(
    coverage: &'a [Coverage],
    by: &'a BTreeSet<String>,
    dead: impl Fn(&Gap) -> bool + 'a,
    slots: &'a BTreeMap<i64, u64>,
    seen: Period,
) -> impl Iterator<Item = Gap> + 'a {
    let of = move |c: &'a Coverage| c.gaps.iter().map(move |gap| (by.contains(&c.sensor), gap));
    let told = coverage
        .iter()
        .flat_map(of)
        .filter(move |(own, gap)| reaches(gap, slots, seen) && (*own || dead(gap)));
    told.map(|(_, gap)| gap.clone())
}

/// Whether a gap lies where a hand may have been at work.
pub(crate) fn reaches(gap: &Gap, slots: &BTreeMap<i64, u64>, seen: Period) -> bool {
    let reach = reach(slots);
    let (first, last) = (seen.first.0.saturating_sub(reach), seen.last.0.saturating_add(reach));
    gap.from.is_none_or(|f| f.0 <= last) && gap.to.is_none_or(|t| t.0 >= first)
}

/// How far from the time in which a hand was seen it may have been at work: as long as its own longest pause, a day at least.
fn reach(slots: &BTreeMap<i64, u64>) -> i64 {
    let pauses = slots.keys().zip(slots.keys().skip(1)).map(|(a, b)| (b - a).saturating_mul(SLOT_US));
    pauses.max().unwrap_or(0).max(DAY_US)
}

/// How many people unseen records could show; `None` when nothing bounds it.
pub(crate) fn hidden(sum: &Sum, gaps: &[Gap], coverage: &[Coverage]) -> Option<u64> {
    if gaps.iter().any(|g| g.records_expected.is_none()) {
        return None;
    }
    let whole = Period {
        first: coverage.iter().map(|c| c.period.first).min().unwrap_or_default(),
        last: coverage.iter().map(|c| c.period.last).max().unwrap_or_default(),
    };
    let share = share(sum, coverage);
    let mut silences: Vec<(Micros, Micros, f64)> = gaps
        .iter()
        .map(|g| {
            let expected = g.records_expected.unwrap_or(0.0);
            (g.from.unwrap_or(whole.first), g.to.unwrap_or(whole.last), expected * share)
        })
        .collect();
    silences.sort_by_key(|(from, to, _)| (*from, *to));
    let mut apart: Vec<(Micros, Micros, f64)> = Vec::new();
    for (from, to, expected) in silences {
        match apart.last_mut().filter(|(_, until, _)| from <= *until) {
            Some((_, until, more)) => (*until, *more) = (to.max(*until), *more + expected),
            None => apart.push((from, to, expected)),
        }
    }
    let seen = seen(&sum.slots, &apart);
    let each = apart.iter().map(|(from, to, expected)| {
        let idle =
            sum.period.map_or(0, |hand| (hand.first.0 - to.0).max(from.0 - hand.last.0).max(0) / SLOT_US);
        let most = most(&seen, to.0.saturating_sub(from.0), idle) as f64;
        (most + LUCK * most.sqrt()).max(*expected).ceil() as u64
    });
    Some(each.fold(0, u64::saturating_add))
}

/// When the hand showed people, as if pauses that it made in a silence had not been: what is seen beside them was done in less time than it seems.
fn seen(slots: &BTreeMap<i64, u64>, silences: &[(Micros, Micros, f64)]) -> BTreeMap<i64, u64> {
    let slot = |at: &Micros| at.0.div_euclid(SLOT_US);
    let (mut seen, mut gone, mut last) = (BTreeMap::new(), 0, None);
    for (at, n) in slots {
        if let Some(last) = last {
            let silent =
                silences.iter().map(|(from, to, _)| (slot(to).min(*at) - slot(from).max(last + 1)).max(0));
            gone += silent.sum::<i64>();
        }
        last = Some(*at);
        *seen.entry(at - gone).or_default() += n;
    }
    seen
}

/// The hand's share of the records around it; all of them where nothing tells.
fn share(sum: &Sum, coverage: &[Coverage]) -> f64 {
    let Some(Period { first, last }) = sum.period else { return 0.0 };
    let day = |at: Micros| at.to_string().get(..10).unwrap_or_default().to_owned();
    let days = day(first)..=day(last);
    let around: u64 =
        coverage.iter().flat_map(|c| &c.days).filter(|(d, _)| days.contains(*d)).map(|(_, n)| n).sum();
    if around == 0 { 1.0 } else { (sum.records as f64 / around as f64).min(1.0) }
}

/// The most people that were shown in any time so long, in proportion where all of it, with the slots in which the hand was idle around, is shorter.
fn most(slots: &BTreeMap<i64, u64>, long: i64, idle: i64) -> u64 {
    let (Some(first), Some(last)) = (slots.keys().next(), slots.keys().next_back()) else { return 0 };
    // One more, since a silence begins within a slot.
    let window = long / SLOT_US + 2;
    let spanned = last - first + 1 + idle;
    let all: u64 = slots.values().fold(0, |all, n| all.saturating_add(*n));
    if window > spanned {
        return (all as f64 * window as f64 / spanned as f64).ceil() as u64;
    }
    let (mut most, mut held) = (0, 0_u64);
    let mut leaving = slots.iter().peekable();
    for (slot, n) in slots {
        held = held.saturating_add(*n);
        while let Some((_, gone)) = leaving.next_if(|(old, _)| **old <= slot - window) {
            held = held.saturating_sub(*gone);
        }
        most = most.max(held);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn sum(slots: &[(i64, u64)]) -> Sum {
        let (first, last) = (slots[0].0, slots[slots.len() - 1].0);
        Sum {
            records: slots.iter().map(|(_, n)| n).sum(),
            period: Some(Period { first: Micros(first * SLOT_US), last: Micros(last * SLOT_US) }),
            slots: slots.iter().copied().collect(),
            ..Sum::default()
        }
    }

    fn gap(from: i64, to: i64, records_expected: Option<f64>) -> Gap {
        let (from, to) = (Some(Micros(from)), Some(Micros(to)));
        Gap { what: "web".to_owned(), from, to, reason: String::new(), records_expected }
    }

    fn coverage(sensor: &str) -> Coverage {
        Coverage {
            sensor: sensor.to_owned(),
            source: String::new(),
            period: Period { first: Micros(0), last: Micros(90 * DAY_US) },
            days: BTreeMap::new(),
            gaps: [20, 28, 36].map(|day| gap(day * DAY_US, day * DAY_US + HOUR, Some(1.0))).to_vec(),
        }
    }

    #[test]
    fn a_silence_hides_as_much_as_was_ever_done_in_as_long_a_time() {
        // Ten people in each ten minutes of one hour, and one an hour otherwise.
        let slots: Vec<(i64, u64)> =
            (0..48).map(|hour| (hour * 6, 1)).chain((61..66).map(|s| (s, 10))).collect();
        let mut slots = slots;
        slots.sort_unstable();
        let sum = sum(&slots);
        let of = |gaps: &[Gap]| hidden(&sum, gaps, &[]);
        assert_eq!(of(&[]), Some(0));
        assert_eq!(
            of(&[gap(HOUR, 2 * HOUR, Some(0.0))]),
            Some(52 + 29),
            "and four standard deviations of 52"
        );
        let one = of(&[gap(HOUR, 2 * HOUR, Some(0.0))]);
        let overlapping = [gap(HOUR, 2 * HOUR, Some(0.0)), gap(HOUR, 2 * HOUR, Some(0.0))];
        assert_eq!(of(&overlapping), one, "two sensors that were silent at one time");
        assert_eq!(
            of(&[gap(HOUR, 2 * HOUR, Some(500.0))]),
            Some(500),
            "no record around says what its share was"
        );
        assert_eq!(of(&[gap(HOUR, 2 * HOUR, None)]), None);
        // Ten an hour for four days, of which the middle two are silent: as much is hidden as is seen.
        let halves = (0..24).chain(72..96).map(|hour| (hour * 6, 10));
        let halves = self::sum(&halves.collect::<Vec<_>>());
        let hidden_in = |from, to| hidden(&halves, &[gap(from * HOUR, to * HOUR, Some(0.0))], &[]).unwrap();
        assert!((480..=600).contains(&hidden_in(24, 72)), "{}", hidden_in(24, 72));
        let all: u64 = slots.iter().map(|(_, n)| n).sum();
        let once = self::sum(&[(600, 960)]);
        let coverage = [coverage("web")];
        let of_once =
            |from: i64, to: i64| hidden(&once, &[gap(from * HOUR, to * HOUR, Some(0.0))], &coverage);
        assert_eq!(of_once(125, 135), Some(960 + 124), "it was seen to do nothing for a day before");
        assert!(of_once(101, 480).unwrap() > 9_000, "it may have gone on");
        assert!(of(&[gap(0, 480 * HOUR, Some(0.0))]).unwrap() > 9 * all, "ten times as long as it was seen");
    }

    #[test]
    fn silences_count_as_far_away_as_the_hand_pauses() {
        let logs = [coverage("web"), coverage("issuance")];
        let by = BTreeSet::from(["web".to_owned()]);
        let days =
            |days: &[i64]| days.iter().map(|day| (day * DAY_US / SLOT_US, 1)).collect::<BTreeMap<_, _>>();
        let period =
            |first: i64, last: i64| Period { first: Micros(first * DAY_US), last: Micros(last * DAY_US) };
        let of = |slots: &[i64], seen: Period| around(&logs, &by, |_| false, &days(slots), seen).count();
        assert_eq!(of(&[25, 26, 27, 28, 29, 30], period(25, 30)), 1);
        assert_eq!(of(&[25, 30], period(25, 30)), 2, "it pauses for five days");
        assert_eq!(of(&[25, 31], period(25, 31)), 3);
        let silent = |gap: &Gap| gap.from == Some(Micros(28 * DAY_US));
        let days = days(&[25, 26, 27, 28, 29, 30]);
        let both = around(&logs, &by, silent, &days, period(25, 30)).count();
        assert_eq!(both, 2, "a silence of another sensor in which this one delivered nothing");
    }
}
