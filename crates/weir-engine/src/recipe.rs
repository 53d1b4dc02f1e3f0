//! What a process of a cluster needs to derive columns as the driver does.
//!
//! Decisive choice: a recipe names what is told and holds what was learned. The configuration and the files it names are read by every process from the
//! same place, as the lake is, and the key of pseudonyms is each process's own: neither people nor secrets travel. What comes of it must have the id
//! that the driver's catalog has, so a process that reads another configuration says so and answers nothing.

use crate::{EngineError, Settings, keys};
use arrow_array::{ArrayRef, RecordBatch};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use weir_catalog::{Catalog, Learned, Masked};
use weir_lake::{Derive, DerivedColumn, Shows, Written};
use weir_sources::secrets::Fingerprints;

/// A catalog, as it is sent.
#[derive(Deserialize, Serialize)]
struct Recipe {
    /// The id of what is to come of it.
    catalog: String,
    /// `weir.toml`, if there is one.
    settings: Option<PathBuf>,
    learned: Learned,
    /// With people under pseudonyms: the id of their key.
    masked: Option<String>,
}

/// What derives columns, and its recipe.
struct Portable {
    by: Arc<dyn Derive>,
    recipe: String,
    /// Whether the lake's digest stands for records.
    kept: bool,
}

impl Derive for Portable {
    fn id(&self) -> &str {
        self.by.id()
    }

    fn columns(&self, table: &str) -> Vec<DerivedColumn> {
        self.by.columns(table)
    }

    fn derive(&self, table: &str, column: &str, inputs: &RecordBatch) -> Result<ArrayRef, String> {
        self.by.derive(table, column, inputs)
    }

    fn kept(&self) -> bool {
        self.kept && self.by.kept()
    }

    fn written(&self, table: &str, column: &str, text: &str) -> Written {
        self.by.written(table, column, text)
    }

    fn shows(&self, table: &str, column: &str) -> Shows {
        self.by.shows(table, column)
    }

    fn written_id(&self, id: &str) -> (Shows, Written) {
        self.by.written_id(id)
    }

    fn recipe(&self) -> Option<&str> {
        Some(&self.recipe)
    }
}

/// A catalog that shows people under pseudonyms.
fn masked(catalog: Arc<Catalog>, fingerprints: Fingerprints) -> Arc<dyn Derive> {
    let pseudonym = move |id: &str| fingerprints.pseudonym(id);
    Arc::new(Masked::new(catalog, Arc::new(pseudonym)))
}

/// A catalog's columns for a session.
pub(crate) fn columns(
    catalog: Arc<Catalog>,
    learned: Learned,
    settings: &Settings,
) -> Result<Arc<dyn Derive>, EngineError> {
    Ok(Arc::new(portable(catalog, learned, settings, None)?))
}

/// A catalog's columns for whoever writes queries, with people by name or, given the key, under pseudonyms. Tables are the same either way: a digest of
/// pseudonyms cannot be kept, so each record is a row of it.
pub(crate) fn asked(
    catalog: Arc<Catalog>,
    learned: Learned,
    settings: &Settings,
    pseudonyms: Option<&Fingerprints>,
) -> Result<Arc<dyn Derive>, EngineError> {
    Ok(Arc::new(Portable { kept: false, ..portable(catalog, learned, settings, pseudonyms)? }))
}

fn portable(
    catalog: Arc<Catalog>,
    learned: Learned,
    settings: &Settings,
    pseudonyms: Option<&Fingerprints>,
) -> Result<Portable, EngineError> {
    let recipe = Recipe {
        catalog: catalog.id().to_owned(),
        settings: settings.path.clone(),
        learned,
        masked: pseudonyms.map(Fingerprints::key_id),
    };
    let recipe =
        serde_json::to_string(&recipe).map_err(|e| EngineError::Recipe { message: e.to_string() })?;
    let by = match pseudonyms {
        Some(key) => masked(catalog, key.clone()),
        None => catalog,
    };
    Ok(Portable { by, recipe, kept: true })
}

/// Makes columns again from their recipe, in another process.
fn made(text: &str) -> Result<Arc<dyn Derive>, EngineError> {
    let wrong = |message: String| EngineError::Recipe { message };
    let recipe: Recipe = serde_json::from_str(text).map_err(|e| wrong(e.to_string()))?;
    let settings = match &recipe.settings {
        Some(path) => Settings::read(path)?,
        None => Settings::default(),
    };
    let catalog = settings.catalog(&recipe.learned)?;
    if catalog.id() != recipe.catalog {
        let read = recipe
            .settings
            .as_ref()
            .map_or("no configuration".to_owned(), |p| format!("another `{}`", p.display()));
        return Err(wrong(format!(
            "a process of the cluster reads {read}; every process needs the configuration, and the files it names, at the same path"
        )));
    }
    let by = match &recipe.masked {
        None => catalog as Arc<dyn Derive>,
        Some(expected) => match keys::known()?.filter(|key| key.key_id() == *expected) {
            Some(key) => masked(catalog, key),
            None => {
                return Err(wrong(
                    "a process of the cluster has another key for pseudonyms; give every process the same file by WEIR_FINGERPRINT_KEY"
                        .to_owned(),
                ));
            }
        },
    };
    Ok(Arc::new(Portable { by, recipe: text.to_owned(), kept: true }))
}

/// Makes columns again, for a scheduler or an executor.
#[must_use]
pub fn rebuild() -> weir_lake::Rebuild {
    Arc::new(|recipe| made(recipe).map_err(|e| e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_another_configuration_says_so() {
        let settings = Settings::default();
        let learned = Learned::default();
        let catalog = settings.catalog(&learned).unwrap();
        let sent = columns(Arc::clone(&catalog), learned, &settings).unwrap();
        let recipe = sent.recipe().unwrap().to_owned();
        assert_eq!(rebuild()(&recipe).unwrap().id(), catalog.id());
        let other = recipe.replace(catalog.id(), "0123456789abcdef");
        let message = rebuild()(&other).err().unwrap();
        assert!(message.contains("reads no configuration"), "{message}");
        let folder = tempfile::tempdir().unwrap();
        let gone = recipe
            .replace("\"settings\":null", &format!("\"settings\":{:?}", folder.path().join("weir.toml")));
        assert!(rebuild()(&gone).err().unwrap().contains("weir.toml"));
    }
}
