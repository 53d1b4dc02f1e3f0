//! What is usual: how often each family of clients shows people's data without having looked around, at sampled households.

use super::screen::ALIKE;
use super::visits::{Origin, by_day};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Visits' worth of everybody's habit that a family's own begins with.
const SHRINK: f64 = 10.0;

/// Visits from which a family is one that people use, and households: a partner's program comes from few addresses.
const KNOWN: f64 = 5.0;
const HOMES: usize = 5;

/// Visits and those without a look, by day and then in all up to that day.
#[derive(Default)]
struct Counts(BTreeMap<i32, (f64, f64)>);

impl Counts {
    fn add(&mut self, day: i32, bare: bool) {
        let counts = self.0.entry(day).or_default();
        counts.0 += 1.0;
        counts.1 += f64::from(u8::from(bare));
    }

    fn settle(&mut self) {
        let mut so_far = (0.0, 0.0);
        for counts in self.0.values_mut() {
            so_far = (so_far.0 + counts.0, so_far.1 + counts.1);
            *counts = so_far;
        }
    }

    fn until(&self, day: i32) -> (f64, f64) {
        self.0.range(..=day).next_back().map_or((0.0, 0.0), |(_, counts)| *counts)
    }
}

/// Habits by family of client.
#[derive(Default)]
pub(crate) struct Habits {
    everybody: Counts,
    families: HashMap<u64, Counts>,
    /// By family: the first day at each household.
    homes: HashMap<u64, Vec<i32>>,
}

impl Habits {
    /// Takes in a household.
    pub(crate) fn learn(&mut self, origin: &Origin) {
        let mut seen = HashSet::new();
        for (day, visits) in by_day(&origin.visits) {
            for visit in visits {
                if seen.insert(visit.family) {
                    self.homes.entry(visit.family).or_default().push(day);
                }
                self.add(visit.family, day, visit.bare);
            }
        }
    }

    /// Takes in one case of a family's clients at a household.
    pub(crate) fn add(&mut self, family: u64, day: i32, odd: bool) {
        self.everybody.add(day, odd);
        self.families.entry(family).or_default().add(day, odd);
    }

    /// Sums up, once all are in.
    pub(crate) fn settle(&mut self) {
        self.everybody.settle();
        self.families.values_mut().for_each(Counts::settle);
        self.homes.values_mut().for_each(|days| days.sort_unstable());
    }

    /// Whether households were seen to use a family's clients by a day.
    pub(crate) fn known(&self, family: u64, day: i32) -> bool {
        let homes = self.homes.get(&family).map_or(0, |days| days.partition_point(|first| *first <= day));
        homes >= HOMES && self.families.get(&family).is_some_and(|counts| counts.until(day).0 >= KNOWN)
    }

    /// The chance that a visit by a family's client has no look, by what was known on a day.
    pub(crate) fn chance(&self, family: u64, day: i32) -> f64 {
        let (visits, bare) = self.everybody.until(day);
        let everybody = (bare + 1.0) / (visits + 2.0);
        let (own, own_bare) = self.families.get(&family).map_or((0.0, 0.0), |counts| counts.until(day));
        (own_bare + SHRINK * everybody) / (own + SHRINK)
    }

    /// How alike the visits at one address are (a correlation), by what was known on a day: as much as people at one address are, and by as much more as
    /// few households tell little of what is usual. Of none at all every share is as likely, and nothing is rare.
    pub(crate) fn alike(&self, day: i32) -> f64 {
        let (visits, _) = self.everybody.until(day);
        ALIKE + (1.0 - ALIKE) / (visits + 3.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::visits::Visit;
    use super::*;
    use weir_model::Micros;
    use weir_stats::tail::beta_binomial_upper;

    #[test]
    fn a_family_has_its_own_habit_and_a_new_one_everybodys() {
        let mut habits = Habits::default();
        let visit = |family, day, bare| Visit {
            at: Micros(0),
            day,
            person: 1,
            family,
            client: family,
            bare,
            staff: false,
        };
        let app: Vec<Visit> = (0..400).map(|i| visit(1, i / 40, true)).collect();
        let browser: Vec<Visit> = (0..400).map(|i| visit(2, i / 40, false)).collect();
        for visits in [app, browser] {
            habits.learn(&Origin::of("home", visits));
        }
        habits.settle();
        assert!(habits.chance(1, 9) > 0.95 && habits.chance(2, 9) < 0.05);
        assert!((habits.chance(3, 9) - 0.5).abs() < 0.01);
        assert!((habits.chance(1, -1) - 0.5).abs() < 1e-9, "nothing is known before the first day");
        assert!((habits.alike(9) - ALIKE).abs() < 0.002);
        let by_luck = |day| beta_binomial_upper(6000.0, 6000, habits.chance(3, day), habits.alike(day));
        assert!(by_luck(-1) > 1e-4 && by_luck(9) < 1e-12, "{} and {}", by_luck(-1), by_luck(9));
    }
}
