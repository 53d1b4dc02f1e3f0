//! What Weir writes, in the language of a report.
//!
//! Decisive choice: the document is made once, in English, and every sentence and label of it goes through [`say`] where a format sets it. So all
//! languages say the same, and a sentence that a catalogue lacks stands in English rather than not at all. Names that logs gave are not said.

mod catalogue;
mod particles;

use catalogue::Catalogue;
use std::borrow::Cow;
use std::sync::LazyLock;
use weir_model::Language;

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
        Language::Korean => KOREAN.say(text),
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
