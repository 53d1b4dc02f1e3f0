//! The scanner beside `serde_json`: on every short text, on chosen ones, and on written and damaged ones.

use crate::json::{items, leading, members};
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
    let reference = stream.next().and_then(Result::ok).map(|raw| (raw.get(), &text[stream.byte_offset()..]));
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
            "\"", "\\\"", "\\", "\\u12aF", "\\u12g4", "\\ud800", "\n", "\u{1f}", "\u{7f}", "é", "\u{ffff}",
            "\0",
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
    let string =
        r#""([a-zé🦀]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}|\\ud[89abAB][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}){0,12}""#;
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
