//! Lines that are read, and lines that are not.

use super::*;
use crate::read::FileReader;
use crate::testing::{Row, read, shared};
use serde_json::Value;

fn row(line: &str) -> Row {
    let read = read(&WebCombined, &[line], &FileOptions::default());
    assert_eq!((read.rejected.len(), read.rows.len()), (0, 1), "{line}: {:?}", read.rejected);
    read.rows[0].clone()
}

#[track_caller]
fn check(line: &str, want: &[(&str, &str)]) {
    let row = row(line);
    for (column, value) in want {
        assert_eq!(row.get(*column).map_or("", String::as_str), *value, "{column} of {line}");
    }
}

#[test]
fn prefixes_and_what_follows_the_user_agent_are_read() {
    let end = r#"- ann [10/Oct/2000:13:55:36 -0700] "GET /a?b=1 HTTP/1.1" 200 5 "-" "x \"y\"""#;
    let all = [
        ("time", "2000-10-10T20:55:36Z"),
        ("actor", "ann"),
        ("path", "/a"),
        ("query", "b=1"),
        ("user_agent", "x \"y\""),
    ];
    check(&format!("192.0.2.7 {end}"), &all);
    check(
        &format!("shop.example:443 192.0.2.7 {end}"),
        &[("hostname", "shop.example"), ("src_ip", "192.0.2.7")],
    );
    check(
        &format!("10.0.0.1 {end} 512 0.012 \"198.51.100.4, 10.9.9.9\" \"shop.example\""),
        &[("src_ip", "198.51.100.4"), ("duration_us", "12000"), ("hostname", "shop.example")],
    );
    check(
        &format!("10.0.0.1 {end} rt=1.5 uct=\"0.000\" cs=HIT"),
        &[("duration_us", "1500000"), ("src_ip", "10.0.0.1")],
    );
    check(
        r#"10.0.0.1 - John Smith [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 -"#,
        &[("actor", "John Smith"), ("bytes_out", "")],
    );
    check(
        r#"- - - [2000-10-10T13:55:36-07:00] "GET / HTTP/1.1" 499 0"#,
        &[("src_ip", ""), ("time", "2000-10-10T20:55:36Z"), ("status_id", "2")],
    );
}

#[test]
fn a_request_that_is_none_and_quotes_that_are_not_escaped_cost_no_record() {
    check(
        r#"::1 - - [10/Oct/2000:13:55:36 -0700] "\x16\x03\x01" 400 226"#,
        &[("status_detail", r"\x16\x03\x01"), ("path", ""), ("http_method", "")],
    );
    check(r#"::1 - - [10/Oct/2000:13:55:36 -0700] "GET /a"b c HTTP/1.1" 404 226"#, &[("path", r#"/a"b c"#)]);
    check(
        r#"::1 - - [10/Oct/2000:13:55:36 -0700] "-" 408 -"#,
        &[("path", ""), ("status_detail", ""), ("status_code", "408")],
    );
}

#[test]
fn secrets_become_fingerprints_and_a_token_the_credential() {
    let prints = Fingerprints::default();
    let line = r#"::1 - - [10/Oct/2000:13:55:36 -0700] "GET /cb?id=7&access_token=s3cr3t-value HTTP/1.1" 200 1 "https://x.example/?password=hunter2" "curl""#;
    let token = prints.of("s3cr3t-value");
    check(line, &[("credential", &token), ("query", &format!("id=7&access_token={token}"))]);
    let all = format!("{:?}", row(line));
    assert!(!all.contains("s3cr3t") && !all.contains("hunter2"), "{all}");
}

#[test]
fn two_records_that_a_lost_line_break_made_one_are_not_taken_for_one() {
    let at = |second: u32| format!("192.0.2.{second} - - [01/Mar/2025:00:00:0{second} +0000]");
    let request = r#""GET /members/8812/addresses HTTP/1.1" 200 5 "-" "y""#;
    for line in [
        format!("{} \"GET / HTTP/1.1\" 200 5 \"-\" \"x\"{} {request}", at(1), at(2)),
        format!("{} \"GET / HTTP/1.1\" 200 5 \"-\" \"Mozilla/5.0 (Win{} {request}", at(1), at(2)),
        format!("{} {request}\r{} {request}", at(1), at(2)),
    ] {
        assert_eq!(read(&WebCombined, &[&line], &FileOptions::default()).rejected.len(), 1, "{line}");
    }
    // What a client says of itself has its quotes escaped, and hides no record.
    let told = r#"Mozilla/5.0 - - [01/Mar/2025:00:00:02 +0000] \"GET /"#;
    check(&format!("{} \"GET / HTTP/1.1\" 200 5 \"-\" \"{told}\"", at(1)), &[("path", "/")]);
}

#[test]
fn what_is_not_understood_is_rejected_with_its_reason() {
    for (line, reason) in [
        ("hello", NO_STAMP),
        ("1.2.3.4 - - [10/Oct/2000:13:55:36 -0700", NO_STAMP),
        ("1.2.3.4 - - [99/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 200 1", BAD_STAMP),
        ("1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] GET / 200 1", NO_REQUEST),
        ("1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" two 1", BAD_STATUS),
        ("what is <this> - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 200 1", BAD_CLIENT),
        (
            "1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\" 9 0.1 [up] []",
            BAD_REST,
        ),
    ] {
        assert_eq!(read(&WebCombined, &[line], &FileOptions::default()).rejected, [reason], "{line}");
    }
}

/// Where the row differs from filebeat's document on purpose: file, line, column, why.
const DISAGREEMENTS: &[(&str, usize, &str, &str)] = &[];

#[test]
fn filebeats_access_logs_agree_with_their_expected_documents() {
    let Some(root) = shared("filebeat-modules") else { return };
    let mut seen = 0;
    for module in ["nginx", "apache"] {
        let folder = root.join(module).join("access/test");
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        files.retain(|f| f.extension().is_some_and(|e| e == "log"));
        files.sort();
        for path in files {
            let name = format!("{module}/{}", path.file_name().unwrap().to_string_lossy());
            let opened = FileReader::open(&path, &name, &FileOptions::default(), None).ok().unwrap();
            assert_eq!(opened.source().info().name, "web_combined", "{name}");
            let text = std::fs::read_to_string(&path).unwrap();
            let lines: Vec<&str> = text.lines().filter(|l| !l.is_empty()).collect();
            let expected = std::fs::read_to_string(format!("{}-expected.json", path.display())).unwrap();
            let expected: Vec<Value> = serde_json::from_str(&expected).unwrap();
            assert_eq!(lines.len(), expected.len());
            for (i, (line, document)) in lines.iter().zip(&expected).enumerate() {
                agree(&name, i + 1, &row(line), document);
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 59);
}

fn agree(file: &str, line: usize, row: &Row, document: &Value) {
    let text = |name: &str| match &document[name] {
        Value::String(s) => s.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let time = row["time"].replace('Z', ".000Z");
    let path = row.get("path").cloned().unwrap_or_default();
    let target = match row.get("query") {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let address =
        if document["source.address"].is_null() { text("source.ip") } else { text("source.address") };
    let user = text("user.name").replace('-', "");
    for (column, got, want) in [
        ("time", time, text("@timestamp")),
        ("src_ip", row.get("src_ip").cloned().unwrap_or_default(), address),
        ("actor", row.get("actor").cloned().unwrap_or_default(), user),
        ("http_method", row.get("http_method").cloned().unwrap_or_default(), text("http.request.method")),
        ("path", target, text("url.original")),
        (
            "status_code",
            row.get("status_code").cloned().unwrap_or_default(),
            text("http.response.status_code"),
        ),
        ("bytes_out", row.get("bytes_out").cloned().unwrap_or_default(), text("http.response.body.bytes")),
    ] {
        let listed = DISAGREEMENTS.iter().any(|(f, l, c, _)| *f == file && *l == line && *c == column);
        assert_eq!(got != want, listed, "{file}:{line} {column}: {got:?} here, {want:?} there");
    }
}

#[test]
fn what_is_no_access_log_is_not_taken_for_one() {
    let Some(root) = shared("filebeat-modules") else { return };
    for other in ["nginx/ingress_controller/test/test.log", "nginx/error/test/error.log"] {
        let refused =
            FileReader::open(&root.join(other), other, &FileOptions::default(), None).err().unwrap();
        assert_eq!((refused.source.as_deref(), refused.records), (None, 0), "{other}");
        assert!(refused.reasons.keys().any(|r| r.starts_with("no known format: ")), "{:?}", refused.reasons);
    }
}

#[test]
fn ten_thousand_real_lines_are_all_accounted() {
    let Some(root) = shared("web-background") else { return };
    let mut reader =
        FileReader::open(&root.join("apache_logs"), "apache_logs", &FileOptions::default(), None)
            .ok()
            .unwrap()
            .start(1, 2);
    let mut rows = 0;
    while let Some(chunk) = reader.next_chunk() {
        rows += chunk.batches.iter().map(|(_, b)| b.num_rows()).sum::<usize>();
        assert!(chunk.rejects.is_empty(), "{:?}", chunk.rejects);
    }
    let intake = reader.finish();
    assert_eq!(
        (rows, intake.parsed, intake.rejected, intake.lines, intake.lines_without_record),
        (10_000, 10_000, 0, 10_000, 0)
    );
    assert!(intake.balanced());
}

#[test]
fn a_clock_out_of_range_is_rejected() {
    let line = r#"192.0.2.1 - - [10/Oct/2101:00:00:00 +0000] "GET / HTTP/1.1" 200 1"#;
    let read = crate::testing::read(
        &crate::sources::web_combined::WebCombined,
        &[line],
        &crate::source::FileOptions::default(),
    );
    assert_eq!(read.rejected, [crate::source::TIME_OUT_OF_RANGE]);
}

const USUAL: &str = r#"192.0.2.7 - ann [10/Oct/2000:13:55:36 -0700] "GET /a?b=1 HTTP/1.1" 200 5 "https://shop.example/" "x y/1""#;

proptest::proptest! {
    /// What the usual form's own reader takes is what the reader of any form makes of it.
    #[test]
    fn the_usual_form_is_read_as_any_is(
        changes in proptest::collection::vec((0..USUAL.len(), "[ \"\\[\\]\\-,:0-9a\u{3000}\t]{0,2}"), 0..4),
    ) {
        let mut line = USUAL.to_owned();
        for (at, text) in changes {
            let at = (0..=at.min(line.len())).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
            let to = line[at..].chars().next().map_or(at, |c| at + c.len_utf8());
            line.replace_range(at..to, &text);
        }
        if let Some(usual) = Line::usual(&line, &mut ClfClock::default()) {
            let any = Line::any(&line, &mut ClfClock::default(), None).unwrap();
            proptest::prop_assert_eq!(usual, Line { plain: true, ..any });
        }
    }
}

#[test]
fn the_usual_form_is_taken_by_its_own_reader() {
    let mut clock = ClfClock::default();
    assert!(Line::usual(USUAL, &mut clock).is_some());
    for line in [USUAL.replace("ann", "-"), USUAL.replace("https://shop.example/", "-")] {
        assert!(Line::usual(&line, &mut clock).is_some(), "{line}");
    }
}
