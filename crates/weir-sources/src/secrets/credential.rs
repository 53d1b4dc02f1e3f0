//! The one name a credential has in every log.

use super::Fingerprints;
use crate::json::{Object, text};

/// Longest token whose payload is looked into, in bytes.
const JWT_MAX: usize = 64 << 10;

/// The fingerprint by which a credential is joined across logs: every source puts session ids, token ids and tokens through this.
///
/// An issuer logs a token's `jti`, a server the session id or the whole `Authorization` header. So `Bearer ` is stripped, and a JWT
/// counts by its `jti` where its payload has one; everything else counts as written.
pub fn credential(fingerprints: &Fingerprints, raw: &str) -> String {
    let raw = raw.trim();
    let token = match raw.split_once(' ') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest.trim_start(),
        _ => raw,
    };
    jti(token).map_or_else(|| fingerprints.of(token), |id| fingerprints.of(&id))
}

/// The `jti` of a JWT.
fn jti(token: &str) -> Option<String> {
    let mut parts = token.split('.');
    let (header, payload) = (parts.next()?, parts.next()?);
    if !header.starts_with("eyJ") || !payload.starts_with("eyJ") || token.len() > JWT_MAX {
        return None;
    }
    let payload = String::from_utf8(base64url(payload)?).ok()?;
    let id = text(Object::parse(&payload)?.get("jti")?)?.into_owned();
    Some(id)
}

fn base64url(encoded: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(encoded.len() / 4 * 3 + 2);
    let (mut bits, mut held) = (0u32, 0u32);
    for byte in encoded.trim_end_matches('=').bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from((bits >> held) & 0xff).ok()?);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"alg":"RS256","kid":"k1"}.{"sub":"m1","jti":"t-77"}`, signature made up.
    const JWT: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiJtMSIsImp0aSI6InQtNzcifQ.c2lnbmF0dXJl";

    #[test]
    fn a_token_and_its_id_are_one_credential() {
        let keys = Fingerprints::default();
        let want = credential(&keys, "t-77");
        for raw in [
            JWT.to_owned(),
            format!("Bearer {JWT}"),
            format!("bearer  {JWT} "),
            " t-77".to_owned(),
            want.clone(),
        ] {
            assert_eq!(credential(&keys, &raw), want, "{raw}");
        }
    }

    #[test]
    fn what_has_no_id_counts_as_written() {
        let keys = Fingerprints::default();
        // `{"sub":"m1"}` has no jti, the next is no base64url, then no JSON, then no JWT.
        for raw in [
            "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtMSJ9.x",
            "eyJh.eyJ*.x",
            "eyJhbGciOiJub25lIn0.eyJzdWI.x",
            "eyJ",
            "a b",
            "",
            "Bearer",
        ] {
            assert_eq!(credential(&keys, raw), keys.of(raw.trim()), "{raw}");
        }
        assert_ne!(credential(&keys, "a"), credential(&keys, "b"));
        assert_ne!(credential(&keys, "a"), credential(&Fingerprints::new([7; 32]), "a"));
    }
}
