//! Whether the people at one address visit as people do.
//!
//! Decisive choice: a person counts once in a window, cold if none of their visits in it had a look before. So an address with one
//! strange habit has one cold person, and repeated visits by the same people prove nothing.

use super::habits::Habits;
use super::screen::{Census, PEOPLE_MIN};
use super::visits::{Origin, Visit, by_day};
use crate::grid::words;
use crate::tenure::{Within, by_pace, narrowed, stretches};
use std::collections::{BTreeMap, HashMap, VecDeque};
use weir_model::Micros;
use weir_model::words::count;
use weir_stats::tail::beta_binomial_upper;
use weir_stats::{Window, windows_within};

/// Expected number of addresses this unlikely from which one that does not fire alone belongs beside others.
pub(crate) const BESIDE: f64 = 0.01;

/// An address that people do not visit as people do.
#[derive(Clone, Debug)]
pub(crate) struct Fired {
    pub(crate) origin: String,
    /// Whether it fires alone, or only beside others.
    pub(crate) alone: bool,
    pub(crate) p: f64,
    pub(crate) window: Window,
    /// The last day of the window.
    pub(crate) day: i32,
    /// People in the window, those of them odd (cold), and how many of them were to be expected.
    pub(crate) people: f64,
    pub(crate) odd: f64,
    pub(crate) expected: f64,
    /// How many people are there for each that was followed and is counted here.
    pub(crate) one_in: u64,
    /// First and last time it was seen.
    pub(crate) seen: (Micros, Micros),
    pub(crate) tests: u64,
    pub(crate) threshold: f64,
    /// What else it could be, where something else looks the same.
    pub(crate) excuse: Option<Excuse>,
    /// First and last day of each time in which it is likelier the hand's than anybody's, where it is not all the time; before and after, others
    /// have the address.
    pub(crate) within: Within,
}

impl Fired {
    /// Narrows it to the days that speak for a hand: each day with the sum, over what was seen on it, of how much likelier it is by a hand
    /// (natural logarithm).
    pub(crate) fn narrow(&mut self, days: &[(i32, f64)]) {
        self.narrow_to(stretches(days), days);
    }

    /// So too, and by the pace at which people came (`people` by day): where it changes at once to what `others` may be, and what was seen then does
    /// not speak for a hand, they are others'.
    pub(crate) fn narrow_by_pace(
        &mut self,
        days: &[(i32, f64)],
        people: &BTreeMap<i32, f64>,
        others: impl Fn(f64) -> bool,
    ) {
        let mut within = stretches(days);
        if within.is_empty() {
            within.extend(days.first().zip(days.last()).map(|(first, last)| (first.0, last.0)));
        }
        let held = |day: &i32| within.iter().any(|(from, to)| (from..=to).contains(&day));
        let people = people.iter().filter(|(day, _)| held(day)).map(|(day, n)| (*day, *n)).collect();
        let speaks = |which: &dyn Fn(i32) -> bool| -> f64 {
            days.iter().filter(|(day, _)| held(day) && which(*day)).map(|(_, score)| score).sum()
        };
        if let [(first, last)] = by_pace(&people, others)[..] {
            let from = if speaks(&|day| day < first) <= 0.0 { first } else { i32::MIN };
            let to = if speaks(&|day| day > last) <= 0.0 { last } else { i32::MAX };
            within.retain(|stretch| stretch.1 >= from && stretch.0 <= to);
            within.iter_mut().for_each(|stretch| *stretch = (stretch.0.max(from), stretch.1.min(to)));
        }
        self.narrow_to(within, days);
    }

    fn narrow_to(&mut self, within: Within, days: &[(i32, f64)]) {
        let held = |day: i32| within.iter().any(|(from, to)| (*from..=*to).contains(&day));
        if within.is_empty() || days.iter().all(|(day, _)| held(*day)) {
            return;
        }
        self.seen = narrowed(self.seen, &within);
        self.within = within;
    }
}

/// How much likelier what was seen is by a hand, of which this share is odd, where this chance is usual.
pub(crate) fn speaks(odd: bool, chance: f64) -> f64 {
    let chance = chance.clamp(0.01, 0.99);
    if odd { (HAND_ODD / chance).ln() } else { ((1.0 - HAND_ODD) / (1.0 - chance)).ln() }
}

/// Share of what a hand does at an address of its own that is odd: it may look around now and then.
const HAND_ODD: f64 = 0.9;

/// What looks like a thief where the log does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Excuse {
    /// People who work for others, by day, without a name or credential in the log.
    Desk,
    /// A device that people share and sign in at.
    Shared,
    /// A program that was there when the log began, without a name or credential in the log.
    Standing,
}

impl Excuse {
    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Desk => {
                " It reads in office hours on working days only, and no record there names who asks: a desk that works for people looks so too, and a \
                 credential or a name in the log would tell."
            }
            Self::Shared => {
                " Most people there look around or sign in first, as at home: a device that people share, such as a terminal in a branch, looks so \
                 too."
            }
            Self::Standing => {
                " It was there when the log began, uses a client of its own, and no record there names who asks: a partner's program looks so too, and a \
                 credential or a name in the log would tell."
            }
        }
    }
}

/// Share of visits by credentials that show several people from which whoever is there reads others for a living.
pub(crate) const STAFF_MAX: f64 = 0.1;

/// People an active day from whom a client that no household uses would betray that one credential serves many; with fewer it could be a
/// partner's program with a new credential each day.
const STRANGERS_MIN: f64 = 3.0;

/// Days after the log's begin within which whoever is there was there before.
pub(crate) const STANDING_DAYS: i32 = 2;

/// What a window holds of one person.
#[derive(Default)]
struct Held {
    visits: u32,
    bare: u32,
    chance: f64,
}

/// A window's people.
#[derive(Default)]
struct People {
    /// Each visit, and whether households use its client.
    visits: VecDeque<(Visit, bool)>,
    days: VecDeque<i32>,
    held: HashMap<u64, Held>,
    cold: f64,
    expected: f64,
    staff: f64,
    strange: f64,
}

impl People {
    fn change(&mut self, person: u64, change: impl FnOnce(&mut Held)) {
        let held = self.held.entry(person).or_default();
        let cold = |held: &Held| f64::from(u8::from(held.visits > 0 && held.visits == held.bare));
        let before = (cold(held), if held.visits > 0 { held.chance } else { 0.0 });
        change(held);
        let after = (cold(held), if held.visits > 0 { held.chance } else { 0.0 });
        let gone = held.visits == 0;
        self.cold += after.0 - before.0;
        self.expected += after.1 - before.1;
        if gone {
            self.held.remove(&person);
        }
    }

    fn enter(&mut self, visit: Visit, chance: f64, known: bool) {
        self.strange += f64::from(u8::from(!known));
        self.visits.push_back((visit, known));
        if self.days.back() != Some(&visit.day) {
            self.days.push_back(visit.day);
        }
        self.staff += f64::from(u8::from(visit.staff));
        self.change(visit.person, |held| {
            held.visits += 1;
            held.bare += u32::from(visit.bare);
            held.chance = held.chance.max(chance);
        });
    }

    fn leave_before(&mut self, day: i32) {
        while self.days.pop_front_if(|active| *active < day).is_some() {}
        while let Some((visit, known)) = self.visits.pop_front_if(|(visit, _)| visit.day < day) {
            self.strange -= f64::from(u8::from(!known));
            self.staff -= f64::from(u8::from(visit.staff));
            self.change(visit.person, |held| {
                held.visits -= 1;
                held.bare -= u32::from(visit.bare);
            });
        }
    }

    /// Whether this is a program of its own, nameless, and there since the log began.
    fn standing(&self, origin: &Origin, census: &Census) -> bool {
        let began =
            origin.visits.first().is_some_and(|v| v.day <= census.began().saturating_add(STANDING_DAYS));
        began && !origin.named && self.strange > 0.5 * self.visits.len() as f64
    }

    /// Whether those who are here read others for a living: staff, a partner, a program.
    fn professional(&self) -> bool {
        let visits = self.visits.len() as f64;
        let program =
            self.strange > 0.5 * visits && (self.held.len() as f64) < STRANGERS_MIN * self.days.len() as f64;
        program || self.staff > STAFF_MAX * visits
    }
}

/// The first day on which an address fires, alone or beside others; of that day's windows the least likely. With the days on which it is a hand's.
pub(super) fn judge(
    origin: &Origin,
    habits: &Habits,
    census: &Census,
    threshold: impl Fn(u64) -> f64,
) -> Option<Fired> {
    let mut fired = first(origin, habits, census, threshold)?;
    let days = by_day(&origin.visits).into_iter().map(|(day, visits)| {
        let each = visits.iter().map(|visit| speaks(visit.bare, habits.chance(visit.family, day)));
        (day, each.sum())
    });
    fired.narrow(&days.collect::<Vec<_>>());
    Some(fired)
}

fn first(origin: &Origin, habits: &Habits, census: &Census, threshold: impl Fn(u64) -> f64) -> Option<Fired> {
    let seen = (origin.visits.first()?.at, origin.visits.last()?.at);
    let days = by_day(&origin.visits);
    let spanned = days.last_key_value()?.0.abs_diff(*days.first_key_value()?.0).saturating_add(1);
    let mut windows: Vec<(Window, People)> =
        windows_within(spanned).map(|window| (window, People::default())).collect();
    let mut beside = None;
    for (day, visits) in days {
        let tests = census.seen(day);
        let limit = threshold(tests);
        let mut best: Option<Fired> = None;
        let usual = |visit: Visit| (visit, habits.chance(visit.family, day), habits.known(visit.family, day));
        let visits: Vec<(Visit, f64, bool)> = visits.into_iter().map(usual).collect();
        for (window, people) in &mut windows {
            for (visit, chance, known) in &visits {
                people.enter(*visit, *chance, *known);
            }
            if let Window::Days(days) = *window {
                people.leave_before(day - i32::try_from(days).unwrap_or(i32::MAX) + 1);
            }
            let n = people.held.len();
            if (n as f64) < PEOPLE_MIN || people.professional() {
                continue;
            }
            let mean = (people.expected / n as f64).clamp(0.0, 1.0);
            let p = beta_binomial_upper(people.cold, n as u64, mean, habits.alike(day));
            if best.as_ref().is_none_or(|best| p < best.p) {
                best = Some(Fired {
                    origin: origin.name.clone(),
                    alone: p <= limit,
                    p,
                    window: *window,
                    day,
                    people: n as f64,
                    odd: people.cold,
                    expected: people.expected,
                    one_in: origin.one_in(),
                    seen,
                    tests,
                    threshold: limit,
                    excuse: people.standing(origin, census).then_some(Excuse::Standing),
                    within: Vec::new(),
                });
            }
        }
        match best {
            Some(fired) if fired.alone => return Some(fired),
            Some(near) if beside.is_none() && near.p * tests as f64 <= BESIDE => beside = Some(near),
            _ => {}
        }
    }
    beside
}

/// The model in words.
pub(super) fn explain(top: &Fired) -> String {
    format!(
        "Over {}, by {}, {} showed {} people's data; before {} of them the same client had done nothing else there for twenty minutes: no page \
         looked at, no signing-in. By the habits of the same clients at households {:.1} were to be expected. One address of {} seen by then would \
         reach this with chance {:.1e} (beta-binomial); the budget let {:.1e} through.{}",
        words(top.window),
        Micros::of_day(top.day).to_string().get(..10).unwrap_or_default(),
        top.origin,
        top.people,
        top.odd,
        top.expected,
        count(top.tests),
        top.p,
        top.threshold,
        if top.one_in > 1 {
            format!(
                " Of so many people there, one in {} was followed, and only those are counted here.",
                top.one_in
            )
        } else {
            String::new()
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fired(days: &[(i32, f64)]) -> Fired {
        let mut fired = Fired {
            origin: "a".to_owned(),
            alone: true,
            p: 0.0,
            window: Window::Whole,
            day: 40,
            people: 50.0,
            odd: 50.0,
            expected: 5.0,
            one_in: 1,
            seen: (Micros::of_day(0), Micros::of_day(60)),
            tests: 1,
            threshold: 0.0,
            excuse: None,
            within: Vec::new(),
        };
        fired.narrow(days);
        fired
    }

    #[test]
    fn an_address_that_others_have_before_and_after_is_the_hands_in_between_only() {
        let home = |day| (day, speaks(false, 0.2));
        let hand = |day| (day, 40.0 * speaks(true, 0.2));
        let days: Vec<(i32, f64)> =
            (0..20).map(home).chain((20..23).map(hand)).chain((23..40).map(home)).chain([hand(45)]).collect();
        let shared = fired(&days);
        assert_eq!(shared.within, [(20, 22), (45, 45)]);
        assert_eq!(shared.seen, (Micros::of_day(20), Micros(Micros::of_day(46).0 - 1)));
        let own: Vec<(i32, f64)> = (20..23).map(hand).collect();
        assert_eq!(fired(&own).within, [], "it has no others");
        assert_eq!(fired(&own).seen.1, Micros::of_day(60));
    }
}
