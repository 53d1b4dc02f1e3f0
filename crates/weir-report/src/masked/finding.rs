//! Findings, field by field.

use super::case::each;
use super::{Hidden, LEFT_OUT};
use weir_model::Finding;
use weir_model::disposition::{Disposition, Then};
use weir_model::finding::{FindingEvidence, Reason};

impl Hidden<'_> {
    pub(super) fn finding(&self, of: &Finding) -> Finding {
        let Finding {
            id,
            detector,
            severity,
            title,
            explanation,
            entities,
            reasons,
            perhaps,
            first_seen,
            last_seen,
            raised,
            measures,
            baseline,
            p_value,
            threshold,
            attack,
            evidence: FindingEvidence(evidence),
            limits,
            campaign,
            state,
            state_reason,
            superseded_by,
            dispositions,
            snapshot,
        } = of;
        Finding {
            id: self.id(id),
            detector: detector.clone(),
            severity: *severity,
            title: self.text(title),
            explanation: self.text(explanation),
            entities: each(entities, |e| self.entity(e)),
            reasons: each(reasons, |r| self.reason(r)),
            perhaps: each(perhaps, |r| self.reason(r)),
            first_seen: *first_seen,
            last_seen: *last_seen,
            raised: *raised,
            measures: measures.iter().map(|(name, n)| (self.measure(name), *n)).collect(),
            baseline: baseline.iter().map(|(name, n)| (self.measure(name), *n)).collect(),
            p_value: *p_value,
            threshold: *threshold,
            attack: attack.clone(),
            evidence: FindingEvidence(self.evidence(evidence)),
            limits: self.texts(limits),
            campaign: campaign.as_deref().map(|id| self.id(id)),
            state: *state,
            // What somebody wrote, and who, is theirs.
            state_reason: state_reason.as_ref().map(|_| LEFT_OUT.to_owned()),
            superseded_by: superseded_by.as_deref().map(|id| self.id(id)),
            dispositions: each(dispositions, |d| self.disposition(d)),
            snapshot: snapshot.clone(),
        }
    }

    /// What was measured: a name of ours in snake case, of which no two may become one.
    fn measure(&self, name: &str) -> String {
        let ours = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if ours { name.to_owned() } else { self.text(name) }
    }

    fn reason(&self, of: &Reason) -> Reason {
        let Reason { entity, why } = of;
        Reason { entity: self.entity(entity), why: self.text(why) }
    }

    fn disposition(&self, of: &Disposition) -> Disposition {
        let Disposition { time, by: _, act, reason: _, finding, scope, detector, entity, until, then } = of;
        let Then { severity, people, records, last_seen } = then;
        Disposition {
            time: *time,
            by: LEFT_OUT.to_owned(),
            act: *act,
            reason: LEFT_OUT.to_owned(),
            finding: self.id(finding),
            scope: *scope,
            detector: detector.clone(),
            entity: entity.as_ref().map(|e| self.entity(e)),
            until: *until,
            then: Then { severity: *severity, people: *people, records: *records, last_seen: *last_seen },
        }
    }
}
