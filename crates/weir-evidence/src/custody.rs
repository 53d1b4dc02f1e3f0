//! The custody log (ISO/IEC 27037): who did what with which evidence, when, why, and on whose authority.
//!
//! Decisive choice: one JSON object a line, the last member of each being the SHA-256 of the line before it, newline included. Nothing can be changed
//! or taken out in the middle without breaking the chain, and `sha256sum` alone checks it. That the end was not cut off is known by the
//! bags the log was sealed in: [`continued`] compares.
//!
//! Refuses to add to a log that is not whole; of what is done as often as reading, only the last line is looked at ([`note`]). Two processes add one after the other: the file is locked while its last line is read and
//! the next one written.

use crate::{
    Digest, EvidenceError, Result,
    disk::{plain, private},
    error::at,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::Path,
};

/// The longest last line that [`note`] adds to without reading the whole log.
const TAIL_BYTES: u64 = 64 << 10;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// An original was taken.
    Acquisition,
    /// It was read.
    Read,
    /// A part or a copy went out.
    Export,
    /// It went into other hands.
    HandOver,
    /// It was sealed in a bag.
    Seal,
    /// Its deletion was forbidden.
    Hold,
    /// It was erased.
    Erasure,
    /// A hold was lifted.
    Release,
}

/// A thing that something was done with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Its name: a path, a bag.
    pub name: String,
    /// Of its content.
    pub sha256: Digest,
}

/// One act. A stored entry ends with the digest of the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub when: Timestamp,
    /// Who did it.
    pub who: String,
    /// What.
    pub what: Act,
    /// Why.
    pub why: String,
    /// On whose authority: a warrant, an order, a contract.
    pub authority: String,
    /// With what.
    pub objects: Vec<Object>,
    /// How much: records by table, files, bytes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u64>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(flatten)]
    entry: Entry,
    /// Null in the first line. The last member, so that a shell can find it.
    previous: Option<Digest>,
}

/// Adds an entry and returns the digest of its line, which stands for the whole log up to it. Returns once it lies on the disk.
pub fn append(path: &Path, entry: &Entry) -> Result<Digest> {
    add(path, entry, |file| Ok(check(path, file)?.1))
}

/// As [`append`], at a cost that does not grow with the log: what stands before the last line is not checked now, but whenever the log is read.
pub fn note(path: &Path, entry: &Entry) -> Result<Digest> {
    add(path, entry, |file| match at(path, tail(file))? {
        Some(previous) => Ok(Some(previous)),
        None => Ok(check(path, file)?.1),
    })
}

/// The digest of the last line, where it is an entry and not too long.
fn tail(mut file: &File) -> std::io::Result<Option<Digest>> {
    let bytes = file.seek(SeekFrom::End(0))?;
    let from = bytes.saturating_sub(TAIL_BYTES);
    file.seek(SeekFrom::Start(from))?;
    let mut text = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut text)?;
    file.seek(SeekFrom::Start(0))?;
    let last = text.split_inclusive(|byte| *byte == b'\n').next_back().unwrap_or_default();
    let whole = (last.len() < text.len() || from == 0) && last.ends_with(b"\n");
    let is_entry = whole && serde_json::from_slice::<Stored>(last).is_ok();
    Ok(is_entry.then(|| Digest::of(last)))
}

fn add(path: &Path, entry: &Entry, last: impl FnOnce(&File) -> Result<Option<Digest>>) -> Result<Digest> {
    let mut file = at(path, private().read(true).append(true).create(true).open(path))?;
    at(path, file.lock())?;
    let previous = last(&file)?;
    let mut line =
        at(path, serde_json::to_vec(&Stored { entry: entry.clone(), previous }).map_err(Into::into))?;
    line.push(b'\n');
    at(path, file.write_all(&line).and_then(|()| file.sync_all()))?;
    if previous.is_none() {
        crate::disk::sync_folder(path)?;
    }
    Ok(Digest::of(&line))
}

/// The entries of a log, and the digest of its last line. An error names the first line at which the chain is broken.
pub fn read(path: &Path) -> Result<(Vec<Entry>, Option<Digest>)> {
    check(path, at(path, File::open(path))?)
}

/// As [`read`], from a reader; `path` is what errors name.
pub fn check(path: &Path, reader: impl Read) -> Result<(Vec<Entry>, Option<Digest>)> {
    let mut reader = BufReader::new(reader);
    let (mut entries, mut previous, mut line) = (Vec::new(), None, Vec::new());
    while at(path, reader.read_until(b'\n', &mut line))? > 0 {
        let broken = |why: String| EvidenceError::Custody {
            path: path.to_path_buf(),
            line: entries.len() as u64 + 1,
            why,
        };
        if line.last() != Some(&b'\n') {
            return Err(broken("it was cut off while it was written; whoever wrote it was not told that it was kept, so take it away".into()));
        }
        let stored: Stored =
            serde_json::from_slice(&line).map_err(|e| broken(format!("it is no entry ({e})")))?;
        if stored.previous != previous {
            let is = |digest: Option<Digest>| digest.map_or_else(|| "nothing".to_owned(), |d| d.to_string());
            let (says, was) = (is(stored.previous), is(previous));
            return Err(broken(format!(
                "it follows {says}, but before it stands {was}: an entry was altered, added or taken out"
            )));
        }
        entries.push(stored.entry);
        previous = Some(Digest::of(&line));
        line.clear();
    }
    Ok((entries, previous))
}

/// How many entries the log at `path` has beyond `sealed`, an older copy of it. An error names the first line that is not as it was.
pub fn continued(path: &Path, sealed: &[u8]) -> Result<usize> {
    let mut file = BufReader::new(at(path, plain(path))?);
    let lines = || sealed.split_inclusive(|byte| *byte == b'\n');
    let mut line = Vec::new();
    for (n, was) in lines().enumerate() {
        line.clear();
        at(path, file.by_ref().take(was.len() as u64).read_to_end(&mut line))?;
        if line == was {
            continue;
        }
        let how = if was.starts_with(&line) {
            "the log was cut here"
        } else {
            "the log was rewritten or forked here"
        };
        let why = format!(
            "in the sealed copy, which has {} lines, this line is another: {how}. What was signed is the copy; ask whoever keeps the log for the one that continues it",
            lines().count()
        );
        return Err(EvidenceError::Custody { path: path.to_path_buf(), line: n as u64 + 1, why });
    }
    Ok(read(path)?.0.len().saturating_sub(lines().count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn entry(why: &str) -> Entry {
        Entry {
            when: Timestamp::UNIX_EPOCH,
            who: "A. Analyst".into(),
            what: Act::HandOver,
            why: why.into(),
            authority: "order 7/26".into(),
            objects: vec![Object { name: "access.log".into(), sha256: Digest::of(b"log") }],
            counts: BTreeMap::new(),
        }
    }

    #[test]
    fn entries_come_back_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("custody.jsonl");
        let tips: Vec<_> = ["a", "b", "c"].iter().map(|why| append(&log, &entry(why)).unwrap()).collect();
        let (entries, tip) = read(&log).unwrap();
        assert_eq!(entries, ["a", "b", "c"].map(entry));
        assert_eq!(tip, tips.last().copied());
        let text = std::fs::read_to_string(&log).unwrap();
        assert!(text.lines().next().unwrap().ends_with("\"previous\":null}"), "{text}");
        assert!(text.lines().last().unwrap().ends_with(&format!("\"previous\":\"{}\"}}", tips[1])), "{text}");
    }

    #[test]
    fn a_log_that_was_meddled_with_is_refused_by_line() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("custody.jsonl");
        for why in ["a", "b", "c"] {
            append(&log, &entry(why)).unwrap();
        }
        let text = std::fs::read_to_string(&log).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let refused = |text: String, line: u64| {
            std::fs::write(&log, &text).unwrap();
            let error = append(&log, &entry("d")).unwrap_err();
            assert!(matches!(error, EvidenceError::Custody { line: l, .. } if l == line), "{error}");
            assert_eq!(std::fs::read_to_string(&log).unwrap(), text);
        };
        refused(text.replace("\"why\":\"a\"", "\"why\":\"x\""), 2);
        refused(format!("{}\n{}\n", lines[0], lines[2]), 2);
        refused(format!("{}\n{}\n", lines[1], lines[2]), 1);
        refused(text[..text.len() - 9].to_owned(), 3);
        refused(format!("{text}\n"), 4);
    }

    #[test]
    fn a_note_goes_on_with_the_chain_and_reads_the_last_line_alone() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("custody.jsonl");
        note(&log, &entry("a")).unwrap();
        append(&log, &entry("b")).unwrap();
        note(&log, &entry(&"long ".repeat(20_000))).unwrap();
        let counts = BTreeMap::from([("access".to_owned(), 3)]);
        note(&log, &Entry { counts: counts.clone(), ..entry("c") }).unwrap();
        append(&log, &entry("d")).unwrap();
        let (entries, _) = read(&log).unwrap();
        assert_eq!((entries.len(), &entries[3].counts), (5, &counts));
        // What was meddled with before is found by whoever reads the log, and what was cut off now.
        let text = std::fs::read_to_string(&log).unwrap();
        std::fs::write(&log, text.replacen("\"why\":\"a\"", "\"why\":\"x\"", 1)).unwrap();
        note(&log, &entry("e")).unwrap();
        assert!(matches!(read(&log), Err(EvidenceError::Custody { line: 2, .. })));
        std::fs::write(&log, &text[..text.len() - 9]).unwrap();
        assert!(matches!(note(&log, &entry("f")), Err(EvidenceError::Custody { line: 5, .. })));
    }

    #[test]
    fn writers_at_once_do_not_fork_the_chain() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("custody.jsonl");
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let log = &log;
                scope.spawn(move || (0..5).all(|i| append(log, &entry(&format!("{writer} {i}"))).is_ok()));
            }
        });
        assert_eq!(read(&log).unwrap().0.len(), 40);
    }

    #[test]
    fn a_sealed_copy_tells_where_a_log_was_cut_rewritten_or_forked() {
        let dir = tempfile::tempdir().unwrap();
        let log = |name: &str, whys: &[&str]| {
            let path = dir.path().join(name);
            for why in whys {
                append(&path, &entry(why)).unwrap();
            }
            path
        };
        let today = log("today", &["a", "b", "c"]);
        let text = std::fs::read_to_string(&today).unwrap();
        let copy_of = |lines: usize| text.split_inclusive('\n').take(lines).collect::<String>();
        for lines in 0..=3 {
            assert_eq!(continued(&today, copy_of(lines).as_bytes()).unwrap(), 3 - lines);
        }
        let half = dir.path().join("half");
        std::fs::write(&half, &text[..text.len() - 9]).unwrap();
        for (path, line, how) in [
            (log("cut", &["a", "b"]), 3, "cut here"),
            (half, 3, "cut here"),
            (log("forked", &["a", "b", "x", "y"]), 3, "forked here"),
            (log("anew", &["x", "b", "c", "d"]), 1, "rewritten"),
        ] {
            let error = continued(&path, text.as_bytes()).unwrap_err();
            assert!(matches!(error, EvidenceError::Custody { line: l, .. } if l == line), "{error}");
            assert!(error.to_string().contains(how), "{error}");
        }
        // What came after the copy was meddled with.
        std::fs::write(&today, text.replace("\"why\":\"b\"", "\"why\":\"x\"")).unwrap();
        let error = continued(&today, copy_of(1).as_bytes()).unwrap_err();
        assert!(matches!(error, EvidenceError::Custody { line: 3, .. }), "{error}");
        assert!(continued(dir.path(), b"").is_err() && continued(&dir.path().join("gone"), b"").is_err());
    }
}
