//! Secrets in JSON values.
//!
//! Decisive choice: a value is read whole before anything of it is written, so what cannot be looked through is not written. Texts without
//! escapes are borrowed; members are sorted by name, the last of one name counts.

use super::names::Rule;
use super::uri::is_secret;
use super::{Clean, Fingerprints, credential};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::Number;
use std::borrow::Cow;
use std::fmt;

/// JSON text with its secrets replaced; `None` for what is no JSON, or nested deeper than `serde_json` goes.
pub(super) fn scrub(clean: &mut Clean, fingerprints: &Fingerprints, text: &str) -> Option<String> {
    let mut value: Value<'_> = serde_json::from_str(text).ok()?;
    under(clean, fingerprints, Rule::Never, &mut value);
    serde_json::to_string(&value).ok()
}

enum Value<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Self>),
    Object(Vec<(Cow<'a, str>, Self)>),
}

/// A list has the rule of the name it stands under (`"Cookie": ["a=b"]`), an object's values have their own names.
fn under(clean: &mut Clean, fingerprints: &Fingerprints, inherited: Rule, value: &mut Value<'_>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let rule = clean.rule(name);
                under(clean, fingerprints, rule, inner);
            }
        }
        Value::List(items) => {
            for item in items {
                under(clean, fingerprints, inherited, item);
            }
        }
        Value::Text(text) => {
            if let Some(clean) = string(clean, fingerprints, inherited, text) {
                *text = Cow::Owned(clean);
            }
        }
        Value::Number(number) if inherited == Rule::Always => {
            *value = Value::Text(fingerprints.of(&number.to_string()).into());
        }
        Value::Number(_) | Value::Bool(_) | Value::Null => {}
    }
}

fn string(clean: &mut Clean, fingerprints: &Fingerprints, rule: Rule, text: &str) -> Option<String> {
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
        _ => match clean.scrub(fingerprints, text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(clean) => Some(clean),
        },
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Value<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }
            fn visit_unit<E>(self) -> Result<Value<'de>, E> {
                Ok(Value::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
                Ok(Value::Bool(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Value<'de>, E> {
                Ok(Value::Number(value.into()))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Value<'de>, E> {
                Ok(Value::Number(value.into()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Value<'de>, E> {
                Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
                Ok(Value::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
                Ok(Value::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Value<'de>, S::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Value::List(items))
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Value<'de>, M::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry()? {
                    if let Value::Text(name) = name {
                        members.push((name, value));
                    }
                }
                Ok(Value::Object(sorted(members)))
            }
        }
        d.deserialize_any(Any)
    }
}

fn sorted<'a>(mut members: Vec<(Cow<'a, str>, Value<'a>)>) -> Vec<(Cow<'a, str>, Value<'a>)> {
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    members.dedup_by(|later, kept| {
        let is_same = later.0 == kept.0;
        if is_same {
            std::mem::swap(later, kept);
        }
        is_same
    });
    members
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => s.serialize_unit(),
            Self::Bool(value) => s.serialize_bool(*value),
            Self::Number(number) => number.serialize(s),
            Self::Text(text) => s.serialize_str(text),
            Self::List(items) => s.collect_seq(items),
            Self::Object(members) => s.collect_map(members.iter().map(|(name, value)| (name, value))),
        }
    }
}
