//! `weir.toml`: what an organisation tells Weir about its data. Everything is optional; what is not told is learned.
//!
//! Unknown keys are errors that suggest the nearest name. This module parses text; reading files is the engine's job.

mod check;

use crate::{Language, ModelError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Who the logs belong to.
    pub organisation: OrganisationConfig,
    /// Datasets: where named kinds of personal data are.
    #[serde(rename = "dataset")]
    pub datasets: Vec<DatasetConfig>,
    /// How files are read: format, sensor, field map, time zone.
    #[serde(rename = "source")]
    pub sources: Vec<SourceConfig>,
    /// Sensors that should deliver.
    #[serde(rename = "sensor")]
    pub sensors: Vec<SensorConfig>,
    /// Links: this object belongs to that person.
    #[serde(rename = "link")]
    pub links: Vec<LinkConfig>,
    /// Inventories kept elsewhere.
    pub inventory: InventoryConfig,
}

/// Who the logs belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OrganisationConfig {
    /// Its name.
    pub name: Option<String>,
    /// Its sector.
    pub sector: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub home_country: Option<String>,
    /// Countries, ISO 3166-1 alpha-2, from where people's data may be read; the home country always may. A dataset's own list goes before.
    pub permitted_countries: Option<Vec<String>>,
    /// How many people live where it works.
    pub population: Option<u64>,
    /// How many people it holds data of.
    pub members: Option<u64>,
    /// When it became aware of the incident, RFC 3339.
    pub aware: Option<String>,
    /// How many people it reported before; the report says the difference.
    pub reported: Option<u64>,
    /// For how many days records must be kept at least, by law or by contract.
    pub keep_days_min: Option<u32>,
    /// The language of its reports for people: `en` (English) or `ko` (Korean).
    pub language: Language,
}

/// A named kind of personal data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatasetConfig {
    /// Its name.
    pub name: String,
    /// Data categories: `name`, `e_mail`, `phone`, `postal_address`, `order_history` ...
    #[serde(default)]
    pub categories: Vec<String>,
    /// Routes: `/members/{member}/addresses`, `/profile?id={member}`. A parameter's name is its namespace. A request names each person of a list (`7,8`) and of a
    /// parameter that is repeated (`id=7&id=8`, `id[]=7&id[]=8`). `me`, `self`, `current` and their like name the holder of the credential; `undefined`, `null`
    /// and other blanks name nobody.
    #[serde(default)]
    pub routes: Vec<String>,
    /// Database tables, `schema.table`.
    #[serde(default)]
    pub tables: Vec<String>,
    /// Storage buckets.
    #[serde(default)]
    pub buckets: Vec<String>,
    /// The parameter (namespace) that names the person; or `holder`: the page shows the holder of the credential used.
    #[serde(default)]
    pub subject: Option<String>,
    /// Countries, ISO 3166-1 alpha-2, from where it may be read; the home country always may. Any may when neither this nor the organisation's
    /// list is told.
    #[serde(default)]
    pub permitted_countries: Option<Vec<String>>,
}

/// How the files that match a pattern are read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// Glob on the path relative to the folder given: `edge/*.log.gz`. `*` stays inside a folder, `**` crosses.
    pub files: String,
    /// Format (see `weir sources`); content decides when absent.
    #[serde(default)]
    pub format: Option<String>,
    /// Name of the sensor; derived from path and content when absent.
    #[serde(default)]
    pub sensor: Option<String>,
    /// IANA zone or `+09:00`, for stamps without offset.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Column of the record table to field of the log (dotted path in JSON): `credential = "req.session"`.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
}

/// A sensor that should deliver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SensorConfig {
    /// Its name.
    pub name: String,
    /// IANA zone or `+09:00`.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Longest silence that is normal, seconds.
    #[serde(default)]
    pub quiet_max_s: Option<u64>,
}

/// A map from objects to people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkConfig {
    /// Namespace of the object: the parameter's name in a route; `credential` for sessions; `actor` for logins, which `weir erase` asks for.
    pub from: String,
    /// Namespace of the person.
    pub to: String,
    /// CSV file with columns named as `from` and `to`, relative to the configuration.
    pub file: String,
    /// Whether the people are others than those of every other namespace (an address book's, who have no account), so that both are counted.
    #[serde(default)]
    pub others: bool,
}

/// Inventories kept elsewhere, relative to the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InventoryConfig {
    /// CSV `key,owner,created,retired`.
    pub keys: Option<String>,
    /// CSV `person,joined,left`.
    pub people: Option<String>,
    /// MMDB: IP address to country.
    pub countries: Option<String>,
    /// MMDB: IP address to autonomous system.
    pub asns: Option<String>,
}

impl Config {
    /// Reads `weir.toml`'s text; an error names line and mend.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let config: Self = toml::from_str(text).map_err(|e| {
            let line = e.span().map(|s| text.bytes().take(s.start).filter(|b| *b == b'\n').count() + 1);
            ModelError::Config { help: suggestion(e.message()), message: e.message().to_owned(), line }
        })?;
        check::check(&config, text)?;
        Ok(config)
    }

    /// Whether a dataset may be read from a country; `None` where nobody told.
    #[must_use]
    pub fn permits(&self, dataset: &str, country: &str) -> Option<bool> {
        let own =
            self.datasets.iter().find(|d| d.name == dataset).and_then(|d| d.permitted_countries.as_ref());
        let told = own.or(self.organisation.permitted_countries.as_ref())?;
        Some(self.is_home(country) || told.iter().any(|c| c.eq_ignore_ascii_case(country)))
    }

    /// Whether a country is the organisation's own.
    #[must_use]
    pub fn is_home(&self, country: &str) -> bool {
        self.organisation.home_country.as_ref().is_some_and(|home| home.eq_ignore_ascii_case(country))
    }
}

/// "unknown field `datset`, expected one of `dataset`, ..." becomes "did you mean `dataset`?".
fn suggestion(message: &str) -> Option<String> {
    let mut names = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown field").then(|| names.next()).flatten()?;
    let all: Vec<&str> = names.collect();
    let nearest = all
        .iter()
        .max_by(|a, b| strsim::jaro_winkler(a, unknown).total_cmp(&strsim::jaro_winkler(b, unknown)));
    match nearest {
        Some(name) if strsim::jaro_winkler(name, unknown) > 0.7 => Some(format!("did you mean `{name}`?")),
        _ => Some(format!("known names: {}", all.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_names_its_line_and_the_nearest_name() {
        let text = "[organisation]\nname = \"Shop\"\n\n[[datset]]\nname = \"x\"\n";
        let Err(ModelError::Config { message, help, line }) = Config::parse(text) else {
            panic!("must fail")
        };
        assert!(message.contains("datset"), "{message}");
        assert_eq!(help.as_deref(), Some("did you mean `dataset`?"));
        assert_eq!(line, Some(4));
    }

    #[test]
    fn a_datasets_own_countries_go_before_the_organisations() {
        let text = r#"
            [organisation]
            home_country = "KR"
            permitted_countries = ["JP"]
            [[dataset]]
            name = "addresses"
            permitted_countries = []
            [[dataset]]
            name = "orders"
        "#;
        let config = Config::parse(text).unwrap();
        let permits = |dataset, country| config.permits(dataset, country);
        assert_eq!([permits("orders", "JP"), permits("orders", "CN")], [Some(true), Some(false)]);
        assert_eq!([permits("addresses", "KR"), permits("addresses", "JP")], [Some(true), Some(false)]);
        assert_eq!(Config::default().permits("orders", "CN"), None);
        let wrong = Config::parse("[organisation]\npermitted_countries = ['Japan']").unwrap_err();
        assert!(wrong.to_string().contains("`Japan`"), "{wrong}");
    }

    #[test]
    fn a_full_configuration_parses() {
        let text = r#"
            [organisation]
            name = "Shop"
            home_country = "KR"
            [[dataset]]
            name = "addresses"
            categories = ["name", "postal_address"]
            routes = ["/members/{member}/addresses"]
            subject = "member"
            [[source]]
            files = "edge/**"
            fields = { credential = "req.session", "subject.member" = "req.member" }
            [inventory]
            keys = "keys.csv"
        "#;
        let config = Config::parse(text).unwrap();
        assert_eq!(config.datasets[0].subject.as_deref(), Some("member"));
        assert_eq!(config.sources[0].fields["credential"], "req.session");
        assert_eq!(config.sources[0].fields["subject.member"], "req.member");
        assert!(Config::parse(&text.replace("subject.member", "subject.")).is_err(), "no kind of person");
    }
}
