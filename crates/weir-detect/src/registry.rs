//! The detectors, as data.

use crate::detectors::{
    blindspot, bulk, campaign, crossing, dormant, drift, enumeration, guessing, harvest, impostor, newcomer,
    reach, retention, shared_out, unissued, unnamed,
};
use crate::{Context, DetectError, Detector};
use futures::future::BoxFuture;
use weir_model::Finding;

/// Every detector, sorted by name.
pub fn detectors() -> &'static [&'static dyn Detector] {
    &[
        &blindspot::Blindspot,
        &bulk::Bulk,
        &campaign::Campaign,
        &crossing::Crossing,
        &dormant::Dormant,
        &drift::Drift,
        &enumeration::Enumeration,
        &guessing::Guessing,
        &harvest::Harvest,
        &impostor::Impostor,
        &newcomer::Newcomer,
        &reach::Reach,
        &retention::Retention,
        &shared_out::SharedOut,
        &unissued::Unissued,
        &unnamed::Unnamed,
    ]
}

/// The detector of a name.
pub fn detector(name: &str) -> Result<&'static dyn Detector, DetectError> {
    let found = detectors().iter().find(|d| d.info().name == name);
    found.copied().ok_or_else(|| DetectError::Unknown { name: name.to_owned() })
}

/// Runs every detector; findings by severity (highest first), then first event, then id.
pub fn run_all<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Result<Vec<Finding>, DetectError>> {
    Box::pin(async move {
        let mut findings = Vec::new();
        for detector in detectors() {
            let context =
                Context { alert_budget: context.alert_budget * detector.info().budget_share, ..*context };
            findings.extend(detector.run(&context).await?);
        }
        sort(&mut findings);
        for detector in detectors() {
            detector.link(context, &mut findings).await?;
        }
        sort(&mut findings);
        Ok(findings)
    })
}

/// By severity (highest first), then first event, then id; each once.
fn sort(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| {
        b.severity.cmp(&a.severity).then(a.first_seen.cmp(&b.first_seen)).then_with(|| a.id.cmp(&b.id))
    });
    findings.dedup_by(|a, b| a.id == b.id);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detectors_share_one_alert_budget() {
        let shares = detectors().iter().map(|d| d.info().budget_share);
        assert!(shares.clone().all(|share| (0.0..=1.0).contains(&share)));
        assert!(shares.sum::<f64>() <= 1.0 + 1e-9);
    }

    #[test]
    fn detectors_are_sorted_unique_documented_and_name_known_techniques() {
        assert!(detectors().windows(2).all(|w| w[0].info().name < w[1].info().name));
        for detector in detectors() {
            let info = detector.info();
            for heading in ["What it sees", "Why it matters", "Blind spots", "References"] {
                assert!(
                    info.manual.contains(heading),
                    "the manual page of `{}` lacks `{heading}`",
                    info.name
                );
            }
            for id in info.attack {
                assert!(weir_model::attack::technique(id).is_some(), "`{}` names `{id}`", info.name);
            }
        }
    }
}
