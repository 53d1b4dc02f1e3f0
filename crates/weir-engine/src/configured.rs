//! Whether what is asked now is asked under the configuration that a case was made with.
//!
//! Decisive choice: a configuration is compared by the digest of its file, and where no case says which it was, by the catalog that the lake was last folded
//! under. Another one is no error, since people mend configurations; but whose data a record shows follows from it, so it is said.

use crate::holds::read;
use crate::investigate::learned;
use crate::{EngineError, Settings};
use futures::future::LocalBoxFuture;
use std::path::Path;
use weir_catalog::{Catalog, Learned};
use weir_lake::{Lake, Snapshot};
use weir_model::case::Configuration;

/// What to say where a case was made with another configuration than the one given now.
pub(crate) fn differs(made: &Configuration, given: &Configuration, meant: &str) -> Option<String> {
    if made.sha256 == given.sha256 {
        return None;
    }
    let named = |one: &Configuration| match (&one.file, &one.sha256) {
        (file, Some(sha256)) => format!("`{}` (SHA-256 {sha256})", file.as_deref().unwrap_or("weir.toml")),
        (_, None) => "none".to_owned(),
    };
    Some(format!(
        "the configuration {meant} is another than the one the case was made with: {} now, {} then",
        named(given),
        named(made)
    ))
}

/// Whether a lake was folded under other settings than these, which with what was learned make this catalog. What came first was folded before anything
/// was learned.
pub(crate) fn folded_otherwise(
    snapshot: &Snapshot,
    settings: &Settings,
    catalog: &Catalog,
) -> Result<bool, EngineError> {
    let first = settings.catalog(&Learned::default())?;
    let folded = snapshot.rollup_catalogs();
    Ok(!folded.is_empty() && ![catalog.id(), first.id()].into_iter().any(|id| folded.contains(id)))
}

/// What to say where these settings are others than those that a case was made with, or that a lake was last folded under.
pub fn other_configuration<'a>(
    lake: &'a Lake,
    settings: &'a Settings,
    case: Option<&'a Path>,
) -> LocalBoxFuture<'a, Result<Option<String>, EngineError>> {
    Box::pin(async move {
        let case = case.filter(|folder| folder.join("case.json").is_file());
        if let Some(made) = case.map(read).transpose()?.and_then(|case| case.configuration) {
            return Ok(differs(&made, &settings.configuration(), "given"));
        }
        let snapshot = lake.snapshot().await?;
        let catalog = settings.catalog(&learned(&snapshot, settings).await?)?;
        let folded = snapshot.rollup_catalogs();
        Ok(folded_otherwise(&snapshot, settings, &catalog)?.then(|| {
            let given = settings.path.as_ref().map_or("none".to_owned(), |path| format!("`{}`", path.display()));
            let folded: Vec<String> = folded.into_iter().collect();
            format!(
                "the configuration given ({given}, catalog {}) is another than the lake was last folded under (catalog {}), or another version of Weir folded it",
                catalog.id(),
                folded.join(", ")
            )
        }))
    })
}
