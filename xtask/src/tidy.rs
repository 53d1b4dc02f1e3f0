//! Tidy rules: the crate table of `docs/ARCHITECTURE.md` holds, every module says what it is, no unfinished work.

use crate::run::{Done, command, root, say};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Checks every rule; an error lists all breaches.
pub fn run() -> Done {
    say("── tidy");
    let mut breaches = crate_table()?;
    for file in rust_files(&root().join("crates"))? {
        breaches.extend(module_rules(&file)?);
    }
    if breaches.is_empty() { Ok(()) } else { Err(format!("tidy: {}", breaches.join("\n      "))) }
}

/// Rows of the table under `## Crates`: crate name to the crates it may depend on.
fn allowed() -> Done<BTreeMap<String, BTreeSet<String>>> {
    let path = root().join("docs/ARCHITECTURE.md");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let rows = text.lines().filter(|l| l.starts_with("| `weir"));
    let parsed = rows.filter_map(|row| {
        let mut cells = row.split('|').map(str::trim).skip(1);
        let name = cells.next()?.trim_matches('`').to_owned();
        let may = cells.nth(1)?.split(',').map(|c| format!("weir-{}", c.trim().trim_matches('`'))).collect();
        Some((name, may))
    });
    Ok(parsed.collect())
}

fn crate_table() -> Done<Vec<String>> {
    let allowed = allowed()?;
    let mut cargo = command("cargo");
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]);
    let output = cargo.output().map_err(|e| format!("cargo metadata did not start: {e}"))?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())?;
    let mut breaches = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        if name == "xtask" {
            continue;
        }
        let Some(may) = allowed.get(name) else {
            breaches.push(format!("`{name}` has no row in the crate table of docs/ARCHITECTURE.md"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let on = dependency["name"].as_str().unwrap_or_default();
            let in_product = dependency["kind"].is_null() && on.starts_with("weir");
            if in_product && !may.contains(on) {
                breaches.push(format!("`{name}` depends on `{on}`, which the crate table does not allow"));
            }
        }
    }
    Ok(breaches)
}

fn rust_files(folder: &Path) -> Done<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn module_rules(file: &Path) -> Done<Vec<String>> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let shown = file.strip_prefix(root()).unwrap_or(file).display().to_string();
    let mut breaches = Vec::new();
    if !text.starts_with("//!") {
        breaches.push(format!("`{shown}` does not open with `//!`"));
    }
    for word in ["todo!(", "unimplemented!(", "#[ignore]", "#[allow("] {
        if text.contains(word) {
            breaches.push(format!("`{shown}` holds `{word}`"));
        }
    }
    Ok(breaches)
}
