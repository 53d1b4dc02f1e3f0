//! The catalog as the lake's derivation: which columns `access` shows beside the stored ones, and from what.

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field};
use std::sync::Arc;
use weir_catalog::{Catalog, Inputs};
use weir_lake::{Derive, DerivedColumn};

/// What derivation reads of a record, beside what only learning reads.
const INPUTS: [&str; 11] = [
    "path",
    "query",
    "service",
    "operation",
    "resource",
    "request",
    "credential",
    "actor",
    "subjects",
    "status_id",
    "status_code",
];

/// A catalog, as the lake asks it.
pub(crate) struct ByCatalog(pub(crate) Arc<Catalog>);

impl Derive for ByCatalog {
    fn id(&self) -> &str {
        self.0.id()
    }

    fn columns(&self) -> Vec<DerivedColumn> {
        let subjects = weir_model::record::subjects_type();
        let kinds = [
            ("route", DataType::Utf8),
            ("dataset", DataType::Utf8),
            ("subject", DataType::Utf8),
            ("subjects", subjects),
            ("outcome", DataType::Utf8),
            ("shown", DataType::Boolean),
        ];
        let inputs: Vec<String> = INPUTS.iter().chain(&["http_method"]).map(|n| (*n).to_owned()).collect();
        kinds
            .map(|(name, kind)| DerivedColumn { field: Field::new(name, kind, true), inputs: inputs.clone() })
            .into()
    }

    fn derive(&self, column: &str, inputs: &RecordBatch) -> Result<ArrayRef, String> {
        let derived = self.0.derive_columns(&Inputs::of(inputs));
        Ok(match column {
            "route" => Arc::new(derived.route),
            "dataset" => Arc::new(derived.dataset),
            "subject" => Arc::new(derived.subject),
            "subjects" => Arc::new(derived.subjects),
            "outcome" => Arc::new(derived.outcome),
            "shown" => Arc::new(derived.shown),
            other => return Err(format!("no column `{other}` is derived")),
        })
    }
}
