//! Secrets in free text.

use super::form::{Span, is_placeholder, jwt_spans, known_secret};
use super::names::{Rule, rule};
use super::uri::{is_secret, userinfo_span};

/// Secrets in a text: one pass over the characters that can stand before one.
pub(super) fn spans(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let bytes = text.as_bytes();
    let mut word = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') {
            continue;
        }
        if *byte == b'.' && at > word {
            continue;
        }
        at_word(text, word, &mut spans);
        match byte {
            b'=' | b':' => after_name(text, word, at, &mut spans),
            b' ' => after_scheme(text, word, at, &mut spans),
            b'%' if matches!(bytes.get(at + 1..at + 3), Some(b"3D" | b"3d" | b"3A" | b"3a")) => {
                named(text, word, at, at + 3, &mut spans);
            }
            _ => {}
        }
        word = at + 1;
    }
    at_word(text, word, &mut spans);
    jwt_spans(text, 0, &mut spans);
    private_keys(text, &mut spans);
    spans
}

/// A word that is a secret by its form. After `%` a word begins with two digits of encoding.
fn at_word(text: &str, word: usize, spans: &mut Vec<Span>) {
    let encoded = word > 0 && text.as_bytes().get(word - 1) == Some(&b'%');
    for start in if encoded { [word, word + 2] } else { [word, word] } {
        let len = text.as_bytes().get(start..).map_or(0, known_secret);
        if len > 0 {
            spans.push(Span { start, end: start + len, decode: false });
            return;
        }
    }
}

/// `name=value`, `name: value`, `"name": "value"`, and the `://` of a URL.
fn after_name(text: &str, word: usize, at: usize, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    if bytes.get(at..at + 3) == Some(b"://") {
        if let Some(rest) = text.get(at + 3..) {
            userinfo_span(rest, at + 3, spans);
        }
        return;
    }
    // A quoted name ends in its quote (escaped or not), so the word before the separator is empty.
    let mut end = at;
    while end > 0 && matches!(bytes.get(end - 1), Some(b'"' | b'\'' | b'\\' | b' ' | b']')) {
        end -= 1;
    }
    let start = if end == at { word } else { name_start(bytes, end) };
    named(text, start, end, at + 1, spans);
}

/// Whether what begins here is the kind of resource in an ARN of AWS Secrets Manager, `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME`: what
/// follows is the secret's name, which says what was read.
fn names_a_secret(text: &str, start: usize) -> bool {
    let before = text.get(..start).and_then(|t| t.strip_suffix(':')).unwrap_or_default();
    let arn = before.rfind("arn:").and_then(|at| before.get(at..)).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-');
    arn.split(':').count() == 5 && arn.split(':').nth(2) == Some("secretsmanager") && arn.chars().all(plain)
}

fn name_start(bytes: &[u8], end: usize) -> usize {
    let part = bytes.get(..end).unwrap_or_default();
    part.iter()
        .rposition(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')))
        .map_or(0, |i| i + 1)
}

fn named(text: &str, start: usize, end: usize, value_at: usize, spans: &mut Vec<Span>) {
    let Some(mut name) = text.get(start..end) else { return };
    if start > 0 && text.as_bytes().get(start - 1) == Some(&b'%') {
        name = name.get(2..).unwrap_or_default();
    }
    let rule = rule(name);
    if rule == Rule::Never || names_a_secret(text, start) {
        return;
    }
    let (from, own) = value_start(text.as_bytes(), value_at);
    // `-H 'Cookie: a=b'`: a quote that opens before the name closes after the value.
    let bytes = text.as_bytes();
    let bare = !matches!(bytes.get(end), Some(b'"' | b'\'' | b'\\'));
    let around =
        start.checked_sub(1).and_then(|i| bytes.get(i)).filter(|b| bare && matches!(b, b'"' | b'\''));
    let quote = own.or(around.copied());
    match rule {
        Rule::Authorization => authorization(text, from, quote, spans),
        Rule::Cookie => cookies(text, from, quote, spans),
        _ => {
            let to = value_end(text, from, quote, false);
            if text.get(from..to).is_some_and(|value| is_secret(rule, value)) {
                spans.push(Span { start: from, end: to, decode: true });
            }
        }
    }
}

/// Skips blanks, the bracket of a list and an opening quote. Returns the quote.
fn value_start(bytes: &[u8], mut at: usize) -> (usize, Option<u8>) {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'[')) {
        at += 1;
    }
    if bytes.get(at) == Some(&b'\\') && matches!(bytes.get(at + 1), Some(b'"' | b'\'')) {
        at += 1;
    }
    match bytes.get(at) {
        Some(quote @ (b'"' | b'\'')) => (at + 1, Some(*quote)),
        _ => (at, None),
    }
}

/// Where a value ends: at its closing quote, or, unquoted, at a separator; a header's value goes to the end of its line.
fn value_end(text: &str, from: usize, quote: Option<u8>, header: bool) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        let stop = match (quote, byte) {
            (Some(_), b'\\') if matches!(bytes.get(at + 1), Some(b'\\')) => {
                at += 2;
                continue;
            }
            // An escaped quote ends a value that began with an escaped one; in a plain one it cannot be told apart, and ending
            // early would leak, so only a following separator ends it.
            (Some(q), b'\\') => bytes.get(at + 1) == Some(&q) && ends_value(bytes.get(at + 2)),
            (Some(q), b) => *b == q,
            (None, b'\n' | b'\r' | b'"') => true,
            (None, b' ' | b'\t' | b'&' | b';' | b',' | b'\'' | b')' | b']' | b'}' | b'<' | b'>') => !header,
            (None, b'%') => !header && matches!(bytes.get(at + 1..at + 3), Some(b"26" | b"23")),
            _ => false,
        };
        if stop {
            break;
        }
        at += 1;
    }
    at.min(text.len())
}

fn ends_value(next: Option<&u8>) -> bool {
    matches!(next, None | Some(b',' | b'}' | b']' | b' ' | b'\r' | b'\n' | b'\\' | b'"'))
}

/// `Authorization: SCHEME secret`: the scheme stays.
fn authorization(text: &str, from: usize, quote: Option<u8>, spans: &mut Vec<Span>) {
    let to = value_end(text, from, quote, true);
    let Some(value) = text.get(from..to) else { return };
    let skip = match value.split_once(' ') {
        Some((scheme, rest))
            if scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !rest.is_empty() =>
        {
            scheme.len() + 1
        }
        _ => 0,
    };
    let Some(secret) = value.get(skip..) else { return };
    if let Some(signature) = secret.find("Signature=").filter(|_| value.starts_with("AWS4-")) {
        // AWS: `Credential=AKIA.../20250101/...` is an identifier, only the signature is secret.
        let start = from + skip + signature + "Signature=".len();
        if start < to && text.get(start..to).is_some_and(|s| !is_placeholder(s)) {
            spans.push(Span { start, end: to, decode: false });
        }
        return;
    }
    if !is_placeholder(secret) {
        spans.push(Span { start: from + skip, end: to, decode: false });
    }
}

/// `Cookie: a=1; b=2`: each value is a secret (`Set-Cookie` attributes such as `Path=/` stay).
fn cookies(text: &str, from: usize, quote: Option<u8>, spans: &mut Vec<Span>) {
    const ATTRIBUTES: [&str; 6] = ["path", "domain", "expires", "max-age", "samesite", "priority"];
    let to = value_end(text, from, quote, true);
    let Some(value) = text.get(from..to) else { return };
    let mut at = from;
    for pair in value.split(';') {
        let (name, secret) = pair.split_once('=').unwrap_or(("", pair));
        let attribute = ATTRIBUTES.iter().any(|a| name.trim().eq_ignore_ascii_case(a))
            || ["httponly", "secure", "partitioned"].iter().any(|a| pair.trim().eq_ignore_ascii_case(a));
        if !attribute && !is_placeholder(secret) {
            let start = at + pair.len() - secret.trim_start().len();
            spans.push(Span { start, end: at + pair.trim_end().len(), decode: true });
        }
        at += pair.len() + 1;
    }
}

/// `Bearer SECRET` and `Basic SECRET` anywhere in the text.
fn after_scheme(text: &str, word: usize, at: usize, spans: &mut Vec<Span>) {
    let Some(scheme) = text.get(word..at) else { return };
    let bearer = scheme.eq_ignore_ascii_case("bearer");
    if !bearer && !scheme.eq_ignore_ascii_case("basic") {
        return;
    }
    let rest = text.get(at + 1..).unwrap_or_default();
    let len = rest.bytes().take_while(|b| super::form::is_token_byte(*b) || *b == b'~').count();
    let Some(secret) = rest.get(..len) else { return };
    let found = if bearer { is_bearer(secret) } else { is_basic(secret) };
    if found && !is_placeholder(secret) {
        spans.push(Span { start: at + 1, end: at + 1 + len, decode: false });
    }
}

/// "Bearer authentication failed" names no token; a token has digits or capitals, or is very long.
fn is_bearer(secret: &str) -> bool {
    secret.len() >= 24
        || (secret.len() >= 8 && secret.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase()))
}

/// Base64 of `user:password`: it decodes to text with a colon.
fn is_basic(secret: &str) -> bool {
    let mut bits: u32 = 0;
    let mut held = 0;
    for byte in secret.bytes().take_while(|b| *b != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return false,
        };
        bits = (bits << 6 | u32::from(value)) & 0xFFFF;
        held += 6;
        if held >= 8 {
            held -= 8;
            if (bits >> held) & 0xFF == u32::from(b':') {
                return true;
            }
        }
    }
    false
}

/// `-----BEGIN ... PRIVATE KEY-----` to its end, or to the end of the text.
fn private_keys(text: &str, spans: &mut Vec<Span>) {
    let mut from = 0;
    while let Some(found) =
        text.get(from..).and_then(|t| memchr::memmem::find(t.as_bytes(), b"PRIVATE KEY-----"))
    {
        let start = from + found;
        let body = start + "PRIVATE KEY-----".len();
        let end = text.get(body..).and_then(|t| t.find("-----END")).map_or(text.len(), |i| body + i);
        if text.get(body..end).is_some_and(|key| !is_placeholder(key)) {
            spans.push(Span { start: body, end, decode: false });
        }
        from = end.max(body);
    }
}
