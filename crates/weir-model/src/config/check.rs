//! What `weir.toml` may not say though it has the right form. Each rule gives the line that breaks it, what is wrong and the mend.

use super::Config;
use crate::{Micros, ModelError, Table};
use std::collections::BTreeSet;

const COUNTRY: &str = "countries are told by ISO 3166-1 alpha-2: `KR`";

/// The first rule that a configuration breaks.
pub(super) fn check(config: &Config, text: &str) -> Result<(), ModelError> {
    let told = Told(text);
    organisation(config, &told)?;
    datasets(config, &told)?;
    sources(config, &told)?;
    let named = config.sensors.iter().map(|s| s.name.as_str());
    once_each(named, "sensor", &told)
}

fn organisation(config: &Config, told: &Told<'_>) -> Result<(), ModelError> {
    let of = &config.organisation;
    if let Some(home) = of.home_country.as_ref().filter(|home| !is_code(home)) {
        let message = format!("`{home}` in `home_country` is no country code");
        return Err(told.wrong(told.line("home_country", home), message, COUNTRY));
    }
    let listed = of.permitted_countries.iter();
    let listed = listed.chain(config.datasets.iter().filter_map(|d| d.permitted_countries.as_ref()));
    if let Some(wrong) = listed.flatten().find(|country| !is_code(country)) {
        let message = format!("`{wrong}` in `permitted_countries` is no country code");
        let line = told.line("permitted_countries", wrong).or_else(|| told.line("", wrong));
        return Err(told.wrong(line, message, COUNTRY));
    }
    if let Some(aware) = of.aware.as_ref().filter(|aware| Micros::parse(aware).is_err()) {
        let message = format!("`aware` is `{aware}`, which is no time");
        return Err(told.wrong(
            told.line("aware", aware),
            message,
            "write `2025-01-31` or `2025-01-31T18:00:00Z`",
        ));
    }
    if of.keep_days_min == Some(0) {
        let help = "give the number of days, or leave it out where none is asked for";
        return Err(told.wrong(told.line("keep_days_min", "0"), "`keep_days_min` is 0".to_owned(), help));
    }
    for (key, number) in [("population", of.population), ("members", of.members)] {
        if number == Some(0) {
            let help = "give the number of people, or leave it out where it is not known";
            return Err(told.wrong(told.line(key, "0"), format!("`{key}` is 0"), help));
        }
    }
    Ok(())
}

fn datasets(config: &Config, told: &Told<'_>) -> Result<(), ModelError> {
    once_each(config.datasets.iter().map(|d| d.name.as_str()), "dataset", told)?;
    for dataset in &config.datasets {
        if dataset.categories.iter().any(|category| category.trim().is_empty()) {
            let message = format!("a category of dataset `{}` is blank", dataset.name);
            let blank = |line: &str| line.contains("\"\"") || line.contains("''");
            let line = told.first(|line| line.starts_with("categories") && blank(line));
            return Err(told.wrong(line, message, "name the kind of data, `e_mail`, or leave it out"));
        }
    }
    Ok(())
}

fn sources(config: &Config, told: &Told<'_>) -> Result<(), ModelError> {
    let columns: BTreeSet<String> = Table::ALL
        .iter()
        .flat_map(|t| t.schema().fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>())
        .collect();
    for source in &config.sources {
        if source.files.trim().is_empty() {
            let line = told.first(|line| line.starts_with("files"));
            return Err(told.wrong(
                line,
                "`files` is blank".to_owned(),
                "give a pattern of paths: `edge/*.log.gz`",
            ));
        }
        let is_person =
            |column: &str| column.strip_prefix("subject.").is_some_and(|namespace| !namespace.is_empty());
        let unknown = source.fields.keys().find(|column| !columns.contains(*column) && !is_person(column));
        if let Some(unknown) = unknown {
            let nearest = columns
                .iter()
                .max_by(|a, b| strsim::jaro_winkler(a, unknown).total_cmp(&strsim::jaro_winkler(b, unknown)));
            let help = format!(
                "did you mean `{}`? What is left of `=` is a column of a record table, or `subject.` and a kind of person",
                nearest.map_or("", String::as_str)
            );
            let message = format!("`fields` names `{unknown}`, which is no column");
            return Err(told.wrong(told.first(|line| line.contains(unknown.as_str())), message, &help));
        }
    }
    Ok(())
}

/// That each has a name, and its own.
fn once_each<'n>(
    names: impl Iterator<Item = &'n str>,
    what: &str,
    told: &Told<'_>,
) -> Result<(), ModelError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if name.trim().is_empty() {
            let blank = |line: &str| {
                line.split_once('=').is_some_and(|(key, value)| {
                    key.trim() == "name" && value.trim().trim_matches(['"', '\'']).trim().is_empty()
                })
            };
            return Err(told.wrong(
                told.first(blank),
                format!("the name of a {what} is blank"),
                "give it a name",
            ));
        }
        if !seen.insert(name) {
            let help = if what == "dataset" {
                "give each dataset its own name; one dataset may list several routes"
            } else {
                "keep one of them"
            };
            let line = told.all(|line| line.starts_with("name") && says(line, name)).nth(1);
            return Err(told.wrong(line, format!("{what} `{name}` is configured twice"), help));
        }
    }
    Ok(())
}

fn is_code(country: &str) -> bool {
    country.len() == 2 && country.bytes().all(|b| b.is_ascii_alphabetic())
}

/// Whether a line has this text as a value.
fn says(line: &str, value: &str) -> bool {
    line.split_once('=').map_or(line, |(_, right)| right).contains(value)
}

/// The configuration as it was written.
struct Told<'a>(&'a str);

impl Told<'_> {
    /// The 1-based lines that satisfy a condition, looked at without the blanks around them.
    fn all(&self, is: impl Fn(&str) -> bool) -> impl Iterator<Item = usize> {
        self.0.lines().enumerate().filter(move |(_, line)| is(line.trim())).map(|(at, _)| at + 1)
    }

    fn first(&self, is: impl Fn(&str) -> bool) -> Option<usize> {
        self.all(is).next()
    }

    /// The line on which a key has a value.
    fn line(&self, key: &str, value: &str) -> Option<usize> {
        self.first(|line| line.starts_with(key) && says(line, value))
    }

    fn wrong(&self, line: Option<usize>, message: String, help: &str) -> ModelError {
        ModelError::Config { message, line, help: Some(help.to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_the_form_and_no_sense_names_its_line() {
        let fail = |text: &str| match Config::parse(text).unwrap_err() {
            ModelError::Config { message, line: Some(line), help: Some(_) } => (line, message),
            other => panic!("{other:?}"),
        };
        let of = "[organisation]\nname = 'x'\n";
        let organisation = |line: &str| fail(&format!("{of}{line}\n"));
        assert_eq!(
            organisation("aware = 'yesterday'"),
            (3, "`aware` is `yesterday`, which is no time".into())
        );
        assert_eq!(organisation("members = 0"), (3, "`members` is 0".into()));
        assert_eq!(organisation("home_country = 'Korea'").0, 3);
        assert_eq!(organisation("permitted_countries = [\n'KR',\n'Japan']").0, 5);
        let dataset = "[[dataset]]\nname = 'a'\nroutes = ['/a/{m}']\n";
        assert_eq!(fail(&format!("{dataset}categories = ['name', '']")).0, 4);
        assert_eq!(fail(&format!("{dataset}{dataset}")), (5, "dataset `a` is configured twice".into()));
        assert_eq!(fail("[[dataset]]\nname = ' '").0, 2);
        let source = fail("[[source]]\nfiles = '*'\n\nfields = { credentials = 'kid' }");
        assert_eq!(source, (4, "`fields` names `credentials`, which is no column".into()));
        assert_eq!(fail("[[sensor]]\nname = 's'\n[[sensor]]\nname = 's'").0, 4);
    }
}
