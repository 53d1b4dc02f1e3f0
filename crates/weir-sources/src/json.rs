//! JSON read as it lies: borrowed, and lenient about types.
//!
//! Decisive choice: an object is a list of names and *undecoded* values. A field of the wrong type, a number of a thousand digits or
//! a lone surrogate in one field never costs the record its other fields; what is not looked at is never decoded; nesting is skipped
//! without recursion, so depth cannot exhaust the stack.
//!
//! What this module refuses: knowing any format.

mod names;
mod scan;

use crate::secrets::{Clean, Fingerprints};
pub use names::Names;
pub(crate) use scan::plain;
use scan::{Name, Scanner, is_plain};
use serde::de::{Deserializer as _, Visitor};
use std::borrow::Cow;
use std::fmt;

/// A value as it stands in its text: JSON, and not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
    /// Its text.
    pub fn get(self) -> &'a str {
        self.0
    }
}

/// Hands over each name and value of an object in the order written. `None` when the text is something else or no JSON, and what was handed
/// over by then means nothing.
pub fn members<'a>(text: &'a str, each: impl FnMut(Cow<'a, str>, Raw<'a>)) -> Option<()> {
    each_member(text, |scan| scan.name().map(decoded), each)
}

/// A name, read as text is.
fn decoded(name: Name<'_>) -> Cow<'_, str> {
    match name {
        Name::Plain(name) => Cow::Borrowed(name),
        Name::Escaped(quoted) => Cow::Owned(unescaped(quoted).unwrap_or_default()),
    }
}

fn each_member<'a, N>(
    text: &'a str,
    mut name: impl FnMut(&mut Scanner<'a>) -> Option<N>,
    mut each: impl FnMut(N, Raw<'a>),
) -> Option<()> {
    let mut scan = Scanner::new(text);
    if !scan.eat(b'{') {
        return None;
    }
    let mut ended = scan.eat(b'}');
    while !ended {
        each(name(&mut scan)?, scan.value()?);
        ended = !scan.eat(b',');
        if ended && !scan.eat(b'}') {
            return None;
        }
    }
    scan.peek().is_none().then_some(())
}

/// The values of a list; `None` when the text is something else or no JSON.
pub fn items(text: &str) -> Option<Vec<Raw<'_>>> {
    let mut scan = Scanner::new(text);
    if !scan.eat(b'[') {
        return None;
    }
    let mut all = Vec::new();
    let mut ended = scan.eat(b']');
    while !ended {
        all.push(scan.value()?);
        ended = !scan.eat(b',');
        if ended && !scan.eat(b']') {
            return None;
        }
    }
    scan.peek().is_none().then_some(all)
}

/// A JSON object: names and undecoded values in the order written. Missing and null are the same: nothing.
#[derive(Clone, Debug, Default)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Raw<'a>)>);

impl<'a> Object<'a> {
    /// Reads an object; `None` when the text is something else or no JSON.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut all = Vec::with_capacity(24);
        members(text, |name, value| all.push((name, value)))?;
        Some(Self(all))
    }

    /// The value of a name, the last one if written twice.
    pub fn get(&self, name: &str) -> Option<Raw<'a>> {
        self.0.iter().rev().find(|(n, _)| n == name).map(|(_, v)| *v).filter(|v| v.get() != "null")
    }

    /// The value of a name as text: a string that is not empty, or a number or boolean as written.
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        text(self.get(name)?)
    }

    /// The object under a name; an empty one when there is none.
    pub fn object(&self, name: &str) -> Self {
        self.get(name).and_then(|raw| Self::parse(raw.get())).unwrap_or_default()
    }

    /// The list under a name; an empty one when there is none.
    pub fn list(&self, name: &str) -> Vec<Raw<'a>> {
        self.get(name).and_then(|raw| items(raw.get())).unwrap_or_default()
    }

    /// The value at a dotted path (`client.ipAddress`, `target.0.id`); a name that itself has dots is found as well.
    pub fn path(&self, path: &str) -> Option<Raw<'a>> {
        if let Some(raw) = self.get(path) {
            return Some(raw);
        }
        let mut dots = path.match_indices('.');
        dots.find_map(|(at, _)| {
            let inner = self.get(path.get(..at)?)?;
            below(inner, path.get(at + 1..)?)
        })
    }

    /// The value at a dotted path as text.
    pub fn text_at(&self, path: &str) -> Option<Cow<'a, str>> {
        text(self.path(path)?)
    }

    /// The scalars at a path as texts: those of a list there, else the one.
    pub fn texts_at(&self, path: &str) -> Vec<Cow<'a, str>> {
        let Some(raw) = self.path(path) else { return Vec::new() };
        match items(raw.get()) {
            Some(items) => items.into_iter().filter_map(text).collect(),
            None => text(raw).into_iter().collect(),
        }
    }

    /// Whether it has no name at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn below<'a>(raw: Raw<'a>, path: &str) -> Option<Raw<'a>> {
    if !raw.get().starts_with('[') {
        return Object::parse(raw.get())?.path(path);
    }
    let items = items(raw.get())?;
    let (index, rest) = path.split_once('.').map_or((path, None), |(i, r)| (i, Some(r)));
    let item = *items.get(index.parse::<usize>().ok()?)?;
    rest.map_or(Some(item), |rest| below(item, rest))
}

/// A scalar as text: a string that is not empty, or a number or boolean as written.
#[inline]
pub fn text(raw: Raw<'_>) -> Option<Cow<'_, str>> {
    match raw.get().as_bytes().first()? {
        b'"' => string(raw.get()),
        b'{' | b'[' | b'n' => None,
        _ => Some(Cow::Borrowed(raw.get())),
    }
}

fn string(quoted: &str) -> Option<Cow<'_, str>> {
    let inside = quoted.get(1..quoted.len().checked_sub(1)?)?;
    let decoded = if is_plain(inside) { Cow::Borrowed(inside) } else { Cow::Owned(unescaped(quoted)?) };
    Some(decoded).filter(|text| !text.is_empty())
}

/// A number as an integer, whether written as one, with a fraction, or as a string.
pub fn integer(raw: Raw<'_>) -> Option<i64> {
    let text = text(raw)?;
    if let Ok(n) = text.parse() {
        return Some(n);
    }
    let n: f64 = text.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "the range is tested")]
    (n.abs() < 9.0e18).then_some(n as i64)
}

/// A value as JSON text with its secrets replaced. `None` for null, an empty object and what cannot be looked through (nested
/// deeper than 128 levels): what was not looked through is not written.
pub fn scrubbed(raw: Raw<'_>, fingerprints: &Fingerprints, clean: &mut Clean) -> Option<String> {
    let empty = matches!(raw.get(), "null" | "{}" | "[]" | "\"\"");
    if empty { None } else { clean.scrub_json(fingerprints, raw.get()) }
}

/// Lone surrogates, which Rust's text cannot hold, become U+FFFD.
fn unescaped(quoted: &str) -> Option<String> {
    struct Lossy;
    impl Visitor<'_> for Lossy {
        type Value = String;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }
        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
            Ok(String::from_utf8_lossy(bytes).into_owned())
        }
    }
    serde_json::Deserializer::from_str(quoted).deserialize_bytes(Lossy).ok()
}

/// The first whole objects of a file's head, at most `most`: one a line, one after the other, in a top-level array, or in the array
/// under `array_key`.
pub fn first_objects<'a>(head: &'a str, array_key: Option<&str>, most: usize) -> Vec<Object<'a>> {
    first_texts(head, array_key, most).into_iter().filter_map(|raw| Object::parse(raw.get())).collect()
}

/// As [`first_objects`], not looked into.
pub fn first_texts<'a>(head: &'a str, array_key: Option<&str>, most: usize) -> Vec<Raw<'a>> {
    let mut rest = head.trim_start_matches('\u{feff}').trim_start();
    if let Some(inner) = array_key.and_then(|key| into_array(rest, key)) {
        rest = inner;
    } else if let Some(inner) = rest.strip_prefix('[') {
        rest = inner;
    }
    let mut found = Vec::new();
    while found.len() < most {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        let Some((raw, behind)) = leading(rest) else { break };
        rest = behind;
        found.extend(Some(raw).filter(|raw| raw.get().starts_with('{')));
    }
    found
}

/// The value that a text begins with, and what stands behind it. A scalar ends where it is told from what follows.
fn leading(text: &str) -> Option<(Raw<'_>, &str)> {
    let mut scan = Scanner::new(text);
    let value = scan.value()?;
    let rest = scan.rest();
    let blank_or_mark =
        |c: char| matches!(c, ' ' | '\n' | '\t' | '\r' | '"' | '[' | ']' | '{' | '}' | ',' | ':');
    let told = rest.is_empty() || rest.starts_with(blank_or_mark) || value.get().starts_with(['"', '[', '{']);
    told.then_some((value, rest))
}

/// What follows `{"key": [`, when the text begins so.
fn into_array<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let rest =
        text.strip_prefix('{')?.trim_start().strip_prefix('"')?.strip_prefix(key)?.strip_prefix('"')?;
    rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('[')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strange_field_costs_nothing_but_itself() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let line = format!(
            r#"{{"a":{deep},"n":1e999,"big":123456789012345678901234567890,"s":"x\ud800y","t":"\u00e9","e":"","z":null}}"#
        );
        let object = Object::parse(&line).unwrap();
        assert_eq!(object.text("a"), None);
        assert_eq!(object.text("n").as_deref(), Some("1e999"));
        assert_eq!(object.get("n").and_then(integer), None);
        assert_eq!(object.text("big").as_deref(), Some("123456789012345678901234567890"));
        assert!(object.text("s").unwrap().starts_with("x\u{fffd}"));
        assert_eq!(object.text("t").as_deref(), Some("é"));
        assert_eq!(object.text("e"), None);
        assert!(object.get("z").is_none());
        assert_eq!(scrubbed(object.get("a").unwrap(), &Fingerprints::default(), &mut Clean::default()), None);
        assert!(Object::parse("[1]").is_none());
        assert!(Object::parse(r#"{"a":1"#).is_none());
    }

    #[test]
    fn paths_reach_into_objects_lists_and_dotted_names() {
        let object =
            Object::parse(r#"{"a":{"b":{"c":7}},"l":[{"id":"x"},{"id":"y"}],"d.e":"f","g":{"h.i":"j"}}"#)
                .unwrap();
        for (path, want) in [("a.b.c", "7"), ("l.1.id", "y"), ("d.e", "f"), ("g.h.i", "j")] {
            assert_eq!(object.text_at(path).as_deref(), Some(want), "{path}");
        }
        for path in ["a.b.x", "l.2.id", "l.id", "", ".", "a..b"] {
            assert_eq!(object.text_at(path), None, "{path}");
        }
    }

    #[test]
    fn first_objects_are_found_in_every_framing() {
        for head in [
            "{\"x\":1}\n{\"x\":2}\n{\"x\"",
            "[{\"x\":1},\n {\"x\":2}, {\"x\"",
            "{ \"Records\" : [ {\"x\":1} , {\"x\":2}",
        ] {
            let found = first_objects(head, Some("Records"), 9);
            let texts: Vec<_> = found.iter().filter_map(|o| o.text("x")).collect();
            assert_eq!(texts, ["1", "2"], "{head}");
        }
        assert!(first_objects("plain text", None, 9).is_empty());
    }

    #[test]
    fn integers_are_read_however_written() {
        let object = Object::parse(r#"{"a":5,"b":"6","c":7.0,"d":"x","e":1e300}"#).unwrap();
        let all: Vec<_> = ["a", "b", "c", "d", "e"].iter().map(|n| object.get(n).and_then(integer)).collect();
        assert_eq!(all, [Some(5), Some(6), Some(7), None, None]);
    }
}
