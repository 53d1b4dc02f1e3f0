//! Secrets in URLs: user information, path segments, parameters.

use super::form::{KNOWN_MIN, Span, is_long_random, is_placeholder, jwt_spans, known_secret};
use super::names::{Rule, rule};
use std::borrow::Cow;

/// Percent-decodes; what is not UTF-8 then is kept as replacement characters.
pub(super) fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        match (byte, tail) {
            (b'%', [high, low, after @ ..]) if hex(high).is_some() && hex(low).is_some() => {
                out.push(hex(high).unwrap_or(0) << 4 | hex(low).unwrap_or(0));
                rest = after;
            }
            _ => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

/// Whether a value under a name with this rule is a secret.
pub(super) fn is_secret(rule: Rule, value: &str) -> bool {
    match rule {
        Rule::Always | Rule::Authorization | Rule::Cookie => !is_placeholder(value),
        Rule::WhenRandom => is_long_random(value) && !is_placeholder(value),
        Rule::Never => false,
    }
}

/// Secrets in a query that begins at `base`.
pub(super) fn query_spans(query: &str, base: usize) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = base;
    for pair in query.split(['&', ';']) {
        pair_span(pair, at, &mut spans);
        at += pair.len() + 1;
    }
    jwt_spans(query, base, &mut spans);
    spans
}

fn pair_span(pair: &str, at: usize, spans: &mut Vec<Span>) {
    let (name, value, start) = match pair.split_once('=') {
        Some((name, value)) => (name, value, at + name.len() + 1),
        None => ("", pair, at),
    };
    if value.is_empty() {
        return;
    }
    if is_secret(rule(&decoded(name)), value) {
        spans.push(Span { start, end: start + value.len(), decode: true });
        return;
    }
    known_span(value, start, spans);
    if value.contains("%3D") || value.contains("%3d") {
        nested_spans(value, start, spans);
    }
}

/// A value that begins with a secret of known form, after an encoded `Bearer ` too.
fn known_span(value: &str, start: usize, spans: &mut Vec<Span>) {
    let skip = ["Bearer%20", "Bearer+", "bearer%20", "bearer+"]
        .iter()
        .find(|p| value.starts_with(**p))
        .map_or(0, |p| p.len());
    let Some(rest) = value.get(skip..) else { return };
    let secret = known_secret(rest.as_bytes());
    if secret > 0 || (skip > 0 && !is_placeholder(rest)) {
        spans.push(Span { start: start + skip, end: start + value.len(), decode: true });
    }
}

/// A URL inside a parameter, percent-encoded: its own parameters stand between `%3F`, `%26` and `%3D`.
fn nested_spans(value: &str, start: usize, spans: &mut Vec<Span>) {
    let bytes = value.as_bytes();
    for at in memchr::memchr_iter(b'%', bytes) {
        let (Some(b"%3D" | b"%3d"), Some(before)) = (bytes.get(at..at + 3), value.get(..at)) else {
            continue;
        };
        let name_at = before
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
            .map_or(0, |i| i + 1);
        let mut name = before.get(name_at..).unwrap_or_default();
        if before.get(..name_at).is_some_and(|b| b.ends_with('%')) {
            name = name.get(2..).unwrap_or_default();
        }
        let from = at + 3;
        let rest = value.get(from..).unwrap_or_default();
        let end = ["%26", "%23", "%3B", "%3b"]
            .iter()
            .filter_map(|stop| rest.find(stop))
            .min()
            .unwrap_or(rest.len());
        let secret = rest.get(..end).unwrap_or_default();
        if is_secret(rule(name), secret) || known_secret(secret.as_bytes()) > 0 {
            spans.push(Span { start: start + from, end: start + from + end, decode: true });
        }
    }
}

/// Whether a path has parameters, or a segment that is long enough for a secret: most have neither.
fn may_hold_secret(path: &str) -> bool {
    let mut length = 0;
    path.bytes().any(|byte| {
        length = if byte == b'/' { 0 } else { length + 1 };
        byte == b';' || length >= KNOWN_MIN
    })
}

/// Whether a query holds no secret: all its pairs are too short for one of known form, nothing in them is encoded, and no name says that its value is
/// one, of names that `is_harmless` says so of.
pub(super) fn is_clean_query(query: &str, mut is_harmless: impl FnMut(&str) -> bool) -> bool {
    let is_plain = memchr::memchr3(b'%', b'+', b';', query.as_bytes()).is_none();
    is_plain
        && query.split('&').all(|pair| {
            let name = pair.split_once('=').map_or("", |(name, _)| name);
            pair.len() < KNOWN_MIN && is_harmless(name)
        })
}

/// Whether a name says nothing of its value.
pub(super) fn is_harmless(name: &str) -> bool {
    rule(name) == Rule::Never
}

/// Secrets in a path that begins at `base`.
pub(super) fn path_spans(path: &str, base: usize) -> Vec<Span> {
    let mut spans = Vec::new();
    if !may_hold_secret(path) {
        return spans;
    }
    let mut at = 0;
    for segment in path.as_bytes().split(|byte| *byte == b'/') {
        let parameters = memchr::memchr(b';', segment);
        let head = parameters.unwrap_or(segment.len());
        if segment.get(..head).is_some_and(|head| known_secret(head) > 0) {
            spans.push(Span { start: base + at, end: base + at + head, decode: true });
        }
        if let Some(parameters) =
            parameters.and_then(|semicolon| path.get(at + semicolon + 1..at + segment.len()))
        {
            spans.extend(query_spans(parameters, base + at + head + 1));
        }
        at += segment.len() + 1;
    }
    jwt_spans(path, base, &mut spans);
    spans
}

/// Secrets in a URL.
pub(super) fn url_spans(url: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    jwt_spans(url, 0, &mut spans);
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path_at = before.find("://").map_or(0, |i| i + 3);
    let path = before.get(path_at..).unwrap_or_default();
    if path_at > 0 {
        userinfo_span(path, path_at, &mut spans);
    }
    spans.extend(path_spans(path, path_at));
    if !query.is_empty() {
        spans.extend(query_spans(query, before.len() + 1));
    }
    if !fragment.is_empty() {
        spans.extend(query_spans(fragment, rest.len() + 1));
    }
    spans
}

/// The password of `user:password@host`, or a lone machine-made `token@host`. `rest` follows `://` and begins at `base`.
pub(super) fn userinfo_span(rest: &str, base: usize, spans: &mut Vec<Span>) {
    let end = rest
        .find(|c: char| c == '/' || c == '?' || c == '#' || c == '"' || c.is_whitespace())
        .unwrap_or(rest.len());
    let Some((info, _)) = rest.get(..end).and_then(|authority| authority.rsplit_once('@')) else { return };
    match info.split_once(':') {
        Some((user, password)) if !is_placeholder(password) => {
            let start = base + user.len() + 1;
            spans.push(Span { start, end: start + password.len(), decode: true });
        }
        None if !is_placeholder(info) && (known_secret(info.as_bytes()) > 0 || is_long_random(info)) => {
            spans.push(Span { start: base, end: base + info.len(), decode: true });
        }
        _ => {}
    }
}
