//! Secrets become keyed fingerprints before anything is written.
//!
//! Decisive choice: a secret is replaced by a *keyed* hash of itself, so the same token is the same word in every log (joins work)
//! and nobody without the key can test a guess. What is a secret is decided by its name (`password=`, `X-Amz-Signature`,
//! `Cookie:`) or by its own form (a JWT, `ghp_...`); public ids such as AWS `AKIA...` key ids are identifiers and stay.
//! Text without a secret is borrowed, not copied.
//!
//! What this module refuses: keeping a key on disk (the caller does), and guessing that a long random word is a secret when
//! neither its name nor its form says so.

mod clean;
mod credential;
mod form;
mod json;
mod names;
mod text;
mod uri;

pub use clean::Clean;
pub use credential::credential;

use std::borrow::Cow;
use std::fmt;

/// The key of [`Fingerprints::default`]: for tests and fixtures only, public on purpose.
const TEST_KEY: [u8; 32] = *b"weir test key: public, no secret";

/// Digits of a fingerprint after `fp_`.
const DIGITS: usize = 24;

/// Makes keyed fingerprints of secrets: `fp_` and 24 hexadecimal digits of keyed BLAKE3.
#[derive(Clone)]
pub struct Fingerprints {
    key: [u8; 32],
}

impl Default for Fingerprints {
    /// With a fixed public key, for tests; a lake has its own.
    fn default() -> Self {
        Self { key: TEST_KEY }
    }
}

impl fmt::Debug for Fingerprints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fingerprints").field("key_id", &self.key_id()).finish()
    }
}

impl Fingerprints {
    /// With a key of the user's.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// Names the key without telling it: fingerprints are comparable only under the same key.
    pub fn key_id(&self) -> String {
        let derived = blake3::derive_key("weir 2026 fingerprint key id", &self.key);
        let mut id = String::from("k_");
        push_hex(&mut id, derived.iter().take(8));
        id
    }

    /// A person's pseudonym: the same for one id everywhere, in whichever namespace it is, and nobody's without the key.
    pub fn pseudonym(&self, id: &str) -> String {
        let key = blake3::derive_key("weir 2026 pseudonym key", &self.key);
        let mut hasher = blake3::Hasher::new_keyed(&key);
        let mut out = String::from("p_");
        push_hex(&mut out, hasher.update(id.as_bytes()).finalize().as_bytes().iter().take(8));
        out
    }

    /// The fingerprint of a secret. What is already a fingerprint stays as it is.
    pub fn of(&self, secret: &str) -> String {
        if is_fingerprint(secret) {
            return secret.to_owned();
        }
        let mut out = String::with_capacity(3 + DIGITS);
        self.push(&mut out, secret);
        out
    }

    /// Replaces secrets in free text: authorisation headers, cookies, JWTs and known keys, `name=value` and `"name": "value"`
    /// pairs with a secret's name, passwords in URLs, private-key blocks.
    pub fn scrub<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.replace(text, &text::spans(text))
    }

    /// Replaces secrets in a URL query (without its `?`).
    pub fn scrub_query<'a>(&self, query: &'a str) -> Cow<'a, str> {
        self.replace(query, &uri::query_spans(query, 0))
    }

    /// Replaces secrets in a URL path: segments that are JWTs or known keys, and `;jsessionid=` parameters.
    pub fn scrub_path<'a>(&self, path: &'a str) -> Cow<'a, str> {
        self.replace(path, &uri::path_spans(path, 0))
    }

    /// Replaces secrets in a URL, absolute or only a path: user information, path, query and fragment.
    pub fn scrub_url<'a>(&self, url: &'a str) -> Cow<'a, str> {
        self.replace(url, &uri::url_spans(url))
    }

    fn push(&self, out: &mut String, secret: &str) {
        let hash = blake3::keyed_hash(&self.key, secret.as_bytes());
        out.push_str("fp_");
        push_hex(out, hash.as_bytes().iter().take(DIGITS / 2));
    }

    /// Replaces each span's secret (percent-decoded, so that it joins with the same secret in a header) by its fingerprint.
    fn replace<'a>(&self, text: &'a str, spans: &[form::Span]) -> Cow<'a, str> {
        if spans.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for span in form::merged(spans) {
            let (Some(before), Some(secret)) = (text.get(done..span.start), text.get(span.start..span.end))
            else {
                continue;
            };
            out.push_str(before);
            if span.decode && secret.contains('%') {
                out.push_str(&credential(self, &uri::decoded(secret)));
            } else {
                out.push_str(&credential(self, secret));
            }
            done = span.end;
        }
        out.push_str(text.get(done..).unwrap_or_default());
        Cow::Owned(out)
    }
}

fn push_hex<'a>(out: &mut String, bytes: impl Iterator<Item = &'a u8>) {
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
}

/// Whether a value is a fingerprint already: `fp_` and 24 hexadecimal digits.
pub fn is_fingerprint(value: &str) -> bool {
    value.strip_prefix("fp_").is_some_and(|rest| {
        rest.len() == DIGITS && rest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

#[cfg(test)]
mod tests;
