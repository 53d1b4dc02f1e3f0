//! `words.txt` has the words that Weir writes into a case itself, and no others: what stands in a text beside them came from a log.

#![expect(clippy::unwrap_used, reason = "a test says what must hold by failing")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The crates that write texts of a case.
const CRATES: [&str; 7] = ["catalog", "detect", "engine", "model", "scope", "sources", "trace"];
/// Files whose texts are read and never written: names of parameters and of secrets, and samples of tests.
const NOT_WRITTEN: [&str; 4] = ["error.rs", "names.rs", "tests.rs", "words.rs"];

fn sources(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            sources(&path, all);
        } else if name.ends_with(".rs") && !NOT_WRITTEN.contains(&name.as_str()) {
            all.push(path);
        }
    }
}

/// The texts of a source: what stands between quotes, outside of comments.
fn texts(source: &str) -> Vec<String> {
    let (mut all, mut rest) = (Vec::new(), source);
    while let Some(at) = rest.find(['"', '/', '\'', 'r']) {
        let from = &rest[at..];
        let hashes = from.strip_prefix('r').map_or(0, |more| more.len() - more.trim_start_matches('#').len());
        let raw = from.starts_with("r\"") || (hashes > 0 && from[1 + hashes..].starts_with('"'));
        let taken = if from.starts_with("//") {
            from.find('\n').unwrap_or(from.len())
        } else if from.starts_with("'\"'") || from.starts_with("'/'") {
            3
        } else if from.starts_with("'\\\"'") || from.starts_with("'\\''") || from.starts_with("'\\\\'") {
            4
        } else if raw {
            let (begin, end) = (2 + hashes, format!("\"{}", "#".repeat(hashes)));
            let text = &from[begin..begin + from[begin..].find(&end).unwrap()];
            all.push(text.to_owned());
            begin + text.len() + end.len()
        } else if let Some(text) = from.strip_prefix('"') {
            let mut escaped = false;
            let end = text.find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            let text = &text[..end.unwrap()];
            all.push(text.replace("\\n", " ").replace("\\t", " "));
            text.len() + 2
        } else {
            1
        };
        rest = &from[taken..];
    }
    all
}

#[test]
fn words_are_those_of_the_texts_that_weir_writes() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    CRATES.iter().for_each(|of| sources(&here.join(format!("../weir-{of}/src")), &mut files));
    let mut words = BTreeSet::new();
    for file in files {
        let source = fs::read_to_string(file).unwrap();
        let written = source.split("#[cfg(test)]").next().unwrap();
        for text in texts(written) {
            let own = text.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase);
            words.extend(own.filter(|word| word.bytes().any(|b| b.is_ascii_alphabetic())));
        }
    }
    let text: String = words.iter().map(|word| format!("{word}\n")).collect();
    let place = here.join("src/masked/words.txt");
    if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        fs::write(&place, &text).unwrap();
    }
    let kept = fs::read_to_string(&place).unwrap();
    let kept: BTreeSet<String> = kept.lines().map(str::to_owned).collect();
    let (new, gone): (Vec<_>, Vec<_>) =
        (words.difference(&kept).collect(), kept.difference(&words).collect());
    assert!(
        new.is_empty() && gone.is_empty(),
        "INSTA_UPDATE=always writes words.txt again; new: {new:?}, no longer written: {gone:?}"
    );
}
