//! Foreign strings for the PDF: inert by being data, and never a glyph that the fonts lack.
//!
//! Decisive choice: what reaches Typst is JSON, whose strings Typst sets as text and never reads as markup, so nothing is quoted here.
//! What is made here is what a printed page needs beside that: a character that no embedded font has is written by its number
//! (`<U+6C34>`), since an empty box tells nobody anything, and a long name is cut into pieces between which a line may break.
//! Combining marks are in no font on purpose: a name of a thousand of them would be painted over its neighbours.

use super::fonts;
use crate::escape;
use serde::Serialize;
use std::fmt::Write;

/// Widest word that is not broken, in thousandths of its font's size: an IPv4 address, the longest words of a language.
const WHOLE_MAX: u32 = 9_000;
/// Widest part of a broken word.
const PART_MAX: u32 = 4_900;

/// Some words in one look.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(super) struct Run {
    kind: Kind,
    pieces: Vec<Piece>,
    /// Which severity, by its English name.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<&'static str>,
    /// Where it leads, within the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

/// A piece of a run.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(untagged)]
pub(super) enum Piece {
    /// Words that break as words do.
    Flow(String),
    /// A word too wide for a column: a line may break between two parts of it, and nowhere else.
    Parts(Vec<String>),
}

/// How words look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// As what is around it.
    Text,
    /// A name as the logs write it.
    Code,
    /// Less.
    Faint,
    /// More.
    Strong,
    /// What is not known.
    Mark,
    /// An ATT&CK technique.
    Technique,
    /// A severity; its shape stands before it.
    Severity,
}

/// Words in a row.
pub(super) type Words = Vec<Run>;

/// A name as the logs write it.
pub(super) fn code(text: &str) -> Run {
    run(Kind::Code, &inert(&escape::shown(text)))
}

/// A name in the look of what is around it.
pub(super) fn name(text: &str) -> Run {
    plain(Kind::Text, &escape::shown(text))
}

/// Words of weir's own.
pub(super) fn own(kind: Kind, text: &str) -> Run {
    plain(kind, &escape::sentence(text))
}

/// Words in which a name may stand between backticks; an odd backtick is only itself.
pub(super) fn prose(text: &str) -> Words {
    let shown = escape::sentence(text);
    if !shown.matches('`').count().is_multiple_of(2) {
        return vec![plain(Kind::Text, &shown)];
    }
    let parts = shown.split('`').enumerate().filter(|(_, part)| !part.is_empty());
    parts
        .map(|(i, part)| match i % 2 {
            0 => plain(Kind::Text, part),
            _ => run(Kind::Code, &inert(part)),
        })
        .collect()
}

/// A query, line by line.
pub(super) fn query(text: &str) -> Vec<Run> {
    let line = |line: &str| run(Kind::Code, &inert(line));
    escape::query(text).lines().map(line).collect()
}

/// One string, for where nothing breaks: titles, text alternatives.
pub(super) fn line(text: &str) -> String {
    inert(&escape::sentence(text))
}

/// A severity, and how it reads.
pub(super) fn severity(of: &'static str, said: &str) -> Run {
    Run { of: Some(of), ..own(Kind::Severity, said) }
}

/// The run, leading somewhere.
pub(super) fn linked(mut run: Run, to: Option<String>) -> Run {
    run.to = to;
    run
}

fn plain(kind: Kind, shown: &str) -> Run {
    run(kind, &inert(shown))
}

fn run(kind: Kind, text: &str) -> Run {
    Run { kind, pieces: pieces(text, matches!(kind, Kind::Code | Kind::Technique)), of: None, to: None }
}

/// Text in which every character has a glyph.
pub(super) fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if fonts::has(c) {
            out.push(c);
        } else {
            let _ = write!(out, "<U+{:04X}>", u32::from(c));
        }
    }
    out
}

/// Words as they are, and wide ones in parts. Nothing is added or lost. A name in code stays together as a word does not, so that
/// `:40119` may begin a line; and a word in Hangul, which would be broken between any two syllables.
fn pieces(text: &str, is_code: bool) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut flow = String::new();
    for word in text.split_inclusive(' ') {
        let letters = word.trim_end_matches(' ');
        let breaks_well = !(letters.chars().any(is_hangul) || is_code && letters.len() == text.len());
        if fonts::width(letters, is_code) <= WHOLE_MAX && breaks_well {
            flow.push_str(word);
            continue;
        }
        if !flow.is_empty() {
            pieces.push(Piece::Flow(std::mem::take(&mut flow)));
        }
        pieces.push(Piece::Parts(parts(letters, is_code)));
        flow.push_str(word.get(letters.len()..).unwrap_or_default());
    }
    if !flow.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Flow(flow));
    }
    pieces
}

/// A word cut after signs that part a name, and wherever a part would be too wide.
fn parts(word: &str, is_code: bool) -> Vec<String> {
    if fonts::width(word, is_code) <= WHOLE_MAX {
        return vec![word.to_owned()];
    }
    let mut parts = Vec::new();
    let (mut part, mut wide) = (String::new(), 0);
    for c in word.chars() {
        let width = fonts::advance(c, is_code);
        if wide + width > PART_MAX && !part.is_empty() {
            parts.push(std::mem::take(&mut part));
            wide = 0;
        }
        part.push(c);
        wide += width;
        if breaks_after(c) && wide > PART_MAX / 3 {
            parts.push(std::mem::take(&mut part));
            wide = 0;
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

fn is_hangul(c: char) -> bool {
    matches!(c, '가'..='힣')
}

/// Signs after which a long name is broken with least harm. A space needs no help.
fn breaks_after(c: char) -> bool {
    matches!(
        c,
        '/' | '\\' | ':' | '.' | ',' | ';' | '?' | '&' | '=' | '_' | '-' | '@' | '|' | '+' | '#' | '%' | '>'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_font_has_is_written_by_number() {
        assert_eq!(inert("Zoë 김민준 Привет ␛◆"), "Zoë 김민준 Привет ␛◆");
        assert_eq!(inert("水e\u{301}"), "<U+6C34>e<U+0301>");
        assert_eq!(inert("\u{5d0}\u{627}"), "<U+05D0><U+0627>", "nothing is written from right to left");
    }

    #[test]
    fn long_names_break_and_lose_nothing() {
        for text in [
            "",
            "203.0.113.77",
            "logs/edge/access-2025-04.log",
            &"W".repeat(900),
            "a b",
            " a  ",
            "::::::::::::::::::::",
        ] {
            for is_code in [false, true] {
                let all = pieces(text, is_code).into_iter().flat_map(|piece| match piece {
                    Piece::Flow(words) => vec![words],
                    Piece::Parts(parts) => parts,
                });
                let all: Vec<String> = all.collect();
                assert_eq!(all.concat(), text);
                let words = all.iter().flat_map(|part| part.split(' '));
                assert!(words.clone().all(|word| fonts::width(word, is_code) <= WHOLE_MAX), "{all:?}");
            }
        }
        let whole = |text: &str| Piece::Parts(vec![text.to_owned()]);
        assert_eq!(pieces("203.0.113.77", true), [whole("203.0.113.77")]);
        let parts = |all: &[&str]| Piece::Parts(all.iter().map(|p| (*p).to_owned()).collect());
        assert_eq!(pieces("logs/edge/access.log", true), [parts(&["logs/", "edge/", "access.", "log"])]);
        let spaced = || Piece::Flow(" ".to_owned());
        assert_eq!(pieces("21,313명의 데이터", false), [whole("21,313명의"), spaced(), whole("데이터")]);
        assert_eq!(pieces("21,313 members", false), [Piece::Flow("21,313 members".to_owned())]);
    }

    #[test]
    fn names_in_sentences_are_code() {
        let kinds = |text| prose(text).iter().map(|r| r.kind).collect::<Vec<_>>();
        assert_eq!(kinds("by `x` alone"), [Kind::Text, Kind::Code, Kind::Text]);
        assert_eq!(kinds("an odd ` is itself"), [Kind::Text]);
    }
}
