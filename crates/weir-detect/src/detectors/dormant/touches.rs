//! The exact look: each tracked person's touches in order of time, and what every window holds of them at each address.
//!
//! Decisive choice: one person's history is in memory at a time, and a window counts a person once, by the first touch in it: *unseen*
//! if that person's data had not been shown to their own bearer in the 30 days before. Who never comes back and who was never there
//! are counted alike; the same is counted at ordinary addresses on the same days, so what it means early in a log is learned.

use super::IDLE_DAYS;
use super::census::Census;
use crate::bearer::people;
use crate::grid::Grid;
use crate::{Context, DetectError};
use futures::StreamExt;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use weir_lake::numbers;
use weir_stats::hash64;

/// Days of the windows, the current one included.
pub(super) const WINDOWS: [i32; 3] = [1, 7, 30];

/// The days at which is measured, and the first of them from each day on.
#[derive(Clone, Debug)]
pub(super) struct Days {
    pub(super) grid: Grid,
    at: Vec<i32>,
}

impl Days {
    pub(super) fn new(grid: Grid) -> Self {
        Self { grid, at: grid.days().collect() }
    }

    pub(super) fn len(&self) -> usize {
        self.at.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = i32> + '_ {
        self.at.iter().copied()
    }

    /// The first checkpoint on or after a day; their number for a day after all.
    pub(super) fn checkpoint(&self, day: i32) -> usize {
        self.at.partition_point(|at| *at < day)
    }
}

/// What a window holds: people, and those of them unseen before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Held {
    pub(super) people: i32,
    pub(super) unseen: i32,
}

/// One address's, or everybody else's, people by checkpoint and window. While being built, differences between checkpoints.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    pub(super) held: Vec<[Held; WINDOWS.len()]>,
    /// People's days so far: all, those under credentials that serve many, those that name neither credential nor actor.
    pub(super) touches: Vec<[i32; 3]>,
}

impl Tally {
    fn new(days: &Days) -> Self {
        Self { held: vec![Default::default(); days.len() + 1], touches: vec![[0; 3]; days.len() + 1] }
    }

    /// Takes in one person's touches, ascending by day.
    fn add(&mut self, days: &Days, touches: &[Touch]) {
        let mut before: Option<i32> = None;
        for touch in touches {
            for (w, window) in WINDOWS.iter().enumerate() {
                // It is the window's first touch from its day on, once the one before has left, until it leaves itself.
                let from = before.map_or(touch.day, |before| touch.day.max(before + window));
                let (from, to) = (days.checkpoint(from), days.checkpoint(touch.day + window));
                if from < to {
                    self.change(from, w, 1, touch.unseen);
                    self.change(to, w, -1, touch.unseen);
                }
            }
            before = Some(touch.day);
            if let Some(cell) = self.touches.get_mut(days.checkpoint(touch.day)) {
                let more = [true, touch.wide, touch.unnamed];
                cell.iter_mut().zip(more).for_each(|(n, is)| *n += i32::from(is));
            }
        }
    }

    fn change(&mut self, at: usize, window: usize, by: i32, unseen: bool) {
        if let Some(held) = self.held.get_mut(at).and_then(|row| row.get_mut(window)) {
            held.people += by;
            held.unseen += if unseen { by } else { 0 };
        }
    }

    fn settle(&mut self) {
        let mut held = [Held::default(); WINDOWS.len()];
        for row in &mut self.held {
            for (sum, cell) in held.iter_mut().zip(row.iter_mut()) {
                *sum = Held { people: sum.people + cell.people, unseen: sum.unseen + cell.unseen };
                *cell = *sum;
            }
        }
        let mut touches = [0; 3];
        for row in &mut self.touches {
            for (sum, cell) in touches.iter_mut().zip(row.iter_mut()) {
                *sum += *cell;
                *cell = *sum;
            }
        }
    }
}

/// A person's data shown at an address on a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Touch {
    pub(super) day: i32,
    pub(super) unseen: bool,
    pub(super) wide: bool,
    pub(super) unnamed: bool,
}

/// What the exact look gives.
pub(super) struct Touched {
    /// Ordinary addresses, taken as one.
    pub(super) ordinary: Tally,
    /// The judged ones, in their order.
    pub(super) readers: Vec<Tally>,
}

/// A record's part in a person's history.
struct Shown {
    day: i32,
    /// The judged address, if it is one.
    reader: Option<usize>,
    bearer: u64,
    named: bool,
}

/// How a person was shown somewhere on a day, in all of the day's records: what their order is makes no difference.
#[derive(Clone, Copy)]
struct Manner {
    /// Under credentials that serve many, and none else.
    wide: bool,
    /// Under neither credential nor actor.
    unnamed: bool,
}

/// One person's history: by judged address (`None` for the ordinary) and day.
#[derive(Default)]
struct Person(BTreeMap<(Option<usize>, i32), Manner>);

impl Person {
    fn take(&mut self, shown: &Shown, census: &Census) {
        let wide = census.wide.get(&shown.bearer).is_some_and(|since| *since <= shown.day);
        if wide && shown.reader.is_none() {
            return;
        }
        let here = Manner { wide, unnamed: !shown.named };
        let manner = self.0.entry((shown.reader, shown.day)).or_insert(here);
        *manner = Manner { wide: manner.wide && here.wide, unnamed: manner.unnamed && here.unnamed };
    }

    fn settle(self, touched: &mut Touched, days: &Days) {
        let own: BTreeSet<i32> =
            self.0.iter().filter(|(_, manner)| !manner.wide).map(|((_, day), _)| *day).collect();
        let touch = |((_, day), manner): &(&(Option<usize>, i32), &Manner)| {
            let before = own.range(..*day).next_back();
            let unseen = before.is_none_or(|last| day - last > IDLE_DAYS);
            Touch { day: *day, unseen, wide: manner.wide, unnamed: manner.unnamed }
        };
        let all: Vec<_> = self.0.iter().collect();
        for place in all.chunk_by(|((a, _), _), ((b, _), _)| a == b) {
            let touches: Vec<Touch> = place.iter().map(touch).collect();
            let tally = match place.first().and_then(|((reader, _), _)| *reader) {
                None => Some(&mut touched.ordinary),
                Some(reader) => touched.readers.get_mut(reader),
            };
            if let Some(tally) = tally {
                tally.add(days, &touches);
            }
        }
    }
}

/// Reads the tracked people's histories, one person at a time.
pub(super) async fn touched(context: &Context<'_>, census: &Census) -> Result<Touched, DetectError> {
    let mut touched = Touched {
        ordinary: Tally::new(&census.days),
        readers: vec![Tally::new(&census.days); census.readers.len()],
    };
    let places: HashMap<i64, usize> = census
        .readers
        .iter()
        .enumerate()
        .map(|(at, reader)| (hash64(reader.name.as_bytes()).cast_signed(), at))
        .collect();
    let sampled = match census.tracked {
        all if all >= 1.0 => String::new(),
        share => format!(" WHERE hash_share(person) < {share:?}"),
    };
    // A row for each record, so as few bytes as can be, and one number to sort by.
    let query = format!(
        "SELECT hash(person) AS person, day, hash(src_ip) AS origin, hash(bearer) AS bearer, \
         CASE WHEN coalesce(credential, actor) IS NULL THEN 0 ELSE 1 END AS named FROM {}{sampled} ORDER BY 1",
        people("day, src_ip, credential, actor", &context.span_sql())
    );
    let mut batches = context.stream(&query).await?;
    let (mut current, mut person) = (None, Person::default());
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        for row in numbers(&batch, ["person", "day", "origin", "bearer", "named"]) {
            let [name, Some(day), origin, bearer, named] = row else { continue };
            if name != current {
                std::mem::take(&mut person).settle(&mut touched, &census.days);
                current = name;
            }
            let shown = Shown {
                day: i32::try_from(day).unwrap_or(0),
                reader: origin.and_then(|origin| places.get(&origin)).copied(),
                bearer: bearer.unwrap_or(0).cast_unsigned(),
                named: named == Some(1),
            };
            person.take(&shown, census);
        }
    }
    person.settle(&mut touched, &census.days);
    touched.ordinary.settle();
    touched.readers.iter_mut().for_each(Tally::settle);
    Ok(touched)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(day: i32, unseen: bool) -> Touch {
        Touch { day, unseen, wide: false, unnamed: false }
    }

    #[test]
    fn a_window_counts_a_person_once_by_the_first_touch_in_it() {
        let days = Days::new(Grid::new(0, 49));
        let mut tally = Tally::new(&days);
        tally.add(&days, &[touch(0, true), touch(3, false), touch(40, true)]);
        tally.settle();
        let held =
            |day: usize, window: usize| (tally.held[day][window].people, tally.held[day][window].unseen);
        assert_eq!([held(0, 0), held(1, 0), held(3, 0), held(40, 0)], [(1, 1), (0, 0), (1, 0), (1, 1)]);
        assert_eq!([held(6, 1), held(7, 1), held(9, 1), held(10, 1)], [(1, 1), (1, 0), (1, 0), (0, 0)]);
        assert_eq!([held(29, 2), held(30, 2), held(32, 2), held(33, 2)], [(1, 1), (1, 0), (1, 0), (0, 0)]);
        assert_eq!(tally.touches[49], [3, 0, 0]);
    }
}
