//! Which files were read, and what of them.
//!
//! Decisive choice: a path is one file, whatever rows the account has of it: a lake that was filled twice keeps a row for each content that a growing file had. The
//! longest content stands for it, and what was read of all is summed. Whether the earlier content is the beginning of the later one is not known from two
//! digests, so a file that grew is one that has more bytes, and no more is said.

use std::collections::{BTreeMap, BTreeSet};
use weir_model::diff::{Change, FileChange, FileHow, FileRead, Files};
use weir_model::intake::Intake;

/// A path in one account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Read<'a> {
    sha256: Option<&'a str>,
    bytes: u64,
    parsed: u64,
    rejected: u64,
}

fn by_path(intake: &[Intake]) -> BTreeMap<&str, Read<'_>> {
    let mut files: BTreeMap<&str, Read<'_>> = BTreeMap::new();
    for row in intake {
        let file = files.entry(&row.path).or_default();
        if row.content_bytes >= file.bytes {
            (file.sha256, file.bytes) = (row.sha256.as_deref(), row.content_bytes);
        }
        file.parsed += row.parsed;
        file.rejected += row.rejected;
    }
    files
}

/// The first path of each content.
fn by_content(intake: &[Intake]) -> BTreeMap<&str, &str> {
    let mut contents: BTreeMap<&str, &str> = BTreeMap::new();
    for row in intake.iter().filter(|row| row.content_bytes > 0) {
        if let Some(sha256) = &row.sha256 {
            let path = contents.entry(sha256).or_insert(&row.path);
            *path = (*path).min(&row.path);
        }
    }
    contents
}

/// Compares two intake accounts.
pub(super) fn files(old: &[Intake], new: &[Intake]) -> Files {
    let (before, now) = (by_path(old), by_path(new));
    let mut told = Files::default();
    let alone = |path: &str, read: Read<'_>, others: &BTreeMap<&str, &str>| FileRead {
        path: path.to_owned(),
        sha256: read.sha256.map(str::to_owned),
        bytes: read.bytes,
        parsed: read.parsed,
        rejected: read.rejected,
        known_as: read.sha256.and_then(|sha| others.get(sha)).map(|path| (*path).to_owned()),
    };
    let (contents_old, contents_new) = (by_content(old), by_content(new));
    let paths: BTreeSet<&str> = before.keys().chain(now.keys()).copied().collect();
    for path in paths {
        match (before.get(path), now.get(path)) {
            (Some(was), Some(is)) if was == is => told.same += 1,
            (Some(was), Some(is)) => told.changed.push(change(path, *was, *is)),
            (Some(was), None) => told.gone.push(alone(path, *was, &contents_new)),
            (None, Some(is)) => told.new.push(alone(path, *is, &contents_old)),
            (None, None) => {}
        }
    }
    told
}

fn change(path: &str, was: Read<'_>, is: Read<'_>) -> FileChange {
    let how = match (was.sha256 == is.sha256 && was.bytes == is.bytes, is.bytes > was.bytes) {
        (true, _) => FileHow::ReadOtherwise,
        (false, true) => FileHow::Grown,
        (false, false) => FileHow::Replaced,
    };
    let owned = |sha: Option<&str>| sha.map(str::to_owned);
    FileChange {
        path: path.to_owned(),
        how,
        sha256: Change { old: owned(was.sha256), new: owned(is.sha256) },
        bytes: Change { old: was.bytes, new: is.bytes },
        parsed: Change { old: was.parsed, new: is.parsed },
        rejected: Change { old: was.rejected, new: is.rejected },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(path: &str, sha256: &str, content_bytes: u64, parsed: u64) -> Intake {
        let sha256 = Some(sha256.to_owned());
        Intake { path: path.into(), sha256, content_bytes, parsed, ..Intake::default() }
    }

    #[test]
    fn a_path_is_new_gone_grown_replaced_or_read_otherwise() {
        let old = [row("a", "1", 10, 1), row("b", "2", 10, 1), row("c", "3", 10, 1), row("d", "4", 10, 1)];
        let old = [&old[..], &[row("e", "5", 10, 1), row("same", "6", 10, 1)]].concat();
        let new = [row("b", "7", 30, 3), row("c", "8", 10, 1), row("d", "4", 10, 2)];
        let new =
            [&new[..], &[row("e.1", "5", 10, 1), row("same", "6", 10, 1), row("z", "9", 5, 2)]].concat();
        let told = files(&old, &new);
        let paths = |all: &[FileRead]| -> Vec<(String, Option<String>)> {
            all.iter().map(|f| (f.path.clone(), f.known_as.clone())).collect()
        };
        assert_eq!(paths(&told.new), [("e.1".into(), Some("e".into())), ("z".into(), None)]);
        assert_eq!(paths(&told.gone), [("a".into(), None), ("e".into(), Some("e.1".into()))]);
        let how: Vec<_> = told.changed.iter().map(|f| (f.path.as_str(), f.how)).collect();
        assert_eq!(how, [("b", FileHow::Grown), ("c", FileHow::Replaced), ("d", FileHow::ReadOtherwise)]);
        assert_eq!(told.changed[0].parsed, Change { old: 1, new: 3 });
        assert_eq!(told.same, 1);
    }

    /// A lake that was filled twice has a row for each content of a file that grew.
    #[test]
    fn a_file_that_grew_in_a_lake_is_one_file() {
        let old = [row("a", "1", 10, 1)];
        let new = [row("a", "1", 10, 1), row("a", "2", 30, 2)];
        let told = files(&old, &new);
        assert_eq!((told.new.len(), told.gone.len(), told.changed.len()), (0, 0, 1));
        let change = &told.changed[0];
        assert_eq!((change.how, change.parsed), (FileHow::Grown, Change { old: 1, new: 3 }));
        assert_eq!(change.sha256.new.as_deref(), Some("2"));
    }
}
