//! An ingest is all or nothing: failed, killed, and out of disk at every point; invariants 1 and 2.

use crate::common::{World, lake, number, session, staged, three_days};
use std::path::{Path, PathBuf};
use weir_lake::{Ingest, KnownFile, Lake, LakeError};
use weir_model::Table;
use weir_model::intake::Reject;

const WORLD: World = World { rows: 300, file: 7, uids: true, day_of: three_days };
const TABLES: [&str; 5] = ["access", "rejects", "files", "intake", "rollup"];

/// An ingest that touches every table, not yet committed.
async fn full(lake: &Lake) -> Ingest {
    let mut ingest = staged(lake, &WORLD).await;
    let reject = Reject { line: 1, offset: 0, bytes: 1, reason: "r".into(), text: "t".into() };
    ingest.rejects(7, &[reject]).await.unwrap();
    ingest
        .file(&KnownFile { file: 7, path: "f".into(), head: "h".into(), ..KnownFile::default() })
        .await
        .unwrap();
    ingest.state("k", b"v".to_vec());
    let kind = arrow_array::StringArray::from(vec!["origin"]);
    let batch = arrow_array::RecordBatch::try_from_iter([("kind", std::sync::Arc::new(kind) as _)]).unwrap();
    ingest.rollup("c1", &batch).await.unwrap();
    ingest
}

async fn counts(lake: &Lake) -> Vec<i64> {
    let session = session(lake).await;
    let mut counts = Vec::new();
    for table in TABLES {
        let sql = format!("SELECT count(*) FROM {table}");
        counts.push(if session.sql(&sql).await.is_ok() { number(&session, &sql).await } else { 0 });
    }
    counts
}

/// Every Parquet file and upload under a lake, outside the Delta logs.
fn parquet_files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("_delta_log") {
            found.extend(parquet_files(&path));
        } else if path.to_string_lossy().contains(".parquet") {
            found.push(path);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_between_any_two_commits_shows_nothing_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let lake = lake(dir.path()).await;
    for point in Ingest::points() {
        let mut ingest = full(&lake).await;
        ingest.fail_before(point);
        let account = [WORLD.account("f")];
        let error = ingest.commit(&account).await.unwrap_err();
        assert!(matches!(error, LakeError::Fault { .. }), "{error}");
        if point == "release" {
            break;
        }
        assert_eq!(counts(&lake).await, [0; 5], "before the commit of {point}");
        let repaired = lake.repair().await.unwrap();
        assert_eq!(repaired.len(), 1, "{point}");
        assert!(parquet_files(dir.path()).is_empty(), "{point}");
    }
    // The last one failed after `intake` committed: it is real, and repair leaves it alone.
    assert_eq!(counts(&lake).await, [300, 1, 1, 1, 1]);
    assert!(lake.repair().await.unwrap().is_empty());
    assert_eq!(counts(&lake).await, [300, 1, 1, 1, 1]);
    assert_eq!(std::fs::read_dir(dir.path().join("_ingests")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_ingest_is_left_alone_by_repair() {
    let dir = tempfile::tempdir().unwrap();
    let lake = lake(dir.path()).await;
    let live = full(&lake).await;
    // Another handle, as another process would have it.
    let other = Lake::open(dir.path(), false).await.unwrap();
    assert!(other.repair().await.unwrap().is_empty());
    let second = full(&other).await;
    second.commit(&[WORLD.account("b")]).await.unwrap();
    live.commit(&[WORLD.account("a")]).await.unwrap();
    assert_eq!(counts(&lake).await, [600, 2, 2, 2, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn abandoning_deletes_what_was_staged() {
    let dir = tempfile::tempdir().unwrap();
    let lake = lake(dir.path()).await;
    full(&lake).await.abandon().await.unwrap();
    assert!(parquet_files(dir.path()).is_empty());
    let empty = lake.begin().await.unwrap();
    assert!(empty.commit(&[]).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let lake = lake(dir.path()).await;
    // A file where a folder must be: the same path of code as a full disk, for root too.
    std::fs::write(dir.path().join("access/day=2025-01-02"), b"").unwrap();
    let ingest = full(&lake).await;
    let account = [WORLD.account("f")];
    let error = ingest.commit(&account).await.unwrap_err();
    assert!(error.to_string().contains("`access/day=2025-01-02/"), "{error}");
    assert!(error.help().unwrap().contains("nothing of this ingest is visible"));
    assert_eq!(counts(&lake).await, [0; 5]);
    std::fs::remove_file(dir.path().join("access/day=2025-01-02")).unwrap();
    full(&lake).await.commit(&account).await.unwrap();
    assert_eq!(counts(&lake).await, [300, 1, 1, 1, 1]);
}

/// Where [`killed_child`] finds its lake.
const CHILD: &str = "WEIR_LAKE_TEST_CHILD";

/// The body of a child process that is killed while it writes; does nothing when run as a test of its own.
#[tokio::test(flavor = "multi_thread")]
async fn killed_child() {
    let Ok(dir) = std::env::var(CHILD) else {
        return;
    };
    let lake = Lake::open(Path::new(&dir), false).await.unwrap();
    let mut ingest = full(&lake).await;
    ingest.fail_before("files");
    let account = [WORLD.account("f")];
    // Kept alive by the leak, so that only the death of the process frees the lease.
    let failed = ingest.commit(&account).await;
    assert!(failed.is_err());
    std::mem::forget(full(&lake).await);
    std::process::abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let lake = lake(dir.path()).await;
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["atomic::killed_child", "--exact"])
        .env(CHILD, dir.path())
        .output()
        .unwrap();
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(child.status.signal(), Some(6), "it was to abort: {}", String::from_utf8_lossy(&child.stdout));
    assert_eq!(counts(&lake).await, [0; 5]);
    assert!(
        !parquet_files(dir.path()).is_empty()
            || std::fs::read_dir(dir.path().join("_ingests")).unwrap().count() > 0
    );
    let again = full(&lake).await;
    again.commit(&[WORLD.account("f")]).await.unwrap();
    assert_eq!(counts(&lake).await, [300, 1, 1, 1, 1]);
    let of_table = parquet_files(&dir.path().join("access"));
    assert_eq!(of_table.len(), 3, "{of_table:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_events_again_are_duplicates_wherever_they_lie() {
    let dir = tempfile::tempdir().unwrap();
    let lake = lake(dir.path()).await;
    let mut first = lake.begin().await.unwrap();
    let batch = WORLD.batch(first.id());
    // Known within the batch, waiting in memory, and in the lake.
    let twice = arrow_select::concat::concat_batches(&batch.schema(), [&batch, &batch]).unwrap();
    let new = first.distinct(Table::Access, &twice).await.unwrap();
    assert_eq!((new.rows(), new.duplicates), (300, 300));
    for rows in &new.kept {
        first.write(Table::Access, rows).await.unwrap();
    }
    let again = first.distinct(Table::Access, &batch).await.unwrap();
    assert_eq!((again.rows(), again.duplicates), (0, 300));
    first.commit(&[WORLD.account("f")]).await.unwrap();

    let mut second = lake.begin().await.unwrap();
    let more = World { rows: 310, file: 8, ..WORLD }.batch(second.id());
    let new = second.distinct(Table::Access, &more).await.unwrap();
    assert_eq!((new.rows(), new.duplicates), (10, 300));
    // Events without an id are not duplicates of such that have one.
    let bare = World { uids: false, ..WORLD }.batch(second.id());
    let new = second.distinct(Table::Access, &bare).await.unwrap();
    let rest = second.undecided(Table::Access).await.unwrap().unwrap();
    assert_eq!((new.rows() + rest.rows(), new.duplicates + rest.duplicates), (300, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_found_in_files_this_ingest_has_finished() {
    let dir = tempfile::tempdir().unwrap();
    let limits = weir_lake::StageLimits { open_files_max: 1, flush_bytes: 1, ..Default::default() };
    let lake = Lake::open_with(dir.path(), true, limits).await.unwrap();
    let mut ingest = lake.begin().await.unwrap();
    let batch = WORLD.batch(ingest.id());
    ingest.write(Table::Access, &batch).await.unwrap();
    let again = ingest.distinct(Table::Access, &batch).await.unwrap();
    assert_eq!(again.rows(), 0);
}
