//! Starting programs and saying what happens.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A chore's outcome: an error is one sentence.
pub type Done<T = ()> = Result<T, String>;

/// Says a line to the person at the terminal.
pub fn say(line: &str) {
    use std::io::Write;
    // A closed terminal is no reason to stop a test run.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The workspace's root: of the checkout it was started in, not of the one it was built in (they can share a build).
pub fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let here = Path::new(&here);
    here.parent().unwrap_or(here).to_path_buf()
}

/// Where builds and tools lie: outside the checkout when `CARGO_TARGET_DIR` says so.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Where a program lies on the path.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Whether this is the CI machine, where a skip is a failure.
pub fn on_ci() -> bool {
    std::env::var("CI").is_ok_and(|v| v == "true")
}

/// A command in the workspace's root, without what cargo told this program about its own package: build scripts that look at it (`ring`'s)
/// would take it for a change, and half of the dependencies would be built again after every `cargo build`.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let told = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|start| told.starts_with(start)) {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a command to its end; an error names it.
pub fn finish(what: &str, command: &mut Command) -> Done {
    say(&format!("── {what}"));
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{what} failed ({status})")),
        Err(error) => Err(format!("{what} did not start: {error}")),
    }
}

/// A skip with its reason; on CI a failure.
pub fn skip(what: &str, why: &str) -> Done {
    if on_ci() {
        return Err(format!("{what} could not run: {why}"));
    }
    say(&format!("── {what} skipped: {why}"));
    Ok(())
}
