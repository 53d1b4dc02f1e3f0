//! Whether the people at one address come with their own clients.

use super::crowd::Crowd;
use super::devices::{Crowds, Trial};
use crate::detectors::harvest::habits::Habits;
use crate::detectors::harvest::judge::{BESIDE, Fired, speaks};
use crate::grid::words;
use std::collections::BTreeMap;
use weir_model::Micros;
use weir_model::words::count;
use weir_stats::tail::beta_binomial_upper;
use weir_stats::{Window, windows_within};

/// People of known clients in a window from which an address is judged.
const PEOPLE_MIN: usize = 8;

/// The first day on which an address fires, alone or beside others; of that day's windows the least likely.
pub(super) fn judge(
    origin: &str,
    trials: &[Trial],
    habits: &Habits,
    crowds: &Crowds,
    crowd: &Crowd,
    threshold: impl Fn(u64) -> f64,
) -> Option<Fired> {
    let mut beside = None;
    let chances: Vec<f64> = trials.iter().map(|trial| habits.chance(trial.family, trial.day)).collect();
    let mut days: Vec<i32> = trials.iter().map(|trial| trial.day).collect();
    days.dedup();
    let spanned = days.last()?.abs_diff(*days.first()?).saturating_add(1);
    for day in days {
        let tests = crowd.seen(day);
        let limit = threshold(tests);
        let until = trials.partition_point(|trial| trial.day <= day);
        let windows = windows_within(spanned).filter_map(|window| {
            let from = match window {
                Window::Days(days) => {
                    trials.partition_point(|t| i64::from(t.day) + i64::from(days) <= i64::from(day))
                }
                Window::Whole => 0,
            };
            let usual = Usual { least: crowds.usual(day), alike: habits.alike(day) };
            let held = window_p(trials.get(from..until)?, chances.get(from..until)?, usual);
            held.map(|held| (held, window))
        });
        let best = windows.min_by(|a, b| a.0.p.total_cmp(&b.0.p));
        let Some((held, window)) = best else { continue };
        let at = |day: i32| Micros::of_day(day);
        let fired = Fired {
            origin: origin.to_owned(),
            alone: held.p <= limit,
            p: held.p,
            window,
            day,
            people: held.people,
            odd: held.strange,
            expected: held.expected,
            one_in: 1,
            seen: (at(trials.first()?.day), at(trials.last()?.day + 1)),
            tests,
            threshold: limit,
            excuse: None,
            within: Vec::new(),
        };
        if fired.alone {
            beside = Some(fired);
            break;
        }
        if beside.is_none() && held.p * tests as f64 <= BESIDE {
            beside = Some(fired);
        }
    }
    let mut fired = beside?;
    let mut each: Vec<(i32, f64)> = Vec::new();
    let mut people: BTreeMap<i32, f64> = BTreeMap::new();
    for (trial, chance) in trials.iter().zip(&chances) {
        *people.entry(trial.day).or_default() += 1.0;
        let score = speaks(trial.strange, chance.max(crowds.usual(trial.day)));
        match each.last_mut().filter(|(day, _)| *day == trial.day) {
            Some((_, sum)) => *sum += score,
            None => each.push((trial.day, score)),
        }
    }
    fired.narrow_by_pace(&each, &people, |people| crowds.may_be(people));
    Some(fired)
}

/// What a window holds.
struct Held {
    p: f64,
    people: f64,
    strange: f64,
    expected: f64,
}

/// What is usual by a day.
struct Usual {
    /// The least share of strangers at addresses with many people.
    least: f64,
    alike: f64,
}

fn window_p(trials: &[Trial], chances: &[f64], usual: Usual) -> Option<Held> {
    if trials.len() < PEOPLE_MIN {
        return None;
    }
    let people = trials.len() as f64;
    let strange = trials.iter().filter(|trial| trial.strange).count() as f64;
    let expected: f64 = chances.iter().sum();
    let mean = (expected / people).max(usual.least).clamp(0.0, 1.0);
    let expected = mean * people;
    let p = beta_binomial_upper(strange, trials.len() as u64, mean, usual.alike);
    Some(Held { p, people, strange, expected })
}

/// The model in words.
pub(super) fn explain(top: &Fired) -> String {
    format!(
        "Over {}, by {}, {} people were read at {} who had been seen elsewhere before; {} of them came with a client of a family that had never been \
         theirs. By the habits of the same clients at households, and by what is usual at addresses with many people, {:.1} were to be expected. One address of {} seen by then would reach this with chance \
         {:.1e} (beta-binomial); the budget let {:.1e} through.",
        words(top.window),
        Micros::of_day(top.day).to_string().get(..10).unwrap_or_default(),
        top.people,
        top.origin,
        top.odd,
        top.expected,
        count(top.tests),
        top.p,
        top.threshold
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn habits() -> Habits {
        let mut habits = Habits::default();
        for i in 0..1_000 {
            habits.add(1, i / 20, i % 10 == 0);
        }
        habits.settle();
        habits
    }

    fn den(strange: impl Fn(i32) -> bool) -> Vec<Trial> {
        (0..60).map(|i| Trial { day: 10 + i / 6, family: 1, strange: strange(i) }).collect()
    }

    #[test]
    fn an_address_fires_when_its_people_come_with_strange_clients() {
        let crowd = Crowd::of(&["den"]);
        let found = judge("den", &den(|i| i % 8 != 0), &habits(), &Crowds::default(), &crowd, |tests| {
            0.006 / tests as f64
        });
        let fired = found.filter(|fired| fired.alone).unwrap();
        assert!(fired.day <= 13 && fired.odd < fired.people, "{fired:?}");
        let carrier = judge("den", &den(|i| i % 9 == 0), &habits(), &Crowds::default(), &crowd, |tests| {
            0.006 / tests as f64
        });
        assert!(carrier.is_none_or(|fired| !fired.alone));
    }

    /// A hand of two days at a carrier's address: its customers come one a day later, and what they come with says little.
    #[test]
    fn those_who_come_one_by_one_after_a_hand_that_left_are_not_its_people() {
        let within = |every: i32| {
            let hand = (0..40).map(|i| Trial { day: 10 + i / 20, family: 1, strange: true });
            let customer = |i| Trial { day: 14 + i, family: 1, strange: i % every == 0 };
            let all: Vec<Trial> = hand.chain((0..12).map(customer)).collect();
            let others: Vec<Vec<Trial>> = [5, 5, 20, 30].map(|n| den(|i| i % 9 == 0)[..n].to_vec()).into();
            let crowds = Crowds::learn(others.iter());
            let found =
                judge("den", &all, &habits(), &crowds, &Crowd::of(&["den"]), |tests| 0.006 / tests as f64);
            found.filter(|fired| fired.alone).map(|fired| fired.within)
        };
        assert_eq!(within(2), Some(vec![(10, 11)]));
        assert_eq!(within(1), Some(vec![]), "with strange clients they are the hand's");
    }
}
