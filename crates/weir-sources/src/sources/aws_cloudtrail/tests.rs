//! What CloudTrail events become, on a fixture of our own and on published attack runs.

use super::AwsCloudtrail;
use crate::source::{FileOptions, Head, Source, Sure};
use crate::testing::{Read, Row, read, shared, shared_files, shared_zip, shown};
use serde_json::value::RawValue;

const EVENTS: &str = include_str!("../../../fixtures/aws_cloudtrail/events.json");

fn records(text: &str) -> Vec<&str> {
    #[derive(serde::Deserialize)]
    struct Delivered<'a> {
        #[serde(rename = "Records", borrow)]
        records: Vec<&'a RawValue>,
    }
    let list: Vec<&RawValue> = match serde_json::from_str::<Delivered<'_>>(text) {
        Ok(delivered) => delivered.records,
        Err(_) => serde_json::from_str(text).unwrap(),
    };
    list.into_iter().map(RawValue::get).collect()
}

fn parse(records: &[&str]) -> Read {
    read(&AwsCloudtrail, records, &FileOptions::default())
}

fn sure(text: &str) -> Sure {
    AwsCloudtrail.recognise(&Head { bytes: text.as_bytes(), path: "x.json" })
}

/// Every session token a text holds, and the forms STS tokens begin with.
fn assert_no_token(raw: &str, rows: &[Row]) {
    let tokens: Vec<&str> =
        raw.split("\"sessionToken\"").skip(1).filter_map(|rest| rest.split('"').nth(1)).collect();
    for value in rows.iter().flat_map(Row::values) {
        for token in tokens.iter().filter(|t| t.len() > 8) {
            assert!(!value.contains(token), "a session token in {value}");
        }
        for form in ["FwoGZXIvYXdz", "IQoJb3JpZ2lu", "FQoGZXIvYXdz"] {
            assert!(!value.contains(form), "an STS token in {value}");
        }
    }
}

#[test]
fn each_kind_of_event_becomes_its_row() {
    let read = parse(&records(EVENTS));
    assert_eq!(read.rejected, [""; 0]);
    assert_eq!(read.sensor.as_deref(), Some("aws_cloudtrail:111122223333:eu-west-1"));
    assert_no_token(EVENTS, &read.rows);
    assert!(!shown(&read.rows).contains("c2Vzc2lvbi10b2tlbi1"), "the token under another name");
    insta::assert_snapshot!(shown(&read.rows));
}

#[test]
fn a_key_in_use_joins_to_the_event_that_issued_it() {
    let rows = parse(&records(EVENTS)).rows;
    let issue = rows.iter().find(|r| r["activity"] == "issue").unwrap();
    let used = rows.iter().find(|r| r.get("operation").is_some_and(|o| o == "GetObject")).unwrap();
    assert_eq!(issue["credential"], used["credential"]);
    assert_eq!(issue["user"], used["actor"]);
    assert_eq!(issue["granted"], used["actor_issuer"]);
    assert_eq!(issue["expires"], "2024-03-01T09:00:00Z");
}

#[test]
fn wrapped_events_are_the_same_event() {
    let all = records(EVENTS);
    let plain = all[4];
    let want = parse(&[plain]).rows;
    let quoted = serde_json::to_string(plain).unwrap();
    for wrapped in [
        format!(r#"{{"EventId":"e5","CloudTrailEvent":{quoted}}}"#),
        format!(r#"{{"version":"0","detail-type":"AWS API Call via CloudTrail","detail":{plain}}}"#),
        format!(r#"{{"_index":"x","_source":{plain}}}"#),
        format!(r#"{{"_index":"x","_source":{{"message":{quoted}}}}}"#),
        format!(r#"{{"rule":"r","alert":true,"log":{plain}}}"#),
        plain.replace("\"eventTime\"", "\"@timestamp\""),
    ] {
        assert_eq!(parse(&[&wrapped]).rows, want, "{wrapped}");
        assert_eq!(sure(&wrapped), Sure::Certain, "{wrapped}");
    }
}

#[test]
fn only_cloudtrail_is_recognised() {
    for text in [EVENTS, records(EVENTS)[0], &format!("[{}]", records(EVENTS)[0])] {
        assert_eq!(sure(text), Sure::Certain);
    }
    let cut: String = EVENTS.chars().take(900).collect();
    assert_eq!(sure(&cut), Sure::Likely, "a first event longer than the head");
    assert_eq!(
        sure(r#"{"eventVersion":"1.07","eventCategory":"Insight","insightDetails":{"state":"Start"}}"#),
        Sure::Certain
    );
    for text in [
        "",
        "{",
        "127.0.0.1 - - eventSource eventName awsRegion userIdentity .amazonaws.com",
        r#"{"awsAccountId":"1","digestStartTime":"2024-03-01T08:00:00Z","logFiles":[]}"#,
        r#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"eu-west-1","eventTime":"2024-03-01T08:00:00Z","eventName":"ObjectCreated:Put","userIdentity":{"principalId":"x"}}]}"#,
        r#"{"eventName":5,"eventSource":[]}"#,
        r#"{"time":"2024-03-01T08:00:00Z","method":"GET","path":"/","status":200}"#,
    ] {
        assert_eq!(sure(text), Sure::No, "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_rejected_with_its_reason() {
    let cases = [
        ("", "not a JSON object"),
        ("[1,2]", "not a JSON object"),
        (r#"{"eventName":"#, "not a JSON object"),
        (r#"{"a":1}"#, "not a CloudTrail event"),
        (r#"{"eventSource":{},"eventName":"GetObject"}"#, "not a CloudTrail event"),
        (r#"{"eventSource":"s3.amazonaws.com","eventName":"GetObject"}"#, "no event time"),
        (r#"{"eventSource":"s3.amazonaws.com","eventName":"GetObject","eventTime":null}"#, "no event time"),
        (
            r#"{"eventSource":"s3.amazonaws.com","eventName":"GetObject","eventTime":"yesterday"}"#,
            "unreadable event time",
        ),
        (
            r#"{"eventSource":"s3.amazonaws.com","eventName":"GetObject","eventTime":"0001-01-01T00:00:00Z"}"#,
            "time out of range",
        ),
        (
            r#"{"eventTime":"2024-03-01T08:00:00Z","eventID":"i","insightDetails":{"state":"Start"}}"#,
            "insight, no event",
        ),
    ];
    for (record, reason) in cases {
        assert_eq!(parse(&[record]).rejected, [reason], "{record}");
    }
}

#[test]
fn fields_of_the_wrong_type_cost_only_themselves() {
    let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let fields = [
        "userIdentity",
        "sourceIPAddress",
        "userAgent",
        "requestParameters",
        "responseElements",
        "additionalEventData",
        "resources",
        "eventID",
        "readOnly",
        "eventType",
        "recipientAccountId",
        "awsRegion",
        "errorMessage",
        "tlsDetails",
        "serviceEventDetails",
    ];
    for (service, operation) in
        [("s3", "GetObject"), ("sts", "AssumeRole"), ("iam", "CreateUser"), ("signin", "ConsoleLogin")]
    {
        for value in [
            "null",
            "7",
            "true",
            "1e999",
            "-99999999999999999999999",
            "\"\\ud800\"",
            "[[]]",
            "{\"arn\":{}}",
            "{\"\":[null]}",
            &deep,
        ] {
            let all: String = fields.iter().map(|f| format!(",\"{f}\":{value}")).collect();
            let record = format!(
                r#"{{"eventTime":"2024-03-01T08:00:00Z","eventSource":"{service}.amazonaws.com","eventName":"{operation}"{all}}}"#
            );
            let read = parse(&[&record]);
            assert_eq!((read.rows.len(), read.rejected.len()), (1, 0), "{service} {value:.40}");
        }
    }
}

#[test]
fn an_event_cut_anywhere_is_rejected_and_never_a_row() {
    for record in records(EVENTS) {
        for (cut, _) in record.char_indices() {
            let read = parse(&[&record[..cut]]);
            assert_eq!((read.rows.len(), read.rejected.len()), (0, 1), "{cut}");
        }
    }
}

#[test]
fn a_whole_attack_run_is_parsed() {
    let files = shared_files("invictus-cloudtrail/CloudTrail", "json");
    if files.is_empty() {
        return;
    }
    let mut rows = Vec::new();
    for (path, text) in &files {
        assert_eq!(sure(&text[..text.len().min(65_536)]), Sure::Certain, "{}", path.display());
        let read = parse(&records(text));
        assert_eq!(read.rejected, [""; 0], "{}", path.display());
        assert!(
            read.sensor.is_some_and(|s| s.starts_with("aws_cloudtrail:123837392027:")),
            "{}",
            path.display()
        );
        assert_no_token(text, &read.rows);
        rows.extend(read.rows);
    }
    let count =
        |name: &str, value: &str| rows.iter().filter(|r| r.get(name).is_some_and(|v| v == value)).count();
    assert_eq!((files.len(), rows.len()), (55, 2900));
    assert_eq!(count("activity", "issue"), 49);
    assert_eq!(count("status_id", "2"), 300, "as many as have an error code");
    assert_eq!((count("operation", "CreateAccessKey"), count("credential_type", "access_key")), (2, 4));
    for name in
        ["actor", "src_ip", "event_uid", "service", "operation", "account", "region", "activity", "class_uid"]
    {
        let missing = rows.iter().filter(|r| !r.contains_key(name)).count();
        assert_eq!(missing, 0, "rows without {name}");
    }
    let created = rows.iter().find(|r| r["operation"] == "CreateAccessKey").unwrap();
    let (made, by) = (&created["credential"], &created["parent"]);
    assert!(made.starts_with("AKIA") && by.starts_with("AKIA") && made != by);
}

#[test]
fn every_detonated_technique_is_parsed() {
    let files = shared_files("stratus-detonations", "json");
    let mut parsed = 0;
    for (path, text) in &files {
        assert_eq!(sure(&text[..text.len().min(65_536)]), Sure::Certain, "{}", path.display());
        let read = parse(&records(text));
        assert_eq!(read.rejected, [""; 0], "{}", path.display());
        assert_no_token(text, &read.rows);
        parsed += read.rows.len();
    }
    assert!(files.is_empty() || (files.len(), parsed) == (20, 209));
}

#[test]
fn events_that_logstash_stamped_are_parsed() {
    let Some(text) = shared_zip("otrf/ec2_proxy_s3_exfiltration.zip") else { return };
    let lines: Vec<&str> = text.lines().collect();
    let read = parse(&lines);
    assert_eq!((read.rows.len(), read.rejected.len()), (103, 0));
    assert_eq!(sure(&lines[..5].join("\n")), Sure::Certain);
    let stolen =
        read.rows.iter().filter(|r| r["operation"] == "GetObject" && r.contains_key("bytes_out")).count();
    assert!(stolen > 0, "the theft and its size");
    assert_no_token(&text, &read.rows);
}

#[test]
fn of_labelled_events_the_real_ones_are_parsed() {
    let Some(path) = shared("labelled-events/cloudtrail.jsonl") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let read = parse(&lines);
    assert_eq!(read.rows.len() + read.rejected.len(), 463);
    let reasons = |r: &str| read.rejected.iter().filter(|x| **x == r).count();
    assert_eq!(reasons("not a CloudTrail event"), 11, "names in lower case, or no service");
    assert_eq!(
        (reasons("no event time"), reasons("unreadable event time")),
        (13, 2),
        "cut out, `redacted` and `...`"
    );
    assert_no_token(&text, &read.rows);
    assert_eq!(sure(lines[0]), Sure::Certain);
}

#[test]
fn of_other_labelled_events_none_is_taken_for_cloudtrail() {
    for (path, text) in shared_files("labelled-events", "jsonl") {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let head: String = text.lines().take(20).collect::<Vec<_>>().join("\n");
        assert_eq!(sure(&head) > Sure::No, name == "cloudtrail", "{name}");
    }
}
