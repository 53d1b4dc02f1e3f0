//! `weir report` at a terminal: one format again, the same as in the folder.

use crate::terminal::Terminal;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Whether a report says only what its case says: of the report's own tests.
#[path = "../../../weir-report/tests/facts/check/mod.rs"]
mod said;

#[test]
fn one_format_is_written_again_as_it_stands_in_the_case() {
    let here = Terminal::new();
    let line = |n: u32| {
        format!(
            "192.0.2.7 - - [01/Mar/2026:00:{n:02}:00 +0000] \"GET /members/{n}/profile HTTP/1.1\" 200 90 \"-\" \"curl/8\"\n"
        )
    };
    std::fs::create_dir(here.path("logs")).unwrap();
    std::fs::write(here.path("logs/access.log"), (0..40).map(line).collect::<String>()).unwrap();
    here.said(&["investigate", "logs", "-o", "case"]);
    for (format, file) in
        [("stix", "exports/stix.json"), ("markdown", "report.md"), ("veris", "exports/veris.json")]
    {
        let kept = std::fs::read_to_string(here.path("case").join(file)).unwrap();
        assert!(!kept.is_empty());
        assert_eq!(here.said(&["report", "case", "--format", format]), kept, "{format}");
        here.said(&["report", "case", "--format", format, "-o", "again"]);
        assert_eq!(std::fs::read_to_string(here.path("again")).unwrap(), kept, "{format}");
    }
    let kept = std::fs::read(here.path("case/report.pdf")).unwrap();
    here.said(&["report", "case", "--format", "pdf", "-o", "again.pdf"]);
    assert!(std::fs::read(here.path("again.pdf")).unwrap() == kept && kept.starts_with(b"%PDF-1.7"));
    here.said(&["report", "case", "--format", "pdf", "--paper", "us-letter", "-o", "letter.pdf"]);
    assert!(std::fs::read(here.path("letter.pdf")).unwrap() != kept);
    let custody = std::fs::read_to_string(here.path("case/lake/custody.jsonl")).unwrap();
    assert!(custody.contains("weir report"), "{custody}");
    for (flags, words) in [
        (&["--format", "stix", "--paper", "us-letter"][..], "are of a PDF"),
        (&["--format", "pdf", "--paper", "a3"], "a4 or us-letter"),
        (&["--format", "pdf", "--templates", "logs"], "holds no `report.typ`"),
    ] {
        let done = here.weir(&[&["report", "case"], flags].concat());
        let said = crate::terminal::words(&done.stderr);
        assert!(!done.status.success() && said.contains(words), "{said}");
    }
    for (format, words) in [("stxi", "did you mean `stix`?"), ("scope", "lies in the folder of the case")] {
        let done = here.weir(&["report", "case", "--format", format]);
        let said = crate::terminal::words(&done.stderr);
        assert!(!done.status.success() && said.contains(words), "{said}");
    }
}

/// A case that was computed, not made by hand; what is passed on of it says other names and the same numbers.
#[test]
fn each_number_of_a_report_is_in_its_case_and_each_statement_is_cited_or_unknown() {
    let here = Terminal::new();
    here.said(&["simulate", "forged-tokens", "-o", "w", "--days", "20", "--scale", "0.05"]);
    here.said(&["investigate", "w/logs", "-o", "case", "--config", "w/weir.toml"]);
    here.said(&["report", "case", "--masked", "-o", "masked"]);
    for folder in ["case", "masked"] {
        let read = |file: &str| std::fs::read_to_string(here.path(folder).join(file)).unwrap();
        let (case, report) = (read("case.json"), read("report.md"));
        let faults = said::faults(&case, &report, &read("report.html"));
        assert!(faults.is_empty(), "{folder}: {} at fault\n{}", faults.len(), faults.join("\n"));

        let told: serde_json::Value = serde_json::from_str(&case).unwrap();
        let people = told["scope"]["subjects"]["lower"].as_u64().unwrap();
        let falsified = report.replace(&format!("{people} people"), &format!("{} people", people + 1));
        assert_ne!(falsified, report, "{folder}: {people}");
        assert!(!said::in_markdown(&case, &falsified).is_empty(), "{folder}: a false number of people");
    }
}

/// Every file of a folder, Parquet as `weir` writes it decoded by its reader.
fn contents(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else {
            let mut text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            if path.extension().is_some_and(|of| of == "parquet") {
                let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(&path).unwrap());
                let batches = reader.unwrap().build().unwrap();
                batches.for_each(|batch| text += &format!("{:?}", batch.unwrap()));
            }
            all.push((path, text));
        }
    }
    all
}

/// Whether a text has a word that nothing of a word stands beside.
fn has_word(text: &str, word: &str) -> bool {
    let part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(word)
        .any(|(at, _)| !part(text[..at].chars().next_back()) && !part(text[at + word.len()..].chars().next()))
}

/// The people of a small world are known: nobody of them, no session, no address and no line of the logs stands in what is passed on.
#[test]
fn a_masked_case_names_nobody_of_the_logs_and_goes_with_other_masked_answers() {
    let here = Terminal::new();
    here.said(&["simulate", "forged-tokens", "-o", "w", "--days", "20", "--scale", "0.05"]);
    let secret = r#"{"time":"2025-03-20T01:00:00+09:00","remote_addr":"198.51.100.77","method":"GET","uri":"/my/profile?mail=kim.dahyun@mail.example","status":200,"body_bytes_sent":90,"#;
    let log = here.path("w/logs/my-access.jsonl");
    let mut text = std::fs::read_to_string(&log).unwrap();
    text += &format!("{secret}\n");
    std::fs::write(&log, text).unwrap();
    here.said(&["investigate", "w/logs", "-o", "case", "--config", "w/weir.toml"]);
    let read = |name: &str| std::fs::read_to_string(here.path(name)).unwrap();
    let case: serde_json::Value = serde_json::from_str(&read("case/case.json")).unwrap();
    let finding = case["findings"][0]["id"].as_str().unwrap();
    here.said(&[
        "finding",
        "ack",
        finding,
        "--case",
        "case",
        "--reason",
        "ticket of Dahyun",
        "--by",
        "dr-lee",
    ]);
    here.said(&["investigate", "-o", "case", "--lake", "case/lake", "--config", "w/weir.toml"]);
    here.said(&["report", "case", "--masked", "-o", "masked"]);

    let mut raw: BTreeSet<String> = ["dahyun", "Dahyun", "dr-lee", "198.51.100.77"].map(str::to_owned).into();
    raw.extend(read("case/scope.csv").lines().skip(1).map(|row| {
        // A member's number alone is any number.
        let subject = row.split(',').next().unwrap();
        subject.strip_prefix("credential:").unwrap_or(subject).to_owned()
    }));
    for log in ["my-access.jsonl", "token-issuance.jsonl", "www-access.log"] {
        for line in read(&format!("w/logs/{log}")).lines().step_by(397).chain([secret]) {
            raw.insert(line.to_owned());
            let Ok(record) = serde_json::from_str::<serde_json::Value>(line) else {
                raw.extend(line.split(' ').next().map(str::to_owned));
                continue;
            };
            let named =
                ["remote_addr", "ip", "sub", "session", "kid", "jti", "user_agent", "http_user_agent"];
            raw.extend(named.iter().filter_map(|name| record[name].as_str().map(str::to_owned)));
        }
    }
    for row in read("w/people.csv").lines().skip(1) {
        raw.extend(row.split(',').next().map(str::to_owned));
    }
    // Whatever is as short stands in any text.
    raw.retain(|name| name.len() > 3 && name.contains(|c: char| !c.is_ascii_digit()));
    assert!(raw.len() > 300, "{}", raw.len());
    let files = contents(&here.path("masked"));
    assert!(files.len() > 12);
    for (file, text) in &files {
        let found: Vec<&String> = raw.iter().filter(|name| has_word(text, name)).collect();
        assert!(found.is_empty(), "{}: {found:?}", file.display());
    }

    // Most of what is said is still said.
    let told: serde_json::Value = serde_json::from_str(&read("masked/case.json")).unwrap();
    assert_eq!((&told["masked"], &told["scope"]["subjects"]), (&true.into(), &case["scope"]["subjects"]));
    let title = told["findings"][0]["title"].as_str().unwrap();
    assert!(title.contains("were accepted and never issued") && title.contains("p_"), "{title}");
    let gone = |file: &str| read(file).matches("(masked)").count();
    assert!(gone("masked/timeline.csv") == 0, "{}", read("masked/timeline.csv"));
    // The same people, and the same findings, as in other masked answers.
    let config = ["--case", "case", "--config", "w/weir.toml"];
    here.said(&[&["scope", "--masked", "-o", "people"], &config[..]].concat());
    assert_eq!(read("masked/scope.csv"), read("people/scope.csv"));
    let sql = ["sql", "--lake", "case/lake", "--config", "w/weir.toml", "--json"];
    let asked = "SELECT DISTINCT subject FROM access WHERE subject LIKE 'member:%'";
    let shown = here.said(&[&sql[..], &[asked]].concat());
    let members = read("masked/scope.csv");
    let members: Vec<&str> = members
        .lines()
        .filter(|row| row.starts_with("member:"))
        .filter_map(|row| row.split(',').next())
        .collect();
    assert!(members.len() > 100 && members.iter().all(|member| shown.contains(member)));

    let custody = read("case/lake/custody.jsonl");
    assert!(custody.contains("weir report --masked"), "{custody}");
    for (arguments, said) in [
        (&["report", "masked", "--masked", "-o", "again"][..], "masked already"),
        (&["report", "case", "--masked", "-o", "masked"], "is not empty"),
        (&["report", "case", "--masked"], "is not named"),
        (&["hold", "add", "--lake", "case/lake", "--case", "masked", "--order", "7"], "stand in no record"),
    ] {
        let done = here.weir(arguments);
        let words = crate::terminal::words(&done.stderr);
        assert!(!done.status.success() && words.contains(said), "{words}");
    }
    let one = here.said(&["report", "case", "--masked", "--format", "stix"]);
    assert_eq!(one, read("masked/exports/stix.json"));
}
