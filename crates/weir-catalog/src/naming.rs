//! Whom an id names that stands where a person's does: somebody, several, whoever asks, or nobody.
//!
//! Decisive choice: few words, by their whole text, whatever their case. `/users/me` shows the holder of the credential, as `/my/*` does; `/users/undefined` is what a program
//! asks for that has no id at hand, and names nobody. Whoever has people who are really called so says it by a `[[link]]` from that id, which comes first.
//! A list is one by its form alone: each of its parts must be an id, an address or a number by itself, so a name with a comma in it stays one name.

use crate::segment::form;

/// Whoever asks, by the words that APIs have for them. Sorted.
const SELF: [&str; 14] = [
    "@me",
    "@self",
    "current",
    "current-user",
    "current_user",
    "currentuser",
    "me",
    "mine",
    "my",
    "myself",
    "self",
    "whoami",
    "~me",
    "~self",
];

/// What programs write where they have no id. Sorted.
const NOBODY: [&str; 14] = [
    "(nil)",
    "(none)",
    "(null)",
    "-",
    ".",
    "..",
    "00000000-0000-0000-0000-000000000000",
    "[object object]",
    "n/a",
    "nan",
    "nil",
    "none",
    "null",
    "undefined",
];

/// The longest of these words, in bytes.
const WORD_BYTES_MAX: usize = 36;

/// Whom an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    Somebody,
    /// Whoever asks: the holder of the credential.
    Holder,
    Nobody,
}

/// Whom an id names that stands where a person's does.
pub(crate) fn names(id: &str) -> Names {
    let id = id.trim();
    let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(id));
    match id.as_bytes() {
        // What most ids begin with.
        [b'1'..=b'9', ..] => Names::Somebody,
        [] => Names::Nobody,
        _ if is_blank(id) => Names::Nobody,
        bytes if bytes.len() > WORD_BYTES_MAX => Names::Somebody,
        _ if is_one_of(&SELF) => Names::Holder,
        _ if is_one_of(&NOBODY) => Names::Nobody,
        _ => Names::Somebody,
    }
}

/// Whether it is the blank of a route that nobody filled in: `{id}`, `${user}`, `:id`, `<id>`.
fn is_blank(id: &str) -> bool {
    let word = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
    };
    let between = |from: &str, to: &str| id.strip_prefix(from).and_then(|rest| rest.strip_suffix(to));
    let colon = id.strip_prefix(':').filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()));
    let braces = [("{{", "}}"), ("${", "}"), ("{", "}"), ("<", ">")];
    braces.into_iter().filter_map(|(from, to)| between(from, to)).chain(colon).any(|name| word(name.trim()))
}

/// The ids of a list, `1,2,3` or `["1","2"]`; none if it is no list by its form.
pub(crate) fn listed(id: &str) -> Vec<&str> {
    if !id.contains(',') && !id.starts_with('[') {
        return Vec::new();
    }
    let inside = id.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let parts: Vec<&str> =
        inside.unwrap_or(id).split(',').map(|part| part.trim().trim_matches('"')).collect();
    let ids = parts.iter().all(|part| form(part).may_name() || names(part) == Names::Nobody);
    let any = parts.iter().any(|part| form(part).may_name());
    if ids && any && (inside.is_some() || parts.len() > 1) { parts } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_whoever_asks_and_for_nobody_are_known_in_any_case() {
        assert!(SELF.is_sorted() && NOBODY.is_sorted());
        for own in ["me", "Me", "self", "@me", "current", "current_user"] {
            assert_eq!(names(own), Names::Holder, "{own}");
        }
        for nobody in [
            "undefined",
            "null",
            "NULL",
            "NaN",
            "None",
            "",
            " ",
            "-",
            "{id}",
            "{{user.id}}",
            "${id}",
            ":id",
            "<id>",
        ] {
            assert_eq!(names(nobody), Names::Nobody, "{nobody}");
        }
        for somebody in ["1", "0", "mei", "selfridge", "kim", "nullman", "p:12", "a{b}", ":12", "{a b}"] {
            assert_eq!(names(somebody), Names::Somebody, "{somebody}");
        }
    }

    #[test]
    fn a_list_is_told_by_the_form_of_its_parts() {
        assert_eq!(listed("1,2,3"), ["1", "2", "3"]);
        assert_eq!(listed("[\"18\", \"19\"]"), ["18", "19"]);
        assert_eq!(listed("[18]"), ["18"]);
        assert_eq!(listed("kim@x.kr,lee@y.kr"), ["kim@x.kr", "lee@y.kr"]);
        assert_eq!(listed("1,undefined"), ["1", "undefined"]);
        for one in ["12", "Kim, Min-jun", "alice,bob", "null,undefined", "[12", ","] {
            assert!(listed(one).is_empty(), "{one}");
        }
    }
}
