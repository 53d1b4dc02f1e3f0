//! Who stands out: people read without explaining credentials, against peers; people read under credentials, against own past and peers.
//!
//! Peers are [`Null`]'s: a hand with twenty addresses is not its own peer group.

use super::exact::Series;
use super::screen::Census;
use crate::null::{FORETOLD_MIN, Null};
use weir_stats::{Baseline, WINDOWS, Window};

/// Days of own past from which it can judge.
const PAST_DAYS_MIN: usize = 14;
/// Fewest peers that can judge.
const PEERS_MIN: u64 = 50;

/// Why an entity is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Reads people's data without a credential that explains it.
    Bare,
    /// So too, beyond what peers foretell and short of the budget: a member beside others, nothing alone.
    Beside,
    /// Reads many under its credentials, as it always did.
    Steady,
    /// Reads many under its credentials, far beyond its own past.
    Surge,
    /// Appeared during the log and reads many under its credentials.
    Appeared,
    /// Reads without a credential, with a client of its own, and did so when the log began: a program that stands.
    Standing,
    /// Appeared, at all hours, with clients that households use: no desk and no program.
    Intruded,
}

/// An entity judged.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) entity: String,
    pub(super) verdict: Verdict,
    pub(super) p: f64,
    pub(super) window: Window,
    /// Last day of the window, the first on which it fired.
    pub(super) day: i32,
    /// People in that window, and what was expected there.
    pub(super) people: f64,
    pub(super) expected: f64,
    pub(super) peers: u64,
    pub(super) threshold: f64,
    pub(super) allowance: f64,
}

/// Judges every candidate; those with nothing to say are left out. Sorted by entity.
pub(super) fn judge(census: &Census, series: &[Series], threshold: impl Fn(u64) -> f64) -> Vec<Judged> {
    let nulls = |of: &dyn Fn(&Series) -> &crate::grid::Held| -> Vec<Vec<Null>> {
        census
            .quiet
            .iter()
            .enumerate()
            .map(|(c, quiet)| {
                let n = census.seen.get(c).copied().unwrap_or(0);
                quiet
                    .iter()
                    .enumerate()
                    .map(|(w, quiet)| {
                        let mut values = quiet.clone();
                        let own = series.iter().filter_map(|s| of(s).get(c)?.get(w).copied());
                        own.filter(|v| *v > 0.0).for_each(|v| values.insert(v));
                        Null::fit(&values, n)
                    })
                    .collect()
            })
            .collect()
    };
    let (bare, beyond) = (nulls(&|s| &s.bare), nulls(&|s| &s.beyond));
    let mut found: Vec<Judged> = series
        .iter()
        .filter_map(|s| {
            let stands_out = first_beyond(census, s, &s.bare, &bare, &threshold)
                .map(|j| Judged { verdict: Verdict::Bare, ..j });
            let stands_out = stands_out.or_else(|| {
                let beside =
                    first_beyond(census, s, &s.bare, &bare, &|tests| FORETOLD_MIN / tests.max(1) as f64)?;
                Some(Judged { verdict: Verdict::Beside, ..beside })
            });
            stands_out
                .or_else(|| credentialed(census, s, first_beyond(census, s, &s.beyond, &beyond, &threshold)?))
        })
        .collect();
    found.sort_by(|a, b| a.entity.cmp(&b.entity));
    found
}

/// The first day on which a window stands out among peers; of that day's windows the least likely.
fn first_beyond(
    census: &Census,
    series: &Series,
    held: &crate::grid::Held,
    nulls: &[Vec<Null>],
    threshold: &dyn Fn(u64) -> f64,
) -> Option<Judged> {
    for ((c, day), (row, nulls)) in census.grid.days().enumerate().zip(held.iter().zip(nulls)) {
        let tests = census.seen.get(c).copied().unwrap_or(0);
        let limit = threshold(tests);
        let best = row
            .iter()
            .zip(nulls)
            .zip(WINDOWS)
            .map(|((x, null), window)| (null.upper_p(*x), *x, window, null));
        let Some((p, people, window, null)) = best.min_by(|a, b| a.0.total_cmp(&b.0)) else { continue };
        if p <= limit && tests >= PEERS_MIN {
            return Some(Judged {
                entity: series.entity.clone(),
                verdict: Verdict::Bare,
                p,
                window,
                day,
                people,
                expected: null.median(),
                peers: null.n(),
                threshold: limit,
                allowance: series.allowance,
            });
        }
    }
    None
}

/// What an entity's own past says of people read under explaining credentials.
fn credentialed(census: &Census, series: &Series, beyond: Judged) -> Option<Judged> {
    let first = series.daily.first()?.0;
    let started_with_log = first - census.grid.first <= 7.max((census.grid.last - census.grid.first) / 10);
    let days: Vec<f64> =
        dense(&series.daily, census.grid.first.max(if started_with_log { first } else { census.grid.first }));
    // A day is judged by the days before it; days that fired teach nothing.
    let mut past: Vec<f64> = Vec::new();
    for (i, people) in days.iter().enumerate() {
        let day = i32::try_from(i).unwrap_or(0) + if started_with_log { first } else { census.grid.first };
        if past.len() >= PAST_DAYS_MIN {
            let baseline = Baseline::fit(&past);
            let p = baseline.upper_p(*people);
            if p <= beyond.threshold {
                let verdict = if started_with_log { Verdict::Surge } else { Verdict::Appeared };
                return Some(Judged {
                    verdict,
                    p: p.max(beyond.p),
                    window: Window::Days(1),
                    day,
                    people: *people,
                    expected: baseline.mean(),
                    ..beyond
                });
            }
        }
        past.push(*people);
    }
    Some(Judged { verdict: if started_with_log { Verdict::Steady } else { Verdict::Appeared }, ..beyond })
}

/// Values for every day from `first` on, zeros where there is none.
fn dense(daily: &[(i32, f64)], first: i32) -> Vec<f64> {
    let last = daily.last().map_or(first, |(day, _)| *day);
    let mut values = vec![0.0; usize::try_from(last - first + 1).unwrap_or(0)];
    for (day, value) in daily {
        if let Some(cell) = usize::try_from(day - first).ok().and_then(|i| values.get_mut(i)) {
            *cell = *value;
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;
    use weir_stats::LogHistogram;

    /// `quiet` entities that read nobody, on a period of `days`.
    fn census(days: i32, quiet: u64) -> Census {
        let grid = Grid::new(0, days - 1);
        Census {
            grid,
            candidates: Vec::new(),
            passed_over: 0,
            seen: vec![quiet; grid.len()],
            quiet: (0..grid.len()).map(|_| std::array::from_fn(|_| LogHistogram::new())).collect(),
            people_per_record: 0.0,
        }
    }

    fn series(entity: &str, census: &Census, bare: f64, daily: &[f64]) -> Series {
        let rows = census.grid.len();
        Series {
            entity: entity.to_owned(),
            bare: vec![[bare; 5]; rows],
            beyond: vec![[daily.iter().sum(); 5]; rows],
            daily: daily.iter().enumerate().map(|(i, n)| (i as i32, *n)).collect(),
            allowance: 0.0,
        }
    }

    fn verdicts(census: &Census, all: &[Series]) -> Vec<(String, Verdict)> {
        judge(census, all, |tests| 0.001 / tests as f64).into_iter().map(|j| (j.entity, j.verdict)).collect()
    }

    #[test]
    fn twelve_thieves_do_not_hide_behind_each_other() {
        let census = census(4, 1_765);
        let all: Vec<Series> = (0..12).map(|i| series(&format!("o{i:02}"), &census, 150.0, &[])).collect();
        assert_eq!(verdicts(&census, &all).len(), 12);
    }

    #[test]
    fn whoever_always_read_many_under_issued_credentials_is_known() {
        let census = census(40, 2_000);
        let steady: Vec<f64> = (0..40).map(|i| 80.0 + f64::from(i % 7)).collect();
        assert_eq!(
            verdicts(&census, &[series("desk", &census, 0.0, &steady)]),
            [("desk".to_owned(), Verdict::Steady)]
        );
        let mut surge = steady.clone();
        surge[30] = 4_000.0;
        assert_eq!(
            verdicts(&census, &[series("desk", &census, 0.0, &surge)]),
            [("desk".to_owned(), Verdict::Surge)]
        );
    }

    #[test]
    fn a_quiet_member_counts_beside_others_only() {
        let census = census(4, 10_000);
        let all = [
            series("a", &census, 150.0, &[]),
            series("b", &census, 12.0, &[]),
            series("c", &census, 1.0, &[]),
        ];
        assert_eq!(
            verdicts(&census, &all),
            [("a".to_owned(), Verdict::Bare), ("b".to_owned(), Verdict::Beside)]
        );
    }

    #[test]
    fn few_peers_accuse_nobody() {
        let census = census(4, 20);
        assert_eq!(verdicts(&census, &[series("o", &census, 500.0, &[])]), []);
    }
}
