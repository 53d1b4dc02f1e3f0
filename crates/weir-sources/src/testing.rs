//! Rows of a source as text, for its tests.

use crate::source::{At, FileOptions, Head, Outcome, Source};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use weir_model::{FileTag, Micros, Records, Table};

/// A row: its table under `table`, and every column that is not null.
pub type Row = BTreeMap<String, String>;

/// What a source made of some records.
#[derive(Default)]
pub struct Read {
    pub rows: Vec<Row>,
    pub rejected: Vec<&'static str>,
    pub sensor: Option<String>,
}

/// Parses records one by one; record n is said to stand on line n.
pub fn read(source: &dyn Source, records: &[&str], options: &FileOptions) -> Read {
    let head = Head { bytes: records.first().unwrap_or(&"").as_bytes(), path: "test" };
    let mut parser = source.parser(&head, options);
    let mut out = Records::default();
    let mut read = Read::default();
    for (line, record) in (1i64..).zip(records) {
        if let Outcome::Rejected(reason) = parser.record(At { line, offset: 0 }, record.as_bytes(), &mut out)
        {
            read.rejected.push(reason);
        }
    }
    read.sensor = parser.sensor();
    let tag = FileTag { source: source.info().name.into(), sensor: "test".into(), ingest: 1, file: 1 };
    for (table, batch) in out.take(&tag).unwrap() {
        read.rows.extend((0..batch.num_rows()).map(|i| row(table, &batch, i)));
    }
    read.rows.sort_by_key(|r| r.get("line").and_then(|l| l.parse::<i64>().ok()));
    read
}

/// Row `i` of a batch.
pub fn row(table: Table, batch: &RecordBatch, i: usize) -> Row {
    let mut row = Row::from([("table".to_owned(), table.name().to_owned())]);
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if column.is_null(i)
            || ["source", "sensor", "ingest", "file", "day", "offset"].contains(&field.name().as_str())
        {
            continue;
        }
        let text = if let Some(texts) = column.as_string_opt::<i32>() {
            texts.value(i).to_owned()
        } else if let Some(numbers) = column.as_primitive_opt::<Int64Type>() {
            numbers.value(i).to_string()
        } else if let Some(numbers) = column.as_primitive_opt::<Int32Type>() {
            numbers.value(i).to_string()
        } else if let Some(times) = column.as_primitive_opt::<TimestampMicrosecondType>() {
            Micros(times.value(i)).to_string()
        } else if let Some(lists) = column.as_list_opt::<i32>() {
            let list = lists.value(i);
            let parts = list.as_struct();
            let text = |part: usize, at: usize| parts.column(part).as_string::<i32>().value(at).to_owned();
            let all = (0..list.len()).map(|at| format!("{} {} ({})", text(0, at), text(1, at), text(2, at)));
            all.collect::<Vec<_>>().join(", ")
        } else {
            continue;
        };
        if !text.is_empty() {
            row.insert(field.name().clone(), text);
        }
    }
    row
}

/// Rows as text to review: one column a line.
pub fn shown(rows: &[Row]) -> String {
    let one = |row: &Row| row.iter().map(|(name, value)| format!("{name}: {value}\n")).collect::<String>();
    rows.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// A folder of published logs, `None` (said on the test's output) where it is not there.
pub fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(folder);
    if !path.exists() {
        println!("skipped: ../shared/data not present");
        return None;
    }
    Some(path)
}

/// The first file in a ZIP archive of published logs.
pub fn shared_zip(archive: &str) -> Option<String> {
    let bytes = std::fs::read(shared(archive)?).unwrap();
    let number = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    assert_eq!((&bytes[..4], number(8)), (&b"PK\x03\x04"[..], 8), "a local file header, deflated");
    let mut text = String::new();
    flate2::read::DeflateDecoder::new(&bytes[30 + number(26) + number(28)..])
        .read_to_string(&mut text)
        .unwrap();
    Some(text)
}

/// The files of a folder of published logs with this extension, by name.
pub fn shared_files(folder: &str, extension: &str) -> Vec<(PathBuf, String)> {
    let Some(path) = shared(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == extension));
    files.sort();
    files.into_iter().map(|f| (f.clone(), std::fs::read_to_string(&f).unwrap())).collect()
}
