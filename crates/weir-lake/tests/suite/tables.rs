//! Ingest, snapshot, SQL, citations, state, rollups.

use crate::common::{START, World, ingest, lake, number, session, staged, three_days};
use arrow_array::{Array, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use futures::TryStreamExt;
use std::sync::Arc;
use weir_lake::{KnownFile, Lake, LakeError, SessionOptions, StageLimits};
use weir_model::intake::Reject;
use weir_model::{EntityKind, Table};

const WORLD: World = World { rows: 1000, file: 7, uids: true, day_of: three_days };

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_is_read_back_as_written() {
    let dir = tempfile::tempdir().unwrap();
    let lake = lake(dir.path()).await;
    let versions = ingest(&lake, &WORLD, "web.log").await;
    assert_eq!(versions["access"], 1);
    let session = session(&lake).await;
    let rows = session.sql("SELECT * FROM access ORDER BY line").await.unwrap();
    assert_eq!(rows[0].schema().fields(), Table::Access.schema().fields());
    let ingest_id = *session.snapshot().ingests().first().unwrap();
    let whole = arrow_select::concat::concat_batches(&rows[0].schema(), &rows).unwrap();
    assert_eq!(whole.columns(), WORLD.batch(ingest_id).columns());
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_prunes_counts_and_refuses_to_write() {
    let dir = tempfile::tempdir().unwrap();
    let lake = lake(dir.path()).await;
    ingest(&lake, &WORLD, "web.log").await;
    let session = session(&lake).await;
    assert_eq!(number(&session, "SELECT count(*) FROM access").await, 1000);
    assert_eq!(number(&session, "SELECT count(*) FROM access WHERE day = DATE '2025-01-02'").await, 333);
    assert_eq!(number(&session, "SELECT count(*) FROM auth").await, 0);
    let at = "SELECT count(*) FROM access WHERE time < TIMESTAMP '2025-01-01T00:05:00Z'";
    assert_eq!(number(&session, at).await, 100);
    let plan = session.explain("SELECT line FROM access WHERE day = DATE '2025-01-02'").await.unwrap();
    assert!(plan.contains("day=2025-01-02") && !plan.contains("day=2025-01-01"), "{plan}");
    let out = dir.path().join("out.csv");
    for write in [
        "CREATE TABLE t AS SELECT 1".to_owned(),
        "DROP TABLE access".to_owned(),
        "INSERT INTO access SELECT * FROM access".to_owned(),
        format!("COPY access TO '{}'", out.display()),
        format!("CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION '{}'", dir.path().display()),
        "SET datafusion.execution.batch_size = 1".to_owned(),
    ] {
        let error = session.sql(&write).await.unwrap_err();
        assert!(error.help().unwrap_or_default().contains("read-only"), "{write}: {error}");
    }
    assert!(!out.exists());
    assert!(session.sql(&format!("SELECT * FROM '{}/lake.csv'", dir.path().display())).await.is_err());
    let error = session.sql("SELECT nope FROM access").await.unwrap_err();
    assert_eq!(error.to_string(), "there is no column `nope`");
    assert!(error.help().unwrap().contains("src_ip"));
    let error = session.sql("SELECT 1 FROM nope").await.unwrap_err();
    assert!(error.help().unwrap().starts_with("tables are"), "{error}");
    assert!(matches!(session.sql("SELEC 1").await.unwrap_err(), LakeError::Query { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_stays_while_the_lake_grows() {
    let dir = tempfile::tempdir().unwrap();
    let lake = lake(dir.path()).await;
    ingest(&lake, &WORLD, "a.log").await;
    let before = lake.snapshot().await.unwrap();
    let more = World { file: 8, uids: false, ..WORLD };
    ingest(&lake, &more, "b.log").await;
    let old = lake.snapshot_at(&before.versions()).await.unwrap();
    for pinned in [before, old] {
        let session = pinned.session(&SessionOptions::default(), None).unwrap();
        assert_eq!(number(&session, "SELECT count(*) FROM access").await, 1000);
        assert_eq!(pinned.intake().await.unwrap().len(), 1);
    }
    assert_eq!(number(&session(&lake).await, "SELECT count(*) FROM access").await, 2000);
    let mut wrong = lake.snapshot().await.unwrap().versions();
    wrong.insert("access".into(), 99);
    let error = lake.snapshot_at(&wrong).await.unwrap_err();
    assert_eq!(error.to_string(), "table `access` has no version 99");
}

#[tokio::test(flavor = "multi_thread")]
async fn shuffled_days_stay_few_files_in_few_open_ones() {
    let dir = tempfile::tempdir().unwrap();
    let limits = StageLimits { open_files_max: 3, pending_bytes_max: 200_000, ..StageLimits::default() };
    let lake = Lake::open_with(dir.path(), true, limits).await.unwrap();
    let world = World { rows: 3000, file: 1, uids: false, day_of: |i| (i * 37 % 60) as i64 };
    let mut ingest = lake.begin().await.unwrap();
    for _ in 0..6 {
        let batch = world.batch(ingest.id());
        ingest.write(Table::Access, &batch).await.unwrap();
    }
    ingest.commit(&[world.account("x")]).await.unwrap();
    let session = session(&lake).await;
    assert_eq!(number(&session, "SELECT count(*) FROM access").await, 18_000);
    let days = std::fs::read_dir(dir.path().join("access")).unwrap();
    let days: Vec<_> = days.map(|d| d.unwrap().path()).filter(|d| !d.ends_with("_delta_log")).collect();
    assert_eq!(days.len(), 60);
    for day in days {
        assert!(std::fs::read_dir(&day).unwrap().count() <= 8, "{day:?}");
    }
    assert_eq!(number(&session, "SELECT count(*) FROM access WHERE day = DATE '2025-01-05'").await, 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn citations_do_not_depend_on_the_order_of_ingest() {
    let mut all = Vec::new();
    for order in [["a.log", "b.log"], ["b.log", "a.log"]] {
        let dir = tempfile::tempdir().unwrap();
        let lake = lake(dir.path()).await;
        for path in order {
            let file = if path == "a.log" { 11 } else { 12 };
            ingest(&lake, &World { file, uids: false, ..WORLD }, path).await;
        }
        let session = session(&lake).await;
        let cited = session.cite("actor = 'user3'", Table::Access, 20).await.unwrap();
        assert_eq!(cited.total, 66);
        assert_eq!(cited.citations.len(), 20);
        assert_eq!(
            number(&session, &cited.query.replace('*', "count(*)").replace(" ORDER BY time, file, line", ""))
                .await,
            66
        );
        let few = session.cite("actor = 'user3' AND line < 50", Table::Access, 20).await.unwrap();
        assert_eq!((few.citations.len(), few.total), (4, 4));
        assert_eq!(few.citations[0].path, "a.log");
        assert!(session.cite("actor = 'nobody'", Table::Access, 20).await.unwrap().evidence().is_none());
        all.push((cited, few));
    }
    assert_eq!(all[0], all[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn account_rejects_files_and_state_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let lake = lake(dir.path()).await;
    let mut first = staged(&lake, &WORLD).await;
    let reject = |line| Reject { line, offset: 5, bytes: 9, reason: "not json".into(), text: "{\"".into() };
    first.rejects(7, &[reject(3), reject(1)]).await.unwrap();
    let file =
        KnownFile { file: 7, path: "web.log".into(), head: "h1".into(), lines: 5, ..KnownFile::default() };
    first.file(&file).await.unwrap();
    assert_eq!(first.known_files("h1").await.unwrap().len(), 1);
    first.state("catalog", b"one".to_vec());
    let mut account = WORLD.account("web.log");
    account.reasons.insert("not json".into(), 2);
    account.first_time = Some(weir_model::Micros(START));
    let id = first.id();
    first.commit(std::slice::from_ref(&account)).await.unwrap();
    let mut second = lake.begin().await.unwrap();
    assert_eq!(second.known_files("h1").await.unwrap()[0].path, "web.log");
    assert!(second.known_files("h2").await.unwrap().is_empty());
    second.state("catalog", b"two".to_vec());
    let unsaid = lake.snapshot().await.unwrap();
    second.commit(&[World { file: 9, ..WORLD }.account("empty.log")]).await.unwrap();
    let now = lake.snapshot().await.unwrap();
    assert_eq!(unsaid.state("catalog").await.unwrap().as_deref(), Some(&b"one"[..]));
    assert_eq!(now.state("catalog").await.unwrap().as_deref(), Some(&b"two"[..]));
    assert_eq!(now.state("other").await.unwrap(), None);
    account.ingest = id;
    assert_eq!(now.intake().await.unwrap()[1], account);
    assert_eq!(now.rejects(7, 10).await.unwrap(), [reject(1), reject(3)]);
    assert_eq!(now.known_files("h1").await.unwrap()[0], KnownFile { ingest: id, ..file });
}

fn rollup(kind: &str, entities: &[&str], n: i64) -> RecordBatch {
    let fields = [
        Field::new("kind", DataType::Utf8, false),
        Field::new("entity", DataType::Utf8, false),
        Field::new("day", DataType::Date32, false),
        Field::new("n", DataType::Int64, true),
    ];
    let rows = entities.len();
    RecordBatch::try_new(
        Arc::new(Schema::new(fields.to_vec())),
        vec![
            Arc::new(StringArray::from(vec![kind; rows])),
            Arc::new(StringArray::from(entities.to_vec())),
            Arc::new(Date32Array::from(vec![20_000; rows])),
            Arc::new(Int64Array::from(vec![n; rows])),
        ],
    )
    .unwrap()
}

async fn rollups(lake: &Lake, kinds: &[EntityKind]) -> Vec<(String, i64)> {
    let snapshot = lake.snapshot().await.unwrap();
    let stream = snapshot.rollup_stream(kinds, &SessionOptions::default()).await.unwrap();
    let batches: Vec<RecordBatch> = stream.try_collect().await.unwrap();
    let mut rows = Vec::new();
    for batch in &batches {
        assert_eq!(batch.num_columns(), 4);
        let entity = batch.column(1).as_any().downcast_ref::<StringArray>().unwrap();
        let n = batch.column(3).as_any().downcast_ref::<Int64Array>().unwrap();
        rows.extend((0..batch.num_rows()).map(|i| (entity.value(i).to_owned(), n.value(i))));
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn one_folds_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let lake = lake(dir.path()).await;
    let right = lake.folding().await.unwrap();
    let other = self::lake(dir.path()).await;
    let wait = std::time::Duration::from_millis(200);
    assert!(tokio::time::timeout(wait, other.folding()).await.is_err(), "another has it");
    drop(right);
    other.folding().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rollups_are_merged_in_order_and_refolded_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let lake = lake(dir.path()).await;
    assert!(rollups(&lake, &[EntityKind::Origin]).await.is_empty());
    for (file, entities) in [(1, ["a", "c"]), (2, ["b", "c"])] {
        let mut ingest = lake.begin().await.unwrap();
        ingest.rollup("cat1", &rollup("actor", &["x"], file)).await.unwrap();
        ingest.rollup("cat1", &rollup("origin", &entities, file)).await.unwrap();
        let early = ingest.rollup("cat1", &rollup("actor", &["y"], file)).await;
        assert!(matches!(early, Err(LakeError::Batch { .. })), "rollups come in order");
        ingest.commit(&[World { file, ..WORLD }.account("f")]).await.unwrap();
    }
    let names = |rows: &[(String, i64)]| rows.iter().map(|(e, _)| e.clone()).collect::<String>();
    assert_eq!(names(&rollups(&lake, &[EntityKind::Origin]).await), "abcc");
    assert_eq!(names(&rollups(&lake, &[EntityKind::Origin, EntityKind::Actor]).await), "xxabcc");
    let snapshot = lake.snapshot().await.unwrap();
    assert_eq!(snapshot.rollup_catalogs().into_iter().collect::<Vec<_>>(), ["cat1"]);

    // An ingest that commits meanwhile keeps its rollups; the refold replaces only what it saw.
    let mut meanwhile = lake.begin().await.unwrap();
    meanwhile.rollup("cat1", &rollup("origin", &["z"], 3)).await.unwrap();
    let mut refold = lake.refold(&snapshot, "cat2").await.unwrap();
    refold.write(&rollup("origin", &["a", "b", "c"], 10)).await.unwrap();
    meanwhile.commit(&[World { file: 3, ..WORLD }.account("g")]).await.unwrap();
    drop(lake.refold(&snapshot, "cat3").await.unwrap());
    refold.commit().await.unwrap();
    let rows = rollups(&lake, &[EntityKind::Origin]).await;
    assert_eq!(rows, [("a".into(), 10), ("b".into(), 10), ("c".into(), 10), ("z".into(), 3)]);
    assert_eq!(lake.snapshot().await.unwrap().rollup_catalogs().len(), 2);
    lake.repair().await.unwrap();
    assert_eq!(rollups(&lake, &[EntityKind::Origin]).await.len(), 4);
    // The earlier snapshot can still be computed again.
    let old = lake.snapshot_at(&snapshot.versions()).await.unwrap();
    let stream = old.rollup_stream(&[EntityKind::Origin], &SessionOptions::default()).await.unwrap();
    let rows: Vec<RecordBatch> = stream.try_collect().await.unwrap();
    assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_no_lake_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let error = Lake::open(dir.path(), false).await.unwrap_err();
    assert!(matches!(&error, LakeError::Missing { .. }) && error.help().is_some());
}

/// A machine with many processors and little memory for queries.
#[tokio::test(flavor = "multi_thread")]
async fn sorts_of_many_partitions_find_memory_for_their_merges() {
    let dir = tempfile::tempdir().unwrap();
    let lake = lake(dir.path()).await;
    ingest(&lake, &World { rows: 96_000, file: 7, uids: true, day_of: |i| i as i64 % 32 }, "f").await;
    let options = SessionOptions {
        memory_bytes_max: 96 << 20,
        partitions: std::num::NonZeroUsize::new(32),
        // Many batches, so that all partitions are under way at once.
        batch_rows: 8,
        ..SessionOptions::default()
    };
    let session = lake.snapshot().await.unwrap().session(&options, None).unwrap();
    let rows = session.sql("SELECT path, line FROM access ORDER BY path, line").await.unwrap();
    assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), 96_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_on_texts_that_files_hold_as_codes_answer_as_others_do() {
    let dir = tempfile::tempdir().unwrap();
    let lake = lake(dir.path()).await;
    ingest(&lake, &WORLD, "web.log").await;
    let log =
        std::fs::read_to_string(dir.path().join("access/_delta_log/00000000000000000001.json")).unwrap();
    for told in ["\\\"src_ip\\\":0", "\\\"path\\\":0", "\\\"hostname\\\":333"] {
        assert!(log.contains(told), "{told}: {log}");
    }
    let session = session(&lake).await;
    for condition in [
        "src_ip LIKE '10.0.1.%'",
        "src_ip IN ('10.0.1.7', '10.0.2.9', 'x') AND actor <> 'user3'",
        "actor NOT LIKE '%1%' AND src_ip > '10.0.1.'",
        "network(src_ip) = '10.0.2.0/24'",
        "hostname IS NULL AND actor = 'user3'",
        "hostname = 'x'",
    ] {
        let asked = |condition: &str| {
            let of =
                "count(*), count(DISTINCT path), min(src_ip), max(actor), count(hostname), sum(bytes_out)";
            format!("SELECT {of} FROM access WHERE {condition}")
        };
        let codes = session.sql(&asked(condition)).await.unwrap();
        // Of two columns, and so asked of rows.
        let rows = session.sql(&asked(&format!("CASE WHEN line > 0 THEN {condition} END"))).await.unwrap();
        assert_eq!(codes, rows, "{condition}");
    }
}
