//! Secrets known by their own form, and spans of secrets in a text.

use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Where a secret stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Percent-encoded: decode before hashing.
    pub(super) decode: bool,
}

/// The spans in order, overlapping ones joined.
pub(super) fn merged(spans: &[Span]) -> Vec<Span> {
    let mut sorted = spans.to_vec();
    sorted.sort_unstable();
    let mut out: Vec<Span> = Vec::with_capacity(sorted.len());
    for span in sorted {
        match out.last_mut() {
            Some(last) if span.start < last.end => {
                last.end = last.end.max(span.end);
                last.decode |= span.decode;
            }
            _ => out.push(span),
        }
    }
    out
}

/// Prefixes that vendors gave their secrets so that scanners find them, and the fewest characters that follow.
const PREFIXES: &[(&str, usize)] = &[
    ("AIza", 30),
    ("FQoG", 100),
    ("FwoG", 100),
    ("IQoJ", 100),
    ("SG.", 40),
    ("dop_v1_", 40),
    ("ghp_", 30),
    ("gho_", 30),
    ("ghr_", 30),
    ("ghs_", 30),
    ("ghu_", 30),
    ("github_pat_", 30),
    ("glpat-", 16),
    ("hvb.", 20),
    ("hvs.", 20),
    ("npm_", 30),
    ("rk_live_", 16),
    ("rk_test_", 16),
    ("shpat_", 24),
    ("sk-ant-", 20),
    ("sk-proj-", 20),
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("xapp-", 20),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("xoxs-", 20),
    ("ya29.", 20),
];

/// Fewer bytes than any secret of known form has.
pub(super) const KNOWN_MIN: usize = 20;

/// Characters a token of a known form is made of.
pub(super) fn is_token_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b'+' | b'=')
}

/// Length of the secret of known form that a text begins with, 0 when there is none. A JWT is `eyJ` (`{"` in base64url) and what
/// follows; a cut one counts as well.
pub(super) fn known_secret(bytes: &[u8]) -> usize {
    let candidate = match bytes.first() {
        Some(b'e') => bytes.starts_with(b"eyJ"),
        Some(b'A' | b'F' | b'I' | b'S' | b'd' | b'g' | b'h' | b'n' | b'r' | b's' | b'x' | b'y') => true,
        _ => false,
    };
    if !candidate {
        return 0;
    }
    if bytes.starts_with(b"eyJ") {
        let url_byte = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'=');
        let run = bytes.iter().take_while(|b| url_byte(b)).count();
        return if run >= KNOWN_MIN { run } else { 0 };
    }
    let Some((prefix, least)) = PREFIXES.iter().find(|(p, _)| bytes.starts_with(p.as_bytes())) else {
        return 0;
    };
    let wide = *least >= 100;
    let run = bytes
        .iter()
        .skip(prefix.len())
        .take_while(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.') || (wide && is_token_byte(**b))
        })
        .count();
    if run >= *least { prefix.len() + run } else { 0 }
}

/// JWTs anywhere in a text that begins at `base`, inside words too.
pub(super) fn jwt_spans(text: &str, base: usize, spans: &mut Vec<Span>) {
    static MARK: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"eyJ"));
    let mut from = 0;
    while let Some(found) = text.as_bytes().get(from..).and_then(|rest| MARK.find(rest)) {
        let start = from + found;
        let len = text.as_bytes().get(start..).map_or(0, known_secret);
        if len > 0 {
            spans.push(Span { start: base + start, end: base + start + len, decode: false });
        }
        from = start + len.max(3);
    }
}

/// Values that say "a secret was here" or nothing at all: fingerprinting them would join strangers.
pub(super) fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    value.bytes().all(|b| matches!(b, b'*' | b'-' | b'.'))
        || (value.len() >= 3 && value.bytes().all(|b| matches!(b, b'x' | b'X')))
        || [
            "redacted",
            "[redacted]",
            "<redacted>",
            "hidden_due_to_security_reasons",
            "null",
            "none",
            "true",
            "false",
            "(null)",
        ]
        .iter()
        .any(|p| value.eq_ignore_ascii_case(p))
        || super::is_fingerprint(value)
}

/// Whether a value looks made by a machine: long, and not one plain word or number.
pub(super) fn is_long_random(value: &str) -> bool {
    value.len() >= 16
        && value.bytes().any(|b| b.is_ascii_alphabetic())
        && value.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        && !value.bytes().any(|b| b == b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_known_form_is_shorter_than_the_least() {
        assert!(PREFIXES.iter().all(|(prefix, least)| prefix.len() + least >= KNOWN_MIN));
    }
}
