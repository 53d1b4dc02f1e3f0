//! A template of somebody's own, read from its folder for [`crate::pdf`].
//!
//! Decisive choice: the folder is read whole before anything is set, files and their bytes, so that what runs in the template has no
//! disk to reach for. Refuses links, and folders too large to be a template.

use crate::{ReportError, Result, folder::at, pdf::MAIN};
use std::{collections::BTreeMap, fs, path::Path};

/// Files of a template.
const FILES_MAX: usize = 500;
/// Bytes of all files of a template.
const BYTES_MAX: u64 = 100 << 20;

/// The files of a template by their path within its folder; [`MAIN`] is among them.
pub fn read_template(dir: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![(dir.to_path_buf(), String::new())];
    let mut bytes = 0;
    while let Some((folder, before)) = folders.pop() {
        for entry in at(&folder, fs::read_dir(&folder))? {
            let entry = at(&folder, entry)?;
            let path = entry.path();
            let name = format!("{before}{}", entry.file_name().to_string_lossy());
            let about = at(&path, fs::symlink_metadata(&path))?;
            if about.is_dir() {
                folders.push((path, format!("{name}/")));
                continue;
            }
            if !about.is_file() {
                return Err(no_template(dir, &format!("`{name}` is no ordinary file")));
            }
            bytes += about.len();
            if files.len() >= FILES_MAX || bytes > BYTES_MAX {
                return Err(no_template(dir, "it holds more than 500 files or 100 MB"));
            }
            files.insert(name, at(&path, fs::read(&path))?);
        }
    }
    if !files.contains_key(MAIN) {
        return Err(no_template(dir, &format!("it holds no `{MAIN}`")));
    }
    Ok(files)
}

fn no_template(dir: &Path, why: &str) -> ReportError {
    ReportError::Template { dir: dir.to_path_buf(), why: why.to_owned() }
}
