//! What a scenario lets its player choose: numbers by name, each with a default and bounds.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// A number that a scenario reads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// Its name, as in `--set name=value`.
    pub name: &'static str,
    /// Its value unless told otherwise.
    pub default: f64,
    /// Smallest and largest value.
    pub bounds: (f64, f64),
    /// What it is, in a few words.
    pub about: &'static str,
}

impl Setting {
    /// The same with another default.
    pub(crate) const fn at(self, default: f64) -> Self {
        Self { default, ..self }
    }
}

/// The numbers of one run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings(BTreeMap<&'static str, f64>);

impl Settings {
    /// The defaults, changed as told.
    pub(crate) fn read(known: &'static [Setting], told: &[(String, f64)]) -> Result<Self> {
        let mut all: BTreeMap<&'static str, f64> = known.iter().map(|s| (s.name, s.default)).collect();
        for (name, value) in told {
            let Some(setting) = known.iter().find(|s| s.name == name) else {
                let names: Vec<&str> = known.iter().map(|s| s.name).collect();
                return Err(Error::UnknownSetting { name: name.clone(), known: names.join(", ") });
            };
            let (low, high) = setting.bounds;
            if !(low..=high).contains(value) {
                return Err(Error::Setting { name: setting.name, value: *value, low, high });
            }
            all.insert(setting.name, *value);
        }
        Ok(Self(all))
    }

    /// A number; 0 where the scenario has none of this name.
    pub(crate) fn number(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }

    /// A whole number.
    pub(crate) fn count(&self, name: &str) -> u32 {
        self.number(name) as u32
    }

    /// A switch: 0 is off.
    pub(crate) fn on(&self, name: &str) -> bool {
        self.number(name) > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[Setting] =
        &[Setting { name: "people", default: 7.0, bounds: (1.0, 10.0), about: "people a day" }];

    #[test]
    fn a_setting_keeps_its_bounds_and_its_name() {
        let read = |name: &str, value| Settings::read(KNOWN, &[(name.to_owned(), value)]);
        assert_eq!(Settings::read(KNOWN, &[]).unwrap().count("people"), 7);
        assert_eq!(read("people", 3.0).unwrap().count("people"), 3);
        assert!(read("people", 11.0).unwrap_err().to_string().contains("between 1 and 10"));
        assert!(read("peopel", 3.0).unwrap_err().to_string().contains("people"));
        assert!(read("people", f64::NAN).is_err());
    }
}
