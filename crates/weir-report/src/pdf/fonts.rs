//! The fonts inside `report.pdf`, and which characters they have.
//!
//! Decisive choice: the fonts lie in the program, so a report looks alike on every machine and never depends on what is installed.
//! They have Latin, Greek, Cyrillic, kana and every Hangul syllable; `fonts/README.md` says where they come from and how they were
//! cut. Whatever they lack is written by number, in [`super::text`].

use std::sync::LazyLock;
use typst::{
    foundations::Bytes,
    layout::Abs,
    text::{Font, FontBook, FontInstance, FontVariant, FontVariations},
    utils::LazyHash,
};

/// Every Hangul syllable; the page for readers without such a font has it too.
pub(crate) const HANGUL: &[u8] = include_bytes!("../../fonts/NotoSansCJKkr-Regular.otf");

const FILES: [&[u8]; 6] = [
    include_bytes!("../../fonts/NotoSans-Regular.ttf"),
    include_bytes!("../../fonts/NotoSans-Bold.ttf"),
    include_bytes!("../../fonts/NotoSansMono-Regular.ttf"),
    HANGUL,
    include_bytes!("../../fonts/NotoSansSymbols2-Regular.ttf"),
    include_bytes!("../../fonts/NotoSansCJKkr-Bold.otf"),
];

static FONTS: LazyLock<Vec<Font>> =
    LazyLock::new(|| FILES.iter().flat_map(|file| Font::iter(Bytes::new(*file))).collect());

/// Where the font of code stands among them.
const MONO: usize = 2;

static FACES: LazyLock<Vec<FontInstance>> = LazyLock::new(|| {
    let upright = |font: &Font| {
        font.clone().instantiate(FontVariant::default(), Abs::pt(10.0), &FontVariations::default())
    };
    FONTS.iter().map(upright).collect()
});

static BOOK: LazyLock<LazyHash<FontBook>> =
    LazyLock::new(|| LazyHash::new(FontBook::from_fonts(FONTS.iter())));

/// What is known of all fonts.
pub(super) fn book() -> &'static LazyHash<FontBook> {
    &BOOK
}

/// The font at a place of the book.
pub(super) fn font(at: usize) -> Option<Font> {
    FONTS.get(at).cloned()
}

/// Whether a font has a glyph for a character.
pub(super) fn has(c: char) -> bool {
    FONTS.iter().any(|font| font.info().coverage.contains(c.into()))
}

/// How far a character moves the next one, in thousandths of its font's size.
pub(super) fn advance(c: char, is_code: bool) -> u32 {
    let first = if is_code { MONO } else { 0 };
    let order = FACES.iter().skip(first).chain(FACES.iter());
    let wide = |face: &FontInstance| face.x_advance(face.ttf().glyph_index(c)?.0);
    order.filter_map(wide).next().map_or(1_000, |em| (em.get() * 1_000.0).round() as u32)
}

/// How wide a text is, in thousandths of its font's size.
pub(super) fn width(text: &str, is_code: bool) -> u32 {
    text.chars().map(|c| advance(c, is_code)).sum()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_font_is_read_and_has_hangul_and_our_signs() {
        assert_eq!(super::FONTS.len(), super::FILES.len());
        let hangul = '가'..='힣';
        assert!(hangul.chain("◆▲●○·…→—’␀␛␡€₩≥–".chars()).all(super::has));
        assert!(!super::has('\u{301}') && !super::has('\u{627}'));
    }
}
