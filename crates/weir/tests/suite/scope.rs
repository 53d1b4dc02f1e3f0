//! `weir scope` at a terminal: whom findings or selected records concerned, held against what the world knows.

use crate::terminal::{Terminal, words};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn answer(here: &Terminal, arguments: &[&str]) -> Value {
    serde_json::from_str(&here.said(&[&["scope", "--json"], arguments].concat())).unwrap()
}

/// The subjects of a `scope.csv`.
fn listed(text: &str) -> BTreeSet<String> {
    text.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
}

/// Six members' pages and four recipients' in an order's address book, by one reader; a failure, an answer without a byte and a question about headers.
fn shop() -> Terminal {
    let here = Terminal::new();
    let line = |minute: u32, ip: &str, request: &str, status: &str, bytes: u32| {
        format!(
            "{ip} - - [01/Mar/2026:00:{minute:02}:00 +0000] \"{request} HTTP/1.1\" {status} {bytes} \"-\" \"curl/8\"\n"
        )
    };
    let mut log: String =
        (0..6).map(|m| line(m, "192.0.2.7", &format!("GET /members/{}/profile", m + 1), "200", 90)).collect();
    log += &line(10, "192.0.2.7", "GET /orders/55", "200", 70);
    log += &line(11, "192.0.2.7", "GET /members/91/profile", "404", 20);
    log += &line(12, "192.0.2.7", "GET /members/92/profile", "200", 0);
    log += &line(13, "192.0.2.7", "HEAD /members/93/profile", "200", 90);
    log += &line(14, "192.0.2.8", "GET /members/94/profile", "200", 90);
    std::fs::write(here.path("access.log"), log).unwrap();
    std::fs::write(here.path("book.csv"), "order,recipient\n55,r1\n55,r2\n55,r3\n55,=r4\n56,r5\n").unwrap();
    here
}

const DATASETS: &str = "[organisation]\nmembers = 40\n[[dataset]]\nname = \"profile\"\ncategories = [\"name\", \"phone\"]\n\
    routes = [\"/members/{member}/profile\"]\n[[dataset]]\nname = \"orders\"\ncategories = [\"postal_address\"]\nroutes = [\"/orders/{order}\"]\n";
const BOOK: &str = "[[link]]\nfrom = \"order\"\nto = \"recipient\"\nfile = \"book.csv\"\n";

#[test]
fn records_that_somebody_selects_name_members_and_the_people_in_their_address_books() {
    let here = shop();
    let config = |name: &str, text: String| std::fs::write(here.path(name), text).unwrap();
    config("plain.toml", DATASETS.to_owned());
    config("book.toml", format!("{DATASETS}{BOOK}"));
    config("others.toml", format!("{DATASETS}{BOOK}others = true\n"));
    here.said(&["ingest", "access.log", "--lake", "lake", "--config", "plain.toml"]);
    let of = |config: &str, more: &[&str]| {
        let asked = ["--lake", "lake", "--where", "src_ip = '192.0.2.7'", "--config", config];
        answer(&here, &[&asked, more].concat())
    };
    let bounds = |told: &Value| {
        (told["scope"]["subjects"]["lower"].as_u64().unwrap(), told["scope"]["subjects"]["upper"].as_u64())
    };
    let missing =
        answer(&here, &["--lake", "lake", "--where", "status_code = '404'", "--config", "plain.toml"]);
    assert_eq!(missing["scope"]["gaps"], Value::Array(Vec::new()), "of records that were not selected");
    // An order that leads to nobody counts as one person without a name.
    assert_eq!(bounds(&of("plain.toml", &[])), (6, Some(7)));
    assert_eq!(bounds(&of("book.toml", &[])), (6, Some(10)), "recipients may be members");
    let told = of("others.toml", &["--reported", "3", "-o", "people"]);
    assert_eq!(bounds(&told), (10, Some(10)), "{told}");
    assert_eq!(told["scope"]["determinable"], "yes");
    assert_eq!(told["scope"]["records"], 7);
    let divided = |what: &str| -> BTreeMap<String, u64> {
        serde_json::from_value(told["divided"][what].clone()).unwrap()
    };
    let map = |all: &[(&str, u64)]| {
        all.iter().map(|(word, n)| ((*word).to_owned(), *n)).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(divided("kinds"), map(&[("member", 6), ("recipient", 4)]));
    assert_eq!(divided("bases"), map(&[("named", 6), ("linked", 4)]));
    assert_eq!(divided("categories"), map(&[("name", 6), ("phone", 6), ("postal_address", 4)]));
    assert_eq!(divided("days"), map(&[("2026-03-01", 10)]));
    let table = std::fs::read_to_string(here.path("people/scope.csv")).unwrap();
    assert_eq!(
        table.lines().nth(1),
        Some("member:1,named,2026-03-01T00:00:00Z,2026-03-01T00:00:00Z,1,name phone,,")
    );
    assert_eq!(listed(&table).len(), 10);
    assert!(!table.contains("member:9"), "{table}");
    let text = here.said(&[
        "scope",
        "--lake",
        "lake",
        "--where",
        "true",
        "--config",
        "others.toml",
        "--reported",
        "3",
    ]);
    let text = words(text.as_bytes());
    assert!(
        text.contains("Exposed 11 people") && text.contains("records show 8 more, 3.67 times as many"),
        "{text}"
    );
    assert!(text.contains("27.5 % of 40 people held") && text.contains("Member 7, Recipient 4"), "{text}");

    let again = here.weir(&["scope", "--lake", "lake", "--where", "true", "-o", "people"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(words(&again.stderr).contains("is not empty"), "{}", words(&again.stderr));
    let wrong = here.weir(&["scope", "--lake", "lake", "--where", "src = 1"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(words(&wrong.stderr).contains("there is no column `src`"), "{}", words(&wrong.stderr));
}

#[test]
fn a_condition_that_cannot_be_used_is_named_with_what_is_wrong_and_the_lake_is_not_blamed() {
    let here = shop();
    std::fs::write(here.path("plain.toml"), DATASETS).unwrap();
    let lake = ["--lake", "lake", "--config", "plain.toml"];
    here.said(&[&["ingest", "access.log"], &lake[..]].concat());
    for (condition, wrong) in [
        ("CAST(path AS INT) = 1", "Cannot cast string '/members/1/profile'"),
        ("bytes_out / (bytes_out - 90) = 1", "divides by zero"),
        ("path ~ '('", "unclosed group"),
        ("src = 1", "there is no column `src`"),
        ("path = ", "Expected: an expression, found: EOF"),
        ("true) OR (true", "Expected: end of statement"),
        ("path", "non-boolean predicate"),
    ] {
        let refused = here.weir(&[&["scope"], &lake[..], &["--where", condition]].concat());
        let said = words(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains(&format!("the condition `{}` cannot be used", condition)), "{said}");
        assert!(said.contains(wrong) && !said.contains("backup") && !said.contains("Line:"), "{said}");
    }
    let asked =
        here.weir(&[&["sql"], &lake[..], &["SELECT time FROM access WHERE CAST(path AS INT) = 1"]].concat());
    assert!(!words(&asked.stderr).contains("backup"), "{}", words(&asked.stderr));
    // What would move others on the terminal is shown by number.
    let hostile = "SELECT 'a' || chr(8238) || chr(27) AS x";
    assert!(here.said(&[&["sql"], &lake[..], &[hostile]].concat()).contains("a<U+202E>␛"));
    let json = here.said(&[&["sql"], &lake[..], &["--json", hostile]].concat());
    assert_eq!(json.trim(), r#"{"x":"a\u202e\u001b"}"#);
    // A query inside a condition, however it is written.
    for condition in
        ["EXISTS(SELECT* FROM files f WHERE f.file = access.file)", "file IN(SELECT(file)FROM files) -- all"]
    {
        let told = answer(&here, &[&lake[..], &["--where", condition]].concat());
        assert_eq!(told["scope"]["records"], 8, "{condition}: {told}");
    }
}

#[test]
fn masked_people_are_as_many_and_none_of_them_is_named() {
    let here = shop();
    std::fs::write(here.path("weir.toml"), format!("{DATASETS}{BOOK}others = true\n")).unwrap();
    here.said(&["ingest", "access.log", "--lake", "lake", "--config", "weir.toml"]);
    let of = |more: &[&str]| {
        let asked = [
            "--lake",
            "lake",
            "--where",
            "path LIKE '/members/%' OR path LIKE '/orders/55'",
            "--config",
            "weir.toml",
        ];
        answer(&here, &[&asked, more].concat())
    };
    let (named, masked) = (of(&["-o", "named"]), of(&["--masked", "-o", "masked"]));
    for same in ["scope", "divided"] {
        assert_eq!(named[same], masked[same]);
    }
    assert_eq!((&masked["masked"], &masked["condition"]), (&Value::Bool(true), &Value::Null));
    let table = |folder: &str| std::fs::read_to_string(here.path(folder).join("scope.csv")).unwrap();
    let (names, pseudonyms) = (listed(&table("named")), listed(&table("masked")));
    assert_eq!(names.len(), pseudonyms.len());
    assert!(names.is_disjoint(&pseudonyms));
    let subjects: Vec<&str> = pseudonyms.iter().map(String::as_str).collect();
    assert!(
        subjects.iter().all(|s| s.starts_with("member:p_") || s.starts_with("recipient:p_")),
        "{subjects:?}"
    );
    // A formula in an id stays a text.
    assert!(table("named").contains("recipient:=r4"));
    for file in ["exposure.json", "scope.csv", "scope.parquet"] {
        let bytes = std::fs::read(here.path("masked").join(file)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("=r4") && !text.contains("/members/"), "{file}");
    }
}

#[test]
fn a_finding_a_campaign_and_a_case_have_the_people_that_the_case_lists() {
    let here = Terminal::new();
    here.said(&["simulate", "forged-tokens", "-o", "w", "--days", "20", "--scale", "0.05"]);
    here.said(&["investigate", "w/logs", "-o", "case", "--config", "w/weir.toml"]);
    let read = |name: &str| std::fs::read_to_string(here.path("case").join(name)).unwrap();
    let case: Value = serde_json::from_str(&read("case.json")).unwrap();
    let told = answer(&here, &["--case", "case", "--config", "w/weir.toml", "-o", "people"]);
    assert_eq!(told["scope"], case["scope"]);
    assert_eq!(told["divided"], case["divided"]);
    assert_eq!(told["finding_scopes"], case["finding_scopes"]);
    let people = std::fs::read_to_string(here.path("people/scope.csv")).unwrap();
    assert_eq!(people, read("scope.csv"));
    assert!(listed(&people).len() > 100);
    let (id, scope) = case["finding_scopes"].as_object().unwrap().iter().next().unwrap();
    let one = answer(&here, &[id, "--case", "case", "--config", "w/weir.toml"]);
    assert_eq!(
        (&one["scope"]["subjects"], &one["scope"]["records"]),
        (&scope["subjects"], &scope["records"])
    );
    assert_eq!(one["of"], serde_json::json!([id]));
    let unknown = here.weir(&["scope", "0123456789abcdef", "--case", "case"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(words(&unknown.stderr).contains("0123456789abcdef"), "{}", words(&unknown.stderr));
}

#[test]
fn what_was_not_asked_or_selects_nothing_tells_nothing_of_anybody() {
    let here = shop();
    std::fs::write(here.path("plain.toml"), DATASETS).unwrap();
    let lake = ["--lake", "lake", "--config", "plain.toml"];
    here.said(&[&["ingest", "access.log"], &lake[..]].concat());
    let refused = here.weir(&[&["scope"], &lake[..]].concat());
    let said = words(&refused.stderr);
    assert!(!refused.status.success() && said.contains("nobody investigated this lake"), "{said}");
    let nobody = answer(&here, &[&lake[..], &["--where", "src_ip = '203.0.113.99'"]].concat());
    assert_eq!(nobody["scope"]["determinable"], "no");
    assert_eq!(nobody["scope"]["subjects"], Value::Null);
    assert!(nobody["scope"]["reason"].as_str().unwrap().contains("no record was selected"), "{nobody}");
}

#[test]
fn an_answer_that_may_list_anybody_is_bounded_by_nothing_and_says_what_would_tell() {
    let here = shop();
    let mut log = std::fs::read_to_string(here.path("access.log")).unwrap();
    let line = |minute: u32, ip: &str, path: &str| {
        format!(
            "{ip} - - [01/Mar/2026:01:{minute:02}:00 +0000] \"GET {path} HTTP/1.1\" 200 120000 \"-\" \"curl/8\"\n"
        )
    };
    log += &line(1, "192.0.2.20", "/admin/export");
    log += &line(2, "192.0.2.21", "/my/profile");
    log += &line(3, "192.0.2.22", "/orders/57");
    log += &line(4, "192.0.2.23", "/members/1,2,3/profile?x=1");
    log += &line(5, "192.0.2.24", "/members/me/profile");
    std::fs::write(here.path("access.log"), log).unwrap();
    let more = "[[dataset]]\nname = \"export\"\nroutes = [\"/admin/export\"]\n[[dataset]]\nname = \"own\"\nroutes = [\"/my/*\"]\nsubject = \"holder\"\n";
    std::fs::write(here.path("weir.toml"), format!("{DATASETS}{more}")).unwrap();
    let lake = ["--lake", "lake", "--config", "weir.toml"];
    here.said(&[&["ingest", "access.log"], &lake[..]].concat());
    let of = |condition: &str| {
        let told = answer(&here, &[&lake[..], &["--where", condition]].concat());
        let bounds = &told["scope"]["subjects"];
        (bounds["lower"].as_u64(), bounds["upper"].as_u64(), told["scope"].clone())
    };
    let (lower, upper, told) = of("src_ip IN ('192.0.2.7', '192.0.2.20')");
    assert_eq!((lower, upper), (Some(6), None), "{told}");
    assert_eq!(told["determinable"], "partly");
    let said = told["gaps"].to_string();
    assert!(
        said.contains("1 of them of `/admin/export`, 120,000 bytes") && said.contains("would tell"),
        "{said}"
    );
    let (lower, upper, told) = of("src_ip = '192.0.2.20'");
    assert_eq!((lower, upper, &told["determinable"]), (None, None, &Value::from("no")), "{told}");
    // What no dataset holds is said beside what one does, and bounds nothing.
    std::fs::write(here.path("less.toml"), DATASETS).unwrap();
    let mixed =
        ["--lake", "lake", "--config", "less.toml", "--where", "src_ip IN ('192.0.2.7', '192.0.2.20')"];
    for (more, said) in [(&[][..], "`/admin/export` (1)"), (&["--masked"], "is not known: 1 routes")] {
        let told = answer(&here, &[&mixed[..], more].concat());
        let limits = told["limits"].to_string();
        assert!(
            limits.contains("1 of the selected records answer with something") && limits.contains(said),
            "{limits}"
        );
        assert_eq!(told["scope"]["subjects"]["lower"], 6);
    }
    // A page of whoever asks, and one object, are of one.
    assert_eq!(of("src_ip = '192.0.2.21'").1, Some(1));
    assert_eq!(of("src_ip = '192.0.2.22'").1, Some(1));
    assert_eq!(of("src_ip = '192.0.2.24'").1, Some(1));
    let (lower, upper, _) = of("src_ip = '192.0.2.23'");
    assert_eq!((lower, upper), (Some(3), Some(3)));
}

#[test]
fn a_list_of_who_was_reported_is_held_against_who_is_in_evidence() {
    let here = shop();
    std::fs::write(here.path("weir.toml"), DATASETS).unwrap();
    std::fs::write(here.path("told.txt"), "member:1\n2\nmember:77\n").unwrap();
    here.said(&["ingest", "access.log", "--lake", "lake", "--config", "weir.toml"]);
    let of = |more: &[&str]| {
        let asked = ["--lake", "lake", "--config", "weir.toml", "--where", "src_ip = '192.0.2.7'"];
        answer(&here, &[&asked, more].concat())
    };
    let expected = serde_json::json!({ "listed": 3, "confirmed": 2, "not_in_evidence": 1, "not_reported": 4, "unnamed_sessions": 0, "unnamed_things": 1 });
    let told = of(&["--reported", "told.txt", "-o", "out"]);
    assert_eq!((&told["compared"], &told["reported"]), (&expected, &Value::from(3)));
    let table = std::fs::read_to_string(here.path("out/reported.csv")).unwrap();
    let rows: BTreeSet<&str> = table.lines().collect();
    for row in [
        "member:1,confirmed,2026-03-01T00:00:00Z,2026-03-01T00:00:00Z,1,",
        "member:2,confirmed,2026-03-01T00:01:00Z,2026-03-01T00:01:00Z,1,",
        "member:3,not_reported,2026-03-01T00:02:00Z,2026-03-01T00:02:00Z,1,",
        "member:77,not_in_evidence,,,0,",
    ] {
        assert!(rows.contains(row), "{row}: {table}");
    }
    // Whose the order is no record says, so nobody can tell whether they were reported.
    assert!(rows.iter().any(|row| row.starts_with("order:55,unnamed_thing,")), "{table}");
    assert_eq!(rows.len(), 9);
    // A list that was exported before is one too, and nobody of a masked answer is named.
    assert_eq!(of(&["--reported", "out/reported.csv"])["compared"]["confirmed"], 7);
    let masked = of(&["--reported", "told.txt", "--masked", "-o", "masked"]);
    assert_eq!(masked["compared"], expected);
    let table = std::fs::read_to_string(here.path("masked/reported.csv")).unwrap();
    let masked_row = |row: &str| ["member:p_", "order:p_"].iter().any(|start| row.starts_with(start));
    assert!(table.lines().skip(1).all(masked_row), "{table}");
    // Who was passed on under pseudonyms is known again, by name and under pseudonyms.
    let all = serde_json::json!({ "listed": 8, "confirmed": 7, "not_in_evidence": 1, "not_reported": 0, "unnamed_sessions": 0, "unnamed_things": 0 });
    assert_eq!(of(&["--reported", "masked/reported.csv"])["compared"], all);
    assert_eq!(of(&["--reported", "masked/reported.csv", "--masked"])["compared"], all);
    let other = here.command(&[
        "scope",
        "--lake",
        "lake",
        "--config",
        "weir.toml",
        "--where",
        "true",
        "--reported",
        "masked/reported.csv",
    ]);
    let other = { other }.env("WEIR_FINGERPRINT_KEY", here.path("other-key")).output().unwrap();
    let said = words(&other.stderr);
    assert!(said.contains("none of the 8 pseudonyms in the list is that of anybody in evidence"), "{said}");
    std::fs::write(here.path("open.csv"), "name;subject\nKim;member:1\nLee;\"member:2\n").unwrap();
    std::fs::write(here.path("table.csv"), "Kim;4711\nLee;4712\n").unwrap();
    std::fs::write(here.path("latin.txt"), b"member:1\nM\xfcller\n").unwrap();
    for (told, said) in [
        ("absent.txt", "absent.txt"),
        ("open.csv", "`--reported open.csv`: the quote that begins in line 3 never ends"),
        ("table.csv", "2 cells with `;` between them"),
        ("latin.txt", "line 2 is not UTF-8"),
        ("18446744073709551616", "more people than can be counted"),
        ("4,536", "write it in digits alone"),
    ] {
        let wrong = here.weir(&["scope", "--lake", "lake", "--where", "true", "--reported", told]);
        assert_eq!(wrong.status.code(), Some(2));
        assert!(words(&wrong.stderr).contains(said), "{}", words(&wrong.stderr));
    }
}

#[test]
fn the_first_report_says_what_was_reported_before_too() {
    let here = Terminal::new();
    here.said(&["simulate", "forged-tokens", "-o", "w", "--days", "20", "--scale", "0.05"]);
    std::fs::write(here.path("told.csv"), "Name;Customer ID\nKim;5001\nLee;member:5002\nPark;nobody\n")
        .unwrap();
    let investigate = |reported: &str| {
        here.said(&[
            "investigate",
            "w/logs",
            "-o",
            "case",
            "--config",
            "w/weir.toml",
            "--reported",
            reported,
        ]);
        let read = |name: &str| std::fs::read_to_string(here.path("case").join(name)).unwrap();
        (serde_json::from_str::<Value>(&read("case.json")).unwrap(), read("report.md"))
    };
    let (case, report) = investigate("told.csv");
    let (reported, compared) = (&case["reported"], &case["compared"]);
    assert_eq!((reported, &compared["listed"], &compared["confirmed"]), (&3.into(), &3.into(), &2.into()));
    assert!(compared["not_reported"].as_u64().unwrap() > 100, "{compared}");
    assert!(report.contains("3 listed; 2 people in evidence were reported"), "{report}");
    let (case, report) = investigate("7");
    assert_eq!((&case["reported"], &case["compared"]), (&7.into(), &Value::Null));
    assert!(report.contains("**Reported before:** 7 people; records show"), "{report}");
}

/// Two servers show the same data for twenty days, and the second one's log ends after fourteen. Whoever is asked about afterwards was seen by the first alone.
#[test]
fn a_silent_sensor_of_the_same_data_leaves_open_what_it_would_have_shown() {
    let here = Terminal::new();
    std::fs::create_dir(here.path("logs")).unwrap();
    let line = |ip: &str, day: u32, hour: u32, minute: u32, member: u32| {
        format!(
            "{ip} - - [{day:02}/Mar/2026:{hour:02}:{minute:02}:00 +0000] \"GET /members/{member}/profile HTTP/1.1\" 200 90 \"-\" \"curl/8\"\n"
        )
    };
    let server = |days: u32, of: u32| -> String {
        let each =
            (1..=days).flat_map(|day| (0..24).flat_map(move |hour| (0..4).map(move |n| (day, hour, n))));
        each.map(|(day, hour, n)| {
            line("192.0.2.7", day, hour, n * 15 + of, 1_000 + (day * 97 + hour * 4 + n) % 50)
        })
        .collect()
    };
    let hand: String = (0..40).map(|n| line("203.0.113.9", 17 + n / 20, n % 20, 3, 5_000 + n)).collect();
    std::fs::write(here.path("logs/web1.log"), server(20, 0) + &hand).unwrap();
    std::fs::write(here.path("logs/web2.log"), server(14, 7)).unwrap();
    std::fs::write(here.path("weir.toml"), DATASETS).unwrap();
    here.said(&["ingest", "logs", "--lake", "lake", "--config", "weir.toml"]);
    let condition = "src_ip = '203.0.113.9' AND time >= '2026-03-17T00:00:00Z'";
    let told = answer(&here, &["--lake", "lake", "--config", "weir.toml", "--where", condition]);
    let limits = told["limits"].to_string();
    assert!(!limits.contains("configuration"), "the one that was given to ingest: {limits}");
    let scope = &told["scope"];
    assert_eq!(scope["subjects"]["lower"], 40, "{told}");
    assert!(scope["subjects"]["upper"].as_u64().unwrap() > 60, "{told}");
    assert_eq!(scope["determinable"], "partly");
    let gaps = scope["gaps"].as_array().unwrap();
    assert!(gaps.iter().any(|gap| gap["what"].as_str().unwrap().contains("web2")), "{told}");
}
