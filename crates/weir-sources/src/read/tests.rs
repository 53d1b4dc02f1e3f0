//! Whole files: compression, damage, marks, tails.

use super::*;
use crate::source::FileOptions;
use std::io::{Cursor, Read, Write};
use weir_model::intake::Intake;

const MANY: usize = 20_000;
const LINE: &str = "192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] \"GET /a HTTP/1.1\" 200 5\n";

fn log(lines: usize) -> Vec<u8> {
    let line =
        |i: usize| LINE.replace("/a", &format!("/members/{}", i.wrapping_mul(2_654_435_761) % 1_000_003));
    (0..lines).map(line).collect::<String>().into_bytes()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn open(disk: Vec<u8>, path: &str) -> Result<Opened, Box<Intake>> {
    let len = disk.len() as u64;
    FileReader::open_content(Box::new(Cursor::new(disk)), len, None, path, &FileOptions::default(), None)
}

fn drain(mut reader: FileReader) -> (usize, Intake) {
    let mut rows = 0;
    while let Some(chunk) = reader.next_chunk() {
        let chunk_rows: usize = chunk.batches.iter().map(|(_, b)| b.num_rows()).sum();
        assert!(chunk_rows < 65_536, "a chunk is bounded");
        rows += chunk_rows;
    }
    (rows, reader.finish())
}

fn read(disk: Vec<u8>) -> (usize, Intake) {
    drain(open(disk, "edge/access.log.1.gz").ok().unwrap().start(1, 2))
}

#[test]
fn plain_gzip_members_and_zstd_are_one_content() {
    let content = log(MANY);
    let (a, b) = content.split_at(content.len() / 3);
    let (rows, plain) = read(content.clone());
    assert_eq!(
        (rows, plain.lines, plain.rejected, plain.sensor.as_deref()),
        (MANY, MANY as u64, 0, Some("edge/access.log"))
    );
    assert_eq!(plain.sha256.as_deref(), Some(hash(&content).as_str()));
    let members = [gzip(a), gzip(b)].concat();
    let frames = [zstd::encode_all(a, 1).unwrap(), zstd::encode_all(b, 1).unwrap()].concat();
    for disk in [gzip(&content), members, zstd::encode_all(&content[..], 1).unwrap(), frames] {
        let bytes = disk.len() as u64;
        let (got, intake) = read(disk);
        assert_eq!(got, rows);
        assert_eq!(intake, Intake { bytes, ..plain.clone() });
    }
}

fn hash(content: &[u8]) -> String {
    open::hex(&<sha2::Sha256 as sha2::Digest>::digest(content))
}

#[test]
fn damage_in_compressed_data_keeps_what_came_before() {
    let content = log(MANY);
    // Without its checksum, zstd cannot tell damage from data.
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(&content).unwrap();
    for packed in [gzip(&content), encoder.finish().unwrap()] {
        let (rows, intake) = read(packed[..packed.len() / 2].to_vec());
        assert!(rows > 2_000 && rows < MANY, "{rows}");
        assert_eq!(intake.reasons.get("compressed data ends early"), Some(&1), "{:?}", intake.reasons);
        assert!(intake.balanced() && intake.sha256.is_none());

        let mut hurt = packed.clone();
        let at = hurt.len() / 2;
        hurt[at..at + 64].fill(0xAA);
        let (rows, intake) = read(hurt);
        assert!(rows > 1_000 && rows <= MANY, "{rows}");
        assert!(intake.reasons.contains_key("compressed data is damaged"), "{:?}", intake.reasons);
        assert!(intake.balanced() && intake.sha256.is_none());
    }
    let trailing = [gzip(&content), b"not gzip".to_vec()].concat();
    let (rows, intake) = read(trailing);
    assert_eq!(rows, MANY);
    assert_eq!((intake.reasons.get("compressed data is damaged"), intake.sha256), (Some(&1), None));
    assert_eq!(intake.bytes_unread, 8);
    let (rows, intake) = read([gzip(&content), vec![0; 100_000]].concat());
    assert_eq!((rows, intake.reasons.len()), (MANY, 0), "padding is no damage");
}

/// Fails after so many bytes.
struct Failing(Cursor<Vec<u8>>);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(std::io::Error::from_raw_os_error(5)),
            n => Ok(n),
        }
    }
}

#[test]
fn a_disk_that_fails_in_the_middle_is_accounted() {
    let content = log(5_000);
    let half = content[..content.len() / 2].to_vec();
    let disk = Box::new(Failing(Cursor::new(half.clone())));
    let opened =
        FileReader::open_content(disk, content.len() as u64, None, "x.log", &FileOptions::default(), None);
    let (rows, intake) = drain(opened.ok().unwrap().start(1, 2));
    assert!(rows >= 2_499);
    assert_eq!(intake.bytes_unread, (content.len() - half.len()) as u64);
    assert_eq!(
        (intake.sha256.as_deref(), intake.reasons.get("the file could not be read further")),
        (None, Some(&1))
    );
}

#[test]
fn what_no_source_knows_is_named() {
    let mut binary = vec![0u8; 4096];
    binary.iter_mut().enumerate().for_each(|(i, b)| *b = (i * 7 % 256) as u8);
    for (content, reason) in [
        (&b""[..], "the file is empty"),
        (b"\n\n  \n", "only blank lines"),
        (b"Dear diary,\nnothing happened.\n", "text in no format of any source"),
        (b"{\"a\":1}\n", "JSON without the fields of any source"),
        (b"<html></html>", "XML or HTML"),
        (b"PK\x03\x04xxxx", "zip archive"),
        (b"ElfFile\0....", "Windows event log"),
        (&binary, "binary content"),
    ] {
        let refused = open(content.to_vec(), "x").err().unwrap();
        assert_eq!(refused.reasons.keys().collect::<Vec<_>>(), [&format!("no known format: {reason}")]);
        assert_eq!((refused.source.as_deref(), refused.records), (None, 0));
        assert_eq!(
            (refused.bytes_unread, refused.content_bytes),
            (content.len() as u64, content.len() as u64)
        );
    }
    let forced = FileReader::open_content(
        Box::new(Cursor::new(log(1))),
        9,
        None,
        "x",
        &FileOptions::default(),
        Some("nginx"),
    );
    assert!(forced.err().unwrap().reasons.contains_key("no source is named `nginx`"));
}

#[test]
fn the_tail_of_a_grown_file_is_read_alone_and_its_prefix_proved() {
    let content = log(3_000);
    for cut in [0, 1, 10, 1_500, 3_000] {
        let offset = content.split_inclusive(|b| *b == b'\n').take(cut).map(<[u8]>::len).sum::<usize>();
        for disk in [content.clone(), gzip(&content)] {
            let opened = open(disk, "x").ok().unwrap();
            let (reader, prefix) = opened.start_at(1, 2, offset as u64, cut as u64).unwrap();
            assert_eq!(prefix, hash(&content[..offset]));
            let (rows, intake) = drain(reader);
            assert_eq!((rows, intake.lines, intake.rejected), (3_000 - cut, 3_000 - cut as u64, 0));
            assert_eq!(intake.sha256.unwrap(), hash(&content), "the hash is of the whole content");
        }
    }
    assert!(open(content.clone(), "x").ok().unwrap().start_at(1, 2, content.len() as u64 + 1, 1).is_none());
    let opened = open(content.clone(), "x").ok().unwrap();
    let (print, len) = opened.head_fingerprint();
    assert_eq!(len, HEAD_MAX as u64);
    assert_eq!(opened.head_fingerprint_of(len), Some(print));
    let short = open(content[..1_000].to_vec(), "x").ok().unwrap();
    assert_eq!(opened.head_fingerprint_of(1_000), Some(short.head_fingerprint().0));
    assert_eq!(short.head_fingerprint_of(1_001), None);
}

#[test]
fn half_a_line_at_the_start_hides_no_log() {
    let line = r#"{"time_local":"10/Oct/2000:13:55:36 -0700","remote_addr":"192.0.2.1","request":"GET /a HTTP/1.1","status":"200","body_bytes_sent":"9"}"#;
    for half in ["x", "# a comment", r#"{"truncated": "#, r#"ill half", "status":"200"}"#] {
        let content = format!("{half}\n{}", format!("{line}\n").repeat(300));
        let (rows, intake) = read(content.into_bytes());
        assert_eq!((rows, intake.rejected), (300, 1), "{half}: {:?}", intake.reasons);
    }
}

#[test]
fn a_line_that_fills_what_is_looked_at_does_not_hide_the_others() {
    for long in [HEAD_MAX, 1_000_000] {
        let mut content = vec![b'x'; long];
        content.push(b'\n');
        content.extend(log(3_000));
        let (rows, intake) = read(content);
        assert_eq!((rows, intake.rejected), (3_000, 1), "{long}");
    }
}

#[test]
fn utf16_is_read_as_text() {
    let text = String::from_utf8(log(9)).unwrap();
    for bytes_of in [u16::to_le_bytes, u16::to_be_bytes] {
        let disk: Vec<u8> = [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(bytes_of).collect();
        let (rows, intake) = read(disk.clone());
        assert_eq!((rows, intake.lines, intake.content_bytes), (9, 9, disk.len() as u64));
    }
}

#[test]
fn a_year_comes_from_the_name_or_the_header_before_the_disk() {
    let modified = Some("2031-05-05T00:00:00Z".parse().unwrap());
    let year = |disk: Vec<u8>, path: &str, options: &FileOptions| {
        FileReader::open_content(Box::new(Cursor::new(disk)), 0, modified, path, options, None)
            .ok()
            .unwrap()
            .year_hint()
    };
    let none = FileOptions::default();
    let mut packed =
        flate2::GzBuilder::new().mtime(1_500_000_000).write(Vec::new(), flate2::Compression::fast());
    packed.write_all(&log(3)).unwrap();
    let packed = packed.finish().unwrap();
    assert_eq!(year(log(3), "x.log", &none), Some(2031));
    assert_eq!(year(packed.clone(), "x.log", &none), Some(2017));
    assert_eq!(year(packed.clone(), "x.log-20200131", &none), Some(2020));
    assert_eq!(year(packed, "x.log-20200131", &FileOptions { year_hint: Some(1999), ..none }), Some(1999));
}

/// How the name of each published log begins and ends, and its source; what is not listed is no source's.
const PUBLISHED: &[(&str, &str, &str)] = &[
    ("apache/access/", "", "web_combined"),
    ("nginx/access/", "", "web_combined"),
    ("postgresql/log/", ".csv.log", "postgresql_csvlog"),
    ("system/auth/", "", "syslog_auth"),
];

#[test]
fn of_the_published_logs_none_is_mistaken() {
    let Some(root) = crate::testing::shared("filebeat-modules") else { return };
    let mut folders = vec![root.clone()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            if name.ends_with(".json") || name.ends_with(".txt") || name.ends_with(".md") {
                continue;
            }
            let got = FileReader::open(&path, &name, &FileOptions::default(), None);
            let got = got.map_or(None, |opened| Some(opened.source().info().name));
            let listed =
                |(begin, end, _): &&(&str, &str, &str)| name.starts_with(begin) && name.ends_with(end);
            let want = PUBLISHED.iter().find(listed).map(|(.., source)| *source);
            assert_eq!(got, want, "{name}");
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn a_chunk_of_long_records_is_bounded_by_its_bytes() {
    let long = LINE.replace("/a", &format!("/{}", "a".repeat(600_000)));
    let content = [log(10), long.repeat(60).into_bytes()].concat();
    let mut reader = open(content, "access.log").ok().unwrap().start(1, 2);
    let mut sizes = Vec::new();
    while let Some(chunk) = reader.next_chunk() {
        sizes.push(chunk.batches.iter().map(|(_, b)| b.num_rows()).sum::<usize>());
    }
    assert_eq!(sizes.iter().sum::<usize>(), 70);
    assert!(sizes.len() > 1 && sizes.iter().all(|rows| *rows < 50), "{sizes:?}");
}
