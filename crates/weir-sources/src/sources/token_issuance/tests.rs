//! What identity providers' events become.

use super::TokenIssuance;
use crate::secrets::{Fingerprints, credential};
use crate::source::{FileOptions, Head, Source, Sure};
use crate::testing::{Read, read, shared, shared_files, shown};

const OIDC: &str = include_str!("../../../fixtures/token_issuance/oidc.jsonl");
const FIXTURES: [(&str, &str); 5] = [
    ("oidc", OIDC),
    ("keycloak", include_str!("../../../fixtures/token_issuance/keycloak.jsonl")),
    ("auth0", include_str!("../../../fixtures/token_issuance/auth0.jsonl")),
    ("okta", include_str!("../../../fixtures/token_issuance/okta.jsonl")),
    ("entra", include_str!("../../../fixtures/token_issuance/entra.jsonl")),
];

fn parse(text: &str) -> Read {
    read(&TokenIssuance, &text.lines().collect::<Vec<_>>(), &FileOptions::default())
}

fn sure(text: &str) -> Sure {
    TokenIssuance.recognise(&Head { bytes: text.as_bytes(), path: "x.jsonl" })
}

#[test]
fn each_providers_events_become_rows() {
    for (name, text) in FIXTURES {
        let read = parse(text);
        assert_eq!(read.rejected, [""; 0], "{name}");
        assert_eq!(sure(text), Sure::Certain, "{name}");
        let array = format!("[{}]", text.trim().lines().collect::<Vec<_>>().join(",\n"));
        assert_eq!(sure(&array), Sure::Certain, "{name} as an array");
        insta::assert_snapshot!(name, shown(&read.rows));
    }
}

#[test]
fn ids_of_tokens_are_written_only_as_fingerprints() {
    for (name, text) in FIXTURES {
        let shown = shown(&parse(text).rows);
        for id in [
            "AbCdEfGhIjK",
            "LmNoPqRsTuV",
            "WxYz0123456",
            "s-1\n",
            "tok-1",
            "tok-2",
            "ref-1",
            "sess-1",
            "idx1",
            "uti-1",
            "es-1",
        ] {
            assert!(!shown.contains(id), "{id} of {name}");
        }
    }
}

#[test]
fn an_issued_token_joins_to_its_use_by_session_and_by_header() {
    let rows = parse(OIDC).rows;
    assert_eq!(rows[0]["credential"], credential(&Fingerprints::default(), "AbCdEfGhIjK"));
    assert_eq!(rows[2]["credential"], rows[4]["credential"], "issued and revoked");
    assert_ne!(rows[2]["credential"], rows[2]["parent"]);
}

#[test]
fn a_token_that_okta_grants_is_the_target_and_its_session_the_parent() {
    let rows = parse(FIXTURES[3].1).rows;
    assert_eq!(rows[1]["credential"], credential(&Fingerprints::default(), "at1"));
    assert_eq!(rows[1]["parent"], rows[0]["credential"]);
    let line = r#"{"uuid":"o","published":"2024-03-01T08:00:00Z","eventType":"user.account.reset_password","actor":{"alternateId":"ann"},"outcome":{"result":"SUCCESS"},"target":[{"type":"User","alternateId":"bob"}]}"#;
    let changed = &parse(line).rows[0];
    assert_eq!((changed["actor"].as_str(), changed["user"].as_str()), ("ann", "bob"));
}

#[test]
fn a_field_map_goes_before_the_names_in_common_use() {
    let mut options = FileOptions::default();
    let fields = [
        ("time", "at.ms"),
        ("operation", "what"),
        ("user", "who.id"),
        ("credential", "pass.nr"),
        ("src_ip", "from"),
        ("outcome", "ok"),
    ];
    options.fields = fields.iter().map(|(c, p)| ((*c).to_owned(), (*p).to_owned())).collect();
    let line = r#"{"at":{"ms":1709280000000},"what":"PassIssued session","who":{"id":"m7"},"pass":{"nr":"p-1"},"from":"203.0.113.7","ok":true,"user":"no"}"#;
    let read = read(&TokenIssuance, &[line], &options);
    let row = &read.rows[0];
    let want = [
        ("time", "2024-03-01T08:00:00Z"),
        ("activity", "issue"),
        ("user", "m7"),
        ("src_ip", "203.0.113.7"),
        ("status_id", "1"),
    ];
    for (column, value) in want {
        assert_eq!(row[column], value, "{column}");
    }
    assert_eq!(row["credential"], credential(&Fingerprints::default(), "p-1"));
}

#[test]
fn other_logs_are_not_recognised() {
    for text in [
        "",
        "plain text",
        r#"{"time":"2024-03-01T08:00:00Z","method":"GET","uri":"/login","status":200,"remote_addr":"203.0.113.7","session":"AbC","kid":"k1"}"#,
        r#"{"time":"2024-03-01T08:00:00Z","type":"login","user":"ann","method":"POST","path":"/login","status":200}"#,
        r#"{"time":"2024-03-01T08:00:00Z","type":"purchase","user":"ann"}"#,
        r#"{"time":"2024-03-01T08:00:00Z","type":"token_issued"}"#,
        r#"{"type":"token_issued","sub":"m1"}"#,
        r#"{"ts":1709280000.1,"uid":"C1","id.orig_h":"203.0.113.7","proto":"tcp","service":"ssl"}"#,
        r#"{"eventTime":"2024-03-01T08:00:00Z","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","eventType":"AwsConsoleSignIn","user":"x"}"#,
    ] {
        assert_eq!(sure(text), Sure::No, "{text}");
    }
    assert_eq!(sure(r#"{"time":"2024-03-01T08:00:00Z","type":"login","user":"ann"}"#), Sure::Likely);
}

#[test]
fn what_cannot_be_read_is_rejected_with_its_reason() {
    let cases = [
        ("x", "not a JSON object"),
        (r#"{"time":"2024-03-01T08:00:00Z"}"#, "no event type"),
        (r#"{"type":"token_issued","sub":"m1"}"#, "no event time"),
        (r#"{"type":"token_issued","sub":"m1","time":"soon"}"#, "unreadable event time"),
        (r#"{"type":"token_issued","sub":"m1","time":90000000000}"#, "time out of range"),
        (r#"{"type":{},"time":[]}"#, "no event type"),
    ];
    for (line, reason) in cases {
        assert_eq!(parse(line).rejected, [reason], "{line}");
    }
}

#[test]
fn fields_of_the_wrong_type_cost_only_themselves() {
    let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    for value in ["null", "7", "true", "1e999", "\"\\ud800\"", "[[]]", "{\"id\":{}}", &deep] {
        let names = [
            "sub",
            "jti",
            "sid",
            "kid",
            "ip",
            "user_agent",
            "exp",
            "expires_in",
            "grant_type",
            "result",
            "error",
            "client_id",
        ];
        let fields: String = names.iter().map(|f| format!(",\"{f}\":{value}")).collect();
        let read = parse(&format!(r#"{{"time":"2024-03-01T08:00:00Z","type":"token_issued"{fields}}}"#));
        assert_eq!((read.rows.len(), read.rejected.len()), (1, 0), "{value:.40}");
    }
}

#[test]
fn published_okta_events_are_parsed() {
    let Some(path) = shared("labelled-events/okta.jsonl") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let read = parse(&text);
    let reasons = |r: &str| read.rejected.iter().filter(|x| **x == r).count();
    assert_eq!((reasons("no event time"), reasons("no event type")), (3, 1), "without `published`");
    assert_eq!(reasons("unreadable event time"), 4, "`redacted`");
    assert_eq!(read.rows.len(), 58);
    assert!(!shown(&read.rows).contains("idxvF50v_5sT2"), "a session id");
}

#[test]
fn of_other_published_events_none_is_taken_for_issuance() {
    for (path, text) in shared_files("labelled-events", "jsonl") {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let lines: Vec<&str> = text.lines().collect();
        let heads = lines.chunks(20).map(|c| sure(&c.join("\n")));
        assert_eq!(heads.max() > Some(Sure::No), name == "okta", "{name}");
    }
}
