//! The days on which something accused was the hand's, where others had it before or after.
//!
//! Decisive choice: a day is given back only where that explains the days far better than the hand does (199 to 1), since people whom the hand read must
//! not be lost. Nothing is said of a day in between: a hand rests.

use std::collections::BTreeMap;
use weir_lake::quote;
use weir_model::{Entity, Micros};

/// First and last day of each time in which something was the hand's, ascending; none where it was all the time.
pub(crate) type Within = Vec<(i32, i32)>;

/// Weight of an address's going from one to another: 199 to 1.
const CHANGE: f64 = 5.3;
/// The chance that a hand rests on a day.
const REST: f64 = 0.5;
/// How many times the most on a day before somebody asks for within his first [`ARRIVAL`] days: a pace that grows from day to day is one hand's.
const JUMP: f64 = 5.0;
const ARRIVAL: usize = 3;

/// The days on which an address is a hand's: of all ways to say of each whether it is, the likeliest, where changing hands is as unlikely as an
/// accusation wants it (Viterbi). Each day with the sum, over what was seen on it, of how much likelier it is by a hand (natural logarithm).
pub(crate) fn stretches(days: &[(i32, f64)]) -> Within {
    let mut best = [0.0_f64; 2];
    let mut from: Vec<[usize; 2]> = Vec::new();
    for (_, score) in days {
        let [others, hand] = best;
        let before = [usize::from(hand - CHANGE > others), usize::from(hand >= others - CHANGE)];
        best = [others.max(hand - CHANGE), hand.max(others - CHANGE) + score];
        from.push(before);
    }
    let mut state = usize::from(best[1] > best[0]);
    let mut all: Within = Vec::new();
    let mut later = None;
    for ((day, _), before) in days.iter().zip(&from).rev() {
        if state == 1 {
            match all.last_mut().filter(|_| later == Some(1)) {
                Some((first, _)) => *first = *day,
                None => all.push((*day, *day)),
            }
        }
        later = Some(state);
        state = before.get(state).copied().unwrap_or(0);
    }
    all.reverse();
    all
}

/// The hand's days by how many people were asked for on each: without those at the beginning, and at the end, on which so few were that a pace of their
/// own explains them far better, if others may have asked for so many in that time and the pace changes at once. Days without anybody need not be given.
pub(crate) fn by_pace(days: &BTreeMap<i32, f64>, others: impl Fn(f64) -> bool) -> Within {
    let busy: Vec<(i32, f64)> = days.iter().filter(|(_, n)| **n > 0.0).map(|(day, n)| (*day, *n)).collect();
    let (from, to) = (lead(&busy, &others), busy.len() - lead_back(&busy, &others));
    match busy.get(from..to) {
        Some([(first, _), .., (last, _)]) if to - from < busy.len() => vec![(*first, *last)],
        Some([(only, _)]) if busy.len() > 1 => vec![(*only, *only)],
        _ => Within::new(),
    }
}

fn lead_back(busy: &[(i32, f64)], others: &impl Fn(f64) -> bool) -> usize {
    let back: Vec<(i32, f64)> = busy.iter().rev().map(|(day, n)| (-day, *n)).collect();
    lead(&back, others)
}

/// How many of the first busy days are others'.
fn lead(busy: &[(i32, f64)], others: &impl Fn(f64) -> bool) -> usize {
    let all: f64 = busy.iter().map(|(_, n)| n).sum();
    let mut best = (CHANGE, 0);
    let (mut before, mut rest, mut most) = (0.0, 0.0, 0.0_f64);
    for (at, pair) in busy.windows(2).enumerate() {
        let [(day, n), (next, _)] = pair else { continue };
        let seen = (at + 1) as f64;
        before += n;
        most = most.max(*n);
        // Where the hand would have rested since it was first seen.
        rest += f64::from(next - day - 1);
        let pace = (all - before) / (busy.len() as f64 - seen);
        let arrival = busy.iter().skip(at + 1).take(ARRIVAL).map(|(_, n)| *n).fold(0.0, f64::max);
        if !others(before) || arrival < JUMP * most {
            continue;
        }
        let own = geometric(before, seen + rest);
        let hand = seen * ((1.0 - REST) / (1.0 + pace)).ln()
            + before * (pace / (1.0 + pace)).ln()
            + rest * (REST + (1.0 - REST) / (1.0 + pace)).ln();
        if own - hand > best.0 {
            best = (own - hand, at + 1);
        }
    }
    best.1
}

/// The likelihood (natural logarithm) of so many in so many days at a pace of their own.
fn geometric(n: f64, days: f64) -> f64 {
    let pace = n / days;
    n * (pace / (1.0 + pace)).ln() - days * (1.0 + pace).ln()
}

/// Why something is held to be the hand's for a time only, where [`by_pace`] says so: to begin [`shared`]'s words.
pub(crate) const OWN_PACE: &str = "few were asked for there before or after, as others do; it is the hand's";

/// The records of these (a SQL expression names them) while they were the hand's, as a condition.
pub(crate) fn at_work<'m>(entity: &str, members: impl Iterator<Item = (&'m str, &'m Within)>) -> String {
    let mut any: Vec<String> = Vec::new();
    let mut whole: Vec<String> = Vec::new();
    for (name, within) in members {
        if within.is_empty() {
            whole.push(quote(name));
            continue;
        }
        let days = within.iter().map(|(from, to)| {
            let (from, until) = (Micros::of_day(*from), Micros::of_day(to.saturating_add(1)));
            format!("time >= TIMESTAMP '{from}' AND time < TIMESTAMP '{until}'")
        });
        any.push(format!("{entity} = {} AND ({})", quote(name), days.collect::<Vec<_>>().join(" OR ")));
    }
    if !whole.is_empty() || any.is_empty() {
        any.insert(0, format!("{entity} IN ({})", whole.join(", ")));
    }
    format!("({})", any.join(" OR "))
}

/// First and last time of something seen from a time to another, without days that are not the hand's.
pub(crate) fn narrowed(seen: (Micros, Micros), within: &Within) -> (Micros, Micros) {
    let (Some((from, _)), Some((_, to))) = (within.first(), within.last()) else { return seen };
    let (first, last) = (Micros::of_day(*from), Micros(Micros::of_day(to + 1).0 - 1));
    (seen.0.max(first), seen.1.min(last))
}

/// Those that were the hand's for a time only, each with when: what they did before and after may be the hand's, too.
pub(crate) fn shared<'m>(
    members: impl Iterator<Item = (Entity, &'m Within)>,
    speaks: &str,
) -> impl Iterator<Item = (Entity, String)> {
    let date = |day: i32| Micros::of_day(day).to_string().get(..10).unwrap_or_default().to_owned();
    members.filter(|(_, within)| !within.is_empty()).map(move |(entity, within)| {
        let days: Vec<String> =
            within.iter().map(|(from, to)| format!("{} to {}", date(*from), date(*to))).collect();
        (entity, format!("{speaks} from {} only", days.join(", and from ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(days: &[(i32, f64)]) -> Within {
        by_pace(&days.iter().copied().collect(), |n| n < 50.0)
    }

    /// A hand that works on some days and rests on others.
    fn hand(from: i32) -> Vec<(i32, f64)> {
        [90.0, 130.0, 1.0, 150.0, 110.0, 3.0, 120.0, 95.0]
            .into_iter()
            .enumerate()
            .map(|(at, n)| (from + 2 * at as i32, n))
            .collect()
    }

    #[test]
    fn whom_others_looked_up_before_the_hand_came_and_after_it_went_is_not_the_hands() {
        let before = [(0, 1.0), (3, 1.0), (11, 1.0)];
        let after = [(60, 2.0), (70, 1.0), (71, 1.0)];
        assert_eq!(within(&[&before[..], &hand(20)].concat()), [(20, 34)]);
        assert_eq!(within(&[&hand(20)[..], &after].concat()), [(20, 34)]);
        assert_eq!(within(&[&before[..], &hand(20), &after].concat()), [(20, 34)]);
        assert_eq!(within(&[&[(18, 1.0), (19, 1.0)][..], &hand(20)].concat()), [(20, 34)], "two days");
        assert_eq!(within(&[(0, 1.0), (1, 1.0), (2, 1.0), (5, 200.0)]), [(5, 5)], "one day");
    }

    #[test]
    fn a_hand_that_begins_slowly_or_rests_keeps_its_days() {
        assert_eq!(within(&hand(20)), []);
        assert_eq!(within(&[&[(19, 2.0)][..], &hand(20)].concat()), [], "one small day before");
        let ramp: Vec<(i32, f64)> = (0..30).map(|day| (day, 3.0 + f64::from(day) * 4.0)).collect();
        assert_eq!(within(&ramp), []);
        assert_eq!(within(&[(3, 40.0)]), []);
        assert_eq!(within(&[]), []);
        let many: Vec<(i32, f64)> = (0..20).map(|day| (day, 8.0)).collect();
        assert_eq!(within(&[&many[..], &hand(20)].concat()), [], "so many nobody else would");
    }

    #[test]
    fn records_are_selected_while_they_are_the_hands() {
        let (whole, some) = (Within::new(), vec![(1, 2), (5, 5)]);
        let sql = at_work("src_ip", [("a'", &whole), ("b", &some), ("c", &whole)].into_iter());
        assert_eq!(
            sql,
            "(src_ip IN ('a''', 'c') OR src_ip = 'b' AND (time >= TIMESTAMP '1970-01-02T00:00:00Z' AND time < TIMESTAMP '1970-01-04T00:00:00Z' OR time >= TIMESTAMP '1970-01-06T00:00:00Z' AND time < TIMESTAMP '1970-01-07T00:00:00Z'))"
        );
        assert_eq!(
            narrowed((Micros(0), Micros(i64::MAX)), &some),
            (Micros::of_day(1), Micros(Micros::of_day(6).0 - 1))
        );
        assert_eq!(narrowed((Micros(0), Micros(9)), &whole), (Micros(0), Micros(9)));
    }
}
