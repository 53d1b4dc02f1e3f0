//! The shop's case after people have judged its findings: one acknowledged, one told to be quiet, one that later records took away.

use super::shop::{BLIND, FORGED, REACH};
use super::*;
use weir_model::disposition::{Act, Cover, Disposition, Then};

pub fn case() -> Case {
    let mut case = super::shop::case();
    let record = vec![
        said(&case, FORGED, Act::Acknowledge, Cover::Finding, None, "ticket 12, the key is being retired"),
        said(&case, FORGED, Act::Annotate, Cover::Finding, None, "the key's owner left on 31 December"),
        said(
            &case,
            REACH,
            Act::Suppress,
            Cover::Detector,
            Some(t("2026-01-01T00:00:00Z")),
            "the partner's gateway, under contract 7",
        ),
    ];
    for finding in &mut case.findings {
        // A group is quiet only by its own id; here the network stands for its addresses.
        finding.entities.truncate(if finding.id == REACH { 1 } else { 40 });
        finding.dispose(&record);
        if finding.id == BLIND {
            finding.state = State::Superseded;
            finding.state_reason =
                Some("superseded: it no longer arises since records came that had been missing".into());
            finding.superseded_by = Some(FORGED.into());
        }
    }
    case.suppressed_subjects = Some(1_204);
    case.finding_scopes.remove(BLIND);
    case.series.retain(|s| s.finding.as_deref() != Some(BLIND));
    case
}

fn said(case: &Case, id: &str, act: Act, scope: Cover, until: Option<Micros>, reason: &str) -> Disposition {
    let finding = case.findings.iter().find(|f| f.id == id).unwrap();
    Disposition {
        time: t("2025-11-02T08:30:00Z"),
        by: "ann".into(),
        act,
        reason: reason.into(),
        finding: id.into(),
        scope,
        detector: finding.detector.clone(),
        entity: finding.entities.first().cloned(),
        until,
        then: Then::of(finding),
    }
}
