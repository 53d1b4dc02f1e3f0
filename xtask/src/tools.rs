//! Tools that tests use and a fresh machine lacks: a Python environment, cargo subcommands.

use crate::run::{Done, command, finish, on_path, say, target};
use std::path::PathBuf;

/// Python packages that read what Weir writes, pinned by major version.
const PYTHON_PACKAGES: [&str; 3] = ["duckdb", "deltalake", "pyarrow"];

/// A Python with the packages that tests need, made once under the target folder.
pub fn python() -> Done<PathBuf> {
    let venv = target().join("python");
    let python = venv.join("bin/python");
    let stamp = venv.join("packages");
    let wanted = PYTHON_PACKAGES.join(" ");
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(python);
    }
    finish("python environment", command("python3").args(["-m", "venv"]).arg(&venv))?;
    let mut pip = command(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PYTHON_PACKAGES);
    finish("python packages", &mut pip)?;
    std::fs::write(&stamp, wanted).map_err(|e| format!("{} could not be written: {e}", stamp.display()))?;
    Ok(python)
}

/// A cargo subcommand, from the path or installed once under the target folder.
pub fn cargo_tool(name: &str) -> Done<PathBuf> {
    let kept = target().join("tools");
    let installed = kept.join("bin").join(name);
    if let Some(found) = on_path(name).or_else(|| Some(installed.clone()).filter(|p| p.is_file())) {
        return Ok(found);
    }
    say(&format!("── {name} is installed once; this takes some minutes"));
    let mut install = command("cargo");
    install.args(["install", "--locked", "--quiet", name]).arg("--root").arg(&kept);
    install.env("CARGO_TARGET_DIR", target().join("tools-build"));
    finish(name, &mut install)?;
    Ok(installed)
}
