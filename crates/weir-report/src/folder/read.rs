//! A case folder read again.
//!
//! Decisive choice: the version is looked at before anything else, so that a case of another version is said to be one and not to be damaged. The people are
//! streamed from `exports/scope.parquet`, where ids stand as they are, and not from `scope.csv`, where they are written for spreadsheets.

use super::{People, SEAL};
use crate::{ReportError, Result, parquet};
use std::fs;
use std::path::{Path, PathBuf};
use weir_model::case::{CASE_VERSION, Case};

/// A case folder that was read.
#[derive(Clone, Debug)]
pub struct CaseFolder {
    /// The case.
    pub case: Case,
    people: PathBuf,
}

impl CaseFolder {
    /// Reads the case of a folder.
    ///
    /// # Errors
    /// If the folder holds none, or one of another version.
    pub fn read(dir: &Path) -> Result<Self> {
        #[derive(serde::Deserialize)]
        struct Seal {
            version: u32,
            program: String,
        }
        let path = dir.join(SEAL);
        let unread = |message: String| ReportError::NoCase { path: path.clone(), message };
        let text = fs::read(&path).map_err(|e| unread(crate::escape::terminal(&e.to_string(), 300)))?;
        let seal: Seal = serde_json::from_slice(&text)
            .map_err(|e| unread(crate::escape::terminal(&e.to_string(), 300)))?;
        if seal.version != CASE_VERSION {
            let Seal { version, program } = seal;
            return Err(ReportError::OtherVersion { path, version, program });
        }
        let case = serde_json::from_slice(&text)
            .map_err(|e| unread(crate::escape::terminal(&e.to_string(), 300)))?;
        Ok(Self { case, people: dir.join(parquet::SCOPE.file) })
    }

    /// The exposed people in batches, in the order of `scope.csv`; `None` if the folder does not have them as columns.
    ///
    /// # Errors
    /// If the file is there and cannot be read.
    pub fn people(&self) -> Result<Option<impl Iterator<Item = People<ReportError>> + use<>>> {
        let unread = |message: String| ReportError::NoCase { path: self.people.clone(), message };
        let file = match fs::File::open(&self.people) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(|e| unread(crate::escape::terminal(&e.to_string(), 300)))?,
        };
        let batches = parquet::Reader::open(file).map_err(&unread)?;
        let path = self.people.clone();
        Ok(Some(
            batches.map(move |batch| {
                batch.map_err(|message| ReportError::NoCase { path: path.clone(), message })
            }),
        ))
    }
}
