//! The first look, over rollups: which datasets were read from which countries, since when; and the exact look at the few that matter.

use crate::bearer::{ADDRESS, BEARER, others};
use crate::histories;
use crate::{Context, DetectError};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::{quote, quote_all, rows};
use weir_model::{EntityKind, Micros};
use weir_rollup::{Partial, kind};

/// Days for which a country is young to a dataset, and judged.
pub(super) const YOUNG_DAYS: i32 = 90;
/// People from whom on a country is worth a look.
pub(super) const PEOPLE_MIN: f64 = 10.0;
/// People read by others since 1 January from whom on a country's sum is told: the least at which a law asks for more (China: sensitive data).
pub(super) const SINCE_JANUARY_MIN: f64 = 10_000.0;

/// What sketches may have missed of that, so that the exact look decides.
const SKETCHED: f64 = 0.9;

/// What may be done with a dataset in a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Its home, or a country that was permitted.
    Permitted,
    Forbidden,
    /// Nobody said.
    Nothing,
}

/// A dataset as read from one country.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) country: String,
    pub(super) dataset: String,
    pub(super) told: Told,
    pub(super) home: bool,
    /// The first day on which it showed somebody.
    pub(super) first: i32,
    /// How many more people than bearers, and than addresses, there were by day, while the country was young.
    pub(super) young: Vec<(i32, [f64; 2])>,
    /// People shown in all, the sum over days: an upper bound.
    pub(super) people: f64,
}

/// Everything read from anywhere.
#[derive(Debug, Default)]
pub(super) struct Census {
    pub(super) pairs: Vec<Pair>,
    /// By dataset: days on which it was read.
    pub(super) days: BTreeMap<String, BTreeSet<i32>>,
    /// Whether the home country is told.
    pub(super) home_told: bool,
    /// Countries and years in which others may have read more than [`SINCE_JANUARY_MIN`] people.
    pub(super) years: BTreeSet<(String, i32)>,
}

/// A day's year.
pub(super) fn year(day: i32) -> i32 {
    let text = Micros::of_day(day).to_string();
    text.get(..4).and_then(|y| y.parse().ok()).unwrap_or(0)
}

/// Looks over all pairs, one at a time.
pub(super) async fn census(context: &Context<'_>) -> Result<Census, DetectError> {
    let mut census =
        Census { home_told: context.config.organisation.home_country.is_some(), ..Census::default() };
    let mut since: BTreeMap<(String, i32), f64> = BTreeMap::new();
    let columns = ["people", "credentials", "origins"];
    histories::each(context, EntityKind::Crossing, &columns, |history| {
        for (day, partial) in &history.days {
            census.take(context, (&history.entity, *day, partial), &mut since);
        }
    })
    .await?;
    let near = since.into_iter().filter(|(_, people)| *people >= SKETCHED * SINCE_JANUARY_MIN);
    census.years = near.map(|(at, _)| at).collect();
    Ok(census)
}

impl Census {
    /// Takes in a pair's day.
    fn take(
        &mut self,
        context: &Context<'_>,
        (pair, day, partial): (&str, i32, &Partial),
        since: &mut BTreeMap<(String, i32), f64>,
    ) {
        let people = partial.people.estimate();
        let Some((country, dataset)) = kind::crossed(pair).filter(|_| people > 0.0) else { return };
        self.days.entry(dataset.to_owned()).or_default().insert(day);
        let beyond = (people - partial.credentials.estimate()).max(0.0);
        let by_address = (people - partial.origins.estimate()).max(0.0);
        let home = context.config.is_home(country);
        if self.home_told && !home && beyond > 0.0 {
            *since.entry((country.to_owned(), year(day))).or_default() += beyond;
        }
        let is = |pair: &&mut Pair| pair.country == country && pair.dataset == dataset;
        match self.pairs.last_mut().filter(is) {
            Some(pair) => {
                pair.people += people;
                if day < pair.first.saturating_add(YOUNG_DAYS) {
                    pair.young.push((day, [beyond, by_address]));
                }
            }
            None => self.pairs.push(Pair {
                country: country.to_owned(),
                dataset: dataset.to_owned(),
                told: match context.config.permits(dataset, country) {
                    _ if home => Told::Permitted,
                    Some(true) => Told::Permitted,
                    Some(false) => Told::Forbidden,
                    None => Told::Nothing,
                },
                home,
                first: day,
                young: vec![(day, [beyond, by_address])],
                people,
            }),
        }
    }

    /// Whether a pair is worth an exact look.
    pub(super) fn candidate(&self, pair: &Pair) -> bool {
        let began = self.days.get(&pair.dataset).and_then(|days| days.first());
        match pair.told {
            Told::Permitted => false,
            Told::Forbidden => true,
            Told::Nothing => pair.people >= PEOPLE_MIN && began.is_some_and(|day| pair.first > *day),
        }
    }
}

/// What a pair's records show, by day of first sight: people who were shown to somebody else's bearer, and at an address that had shown
/// somebody else first; and everybody.
#[derive(Clone, Debug, Default)]
pub(super) struct Read {
    pub(super) others: BTreeMap<i32, f64>,
    pub(super) by_address: BTreeMap<i32, f64>,
    pub(super) everybody: f64,
}

/// By country and dataset.
pub(super) type ByPair = BTreeMap<(String, String), Read>;

/// The exact look at the candidates' records.
pub(super) async fn read_by_others(context: &Context<'_>, census: &Census) -> Result<ByPair, DetectError> {
    let mut read = ByPair::new();
    let mut by_dataset: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for pair in census.pairs.iter().filter(|pair| census.candidate(pair)) {
        by_dataset.entry(&pair.dataset).or_default().push(&pair.country);
    }
    for (dataset, countries) in by_dataset {
        let condition = format!(
            "dataset = {} AND country IN {} AND {{span}}",
            quote(dataset),
            quote_all(countries.iter().copied())
        );
        for bearer in [BEARER, ADDRESS] {
            for row in rows(&context.sql(&others(bearer, "country, dataset", &condition)).await?) {
                let (Some(country), Some(day)) = (row.text("country"), row.int("day")) else { continue };
                let pair = read.entry((country.to_owned(), dataset.to_owned())).or_default();
                let by_day = if bearer == BEARER { &mut pair.others } else { &mut pair.by_address };
                by_day.insert(i32::try_from(day).unwrap_or(0), row.count("people") as f64);
            }
        }
        let everybody = format!(
            "SELECT country, count(DISTINCT person) AS people FROM {} GROUP BY country",
            crate::bearer::people("country", &condition)
        );
        for row in rows(&context.sql(&everybody).await?) {
            let Some(country) = row.text("country") else { continue };
            read.entry((country.to_owned(), dataset.to_owned())).or_default().everybody =
                row.count("people") as f64;
        }
    }
    Ok(read)
}
