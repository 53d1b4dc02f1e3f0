//! JSON Schemas of what Weir writes, by name: `weir schema NAME`.

use crate::{
    case::Case, case::ExposedSubject, config::Config, finding::Finding, intake::Intake, intake::Reject,
};
use schemars::{Schema, schema_for};

/// The schemas by name, sorted.
pub const NAMES: [&str; 6] = ["case", "config", "finding", "intake", "reject", "scope"];

/// The schema of a name, if there is one.
pub fn schema(name: &str) -> Option<Schema> {
    Some(match name {
        "case" => schema_for!(Case),
        "config" => schema_for!(Config),
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
}
