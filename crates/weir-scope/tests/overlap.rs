//! Findings that have the same records: what is said of all of them counts each record and each person once.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_schema::DataType;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use weir_catalog::{Catalog, Learned, Links};
use weir_lake::{Lake, Session, SessionOptions};
use weir_model::case::{Bounds, Coverage, Determinable, Gap, Period};
use weir_model::config::Config;
use weir_model::intake::Intake;
use weir_model::{Access, Basis, Common, FileTag, Micros, Records, Subject, TimeBasis};
use weir_scope::{Hand, Logs, Namespaces, Question, Scoped, Short, scope};

const START: i64 = 1_735_689_600_000_000;
const MINUTE: i64 = 60_000_000;

/// One read of 100 bytes a minute for 100 minutes: minute m from address m % 4, of member m / 2, but every tenth names nobody.
async fn session(dir: &Path) -> Session {
    counting(dir, 1).await
}

/// The same where those that name nobody count so many people.
async fn counting(dir: &Path, unnamed: i64) -> Session {
    logged(dir, unnamed, "read", |_| true).await
}

/// The same where answers are to this activity, and minutes in which this does not hold are lost.
async fn logged(dir: &Path, unnamed: i64, activity: &str, kept: impl Fn(i64) -> bool) -> Session {
    let mut records = Records::default();
    for minute in (0..100).filter(|minute| kept(*minute)) {
        let (ip, member) = (format!("192.0.2.{}", minute % 4), format!("{}", minute / 2));
        let common = Common {
            src_ip: Some(&ip),
            status_id: Some(1),
            activity: Some(activity),
            line: Some(minute + 1),
            ..Common::default()
        };
        let person = [Subject { namespace: "member", id: &member, basis: Basis::Named }];
        let access = Access {
            bytes_out: Some(100),
            subjects: if minute % 10 == 0 { &[] } else { &person },
            subjects_n: (minute % 10 == 0).then_some(unnamed),
            ..Access::default()
        };
        records.access((Micros(START + minute * MINUTE), TimeBasis::Stated), &common, &access);
    }
    written(dir, records).await
}

/// One read of one more member each half hour.
async fn slow(dir: &Path, kept: impl Fn(i64) -> bool) -> Session {
    let mut records = Records::default();
    for at in (0..100).filter(|at| kept(*at)) {
        let member = at.to_string();
        let common = Common {
            src_ip: Some("192.0.2.1"),
            status_id: Some(1),
            activity: Some("read"),
            line: Some(at + 1),
            ..Common::default()
        };
        let person = [Subject { namespace: "member", id: &member, basis: Basis::Named }];
        let access = Access { bytes_out: Some(100), subjects: &person, ..Access::default() };
        records.access((Micros(START + at * 30 * MINUTE), TimeBasis::Stated), &common, &access);
    }
    written(dir, records).await
}

async fn written(dir: &Path, mut records: Records) -> Session {
    let lake = Lake::open(dir, true).await.unwrap();
    let mut ingest = lake.begin().await.unwrap();
    let tag = FileTag { source: "x".into(), sensor: "web".into(), ingest: ingest.id(), file: 1 };
    for (table, batch) in records.take(&tag).unwrap() {
        ingest.write(table, &batch).await.unwrap();
    }
    let account =
        Intake { path: "a".into(), records: 100, parsed: 100, lines: 100, file: 1, ..Intake::default() };
    ingest.commit(&[account]).await.unwrap();
    let snapshot = lake.snapshot().await.unwrap();
    snapshot.session(&SessionOptions::default(), Some(Arc::new(catalog()) as _)).unwrap()
}

/// The web's log with a silence in which 50 records were expected.
fn coverage() -> Vec<Coverage> {
    let gap = Gap {
        what: "web".to_owned(),
        from: Some(Micros(START + 40 * MINUTE)),
        to: Some(Micros(START + 41 * MINUTE)),
        reason: "silent".to_owned(),
        records_expected: Some(50.0),
    };
    let period = Period { first: Micros(START), last: Micros(START + 99 * MINUTE) };
    vec![Coverage {
        sensor: "web".into(),
        source: "x".into(),
        period,
        days: BTreeMap::new(),
        gaps: vec![gap],
    }]
}

/// A catalog that knows nothing.
fn catalog() -> Catalog {
    Catalog::new(&Config::default(), &Learned::default(), Links::default()).unwrap()
}

/// Logs that lack nothing.
const LOGS: Logs<'static> =
    Logs { coverage: &[], unread: &[], rejected: 0, erased: 0, data_seen: true, nameless: &[], short: None };

async fn ask(session: &Session, hands: &[(&str, &str)], logs: Logs<'_>) -> Scoped {
    let hand = |(id, condition): &(&str, &str)| Hand {
        perhaps: None,
        finding: (*id).to_owned(),
        condition: (*condition).to_owned(),
        grave: true,
        seen: (Micros(START), Micros(START + 100 * MINUTE)),
    };
    let hands: Vec<Hand> = hands.iter().map(hand).collect();
    let (categories, namespaces) = (BTreeMap::new(), Namespaces::default());
    let question = Question {
        hands: &hands,
        logs,
        categories: &categories,
        catalog: &catalog(),
        namespaces: &namespaces,
        pseudonym: None,
    };
    scope(session, session, question).await.unwrap()
}

async fn scoped(session: &Session, hands: &[(&str, &str)], coverage: &[Coverage]) -> Scoped {
    ask(session, hands, Logs { coverage, ..LOGS }).await
}

/// The people of a scope, with how many records show them and which findings.
fn everybody(scoped: &Scoped) -> Vec<(String, u64, String)> {
    let batches: Vec<RecordBatch> = scoped.people.batches().unwrap().map(|batch| batch.unwrap()).collect();
    let plain = |batch: &RecordBatch, column: &str| {
        arrow_cast::cast(batch.column_by_name(column).unwrap(), &DataType::Utf8)
            .unwrap()
            .as_string::<i32>()
            .clone()
    };
    let of = |batch: &RecordBatch| {
        let (subjects, findings) = (plain(batch, "subject"), plain(batch, "findings"));
        let records = batch.column_by_name("records").unwrap().as_primitive::<UInt64Type>().clone();
        let row = |row| (subjects.value(row).to_owned(), records.value(row), findings.value(row).to_owned());
        (0..batch.num_rows()).map(row).collect::<Vec<_>>()
    };
    batches.iter().flat_map(of).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_of_two_findings_count_once() {
    let dir = tempfile::tempdir().unwrap();
    let session = session(dir.path()).await;
    let (first, second) = ("src_ip IN ('192.0.2.0', '192.0.2.1')", "src_ip IN ('192.0.2.1', '192.0.2.2')");
    let both = scoped(&session, &[("a", first), ("b", second)], &coverage()).await;
    let of = |id: &str| (both.findings[id].records, both.findings[id].bytes);
    assert_eq!((of("a"), of("b")), ((50, Some(5_000)), (50, Some(5_000))));
    assert_eq!((both.overall.records, both.overall.bytes), (75, Some(7_500)));
    assert_eq!(
        (both.overall.first, both.overall.last),
        (Some(Micros(START)), Some(Micros(START + 98 * MINUTE)))
    );
    assert_eq!(both.overall.gaps, coverage()[0].gaps);
    let all = scoped(&session, &[("all", "src_ip <> '192.0.2.3'")], &coverage()).await;
    assert_eq!(both.overall.subjects, all.findings["all"].subjects);
    assert_eq!(both.overall.determinable, Determinable::Partly);
    let people = everybody(&both);
    assert_eq!(people.iter().map(|(_, records, _)| records).sum::<u64>(), 75 - 10);
    assert!(people.iter().any(|(_, _, findings)| findings == "a b"));
    assert!(people.is_sorted() && people.len() as u64 == both.people.len());
    assert_eq!(both.only(&BTreeSet::from(["a", "b"])), both.people.len());
    let shown_by = |id: &str| people.iter().filter(|(_, _, findings)| findings == id).count() as u64;
    assert_eq!(["a", "b"].map(|id| both.only(&BTreeSet::from([id]))), ["a", "b"].map(shown_by));
    assert!(shown_by("b") > 0);
}

/// A hand that is selected by a query of its own counts as the same hand does that is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hand_told_by_a_query_has_its_records_once() {
    let dir = tempfile::tempdir().unwrap();
    let session = session(dir.path()).await;
    let first = "src_ip IN ('192.0.2.0', '192.0.2.1')";
    let plain = ["src_ip IN ('192.0.2.1', '192.0.2.2')", "src_ip = '192.0.2.3'"];
    let by_query = plain.map(|c| format!("src_ip IN ( SELECT src_ip FROM access WHERE {c} GROUP BY 1)"));
    let of = async |second: &str, third: &str| {
        let all = scoped(&session, &[("a", first), ("b", second), ("c", third)], &coverage()).await;
        (all.overall.clone(), all.findings.clone(), everybody(&all))
    };
    let told = of(plain[0], plain[1]).await;
    assert_eq!(told, of(&by_query[0], plain[1]).await);
    assert_eq!(told, of(&by_query[0], &by_query[1]).await);
    let alone = async |hand: &str| everybody(&scoped(&session, &[("b", hand)], &coverage()).await);
    assert_eq!(alone(plain[0]).await, alone(&by_query[0]).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_finding_by_two_detectors_says_no_more_than_one() {
    let dir = tempfile::tempdir().unwrap();
    let session = session(dir.path()).await;
    let hand = "src_ip <> '192.0.2.3'";
    let one = scoped(&session, &[("a", hand)], &coverage()).await;
    let two = scoped(&session, &[("a", hand), ("b", hand)], &coverage()).await;
    assert_eq!(one.overall, two.overall);
    assert_eq!(two.overall.subjects, two.findings["a"].subjects);
    // 45 members are named, ten records name nobody, and the silence hides 50 records: nothing says how many the sensor had around it.
    assert_eq!(two.overall.subjects, Some(Bounds { lower: 45, upper: Some(45 + 10 + 50) }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_greatest_counts_add_up_to_a_bound_and_never_to_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let session = counting(dir.path(), i64::MAX).await;
    let upper = |scoped: Scoped| scoped.overall.subjects.unwrap().upper.unwrap();
    let one = scoped(&session, &[("a", "line = 1")], &[]).await;
    assert_eq!(upper(one), i64::MAX as u64);
    let two = scoped(&session, &[("a", "line IN (1, 11)")], &[]).await;
    assert_eq!(upper(two), i64::MAX as u64 * 2);
    let all = scoped(&session, &[("a", "true")], &[]).await;
    assert_eq!(upper(all), u64::MAX);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_could_not_be_read_leaves_nothing_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let session = session(dir.path()).await;
    let cut = Gap {
        what: "the file `b.gz`".to_owned(),
        from: None,
        to: None,
        reason: "not read to its end: compressed data is damaged".to_owned(),
        records_expected: None,
    };
    let logs = Logs { unread: std::slice::from_ref(&cut), ..LOGS };
    let of = async |hands: &[(&str, &str)]| ask(&session, hands, logs).await.overall;
    let reached = of(&[("a", "src_ip = '192.0.2.1'")]).await;
    assert_eq!((reached.subjects.unwrap().upper, &reached.gaps), (None, &vec![cut.clone()]));
    let nothing = of(&[]).await;
    assert_eq!(nothing.determinable, Determinable::Partly);
    assert_eq!(
        (nothing.subjects, &nothing.gaps),
        (Some(Bounds { lower: 0, upper: None }), &vec![cut.clone()])
    );
    assert!(
        nothing.reason.contains("could not be read") && !nothing.reason.contains("no sensor was silent"),
        "{}",
        nothing.reason
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_line_that_could_not_be_read_may_show_somebody() {
    let dir = tempfile::tempdir().unwrap();
    let session = session(dir.path()).await;
    let logs = Logs { rejected: 97, ..LOGS };
    let reached = ask(&session, &[("a", "src_ip IN ('192.0.2.1', '192.0.2.3')")], logs).await.overall;
    let whole = scoped(&session, &[("a", "src_ip IN ('192.0.2.1', '192.0.2.3')")], &[]).await.overall;
    assert_eq!(whole.determinable, Determinable::Yes);
    let lower = whole.subjects.unwrap().lower;
    assert_eq!(reached.subjects, Some(Bounds { lower, upper: Some(lower + 97) }));
    assert_eq!(reached.determinable, Determinable::Partly);
    let nothing = ask(&session, &[], logs).await.overall;
    assert_eq!(nothing.subjects, Some(Bounds { lower: 0, upper: Some(97) }));
    assert_eq!(nothing.determinable, Determinable::Partly);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_erased_may_have_been_among_those_concerned() {
    let dir = tempfile::tempdir().unwrap();
    let session = session(dir.path()).await;
    let logs = Logs { erased: 2, ..LOGS };
    let reached = ask(&session, &[("a", "src_ip = '192.0.2.1'")], logs).await.overall;
    let Bounds { lower, upper } = reached.subjects.unwrap();
    assert_eq!((upper, reached.determinable), (Some(lower + 2), Determinable::Partly));
    assert!(reached.gaps.iter().any(|gap| gap.reason.starts_with("2 of them")), "{:?}", reached.gaps);
    let nothing = ask(&session, &[], logs).await.overall;
    assert_eq!(nothing.subjects, Some(Bounds { lower: 0, upper: Some(2) }));
    assert_eq!(nothing.determinable, Determinable::Partly);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_too_short_to_know_what_is_usual_bound_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let session = session(dir.path()).await;
    let short = Some(Short { days: 20, needed: 28 });
    let logs = Logs { short, ..LOGS };
    let nothing = ask(&session, &[], logs).await.overall;
    assert_eq!(nothing.subjects, Some(Bounds { lower: 0, upper: None }));
    assert_eq!(nothing.determinable, Determinable::Partly);
    assert!(nothing.reason.contains("in the 20 days that the logs hold"), "{}", nothing.reason);
    let accused = ask(&session, &[("a", "src_ip = '192.0.2.1'")], logs).await.overall;
    assert_eq!(accused.subjects, Some(Bounds { lower: 25, upper: Some(25) }), "who is accused is known");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_to_anything_but_a_read_may_have_shown_whom_it_names() {
    let dir = tempfile::tempdir().unwrap();
    let session = logged(dir.path(), 1, "create", |_| true).await;
    let posted = scoped(&session, &[("a", "src_ip = '192.0.2.1'")], &[]).await.overall;
    assert_eq!(posted.subjects, Some(Bounds { lower: 0, upper: Some(25) }));
    assert_eq!(posted.records, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_be_of_a_hand_is_in_the_upper_bound_alone() {
    let dir = tempfile::tempdir().unwrap();
    let session = session(dir.path()).await;
    let (condition, other) = ("src_ip = '192.0.2.1'".to_owned(), "src_ip = '192.0.2.3'".to_owned());
    let hand = Hand {
        finding: "a".to_owned(),
        condition,
        perhaps: Some(other),
        grave: true,
        seen: (Micros(START), Micros(START + 100 * MINUTE)),
    };
    let (categories, namespaces) = (BTreeMap::new(), Namespaces::default());
    let question = Question {
        hands: &[hand],
        logs: LOGS,
        categories: &categories,
        catalog: &catalog(),
        namespaces: &namespaces,
        pseudonym: None,
    };
    let told = scope(&session, &session, question).await.unwrap();
    // Minutes 1, 5, 9 ... show members 0, 2, 4 ...; minutes 3, 7, 11 ... show members 1, 3, 5 ...
    assert_eq!(told.overall.subjects, Some(Bounds { lower: 25, upper: Some(50) }));
    assert_eq!(everybody(&told).len(), 25, "nobody is listed on a suspicion");
    assert_eq!(told.divided.doubtful, 0);
    assert!(told.overall.gaps.iter().any(|gap| gap.reason.contains("25 records show 25 more people")));
}

/// Eight hours are lost: too few records for a sensor's rhythm, and enough for the hand's own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silence_of_a_sensor_that_only_the_hand_fills_is_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let lost = |minute: i64| (40..56).contains(&minute);
    let upper = async |session: &Session| {
        let told = scoped(session, &[("a", "true")], &[]).await.overall;
        (told.subjects.unwrap(), told.gaps.len())
    };
    let whole = slow(dir.path(), |_| true).await;
    let (all, gaps) = upper(&whole).await;
    assert_eq!((all, gaps), (Bounds { lower: 100, upper: Some(100) }, 0));
    let other = tempfile::tempdir().unwrap();
    let cut = slow(other.path(), |minute| !lost(minute)).await;
    let (left, gaps) = upper(&cut).await;
    assert_eq!((left.lower, gaps), (84, 1));
    assert!(left.upper.is_some_and(|upper| (100..130).contains(&upper)), "{left:?}");
}
