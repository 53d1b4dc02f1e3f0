//! The case folder: whole or not at all, replacing only what weir wrote.

#![expect(clippy::unwrap_used, reason = "a test says what must hold by failing")]

#[expect(dead_code, reason = "each test binary uses its own part of the samples")]
mod samples;

use samples::*;
use std::{fs, path::Path};
use weir_model::{
    case::{Case, ExposedSubject},
    intake::Reject,
};
use weir_report::{ReportError, Result, Written, write_case};

fn write(dir: &Path, case: &Case) -> Result<Written> {
    write_case(dir, case, batched(shop::people().take(3)), std::iter::empty())
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

const WHOLE: [&str; 10] = [
    "case.json",
    "exports",
    "findings.jsonl",
    "intake.jsonl",
    "rejects",
    "report.html",
    "report.md",
    "report.pdf",
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

/// Both files have the same people in the same order, and nobody but their owner reads either.
#[test]
fn exposed_people_are_written_for_readers_and_for_programs() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("case");
    let people: Vec<_> = shop::people().take(2_500).collect();
    let written =
        write_case(&dir, &shop::case(), batched(people.iter().cloned()), std::iter::empty()).unwrap();
    assert_eq!(written.subjects, 2_500);
    let table = fs::read_to_string(dir.join("scope.csv")).unwrap();
    assert_eq!(table.lines().next(), Some("subject,status,first,last,records,categories,findings,countries"));
    let first = "member:8800,named,2025-04-14T03:12:55Z,";
    assert!(table.lines().nth(1).unwrap().starts_with(first), "{table}");
    let file = fs::File::open(dir.join("exports/scope.parquet")).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let batches: Vec<_> = reader.build().unwrap().map(|batch| batch.unwrap()).collect();
    let all = arrow_select::concat::concat_batches(&batches[0].schema(), &batches).unwrap();
    assert_eq!(all, ExposedSubject::batch(&people).unwrap());
    assert_eq!(table.lines().count(), 1 + all.num_rows());
    #[cfg(unix)]
    for name in ["scope.csv", "exports/scope.parquet"] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(dir.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    let unreadable = [Err::<arrow_array::RecordBatch, _>("the disk is gone")].into_iter();
    let error = write_case(&dir, &shop::case(), unreadable, std::iter::empty()).unwrap_err();
    assert!(error.to_string().contains("the disk is gone"), "{error}");
    assert_eq!(names(&dir), WHOLE, "the case that was there is whole, and nothing else");
    let unreadable = [Err::<arrow_array::RecordBatch, _>("the disk is gone")].into_iter();
    write_case(&root.path().join("new"), &shop::case(), unreadable, std::iter::empty()).unwrap_err();
    assert_eq!(names(root.path()), ["case"], "nothing of the other, or of the people in it, stays");
}

#[test]
fn what_a_killed_process_left_goes_and_what_a_living_one_fills_stays() {
    let root = tempfile::tempdir().unwrap();
    for name in [".people.weir-new", ".bag.0123456789abcdef.weir-new", ".alive.weir-new", "shown.weir-new"] {
        fs::create_dir(root.path().join(name)).unwrap();
        fs::write(root.path().join(name).join("scope.csv"), "namespace,id\n").unwrap();
    }
    fs::write(root.path().join(".file.weir-new"), "somebody's").unwrap();
    let alive = fs::File::open(root.path().join(".alive.weir-new")).unwrap();
    alive.lock().unwrap();
    write(&root.path().join("case"), &quiet()).unwrap();
    assert_eq!(names(root.path()), [".alive.weir-new", ".file.weir-new", "case", "shown.weir-new"]);
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
    let written = write_case(&dir, &quiet(), batched(std::iter::empty()), rejects.into_iter()).unwrap();
    assert_eq!(written.rejects, 3);
    let files: Vec<_> = written.files.iter().filter(|(f, _)| f.starts_with("rejects/")).collect();
    assert_eq!(files.len(), 2);
    let a = fs::read_to_string(dir.join(&files[0].0)).unwrap();
    assert_eq!(a.lines().count(), 2);
    assert!(a.starts_with("{\"path\":\"a.log\",\"line\":1,"), "{a}");
}
