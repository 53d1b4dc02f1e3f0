//! Small worlds for the lake's tests.

use std::path::Path;
use weir_lake::{Ingest, Lake, RecordBatch, Session, SessionOptions};
use weir_model::intake::Intake;
use weir_model::time::DAY_US;
use weir_model::{Access, Basis, Common, FileTag, Micros, Records, Subject, Table, TimeBasis};

/// 2025-01-01.
pub const START: i64 = 1_735_689_600_000_000;

/// `rows` accesses from line `first_line` of a file, row i on day `day_of(i)`, each with its own event id if asked.
pub struct World {
    pub rows: usize,
    pub file: i64,
    pub uids: bool,
    pub day_of: fn(usize) -> i64,
}

impl World {
    pub fn batch(&self, ingest: i64) -> RecordBatch {
        let mut records = Records::default();
        for i in 0..self.rows {
            let at = Micros(START + (self.day_of)(i) * DAY_US + (i as i64 % 86_400) * 1_000_000);
            let (path, ip, uid) = (
                format!("/members/{}", i % 97),
                format!("10.0.{}.{}", i / 250 % 250, i % 250),
                format!("e{i}"),
            );
            let (actor, member) = (format!("user{}", i % 31), format!("{}", i % 97));
            let common = Common {
                class_uid: Some(4002),
                actor: Some(&actor),
                src_ip: Some(&ip),
                event_uid: self.uids.then_some(uid.as_str()),
                line: Some(i as i64 + 1),
                offset: Some(i as i64 * 80),
                ..Common::default()
            };
            let people = [Subject { namespace: "member", id: &member, basis: Basis::Named }];
            let row = Access {
                path: Some(&path),
                bytes_out: Some(i as i64),
                subjects: &people,
                ..Access::default()
            };
            records.access((at, TimeBasis::Stated), &common, &row);
        }
        let tag =
            FileTag { source: "test".into(), sensor: format!("web{}", self.file), ingest, file: self.file };
        records.take(&tag).unwrap().remove(0).1
    }

    pub fn account(&self, path: &str) -> Intake {
        let n = self.rows as u64;
        Intake { path: path.into(), records: n, parsed: n, lines: n, file: self.file, ..Intake::default() }
    }
}

pub fn three_days(i: usize) -> i64 {
    (i % 3) as i64
}

/// Stages a world without committing it.
pub async fn staged(lake: &Lake, world: &World) -> Ingest {
    let mut ingest = lake.begin().await.unwrap();
    let batch = world.batch(ingest.id());
    let new = ingest.distinct(Table::Access, &batch).await.unwrap();
    for rows in &new.kept {
        ingest.write(Table::Access, rows).await.unwrap();
    }
    if let Some(rest) = ingest.undecided(Table::Access).await.unwrap() {
        for rows in &rest.kept {
            ingest.write(Table::Access, rows).await.unwrap();
        }
    }
    ingest
}

pub async fn ingest(lake: &Lake, world: &World, path: &str) -> std::collections::BTreeMap<String, i64> {
    let ingest = staged(lake, world).await;
    ingest.commit(&[world.account(path)]).await.unwrap()
}

pub async fn lake(dir: &Path) -> Lake {
    Lake::open(dir, true).await.unwrap()
}

pub async fn session(lake: &Lake) -> Session {
    lake.snapshot().await.unwrap().session(&SessionOptions::default(), None).unwrap()
}

/// The only number of a query's answer.
pub async fn number(session: &Session, sql: &str) -> i64 {
    let batches = session.sql(sql).await.unwrap();
    let column = batches[0].column(0);
    column.as_any().downcast_ref::<arrow_array::Int64Array>().unwrap().value(0)
}
