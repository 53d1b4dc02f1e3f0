//! What an organisation told us: the configuration and the inventories it names, read once.

use crate::EngineError;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use weir_catalog::{Asns, Catalog, CatalogError, Countries, Inventories, Learned, Links};
use weir_evidence::Digest;
use weir_model::ModelError;
use weir_model::case::Configuration;
use weir_model::config::{Config, SourceConfig};
use weir_sources::source::FileOptions;

/// The configuration and what it names.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Where `weir.toml` lies, if there is one.
    pub path: Option<PathBuf>,
    /// SHA-256 of `weir.toml`.
    pub sha256: Option<String>,
    /// `weir.toml`.
    pub config: Config,
    /// Keys and people.
    pub inventories: Inventories,
    /// Objects to people.
    pub links: Links,
    /// Addresses to countries.
    pub countries: Option<Arc<Countries>>,
    /// Addresses to autonomous systems.
    pub asns: Option<Arc<Asns>>,
}

impl Settings {
    /// Reads `weir.toml` and the files it names, relative to it.
    pub fn read(path: &Path) -> Result<Self, EngineError> {
        let written = text(path)?;
        let config = Config::parse(&written).map_err(|error| match error {
            ModelError::Config { message, help, line } => {
                EngineError::Config { path: path.to_owned(), line, message, help }
            }
            other => EngineError::Config {
                path: path.to_owned(),
                line: None,
                message: other.to_string(),
                help: None,
            },
        })?;
        Catalog::new(&config, &Learned::default(), Links::default())
            .map_err(|error| untellable(path, &written, &error))?;
        let beside = |name: &str| path.parent().unwrap_or(Path::new("")).join(name);
        let place = path.canonicalize().map_err(|e| unreadable(path, &e))?;
        let sha256 = Some(Digest::of(written.as_bytes()).to_string());
        let mut settings = Self { path: Some(place), sha256, config, ..Self::default() };
        if let Some(name) = settings.config.inventory.keys.clone() {
            settings.inventories.add_keys(&name, &text(&beside(&name))?)?;
        }
        if let Some(name) = settings.config.inventory.people.clone() {
            settings.inventories.add_people(&name, &text(&beside(&name))?)?;
        }
        let bytes = |name: &str| whole(&beside(name));
        if let Some(name) = settings.config.inventory.countries.clone() {
            settings.countries = Some(Arc::new(Countries::new(&name, bytes(&name)?)?));
        }
        if let Some(name) = settings.config.inventory.asns.clone() {
            settings.asns = Some(Arc::new(Asns::new(&name, bytes(&name)?)?));
        }
        for link in settings.config.links.clone() {
            settings.links.add_csv(&link.file, &link.from, &link.to, &text(&beside(&link.file))?)?;
        }
        for sensor in &settings.config.sensors {
            zone(path, &written, sensor.time_zone.as_deref())?;
        }
        for source in &settings.config.sources {
            zone(path, &written, source.time_zone.as_deref())?;
            if let Some(format) =
                source.format.as_deref().filter(|f| weir_sources::sources::by_name(f).is_none())
            {
                return Err(wrong(
                    path,
                    line_of(&written, format),
                    format!("no source is named `{format}`"),
                    Some("`weir sources` lists them"),
                ));
            }
        }
        Ok(settings)
    }

    /// Its name and digest.
    #[must_use]
    pub fn configuration(&self) -> Configuration {
        let name = self.path.as_ref().and_then(|path| path.file_name());
        Configuration { file: name.map(|n| n.to_string_lossy().into_owned()), sha256: self.sha256.clone() }
    }

    /// The catalog that these settings and what was learned make.
    pub(crate) fn catalog(&self, learned: &Learned) -> Result<Arc<Catalog>, EngineError> {
        let catalog = Catalog::new(&self.config, learned, self.links.clone())?;
        Ok(Arc::new(catalog.with_countries(self.countries.clone()).with_asns(self.asns.clone())))
    }

    /// How a file is read: the first `[[source]]` that matches its path.
    pub(crate) fn of_file(&self, rel: &str) -> (FileOptions, Option<String>) {
        let mut options = FileOptions::default();
        let Some(source) = self.config.sources.iter().find(|s| matches(&s.files, rel)) else {
            return (options, None);
        };
        options.fields = source.fields.clone();
        options.sensor = source.sensor.clone();
        options.time_zone =
            source.time_zone.as_deref().and_then(parse_zone).or_else(|| self.sensor_zone(source));
        (options, source.format.clone())
    }

    /// Patterns of `[[source]]` that no file matches.
    pub(crate) fn unmatched<'f>(&self, files: impl Iterator<Item = &'f str> + Clone) -> Vec<String> {
        let no_file = |source: &&SourceConfig| !files.clone().any(|file| matches(&source.files, file));
        let said = |s: &SourceConfig| {
            format!("`files = \"{}\"` of a `[[source]]` in weir.toml matches no file that was given", s.files)
        };
        self.config.sources.iter().filter(no_file).map(said).collect()
    }

    fn sensor_zone(&self, source: &SourceConfig) -> Option<jiff::tz::TimeZone> {
        let sensor = self.config.sensors.iter().find(|s| Some(&s.name) == source.sensor.as_ref())?;
        parse_zone(sensor.time_zone.as_deref()?)
    }
}

fn wrong(path: &Path, line: Option<usize>, message: String, help: Option<&str>) -> EngineError {
    EngineError::Config { path: path.to_owned(), line, message, help: help.map(str::to_owned) }
}

/// The most bytes that are read of what is no file: of a pipe, while a device may never end.
const PIPE_BYTES_MAX: u64 = 64 << 20;

/// All bytes of a file.
fn whole(path: &Path) -> Result<Vec<u8>, EngineError> {
    let failed = |e: std::io::Error| unreadable(path, &e);
    let file = std::fs::File::open(path).map_err(failed)?;
    let most = if file.metadata().map_err(failed)?.is_file() { u64::MAX } else { PIPE_BYTES_MAX };
    let mut bytes = Vec::new();
    if file.take(most).read_to_end(&mut bytes).map_err(failed)? as u64 == most {
        return Err(failed(std::io::Error::other("it is no file and goes on after 64 MiB; name a file")));
    }
    Ok(bytes)
}

fn text(path: &Path) -> Result<String, EngineError> {
    let bytes = whole(path)?;
    String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        EngineError::Config {
            path: path.to_owned(),
            line: Some(line),
            message: "it is not UTF-8".to_owned(),
            help: Some("save the file as UTF-8".to_owned()),
        }
    })
}

/// The 1-based line on which a text first stands.
fn line_of(text: &str, what: &str) -> Option<usize> {
    text.lines().position(|line| line.contains(what)).map(|at| at + 1)
}

/// What a catalog finds wrong with the configuration, with its line.
fn untellable(path: &Path, text: &str, error: &CatalogError) -> EngineError {
    let line = match error {
        CatalogError::Route { route, .. } => {
            line_of(text, &format!("{route}\"")).or_else(|| line_of(text, route))
        }
        CatalogError::Subject { subject, .. } => {
            line_of(text, &format!("\"{subject}\"")).or_else(|| line_of(text, subject))
        }
        _ => None,
    };
    let help = error.help().map(str::to_owned);
    EngineError::Config { path: path.to_owned(), line, message: error.to_string(), help }
}

fn unreadable(path: &Path, error: &std::io::Error) -> EngineError {
    EngineError::Input { path: path.to_owned(), message: error.to_string() }
}

fn zone(path: &Path, text: &str, name: Option<&str>) -> Result<Option<jiff::tz::TimeZone>, EngineError> {
    let Some(name) = name else { return Ok(None) };
    let help = Some("give an IANA name like `Asia/Seoul` or an offset like `+09:00`");
    parse_zone(name)
        .map(Some)
        .ok_or_else(|| wrong(path, line_of(text, name), format!("`{name}` is not a time zone"), help))
}

fn parse_zone(name: &str) -> Option<jiff::tz::TimeZone> {
    if let Ok(zone) = jiff::tz::TimeZone::get(name) {
        return Some(zone);
    }
    let (sign, rest) =
        if let Some(rest) = name.strip_prefix('-') { (-1, rest) } else { (1, name.strip_prefix('+')?) };
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
    let seconds =
        hours.parse::<i32>().ok()?.checked_mul(3600)?.checked_add(minutes.parse::<i32>().ok()? * 60)?;
    jiff::tz::Offset::from_seconds(sign * seconds).ok().map(jiff::tz::TimeZone::fixed)
}

/// Whether a path matches a glob: `?` and `*` stay inside a folder, `**` crosses folders.
fn matches(glob: &str, path: &str) -> bool {
    fn inner(glob: &[u8], path: &[u8]) -> bool {
        match (glob, path) {
            ([b'*', b'*', b'/', rest @ ..], _) if inner(rest, path) => true,
            ([b'*', b'*', rest @ ..], _) => {
                (0..=path.len()).any(|n| path.get(n..).is_some_and(|p| inner(rest, p)))
            }
            ([b'*', rest @ ..], _) => {
                let folder = path.iter().position(|b| *b == b'/').unwrap_or(path.len());
                (0..=folder).any(|n| path.get(n..).is_some_and(|p| inner(rest, p)))
            }
            ([b'?', g @ ..], [c, p @ ..]) if *c != b'/' => inner(g, p),
            ([g, grest @ ..], [p, prest @ ..]) if g == p => inner(grest, prest),
            ([], []) => true,
            _ => false,
        }
    }
    inner(glob.as_bytes(), path.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_stay_inside_a_folder_unless_doubled() {
        assert!(matches("edge/*.log", "edge/a.log"));
        assert!(!matches("*.log", "edge/a.log"));
        assert!(matches("**/*.log", "edge/x/a.log") && matches("**/*.log", "a.log"));
        assert!(matches("edge/**", "edge/x/a.log"));
        assert!(!matches("edge/?.log", "edge/ab.log"));
    }

    #[cfg(unix)]
    #[test]
    fn a_device_that_never_ends_is_refused() {
        let error = whole(Path::new("/dev/zero")).unwrap_err().to_string();
        assert!(error.contains("no file"), "{error}");
        assert!(whole(Path::new("/dev/null")).is_ok_and(|bytes| bytes.is_empty()));
    }

    #[test]
    fn zones_are_names_or_offsets() {
        assert!(
            parse_zone("Asia/Seoul").is_some()
                && parse_zone("+09:00").is_some()
                && parse_zone("-0530").is_none()
        );
        assert!(parse_zone("Mars/Base").is_none());
    }
}
