//! The scenarios: one file each, whose opening comment is its manual page, and one line in the table below.

pub mod already_inside;
pub mod forged_tokens;
pub mod insider_bulk;
pub mod lookup_abuse;
pub mod partner_enumeration;
pub mod quiet_year;
mod retail;
pub mod rotating_id_scrape;
pub mod shop;
pub mod stolen_dba;

use crate::clock::Period;
use crate::error::{Error, Result};
use crate::play::Play;
use crate::settings::{Setting, Settings};

/// How to play a scenario.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Size {
    pub(crate) seed: u64,
    pub(crate) days: u32,
    pub(crate) scale: f64,
    /// Where it is played, if not in a world of its own.
    pub(crate) place: Option<Place>,
}

/// A time and ids that are given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    /// Local midnight at which it begins.
    pub(crate) start: i64,
    /// Hours that local time is ahead of UTC.
    pub(crate) ahead: i8,
    /// Nobody there has an id above this one.
    pub(crate) ids_above: u32,
}

/// Members' ids in a world of its own lie above this one.
const IDS_ABOVE: u32 = 5_000;

impl Size {
    /// The time it covers, where the scenario is written for this one.
    pub(crate) fn period(self, start: i64, ahead: i8) -> Period {
        let (start, ahead) = self.place.map_or((start, ahead), |place| (place.start, place.ahead));
        Period { start, days: self.days, ahead }
    }

    pub(crate) fn ids_above(self) -> u32 {
        self.place.map_or(IDS_ABOVE, |place| place.ids_above)
    }
}

/// A scenario there is.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Info {
    /// Its name on the command line.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Its manual page, as Markdown.
    pub manual: &'static str,
    /// How many days it covers unless told otherwise.
    pub days: u32,
    /// What its player may choose.
    pub settings: &'static [Setting],
    pub(crate) build: fn(Size, &Settings) -> Play,
}

/// All scenarios, by name.
const SCENARIOS: &[Info] = &[
    already_inside::INFO,
    forged_tokens::INFO,
    insider_bulk::INFO,
    lookup_abuse::INFO,
    partner_enumeration::INFO,
    quiet_year::INFO,
    rotating_id_scrape::INFO,
    shop::INFO,
    stolen_dba::INFO,
];

/// All scenarios, in order of name.
#[must_use]
pub fn scenarios() -> &'static [Info] {
    SCENARIOS
}

pub(crate) fn find(name: &str) -> Result<&'static Info> {
    SCENARIOS.iter().find(|info| info.name == name).ok_or_else(|| Error::UnknownScenario {
        name: name.to_owned(),
        known: SCENARIOS.iter().map(|info| info.name).collect::<Vec<_>>().join(", "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_unique_and_spelt_alike() {
        assert!(SCENARIOS.is_sorted_by(|a, b| a.name < b.name));
        for info in SCENARIOS {
            assert!(info.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", info.name);
            assert!(find(info.name).is_ok());
        }
    }

    #[test]
    fn every_scenario_has_a_manual_page() {
        for info in SCENARIOS {
            assert!(info.summary.ends_with('.') && info.summary.len() < 120, "{}", info.summary);
            for part in
                ["## What happens", "## What makes it hard", "## How it can be found", "## References"]
            {
                assert!(info.manual.contains(part), "`{}` lacks `{part}`", info.name);
            }
            assert!(info.days > 0);
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = find("shopp").unwrap_err().to_string();
        assert!(error.contains("`shopp`") && error.contains("shop"), "{error}");
    }
}
