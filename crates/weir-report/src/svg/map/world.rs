//! Countries as the map has them; `map/README.md` says whose outlines they are and how they were made.

use std::sync::LazyLock;

const WORLD: &str = include_str!("../../../map/world.txt");
/// A unit of `world.txt` in those of the picture.
pub(super) const UNIT: f64 = 0.5;

/// A country.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// ISO 3166-1 alpha-2.
    pub(super) code: &'static str,
    name: &'static str,
    /// Where its number stands, in units of the picture.
    pub(super) at: (f64, f64),
    /// How far that is from its border.
    pub(super) room: f64,
    /// A path, in units of `world.txt`; empty for what is too small to draw.
    pub(super) outline: &'static str,
}

impl Place {
    fn of(line: &'static str) -> Option<Self> {
        let mut fields = line.split('\t');
        let (code, name) = (fields.next()?, fields.next()?);
        let mut number = || Some(fields.next()?.parse::<f64>().ok()? * UNIT);
        let (at, room) = ((number()?, number()?), number()?);
        Some(Self { code, name, at, room, outline: fields.next()? })
    }

    /// `Singapore (SG)`: with its code, since the name of a country may be that of a person.
    pub(super) fn full_name(&self) -> String {
        format!("{} ({})", self.name, self.code)
    }
}

static PLACES: LazyLock<Vec<Place>> = LazyLock::new(|| WORLD.lines().filter_map(Place::of).collect());

/// Every country, by code.
pub(super) fn all() -> impl Iterator<Item = &'static Place> {
    PLACES.iter()
}

/// The country of a code, in letters of either case.
pub(super) fn place(code: &str) -> Option<Place> {
    all().find(|place| place.code.eq_ignore_ascii_case(code)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::say;
    use weir_model::Language;

    #[test]
    fn every_country_can_be_placed_and_said() {
        assert_eq!(WORLD.lines().count(), PLACES.len(), "every line is a country");
        assert!(PLACES.len() >= 250 && PLACES.is_sorted_by(|a, b| a.code < b.code));
        for place in all() {
            let (x, y) = place.at;
            assert!((0.0..=720.0).contains(&x) && (0.0..=320.0).contains(&y), "{place:?}");
            assert_eq!(place.outline.is_empty(), place.outline.strip_prefix('M').is_none(), "{place:?}");
            let (name, said) = (place.full_name(), say(Language::Korean, &place.full_name()).into_owned());
            let hangul = said.chars().any(|c| ('가'..='힣').contains(&c));
            assert!(hangul && said.ends_with(&format!("({})", place.code)), "{name}: {said}");
        }
        assert_eq!(say(Language::Korean, "jordan"), "jordan", "which is somebody's name");
    }
}
