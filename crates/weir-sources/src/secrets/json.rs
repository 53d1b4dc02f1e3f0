//! Secrets in JSON values.

use super::names::{Rule, rule};
use super::uri::is_secret;
use super::{Fingerprints, credential};
use serde_json::Value;
use std::borrow::Cow;

/// Replaces secrets in a value and all it holds.
pub(super) fn scrub(fingerprints: &Fingerprints, value: &mut Value) {
    under(fingerprints, Rule::Never, value);
}

/// A list has the rule of the name it stands under (`"Cookie": ["a=b"]`), an object's values have their own names.
fn under(fingerprints: &Fingerprints, inherited: Rule, value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map.iter_mut() {
                under(fingerprints, rule(name), inner);
            }
        }
        Value::Array(items) => {
            for item in items {
                under(fingerprints, inherited, item);
            }
        }
        Value::String(text) => {
            if let Some(clean) = string(fingerprints, inherited, text) {
                *text = clean;
            }
        }
        Value::Number(number) if inherited == Rule::Always => {
            *value = Value::String(fingerprints.of(&number.to_string()));
        }
        Value::Number(_) | Value::Bool(_) | Value::Null => {}
    }
}

fn string(fingerprints: &Fingerprints, rule: Rule, text: &str) -> Option<String> {
    match rule {
        Rule::Authorization => {
            let header = format!("Authorization: {text}");
            let clean = fingerprints.scrub(&header);
            clean.strip_prefix("Authorization: ").map(str::to_owned)
        }
        Rule::Cookie => {
            let header = format!("Cookie: {text}");
            let clean = fingerprints.scrub(&header);
            clean.strip_prefix("Cookie: ").map(str::to_owned)
        }
        _ if is_secret(rule, text) => Some(credential(fingerprints, text)),
        _ => match fingerprints.scrub(text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(clean) => Some(clean),
        },
    }
}
