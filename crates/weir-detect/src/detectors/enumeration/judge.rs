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
    let usual = |dataset: &str, day: i32, without: &[(&str, Asked)]| {
        peers.usual(dataset, day, without.iter().copied())
    };
    Ok(guessers(&own, usual, |day| looked.seen(day), threshold))
}

/// Goes through the days in order. Whoever guesses is left out of what is usual from then on, so that a hand with many credentials is not its
/// own excuse; of those who asked on one day, whoever missed most is judged first.
fn guessers(
    own: &BTreeMap<(String, String), Days>,
    usual: impl Fn(&str, i32, &[(&str, Asked)]) -> (f64, f64),
    seen: impl Fn(i32) -> u64,
    threshold: &(dyn Fn(u64) -> f64 + Sync),
) -> Vec<Guesser> {
    let mut by_day: BTreeMap<i32, Vec<&(String, String)>> = BTreeMap::new();
    for (who, days) in own {
        days.keys().for_each(|day| by_day.entry(*day).or_default().push(who));
    }
    let mut found: BTreeMap<String, Guesser> = BTreeMap::new();
    for (day, mut readers) in by_day {
        let until = |who: &(String, String)| {
            own.get(who).map(|days| held(days, day, Window::Whole)).unwrap_or_default()
        };
        readers.sort_by(|a, b| until(b).missing.total_cmp(&until(a).missing).then(a.cmp(b)));
        for who in readers {
            let (reader, dataset) = who;
            if found.contains_key(reader) {
                continue;
            }
            let guess = |name: &String| (name.clone(), dataset.clone());
            let mut without: Vec<(&str, Asked)> =
                found.keys().map(|name| (name.as_str(), until(&guess(name)))).collect();
            without.push((reader, until(who)));
            let Some(days) = own.get(who) else { continue };
            let usual = usual(dataset, day, &without);
            if let Some(guesser) = judge_day(days, day, usual, seen(day), threshold) {
                let guesser = Guesser { reader: reader.clone(), dataset: dataset.clone(), ..guesser };
                found.insert(reader.clone(), guesser);
            }
        }
    }
    found.into_values().collect()
}

/// Whether the mistakes of a window that ends with a day are beyond everybody else's; of such windows the least likely.
fn judge_day(
    days: &Days,
    day: i32,
    usual: (f64, f64),
    tests: u64,
    threshold: &(dyn Fn(u64) -> f64 + Sync),
) -> Option<Guesser> {
    let limit = threshold(tests);
    let each = LADDER.into_iter().filter_map(|window| {
        let asked = held(days, day, window);
        let p = beta_binomial_upper(asked.missing, asked.all as u64, usual.0, usual.1);
        (asked.missing >= MISSED_MIN && p <= limit).then(|| Guesser {
            reader: String::new(),
            dataset: String::new(),
            p,
            window,
            day,
            asked,
            usual,
            tests,
            threshold: limit,
        })
    });
    each.min_by(|a, b| a.p.total_cmp(&b.p))
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
        let own = BTreeMap::from([(("r".to_owned(), "d".to_owned()), days.collect())]);
        let found = guessers(&own, |_, _, _| usual, |_| 100, &|tests| 1e-3 / tests as f64);
        found.first().map(|guesser| (guesser.day, guesser.asked.missing))
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

    #[test]
    fn a_hand_with_a_new_credential_each_day_is_not_its_own_excuse() {
        let day = |day| Days::from([(day, Asked { missing: 450.0, all: 500.0 })]);
        let own: BTreeMap<(String, String), Days> =
            (0..8).map(|at| ((format!("c{at}"), "d".to_owned()), day(at))).collect();
        // Eight careful readers, and of the hand whatever is not left out.
        let usual = |_: &str, on: i32, without: &[(&str, Asked)]| {
            let left = f64::from(on + 1) - without.len() as f64;
            ((8.0 * 2.0 + left * 450.0) / (8.0 * 100.0 + left * 500.0), 0.1)
        };
        assert_eq!(guessers(&own, usual, |_| 100, &|tests| 1e-3 / tests as f64).len(), 8);
    }
}
