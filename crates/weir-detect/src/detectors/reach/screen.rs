//! The first look, over rollups: which few of the many could have shown more people than their credentials explain, and what the many showed.
//!
//! Decisive choice: an entity is looked at exactly only if the rollups leave it open whether it read people beyond its credentials. A
//! carrier's address with as many credentials as people every day is not, however many they are.

use super::exact::Cover;
use super::ladder::{LADDER, reached};
use crate::grid::{Grid, Held, held};
use crate::histories::{self, History};
use crate::most::Most;
use crate::{Context, DetectError};
use std::collections::BTreeMap;
use weir_model::{EntityKind, Micros};
use weir_rollup::Partial;
use weir_stats::{Distinct, LogHistogram};

/// People from which an entity is looked at exactly.
pub(super) const PEOPLE_MIN: f64 = 10.0;
/// Entities looked at exactly; of more, those with the most people.
const CANDIDATES_MAX: usize = 20_000;
/// Standard errors by which a count of people may be too high and one of credentials too low.
const SIGMAS: f64 = 2.0;

/// An entity to be looked at.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) entity: String,
    /// People it was shown, day by day, added up.
    pub(super) shown_daily: u64,
    /// In logs that name nobody who asks: people it was shown, by what each window held; the rollups say all there is to know.
    pub(super) shown: Option<Held>,
}

/// What the first look gives.
pub(super) struct Census {
    /// Days of measurement.
    pub(super) grid: Grid,
    /// Entities to look at exactly, sorted.
    pub(super) candidates: Vec<Candidate>,
    /// Entities that were to be looked at and are not, being too many.
    pub(super) passed_over: u64,
    /// Entities seen up to each checkpoint.
    pub(super) seen: Vec<u64>,
    /// People beyond their credentials, of those not looked at: `[checkpoint][step of the ladder]`, zeros left out. Of hours the rollups know no more
    /// than that none held more than its day.
    pub(super) quiet: Vec<[LogHistogram; LADDER.len()]>,
    /// People per record among those not looked at.
    pub(super) people_per_record: f64,
    /// People shown to everybody, by day.
    pub(super) everybody: BTreeMap<i32, f64>,
}

/// People shown to everybody, by day: a sale brings more to all.
pub(super) async fn everybody(context: &Context<'_>) -> Result<BTreeMap<i32, f64>, DetectError> {
    let mut days: BTreeMap<i32, f64> = BTreeMap::new();
    let mut add = |history: History| {
        history
            .days
            .iter()
            .for_each(|(day, partial)| *days.entry(*day).or_default() += partial.people.estimate());
    };
    histories::each(context, EntityKind::Dataset, &["people"], &mut add).await?;
    Ok(days)
}

struct Screen {
    /// Whether the log names who asks, by credential or name.
    named: bool,
    /// Whether only records that do are asked about.
    only: bool,
    census: Census,
    top: Most<Candidate>,
    first_seen: Vec<u64>,
    quiet_people: f64,
    quiet_records: u64,
}

/// Looks over all entities of a kind, one history at a time.
pub(super) async fn screen(
    context: &Context<'_>,
    kind: EntityKind,
    cover: &Cover,
) -> Result<Census, DetectError> {
    let grid = Grid::of(context).await?.unwrap_or(Grid::new(0, 0));
    let empty = || std::array::from_fn(|_| LogHistogram::new());
    let census = Census {
        grid,
        candidates: Vec::new(),
        passed_over: 0,
        seen: Vec::new(),
        quiet: (0..grid.len()).map(|_| empty()).collect(),
        people_per_record: 0.0,
        everybody: BTreeMap::new(),
    };
    let first_seen = vec![0; grid.len()];
    let Cover { named, only, .. } = *cover;
    let (quiet_people, quiet_records) = (0.0, 0);
    let mut screen = Screen {
        named,
        only,
        census,
        top: Most::new(CANDIDATES_MAX),
        first_seen,
        quiet_people,
        quiet_records,
    };
    let columns = ["records", "people", "credentials", "unnamed"];
    histories::each(context, kind, &columns, |history| screen.take(&history)).await?;
    Ok(screen.finish())
}

/// One of a history's sketches, day by day.
fn series(history: &History, of: impl Fn(&Partial) -> &Distinct) -> Vec<(i32, Distinct)> {
    history.days.iter().map(|(day, partial)| (*day, of(partial).clone())).collect()
}

/// Whether the rollups show that nobody was read beyond the credentials: on no day more people than credentials, nor in all.
fn explained(history: &History) -> bool {
    let fits = |people: &Distinct, own: &Distinct| people.bounds(SIGMAS).0 <= own.bounds(SIGMAS).1;
    let (mut people, mut own) = (Distinct::new(), Distinct::new());
    history.days.iter().all(|(_, day)| {
        people.merge(&day.people);
        own.merge(&day.credentials);
        day.unnamed.is_empty() && fits(&day.people, &day.credentials)
    }) && fits(&people, &own)
}

impl Screen {
    fn take(&mut self, history: &History) {
        let Some((first, _)) = history.days.first() else { return };
        let grid = self.census.grid;
        let at = grid.days().position(|day| day >= *first).unwrap_or(0);
        if let Some(n) = self.first_seen.get_mut(at) {
            *n += 1;
        }
        let mut total = Distinct::new();
        history.days.iter().for_each(|(_, day)| total.merge(&day.people));
        let people = total.estimate();
        let nameless = || history.days.iter().all(|(_, day)| day.unnamed == day.people);
        let explained = people == 0.0 || self.only && nameless() || explained(history);
        if people >= PEOPLE_MIN && !explained {
            self.candidate(history, people);
            return;
        }
        self.quiet_people += people;
        self.quiet_records += history.days.iter().map(|(_, day)| day.records).sum::<u64>();
        if explained {
            return;
        }
        let mut beyond = held(&series(history, |p| &p.people), grid);
        for (row, own) in beyond.iter_mut().zip(held(&series(history, |p| &p.credentials), grid)) {
            row.iter_mut().zip(own).for_each(|(people, own)| *people -= own);
        }
        let of_day = |day: &Partial| day.people.estimate() - day.credentials.estimate();
        let hours: Vec<(i32, f64)> = history.days.iter().map(|(at, day)| (*at, of_day(day))).collect();
        let cells = self.census.quiet.iter_mut().flatten();
        for (cell, people) in cells.zip(reached(&beyond, &hours, grid).into_iter().flatten()) {
            if people > 0.0 {
                cell.insert(people);
            }
        }
    }

    fn candidate(&mut self, history: &History, people: f64) {
        let shown = (!self.named).then(|| held(&series(history, |p| &p.people), self.census.grid));
        let daily: f64 = history.days.iter().map(|(_, day)| day.people.estimate()).sum();
        let candidate = Candidate { entity: history.entity.clone(), shown_daily: daily as u64, shown };
        let passed = self.top.put(people.round() as u64, &history.entity, candidate);
        self.census.passed_over += u64::from(passed.is_some());
    }

    fn finish(mut self) -> Census {
        let mut so_far = 0;
        self.census.seen = self
            .first_seen
            .iter()
            .map(|n| {
                so_far += n;
                so_far
            })
            .collect();
        self.census.candidates = self.top.into_kept().collect();
        self.census.candidates.sort_by(|a, b| a.entity.cmp(&b.entity));
        self.census.people_per_record = self.quiet_people / (self.quiet_records.max(1)) as f64;
        self.census
    }
}

/// A day as an instant, for words.
pub(super) fn day(day: i32) -> String {
    Micros::of_day(day).to_string().get(..10).unwrap_or_default().to_owned()
}
