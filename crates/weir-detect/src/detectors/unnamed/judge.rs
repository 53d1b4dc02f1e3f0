//! Who stands out: things shown to one reader, against peers, and then against its own past.

use super::Readers;
use super::screen::{Candidate, Census};
use crate::null::{FORETOLD_MIN, Null};
use weir_stats::{Baseline, LogHistogram, WINDOWS, Window};

/// How many times the most of any day before, and how many things, are a surge whatever the past is like, and after how many days with some.
const SURGE_TIMES: f64 = 5.0;
const SURGE_MIN: f64 = 20.0;
const SURGE_DAYS_MIN: usize = 3;
/// Days with some from which their spread can judge.
const PAST_DAYS_MIN: usize = 14;
/// Fewest peers that can judge.
pub(super) const PEERS_MIN: u64 = 50;
/// The part of the period that is the log's beginning, up to so many days, or the other part if that is more.
const BEGINNING: i32 = 4;
const BEGINNING_DAYS: i32 = 7;
const BEGINNING_LONG: i32 = 10;
/// Of the things of its usual day, the share from which on a reader that was shown as many on a day of the beginning was at work then.
const BEGAN_SHARE: f64 = 0.2;

/// What own past says of who stands out among peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Past {
    /// It came during the log.
    Came,
    /// It reads far more than it did.
    Surge,
    /// It read as many when the log began.
    Standing,
}

/// A reader that stands out.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) entity: String,
    pub(super) past: Past,
    /// Whether it would fire alone; else it lies beyond what peers foretell and counts beside others.
    pub(super) alone: bool,
    pub(super) p: f64,
    pub(super) threshold: f64,
    pub(super) window: Window,
    /// Last day of the window, the first on which it fired.
    pub(super) day: i32,
    /// Things in that window, and what was expected there.
    pub(super) things: f64,
    pub(super) expected: f64,
    pub(super) peers: u64,
    /// The most that one of them was shown in that window.
    pub(super) largest_peer: f64,
    pub(super) surge: Option<Surge>,
    /// First and last day of a surge.
    pub(super) within: Vec<(i32, i32)>,
}

/// The first day of a surge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Surge {
    pub(super) day: i32,
    pub(super) things: f64,
    /// The most of any day before.
    pub(super) most: f64,
}

/// What each window is like among peers: `[checkpoint][window]`.
pub(super) fn nulls(census: &Census, readers: &Readers) -> Vec<Vec<Null>> {
    let fit: fn(&LogHistogram, u64) -> Null =
        if readers.are_named() { Null::fit } else { Null::fit_households };
    let of_day = |(c, (quiet, n)): (usize, (&[LogHistogram; WINDOWS.len()], &u64))| {
        let each = quiet.iter().enumerate().map(|(w, quiet)| {
            let mut values = quiet.clone();
            let held = census.candidates.iter().filter_map(|one| one.held.get(c)?.get(w).copied());
            held.filter(|things| *things > 0.0).for_each(|things| values.insert(things));
            fit(&values, *n)
        });
        each.collect()
    };
    census.quiet.iter().zip(&census.seen).enumerate().map(of_day).collect()
}

/// Judges every candidate; those with nothing to say are left out.
pub(super) fn judge(census: &Census, nulls: &[Vec<Null>], threshold: &dyn Fn(u64) -> f64) -> Vec<Judged> {
    let judged = |candidate: &Candidate| {
        let alone = first_beyond(census, candidate, nulls, threshold).map(|judged| (judged, true));
        let beside = || {
            let foretold = |tests: u64| FORETOLD_MIN / tests.max(1) as f64;
            Some((first_beyond(census, candidate, nulls, &foretold)?, false))
        };
        let (judged, alone) = alone.or_else(beside)?;
        Some(by_past(census, candidate, Judged { alone, ..judged }))
    };
    census.candidates.iter().filter_map(judged).collect()
}

/// The first day on which a window stands out among peers; of that day's windows the least likely.
fn first_beyond(
    census: &Census,
    candidate: &Candidate,
    nulls: &[Vec<Null>],
    threshold: &dyn Fn(u64) -> f64,
) -> Option<Judged> {
    for (((day, held), nulls), tests) in census.grid.days().zip(&candidate.held).zip(nulls).zip(&census.seen)
    {
        let limit = threshold(*tests);
        let each = held.iter().zip(nulls).zip(WINDOWS);
        let each = each.map(|((things, null), window)| (null.upper_p(*things), *things, window, null));
        let Some((p, things, window, null)) = each.min_by(|a, b| a.0.total_cmp(&b.0)) else { continue };
        if p <= limit && *tests >= PEERS_MIN {
            return Some(Judged {
                entity: candidate.entity.clone(),
                past: Past::Came,
                alone: true,
                p,
                threshold: limit,
                window,
                day,
                things,
                expected: null.median(),
                peers: null.n(),
                largest_peer: null.largest(),
                surge: None,
                within: Vec::new(),
            });
        }
    }
    None
}

/// Days of the log's beginning.
fn beginning(census: &Census) -> i32 {
    let period = census.grid.last - census.grid.first + 1;
    (period / BEGINNING).clamp(1, BEGINNING_DAYS).max(period / BEGINNING_LONG)
}

/// How many readers were seen in the log's beginning.
pub(super) fn in_beginning(census: &Census) -> u64 {
    let at = census.grid.at(census.grid.first + beginning(census) - 1).unwrap_or(0);
    census.seen.get(at).copied().unwrap_or(0)
}

/// Whether it was at work when the log began.
pub(super) fn was_there(census: &Census, candidate: &Candidate) -> bool {
    let beginning = beginning(census);
    let mut each: Vec<f64> = candidate.days.iter().map(|(_, things)| *things).collect();
    each.sort_by(f64::total_cmp);
    let usual = each.get(each.len() / 2).copied().unwrap_or(0.0);
    let in_beginning = candidate.days.iter().take_while(|(day, _)| *day < census.grid.first + beginning);
    let most = in_beginning.map(|(_, things)| *things).fold(0.0, f64::max);
    most > 0.0 && most >= BEGAN_SHARE * usual
}

/// Whether it was at work when the log began, and then whether it reads more than it did: far more than on any day before, or than such days foretell.
fn by_past(census: &Census, candidate: &Candidate, judged: Judged) -> Judged {
    if !was_there(census, candidate) {
        return judged;
    }
    let (mut past, mut most): (Vec<f64>, f64) = (Vec::new(), 0.0);
    let (mut surge, mut within): (Option<Surge>, Vec<(i32, i32)>) = (None, Vec::new());
    for &(day, things) in &candidate.days {
        let far = past.len() >= SURGE_DAYS_MIN && things >= SURGE_MIN.max(SURGE_TIMES * most);
        let unlikely =
            || past.len() >= PAST_DAYS_MIN && Baseline::fit(&past).upper_p(things) <= judged.threshold;
        if far || unlikely() {
            surge.get_or_insert(Surge { day, things, most });
            match within.last_mut() {
                Some((_, last)) => *last = day,
                None => within.push((day, day)),
            }
        } else {
            most = most.max(things);
            past.push(things);
        }
    }
    let past = if surge.is_some() { Past::Surge } else { Past::Standing };
    Judged { past, surge, within, ..judged }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;
    use weir_model::EntityKind;

    fn readers() -> Readers {
        Readers { kind: EntityKind::Origin, column: "src_ip", which: "true".to_owned() }
    }

    /// Things on a day.
    type Pace = fn(i32) -> f64;
    /// What is told of a reader.
    type Found = (String, Past, bool, Vec<(i32, i32)>);

    /// Forty days on which 4,000 readers were shown one to three things each.
    fn census(readers: &[(&str, Pace)]) -> Census {
        let grid = Grid::new(0, 39);
        let quiet = || {
            let mut cell = LogHistogram::new();
            [1.0, 2.0, 3.0].into_iter().for_each(|things| cell.insert_n(things, 1_300));
            cell
        };
        let candidate = |(entity, pace): &(&str, Pace)| {
            let days: Vec<(i32, f64)> =
                (0..40).map(|day| (day, pace(day))).filter(|(_, n)| *n > 0.0).collect();
            let held = grid.days().map(|day| {
                let sum = |length: i32| {
                    days.iter().filter(|(at, _)| *at <= day && at + length > day).map(|(_, n)| n).sum()
                };
                [sum(1), sum(7), sum(30), sum(90), sum(i32::MAX / 2)]
            });
            Candidate { entity: (*entity).to_owned(), held: held.collect(), days }
        };
        Census {
            grid,
            candidates: readers.iter().map(candidate).collect(),
            seen: vec![4_000; grid.len()],
            quiet: (0..grid.len()).map(|_| std::array::from_fn(|_| quiet())).collect(),
            each: 2.0,
            any: true,
        }
    }

    fn told(census: &Census) -> Vec<Found> {
        let judged = judge(census, &nulls(census, &readers()), &|tests| 1e-4 / tests as f64);
        judged.into_iter().map(|j| (j.entity, j.past, j.alone, j.within)).collect()
    }

    #[test]
    fn who_comes_and_reads_hundreds_is_told_from_who_always_did() {
        let comes = |day| if (20..24).contains(&day) { 700.0 } else { 0.0 };
        let desk = |day: i32| 300.0 + f64::from(day % 7);
        let surge = |day: i32| if (30..33).contains(&day) { 9_000.0 } else { 300.0 + f64::from(day % 7) };
        let found = told(&census(&[("a", comes), ("b", desk), ("c", surge), ("d", |_| 0.3)]));
        let want = [
            ("a".to_owned(), Past::Came, true, vec![]),
            ("b".to_owned(), Past::Standing, true, vec![]),
            ("c".to_owned(), Past::Surge, true, vec![(30, 32)]),
        ];
        assert_eq!(found, want);
    }

    #[test]
    fn few_peers_accuse_nobody() {
        let mut few = census(&[("a", |day| if day == 20 { 700.0 } else { 0.0 })]);
        few.seen = vec![40; few.grid.len()];
        assert_eq!(told(&few), []);
    }

    #[test]
    fn whoever_was_shown_a_few_when_the_log_began_was_not_at_work_then() {
        let seldom = |day: i32| match day {
            0 => 3.0,
            35 => 900.0,
            _ => 0.0,
        };
        assert_eq!(told(&census(&[("a", seldom)])), [("a".to_owned(), Past::Came, true, vec![])]);
    }

    #[test]
    fn far_more_than_on_any_day_before_is_a_surge_however_short_the_past() {
        let desk = |day: i32| if day == 8 { 3_000.0 } else { f64::from(2 + day % 5 * 4) };
        let found = told(&census(&[("a", desk)]));
        assert_eq!(found, [("a".to_owned(), Past::Surge, true, vec![(8, 8)])]);
    }
}
