//! Laws that hold for every registered source, over its fixtures; a source gets them by being in the registry and having a folder.
//!
//! `fixtures/NAME/*.md` hold pairs of blocks: a fence of `log` lines, then one of `rows`, which is what they become. `WEIR_BLESS=1`
//! rewrites the second. Other files in the folder are logs as they are.

use crate::read::FileReader;
use crate::source::{FileOptions, Source};
use crate::sources;
use crate::testing::{Row, row, shown};
use proptest::prelude::*;
use std::io::Read;
use std::path::{Path, PathBuf};
use weir_model::intake::{Intake, Reject};

/// Fixtures up to this many bytes are cut at every byte, larger ones at [`CUTS`] places.
const EVERY_BYTE_MAX: usize = 3 << 10;
const CUTS: usize = 150;

fn folder(source: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(source)
}

fn files(source: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder(source)) else { return Vec::new() };
    let mut all: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).filter(|p| p.is_file()).collect();
    all.retain(|p| !p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("LICENSE")));
    all.sort();
    all
}

/// Every log in a source's fixtures.
fn logs(source: &str) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for path in files(source) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        if path.extension().is_some_and(|e| e == "md") {
            let text = String::from_utf8(bytes).unwrap();
            for (n, pair) in pairs(&text).iter().enumerate() {
                all.push((format!("{source}/{name} {n}"), pair.log.as_bytes().to_vec()));
            }
        } else {
            all.push((format!("{source}/{name}"), bytes));
        }
    }
    all
}

struct Pair<'a> {
    log: &'a str,
    rows: &'a str,
    /// Where `rows` stands in the text.
    at: usize,
}

fn pairs(text: &str) -> Vec<Pair<'_>> {
    let mut all = Vec::new();
    let mut from = 0;
    while let Some((log_at, log)) = fence(text, from, "```log\n") {
        let (at, rows) =
            fence(text, log_at + log.len(), "```rows\n").expect("a `rows` block follows each `log` block");
        all.push(Pair { log, rows, at });
        from = at + rows.len();
    }
    all
}

fn fence<'a>(text: &'a str, from: usize, mark: &str) -> Option<(usize, &'a str)> {
    let start = from + text[from..].find(mark)? + mark.len();
    let end = if text[start..].starts_with("```") { start } else { start + text[start..].find("\n```")? + 1 };
    Some((start, &text[start..end]))
}

/// Gives `step` bytes at a time.
struct Slow {
    bytes: Vec<u8>,
    at: usize,
    step: usize,
}

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.step.min(buffer.len()).min(self.bytes.len() - self.at);
        buffer[..n].copy_from_slice(&self.bytes[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

fn read(source: &dyn Source, content: &[u8], step: usize) -> (Vec<Row>, Vec<Reject>, Intake) {
    let slow = Slow { bytes: content.to_vec(), at: 0, step };
    let options = FileOptions { year_hint: Some(2025), ..FileOptions::default() };
    let name = source.info().name;
    let opened = FileReader::open_content(
        Box::new(slow),
        content.len() as u64,
        None,
        "fixture.log",
        &options,
        Some(name),
    );
    let mut reader = opened.ok().unwrap().start(1, 2);
    let (mut rows, mut rejects) = (Vec::new(), Vec::new());
    while let Some(chunk) = reader.next_chunk() {
        for (table, batch) in &chunk.batches {
            rows.extend((0..batch.num_rows()).map(|i| row(*table, batch, i)));
        }
        rejects.extend(chunk.rejects);
    }
    rows.sort_by_key(|r| r.get("line").and_then(|l| l.parse::<i64>().ok()));
    (rows, rejects, reader.finish())
}

/// What holds for any content whatever.
fn accounted(name: &str, content: &[u8], rows: &[Row], rejects: &[Reject], intake: &Intake) {
    assert!(intake.balanced(), "{name}: {intake:?}");
    assert_eq!(rejects.len() as u64, intake.rejected, "{name}");
    assert!(
        rows.len() as u64 >= intake.parsed && (intake.parsed > 0 || rows.is_empty()),
        "{name}: a parsed record gives a row"
    );
    assert_eq!(intake.reasons.values().sum::<u64>(), intake.rejected, "{name}");
    let ends = content.iter().filter(|b| **b == b'\n').count() as u64;
    let lines = ends + u64::from(content.last().is_some_and(|b| *b != b'\n'));
    assert_eq!(intake.lines, lines, "{name}: every physical line counts once");
    assert!(intake.lines_without_record <= lines, "{name}");
    assert_eq!(intake.content_bytes, content.len() as u64, "{name}");
    for reject in rejects {
        assert!(
            reject.line >= 1
                && reject.offset >= 0
                && reject.text.len() <= weir_model::intake::REJECT_TEXT_MAX
        );
    }
}

fn each(mut law: impl FnMut(&'static dyn Source, &str, &[u8])) {
    for source in sources::all() {
        for (name, content) in logs(source.info().name) {
            law(*source, &name, &content);
        }
    }
}

#[test]
fn every_source_has_fixtures_and_a_manual_and_a_name_of_its_own() {
    let mut names: Vec<_> = sources::all().iter().map(|s| s.info().name).collect();
    for source in sources::all() {
        let info = source.info();
        assert!(!files(info.name).is_empty(), "fixtures/{} is empty", info.name);
        assert!(
            info.manual.contains("**Blind spots.**") || info.manual.to_lowercase().contains("blind spots"),
            "{}",
            info.name
        );
        let target = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../fuzz/fuzz_targets")
            .join(format!("{}.rs", info.name));
        assert!(target.exists(), "{} has no fuzz target", info.name);
        assert!(!info.summary.is_empty() && !info.tables.is_empty(), "{}", info.name);
        assert!(std::ptr::eq(sources::by_name(info.name).unwrap().info(), info));
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), sources::all().len());
}

#[test]
fn fixtures_become_the_rows_beside_them() {
    for source in sources::all() {
        for path in files(source.info().name).into_iter().filter(|p| p.extension().is_some_and(|e| e == "md"))
        {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut blessed = text.clone();
            for pair in pairs(&text).iter().rev() {
                let (rows, rejects, _) = read(*source, pair.log.as_bytes(), usize::MAX);
                let mut got = shown(&rows);
                for reject in &rejects {
                    got += &format!("rejected, line {}: {}\n", reject.line, reject.reason);
                }
                if std::env::var_os("WEIR_BLESS").is_none() {
                    assert_eq!(got, pair.rows, "{}: WEIR_BLESS=1 rewrites it", path.display());
                }
                blessed.replace_range(pair.at..pair.at + pair.rows.len(), &got);
            }
            if blessed != text {
                std::fs::write(&path, blessed).unwrap();
            }
        }
    }
}

#[test]
fn every_source_recognises_its_own_fixtures() {
    each(|source, name, content| {
        if name.contains("reject") {
            return;
        }
        let slow = Slow { bytes: content.to_vec(), at: 0, step: usize::MAX };
        let opened = FileReader::open_content(Box::new(slow), 0, None, "x", &FileOptions::default(), None);
        let found = opened.map(|o| o.source().info().name).map_err(|i| i.reasons);
        assert_eq!(found, Ok(source.info().name), "{name}");
    });
}

#[test]
fn a_file_cut_at_any_byte_is_accounted() {
    each(|source, name, content| {
        let step = if content.len() <= EVERY_BYTE_MAX { 1 } else { content.len() / CUTS };
        for end in (0..=content.len()).rev().step_by(step) {
            let cut = &content[..end];
            let (rows, rejects, intake) = read(source, cut, usize::MAX);
            accounted(&format!("{name} cut at {end}"), cut, &rows, &rejects, &intake);
        }
    });
}

#[test]
fn the_size_of_reads_changes_nothing() {
    each(|source, name, content| {
        let whole = read(source, content, usize::MAX);
        accounted(name, content, &whole.0, &whole.1, &whole.2);
        for step in [1, 2, 3, 7, 64, 1000, 4093] {
            assert_eq!(read(source, content, step), whole, "{name} by {step}");
        }
    });
}

fn mutated(content: &[u8], edits: &[(u16, u8, u8)]) -> Vec<u8> {
    let mut out = content.to_vec();
    for (place, kind, value) in edits {
        if out.is_empty() {
            break;
        }
        let at = usize::from(*place) * 7 % out.len();
        let end = (at + usize::from(*value)).min(out.len());
        match kind % 6 {
            0 => out[at] = *value,
            1 => out.insert(at, *value),
            2 => drop(out.drain(at..end)),
            3 => {
                let copy = out[at..end].to_vec();
                out.splice(at..at, copy);
            }
            4 => out[at] = b"\"{}[]\\\n\0,:= -"[usize::from(*value) % 13],
            _ => out.swap(at, end.max(at + 1) - 1),
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn damage_of_any_kind_is_accounted(edits in proptest::collection::vec(any::<(u16, u8, u8)>(), 1..40), step in 1usize..5000) {
        each(|source, name, content| {
            let content = mutated(content.get(..16 << 10).unwrap_or(content), &edits);
            if content.starts_with(b"\x1F\x8B") || content.starts_with(b"\xFF\xFE") {
                return;
            }
            let (rows, rejects, intake) = read(source, &content, usize::MAX);
            accounted(name, &content, &rows, &rejects, &intake);
            assert_eq!(read(source, &content, step), (rows, rejects, intake), "{name} by {step}");
            let slow = Slow { bytes: content, at: 0, step };
            let _ = FileReader::open_content(Box::new(slow), 0, None, "x", &FileOptions::default(), None);
        });
    }
}
