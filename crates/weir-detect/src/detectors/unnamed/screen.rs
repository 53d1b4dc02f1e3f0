//! The first look, over rollups: who was shown more than a few things, day by day, and what the many were shown.

use super::judge::Judged;
use super::{EACH_THING, Readers};
use crate::grid::{Grid, Held, held};
use crate::histories::{self, History};
use crate::most::Most;
use crate::{Context, DetectError};
use std::collections::BTreeMap;
use weir_lake::{quote_all, rows};
use weir_model::EntityKind;
use weir_stats::{Distinct, LogHistogram, WINDOWS};

/// Things from which a reader is judged.
pub(super) const THINGS_MIN: f64 = 10.0;
/// Readers judged; of more, those with the most things. The others are peers.
const CANDIDATES_MAX: usize = 2_000;

/// A reader to be judged.
#[derive(Clone, Debug, Default)]
pub(super) struct Candidate {
    pub(super) entity: String,
    /// Things shown to it on each day on which there were any.
    pub(super) days: Vec<(i32, f64)>,
    /// What each window held.
    pub(super) held: Held,
}

/// What the first look gives.
pub(super) struct Census {
    pub(super) grid: Grid,
    /// Sorted by name.
    pub(super) candidates: Vec<Candidate>,
    /// Readers seen up to each day of measurement, whatever they read.
    pub(super) seen: Vec<u64>,
    /// What windows held of those not judged: `[checkpoint][window]`, zeros left out.
    pub(super) quiet: Vec<[LogHistogram; WINDOWS.len()]>,
    /// Things that each of them was shown who was shown any.
    pub(super) each: f64,
    /// Whether anybody was shown any.
    pub(super) any: bool,
}

struct Screen {
    census: Census,
    top: Most<Candidate>,
    first_seen: Vec<u64>,
    quiet: (f64, f64),
}

/// Looks over all readers of a kind, one history at a time.
pub(super) async fn screen(context: &Context<'_>, kind: EntityKind) -> Result<Census, DetectError> {
    let grid = Grid::of(context).await?.unwrap_or(Grid::new(0, 0));
    let empty = || std::array::from_fn(|_| LogHistogram::new());
    let census = Census {
        grid,
        candidates: Vec::new(),
        seen: Vec::new(),
        quiet: (0..grid.len()).map(|_| empty()).collect(),
        each: 1.0,
        any: false,
    };
    let first_seen = vec![0; grid.len()];
    let mut screen = Screen { census, top: Most::new(CANDIDATES_MAX), first_seen, quiet: (0.0, 0.0) };
    histories::each(context, kind, &["things"], |history| screen.take(history)).await?;
    Ok(screen.finish())
}

impl Candidate {
    fn of(entity: String, days: &[(i32, Distinct)], grid: Grid) -> Self {
        let daily = days.iter().map(|(day, things)| (*day, things.estimate())).collect();
        Self { entity, days: daily, held: held(days, grid) }
    }

    fn things(&self) -> f64 {
        self.held.last().and_then(|windows| windows.last()).copied().unwrap_or(0.0)
    }
}

impl Screen {
    fn take(&mut self, history: History) {
        let Some((first, _)) = history.days.first() else { return };
        let at = self.census.grid.days().position(|day| day >= *first).unwrap_or(0);
        self.first_seen.get_mut(at).into_iter().for_each(|n| *n += 1);
        let days: Vec<(i32, Distinct)> = history
            .days
            .into_iter()
            .filter(|(_, day)| !day.things.is_empty())
            .map(|(at, day)| (at, day.things))
            .collect();
        if days.is_empty() {
            return;
        }
        self.census.any = true;
        let candidate = Candidate::of(history.entity, &days, self.census.grid);
        let things = candidate.things();
        if things < THINGS_MIN {
            self.passed(&candidate);
            return;
        }
        let entity = candidate.entity.clone();
        if let Some(least) = self.top.put(things.round() as u64, &entity, candidate) {
            self.passed(&least);
        }
    }

    /// One that is a peer only.
    fn passed(&mut self, candidate: &Candidate) {
        self.quiet = (self.quiet.0 + candidate.things(), self.quiet.1 + 1.0);
        for (cells, held) in self.census.quiet.iter_mut().zip(&candidate.held) {
            for (cell, things) in cells.iter_mut().zip(held).filter(|(_, things)| **things > 0.0) {
                cell.insert(*things);
            }
        }
    }

    fn finish(mut self) -> Census {
        let mut so_far = 0;
        let sum = |n: &u64| {
            so_far += n;
            so_far
        };
        self.census.seen = self.first_seen.iter().map(sum).collect();
        self.census.candidates = self.top.into_kept().collect();
        self.census.candidates.sort_by(|a, b| a.entity.cmp(&b.entity));
        let (things, readers) = self.quiet;
        self.census.each = (things / readers.max(1.0)).max(1.0);
        self.census
    }
}

/// Leaves those candidates only that were judged, each with what its records show that are to be judged.
pub(super) async fn only(
    context: &Context<'_>,
    census: &mut Census,
    readers: &Readers,
    judged: &[Judged],
) -> Result<(), DetectError> {
    census.candidates.clear();
    if judged.is_empty() {
        return Ok(());
    }
    let query = format!(
        "SELECT DISTINCT entity, day, hash(thing) AS thing FROM \
         (SELECT {0} AS entity, day, {EACH_THING} AS thing FROM {{digest}} WHERE shown AND thing IS NOT NULL AND {1} AND {0} IN {2} AND {{span}})",
        readers.column,
        readers.which,
        quote_all(judged.iter().map(|judged| judged.entity.as_str()))
    );
    let mut found: BTreeMap<String, BTreeMap<i32, Distinct>> = BTreeMap::new();
    for row in rows(&context.sql(&query).await?) {
        let day = row.int("day").and_then(|day| i32::try_from(day).ok());
        let (Some(entity), Some(day), Some(thing)) = (row.text("entity"), day, row.hash("thing")) else {
            continue;
        };
        found.entry(entity.to_owned()).or_default().entry(day).or_default().insert(thing);
    }
    let grid = census.grid;
    let candidate = |(entity, days): (String, BTreeMap<i32, Distinct>)| {
        Candidate::of(entity, &days.into_iter().collect::<Vec<_>>(), grid)
    };
    census.candidates = found.into_iter().map(candidate).collect();
    Ok(())
}
