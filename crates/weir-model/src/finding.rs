//! What a detector says.

use crate::disposition::Disposition;
use crate::{Entity, Evidence, Micros};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How much it matters; OCSF's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Informational,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much: look today.
    High,
    /// Very much: look now.
    Critical,
}

impl Severity {
    /// All, least first.
    pub const ALL: [Self; 5] = [Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a finding still stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum State {
    /// It stands, nobody has looked.
    #[default]
    Open,
    /// Someone has seen it.
    Acknowledged,
    /// Told to be quiet, with scope and end.
    Suppressed,
    /// Later records changed it.
    Superseded,
}

impl State {
    /// The word in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Suppressed => "suppressed",
            Self::Superseded => "superseded",
        }
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a detector says, with the records that say so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// From its content: the same finding has the same id in every run.
    pub id: String,
    /// The detector's name.
    pub detector: String,
    /// How much it matters.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// Why it is a finding: what was expected, what was seen, under which model.
    pub explanation: String,
    /// Every member: each address, not only its prefix. The first is the principal one.
    pub entities: Vec<Entity>,
    /// Why a member belongs, as far as the detector knows it of each by itself, in the order of `entities`. What is said of all is in `explanation`.
    #[serde(default)]
    pub reasons: Vec<Reason>,
    /// Who may be of the same hand, each with what speaks for it: too little to accuse anybody. Whom they reached is in the upper bound of the scope
    /// and not in the lower.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub perhaps: Vec<Reason>,
    /// First event of it.
    pub first_seen: Micros,
    /// Last event of it.
    pub last_seen: Micros,
    /// Event time at which the evidence sufficed: whoever had looked then, at no later record, would have found it.
    pub raised: Micros,
    /// What was measured, by name with unit (`subjects`, `records`, `bytes`).
    pub measures: BTreeMap<String, f64>,
    /// What was expected, by the same names.
    pub baseline: BTreeMap<String, f64>,
    /// Chance of arising by luck under the model named in `explanation`; null for rules.
    pub p_value: Option<f64>,
    /// The largest chance at which it fires, as the alert budget cut it; null for rules, and where the detector states none.
    pub threshold: Option<f64>,
    /// ATT&CK technique ids.
    pub attack: Vec<String>,
    /// The records.
    #[serde(flatten)]
    pub evidence: FindingEvidence,
    /// What this finding cannot say.
    pub limits: Vec<String>,
    /// The campaign it belongs to.
    pub campaign: Option<String>,
    /// Whether it stands.
    pub state: State,
    /// Why it has that state; null for an open one of which nothing was said.
    pub state_reason: Option<String>,
    /// Of a superseded one: the id of the finding that concerns its entities now; null when none does.
    pub superseded_by: Option<String>,
    /// What people said of it, in the order they did.
    #[serde(default)]
    pub dispositions: Vec<Disposition>,
    /// Table to version: what it was computed from.
    pub snapshot: BTreeMap<String, i64>,
}

/// Why one entity belongs to a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// The member.
    #[serde(flatten)]
    pub entity: Entity,
    /// What was measured of it.
    pub why: String,
}

impl Finding {
    /// What is said of one member alone.
    pub fn reason(&self, entity: &Entity) -> Option<&str> {
        self.reasons.iter().find(|r| r.entity == *entity).map(|r| r.why.as_str())
    }

    /// Whether it arose from the records as they are now: all but superseded ones do.
    pub fn stands(&self) -> bool {
        self.state != State::Superseded
    }

    /// Whether it calls for somebody: it stands, and nobody told it to be quiet.
    pub fn calls(&self) -> bool {
        matches!(self.state, State::Open | State::Acknowledged)
    }
}

/// A finding's evidence, in the shape of the case folder's contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "FlatEvidence", into = "FlatEvidence")]
pub struct FindingEvidence(pub Evidence);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct FlatEvidence {
    /// At most 100 citations, chosen deterministically.
    evidence: Vec<crate::Citation>,
    /// How many records there are in all.
    evidence_total: u64,
    /// The `weir sql` query that gives all.
    evidence_query: String,
}

impl From<FindingEvidence> for FlatEvidence {
    fn from(e: FindingEvidence) -> Self {
        Self {
            evidence: e.0.cited().to_vec(),
            evidence_total: e.0.total(),
            evidence_query: e.0.query().to_owned(),
        }
    }
}

impl TryFrom<FlatEvidence> for FindingEvidence {
    type Error = &'static str;
    fn try_from(e: FlatEvidence) -> Result<Self, Self::Error> {
        Evidence::new(e.evidence, e.evidence_total, e.evidence_query)
            .map(Self)
            .ok_or("a finding needs evidence")
    }
}

/// A stable id from the parts that make a finding itself: 16 hex digits of FNV-1a over them, separated.
///
/// Not a security hash: it names, it does not prove.
pub fn stable_id(parts: &[&str]) -> String {
    let mut state: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in parts.iter().flat_map(|p| p.bytes().chain([0x1f])) {
        state ^= u128::from(byte);
        state = state.wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    format!("{:016x}", (state >> 64) as u64 ^ state as u64)
}
