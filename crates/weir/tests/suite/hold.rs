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
        let asked = self.weir(&["sql", "--lake", "lake", "--json", "--unmask", "--reason", "test", sql]);
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
/// A configuration that names whose orders are read.
const ORDERS: &str =
    "[[dataset]]\nname = \"orders\"\nroutes = [\"/members/{member}/orders\"]\nsubject = \"member\"\n";
/// Nineteen and a half days.
const GONE: u32 = 20 * LINES - LINES / 2;
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
    assert!(look.contains(&format!("{GONE} rows")), "{look}");
    assert_eq!((here.rows("TRUE"), here.files("access")), (all, files), "a look changes nothing");
    let said = here.done(&retain);
    assert!(said.contains(&format!("{} rows stay under h1", 10 * LINES)), "{said}");
    only_what_is_held_is_left(&here, &held);
    // Again, and the same logs again: nothing comes back, nothing is lost.
    here.done(&retain);
    here.done(&["ingest", "logs", "--lake", "lake"]);
    only_what_is_held_is_left(&here, &held);
    here.done(&["investigate", "-o", "case", "--lake", "lake"]);
    let case = std::fs::read_to_string(here.path("case/case.json")).unwrap();
    assert!(case.contains(&format!("{GONE} records were deleted")), "a case says what was deleted");
    // Under another configuration all is folded again, from what is left.
    std::fs::write(here.path("weir.toml"), ORDERS).unwrap();
    here.done(&["investigate", "-o", "other", "--lake", "lake", "--config", "weir.toml"]);
    only_what_is_held_is_left(&here, &held);
    here.done(&retain);
    only_what_is_held_is_left(&here, &held);
    let told = here.done(&["retain", "--lake", "lake", "--list"]);
    assert!(told.contains(&format!("by ann: access {GONE}")), "{told}");
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

#[test]
fn a_retention_killed_at_any_moment_loses_nothing_held_and_is_finished_by_the_next() {
    let here = Place::new();
    here.hold_ten_days();
    let held = here.rows(HELD);
    std::fs::rename(here.path("lake"), here.path("whole")).unwrap();
    let retain = ["retain", "--lake", "lake", "--before", CUT];
    let mut killed = 0;
    for wait in [0_u64, 40, 80, 120, 160, 200, 250, 300, 400, 600] {
        let _ = std::fs::remove_dir_all(here.path("lake"));
        copy(&here.path("whole"), &here.path("lake"));
        let mut child = here.start(&retain);
        std::thread::sleep(Duration::from_millis(wait));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        assert_eq!(here.rows(HELD), held, "killed after {wait} ms");
        here.done(&retain);
        only_what_is_held_is_left(&here, &held);
    }
    assert!(killed > 2, "most were to be killed before their end");
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

fn ended(child: Child) -> Output {
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", words(&done));
    done
}

#[test]
fn two_retentions_and_an_ingest_at_once_leave_what_one_after_the_other_leaves() {
    let here = Place::new();
    here.hold_ten_days();
    let held = here.rows(HELD);
    let more: String =
        (0..30 * LINES).filter(|n| n % 2 == 0).map(|n| line(n).replace("192.0.2.", "198.51.100.")).collect();
    std::fs::write(here.path("more.log"), more).unwrap();
    let retain = ["retain", "--lake", "lake", "--before", CUT];
    let all = [&retain[..], &["ingest", "more.log", "--lake", "lake"], &retain].map(|a| here.start(a));
    all.into_iter().for_each(|child| drop(ended(child)));
    assert_eq!(here.rows(&format!("{HELD} AND src_ip LIKE '192.0.2.%'")), held);
    assert_eq!(here.count(&format!("{HELD} AND src_ip LIKE '198.51.100.%'")), u64::from(10 * LINES / 2));
    here.done(&retain);
    assert_eq!(here.rows(&format!("{HELD} AND src_ip LIKE '192.0.2.%'")), held);
    assert_eq!(here.count(HELD), u64::from(15 * LINES), "what came under the hold later is held too");
    assert_eq!(here.count(&format!("{OLD} AND NOT ({HELD})")), 0);
}

#[test]
fn a_hold_that_was_answered_is_honoured_by_whatever_runs_beside_it() {
    let here = Place::new();
    std::fs::rename(here.path("lake"), here.path("whole")).unwrap();
    let retain = ["retain", "--lake", "lake", "--before", CUT];
    let hold =
        ["hold", "add", "--lake", "lake", "--order", "7", "--from", "2026-03-08", "--to", "2026-03-17"];
    let mut seen = BTreeSet::new();
    for (first, second, wait) in
        [(&retain[..], &hold[..], 0), (&hold, &retain, 0), (&hold, &retain, 30), (&retain, &hold, 60)]
    {
        let _ = std::fs::remove_dir_all(here.path("lake"));
        copy(&here.path("whole"), &here.path("lake"));
        let one = here.start(first);
        std::thread::sleep(Duration::from_millis(wait));
        let other = here.start(second);
        let (retaining, holding) = if first == &retain[..] { (one, other) } else { (other, one) };
        ended(holding);
        let answered = here.rows(HELD);
        ended(retaining);
        assert_eq!(here.rows(HELD), answered, "from when it is answered");
        here.done(&retain);
        assert_eq!(here.rows(HELD), answered, "and by later runs");
        seen.insert(answered.lines().count());
    }
    assert!(seen.iter().all(|n| [0, 10 * LINES as usize].contains(n)), "all or nothing: {seen:?}");
}

#[test]
fn a_person_is_erased_but_for_what_is_held_and_recorded_without_a_name() {
    let here = Place::new();
    std::fs::write(here.path("weir.toml"), ORDERS).unwrap();
    let names = "path = '/members/7/orders'";
    let theirs = here.count(names);
    assert!(theirs > 100);
    let erase = |more: &[&str]| {
        let order = [
            "erase",
            "--lake",
            "lake",
            "--config",
            "weir.toml",
            "--subject",
            "member:7",
            "--order",
            "request 12",
            "--reason",
            "Art. 17",
        ];
        here.weir(&[&order[..], more].concat())
    };
    here.hold_ten_days();
    let (held, all) = (here.rows(HELD), here.rows("TRUE"));
    let refused = erase(&[]);
    assert_eq!(refused.status.code(), Some(1), "{}", words(&refused));
    assert!(words(&refused).contains("under h1: nothing was erased"), "{}", words(&refused));
    assert_eq!(here.rows("TRUE"), all);
    let done = erase(&["--except-held"]);
    assert_eq!(done.status.code(), Some(0), "{}", words(&done));
    assert_eq!(here.rows(HELD), held);
    assert_eq!(here.count(&format!("{names} AND NOT ({HELD})")), 0);
    let left = theirs - here.count(&format!("{names} AND {HELD}"));
    assert_eq!(here.count("TRUE"), u64::from(30 * LINES) - left, "nobody else's");
    let rollups = here.sql("SELECT sum(records) AS n FROM rollup WHERE kind = 'origin'");
    assert!(rollups.contains(&format!("{}", u64::from(30 * LINES) - left)), "{rollups}");
    here.done(&["hold", "release", "h1", "--lake", "lake", "--order", "9", "--reason", "closed"]);
    assert_eq!(erase(&[]).status.code(), Some(0));
    assert_eq!(here.count(names), 0);
    here.done(&["ingest", "logs", "--lake", "lake"]);
    assert_eq!(here.count(names), 0, "the same logs do not bring them back");
    let told = here.done(&["retain", "--lake", "lake", "--list", "--json"]);
    assert!(told.contains("request 12") && told.contains("p_") && !told.contains("member:7"), "{told}");
}

#[test]
fn a_hold_for_a_case_pins_the_versions_that_it_cites() {
    let here = Place::new();
    here.done(&["investigate", "-o", "case", "--lake", "lake"]);
    let files = here.files("access");
    here.done(&["hold", "add", "--lake", "lake", "--order", "7/2026", "--case", "case"]);
    let said = here.done(&["retain", "--lake", "lake", "--before", "2026-04-01"]);
    assert!(said.contains("old files stay for versions that are held"), "{said}");
    assert!(files.is_subset(&here.files("access")), "every file of the version is there");
    here.done(&["hold", "release", "h1", "--lake", "lake", "--order", "9", "--reason", "closed"]);
    here.done(&["retain", "--lake", "lake", "--before", "2026-04-01"]);
    assert_eq!((here.count("TRUE"), here.files("access").len()), (0, 0));
    let wrong = here.weir(&["hold", "add", "--lake", "lake", "--order", "7", "--case", "logs"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", words(&wrong));
}

/// What a library says of it is not for whoever asked.
#[test]
fn a_hold_for_a_case_of_another_lake_is_refused_in_our_own_words() {
    let here = Terminal::new();
    std::fs::create_dir(here.path("logs")).unwrap();
    std::fs::write(here.path("logs/access.log"), (0..200).map(line).collect::<String>()).unwrap();
    here.said(&["investigate", "logs", "-o", "case"]);
    std::fs::write(
        here.path("other.log"),
        "Jan  1 00:00:00 h sshd[1]: Accepted password for a from 192.0.2.1 port 1 ssh2\n",
    )
    .unwrap();
    here.said(&["ingest", "other.log", "--lake", "lake"]);
    let done = here.weir(&["hold", "add", "--order", "7", "--lake", "lake", "--case", "case"]);
    let said = words(&done);
    assert!(!done.status.success() && said.contains("the snapshot was taken from another lake"), "{said}");
    assert!(!said.contains("ERROR") && !said.contains("kernel"), "{said}");
}

#[test]
fn a_hold_covers_what_it_names_and_bad_ones_are_refused_with_the_mend() {
    let here = Place::new();
    let add = |more: &[&str]| here.weir(&[&["hold", "add", "--lake", "lake", "--order", "7"], more].concat());
    for (bad, mend) in [
        (&["--source", "web_combine"][..], "web_combined"),
        (&["--entity", "origins=192.0.2.7"], "origin, prefix"),
        (&["--entity", "prefix=192.0.2.0/20"], "IPv4 /24"),
        (&["--from", "2026-03-08", "--to", "2026-03-01"], "ends before it begins"),
        (&["--reason", " "], "says nothing"),
    ] {
        let said = add(bad);
        assert_eq!(said.status.code(), Some(2), "{bad:?}: {}", words(&said));
        assert!(words(&said).contains(mend), "{bad:?}: {}", words(&said));
    }
    let gone = here.weir(&["hold", "release", "h1", "--lake", "lake", "--order", "7", "--reason", "x"]);
    assert_eq!(gone.status.code(), Some(2), "{}", words(&gone));
    for bad in [
        &["retain", "--lake", "lake"][..],
        &["retain", "--lake", "lake", "--keep", "0d"],
        &["retain", "--lake", "none", "--keep", "9d"],
    ] {
        assert_ne!(here.weir(bad).status.code(), Some(0), "{bad:?}");
    }
    let one = "src_ip = '192.0.2.7'";
    let two = "actor = 'user3' AND time < '2026-03-02'";
    let kept = (here.rows(one), here.rows(two));
    assert_eq!(add(&["--entity", "origin=192.0.2.7"]).status.code(), Some(0));
    assert_eq!(add(&["--entity", "actor=user3", "--to", "2026-03-01"]).status.code(), Some(0));
    here.done(&["retain", "--lake", "lake", "--before", "2026-04-01"]);
    assert_eq!((here.rows(one), here.rows(two)), kept);
    assert_eq!(here.count(&format!("NOT ({one}) AND NOT ({two})")), 0);
    assert_eq!(
        add(&["--entity", "subject=member:7"]).status.code(),
        Some(0),
        "what only the configuration knows"
    );
    let all = here.rows("TRUE");
    here.done(&["hold", "release", "h1", "--lake", "lake", "--order", "9", "--reason", "closed"]);
    here.done(&["retain", "--lake", "lake", "--before", "2026-04-01"]);
    assert_eq!(here.rows("TRUE"), all, "holds every record");
}

#[test]
fn a_hold_that_the_lake_has_lost_stops_every_deletion() {
    let here = Place::new();
    here.hold_ten_days();
    let log = here.path("lake/state/_delta_log");
    let commits = std::fs::read_dir(&log).unwrap().map(|entry| entry.unwrap().path());
    let last = commits.filter(|path| path.extension().is_some_and(|e| e == "json")).max().unwrap();
    std::fs::remove_file(last).unwrap();
    let listed = here.done(&["hold", "list", "--lake", "lake"]);
    assert!(!listed.contains("h1"), "it is lost without a trace: {listed}");
    for deletes in [
        &["retain", "--lake", "lake", "--before", "2027-01-01"][..],
        &["erase", "--lake", "lake", "--subject", "member:3", "--order", "o", "--reason", "r"][..],
    ] {
        let refused = here.weir(deletes);
        let said = words(&refused);
        assert_eq!(refused.status.code(), Some(1), "{said}");
        assert!(said.contains("hold h1 stands in the custody log"), "{said}");
    }
    assert_eq!(here.count("TRUE"), u64::from(30 * LINES));
}

#[test]
fn a_hold_on_an_address_covers_it_however_it_is_written_and_one_that_matches_nothing_says_so() {
    let here = Terminal::new();
    let line = |address: &str, n: u32| {
        format!(
            "{address} - - [01/Mar/2026:08:{n:02}:07 +0000] \"GET /members/{n}/orders HTTP/1.1\" 200 90 \"-\" \"curl/8\"\n"
        )
    };
    let addresses = ["2001:db8::1", "2001:DB8:0::1", "::ffff:192.0.2.7", "192.0.2.7", "2001:db8::2"];
    let log: String = (0..).zip(addresses).map(|(n, address)| line(address, n)).collect();
    std::fs::write(here.path("access.log"), log).unwrap();
    here.said(&["ingest", "access.log", "--lake", "lake"]);
    let add = |entity: &str| {
        let done = here.weir(&["hold", "add", "--lake", "lake", "--order", "7", "--entity", entity]);
        assert_eq!(done.status.code(), Some(0), "{entity}: {}", words(&done));
        (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap())
    };
    for (entity, spelled) in
        [("origin=2001:DB8::0:1", "origin 2001:db8::1"), ("origin=::ffff:192.0.2.7", "origin 192.0.2.7")]
    {
        let (said, warned) = add(entity);
        assert!(said.contains(spelled) && said.contains("2 records in the lake now: access 2"), "{said}");
        assert_eq!(warned, "", "{entity}");
    }
    let (said, warned) = add("origin=192.0.2.99");
    assert!(said.contains("0 records in the lake now"), "{said}");
    assert!(warned.contains("no record in this lake names origin `192.0.2.99`"), "{warned}");
    let later = here.weir(&["hold", "add", "--lake", "lake", "--order", "7", "--from", "2030-01-01"]);
    assert!(words(&later).contains("hold h4 covers no record in this lake now"), "{}", words(&later));
    let listed = here.said(&["hold", "list", "--lake", "lake", "--count"]);
    assert_eq!(listed.matches("2 records in the lake now").count(), 2, "{listed}");
    let json = here.said(&["hold", "list", "--lake", "lake", "--count", "--json"]);
    assert!(json.lines().next().unwrap().contains("\"records\":{\"access\":2}"), "{json}");
    // What they cover stays, and nothing else.
    here.said(&["retain", "--lake", "lake", "--before", "2026-04-01"]);
    let left = here.said(&["sql", "--lake", "lake", "SELECT src_ip FROM access ORDER BY line"]);
    let kept = |address: &&str| left.contains(&format!("| {address} "));
    assert_eq!(addresses.iter().filter(|a| kept(a)).count(), 4, "{left}");
    assert!(!left.contains("2001:db8::2"), "{left}");
}

#[test]
fn a_period_without_an_end_and_a_keeping_without_end_leave_a_lake_that_answers() {
    let here = Place::new();
    for to in ["9999-12-31", "9999-12-31T23:59:59Z"] {
        let add = ["hold", "add", "--lake", "lake", "--order", "7", "--from", "2026-03-08", "--to", to];
        let said = here.done(&add);
        assert!(said.contains(&format!("{} records in the lake now", 23 * LINES)), "{said}");
        assert!(!said.contains("9999") && !said.contains("warning"), "an end that ends nothing: {said}");
    }
    let far = here.weir(&["retain", "--lake", "lake", "--keep", "4294967295d"]);
    assert!(far.status.code() == Some(2) && words(&far).contains("no log is older"), "{}", words(&far));
    here.done(&["retain", "--lake", "lake", "--keep", "100000d"]);
    here.done(&["investigate", "-o", "case", "--lake", "lake"]);
    assert_eq!(here.count("TRUE"), u64::from(30 * LINES));
}

#[test]
fn what_retention_deleted_is_said_by_whoever_misses_it() {
    let here = Place::new();
    here.done(&["investigate", "-o", "old", "--lake", "lake"]);
    here.hold_ten_days();
    here.done(&["retain", "--lake", "lake", "--before", "2026-03-26", "--authority", "policy 3"]);
    // Eight deleted days lie between what is held and what is kept.
    here.done(&["investigate", "-o", "case", "--lake", "lake"]);
    let case = std::fs::read_to_string(here.path("case/case.json")).unwrap();
    assert!(!case.contains("silent while") && !case.contains("was silent"), "no sensor was silent");
    let outside = here.done(&["investigate", "-o", "none", "--lake", "lake", "--until", "2026-03-02"]);
    assert!(
        outside
            .contains("No record is left in the span asked for: retention deleted those before 26 Mar 2026"),
        "{outside}"
    );
    let late = here.weir(&["hold", "add", "--lake", "lake", "--order", "8", "--case", "old"]);
    let said = words(&late);
    assert!(late.status.code() == Some(1), "{said}");
    assert!(said.contains("retention of records before 2026-03-26T00:00:00Z, by ann at"), "{said}");
    assert!(said.contains("on the authority of: policy 3") && said.contains("seal that case"), "{said}");
}

#[test]
fn a_sensor_of_which_retention_left_nothing_is_no_sensor_that_was_never_given() {
    let here = Terminal::new();
    std::fs::create_dir_all(here.path("logs/old")).unwrap();
    let lines = |of: std::ops::Range<u32>| of.map(line).collect::<String>();
    std::fs::write(here.path("logs/old/access.log"), lines(0..5 * LINES)).unwrap();
    std::fs::write(here.path("logs/access.log"), lines(10 * LINES..20 * LINES)).unwrap();
    std::fs::write(here.path("weir.toml"), "[[sensor]]\nname = \"api\"\n").unwrap();
    here.said(&["ingest", "logs", "--lake", "lake"]);
    here.said(&["retain", "--lake", "lake", "--before", "2026-03-08"]);
    here.said(&["investigate", "-o", "case", "--lake", "lake", "--config", "weir.toml"]);
    let case: serde_json::Value =
        serde_json::from_slice(&std::fs::read(here.path("case/case.json")).unwrap()).unwrap();
    let gaps = case["coverage"].as_array().unwrap().iter().flat_map(|sensor| {
        let gaps = sensor["gaps"].as_array().unwrap().iter();
        gaps.map(|gap| format!("{}: {}", gap["what"].as_str().unwrap(), gap["reason"].as_str().unwrap()))
    });
    let gaps: Vec<String> = gaps.collect();
    let old = "480 of its records were read and none of this time is left: records were deleted (`weir retain --list`)";
    assert!(gaps.iter().any(|gap| gap.contains(old)), "{gaps:?}");
    assert!(
        gaps.iter().any(|gap| gap.starts_with("api: ") && gap.contains("no file of it was given")),
        "{gaps:?}"
    );
    let report = std::fs::read_to_string(here.path("case/report.md")).unwrap();
    assert!(report.contains("No finding in 960 records looked at, of 1,440 read"), "{report}");
}
