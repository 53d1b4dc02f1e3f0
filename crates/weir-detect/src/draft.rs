//! A finding in the making. It becomes a [`Finding`] only with evidence.

use std::collections::BTreeMap;
use weir_model::entity::name_of;
use weir_model::finding::{FindingEvidence, Reason, State, stable_id};
use weir_model::{Entity, Evidence, Finding, Micros, Severity};

/// What a detector knows of a finding before its records are cited.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The detector's name.
    pub detector: &'static str,
    /// What makes the finding itself, beside the detector: its id is made of these, so they must not depend on thread count, file
    /// order or how much later log there is (an evolving finding keeps its id).
    pub identity: Vec<String>,
    /// How much it matters.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// Why it is a finding.
    pub explanation: String,
    /// The principal entity first, then every member.
    pub entities: Vec<Entity>,
    /// Why members belong, each by itself; of several for one member the first is kept.
    pub reasons: BTreeMap<Entity, String>,
    /// Who may belong too, each with what speaks for it.
    pub perhaps: BTreeMap<Entity, String>,
    /// First and last event.
    pub seen: (Micros, Micros),
    /// Event time at which the evidence sufficed; the first event, unless [`Draft::raised`] says otherwise.
    pub raised: Micros,
    /// Measures with units in their names.
    pub measures: BTreeMap<String, f64>,
    /// What was expected, by the same names.
    pub baseline: BTreeMap<String, f64>,
    /// Chance by luck; `None` for rules.
    pub p_value: Option<f64>,
    /// The largest chance that fires, where the budget cut one.
    pub threshold: Option<f64>,
    /// ATT&CK technique ids.
    pub attack: Vec<String>,
    /// What the finding cannot say.
    pub limits: Vec<String>,
}

impl Draft {
    /// A draft with a principal entity and nothing measured yet.
    pub fn new(
        detector: &'static str,
        severity: Severity,
        principal: Entity,
        seen: (Micros, Micros),
    ) -> Self {
        Self {
            detector,
            identity: vec![principal.to_string()],
            severity,
            title: String::new(),
            explanation: String::new(),
            entities: vec![principal],
            reasons: BTreeMap::new(),
            perhaps: BTreeMap::new(),
            seen,
            raised: seen.0,
            measures: BTreeMap::new(),
            baseline: BTreeMap::new(),
            p_value: None,
            threshold: None,
            attack: Vec::new(),
            limits: Vec::new(),
        }
    }

    /// Says when the evidence sufficed, where one record was not enough. What is judged by whole days is said with the day's end; if that is the
    /// day of the last record, it was in with that record. What others did on later days can be evidence as well.
    pub fn raised(mut self, at: Micros) -> Self {
        let same_day = at <= Micros::of_day(self.seen.1.day() + 1);
        let at = if same_day { at.min(self.seen.1) } else { at };
        self.raised = at.max(self.seen.0);
        self
    }

    /// Adds a measure, and what was expected of it where that is known.
    pub fn measure(mut self, name: &str, seen: f64, expected: Option<f64>) -> Self {
        self.measures.insert(name.to_owned(), seen);
        if let Some(expected) = expected {
            self.baseline.insert(name.to_owned(), expected);
        }
        self
    }

    /// Adds members; they are sorted and kept once when the finding is made.
    pub fn members(mut self, members: impl IntoIterator<Item = Entity>) -> Self {
        self.entities.extend(members);
        self
    }

    /// Adds members, each with what was measured of it.
    pub fn because(mut self, members: impl IntoIterator<Item = (Entity, String)>) -> Self {
        for (member, why) in members {
            self.entities.push(member.clone());
            self.reasons.entry(member).or_insert(why);
        }
        self
    }

    /// The finding, with the records that say so.
    pub fn finish(self, evidence: Evidence, snapshot: BTreeMap<String, i64>) -> Finding {
        let mut parts: Vec<&str> = vec![self.detector];
        parts.extend(self.identity.iter().map(String::as_str));
        let id = stable_id(&parts);
        let title = headline(&self.title, self.entities.first().map_or("", |e| &e.value));
        let mut members = self.entities.into_iter();
        let principal = members.next();
        let mut rest: Vec<Entity> = members.filter(|m| Some(m) != principal.as_ref()).collect();
        rest.sort();
        rest.dedup();
        let entities: Vec<Entity> = principal.into_iter().chain(rest).collect();
        let mut reasons = self.reasons;
        let reason = |entity: &Entity| Some(Reason { entity: entity.clone(), why: reasons.remove(entity)? });
        let reasons = entities.iter().filter_map(reason).collect();
        let mut attack = self.attack;
        attack.sort();
        attack.dedup();
        Finding {
            id,
            detector: self.detector.to_owned(),
            severity: self.severity,
            title,
            explanation: self.explanation,
            entities,
            reasons,
            first_seen: self.seen.0,
            last_seen: self.seen.1,
            raised: self.raised,
            measures: self.measures,
            baseline: self.baseline,
            p_value: self.p_value,
            threshold: self.threshold,
            attack,
            evidence: FindingEvidence(evidence),
            limits: self.limits,
            perhaps: self.perhaps.into_iter().map(|(entity, why)| Reason { entity, why }).collect(),
            campaign: None,
            state: State::Open,
            state_reason: None,
            superseded_by: None,
            dispositions: Vec::new(),
            snapshot,
        }
    }
}

/// A title as a line of its own: long names by what people call them (the entities hold them whole), and a capital at the start unless
/// that is a name.
fn headline(title: &str, principal: &str) -> String {
    let words: Vec<&str> = title.split(' ').map(name_of).collect();
    let line = words.join(" ");
    let mut letters = line.chars();
    match letters.next() {
        Some(first) if principal.is_empty() || !line.starts_with(name_of(principal)) => {
            first.to_uppercase().chain(letters).collect()
        }
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raised_is_no_earlier_than_the_day_that_was_judged() {
        let hour = |day: i32, hour: i64| Micros(Micros::of_day(day).0 + hour * 3_600_000_000);
        let seen = (hour(10, 5), hour(12, 20));
        let raised = |at: Micros| {
            Draft::new("x", Severity::Low, Entity::new(weir_model::EntityKind::Origin, "o"), seen)
                .raised(at)
                .raised
        };
        assert_eq!(raised(Micros::of_day(12)), Micros::of_day(12), "the eleventh's end");
        assert_eq!(raised(Micros::of_day(13)), seen.1, "nothing of it came later that day");
        assert_eq!(
            raised(Micros::of_day(16)),
            Micros::of_day(16),
            "it took what others did until the fifteenth"
        );
        assert_eq!(raised(Micros::of_day(9)), seen.0);
    }

    #[test]
    fn a_headline_is_short_and_begins_as_a_sentence_does() {
        let arn = "arn:aws:iam::123456789012:user/ann";
        for (title, principal, want) in [
            (
                "arn:aws:iam::123456789012:user/ann opened arn:aws:s3:::photos to the whole world",
                arn,
                "user/ann opened photos to the whole world",
            ),
            (
                "credentials of a machine were used from 2 networks: arn:aws:sts::1:assumed-role/r/i-1",
                arn,
                "Credentials of a machine were used from 2 networks: assumed-role/r/i-1",
            ),
            (
                "ann acted from a network it had never used: 192.0.2.1",
                "ann",
                "ann acted from a network it had never used: 192.0.2.1",
            ),
            (
                "192.0.2.7 signed in as root after 9 failures in a row",
                "192.0.2.7",
                "192.0.2.7 signed in as root after 9 failures in a row",
            ),
        ] {
            assert_eq!(headline(title, principal), want);
        }
    }
}
