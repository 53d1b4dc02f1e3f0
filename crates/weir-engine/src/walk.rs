//! The files under what was given, in a fixed order; what cannot be listed is named, never skipped.

use crate::EngineError;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use weir_model::intake::NO_LOG;

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Input {
    /// Path relative to what was given, with `/` between parts.
    pub rel: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Bytes on disk.
    pub bytes: u64,
}

/// The most folders deep a walk goes.
const DEPTH_MAX: usize = 64;

/// Files to read, and what could not be listed with its reason.
pub(crate) type Walked = (Vec<Input>, Vec<(String, String)>);

/// Every file under the inputs, sorted by relative path. A file given by itself keeps its name.
pub(crate) fn walk(inputs: &[PathBuf], leave_out: &[PathBuf]) -> Result<Walked, EngineError> {
    let mut found = Vec::new();
    let mut unread = Vec::new();
    let leave_out: Vec<PathBuf> = leave_out.iter().filter_map(|p| p.canonicalize().ok()).collect();
    for input in inputs {
        let wrong = |e: std::io::Error| EngineError::Input { path: input.clone(), message: e.to_string() };
        let meta = std::fs::metadata(input).map_err(wrong)?;
        if meta.is_dir() {
            // A folder that cannot be listed at all is an error; one below it is named in the account.
            std::fs::read_dir(input).map_err(wrong)?;
            let prefix = prefix(input, inputs.len());
            folder(input, &prefix, &mut Vec::new(), &leave_out, &mut found, &mut unread);
        } else {
            let name = shown(input.file_name().unwrap_or(input.as_os_str()));
            found.push(Input { rel: name, path: input.clone(), bytes: meta.len() });
        }
    }
    found.sort();
    found.dedup_by(|a, b| a.path == b.path);
    unread.sort();
    Ok((found, unread))
}

/// The first of the inputs that is a folder in which a path lies, or is to lie.
pub(crate) fn holding<'i>(inputs: &'i [PathBuf], path: &Path) -> Option<&'i PathBuf> {
    let path = std::path::absolute(path).ok()?;
    let there = path.ancestors().find_map(|at| Some((at, at.canonicalize().ok()?)));
    let whole = there.map(|(at, real)| real.join(path.strip_prefix(at).unwrap_or(Path::new(""))))?;
    inputs.iter().find(|input| input.canonicalize().is_ok_and(|i| i.is_dir() && whole.starts_with(i)))
}

/// A name as text. Bytes that are not UTF-8 are shown as `\xE9`, so that two names stay two.
fn shown(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02X}")));
    }
    text
}

/// Several folders keep their names in relative paths, so that equal names in them stay apart.
fn prefix(input: &Path, inputs: usize) -> String {
    match input.file_name() {
        Some(name) if inputs > 1 => format!("{}/", shown(name)),
        _ => String::new(),
    }
}

fn folder(
    at: &Path,
    prefix: &str,
    above: &mut Vec<PathBuf>,
    leave_out: &[PathBuf],
    found: &mut Vec<Input>,
    unread: &mut Vec<(String, String)>,
) {
    let here = at.canonicalize().unwrap_or_else(|_| at.to_owned());
    let entries = match std::fs::read_dir(at) {
        Ok(_) if above.contains(&here) => {
            return unread.push((prefix.to_owned(), NO_LOG[1].to_owned()));
        }
        Ok(_) if above.len() > DEPTH_MAX => {
            return unread.push((prefix.to_owned(), "folders nested too deep".to_owned()));
        }
        Ok(entries) => entries,
        Err(error) => return unread.push((prefix.to_owned(), format!("cannot be listed: {}", error.kind()))),
    };
    above.push(here);
    for entry in entries {
        let Ok(entry) = entry else {
            unread.push((prefix.to_owned(), "an entry cannot be listed".to_owned()));
            continue;
        };
        let (path, rel) = (entry.path(), format!("{prefix}{}", shown(&entry.file_name())));
        if !leave_out.is_empty() && path.canonicalize().is_ok_and(|p| leave_out.contains(&p)) {
            continue;
        }
        match std::fs::metadata(&path) {
            Ok(meta) if meta.is_dir() => folder(&path, &format!("{rel}/"), above, leave_out, found, unread),
            Ok(meta) if meta.is_file() => found.push(Input { rel, path, bytes: meta.len() }),
            Ok(_) => unread.push((rel, NO_LOG[0].to_owned())),
            Err(error) => unread.push((rel, format!("cannot be opened: {}", error.kind()))),
        }
    }
    above.pop();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_utf8_stay_apart() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().unwrap();
        for name in [&b"caf\xE8.log"[..], b"caf\xE9.log", "café.log".as_bytes()] {
            std::fs::write(dir.path().join(OsStr::from_bytes(name)), "x").unwrap();
        }
        let (found, _) = walk(&[dir.path().to_owned()], &[]).unwrap();
        let names: Vec<_> = found.iter().map(|f| f.rel.as_str()).collect();
        assert_eq!(names, ["caf\\xE8.log", "caf\\xE9.log", "café.log"]);
    }

    #[test]
    fn files_come_sorted_and_broken_links_are_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("b")).unwrap();
        std::fs::write(dir.path().join("b/2.log"), "x").unwrap();
        std::fs::write(dir.path().join("a.log"), "x").unwrap();
        std::os::unix::fs::symlink("nowhere", dir.path().join("c")).unwrap();
        std::os::unix::fs::symlink("..", dir.path().join("b/loop")).unwrap();
        let (found, unread) = walk(&[dir.path().to_owned()], &[]).unwrap();
        let names: Vec<_> = found.iter().map(|f| f.rel.as_str()).collect();
        assert_eq!(names, ["a.log", "b/2.log"]);
        let unread: Vec<_> = unread.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(unread, ["b/loop/", "c"]);
        assert!(walk(&[dir.path().join("absent")], &[]).is_err());
    }
}
