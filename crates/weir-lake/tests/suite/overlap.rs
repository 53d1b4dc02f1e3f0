//! Records without ids that two files of one sensor hold.

use crate::common::{START, lake, number, session};
use weir_lake::{Ingest, Lake, RecordBatch, StageLimits};
use weir_model::intake::Intake;
use weir_model::time::DAY_US;
use weir_model::{Access, Common, FileTag, Micros, Records, Table, TimeBasis};

/// What a log of the world says in one record: the `i`th, two of each five alike, a third of a day apart on average.
fn event(i: i64) -> (Micros, String) {
    let i = if i % 5 == 4 { i - 1 } else { i };
    (Micros(START + i * 1_300_000 + (i % 7) * DAY_US / 4), format!("/members/{}", i * i % 1_000))
}

/// Some records of the world's log as a file of a sensor.
struct Piece {
    file: i64,
    sensor: &'static str,
    events: Vec<i64>,
}

impl Piece {
    fn of(file: i64, events: impl IntoIterator<Item = i64>) -> Self {
        Self { file, sensor: "web1", events: events.into_iter().collect() }
    }

    fn batch(&self, ingest: i64) -> RecordBatch {
        let mut records = Records::default();
        for (at, event_at) in (0_i64..).zip(&self.events) {
            let (time, path) = event(*event_at);
            let common = Common {
                src_ip: Some("10.0.0.1"),
                line: Some(at + 1),
                offset: Some(at * 100),
                ..Common::default()
            };
            records.access(
                (time, TimeBasis::Stated),
                &common,
                &Access { path: Some(&path), ..Access::default() },
            );
        }
        let tag = FileTag { source: "test".into(), sensor: self.sensor.into(), ingest, file: self.file };
        records.take(&tag).unwrap().remove(0).1
    }

    /// Reads it in batches of some rows; gives the number of duplicates.
    async fn read(&self, ingest: &mut Ingest, rows: usize) -> u64 {
        let all = self.batch(ingest.id());
        let mut duplicates = 0;
        for from in (0..all.num_rows()).step_by(rows) {
            let batch = all.slice(from, rows.min(all.num_rows() - from));
            let new = ingest.distinct(Table::Access, &batch).await.unwrap();
            for rows in &new.kept {
                ingest.write(Table::Access, rows).await.unwrap();
            }
            duplicates += new.duplicates;
        }
        let rest = ingest.undecided(Table::Access).await.unwrap().unwrap();
        for rows in &rest.kept {
            ingest.write(Table::Access, rows).await.unwrap();
        }
        duplicates + rest.duplicates
    }
}

/// Duplicates of the second piece after the first, read in one ingest and in two, in batches of several sizes: always the same.
async fn duplicates(first: &Piece, second: &Piece) -> u64 {
    let mut answers = Vec::new();
    for (rows, apart, small) in [
        (1_000, false, false),
        (1_000, true, false),
        (70, true, false),
        (7, false, false),
        (333, false, true),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let limits = StageLimits { open_files_max: 2, flush_bytes: 1, ..Default::default() };
        let lake = if small {
            Lake::open_with(dir.path(), true, limits).await.unwrap()
        } else {
            lake(dir.path()).await
        };
        let account = [Intake { path: "a".into(), ..Intake::default() }];
        let mut ingest = lake.begin().await.unwrap();
        assert_eq!(first.read(&mut ingest, rows).await, 0);
        if apart {
            ingest.commit(&account).await.unwrap();
            ingest = lake.begin().await.unwrap();
        }
        let found = second.read(&mut ingest, rows).await;
        ingest.commit(&account).await.unwrap();
        let all = (first.events.len() + second.events.len()) as u64 - found;
        let session = session(&lake).await;
        assert_eq!(number(&session, "SELECT count(*) FROM access").await, all as i64);
        answers.push(found);
    }
    assert!(answers.windows(2).all(|w| w[0] == w[1]), "{answers:?}");
    answers[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_two_files_share_is_counted_once_to_the_record() {
    let first = Piece::of(1, 0..900);
    for (events, shared) in [
        // The second begins within the first, ends in it, holds it whole, lies in its middle.
        ((700..1_200).collect::<Vec<_>>(), 200),
        ((-300..150).collect(), 150),
        ((-100..1_000).collect(), 900),
        ((400..523).collect(), 123),
        // Two runs with others between, the shortest run there is, and one record less.
        ((100..200).chain(5_000..5_100).chain(300..400).collect(), 200),
        ((2_000..2_100).chain(500..564).chain(3_000..3_050).collect(), 64),
        ((2_000..2_100).chain(500..563).chain(3_000..3_050).collect(), 0),
        // Single equal records, and a run with one missing in the middle.
        ((0..900).step_by(2).collect(), 0),
        ((0..450).chain(451..900).collect(), 899),
        ((0..60).collect(), 0),
    ] {
        let name = format!("{:?}..", &events[..2]);
        assert_eq!(duplicates(&first, &Piece::of(2, events)).await, shared, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_looks_alike_is_kept() {
    let first = Piece::of(1, 0..900);
    // Another sensor saw the same; a file repeats itself; a burst of equal records is cut in two.
    assert_eq!(duplicates(&first, &Piece { sensor: "web2", ..Piece::of(2, 0..900) }).await, 0);
    assert_eq!(duplicates(&Piece::of(1, 0..10), &Piece::of(2, (100..300).chain(100..300))).await, 0);
    let burst = |file| Piece::of(file, std::iter::repeat_n(7, 500));
    assert_eq!(duplicates(&burst(1), &burst(2)).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kept_records_are_the_ones_that_no_other_file_held() {
    let dir = tempfile::tempdir().unwrap();
    let lake = lake(dir.path()).await;
    let mut ingest = lake.begin().await.unwrap();
    Piece::of(1, 0..900).read(&mut ingest, 128).await;
    assert_eq!(Piece::of(2, 650..1_000).read(&mut ingest, 128).await, 250);
    ingest.commit(&[Intake { path: "a".into(), ..Intake::default() }]).await.unwrap();
    let session = session(&lake).await;
    let lines = "SELECT min(line) * 10000 + max(line) FROM access WHERE file = 2";
    assert_eq!(number(&session, lines).await, 251 * 10_000 + 350);
}
