//! What everybody's mistakes are like, by dataset and day: how many of those asked for do not exist, and how alike one reader's are.
//!
//! Decisive choice: the likeness (intra-class correlation) is measured and not assumed. Where some readers honestly miss half and others
//! nothing, missing half accuses nobody.

use super::judge::Asks;
use super::{ASKED, Scope, screen::Looked};
use crate::{Context, DetectError};
use futures::StreamExt;
use std::collections::{BTreeMap, HashMap};
use weir_lake::rows;
use weir_stats::hash64;

/// Readers whose mistakes are followed: all, or a sample by the hash of their names.
const FOLLOWED: f64 = 20_000.0;
/// Least correlation taken for granted.
const ALIKE_MIN: f64 = 0.005;
/// Largest correlation that a measurement can give.
const ALIKE_MAX: f64 = 0.9;

/// People asked for, and those of them who do not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Asked {
    pub(super) missing: f64,
    pub(super) all: f64,
}

impl std::ops::AddAssign for Asked {
    fn add_assign(&mut self, more: Self) {
        self.missing += more.missing;
        self.all += more.all;
    }
}

/// What mistakes are like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Usual {
    /// Share of those asked for who do not exist.
    pub(super) share: f64,
    /// How alike one reader's are: intra-class correlation.
    pub(super) alike: f64,
}

impl Usual {
    /// The same among readers known to ask for many in vain, where twice as many are `2^-exponent` times as frequent. A reader's share is
    /// drawn from `Beta(a, b)`; to ask for `m` in vain it must ask for `m / share`, of which the frequency falls as `share^exponent`: so
    /// theirs are drawn from `Beta(a + exponent, b)`.
    pub(super) fn of_those_who_miss_many(self, exponent: f64) -> Self {
        let size = 1.0 / self.alike - 1.0;
        let (a, b) = (self.share * size + exponent, (1.0 - self.share) * size);
        Self { share: a / (a + b), alike: 1.0 / (a + b + 1.0) }
    }
}

/// Sums over readers, from which mean and correlation follow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    readers: f64,
    missing: f64,
    all: f64,
    /// Sum of `missing^2 / all`, and of `all^2`.
    between: f64,
    squares: f64,
}

impl Sums {
    fn add(&mut self, reader: Asked, sign: f64) {
        if reader.all > 0.0 {
            self.readers += sign;
            self.missing += sign * reader.missing;
            self.all += sign * reader.all;
            self.between += sign * reader.missing * reader.missing / reader.all;
            self.squares += sign * reader.all * reader.all;
        }
    }

    /// Share of those asked for who do not exist, with a half of a case of each kind added.
    fn mean(&self) -> f64 {
        (self.missing + 0.5) / (self.all + 1.0)
    }

    /// The analysis-of-variance estimate of the intra-class correlation (M. Ridout, C. Demetrio and D. Firth, Biometrics 55 (1999)); with
    /// few readers, no less than one in their number.
    fn alike(&self) -> f64 {
        let few = 1.0 / self.readers.max(1.0);
        let within = (self.missing - self.between) / (self.all - self.readers);
        let among = (self.between - self.missing * self.missing / self.all) / (self.readers - 1.0);
        let size = (self.all - self.squares / self.all) / (self.readers - 1.0);
        let found = (among - within) / (among + (size - 1.0) * within);
        let found = if found.is_finite() { found } else { 0.0 };
        found.max(few).clamp(ALIKE_MIN, ALIKE_MAX)
    }
}

/// Everybody's mistakes.
pub(super) struct Peers {
    /// The share of readers who are followed: those whose names' hashes lie below it.
    share: f64,
    /// By the hashes of reader and dataset, as long as days are added.
    so_far: HashMap<(u64, u64), Asked>,
    /// By dataset: sums at the end of each day on which they changed.
    days: BTreeMap<String, BTreeMap<i32, Sums>>,
}

impl Peers {
    /// Nobody's mistakes yet; this share of readers is followed.
    pub(super) fn followed(share: f64) -> Self {
        Self { share, so_far: HashMap::new(), days: BTreeMap::new() }
    }

    /// Adds what a reader, by the hash of its name, asked for on a day, no earlier than the last.
    pub(super) fn add(&mut self, reader: u64, dataset: &str, day: i32, more: Asked) {
        let own = self.so_far.entry((reader, hash64(dataset.as_bytes()))).or_default();
        let days = self.days.entry(dataset.to_owned()).or_default();
        let mut sums = days.last_key_value().map(|(_, sums)| *sums).unwrap_or_default();
        sums.add(*own, -1.0);
        *own += more;
        sums.add(*own, 1.0);
        days.insert(day, sums);
    }

    /// Everybody's mistakes up to a day.
    pub(super) fn on<'p>(&'p self, day: i32) -> Others<'p> {
        let sums = |(dataset, days): (&'p String, &BTreeMap<i32, Sums>)| {
            days.range(..=day).next_back().map(|(_, sums)| (dataset.as_str(), *sums))
        };
        Others { share: self.share, sums: self.days.iter().filter_map(sums).collect() }
    }
}

/// Everybody's mistakes up to a day, without those of some readers: the one judged and those who guess.
#[derive(Clone)]
pub(super) struct Others<'p> {
    share: f64,
    sums: BTreeMap<&'p str, Sums>,
}

impl Others<'_> {
    /// Leaves out a reader, who has asked for so many.
    pub(super) fn leave_out(&mut self, (reader, dataset): &Asks, own: Asked) {
        let followed = hash64(reader.as_bytes()) as f64 / 2_f64.powi(64) < self.share;
        if let (true, Some(sums)) = (followed, self.sums.get_mut(dataset.as_str())) {
            sums.add(own, -1.0);
        }
    }

    /// What the others' mistakes are like in a dataset.
    pub(super) fn usual(&self, dataset: &str) -> Usual {
        let sums = self.sums.get(dataset).copied().unwrap_or_default();
        Usual { share: sums.mean().clamp(0.0, 1.0), alike: sums.alike() }
    }
}

/// The query for readers' mistakes: by reader (a SQL expression), dataset and day, the people asked for that day for the first time. People are hashes: a
/// group of each is held until all records are read.
pub(super) fn query(context: &Context<'_>, scope: &Scope, reader: &str, which: &str) -> String {
    let column = scope.column;
    format!(
        "SELECT reader, dataset, day, sum(missing) AS missing, count(*) AS asked FROM \
         (SELECT {reader} AS reader, dataset, hash(subject) AS person, min(day) AS day, min(CASE WHEN outcome = 'missing' THEN 1 ELSE 0 END) AS missing \
         FROM {{digest}} WHERE {column} IS NOT NULL AND {ASKED} AND {which} AND {}{} GROUP BY 1, 2, 3) GROUP BY 1, 2, 3 ORDER BY 3, 2, 1",
        context.span_sql(),
        scope.explained
    )
}

/// Learns everybody's mistakes.
pub(super) async fn peers(
    context: &Context<'_>,
    scope: &Scope,
    looked: &Looked,
) -> Result<Peers, DetectError> {
    let share = (FOLLOWED / looked.seen(i32::MAX).max(1) as f64).min(1.0);
    let which = match share {
        1.0 => "true".to_owned(),
        share => format!("hash_share({}) < {share:?}", scope.column),
    };
    let reader = format!("hash({})", scope.column);
    let mut batches = context.stream(&query(context, scope, &reader, &which)).await?;
    let mut peers = Peers::followed(share);
    while let Some(batch) = batches.next().await {
        let batch = [batch?];
        for row in rows(&batch) {
            let (Some(reader), Some(dataset), Some(day)) =
                (row.hash("reader"), row.text("dataset"), row.int("day"))
            else {
                continue;
            };
            let more = Asked { missing: row.count("missing") as f64, all: row.count("asked") as f64 };
            peers.add(reader, dataset, i32::try_from(day).unwrap_or(0), more);
        }
    }
    Ok(peers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(readers: impl Iterator<Item = (f64, f64)>) -> Sums {
        let mut sums = Sums::default();
        readers.for_each(|(missing, all)| sums.add(Asked { missing, all }, 1.0));
        sums
    }

    #[test]
    fn readers_who_miss_alike_have_no_correlation_and_sloppy_ones_among_careful_ones_have() {
        let even = sums((0..100).map(|_| (4.0, 10.0)));
        assert!((even.mean() - 0.4).abs() < 0.01 && even.alike() < 0.025, "{even:?}");
        let mixed = sums((0..100).map(|i| (if i % 2 == 0 { 8.0 } else { 0.0 }, 10.0)));
        assert!(mixed.alike() > 0.5, "{}", mixed.alike());
        let few = sums((0..4).map(|_| (1.0, 20.0)));
        assert!(few.alike() >= 0.25);
        let mut less = even;
        less.add(Asked { missing: 4.0, all: 10.0 }, -1.0);
        assert!((less.readers - 99.0).abs() < 1e-9);
    }
}
