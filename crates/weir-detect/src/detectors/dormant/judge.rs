//! Which addresses read people whom hardly anybody else's visitors are: those who had not been seen for long, or never.

use super::IDLE_DAYS;
use super::census::{Census, PEOPLE_MIN, Reader};
use super::touches::{Held, Tally, Touched, WINDOWS};
use weir_model::Severity;
use weir_stats::tail::beta_binomial_upper;

/// How alike the people of one address are beyond everybody's habits (intra-class correlation), where too few addresses tell; and bounds
/// of what they can tell.
const ALIKE: f64 = 0.02;
const ALIKE_BOUNDS: (f64, f64) = (0.002, 0.2);
/// Addresses, and people at each, from which on they tell.
const ALIKE_ADDRESSES: usize = 50;
const ALIKE_PEOPLE: i32 = 20;
/// The quarter of addresses farthest from everybody's habits tells nothing; the next one is at this many squares of a standard deviation
/// (the chi-squared law's upper quartile, one degree of freedom).
const QUARTILE: (f64, f64) = (0.75, 1.323);
/// People at ordinary addresses in a window without whom nothing is known of habits.
const ORDINARY_MIN: i32 = 100;
/// Share of an address's people under credentials that serve many from which whoever is there reads others for a living.
const STAFF_MAX: f64 = 0.1;
/// Share of visits without a look from which people are not taken to be there themselves.
const BARE_MIN: f32 = 0.5;

/// Who stands behind an address, as far as credentials tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A credential for each person.
    Own,
    /// No credential, where others have one.
    Bare,
    /// Few credentials for many people.
    Staff,
    /// The log names neither credentials nor actors.
    Unknown,
}

/// An address that fired.
#[derive(Clone, Debug)]
pub(super) struct Fired {
    pub(super) origin: String,
    pub(super) severity: Severity,
    pub(super) kind: Kind,
    pub(super) p: f64,
    /// Days of the window, and its last day.
    pub(super) window: i32,
    pub(super) day: i32,
    pub(super) people: f64,
    pub(super) unseen: f64,
    pub(super) expected: f64,
    /// How alike the people of one address were taken to be: intra-class correlation.
    pub(super) alike: f64,
    pub(super) bare: f64,
    pub(super) tests: u64,
    pub(super) threshold: f64,
}

/// Judges every reader, in their order.
pub(super) fn judge(census: &Census, touched: &Touched, threshold: impl Fn(u64) -> f64) -> Vec<Fired> {
    let named = touched.ordinary.touches.last().is_some_and(|[all, _, unnamed]| 2 * unnamed <= *all);
    let usual: Vec<Vec<Option<Usual>>> = (0..census.days.len()).map(|c| usual(touched, c)).collect();
    let judged = census.readers.iter().zip(&touched.readers);
    judged.filter_map(|(reader, own)| first(census, &usual, reader, own, named, &threshold)).collect()
}

/// What is usual in a window.
#[derive(Clone, Copy, Debug)]
struct Usual {
    /// The chance that somebody was unseen before.
    mean: f64,
    /// How alike the people of one address are.
    alike: f64,
}

/// What is usual in each window on one day; `None` where too few people tell.
fn usual(touched: &Touched, c: usize) -> Vec<Option<Usual>> {
    let of = |w: usize| {
        let held = touched.ordinary.held.get(c)?.get(w)?;
        let mean = (f64::from(held.unseen) + 1.0) / (f64::from(held.people) + 2.0);
        let readers = touched.readers.iter().filter_map(|own| own.held.get(c)?.get(w));
        (held.people >= ORDINARY_MIN).then(|| Usual { mean, alike: alike(readers, mean) })
    };
    (0..WINDOWS.len()).map(of).collect()
}

/// The correlation that three of four addresses stay within, by their own spread: a beta-binomial's squared standard score, divided by
/// `1 + (n - 1) r`, is nearly chi-squared. An upper bound of that quartile is taken, by its own binomial error.
fn alike<'h>(readers: impl Iterator<Item = &'h Held>, mean: f64) -> f64 {
    let (quartile, square) = QUARTILE;
    let told = readers.filter(|held| held.people >= ALIKE_PEOPLE).map(|held| {
        let people = f64::from(held.people);
        let off = f64::from(held.unseen) - people * mean;
        (off * off / (people * mean * (1.0 - mean)) / square - 1.0) / (people - 1.0)
    });
    let mut told: Vec<f64> = told.collect();
    if told.len() < ALIKE_ADDRESSES {
        return ALIKE;
    }
    told.sort_by(f64::total_cmp);
    let n = told.len() as f64;
    let level = quartile + 2.0 * (quartile * (1.0 - quartile) / n).sqrt();
    let at = (level * n) as usize;
    told.get(at.min(told.len() - 1)).map_or(ALIKE, |r| r.clamp(ALIKE_BOUNDS.0, ALIKE_BOUNDS.1))
}

/// The first day on which a reader fires; of that day's windows the least likely.
fn first(
    census: &Census,
    usual: &[Vec<Option<Usual>>],
    reader: &Reader,
    own: &Tally,
    named: bool,
    threshold: &dyn Fn(u64) -> f64,
) -> Option<Fired> {
    for (c, day) in census.days.iter().enumerate() {
        let tests = census.seen.get(c).copied().unwrap_or(0);
        let limit = threshold(tests);
        let (Some(held), Some(usual)) = (own.held.get(c), usual.get(c)) else { continue };
        let each = held.iter().zip(usual).zip(WINDOWS).filter_map(|((held, usual), window)| {
            let Usual { mean, alike } = (*usual)?;
            let (people, unseen) = (f64::from(held.people), f64::from(held.unseen));
            let enough = unseen >= PEOPLE_MIN;
            let p = enough
                .then(|| beta_binomial_upper(unseen, held.people.unsigned_abs().into(), mean, alike))?;
            Some((p, (window, alike), people, unseen, people * mean))
        });
        let Some((p, (window, alike), people, unseen, expected)) = each.min_by(|a, b| a.0.total_cmp(&b.0))
        else {
            continue;
        };
        if p > limit {
            continue;
        }
        let kind = kind(own.touches.get(c)?, named);
        let bare = reader.bare.get(c).copied().unwrap_or(0.0);
        // Whoever reads others for a living has a history; only one that began long after the log is a stranger.
        let stranger = reader.first >= census.days.grid.first.saturating_add(IDLE_DAYS);
        let severity = match kind {
            // One that was there before could always have read such people.
            Kind::Own | Kind::Bare if bare >= BARE_MIN && stranger => Severity::High,
            Kind::Own | Kind::Bare => Severity::Medium,
            Kind::Staff | Kind::Unknown if stranger => Severity::Medium,
            Kind::Staff | Kind::Unknown => return None,
        };
        return Some(Fired {
            origin: reader.name.clone(),
            severity,
            kind,
            p,
            window,
            day,
            people,
            unseen,
            expected,
            alike,
            bare: f64::from(bare),
            tests,
            threshold: limit,
        });
    }
    None
}

fn kind([all, wide, unnamed]: &[i32; 3], named: bool) -> Kind {
    let all = f64::from((*all).max(1));
    if f64::from(*wide) > STAFF_MAX * all {
        Kind::Staff
    } else if f64::from(*unnamed) <= 0.5 * all {
        Kind::Own
    } else if named {
        Kind::Bare
    } else {
        Kind::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detectors::dormant::touches::Days;
    use crate::grid::Grid;
    use std::collections::HashMap;

    const DAYS: i32 = 60;

    fn tally(people: i32, unseen: i32, touches: [i32; 3]) -> Tally {
        let days = usize::try_from(DAYS).unwrap();
        Tally { held: vec![[Held { people, unseen }; 3]; days], touches: vec![touches; days] }
    }

    fn severities(first: i32, bare: f32, reader: Tally, ordinary: Tally) -> Vec<Severity> {
        let days = Days::new(Grid::new(0, DAYS - 1));
        let census = Census {
            readers: vec![Reader { name: "o".to_owned(), first, bare: vec![bare; days.len()] }],
            passed_over: 0,
            seen: vec![20_000; days.len()],
            days,
            tracked: 1.0,
            wide: HashMap::new(),
        };
        let touched = Touched { ordinary, readers: vec![reader] };
        judge(&census, &touched, |tests| 0.25 / 90.0 / tests as f64).iter().map(|f| f.severity).collect()
    }

    #[test]
    fn one_who_reads_at_random_reads_those_who_never_come() {
        let usual = || tally(5_000, 500, [9_000, 0, 0]);
        assert_eq!(severities(40, 0.9, tally(200, 120, [200, 0, 0]), usual()), [Severity::High]);
        assert_eq!(severities(40, 0.9, tally(200, 120, [200, 0, 200]), usual()), [Severity::High], "bare");
        assert_eq!(
            severities(0, 0.9, tally(200, 120, [200, 0, 0]), usual()),
            [Severity::Medium],
            "there before"
        );
        assert_eq!(
            severities(40, 0.1, tally(200, 120, [200, 0, 0]), usual()),
            [Severity::Medium],
            "they look around"
        );
        assert_eq!(severities(40, 0.9, tally(200, 30, [200, 0, 0]), usual()), [], "a carrier");
        assert_eq!(severities(40, 0.9, tally(9, 9, [9, 0, 0]), usual()), [], "few");
    }

    #[test]
    fn how_alike_people_of_one_address_are_is_learned_from_many() {
        let spread = |width: i32| -> Vec<Held> {
            (0..400).map(|i| Held { people: 400, unseen: 80 + (i % 21 - 10) * width }).collect()
        };
        // Binomial spread is 8 people: a uniform one of -10 to 10 is less, of four times that much more.
        assert_eq!(alike(spread(1).iter(), 0.2), ALIKE_BOUNDS.0);
        let wide = alike(spread(4).iter(), 0.2);
        assert!((0.01..0.05).contains(&wide), "{wide}");
        let mut with_thieves = spread(4);
        with_thieves.iter_mut().step_by(10).for_each(|held| held.unseen = 300);
        assert!(alike(with_thieves.iter(), 0.2) < 2.0 * wide, "a tenth of thieves teaches nothing");
        assert_eq!(alike(spread(4).iter().take(20), 0.2), ALIKE);
    }

    #[test]
    fn early_in_the_log_everybody_is_new() {
        assert_eq!(severities(0, 0.9, tally(200, 160, [200, 0, 0]), tally(5_000, 4_000, [9_000, 0, 0])), []);
    }

    #[test]
    fn a_nightly_job_is_known_and_a_new_one_is_told() {
        let usual = || tally(5_000, 500, [9_000, 0, 0]);
        assert_eq!(severities(3, 0.9, tally(900, 800, [900, 900, 0]), usual()), []);
        assert_eq!(severities(40, 0.9, tally(900, 800, [900, 900, 0]), usual()), [Severity::Medium]);
    }

    #[test]
    fn a_log_without_credentials_accuses_nobody_gravely() {
        let usual = || tally(5_000, 500, [9_000, 0, 9_000]);
        assert_eq!(severities(40, 0.9, tally(200, 120, [200, 0, 200]), usual()), [Severity::Medium]);
        assert_eq!(severities(3, 0.9, tally(200, 120, [200, 0, 200]), usual()), []);
    }
}
