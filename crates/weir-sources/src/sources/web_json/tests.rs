//! Lines that are read, and lines that are not.

use super::*;
use crate::read::FileReader;
use crate::secrets::Fingerprints;
use crate::testing::{Row, read, shared};

fn row_with(line: &str, fields: &[(&str, &str)]) -> Row {
    let fields = fields.iter().map(|(c, f)| ((*c).to_owned(), (*f).to_owned())).collect();
    let read = read(&WebJson, &[line], &FileOptions { fields, ..FileOptions::default() });
    assert_eq!((read.rejected.len(), read.rows.len()), (0, 1), "{line}: {:?}", read.rejected);
    read.rows[0].clone()
}

#[track_caller]
fn check(line: &str, want: &[(&str, &str)]) {
    let row = row_with(line, &[]);
    for (column, value) in want {
        assert_eq!(row.get(*column).map_or("", String::as_str), *value, "{column} of {line}");
    }
}

const CADDY: &str = r#"{"level":"info","ts":1646861401.5241024,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"198.51.100.7","remote_port":"41342","client_ip":"198.51.100.7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/members/8812?x=1","headers":{"User-Agent":["curl/7.82.0"],"Authorization":["REDACTED"],"Cookie":["REDACTED"]},"tls":{"version":772}},"bytes_read":0,"user_id":"ann","duration":0.000929675,"size":10900,"status":200,"resp_headers":{"Server":["Caddy"]}}"#;

#[test]
fn caddy_nginx_traefik_and_ecs_are_read() {
    check(
        CADDY,
        &[
            ("time", "2022-03-09T21:30:01.524102Z"),
            ("src_ip", "198.51.100.7"),
            ("actor", "ann"),
            ("http_method", "GET"),
            ("hostname", "shop.example"),
            ("path", "/members/8812"),
            ("query", "x=1"),
            ("user_agent", "curl/7.82.0"),
            ("credential", ""),
            ("bytes_out", "10900"),
            ("bytes_in", "0"),
            ("duration_us", "930"),
            ("status_code", "200"),
            ("protocol", "HTTP/2.0"),
            ("activity", "read"),
            ("status_id", "1"),
            ("class_uid", "4002"),
        ],
    );
    check(
        r#"{"time_local":"10/Oct/2000:13:55:36 -0700","remote_addr":"10.0.0.1","http_x_forwarded_for":"198.51.100.9","request":"POST /a HTTP/1.1","status":"403","body_bytes_sent":"0","request_time":"0.004","http_referer":"-"}"#,
        &[
            ("time", "2000-10-10T20:55:36Z"),
            ("src_ip", "198.51.100.9"),
            ("activity", "create"),
            ("path", "/a"),
            ("status_id", "2"),
            ("duration_us", "4000"),
            ("referrer", ""),
        ],
    );
    check(
        r#"{"ClientAddr":"192.0.2.1:5000","ClientHost":"192.0.2.1","ClientUsername":"-","DownstreamStatus":200,"Duration":2500000,"RequestHost":"x.example","RequestMethod":"PUT","RequestPath":"/p?q=1","RequestProtocol":"HTTP/1.1","StartUTC":"2024-01-02T03:04:05.123456789Z","time":"2024-01-02T03:04:06Z"}"#,
        &[
            ("time", "2024-01-02T03:04:06Z"),
            ("src_ip", "192.0.2.1"),
            ("actor", ""),
            ("duration_us", "2500"),
            ("activity", "update"),
            ("query", "q=1"),
        ],
    );
    check(
        r#"{"@timestamp":"2024-01-02T03:04:05Z","source":{"ip":"192.0.2.1"},"http":{"request":{"method":"GET"},"response":{"status_code":200,"body":{"bytes":7}}},"url":{"path":"/p"},"user_agent":{"original":"x"}}"#,
        &[
            ("src_ip", "192.0.2.1"),
            ("http_method", "GET"),
            ("status_code", "200"),
            ("bytes_out", "7"),
            ("user_agent", "x"),
            ("path", "/p"),
        ],
    );
}

#[test]
fn a_credential_is_a_fingerprint_and_its_key_is_named() {
    let token = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiI4ODEyIn0.c2ln";
    let line = format!(
        r#"{{"time":"2024-01-02T03:04:05Z","remote_addr":"::1","method":"GET","uri":"/t/{token}?token={token}","status":200,"http_authorization":"Bearer {token}"}}"#
    );
    let row = row_with(&line, &[]);
    let print = Fingerprints::default().of(token);
    assert_eq!((row["credential"].as_str(), row["key_uid"].as_str()), (print.as_str(), "k1"));
    assert_eq!(
        (row["path"].clone(), row["query"].clone()),
        (format!("/t/{print}"), format!("token={print}"))
    );
    assert!(!format!("{row:?}").contains("eyJ"), "{row:?}");
}

#[test]
fn a_configuration_names_columns_and_people() {
    let line = r#"{"when":1700000000,"who":{"sid":"s-1","name":"ann"},"req":{"m":"GET","p":"/x"},"member":8812,"status":200}"#;
    let row = row_with(
        line,
        &[
            ("time", "when"),
            ("credential", "who.sid"),
            ("actor", "who.name"),
            ("http_method", "req.m"),
            ("path", "req.p"),
            ("subject.member", "member"),
        ],
    );
    assert_eq!(
        (row["time"].as_str(), row["actor"].as_str(), row["path"].as_str()),
        ("2023-11-14T22:13:20Z", "ann", "/x")
    );
    assert_eq!(row["credential"], Fingerprints::default().of("s-1"));
}

#[test]
fn a_list_names_each_of_its_people() {
    let of = |members: &str| {
        let line = format!(r#"{{"time":1700000000,"uri":"/x","status":200,"ctx":{{"members":{members}}}}}"#);
        row_with(&line, &[("subject.member", "ctx.members")]).get("subjects").cloned().unwrap_or_default()
    };
    let listed = of(r#"[701,"802",null,{"id":903}]"#);
    assert!(listed.contains("701") && listed.contains("802") && !listed.contains("903"), "{listed}");
    assert!(of("701").contains("701") && !of("[]").contains("member"));
}

#[test]
fn what_is_not_understood_is_rejected_with_its_reason() {
    for (line, reason) in [
        ("[1]", NO_OBJECT),
        (r#"{"status":200}"#, NO_TIME),
        (r#"{"time":"soon","uri":"/"}"#, BAD_TIME),
        (r#"{"time":1700000000,"status":200}"#, NO_REQUEST),
    ] {
        assert_eq!(read(&WebJson, &[line], &FileOptions::default()).rejected, [reason], "{line}");
    }
}

#[test]
fn status_dumps_are_no_access_log() {
    let Some(root) = shared("web-background") else { return };
    let name = "nginxplus_json_logs";
    let refused = FileReader::open(&root.join(name), name, &FileOptions::default(), None).err().unwrap();
    assert_eq!((refused.source.as_deref(), refused.records), (None, 0));
    assert_eq!(
        refused.reasons.keys().next().unwrap(),
        "no known format: JSON without the fields of any source"
    );
    assert_eq!(refused.bytes_unread, refused.content_bytes);
    assert!(refused.sha256.is_some());
}
