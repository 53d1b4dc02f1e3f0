//! Logs and settings that are not as they should be: what a user at a terminal is told, and which exit code a job sees.

use crate::terminal::{Terminal, words};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A place with a log of `minutes` minutes of 1 March 2026, a request each.
fn place(minutes: u32) -> Terminal {
    let here = Terminal::new();
    std::fs::create_dir(here.path("logs")).unwrap();
    let mut log = String::new();
    for n in 0..minutes {
        let (hour, minute) = (n / 60, n % 60);
        let address = n % 40;
        writeln!(
            log,
            "192.0.2.{address} - - [01/Mar/2026:{hour:02}:{minute:02}:07 +0000] \"GET /members/{address}/orders HTTP/1.1\" 200 99 \"-\" \"curl/8\""
        )
        .unwrap();
    }
    std::fs::write(here.path("logs/access.log"), log).unwrap();
    here
}

fn report(here: &Terminal) -> String {
    words(&std::fs::read(here.path("case/report.md")).unwrap())
}

fn gzip(file: &Path) -> Vec<u8> {
    Command::new("gzip").arg("-c").arg(file).output().unwrap().stdout
}

/// A gzip file cut in its middle, made of a file beside it.
fn cut_gzip(of: &Path) -> PathBuf {
    let gzip = gzip(of);
    let path = of.with_file_name("older-access.log.gz");
    std::fs::write(&path, &gzip[..gzip.len() / 2]).unwrap();
    path
}

#[test]
fn a_file_that_could_not_be_read_is_said_beside_the_silences() {
    let here = place(600);
    cut_gzip(&here.path("logs/access.log"));
    let done = here.weir(&["investigate", "logs", "-o", "case"]);
    assert_eq!(done.status.code(), Some(0), "{}", words(&done.stderr));
    let text = words(&done.stdout);
    assert!(text.contains("the file `older-access.log.gz`"), "{text}");
    assert!(!text.contains("and no sensor was silent"), "{text}");
    let report = report(&here);
    assert!(report.contains("1 file could not be read, or not to the end"), "{report}");
    assert!(report.contains("What these files hold is not known"), "{report}");
}

#[test]
fn an_ingest_says_what_it_left_unread() {
    let here = place(600);
    let log = here.path("logs/access.log");
    cut_gzip(&log);
    std::fs::write(here.path("logs/more.log.gz"), [gzip(&log), b"rubbish".to_vec()].concat()).unwrap();
    assert!(Command::new("mkfifo").arg(here.path("pipe")).status().unwrap().success());
    let done = here.weir(&["ingest", "logs", "pipe", "--lake", "lake"]);
    assert_eq!(done.status.code(), Some(0), "{}", words(&done.stderr));
    let text = words(&done.stdout);
    assert!(text.contains("older-access.log.gz (compressed data ends early; 0 bytes left)"), "{text}");
    assert!(text.contains("more.log.gz (compressed data is damaged; 7 bytes left)"), "{text}");
    assert!(text.contains("pipe (not a regular file)"), "{text}");
}

#[test]
fn where_nothing_could_be_read_the_job_fails() {
    let here = place(0);
    std::fs::write(here.path("logs/access.log"), [0_u8, 159, 146, 150].repeat(99)).unwrap();
    for asked in [&["investigate", "logs", "-o", "case"][..], &["ingest", "logs", "--lake", "lake"]] {
        let done = here.weir(asked);
        assert_eq!(done.status.code(), Some(1), "{asked:?}");
        assert!(
            words(&done.stderr).contains("nothing in these files could be read"),
            "{}",
            words(&done.stderr)
        );
    }
}

#[test]
fn a_span_may_have_any_ends_and_an_empty_one_is_told_from_an_empty_log() {
    let here = place(600);
    let asked = |ends: &[&str]| {
        let done = here.weir(&[&["investigate", "logs", "-o", "case"], ends].concat());
        assert_eq!(done.status.code(), Some(0), "{ends:?}: {}", words(&done.stderr));
        words(&done.stdout)
    };
    let whole = asked(&[]);
    assert!(whole.contains("1 Mar 2026, 00:00:07 to 09:59:07 UTC"), "{whole}");
    assert_eq!(asked(&["--since", "0001-01-01", "--until", "9999-12-31"]), whole);
    assert_eq!(asked(&["--since", "1600-01-01", "--until", "2263-01-01"]), whole);
    for outside in [["--since", "2030-01-01"], ["--since", "2500-01-01"], ["--until", "1600-01-01"]] {
        let text = asked(&outside);
        assert!(text.starts_with("No record lies in the span asked for"), "{text}");
        assert!(text.contains("the records cover 1 Mar 2026, 00:00:07 to 09:59:07 UTC"), "{text}");
        assert!(!text.contains("no record has a time"), "{text}");
    }
}

#[test]
fn what_was_told_wrongly_names_file_line_and_mend() {
    let here = place(60);
    let told = |config: &[u8], keys: &[u8]| {
        std::fs::write(here.path("weir.toml"), config).unwrap();
        std::fs::write(here.path("keys.csv"), keys).unwrap();
        let done = here.weir(&["investigate", "logs", "-o", "case", "--config", "weir.toml"]);
        (done.status.code(), words(&done.stderr))
    };
    let wrong = |config: &[u8], keys: &[u8], expected: &str| {
        let (code, text) = told(config, keys);
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("help:"), "{text}");
        assert!(matches!(code, Some(1 | 2)), "{code:?}");
        assert!(!here.path("case").exists(), "what is refused costs nothing");
    };
    wrong(b"[organisation]\nname = \"Caf\xe9\"\n", b"", "`weir.toml` line 2: it is not UTF-8");
    let keys = b"[inventory]\nkeys = \"keys.csv\"\n";
    wrong(keys, b"key,owner,created,retired\nk,\xe9,,\n", "`keys.csv` line 2: it is not UTF-8");
    wrong(
        b"[[dataset]]\nname = \"a\"\nroutes = [\"/m/{m\"]\n",
        b"",
        "`weir.toml` line 3: route `/m/{m` of dataset `a` has a parameter that is not a whole segment",
    );
    let (code, text) = told(b"[[source]]\nfiles = \"edge/*.gz\"\n", b"");
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("warning: `files = \"edge/*.gz\"` of a `[[source]]` in weir.toml matches no file"),
        "{text}"
    );
}
