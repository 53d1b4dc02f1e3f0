//! What a path segment or a query value is by its form alone: a word, or a value that stands in for many.
//!
//! Decisive choice: form only, no memory, so that the same text always gives the same answer. Words that are values (`alice` under
//! `/users/`) have no form; those are learned.

use std::borrow::Cow;

/// The form of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Form {
    /// A word of the site, as far as form tells.
    Word,
    /// A number, UUID, ULID, hexadecimal or other id.
    Id,
    /// A calendar date.
    Date,
    /// An e-mail address.
    EMail,
    /// A telephone number.
    Phone,
    /// A static file: style sheet, script, picture, font.
    File,
}

impl Form {
    /// How a route writes it; a word stands for itself.
    pub(crate) fn token(self) -> Option<&'static str> {
        match self {
            Self::Word => None,
            Self::Id => Some("{id}"),
            Self::Date => Some("{date}"),
            Self::EMail => Some("{e_mail}"),
            Self::Phone => Some("{phone}"),
            Self::File => Some("{file}"),
        }
    }

    /// Whether it may name a person.
    pub(crate) fn may_name(self) -> bool {
        matches!(self, Self::Id | Self::EMail | Self::Phone)
    }
}

/// Longest segment still taken for a word, in bytes.
pub(crate) const WORD_BYTES_MAX: usize = 80;

const FILE_ENDINGS: &[&str] = &[
    "avif", "bmp", "css", "eot", "gif", "ico", "jpeg", "jpg", "js", "map", "mjs", "mp3", "mp4", "otf", "png",
    "svg", "ttf", "wasm", "webm", "webp", "woff", "woff2",
];

/// The form of a decoded segment or value.
pub(crate) fn form(text: &str) -> Form {
    let bytes = text.as_bytes();
    // What most segments are: neither can be anything else.
    match bytes.first() {
        Some(first) if first.is_ascii_digit() && is_number(bytes) => return Form::Id,
        Some(first) if first.is_ascii_lowercase() && is_plain(bytes) => return Form::Word,
        _ => {}
    }
    match () {
        () if is_date(bytes) => Form::Date,
        () if is_e_mail(text) => Form::EMail,
        () if is_phone(bytes) => Form::Phone,
        () if is_file(text) => Form::File,
        () if is_number(bytes) || is_uuid(bytes) || is_hex(bytes) || is_token(text) => Form::Id,
        () if bytes.len() > WORD_BYTES_MAX => Form::Id,
        () => Form::Word,
    }
}

/// A word of small letters only, not too long.
fn is_plain(bytes: &[u8]) -> bool {
    bytes.len() <= WORD_BYTES_MAX && bytes.iter().all(u8::is_ascii_lowercase)
}

fn is_number(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit)
}

/// `2024-05-31`.
fn is_date(bytes: &[u8]) -> bool {
    matches!(bytes, [_, _, _, _, b'-', _, _, b'-', _, _])
        && bytes.iter().filter(|b| b.is_ascii_digit()).count() == 8
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() == 36
        && bytes
            .iter()
            .enumerate()
            .all(|(i, b)| if [8, 13, 18, 23].contains(&i) { *b == b'-' } else { b.is_ascii_hexdigit() })
}

fn is_hex(bytes: &[u8]) -> bool {
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    bytes.len() >= 8 && bytes.iter().all(u8::is_ascii_hexdigit) && digits > 0
}

fn is_e_mail(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |s: &str| {
        !s.is_empty() && !s.contains(|c: char| c.is_whitespace() || matches!(c, '/' | ':' | '<' | '>'))
    };
    plain(local)
        && plain(domain)
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
}

/// `+821012345678`, `010-1234-5678`, `(212) 555-0199`.
fn is_phone(bytes: &[u8]) -> bool {
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let marks = bytes.iter().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b' ' | b'(' | b')'));
    let hyphens = bytes.iter().filter(|b| **b == b'-').count();
    let international = bytes.first() == Some(&b'+');
    let national = matches!(bytes.first(), Some(b'0' | b'(')) && (1..=3).contains(&hyphens);
    marks && (9..=15).contains(&digits) && (international || national)
}

fn is_file(text: &str) -> bool {
    text.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty() && FILE_ENDINGS.binary_search(&ending.to_ascii_lowercase().as_str()).is_ok()
    })
}

/// Changes between letter and digit, or between lower and upper case, within a text.
fn changes(part: &str) -> (usize, usize) {
    let pairs = || part.as_bytes().windows(2);
    let kind = pairs().filter(|w| matches!(w, [a, b] if a.is_ascii_digit() != b.is_ascii_digit())).count();
    let case =
        pairs().filter(|w| matches!(w, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase())).count();
    (kind, case)
}

/// Ids that mix letters and digits: `7XK2P13`, `ORD-2024-00012`, `u48213`, `01ARZ3NDEKTSV4RRFFQ69G5FAV`, `dGhpc0lzQVRva2Vu`.
fn is_token(text: &str) -> bool {
    if !text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=' | b'+' | b'~' | b'.'))
    {
        return false;
    }
    let parts = || text.split(['-', '_', '.', '=', '+', '~']).filter(|p| !p.is_empty());
    parts().any(|part| {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        let (kinds, cases) = changes(part);
        let mixed = part.len() >= 5 && digits >= 2 && kinds >= 3;
        let encoded = part.len() >= 16
            && if digits >= 2 { part.len() < 8 * (cases + kinds) } else { part.len() <= 3 * cases };
        mixed || encoded
    }) || is_numbered(text)
}

/// A short prefix and a long number: `u48213`, `user-88123`, `ORD-2024-00012`, `fp_...` fingerprints.
fn is_numbered(text: &str) -> bool {
    let letters = text.bytes().take_while(|b| b.is_ascii_alphabetic()).count();
    let rest = text.get(letters..).unwrap_or("");
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    let numbers = rest.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'_'));
    let shouted = text.bytes().take(letters).all(|b| b.is_ascii_uppercase());
    let long = if letters <= 2 { digits >= 4 && digits == rest.len() } else { digits >= 5 };
    numbers && (1..=8).contains(&letters) && (long || (shouted && digits >= 3))
}

/// Percent-decodes a segment or value; what is not UTF-8 afterwards stays as written.
pub(crate) fn decode(raw: &str) -> Cow<'_, str> {
    // Segments are short: looking at byte after byte is the quickest.
    if raw.bytes().all(|byte| byte != b'%') {
        return Cow::Borrowed(raw);
    }
    let hex = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
    let bytes = raw.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        match (byte, hex(bytes.get(at + 1)), hex(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).map_or(Cow::Borrowed(raw), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_words() {
        let ids = [
            "8812",
            "0",
            "550e8400-e29b-41d4-a716-446655440000",
            "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "a94a8fe5ccb19ba6",
            "7XK2P13",
            "u48213",
            "user-88123",
            "ORD-2024-00012",
            "dGhpc0lzQVRva2Vu",
            "i-0a1b2c3d4e5f",
            "fp_0a1b2c3d4e5f0a1b2c3d4e5f",
        ];
        for id in ids {
            assert_eq!(form(id), Form::Id, "{id}");
        }
        let words = [
            "members",
            "addresses",
            "v1",
            "html5",
            "logstash-puppetconf-2012",
            "mp3",
            "x86_64",
            "alice",
            "index.html",
            "my-first-post",
            "log4j",
            "wp-login.php",
            "getUserProfile",
            "reset.css.html",
            "deadbeef",
            "%EC%9A%B0",
            "",
            "us-east-1",
            "LongCamelCaseNameOfAPage",
        ];
        for word in words {
            assert_eq!(form(word), Form::Word, "{word}");
        }
    }

    #[test]
    fn other_forms_are_known() {
        assert_eq!(form("2024-05-31"), Form::Date);
        assert_eq!(form("ann@example.org"), Form::EMail);
        assert_eq!(form("+821012345678"), Form::Phone);
        assert_eq!(form("010-1234-5678"), Form::Phone);
        assert_eq!(form("app.8c1f.js"), Form::File);
        assert_eq!(decode("ann%40example.org"), "ann@example.org");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%ff"), "%ff");
    }
}
