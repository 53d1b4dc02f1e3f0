//! The case folder on disk.
//!
//! Decisive choice: everything is written beside its place first, then renamed. A new folder appears whole or not at all. A folder
//! that exists may hold a lake or exports, which stay, so its files are replaced one by one with `case.json` taken away first and
//! put back last: a folder without `case.json` is not a case. Refuses a folder that holds anything weir did not put there.

use crate::{
    ReportError, Result, csv, escape,
    format::{Content, formats},
    json,
};
use std::{
    collections::BTreeSet,
    fs,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};
use weir_model::{
    case::{Case, ExposedSubject},
    intake::Reject,
};

/// The file that makes a folder a case.
const SEAL: &str = "case.json";
/// Where a replaced case is staged, inside its folder.
const STAGE: &str = ".weir-new";
/// What weir keeps in a case folder beside the formats.
const KEPT: [&str; 2] = ["lake", "exports"];

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The case folder.
    pub dir: PathBuf,
    /// Files by their name in the folder, sorted, with their size in bytes.
    pub files: Vec<(String, u64)>,
    /// Rows of `scope.csv`.
    pub subjects: u64,
    /// Rows under `rejects/`.
    pub rejects: u64,
}

/// Writes a case folder, replacing the case that is there.
///
/// `rejects` is a path as in the intake account and a reject of it; rejects of one file need not stand together.
pub fn write_case(
    dir: &Path,
    case: &Case,
    scope: impl Iterator<Item = ExposedSubject>,
    rejects: impl Iterator<Item = (String, Reject)>,
) -> Result<Written> {
    let fresh = is_fresh(dir)?;
    let stage = if fresh { sibling(dir) } else { dir.join(STAGE) };
    remove(&stage)?;
    let mut written = fill(&stage, case, scope, rejects)?;
    if fresh {
        if dir.exists() {
            at(dir, fs::remove_dir(dir))?;
        }
        at(dir, fs::rename(&stage, dir))?;
    } else {
        replace(dir, &stage)?;
    }
    written.dir = dir.to_path_buf();
    Ok(written)
}

fn at<T>(path: &Path, result: std::io::Result<T>) -> Result<T> {
    result.map_err(|source| ReportError::Io { path: path.to_path_buf(), source })
}

fn sibling(dir: &Path) -> PathBuf {
    let name = dir.file_name().map_or_else(|| "case".into(), |n| n.to_string_lossy().into_owned());
    dir.with_file_name(format!(".{name}{STAGE}"))
}

/// Whether the folder is new or empty; an error when it holds what is not weir's.
fn is_fresh(dir: &Path) -> Result<bool> {
    if !dir.exists() {
        return Ok(true);
    }
    let mut names = BTreeSet::new();
    for entry in at(dir, fs::read_dir(dir))? {
        names.insert(at(dir, entry)?.file_name().to_string_lossy().into_owned());
    }
    if names.is_empty() {
        return Ok(true);
    }
    let ours = |n: &String| KEPT.contains(&n.as_str()) || n == STAGE;
    let unfinished = names.contains(STAGE);
    if is_case(dir) || unfinished || names.iter().all(ours) {
        Ok(false)
    } else {
        Err(ReportError::NotACase { dir: dir.into() })
    }
}

/// Whether weir wrote the folder: its seal is a JSON object with a version and a program named weir.
fn is_case(dir: &Path) -> bool {
    #[derive(serde::Deserialize)]
    struct Seal {
        #[serde(rename = "version")]
        _version: u32,
        program: String,
    }
    let Ok(file) = fs::File::open(dir.join(SEAL)) else { return false };
    serde_json::from_reader(std::io::BufReader::new(file)).is_ok_and(|s: Seal| s.program.starts_with("weir"))
}

fn remove(path: &Path) -> Result<()> {
    let gone = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match gone {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => at(path, Err(e)),
        _ => Ok(()),
    }
}

fn fill(
    stage: &Path,
    case: &Case,
    scope: impl Iterator<Item = ExposedSubject>,
    rejects: impl Iterator<Item = (String, Reject)>,
) -> Result<Written> {
    at(stage, fs::create_dir_all(stage))?;
    let mut files = Vec::new();
    for format in formats() {
        if let Content::Case(render) = format.content {
            let bytes = render(case)?;
            let path = stage.join(format.file);
            let mut file = at(&path, fs::File::create(&path))?;
            at(&path, file.write_all(&bytes).and_then(|()| file.sync_all()))?;
            files.push((format.file.to_owned(), bytes.len() as u64));
        }
    }
    let path = stage.join(csv::SCOPE.file);
    let file = at(&path, fs::File::create(&path))?;
    let subjects = csv::scope(BufWriter::new(&file), scope)?;
    at(&path, file.sync_all())?;
    files.push((csv::SCOPE.file.to_owned(), at(&path, file.metadata())?.len()));
    let (rejects, reject_files) = write_rejects(&stage.join(json::REJECTS.file), rejects)?;
    files.extend(reject_files);
    files.sort();
    Ok(Written { dir: stage.to_path_buf(), files, subjects, rejects })
}

/// Streams rejects into one file per log; only one file is open at a time.
fn write_rejects(
    dir: &Path,
    rejects: impl Iterator<Item = (String, Reject)>,
) -> Result<(u64, Vec<(String, u64)>)> {
    let mut open: Option<(String, PathBuf, BufWriter<fs::File>)> = None;
    let mut names = BTreeSet::new();
    let mut rows = 0;
    at(dir, fs::create_dir_all(dir))?;
    for (path, reject) in rejects {
        if open.as_ref().is_none_or(|(current, ..)| *current != path) {
            close(open.take())?;
            let name = format!("{}.jsonl", escape::file_name(&path));
            let place = dir.join(&name);
            let file = at(&place, fs::File::options().create(true).append(true).open(&place))?;
            names.insert(name);
            open = Some((path.clone(), place, BufWriter::new(file)));
        }
        if let Some((_, place, out)) = &mut open {
            at(
                place,
                out.write_all(json::line(&json::RejectLine { path: &path, reject: &reject })?.as_bytes()),
            )?;
            rows += 1;
        }
    }
    close(open)?;
    let size = |name: String| {
        let place = dir.join(&name);
        at(&place, fs::metadata(&place)).map(|m| (format!("{}{name}", json::REJECTS.file), m.len()))
    };
    Ok((rows, names.into_iter().map(size).collect::<Result<_>>()?))
}

fn close(open: Option<(String, PathBuf, BufWriter<fs::File>)>) -> Result<()> {
    let Some((_, place, mut out)) = open else { return Ok(()) };
    at(&place, out.flush().and_then(|()| out.get_ref().sync_all()))
}

/// Puts the staged files in place of those that are there; the seal goes first and comes last.
fn replace(dir: &Path, stage: &Path) -> Result<()> {
    remove(&dir.join(SEAL))?;
    for format in formats().iter().filter(|f| f.file != SEAL) {
        let name = format.file.trim_end_matches('/');
        let place = dir.join(name);
        remove(&place)?;
        at(&place, fs::rename(stage.join(name), &place))?;
    }
    let seal = dir.join(SEAL);
    at(&seal, fs::rename(stage.join(SEAL), &seal))?;
    remove(stage)
}
