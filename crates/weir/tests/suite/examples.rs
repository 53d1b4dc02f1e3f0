//! The examples that the README names: their cases as other programs and other readers have them.
//!
//! Decisive choice: what samples built by hand cannot show is shown on cases of real runs: no text that a detector really writes stands in English in
//! a Korean report, and other people's validators read the exports.

#[expect(clippy::panic, clippy::print_stdout, reason = "of the report's own tests; a skip says why")]
#[path = "../../../weir-report/tests/validators/run.rs"]
mod validators;

use crate::terminal::Terminal;
use std::path::Path;
use weir_engine::report::language::lacks;
use weir_model::Language;

#[test]
fn both_examples_are_read_by_others_in_korean_and_written_again() {
    let here = Terminal::new();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let cases = ["cloud-account", "shop"];
    for name in cases {
        here.said(&["investigate", &examples.join(name).display().to_string(), "-o", name]);
        nothing_lacks_in_korean(&here, name);
        formats_are_the_same_again(&here, name);
    }
    each_format_that_is_listed_can_be_asked_for(&here);
    people_to_shut_out_come_first(&here);
    if let Some(faults) = validators::faults(&cases.map(|name| here.path(name))) {
        assert!(faults.is_empty(), "{faults:#?}");
    }
}

fn nothing_lacks_in_korean(here: &Terminal, case: &str) {
    let report = here.said(&["report", case, "--format", "markdown", "--language", "ko"]);
    let text = without_code(&report);
    // Works that a manual page cites keep their titles.
    let own = text.lines().filter(|line| !line.starts_with("참고 문헌"));
    let lacking: Vec<String> = own.flat_map(|line| lacks(Language::Korean, line)).collect();
    assert!(lacking.is_empty(), "{case}: {lacking:#?}");
    assert!(text.contains("사고 조사 보고서"));
    for format in ["pdf", "html"] {
        here.said(&["report", case, "--format", format, "--language", "ko", "-o", "korean"]);
        let english = std::fs::read(here.path(case).join(format!("report.{format}"))).unwrap();
        assert!(std::fs::read(here.path("korean")).unwrap() != english, "{case}: {format}");
    }
}

fn formats_are_the_same_again(here: &Terminal, case: &str) {
    for (format, file) in [
        ("pdf", "report.pdf"),
        ("html", "report.html"),
        ("ocsf", "exports/ocsf.jsonl"),
        ("case-uco", "exports/case.jsonld"),
        ("attack-flow", "exports/attack-flow.json"),
    ] {
        here.said(&["report", case, "--format", format, "-o", "again"]);
        let kept = std::fs::read(here.path(case).join(file)).unwrap();
        assert!(std::fs::read(here.path("again")).unwrap() == kept, "{case}: {format}");
    }
}

fn each_format_that_is_listed_can_be_asked_for(here: &Terminal) {
    let listed = here.said(&["formats", "--json"]);
    let names: Vec<String> = listed
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["name"].as_str().unwrap().to_owned()
        })
        .collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names.iter().filter(|name| *name != "pdf") {
        here.said(&["report", "cloud-account", "--format", name, "-o", "listed"]);
    }
}

fn people_to_shut_out_come_first(here: &Terminal) {
    let case = std::fs::read_to_string(here.path("cloud-account").join("case.json")).unwrap();
    let case: weir_model::case::Case = serde_json::from_str(&case).unwrap();
    let first = &case.incident.recommendations[0].text;
    assert!(
        first.starts_with("Disable the users and access keys named") && first.contains(":user/bert-jan`"),
        "{first}"
    );
    let kept_out =
        |r: &weir_model::case::Recommendation| r.text.starts_with("Take away what the same hand made");
    assert!(case.incident.recommendations[..3].iter().any(kept_out));
    // What several findings share is drawn once.
    let report = here.said(&["report", "cloud-account", "--format", "html"]);
    let drawn = report.matches("<svg class=\"trace\"").count();
    assert!(
        drawn > 0 && drawn < case.traces.len() && report.contains("is drawn with the finding"),
        "{drawn}"
    );
    let flow = case.series.iter().find(|s| s.name == "flow").unwrap();
    assert!(flow.points.len() > 1, "an hour of logs is more than one block");
    // Findings of one hand are each drawn from where they began.
    for finding in case.findings.iter().filter(|f| case.traces.contains_key(&f.id)) {
        let nodes = &case.traces[&finding.id].nodes;
        let mut seeds = nodes.iter().filter(|node| node.role == "seed");
        assert!(seeds.all(|node| finding.entities.contains(&node.entity)), "{}", finding.title);
    }
}

/// Without code blocks and code in sentences: names of logs, and queries.
fn without_code(report: &str) -> String {
    let blocks = report.split("```").step_by(2).collect::<String>();
    blocks.split('`').step_by(2).collect()
}
