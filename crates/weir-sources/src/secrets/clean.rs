//! Texts that come again and again, such as client strings and names of parameters: what was found to hold no secret is not searched again.
//!
//! Decisive choice: a fixed number of places, of which a text can take one. So the memory is bounded, a look-up is one comparison, and what was
//! put out by another text is only searched once more.

use super::names::{Rule, rule};
use super::{Fingerprints, json, text, uri};
use std::borrow::Cow;

/// Places for texts; a power of two.
const PLACES: usize = 1 << 10;
/// The longest text that is kept, in bytes.
const BYTES_MAX: usize = 512;

/// Texts lately found to hold no secret.
#[derive(Debug, Default)]
pub struct Clean {
    texts: Places,
    urls: Places,
    names: Places,
}

#[derive(Debug, Default)]
struct Places(Vec<Box<str>>);

impl Clean {
    /// What [`Fingerprints::scrub`] says.
    pub fn scrub<'a>(&mut self, fingerprints: &Fingerprints, text: &'a str) -> Cow<'a, str> {
        self.texts.searched(text, |text| fingerprints.replace(text, &text::spans(text)))
    }

    /// What [`Fingerprints::scrub_url`] says.
    pub fn scrub_url<'a>(&mut self, fingerprints: &Fingerprints, url: &'a str) -> Cow<'a, str> {
        self.urls.searched(url, |url| fingerprints.replace(url, &uri::url_spans(url)))
    }

    /// What [`Fingerprints::scrub_query`] says.
    pub fn scrub_query<'a>(&mut self, fingerprints: &Fingerprints, query: &'a str) -> Cow<'a, str> {
        let names = &mut self.names;
        if uri::is_clean_query(query, |name| names.knows(name, uri::is_harmless)) {
            return Cow::Borrowed(query);
        }
        fingerprints.scrub_query(query)
    }

    /// Replaces secrets in JSON text, by a member's name and by a value's form; `None` for what is no JSON or nested deeper than 128 levels.
    pub fn scrub_json(&mut self, fingerprints: &Fingerprints, text: &str) -> Option<String> {
        json::scrub(self, fingerprints, text)
    }

    /// What a name says of its value.
    pub(super) fn rule(&mut self, name: &str) -> Rule {
        if self.names.knows(name, uri::is_harmless) { Rule::Never } else { rule(name) }
    }
}

impl Places {
    /// Whether a text holds no secret, looked at if it is not known.
    fn knows(&mut self, text: &str, look: impl FnOnce(&str) -> bool) -> bool {
        if text.len() > BYTES_MAX {
            return look(text);
        }
        let place = place(text.as_bytes());
        let known = self.0.get(place).is_some_and(|clean| **clean == *text);
        if !known && look(text) {
            self.keep(place, text);
            return true;
        }
        known
    }

    fn keep(&mut self, place: usize, text: &str) {
        if self.0.is_empty() {
            self.0.resize_with(PLACES, Box::default);
        }
        if let Some(free) = self.0.get_mut(place) {
            *free = text.into();
        }
    }

    fn searched<'a>(&mut self, text: &'a str, search: impl FnOnce(&'a str) -> Cow<'a, str>) -> Cow<'a, str> {
        if text.len() > BYTES_MAX {
            return search(text);
        }
        let place = place(text.as_bytes());
        if self.0.get(place).is_some_and(|clean| **clean == *text) {
            return Cow::Borrowed(text);
        }
        let searched = search(text);
        if matches!(searched, Cow::Borrowed(_)) {
            self.keep(place, text);
        }
        searched
    }
}

/// Where a text goes, by its length, its first, middle and last bytes: any spread will do, since the text is compared.
fn place(text: &[u8]) -> usize {
    let part = |from: usize| {
        let bytes = text.get(from..).and_then(|rest| rest.first_chunk::<8>());
        bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
    };
    let last = text.len().saturating_sub(8);
    let all = part(0) ^ part(last / 2).rotate_left(21) ^ part(last).rotate_left(43) ^ text.len() as u64;
    (all.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - PLACES.trailing_zeros())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_answered_as_if_it_were_new() {
        let prints = Fingerprints::default();
        let mut clean = Clean::default();
        let texts =
            ["Mozilla/5.0 (X11) Client/1.0", "token=abcdefgh12345678", "", "curl/8", "a password: hunter22"];
        let urls =
            ["https://shop.example/", "https://u:secretpw@shop.example/a?token=abcdefgh12345678", "/a"];
        let queries = [
            "page=8",
            "page=8&token=a&page=9",
            "password=a",
            "",
            "=a",
            "a&b;pin=1",
            "q=Bearer+x",
            "u=%2F%3Fsig%3Dabc",
            "page=eyJhbGciOiJIUzI1NiJ9abc",
            "user[password]=a",
        ];
        let more: Vec<String> =
            (0..5_000).map(|n| format!("Client/{n}.0 of many that share a beginning")).collect();
        for _ in 0..2 {
            for text in texts.into_iter().chain(more.iter().map(String::as_str)) {
                assert_eq!(clean.scrub(&prints, text), prints.scrub(text), "{text}");
            }
            for url in urls {
                assert_eq!(clean.scrub_url(&prints, url), prints.scrub_url(url), "{url}");
            }
            for query in queries {
                assert_eq!(clean.scrub_query(&prints, query), prints.scrub_query(query), "{query}");
            }
        }
    }
}
