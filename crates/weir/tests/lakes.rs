//! Lakes that lost a part, lakes that two fill at once, and where a case may lie: as a user at a terminal meets them.

#![expect(clippy::unwrap_used, reason = "a test that cannot start the program fails")]

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

struct Terminal(tempfile::TempDir);

impl Terminal {
    /// A place with a log of two days.
    fn new() -> Self {
        let here = Self(tempfile::tempdir().unwrap());
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

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut weir = Command::new(env!("CARGO_BIN_EXE_weir"));
        weir.args(arguments).current_dir(self.0.path());
        weir.env("WEIR_FINGERPRINT_KEY", self.path("key")).env("USER", "ann").env_remove("WEIR_LOG");
        weir
    }

    fn weir(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn records(&self, lake: &str) -> String {
        let asked = self.weir(&["sql", "--lake", lake, "--json", "SELECT count(*) AS n FROM access"]);
        String::from_utf8_lossy(&asked.stdout).trim().to_owned()
    }
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).split_whitespace().filter(|w| *w != "|").collect::<Vec<_>>().join(" ")
}

#[test]
fn two_first_ingests_of_the_same_logs_store_each_record_once() {
    let here = Terminal::new();
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
    let here = Terminal::new();
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
