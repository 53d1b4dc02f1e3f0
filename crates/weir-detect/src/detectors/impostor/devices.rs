//! Each person's clients: whether what reads them at an address is what reads them elsewhere.
//!
//! Decisive choice: people are followed one at a time, so memory holds one person's addresses and, of each address judged, a few bytes for
//! each person followed there. A person counts at an address once, on the first day there, by what was known before that day.

use super::crowd::Crowd;
use crate::detectors::harvest::habits::Habits;
use crate::grid::Grid;
use crate::{Context, DetectError};
use futures::StreamExt;
use std::collections::{BTreeMap, HashMap, HashSet};
use weir_lake::numbers;
use weir_stats::hash64;

/// People at households with known clients without which nothing is known of habits.
pub(super) const HOUSEHOLDS_MIN: u64 = 50;

/// A person's first day at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Trial {
    pub(super) day: i32,
    pub(super) family: u64,
    /// Whether no client of that family had been theirs before.
    pub(super) strange: bool,
}

/// People followed at an address from which its share of strangers is told.
const TOLD_MIN: usize = 8;
/// Addresses that tell what is usual where many people are.
const CROWDS_MIN: usize = 4;

/// By day: the share of strangers that a quarter of the addresses judged stay within, as far as enough of them tell. People bring their phones to a
/// carrier's address and their desk's computer to an office's, whatever households are like; a hand that is a part of the addresses does not
/// move their lower quarter.
#[derive(Default)]
pub(super) struct Crowds {
    usual: Vec<(i32, f64)>,
    /// How many people were followed at each address, ascending.
    followed: Vec<usize>,
}

impl Crowds {
    /// The share as known by a day.
    pub(super) fn usual(&self, day: i32) -> f64 {
        let known = self.usual.partition_point(|(at, _)| *at <= day);
        known.checked_sub(1).and_then(|at| self.usual.get(at)).map_or(0.0, |(_, share)| *share)
    }

    /// Whether so many people may be others' at an address: where there are enough to tell, a quarter have as many.
    pub(super) fn may_be(&self, people: f64) -> bool {
        let as_many = self.followed.len() - self.followed.partition_point(|n| (*n as f64) < people);
        self.followed.len() >= CROWDS_MIN && 4 * as_many >= self.followed.len()
    }

    pub(super) fn learn<'t>(all: impl Iterator<Item = &'t Vec<Trial>> + Clone) -> Self {
        let days = || all.clone().flatten().map(|trial| trial.day);
        let (Some(first), Some(last)) = (days().min(), days().max()) else { return Self::default() };
        let known = Grid::new(first, last).days().filter_map(|day| {
            let mut shares: Vec<f64> = all
                .clone()
                .filter_map(|trials| {
                    let until = trials.get(..trials.partition_point(|trial| trial.day <= day))?;
                    let strange = until.iter().filter(|trial| trial.strange).count() as f64;
                    (until.len() >= TOLD_MIN).then(|| strange / until.len() as f64)
                })
                .collect();
            shares.sort_by(f64::total_cmp);
            let quarter = shares.get(shares.len() / 4).copied();
            quarter.filter(|_| shares.len() >= CROWDS_MIN).map(|share| (day, share))
        });
        let mut followed: Vec<usize> = all.clone().map(Vec::len).collect();
        followed.sort_unstable();
        Self { usual: known.collect(), followed }
    }
}

/// What was seen.
#[derive(Default)]
pub(super) struct Seen {
    /// How often clients are strange where crowds are.
    pub(super) crowds: Crowds,
    /// How often a family's clients are strange at households.
    pub(super) habits: Habits,
    households: u64,
    trials: BTreeMap<usize, Vec<Trial>>,
}

impl Seen {
    /// First days of people at households.
    pub(super) fn households(&self) -> u64 {
        self.households
    }

    /// An address's trials, by day.
    pub(super) fn trials(&self, place: usize) -> &[Trial] {
        self.trials.get(&place).map_or(&[], Vec::as_slice)
    }

    fn person(&mut self, places: impl IntoIterator<Item = Place>) {
        let mut places: Vec<Place> = places.into_iter().collect();
        places.sort_unstable();
        // One pass by day: some people are read from a hundred thousand addresses.
        let (mut been, mut known) = (HashSet::new(), HashSet::new());
        for day in places.chunk_by(|a, b| a.day == b.day) {
            for here in day.chunk_by(|a, b| a.site == b.site) {
                let Some(first) = here.first().filter(|place| been.insert(place.site)) else { continue };
                if known.is_empty() {
                    continue;
                }
                let strange = here.iter().all(|place| !known.contains(&place.family));
                match first.site {
                    Site::Crowd(at) => {
                        let trial = Trial { day: first.day, family: first.family, strange };
                        self.trials.entry(at).or_default().push(trial);
                    }
                    Site::Household(_) => {
                        self.households += 1;
                        self.habits.add(first.family, first.day, strange);
                    }
                }
            }
            // Where crowds are, anybody's client may have been.
            known.extend(day.iter().filter(|p| matches!(p.site, Site::Household(_))).map(|p| p.family));
        }
    }
}

/// Where somebody was read: the place of an address among those judged, or the hash of a household's address. Of IPv6 each device of a household
/// has its own, so households are known by their prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Site {
    Crowd(usize),
    Household(u64),
}

/// A client of a person's somewhere, with the first day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    day: i32,
    site: Site,
    family: u64,
}

/// Clients at places that are held of one person.
const PLACES_MAX: usize = 100_000;

/// Where one person was read with which clients, and the first day of each. Who was read at more places than are held is known by a sample of them,
/// chosen by hash: the same one whatever their order.
#[derive(Default)]
struct Places {
    first: HashMap<(Site, u64), i32>,
    /// Of the places, one in two to the power of this is held.
    halvings: u32,
}

impl Places {
    fn take(&mut self, place: Place) {
        if !self.holds(place.site) {
            return;
        }
        let first = self.first.entry((place.site, place.family)).or_insert(place.day);
        *first = place.day.min(*first);
        while self.first.len() > PLACES_MAX && self.halvings < u64::BITS {
            self.halvings += 1;
            let halvings = self.halvings;
            self.first.retain(|(site, _), _| held(*site, halvings));
        }
    }

    fn holds(&self, site: Site) -> bool {
        self.halvings == 0 || held(site, self.halvings)
    }

    /// What is held; nothing is any more.
    fn drain(&mut self) -> impl Iterator<Item = Place> {
        self.halvings = 0;
        let all = std::mem::take(&mut self.first);
        all.into_iter().map(|((site, family), day)| Place { day, site, family })
    }
}

/// Whether a place is in the sample after so many halvings. Addresses judged always are: it is about them that people are followed.
fn held(site: Site, halvings: u32) -> bool {
    match site {
        Site::Crowd(_) => true,
        Site::Household(hash) => hash.trailing_zeros() >= halvings,
    }
}

/// Follows people.
pub(super) async fn seen(context: &Context<'_>, crowd: &Crowd) -> Result<Seen, DetectError> {
    let sample = match crowd.share {
        1.0 => String::new(),
        share => format!(" AND hash_share(subject) < {share:?}"),
    };
    // A row for each record, so as few bytes as can be, and one number to sort by.
    let query = format!(
        "SELECT hash(subject) AS person, hash(src_ip) AS origin, \
         CASE WHEN src_ip LIKE '%:%' THEN hash(network(src_ip)) END AS prefix, family(user_agent) AS family, day FROM {{digest}} \
         WHERE shown AND subject IS NOT NULL AND subject NOT LIKE 'credential:%' AND src_ip IS NOT NULL AND user_agent IS NOT NULL AND {}{sample} \
         ORDER BY 1",
        context.span_sql()
    );
    let hashed = |names: &[String]| -> Vec<i64> {
        names.iter().map(|name| hash64(name.as_bytes()).cast_signed()).collect()
    };
    let judged: HashMap<i64, usize> = hashed(&crowd.origins).into_iter().zip(0..).collect();
    let professionals: HashSet<i64> = hashed(&crowd.professionals).into_iter().collect();
    let mut batches = context.stream(&query).await?;
    let mut seen = Seen::default();
    let (mut person, mut places) = (None, Places::default());
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        for row in numbers(&batch, ["person", "origin", "prefix", "family", "day"]) {
            let [subject, Some(origin), prefix, Some(family), Some(day)] = row else { continue };
            if subject != person {
                seen.person(places.drain());
                person = subject;
            }
            if professionals.contains(&origin) {
                continue;
            }
            let household = || Site::Household(prefix.unwrap_or(origin).cast_unsigned());
            let site = judged.get(&origin).map_or_else(household, |at| Site::Crowd(*at));
            let (day, family) = (i32::try_from(day).unwrap_or(0), family.cast_unsigned());
            places.take(Place { day, site, family });
        }
    }
    seen.person(places.drain());
    seen.trials.values_mut().for_each(|trials| trials.sort_unstable());
    seen.habits.settle();
    seen.crowds = Crowds::learn(seen.trials.values());
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hand_with_half_of_the_addresses_does_not_move_what_is_usual_there() {
        let address = |every: i32| -> Vec<Trial> {
            (0..60).map(|i| Trial { day: i / 10, family: 1, strange: i % every == 0 }).collect()
        };
        let all: Vec<Vec<Trial>> = [5, 5, 5, 5, 1, 1, 1, 1].map(address).into();
        let crowds = Crowds::learn(all.iter());
        assert!((crowds.usual(5) - 0.2).abs() < 1e-9 && crowds.usual(-1) == 0.0);
        assert!(crowds.may_be(60.0) && !crowds.may_be(61.0));
        let few = Crowds::learn(all.iter().take(3));
        assert!(few.usual(5) == 0.0 && !few.may_be(1.0), "too few tell");
    }

    const DEN: Site = Site::Crowd(0);
    const HOME: Site = Site::Household(1);

    fn place(day: i32, site: Site, family: u64) -> Place {
        Place { day, site, family }
    }

    #[test]
    fn a_person_is_strange_once_where_no_client_was_theirs_before() {
        let mut seen = Seen::default();
        seen.person([place(1, HOME, 7), place(3, DEN, 9), place(4, DEN, 7)]);
        assert_eq!(seen.trials(0), [Trial { day: 3, family: 9, strange: true }]);
        seen.person([place(3, DEN, 9), place(5, HOME, 7)]);
        assert_eq!(seen.trials(0).len(), 1, "nothing was known of the second before");
        seen.person([place(1, HOME, 7), place(2, DEN, 7), place(2, DEN, 9)]);
        assert_eq!(seen.trials(0).last().map(|t| t.strange), Some(false), "one of theirs was with it");
        assert_eq!(seen.households(), 0, "where a crowd is, anybody's client may have been");
        seen.person([place(1, HOME, 7), place(5, Site::Household(2), 8)]);
        assert_eq!(seen.households(), 1);
    }

    #[test]
    fn a_person_read_from_very_many_addresses_takes_no_longer_than_many_people() {
        let mut seen = Seen::default();
        seen.person((0..200_000).map(|i| place(i % 20, Site::Household(i as u64), (i % 7) as u64)));
        assert_eq!(seen.households(), 190_000, "all but those of the first day");
    }

    #[test]
    fn of_very_many_places_a_sample_is_held_that_does_not_depend_on_their_order() {
        let all =
            |n: u64| (0..n).map(|i| place((i % 20) as i32, Site::Household(hash64(&i.to_le_bytes())), 1));
        let held = |places: &mut dyn Iterator<Item = Place>| {
            let mut held = Places::default();
            places.for_each(|place| held.take(place));
            let mut held: Vec<Place> = held.drain().collect();
            held.sort_unstable();
            held
        };
        let many = held(&mut all(5 * PLACES_MAX as u64));
        assert!((PLACES_MAX / 2..=PLACES_MAX).contains(&many.len()), "{}", many.len());
        let backwards: Vec<Place> = all(5 * PLACES_MAX as u64).collect();
        assert_eq!(held(&mut backwards.into_iter().rev()), many);
        assert_eq!(held(&mut [place(3, HOME, 7), place(2, HOME, 7)].into_iter()), [place(2, HOME, 7)]);
    }
}
