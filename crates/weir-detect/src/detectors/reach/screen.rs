//! The first look, over rollups: which few of the many showed enough people to be looked at exactly, and what the many showed.

use crate::grid::{Grid, held};
use crate::{Context, DetectError};
use futures::StreamExt;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use weir_lake::rows;
use weir_model::{EntityKind, Micros};
use weir_rollup::{Partial, decode};
use weir_stats::{Distinct, LogHistogram, WINDOWS};

/// People from which an entity is looked at exactly.
pub(super) const PEOPLE_MIN: f64 = 10.0;
/// Entities looked at exactly; of more, those with the most people.
const CANDIDATES_MAX: usize = 20_000;

/// What the first look gives.
pub(super) struct Census {
    /// Days of measurement.
    pub(super) grid: Grid,
    /// Entities to look at exactly, sorted.
    pub(super) candidates: Vec<String>,
    /// Entities that were to be looked at and are not, being too many.
    pub(super) passed_over: u64,
    /// Entities seen up to each checkpoint.
    pub(super) seen: Vec<u64>,
    /// People beyond their credentials, of those not looked at: `[checkpoint][window]`, zeros left out.
    pub(super) quiet: Vec<[LogHistogram; WINDOWS.len()]>,
    /// People per record among those not looked at.
    pub(super) people_per_record: f64,
}

/// One entity's history.
#[derive(Default)]
struct History {
    entity: String,
    people: Vec<(i32, Distinct)>,
    credentials: Vec<(i32, Distinct)>,
    records: u64,
}

struct Screen {
    census: Census,
    top: BinaryHeap<(Reverse<u64>, String)>,
    first_seen: Vec<u64>,
    quiet_people: f64,
    quiet_records: u64,
}

/// The period's days, as far as they were asked for.
async fn period(context: &Context<'_>) -> Result<Option<Grid>, DetectError> {
    let answer = context.sql("SELECT min(time) AS first, max(time) AS last FROM access WHERE {span}").await?;
    let row = rows(&answer).next();
    Ok(row.and_then(|r| Some(Grid::new(r.time("first")?.day(), r.time("last")?.day()))))
}

/// Looks over all entities of a kind, one history at a time.
pub(super) async fn screen(context: &Context<'_>, kind: EntityKind) -> Result<Census, DetectError> {
    let grid = period(context).await?.unwrap_or(Grid::new(0, 0));
    let empty = || std::array::from_fn(|_| LogHistogram::new());
    let census = Census {
        grid,
        candidates: Vec::new(),
        passed_over: 0,
        seen: Vec::new(),
        quiet: (0..grid.len()).map(|_| empty()).collect(),
        people_per_record: 0.0,
    };
    let first_seen = vec![0; grid.len()];
    let mut screen =
        Screen { census, top: BinaryHeap::new(), first_seen, quiet_people: 0.0, quiet_records: 0 };
    let mut batches = context.snapshot.rollup_stream(&[kind], &context.snapshot.session_options()).await?;
    let mut history = History::default();
    while let Some(batch) = batches.next().await {
        let read = decode(&batch?)
            .map_err(|e| DetectError::Rollup { entity: kind.to_string(), message: e.to_string() })?;
        for row in read.into_iter().filter(|r| (grid.first..=grid.last).contains(&r.day)) {
            if row.entity != history.entity {
                screen.take(std::mem::replace(
                    &mut history,
                    History { entity: row.entity.clone(), ..History::default() },
                ));
            }
            history.add(row.day, row.partial);
        }
    }
    screen.take(history);
    Ok(screen.finish())
}

impl History {
    /// Adds a day; parts of one day, from different ingests, follow one another.
    fn add(&mut self, day: i32, partial: Partial) {
        self.records += partial.records;
        for (series, part) in
            [(&mut self.people, partial.people), (&mut self.credentials, partial.credentials)]
        {
            match series.last_mut() {
                Some((last, total)) if *last == day => total.merge(&part),
                _ => series.push((day, part)),
            }
        }
    }
}

impl Screen {
    fn take(&mut self, history: History) {
        let Some((first, _)) = history.people.first() else { return };
        let grid = self.census.grid;
        let at = grid.days().position(|day| day >= *first).unwrap_or(0);
        if let Some(n) = self.first_seen.get_mut(at) {
            *n += 1;
        }
        let mut total = Distinct::new();
        history.people.iter().for_each(|(_, day)| total.merge(day));
        let people = total.estimate();
        if people >= PEOPLE_MIN {
            self.top.push((Reverse(people.round() as u64), history.entity));
            if self.top.len() > CANDIDATES_MAX {
                self.top.pop();
                self.census.passed_over += 1;
            }
            return;
        }
        self.quiet_people += people;
        self.quiet_records += history.records;
        if people == 0.0 {
            return;
        }
        let credentials = held(&history.credentials, grid);
        for (c, row) in held(&history.people, grid).iter().enumerate() {
            for (w, people) in row.iter().enumerate() {
                let own = credentials.get(c).and_then(|r| r.get(w)).copied().unwrap_or(0.0);
                let cell = self.census.quiet.get_mut(c).and_then(|r| r.get_mut(w));
                if let (Some(cell), true) = (cell, people - own > 0.0) {
                    cell.insert(people - own);
                }
            }
        }
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
        self.census.candidates = self.top.into_iter().map(|(_, entity)| entity).collect();
        self.census.candidates.sort();
        self.census.people_per_record = self.quiet_people / (self.quiet_records.max(1)) as f64;
        self.census
    }
}

/// A day as an instant, for words.
pub(super) fn day(day: i32) -> String {
    Micros::of_day(day).to_string().get(..10).unwrap_or_default().to_owned()
}
