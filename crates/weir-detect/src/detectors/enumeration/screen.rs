//! The first look, over rollups: who asked for people without being shown them, and how much of that is ordinary.

use super::judge::LADDER;
use crate::grid::{Grid, held};
use crate::histories;
use crate::null::Null;
use crate::{Context, DetectError};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use weir_model::EntityKind;
use weir_stats::{Distinct, LogHistogram, WINDOWS};

/// People asked for in vain from which a reader is looked at exactly.
pub(super) const MISSED_MIN: f64 = 10.0;
/// Readers looked at; of more, those who asked for most in vain.
const CANDIDATES_MAX: usize = 5_000;

/// What the first look gives.
pub(super) struct Looked {
    /// Readers to look at, with the most that they asked for in vain so far.
    pub(super) candidates: BTreeMap<String, Most>,
    /// By day: readers who ask for people, seen for the first time.
    first_seen: BTreeMap<i32, u64>,
    /// Days of measurement.
    grid: Grid,
    /// The most that each reader asked for in vain so far, zeros left out.
    missed: Vec<[LogHistogram; LADDER.len()]>,
}

/// The most people asked for in vain within each window of the ladder, up to each day of measurement: `[day][window]`.
type Most = Vec<[f64; LADDER.len()]>;

impl Looked {
    /// Readers seen up to a day: how many could have been accused.
    pub(super) fn seen(&self, day: i32) -> u64 {
        self.first_seen.range(..=day).map(|(_, n)| n).sum()
    }

    /// The first day with records.
    pub(super) fn began(&self) -> i32 {
        self.grid.first
    }

    /// How many people readers ask for in vain at most, up to a day, without some readers: for each window of the ladder.
    pub(super) fn missed<'r>(
        &self,
        day: i32,
        without: impl Iterator<Item = &'r str>,
    ) -> Option<[Null; LADDER.len()]> {
        let at = self.grid.at(day)?;
        let mut values = self.missed.get(at)?.clone();
        for most in without.filter_map(|reader| self.candidates.get(reader)?.get(at)) {
            values.iter_mut().zip(most).for_each(|(values, n)| values.remove(*n));
        }
        Some(values.map(|values| Null::fit(&values, self.seen(day))))
    }
}

#[cfg(test)]
impl Looked {
    /// Readers by name and the day on which they asked, and how many they asked for in vain on it.
    pub(super) fn of(readers: impl Iterator<Item = (String, i32, f64)>, last: i32) -> Self {
        let mut looked = Self::new(Grid::new(0, last));
        readers.for_each(|(reader, day, n)| {
            *looked.first_seen.entry(day).or_default() += 1;
            let on = |checkpoint| if checkpoint < day { 0.0 } else { n };
            let most = looked.grid.days().map(|checkpoint| [on(checkpoint); LADDER.len()]).collect();
            looked.take(reader, most);
        });
        looked
    }

    /// Adds a reader who asks from a day on, with the most in vain on one day so far.
    pub(super) fn grows(&mut self, reader: &str, from: i32, most: impl Fn(i32) -> f64) {
        *self.first_seen.entry(from).or_default() += 1;
        let on = |day: i32| if day < from { 0.0 } else { most(day) };
        let most = self.grid.days().map(|day| [on(day); LADDER.len()]).collect();
        self.take(reader.to_owned(), most);
    }
}

impl Looked {
    fn new(grid: Grid) -> Self {
        let none = || std::array::from_fn(|_| LogHistogram::new());
        let missed = (0..grid.len()).map(|_| none()).collect();
        Self { candidates: BTreeMap::new(), first_seen: BTreeMap::new(), grid, missed }
    }

    fn take(&mut self, reader: String, most: Most) {
        for (values, most) in self.missed.iter_mut().zip(&most) {
            values.iter_mut().zip(most).filter(|(_, n)| **n > 0.0).for_each(|(values, n)| values.insert(*n));
        }
        self.candidates.insert(reader, most);
    }
}

/// Looks over all readers of a kind.
pub(super) async fn screen(context: &Context<'_>, kind: EntityKind) -> Result<Looked, DetectError> {
    let mut looked = Looked::new(Grid::of(context).await?.unwrap_or(Grid::new(0, 0)));
    let mut top: BTreeSet<(u64, Reverse<String>)> = BTreeSet::new();
    histories::each(context, kind, &["people", "missed"], |history| {
        let asks = |day: &weir_rollup::Partial| !day.people.is_empty() || !day.missed.is_empty();
        let Some((first, _)) = history.days.iter().find(|(_, day)| asks(day)) else { return };
        *looked.first_seen.entry(*first).or_default() += 1;
        let days = history.days.into_iter().filter(|(_, day)| !day.missed.is_empty());
        let days: Vec<(i32, Distinct)> = days.map(|(day, partial)| (day, partial.missed)).collect();
        if days.is_empty() {
            return;
        }
        let most = most(&days, looked.grid);
        let n = most.last().and_then(|row| row.last()).copied().unwrap_or(0.0);
        looked.take(history.entity.clone(), most);
        if n < MISSED_MIN {
            looked.candidates.remove(&history.entity);
            return;
        }
        top.insert((n.round() as u64, Reverse(history.entity)));
        if top.len() > CANDIDATES_MAX {
            let least = top.pop_first();
            least.into_iter().for_each(|(_, Reverse(reader))| drop(looked.candidates.remove(&reader)));
        }
    })
    .await?;
    Ok(looked)
}

/// The most that a reader asked for in vain so far.
fn most(days: &[(i32, Distinct)], grid: Grid) -> Most {
    let mut so_far = [0.0_f64; LADDER.len()];
    let row = |row: &[f64; WINDOWS.len()]| {
        for (most, at) in so_far.iter_mut().zip(LADDER) {
            *most = most.max(row.get(at).copied().unwrap_or(0.0));
        }
        so_far
    };
    held(days, grid).iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_so_far_is_that_of_the_best_day_and_never_falls() {
        let asked = |ids: std::ops::Range<u64>| {
            let mut set = Distinct::new();
            ids.for_each(|id| set.insert(id));
            set
        };
        let most = most(&[(0, asked(0..5)), (1, asked(5..7)), (9, asked(7..8))], Grid::new(0, 9));
        assert_eq!(most.first(), Some(&[5.0, 5.0, 5.0]));
        assert_eq!(most.get(1), Some(&[5.0, 7.0, 7.0]));
        assert_eq!(most.last(), Some(&[5.0, 7.0, 8.0]));
    }
}
