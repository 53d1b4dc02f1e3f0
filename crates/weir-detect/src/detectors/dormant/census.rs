//! The first look, over rollups: which addresses read enough people to be judged, which credentials serve many, and how many people there are.

use super::touches::Days;
use crate::grid::Grid;
use crate::histories::{self, History};
use crate::{Context, DetectError};
use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap};
use weir_model::EntityKind;
use weir_rollup::Partial;
use weir_stats::{Distinct, hash64};

/// People from which an address is judged.
pub(super) const PEOPLE_MIN: f64 = 10.0;
/// Addresses judged: those with most visits by people who had not looked around.
const READERS_MAX: usize = 2_000;
/// People from whom on a credential or an actor serves others than its own person.
const WIDE_MIN: f64 = 5.0;
/// Such credentials and actors known by name: those that serve most.
const WIDE_MAX: usize = 200_000;
/// People whose histories are read; of more, a sample by their hash.
const TRACKED_MAX: f64 = 200_000.0;

/// An address to be judged.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub(super) name: String,
    /// The first day on which it was shown anybody.
    pub(super) first: i32,
    /// By checkpoint: the share of its visits so far in which nobody had looked around.
    pub(super) bare: Vec<f32>,
}

/// What the first look gives.
#[derive(Debug)]
pub(super) struct Census {
    pub(super) days: Days,
    /// Sorted by name.
    pub(super) readers: Vec<Reader>,
    pub(super) passed_over: u64,
    /// Addresses that were shown anybody, up to each checkpoint.
    pub(super) seen: Vec<u64>,
    /// The share of people whose histories are read.
    pub(super) tracked: f64,
    /// Since when a credential or actor, by its hash, serves several people.
    pub(super) wide: HashMap<u64, i32>,
}

/// Looks over addresses, credentials and actors; `None` when nobody was read.
pub(super) async fn census(context: &Context<'_>) -> Result<Option<Census>, DetectError> {
    let Some(grid) = Grid::of(context).await? else { return Ok(None) };
    let days = Days::new(grid);
    let mut origins = Origins { first_seen: vec![0; days.len()], ..Origins::default() };
    histories(context, EntityKind::Origin, |history| origins.take(history, &days)).await?;
    if origins.top.is_empty() {
        return Ok(None);
    }
    let mut wide: BinaryHeap<(Reverse<u64>, u64, i32)> = BinaryHeap::new();
    for kind in [EntityKind::Actor, EntityKind::Credential] {
        histories(context, kind, |history| {
            if let Some((people, since)) = serves(&history) {
                wide.push((Reverse(people), hash64(history.entity.as_bytes()), since));
                if wide.len() > WIDE_MAX {
                    wide.pop();
                }
            }
        })
        .await?;
    }
    let mut readers: Vec<Reader> = origins.top.into_iter().map(|ranked| ranked.reader).collect();
    readers.sort_by(|a, b| a.name.cmp(&b.name));
    let mut so_far = 0;
    let seen = origins.first_seen.iter().map(|n| {
        so_far += n;
        so_far
    });
    Ok(Some(Census {
        seen: seen.collect(),
        days,
        readers,
        passed_over: origins.passed_over,
        tracked: (TRACKED_MAX / origins.people.estimate().max(1.0)).min(1.0),
        wide: wide.into_iter().map(|(_, hash, since)| (hash, since)).collect(),
    }))
}

/// How many people a credential or actor serves, and since when they are several; `None` for a person's own.
fn serves(history: &History) -> Option<(u64, i32)> {
    let (mut people, mut since) = (Distinct::new(), None);
    for (day, partial) in &history.days {
        people.merge(&partial.people);
        if since.is_none() && people.estimate() >= WIDE_MIN {
            since = Some(*day);
        }
    }
    Some((people.estimate().round() as u64, since?))
}

/// Hands over the histories of a kind of entity, one at a time; days on which no data was shown are left out.
pub(super) async fn histories(
    context: &Context<'_>,
    kind: EntityKind,
    mut take: impl FnMut(History),
) -> Result<(), DetectError> {
    // Visits are kept of addresses.
    let columns: &[&str] = match kind {
        EntityKind::Origin => &["people", "shown_records", "visits", "looks"],
        _ => &["people", "shown_records"],
    };
    histories::each(context, kind, columns, |mut history| {
        history.days.retain(|(_, partial)| partial.shown_records > 0);
        take(history);
    })
    .await
}

/// What is gathered of addresses.
#[derive(Default)]
struct Origins {
    first_seen: Vec<u64>,
    people: Distinct,
    top: BinaryHeap<Ranked>,
    passed_over: u64,
}

impl Origins {
    fn take(&mut self, history: History, days: &Days) {
        let shown: Vec<&(i32, Partial)> =
            history.days.iter().filter(|(_, partial)| !partial.people.is_empty()).collect();
        let Some((first, _)) = shown.first() else { return };
        if let Some(n) = self.first_seen.get_mut(days.checkpoint(*first)) {
            *n += 1;
        }
        let mut people = Distinct::new();
        shown.iter().for_each(|(_, partial)| people.merge(&partial.people));
        self.people.merge(&people);
        if people.estimate() < PEOPLE_MIN {
            return;
        }
        let mut visits = vec![(0.0, 0.0); days.len()];
        for (day, partial) in &shown {
            if let Some(cell) = visits.get_mut(days.checkpoint(*day)) {
                cell.0 += partial.visits.estimate();
                cell.1 += partial.bare();
            }
        }
        let (mut all, mut bare) = (0.0, 0.0);
        let share = visits.iter().map(|(v, b)| {
            (all, bare) = (all + v, bare + b);
            if all > 0.0 { (bare / all) as f32 } else { 0.0 }
        });
        let share = share.collect();
        let reader = Reader { name: history.entity, first: *first, bare: share };
        self.top.push(Ranked { bare: Reverse(bare.round() as u64), reader });
        if self.top.len() > READERS_MAX {
            self.top.pop();
            self.passed_over += 1;
        }
    }
}

/// An address by its visits without a look; that with fewest is the greatest.
struct Ranked {
    bare: Reverse<u64>,
    reader: Reader,
}

impl Ranked {
    fn key(&self) -> (Reverse<u64>, &str) {
        (self.bare, &self.reader.name)
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
impl Eq for Ranked {}
impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}
