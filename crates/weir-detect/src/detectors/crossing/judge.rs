//! Which countries are new to a dataset beyond what ordinary readers bring, and how much was read from where nothing may be.
//!
//! Decisive choice: a new country alone is nothing (an international shop sees one every week), nor are many people (its own customers
//! are). What is judged is both at once: how seldom a day brings a new country to this dataset, and how few people others read from a
//! country while it is young.

use super::screen::{ByPair, Census, PEOPLE_MIN, Pair, Read, Told, YOUNG_DAYS};
use weir_model::Severity;

/// Days on which a dataset was read before which no country is new to it.
const PAST_DAYS_MIN: usize = 14;
/// Largest chance at which a new country that does not fire is told at all.
const LOW_P: f64 = 0.01;
/// People from whom on a new country can be more than noteworthy.
const MANY: f64 = 100.0;
/// Everybody shown in a forbidden country, from whom on not even the members' own pages are a trifle.
const CROWD: f64 = 1_000.0;

/// By what people count as read by others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// Their number beyond the bearers' own people.
    Bearer,
    /// Beyond each address's first: under a credential for each it can be a hand, or a newly opened country's customers.
    Address,
}

/// A country new to a dataset.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fresh {
    pub(super) by: By,
    pub(super) country: String,
    pub(super) dataset: String,
    pub(super) severity: Severity,
    pub(super) p: f64,
    /// The first day on which it stood out, and what was known then.
    pub(super) day: i32,
    pub(super) first: i32,
    pub(super) people: f64,
    pub(super) days_before: u64,
    pub(super) new_before: u64,
    pub(super) peers: u64,
    pub(super) most: f64,
    pub(super) threshold: f64,
    pub(super) tests: u64,
}

/// A dataset read from where it may not be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Forbidden {
    pub(super) country: String,
    pub(super) dataset: String,
    pub(super) severity: Severity,
    /// The day on which it reached its severity.
    pub(super) day: i32,
    pub(super) others: f64,
    pub(super) everybody: f64,
}

/// Severity of a permission violated, by the people others read and by everybody shown; `None` when few members saw their own pages.
fn graded(others: f64, everybody: f64) -> Option<Severity> {
    match (others, everybody) {
        (o, e) if o >= MANY || e >= CROWD => Some(Severity::High),
        (o, e) if o >= PEOPLE_MIN || e >= MANY => Some(Severity::Medium),
        (o, _) if o >= 1.0 => Some(Severity::Low),
        _ => None,
    }
}

/// Every permission violated.
pub(super) fn forbidden(census: &Census, read: &ByPair) -> Vec<Forbidden> {
    let violated = census.pairs.iter().filter(|pair| pair.told == Told::Forbidden);
    let judged = violated.filter_map(|pair| {
        let Read { others, everybody, .. } = read.get(&(pair.country.clone(), pair.dataset.clone()))?;
        let all: f64 = others.values().sum();
        let severity = graded(all, *everybody)?;
        let mut so_far = 0.0;
        let reached = others.iter().find(|(_, people)| {
            so_far += **people;
            graded(so_far, 0.0) == Some(severity)
        });
        let last = others.keys().next_back().copied().unwrap_or(pair.first);
        Some(Forbidden {
            country: pair.country.clone(),
            dataset: pair.dataset.clone(),
            severity,
            day: reached.map_or(last, |(day, _)| *day),
            others: all,
            everybody: *everybody,
        })
    });
    judged.collect()
}

/// Every country that was new to a dataset and stood out; in the order in which they began.
pub(super) fn fresh(census: &Census, read: &ByPair, threshold: impl Fn(u64) -> f64) -> Vec<Fresh> {
    let mut young: Vec<&Pair> =
        census.pairs.iter().filter(|pair| pair.told == Told::Nothing && census.candidate(pair)).collect();
    young.sort_by_key(|pair| (pair.first, &pair.dataset, &pair.country));
    let mut fired: Vec<Fresh> = Vec::new();
    for pair in young {
        let Some(read) = read.get(&(pair.country.clone(), pair.dataset.clone())) else { continue };
        let by = |by: By| first_unlikely(census, pair, (read, by), &fired, &threshold);
        if let Some(one) = by(By::Bearer).or_else(|| by(By::Address)) {
            fired.push(one);
        }
    }
    fired
}

/// The first day on which a pair fires; failing that, the first on which it is noteworthy.
fn first_unlikely(
    census: &Census,
    pair: &Pair,
    (read, by): (&Read, By),
    fired: &[Fresh],
    threshold: &dyn Fn(u64) -> f64,
) -> Option<Fresh> {
    let before = Before::of(census, pair)?;
    let peers = peers(census, pair, fired);
    let (mut people, mut noted) = (0.0, None);
    let by_day = match by {
        By::Bearer => &read.others,
        By::Address => &read.by_address,
    };
    for (day, more) in by_day.range(..pair.first.saturating_add(YOUNG_DAYS)) {
        people += more;
        if people < PEOPLE_MIN {
            continue;
        }
        let values: Vec<f64> =
            peers.iter().map(|peer| until(peer, by, day - pair.first, pair.first)).collect();
        let p = before.chance() * exceeds(people, &values);
        let tests = tests(census, *day);
        let limit = threshold(tests);
        let severity = match (p <= limit, people >= MANY, census.home_told) {
            _ if by == By::Address && p > limit => continue,
            _ if by == By::Address => Severity::Low,
            (true, true, true) => Severity::High,
            (true, false, true) => Severity::Medium,
            _ if p <= LOW_P => Severity::Low,
            _ => continue,
        };
        let one = Fresh {
            by,
            country: pair.country.clone(),
            dataset: pair.dataset.clone(),
            severity,
            p,
            day: *day,
            first: pair.first,
            people,
            days_before: before.days,
            new_before: before.new,
            peers: values.len() as u64,
            most: values.iter().copied().fold(0.0, f64::max),
            threshold: limit,
            tests,
        };
        if severity == Severity::High {
            return Some(one);
        }
        if noted.as_ref().is_none_or(|noted: &Fresh| severity > noted.severity) {
            noted = Some(one);
        }
    }
    noted
}

/// A dataset's days before a country came, and those of them that brought a new one.
struct Before {
    days: u64,
    new: u64,
}

impl Before {
    fn of(census: &Census, pair: &Pair) -> Option<Self> {
        let days = census.days.get(&pair.dataset)?;
        let began = days.first()?;
        let before = days.range(..pair.first).count();
        let mut new: Vec<i32> = census
            .pairs
            .iter()
            .filter(|p| p.dataset == pair.dataset && p.first > *began && p.first < pair.first)
            .map(|p| p.first)
            .collect();
        new.sort_unstable();
        new.dedup();
        (before >= PAST_DAYS_MIN).then_some(Self { days: before as u64, new: new.len() as u64 })
    }

    /// The chance that one more day brings a new country: the rule of succession.
    fn chance(&self) -> f64 {
        (self.new + 1) as f64 / (self.days + 2) as f64
    }
}

/// Other countries that read the dataset before: not home, where everybody works; not those that were found out by then. Where home is
/// not told, the country that reads most stands for it.
fn peers<'c>(census: &'c Census, pair: &Pair, fired: &[Fresh]) -> Vec<&'c Pair> {
    let found = |peer: &Pair| {
        fired.iter().any(|f| {
            f.country == peer.country
                && f.dataset == peer.dataset
                && f.day < pair.first
                && f.severity >= Severity::Medium
        })
    };
    let all = census
        .pairs
        .iter()
        .filter(|peer| peer.dataset == pair.dataset && peer.first < pair.first && !peer.home && !found(peer));
    let mut all: Vec<&Pair> = all.collect();
    if !census.home_told {
        let size = |peer: &&Pair| until(peer, By::Bearer, YOUNG_DAYS, pair.first);
        let most =
            all.iter().copied().max_by(|a, b| size(a).total_cmp(&size(b)).then(b.country.cmp(&a.country)));
        all.retain(|peer| most.is_none_or(|most| peer.country != most.country));
    }
    all
}

/// How many people others read from a country by an age of days, and before a day.
fn until(peer: &Pair, by: By, age: i32, before: i32) -> f64 {
    let counted =
        peer.young.iter().filter(|(day, _)| *day <= peer.first.saturating_add(age) && *day < before);
    counted.map(|(_, [bearer, address])| if by == By::Bearer { bearer } else { address }).sum()
}

/// The chance that a country's people exceed so many: by counting among the peers, beyond the largest by Zipf's law (a Pareto tail of
/// exponent 1), heavier than which few things are.
fn exceeds(people: f64, peers: &[f64]) -> f64 {
    let least = 1.0 / (peers.len() as f64 + 1.0);
    let reached = peers.iter().filter(|peer| **peer >= people).count();
    if reached > 0 {
        return (reached as f64 + 1.0) * least;
    }
    let edge = peers.iter().copied().fold(1.0, f64::max);
    least * (edge / people).min(1.0)
}

/// Tests of a day: for each dataset, every day from which a country could still be young.
fn tests(census: &Census, day: i32) -> u64 {
    let each = census.days.values().filter_map(|days| days.first());
    each.map(|began| u64::try_from((day - began).clamp(0, YOUNG_DAYS)).unwrap_or(0)).sum::<u64>().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn pair(country: &str, first: i32, young: &[(i32, f64)]) -> Pair {
        Pair {
            country: country.to_owned(),
            dataset: "orders".to_owned(),
            told: if country == "KR" { Told::Permitted } else { Told::Nothing },
            home: country == "KR",
            first,
            young: young.iter().map(|(day, people)| (*day, [*people, 0.0])).collect(),
            people: 1_000.0,
        }
    }

    fn census(pairs: Vec<Pair>, days: i32) -> Census {
        let days = BTreeMap::from([("orders".to_owned(), (0..days).collect())]);
        Census { pairs, days, home_told: true, ..Census::default() }
    }

    fn read(country: &str, others: &[(i32, f64)]) -> ByPair {
        let read = Read { others: others.iter().copied().collect(), everybody: 0.0, ..Read::default() };
        ByPair::from([((country.to_owned(), "orders".to_owned()), read)])
    }

    fn severities(census: &Census, read: &ByPair) -> Vec<(Severity, i32)> {
        let limit = |tests| 0.25 / 30.0 / tests as f64;
        fresh(census, read, limit).into_iter().map(|f| (f.severity, f.day)).collect()
    }

    #[test]
    fn a_domestic_shops_first_country_with_many_people_is_clear_on_its_day() {
        let quiet = census(vec![pair("KR", 0, &[(0, 900.0)]), pair("CN", 60, &[(60, 900.0)])], 70);
        assert_eq!(severities(&quiet, &read("CN", &[(60, 900.0)])), [(Severity::High, 60)]);
        assert_eq!(severities(&quiet, &read("CN", &[(60, 9.0)])), [], "few people");
        let slow: Vec<(i32, f64)> = (60..70).map(|day| (day, 90.0)).collect();
        let judged = severities(&quiet, &read("CN", &slow));
        assert!(matches!(judged[..], [(Severity::High, day)] if day > 60), "{judged:?}");
    }

    #[test]
    fn an_international_shops_next_country_is_nothing() {
        // Every other day a new country, some of whose partners read hundreds.
        let mut pairs = vec![pair("KR", 0, &[(0, 900.0)])];
        for i in 0..30 {
            pairs.push(pair(&format!("x{i:02}"), 2 * i, &[(2 * i, f64::from(i * i))]));
        }
        pairs.push(pair("CN", 61, &[]));
        let busy = census(pairs, 70);
        assert_eq!(severities(&busy, &read("CN", &[(61, 300.0)])), []);
        assert_eq!(severities(&busy, &read("CN", &[(61, 90_000.0)])), [(Severity::Low, 61)]);
    }

    #[test]
    fn a_credential_for_each_person_is_told_by_address_and_accuses_nobody() {
        let quiet = census(vec![pair("KR", 0, &[(0, 900.0)]), pair("CN", 60, &[])], 70);
        let mut own = read("CN", &[]);
        own.values_mut().for_each(|read| read.by_address = BTreeMap::from([(60, 900.0)]));
        assert_eq!(severities(&quiet, &own), [(Severity::Low, 60)]);
        own.values_mut().for_each(|read| read.by_address = BTreeMap::from([(60, 40.0)]));
        assert_eq!(severities(&quiet, &own), [], "a carrier's travellers");
    }

    #[test]
    fn a_short_past_or_an_untold_home_accuses_nobody() {
        let short = census(vec![pair("KR", 0, &[]), pair("CN", 10, &[])], 20);
        assert_eq!(severities(&short, &read("CN", &[(10, 5_000.0)])), []);
        let mut untold = census(vec![pair("KR", 0, &[(0, 900.0)]), pair("CN", 60, &[])], 70);
        untold.home_told = false;
        assert_eq!(severities(&untold, &read("CN", &[(60, 900.0)])), [(Severity::Low, 60)]);
    }

    #[test]
    fn two_countries_of_one_hand_do_not_excuse_each_other() {
        let two = census(
            vec![pair("KR", 0, &[]), pair("CN", 60, &[(60, 900.0)]), pair("RU", 61, &[(61, 900.0)])],
            70,
        );
        let mut both = read("CN", &[(60, 900.0)]);
        both.extend(read("RU", &[(61, 900.0)]));
        assert_eq!(severities(&two, &both).len(), 2);
    }

    #[test]
    fn a_permission_violated_is_graded_by_people() {
        assert_eq!(graded(0.0, 5.0), None, "travellers");
        assert_eq!(graded(1.0, 5.0), Some(Severity::Low));
        assert_eq!(graded(10.0, 12.0), Some(Severity::Medium));
        assert_eq!(graded(0.0, 1_000.0), Some(Severity::High));
        let mut pair = pair("CN", 3, &[]);
        pair.told = Told::Forbidden;
        let found = forbidden(&census(vec![pair], 9), &read("CN", &[(3, 60.0), (5, 60.0), (7, 60.0)]));
        assert_eq!((found[0].severity, found[0].day, found[0].others), (Severity::High, 5, 180.0));
    }
}
