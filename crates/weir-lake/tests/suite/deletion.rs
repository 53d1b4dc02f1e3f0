//! Deletion under holds: stopped before each of its steps, and what a lake that lost a part says of it.

use crate::common::{START, World, lake, number, session, staged};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use weir_lake::{Lake, LakeError, Picked, Wanted, Why};
use weir_model::hold::Cover;
use weir_model::intake::Reject;
use weir_model::time::DAY_US;
use weir_model::{Hold, Micros, Span, Table};

fn thirty_days(i: usize) -> i64 {
    (i % 30) as i64
}

const WORLD: World = World { rows: 600, file: 7, uids: true, day_of: thirty_days };
/// The instant before which records go: noon of day 25; all are of the first minutes of their day.
const CUT: Micros = Micros(START + 25 * DAY_US + DAY_US / 2);
const HELD: &str =
    "SELECT * FROM access WHERE day >= '2025-01-11' AND day <= '2025-01-20' ORDER BY file, line";

fn at(day: i64) -> Micros {
    Micros(START + day * DAY_US)
}

fn why() -> Why {
    Why::Retention { before: CUT }
}

/// A lake of thirty days in two ingests, with rollups of each day.
async fn filled(dir: &Path) -> Lake {
    let lake = lake(dir).await;
    for file in [7, 8] {
        let world = World { file, uids: false, ..WORLD };
        let mut ingest = staged(&lake, &world).await;
        let reject = Reject { line: 1, offset: 0, bytes: 1, reason: "r".into(), text: "t".into() };
        ingest.rejects(file, &[reject]).await.unwrap();
        let days: Vec<i32> = (0..30).map(|d| at(d).day()).collect();
        let text = |what: &str| Arc::new(arrow_array::StringArray::from(vec![what; 30])) as _;
        let batch = arrow_array::RecordBatch::try_from_iter([
            ("kind", text("origin")),
            ("entity", text("a")),
            ("day", Arc::new(arrow_array::Date32Array::from(days)) as _),
        ]);
        ingest.rollup("c1", &batch.unwrap()).await.unwrap();
        let mut account = world.account("f");
        (account.first_time, account.last_time) = (Some(at(0)), Some(at(30)));
        account.ingest = ingest.id();
        ingest.commit(&[account]).await.unwrap();
    }
    lake
}

fn hold(covers: Vec<Cover>, versions: Vec<BTreeMap<String, i64>>) -> Hold {
    let (order, by) = ("7/2026".to_owned(), "ann".to_owned());
    Hold {
        id: String::new(),
        order,
        reason: None,
        by,
        time: at(40),
        covers,
        case: None,
        versions,
        released: None,
    }
}

fn ten_days() -> Vec<Cover> {
    vec![Cover { period: Span { since: Some(at(10)), until: Some(at(20)) }, ..Cover::default() }]
}

async fn held(lake: &Lake) -> String {
    format!(
        "{:?}",
        session(lake).await.sql(HELD).await.unwrap().iter().map(|b| b.columns().to_vec()).collect::<Vec<_>>()
    )
}

async fn count(lake: &Lake, table: &str) -> i64 {
    number(&session(lake).await, &format!("SELECT count(*) FROM {table}")).await
}

fn files(dir: &Path, table: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir.join(table)).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("_delta_log") {
            let inner = path.file_name().unwrap().to_string_lossy().into_owned();
            found.extend(files(&dir.join(table), &inner));
        } else if path.to_string_lossy().contains(".parquet") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A retention, stopped before a step if one is named.
async fn retain(lake: &Lake, stop: Option<&str>) -> Result<(), LakeError> {
    let mut right = lake.deleting(|| ()).await?;
    if let Some(point) = stop {
        right.fail_before(point);
    }
    let planned = right.plan(&Wanted::Before(CUT)).await?;
    right.remove(planned).await?.commit(at(50), "ann", why()).await?;
    right.vacuum().await?;
    right.release().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_stopped_before_any_step_keeps_what_is_held_and_the_next_one_ends_it() {
    let points =
        ["state", "digest", "rollup", "access", "auth", "rejects", "release", "vacuum 0", "vacuum 5"];
    for point in points.map(Some).into_iter().chain([None]) {
        let dir = tempfile::tempdir().unwrap();
        let lake = filled(dir.path()).await;
        lake.holding(|| ()).await.unwrap().record(hold(ten_days(), Vec::new())).await.unwrap();
        let before = held(&lake).await;
        assert_eq!(count(&lake, "access").await, 1200);
        let stopped = retain(&lake, point).await;
        assert_eq!(stopped.is_err(), point.is_some(), "{point:?}: {stopped:?}");
        assert_eq!(held(&lake).await, before, "stopped before {point:?}");
        let left = count(&lake, "access").await;
        assert!([1200, 560].contains(&left), "{point:?}: all or what stays, not {left}");
        // Another process may read all along: the lake is whole.
        let lake = Lake::open(dir.path(), false).await.unwrap();
        retain(&lake, None).await.unwrap();
        assert_eq!(held(&lake).await, before, "after {point:?}");
        assert_eq!(count(&lake, "access").await, 560, "ten days held and four young, of forty each");
        assert_eq!(count(&lake, "rollup").await, 2 * 14, "none of days of which records went");
        assert_eq!(count(&lake, "rejects").await, 2, "of a file that was read under the hold");
        assert_eq!(
            files(dir.path(), "access").len(),
            14,
            "{point:?}: a file a day, and no other on the disk"
        );
        let leases = std::fs::read_dir(dir.path().join("_ingests")).unwrap().map(|e| e.unwrap().path());
        let left = leases.filter(|p| p.extension().is_some_and(|e| e == "lease")).count();
        assert_eq!(left, 0, "{point:?}: what was stopped is taken back");
        let removals = lake.snapshot().await.unwrap().removals().await.unwrap();
        let gone: u64 = removals.iter().filter_map(|r| r.gone.get("access")).sum();
        assert_eq!(gone, 640, "{point:?}: the account of what is gone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_under_a_hold_keeps_its_files_and_reads_as_it_did() {
    let dir = tempfile::tempdir().unwrap();
    let lake = filled(dir.path()).await;
    let versions = lake.snapshot().await.unwrap().versions();
    lake.holding(|| ()).await.unwrap().record(hold(Vec::new(), vec![versions.clone()])).await.unwrap();
    let picked = Picked { days: [at(0).day()].into(), places: [(7, 1, 0)].into() };
    let person = Wanted::Named { records: [(Table::Access, picked)].into(), rejects: BTreeSet::new() };
    let right = lake.deleting(|| ()).await.unwrap();
    let planned = right.plan(&person).await.unwrap();
    assert_eq!((planned.gone.len(), planned.held.get("access"), planned.by.len()), (0, Some(&1), 1));
    assert!(planned.is_empty(), "who is in a version that is held cannot be erased from it");
    right.release().await.unwrap();
    retain(&lake, None).await.unwrap();
    assert_eq!(count(&lake, "access").await, 160, "the lake of today has four young days");
    let old = lake
        .snapshot_at(&versions)
        .await
        .unwrap()
        .session(&weir_lake::SessionOptions::default(), None)
        .unwrap();
    assert_eq!(
        number(&old, "SELECT count(actor) FROM access").await,
        1200,
        "the version that is held has all"
    );
    let release =
        weir_model::hold::Release { order: "9".into(), reason: "r".into(), by: "ann".into(), time: at(60) };
    lake.holding(|| ()).await.unwrap().release("h1".to_owned(), release.clone()).await.unwrap();
    retain(&lake, None).await.unwrap();
    assert!(lake.snapshot_at(&versions).await.is_err(), "its files are gone");
    let late = lake.holding(|| ()).await.unwrap().record(hold(Vec::new(), vec![versions])).await;
    assert!(late.is_err(), "what is gone already cannot be held");
    let again = lake.holding(|| ()).await.unwrap().release("h1".to_owned(), release).await;
    assert!(matches!(again, Err(LakeError::NoHold { .. })), "it has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_that_lost_a_part_after_a_deletion_says_so_and_deletes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let lake = filled(dir.path()).await;
    lake.holding(|| ()).await.unwrap().record(hold(ten_days(), Vec::new())).await.unwrap();
    retain(&lake, None).await.unwrap();
    let log = dir.path().join("access/_delta_log");
    let last = std::fs::read_dir(&log)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "json"))
        .max()
        .unwrap();
    let bytes = std::fs::read(&last).unwrap();
    std::fs::remove_file(&last).unwrap();
    assert!(matches!(lake.snapshot().await, Err(LakeError::Lost { .. })), "the deletion's entry is lost");
    std::fs::write(&last, bytes).unwrap();
    let there = files(dir.path(), "access");
    let (some, aside) = (there.first().unwrap(), dir.path().join("aside"));
    std::fs::rename(some, &aside).unwrap();
    assert!(retain(&lake, None).await.is_err());
    std::fs::rename(&aside, some).unwrap();
    assert_eq!(files(dir.path(), "access"), there);
    assert_eq!(count(&lake, "access").await, 560);
}

/// Whether something is still waited for after a while.
async fn waits<T>(what: impl Future<Output = T>) -> bool {
    tokio::time::timeout(std::time::Duration::from_millis(400), what).await.is_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_deletes_and_who_holds_or_ingests_wait_for_one_another() {
    let dir = tempfile::tempdir().unwrap();
    let lake = filled(dir.path()).await;
    let deleting = lake.deleting(|| ()).await.unwrap();
    assert!(waits(lake.holding(|| ())).await, "no hold is answered that this deletion does not know");
    assert!(
        waits(lake.ingesting(|| ())).await
            && waits(lake.folding()).await
            && waits(lake.deleting(|| ())).await
    );
    deleting.release().await.unwrap();
    let holding = lake.holding(|| ()).await.unwrap();
    let waiting = {
        let lake = lake.clone();
        tokio::spawn(async move { lake.deleting(|| ()).await.unwrap() })
    };
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    assert!(!waiting.is_finished());
    holding.record(hold(ten_days(), Vec::new())).await.unwrap();
    let deleting = waiting.await.unwrap();
    assert_eq!(deleting.holds().len(), 1, "what was recorded while it waited is honoured");
}
