//! Numbers and statements of a report, found again in its case: for every sample, and for reports and cases that were falsified.

#[path = "check/mod.rs"]
mod check;

use crate::{
    all,
    samples::{self, judged, many, shop},
    text,
};
use check::{Read, text::Block, token::tokens};
use weir_model::{
    Finding, Severity,
    case::{Case, Period},
};

fn cases() -> Vec<(&'static str, Case)> {
    let more = [("thirty", many::case(30)), ("outside", outside()), ("cut", cut()), ("gone", gone())];
    all().into_iter().chain(more).collect()
}

/// Records were read, and none is of the time asked for.
fn outside() -> Case {
    let mut case = samples::quiet();
    let Period { first, last } = case.period.take().unwrap();
    case.coverage.clear();
    let read = &mut case.intake[0];
    (read.first_time, read.last_time) = (Some(first), Some(last));
    case
}

/// More findings than are told in full, each with its scope, and advice because of the last; more sensors than the words beside a picture name.
fn cut() -> Case {
    let mut case = shop::case();
    let shown = case.findings[0].clone();
    case.findings = (0..130).map(|i| Finding { id: format!("{i:016x}"), ..shown.clone() }).collect();
    case.finding_scopes = case.findings.iter().map(|f| (f.id.clone(), case.scope.clone())).collect();
    case.incident.recommendations =
        vec![samples::advice(Severity::Low, "Look at the last one.", &[&case.findings[129].id])];
    let sensor = case.coverage[0].clone();
    case.coverage.extend(
        (0..20).map(|i| weir_model::case::Coverage { sensor: format!("edge-x{i}"), ..sensor.clone() }),
    );
    case.suppressed_subjects = Some(12);
    case.reported = Some(3_370);
    case
}

/// Advice because of a finding that no longer arises.
fn gone() -> Case {
    let mut case = judged::case();
    let superseded = case.findings.iter().find(|f| !f.stands()).unwrap().id.clone();
    case.incident.lessons = vec![samples::advice(Severity::Low, "It was so once.", &[&superseded])];
    case
}

fn markdown(case: &Case) -> Vec<String> {
    check::in_markdown(&text("case", case), &text("markdown", case))
}

#[test]
fn each_number_is_of_the_case_and_each_statement_is_cited_or_unknown() {
    let faults = cases().into_iter().flat_map(|(name, case)| {
        let faults = check::faults(&text("case", &case), &text("markdown", &case), &text("html", &case));
        faults.into_iter().map(move |fault| format!("{name}: {fault}"))
    });
    let faults: Vec<String> = faults.collect();
    assert!(faults.is_empty(), "{} at fault\n{}", faults.len(), faults.join("\n"));
}

/// What is right in a report of the shop, and what it is falsified to: each kind of fact and each named derivation.
const FALSE: [(&str, &str); 26] = [
    ("21,313 people (at", "21,314 people (at"),
    ("at most 24,806)", "at most 24,807)"),
    ("of 318,400 held", "of 318,401 held"),
    ("over 196 days.", "over 195 days."),
    ("14 Apr 2025, 03:12:55", "14 Apr 2025, 03:12:56"),
    ("14 Apr 2025, 03:12:55", "15 Apr 2025, 03:12:55"),
    ("1 critical, 1 high", "3 critical, 1 high"),
    ("have 1 gap.", "have 2 gaps."),
    ("+ 148,053 more", "+ 148,054 more"),
    ("12 Apr 2025 with 149,400", "13 Apr 2025 with 149,400"),
    ("149,400 records", "149,401 records"),
    ("152,976 records", "152,977 records"),
    ("21,300 people between", "21,299 people between"),
    ("1 in 500,000", "1 in 500,001"),
    ("first 24 of 41;", "first 23 of 41;"),
    ("first 24 of 41;", "first 24 of 43;"),
    ("449 a day (median", "448 a day (median"),
    ("the 43 days before", "the 44 days before"),
    ("highest of 4 days", "highest of 5 days"),
    ("6.69 % of", "6.68 % of"),
    ("(402.6 MB)", "(402.7 MB)"),
    ("1,307,586 | 228 |", "1,307,586 | 227 |"),
    ("+ 441 = 24,806. Each", "+ 441 = 24,807. Each"),
    ("21,313 + 3,052 +", "21,313 + 3,051 +"),
    ("have 24,365 rows, each", "have 24,366 rows, each"),
    ("21,313 people by id", "21,314 people by id"),
];

#[test]
fn a_falsified_number_is_reported() {
    let (case, report) = (text("case", &shop::case()), text("markdown", &shop::case()));
    for (right, wrong) in FALSE {
        assert!(report.contains(right), "{right}");
        let faults = check::in_markdown(&case, &report.replacen(right, wrong, 1));
        assert!(!faults.is_empty(), "{wrong}");
    }
    let html = text("html", &shop::case());
    for (right, wrong) in [
        ("at byte 8,503,744", "at byte 8,503,745"),
        (">149,400 records", ">149,401 records"),
        ("148,056", "148,057"),
    ] {
        let faults = check::in_html(&case, &html.replacen(right, wrong, 1));
        assert!(!html.contains(right) || !faults.is_empty(), "{wrong}");
    }
}

/// Every number of three digits and more, every day and every instant of a report, each with its last digit changed: next to none can be so by chance.
#[test]
fn nearly_every_number_with_one_digit_changed_is_reported() {
    for (name, case) in [("shop", shop::case()), ("cloud", samples::cloud::case())] {
        let read = Read::of(&text("case", &case));
        let (mut made, mut missed) = (0, Vec::new());
        for block in check::text::of_markdown(&text("markdown", &case)) {
            // How many more there are is looked up with the records that stand before it.
            let more = |end: usize| block.text[end..].starts_with(" more");
            for token in tokens(&block.text).into_iter().filter(|t| t.at.len() > 2 && !more(t.at.end)) {
                let falsified = Block { text: falsified(&block.text, token.at.end - 1) };
                made += 1;
                if read.numbers(std::slice::from_ref(&falsified)).is_empty() {
                    missed.push(falsified.text);
                }
            }
        }
        let told = format!("{name}: {} of {made} missed\n{}", missed.len(), missed.join("\n"));
        assert!(made > 80 && missed.len() * 50 < made, "{told}");
    }
}

/// A text with one more in place of a digit.
fn falsified(text: &str, at: usize) -> String {
    let digit = (text.as_bytes()[at] - b'0' + 1) % 10;
    format!("{}{digit}{}", &text[..at], &text[at + 1..])
}

#[test]
fn a_falsified_case_is_reported() {
    let report = text("markdown", &shop::case());
    let falsify: [fn(&mut Case); 6] = [
        |case| case.totals.parsed += 1,
        |case| case.scope.subjects = Some(weir_model::case::Bounds { lower: 21_312, upper: Some(24_806) }),
        |case| case.timeline[0].time.0 += 1_000_000,
        |case| case.findings[0].severity = Severity::Low,
        |case| drop(case.coverage[0].days.pop_first()),
        |case| case.series[0].points.iter_mut().for_each(|p| p.1 += 1.0),
    ];
    for (i, falsify) in falsify.iter().enumerate() {
        let mut case = shop::case();
        falsify(&mut case);
        assert!(!check::in_markdown(&text("case", &case), &report).is_empty(), "falsified case {i}");
        assert_eq!(markdown(&case), Vec::<String>::new(), "its own report {i}");
    }
}

/// What makes a statement of the shop's report one without ground.
const UNGROUNDED: [(&str, &str); 5] = [
    ("  \n  <sub>`edge-1/access.log.7.gz:40112`, `:40119`, `:40126` + 148,053 more</sub>", ""),
    ("`edge-1/access.log.7.gz:40112`", "`edge-1/access.log.7.gz:40111`"),
    ("`edge-1/access.log.7.gz:40112`", "`edge-9/access.log.7.gz:40112`"),
    ("(see coverage)", "(see the weather)"),
    ("**Unknown.** Needed: the reader’s own systems.", "**Unknown.**"),
];

#[test]
fn a_statement_without_ground_is_reported() {
    let (case, report) = (text("case", &shop::case()), text("markdown", &shop::case()));
    for (right, wrong) in UNGROUNDED {
        assert!(report.contains(right), "{right}");
        assert_eq!(check::in_markdown(&case, &report.replacen(right, wrong, 1)).len(), 1, "{wrong}");
    }
    let html = text("html", &shop::case());
    for (right, wrong) in [
        ("<section id=\"coverage\"", "<section id=\"covered\""),
        ("<section id=\"scope\"", "<section id=\"whose\""),
        ("href=\"#finding-77b1d02e9ac45f10\"", "href=\"#finding-77b1d02e9ac45f11\""),
        ("<div class=\"cites\">", "<div>"),
        ("title=\"edge-1/access.log.7.gz\">edge-1", "title=\"edge-1/access.log.7.gz\">edge-9"),
        (
            "<span class=\"mark\">Unknown</span> Needed: the reader’s own systems.",
            "<span class=\"mark\">Unknown</span>",
        ),
    ] {
        assert!(html.contains(right), "{right}");
        assert!(!check::in_html(&case, &html.replacen(right, wrong, 1)).is_empty(), "{wrong}");
    }
}

/// Cases that were computed: `WEIR_REPORT_CASES=DIR` names a folder of case folders, each written again by this build and checked.
#[test]
fn computed_cases_say_only_what_they_hold() {
    let Some(dir) = std::env::var_os("WEIR_REPORT_CASES") else { return };
    for entry in std::fs::read_dir(dir).unwrap() {
        let folder = entry.unwrap().path();
        let case: Case =
            serde_json::from_str(&std::fs::read_to_string(folder.join("case.json")).unwrap()).unwrap();
        let faults = check::faults(&text("case", &case), &text("markdown", &case), &text("html", &case));
        assert!(faults.is_empty(), "{}: {} at fault\n{}", folder.display(), faults.len(), faults.join("\n"));
    }
}
