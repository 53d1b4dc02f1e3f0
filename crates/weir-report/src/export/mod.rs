//! `exports/`: the case in the languages of other tools.
//!
//! Decisive choice: each says what the case says and nothing beside it. Where a format demands a word that the records do not give, its own word for not
//! knowing stands there; where it has no place for something, that is left out, and the format's page says so. Names from logs come as
//! [`escape::shown`] makes them, since other tools render them.
//!
//! Refuses what a format would have to invent: motives, losses, who the attacker is.

mod attack_flow;
mod ids;
mod navigator;
mod ocsf;
mod stix;
mod uco;
mod veris;

pub(crate) use attack_flow::ATTACK_FLOW;
pub(crate) use navigator::NAVIGATOR;
pub(crate) use ocsf::OCSF;
pub(crate) use stix::STIX;
pub(crate) use uco::UCO;
pub(crate) use veris::VERIS;

use crate::escape;
use std::collections::BTreeSet;
use std::net::IpAddr;
use weir_model::case::Case;
use weir_model::{Entity, EntityKind, Finding, Micros};

/// The version of ATT&CK whose ids the findings name.
const ATTACK_VERSION: &str = "18";

/// Findings that stand, in the order of the case.
fn standing(case: &Case) -> impl Iterator<Item = &Finding> {
    case.findings.iter().filter(|finding| finding.stands())
}

/// What was found last: the time at which the case could be told as it stands.
fn told_at(case: &Case) -> Micros {
    let raised = standing(case).map(|finding| finding.raised).max();
    raised.or(case.period.map(|period| period.last)).unwrap_or_default()
}

/// The address of an origin, if it is one.
fn address(entity: &Entity) -> Option<IpAddr> {
    (entity.kind == EntityKind::Origin).then(|| entity.value.parse().ok()).flatten()
}

/// The techniques that findings name, each once.
fn techniques(case: &Case) -> BTreeSet<&str> {
    standing(case).flat_map(|finding| finding.attack.iter().map(String::as_str)).collect()
}

/// In words how many people, with what limits it; nothing where there is no answer.
fn people(case: &Case) -> String {
    let words = crate::section::headline::people_of(&case.scope);
    escape::sentence(&words)
}

/// What the organisation is called, if that was said.
fn organisation(case: &Case) -> Option<String> {
    case.organisation.name.as_deref().map(escape::shown)
}
