//! Files: written whole and for their owner alone.
//!
//! Decisive choice: whatever is replaced is written beside its place, synced and renamed, so that a crash leaves the old or the new.

use crate::error::{Result, at};
use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    path::Path,
};

/// Options to create a file that its owner alone can read.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The largest text that [`text`] reads.
const TEXT_BYTES_MAX: u64 = 1 << 20;

/// Opens a file, and nothing that would wait for a writer.
pub(crate) fn plain(path: &Path) -> std::io::Result<File> {
    if std::fs::metadata(path)?.is_file() {
        File::open(path)
    } else {
        Err(std::io::Error::other("it is no file"))
    }
}

/// The text of a small file that came from others.
pub(crate) fn text(path: &Path) -> Result<String> {
    let mut text = String::new();
    let read = plain(path).and_then(|file| file.take(TEXT_BYTES_MAX).read_to_string(&mut text));
    at(path, read)?;
    Ok(text)
}

/// Makes a folder that its owner alone can enter, and those above it.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    at(path, builder.create(path))
}

/// What the names of folders end with that are being filled.
pub(crate) const STAGE: &str = ".weir-new";

/// Takes away what killed processes were filling beside a path: whoever fills a folder holds its lock.
pub(crate) fn clear_stages(beside: &Path) {
    let above = beside.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for entry in std::fs::read_dir(above).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // No links: what they lead to is somebody else's.
        let is_stage = name.starts_with('.') && name.ends_with(STAGE);
        if is_stage
            && entry.file_type().is_ok_and(|t| t.is_dir())
            && File::open(entry.path()).is_ok_and(|folder| folder.try_lock().is_ok())
        {
            // What cannot be taken away hinders nobody.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Writes a file whole: beside its place, synced, renamed, and the folder synced.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = path.with_file_name(format!(".{name}.new"));
    let mut file = at(&beside, private().write(true).create(true).truncate(true).open(&beside))?;
    if let Err(full) = file.write_all(bytes).and_then(|()| file.sync_all()) {
        let _ = std::fs::remove_file(&beside);
        return at(&beside, Err(full));
    }
    at(path, std::fs::rename(&beside, path))?;
    sync_folder(path)
}

/// Makes a new or renamed name in the folder of `path` last.
pub(crate) fn sync_folder(path: &Path) -> Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            at(folder, File::open(folder).and_then(|f| f.sync_all()))
        }
        _ => Ok(()),
    }
}
