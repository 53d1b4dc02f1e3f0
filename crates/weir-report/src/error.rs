//! What can go wrong while writing a case. Content never does: only names of formats, the folder and the disk can.

use std::path::PathBuf;

/// Why a case or a format of it was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The folder holds something that is not a case.
    #[error("`{}` is not empty and not a case folder", dir.display())]
    NotACase {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder to write is there already.
    #[error("`{}` is not empty", dir.display())]
    NotEmpty {
        /// The folder.
        dir: PathBuf,
    },
    /// The case is the version to pass on already.
    #[error("the case in `{}` is masked already", dir.display())]
    Masked {
        /// The folder.
        dir: PathBuf,
    },
    /// A file of the case could not be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Unread {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The disk refused.
    #[error("cannot write `{}`: {source}", path.display())]
    Io {
        /// What was being written.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A value that JSON cannot hold.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A row that CSV cannot hold.
    #[error("cannot write CSV: {0}")]
    Csv(#[from] csv::Error),
    /// The exposed people could not be read, or not be written.
    #[error("cannot write the exposed people: {0}")]
    Scope(String),
    /// A case folder, or a part of it, that cannot be read.
    #[error("`{}` cannot be read as a part of a case: {message}", path.display())]
    NoCase {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A case folder of another version.
    #[error("`{}` is a case of version {version}; this program reads version {}", path.display(), weir_model::case::CASE_VERSION)]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
        /// Who wrote it.
        program: String,
    },
    /// The exposed people of a case could not be read.
    #[error("cannot read the exposed people: {0}")]
    People(String),
    /// The folder holds no template.
    #[error("`{}` is no template: {why}", dir.display())]
    Template {
        /// The folder.
        dir: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The PDF could not be set: its template is wrong.
    #[error("cannot set the PDF: {0}")]
    Typeset(String),
    /// No format has this name.
    #[error("no report format is called `{name}`")]
    UnknownFormat {
        /// The name asked for.
        name: String,
        /// The nearest name there is.
        nearest: Option<&'static str>,
    },
    /// The format's rows do not lie in the case.
    #[error("`{name}` is streamed into a case folder and cannot be drawn from the case alone")]
    Streamed {
        /// The format.
        name: &'static str,
    },
}

impl ReportError {
    /// What the user can do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NotACase { .. } => Some("name an empty or new folder, or one that weir wrote".into()),
            Self::Masked { .. } => Some("name the case that it was made from".into()),
            Self::Unread { .. } => Some("`weir investigate` writes the case with all its files again".into()),
            Self::NotEmpty { .. } => Some("name a new folder, or an empty one".into()),
            Self::UnknownFormat { nearest: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            Self::NoCase { .. } => Some("name a folder that `weir investigate -o` wrote".into()),
            Self::OtherVersion { program, .. } => {
                let program = crate::escape::terminal(program, 60);
                Some(format!(
                    "investigate its logs or its lake again with this program, or use the one that wrote it ({program})"
                ))
            }
            Self::Template { .. } => Some("see `weir formats pdf` for what a template is".into()),
            Self::Streamed { .. } => Some("it is written while logs are read, and lies in the folder of the case: `weir formats` says as which file".into()),
            _ => None,
        }
    }
}

/// The result of writing.
pub type Result<T> = std::result::Result<T, ReportError>;
