//! What Zeek's records become: fixtures in each notation, hostile values, and a published capture.

use super::{ZeekConn, ZeekHttp};
use crate::source::{FileOptions, Head, Source, Sure};
use crate::testing::{Read, Row, read, shared_files, shown};

const CONN: &str = include_str!("../../../fixtures/zeek_conn/forms.log");
const HTTP: &str = include_str!("../../../fixtures/zeek_http/forms.log");
const CAPTURED_CONN: &str = include_str!("../../../fixtures/zeek_conn/otrf.log");
const CAPTURED_HTTP: &str = include_str!("../../../fixtures/zeek_http/otrf.log");

fn parse(source: &dyn Source, text: &str) -> Read {
    let lines: Vec<&str> = text.lines().collect();
    read(source, &lines, &FileOptions::default())
}

fn get<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).map_or("", String::as_str)
}

/// How sure the two sources are, conn first.
fn sure(text: &str) -> (Sure, Sure) {
    let head = Head { bytes: text.as_bytes(), path: "x.log" };
    (ZeekConn.recognise(&head), ZeekHttp.recognise(&head))
}

#[test]
fn conn_records_become_flows_in_every_notation() {
    let read = parse(&ZeekConn, CONN);
    assert_eq!(read.rejected, ["count not understood", "zeek log of another kind"]);
    assert_eq!(read.sensor.as_deref(), Some("tap1"));
    insta::assert_snapshot!(shown(&read.rows));
}

#[test]
fn http_records_become_accesses_in_every_notation() {
    let read = parse(&ZeekHttp, HTTP);
    assert_eq!(read.rejected, [""; 0]);
    let text = shown(&read.rows);
    for secret in ["s3cret", "hunter2"] {
        assert!(!text.contains(secret), "{secret}");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_captured_run_is_read_whole() {
    let conn = parse(&ZeekConn, CAPTURED_CONN);
    assert_eq!(
        (conn.rows.len(), conn.rejected.len()),
        (CAPTURED_CONN.lines().filter(|l| !l.starts_with('#')).count(), 0)
    );
    assert!(conn.rows.iter().all(|r| get(r, "table") == "flow" && get(r, "event_uid").starts_with('C')));
    let http = parse(&ZeekHttp, CAPTURED_HTTP);
    let seen: Vec<_> =
        http.rows.iter().map(|r| (get(r, "src_ip"), get(r, "status_code"), get(r, "bytes_out"))).collect();
    assert_eq!(
        seen,
        [("192.168.56.30", "200", "248"), ("192.168.56.30", "404", "335"), ("192.168.56.30", "200", "7168")]
    );
}

#[test]
fn each_kind_is_recognised_and_no_other_log() {
    assert_eq!(sure(CONN), (Sure::Certain, Sure::No));
    assert_eq!(sure(HTTP), (Sure::No, Sure::Certain));
    assert_eq!(sure(CAPTURED_CONN), (Sure::Certain, Sure::No));
    assert_eq!(sure(CAPTURED_HTTP), (Sure::No, Sure::Certain));
    let header = CAPTURED_CONN.lines().take(8).collect::<Vec<_>>().join("\n");
    assert_eq!(sure(&header), (Sure::Certain, Sure::No), "a quiet hour");
    let none = (Sure::No, Sure::No);
    for text in [
        "",
        "#",
        "#Software: Microsoft IIS\n#Fields: date time c-ip\n2025-01-01 00:00:00 192.0.2.1\n",
        "#separator \\x09\n#path\tdns\n#fields\tts\tuid\tid.orig_h\tproto\tquery\n1735689600\tC1\t192.0.2.1\tudp\tx\n",
        r#"{"@stream":"dns","ts":1735689600,"uid":"C1","id_orig_h":"192.0.2.1"}"#,
        r#"{"time":"2025-01-01T00:00:00Z","remote_addr":"192.0.2.1","method":"GET","uri":"/","status":200}"#,
        r#"{"ts":1735689600.5,"logger":"http.log.access","request":{"method":"GET","uri":"/"},"status":200}"#,
        r#"{"ts":1735689600,"event":"token_issued","sub":"ann","jti":"x"}"#,
    ] {
        assert_eq!(sure(text), none, "{text}");
    }
    for module in ["nginx/access", "iis/access", "iis/error", "haproxy/log", "mongodb/log", "system/auth"] {
        for (path, text) in shared_files(&format!("filebeat-modules/{module}/test"), "log") {
            assert_eq!(sure(&text), none, "{}", path.display());
        }
    }
}

#[test]
fn a_mixed_stream_is_read_by_either_source() {
    let mixed = [
        r#"{"_path":"conn","ts":1735689600.1,"uid":"C1","id.orig_h":"192.0.2.1","id.resp_h":"192.0.2.2","proto":"tcp"}"#,
        r#"{"_path":"http","ts":1735689600.2,"uid":"C1","id.orig_h":"192.0.2.1","id.resp_h":"192.0.2.2","trans_depth":1}"#,
        r#"{"_path":"dns","ts":1735689600.3,"uid":"C2"}"#,
        r#"{"hello":"world"}"#,
        "{broken",
    ];
    assert_eq!(sure(&mixed.join("\n")), (Sure::Certain, Sure::No));
    for source in [&ZeekConn as &dyn Source, &ZeekHttp] {
        let read = parse(source, &mixed.join("\n"));
        let tables: Vec<_> = read.rows.iter().map(|r| get(r, "table")).collect();
        assert_eq!(tables, ["flow", "access"]);
        assert_eq!(read.rejected, ["zeek log of another kind", "not a zeek record", "not a JSON object"]);
    }
}

/// What becomes of one conn record with one field replaced.
fn with(field: &str, value: &str) -> Read {
    let names = [
        "ts",
        "uid",
        "id.orig_h",
        "id.orig_p",
        "id.resp_h",
        "id.resp_p",
        "proto",
        "duration",
        "orig_bytes",
        "conn_state",
    ];
    let values = ["1735689600.5", "C1", "192.0.2.1", "5", "192.0.2.2", "6", "tcp", "1.5", "7", "SF"];
    let replaced: Vec<_> =
        names.iter().zip(values).map(|(n, v)| if *n == field { value } else { v }).collect();
    let text = format!("#path\tconn\n#fields\t{}\n{}\n", names.join("\t"), replaced.join("\t"));
    parse(&ZeekConn, &text)
}

#[test]
fn values_that_cannot_be_reject_the_record() {
    assert_eq!(with("uid", "C1").rows.len(), 1);
    for (field, value, reason) in [
        ("ts", "4133980800.0", "time out of range"),
        ("ts", "-1.0", "time out of range"),
        ("ts", "1e300", "time out of range"),
        ("ts", "1735689600000", "time out of range"),
        ("ts", "NaN", "time not understood"),
        ("ts", "soon", "time not understood"),
        ("ts", "-", "no time"),
        ("id.orig_p", "-1", "port out of range"),
        ("id.resp_p", "65536", "port out of range"),
        ("id.orig_h", "999.0.0.1", "address not understood"),
        ("id.resp_h", "(empty)", "no address"),
        ("orig_bytes", "-1", "count not understood"),
        ("orig_bytes", "18446744073709551615", "count not understood"),
        ("duration", "-0.5", "interval not understood"),
        ("duration", "inf", "interval not understood"),
    ] {
        let read = with(field, value);
        assert_eq!((read.rows.len(), read.rejected.as_slice()), (0, [reason].as_slice()), "{field} {value}");
    }
}

#[test]
fn broken_shapes_are_rejects() {
    let header = "#path\tconn\n#fields\tts\tid.orig_h\tid.resp_h\tproto\n";
    for (line, reason) in [
        ("1735689600\t192.0.2.1\t192.0.2.2", "number of fields differs from the header"),
        ("1735689600\t192.0.2.1\t192.0.2.2\ttcp\tmore", "number of fields differs from the header"),
        ("\u{fffd}\0", "number of fields differs from the header"),
    ] {
        assert_eq!(parse(&ZeekConn, &format!("{header}{line}\n")).rejected, [reason], "{line}");
    }
    assert_eq!(parse(&ZeekConn, "1735689600\t192.0.2.1\n").rejected, ["no zeek header before it"]);
    let odd =
        "#separator \n#fields\n#fields\t\n#path\n#separator \\x0\n#separator \\xff\n#unset_field\t\nx\n";
    assert_eq!(parse(&ZeekConn, odd).rejected, ["no zeek header before it"]);
    let millis = r#"{"_path":"conn","ts":9999999999999999,"id.orig_h":"192.0.2.1","id.resp_h":"192.0.2.2"}"#;
    assert_eq!(parse(&ZeekConn, millis).rejected, ["time out of range"]);
    let wide = format!("#path\tconn\n#fields\t{}\n{}\n", "x\t".repeat(100_000), "-\t".repeat(100_000));
    assert_eq!(parse(&ZeekConn, &wide).rejected, ["no time"]);
}

#[test]
fn a_tail_is_read_under_the_heads_header() {
    let head = Head { bytes: CAPTURED_CONN.as_bytes(), path: "conn.log" };
    let mut parser = ZeekConn.parser(&head, &FileOptions::default());
    let line = CAPTURED_CONN.lines().find(|l| !l.starts_with('#')).unwrap();
    let at = crate::source::At { line: 900, offset: 90_000 };
    let outcome = parser.record(at, line.as_bytes(), &mut weir_model::Records::default());
    assert_eq!(outcome, crate::source::Outcome::Parsed);
}
