//! What the formats promise, on cases built by hand. `WEIR_REPORT_OUT=DIR` keeps the rendered cases for looking at.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what must hold by failing")]

mod debian;
mod facts;
mod inert;
mod language;
mod layout;
mod paper;
mod samples;
mod validators;

use samples::*;
use std::collections::BTreeSet;
use weir_model::{Micros, case::Case};

fn all() -> Vec<(&'static str, Case)> {
    vec![
        ("cloud", cloud::case()),
        ("shop", shop::case()),
        ("judged", judged::case()),
        ("quiet", quiet()),
        ("nothing", nothing()),
        ("hostile", hostile::case()),
    ]
}

fn text(format: &str, case: &Case) -> String {
    String::from_utf8(weir_report::render(format, case).unwrap()).unwrap()
}

#[test]
fn keeps_cases_to_look_at() {
    let grown = [("one", many::case(1)), ("thirty", many::case(30)), ("three-hundred", many::case(300))];
    let keep = std::env::var_os("WEIR_REPORT_OUT").map(std::path::PathBuf::from);
    let temporary = tempfile::tempdir().unwrap();
    let dir = keep.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(dir).unwrap();
    let written_in = |(name, case): (&str, Case)| {
        [(name.to_owned(), case.clone()), (format!("{name}-ko"), in_korean(case))]
    };
    for (name, case) in all().into_iter().chain(grown).flat_map(written_in) {
        let people = if name == "shop" { 21_313 } else { 30 };
        let people_shown = batched(shop::people().take(people));
        if keep.is_some() {
            std::fs::create_dir_all(dir.join(format!("{name}.json"))).unwrap();
            std::fs::write(dir.join(format!("{name}.json/case.json")), text("case", &case)).unwrap();
        }
        let written =
            weir_report::write_case(&dir.join(&name), &case, people_shown, std::iter::empty()).unwrap();
        assert_eq!(written.subjects, people as u64);
        for (file, bytes) in &written.files {
            assert_eq!(std::fs::metadata(dir.join(&name).join(file)).unwrap().len(), *bytes, "{file}");
        }
    }
}

#[test]
fn rendered_twice_same_bytes() {
    let streamed = ["rejects", "scope", "scope-parquet"];
    let names: Vec<&str> =
        weir_report::formats().iter().map(|f| f.name).filter(|name| !streamed.contains(name)).collect();
    for (name, case) in all() {
        let again: Case = serde_json::from_str(&text("case", &case)).unwrap();
        assert_eq!(again, case, "{name}: case.json holds the whole case");
        for format in &names {
            let bytes = |case| weir_report::render(format, case).unwrap();
            assert!(bytes(&case) == bytes(&again), "{name} {format}");
        }
    }
}

#[test]
fn markdown_snapshots() {
    for (name, case) in all().into_iter().filter(|(n, _)| *n != "hostile") {
        insta::assert_snapshot!(format!("{name}.md"), text("markdown", &case));
    }
    insta::assert_snapshot!("cloud.timeline.csv", text("timeline", &cloud::case()));
}

#[test]
fn summary_fits_one_screen() {
    for (name, case) in all() {
        let lines: Vec<_> =
            weir_report::summary_text(&case, "case/report.html").iter().map(ToString::to_string).collect();
        assert!(lines.len() <= weir_report::summary::LINES_MAX, "{name}: {} lines", lines.len());
        assert!(lines.iter().all(|l| l.chars().count() <= weir_report::summary::COLUMNS_MAX), "{name}");
        assert!(lines.iter().all(|l| !l.chars().any(weir_report::escape::is_hidden)), "{name}");
        insta::assert_snapshot!(format!("{name}.summary"), lines.join("\n"));
    }
}

#[test]
fn what_was_judged_stands_apart_and_says_who_and_why() {
    let case = judged::case();
    for format in ["markdown", "html"] {
        let report = text(format, &case);
        for words in ["ticket 12", "contract 7", "told to be quiet by ann until", "it no longer arises"] {
            assert!(report.contains(words), "{format}: {words}");
        }
    }
    let lines: Vec<String> = text("findings", &case).lines().map(|l| l.chars().take(8).collect()).collect();
    assert_eq!(lines.len(), 3, "nothing is hidden");
    let summary = weir_report::summary_text(&case, "x").iter().map(ToString::to_string).collect::<Vec<_>>();
    let findings = summary.iter().find(|l| l.starts_with("Findings")).unwrap();
    assert!(
        findings.ends_with("1 critical; 1 of them acknowledged; 1 suppressed; 1 superseded"),
        "{findings}"
    );
    assert!(!summary.iter().any(|l| l.contains("One network read") || l.contains("silent for 12 days")));
    let mut quiet = case.clone();
    quiet.findings.retain(|f| f.id == shop::REACH);
    let verdict = weir_report::summary_text(&quiet, "x")[0].to_string();
    assert_eq!(verdict, "Data of at least 21,313 people was exposed; the one finding was told to be quiet");
}

fn explained(case: &Case, at: usize) -> weir_model::Explained {
    let finding = case.findings[at].clone();
    weir_model::Explained {
        period: case.period,
        days_of: finding.entities.first().map(|e| e.kind),
        members: 1,
        series: case.series.clone(),
        campaign: case.findings[..1]
            .iter()
            .filter(|f| f.id != finding.id)
            .map(|f| (f.id.clone(), f.title.clone()))
            .collect(),
        manual: format!("weir detectors {}", finding.detector),
        limits: vec!["the series sum 2,000 of 2,313 members".to_owned()],
        finding,
    }
}

#[test]
fn a_finding_is_explained_on_a_terminal() {
    for (name, case) in [("shop", shop::case()), ("judged", judged::case()), ("hostile", hostile::case())] {
        for (at, finding) in case.findings.iter().enumerate() {
            let lines = weir_report::explain_text(&explained(&case, at), "it's/lake");
            let text: Vec<String> = lines.iter().map(ToString::to_string).collect();
            assert!(text.iter().all(|l| !l.chars().any(weir_report::escape::is_hidden)), "{name}");
            if name != "hostile" {
                insta::assert_snapshot!(format!("{name}.{}.explain", finding.detector), text.join("\n"));
            }
        }
    }
}

#[test]
fn a_finding_is_plotted_with_what_was_usual_and_what_happened_when() {
    let html = text("html", &shop::case());
    assert_eq!(html.matches("class=\"raised\"").count(), 3, "two plots, and one threshold");
    assert_eq!(html.matches("class=\"first-seen\"").count(), 2);
    assert_eq!(html.matches("class=\"usual\"").count(), 3, "two plots, and half of the peers of one");
    let peers = "reached 21,313 people, the largest of 4,012 peers about 31, and half of them 1 or fewer.";
    assert_eq!(html.matches(peers).count(), 2, "in the picture's words and under it");
    assert!(html.contains("usual: <strong>1.5</strong> a day (expected by the model)"));
    assert!(html.contains("a day (median of the 43 days before)"));
    let plots = html.matches("<desc>").count();
    assert_eq!(plots, html.matches("role=\"img\"").count(), "every picture has its words");
}

#[test]
fn a_map_numbers_twelve_countries_and_says_how_many_there_are() {
    let mut case = shop::case();
    let codes = ["BE", "NL", "DE", "LU", "CH", "AT", "CZ", "DK", "FR", "GB", "MT", "HK", "KR", "US"];
    case.divided.countries = codes.iter().zip((1..).map(|n| n * 50)).map(|(c, n)| ((*c).into(), n)).collect();
    case.divided.country_records.clear();
    let html = text("html", &case);
    assert!(html.contains("first 12 of 14; all in case.json") && html.contains("<text class=\"place\""));
    assert!(html.contains(">12</text>") && !html.contains(">13</text>"), "twelve numbers");
    assert!(html.contains(">H</text>"), "and home");
    let words = text("markdown", &case);
    assert!(words.contains("1. United States of America (US): 700 people. 2. South Korea (KR): 650 people."));
    case.divided.countries.clear();
    assert!(!text("html", &case).contains("class=\"land"), "where no country is known there is no map");
}

/// Lines of the sections whose every list item is a statement.
fn statements(report: &str) -> Vec<(String, String)> {
    let sections = [
        "## Executive summary",
        "## Incident details",
        "## Timeline",
        "## Attack methodology",
        "## Impact",
        "## Response actions",
    ];
    let mut inside = false;
    let mut found = Vec::new();
    let lines: Vec<_> = report.lines().collect();
    for (i, line) in lines.iter().enumerate() {
        if line.starts_with("## ") {
            inside = sections.contains(line);
        }
        if inside && line.starts_with("- ") {
            found.push(((*line).to_owned(), lines.get(i + 1).copied().unwrap_or("").to_owned()));
        }
    }
    found
}

#[test]
fn every_statement_is_cited_or_unknown() {
    for (name, case) in all() {
        let report = text("markdown", &case);
        let found = statements(&report);
        assert!(found.len() >= 8, "{name}: {} statements", found.len());
        for (line, next) in found {
            let cited = next.starts_with("  <sub>`") && next.contains(':');
            let laid_out = line.contains(" (see coverage)") && case.findings.is_empty()
                || line.ends_with(" (see configuration)");
            assert!(cited || laid_out || line.contains("**Unknown.** "), "{name}: {line}");
        }
    }
    let html = text("html", &shop::case());
    let unknown = shop::case().incident.impact.iter().filter(|l| l.statement.value().is_none()).count();
    assert!(html.matches("class=\"mark\"").count() >= unknown && unknown > 0);
}

/// The numbers of a text, thousands joined: `1,234.5` is `1234.5`.
fn numbers(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let chars: Vec<char> = text.chars().collect();
    let mut i = 0;
    while i < chars.len() {
        if !chars[i].is_ascii_digit() {
            i += 1;
            continue;
        }
        let mut number = String::new();
        while i < chars.len() {
            let next_is_digit = chars.get(i + 1).is_some_and(char::is_ascii_digit);
            match chars[i] {
                d if d.is_ascii_digit() => number.push(d),
                ',' if next_is_digit => {}
                '.' if next_is_digit && !number.contains('.') => number.push('.'),
                _ => break,
            }
            i += 1;
        }
        let plain = number.trim_start_matches('0');
        found.insert(if plain.is_empty() || plain.starts_with('.') {
            format!("0{plain}")
        } else {
            plain.to_owned()
        });
    }
    found
}

#[test]
fn every_number_of_a_fact_line_is_in_case_json() {
    let labels = [
        "People:",
        "How sure:",
        "Records:",
        "Between:",
        "Files given:",
        "Parsed:",
        "Rejected:",
        "Duplicates:",
        "Files not read:",
        "Subjects:",
        "Credentials:",
        "Silent days:",
        "Records a day:",
        "Whose data:",
    ];
    for (name, case) in [("shop", shop::case()), ("cloud", cloud::case()), ("quiet", quiet())] {
        let known = numbers(&text("case", &case).replace(".0,", ",").replace(".0\n", "\n"));
        let report = text("markdown", &case);
        let facts: Vec<_> =
            report.lines().filter(|l| labels.iter().any(|f| l.starts_with(&format!("- **{f}**")))).collect();
        assert!(facts.len() >= 9, "{name}: {} facts", facts.len());
        for line in facts {
            for number in numbers(line) {
                assert!(known.contains(&number), "{name}: {number} of `{line}` is not in case.json");
            }
        }
    }
}

#[test]
fn zero_and_unknown_look_different() {
    let (zero, unknown) = (quiet(), cloud::case());
    assert!(text("markdown", &zero).contains("**People:** 0 people"));
    assert!(text("markdown", &unknown).contains("**People:** **Unknown.** Cannot be known."));
    assert!(text("html", &unknown).contains("<span class=\"mark\">Unknown</span> Cannot be known"));
    assert!(!text("html", &zero).contains("Cannot be known"));
}

#[test]
fn tables_say_what_they_leave_out() {
    let mut case = shop::case();
    case.timeline = (0..300)
        .map(|i| samples::event(Micros(i), None, "collection", "x", &[], evidence("a", 1, 1, 1)))
        .collect();
    let shown = case.findings[0].clone();
    case.findings =
        (0..101).map(|i| weir_model::Finding { id: format!("{i:016x}"), ..shown.clone() }).collect();
    for format in ["markdown", "html"] {
        let report = text(format, &case);
        assert!(report.contains("first 200 of 300; all in timeline.csv"), "{format}");
        assert!(report.contains("first 100 of 101; all in findings.jsonl"), "{format}");
    }
}

#[test]
fn unknown_format_suggests_the_nearest() {
    let error = weir_report::render("markdwon", &quiet()).unwrap_err();
    assert_eq!(error.to_string(), "no report format is called `markdwon`");
    assert_eq!(error.help().unwrap(), "did you mean `markdown`?");
    assert!(weir_report::render("scope", &quiet()).is_err());
}

#[test]
fn a_member_stands_with_its_own_reason() {
    let mut case = shop::case();
    let finding = &mut case.findings[0];
    let member = finding.entities[1].clone();
    let why = "over 7 days it showed 48 people's data".to_owned();
    finding.reasons = vec![weir_model::finding::Reason { entity: member.clone(), why: why.clone() }];
    let shown = format!("<code>{}</code> {why}", member.value);
    assert!(text("html", &case).contains(&shown), "{shown}");
}
