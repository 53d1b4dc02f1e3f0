//! The world, and from which countries data was read: the more people, the stronger its shade, and each country with the number under which the legend names it.
//!
//! Decisive choice: the number says which country it is and the legend says how many, so nothing depends on telling shades apart or on knowing
//! the shapes of countries. One too small for its number has a dot, and the number stands beside it at the end of a line. What is read from
//! nowhere on the map (`EU`, a proxy) stands in the legend all the same.

mod labels;
mod world;

use super::axis::{WIDTH, n};
use super::{Key, Picture};
use crate::{escape, language::say, words};
use labels::{Label, placed};
use maud::{Markup, html};
use std::collections::BTreeSet;
use weir_model::{Language, case::Case};
use world::{Place, place};

/// Countries numbered.
pub(crate) const COUNTRIES_MAX: usize = 12;
const HEIGHT: f64 = 320.0;
/// Room that a number needs around the middle of a country.
const ROOM: f64 = 7.0;
/// Outlines that leave less room have a dot in their middle.
const ROOM_SEEN: f64 = 2.0;
const DOT: f64 = 4.0;
/// Radius of the ring around a home country that a thick outline would fill.
const RING: f64 = 11.0;
/// What `weir-scope` calls the least of very many countries.
const OTHER: &str = "other";

/// A country from where data was read.
pub(crate) struct Origin<'a> {
    code: &'a str,
    people: u64,
    /// `None` in cases that do not say.
    records: Option<u64>,
    place: Option<Place>,
}

/// The countries from where data was read, those with most people first.
pub(crate) fn origins(case: &Case) -> Vec<Origin<'_>> {
    let (people, records) = (&case.divided.countries, &case.divided.country_records);
    let codes: BTreeSet<&str> = people.keys().chain(records.keys()).map(String::as_str).collect();
    let of = |code| Origin {
        code,
        people: people.get(code).copied().unwrap_or(0),
        records: records.get(code).copied(),
        place: place(code),
    };
    let mut all: Vec<Origin<'_>> = codes.into_iter().filter(|code| !code.is_empty()).map(of).collect();
    all.sort_by_key(|o| std::cmp::Reverse((o.people, o.records)));
    all
}

impl Origin<'_> {
    /// `Singapore (SG)`.
    fn name(&self) -> String {
        match &self.place {
            Some(place) => place.full_name(),
            None if self.code == OTHER => "other countries (not on the map)".to_owned(),
            None => format!("{} (not on the map)", self.code),
        }
    }

    /// `12 people, 40 records`.
    fn counts(&self) -> String {
        let people = (self.people > 0).then(|| words::quantity(self.people, "person", "people"));
        let records = self.records.map(|n| words::quantity(n, "record", "records"));
        people.into_iter().chain(records).collect::<Vec<_>>().join(", ")
    }
}

/// The organisation's own country, where it is one of the map.
fn home(case: &Case) -> Option<Place> {
    place(case.organisation.home_country.as_deref()?)
}

/// The same in words.
pub(crate) fn told(case: &Case, origins: &[Origin<'_>]) -> String {
    let line = |(i, o): (usize, &Origin<'_>)| format!("{}. {}: {}.", i + 1, o.name(), o.counts());
    let lines = origins.iter().take(COUNTRIES_MAX).enumerate().map(line);
    let cut = words::cut_note(COUNTRIES_MAX, origins.len(), "case.json").map(|note| format!("{note}."));
    let home = home(case).map(|home| format!("Home country: {}.", home.full_name()));
    let before = "Numbered as on the map, the most first.".to_owned();
    [before].into_iter().chain(lines).chain(cut).chain(home).collect::<Vec<_>>().join(" ")
}

/// The picture; `None` when there is nothing to draw.
pub(crate) fn map(case: &Case, alt: &str, language: Language) -> Option<Picture> {
    let origins = origins(case);
    if origins.is_empty() {
        return None;
    }
    let home = home(case);
    let levels = Levels::of(&origins);
    let read: Vec<(&Place, usize)> =
        origins.iter().filter_map(|o| Some((o.place.as_ref()?, levels.of_one(o)))).collect();
    let others: String =
        world::all().filter(|p| read.iter().all(|(r, _)| r.code != p.code)).map(|p| p.outline).collect();
    let svg = html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (n(HEIGHT)) } role="img" xmlns="http://www.w3.org/2000/svg" {
            title { (say(language, "From which countries data was read")) }
            desc { (escape::html(&say(language, alt))) }
            g transform={ "scale(" (world::UNIT) ")" } {
                path.land d=(others) {}
                @for (place, level) in &read { path class={ "land-read level-" (level) } d=(place.outline) {} }
                @if let Some(home) = home.as_ref().filter(|h| h.room >= ROOM) { path.land-home d=(home.outline) {} }
            }
            @for (place, level) in read.iter().rev().filter(|(p, _)| p.room < ROOM_SEEN) {
                circle class={ "land-read level-" (level) } cx=(n(place.at.0)) cy=(n(place.at.1)) r=(n(DOT)) {}
            }
            @if let Some(home) = home.as_ref().filter(|h| h.room < ROOM) {
                circle.land-home cx=(n(home.at.0)) cy=(n(home.at.1)) r=(n(RING)) {}
            }
            @for label in labels(&origins, home.as_ref()) { (drawn(&label)) }
        }
    };
    let (legend, notes) = legend(case, &origins, &levels, home.as_ref());
    Some(Picture { svg, size: (WIDTH, HEIGHT), legend, notes })
}

/// The numbers of countries and the letter of home, where they stand.
fn labels(origins: &[Origin<'_>], home: Option<&Place>) -> Vec<Label> {
    let numbers = origins.iter().take(COUNTRIES_MAX).enumerate();
    let numbers = numbers.filter_map(|(i, o)| Some(((i + 1).to_string(), o.place.as_ref()?)));
    let letter = home.map(|home| ("H".to_owned(), home));
    let wanted = numbers.chain(letter).map(|(text, place)| (text, place.at, place.room >= ROOM));
    placed(wanted.collect(), (WIDTH, HEIGHT))
}

fn drawn(label: &Label) -> Markup {
    html! {
        @if let Some((from, to)) = label.lead() {
            line.lead x1=(n(from.0)) y1=(n(from.1)) x2=(n(to.0)) y2=(n(to.1)) {}
        }
        text.place x=(n(label.at.0)) y=(n(label.at.1 + 5.5)) text-anchor="middle" { (label.text) }
    }
}

/// What a shade stands for: a share of the people counted, or of the records where nobody is.
struct Levels {
    by_people: bool,
    all: u64,
}

impl Levels {
    fn of(origins: &[Origin<'_>]) -> Self {
        let by_people = origins.iter().any(|o| o.people > 0);
        let mut levels = Self { by_people, all: 0 };
        levels.all = origins.iter().map(|o| levels.counted(o)).fold(0, u64::saturating_add);
        levels
    }

    fn counted(&self, origin: &Origin<'_>) -> u64 {
        if self.by_people { origin.people } else { origin.records.unwrap_or(0) }
    }

    /// 1 to 4: up to a hundredth, a tenth, a half, and more.
    fn of_one(&self, origin: &Origin<'_>) -> usize {
        let share = self.counted(origin) as f64 / self.all.max(1) as f64;
        1 + [0.01, 0.1, 0.5].into_iter().filter(|step| share > *step).count()
    }
}

fn legend(
    case: &Case,
    origins: &[Origin<'_>],
    levels: &Levels,
    home: Option<&Place>,
) -> (Vec<Key>, Vec<String>) {
    let line = |(i, o): (usize, &Origin<'_>)| {
        let key = Key::new(&format!("level-{}", levels.of_one(o)), format!("{}. ", i + 1));
        key.then(format!("{}: ", o.name()), o.counts())
    };
    let home = home.map(|home| Key {
        letter: Some('H'),
        ..Key::new("home", "Home country: ").then(home.full_name(), String::new())
    });
    let keys = origins.iter().take(COUNTRIES_MAX).enumerate().map(line).chain(home).collect();
    let what = if levels.by_people { "people" } else { "records" };
    let several = levels.by_people && origins.len() > 1;
    let unknown = case.scope.records.saturating_sub(case.divided.country_records.values().sum());
    let unknown = Some(unknown).filter(|n| *n > 0 && !case.divided.country_records.is_empty());
    let notes = [
        words::cut_note(COUNTRIES_MAX, origins.len(), "case.json"),
        Some(format!("The stronger the shade, the more: up to 1 %, up to 10 %, up to 50 % of the {what} counted here, and above")),
        several.then(|| "Whoever was read from several countries is counted under each".to_owned()),
        unknown.map(|n| format!("Beside these, {} from places that are not known", words::quantity(n, "record", "records"))),
        Some("A country is where the database says that the address is registered: whoever uses a proxy or another country's network counts there".to_owned()),
    ];
    (keys, notes.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_follow_shares_and_countries_off_the_map_are_named() {
        let origin = |code, people| Origin { code, people, records: Some(7), place: place(code) };
        let all = [origin("KR", 900), origin("SG", 90), origin("jp", 10), origin("EU", 0), origin(OTHER, 0)];
        let levels = Levels::of(&all);
        let shades: Vec<usize> = all.iter().map(|o| levels.of_one(o)).collect();
        assert_eq!(shades, [4, 2, 1, 1, 1]);
        let names: Vec<String> = all.iter().map(Origin::name).collect();
        assert_eq!(names[..3], ["South Korea (KR)", "Singapore (SG)", "Japan (JP)"]);
        assert_eq!(names[3..], ["EU (not on the map)", "other countries (not on the map)"]);
        assert_eq!((all[0].counts(), all[3].counts()), ("900 people, 7 records".into(), "7 records".into()));
    }
}
