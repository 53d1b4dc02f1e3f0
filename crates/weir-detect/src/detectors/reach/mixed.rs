//! Whether those behind an address bring as many clients as so many people with clients of their own do, as behind a carrier's address they do.
//!
//! Decisive choice: it is asked where a log names nobody who asks, and of few: of those who read more than is usual. It takes nothing back, since a hand
//! can change its client too; a finding says what else it could be.

use super::exact::Scope;
use super::judge::{Judged, Verdict};
use super::tell::condition;
use crate::histories;
use crate::{Context, DetectError};
use std::collections::{BTreeMap, HashMap};
use weir_lake::rows;
use weir_model::EntityKind;
use weir_stats::Distinct;

/// Of the clients that so many people would bring, the share from which on they are as many.
const AS_MANY: f64 = 0.5;
/// Clients that people would bring, below which all bring the same and that tells nothing.
const TELLING_MIN: f64 = 2.0;

/// The clients of a log: how many there are that so many addresses use.
#[derive(Default)]
pub(in crate::detectors) struct Clients(BTreeMap<u64, u64>);

impl Clients {
    /// Of all records.
    pub(in crate::detectors) async fn of(context: &Context<'_>) -> Result<Self, DetectError> {
        let mut clients = Self::default();
        histories::each(context, EntityKind::Client, &["origins"], |history| {
            let mut origins = Distinct::new();
            history.days.iter().for_each(|(_, day)| origins.merge(&day.origins));
            clients.add(origins.estimate().round() as u64);
        })
        .await?;
        Ok(clients)
    }

    /// Adds one that so many addresses use.
    fn add(&mut self, addresses: u64) {
        *self.0.entry(addresses).or_default() += 1;
    }

    /// How many different ones so many people have, one each.
    pub(in crate::detectors) fn expected(&self, people: f64) -> f64 {
        let uses = |(addresses, clients): (&u64, &u64)| *addresses as f64 * *clients as f64;
        let all: f64 = self.0.iter().map(uses).sum();
        let met = |(addresses, clients): (&u64, &u64)| {
            *clients as f64 * (1.0 - (1.0 - *addresses as f64 / all.max(1.0)).powf(people))
        };
        self.0.iter().map(met).sum()
    }

    /// Whether so many clients are as many as so many people would bring.
    pub(in crate::detectors) fn are_as_many(&self, own: f64, people: f64) -> bool {
        own >= AS_MANY * self.expected(people)
    }
}

/// Tells of those who read without a credential the ones that a crowd of people may be, of a log that names nobody who asks. One that would not fire alone
/// and may be a crowd is left out, where clients tell anything.
pub(super) async fn told(
    whole: &Context<'_>,
    near: &Context<'_>,
    scope: &Scope<'_>,
    mut judged: Vec<Judged>,
) -> Result<Vec<Judged>, DetectError> {
    let places = [EntityKind::Origin, EntityKind::Prefix, EntityKind::Asn];
    let concerned = |judged: &Judged| matches!(judged.verdict, Verdict::Bare | Verdict::Beside);
    if scope.cover.named || !places.contains(&scope.kind) || !judged.iter().any(concerned) {
        return Ok(judged);
    }
    let clients = Clients::of(whole).await?;
    let entity = scope.entity();
    let query = format!(
        "SELECT {entity} AS entity, count(DISTINCT user_agent) AS clients, count(DISTINCT subject) AS people FROM access WHERE {} GROUP BY 1",
        condition(scope, Verdict::Bare)
    );
    let batches = near.sql(&query).await?;
    let brought: HashMap<&str, [f64; 2]> = rows(&batches)
        .filter_map(|row| {
            Some((row.text("entity")?, [row.count("clients") as f64, row.count("people") as f64]))
        })
        .collect();
    judged.retain_mut(|judged| {
        let Some([own, people]) = brought.get(judged.entity.as_str()).filter(|_| concerned(judged)) else {
            return true;
        };
        if !clients.are_as_many(*own, *people) {
            return true;
        }
        let expected = clients.expected(*people);
        if judged.verdict == Verdict::Beside {
            return expected < TELLING_MIN;
        }
        (judged.verdict, judged.clients) = (Verdict::Mixed, Some([*own, expected]));
        true
    });
    Ok(judged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_bring_the_clients_that_people_use() {
        let mut clients = Clients::default();
        assert!(clients.expected(100.0) < f64::EPSILON, "of a log without any");
        (0..60).for_each(|_| clients.add(50));
        assert!((clients.expected(1.0) - 1.0).abs() < 1e-9);
        assert!((clients.expected(1_000.0) - 60.0).abs() < 1e-3);
        (0..1_000).for_each(|_| clients.add(1));
        // Of 4,000 uses those of the first are 50 each, of the others one each.
        assert!((56.0..58.0).contains(&clients.expected(78.0)), "{}", clients.expected(78.0));
    }
}
