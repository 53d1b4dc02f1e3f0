//! Programs of others that a test reads Weir's files with, installed once where that is allowed: by root, on Debian.

use std::{
    path::Path,
    process::Command,
    sync::{Mutex, PoisonError},
};

/// Seconds to wait for whoever else installs.
const LOCK_WAIT: &str = "DPkg::Lock::Timeout=300";

/// Whether a program is there.
pub fn has(program: &str) -> bool {
    let starts = |flag| Command::new(program).arg(flag).output().is_ok();
    starts("--version") || starts("-v")
}

/// Installs packages unless all programs are there.
pub fn have_all(programs: &[&str], packages: &[&str]) -> Result<(), String> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    if programs.iter().all(|program| has(program)) {
        return Ok(());
    }
    let root = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.starts_with(b"0\n"));
    if !root || !Path::new("/etc/debian_version").exists() {
        return Err(format!("{} not installed", packages.join(" and ")));
    }
    let install = [&["install", "-y", "--no-install-recommends"], packages].concat();
    for step in [&["update"][..], &install] {
        let mut apt = Command::new("apt-get");
        let done = apt.args(["-o", LOCK_WAIT]).args(step).env("DEBIAN_FRONTEND", "noninteractive").output();
        let done = done.map_err(|e| e.to_string())?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into_owned());
        }
    }
    Ok(())
}

/// What is needed, or `None`, said, where it cannot be had. With `CI=true` it must be there.
#[expect(clippy::print_stdout, reason = "a skipped test says why")]
pub fn or_skipped<T>(what: &str, had: Result<T, String>) -> Option<T> {
    match had {
        Ok(had) => Some(had),
        Err(why) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{what}: {why}");
            println!("skipped: {what}: {why}");
            None
        }
    }
}
