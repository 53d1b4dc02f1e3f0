//! How alike an address reads to a hand, against how households read: a sum of log likelihood ratios, each a reason that can be said.
//!
//! Decisive choice: both sides are measured on the same visits, the hand's and those of sampled households, so no weight is chosen by
//! anyone. The reasons are not independent, so each is bounded, and neither one nor two are enough.

use crate::detectors::harvest::habits::Habits;
use crate::detectors::harvest::screen::ALIKE;
use crate::detectors::harvest::visits::Origin;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use weir_model::entity::prefix_of;

/// Posterior odds from which an address belongs: one in two hundred wrong, were the reasons independent.
const ODDS_MIN: f64 = 199.0;
/// Posterior odds from which an address may belong: one in twenty.
const PERHAPS_MIN: f64 = 1.0 / 19.0;
/// What one reason may weigh for or against.
const REASON_MAX: f64 = 6.0;
/// Weight from which a reason counts as one.
const REASON_MIN: f64 = 1.0;
/// Reasons needed.
const REASONS_MIN: usize = 3;
/// People remembered of a hand.
const PEOPLE_MAX: usize = 4_000_000;

/// How some addresses read people.
#[derive(Default)]
pub(super) struct Profile {
    origins: f64,
    /// People at addresses; those whose visits were all cold, and those who came more than once.
    people_n: f64,
    cold: f64,
    again: f64,
    /// People read from more than one of the addresses.
    twice: f64,
    people: HashSet<u64>,
    /// By client string: addresses that used it.
    clients: HashMap<u64, f64>,
    /// By prefix: addresses in it.
    prefixes: HashMap<String, f64>,
    days: BTreeSet<i32>,
    /// Days of addresses: how many there were, by day.
    active: BTreeMap<i32, f64>,
}

/// One address's people: visits, cold visits, and the client family of the first.
fn people(origin: &Origin) -> BTreeMap<u64, (u32, u32, u64, i32)> {
    let mut people: BTreeMap<u64, (u32, u32, u64, i32)> = BTreeMap::new();
    for visit in &origin.visits {
        let person = people.entry(visit.person).or_insert((0, 0, visit.family, visit.day));
        person.0 += 1;
        person.1 += u32::from(visit.bare);
    }
    people
}

fn days(origin: &Origin) -> BTreeSet<i32> {
    origin.visits.iter().map(|visit| visit.day).collect()
}

fn clients(origin: &Origin) -> BTreeSet<u64> {
    origin.visits.iter().map(|visit| visit.client).collect()
}

impl Profile {
    /// Takes in an address.
    pub(super) fn learn(&mut self, origin: &Origin) {
        if origin.visits.is_empty() {
            return;
        }
        self.origins += 1.0;
        for (person, (visits, cold, ..)) in people(origin) {
            self.people_n += 1.0;
            self.cold += f64::from(u8::from(visits == cold));
            self.again += f64::from(u8::from(visits > 1));
            if self.people.contains(&person) {
                self.twice += 1.0;
            } else if self.people.len() < PEOPLE_MAX {
                self.people.insert(person);
            }
        }
        for client in clients(origin) {
            *self.clients.entry(client).or_default() += 1.0;
        }
        if let Some(prefix) = prefix_of(&origin.name) {
            *self.prefixes.entry(prefix).or_default() += 1.0;
        }
        for day in days(origin) {
            self.days.insert(day);
            *self.active.entry(day).or_default() += 1.0;
        }
    }

    fn share(part: f64, of: f64) -> f64 {
        (part + 0.5) / (of + 1.0)
    }
}

/// A hand against households.
pub(super) struct Likeness {
    hand: Profile,
    /// Log odds that any address belongs to it: there are taken to be as many unseen as seen.
    prior: f64,
    /// Share of households' people that the hand has read as well.
    covered: f64,
    /// Share of households' days that are days of the hand.
    daily: f64,
    /// Share of households in a prefix of the hand, and of the hand's addresses that share theirs with another.
    near: (f64, f64),
}

/// Why an address belongs to a hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// Its people were cold.
    Cold,
    /// The same client strings, rare elsewhere.
    Clients,
    /// In a network of the hand's.
    Prefix,
    /// People that the hand reads nowhere else, though it reads many.
    Disjoint,
    /// Each person once.
    Once,
    /// Active on the hand's days and on no others.
    Days,
}

impl Reason {
    /// In words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Cold => "nobody looked around before",
            Self::Clients => "the same clients, rare elsewhere",
            Self::Prefix => "a network of the hand's",
            Self::Disjoint => "other people than the rest of the hand reads",
            Self::Once => "each person once",
            Self::Days => "the hand's days and no others",
        }
    }
}

/// How alike.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Score {
    prior: f64,
    /// Whether one credential shows several people there: a person's own shows that person alone.
    staff: bool,
    /// Weights in nats, the strongest first.
    pub(super) reasons: Vec<(Reason, f64)>,
}

impl Score {
    /// Posterior log odds.
    pub(super) fn odds(&self) -> f64 {
        self.prior + self.reasons.iter().map(|(_, weight)| weight).sum::<f64>()
    }

    /// Whether it is the hand's.
    pub(super) fn belongs(&self) -> bool {
        let reasons = self.reasons.iter().filter(|(_, weight)| *weight >= REASON_MIN).count();
        self.odds() >= ODDS_MIN.ln() && reasons >= REASONS_MIN && !self.staff
    }

    /// Whether it cannot be told that it is not the hand's.
    pub(super) fn perhaps(&self) -> bool {
        self.odds() >= PERHAPS_MIN.ln() && !self.staff
    }
}

impl Likeness {
    /// Compares a hand with households in a log of so many addresses.
    pub(super) fn new(hand: Profile, others: &Profile, addresses: u64) -> Self {
        let rest = (addresses as f64 - hand.origins).max(1.0);
        let both = others.people.iter().filter(|person| hand.people.contains(person)).count() as f64;
        let on_days: f64 =
            others.active.iter().filter(|(day, _)| hand.days.contains(day)).map(|(_, n)| n).sum();
        let in_prefix: f64 = others
            .prefixes
            .iter()
            .filter(|(prefix, _)| hand.prefixes.contains_key(*prefix))
            .map(|(_, n)| n)
            .sum();
        let together: f64 = hand.prefixes.values().filter(|n| **n > 1.0).sum();
        Self {
            prior: (hand.origins / rest).ln(),
            covered: Profile::share(both, others.people.len() as f64),
            daily: Profile::share(on_days, others.active.values().sum()),
            near: (Profile::share(in_prefix, others.origins), Profile::share(together, hand.origins)),
            hand,
        }
    }

    /// How alike an address is.
    pub(super) fn of(&self, origin: &Origin, habits: &Habits, others: &Profile) -> Score {
        let people = people(origin);
        let reasons = [
            (Reason::Cold, self.cold(&people, habits)),
            (Reason::Clients, self.clients(origin, others)),
            (Reason::Prefix, self.prefix(origin, others)),
            (Reason::Disjoint, self.disjoint(&people)),
            (Reason::Once, self.once(&people, others)),
            (Reason::Days, self.days(origin)),
        ];
        let mut reasons: Vec<_> =
            reasons.map(|(reason, weight)| (reason, weight.clamp(-REASON_MAX, REASON_MAX))).into();
        reasons.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let staff = origin.visits.iter().any(|visit| visit.staff);
        Score { prior: self.prior, staff, reasons }
    }

    fn cold(&self, people: &BTreeMap<u64, (u32, u32, u64, i32)>, habits: &Habits) -> f64 {
        let own = Profile::share(self.hand.cold, self.hand.people_n);
        let each = people.values().map(|(visits, cold, family, day)| {
            let usual = habits.chance(*family, *day).clamp(0.01, 0.99);
            if visits == cold { (own / usual).ln() } else { ((1.0 - own) / (1.0 - usual)).ln() }
        });
        // Visits at one address are alike: so many of them say as much as fewer independent ones.
        each.sum::<f64>() / (1.0 + ALIKE * (people.len() as f64 - 1.0))
    }

    fn clients(&self, origin: &Origin, others: &Profile) -> f64 {
        let used = clients(origin);
        let n = used.len().max(1) as f64;
        let each = used.into_iter().map(|client| {
            let of = |profile: &Profile| {
                Profile::share(profile.clients.get(&client).copied().unwrap_or(0.0), profile.origins)
            };
            (of(&self.hand) / of(others)).ln()
        });
        each.sum::<f64>() / n.sqrt()
    }

    /// A network counts by itself: the hand's one address in a network of households makes no hand of its neighbours.
    fn prefix(&self, origin: &Origin, others: &Profile) -> f64 {
        let (households, hand) = self.near;
        let of = |profile: &Profile| profile.prefixes.get(&prefix_of(&origin.name)?).copied();
        match of(&self.hand) {
            Some(own) => {
                let usual = Profile::share(of(others).unwrap_or_default(), others.origins);
                (hand * own / self.hand.origins / usual).ln()
            }
            None => ((1.0 - hand) / (1.0 - households)).ln(),
        }
    }

    fn disjoint(&self, people: &BTreeMap<u64, (u32, u32, u64, i32)>) -> f64 {
        let twice = Profile::share(self.hand.twice, self.hand.people_n);
        let each = people.keys().map(|person| {
            if self.hand.people.contains(person) {
                (twice / self.covered).ln()
            } else {
                ((1.0 - twice) / (1.0 - self.covered)).ln()
            }
        });
        each.sum()
    }

    fn once(&self, people: &BTreeMap<u64, (u32, u32, u64, i32)>, others: &Profile) -> f64 {
        let (own, usual) = (
            Profile::share(self.hand.again, self.hand.people_n),
            Profile::share(others.again, others.people_n),
        );
        let each = people.values().map(|(visits, ..)| {
            if *visits > 1 { (own / usual).ln() } else { ((1.0 - own) / (1.0 - usual)).ln() }
        });
        each.sum::<f64>() / (1.0 + ALIKE * (people.len() as f64 - 1.0))
    }

    fn days(&self, origin: &Origin) -> f64 {
        const ASTRAY: f64 = 0.02;
        let each = days(origin).into_iter().map(|day| {
            if self.hand.days.contains(&day) {
                ((1.0 - ASTRAY) / self.daily).ln()
            } else {
                (ASTRAY / (1.0 - self.daily)).ln()
            }
        });
        each.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detectors::harvest::visits::Visit;
    use weir_model::Micros;

    /// An address that reads `people` from a number on, each cold or not, by one client.
    fn origin(name: &str, from: u64, people: u64, day: i32, client: u64, bare: bool) -> Origin {
        let visit = |person| Visit { at: Micros(0), day, person, family: 1, client, bare, staff: false };
        Origin::of(name, (from..from + people).map(visit).collect())
    }

    fn households() -> (Profile, Habits) {
        let (mut others, mut habits) = (Profile::default(), Habits::default());
        for i in 0..1_000_u64 {
            let home =
                origin(&format!("10.0.{}.{}", i / 250, i % 250), i, 1, (i % 30) as i32, i % 20, i % 5 == 0);
            habits.learn(&home);
            others.learn(&home);
        }
        habits.settle();
        (others, habits)
    }

    #[test]
    fn a_quiet_address_that_reads_as_the_hand_does_belongs_and_a_home_does_not() {
        let (others, habits) = households();
        let mut hand = Profile::default();
        for i in 0..20 {
            hand.learn(&origin(&format!("198.51.{i}.7"), 10_000 + 50 * i, 40, 10 + (i % 3) as i32, 99, true));
        }
        let likeness = Likeness::new(hand, &others, 50_000);
        let quiet = likeness.of(&origin("203.0.113.9", 60_000, 5, 11, 99, true), &habits, &others);
        assert!(quiet.belongs(), "{quiet:?}");
        let home = likeness.of(&origin("10.9.9.9", 60_000, 2, 11, 3, true), &habits, &others);
        assert!(!home.belongs(), "{home:?}");
        let busy = likeness.of(&origin("10.9.9.8", 70_000, 30, 25, 99, false), &habits, &others);
        assert!(!busy.belongs(), "{busy:?}");
    }

    #[test]
    fn a_home_whose_neighbour_the_hand_was_once_is_not_the_hands_and_an_address_between_its_own_is() {
        let (others, habits) = households();
        let mut hand = Profile::default();
        let own = ["198.51.100.1", "198.51.100.2", "198.51.100.3", "203.0.113.7", "192.0.2.9", "10.0.1.251"];
        for (i, name) in (0..).zip(own) {
            hand.learn(&origin(name, 10_000 + 50 * i, 40, 10, 99, true));
        }
        let likeness = Likeness::new(hand, &others, 1_000);
        let weight = |name: &str| likeness.prefix(&origin(name, 60_000, 1, 10, 99, true), &others);
        let (between, neighbour) = (weight("198.51.100.4"), weight("10.0.1.252"));
        assert!(between > 4.0 && neighbour < 0.0, "{between} {neighbour}");
        assert!(weight("172.16.0.1") < 0.0 && weight("172.16.0.1") > -2.0);
        assert!(likeness.of(&origin("198.51.100.4", 60_000, 1, 10, 99, true), &habits, &others).belongs());
    }
}
