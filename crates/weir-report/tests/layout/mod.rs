//! `report.html` as a reader sees it, laid out by Chromium: nothing cut, overlapping or empty, on a phone, a tablet, a desk and paper.
//!
//! Decisive choice: what is asserted is measured in the page (`measure.js`): lines of text and labels by where their letters stand. That the
//! measure sees is itself tested, on a page that has each fault.

mod browser;

use crate::{all, samples::*, text};
use browser::{Browser, Shown, browser};
use serde_json::Value;
use weir_model::case::Case;

const MEASURE: &str = include_str!("measure.js");

/// What reports are read on; the last is A4 less its margins.
const SHOWN: [Shown; 4] = [
    Shown { width: 390, medium: "screen", scheme: "light" },
    Shown { width: 820, medium: "screen", scheme: "dark" },
    Shown { width: 1280, medium: "screen", scheme: "light" },
    Shown { width: 673, medium: "print", scheme: "light" },
];

/// What is wrong with a page on each of them.
fn faults(browser: &mut Browser, page: &str) -> Vec<(Shown, Value)> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("report.html");
    std::fs::write(&file, page).unwrap();
    browser.open(&file);
    SHOWN.map(|shown| (shown, browser.measured(shown, MEASURE))).into()
}

fn is_laid_out(browser: &mut Browser, name: &str, case: &Case, pictures: u64) {
    for (language, case) in [("English", case.clone()), ("Korean", in_korean(case.clone()))] {
        let page = text("html", &case);
        for (shown, seen) in faults(browser, &page) {
            let at = format!("{name}, {language}, {shown:?}");
            assert_eq!(seen["faults"], serde_json::json!([]), "{at}");
            assert!(seen["lines"].as_u64() > Some(100), "{at}: {} lines", seen["lines"]);
            assert!(seen["pictures"].as_u64() >= Some(pictures), "{at}: {} pictures", seen["pictures"]);
        }
    }
}

#[test]
fn every_sample_is_laid_out_whole() {
    let Some(mut browser) = browser() else { return };
    for (name, case) in all() {
        let pictures = if ["quiet", "nothing"].contains(&name) { 0 } else { 3 };
        is_laid_out(&mut browser, name, &case, pictures);
    }
}

/// One finding, thirty, three hundred: as many pictures as findings told in full, and the three of the case.
#[test]
fn one_finding_thirty_and_three_hundred_are_laid_out_whole() {
    let Some(mut browser) = browser() else { return };
    for findings in [1, 30, 300] {
        let told = findings.min(100) as u64;
        is_laid_out(&mut browser, &format!("{findings} findings"), &many::case(findings), told + 3);
    }
}

/// A page with every fault that is looked for: the measure must tell each.
#[test]
fn the_measure_sees_what_is_wrong() {
    let Some(mut browser) = browser() else { return };
    let page = include_str!("faulty.html");
    let seen = faults(&mut browser, page);
    let told: Vec<&str> = seen[0].1["faults"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for fault in [
        "px too wide",
        "a label leaves the picture: out",
        "a label leaves its box: much too long",
        "labels meet: one / two",
        "nothing is drawn: empty",
        "a figure without a picture: none",
        "words of no size: zero",
        "words of 4 px: tiny",
        "words meet: under / over",
        "words leave their place: unbreakable",
        "cut: clipped",
        "a word is broken: broken",
    ] {
        assert!(told.iter().any(|line| line.contains(fault)), "{fault}: {told:#?}");
    }
}
