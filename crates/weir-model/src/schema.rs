//! JSON Schemas of what Weir writes, by name: `weir schema NAME`.

use crate::{
    case::Case, case::ExposedSubject, case::Exposure, config::Config, diff::CaseDiff,
    disposition::Disposition, explained::Explained, finding::Finding, intake::Intake, intake::Reject,
};
use schemars::{Schema, schema_for};

/// The schemas by name, sorted.
pub const NAMES: [&str; 10] = [
    "case",
    "config",
    "diff",
    "disposition",
    "explanation",
    "exposure",
    "finding",
    "intake",
    "reject",
    "scope",
];

/// The schema of a name, if there is one.
pub fn schema(name: &str) -> Option<Schema> {
    Some(match name {
        "case" => schema_for!(Case),
        "config" => schema_for!(Config),
        "diff" => schema_for!(CaseDiff),
        "disposition" => schema_for!(Disposition),
        "explanation" => schema_for!(Explained),
        "exposure" => schema_for!(Exposure),
        "finding" => schema_for!(Finding),
        "intake" => schema_for!(Intake),
        "reject" => schema_for!(Reject),
        "scope" => schema_for!(ExposedSubject),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_name_has_a_schema() {
        for name in super::NAMES {
            assert!(super::schema(name).is_some(), "{name}");
        }
        assert!(super::NAMES.is_sorted());
    }

    /// Programs read these: a field may come, none may go or change its name.
    #[test]
    fn a_finding_keeps_its_fields() {
        let schema = super::schema("finding").unwrap();
        let properties = schema.as_value()["properties"].as_object().unwrap();
        for name in [
            "id",
            "detector",
            "severity",
            "title",
            "explanation",
            "entities",
            "reasons",
            "first_seen",
            "last_seen",
            "raised",
            "measures",
            "baseline",
            "p_value",
            "threshold",
            "attack",
            "evidence",
            "evidence_total",
            "evidence_query",
            "limits",
            "campaign",
            "state",
            "state_reason",
            "superseded_by",
            "dispositions",
            "snapshot",
        ] {
            assert!(properties.contains_key(name), "{name}");
        }
    }
}
