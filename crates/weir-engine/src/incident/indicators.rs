//! Indicators: the addresses, credentials, keys, clients and behaviours by which others can look for the same hand.

use super::Facts;
use std::collections::BTreeMap;
use weir_model::case::{Indicator, Period};
use weir_model::{Entity, Finding};

/// The most indicators of one class; findings list every member.
const CLASS_MAX: usize = 1_000;

/// Network, then behavioural indicators, each sorted by entity.
pub(super) fn indicators(facts: &Facts<'_>) -> Vec<Indicator> {
    let mut found: BTreeMap<(&'static str, Entity), Indicator> = BTreeMap::new();
    for finding in facts.serious() {
        for entity in &finding.entities {
            let Some(class) = Indicator::class_of(entity) else { continue };
            let indicator =
                found.entry((class, entity.clone())).or_insert_with(|| of(facts, finding, entity, class));
            if !facts.seen.contains_key(entity) {
                indicator.period.first = indicator.period.first.min(finding.first_seen);
                indicator.period.last = indicator.period.last.max(finding.last_seen);
            }
        }
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    found
        .into_values()
        .filter(|i| {
            let n = counts.entry(i.class.clone()).or_default();
            *n += 1;
            *n <= CLASS_MAX
        })
        .collect()
}

fn of(facts: &Facts<'_>, finding: &Finding, entity: &Entity, class: &str) -> Indicator {
    let seen = facts.seen.get(entity).copied();
    let node = facts.traces.get(&finding.id).and_then(|t| t.nodes.iter().find(|n| n.entity == *entity));
    let whole = (Period { first: finding.first_seen, last: finding.last_seen }, finding.evidence.0.total());
    let (period, records) = seen.or_else(|| node.map(|n| (n.period, n.records))).unwrap_or(whole);
    Indicator {
        class: class.to_owned(),
        entity: entity.clone(),
        why: finding.title.clone(),
        period,
        records,
        evidence: finding.evidence.0.clone(),
    }
}
