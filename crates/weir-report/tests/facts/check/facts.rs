//! The facts of a case: every number and instant of its `case.json`, and those inside of its strings.
//!
//! Left out is what a report never shows as it is, lest a wrong number be right by chance: the points of pictures, the days of coverage, traces,
//! hashes, queries, and the places that citations name. What is drawn from those is a named derivation.

use super::{
    token::{Token, What, tokens},
    written::measure,
};
use serde_json::Value;
use std::collections::HashSet;

/// What a case holds.
pub struct Facts(HashSet<What>);

/// Keys whose values are points of pictures, places or queries.
const NOT_SHOWN: [&str; 6] = ["series", "traces", "sha256", "query", "evidence_query", "cited"];

impl Facts {
    pub fn of(case: &Value) -> Self {
        let mut facts = Self(HashSet::new());
        facts.walk(case, &[]);
        facts
    }

    /// Whether a token is a fact as it stands.
    pub fn hold(&self, token: &Token) -> bool {
        self.0.contains(&token.what)
    }

    fn walk(&mut self, value: &Value, keys: &[&str]) {
        let key = keys.last().copied().unwrap_or("");
        let days_of_coverage = key == "days" && keys.contains(&"coverage");
        let citation = value.get("offset").is_some() && value.get("line").is_some();
        if NOT_SHOWN.contains(&key) || days_of_coverage || citation {
            return;
        }
        match value {
            Value::Number(n) => {
                self.0.insert(What::Number(shown(n)));
            }
            Value::String(text) => self.text(text),
            Value::Array(all) => all.iter().for_each(|v| self.walk(v, keys)),
            Value::Object(map) => map.iter().for_each(|(k, v)| {
                self.text(k);
                self.walk(v, &[keys, &[k.as_str()]].concat());
            }),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        // Emphasis is taken off the pages of detectors.
        for text in [text, &text.replace('*', "")] {
            for token in tokens(text) {
                if let What::Instant(at) = &token.what {
                    let (day, clock) = at.split_once('T').unwrap();
                    self.0.insert(What::Day(day.to_owned()));
                    self.0.insert(What::Clock(clock.to_owned()));
                }
                self.0.insert(token.what);
            }
        }
    }
}

/// A number as a report shows it.
fn shown(n: &serde_json::Number) -> String {
    match n.as_u64() {
        Some(whole) => whole.to_string(),
        None => measure(n.as_f64().unwrap_or(f64::NAN)),
    }
}
