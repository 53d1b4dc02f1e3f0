//! A finding's life as a user at a terminal lives it: a nightly job that fails on it, what is said of it, and its explanation.

use crate::terminal::{Terminal, words};
use std::process::Command;

struct Job(Terminal);

impl std::ops::Deref for Job {
    type Target = Terminal;

    fn deref(&self) -> &Terminal {
        &self.0
    }
}

impl Job {
    /// A place with a log of eight days, in which half a day is missing.
    fn new() -> Self {
        let here = Self(Terminal::new());
        let line = |minute: u32| {
            let (day, hour) = (minute / 1440 + 1, minute / 60 % 24);
            format!(
                "192.0.2.{} - - [{day:02}/Mar/2026:{hour:02}:{:02}:07 +0000] \"GET /{} HTTP/1.1\" 200 99 \"-\" \"curl/8\"\n",
                minute % 40,
                minute % 60,
                minute % 11
            )
        };
        let missing = |minute: &u32| (5 * 1440 + 300..5 * 1440 + 1020).contains(minute);
        let log: String = (0..8 * 1440).filter(|m| !missing(m)).map(line).collect();
        std::fs::write(here.path("access.log"), log).unwrap();
        here
    }

    /// The nightly job's exit code.
    fn nightly(&self) -> Option<i32> {
        self.weir(&["investigate", "access.log", "-o", "case", "--fail-on", "medium"]).status.code()
    }

    fn finding(&self) -> serde_json::Value {
        let text = std::fs::read_to_string(self.path("case/findings.jsonl")).unwrap();
        let all = text.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
        all.into_iter().find(|f| f["detector"] == "blindspot").unwrap()
    }
}

#[test]
fn a_nightly_job_is_told_to_be_quiet_and_told_again() {
    let here = Job::new();
    assert_eq!(here.nightly(), Some(3));
    let id = here.finding()["id"].as_str().unwrap().to_owned();
    let say = |arguments: &[&str]| {
        let both =
            [&["finding"], arguments, &[&id, "--case", "case", "--reason", "a move of machines"]].concat();
        here.weir(&both)
    };
    assert_eq!(say(&["ack"]).status.code(), Some(0));
    assert_eq!(here.nightly(), Some(3), "whoever has seen it has not mended it");
    let said = say(&["suppress", "--until", "2026-03-09", "--json"]);
    let said: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(
        (&said["act"], &said["by"], &said["finding"]),
        (&"suppress".into(), &"ann".into(), &id.as_str().into())
    );
    let listed = words(&here.weir(&["finding", "list", "--case", "case"]).stdout);
    let title = here.finding()["title"].as_str().unwrap().to_owned();
    let head = format!("medium {title} {id} by blindspot, suppressed State told to be quiet by ann");
    assert!(listed.contains(&head), "what was said counts at once: {listed}");
    assert_eq!(here.nightly(), Some(0));
    assert_eq!(here.finding()["state"], "suppressed");
    let listed = here.weir(&["finding", "list", "--lake", "case/lake", "--json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed[0], here.finding());
    here.weir(&["ingest", "access.log", "--lake", "unasked"]);
    let unasked = here.weir(&["finding", "list", "--lake", "unasked"]);
    assert_eq!(unasked.status.code(), Some(1));
    assert!(words(&unasked.stderr).contains("nobody investigated this lake"), "{}", words(&unasked.stderr));
    let nameless = here.command(&["finding", "annotate", &id, "--case", "case", "--reason", "x", "--json"]);
    let nameless =
        { nameless }.env_remove("USER").env_remove("LOGNAME").env_remove("USERNAME").output().unwrap();
    let nameless: serde_json::Value = serde_json::from_slice(&nameless.stdout).unwrap();
    let system = Command::new("id").arg("-un").output().unwrap();
    assert_eq!(nameless["by"], words(&system.stdout), "the account of the system where no variable names it");
    let silent = here.weir(&["finding", "ack", &id, "--case", "case", "--reason", " "]);
    assert_eq!(silent.status.code(), Some(2), "a reason that says nothing");
    let without_end = say(&["suppress"]);
    assert_eq!(without_end.status.code(), Some(2));
    assert_eq!(say(&["reopen"]).status.code(), Some(0));
    assert_eq!(here.nightly(), Some(3));
    assert_eq!(here.finding()["dispositions"].as_array().unwrap().len(), 4);
}

#[test]
fn a_finding_is_explained_and_an_unknown_one_names_the_nearest() {
    let here = Job::new();
    here.nightly();
    let id = here.finding()["id"].as_str().unwrap().to_owned();
    let told = here.weir(&["explain", &id, "--case", "case"]);
    let text = words(&told.stdout);
    assert_eq!(told.status.code(), Some(0), "{}", words(&told.stderr));
    for expected in [
        "was silent once, for 12.0 hours",
        "█████▄██",
        "1 Mar 2026 to 8 Mar 2026; b first seen 6 Mar 2026, raised 6 Mar 2026",
        "Records access.log:",
        "All weir sql --lake 'case/lake' 'SELECT * FROM access WHERE",
        "weir detectors blindspot",
    ] {
        assert!(text.contains(expected), "no `{expected}` in: {text}");
    }
    let json = here.weir(&["explain", &id, "--lake", "case/lake", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&json["finding"]["id"], &json["days_of"]), (&id.as_str().into(), &"sensor".into()));
    let wrong = here.weir(&["explain", &id[1..], "--case", "case"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(words(&wrong.stderr).contains(&format!("did you mean `{id}`?")), "{}", words(&wrong.stderr));
    let no_lake = here.weir(&["explain", &id, "--case", "."]);
    assert!(words(&no_lake.stderr).contains("keeps no lake of its own"));
}
