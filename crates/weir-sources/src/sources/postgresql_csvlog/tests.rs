//! What a server's log becomes.

use super::PostgresqlCsvlog;
use crate::read::{Framer, Piece};
use crate::source::{At, Framing};
use crate::source::{FileOptions, Head, Source, Sure};
use crate::testing::{read, shared_files, shown};

/// Written by PostgreSQL 15 with pgaudit 1.7.
const SERVER: &str = include_str!("../../../fixtures/postgresql_csvlog/server.csv");

fn sure(text: &str) -> Sure {
    PostgresqlCsvlog.recognise(&Head { bytes: text.as_bytes(), path: "x" })
}

#[test]
fn a_servers_log_is_recognised_wherever_it_was_cut() {
    assert_eq!(sure(SERVER), Sure::Certain);
    let inside = SERVER.find("where name").unwrap();
    assert_eq!(sure(&SERVER[inside..]), Sure::Certain);
    assert_eq!(sure("time,user,database\n2025-03-03 00:00:00 UTC,a,b\n"), Sure::No);
}

fn records(text: &str) -> Vec<String> {
    let (mut framer, mut all) = (Framer::new(Framing::Csv, At { line: 1, offset: 0 }), Vec::new());
    let mut sink = |piece: Piece<'_>| match piece {
        Piece::Record { bytes, .. } => all.push(String::from_utf8_lossy(bytes).into_owned()),
        other => assert_eq!(other, Piece::Blank),
    };
    framer.push(text.as_bytes(), &mut sink);
    framer.finish(&mut sink);
    all
}

fn rows(text: &str) -> Vec<crate::testing::Row> {
    let records = records(text);
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let read = read(&PostgresqlCsvlog, &records, &FileOptions::default());
    assert_eq!(read.rejected, [""; 0]);
    assert_eq!(read.rows.len(), records.len());
    read.rows
}

#[test]
fn statements_connections_and_refusals_become_rows() {
    let text = shown(&rows(SERVER));
    assert!(!text.contains("secret") && !text.contains("it''s"), "no value of a statement is kept");
    insta::assert_snapshot!(text);
}

/// Fields of filebeat's document and the columns that say the same.
const SAME: [(&str, &str); 4] = [
    ("@timestamp", "time"),
    ("user.name", "actor"),
    ("postgresql.log.database", "account"),
    ("source.address", "src_ip"),
];

#[test]
fn filebeats_documents_agree() {
    let mut compared = 0;
    for (path, text) in shared_files("filebeat-modules/postgresql/log/test", "log") {
        if !path.to_string_lossy().ends_with(".csv.log") {
            continue;
        }
        let mut expected = path.clone().into_os_string();
        expected.push("-expected.json");
        let documents: Vec<serde_json::Map<String, serde_json::Value>> =
            serde_json::from_slice(&std::fs::read(expected).unwrap()).unwrap();
        let rows = rows(&text);
        assert_eq!(rows.len(), documents.len(), "{}", path.display());
        for (row, document) in rows.iter().zip(&documents) {
            for (theirs, ours) in SAME {
                let Some(want) = document.get(theirs).and_then(|v| v.as_str()) else { continue };
                // The host table has no database and no address of the peer in every record.
                if row.get("table").is_some_and(|table| table == "host") && ours == "account" {
                    continue;
                }
                let got = row.get(ours).map_or("", String::as_str);
                let time = |text: &str| weir_model::Micros::parse(text).ok();
                let same = if ours == "time" { time(got) == time(want) } else { got == want };
                assert!(same, "{} {theirs}: {want}, ours {got}: {row:?}", path.display());
                compared += 1;
            }
        }
    }
    println!("{compared} fields compared");
}
