//! Which words of a text are Weir's own: those of the phrases it is made of, and not what stands in their holes.
//!
//! Decisive choice: a text is read as it is when it is said in a language, and what could be read as a name is one. A whole hole that is a name is a name even
//! where a phrase reads the same, and so is a word that stands where another phrase that fits has a hole.

use super::first_word;
use super::{
    BETWEEN, BYTES_MAX, Catalogue, DEPTH_MAX, Found, OVER_MAX, TRIED_MAX, bare, cut, fit, has, is_own, small,
};
use std::ops::Range;

/// A text that is read, and the length of the name at the start of what follows.
struct Reading<'r> {
    text: &'r str,
    name_at: &'r dyn Fn(&str) -> Option<usize>,
}

impl Reading<'_> {
    /// Where a part of it stands.
    fn place(&self, part: &str) -> Range<usize> {
        let from = part.as_ptr().addr() - self.text.as_ptr().addr();
        from..from + part.len()
    }

    fn is_name(&self, part: &str) -> bool {
        let part = part.trim().trim_matches(['`', '"']);
        (self.name_at)(part) == Some(part.len())
    }

    /// Whether a name stands within a part of it.
    fn names(&self, part: &str) -> bool {
        part.char_indices().any(|(at, _)| part.get(at..).is_some_and(|rest| (self.name_at)(rest).is_some()))
    }
}

impl Catalogue {
    /// Where the words of a text are Weir's own.
    pub(in crate::language) fn own(
        &self,
        text: &str,
        name_at: &dyn Fn(&str) -> Option<usize>,
    ) -> Vec<Range<usize>> {
        let mut own = Vec::new();
        if text.len() <= BYTES_MAX {
            self.read(&Reading { text, name_at }, text, 0, &mut own);
        }
        own
    }

    /// Whether something of a part of the text is not known.
    fn read(&self, of: &Reading<'_>, part: &str, depth: usize, own: &mut Vec<Range<usize>>) -> bool {
        let (_, sentence, _) = bare(part);
        if depth > DEPTH_MAX || sentence.is_empty() || of.is_name(sentence) {
            return false;
        }
        if self.exact.contains_key(&small(sentence)) {
            self.mark(of, sentence, &[], own);
            return false;
        }
        if let Some(found) = self.found(sentence, false) {
            return self.read_holes(of, sentence, found, depth, own);
        }
        let Some(between) = BETWEEN.iter().find(|between| has(sentence, between)) else {
            return is_own(sentence);
        };
        let mut each = Vec::new();
        let mut unknown = false;
        for part in cut(sentence, between) {
            unknown |= self.read(of, part, depth, &mut each);
        }
        if unknown
            && sentence.matches(between).count() <= OVER_MAX
            && let Some(found) = self.found(sentence, true)
        {
            return self.read_holes(of, sentence, found, depth, own);
        }
        own.extend(each);
        unknown
    }

    fn read_holes(
        &self,
        of: &Reading<'_>,
        sentence: &str,
        (pattern, holes): Found<'_, '_>,
        depth: usize,
        own: &mut Vec<Range<usize>>,
    ) -> bool {
        let held: Vec<Range<usize>> = holes.iter().map(|(_, held)| of.place(held)).collect();
        self.mark(of, sentence, &held, own);
        let doubtful = if of.names(sentence) { self.doubtful(of, sentence) } else { Vec::new() };
        let mut unknown = false;
        for (name, held) in &holes {
            if pattern.looks_up(name) {
                unknown |= self.read(of, held, depth + 1, own);
            } else if pattern.counts(name) && !doubtful.contains(&of.place(held)) {
                own.push(of.place(held));
            }
        }
        unknown
    }

    /// Takes note of the words of a sentence that stand in no hole, and in none of any other phrase that fits and has a name there.
    fn mark(&self, of: &Reading<'_>, sentence: &str, held: &[Range<usize>], own: &mut Vec<Range<usize>>) {
        let mut held = held.to_vec();
        if of.names(sentence) {
            held.extend(self.doubtful(of, sentence));
        }
        held.sort_by_key(|hole| hole.start);
        let whole = of.place(sentence);
        let mut from = whole.start;
        for hole in held {
            own.extend((from < hole.start).then_some(from..hole.start));
            from = from.max(hole.end);
        }
        own.extend((from < whole.end).then_some(from..whole.end));
    }

    /// The holes of all phrases that fit a sentence in which exactly a name stands.
    fn doubtful(&self, of: &Reading<'_>, sentence: &str) -> Vec<Range<usize>> {
        let first = first_word(sentence, false);
        let patterns = [first.as_str(), ""].into_iter().filter_map(|of| self.patterns.get(of)).flatten();
        let fits = patterns.flat_map(|pattern| {
            let holes =
                fit(&pattern.parts, sentence, (true, true), &mut TRIED_MAX.clone()).into_iter().flatten();
            holes.filter(|(name, held)| of.is_name(held) && !pattern.counts(name)).map(|(_, held)| held)
        });
        fits.map(|held| of.place(held)).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::language::catalogue::Catalogue;

    const PHRASES: &str = "{who} read data of {n} people ({datasets}){how}\n{who} {n} {datasets} {how}\n\n, and its data was shown to nobody\na\n\n\
        nobody is named\nb\n\n{id_actor} is named\n{id_actor}\n\n{n} people\n{n}\n\nshown to nobody at {id_place}\n{id_place}\n\n\
        its data\nc\n";
    const NAMES: [&str; 7] = ["nobody", "data", "people", "read data of", "named", "at `x", "17"];

    fn shown(text: &str) -> String {
        let name_at = |rest: &str| {
            let names = NAMES.iter().filter(|name| rest.starts_with(**name)).map(|name| name.len());
            names.max()
        };
        let own = Catalogue::new(&[PHRASES]).own(text, &name_at);
        let mark = |(at, c): (usize, char)| if own.iter().any(|r| r.contains(&at)) { '.' } else { c };
        text.char_indices().map(mark).collect()
    }

    #[test]
    fn what_stands_in_holes_is_not_our_own_but_for_what_was_counted() {
        for (text, want) in [
            (
                "data read data of 12 people (people), and its data was shown to nobody",
                "data.........................people...................................",
            ),
            ("read data of read data of 12 people (x)", "read data of.........................x."),
            ("17 read data of 17 people (x)", "17.........................x."),
            ("shown to nobody at nobody", "...................nobody"),
            ("12 people read data of 3 people (x)", ".................................x."),
            ("data", "data"),
            ("The people of the moon", "The people of the moon"),
        ] {
            assert_eq!(shown(text), want);
        }
    }

    #[test]
    fn what_may_be_a_name_is_no_word_of_ours() {
        assert_eq!(shown("nobody is named"), "nobody.........");
        assert_eq!(shown("data is named"), "data.........");
        assert_eq!(shown("`data` read data of 3 people (x)"), "`data`........................x.");
    }
}
