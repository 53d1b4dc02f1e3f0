//! Which findings are by one hand: those that name an address, actor, credential or key in common, directly or through others, or a prefix
//! and an address of it at the same time.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use weir_model::entity::prefix_of;
use weir_model::finding::stable_id;
use weir_model::time::DAY_US;
use weir_model::{Entity, EntityKind, Finding, Micros, Severity};

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
    /// First and last event of the grave findings.
    pub(super) seen: (Micros, Micros),
}

impl Hand {
    /// Whether a finding is the one that names the hand.
    pub(super) fn head(&self, finding: &Finding) -> bool {
        self.id == stable_id(&["campaign", &finding.id])
    }

    /// When it was at work, with a day before and after: an address that it leaves is somebody else's.
    pub(super) fn at_work(&self) -> RangeInclusive<Micros> {
        Micros(self.seen.0.0.saturating_sub(DAY_US))..=Micros(self.seen.1.0.saturating_add(DAY_US))
    }
}

fn shared(entity: &Entity) -> bool {
    matches!(entity.kind, EntityKind::Origin | EntityKind::Actor | EntityKind::Credential | EntityKind::Key)
}

/// What findings name.
struct Names<'f> {
    shared: BTreeSet<&'f Entity>,
    /// Prefixes that are accused as a whole, and those of the addresses accused.
    whole: BTreeSet<&'f str>,
    around: BTreeSet<String>,
    seen: (Micros, Micros),
}

impl<'f> Names<'f> {
    fn of(finding: &'f Finding) -> Self {
        let of = |kind: EntityKind| {
            finding.entities.iter().filter(move |e| e.kind == kind).map(|e| e.value.as_str())
        };
        Self {
            shared: finding.entities.iter().filter(|entity| shared(entity)).collect(),
            whole: of(EntityKind::Prefix).collect(),
            around: of(EntityKind::Origin).filter_map(prefix_of).collect(),
            seen: (finding.first_seen, finding.last_seen),
        }
    }

    /// Whether both are by one hand. What a prefix is accused of is what its addresses did that no finding of theirs explains, so that it names none.
    fn meet(&self, other: &Self) -> bool {
        let at_once = self.seen.0 <= other.seen.1 && other.seen.0 <= self.seen.1;
        let holds = |a: &Self, b: &Self| a.whole.iter().any(|prefix| b.around.contains(*prefix));
        !self.shared.is_disjoint(&other.shared) || at_once && (holds(self, other) || holds(other, self))
    }

    fn join(&mut self, other: Self) {
        self.shared.extend(other.shared);
        self.whole.extend(other.whole);
        self.around.extend(other.around);
        self.seen = (self.seen.0.min(other.seen.0), self.seen.1.max(other.seen.1));
    }
}

/// The hands behind findings of severity high or above. A medium one belongs to a hand whose entities it shares and beside whose addresses it
/// accuses none.
pub(super) fn hands(findings: &[Finding]) -> Vec<Hand> {
    let of = |severities: fn(Severity) -> bool| -> Vec<usize> {
        (0..findings.len()).filter(|at| findings.get(*at).is_some_and(|f| severities(f.severity))).collect()
    };
    let order = |at: &usize| findings.get(*at).map(|f| (f.first_seen, f.id.as_str()));
    let mut grave = of(|severity| severity >= Severity::High);
    grave.sort_by(|a, b| order(a).cmp(&order(b)));
    let mut groups: Vec<(Vec<usize>, Names<'_>)> = Vec::new();
    for at in grave {
        let Some(finding) = findings.get(at) else { continue };
        let own = Names::of(finding);
        let (same, rest): (Vec<_>, Vec<_>) = groups.into_iter().partition(|(_, known)| known.meet(&own));
        groups = rest;
        let mut joined = (vec![at], own);
        for (places, known) in same {
            joined.0.extend(places);
            joined.1.join(known);
        }
        groups.push(joined);
    }
    for at in of(|severity| severity == Severity::Medium) {
        let Some(finding) = findings.get(at) else { continue };
        let own = || finding.entities.iter().filter(|entity| shared(entity));
        let mut origins = own().filter(|entity| entity.kind == EntityKind::Origin);
        let home = groups.iter_mut().find(|(_, known)| own().any(|entity| known.shared.contains(entity)));
        if let Some((places, known)) = home
            && origins.all(|origin| known.shared.contains(origin))
        {
            places.push(at);
        }
    }
    let mut hands: Vec<Hand> = groups.into_iter().filter_map(|(places, _)| hand(findings, places)).collect();
    hands.sort_by(|a, b| a.id.cmp(&b.id));
    hands
}

fn hand(findings: &[Finding], mut places: Vec<usize>) -> Option<Hand> {
    places.sort_unstable();
    let of = || places.iter().filter_map(|at| findings.get(*at));
    let grave = || of().filter(|f| f.severity >= Severity::High);
    let first = grave().min_by(|a, b| (a.first_seen, &a.id).cmp(&(b.first_seen, &b.id)))?;
    let origins = grave().flat_map(|f| &f.entities).filter(|e| e.kind == EntityKind::Origin);
    let origins = origins.map(|e| e.value.clone()).collect();
    let reads_people = grave().any(|f| f.measures.get("people").is_some_and(|n| *n > 0.0));
    let last = grave().map(|f| f.last_seen).max()?;
    let (id, seen) = (stable_id(&["campaign", &first.id]), (first.first_seen, last));
    Some(Hand { id, origins, reads_people, seen, findings: places })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draft;
    use std::collections::BTreeMap;
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
    fn a_prefix_is_of_the_hand_whose_addresses_it_holds_at_the_time() {
        let prefix = |at: i64, prefix: &str| {
            let mut finding = finding(Severity::High, at, &["x"]);
            finding.entities = vec![Entity::new(EntityKind::Prefix, prefix)];
            finding
        };
        let accused = finding(Severity::High, 5, &["192.0.2.7"]);
        let neighbour = finding(Severity::High, 6, &["192.0.2.9"]);
        let sizes = |all: &[Finding]| hands(all).iter().map(|h| h.findings.len()).collect::<Vec<_>>();
        assert_eq!(sizes(&[accused.clone(), prefix(5, "192.0.2.0/24")]), [2]);
        assert_eq!(sizes(&[accused.clone(), prefix(5, "198.51.100.0/24")]), [1, 1]);
        assert_eq!(sizes(&[accused.clone(), prefix(50, "192.0.2.0/24")]), [1, 1], "at another time");
        assert_eq!(sizes(&[accused, neighbour]), [1, 1], "neighbours alone are not one hand");
    }

    #[test]
    fn findings_that_share_an_address_are_one_hand_even_through_others() {
        let all = [
            finding(Severity::High, 5, &["a", "b"]),
            finding(Severity::Medium, 1, &["c"]),
            finding(Severity::High, 7, &["b", "c"]),
            finding(Severity::High, 9, &["z"]),
            finding(Severity::Medium, 2, &["c", "q"]),
            finding(Severity::Low, 2, &["a"]),
        ];
        let hands = hands(&all);
        let mut sizes: Vec<usize> = hands.iter().map(|h| h.findings.len()).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 3], "a medium one that accuses others as well is left out");
        let joined = hands.iter().find(|h| h.findings.len() == 3).unwrap();
        assert_eq!(joined.origins, BTreeSet::from(["a".into(), "b".into(), "c".into()]));
        assert_eq!(joined.id, stable_id(&["campaign", &all[0].id]));
    }
}
