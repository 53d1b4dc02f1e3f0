//! Who else is in a network that was accused.
//!
//! Decisive choice: where a few addresses, each beyond what peers may have read, explain nearly all that a network read, they are the hand and the others its
//! neighbours: whom they looked at is nobody the hand is known to have read. Where they do not, the network is a hand's that spreads itself over it, and
//! every address of it is.

use super::exact::{Explained, Scope};
use super::judge::{Judged, Verdict};
use super::tell::condition;
use crate::null::{FORETOLD_MAX, Null};
use crate::tenure::at_work;
use crate::{Context, DetectError};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::rows;
use weir_model::Finding;
use weir_model::finding::Reason;

/// Share of the people read from a network that its addresses beyond any peer must explain.
const EXPLAINED_MIN: f64 = 0.9;

/// Networks of which a few addresses are the hand's only.
#[derive(Default)]
pub(super) struct Neighbours {
    /// By network: how many of its addresses are the hand's.
    hands: BTreeMap<String, usize>,
    /// The other addresses of these networks.
    others: BTreeSet<String>,
}

impl Neighbours {
    /// What is left out: what was explained before, and them.
    pub(super) fn beside(&self, explained: &Explained) -> Explained {
        let mut all = explained.clone();
        all.add_origins(self.others.iter().cloned());
        all
    }

    /// Says of a finding's networks which have other addresses.
    pub(super) fn told(&self, mut finding: Finding) -> Finding {
        for entity in &finding.entities {
            let Some(hands) = self.hands.get(&entity.value) else { continue };
            let addresses = if *hands == 1 {
                "one of its addresses is".to_owned()
            } else {
                format!("{hands} of its addresses are")
            };
            let why = format!(
                "{addresses} the hand's: the others, from each of which few were asked for, are not counted"
            );
            finding.perhaps.push(Reason { entity: entity.clone(), why });
        }
        finding
    }
}

/// Looks who is in each network that was accused; `peers` are addresses over the whole period.
pub(super) async fn neighbours(
    context: &Context<'_>,
    scope: &Scope<'_>,
    judged: &[Judged],
    peers: &Null,
) -> Result<Neighbours, DetectError> {
    let accused = || judged.iter().filter(|judged| judged.verdict != Verdict::Steady);
    if accused().next().is_none() {
        return Ok(Neighbours::default());
    }
    let entity = scope.entity();
    let whose = at_work(&entity, accused().map(|judged| (judged.entity.as_str(), &judged.within)));
    let query = format!(
        "SELECT {entity} AS entity, src_ip, count(DISTINCT subject) AS people FROM access WHERE {whose} AND {} GROUP BY 1, 2",
        condition(scope, Verdict::Appeared)
    );
    let mut networks: BTreeMap<String, Vec<(String, f64)>> = BTreeMap::new();
    for row in rows(&context.sql(&query).await?) {
        let (Some(network), Some(address)) = (row.text("entity"), row.text("src_ip")) else { continue };
        let own = networks.entry(network.to_owned()).or_default();
        own.push((address.to_owned(), row.count("people") as f64));
    }
    Ok(divided(networks, peers))
}

/// Which of the addresses of each network are a hand's, by how many people were read from each.
fn divided(networks: BTreeMap<String, Vec<(String, f64)>>, peers: &Null) -> Neighbours {
    let mut found = Neighbours::default();
    for (network, addresses) in networks {
        let all: f64 = addresses.iter().map(|(_, people)| people).sum();
        let (hands, others): (Vec<_>, Vec<_>) =
            addresses.into_iter().partition(|(_, people)| peers.foretold(*people) < FORETOLD_MAX);
        let explained: f64 = hands.iter().map(|(_, people)| people).sum();
        if !others.is_empty() && explained >= EXPLAINED_MIN * all {
            found.hands.insert(network, hands.len());
            found.others.extend(others.into_iter().map(|(address, _)| address));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_stats::LogHistogram;

    #[test]
    fn neighbours_are_told_from_a_hand_where_it_has_few_addresses_and_not_where_it_has_all() {
        let mut values = LogHistogram::new();
        [1.0, 2.0, 3.0, 5.0].into_iter().for_each(|people| values.insert_n(people, 200));
        let peers = Null::fit(&values, 2_000);
        let network = |of: &[f64]| -> Vec<(String, f64)> {
            of.iter().enumerate().map(|(at, people)| (format!("a{at}"), *people)).collect()
        };
        let found = |of: &[f64]| divided(BTreeMap::from([("n".to_owned(), network(of))]), &peers);
        let few = found(&[800.0, 2.0, 900.0, 5.0]);
        assert_eq!(few.hands.get("n"), Some(&2));
        assert_eq!(few.others, ["a1", "a3"].map(str::to_owned).into());
        for all in [&[5.0; 200][..], &[100.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0], &[800.0, 900.0]] {
            assert!(found(all).hands.is_empty(), "{all:?}");
        }
    }
}
