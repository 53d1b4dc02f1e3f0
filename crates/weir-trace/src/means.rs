//! What an operation of a record means: some give or take away, and only their request says which.

use weir_lake::quote;
use weir_model::operations::{TAKES, operation};

/// Whether a record's request takes away what its operation may give as well, in SQL.
const TAKES_AWAY: &str = "coalesce(operation LIKE 'Modify%Attribute' \
    AND (request LIKE '%\"remove\":%' OR request LIKE '%\"valuesToRemove\":[\"%' OR request LIKE '%\"operationType\":\"remove\"%') \
    AND request NOT LIKE '%\"add\":%' AND request NOT LIKE '%\"valuesToAdd\":[\"%', false)";

/// A column for a record's operation that [`operation`] understands.
pub(crate) fn column() -> String {
    format!("CASE WHEN {TAKES_AWAY} THEN concat(operation, '{TAKES}') ELSE operation END")
}

/// The condition on records that have such a value.
pub(crate) fn condition(value: &str) -> String {
    match value.strip_suffix(TAKES) {
        Some(bare) => format!("operation = {} AND {TAKES_AWAY}", quote(bare)),
        None if operation(&format!("{value}{TAKES}")).is_some() => {
            format!("operation = {} AND NOT {TAKES_AWAY}", quote(value))
        }
        None => format!("operation = {}", quote(value)),
    }
}
