//! Phrases of a language: English patterns with holes, and what they are in it.
//!
//! Decisive choice: texts are looked up whole, then sentence by sentence, then part by part; what stands in a hole is looked up itself. Of several
//! patterns that fit, the one with most letters of its own does, so that a phrase never hides a more exact one. No pattern is a regular
//! expression: a hole takes the least that lets the rest fit, and the work is bounded by the length of the text.

mod own;

use super::particles::fill;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// How deep holes are looked up in holes.
const DEPTH_MAX: usize = 16;
/// Longest text that is looked up; longer ones are of logs.
const BYTES_MAX: usize = 4_000;
/// Places tried for the holes of one pattern.
const TRIED_MAX: usize = 400;
/// Ends of parts that a hole may go over.
const OVER_MAX: usize = 8;
/// Words in a row, in small letters, that a text of Weir's own has at least.
const OWN_WORDS: usize = 3;

/// The phrases of a language.
pub(super) struct Catalogue {
    exact: HashMap<String, &'static str>,
    /// By the first word of their text, or none where they begin with a hole; those with most letters first.
    patterns: BTreeMap<String, Vec<Pattern>>,
}

struct Pattern {
    parts: Vec<Part>,
    letters: usize,
    said: &'static str,
}

impl Pattern {
    /// Whether a number stands in a hole.
    fn counts(&self, hole: &str) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Number(name) if *name == hole))
    }

    /// Whether what stands in a hole is looked up itself.
    fn looks_up(&self, hole: &str) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Any(name) | Part::Called(name) if *name == hole))
    }
}

enum Part {
    Text(&'static str),
    Number(&'static str),
    /// What logs or people gave: not looked up.
    Name(&'static str),
    /// So too, behind an opening parenthesis: several of them may stand there.
    Names(&'static str),
    Any(&'static str),
    /// Who or what somebody is called: looked up where it is more than a word, or says that nobody is named.
    Called(&'static str),
}

/// Holes in which somebody is called by a name or told in words (`43 origins`).
const CALLED: [&str; 4] = ["who", "user", "objects", "names"];
/// Words that stand for whoever is not named.
const UNNAMED: [&str; 1] = ["someone"];

impl Catalogue {
    /// From files of entries: two lines each, with empty lines between them.
    pub(super) fn new(files: &[&'static str]) -> Self {
        let mut catalogue = Self { exact: HashMap::new(), patterns: BTreeMap::new() };
        for (english, said) in files.iter().flat_map(|file| entries(file)) {
            if !english.contains('{') {
                catalogue.exact.entry(small(english)).or_insert(said);
                continue;
            }
            let parts = parts(english);
            let letters =
                parts.iter().map(|part| if let Part::Text(text) = part { text.len() } else { 0 }).sum();
            let first = match parts.first() {
                Some(Part::Text(text)) => first_word(text, parts.len() > 1),
                _ => String::new(),
            };
            catalogue.patterns.entry(first).or_default().push(Pattern { parts, letters, said });
        }
        catalogue.patterns.values_mut().for_each(|all| all.sort_by_key(|p| std::cmp::Reverse(p.letters)));
        catalogue
    }

    /// A text in this language; what is not known of it as it is.
    pub(super) fn say<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if text.len() > BYTES_MAX || !text.bytes().any(|b| b.is_ascii_alphabetic()) {
            return Cow::Borrowed(text);
        }
        Cow::Owned(self.said(text, 0, &mut |_| ()))
    }

    /// The sentences of a text that are not known.
    pub(super) fn lacks(&self, text: &str) -> Vec<String> {
        let mut all = Vec::new();
        self.said(text, 0, &mut |part| all.push(part.to_owned()));
        all
    }

    fn said(&self, text: &str, depth: usize, lacks: &mut dyn FnMut(&str)) -> String {
        if depth > DEPTH_MAX || text.trim().is_empty() {
            return text.to_owned();
        }
        let (before, sentence, after) = bare(text);
        let inner = if sentence.is_empty() { String::new() } else { self.sentence(sentence, depth, lacks) };
        format!("{before}{inner}{after}")
    }

    /// Looked up whole where no hole goes over the end of a part, else part by part, else whole.
    fn sentence(&self, text: &str, depth: usize, lacks: &mut dyn FnMut(&str)) -> String {
        if let Some(said) = self.exact.get(&small(text)) {
            return (*said).to_owned();
        }
        if let Some(found) = self.found(text, false) {
            return self.filled(found, depth, lacks);
        }
        if let Some(between) = BETWEEN.iter().find(|between| has(text, between)) {
            let mut unknown = Vec::new();
            let each = cut(text, between)
                .into_iter()
                .map(|part| self.said(part, depth, &mut |lacked| unknown.push(lacked.to_owned())));
            let by_parts = each.collect::<Vec<_>>().join(between);
            let few = text.matches(between).count() <= OVER_MAX;
            if let Some(found) = (!unknown.is_empty() && few).then(|| self.found(text, true)).flatten() {
                return self.filled(found, depth, lacks);
            }
            unknown.iter().for_each(|lacked| lacks(lacked));
            return by_parts;
        }
        if is_own(text) {
            lacks(text);
        }
        text.to_owned()
    }

    /// The pattern that fits a text with most letters of its own, and what its holes hold; whether a hole may go on over the end of a part.
    fn found<'t>(&self, text: &'t str, over: bool) -> Option<Found<'_, 't>> {
        let first = first_word(text, false);
        let mut found: Option<Found<'_, 't>> = None;
        for of in [first.as_str(), ""] {
            let fits = self.patterns.get(of).into_iter().flatten();
            let mut fits = fits.filter(|p| found.as_ref().is_none_or(|(best, _)| p.letters > best.letters));
            let fit =
                fits.find_map(|p| Some((p, fit(&p.parts, text, (true, over), &mut TRIED_MAX.clone())?)));
            found = fit.or(found);
        }
        found
    }

    fn filled(&self, (pattern, holes): Found<'_, '_>, depth: usize, lacks: &mut dyn FnMut(&str)) -> String {
        let mut out = String::new();
        for part in parts(pattern.said) {
            let name = match part {
                Part::Text(text) => {
                    // Where a hole holds nothing, one space is enough.
                    let text = if out.ends_with(' ') { text.trim_start() } else { text };
                    fill(&mut out, text);
                    continue;
                }
                Part::Number(name)
                | Part::Name(name)
                | Part::Names(name)
                | Part::Any(name)
                | Part::Called(name) => name,
            };
            let hole = holes.iter().find(|(hole, _)| *hole == name).map_or("", |(_, text)| *text);
            match part {
                Part::Called(_) if is_called(hole) => out.push_str(hole.trim()),
                Part::Any(_) | Part::Called(_) => out.push_str(self.said(hole, depth + 1, lacks).trim()),
                _ => out.push_str(hole.trim()),
            }
        }
        out
    }
}

/// What stands before the words of a text, these, and what ends them.
fn bare(text: &str) -> (&str, &str, &str) {
    let (before, rest) = text.split_at(text.len() - text.trim_start().len());
    let (sentence, after) = rest.split_at(rest.trim_end().trim_end_matches(['.', ':']).len());
    (before, sentence, after)
}

/// A pattern, and what its holes hold.
type Found<'c, 't> = (&'c Pattern, Vec<(&'static str, &'t str)>);

/// What stands between the parts of a text, the strongest first.
pub(super) const BETWEEN: [&str; 3] = [". ", "; ", ": "];

/// A text cut at the ends of its parts. What stands between backticks is a name, and whole.
fn cut<'t>(text: &'t str, between: &str) -> Vec<&'t str> {
    let mut parts = Vec::new();
    let (mut from, mut in_name, mut seen) = (0, false, 0);
    let paired = text.matches('`').count().is_multiple_of(2);
    for (at, _) in text.match_indices(between) {
        in_name ^= !text.get(seen..at).unwrap_or_default().matches('`').count().is_multiple_of(2);
        seen = at;
        if paired && in_name || at < from {
            continue;
        }
        parts.push(text.get(from..at).unwrap_or_default());
        from = at + between.len();
    }
    parts.push(text.get(from..).unwrap_or_default());
    parts
}

/// Whether a text ends a part somewhere.
fn has(text: &str, between: &str) -> bool {
    text.contains(between) && cut(text, between).len() > 1
}

/// Whether it is a name: a word, and none that stands for whoever has no name.
fn is_called(held: &str) -> bool {
    let held = held.trim();
    !held.contains(' ') && !UNNAMED.contains(&held)
}

/// Whether it reads like a sentence of Weir's own: words in small letters in a row.
fn is_own(text: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'\'');
    let words: Vec<bool> = text.split(' ').map(|w| word(w.trim_matches([',', '(', ')', '“', '”']))).collect();
    words.windows(OWN_WORDS).any(|all| all.iter().all(|own| *own))
}

fn entries(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = file.lines().filter(|line| !line.starts_with("# "));
    let mut english = None;
    lines.filter_map(move |line| match (line.trim_end(), english) {
        ("", _) => {
            english = None;
            None
        }
        (line, None) => {
            english = Some(line);
            None
        }
        (line, Some(of)) => {
            english = None;
            Some((of, line))
        }
    })
}

/// With the first letter small.
fn small(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// The first word in small letters; none where a hole may go on with it.
fn first_word(text: &str, goes_on: bool) -> String {
    match text.split_once(' ') {
        Some((word, _)) => word.to_lowercase(),
        None if goes_on => String::new(),
        None => text.to_lowercase(),
    }
}

fn parts(pattern: &'static str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some((text, (name, after))) =
        rest.split_once('{').and_then(|(t, h)| Some((t, h.split_once('}')?)))
    {
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        let number = name.strip_prefix('n').is_some_and(|more| {
            more.is_empty() || more.starts_with('_') || more.bytes().all(|b| b.is_ascii_digit())
        });
        parts.push(match number {
            true => Part::Number(name),
            false if name.starts_with("id") && text.ends_with('(') => Part::Names(name),
            false if name.starts_with("id") => Part::Name(name),
            false if CALLED.contains(&name.trim_end_matches(|c: char| c.is_ascii_digit())) => {
                Part::Called(name)
            }
            false => Part::Any(name),
        });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

/// What the holes of a pattern hold where it is the whole text: at its begin or not, and whether holes may go on over the end of a part.
fn fit<'t>(
    parts: &[Part],
    text: &'t str,
    (first, over): (bool, bool),
    tries: &mut usize,
) -> Option<Vec<(&'static str, &'t str)>> {
    *tries = tries.checked_sub(1)?;
    let holds = |hole: &Part, held: &str| match hole {
        // What begins with a hole must not take what stands before a colon.
        Part::Any(_) | Part::Called(_) | Part::Name(_) if first && !over && has(held, ": ") => false,
        Part::Number(_) => is_number(held),
        Part::Names(_) => {
            !held.is_empty() && (over || !(has(held, ". ") || has(held, "; ") && held.contains(')')))
        }
        Part::Name(_) if held.is_empty() => false,
        _ => over || !BETWEEN.iter().take(2).any(|between| has(held, between)),
    };
    match parts {
        [] => text.is_empty().then(Vec::new),
        [Part::Text(own), rest @ ..] => {
            let after = text.strip_prefix(own).or_else(|| {
                let head = text.get(..own.len()).filter(|head| first && small(head) == small(own))?;
                text.get(head.len()..)
            })?;
            fit(rest, after, (false, over), tries)
        }
        [
            hole @ (Part::Number(name)
            | Part::Name(name)
            | Part::Names(name)
            | Part::Any(name)
            | Part::Called(name)),
            rest @ ..,
        ] => {
            let ends: Vec<usize> = match rest.first() {
                None => vec![text.len()],
                Some(Part::Text(own)) => text.match_indices(own).map(|(at, _)| at).collect(),
                Some(_) => text.char_indices().map(|(at, _)| at).skip(1).chain([text.len()]).collect(),
            };
            ends.into_iter().find_map(|at| {
                let (held, after) = text.split_at(at);
                if !holds(hole, held) {
                    return None;
                }
                let mut holes = fit(rest, after, (false, over), tries)?;
                holes.push((*name, held));
                Some(holes)
            })
        }
    }
}

fn is_number(text: &str) -> bool {
    let number = |b: u8| b.is_ascii_digit() || b",.:+-e%".contains(&b);
    text.bytes().next().is_some_and(|b| b.is_ascii_digit() || b == b'-' || b == b'+')
        && text.bytes().all(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHRASES: &str = "# Of a test.\n{who} read data of {n} people ({datasets}){how}\n{who}[이] {how} {n}명의 데이터를 읽음 ({datasets})\n\n\
        {n} origins\n출발지 {n}곳\n\n, far beyond its own past\n과거보다 훨씬 많이\n\nnobody is named\n아무도 지목되지 않음\n\n{n} people\n{n}명\n\n1 person\n1명\n";

    fn catalogue() -> Catalogue {
        Catalogue::new(&[PHRASES])
    }

    #[test]
    fn sentences_and_what_stands_in_their_holes_are_said() {
        let said = |text| catalogue().say(text).into_owned();
        assert_eq!(
            said("43 origins read data of 1,500 people (accounts), far beyond its own past"),
            "출발지 43곳이 과거보다 훨씬 많이 1,500명의 데이터를 읽음 (accounts)"
        );
        assert_eq!(said("Nobody is named. 3 people; 1 person."), "아무도 지목되지 않음. 3명; 1명.");
        assert_eq!(said("origin 10.0.0.1"), "origin 10.0.0.1");
    }

    #[test]
    fn names_are_neither_cut_nor_changed() {
        const NAMED: &str = "Named: {id_names} and {n} more\n해당 대상: {id_names} 외 {n}건\n\n{id_actor} was there\n{id_actor}[이] 있었음\n\n0 people\n0명\n";
        let said = |text| Catalogue::new(&[NAMED]).say(text).into_owned();
        assert_eq!(
            said("Named: `x. 0 people; y`, `a[이]  b` and 3 more."),
            "해당 대상: `x. 0 people; y`, `a[이]  b` 외 3건."
        );
        assert_eq!(said("a[을]  b was there"), "a[을]  b가 있었음");
        const CALLED: &str =
            "{who} left\n{who}[이] 나감\n\nmembers\n구성원\n\nsomeone\n누군가\n\n{n} members\n구성원 {n}명\n";
        let said = |text| Catalogue::new(&[CALLED]).say(text).into_owned();
        assert_eq!(
            ["members left", "3 members left", "someone left"].map(said),
            ["members가 나감", "구성원 3명이 나감", "누군가가 나감"]
        );
    }

    #[test]
    fn what_is_not_known_stays_and_is_told() {
        assert_eq!(catalogue().say("the moon is full; 3 people"), "the moon is full; 3명");
        assert_eq!(catalogue().lacks("the moon is full; 3 people"), ["the moon is full"]);
        assert_eq!(catalogue().lacks("Mozilla/5.0 (X11)"), Vec::<String>::new());
    }

    #[test]
    fn a_hostile_text_costs_little() {
        for text in
            ["{who} read data of ", "a; b; ", "x read data of 3; y people (. ", "((((", "the moon is full: "]
        {
            let text = text.repeat(900);
            assert_eq!(catalogue().say(&text), text.as_str());
        }
    }
}
