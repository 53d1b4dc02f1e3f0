//! Whether a reader's mistakes are beyond everybody else's.
//!
//! Decisive choice: two questions, put one after the other so that their answers are independent and may be multiplied. How many ask for so
//! many in vain? And of those who do, how many find so few? A reader with much to do and ordinary luck answers the second, one with bad luck
//! and little to do the first.

use super::Scope;
use super::peers::{Asked, Peers, Usual, query};
use super::screen::{Looked, MISSED_MIN};
use crate::detectors::harvest::judge::STANDING_DAYS;
use crate::null::{FORETOLD_MAX, NO_PEERS_MAX, Null};
use crate::tenure::{Within, by_pace};
use crate::{Context, DetectError};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::rows;
use weir_model::EntityKind;
use weir_stats::combine::product;
use weir_stats::tail::beta_binomial_upper;
use weir_stats::{WINDOWS, Window};

/// Windows that a reader is judged over, as places in [`WINDOWS`]: a day, seven days, the whole time so far.
pub(super) const LADDER: [usize; 3] = [0, 1, 4];
/// The chance of so many in vain among all asked for, above which asking for many is no guessing.
const LUCK_MAX: f64 = 0.05;
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
    /// What others' mistakes are like.
    pub(super) usual: Usual,
    /// The chance of asking for so many in vain.
    pub(super) many: f64,
    /// Readers seen by then.
    pub(super) tests: u64,
    pub(super) threshold: f64,
    /// When it was the guesser's, where others asked there before or after.
    pub(super) within: Within,
}

/// A reader, and the dataset in which it asks.
pub(super) type Asks = (String, String);
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
    let candidates: Vec<&str> = looked.candidates.keys().map(String::as_str).collect();
    let own = asked(context, scope, &candidates).await?;
    let used: Vec<&str> = scope.used.iter().map(String::as_str).collect();
    let all = Scope { explained: String::new(), used: BTreeSet::new(), ..*scope };
    let used = Used { readers: &scope.used, whole: asked(context, &all, &used).await? };
    let mut guessers = guessers(&own, looked, peers, &used, threshold);
    if scope.kind == EntityKind::Origin {
        narrow(&mut guessers, &own, looked, &used);
    }
    Ok(guessers)
}

/// Narrows addresses to the days on which the guessers had them.
fn narrow(guessers: &mut [Guesser], own: &BTreeMap<Asks, Days>, looked: &Looked, used: &Used<'_>) {
    let accused = guessers.iter().map(|g| g.reader.clone());
    let accused: BTreeSet<String> = accused.chain(used.readers.iter().cloned()).collect();
    let Some([.., null]) = looked.missed(i32::MAX, accused.iter().map(String::as_str)) else { return };
    // Nobody asks for more in vain than for all.
    let others = |asked: f64| asked < MISSED_MIN || null.foretold(asked) >= FORETOLD_MAX;
    for guesser in guessers {
        let whole = if used.readers.contains(&guesser.reader) { &used.whole } else { own };
        let mut asked: BTreeMap<i32, f64> = BTreeMap::new();
        for (_, days) in whole.iter().filter(|((reader, _), _)| *reader == guesser.reader) {
            days.iter().for_each(|(day, n)| *asked.entry(*day).or_default() += n.all);
        }
        guesser.within = by_pace(&asked, others);
    }
}

/// Through whom those accused before asked, with everything that was asked for there.
struct Used<'s> {
    readers: &'s BTreeSet<String>,
    whole: BTreeMap<Asks, Days>,
}

/// What these readers asked for, day by day.
async fn asked(
    context: &Context<'_>,
    scope: &Scope,
    readers: &[&str],
) -> Result<BTreeMap<Asks, Days>, DetectError> {
    let mut all: BTreeMap<Asks, Days> = BTreeMap::new();
    for chunk in readers.chunks(CHUNK) {
        let which = scope.of(chunk.iter().copied());
        for row in rows(&context.sql(&query(context, scope, scope.column, &which)).await?) {
            let (Some(reader), Some(dataset), Some(day)) =
                (row.text("reader"), row.text("dataset"), row.int("day"))
            else {
                continue;
            };
            let asked = Asked { missing: row.count("missing") as f64, all: row.count("asked") as f64 };
            let days = all.entry((reader.to_owned(), dataset.to_owned())).or_default();
            days.insert(i32::try_from(day).unwrap_or(0), asked);
        }
    }
    Ok(all)
}

/// Goes through the days in order. Whoever guesses is left out of what is usual from then on, so that a hand with many credentials is not its
/// own excuse; so are newcomers who ask for more in vain than anybody had done before they came, as long as they are few: compared with the
/// day before, whoever asks for a little more each day would be its own excuse. Of those who asked on one day, whoever missed most is judged
/// first.
///
/// What was used by those accused before is left out from the start. It is judged by all that was asked for there, and guesses if the rest, too, finds
/// as few: whoever is behind an office's address with one who guesses asks for people who exist.
fn guessers(
    own: &BTreeMap<Asks, Days>,
    looked: &Looked,
    peers: &Peers,
    used: &Used<'_>,
    threshold: &(dyn Fn(u64) -> f64 + Sync),
) -> Vec<Guesser> {
    let mut by_day: BTreeMap<i32, Vec<(&Asks, Asked)>> = BTreeMap::new();
    for (who, days) in own {
        days.iter().for_each(|(day, asked)| by_day.entry(*day).or_default().push((who, *asked)));
    }
    let mut before: BTreeMap<i32, [Null; LADDER.len()]> = BTreeMap::new();
    let came_late = |day: &i32| *day > looked.began().saturating_add(STANDING_DAYS);
    let mut so_far: BTreeMap<&Asks, Asked> = BTreeMap::new();
    let mut no_peers: BTreeSet<&str> = used.readers.iter().map(String::as_str).collect();
    let mut found: BTreeMap<&str, Guesser> = BTreeMap::new();
    for (day, mut readers) in by_day {
        readers.iter().for_each(|(who, asked)| *so_far.entry(who).or_default() += *asked);
        if let Some(nulls) = looked.missed(day - 1, no_peers.iter().copied()) {
            before.insert(day, nulls);
        }
        let beyond = |who: &&Asks| {
            let days = own.get(*who)?;
            let nulls = before.get(days.keys().next().filter(|first| came_late(first))?)?;
            beyond_peers(days, day, nulls).then_some(())
        };
        let beyond = readers.iter().map(|(who, _)| *who).filter(|who| beyond(who).is_some());
        let more: BTreeSet<&str> = no_peers.iter().copied().chain(beyond.map(|who| who.0.as_str())).collect();
        // Those found are known to be none: only the rest could be how the service is used now.
        let known = |who: &str| found.contains_key(who) || used.readers.contains(who);
        let suspected = more.iter().filter(|who| !known(who)).count();
        if suspected as f64 <= NO_PEERS_MAX * looked.seen(day) as f64 {
            no_peers = more;
        }
        let mut others = peers.on(day);
        for (who, asked) in so_far.iter().filter(|(who, _)| no_peers.contains(who.0.as_str())) {
            others.leave_out(who, *asked);
        }
        let Some(nulls) = looked.missed(day, no_peers.iter().copied()) else { continue };
        readers.retain(|(who, _)| !found.contains_key(who.0.as_str()));
        readers.iter_mut().for_each(|(who, asked)| *asked = so_far.get(who).copied().unwrap_or_default());
        readers.sort_by(|a, b| b.1.missing.total_cmp(&a.1.missing).then(a.0.cmp(b.0)));
        for (who, asked) in readers {
            let (Some(days), false) = (own.get(who), found.contains_key(who.0.as_str())) else { continue };
            let (reader, dataset) = who;
            let mut without = others.clone();
            if !no_peers.contains(reader.as_str()) {
                without.leave_out(who, asked);
            }
            let usual = without.usual(dataset);
            let rest_guessed = || !used.readers.contains(reader) || luck(asked, usual) <= LUCK_MAX;
            let days = used.whole.get(who).unwrap_or(days);
            let guesser = judge_day(days, day, &nulls, usual, looked.seen(day), threshold);
            if let Some(guesser) = guesser.filter(|_| rest_guessed()) {
                let guesser = Guesser { reader: reader.clone(), dataset: dataset.clone(), ..guesser };
                found.insert(reader, guesser);
                no_peers.insert(reader);
                others = without;
            }
        }
    }
    found.into_values().collect()
}

/// Whether any window that ends with a day holds more asked for in vain than the peers foretell.
fn beyond_peers(days: &Days, day: i32, nulls: &[Null; LADDER.len()]) -> bool {
    LADDER.into_iter().zip(nulls).any(|(at, null)| {
        let missing = WINDOWS.get(at).map_or(0.0, |window| held(days, day, *window).missing);
        missing >= MISSED_MIN && null.foretold(missing) < FORETOLD_MAX
    })
}

/// Whether the mistakes of a window that ends with a day are beyond everybody else's; of such windows the least likely.
fn judge_day(
    days: &Days,
    day: i32,
    nulls: &[Null; LADDER.len()],
    usual: Usual,
    tests: u64,
    threshold: &(dyn Fn(u64) -> f64 + Sync),
) -> Option<Guesser> {
    let limit = threshold(tests);
    let each = LADDER.into_iter().zip(nulls).filter_map(|(at, null)| {
        let window = *WINDOWS.get(at)?;
        let asked = held(days, day, window);
        let many = null.upper_p(asked.missing);
        let usual = usual.of_those_who_miss_many(null.exponent());
        let luck = luck(asked, usual);
        let p = product(many, luck);
        (asked.missing >= MISSED_MIN && luck <= LUCK_MAX && p <= limit).then(|| Guesser {
            reader: String::new(),
            dataset: String::new(),
            p,
            window,
            day,
            asked,
            usual,
            many,
            tests,
            threshold: limit,
            within: Within::new(),
        })
    });
    each.min_by(|a, b| a.p.total_cmp(&b.p))
}

/// The chance of so many in vain among all asked for.
fn luck(asked: Asked, usual: Usual) -> f64 {
    beta_binomial_upper(asked.missing, asked.all as u64, usual.share, usual.alike)
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
    use weir_stats::{LogHistogram, hash64};

    fn limit(tests: u64) -> f64 {
        1e-3 / tests as f64
    }

    /// The day on which a reader guesses, and what it then asked for in vain, where others' mistakes are like this.
    fn guess(each: &[(i32, f64, f64)], (share, alike): (f64, f64)) -> Option<(i32, f64)> {
        let days: Days =
            each.iter().map(|(day, missing, all)| (*day, Asked { missing: *missing, all: *all })).collect();
        let mut missed = LogHistogram::new();
        (0..50).for_each(|i| missed.insert(f64::from(1 + i % 8)));
        let nulls = LADDER.map(|_| Null::fit(&missed, 100));
        let judge = |day: &i32| judge_day(&days, *day, &nulls, Usual { share, alike }, 100, &limit);
        days.keys().find_map(judge).map(|guesser| (guesser.day, guesser.asked.missing))
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
    fn volume_tells_where_everybody_misses_often_and_alone_it_tells_nothing() {
        let friends = (0.4, 0.02);
        assert_eq!(guess(&[(0, 300.0, 400.0)], friends).map(|(day, _)| day), Some(0));
        assert_eq!(guess(&[(0, 12.0, 16.0)], friends), None, "not many more than others");
        assert_eq!(guess(&[(0, 300.0, 750.0)], friends), None, "much to do, and ordinary luck");
    }

    #[test]
    fn a_hand_with_new_credentials_each_day_is_not_its_own_excuse() {
        // One a day, and four a day until they are a seventh of all.
        for (credentials, days) in [(1, 8), (4, 8)] {
            found_all(credentials, days);
        }
    }

    fn found_all(credentials: i32, days: i32) {
        let asked = Asked { missing: 450.0, all: 500.0 };
        let names: Vec<(String, i32)> = (0..days)
            .flat_map(|day| (0..credentials).map(move |at| (format!("c{day}-{at}"), day + 5)))
            .collect();
        let hand: BTreeMap<Asks, Days> = names
            .iter()
            .map(|(name, day)| ((name.clone(), "d".to_owned()), Days::from([(*day, asked)])))
            .collect();
        let mut peers = Peers::followed(1.0);
        (0..200).for_each(|at| {
            peers.add(hash64(format!("careful {at}").as_bytes()), "d", 0, Asked { missing: 2.0, all: 100.0 })
        });
        hand.iter().for_each(|((reader, dataset), days)| {
            days.iter().for_each(|(day, asked)| peers.add(hash64(reader.as_bytes()), dataset, *day, *asked));
        });
        let careful = (0..200).map(|at| (format!("careful {at}"), 0, 2.0));
        let seen = careful.chain(names.iter().map(|(name, day)| (name.clone(), *day, 450.0)));
        let looked = Looked::of(seen, 13);
        let used = Used { readers: &BTreeSet::new(), whole: BTreeMap::new() };
        assert_eq!(guessers(&hand, &looked, &peers, &used, &limit).len(), names.len());
    }

    /// Readers who ask a little each day, and twenty who came on the fifth and ask for more each day.
    #[test]
    fn whoever_asks_for_more_each_day_is_not_its_own_excuse() {
        let each = |day: i32| Asked { missing: f64::from(3 + day - 5), all: f64::from(4 + day - 5) };
        let days: Days = (5..25).map(|day| (day, each(day))).collect();
        let new = || (0..20).map(|at| format!("new {at}"));
        let own: BTreeMap<Asks, Days> = new().map(|name| ((name, "d".to_owned()), days.clone())).collect();
        let mut peers = Peers::followed(1.0);
        for at in 0..2_000_u64 {
            let asked = Asked { missing: (at % 4) as f64, all: 8.0 };
            peers.add(hash64(format!("old {at}").as_bytes()), "d", 0, asked);
        }
        own.iter().for_each(|((reader, dataset), days)| {
            days.iter().for_each(|(day, asked)| peers.add(hash64(reader.as_bytes()), dataset, *day, *asked));
        });
        let seen = (0..2_000).map(|at| (format!("old {at}"), 0, f64::from(at % 4)));
        let mut looked = Looked::of(seen, 24);
        new().for_each(|name| looked.grows(&name, 5, |day| each(day).missing));
        let used = Used { readers: &BTreeSet::new(), whole: BTreeMap::new() };
        assert_eq!(guessers(&own, &looked, &peers, &used, &limit).len(), 20);
    }

    /// What is left at an address of somebody accused already is judged with what was accused, and has to look like it.
    #[test]
    fn what_is_left_of_a_hand_belongs_to_it_and_an_office_around_it_does_not() {
        let readers = BTreeSet::from(["a".to_owned()]);
        let who = ("a".to_owned(), "d".to_owned());
        let left = |missing: f64, all: f64| {
            let own = BTreeMap::from([(who.clone(), Days::from([(9, Asked { missing, all })]))]);
            let all = Asked { missing: 400.0 + missing, all: 500.0 + all };
            let whole = BTreeMap::from([(who.clone(), Days::from([(9, all)]))]);
            let mut peers = Peers::followed(1.0);
            (0..500_u64).for_each(|at| {
                let asked = Asked { missing: 4.0, all: 10.0 };
                peers.add(hash64(format!("old {at}").as_bytes()), "d", 0, asked);
            });
            peers.add(hash64(b"a"), "d", 9, Asked { missing, all: own[&who][&9].all });
            let seen = (0..500).map(|at| (format!("old {at}"), 0, 4.0));
            let looked = Looked::of(seen.chain([("a".to_owned(), 9, all.missing)]), 9);
            let used = Used { readers: &readers, whole };
            guessers(&own, &looked, &peers, &used, &limit).len()
        };
        assert_eq!(left(8.0, 9.0), 1, "too few to be found alone");
        assert_eq!(left(40.0, 100.0), 0, "an office asks as everybody does");
    }
}
