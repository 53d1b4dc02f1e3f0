//! The case folder on disk.
//!
//! Decisive choice: everything is written beside its place first, then renamed. A new folder appears whole or not at all. A folder
//! that exists may hold a lake or exports, which stay, so its files are replaced one by one with `case.json` taken away first and
//! put back last: a folder without `case.json` is not a case. Refuses a folder that holds anything weir did not put there.

mod read;

pub use read::CaseFolder;

use crate::{
    ReportError, Result, csv, escape,
    format::{Content, formats},
    json, parquet,
    stage::{STAGE, Stage},
};
use arrow_array::RecordBatch;
use std::{
    collections::BTreeSet,
    fs,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
};
use weir_model::{case::Case, intake::Reject};

/// The file that makes a folder a case.
const SEAL: &str = "case.json";
/// What weir keeps in a case folder beside the formats.
const KEPT: [&str; 2] = ["lake", "exports"];

/// A batch of exposed people, or why they could not be read.
pub type People<E> = std::result::Result<RecordBatch, E>;

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
/// `scope` gives the exposed people in batches with the columns of [`weir_model::case::scope_schema`]; `rejects` is a path as in the intake account and a reject of it; rejects of one file need not stand together.
pub fn write_case<E: std::fmt::Display>(
    dir: &Path,
    case: &Case,
    scope: impl Iterator<Item = People<E>>,
    rejects: impl Iterator<Item = (String, Reject)>,
) -> Result<Written> {
    let fresh = is_fresh(dir)?;
    // A case that replaces another is staged inside its folder.
    let stage = Stage::new(if fresh { sibling(dir) } else { dir.join(STAGE) }, false)?;
    let mut written = fill(stage.path(), case, scope, rejects)?;
    if fresh {
        if dir.exists() {
            at(dir, fs::remove_dir(dir))?;
        }
        at(dir, fs::rename(stage.path(), dir))?;
    } else {
        let replaced = replace(dir, stage.path());
        if replaced.is_err() {
            stage.leave_a_sign();
        }
        replaced?;
    }
    written.dir = dir.to_path_buf();
    Ok(written)
}

/// Writes a case folder that is not there yet, without rejects; its owner alone can read it.
pub(crate) fn write_new<E: std::fmt::Display>(
    dir: &Path,
    case: &Case,
    scope: impl Iterator<Item = People<E>>,
) -> Result<Written> {
    let written = new_folder(dir, |stage| fill(stage, case, scope, std::iter::empty()))?;
    Ok(Written { dir: dir.to_path_buf(), ..written })
}

pub(crate) fn at<T>(path: &Path, result: std::io::Result<T>) -> Result<T> {
    result.map_err(|source| ReportError::Io { path: path.to_path_buf(), source })
}

/// Fills a folder that is not there yet, or is empty; it appears whole or not at all, and its owner alone can read it.
pub(crate) fn new_folder<T>(dir: &Path, fill: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    let empty = dir.is_dir() && at(dir, fs::read_dir(dir))?.next().is_none();
    if dir.exists() && !empty {
        return Err(ReportError::NotEmpty { dir: dir.to_path_buf() });
    }
    let stage = Stage::new(sibling(dir), true)?;
    let done = fill(stage.path())?;
    if empty {
        at(dir, fs::remove_dir(dir))?;
    }
    at(dir, fs::rename(stage.path(), dir))?;
    Ok(done)
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

fn fill<E: std::fmt::Display>(
    stage: &Path,
    case: &Case,
    scope: impl Iterator<Item = People<E>>,
    rejects: impl Iterator<Item = (String, Reject)>,
) -> Result<Written> {
    let mut files = Vec::new();
    for format in formats() {
        if let Content::Case(render) = format.content {
            let bytes = render(case)?;
            let path = stage.join(format.file);
            if let Some(folder) = path.parent() {
                at(folder, fs::create_dir_all(folder))?;
            }
            let mut file = at(&path, fs::File::create(&path))?;
            at(&path, file.write_all(&bytes).and_then(|()| file.sync_all()))?;
            files.push((format.file.to_owned(), bytes.len() as u64));
        }
    }
    let (table, columns) = (stage.join(csv::SCOPE.file), stage.join(parquet::SCOPE.file));
    let subjects = write_scope([&table, &columns], scope)?;
    for format in [&csv::SCOPE, &parquet::SCOPE] {
        let path = stage.join(format.file);
        files.push((format.file.to_owned(), at(&path, fs::metadata(&path))?.len()));
    }
    let (rejects, reject_files) = write_rejects(&stage.join(json::REJECTS.file), rejects)?;
    files.extend(reject_files);
    files.sort();
    Ok(Written { dir: stage.to_path_buf(), files, subjects, rejects })
}

/// Batches that wait for a writer.
const WAITING_MAX: usize = 2;

/// Writes everybody to both files at once, each by a thread of its own; gives how many they are.
pub(crate) fn write_scope<E: std::fmt::Display>(
    [table, columns]: [&Path; 2],
    people: impl Iterator<Item = People<E>>,
) -> Result<u64> {
    if let Some(folder) = columns.parent() {
        at(folder, fs::create_dir_all(folder))?;
    }
    let (table_file, columns_file) = (private(table)?, private(columns)?);
    std::thread::scope(|scope| {
        let (to_table, for_table) = sync_channel::<RecordBatch>(WAITING_MAX);
        let (to_columns, for_columns) = sync_channel::<RecordBatch>(WAITING_MAX);
        let tables = scope.spawn(move || {
            let mut out = csv::Scope::begin(BufWriter::with_capacity(1 << 16, &table_file))?;
            each(&for_table, |batch| out.batch(batch))?;
            out.end()?;
            at(table, table_file.sync_all())
        });
        let programs = scope.spawn(move || {
            let mut out = parquet::Scope::begin(&columns_file)?;
            each(&for_columns, |batch| out.batch(batch))?;
            out.end()?;
            at(columns, columns_file.sync_all())
        });
        let given = give(people, [to_table, to_columns]);
        for writer in [tables, programs] {
            writer
                .join()
                .unwrap_or_else(|_| Err(ReportError::Scope("a writer ended before its work".to_owned())))?;
        }
        given
    })
}

fn each(from: &Receiver<RecordBatch>, mut write: impl FnMut(&RecordBatch) -> Result<()>) -> Result<()> {
    from.iter().try_for_each(|batch| write(&batch))
}

/// Hands every batch to all. A writer that takes no more has failed, and says so itself.
fn give<E: std::fmt::Display>(
    people: impl Iterator<Item = People<E>>,
    to: [SyncSender<RecordBatch>; 2],
) -> Result<u64> {
    let mut rows = 0;
    for batch in people {
        let batch = batch.map_err(|e| ReportError::Scope(e.to_string()))?;
        rows += batch.num_rows() as u64;
        if to.iter().any(|writer| writer.send(batch.clone()).is_err()) {
            break;
        }
    }
    Ok(rows)
}

/// A new file that only its owner can read.
pub(crate) fn private(path: &Path) -> Result<fs::File> {
    let mut options = fs::File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    at(path, options.open(path))
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
        if let Some(folder) = place.parent() {
            at(folder, fs::create_dir_all(folder))?;
        }
        at(&place, fs::rename(stage.join(name), &place))?;
    }
    let seal = dir.join(SEAL);
    at(&seal, fs::rename(stage.join(SEAL), &seal))?;
    remove(stage)
}
