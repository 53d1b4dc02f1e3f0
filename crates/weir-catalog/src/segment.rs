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

/// Shortest hexadecimal id, and shortest text that looks encoded, in bytes.
const HEX_BYTES_MIN: usize = 8;
const ENCODED_BYTES_MIN: usize = 16;

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
    let (mut has, mut digits) = (0, 0);
    for byte in bytes {
        let class = CLASSES[usize::from(*byte)];
        has |= class;
        digits += usize::from(class == DIGIT);
    }
    let only = |allowed: u16| has & !allowed == 0;
    match () {
        () if digits == 8 && is_date(bytes) => Form::Date,
        () if has & AT != 0 && is_e_mail(text) => Form::EMail,
        () if only(DIGIT | PLUS | HYPHEN | PHONE_MARK) && is_phone(bytes, digits) => Form::Phone,
        () if has & DOT != 0 && is_file(text) => Form::File,
        () if has == DIGIT || is_uuid(bytes) => Form::Id,
        () if only(DIGIT | HEX) && digits > 0 && bytes.len() >= HEX_BYTES_MIN => Form::Id,
        // Neither short nor without digits are there any.
        () if only(TOKEN) && (digits >= 2 || bytes.len() >= ENCODED_BYTES_MIN) && is_token(text) => Form::Id,
        () if bytes.len() > WORD_BYTES_MAX => Form::Id,
        () => Form::Word,
    }
}

/// What a byte is, as far as forms ask.
const DIGIT: u16 = 1;
const HEX: u16 = 1 << 1;
const LETTER: u16 = 1 << 2;
const HYPHEN: u16 = 1 << 3;
const DOT: u16 = 1 << 4;
const PLUS: u16 = 1 << 5;
const AT: u16 = 1 << 6;
const PHONE_MARK: u16 = 1 << 7;
const TOKEN_MARK: u16 = 1 << 8;
const OTHER: u16 = 1 << 9;
/// What tokens are made of.
const TOKEN: u16 = DIGIT | HEX | LETTER | HYPHEN | DOT | PLUS | TOKEN_MARK;

const CLASSES: [u16; 256] = {
    let mut classes = [OTHER; 256];
    let mut byte = 0;
    while byte < classes.len() {
        match byte as u8 {
            b'0'..=b'9' => classes[byte] = DIGIT,
            b'a'..=b'f' | b'A'..=b'F' => classes[byte] = HEX,
            b'g'..=b'z' | b'G'..=b'Z' => classes[byte] = LETTER,
            b'-' => classes[byte] = HYPHEN,
            b'.' => classes[byte] = DOT,
            b'+' => classes[byte] = PLUS,
            b'@' => classes[byte] = AT,
            b' ' | b'(' | b')' => classes[byte] = PHONE_MARK,
            b'_' | b'=' | b'~' => classes[byte] = TOKEN_MARK,
            _ => {}
        }
        byte += 1;
    }
    classes
};

/// A word of small letters only, not too long.
fn is_plain(bytes: &[u8]) -> bool {
    bytes.len() <= WORD_BYTES_MAX && bytes.iter().all(u8::is_ascii_lowercase)
}

fn is_number(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit)
}

/// `2024-05-31`, of eight digits.
fn is_date(bytes: &[u8]) -> bool {
    matches!(bytes, [_, _, _, _, b'-', _, _, b'-', _, _])
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() == 36
        && bytes
            .iter()
            .enumerate()
            .all(|(i, b)| if [8, 13, 18, 23].contains(&i) { *b == b'-' } else { b.is_ascii_hexdigit() })
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

/// `+821012345678`, `010-1234-5678`, `(212) 555-0199`, of so many digits and marks that telephone numbers have.
fn is_phone(bytes: &[u8], digits: usize) -> bool {
    let hyphens = bytes.iter().filter(|b| **b == b'-').count();
    let international = bytes.first() == Some(&b'+');
    let national = matches!(bytes.first(), Some(b'0' | b'(')) && (1..=3).contains(&hyphens);
    (9..=15).contains(&digits) && (international || national)
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
    let parts = || text.split(['-', '_', '.', '=', '+', '~']).filter(|p| !p.is_empty());
    parts().any(|part| {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        let (kinds, cases) = changes(part);
        let mixed = part.len() >= 5 && digits >= 2 && kinds >= 3;
        let encoded = part.len() >= ENCODED_BYTES_MIN
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
