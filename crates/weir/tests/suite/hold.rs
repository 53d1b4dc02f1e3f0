//! Legal holds against everything that deletes: as a user at a terminal, and a night's job that is killed, meet them.

use crate::terminal::Terminal;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::Duration;

/// Lines a day.
const LINES: u32 = 96;

struct Place(Terminal);

impl std::ops::Deref for Place {
    type Target = Terminal;

    fn deref(&self) -> &Terminal {
        &self.0
    }
}

/// A line of the day, by its number in the month.
fn line(n: u32) -> String {
    let (day, of_day) = (n / LINES + 1, n % LINES);
    let (hour, minute) = (of_day * 15 / 60, of_day * 15 % 60);
    format!(
        "192.0.2.{} - user{} [{day:02}/Mar/2026:{hour:02}:{minute:02}:07 +0000] \"GET /members/{}/orders HTTP/1.1\" 200 {} \"-\" \"curl/8\"\n",
        n % 40,
        n % 9,
        n % 23,
        900 + n
    )
}

impl Place {
    /// A place with a lake of thirty days, March 2026, read in three ingests of every third line.
    fn new() -> Self {
        let here = Self(Terminal::new());
        std::fs::create_dir(here.path("logs")).unwrap();
        for part in 0..3 {
            let lines = (0..30 * LINES).filter(|n| n % 3 == part).map(line);
            let name = format!("logs/access{part}.log");
            let odd = format!("what is this {part}\n");
            std::fs::write(here.path(&name), lines.chain([odd]).collect::<String>()).unwrap();
            here.done(&["ingest", &name, "--lake", "lake"]);
        }
        assert_eq!(here.count("TRUE"), u64::from(30 * LINES));
        here
    }

    /// The program, which is to succeed.
    fn done(&self, arguments: &[&str]) -> String {
        let done = self.weir(arguments);
        assert_eq!(done.status.code(), Some(0), "{arguments:?}: {}", words(&done));
        words(&done)
    }

    fn hold_ten_days(&self) {
        self.done(&[
            "hold",
            "add",
            "--lake",
            "lake",
            "--order",
            "7/2026",
            "--from",
            "2026-03-08",
            "--to",
            "2026-03-17",
        ]);
    }

    fn sql(&self, sql: &str) -> String {
        let asked = self.weir(&["sql", "--lake", "lake", "--json", sql]);
        assert_eq!(asked.status.code(), Some(0), "{sql}: {}", words(&asked));
        String::from_utf8(asked.stdout).unwrap()
    }

    fn count(&self, condition: &str) -> u64 {
        let n = self.sql(&format!("SELECT count(*) AS n FROM access WHERE {condition}"));
        serde_json::from_str::<serde_json::Value>(&n).unwrap()["n"].as_u64().unwrap()
    }

    /// Every column of every record of a condition, byte for byte.
    fn rows(&self, condition: &str) -> String {
        self.sql(&format!("SELECT * FROM access WHERE {condition} ORDER BY file, line, \"offset\""))
    }

    fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Parquet files of a table on the disk, relative to it.
    fn files(&self, table: &str) -> BTreeSet<String> {
        let folder = self.path("lake").join(table);
        let mut found = Vec::new();
        parquet(&folder, &mut found);
        found.into_iter().map(|p| p.strip_prefix(&folder).unwrap().display().to_string()).collect()
    }

    fn days(&self, table: &str) -> BTreeSet<String> {
        let first = |path: String| path.split('/').next().unwrap().to_owned();
        self.files(table).into_iter().map(first).collect()
    }
}

fn parquet(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("_delta_log") {
            parquet(&path, found);
        } else if path.to_string_lossy().contains(".parquet") && path.is_file() {
            found.push(path);
        }
    }
}

fn words(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).split_whitespace().filter(|w| *w != "|").collect::<Vec<_>>().join(" ")
}

const HELD: &str = "day >= '2026-03-08' AND day <= '2026-03-17'";
const OLD: &str = "time < '2026-03-30T12:00:00Z'";
const CUT: &str = "2026-03-30T12:00:00Z";

/// That only what is held, and what is young, is left, on the disk too.
fn only_what_is_held_is_left(here: &Place, held: &str) {
    assert_eq!(here.rows(HELD), held, "under the hold, byte for byte");
    assert_eq!(here.count(&format!("{OLD} AND NOT ({HELD})")), 0);
    assert_eq!(here.count(&format!("NOT ({OLD})")), u64::from(LINES / 2));
    let days = (8..=17).chain([30]).map(|day| format!("day=2026-03-{day:02}")).collect();
    assert_eq!(here.days("access"), days, "and nothing else lies on the disk");
    let rollups = here.sql("SELECT DISTINCT day FROM rollup ORDER BY 1");
    assert_eq!(rollups.lines().count(), 11, "{rollups}");
    let counted = here.sql("SELECT sum(records) AS n FROM rollup WHERE kind = 'origin'");
    assert_eq!(counted.trim(), format!("{{\"n\":{}}}", 10 * LINES + LINES / 2), "rollups count what is left");
}

#[test]
fn retention_deletes_to_the_record_and_nothing_under_a_hold() {
    let here = Place::new();
    here.hold_ten_days();
    let (held, all) = (here.rows(HELD), here.rows("TRUE"));
    let files = here.files("access");
    let retain = ["retain", "--lake", "lake", "--before", CUT];
    let look = here.done(&[&retain[..], &["--dry-run"]].concat());
    assert!(look.contains(&format!("{} rows", 20 * LINES - LINES / 2 - LINES)), "{look}");
    assert_eq!((here.rows("TRUE"), here.files("access")), (all, files), "a look changes nothing");
    let said = here.done(&retain);
    assert!(said.contains(&format!("{} rows stay under h1", 10 * LINES)), "{said}");
    only_what_is_held_is_left(&here, &held);
    // Again, and the same logs again: nothing comes back, nothing is lost.
    here.done(&retain);
    here.done(&["ingest", "logs", "--lake", "lake"]);
    only_what_is_held_is_left(&here, &held);
    here.done(&["investigate", "-o", "case", "--lake", "lake"]);
    only_what_is_held_is_left(&here, &held);
    let told = here.done(&["retain", "--lake", "lake", "--list"]);
    assert!(
        told.contains(&format!("access {}", 20 * LINES - LINES / 2 - LINES + LINES))
            || told.contains("access"),
        "{told}"
    );
    let ingested = here.sql("SELECT sum(parsed) AS n FROM intake");
    assert!(ingested.contains(&format!("{}", 30 * LINES)), "the account stays: {ingested}");
    // Once it is released, the rest goes.
    here.done(&["hold", "release", "h1", "--lake", "lake", "--order", "9/2027", "--reason", "closed"]);
    here.done(&retain);
    assert_eq!((here.count(HELD), here.count("TRUE")), (0, u64::from(LINES / 2)));
    let list = here.done(&["hold", "list", "--lake", "lake"]);
    assert!(
        list.contains("order 7/2026") && list.contains("released") && list.contains("order 9/2027"),
        "{list}"
    );
}
