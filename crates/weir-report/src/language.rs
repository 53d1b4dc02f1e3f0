//! What Weir writes, in the language of a report.
//!
//! Decisive choice: the document is made once, in English, and every sentence and label of it goes through [`say`] where a format sets it. So all
//! languages say the same, and a sentence that a catalogue lacks stands in English rather than not at all. Names that logs gave are not said.
//! A catalogue holds every sentence of Weir's with holes where names go, so it also tells names from words ([`own`]).

mod catalogue;
mod particles;
mod whole;

use catalogue::Catalogue;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;
use weir_model::Language;
pub(crate) use whole::whole_names;

/// Of two entries for one text the first file's counts: what a measure means is known best where it is measured.
static KOREAN: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::new(&[
        include_str!("korean/detect.txt"),
        include_str!("korean/engine.txt"),
        include_str!("korean/report.txt"),
        include_str!("korean/manuals.txt"),
        include_str!("korean/countries.txt"),
    ])
});

/// A text of Weir's own in a language.
#[must_use]
pub fn say(language: Language, text: &str) -> Cow<'_, str> {
    match language {
        Language::English => Cow::Borrowed(text),
        Language::Korean => match KOREAN.say(text) {
            Cow::Owned(said) if said.contains(whole::HELD) => Cow::Owned(said.replace(whole::HELD, " ")),
            said => said,
        },
    }
}

/// The sentences of a text that a language lacks.
#[must_use]
pub fn lacks(language: Language, text: &str) -> Vec<String> {
    match language {
        Language::English => Vec::new(),
        Language::Korean => KOREAN.lacks(text),
    }
}

/// Where the words of a text are Weir's own, and not of a name that it was told. `name_at` gives the length of the name at the start of a text.
pub(crate) fn own(text: &str, name_at: &dyn Fn(&str) -> Option<usize>) -> Vec<Range<usize>> {
    KOREAN.own(text, name_at)
}
