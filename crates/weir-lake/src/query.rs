//! DataFusion's errors in the lake's words.

use crate::error::MEND_LAKE;
use crate::{Fault, LakeError};
use arrow_schema::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use parquet::errors::ParquetError;

const READ_ONLY: &str = "the lake is read-only: use SELECT, EXPLAIN, DESCRIBE or SHOW";

impl From<DataFusionError> for LakeError {
    fn from(error: DataFusionError) -> Self {
        let root = error.find_root();
        let (message, help) = told(root);
        Self::Query { message: sentence(&message), help, fault: fault(root) }
    }
}

fn fault(error: &DataFusionError) -> Fault {
    match error {
        DataFusionError::Diagnostic(_, inner) | DataFusionError::Context(_, inner) => fault(inner),
        DataFusionError::Shared(inner) => fault(inner),
        DataFusionError::Collection(all) => all.first().map_or(Fault::Question, fault),
        DataFusionError::ParquetError(damage) if evaluated(damage).is_none() => Fault::Lake,
        DataFusionError::ResourcesExhausted(_) => Fault::Machine,
        _ => Fault::Question,
    }
}

/// How DataFusion begins what it says where a condition fails that a scan evaluates while it reads: no file is damaged.
const EVALUATED: &str = "Error evaluating filter predicate: ";

/// What is wrong with a condition that a scan evaluates; `None` where it is the file that cannot be read.
fn evaluated(error: &ParquetError) -> Option<String> {
    let text = error.to_string();
    let (_, wrong) = text.split_once(EVALUATED)?;
    if let ParquetError::External(inner) = error
        && !matches!(inner.downcast_ref(), Some(ArrowError::ComputeError(_)))
    {
        return None;
    }
    // What comes is the error as a program prints it; the sentence in it stands between quotes.
    let sentence = wrong.split_once('"').and_then(|(_, rest)| rest.split_once("\"), ")).map(|(said, _)| said);
    Some(match sentence {
        Some(said) => said.replace("\\\"", "\""),
        None if wrong.contains("DivideByZero") => "it divides by zero".to_owned(),
        None => wrong.to_owned(),
    })
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
        DataFusionError::ParquetError(damage) => match evaluated(damage) {
            Some(wrong) => (format!("a condition cannot be evaluated: {wrong}"), None),
            None => (format!("a file of the lake cannot be read: {damage}"), Some(MEND_LAKE.to_owned())),
        },
        DataFusionError::SQL(parser, _) => (format!("the query cannot be read: {parser}"), None),
        DataFusionError::ResourcesExhausted(message) => {
            let help = "allow more with --memory, such as --memory 4G, or ask for fewer days".to_owned();
            (message.clone(), Some(help))
        }
        other => {
            let message = other.strip_backtrace();
            let bare = [
                "Error during planning: ",
                "Execution error: ",
                "This feature is not implemented: ",
                "External error: ",
                "Arrow error: ",
            ];
            let bare = bare.iter().find_map(|prefix| message.strip_prefix(prefix)).unwrap_or(&message);
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
    let mut lines = message.lines();
    let first = lines.next().unwrap_or_default();
    // A pattern that cannot be read is drawn below, with what is wrong in the last line.
    let drawn =
        lines.next_back().and_then(|last| last.strip_prefix("error: ")).filter(|_| first.ends_with(':'));
    let line = drawn.map_or_else(|| first.to_owned(), |wrong| format!("{first} {wrong}"));
    let line = line.trim_end_matches('.');
    let mut letters = line.chars();
    match (letters.next(), letters.next()) {
        // `SQL`, `CASE`: words written in capitals stay.
        (Some(first), Some(second)) if first.is_uppercase() && !second.is_uppercase() => {
            first.to_lowercase().chain([second]).chain(letters).collect()
        }
        _ => line.to_owned(),
    }
}
