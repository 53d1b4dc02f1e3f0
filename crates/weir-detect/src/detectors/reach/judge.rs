//! Who stands out: people read without explaining credentials, against peers; people read under credentials, against own past and peers.
//!
//! Peers are [`Null`]'s: a hand with twenty addresses is not its own peer group.

use super::exact::Series;
use super::ladder::{LADDER, Reached, Rung};
use super::peers::{self, Crowd, Row};
use super::screen::Census;
use crate::null::{FORETOLD_MAX, FORETOLD_MIN, Null};
use crate::tenure::{Within, by_pace};
use std::collections::BTreeMap;
use weir_model::EntityKind;
use weir_stats::{Baseline, WINDOWS};

/// Days of own past from which it can judge.
const PAST_DAYS_MIN: usize = 14;
/// What an entity's own past is known of: a day, and its busiest hour.
const OWN: [Rung; 2] = [Rung::Days(WINDOWS[0]), Rung::Hour];
/// People whom everybody else is usually shown in a day, from which on a day of more is everybody's.
const EVERYBODY_MIN: f64 = 10.0;
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
    /// Reads without a credential, in a log that names nobody, with as many clients as so many people have: a carrier's address looks so too.
    Mixed,
    /// Appeared, at all hours, with clients that households use: no desk and no program.
    Intruded,
}

/// An entity judged.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) entity: String,
    pub(super) verdict: Verdict,
    pub(super) p: f64,
    pub(super) rung: Rung,
    /// Last day of the window, the first on which it fired.
    pub(super) day: i32,
    /// People in that window, and what was expected there.
    pub(super) people: f64,
    pub(super) expected: f64,
    pub(super) peers: u64,
    /// The most people of one of them in that window; `None` where it was its own past that judged.
    pub(super) largest_peer: Option<f64>,
    pub(super) threshold: f64,
    pub(super) allowance: f64,
    /// Those with whom it came, where that is why it fired.
    pub(super) crowd: Option<Crowd>,
    /// The clients with which it reads, and how many so many people would bring, of one that may be such a crowd of people.
    pub(super) clients: Option<[f64; 2]>,
    /// When it was the hand's, where others had it before or after.
    pub(super) within: Within,
}

/// Judges every candidate; those with nothing to say are left out. Sorted by entity.
pub(super) fn judge(
    kind: EntityKind,
    census: &Census,
    series: &[Series],
    threshold: impl Fn(u64) -> f64,
) -> Vec<Judged> {
    let peers::Peers { rows: bare, crowds } = match kind {
        EntityKind::Origin => peers::households(census, series, |s| &s.bare, &threshold),
        _ => peers::everybody(census, series, |s| &s.bare),
    };
    let beyond = peers::everybody(census, series, |s| &s.beyond).rows;
    let mut found: Vec<Judged> = series
        .iter()
        .enumerate()
        .filter_map(|(at, s)| {
            let alone = first_beyond(census, s, &s.bare, &bare, &threshold);
            let many = crowds.get(&at).and_then(|crowd| among(census, s, *crowd, &bare, &threshold));
            let stands_out = [alone, many].into_iter().flatten().min_by_key(|judged| judged.day);
            let stands_out = stands_out.or_else(|| {
                let beside =
                    first_beyond(census, s, &s.bare, &bare, &|tests| FORETOLD_MIN / tests.max(1) as f64)?;
                Some(Judged { verdict: Verdict::Beside, ..beside })
            });
            stands_out
                .or_else(|| credentialed(census, s, first_beyond(census, s, &s.beyond, &beyond, &threshold)?))
        })
        .collect();
    if matches!(kind, EntityKind::Origin | EntityKind::Prefix) {
        narrow(&mut found, series, beyond.last().and_then(|row| row.last()));
    }
    found.sort_by(|a, b| a.entity.cmp(&b.entity));
    found
}

/// Narrows addresses and prefixes that appeared to the days on which the hand had them: those who use an address, or others of its prefix, before or
/// after are no more than one of its peers (`null`) may have read.
fn narrow(found: &mut [Judged], series: &[Series], null: Option<&Null>) {
    let Some(null) = null else { return };
    let of: BTreeMap<&str, &Series> = series.iter().map(|s| (s.entity.as_str(), s)).collect();
    for judged in found.iter_mut().filter(|judged| judged.verdict == Verdict::Appeared) {
        let Some(series) = of.get(judged.entity.as_str()) else { continue };
        let days = series.daily.iter().map(|(day, [people, _])| (*day, *people)).collect();
        judged.within = by_pace(&days, |people| null.foretold(people) >= FORETOLD_MAX);
    }
}

/// One that came as one of a crowd.
fn among(
    census: &Census,
    series: &Series,
    crowd: Crowd,
    nulls: &[Row],
    threshold: &dyn Fn(u64) -> f64,
) -> Option<Judged> {
    let (c, w) = crowd.at;
    let null = nulls.get(c)?.get(w)?;
    Some(Judged {
        entity: series.entity.clone(),
        verdict: Verdict::Bare,
        p: crowd.p,
        rung: *LADDER.get(w)?,
        day: census.grid.days().nth(c)?,
        people: series.bare.get(c)?.get(w).copied()?,
        expected: null.median(),
        peers: null.n(),
        largest_peer: Some(null.largest()),
        threshold: threshold(census.seen.get(c).copied()?),
        allowance: series.allowance,
        crowd: Some(crowd),
        clients: None,
        within: Within::new(),
    })
}

/// The first day on which a window stands out among peers; of that day's windows the least likely.
fn first_beyond(
    census: &Census,
    series: &Series,
    reached: &Reached,
    nulls: &[Row],
    threshold: &dyn Fn(u64) -> f64,
) -> Option<Judged> {
    for ((c, day), (row, nulls)) in census.grid.days().enumerate().zip(reached.iter().zip(nulls)) {
        let tests = census.seen.get(c).copied().unwrap_or(0);
        let limit = threshold(tests);
        let best =
            row.iter().zip(nulls).zip(LADDER).map(|((x, null), rung)| (null.upper_p(*x), *x, rung, null));
        let Some((p, people, rung, null)) = best.min_by(|a, b| a.0.total_cmp(&b.0)) else { continue };
        if p <= limit && tests >= PEERS_MIN {
            return Some(Judged {
                entity: series.entity.clone(),
                verdict: Verdict::Bare,
                p,
                rung,
                day,
                people,
                expected: null.median(),
                peers: null.n(),
                largest_peer: Some(null.largest()),
                threshold: limit,
                allowance: series.allowance,
                crowd: None,
                clients: None,
                within: Within::new(),
            });
        }
    }
    None
}

/// What an entity's own past says of people read under explaining credentials.
fn credentialed(census: &Census, series: &Series, beyond: Judged) -> Option<Judged> {
    let first = series.daily.first()?.0;
    let started_with_log = first - census.grid.first <= 7.max((census.grid.last - census.grid.first) / 10);
    let from = if started_with_log { first } else { census.grid.first };
    // A day is judged by the days before it; days that fired teach nothing.
    let mut past: [Vec<f64>; 2] = Default::default();
    let mut others: Vec<f64> = Vec::new();
    let mut told: Option<Judged> = None;
    for (day, reached) in (from..).zip(dense(&series.daily, from)) {
        let other = census.everybody.get(&day).copied().unwrap_or(0.0) - reached[0];
        let learn = |past: &mut [Vec<f64>; 2]| {
            past.iter_mut().zip(reached).for_each(|(past, people)| past.push(people));
        };
        // A day without people is never unlikely; years of them, as one record of another decade brings, are not judged one by one.
        if reached.iter().all(|people| *people <= 0.0) {
            others.push(other.max(0.0));
            learn(&mut past);
            continue;
        }
        // What everybody else was shown more of than usual explains as much more.
        let usual = Some(median(&others)).filter(|usual| *usual >= EVERYBODY_MIN);
        let share = usual.map_or(1.0, |usual| (usual / other.max(usual)).min(1.0));
        let fair = reached.map(|people| people * share);
        others.push(other.max(0.0));
        let unlikely =
            past.iter().zip(reached.into_iter().zip(fair)).zip(OWN).map(|((past, (people, fair)), rung)| {
                let baseline = Baseline::fit(past);
                (OWN.len() as f64 * baseline.upper_p(fair), people, rung, baseline)
            });
        let least = unlikely.min_by(|a, b| a.0.total_cmp(&b.0));
        let least = least.filter(|(p, .., own)| own.n() >= PAST_DAYS_MIN && *p <= beyond.threshold);
        match (least, &mut told) {
            (Some(_), Some(told)) => told.within.iter_mut().for_each(|(_, last)| *last = day),
            (Some((p, people, rung, own)), None) => {
                let verdict = if started_with_log { Verdict::Surge } else { Verdict::Appeared };
                let (p, expected) = (p.max(beyond.p), own.mean());
                // What it read as it always did is no part of what is told of it.
                let within = if started_with_log { vec![(day, day)] } else { Within::new() };
                let largest_peer = None;
                told = Some(Judged {
                    verdict,
                    p,
                    rung,
                    day,
                    people,
                    expected,
                    largest_peer,
                    within,
                    ..beyond.clone()
                });
            }
            (None, _) => learn(&mut past),
        }
    }
    let verdict = if started_with_log { Verdict::Steady } else { Verdict::Appeared };
    told.or(Some(Judged { verdict, ..beyond }))
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// Values for every day from `first` on, zeros where there is none.
fn dense(daily: &[(i32, [f64; 2])], first: i32) -> Vec<[f64; 2]> {
    let last = daily.last().map_or(first, |(day, _)| *day);
    let mut values = vec![[0.0; 2]; usize::try_from(last - first + 1).unwrap_or(0)];
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
            everybody: Default::default(),
        }
    }

    fn series(entity: &str, census: &Census, bare: f64, daily: &[f64]) -> Series {
        let rows = census.grid.len();
        Series {
            entity: entity.to_owned(),
            bare: vec![[bare; LADDER.len()]; rows],
            beyond: vec![[daily.iter().sum(); LADDER.len()]; rows],
            daily: daily.iter().enumerate().map(|(i, n)| (i as i32, [*n, n / 8.0])).collect(),
            allowance: 0.0,
        }
    }

    fn verdicts(census: &Census, all: &[Series]) -> Vec<(String, Verdict)> {
        judge(EntityKind::Origin, census, all, |tests| 0.001 / tests as f64)
            .into_iter()
            .map(|j| (j.entity, j.verdict))
            .collect()
    }

    #[test]
    fn twelve_thieves_do_not_hide_behind_each_other() {
        let census = census(4, 1_765);
        let all: Vec<Series> = (0..12).map(|i| series(&format!("o{i:02}"), &census, 150.0, &[])).collect();
        assert_eq!(verdicts(&census, &all).len(), 12);
    }

    #[test]
    fn whoever_always_read_many_under_issued_credentials_is_known() {
        let (census, census_again) = (census(40, 2_000), census(40, 2_000));
        let steady: Vec<f64> = (0..40).map(|i| 80.0 + f64::from(i % 7)).collect();
        assert_eq!(
            verdicts(&census, &[series("desk", &census, 0.0, &steady)]),
            [("desk".to_owned(), Verdict::Steady)]
        );
        let mut surge = steady.clone();
        surge[30] = 4_000.0;
        let mut twice = surge.clone();
        twice[32] = 4_500.0;
        let judged = judge(EntityKind::Origin, &census, &[series("desk", &census, 0.0, &twice)], |tests| {
            0.001 / tests as f64
        });
        let told: Vec<_> = judged.iter().map(|j| (j.verdict, j.day, j.within.as_slice())).collect();
        assert_eq!(told, [(Verdict::Surge, 30, &[(30, 32)][..])], "what it read as ever is left out");
        let mut sale = census;
        sale.everybody = (0..40).map(|day| (day, if day == 30 { 60_000.0 } else { 1_000.0 })).collect();
        let told = verdicts(&sale, &[series("desk", &sale, 0.0, &surge)]);
        assert_eq!(told, [("desk".to_owned(), Verdict::Steady)], "a day on which all were shown more");
        let census = census_again;
        let mut at_once = series("desk", &census, 0.0, &steady);
        at_once.daily[30].1[1] = 4_000.0;
        let judged = judge(EntityKind::Origin, &census, &[at_once], |tests| 0.001 / tests as f64);
        let told: Vec<_> = judged.iter().map(|j| (j.verdict, j.rung, j.day, j.people)).collect();
        assert_eq!(
            told,
            [(Verdict::Surge, Rung::Hour, 30, 4_000.0)],
            "a day as ever, its people in one hour"
        );
    }

    /// Each day without people gone through, this takes minutes.
    #[test]
    fn a_record_of_another_decade_costs_nothing_and_changes_no_verdict() {
        let days = 20_000;
        let census = census(days, 2_000);
        let daily: Vec<f64> =
            (0..40).map(|i| if i == 30 { 4_000.0 } else { 80.0 + f64::from(i % 7) }).collect();
        let all: Vec<Series> = (0..100)
            .map(|n| {
                let mut one = series(&format!("o{n:03}"), &census, 0.0, &daily);
                one.daily.iter_mut().for_each(|(day, _)| *day += days - 40);
                one.daily.insert(0, (0, [1.0, 1.0]));
                one
            })
            .collect();
        let told = verdicts(&census, &all);
        assert_eq!((told.len(), told[0].1), (100, Verdict::Surge));
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

    /// Shared addresses with five people each, and on the fifth day and the sixth twelve that come and read twenty and more.
    #[test]
    fn a_crowd_that_comes_at_once_is_found_where_none_of_it_would_be_alone() {
        let told = |crowd: usize, came: usize| {
            let mut census = census(12, 4_000);
            census
                .quiet
                .iter_mut()
                .flatten()
                .for_each(|cell| (0..6).for_each(|at| cell.insert([1.0, 1.0, 2.0, 2.0, 3.0, 6.0][at])));
            let newcomer = |at: usize| {
                let mut one = series(&format!("n{at:02}"), &census, 20.0 + 2.0 * at as f64, &[]);
                one.bare.iter_mut().take(came + at % 2).for_each(|row| *row = [0.0; LADDER.len()]);
                one
            };
            let all: Vec<Series> = (0..crowd).map(newcomer).collect();
            let judged = judge(EntityKind::Origin, &census, &all, |tests| 0.0001 / tests as f64);
            let fired = judged.iter().filter(|j| j.verdict == Verdict::Bare);
            fired.map(|j| (j.day, j.crowd.map(|crowd| crowd.members))).collect::<Vec<_>>()
        };
        assert_eq!(told(12, 5), [(6, Some(12)); 12]);
        assert_eq!(told(3, 5), [], "three may be luck");
        assert_eq!(told(12, 0), [], "who was there when the log began is a peer");
    }

    /// A household in the prefix asks for few; the hand comes on the twentieth day.
    #[test]
    fn a_prefix_that_appeared_is_the_hands_from_when_it_came() {
        let mut census = census(40, 2_000);
        let neighbours = (9..20).step_by(3).map(|day| (day, [1.0, 1.0]));
        let hand = (20..30).map(|day| (day, [150.0 + f64::from(day % 3), 40.0]));
        census
            .quiet
            .iter_mut()
            .flatten()
            .for_each(|cell| [2.0, 4.0, 8.0].into_iter().for_each(|n| cell.insert_n(n, 60)));
        let mut prefix = series("198.51.100.0/24", &census, 0.0, &[]);
        prefix.daily = neighbours.chain(hand).collect();
        prefix.beyond = vec![[1_500.0; LADDER.len()]; census.grid.len()];
        let judged = judge(EntityKind::Prefix, &census, &[prefix], |tests| 0.001 / tests as f64);
        let told: Vec<_> = judged.iter().map(|j| (j.verdict, j.within.as_slice())).collect();
        assert_eq!(told, [(Verdict::Appeared, &[(20, 29)][..])]);
    }

    #[test]
    fn few_peers_accuse_nobody() {
        let census = census(4, 20);
        assert_eq!(verdicts(&census, &[series("o", &census, 500.0, &[])]), []);
    }
}
