//! Which findings are by one hand: those that name an address, actor, credential or key in common, directly or through others.

use std::collections::{BTreeMap, BTreeSet};
use weir_model::finding::stable_id;
use weir_model::{Entity, EntityKind, Finding, Severity};

/// Findings by one hand.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hand {
    /// The campaign's id: made of the first finding's, so that it stays when others follow.
    pub(super) id: String,
    /// Places of its findings.
    pub(super) findings: Vec<usize>,
    /// Addresses that grave findings accuse.
    pub(super) origins: BTreeSet<String>,
    /// Whether a grave finding counts people.
    pub(super) reads_people: bool,
}

fn shared(entity: &Entity) -> bool {
    matches!(entity.kind, EntityKind::Origin | EntityKind::Actor | EntityKind::Credential | EntityKind::Key)
}

/// The hands behind findings of severity medium or above, of which one at least is high.
pub(super) fn hands(findings: &[Finding]) -> Vec<Hand> {
    let mut places: Vec<usize> = (0..findings.len())
        .filter(|at| findings.get(*at).is_some_and(|f| f.severity >= Severity::Medium))
        .collect();
    let order = |at: &usize| findings.get(*at).map(|f| (f.first_seen, f.id.as_str()));
    places.sort_by(|a, b| order(a).cmp(&order(b)));
    let mut group_of: BTreeMap<&Entity, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for at in places {
        let Some(finding) = findings.get(at) else { continue };
        let entities = || finding.entities.iter().filter(|entity| shared(entity));
        let joined: BTreeSet<usize> = entities().filter_map(|entity| group_of.get(entity).copied()).collect();
        let home = joined.first().copied().unwrap_or(groups.len());
        if home == groups.len() {
            groups.push(Vec::new());
        }
        let mut moved: Vec<usize> = joined
            .iter()
            .skip(1)
            .flat_map(|group| groups.get_mut(*group).map(std::mem::take).unwrap_or_default())
            .collect();
        moved.push(at);
        for entity in moved.iter().filter_map(|at| findings.get(*at)).flat_map(|f| &f.entities) {
            if shared(entity) {
                group_of.insert(entity, home);
            }
        }
        if let Some(group) = groups.get_mut(home) {
            group.extend(moved);
        }
    }
    groups.into_iter().filter_map(|group| hand(findings, group)).collect()
}

fn hand(findings: &[Finding], places: Vec<usize>) -> Option<Hand> {
    let of = || places.iter().filter_map(|at| findings.get(*at));
    let grave = || of().filter(|f| f.severity >= Severity::High);
    let first = of().min_by(|a, b| (a.first_seen, &a.id).cmp(&(b.first_seen, &b.id)))?;
    grave().next()?;
    let origins = grave().flat_map(|f| &f.entities).filter(|e| e.kind == EntityKind::Origin);
    let origins = origins.map(|e| e.value.clone()).collect();
    let reads_people = grave().any(|f| f.measures.get("people").is_some_and(|n| *n > 0.0));
    Some(Hand { id: stable_id(&["campaign", &first.id]), origins, reads_people, findings: places })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draft;
    use weir_model::{Citation, Evidence, Micros};

    fn finding(severity: Severity, at: i64, origins: &[&str]) -> Finding {
        let named = |origin: &&str| Entity::new(EntityKind::Origin, *origin);
        let mut draft = Draft::new("x", severity, named(&origins[0]), (Micros(at), Micros(at + 1)));
        draft.identity.push(at.to_string());
        let draft = draft.members(origins.iter().map(named)).measure("people", 3.0, None);
        let cited = Citation { path: "a".into(), line: 1, offset: 0, file: 1 };
        draft.finish(Evidence::new(vec![cited], 1, "SELECT 1".to_owned()).unwrap(), BTreeMap::new())
    }

    #[test]
    fn findings_that_share_an_address_are_one_hand_even_through_others() {
        let all = [
            finding(Severity::High, 5, &["a", "b"]),
            finding(Severity::Medium, 1, &["c"]),
            finding(Severity::High, 7, &["b", "c"]),
            finding(Severity::High, 9, &["z"]),
            finding(Severity::Medium, 2, &["q"]),
            finding(Severity::Low, 2, &["a"]),
        ];
        let hands = hands(&all);
        assert_eq!(hands.iter().map(|h| h.findings.len()).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(hands[0].origins, BTreeSet::from(["a".into(), "b".into(), "c".into()]));
        assert_eq!(hands[0].id, stable_id(&["campaign", &all[1].id]));
    }
}
