//! Which campaigns are new, gone, or have other findings.
//!
//! Decisive choice: a campaign is what findings say they belong to. One whose id is gone is probably the new one that has more than half of its findings, where
//! a finding whose place another took counts as that other.

use super::findings::{standing, successor};
use std::collections::{BTreeMap, BTreeSet};
use weir_model::case::Case;
use weir_model::diff::{Came, Campaign, CampaignChange, Campaigns, Findings, GoneCampaign};

type Members<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

fn members(case: &Case) -> Members<'_> {
    let mut all = Members::new();
    for (id, finding) in standing(case) {
        if let Some(campaign) = &finding.campaign {
            all.entry(campaign).or_default().insert(id);
        }
    }
    all
}

fn campaign((id, findings): (&&str, &BTreeSet<&str>)) -> Campaign {
    Campaign { id: (*id).to_owned(), findings: findings.iter().map(|id| (*id).to_owned()).collect() }
}

/// Compares campaigns; `findings` says which finding took whose place.
pub(super) fn campaigns(old: &Case, new: &Case, findings: &Findings) -> Campaigns {
    let (before, now) = (members(old), members(new));
    let took: BTreeMap<&str, &str> =
        findings.gone.iter().filter_map(|gone| Some((gone.brief.id.as_str(), successor(gone)?))).collect();
    let mut told = Campaigns::default();
    for (id, is) in &now {
        let Some(was) = before.get(id) else {
            told.new.push(campaign((id, is)));
            continue;
        };
        let owned =
            |a: &BTreeSet<&str>, b: &BTreeSet<&str>| a.difference(b).map(|id| (*id).to_owned()).collect();
        let findings = Came { new: owned(is, was), gone: owned(was, is) };
        if findings.is_empty() {
            told.same += 1;
        } else {
            told.changed.push(CampaignChange { id: (*id).to_owned(), findings });
        }
    }
    for (id, was) in before.iter().filter(|(id, _)| !now.contains_key(*id)) {
        let followed: BTreeSet<&str> = was.iter().map(|id| took.get(id).copied().unwrap_or(id)).collect();
        let shares = now.iter().filter(|(id, _)| !before.contains_key(*id));
        let shares = shares.map(|(id, is)| (*id, is.intersection(&followed).count()));
        let likely = shares.filter(|(_, shared)| shared * 2 > was.len());
        let probably = likely.max_by(|(a, n), (b, m)| n.cmp(m).then_with(|| b.cmp(a)));
        let probably = probably.map(|(id, _)| id.to_owned());
        told.gone.push(GoneCampaign { campaign: campaign((id, was)), probably });
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::tests::{case, finding};
    use weir_model::Finding;

    #[test]
    fn a_campaign_under_another_id_is_known_by_its_findings() {
        let of = |id: &str, campaign: &str| Finding {
            campaign: Some(campaign.into()),
            ..finding(id, "reach", &[id])
        };
        let with = |findings: Vec<Finding>| Case { findings, ..case() };
        let old = with(vec![of("f1", "a"), of("f2", "a"), of("f3", "stays"), of("f4", "stays")]);
        let new = with(vec![of("f1", "b"), of("f2", "b"), of("f3", "stays"), of("f5", "z")]);
        let findings = super::super::findings::findings(&old, &new);
        let told = campaigns(&old, &new, &findings);
        let ids: Vec<_> = told.new.iter().map(|c| c.id.as_str()).collect();
        assert_eq!(ids, ["b", "z"]);
        let [gone] = &told.gone[..] else { unreachable!("{:?}", told.gone) };
        assert_eq!((gone.campaign.id.as_str(), gone.probably.as_deref()), ("a", Some("b")));
        let [changed] = &told.changed[..] else { unreachable!("{:?}", told.changed) };
        assert_eq!((changed.id.as_str(), &changed.findings.gone), ("stays", &vec!["f4".to_owned()]));
    }
}
