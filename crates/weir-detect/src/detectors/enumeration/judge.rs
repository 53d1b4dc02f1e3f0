//! Whether a reader's mistakes are beyond everybody else's.

use super::Scope;
use super::peers::{Asked, Peers, query};
use super::screen::{Looked, MISSED_MIN};
use crate::{Context, DetectError};
use std::collections::BTreeMap;
use weir_lake::rows;
use weir_stats::Window;
use weir_stats::tail::beta_binomial_upper;

/// Windows that a reader is judged over.
const LADDER: [Window; WINDOWS] = [Window::Days(1), Window::Days(7), Window::Whole];
/// How many they are.
pub(super) const WINDOWS: usize = 3;
/// Readers asked about in one query.
const CHUNK: usize = 2_000;

/// A reader who guesses.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Guesser {
    pub(super) reader: String,
    pub(super) dataset: String,
    pub(super) p: f64,
    pub(super) window: Window,
    /// The first day on which it was clear.
    pub(super) day: i32,
    pub(super) asked: Asked,
    /// What others' mistakes are like: share and correlation.
    pub(super) usual: (f64, f64),
    pub(super) tests: u64,
    pub(super) threshold: f64,
}

/// Days of one reader in one dataset.
type Days = BTreeMap<i32, Asked>;

/// The readers who guess, sorted.
pub(super) async fn judge(
    context: &Context<'_>,
    scope: &Scope,
    looked: &Looked,
    peers: &Peers,
    threshold: &(dyn Fn(u64) -> f64 + Sync),
) -> Result<Vec<Guesser>, DetectError> {
    let mut own: BTreeMap<(String, String), Days> = BTreeMap::new();
    for chunk in looked.candidates.chunks(CHUNK) {
        let which = scope.of(chunk.iter().map(String::as_str));
        for row in rows(&context.session.sql(&query(context, scope, &which)).await?) {
            let (Some(reader), Some(dataset), Some(day)) =
                (row.text("reader"), row.text("dataset"), row.int("day"))
            else {
                continue;
            };
            let asked = Asked { missing: row.count("missing") as f64, all: row.count("asked") as f64 };
            let days = own.entry((reader.to_owned(), dataset.to_owned())).or_default();
            days.insert(i32::try_from(day).unwrap_or(0), asked);
        }
    }
    let mut found: BTreeMap<String, Guesser> = BTreeMap::new();
    for ((reader, dataset), days) in &own {
        let usual = |day, own| peers.usual(dataset, day, reader, own);
        let Some(guess) = first(days, usual, |day| looked.seen(day), threshold) else { continue };
        let guesser = Guesser { reader: reader.clone(), dataset: dataset.clone(), ..guess };
        let earlier = found.get(reader).is_some_and(|known| known.day <= guesser.day);
        if !earlier {
            found.insert(reader.clone(), guesser);
        }
    }
    Ok(found.into_values().collect())
}

/// The first day on which a window's mistakes are beyond everybody else's; of that day's windows the least likely.
fn first(
    days: &Days,
    usual: impl Fn(i32, Asked) -> (f64, f64),
    seen: impl Fn(i32) -> u64,
    threshold: &(dyn Fn(u64) -> f64 + Sync),
) -> Option<Guesser> {
    days.keys().find_map(|day| {
        let whole = held(days, *day, Window::Whole);
        let usual = usual(*day, whole);
        let tests = seen(*day);
        let limit = threshold(tests);
        let each = LADDER.into_iter().filter_map(|window| {
            let asked = held(days, *day, window);
            let p = beta_binomial_upper(asked.missing, asked.all as u64, usual.0, usual.1);
            (asked.missing >= MISSED_MIN && p <= limit).then(|| Guesser {
                reader: String::new(),
                dataset: String::new(),
                p,
                window,
                day: *day,
                asked,
                usual,
                tests,
                threshold: limit,
            })
        });
        each.min_by(|a, b| a.p.total_cmp(&b.p))
    })
}

/// What a window that ends with a day holds.
fn held(days: &Days, day: i32, window: Window) -> Asked {
    let from = match window {
        Window::Days(n) => day.saturating_sub(i32::try_from(n).unwrap_or(i32::MAX) - 1),
        Window::Whole => i32::MIN,
    };
    let mut sum = Asked::default();
    days.range(from..=day).for_each(|(_, asked)| sum += *asked);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(each: &[(i32, f64, f64)], usual: (f64, f64)) -> Option<(i32, f64)> {
        let days = each.iter().map(|(day, missing, all)| (*day, Asked { missing: *missing, all: *all }));
        let found = first(&days.collect(), |_, _| usual, |_| 100, &|tests| 1e-3 / tests as f64);
        found.map(|guesser| (guesser.day, guesser.asked.missing))
    }

    #[test]
    fn whoever_asks_for_people_who_do_not_exist_guesses_from_the_day_that_shows_it() {
        let careful = (0.02, 0.02);
        assert_eq!(guess(&[(0, 1.0, 20.0), (1, 2.0, 30.0)], careful), None, "mistakes");
        assert_eq!(guess(&[(0, 4.0, 5.0)], careful), None, "too few");
        assert_eq!(guess(&[(0, 8.0, 9.0), (1, 40.0, 45.0)], careful), Some((1, 48.0)));
        assert_eq!(guess(&[(0, 30.0, 45.0)], (0.6, 0.02)), None, "others miss as often");
        assert_eq!(guess(&[(0, 30.0, 45.0)], (0.2, 0.3)), None, "some others do");
    }
}
