//! Which new finding is probably one that is gone, under another id.
//!
//! Decisive choice: it is said only of a finding by the same detector, whose time overlaps, and that accuses more than half of what the other one accused. So two
//! silences of one sensor, each its own finding, are not taken for one. How much is shared is said, and that it is likeness.

use std::collections::{BTreeMap, BTreeSet};
use weir_model::diff::Likeness;
use weir_model::{Entity, Finding};

/// For each finding that is gone, by id: the new one most like it, if any is like it.
pub(super) fn successors(gone: &[&Finding], new: &[&Finding]) -> BTreeMap<String, Likeness> {
    let mut accusing: BTreeMap<(&str, &Entity), Vec<usize>> = BTreeMap::new();
    for (at, finding) in new.iter().enumerate() {
        for entity in finding.entities.iter().collect::<BTreeSet<_>>() {
            accusing.entry((&finding.detector, entity)).or_default().push(at);
        }
    }
    let like = |lost: &&Finding| {
        let members: BTreeSet<&Entity> = lost.entities.iter().collect();
        let mut shared: BTreeMap<usize, usize> = BTreeMap::new();
        for entity in &members {
            for at in accusing.get(&(lost.detector.as_str(), *entity)).into_iter().flatten() {
                *shared.entry(*at).or_default() += 1;
            }
        }
        let likely = shared.into_iter().filter_map(|(at, shared)| Some((*new.get(at)?, shared)));
        let likely = likely.filter(|(f, n)| n * 2 > members.len() && overlap(lost, f));
        // Of equals, the least id: the order of findings decides nothing.
        let (finding, shared) = likely.max_by(|(a, n), (b, m)| n.cmp(m).then_with(|| b.id.cmp(&a.id)))?;
        let told = Likeness { id: finding.id.clone(), shared: shared as u64, of: members.len() as u64 };
        Some((lost.id.clone(), told))
    };
    gone.iter().filter_map(like).collect()
}

fn overlap(a: &Finding, b: &Finding) -> bool {
    a.first_seen <= b.last_seen && b.first_seen <= a.last_seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::tests::finding;
    use weir_model::Micros;

    #[test]
    fn the_likeliest_shares_most_entities_of_the_same_detector_and_time() {
        let lost = finding("old", "reach", &["a", "b", "c"]);
        let with = |new: &[Finding]| successors(&[&lost], &new.iter().collect::<Vec<_>>()).remove("old");
        let like = |id: &str, shared| Some(Likeness { id: id.into(), shared, of: 3 });
        let (two, three) =
            (finding("two", "reach", &["a", "b", "x"]), finding("three", "reach", &["c", "a", "b"]));
        assert_eq!(with(&[two.clone(), three]), like("three", 3));
        let also = Finding { id: "also".into(), ..two.clone() };
        assert_eq!(with(&[two.clone(), also]), like("also", 2), "of equals the least id");
        assert_eq!(with(&[finding("one", "reach", &["a", "x", "y"])]), None, "one of three is not most");
        assert_eq!(with(&[Finding { detector: "harvest".into(), ..two.clone() }]), None);
        let later = Finding { first_seen: Micros(1_000), last_seen: Micros(2_000), ..two };
        assert_eq!(with(&[later]), None, "another time");
    }
}
