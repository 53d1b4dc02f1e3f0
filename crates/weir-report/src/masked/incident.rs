//! The incident's sections, field by field.

use super::Hidden;
use super::case::each;
use weir_model::Claim;
use weir_model::case::{Incident, Indicator, Labelled, Recommendation, Statement, TacticLine};

impl Hidden<'_> {
    pub(super) fn incident(&self, of: &Incident) -> Incident {
        let Incident {
            summary,
            details,
            methodology,
            impact,
            indicators,
            response,
            lessons,
            recommendations,
        } = of;
        Incident {
            summary: each(summary, |s| self.statement(s)),
            details: each(details, |l| self.labelled(l)),
            methodology: each(methodology, |t| self.tactic(t)),
            impact: each(impact, |l| self.labelled(l)),
            indicators: each(indicators, |i| self.indicator(i)),
            response: each(response, |l| self.labelled(l)),
            lessons: each(lessons, |r| self.recommendation(r)),
            recommendations: each(recommendations, |r| self.recommendation(r)),
        }
    }

    fn statement(&self, of: &Statement) -> Statement {
        match of {
            Claim::Stated { value, evidence } => Claim::stated(self.text(value), self.evidence(evidence)),
            Claim::Unknown { needed } => Claim::unknown(self.text(needed)),
        }
    }

    fn labelled(&self, of: &Labelled) -> Labelled {
        let Labelled { label, statement } = of;
        Labelled { label: label.clone(), statement: self.statement(statement) }
    }

    fn tactic(&self, of: &TacticLine) -> TacticLine {
        let TacticLine { tactic, techniques, statement } = of;
        TacticLine {
            tactic: tactic.clone(),
            techniques: techniques.clone(),
            statement: self.statement(statement),
        }
    }

    fn indicator(&self, of: &Indicator) -> Indicator {
        let Indicator { class, entity, why, period, records, evidence } = of;
        Indicator {
            class: class.clone(),
            entity: self.entity(entity),
            why: self.text(why),
            period: *period,
            records: *records,
            evidence: self.evidence(evidence),
        }
    }

    fn recommendation(&self, of: &Recommendation) -> Recommendation {
        let Recommendation { text, because, severity } = of;
        Recommendation { text: self.text(text), because: self.texts(because), severity: *severity }
    }
}
