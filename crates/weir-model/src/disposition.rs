//! What people made of a finding: seen, told to be quiet, a note, open again.
//!
//! Decisive choice: a finding's state is worked out from the whole record of dispositions each time, never stored, so the record alone says
//! who decided what, and a finding that grows or goes on past its term is open again by itself. Terms are event time: whether a finding is
//! quiet does not depend on the day the logs are read.
//!
//! What it refuses: a suppression without an end, and one that hides: a suppressed finding stays in every list, marked.

use crate::finding::State;
use crate::{Entity, Finding, Micros, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many times its people or records an acknowledged finding may have before it is open again.
pub const GROWTH_MAX: f64 = 2.0;

/// What somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Act {
    /// Saw it.
    Acknowledge,
    /// Told it to be quiet until an end.
    Suppress,
    /// Wrote a note beside it.
    Annotate,
    /// Took back what was acknowledged or suppressed.
    Reopen,
}

/// What a disposition covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Cover {
    /// The finding named.
    #[default]
    Finding,
    /// What the same detector says of the finding's principal entity.
    Detector,
    /// What any detector says of the finding's principal entity.
    Entity,
}

/// One line of the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Disposition {
    /// When somebody decided: the one time here that is no event's.
    pub time: Micros,
    /// Who.
    pub by: String,
    /// What.
    pub act: Act,
    /// Why, in their words.
    pub reason: String,
    /// Id of the finding it was said of.
    pub finding: String,
    /// What it covers.
    pub scope: Cover,
    /// The finding's detector.
    pub detector: String,
    /// The finding's principal entity; null when it has none.
    pub entity: Option<Entity>,
    /// Of a suppression: event time from which it no longer holds.
    pub until: Option<Micros>,
    /// What the finding was like when it was said.
    pub then: Then,
}

/// A finding's size when something was said of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Then {
    /// Its severity.
    pub severity: Severity,
    /// People it concerned, where its detector counted them.
    pub people: Option<f64>,
    /// Records that said so.
    pub records: u64,
    /// Its last event.
    pub last_seen: Micros,
}

impl Then {
    /// A finding as it is.
    pub fn of(finding: &Finding) -> Self {
        Self {
            severity: finding.severity,
            people: finding.people(),
            records: finding.evidence.0.total(),
            last_seen: finding.last_seen,
        }
    }
}

impl Disposition {
    /// Whether it speaks of a finding. One that covers an entity speaks only of findings that accuse nobody else of the same kind: a quiet
    /// scanner does not make a whole group quiet that it happens to be in.
    pub fn concerns(&self, finding: &Finding) -> bool {
        match self.scope {
            Cover::Finding => self.finding == finding.id,
            Cover::Detector => self.detector == finding.detector && self.accused_alone(finding),
            Cover::Entity => self.accused_alone(finding),
        }
    }

    fn accused_alone(&self, finding: &Finding) -> bool {
        let Some(entity) = &self.entity else { return self.finding == finding.id };
        let others = || finding.entities.iter().skip(1).any(|e| e.kind == entity.kind && e != entity);
        finding.entities.first() == Some(entity) && !others()
    }

    fn covered(&self) -> String {
        match (self.scope, &self.entity) {
            (Cover::Detector, Some(entity)) => format!(" (all that {} says of {entity})", self.detector),
            (Cover::Entity, Some(entity)) => format!(" (all that is said of {entity})"),
            _ => String::new(),
        }
    }

    /// What grew since, in words; `None` while the finding is what it was.
    fn grown(&self, finding: &Finding) -> Option<String> {
        let (was, is) = (self.then, Then::of(finding));
        let beyond = |was: f64, is: f64| is > was * GROWTH_MAX;
        if is.severity > was.severity {
            return Some(format!("its severity rose from {} to {}", was.severity, is.severity));
        }
        if let Some((was, is)) = was.people.zip(is.people).filter(|(was, is)| beyond(*was, *is)) {
            return Some(format!("its people grew from {was} to {is}"));
        }
        let grew = beyond(was.records as f64, is.records as f64);
        grew.then(|| format!("its records grew from {} to {}", was.records, is.records))
    }
}

impl Finding {
    /// People it concerns, as its detector counts them.
    pub fn people(&self) -> Option<f64> {
        ["people", "subjects"].iter().find_map(|name| self.measures.get(*name)).copied()
    }

    /// Sets the state that the record gives a finding that arose, and keeps what was said of it.
    pub fn dispose(&mut self, record: &[Disposition]) {
        self.dispositions = record.iter().filter(|d| d.concerns(self)).cloned().collect();
        (self.state, self.state_reason) = judge(self, &self.dispositions);
    }
}

/// State and reason by dispositions that all concern the finding, in the order they were recorded. What is suppressed for the time of the
/// finding's last event is quiet; else what was last acknowledged or reopened counts.
fn judge(finding: &Finding, said: &[Disposition]) -> (State, Option<String>) {
    let reopened = said.iter().rposition(|d| d.act == Act::Reopen);
    let since = said.get(reopened.map_or(0, |at| at + 1)..).unwrap_or_default();
    let last = |act: Act| since.iter().rev().filter(move |d| d.act == act);
    let until = |d: &Disposition| d.until.unwrap_or(finding.last_seen);
    if let Some(d) = last(Act::Suppress).find(|d| finding.last_seen < until(d)) {
        let why = format!("told to be quiet by {} until {}{}: {}", d.by, until(d), d.covered(), d.reason);
        return (State::Suppressed, Some(why));
    }
    if let Some(d) = last(Act::Acknowledge).next() {
        return match d.grown(finding) {
            None => {
                (State::Acknowledged, Some(format!("acknowledged by {} at {}: {}", d.by, d.time, d.reason)))
            }
            Some(grown) => {
                (State::Open, Some(format!("open again: since {} acknowledged it, {grown}", d.by)))
            }
        };
    }
    let ended = last(Act::Suppress).max_by_key(|d| until(d)).map(|d| {
        format!(
            "open again: {} told it to be quiet until {}, and it was seen at {}",
            d.by,
            until(d),
            finding.last_seen
        )
    });
    let taken_back = || {
        let d = said.get(reopened?)?;
        Some(format!("reopened by {} at {}: {}", d.by, d.time, d.reason))
    };
    (State::Open, ended.or_else(taken_back))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FindingEvidence;
    use crate::{Citation, EntityKind, Evidence};
    use std::collections::BTreeMap;

    fn origin(value: &str) -> Entity {
        Entity::new(EntityKind::Origin, value)
    }

    fn finding(id: &str, records: u64) -> Finding {
        let cited = vec![Citation { path: "a.log".into(), line: 1, offset: 0, file: 1 }];
        Finding {
            id: id.into(),
            detector: "reach".into(),
            severity: Severity::Medium,
            title: String::new(),
            explanation: String::new(),
            entities: vec![origin("192.0.2.1")],
            reasons: Vec::new(),
            first_seen: Micros(0),
            last_seen: Micros(100),
            raised: Micros(50),
            measures: BTreeMap::from([("people".into(), 10.0)]),
            baseline: BTreeMap::new(),
            p_value: None,
            threshold: None,
            attack: Vec::new(),
            evidence: FindingEvidence(Evidence::new(cited, records, "").unwrap()),
            limits: Vec::new(),
            perhaps: Vec::new(),
            campaign: None,
            state: State::Open,
            state_reason: None,
            superseded_by: None,
            dispositions: Vec::new(),
            snapshot: BTreeMap::new(),
        }
    }

    fn said(act: Act, scope: Cover, until: Option<i64>) -> Disposition {
        let of = finding("a", 100);
        Disposition {
            time: Micros(0),
            by: "ann".into(),
            act,
            reason: "why".into(),
            finding: of.id.clone(),
            scope,
            detector: of.detector.clone(),
            entity: of.entities.first().cloned(),
            until: until.map(Micros),
            then: Then::of(&of),
        }
    }

    fn state(mut finding: Finding, record: &[Disposition]) -> (State, String) {
        finding.dispose(record);
        (finding.state, finding.state_reason.unwrap_or_default())
    }

    #[test]
    fn a_suppression_ends_by_event_time_and_a_later_one_does_not_shorten_it() {
        let long = said(Act::Suppress, Cover::Finding, Some(101));
        let short = said(Act::Suppress, Cover::Finding, Some(100));
        assert_eq!(state(finding("a", 1), std::slice::from_ref(&long)).0, State::Suppressed);
        let (ended, why) = state(finding("a", 1), std::slice::from_ref(&short));
        assert_eq!(ended, State::Open);
        assert!(why.starts_with("open again"), "{why}");
        assert_eq!(state(finding("a", 1), &[long.clone(), short]).0, State::Suppressed);
        assert_eq!(state(finding("b", 1), &[long]).0, State::Open, "it was said of another finding");
    }

    #[test]
    fn an_acknowledgement_holds_until_the_finding_grows() {
        let seen = [said(Act::Acknowledge, Cover::Finding, None)];
        assert_eq!(state(finding("a", 200), &seen).0, State::Acknowledged);
        assert_eq!(
            state(finding("a", 201), &seen),
            (State::Open, "open again: since ann acknowledged it, its records grew from 100 to 201".into())
        );
        let graver = Finding { severity: Severity::High, ..finding("a", 100) };
        assert!(state(graver, &seen).1.contains("from medium to high"));
        let mut wider = finding("a", 100);
        wider.measures.insert("people".into(), 21.0);
        assert!(state(wider, &seen).1.contains("people grew from 10 to 21"));
    }

    #[test]
    fn an_entity_is_quiet_only_where_it_is_accused_alone() {
        let all = [said(Act::Suppress, Cover::Entity, Some(1_000))];
        let one = [said(Act::Suppress, Cover::Detector, Some(1_000))];
        let of = |detector: &str, members: &[&str]| Finding {
            detector: detector.into(),
            entities: members.iter().map(|m| origin(m)).collect(),
            ..finding("b", 1)
        };
        assert_eq!(state(of("guessing", &["192.0.2.1"]), &all).0, State::Suppressed);
        assert_eq!(state(of("guessing", &["192.0.2.1"]), &one).0, State::Open);
        assert_eq!(state(of("reach", &["192.0.2.1"]), &one).0, State::Suppressed);
        assert_eq!(state(of("reach", &["192.0.2.1", "192.0.2.2"]), &all).0, State::Open);
        assert_eq!(state(of("reach", &["192.0.2.2", "192.0.2.1"]), &all).0, State::Open);
    }

    #[test]
    fn reopening_takes_back_what_was_said_before_and_not_after() {
        let quiet = said(Act::Suppress, Cover::Entity, Some(1_000));
        let open = said(Act::Reopen, Cover::Finding, None);
        let (now, why) = state(finding("a", 1), &[quiet.clone(), open.clone()]);
        assert_eq!((now, why.starts_with("reopened by ann")), (State::Open, true));
        assert_eq!(state(finding("b", 1), &[quiet.clone(), open.clone()]).0, State::Suppressed);
        assert_eq!(state(finding("a", 1), &[open, quiet]).0, State::Suppressed);
        let note = said(Act::Annotate, Cover::Finding, None);
        let mut noted = finding("a", 1);
        noted.dispose(&[note]);
        assert_eq!((noted.state, noted.dispositions.len()), (State::Open, 1));
    }
}
