//! The first look, over rollups: addresses at which many people's data is shown, each under a credential of their own.

use crate::histories;
use crate::{Context, DetectError};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use weir_model::EntityKind;
use weir_stats::Distinct;

/// People from which an address is more than a household.
const PEOPLE_MIN: f64 = 10.0;
/// Credentials for each person from which people are taken to be there themselves. Staff and programs have few for many people.
const OWN_MIN: f64 = 0.4;
/// Addresses judged; of more, those with the most people.
const ORIGINS_MAX: usize = 50_000;
/// People whose clients are followed: all, or a sample by the hash of their names.
const FOLLOWED: f64 = 200_000.0;
/// Followed people at the addresses judged, each counted at each: what is held of them.
const HELD_MAX: f64 = 4_000_000.0;

/// What the first look gives.
pub(super) struct Crowd {
    /// The addresses, sorted.
    pub(super) origins: Vec<String>,
    /// Addresses of as many people that read others for a living, sorted: what they use is nobody's own.
    pub(super) professionals: Vec<String>,
    /// The share of people who are followed: those whose names' hashes lie below it.
    pub(super) share: f64,
    /// By day: addresses seen for the first time.
    first_seen: BTreeMap<i32, u64>,
}

impl Crowd {
    /// These addresses, in a log of a thousand.
    #[cfg(test)]
    pub(super) fn of(origins: &[&str]) -> Self {
        let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
        Self { origins, professionals: Vec::new(), share: 1.0, first_seen: BTreeMap::from([(0, 1_000)]) }
    }

    /// Addresses seen up to a day: how many could have been accused.
    pub(super) fn seen(&self, day: i32) -> u64 {
        self.first_seen.range(..=day).map(|(_, n)| n).sum()
    }
}

/// Looks over all addresses.
pub(super) async fn crowd(context: &Context<'_>) -> Result<Crowd, DetectError> {
    let (mut top, mut professionals, mut without) = (Top::default(), Top::default(), Top::default());
    let mut first_seen: BTreeMap<i32, u64> = BTreeMap::new();
    let mut everybody = Distinct::new();
    let (mut showing, mut named) = (0_u64, 0_u64);
    histories::each(context, EntityKind::Origin, &["people", "credentials", "unnamed"], |history| {
        let Some((first, _)) = history.days.first() else { return };
        *first_seen.entry(*first).or_default() += 1;
        let (mut people, mut own, mut unnamed) = (Distinct::new(), Distinct::new(), Distinct::new());
        for (_, day) in &history.days {
            people.merge(&day.people);
            own.merge(&day.credentials);
            unnamed.merge(&day.unnamed);
        }
        everybody.merge(&people);
        if !people.is_empty() {
            showing += 1;
            named += u64::from(!own.is_empty());
        }
        let n = people.estimate();
        if n >= PEOPLE_MIN {
            let nameless = 2.0 * unnamed.estimate() >= n;
            let list = match own.estimate() >= OWN_MIN * n {
                true => &mut top,
                false if nameless => &mut without,
                false => &mut professionals,
            };
            list.take(n.round() as u64, history.entity);
        }
    })
    .await?;
    // Where most addresses show no credential, none can be asked for.
    let to = if 2 * named < showing { &mut top } else { &mut professionals };
    without.0.drain().for_each(|(people, origin)| to.take(people.0, origin));
    let share = followed(everybody.estimate(), top.people());
    Ok(Crowd { origins: top.sorted(), professionals: professionals.sorted(), share, first_seen })
}

/// The share of so many people to be followed where so many are at the addresses judged.
fn followed(people: f64, at_origins: u64) -> f64 {
    (FOLLOWED / people.max(1.0)).min(HELD_MAX / (at_origins as f64).max(1.0)).min(1.0)
}

/// The addresses with the most people.
#[derive(Default)]
struct Top(BinaryHeap<(Reverse<u64>, String)>);

impl Top {
    fn take(&mut self, people: u64, origin: String) {
        self.0.push((Reverse(people), origin));
        if self.0.len() > ORIGINS_MAX {
            self.0.pop();
        }
    }

    /// People at all of them, each counted at each.
    fn people(&self) -> u64 {
        self.0.iter().map(|(people, _)| people.0).sum()
    }

    fn sorted(self) -> Vec<String> {
        let mut origins: Vec<String> = self.0.into_iter().map(|(_, origin)| origin).collect();
        origins.sort();
        origins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_people_are_followed_than_are_held() {
        assert_eq!(followed(150_000.0, 3_000_000), 1.0);
        assert_eq!(followed(400_000.0, 3_000_000), 0.5);
        assert_eq!(followed(150_000.0, 40_000_000), 0.1);
        assert_eq!(followed(0.0, 0), 1.0);
        let mut top = Top::default();
        top.take(12, "a".to_owned());
        top.take(30, "b".to_owned());
        assert_eq!(top.people(), 42);
    }
}
