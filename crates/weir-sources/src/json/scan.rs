//! Where JSON values begin and end.
//!
//! Decisive choice: one pass that checks all it skips, and keeps open brackets in a list of its own: what is not looked at is still known
//! to be JSON, and depth costs memory, never the stack.
//!
//! What this module refuses: decoding anything.

use super::Raw;

/// A member's name.
pub(super) enum Name<'a> {
    /// Without escapes: what stands between its quotes.
    Plain(&'a str),
    /// With escapes and quotes.
    Escaped(&'a str),
}

/// A place in a text of JSON.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Brackets open around this place, of the value being skipped.
    open: Vec<u8>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, open: Vec::new() }
    }

    /// The byte here.
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no blank.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.byte() {
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Goes past this byte and the blanks before it, if it is the next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Goes past this text, if it stands here.
    pub(super) fn skip(&mut self, text: &str) -> bool {
        let is_here = self.rest().as_bytes().starts_with(text.as_bytes());
        self.at += if is_here { text.len() } else { 0 };
        is_here
    }

    /// What stands behind this place.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes past a member's name and its colon.
    pub(super) fn name(&mut self) -> Option<Name<'a>> {
        if self.peek()? != b'"' {
            return None;
        }
        let from = self.at;
        let name = match self.string()? {
            true => Name::Escaped(self.text.get(from..self.at)?),
            false => Name::Plain(self.text.get(from + 1..self.at - 1)?),
        };
        self.eat(b':').then_some(name)
    }

    /// Goes past a value.
    pub(super) fn value(&mut self) -> Option<Raw<'a>> {
        let byte = self.peek()?;
        let from = self.at;
        match byte {
            b'{' | b'[' => self.nested()?,
            _ => self.scalar(byte)?,
        }
        self.text.get(from..self.at).map(Raw)
    }

    fn scalar(&mut self, first: u8) -> Option<()> {
        match first {
            b'"' => self.string().map(drop),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => None,
        }
    }

    fn nested(&mut self) -> Option<()> {
        self.open.clear();
        loop {
            let byte = self.peek()?;
            match byte {
                b'{' | b'[' => {
                    self.at += 1;
                    if !self.eat(closing(byte)) {
                        self.open.push(byte);
                        if byte == b'{' {
                            self.name()?;
                        }
                        continue;
                    }
                }
                _ => self.scalar(byte)?,
            }
            if !self.is_followed()? {
                return Some(());
            }
        }
    }

    /// Goes past the brackets that close after a value, and the comma before the next. False when there is none.
    fn is_followed(&mut self) -> Option<bool> {
        while let Some(open) = self.open.last().copied() {
            if self.eat(b',') {
                if open == b'{' {
                    self.name()?;
                }
                return Some(true);
            }
            if !self.eat(closing(open)) {
                return None;
            }
            self.open.pop();
        }
        Some(false)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.skip(word).then_some(())
    }

    /// From the opening quote past the closing one. Whether there are escapes between them.
    fn string(&mut self) -> Option<bool> {
        self.at += 1;
        let mut escaped = false;
        loop {
            self.at += plain(self.text.as_bytes().get(self.at..)?);
            match self.byte()? {
                b'"' => {
                    self.at += 1;
                    return Some(escaped);
                }
                b'\\' => self.escape()?,
                _ => return None,
            }
            escaped = true;
        }
    }

    fn escape(&mut self) -> Option<()> {
        let escaped = self.text.as_bytes().get(self.at + 1..)?;
        self.at += match escaped {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'u', digits @ ..] if digits.first_chunk::<4>()?.iter().all(u8::is_ascii_hexdigit) => 6,
            _ => return None,
        };
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        self.at += usize::from(self.byte() == Some(b'-'));
        let zero = self.byte() == Some(b'0');
        // Nothing follows a leading zero.
        if self.digits()? > 1 && zero {
            return None;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Some(())
    }

    /// Goes past digits, of which there is one at least. How many there are.
    fn digits(&mut self) -> Option<usize> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let count = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        self.at += count;
        (count > 0).then_some(count)
    }
}

fn closing(bracket: u8) -> u8 {
    if bracket == b'{' { b'}' } else { b']' }
}

/// Whether what stands between a string's quotes has no escapes.
pub(super) fn is_plain(inside: &str) -> bool {
    plain(inside.as_bytes()) == inside.len()
}

/// How many bytes stand before the first that means something in a string: a quote, a backslash, or a control character, which cannot be.
pub(crate) fn plain(bytes: &[u8]) -> usize {
    let (chunks, tail) = bytes.as_chunks::<8>();
    for (n, chunk) in chunks.iter().enumerate() {
        let marks = marks(u64::from_le_bytes(*chunk));
        if marks != 0 {
            return n * 8 + marks.trailing_zeros() as usize / 8;
        }
    }
    let is_mark = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    chunks.len() * 8 + tail.iter().position(is_mark).unwrap_or(tail.len())
}

/// The high bit of the first of eight bytes that means something, and perhaps of some after it: a byte less than `n` borrows when `n` is
/// taken from it, and the borrow reaches the bytes above.
fn marks(bytes: u64) -> u64 {
    const EACH: u64 = u64::MAX / 255;
    let below = |bytes: u64, n: u64| bytes.wrapping_sub(EACH * n) & !bytes;
    let equal = |byte: u8| below(bytes ^ (EACH * u64::from(byte)), 1);
    (below(bytes, 0x20) | equal(b'"') | equal(b'\\')) & (EACH << 7)
}

#[cfg(test)]
mod tests {
    use super::super::{items, leading, members};
    use proptest::prelude::*;
    use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
    use serde_json::value::RawValue;
    use std::fmt;

    /// An object as `serde_json` reads it: names as they are quoted and values as they stand.
    struct Reference<'a>(Vec<(&'a str, &'a str)>);

    impl<'de: 'a, 'a> Deserialize<'de> for Reference<'a> {
        fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
            struct Members;
            impl<'de> Visitor<'de> for Members {
                type Value = Reference<'de>;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                    let mut all = Vec::new();
                    while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                        all.push((name.get(), value.get()));
                    }
                    Ok(Reference(all))
                }
            }
            d.deserialize_map(Members)
        }
    }

    /// What is said of a text is what `serde_json` says.
    fn check(text: &str) {
        let mut found = Vec::new();
        let is_object = members(text, |name, value| found.push((name.into_owned(), value.get()))).is_some();
        let reference = serde_json::from_str::<Reference<'_>>(text).ok();
        assert_eq!(is_object, reference.is_some(), "{text:?}");
        for ((name, value), (quoted, want)) in found.iter().zip(reference.iter().flat_map(|r| &r.0)) {
            assert_eq!((name, value), (&decoded(quoted), want), "{text:?}");
        }
        assert!(reference.is_none_or(|r| r.0.len() == found.len()), "{text:?}");

        let list = items(text).map(|all| all.iter().map(|raw| raw.get()).collect::<Vec<_>>());
        let reference = serde_json::from_str::<Vec<&RawValue>>(text).ok();
        assert_eq!(list, reference.map(|all| all.iter().map(|raw| raw.get()).collect()), "{text:?}");

        let mut stream = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
        let reference =
            stream.next().and_then(Result::ok).map(|raw| (raw.get(), &text[stream.byte_offset()..]));
        assert_eq!(leading(text).map(|(raw, rest)| (raw.get(), rest)), reference, "{text:?}");
    }

    /// Surrogates that stand alone are bytes that are no text.
    fn decoded(quoted: &str) -> String {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
        }
        let bytes = serde_json::Deserializer::from_str(quoted).deserialize_bytes(Bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Every text of a few marks, alone and as a member's value.
    #[test]
    fn every_short_text_is_judged_as_serde_json_judges_it() {
        const MARKS: &[u8] = br#"0 1 -.e+"\u{}[],:"#;
        let mut texts = vec![String::new()];
        for _ in 0..4 {
            let longer = texts
                .iter()
                .flat_map(|text| MARKS.iter().map(move |mark| format!("{text}{}", char::from(*mark))));
            texts = longer.collect();
            for text in &texts {
                check(text);
                check(&format!("{{\"a\":{text}}}"));
            }
        }
    }

    #[test]
    fn words_strings_and_what_follows_them_are_judged_as_serde_json_judges_them() {
        let long = "x".repeat(40);
        for place in 0..long.len() {
            for mark in [
                "\"", "\\\"", "\\", "\\u12aF", "\\u12g4", "\\ud800", "\n", "\u{1f}", "\u{7f}", "é",
                "\u{ffff}", "\0",
            ] {
                let (before, after) = long.split_at(place);
                check(&format!("\"{before}{mark}{after}\""));
                check(&format!("{{\"{before}{mark}{after}\":1}}"));
            }
        }
        for word in [
            "true",
            "false",
            "null",
            "nul",
            "tru",
            "truex",
            "true1",
            "True",
            "nullnull",
            "NaN",
            "1 ",
            "1x",
            "\"\"x",
            "{}x",
            "\u{feff}1",
            "/**/1",
        ] {
            check(word);
            check(&format!(" [{word} , {word}]\r\n"));
        }
        let deep = "[".repeat(300);
        for closed in [0, 299, 300, 301] {
            check(&format!("{{\"a\":{deep}{}}}", "]".repeat(closed)));
        }
    }

    /// A value's text, with blanks in every place they may stand.
    fn written() -> impl Strategy<Value = String> {
        let number = "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?";
        let string = r#""([a-zé🦀]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}|\\ud[89abAB][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}){0,12}""#;
        let scalar = prop_oneof![number, string, "true|false|null"];
        let blanks = "[ \t\r\n]{0,2}";
        scalar.prop_recursive(5, 40, 6, move |inner| {
            let value =
                (blanks, inner, blanks).prop_map(|(before, value, after)| format!("{before}{value}{after}"));
            let member = (blanks, string, blanks, value.clone())
                .prop_map(|(a, name, b, value)| format!("{a}{name}{b}:{value}"));
            prop_oneof![
                proptest::collection::vec(value, 0..5).prop_map(|all| format!("[{}]", all.join(","))),
                proptest::collection::vec(member, 0..5).prop_map(|all| format!("{{{}}}", all.join(","))),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn a_text_is_judged_as_serde_json_judges_it(text in written(), edits in proptest::collection::vec(any::<(u16, u8, u8)>(), 0..40)) {
            check(&text);
            check(&format!("{{\"a\":{text},\"a\" : {text}}}"));
            let mut broken = text.clone().into_bytes();
            for (place, kind, value) in edits {
                let at = usize::from(place) % (broken.len() + 1);
                let mark = b"\"{}[]\\,:.eE+-01 tfnu/\n\0\x1F\x7F"[usize::from(value) % 24];
                match kind % 6 {
                    0 => broken.truncate(at),
                    1 => drop(broken.drain(at..(at + 1).min(broken.len()))),
                    2 => broken.insert(at, mark),
                    3 => broken.insert(at, value),
                    _ => if let Some(byte) = broken.get_mut(at) {
                        *byte = if kind % 6 == 4 { mark } else { *byte ^ value };
                    },
                }
                check(&String::from_utf8_lossy(&broken));
                if broken.len() < 2 {
                    broken = text.clone().into_bytes();
                }
            }
        }
    }
}
