//! Legal holds: what may not be deleted, by whose order, and when that ended.
//!
//! Decisive choice: a hold says what it covers in terms of what is *stored* in a record (time, source, sensor, columns). What only the
//! configuration derives (routes, data sets, countries, people) changes with the configuration; a hold on such a thing covers every record of its
//! period and sources instead, so a hold never covers less than it was meant to.

use crate::{Entity, EntityKind, Micros, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Records that a hold covers: those for which all of it is true. What is empty is true of every record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cover {
    /// Event time.
    pub period: Span,
    /// Log formats, any of them.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Producers, any of them.
    #[serde(default)]
    pub sensors: Vec<String>,
    /// Who or what the record names, any of them.
    #[serde(default)]
    pub entities: Vec<Entity>,
}

/// The record columns that hold entities of a kind; `None` where only the configuration says which records are meant.
#[must_use]
pub fn columns_of(kind: EntityKind) -> Option<&'static [&'static str]> {
    Some(match kind {
        EntityKind::Actor => &["actor", "actor_issuer", "user"],
        EntityKind::Credential => &["credential", "parent"],
        EntityKind::Key => &["key_uid"],
        EntityKind::Origin | EntityKind::Prefix => &["src_ip", "dst_ip"],
        EntityKind::Client => &["user_agent"],
        EntityKind::Resource => &["resource"],
        EntityKind::Host => &["hostname"],
        EntityKind::Sensor => &["sensor"],
        EntityKind::Account => &["account"],
        _ => return None,
    })
}

impl Cover {
    /// Whether it could cover a record between two instants; a missing one is unknown, and may lie anywhere.
    #[must_use]
    pub fn overlaps(&self, first: Option<Micros>, last: Option<Micros>) -> bool {
        let begins = self.period.since.is_none_or(|since| last.is_none_or(|last| last >= since));
        begins && self.period.until.is_none_or(|until| first.is_none_or(|first| first < until))
    }

    /// Whether it could cover records of a producer; an unknown one may be any.
    #[must_use]
    pub fn concerns(&self, source: Option<&str>, sensor: Option<&str>) -> bool {
        let any = |of: &[String], is: Option<&str>| {
            of.is_empty() || is.is_none_or(|is| of.iter().any(|one| one == is))
        };
        any(&self.sources, source) && any(&self.sensors, sensor)
    }

    /// The entities that records can be compared with; empty where every record counts, because none is named or one cannot be compared.
    #[must_use]
    pub fn comparable(&self) -> &[Entity] {
        if self.entities.iter().all(|e| columns_of(e.kind).is_some()) { &self.entities } else { &[] }
    }
}

/// A legal hold: from when it is recorded until it is released no path deletes what it covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hold {
    /// Its name in this lake: `h1`.
    pub id: String,
    /// Reference of the order.
    pub order: String,
    /// Why, where said.
    pub reason: Option<String>,
    /// Who recorded it.
    pub by: String,
    /// When it was recorded.
    pub time: Micros,
    /// What it covers: what any of these does.
    pub covers: Vec<Cover>,
    /// The case it was made for, as it was named.
    #[serde(default)]
    pub case: Option<String>,
    /// Versions of the lake (table to version) of which every file stays.
    #[serde(default)]
    pub versions: Vec<BTreeMap<String, i64>>,
    /// How it ended.
    #[serde(default)]
    pub released: Option<Release>,
}

/// The end of a hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Release {
    /// Reference of the order that ended it.
    pub order: String,
    /// Why.
    pub reason: String,
    /// Who recorded it.
    pub by: String,
    /// When.
    pub time: Micros,
}

impl Hold {
    /// Whether it still holds.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.released.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_of_a_record_is_taken_to_be_covered() {
        let day = |n: i32| Micros::of_day(n);
        let period = Span { since: Some(day(10)), until: Some(day(20)) };
        let cover = Cover { period, sources: vec!["a".into()], ..Cover::default() };
        assert!(cover.overlaps(Some(day(0)), Some(day(10))) && cover.overlaps(None, None));
        assert!(!cover.overlaps(Some(day(20)), None) && !cover.overlaps(None, Some(Micros(day(10).0 - 1))));
        assert!(
            cover.concerns(None, None) && cover.concerns(Some("a"), None) && !cover.concerns(Some("b"), None)
        );
        let of = |kind| Cover { entities: vec![Entity::new(kind, "x")], ..Cover::default() };
        assert_eq!(of(EntityKind::Origin).comparable().len(), 1);
        assert!(of(EntityKind::Subject).comparable().is_empty(), "every record counts");
    }
}
