//! Framings, broken elements and what follows them.

use crate::read::lines::tests::pieces;
use crate::source::Framing;

const RECORDS: Framing = Framing::Json { array_key: Some("Records") };

#[track_caller]
fn check(content: &str, want: &[&str]) {
    for step in 1..=content.len().max(1) {
        let (got, lines) = pieces(RECORDS, content.as_bytes(), step);
        assert_eq!(got, want, "in steps of {step}");
        assert_eq!(usize::try_from(lines).unwrap(), content.lines().count());
    }
}

#[test]
fn every_framing_gives_its_elements() {
    check("{\"a\":1}\n{\"b\":\"x}\\\"{\"}\r\n", &["1@0 {\"a\":1}", "2@8 {\"b\":\"x}\\\"{\"}"]);
    check("\u{feff}{\"a\":1} {\"b\":2}{}", &["1@3 {\"a\":1}", "1@11 {\"b\":2}", "1@18 {}"]);
    check("[{\"a\":[1,{\"c\":[]}]},\n {\"b\":2}]\n", &["1@1 {\"a\":[1,{\"c\":[]}]}", "2@22 {\"b\":2}"]);
    check("{\"Records\":[{\"a\":1},{\"b\":2}]}", &["1@12 {\"a\":1}", "1@20 {\"b\":2}"]);
    check(
        "{ \"v\": [1], \"Records\" :\n [\n {\"a\":1}\n ], \"x\": {}}\n{\"q\":1}",
        &["3@28 {\"a\":1}", "5@49 {\"q\":1}"],
    );
    check("{\"Records\":[]}", &[]);
    check("{\"x\":{\"Records\":[1]}}", &["1@0 {\"x\":{\"Records\":[1]}}"]);
    check("{\"Records\":\"no\"}", &["1@0 {\"Records\":\"no\"}"]);
    check("", &[]);
}

#[test]
fn a_broken_element_is_one_reject_and_the_next_is_read() {
    check("{\"a\":\"x\n{\"a\":2}\n", &["1@0 +8 broken JSON", "2@8 {\"a\":2}"]);
    check("{\"a\":1\n{\"a\":2}\n", &["1@0 +7 broken JSON", "2@7 {\"a\":2}"]);
    check("{\"a\":[1}}\n{\"a\":2}", &["1@0 +10 broken JSON", "2@10 {\"a\":2}"]);
    check(
        "junk\n{\"a\":2}\n7\n",
        &["1@0 +4 not a JSON object", "2@5 {\"a\":2}", "3@13 +1 not a JSON object"],
    );
    check("[1,{\"a\":2}]", &["1@1 +1 not a JSON object", "1@3 {\"a\":2}"]);
    check(
        "{\"Records\":[{\"a\":1},{\"a\":[2},{\"c\":{\"a\":0}},{ \"a\":3}]}",
        // What looks like the first element's beginning inside a broken one cannot be told apart.
        &[
            "1@12 {\"a\":1}",
            "1@20 +14 broken JSON",
            "1@34 {\"a\":0}",
            "1@41 +1 not a JSON object",
            "1@43 { \"a\":3}",
        ],
    );
}

#[test]
fn a_line_cut_anywhere_costs_no_other_line() {
    let lines = ["{\"a\":1}", "{\"a\":{\"b\":[1,{\"c\":\"}\"}]},\"d\":true}", "{\"x\":2}", "{\"a\":3}"];
    for framing in [Framing::Json { array_key: None }, RECORDS] {
        let whole = lines[1].len();
        for cut in 1..whole {
            let tail = lines[1].as_bytes()[cut - 1];
            if framing == RECORDS && cut > 10 && cut < 21 && matches!(tail, b'[' | b',') {
                continue; // Under a known key an array's elements may stand on lines of their own.
            }
            let text = format!("{}\n{}\n{}\n{}\n", lines[0], &lines[1][..cut], lines[2], lines[3]);
            let (got, _) = pieces(framing, text.as_bytes(), text.len());
            let broken = format!("2@8 +{} broken JSON", cut + 1);
            let (third, fourth) = (9 + cut, 9 + cut + 8);
            let want = [
                format!("1@0 {}", lines[0]),
                broken,
                format!("3@{third} {}", lines[2]),
                format!("4@{fourth} {}", lines[3]),
            ];
            assert_eq!(got, want, "cut to `{}`", &lines[1][..cut]);
        }
    }
}

#[test]
fn pretty_printed_values_are_whole() {
    check(
        "{\n\"a\":\n{\n\"b\": [\n{\"c\":1},\n{\"c\":2}\n]\n}\n}\n",
        &["1@0 {\n\"a\":\n{\n\"b\": [\n{\"c\":1},\n{\"c\":2}\n]\n}\n}"],
    );
    check(
        "{\"Records\":[\n{\"a\":1},\n{\"a\":[\n{\"b\":2}]}\n]}\n",
        &["2@13 {\"a\":1}", "3@22 {\"a\":[\n{\"b\":2}]}"],
    );
    check("{\"x\":[\n{\"y\":1}\n],\"Records\":[{\"a\":1}]}\n", &["3@28 {\"a\":1}"]);
}

#[test]
fn what_ends_early_says_so() {
    check("{\"a\":1}\n{\"a\":", &["1@0 {\"a\":1}", "2@8 +5 JSON ends in the middle of a value"]);
    check("{\"Records\":[{\"a\":1}", &["1@12 {\"a\":1}", "1@19 +0 JSON ends before its array does"]);
    check("{\"Records\":[{\"a\":1},{\"a", &["1@12 {\"a\":1}", "1@20 +3 JSON ends in the middle of a value"]);
}

#[test]
fn a_second_wrapper_after_a_cut_one_is_opened() {
    check(
        "{\"Records\":[{\"a\":1},{\"a\":\"x\n{\"Records\":[{\"a\":2}]}\n",
        &["1@12 {\"a\":1}", "1@20 +8 broken JSON", "2@40 {\"a\":2}"],
    );
}

#[test]
fn an_element_too_large_is_one_reject() {
    let big = format!("{{\"a\":\"{}\"}}\n{{\"b\":1}}\n", "x".repeat(super::ELEMENT_MAX));
    for step in [1 << 16, big.len()] {
        let (got, _) = pieces(RECORDS, big.as_bytes(), step);
        assert_eq!(got.len(), 2);
        assert!(got[0].ends_with("JSON value larger than 16 MiB"), "{}", got[0]);
        assert!(got[1].ends_with("{\"b\":1}"));
    }
    let deep = format!("{{\"a\":{}\n{{\"b\":1}}\n", "[".repeat(super::NESTING_MAX));
    let (got, _) = pieces(RECORDS, deep.as_bytes(), 1 << 16);
    assert!(got[0].ends_with("JSON nested too deeply") && got[1].ends_with("{\"b\":1}"));
}
