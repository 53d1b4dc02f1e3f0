//! Names that a sentence must not be cut in: what strangers are called may read like several sentences of Weir's own.
//!
//! Decisive choice: before a report is said in another language, spaces in such names become [`HELD`], behind which no part of a sentence ends, and
//! [`super::say`] gives them back. A name by itself, a path and a query stay as they are.

use crate::Result;
use crate::masked::entities;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;
use weir_model::Language;
use weir_model::case::Case;

/// What stands for a space in a name: looks like one, wherever it should be left.
pub(super) const HELD: char = '\u{a0}';
/// The most names that are looked for.
const NAMES_MAX: usize = 1_000;
/// Fields that are no sentences.
const FIELDS: [&str; 4] = ["path", "query", "evidence_query", "file"];

/// A case as it is to be said in its language.
pub(crate) fn whole_names(case: &Case) -> Result<Cow<'_, Case>> {
    if case.organisation.language == Language::English {
        return Ok(Cow::Borrowed(case));
    }
    let ends = |name: &&str| super::catalogue::BETWEEN.iter().any(|between| name.contains(between));
    let names: BTreeSet<&str> = entities(case).map(|entity| entity.value.as_str()).filter(ends).collect();
    if names.is_empty() {
        return Ok(Cow::Borrowed(case));
    }
    let mut names: Vec<&str> = names.into_iter().collect();
    // The longest first: one name may hold another.
    names.sort_by_key(|name| (std::cmp::Reverse(name.len()), *name));
    names.truncate(NAMES_MAX);
    let held: Vec<(&str, String)> =
        names.iter().map(|name| (*name, name.replace(' ', &HELD.to_string()))).collect();
    let mut value = serde_json::to_value(case)?;
    hold(&mut value, &held);
    Ok(Cow::Owned(serde_json::from_value(value)?))
}

fn hold(value: &mut Value, names: &[(&str, String)]) {
    match value {
        Value::String(text) => {
            for (name, held) in names {
                if text.len() > name.len() && text.contains(name) {
                    *text = text.replace(name, held);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hold(item, names)),
        Value::Object(fields) => {
            let sentences = fields.iter_mut().filter(|(name, _)| !FIELDS.contains(&name.as_str()));
            sentences.for_each(|(_, value)| hold(value, names));
        }
        _ => {}
    }
}
