//! The key for fingerprints of secrets: one per user, outside every lake, made at first use.
//!
//! `WEIR_FINGERPRINT_KEY` names its file; else it lies in `$XDG_DATA_HOME/weir/`, else `~/.local/share/weir/`. Whoever gets a lake
//! without it cannot guess weak secrets; the same secret has the same fingerprint in all of a user's lakes.

use crate::EngineError;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use weir_sources::secrets::Fingerprints;

/// The user's key, made when there is none.
pub fn fingerprints() -> Result<Fingerprints, EngineError> {
    if let Some(known) = known()? {
        return Ok(known);
    }
    let path = place();
    let made = make(&path).map_err(|e| EngineError::Key { path: path.clone(), message: e.to_string() })?;
    of(&path, made)
}

/// The user's key, if there is one.
pub(crate) fn known() -> Result<Option<Fingerprints>, EngineError> {
    let path = place();
    match std::fs::read(&path) {
        Ok(bytes) => of(&path, bytes).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(EngineError::Key { path, message: error.to_string() }),
    }
}

fn of(path: &Path, bytes: Vec<u8>) -> Result<Fingerprints, EngineError> {
    let key: [u8; 32] = bytes.try_into().map_err(|b: Vec<u8>| EngineError::Key {
        path: path.to_owned(),
        message: format!("it holds {} bytes instead of 32", b.len()),
    })?;
    Ok(Fingerprints::new(key))
}

fn place() -> PathBuf {
    let var = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    var("WEIR_FINGERPRINT_KEY").unwrap_or_else(|| {
        let data = var("XDG_DATA_HOME").or_else(|| var("HOME").map(|h| h.join(".local/share")));
        data.unwrap_or_else(std::env::temp_dir).join("weir/fingerprint.key")
    })
}

/// Makes the key; if another process makes it at the same moment, takes that one. It appears whole or not at all: a process that begins meanwhile finds
/// no half of it.
fn make(path: &Path) -> std::io::Result<Vec<u8>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut key = vec![0; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut key)?;
    // Its owner alone can read it.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&key)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(key),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => std::fs::read(path),
        Err(error) => Err(error.error),
    }
}

#[cfg(test)]
mod tests {
    use super::make;

    #[test]
    fn all_who_make_a_key_at_once_have_the_same() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("weir/key");
            let all: Vec<Vec<u8>> = std::thread::scope(|scope| {
                let each: Vec<_> = (0..8).map(|_| scope.spawn(|| make(&path).unwrap())).collect();
                each.into_iter().map(|one| one.join().unwrap()).collect()
            });
            assert!(all.iter().all(|key| key.len() == 32 && *key == all[0]));
            assert_eq!(std::fs::read_dir(folder.path().join("weir")).unwrap().count(), 1);
        }
    }
}
