//! Names of objects that are alike, and what each name means.
//!
//! Decisive choice: a log writes the same names in the same order in every record, and leaves some out. So the names are kept as they were
//! written, quotes and colon included, in their order; a name is compared with those that may follow the one before, and is looked up, or
//! even looked for its end, only if it is none of them.

use super::scan::Scanner;
use super::{Raw, decoded, each_member};

/// Names kept. More are looked up each time.
const NAMES_MAX: usize = 128;
/// Names compared: as many as a record may leave out one after the other.
const AHEAD: usize = 32;

/// Names as they are written, in their order, and what each means.
#[derive(Debug)]
pub struct Names<T>(Vec<(Box<str>, T)>);

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy> Names<T> {
    /// As [`super::members`], with what `look_up` says of each name in its stead.
    pub fn members<'a>(
        &mut self,
        text: &'a str,
        look_up: impl Fn(&str) -> T,
        each: impl FnMut(T, Raw<'a>),
    ) -> Option<()> {
        let mut next = 0;
        let meaning = |scan: &mut Scanner<'a>| match self.known(scan, next) {
            Some((at, meaning)) => {
                next = at + 1;
                Some(meaning)
            }
            None => self.learn(scan, &mut next, &look_up),
        };
        each_member(text, meaning, each)
    }

    /// Goes past a name that is known, and says where it stands among them.
    #[inline]
    fn known(&self, scan: &mut Scanner<'_>, next: usize) -> Option<(usize, T)> {
        scan.peek();
        let (first, others) = self.0.get(next..)?.split_first()?;
        if scan.skip(&first.0) {
            return Some((next, first.1));
        }
        // Of the others most are told by their heads, in one comparison.
        let here = head(scan.rest());
        let is_here = |written: &str| here.is_none_or(|here| head(written).is_none_or(|head| head == here));
        let mut ahead = others.iter().take(AHEAD).zip(next + 1..);
        let ((_, meaning), at) = ahead.find(|((written, _), _)| is_here(written) && scan.skip(written))?;
        Some((at, *meaning))
    }

    fn learn(&mut self, scan: &mut Scanner<'_>, next: &mut usize, look_up: impl Fn(&str) -> T) -> Option<T> {
        let before = scan.rest();
        let meaning = look_up(&decoded(scan.name()?));
        if self.0.len() < NAMES_MAX {
            let written = before.get(..before.len() - scan.rest().len())?;
            self.0.insert(*next, (written.into(), meaning));
            *next += 1;
        }
        Some(meaning)
    }
}

fn head(text: &str) -> Option<u64> {
    text.as_bytes().first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::super::members;
    use super::*;

    #[test]
    fn names_mean_the_same_in_any_order() {
        let wide: String = (0..300).map(|n| format!("\"n{n}\":{n},")).collect();
        let texts = [
            r#"{"a":1,"bb":2,"ccc":3}"#,
            r#"{"a":1,"ccc":3}"#,
            r#"{"ccc":3,"bb":2,"a":1}"#,
            r#"{ "a" : 1 , "bb":2}"#,
            r#"{ "a" : 1, "a" :2, "aa":3,"":4,"\u0061":5}"#,
            r#"{"a"}"#,
            r#"{"a":1,}"#,
            r#"{"a":1,"bb":2 "ccc":3}"#,
            "{}",
            "[]",
            "",
            &format!("{{{wide}\"a\":1}}"),
        ];
        let mut names = Names::default();
        for text in texts.iter().chain(texts.iter().rev()) {
            let (mut want, mut got) = (Vec::new(), Vec::new());
            let is_object = members(text, |name, value| want.push((name.len(), value)));
            assert_eq!(names.members(text, str::len, |length, value| got.push((length, value))), is_object);
            assert!(is_object.is_none() || got == want, "{text}");
            assert!(names.0.len() <= NAMES_MAX);
        }
    }
}
