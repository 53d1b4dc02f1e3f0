//! Where a folder is filled before it appears.
//!
//! Decisive choice: a stage is locked for as long as it is filled, and gone if it is not finished: on a full disk it would stay behind with people in it. What a
//! killed process left has no lock; whoever stages something beside it next takes it away. What a living one fills is never touched.

use crate::{Result, folder::at};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

/// What the names of stages end with.
pub(crate) const STAGE: &str = ".weir-new";

/// A folder that is being filled; dropped before it was put in its place, it leaves nothing.
pub(crate) struct Stage {
    path: PathBuf,
    /// Locked; lives as long as the stage.
    _folder: File,
}

impl Stage {
    /// Makes a new folder, that only its owner can enter if it is `private`; first takes away what killed processes left beside it.
    pub(crate) fn new(path: PathBuf, private: bool) -> Result<Self> {
        abandoned(&path);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, if private { 0o700 } else { 0o777 });
        if let Some(above) = path.parent() {
            at(above, fs::create_dir_all(above))?;
        }
        at(&path, builder.create(&path))?;
        let folder = at(&path, File::open(&path))?;
        // Somebody who clears up may have come between: then it is gone, and its files cannot be made.
        at(&path, folder.lock())?;
        Ok(Self { path, _folder: folder })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Empties it and leaves the folder, as a sign that what stands around it is half replaced.
    pub(crate) fn leave_a_sign(self) {
        let path = self.path.clone();
        drop(self);
        // Nothing more can be done on a disk that refuses even this.
        let _ = fs::create_dir(path);
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // In its place by now, it is no longer here. Otherwise nobody is left to be told.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Takes away stages beside a path that no process fills.
fn abandoned(path: &Path) {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = fs::read_dir(above) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // No links: what they lead to is somebody else's.
        if name.starts_with('.') && name.ends_with(STAGE) && entry.file_type().is_ok_and(|t| t.is_dir()) {
            clear(&entry.path());
        }
    }
}

/// Takes a stage away if no process holds its lock.
fn clear(stage: &Path) {
    let Ok(folder) = File::open(stage) else { return };
    if folder.try_lock().is_ok() {
        // What cannot be taken away hinders nobody, unless it has the very name that is wanted; that is said then.
        let _ = fs::remove_dir_all(stage);
    }
}
