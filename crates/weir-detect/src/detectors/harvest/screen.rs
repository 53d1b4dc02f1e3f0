//! The first look, over rollups: how people visit, and which few addresses are visited otherwise.
//!
//! Decisive choice: two passes over one kind's rollups and no state per address. The first learns what is usual, the second compares.

use crate::histories::{self, History};
use crate::{Context, DetectError};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use weir_model::EntityKind;
use weir_rollup::{Partial, bare};
use weir_stats::tail::beta_binomial_upper;
use weir_stats::{BottomK, Distinct, Merge, Sliding, hash64, windows_within};

/// People from which an address is more than a household, and is judged.
pub(super) const PEOPLE_MIN: f64 = 10.0;
/// Visits of households without which nothing is known of habits.
pub(crate) const VISITS_MIN: f64 = 200.0;
/// People at an address, each without a look, who must be unlikely where habits tell anything.
const STRAIGHT: u64 = 250;
/// What an address must show in the rollups to be looked at exactly.
pub(crate) struct Bar {
    /// People in a window.
    people: f64,
    /// Visits without a look.
    bare: f64,
    /// Credentials for each person. Staff and programs have few for many people.
    own: f64,
    /// Chance under everybody's habits, at most.
    chance: f64,
}

/// To be judged alone.
pub(super) const ALONE: Bar = Bar { people: PEOPLE_MIN, bare: 8.0, own: 0.4, chance: 0.01 };
/// To be compared with a hand that is known.
pub(crate) const BESIDE: Bar = Bar { people: 1.0, bare: 1.0, own: 0.0, chance: 1.0 };
/// Addresses looked at exactly: the least likely.
const SUSPECTS_MAX: usize = 5_000;
/// Households whose visits are read one by one.
const SAMPLE: usize = 2_000;
/// How alike the visits of one address are beyond everybody's habits: intra-class correlation.
pub(crate) const ALIKE: f64 = 0.05;

/// What the first pass learns.
#[derive(Default)]
pub(crate) struct Census {
    /// By day: visits of households, and those of them without a look.
    days: BTreeMap<i32, (f64, f64)>,
    /// By day: addresses seen for the first time.
    first_seen: BTreeMap<i32, u64>,
    /// Addresses that show people, and those of them that show credentials: where most do not, none can be asked for.
    showing: (u64, u64),
    /// Of the former, those most of whose people were shown by records that name who asks.
    named: u64,
    sample: Option<BottomK<Name>>,
}

/// A sampled address; two with one hash keep the smaller name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name(String);

impl Merge for Name {
    fn merge(&mut self, other: &Self) {
        if other.0 < self.0 {
            self.0.clone_from(&other.0);
        }
    }
}

impl Census {
    /// Visits of households.
    pub(crate) fn visits(&self) -> f64 {
        self.days.values().map(|(visits, _)| visits).sum()
    }

    /// The share of visits without a look, up to each day.
    fn usual(&self) -> BTreeMap<i32, f64> {
        let (mut visits, mut bare) = (0.0, 0.0);
        let each = self.days.iter().map(|(day, (v, b))| {
            visits += v;
            bare += b;
            (*day, (bare + 1.0) / (visits + 2.0))
        });
        each.collect()
    }

    /// The first day of the log.
    pub(crate) fn began(&self) -> i32 {
        self.first_seen.keys().next().copied().unwrap_or(0)
    }

    /// Whether how people visit tells a hand from them, at this chance: not where nobody looks around, as in a log of data pages alone. Then all
    /// who come go straight there, and a hand does nothing else.
    pub(crate) fn tells(&self, threshold: f64) -> bool {
        let usual = (self.bare_share() * self.visits() + 1.0) / (self.visits() + 2.0);
        self.visits() >= VISITS_MIN
            && beta_binomial_upper(STRAIGHT as f64, STRAIGHT, usual, ALIKE) <= threshold
    }

    /// The share of the addresses that show people at which records name who asks; of none, all.
    pub(crate) fn named_share(&self) -> f64 {
        if self.showing.0 == 0 { 1.0 } else { self.named as f64 / self.showing.0 as f64 }
    }

    /// The share of all visits without a look.
    pub(crate) fn bare_share(&self) -> f64 {
        let bare: f64 = self.days.values().map(|(_, bare)| bare).sum();
        bare / self.visits().max(1.0)
    }

    /// Addresses seen up to a day: how many could have been accused.
    pub(crate) fn seen(&self, day: i32) -> u64 {
        self.first_seen.range(..=day).map(|(_, n)| n).sum()
    }

    /// The households whose visits say what is usual.
    pub(crate) fn sampled(&self) -> BTreeSet<String> {
        self.sample.iter().flat_map(|s| s.iter().map(|(_, name)| name.0.clone())).collect()
    }
}

/// The addresses' histories, one at a time.
async fn histories(context: &Context<'_>, take: impl FnMut(History)) -> Result<(), DetectError> {
    const COLUMNS: [&str; 5] = ["people", "credentials", "visits", "looks", "unnamed"];
    histories::each(context, EntityKind::Origin, &COLUMNS, take).await
}

/// The first pass.
pub(crate) async fn census<'a>(context: &Context<'a>) -> Result<&'a Census, DetectError> {
    if let Some(known) = context.memo.census.get() {
        return Ok(known);
    }
    let mut census = Census::default();
    let mut sample = BottomK::new(SAMPLE);
    histories(context, |history| {
        let Some((first, _)) = history.days.first() else { return };
        *census.first_seen.entry(*first).or_default() += 1;
        if history.days.iter().any(|(_, day)| !day.people.is_empty()) {
            census.showing.0 += 1;
            census.showing.1 += u64::from(history.days.iter().any(|(_, day)| !day.credentials.is_empty()));
            let sum = |of: fn(&Partial) -> &Distinct| -> f64 {
                history.days.iter().map(|(_, day)| of(day).estimate()).sum()
            };
            census.named += u64::from(2.0 * sum(|day| &day.unnamed) < sum(|day| &day.people));
        }
        let mut people = Distinct::new();
        let mut visited = false;
        for (day, partial) in &history.days {
            people.merge(&partial.people);
            if people.estimate() >= PEOPLE_MIN {
                return;
            }
            let visits = partial.visits.estimate();
            if visits > 0.0 {
                visited = true;
                let usual = census.days.entry(*day).or_default();
                usual.0 += visits;
                usual.1 += partial.bare();
            }
        }
        if visited {
            sample.insert(hash64(history.entity.as_bytes()), Name(history.entity));
        }
    })
    .await?;
    census.sample = Some(sample);
    Ok(context.memo.census.get_or_init(|| census))
}

/// An address by how unlikely it is; the least likely is the greatest.
#[derive(PartialEq)]
struct Suspect {
    p: f64,
    origin: String,
}

impl Eq for Suspect {}
impl PartialOrd for Suspect {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Suspect {
    fn cmp(&self, other: &Self) -> Ordering {
        self.p.total_cmp(&other.p).then_with(|| self.origin.cmp(&other.origin))
    }
}

/// The second pass: addresses that are visited otherwise than households, as far as rollups can tell.
pub(crate) async fn suspects(
    context: &Context<'_>,
    census: &Census,
    bar: &Bar,
) -> Result<BTreeSet<String>, DetectError> {
    let usual = census.usual();
    let own = if 2 * census.showing.1 >= census.showing.0 { bar.own } else { 0.0 };
    let mut least: BinaryHeap<Suspect> = BinaryHeap::new();
    histories(context, |history| {
        let p = unlikely(&history, &usual, bar, own);
        if p <= bar.chance {
            least.push(Suspect { p, origin: history.entity });
            if least.len() > SUSPECTS_MAX {
                least.pop();
            }
        }
    })
    .await?;
    Ok(least.into_iter().map(|s| s.origin).collect())
}

/// What a window of an address's days holds of what is asked here.
#[derive(Clone)]
struct Held {
    people: Distinct,
    credentials: Distinct,
    unnamed: Distinct,
    visits: Distinct,
    looks: Distinct,
}

impl Held {
    fn of(day: &Partial) -> Self {
        Self {
            people: day.people.clone(),
            credentials: day.credentials.clone(),
            unnamed: day.unnamed.clone(),
            visits: day.visits.clone(),
            looks: day.looks.clone(),
        }
    }
}

impl Merge for Held {
    fn merge(&mut self, other: &Self) {
        self.people.merge(&other.people);
        self.credentials.merge(&other.credentials);
        self.unnamed.merge(&other.unnamed);
        self.visits.merge(&other.visits);
        self.looks.merge(&other.looks);
    }
}

/// The smallest chance over all days and windows.
fn unlikely(history: &History, usual: &BTreeMap<i32, f64>, bar: &Bar, credentials: f64) -> f64 {
    let bare_days: f64 = history.days.iter().map(|(_, p)| p.bare()).sum();
    if bare_days < bar.bare {
        return 1.0;
    }
    let mut all = Distinct::new();
    history.days.iter().for_each(|(_, day)| all.merge(&day.people));
    if all.estimate() < bar.people {
        return 1.0;
    }
    let held = history.days.iter().map(|(day, partial)| (*day, Held::of(partial)));
    let days: Vec<(i32, Held)> = held.collect();
    let (Some((first, _)), Some((last, _))) = (days.first(), days.last()) else { return 1.0 };
    let mut least: f64 = 1.0;
    for window in windows_within(last.abs_diff(*first).saturating_add(1)) {
        let mut held: Sliding<Held> = Sliding::new(window);
        for (day, seen) in &days {
            // Days ascend, so none comes late.
            let _ = held.push(*day, seen);
            let Some(total) = held.total() else { continue };
            let people = total.people.estimate();
            if people < bar.people {
                continue;
            }
            // Where credentials cannot be asked for, whoever is named by them, or as an actor, is known by that.
            let named = credentials == 0.0 && bar.own > 0.0 && 2.0 * total.unnamed.estimate() < people;
            if named || (credentials > 0.0 && total.credentials.estimate() < credentials * people) {
                continue;
            }
            let visits = total.visits.estimate();
            let n = people.min(visits).round();
            let cold = n * bare(&total.visits, &total.looks) / visits.max(1.0);
            let mean = usual.range(..=*day).next_back().map_or(0.5, |(_, share)| *share);
            least = least.min(beta_binomial_upper(cold, n as u64, mean, ALIKE));
        }
    }
    least
}
