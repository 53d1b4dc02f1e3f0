//! Whether a reader asks for people who do not exist: whoever has business with people knows whom to ask for.

use super::exact::Scope;
use crate::{Context, DetectError};
use std::collections::BTreeMap;
use weir_lake::rows;
use weir_stats::tail::beta_binomial_upper;

/// Share of those asked for that do not exist from which it is a guess and not a mistake.
const SHARE_MIN: f64 = 0.5;
/// Fewest that do not exist.
const MISSING_MIN: u64 = 10;
/// How alike one reader's mistakes are: intra-class correlation.
const ALIKE: f64 = 0.02;
/// Largest chance under everybody else's mistakes; the reader has already passed the peers' test, within the budget.
const P_MAX: f64 = 0.001;

/// People asked for, up to a day.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Asked {
    missing: u64,
    all: u64,
}

/// By dataset and day: what was asked for the first time.
type Days = BTreeMap<String, BTreeMap<i32, Asked>>;

/// A reader who guesses.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Guess {
    /// The first day on which that is beyond chance.
    pub(super) day: i32,
    asked: Asked,
    others: f64,
    p: f64,
}

impl Guess {
    /// For an explanation.
    pub(super) fn words(&self) -> String {
        format!(
            " Of {} people asked for by then {} do not exist, against {:.1} % when others ask for the same data (beta-binomial, {:.1e}): they were guessed.",
            self.asked.all,
            self.asked.missing,
            100.0 * self.others,
            self.p
        )
    }
}

/// Those among some readers who guess, compared with everybody else who asks for the same data.
pub(super) async fn guessers(
    context: &Context<'_>,
    scope: &Scope<'_>,
    readers: &[&str],
) -> Result<BTreeMap<String, Guess>, DetectError> {
    if readers.is_empty() {
        return Ok(BTreeMap::new());
    }
    let own = scope.condition(readers.iter().copied());
    let query = format!(
        "SELECT reader, dataset, day, sum(missing) AS missing, count(*) AS asked FROM \
         (SELECT CASE WHEN {own} THEN {} END AS reader, dataset, subject, min(day) AS day, min(CASE WHEN outcome = 'missing' THEN 1 ELSE 0 END) AS missing \
         FROM access WHERE dataset IS NOT NULL AND subject IS NOT NULL AND subject NOT LIKE 'credential:%' AND (shown OR outcome = 'missing') AND {{span}} \
         GROUP BY 1, 2, 3) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        scope.entity()
    );
    let mut others = Days::new();
    let mut own: BTreeMap<String, Days> = BTreeMap::new();
    for row in rows(&context.sql(&query).await?) {
        let (Some(dataset), Some(day)) = (row.text("dataset"), row.int("day")) else { continue };
        let days = match row.text("reader") {
            Some(reader) => own.entry(reader.to_owned()).or_default(),
            None => &mut others,
        };
        let asked = Asked { missing: row.count("missing"), all: row.count("asked") };
        days.entry(dataset.to_owned()).or_default().insert(i32::try_from(day).unwrap_or(0), asked);
    }
    Ok(own.into_iter().filter_map(|(reader, days)| Some((reader, first(&days, &others)?))).collect())
}

/// The first day on which a reader's misses in some dataset are beyond chance.
fn first(own: &Days, others: &Days) -> Option<Guess> {
    let guesses = own.iter().filter_map(|(dataset, days)| {
        let mut asked = Asked::default();
        days.iter().find_map(|(day, more)| {
            asked = Asked { missing: asked.missing + more.missing, all: asked.all + more.all };
            let rest = others.get(dataset).map(|days| until(days, *day)).unwrap_or_default();
            let others = (rest.missing as f64 + 1.0) / (rest.all as f64 + 2.0);
            let p = beta_binomial_upper(asked.missing as f64, asked.all, others, ALIKE);
            let guessed =
                asked.missing >= MISSING_MIN && asked.missing as f64 >= SHARE_MIN * asked.all as f64;
            (guessed && p <= P_MAX).then_some(Guess { day: *day, asked, others, p })
        })
    });
    guesses.min_by_key(|guess| guess.day)
}

fn until(days: &BTreeMap<i32, Asked>, day: i32) -> Asked {
    days.range(..=day).fold(Asked::default(), |sum, (_, more)| Asked {
        missing: sum.missing + more.missing,
        all: sum.all + more.all,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(each: &[(i32, u64, u64)]) -> Days {
        let days = each.iter().map(|(day, missing, all)| (*day, Asked { missing: *missing, all: *all }));
        Days::from([("customers".to_owned(), days.collect())])
    }

    #[test]
    fn whoever_asks_for_people_who_do_not_exist_guesses_from_the_day_that_shows_it() {
        let others = days(&[(0, 3, 100), (1, 2, 100)]);
        assert_eq!(first(&days(&[(0, 1, 20), (1, 2, 30)]), &others), None, "mistakes");
        assert_eq!(first(&days(&[(0, 4, 5)]), &others), None, "too few");
        let guess = first(&days(&[(0, 8, 9), (1, 40, 45)]), &others).unwrap();
        assert_eq!((guess.day, guess.asked), (1, Asked { missing: 48, all: 54 }));
        let sloppy = days(&[(0, 60, 100)]);
        assert_eq!(first(&days(&[(0, 30, 45)]), &sloppy), None, "others miss as often");
    }
}
