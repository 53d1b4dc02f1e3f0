//! Tools of other people, installed where that is allowed, and how they are run.

use std::{
    path::Path,
    process::{Command, Output},
    sync::OnceLock,
};

/// What the tests need: a program and the Debian package it is in.
const TOOLS: [(&str, &str); 4] =
    [("ssh-keygen", "openssh-client"), ("openssl", "openssl"), ("sha256sum", "coreutils"), ("awk", "mawk")];

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
