//! The logs in `examples/`, read as a user's would be: format, sensor, account and the join from use to issuance.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use weir_model::Table;
use weir_model::intake::Intake;
use weir_sources::read::FileReader;
use weir_sources::secrets::{Fingerprints, credential};
use weir_sources::source::FileOptions;

fn examples(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

fn folder(name: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(examples(name)).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "gz" || e == "zst"));
    files.sort();
    files
}

fn read(path: &Path) -> (Vec<(Table, RecordBatch)>, Intake) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let opened = FileReader::open(path, &name, &FileOptions::default(), None).map_err(|i| i.reasons).unwrap();
    let mut reader = opened.start(1, 1);
    let mut batches = Vec::new();
    while let Some(chunk) = reader.next_chunk() {
        batches.extend(chunk.batches);
    }
    (batches, reader.finish())
}

/// The values of a text column, nulls left out.
fn column<'a>(batches: &'a [(Table, RecordBatch)], name: &'a str) -> impl Iterator<Item = &'a str> {
    let columns = batches.iter().filter_map(move |(_, batch)| batch.column_by_name(name));
    columns.flat_map(|c| c.as_string::<i32>().iter().flatten())
}

#[test]
fn every_event_of_the_cloud_account_is_read() {
    if !examples("cloud-account").exists() {
        println!("skipped: examples/cloud-account not present");
        return;
    }
    let (mut parsed, mut issued, mut used) = (0, BTreeSet::new(), BTreeSet::new());
    for path in folder("cloud-account") {
        let (batches, intake) = read(&path);
        assert_eq!(intake.source.as_deref(), Some("aws_cloudtrail"), "{}", path.display());
        assert!(
            intake.sensor.is_some_and(|s| s.starts_with("aws_cloudtrail:123837392027:")),
            "{}",
            path.display()
        );
        assert_eq!(
            (intake.rejected, intake.bytes_unread, &intake.reasons),
            (0, 0, &BTreeMap::new()),
            "{}",
            path.display()
        );
        parsed += intake.parsed;
        for (table, batch) in batches {
            let keys = if table == Table::Auth { &mut issued } else { &mut used };
            let one = [(table, batch)];
            keys.extend(column(&one, "credential").map(str::to_owned));
            for name in ["request", "response", "status_detail", "user_agent", "resource"] {
                if one[0].1.column_by_name(name).is_some() {
                    let token =
                        column(&one, name).find(|t| t.contains("FwoGZXIvYXdz") || t.contains("IQoJb3JpZ2lu"));
                    assert_eq!(token, None, "a session token in {name}");
                }
            }
        }
    }
    assert_eq!(parsed, 2900);
    let session_in_use = issued.intersection(&used).any(|key| key.starts_with("ASIA"));
    assert!(session_in_use, "no key id that was issued is in use");
}

#[test]
fn sessions_of_the_shop_that_nobody_issued_are_left_over_by_the_join() {
    let (mut issued, mut used) = (BTreeSet::new(), BTreeSet::new());
    for (file, source, keys) in [
        ("token-issuance.jsonl.gz", "token_issuance", &mut issued),
        ("my-access.jsonl.zst", "web_json", &mut used),
    ] {
        let (batches, intake) = read(&examples("shop").join(file));
        assert_eq!((intake.source.as_deref(), intake.rejected), (Some(source), 0), "{:?}", intake.reasons);
        keys.extend(column(&batches, "credential").map(str::to_owned));
    }
    assert!(issued.iter().chain(&used).all(|key| key.starts_with("fp_")), "a session id as written");
    let truth = std::fs::read_to_string(examples("truth/shop.json")).unwrap();
    let truth: serde_json::Value = serde_json::from_str(&truth).unwrap();
    let forged = truth["attacker"]["credentials"].as_array().unwrap().iter().map(|c| c.as_str().unwrap());
    let forged: BTreeSet<String> = forged.map(|c| credential(&Fingerprints::default(), c)).collect();
    assert_eq!(used.difference(&issued).cloned().collect::<BTreeSet<_>>(), forged);
    assert!(used.len() > forged.len() && !forged.is_empty());
}
