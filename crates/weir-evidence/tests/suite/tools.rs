//! Tools of other people, installed where that is allowed, and how they are run.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

/// What the tests need: a program and the Debian package it is in.
const TOOLS: [(&str, &str); 5] = [
    ("ssh-keygen", "openssh-client"),
    ("openssl", "openssl"),
    ("sha256sum", "coreutils"),
    ("awk", "mawk"),
    ("python3", "python3"),
];

/// Whether all tools are here. As root on Debian, missing ones are installed once; where they cannot be, tests are skipped and say so, which on
/// CI is a failure.
pub fn are_here() -> bool {
    static HERE: OnceLock<bool> = OnceLock::new();
    *HERE.get_or_init(|| {
        let missing = || TOOLS.iter().filter(|(tool, _)| !on_path(tool)).map(|(_, package)| *package);
        if missing().next().is_some() {
            let _ = Command::new("apt-get").args(["install", "-y", "-q"]).args(missing()).output();
        }
        let names: Vec<&str> = missing().collect();
        assert!(names.is_empty() || std::env::var("CI").as_deref() != Ok("true"), "not here: {names:?}");
        if !names.is_empty() {
            println!("skipped: not here: {names:?} (Debian: apt install)");
        }
        names.is_empty()
    })
}

fn on_path(name: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(name).is_file()))
}

/// Runs a command line by the shell in a folder, and gives what it said.
pub fn sh(dir: &Path, line: &str) -> Output {
    Command::new("sh").arg("-c").arg(line).current_dir(dir).env("LC_ALL", "C").output().unwrap()
}

/// As [`sh`], and it must succeed.
pub fn must(dir: &Path, line: &str) -> String {
    let done = sh(dir, line);
    assert!(done.status.success(), "{line}\n{}{}", text(&done.stdout), text(&done.stderr));
    text(&done.stdout)
}

/// Bytes as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A Python with PyPI's `bagit`. Where it cannot be had, tests do without and say so, which on CI is a failure.
pub fn python() -> Option<PathBuf> {
    let python = with_bagit();
    if let Err(why) = &python {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "PyPI's bagit is missing: {why}");
        println!("skipped: PyPI's bagit is missing: {why}");
    }
    python.ok()
}

/// Made once beside the build.
fn with_bagit() -> Result<PathBuf, String> {
    let target = std::env::current_exe().map_err(|e| e.to_string())?;
    let venv = target.ancestors().nth(3).ok_or("no target folder")?.join("bagit-venv");
    let python = venv.join("bin/python");
    let run = |command: &mut Command| match command.output() {
        Ok(done) if done.status.success() => Ok(()),
        Ok(done) => Err(text(&done.stderr).lines().last().unwrap_or("failed").to_owned()),
        Err(e) => Err(e.to_string()),
    };
    if run(Command::new(&python).args(["-c", "import bagit"])).is_err() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        // Its release imports `pkg_resources`, which newer `setuptools` no longer has.
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "bagit<2", "setuptools<80"]))?;
    }
    Ok(python)
}
