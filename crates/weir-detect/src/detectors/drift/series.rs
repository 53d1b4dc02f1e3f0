//! Series of entities from rollups: one entity's days at a time.
//!
//! Decisive choice: people are counted beyond credentials, and where either is an estimate, by the bounds that leave the fewest. A carrier that
//! gains members gains credentials with them; a sketch's error is no person.

use crate::histories;
use crate::{Context, DetectError};
use weir_lake::rows;
use weir_model::EntityKind;
use weir_rollup::Partial;
use weir_stats::Distinct;

/// Standard errors of a sketch that are no people.
const SIGMAS: f64 = 2.0;
/// Days with activity without which no series is judged.
const ACTIVE_MIN: usize = 14;
/// Days after the log's start within which whoever appears was there before.
const THERE_BEFORE: i32 = 7;
/// First days of an entity that appeared later, from which nothing is learned: a beginning grows.
const BEGINNING: i32 = 28;
/// Days without activity in a row that count, as zeros. Of a longer absence the rest is left out, whether or not it ends: what is said of a day
/// must not depend on later ones.
const AWAY: i32 = 14;

/// What may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// People shown beyond the credentials used, a day.
    People,
    /// Accesses and flows.
    Records,
    /// Bytes sent in answers and flows.
    Bytes,
}

impl Measure {
    /// All, in the order in which they name a finding.
    pub const ALL: [Self; 3] = [Self::People, Self::Records, Self::Bytes];

    /// The measure of a day's rollup.
    #[must_use]
    pub fn of(self, partial: &Partial) -> f64 {
        match self {
            Self::People => {
                (partial.people.bounds(SIGMAS).0 - partial.credentials.bounds(SIGMAS).1).max(0.0).floor()
            }
            Self::Records => partial.accesses.saturating_add(partial.flows) as f64,
            Self::Bytes => partial.bytes.saturating_add(partial.bytes_sent) as f64,
        }
    }

    /// Its place in [`Measure::ALL`].
    pub(super) fn place(self) -> usize {
        Self::ALL.iter().position(|measure| *measure == self).unwrap_or(0)
    }

    /// The measure's name in a finding.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::People => "people_beyond_credentials_per_day",
            Self::Records => "records_per_day",
            Self::Bytes => "bytes_per_day",
        }
    }
}

/// The days asked for that the log has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) first: i32,
    pub(super) last: i32,
}

impl Period {
    pub(super) fn days(self) -> i32 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }

    /// The place of a day, where it is in the period.
    pub(super) fn place(self, day: i32) -> Option<usize> {
        (day <= self.last).then(|| usize::try_from(day - self.first).ok()).flatten()
    }
}

/// The days with records that a series can come from.
pub(super) async fn period(context: &Context<'_>) -> Result<Option<Period>, DetectError> {
    let query = "SELECT min(time) AS first, max(last) AS last FROM \
                 (SELECT time, last FROM {digest} WHERE {span} UNION ALL SELECT time, time AS last FROM flow WHERE {span})";
    let answer = context.sql(query).await?;
    let row = rows(&answer).next();
    Ok(row.and_then(|r| Some(Period { first: r.time("first")?.day(), last: r.time("last")?.day() })))
}

/// A day on which an entity was active.
#[derive(Clone, Copy, Debug)]
struct Day {
    day: i32,
    values: [f64; Measure::ALL.len()],
    people: bool,
    named: bool,
}

/// An entity's days.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) entity: String,
    period: Period,
    days: Vec<Day>,
    /// Of a prefix: its addresses so far, and the day from which they were several. A prefix of one address is that address.
    origins: Distinct,
    several: Option<i32>,
}

impl Series {
    fn new(entity: String, period: Period) -> Self {
        Self { entity, period, days: Vec::new(), origins: Distinct::new(), several: None }
    }

    fn add(&mut self, kind: EntityKind, day: i32, partial: &Partial) {
        if kind == EntityKind::Prefix {
            self.origins.merge(&partial.origins);
        }
        if self.several.is_none() && (kind != EntityKind::Prefix || self.origins.estimate() > 1.0) {
            self.several = Some(day);
        }
        let values = Measure::ALL.map(|measure| measure.of(partial));
        let named = kind == EntityKind::Actor || !partial.credentials.is_empty();
        self.days.push(Day { day, values, people: !partial.people.is_empty(), named });
    }

    /// Whether there are days enough to judge.
    fn enough(&self) -> bool {
        self.days.len() >= ACTIVE_MIN && self.several.is_some()
    }

    /// A measure for every day that counts, zeros where the entity was not active; none where it hardly ever was.
    pub(super) fn values(&self, measure: Measure) -> impl Iterator<Item = (i32, f64)> + '_ {
        let at = measure.place();
        let value = move |day: &Day| day.values.get(at).copied().unwrap_or(0.0);
        let active: Vec<(i32, f64)> =
            self.days.iter().map(|day| (day.day, value(day))).filter(|(_, x)| *x > 0.0).collect();
        let enough = active.len() >= ACTIVE_MIN;
        let first = active.first().map_or(0, |(day, _)| *day);
        let before = first - self.period.first < THERE_BEFORE;
        let learned = if before { first } else { first.saturating_add(BEGINNING) };
        let start = learned.max(self.several.unwrap_or(i32::MAX));
        let ends = active.iter().skip(1).map(|(day, _)| *day).chain([self.period.last.saturating_add(1)]);
        let spans: Vec<(i32, f64, i32)> = active
            .iter()
            .zip(ends)
            .map(|((day, x), next)| (*day, *x, next.min(day.saturating_add(AWAY + 1))))
            .collect();
        let days = spans
            .into_iter()
            .flat_map(|(day, x, end)| (day..end).map(move |at| (at, if at == day { x } else { 0.0 })));
        days.filter(move |(day, _)| enough && *day >= start)
    }

    /// Whether people beyond the credentials were shown on most active days of a span.
    pub(super) fn shows_others(&self, from: i32, to: i32) -> bool {
        let active = self.days.iter().filter(|day| (from..=to).contains(&day.day));
        let (all, shown) = active.fold((0, 0), |(all, shown), day| {
            (all + 1, shown + usize::from(day.values.first().is_some_and(|people| *people > 0.0)))
        });
        2 * shown > all
    }

    /// Whether, before a day, credentials or actors were named on most days on which people were shown.
    pub(super) fn named_before(&self, day: i32) -> bool {
        let past = self.days.iter().filter(|d| d.day < day && d.people);
        let (all, named) = past.fold((0, 0), |(all, named), d| (all + 1, named + usize::from(d.named)));
        2 * named > all
    }
}

/// Hands over the series of a kind, one at a time, sorted by entity.
pub(super) async fn each(
    context: &Context<'_>,
    kind: EntityKind,
    period: Period,
    mut take: impl FnMut(Series),
) -> Result<(), DetectError> {
    const COLUMNS: [&str; 7] =
        ["people", "credentials", "origins", "accesses", "flows", "bytes", "bytes_sent"];
    histories::each(context, kind, &COLUMNS, |history| {
        let mut series = Series::new(history.entity, period);
        for (day, partial) in &history.days {
            if (period.first..=period.last).contains(day) {
                series.add(kind, *day, partial);
            }
        }
        if series.enough() {
            take(series);
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(days: &[(i32, f64)]) -> Series {
        let mut all = Series::new("a".to_owned(), Period { first: 0, last: 100 });
        let day =
            |(day, x): &(i32, f64)| Day { day: *day, values: [*x; 3], people: true, named: *day % 2 == 0 };
        all.days = days.iter().map(day).collect();
        all.several = days.first().map(|(day, _)| *day);
        all
    }

    #[test]
    fn days_without_activity_are_zeros_and_a_beginning_teaches_nothing() {
        let odd: Vec<(i32, f64)> = (0..20).map(|i| (2 * i + 1, 5.0)).collect();
        let values: Vec<(i32, f64)> = series(&odd).values(Measure::Records).collect();
        assert_eq!((values.first(), values.last()), (Some(&(1, 5.0)), Some(&(39 + AWAY, 0.0))));
        assert!(values.iter().all(|(day, x)| (*x == 5.0) == (day % 2 == 1 && *day <= 39)), "{values:?}");
        let late: Vec<(i32, f64)> = (10..90).map(|day| (day, 5.0)).collect();
        assert_eq!(series(&late).values(Measure::Bytes).next(), Some((38, 5.0)));
        assert_eq!(series(&late).values(Measure::Bytes).last(), Some((100, 0.0)));
        assert_eq!(series(&odd[..13]).values(Measure::People).next(), None, "hardly ever active");
        // A fortnight of an absence counts, whether or not somebody comes back.
        let gone: Vec<(i32, f64)> = (0..20).chain([60]).map(|day| (day, 5.0)).collect();
        let values: Vec<(i32, f64)> = series(&gone).values(Measure::Records).collect();
        let stayed: Vec<(i32, f64)> = series(&gone[..20]).values(Measure::Records).collect();
        assert_eq!((values[..stayed.len()].to_vec(), values.get(34)), (stayed, Some(&(60, 5.0))));
        // A prefix begins when it has a second address.
        let mut prefix = series(&late);
        prefix.several = Some(50);
        assert_eq!(prefix.values(Measure::People).next(), Some((50, 5.0)));
    }

    #[test]
    fn people_are_counted_beyond_credentials_and_never_by_a_sketchs_error() {
        let set =
            |from: u64, n: u64| (from..from + n).map(|i| weir_stats::hash64(&i.to_le_bytes())).collect();
        let of = |people: Distinct, credentials: Distinct| {
            Measure::People.of(&Partial { people, credentials, ..Partial::default() })
        };
        assert_eq!(of(set(0, 40), set(100, 3)), 37.0);
        assert_eq!(of(set(0, 3), set(100, 40)), 0.0);
        for members in [3_000, 20_000, 90_000] {
            assert_eq!(of(set(0, members), set(1 << 40, members)), 0.0, "a carrier of {members}");
            assert!(of(set(0, members), set(1 << 40, 20)) > 0.9 * members as f64, "a desk of {members}");
        }
    }

    #[test]
    fn credentials_are_named_where_most_days_name_them() {
        let days: Vec<(i32, f64)> = (0..20).map(|day| (day, 1.0)).collect();
        assert!(series(&days).named_before(1) && !series(&days).named_before(20));
        assert!(series(&days).shows_others(19, 40) && !series(&days).shows_others(20, 40));
    }
}
