//! The case folder: whole or not at all, replacing only what weir wrote.

#![expect(clippy::unwrap_used, reason = "a test says what must hold by failing")]

#[expect(dead_code, reason = "each test binary uses its own part of the samples")]
mod samples;

use samples::*;
use std::{fs, path::Path};
use weir_model::{case::Case, intake::Reject};
use weir_report::{ReportError, Result, Written, write_case};

fn write(dir: &Path, case: &Case) -> Result<Written> {
    write_case(dir, case, shop::people().take(3), std::iter::empty())
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

const WHOLE: [&str; 8] = [
    "case.json",
    "findings.jsonl",
    "intake.jsonl",
    "rejects",
    "report.html",
    "report.md",
    "scope.csv",
    "timeline.csv",
];

#[test]
fn new_empty_and_old_folders_are_filled() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("case");
    write(&dir, &quiet()).unwrap();
    assert_eq!(names(&dir), WHOLE);
    let first = fs::read(dir.join("report.md")).unwrap();
    write(&dir, &shop::case()).unwrap();
    assert_eq!(names(&dir), WHOLE);
    assert_ne!(fs::read(dir.join("report.md")).unwrap(), first);
    assert_eq!(names(root.path()), ["case"], "nothing is left beside it");
    let empty = root.path().join("empty");
    fs::create_dir(&empty).unwrap();
    write(&empty, &quiet()).unwrap();
    assert_eq!(names(&empty), WHOLE);
}

#[test]
fn a_folder_of_someone_else_is_refused_untouched() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("case.json"), "{\"version\": 1, \"program\": \"other\"}").unwrap();
    let error = write(root.path(), &quiet()).unwrap_err();
    assert!(matches!(error, ReportError::NotACase { .. }), "{error}");
    assert!(error.help().is_some());
    assert_eq!(names(root.path()), ["case.json"]);
}

#[test]
fn the_lake_stays_and_a_crash_is_mended() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("case");
    fs::create_dir_all(dir.join("lake")).unwrap();
    fs::write(dir.join("lake/kept"), "x").unwrap();
    write(&dir, &quiet()).unwrap();
    // As a kill in the middle of a replacement leaves it: no seal, some files moved.
    fs::remove_file(dir.join("case.json")).unwrap();
    fs::create_dir_all(dir.join(".weir-new")).unwrap();
    fs::write(dir.join(".weir-new/report.md"), "half").unwrap();
    write(&dir, &quiet()).unwrap();
    let mut whole: Vec<_> = WHOLE.iter().map(|s| (*s).to_owned()).chain(["lake".to_owned()]).collect();
    whole.sort();
    assert_eq!(names(&dir), whole);
    assert_eq!(fs::read_to_string(dir.join("lake/kept")).unwrap(), "x");
}

#[test]
fn rejects_of_one_log_need_not_stand_together() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("case");
    let reject =
        |line| Reject { line, offset: line * 10, bytes: 9, reason: "no time".into(), text: "x".into() };
    let rejects =
        [("a.log", 1), ("b.log", 1), ("a.log", 2)].map(|(path, line)| (path.to_owned(), reject(line)));
    let written = write_case(&dir, &quiet(), std::iter::empty(), rejects.into_iter()).unwrap();
    assert_eq!(written.rejects, 3);
    let files: Vec<_> = written.files.iter().filter(|(f, _)| f.starts_with("rejects/")).collect();
    assert_eq!(files.len(), 2);
    let a = fs::read_to_string(dir.join(&files[0].0)).unwrap();
    assert_eq!(a.lines().count(), 2);
    assert!(a.starts_with("{\"path\":\"a.log\",\"line\":1,"), "{a}");
}
