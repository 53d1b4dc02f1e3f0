//! Source logs that are rotated each night while a hold stands, and records that are not kept long enough: as whoever runs both at night meets them.

use crate::terminal::{Terminal, words};
use serde_json::Value;
use std::fmt::Write;
use std::process::Command;
use weir_model::Micros;

/// Lines a day.
const LINES: u32 = 48;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

struct Place(Terminal);

/// Some lines of a day, given in days since 1970.
fn lines(day: i32, which: std::ops::Range<u32>) -> String {
    let date = Micros::of_day(day).to_string();
    let (year, month, of_month) = (&date[..4], date[5..7].parse::<usize>().unwrap(), &date[8..10]);
    let mut text = String::new();
    for n in which {
        writeln!(
            text,
            "192.0.2.{} - user{} [{of_month}/{}/{year}:{:02}:{:02}:07 +0000] \"GET /members/{}/orders HTTP/1.1\" 200 {} \"-\" \"curl/8\"",
            n % 40,
            n % 9,
            MONTHS[month - 1],
            n / 2,
            n % 2 * 30,
            n % 23,
            900 + day % 100 * 50 + i32::try_from(n).unwrap()
        )
        .unwrap();
    }
    text
}

impl Place {
    fn new() -> Self {
        let here = Self(Terminal::new());
        std::fs::create_dir(here.0.path("logs")).unwrap();
        here
    }

    fn append(&self, text: &str) {
        use std::io::Write;
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.0.path("logs/access.log"));
        log.unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// What `logrotate` does with `rotate 3`, `compress` and `delaycompress`.
    fn rotate(&self) {
        let path = |name: &str| self.0.path(&format!("logs/{name}"));
        if path("access.log.1").exists() {
            assert!(Command::new("gzip").arg(path("access.log.1")).status().unwrap().success());
        }
        for (from, to) in [
            ("access.log.2.gz", "access.log.3.gz"),
            ("access.log.1.gz", "access.log.2.gz"),
            ("access.log", "access.log.1"),
        ] {
            let _ = std::fs::rename(path(from), path(to));
        }
    }

    /// Of an investigation, what `retention` finds.
    fn found(&self, more: &[&str]) -> Vec<Value> {
        self.0.said(&[&["investigate", "-o", "case", "--lake", "lake"], more].concat());
        let findings = std::fs::read_to_string(self.0.path("case/findings.jsonl")).unwrap();
        let all = findings.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        all.filter(|f| f["detector"] == "retention").collect()
    }

    /// Today, by the system's files.
    fn today(&self) -> i32 {
        std::fs::write(self.0.path("now"), "").unwrap();
        let now = std::fs::metadata(self.0.path("now")).unwrap().modified().unwrap();
        i32::try_from(now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() / 86_400).unwrap()
    }
}

fn text<'v>(finding: &'v Value, field: &str) -> &'v str {
    finding[field].as_str().unwrap()
}

#[test]
fn rotation_that_takes_files_from_under_a_hold_is_found_with_the_day_on_which_each_goes() {
    let here = Place::new();
    let march = Micros::parse("2026-03-01").unwrap().day();
    for day in march..march + 3 {
        here.append(&lines(day, 0..LINES));
        here.rotate();
    }
    here.append(&lines(march + 3, 0..LINES / 2));
    assert_eq!(here.found(&["logs"]), [Value::Null; 0], "without a hold nothing is amiss");
    let hold =
        ["hold", "add", "--lake", "lake", "--order", "7/2026", "--from", "2026-03-01", "--to", "2026-03-03"];
    here.0.said(&hold);
    // One look: what the names say is presumed.
    let found = here.found(&[]);
    let [presumed] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (text(presumed, "severity"), text(presumed, "title")),
        (
            "medium",
            "Rotation may delete 3 files of access.log that hold h1 covers, the first about 2026-03-04"
        )
    );
    assert_eq!(presumed["evidence_total"], 3 * LINES);
    // The log grew; a night later one file is gone, and the others will go.
    here.append(&lines(march + 3, LINES / 2..LINES));
    let found = here.found(&["logs"]);
    assert!(text(&found[0], "title").starts_with("Rotation may delete 3 files"), "{found:?}");
    here.rotate();
    here.append(&lines(march + 4, 0..LINES));
    let found = here.found(&["logs"]);
    let [certain] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (text(certain, "severity"), text(certain, "title")),
        (
            "high",
            "Rotation will delete 2 files of access.log that hold h1 covers, the first about 2026-03-05; 1 is gone"
        )
    );
    assert_eq!(certain["id"], presumed["id"]);
    let why = text(certain, "explanation");
    for said in [
        "order 7/2026",
        "covers 144 records that stand in 3 files of `access.log`",
        "rotated every day, the last time 2026-03-04, and 3 files are kept",
        "`access.log.3.gz` (48 records of 2026-03-02T00:00:07Z to 2026-03-02T23:30:07Z): goes about 2026-03-05",
        "`access.log.2.gz` (48 records of 2026-03-03T00:00:07Z to 2026-03-03T23:30:07Z): goes about 2026-03-06",
        ", so it went under the hold",
        "chattr +i",
    ] {
        assert!(why.contains(said), "`{said}` in {why}");
    }
    let cited = certain["evidence"].as_array().unwrap();
    assert!(!cited.is_empty() && certain["evidence_total"] == 3 * LINES, "{certain}");
    // A hold on what is written now: the log itself, in two parts, goes four nights after the last rotation.
    here.0.said(&["hold", "add", "--lake", "lake", "--order", "8/2026", "--from", "2026-03-04"]);
    let found = here.found(&[]);
    let young = found.iter().find(|f| text(f, "title").contains("h2")).unwrap();
    let why = text(young, "explanation");
    assert!(why.contains("`access.log` (48 records") && why.contains("goes about 2026-03-08"), "{why}");
    assert!(why.contains("`access.log.1` (48 records"), "of both its parts: {why}");
    // Copied aside, files are safe; the one that is gone stays a finding.
    std::fs::create_dir(here.0.path("logs/aside")).unwrap();
    for name in ["access.log.2.gz", "access.log.3.gz"] {
        std::fs::copy(here.0.path(&format!("logs/{name}")), here.0.path(&format!("logs/aside/{name}")))
            .unwrap();
    }
    let found = here.found(&["logs"]);
    let left = found.iter().find(|f| f["id"] == certain["id"]).unwrap();
    assert_eq!(
        (text(left, "severity"), text(left, "title")),
        ("high", "Rotation took 1 file of access.log that hold h1 covers")
    );
    // Released, it is a finding no more, and the case says why.
    here.0.said(&["hold", "release", "h1", "--lake", "lake", "--order", "9", "--reason", "closed"]);
    let found = here.found(&[]);
    let old = found.iter().find(|f| f["id"] == certain["id"]).unwrap();
    assert_eq!(text(old, "state"), "superseded");
    assert!(text(old, "state_reason").contains("a hold, its end or a deletion was recorded"), "{old}");
}

#[test]
fn records_kept_for_less_than_detection_looks_back_are_warned_of_and_found() {
    let here = Place::new();
    let today = here.today();
    let days = |days: std::ops::Range<i32>| days.map(|ago| lines(today - ago, 0..4)).collect::<String>();
    here.append(&days(1..80));
    assert_eq!(here.found(&["logs"]), [Value::Null; 0]);
    std::fs::write(here.0.path("weir.toml"), "[organisation]\nkeep_days_min = 365\n").unwrap();
    let retain = |keep: &str, more: &[&str]| {
        let done = here.0.weir(&[&["retain", "--lake", "lake", "--keep", keep], more].concat());
        assert!(done.status.success(), "{}", words(&done.stderr));
        words(&done.stderr)
    };
    assert_eq!(retain("224d", &["--dry-run"]), "", "long enough");
    let asked = retain("224d", &["--dry-run", "--config", "weir.toml"]);
    assert!(asked.contains("`keep_days_min` in weir.toml asks for 365 days"), "{asked}");
    let look = retain("30d", &["--dry-run"]);
    assert!(look.contains("30 days are kept: `drift` looks back 224 days"), "{look}");
    assert_eq!(here.found(&[]), [Value::Null; 0], "a look deletes nothing");
    assert_eq!(retain("30d", &[]), look);
    let found = here.found(&[]);
    let [short] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (text(short, "severity"), text(short, "title")),
        ("medium", "Records are kept for 30 days, and 224 are needed")
    );
    assert!(text(short, "explanation").contains("1 run of `weir retain` deleted"), "{short}");
    let asked = here.found(&["--config", "weir.toml"]);
    assert!(text(&asked[0], "title").ends_with("365 are needed"), "{asked:?}");
    // What goes when it is old enough is nobody's loss.
    let other = Place::new();
    other.append(&(230..300).map(|ago| lines(today - ago, 0..4)).collect::<String>());
    other.append(&days(1..3));
    other.found(&["logs"]);
    other.0.said(&["retain", "--lake", "lake", "--keep", "240d"]);
    assert_eq!(other.found(&[]), [Value::Null; 0]);
}
