//! DataFusion's errors in the lake's words.

use crate::LakeError;
use crate::error::MEND_LAKE;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;

const READ_ONLY: &str = "the lake is read-only: use SELECT, EXPLAIN, DESCRIBE or SHOW";

impl From<DataFusionError> for LakeError {
    fn from(error: DataFusionError) -> Self {
        let (message, help) = told(error.find_root());
        Self::Query { message: sentence(&message), help }
    }
}

fn told(error: &DataFusionError) -> (String, Option<String>) {
    match error {
        DataFusionError::Diagnostic(_, inner) | DataFusionError::Context(_, inner) => told(inner),
        DataFusionError::Shared(inner) => told(inner),
        DataFusionError::Collection(all) => match all.first() {
            Some(first) => told(first),
            None => ("the query failed".to_owned(), None),
        },
        DataFusionError::SchemaError(schema, _) => match schema.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => {
                let mut names: Vec<&str> = valid_fields.iter().map(|f| f.name()).collect();
                names.sort_unstable();
                names.dedup();
                (
                    format!("there is no column `{}`", field.name()),
                    Some(format!("columns are {}", names.join(", "))),
                )
            }
            SchemaError::AmbiguousReference { field } => {
                let help = "write the table before it: `access.file`".to_owned();
                (format!("column `{}` may be of more than one table", field.name()), Some(help))
            }
            other => (other.to_string(), None),
        },
        DataFusionError::ParquetError(damage) => {
            (format!("a file of the lake cannot be read: {damage}"), Some(MEND_LAKE.to_owned()))
        }
        DataFusionError::SQL(parser, _) => (format!("the query cannot be read: {parser}"), None),
        DataFusionError::ResourcesExhausted(message) => {
            let help = "allow more with --memory, such as --memory 4G, or ask for fewer days".to_owned();
            (message.clone(), Some(help))
        }
        other => {
            let message = other.strip_backtrace();
            let bare = ["Error during planning: ", "Execution error: ", "This feature is not implemented: "]
                .iter()
                .find_map(|prefix| message.strip_prefix(prefix))
                .unwrap_or(&message);
            let read_only = bare.starts_with("DDL not supported")
                || bare.starts_with("DML not supported")
                || bare.starts_with("Statement not supported");
            let help = if read_only {
                Some(READ_ONLY)
            } else if bare.contains("table '") && bare.ends_with("not found") {
                Some("tables are access, auth, flow, host, digest, rollup, rejects, files, intake")
            } else {
                None
            };
            (bare.to_owned(), help.map(str::to_owned))
        }
    }
}

/// One lower-case sentence.
fn sentence(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default().trim_end_matches('.');
    let mut letters = line.chars();
    match (letters.next(), letters.next()) {
        // `SQL`, `CASE`: words written in capitals stay.
        (Some(first), Some(second)) if first.is_uppercase() && !second.is_uppercase() => {
            first.to_lowercase().chain([second]).chain(letters).collect()
        }
        _ => line.to_owned(),
    }
}
