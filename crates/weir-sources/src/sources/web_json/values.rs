//! Numbers with units, and what a credential field holds.

use crate::json::{Raw, integer, text};

/// A size that is not negative.
pub(super) fn bytes_of(raw: Raw<'_>) -> Option<i64> {
    integer(raw).filter(|n| *n >= 0)
}

/// A duration in microseconds: by the unit written (`12ms`), else by the name, else seconds.
pub(super) fn duration_us(name: &str, raw: Raw<'_>) -> Option<i64> {
    let written = text(raw)?;
    let split = written
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+')))
        .unwrap_or(written.len());
    let (number, unit) = written.split_at_checked(split)?;
    let per_unit = match unit.trim() {
        "s" => 1e6,
        "ms" => 1e3,
        "us" | "µs" | "μs" => 1.0,
        "ns" => 1e-3,
        "" => match name {
            _ if name.ends_with("_ms") => 1e3,
            _ if name.ends_with("_us") || name.is_empty() => 1.0,
            _ if name.ends_with("_ns") || name == "Duration" => 1e-3,
            _ => 1e6,
        },
        _ => return None,
    };
    let micros = (number.parse::<f64>().ok()? * per_unit).round();
    #[expect(clippy::cast_possible_truncation, reason = "the range is tested")]
    (0.0..9.0e18).contains(&micros).then_some(micros as i64)
}

/// The secret in a credential field: the value itself, or what follows the scheme in an `Authorization` header. `None` when the
/// server wrote a placeholder.
pub(super) fn secret_of(value: &str) -> Option<&str> {
    let value = value.trim();
    let secret = match value.split_once(' ') {
        Some((scheme, rest)) if scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') => rest.trim(),
        _ => value,
    };
    let placeholder = secret.is_empty()
        || secret.bytes().all(|b| matches!(b, b'*' | b'-'))
        || secret.eq_ignore_ascii_case("redacted");
    (!placeholder).then_some(secret)
}

/// The `kid` in a JWT's header.
pub(super) fn kid_of(token: &str) -> Option<String> {
    let (header, _) = token.split_once('.')?;
    let json = base64url(header)?;
    let header: serde_json::Value = serde_json::from_slice(&json).ok()?;
    header.get("kid")?.as_str().map(str::to_owned)
}

/// Longest JWT header decoded, in characters.
const HEADER_MAX: usize = 4 << 10;

fn base64url(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut held): (u32, u32) = (0, 0);
    let mut out = Vec::new();
    if !text.starts_with("eyJ") || text.len() > HEADER_MAX {
        return None;
    }
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xFFFF;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from((bits >> held) & 0xFF).ok()?);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Object;

    #[test]
    fn durations_know_their_units() {
        for (name, value, want) in [
            ("request_time", "0.012", Some(12_000)),
            ("duration", "1.5e-3", Some(1_500)),
            ("duration_ms", "7", Some(7_000)),
            ("Duration", "2500000", Some(2_500)),
            ("latency", "\"12.5ms\"", Some(12_500)),
            ("latency", "\"0.003s\"", Some(3_000)),
            ("", "42", Some(42)),
            ("latency", "\"soon\"", None),
            ("latency", "-1", None),
            ("latency", "1e300", None),
        ] {
            let object = format!("{{\"x\":{value}}}");
            let raw = Object::parse(&object).unwrap().get("x").unwrap();
            assert_eq!(duration_us(name, raw), want, "{name} {value}");
        }
    }

    #[test]
    fn a_jwt_tells_its_key() {
        assert_eq!(kid_of("eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.e30.x").as_deref(), Some("k1"));
        for token in ["", "x.y.z", "eyJ", "eyJhbGciOiJIUzI1NiJ9.e30.x"] {
            assert_eq!(kid_of(token), None, "{token}");
        }
        assert_eq!(secret_of("Bearer abc"), Some("abc"));
        assert_eq!(secret_of("REDACTED"), None);
    }
}
