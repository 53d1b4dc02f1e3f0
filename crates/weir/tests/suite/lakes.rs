//! Lakes that lost a part, lakes that two fill at once, and where a case may lie: as a user at a terminal meets them.

use crate::terminal::{Terminal, words};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

struct Place(Terminal);

impl std::ops::Deref for Place {
    type Target = Terminal;

    fn deref(&self) -> &Terminal {
        &self.0
    }
}

impl Place {
    /// A place with a log of two days.
    fn new() -> Self {
        let here = Self(Terminal::new());
        let line = |n: u32| {
            let (day, hour, minute) = (n / 1440 + 1, n / 60 % 24, n % 60);
            format!(
                "192.0.2.{} - - [{day:02}/Mar/2026:{hour:02}:{minute:02}:07 +0000] \"GET /{} HTTP/1.1\" 200 99 \"-\" \"curl/8\"\n",
                n % 40,
                n % 7
            )
        };
        std::fs::create_dir(here.path("logs")).unwrap();
        std::fs::write(here.path("logs/access.log"), (0..2880).map(line).collect::<String>()).unwrap();
        here
    }

    fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn records(&self, lake: &str) -> String {
        let asked = self.weir(&["sql", "--lake", lake, "--json", "SELECT count(*) AS n FROM access"]);
        String::from_utf8_lossy(&asked.stdout).trim().to_owned()
    }
}

/// A Parquet file of a table.
fn parquet(table: &Path) -> PathBuf {
    let entries = std::fs::read_dir(table).unwrap().map(|e| e.unwrap().path());
    let day = entries.into_iter().find(|p| p.is_dir() && !p.ends_with("_delta_log")).unwrap();
    std::fs::read_dir(day).unwrap().next().unwrap().unwrap().path()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The table that loses something, and how.
type Loss<'a> = (&'static str, Box<dyn Fn() + 'a>);

#[test]
fn a_lake_that_lost_a_part_says_which_and_concludes_nothing() {
    let here = Place::new();
    // Whose data a log shows is known, so that there is a digest to lose.
    std::fs::write(here.path("weir.toml"), "[[dataset]]\nname = \"pages\"\nroutes = [\"/0\"]\n").unwrap();
    let whole = here.weir(&["ingest", "logs", "--lake", "whole", "--config", "weir.toml"]);
    assert_eq!(whole.status.code(), Some(0));
    assert_eq!(here.records("whole"), "{\"n\":2880}");
    let log = |table: &str, version: u32| format!("{table}/_delta_log/{version:020}.json");
    let remove = |path: PathBuf| move || std::fs::remove_file(&path).unwrap();
    let remove_all = |path: PathBuf| move || std::fs::remove_dir_all(&path).unwrap();
    let at = |name: &str| here.path("hurt").join(name);
    let losses: [Loss<'_>; 9] = [
        ("access", Box::new(remove_all(at("access")))),
        ("access", Box::new(remove(at(&log("access", 1))))),
        ("access", Box::new(remove(at(&log("access", 0))))),
        ("access", Box::new(|| remove(parquet(&at("access")))())),
        ("access", Box::new(|| std::fs::write(parquet(&at("access")), b"PAR1").unwrap())),
        ("rollup", Box::new(remove_all(at("rollup")))),
        ("digest", Box::new(remove(at(&log("digest", 1))))),
        ("state", Box::new(remove(at(&log("state", 1))))),
        ("intake", Box::new(remove(at(&log("intake", 1))))),
    ];
    for (number, (table, lose)) in losses.iter().enumerate() {
        let _ = std::fs::remove_dir_all(here.path("hurt"));
        copy(&here.path("whole"), &here.path("hurt"));
        lose();
        for asked in [
            &["sql", "--lake", "hurt", "SELECT count(actor) FROM access"][..],
            &["investigate", "--lake", "hurt", "-o", "case"],
            &["ingest", "logs", "--lake", "hurt"],
        ] {
            let said = here.weir(asked);
            let text = words(&said.stderr);
            assert_eq!(said.status.code(), Some(1), "{number} {asked:?}: {} {text}", words(&said.stdout));
            assert!(text.contains(&format!("table `{table}`")), "{number} {asked:?}: {text}");
            assert!(text.contains("from a backup"), "{number} {asked:?}: {text}");
        }
    }
}

#[test]
fn two_first_ingests_of_the_same_logs_store_each_record_once() {
    let here = Place::new();
    for round in 0..3 {
        let lake = format!("lake{round}");
        let both = [(); 2].map(|()| here.start(&["ingest", "logs", "--lake", &lake]));
        for one in both {
            let done = one.wait_with_output().unwrap();
            assert_eq!(done.status.code(), Some(0), "{}", words(&done.stderr));
        }
        assert_eq!(here.records(&lake), "{\"n\":2880}");
    }
}

#[test]
fn a_case_among_the_logs_is_refused_and_two_runs_do_not_write_one() {
    let here = Place::new();
    let among = here.weir(&["investigate", "logs", "-o", "logs/cases/one"]);
    assert_eq!(among.status.code(), Some(2));
    assert!(words(&among.stderr).contains("would lie in `logs`"), "{}", words(&among.stderr));
    assert!(!here.path("logs/cases").exists(), "what is refused leaves nothing");
    std::fs::create_dir(here.path("case")).unwrap();
    let other = std::fs::File::open(here.path("case")).unwrap();
    other.lock().unwrap();
    let busy = here.weir(&["investigate", "logs", "-o", "case"]);
    assert_eq!(busy.status.code(), Some(1));
    assert!(words(&busy.stderr).contains("another investigation writes the case"), "{}", words(&busy.stderr));
    drop(other);
    assert_eq!(here.weir(&["investigate", "logs", "-o", "case"]).status.code(), Some(0));
}
