//! What rose at one entity at one time, and how much it matters.
//!
//! Decisive choice: rises of an entity's measures that overlap are one episode, named by the day on which the first of them began as it
//! was told: later days add to it and never rename it.

use super::everybody::PEERS_MIN;
use super::series::Measure;
use std::cmp::Reverse;
use weir_model::{EntityKind, Severity};
use weir_stats::drift::Rise;

/// People beyond credentials and beyond what was expected, summed over days, from which their growth can be grave.
const PEOPLE_MIN: f64 = 10.0;
/// Days before a rise was told within which others' rises make it one of many.
const CROWD_DAYS: i32 = 14;
/// Share of the series tested that make a crowd, and their least number.
const CROWD_SHARE: f64 = 0.02;
/// See [`CROWD_SHARE`].
const CROWD_MIN: f64 = 3.0;

/// A measure of an entity that rose.
#[derive(Clone, Debug)]
pub(super) struct Risen {
    pub(super) kind: EntityKind,
    pub(super) entity: String,
    pub(super) measure: Measure,
    pub(super) rise: Rise,
    /// Series tested on the day it was told, and the largest p that told one.
    pub(super) tests: u64,
    pub(super) threshold: f64,
    /// Series it was compared with.
    pub(super) peers: u64,
    /// Whether it shows people beyond its credentials on most days of it.
    pub(super) others: bool,
    /// Whether credentials or actors were named before it where people were shown.
    pub(super) named: bool,
}

impl Risen {
    /// Whether others tell what everybody grew by.
    pub(super) fn compared(&self) -> bool {
        self.peers >= PEERS_MIN
    }

    /// What growth of this measure means, if it is not one of many.
    fn severity(&self, crowded: bool) -> Severity {
        let grave = can_be_grave(self.kind, self.measure);
        let least = &self.rise.least;
        let excess = least.growth.seen - least.growth.expected * least.shared.exp();
        match self.measure {
            Measure::People if grave && self.named && self.compared() && !crowded && excess >= PEOPLE_MIN => {
                Severity::High
            }
            Measure::People => Severity::Medium,
            Measure::Records | Measure::Bytes if self.others => Severity::Medium,
            Measure::Records | Measure::Bytes => Severity::Low,
        }
    }
}

/// Whether growth of a measure can be grave at a kind of entity: people beyond credentials, of those who read.
pub(super) fn can_be_grave(kind: EntityKind, measure: Measure) -> bool {
    let reads =
        matches!(kind, EntityKind::Actor | EntityKind::Credential | EntityKind::Key | EntityKind::Origin);
    reads && measure == Measure::People
}

/// What rose at one entity at one time, the first told first.
#[derive(Clone, Debug)]
pub(super) struct Episode {
    pub(super) risen: Vec<Risen>,
    pub(super) severity: Severity,
    /// The day on which it was first so severe.
    pub(super) told: i32,
    /// Whether too many rose with it.
    pub(super) crowded: bool,
}

impl Episode {
    /// Its first and last day.
    pub(super) fn days(&self) -> (i32, i32) {
        let from = self.risen.iter().map(|r| r.rise.from).min().unwrap_or(0);
        (from, self.risen.iter().map(|r| r.rise.to).max().unwrap_or(from))
    }

    /// Whether it goes on.
    pub(super) fn open(&self) -> bool {
        self.risen.iter().any(|r| !r.rise.over)
    }
}

/// The episodes of a kind's rises, by entity and day.
pub(super) fn of(mut risen: Vec<Risen>) -> Vec<Episode> {
    risen.sort_by(|a, b| (&a.entity, a.rise.told, a.measure).cmp(&(&b.entity, b.rise.told, b.measure)));
    let crowds: Vec<bool> = risen.iter().map(|one| crowded(one, &risen)).collect();
    let mut episodes: Vec<Episode> = Vec::new();
    for (one, crowded) in risen.into_iter().zip(crowds) {
        let severity = one.severity(crowded);
        let joins = |episode: &Episode| {
            let (from, to) = episode.days();
            let same = episode.risen.first().is_some_and(|first| first.entity == one.entity);
            same && one.rise.from <= to && one.rise.to >= from
        };
        match episodes.last_mut().filter(|episode| joins(episode)) {
            Some(episode) => {
                if severity > episode.severity {
                    (episode.severity, episode.told) = (severity, one.rise.told);
                }
                episode.crowded |= crowded;
                episode.risen.push(one);
            }
            None => episodes.push(Episode { severity, told: one.rise.told, crowded, risen: vec![one] }),
        }
    }
    episodes.sort_by_key(|episode| (Reverse(episode.severity), episode.days()));
    episodes
}

/// Whether many of those tested rose at the time one was told, up to that day: then something happened to them all.
fn crowded(one: &Risen, all: &[Risen]) -> bool {
    let near = |other: &&Risen| {
        other.measure == one.measure
            && other.entity != one.entity
            && (one.rise.told - CROWD_DAYS..=one.rise.told).contains(&other.rise.told)
    };
    all.iter().filter(near).count() as f64 >= CROWD_MIN.max(CROWD_SHARE * one.tests as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_stats::drift::Least;
    use weir_stats::growth::{Belief, Growth};

    fn risen(entity: &str, measure: Measure, (from, told, to): (i32, i32, i32)) -> Risen {
        let belief = Belief { inflation: 1.0, freedom: 20.0, windows: 400.0 };
        let growth = Growth {
            days: 7,
            past: 28,
            growth: 0.4,
            error: 0.05,
            seen: 700.0,
            expected: 470.0,
            variance: 900.0,
            fitted: 182,
            missed: belief,
        };
        let least = Least { growth, shared: 0.0, belief, p: 1e-7 };
        Risen {
            kind: EntityKind::Actor,
            entity: entity.to_owned(),
            measure,
            rise: Rise { from, to, told, least, seen: 0.0, expected: 0.0, over: false },
            tests: 40,
            threshold: 1e-6,
            peers: 40,
            others: true,
            named: true,
        }
    }

    #[test]
    fn what_rises_together_is_one_episode_named_by_what_was_told_first() {
        let all = of(vec![
            risen("a", Measure::People, (52, 58, 90)),
            risen("a", Measure::Records, (50, 56, 90)),
            risen("a", Measure::Records, (120, 126, 130)),
            risen("b", Measure::Bytes, (50, 56, 90)),
        ]);
        let told: Vec<(&str, usize, Severity, (i32, i32))> =
            all.iter().map(|e| (e.risen[0].entity.as_str(), e.risen.len(), e.severity, e.days())).collect();
        assert_eq!(
            told,
            [
                ("a", 2, Severity::High, (50, 90)),
                ("b", 1, Severity::Medium, (50, 90)),
                ("a", 1, Severity::Medium, (120, 130)),
            ]
        );
        assert_eq!((all[0].risen[0].measure, all[0].told), (Measure::Records, 58));
    }

    #[test]
    fn high_needs_a_reader_with_named_credentials_compared_with_others_and_alone() {
        let grave = risen("a", Measure::People, (50, 56, 90));
        assert_eq!(grave.severity(false), Severity::High);
        assert_eq!(grave.severity(true), Severity::Medium, "one of many");
        for change in [
            (|r| r.kind = EntityKind::Dataset) as fn(&mut Risen),
            |r| r.named = false,
            |r| r.peers = 3,
            |r| r.rise.least.growth.seen = 475.0,
        ] {
            let mut other = grave.clone();
            change(&mut other);
            assert_eq!(other.severity(false), Severity::Medium);
        }
        let mut volume = risen("a", Measure::Bytes, (50, 56, 90));
        assert_eq!(volume.severity(false), Severity::Medium);
        volume.others = false;
        assert_eq!(volume.severity(false), Severity::Low);
    }

    #[test]
    fn a_crowd_is_what_came_before_and_not_what_comes_after() {
        let many: Vec<Risen> =
            (0..5).map(|i| risen(&format!("e{i}"), Measure::People, (50 + i, 56 + i, 90))).collect();
        let crowds: Vec<bool> = many.iter().map(|one| crowded(one, &many)).collect();
        assert_eq!(crowds, [false, false, false, true, true]);
    }
}
