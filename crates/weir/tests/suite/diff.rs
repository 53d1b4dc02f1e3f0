//! `weir diff` at a terminal: two runs over the same leak, the first with half of a log, without another and with a poorer configuration. What is said is held against
//! what the two folders hold.

use crate::terminal::{Terminal, words};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use weir_model::case::Case;
use weir_model::diff::{CaseDiff, FileHow};

/// A number as people read it.
fn grouped(n: u64) -> String {
    if n < 1_000 { n.to_string() } else { format!("{},{:03}", n / 1_000, n % 1_000) }
}

struct Runs(Terminal);

impl std::ops::Deref for Runs {
    type Target = Terminal;

    fn deref(&self) -> &Terminal {
        &self.0
    }
}

impl Runs {
    fn new() -> Self {
        let here = Terminal::new();
        here.said(&["simulate", "forged-tokens", "-o", "w", "--days", "20", "--scale", "0.05"]);
        std::fs::create_dir(here.path("half")).unwrap();
        let log = std::fs::read_to_string(here.path("w/logs/my-access.jsonl")).unwrap();
        let half: String = log.lines().take(7_000).map(|line| format!("{line}\n")).collect();
        std::fs::write(here.path("half/my-access.jsonl"), half).unwrap();
        std::fs::copy(here.path("w/logs/www-access.log"), here.path("half/www-access.log")).unwrap();
        let told = std::fs::read_to_string(here.path("w/weir.toml")).unwrap();
        let poorer = told.replace("[\"name\", \"e_mail\"]", "[\"name\"]");
        assert_ne!(told, poorer);
        std::fs::write(here.path("w/first.toml"), poorer).unwrap();
        here.said(&["investigate", "half", "-o", "old", "--config", "w/first.toml"]);
        here.said(&["investigate", "w/logs", "-o", "new", "--config", "w/weir.toml"]);
        Self(here)
    }

    fn case(&self, name: &str) -> Case {
        serde_json::from_slice(&std::fs::read(self.path(name).join("case.json")).unwrap()).unwrap()
    }

    /// The rows of `scope.csv` by person.
    fn people(&self, name: &str) -> BTreeMap<String, String> {
        let text = std::fs::read_to_string(self.path(name).join("scope.csv")).unwrap();
        let row = |line: &str| line.split_once(',').map(|(who, rest)| (who.to_owned(), rest.to_owned()));
        text.lines().skip(1).map(|line| row(line).unwrap()).collect()
    }

    fn diff(&self, more: &[&str]) -> CaseDiff {
        serde_json::from_str(&self.said(&[&["diff", "old", "new", "--json"], more].concat())).unwrap()
    }
}

#[test]
fn two_runs_differ_in_what_their_folders_hold_and_in_nothing_else() {
    let here = Runs::new();
    let (old, new) = (here.case("old"), here.case("new"));
    let told = here.diff(&["--people", "people.csv"]);
    assert!(told.changed && told.not_compared.is_empty(), "{:?}", told.not_compared);

    let files = &told.files;
    assert_eq!((files.new.len(), files.gone.len(), files.changed.len(), files.same), (1, 0, 1, 1));
    assert_eq!(files.new[0].path, "token-issuance.jsonl");
    let grown = &files.changed[0];
    assert_eq!((grown.path.as_str(), grown.how), ("my-access.jsonl", FileHow::Grown));
    assert_eq!((grown.parsed.old, grown.parsed.new), (7_000, new.intake[0].parsed));
    assert_eq!(grown.sha256.new, new.intake[0].sha256);
    let configuration = |case: &Case| case.configuration.clone().unwrap();
    assert_ne!(configuration(&old).sha256, configuration(&new).sha256);
    assert_eq!(told.old.configuration, Some(configuration(&old)));
    assert_eq!(told.new.configuration, Some(configuration(&new)));
    let profiles = told.datasets.changed.iter().find(|d| d.name == "member profiles").unwrap();
    assert_eq!(profiles.categories.as_ref().unwrap().new, ["e_mail"]);

    let ids = |case: &Case| -> BTreeSet<String> { case.findings.iter().map(|f| f.id.clone()).collect() };
    let alone = |a: &Case, b: &Case| -> BTreeSet<String> { &ids(a) - &ids(b) };
    let fresh: BTreeSet<String> = told.findings.new.iter().map(|f| f.brief.id.clone()).collect();
    let gone: BTreeSet<String> = told.findings.gone.iter().map(|f| f.brief.id.clone()).collect();
    assert_eq!((&fresh, &gone), (&alone(&new, &old), &alone(&old, &new)));
    let kept = told.findings.changed.len() as u64 + told.findings.same;
    assert_eq!(kept, ids(&old).intersection(&ids(&new)).count() as u64);
    // Without the issuer's log the key alone was accused; with it each credential is, under another id.
    let unissued = |case: &Case| case.findings.iter().find(|f| f.detector == "unissued").unwrap().clone();
    let (was, is) = (unissued(&old), unissued(&new));
    let place = told.findings.gone.iter().find(|f| f.brief.id == was.id).unwrap();
    let members = |entities: &[weir_model::Entity]| -> BTreeSet<_> { entities.iter().cloned().collect() };
    let shared = members(&was.entities).intersection(&members(&is.entities)).count() as u64;
    let likely = place.probably.as_ref().unwrap();
    assert_eq!((&likely.id, likely.shared, likely.of), (&is.id, shared, was.entities.len() as u64));
    let ended = told.findings.gone.iter().find(|f| f.brief.detector == "blindspot").unwrap();
    assert!(ended.probably.is_none() && ended.superseded_by.is_none(), "{ended:?}");
    assert!(told.gaps.gone.iter().any(|gap| gap.what == "my-access.jsonl"), "{:?}", told.gaps);

    let scope = &told.scope;
    assert_eq!((scope.subjects.old, scope.subjects.new), (old.scope.subjects, new.scope.subjects));
    let (upper_old, upper_new) = (old.scope.subjects.unwrap().upper, new.scope.subjects.unwrap().upper);
    let difference = i64::try_from(upper_new.unwrap()).unwrap() - i64::try_from(upper_old.unwrap()).unwrap();
    assert!(difference < 0);
    assert_eq!(scope.upper_difference, Some(difference));
    assert_eq!(scope.categories.new, ["e_mail"]);

    let (before, now) = (here.people("old"), here.people("new"));
    let people = told.people.as_ref().unwrap();
    let (added, gone) = (
        now.keys().filter(|who| !before.contains_key(*who)).count(),
        before.keys().filter(|who| !now.contains_key(*who)).count(),
    );
    let both = || now.iter().filter_map(|(who, row)| Some((row, before.get(who)?)));
    let changed = both().filter(|(is, was)| is != was).count();
    let counted = [people.old, people.new, people.added, people.gone, people.changed, people.same];
    let expected = [before.len(), now.len(), added, gone, changed, both().count() - changed];
    assert_eq!(counted, expected.map(|n| n as u64));
    assert!(added > 50 && changed > 50, "{people:?}");
    let table = std::fs::read_to_string(here.path("people.csv")).unwrap();
    assert_eq!(table.lines().count(), 1 + added + gone + changed);
    let rows = |change: &str| table.lines().filter(|row| row.split(',').nth(1) == Some(change)).count();
    assert_eq!((rows("added"), rows("gone"), rows("changed")), (added, gone, changed));
    for custody in ["old/lake/custody.jsonl", "new/lake/custody.jsonl"] {
        let custody = std::fs::read_to_string(here.path(custody)).unwrap();
        assert!(custody.contains("weir diff") && custody.contains("people.csv"), "{custody}");
    }

    let text = words(here.said(&["diff", "old", "new", "-o", "diff.md"]).as_bytes());
    for said in [
        "Files 1 new, 1 changed; 1 the same",
        "Grown: my-access.jsonl",
        "Configuration: first.toml (SHA-256",
        &format!("probably {} now", is.id),
        "Kinds of data: new: e-mail",
        &format!("probably in the place of {}", was.id),
        &format!("At most: {} to {}", upper_old.map(grouped).unwrap(), upper_new.map(grouped).unwrap()),
    ] {
        assert!(text.contains(said), "no `{said}` in {text}");
    }
    // People are named in the table that was asked for, and nowhere else.
    here.said(&["diff", "old", "new", "-o", "diff.html"]);
    here.said(&["diff", "old", "new", "-o", "diff.json"]);
    for file in ["diff.md", "diff.html", "diff.json"] {
        let written = std::fs::read_to_string(here.path(file)).unwrap();
        assert!(written.contains(&is.id), "{file}");
        let named = now.keys().find(|who| written.contains(who.as_str()));
        assert_eq!(named, None, "{file}");
    }
    let schema: Value = serde_json::from_str(&here.said(&["schema", "diff"])).unwrap();
    assert!(schema["properties"]["not_compared"].is_object(), "{schema}");
}

#[test]
fn jobs_are_told_by_the_exit_code_and_what_is_no_case_is_named() {
    let here = Runs::new();
    here.said(&["investigate", "w/logs", "-o", "again", "--config", "w/weir.toml"]);
    let code = |arguments: &[&str]| here.weir(&[&["diff"], arguments].concat()).status.code();
    assert_eq!(code(&["new", "again", "--exit-code"]), Some(0));
    let text = here.said(&["diff", "new", "again"]);
    assert!(text.starts_with("No change in anything that is compared\n"), "{text}");
    assert_eq!((code(&["old", "new"]), code(&["old", "new", "--exit-code"])), (Some(0), Some(3)));

    std::fs::remove_file(here.path("again/exports/scope.parquet")).unwrap();
    let text = words(here.said(&["diff", "new", "again"]).as_bytes());
    assert!(text.contains("No change in what could be compared"), "{text}");
    assert!(text.contains("`again` has no exports/scope.parquet"), "{text}");
    assert_eq!(code(&["new", "again", "--exit-code"]), Some(3), "what cannot be compared is not the same");
    assert_eq!(code(&["new", "again", "--people", "people.csv"]), Some(2));
    assert!(!here.path("people.csv").exists());

    let wrong = |arguments: &[&str], said: &str| {
        let done = here.weir(&[&["diff"], arguments].concat());
        let told = words(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{told}");
        assert!(told.contains(said), "no `{said}` in {told}");
    };
    wrong(&["w", "new"], "w/case.json");
    wrong(&["w", "new"], "name a folder that `weir investigate -o` wrote");
    wrong(&["old", "new", "-o", "diff.txt"], "ends in .html, .md or .json");
    here.said(&["report", "new", "--masked", "-o", "passed-on"]);
    wrong(&["new", "passed-on"], "one of the cases is masked");
    let seal = here.path("again/case.json");
    let case = std::fs::read_to_string(&seal).unwrap();
    std::fs::write(&seal, case.replacen("\"version\": 1", "\"version\": 9", 1)).unwrap();
    wrong(&["new", "again"], "again/case.json` is a case of version 9; this program reads version 1");
}
