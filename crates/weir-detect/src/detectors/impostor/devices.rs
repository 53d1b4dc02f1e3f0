//! Each person's clients: whether what reads them at an address is what reads them elsewhere.
//!
//! Decisive choice: people are followed one at a time, so memory holds one person's addresses and, of each address judged, a few bytes for
//! each person followed there. A person counts at an address once, on the first day there, by what was known before that day.

use super::crowd::Crowd;
use crate::detectors::harvest::habits::Habits;
use crate::detectors::harvest::visits::family;
use crate::grid::Grid;
use crate::{Context, DetectError};
use futures::StreamExt;
use std::collections::{BTreeMap, HashMap, HashSet};
use weir_lake::rows;
use weir_model::entity::prefix_of;

/// People at households with known clients without which nothing is known of habits.
pub(super) const HOUSEHOLDS_MIN: u64 = 50;
/// Client strings whose family is remembered.
const FAMILIES_MAX: usize = 100_000;

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
pub(super) struct Crowds(Vec<(i32, f64)>);

impl Crowds {
    /// The share as known by a day.
    pub(super) fn usual(&self, day: i32) -> f64 {
        let known = self.0.partition_point(|(at, _)| *at <= day);
        known.checked_sub(1).and_then(|at| self.0.get(at)).map_or(0.0, |(_, share)| *share)
    }

    fn learn<'t>(all: impl Iterator<Item = &'t Vec<Trial>> + Clone) -> Self {
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
        Self(known.collect())
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

    fn person(&mut self, crowd: &Crowd, mut places: Vec<Place>) {
        places.sort_unstable();
        // One pass by day: some people are read from a hundred thousand addresses.
        let (mut been, mut known) = (HashSet::new(), HashSet::new());
        for day in places.chunk_by(|a, b| a.day == b.day) {
            for here in day.chunk_by(|a, b| a.origin == b.origin) {
                let Some(first) = here.first().filter(|place| been.insert(&place.origin)) else { continue };
                if known.is_empty() {
                    continue;
                }
                let strange = here.iter().all(|place| !known.contains(&place.family));
                match crowd.place(&first.origin) {
                    Some(at) => {
                        let trial = Trial { day: first.day, family: first.family, strange };
                        self.trials.entry(at).or_default().push(trial);
                    }
                    None => {
                        self.households += 1;
                        self.habits.add(first.family, first.day, strange);
                    }
                }
            }
            // Where crowds are, anybody's client may have been.
            known.extend(day.iter().filter(|p| crowd.place(&p.origin).is_none()).map(|p| p.family));
        }
    }
}

/// A client of a person's at an address, with the first day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    day: i32,
    origin: String,
    family: u64,
}

/// Where an address is: of IPv6 each device of a household has its own, so households are known by their prefix.
fn site(crowd: &Crowd, origin: &str) -> String {
    let prefix = || prefix_of(origin).filter(|_| origin.contains(':'));
    if crowd.place(origin).is_some() { None } else { prefix() }.unwrap_or_else(|| origin.to_owned())
}

/// Follows people.
pub(super) async fn seen(context: &Context<'_>, crowd: &Crowd) -> Result<Seen, DetectError> {
    let sample = match crowd.share {
        1.0 => String::new(),
        share => format!(" AND hash_share(subject) < {share:?}"),
    };
    let query = format!(
        "SELECT subject, src_ip, user_agent, min(day) AS day FROM {{digest}} WHERE shown AND subject IS NOT NULL AND subject NOT LIKE 'credential:%' \
         AND src_ip IS NOT NULL AND user_agent IS NOT NULL AND {}{sample} GROUP BY 1, 2, 3 ORDER BY 1",
        context.span_sql()
    );
    let mut batches = context.stream(&query).await?;
    let mut seen = Seen::default();
    let mut families: HashMap<String, u64> = HashMap::new();
    let (mut person, mut places) = (String::new(), Vec::new());
    while let Some(batch) = batches.next().await {
        let batch = [batch?];
        for row in rows(&batch) {
            let (Some(subject), Some(origin), Some(client), Some(day)) =
                (row.text("subject"), row.text("src_ip"), row.text("user_agent"), row.int("day"))
            else {
                continue;
            };
            if subject != person {
                seen.person(crowd, std::mem::take(&mut places));
                subject.clone_into(&mut person);
            }
            let family = families.get(client).copied().unwrap_or_else(|| {
                let family = family(client);
                if families.len() < FAMILIES_MAX {
                    families.insert(client.to_owned(), family);
                }
                family
            });
            if crowd.professional(origin) {
                continue;
            }
            let origin = site(crowd, origin);
            places.push(Place { day: i32::try_from(day).unwrap_or(0), origin, family });
        }
    }
    seen.person(crowd, places);
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
        assert_eq!(Crowds::learn(all.iter().take(3)).usual(5), 0.0, "too few tell");
    }

    fn place(day: i32, origin: &str, family: u64) -> Place {
        Place { day, origin: origin.to_owned(), family }
    }

    #[test]
    fn a_person_is_strange_once_where_no_client_was_theirs_before() {
        let crowd = Crowd::of(&["den"]);
        let mut seen = Seen::default();
        seen.person(&crowd, vec![place(1, "home", 7), place(3, "den", 9), place(4, "den", 7)]);
        assert_eq!(seen.trials(0), [Trial { day: 3, family: 9, strange: true }]);
        seen.person(&crowd, vec![place(3, "den", 9), place(5, "home", 7)]);
        assert_eq!(seen.trials(0).len(), 1, "nothing was known of the second before");
        seen.person(&crowd, vec![place(1, "home", 7), place(2, "den", 7), place(2, "den", 9)]);
        assert_eq!(seen.trials(0).last().map(|t| t.strange), Some(false), "one of theirs was with it");
        assert_eq!(seen.households(), 0, "where a crowd is, anybody's client may have been");
        seen.person(&crowd, vec![place(1, "home", 7), place(5, "office", 8)]);
        assert_eq!(seen.households(), 1);
    }

    #[test]
    fn a_person_read_from_very_many_addresses_takes_no_longer_than_many_people() {
        let crowd = Crowd::of(&["den"]);
        let mut seen = Seen::default();
        let places = (0..200_000).map(|i| place(i % 20, &format!("address {i}"), (i % 7) as u64));
        seen.person(&crowd, places.collect());
        assert_eq!(seen.households(), 190_000, "all but those of the first day");
    }
}
