//! What each step of the ladder is like among peers, day by day, and who comes as a crowd that is none.
//!
//! Decisive choice: addresses that come during the log and read more people than anybody had been expected to before they came are no peers, as long
//! as they are few: compared with the day on which they read, a hand that takes a new address every hour would be its own peer group. Together they
//! are more than each alone: that so many come at once is as unlikely as their number.

use super::exact::Series;
use super::ladder::{LADDER, Reached, Rung};
use super::screen::{Census, PEOPLE_MIN};
use crate::detectors::harvest::judge::STANDING_DAYS;
use crate::null::{FORETOLD_MAX, NO_PEERS_MAX, Null};
use std::collections::{BTreeMap, BTreeSet};
use weir_stats::{LogHistogram, Window};

/// Days within which a crowd comes, and the longest window over which it is one.
const CROWD_DAYS: i32 = 7;
/// Fewest that are a crowd.
const CROWD_MIN: usize = 5;

/// Peers of one day, by step of the ladder.
pub(super) type Row = Vec<Null>;

/// Peers of all days, and who came as a crowd.
#[derive(Default)]
pub(super) struct Peers {
    /// By place of the day on the grid.
    pub(super) rows: Vec<Row>,
    /// By place of the series: where and with how many it first did.
    pub(super) crowds: BTreeMap<usize, Crowd>,
}

/// Addresses that came at once, each beyond what peers foretell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crowd {
    /// The day, by its place on the grid, and the step of the ladder.
    pub(super) at: (usize, usize),
    /// How many of them reached so many people.
    pub(super) members: usize,
    pub(super) people: f64,
    /// How many such peers were to be expected.
    pub(super) foretold: f64,
    pub(super) p: f64,
}

/// One quantity of entities.
type Measure = fn(&Series) -> &Reached;

/// All entities are peers but for those beyond a break.
pub(super) fn everybody(census: &Census, series: &[Series], of: Measure) -> Peers {
    let none = BTreeSet::new();
    let rows = (0..census.quiet.len()).map(|c| row(census, series, of, c, &none, Null::fit));
    Peers { rows: rows.collect(), ..Peers::default() }
}

/// So too, over the whole of the period.
pub(super) fn whole(census: &Census, series: &[Series], of: Measure) -> Option<Null> {
    let last = census.quiet.len().checked_sub(1)?;
    row(census, series, of, last, &BTreeSet::new(), Null::fit).pop()
}

/// Peers of households' addresses, without those that came and are none; crowds of chance `limit` (of a number of tests) at most are told.
pub(super) fn households(
    census: &Census,
    series: &[Series],
    of: Measure,
    limit: &dyn Fn(u64) -> f64,
) -> Peers {
    let days: Vec<i32> = census.grid.days().collect();
    let day = |c: usize| days.get(c).copied().unwrap_or(census.grid.last);
    let began = census.grid.first.saturating_add(STANDING_DAYS);
    let first = |s: &Series| of(s).iter().position(|row| row.iter().any(|people| *people > 0.0));
    let came: Vec<Option<usize>> = series.iter().map(|s| first(s).filter(|c| day(*c) > began)).collect();
    let mut none: BTreeSet<usize> = BTreeSet::new();
    let mut peers = Peers::default();
    for c in 0..census.quiet.len() {
        let seen = census.seen.get(c).copied().unwrap_or(0);
        let beyond = |at: usize| {
            let before =
                came.get(at).copied().flatten().and_then(|came| peers.rows.get(came.checked_sub(1)?));
            let reached = series.get(at).and_then(|s| of(s).get(c));
            before.zip(reached).is_some_and(|(before, reached)| {
                let mut each = before.iter().zip(reached);
                each.any(|(null, people)| *people >= PEOPLE_MIN && null.foretold(*people) < FORETOLD_MAX)
            })
        };
        let more: BTreeSet<usize> = (0..series.len()).filter(|at| none.contains(at) || beyond(*at)).collect();
        if more.len() as f64 <= NO_PEERS_MAX * seen as f64 {
            none = more;
        }
        let row = row(census, series, of, c, &none, Null::fit_households);
        let new =
            |at: &usize| came.get(*at).copied().flatten().is_some_and(|came| day(c) - day(came) < CROWD_DAYS);
        let new: Vec<(usize, &[f64; LADDER.len()])> = none
            .iter()
            .copied()
            .filter(new)
            .filter_map(|at| Some((at, of(series.get(at)?).get(c)?)))
            .collect();
        if let Some((crowd, members)) = crowd(&row, &new, c).filter(|(crowd, _)| crowd.p <= limit(seen)) {
            for at in members {
                peers.crowds.entry(at).or_insert(crowd);
            }
        }
        peers.rows.push(row);
    }
    peers
}

/// The least likely crowd of a day, and who it is.
fn crowd(row: &Row, new: &[(usize, &[f64; LADDER.len()])], c: usize) -> Option<(Crowd, Vec<usize>)> {
    let short = |rung: &Rung| match rung {
        Rung::Hour => true,
        Rung::Days(Window::Days(days)) => i64::from(*days) <= i64::from(CROWD_DAYS),
        Rung::Days(Window::Whole) => false,
    };
    let rungs = LADDER.iter().zip(row).enumerate().filter(|(_, (rung, _))| short(rung));
    let each = rungs.flat_map(|(w, (_, null))| {
        let mut reached: Vec<f64> = new.iter().filter_map(|(_, row)| row.get(w).copied()).collect();
        reached.sort_by(|a, b| b.total_cmp(a));
        let tried = reached.len() as f64;
        let sizes = reached.into_iter().zip(1..).skip(CROWD_MIN - 1);
        sizes.take_while(|(people, _)| *people >= PEOPLE_MIN).map(move |(people, members)| Crowd {
            at: (c, w),
            members,
            people,
            foretold: null.foretold(people),
            p: (null.chance(people, members as u64) * tried).min(1.0),
        })
    });
    let least = each.min_by(|a, b| a.p.total_cmp(&b.p))?;
    let among =
        new.iter().filter(|(_, row)| row.get(least.at.1).is_some_and(|people| *people >= least.people));
    Some((least, among.map(|(at, _)| *at).collect()))
}

fn row(
    census: &Census,
    series: &[Series],
    of: Measure,
    c: usize,
    none: &BTreeSet<usize>,
    fit: fn(&LogHistogram, u64) -> Null,
) -> Row {
    let n = census.seen.get(c).copied().unwrap_or(0).saturating_sub(none.len() as u64);
    let quiet = census.quiet.get(c).into_iter().flatten().enumerate();
    quiet
        .map(|(w, quiet)| {
            let mut values = quiet.clone();
            let peers = series.iter().enumerate().filter(|(at, _)| !none.contains(at));
            let own = peers.filter_map(|(_, s)| of(s).get(c)?.get(w).copied());
            own.filter(|v| *v > 0.0).for_each(|v| values.insert(v));
            fit(&values, n)
        })
        .collect()
}
