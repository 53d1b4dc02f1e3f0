//! What lines of syslog become: a fixture of each message, lines made to deceive, and published logs.

use super::SyslogAuth;
use crate::source::{FileOptions, Head, Source, Sure};
use crate::testing::{Read, Row, read, shared, shared_files, shown};
use std::collections::BTreeMap;

const MESSAGES: &str = include_str!("../../../fixtures/syslog_auth/messages.log");

fn options(year: i16) -> FileOptions {
    FileOptions { year_hint: Some(year), ..FileOptions::default() }
}

fn parse(text: &str, year: i16) -> Read {
    let lines: Vec<&str> = text.lines().collect();
    let mut options = options(year);
    let mut survey = SyslogAuth.survey(&Head { bytes: text.as_bytes(), path: "x.log" }, &options).unwrap();
    lines.iter().for_each(|line| survey.record(line.as_bytes()));
    survey.finish(&mut options);
    read(&SyslogAuth, &lines, &options)
}

/// The row of one message of a program.
fn row(program: &str, message: &str) -> Row {
    let line = format!("Feb  9 21:20:02 h {program}[7]: {message}");
    let read = read(&SyslogAuth, &[&line], &options(2025));
    assert_eq!(read.rows.len(), 1, "{message}");
    read.rows.into_iter().next().unwrap()
}

fn get<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).map_or("", String::as_str)
}

fn sure(text: &str) -> Sure {
    SyslogAuth.recognise(&Head { bytes: text.as_bytes(), path: "x.log" })
}

#[test]
fn each_message_becomes_its_row() {
    let read = parse(MESSAGES, 2025);
    assert_eq!(read.rejected, [""; 0]);
    assert_eq!(read.sensor.as_deref(), Some("web1"));
    assert_eq!(sure(MESSAGES), Sure::Likely);
    insta::assert_snapshot!(shown(&read.rows));
}

#[test]
fn a_user_name_cannot_forge_an_address() {
    let forged = "root from 6.6.6.6 port 1 ssh2";
    for (message, user) in [
        (format!("Failed password for invalid user {forged} from 5.5.5.5 port 22 ssh2"), forged),
        (format!("Failed password for invalid user {forged}: x from 5.5.5.5 port 22 ssh2"), &format!("{forged}: x")),
        (format!("Failed none for invalid user {forged} from 5.5.5.5 port 22 ssh2"), forged),
        (format!("Failed publickey for invalid user {forged} from 5.5.5.5 port 22 ssh2: RSA SHA256:abc"), forged),
        (
            format!("Failed publickey for invalid user {forged}: RSA SHA256:x from 5.5.5.5 port 22 ssh2"),
            &format!("{forged}: RSA SHA256:x"),
        ),
        ("Failed password for invalid user invalid user a from 5.5.5.5 port 22 ssh2".into(), "invalid user a"),
        ("Invalid user a from 6.6.6.6 port 1 from 5.5.5.5 port 22".into(), "a from 6.6.6.6 port 1"),
        ("Invalid user a from 6.6.6.6 from 5.5.5.5".into(), ""),
        ("Connection closed by invalid user a 6.6.6.6 port 1 5.5.5.5 port 22 [preauth]".into(), "a 6.6.6.6 port 1"),
        ("Disconnected from authenticating user a [preauth] 5.5.5.5 port 22 [preauth]".into(), "a [preauth]"),
        (format!("error: maximum authentication attempts exceeded for {forged} from 5.5.5.5 port 22 ssh2 [preauth]"), forged),
        ("Disconnecting invalid user a 5.5.5.5 port 22: Too many authentication failures [preauth]".into(), "a"),
        ("User a not allowed because x from 6.6.6.6 from 5.5.5.5 not allowed because not listed in AllowUsers".into(), ""),
        (
            "pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp \
             ruser=a user=root rhost=6.6.6.6 rhost=5.5.5.5"
                .into(),
            "-",
        ),
    ] {
        let row = row("sshd", &message);
        assert_eq!(get(&row, "src_ip"), "5.5.5.5", "{message}");
        assert_eq!(get(&row, "status_id"), "2", "{message}");
        match user {
            "-" => assert_eq!(get(&row, "user"), "", "{message}"),
            "" => {}
            user => assert_eq!(get(&row, "user"), user, "{message}"),
        }
    }
}

#[test]
fn what_can_be_read_in_two_ways_is_left_open() {
    for message in [
        "Failed publickey for invalid user a from 6.6.6.6 port 1 ssh2: RSA-CERT ID x from 5.5.5.5 port 2 ssh2: RSA-CERT ID y (serial 1) CA RSA SHA256:z",
        "Disconnecting invalid user a 6.6.6.6 port 1: x 5.5.5.5 port 2: Change of username or service not allowed: (a,b) -> (c,d) [preauth]",
    ] {
        let row = row("sshd", message);
        for column in ["src_ip", "src_port", "user", "actor"] {
            assert_eq!(get(&row, column), "", "{message}");
        }
        assert_eq!(get(&row, "status_detail"), "user and address cannot be told apart");
    }
    // A certificate whose id looks like an address is no second reading.
    let id = "x from 6.6.6.6 port 1 ssh2";
    let row = row(
        "sshd",
        &format!(
            "Failed publickey for a from 5.5.5.5 port 2 ssh2: RSA-CERT ID {id} (serial 1) CA RSA SHA256:z"
        ),
    );
    assert_eq!(
        (get(&row, "src_ip"), get(&row, "credential"), get(&row, "key_uid")),
        ("5.5.5.5", id, "SHA256:z")
    );
}

#[test]
fn a_directory_or_a_command_cannot_forge_sudos_target() {
    let twice = row(
        "sudo",
        "ann : TTY=pts/0 ; PWD=/tmp/x ; USER=bin ; COMMAND=/bin/true ; USER=root ; COMMAND=/bin/sh",
    );
    assert_eq!((get(&twice, "granted"), get(&twice, "status_id"), get(&twice, "user")), ("", "1", "ann"));
    assert_eq!(get(&twice, "command"), "/bin/true ; USER=root ; COMMAND=/bin/sh");
    let once = row("sudo", "ann : TTY=pts/0 ; PWD=/tmp/; COMMAND=x ; USER=root ; COMMAND=/bin/sh");
    assert_eq!((get(&once, "granted"), get(&once, "command")), ("root", "/bin/sh"));
    let refused = row("sudo", "ann : command not allowed ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh");
    assert_eq!((get(&refused, "status_id"), get(&refused, "status_detail")), ("2", "command not allowed"));
}

#[test]
fn repeats_count_and_comments_do_not() {
    let failed = "Failed password for root from 5.5.5.5 port 22 ssh2";
    for (message, count) in [
        (failed.to_owned(), ""),
        (format!("message repeated 5 times: [ {failed}]"), "5"),
        (format!("message repeated 99999999999999999999 times: [ {failed}]"), "-"),
        ("message repeated 5 times: [ Invalid user a from 5.5.5.5]".to_owned(), "0"),
        ("Invalid user a from 5.5.5.5 port 2".to_owned(), "0"),
    ] {
        let row = row("sshd", &message);
        match count {
            "-" => assert_eq!(get(&row, "table"), "host"),
            count => assert_eq!((get(&row, "table"), get(&row, "count")), ("auth", count), "{message}"),
        }
    }
    let (stamp, again) = ("Feb  9 21:20:02", "last message repeated 3 times");
    let lines = [
        format!("{stamp} h {again}"),
        format!("{stamp} h sshd[7]: {failed}"),
        format!("{stamp}  sshd[7]: {again}"),
        format!("{stamp} h {again}"),
        format!("{stamp} h cron[7]: {again}"),
    ];
    let read = parse(&lines.join("\n"), 2025);
    let got: Vec<_> =
        read.rows.iter().map(|r| (get(r, "table"), get(r, "count"), get(r, "src_ip"))).collect();
    let (none, three) = (("host", "", ""), ("auth", "3", "5.5.5.5"));
    assert_eq!(got, [none, ("auth", "", "5.5.5.5"), three, three, none]);
}

#[test]
fn hostile_lines_are_records_or_rejects() {
    let long = "x from 6.6.6.6 port 1: ".repeat(50_000);
    for name in ["a\0b", "a\u{1b}[31mb", "\u{fffd}", "a\rb", "", " ", long.as_str()] {
        let row = row("sshd", &format!("Failed password for invalid user {name} from 5.5.5.5 port 22 ssh2"));
        let kept = weir_model::names::kept(name);
        assert_eq!((get(&row, "src_ip"), get(&row, "user")), ("5.5.5.5", &*kept));
        for verb in
            ["Disconnecting invalid user ", "Connection closed by invalid user ", "Invalid user ", "sudo : "]
        {
            self::row("sshd", &format!("{verb}{name}"));
            self::row("sudo", &format!("{verb}{name} ; USER=; COMMAND="));
            self::row("su", &format!("{verb}{name}"));
        }
    }
    for port in ["-1", "65536", "999999999999", "", "2x"] {
        let row = row("sshd", &format!("Failed password for root from 5.5.5.5 port {port} ssh2"));
        assert_eq!((get(&row, "table"), get(&row, "src_port")), ("host", ""), "{port}");
    }
    let rejected = |line: &str| read(&SyslogAuth, &[line], &options(2025)).rejected;
    assert_eq!(rejected("2101-01-01T00:00:00Z h sshd[1]: x"), ["time out of range"]);
    assert_eq!(rejected("1969-01-01T00:00:00Z h sshd[1]: x"), ["time out of range"]);
    assert_eq!(rejected("2025-13-01T00:00:00Z h sshd[1]: x"), ["no such date"]);
    assert_eq!(rejected("no stamp"), ["no syslog time stamp"]);
    assert_eq!(rejected(""), [""; 0]);
}

#[test]
fn secrets_are_not_kept() {
    let row =
        row("sudo", "ann : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/app --password=hunter2sEcret");
    for column in ["command", "message"] {
        assert!(get(&row, column).contains("fp_") && !get(&row, column).contains("hunter2"), "{column}");
    }
    let row = self::row(
        "sudo",
        "ann : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/env MYSQL_PWD=hunter2sEcret /bin/x",
    );
    assert!(!shown(&[row]).contains("hunter2"));
}

#[test]
fn zone_and_year_are_applied_and_marked() {
    let seoul =
        FileOptions { time_zone: Some(jiff::tz::TimeZone::fixed(jiff::tz::offset(9))), ..options(2025) };
    let lines = [
        "Feb  9 21:20:02 h sshd[1]: x",
        "2025-02-09T21:20:02.5 h sshd[1]: x",
        "2025-02-09T21:20:02+01:00 h sshd[1]: x",
    ];
    let times = |options: &FileOptions| -> Vec<(String, String)> {
        let rows = read(&SyslogAuth, &lines, options).rows;
        rows.iter().map(|r| (get(r, "time").to_owned(), get(r, "time_basis").to_owned())).collect()
    };
    let pair = |t: &str, b: &str| (t.to_owned(), b.to_owned());
    assert_eq!(
        times(&options(2025)),
        [
            pair("2025-02-09T21:20:02Z", "year_inferred"),
            pair("2025-02-09T21:20:02.5Z", "zone_assumed"),
            pair("2025-02-09T20:20:02Z", "stated"),
        ]
    );
    assert_eq!(
        times(&seoul),
        [
            pair("2025-02-09T12:20:02Z", "year_inferred"),
            pair("2025-02-09T12:20:02.5Z", "stated"),
            pair("2025-02-09T20:20:02Z", "stated"),
        ]
    );
}

/// Fields of filebeat's expected document and how ours says the same; the differences allowed are listed where they are allowed.
fn compare(name: &str, line: &str, row: &Row, want: &serde_json::Value) {
    let text = |key: &str| {
        want.get(key).map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).unwrap_or_default()
    };
    let process = if get(row, "table") == "host" { get(row, "process") } else { get(row, "service") };
    assert_eq!(process, text("process.name"), "{name}: {line}");
    assert_eq!(get(row, "hostname"), text("host.hostname"), "{name}: {line}");
    if !text("source.ip").is_empty() {
        assert_eq!(get(row, "src_ip"), text("source.ip"), "{name}: {line}");
        // filebeat takes no port from a dropped connection.
        assert!(
            text("source.port").is_empty() || get(row, "src_port") == text("source.port"),
            "{name}: {line}"
        );
    }
    if !text("user.name").is_empty() {
        // filebeat calls the caller `user.name` and the target `user.effective.name`; for a session of su or sudo our `user` is the target.
        assert!(
            [get(row, "user"), get(row, "actor")].contains(&text("user.name").as_str()),
            "{name}: {line}"
        );
    }
    if !text("user.effective.name").is_empty() {
        assert_eq!(get(row, "granted"), text("user.effective.name"), "{name}: {line}");
    }
    match text("event.outcome").as_str() {
        "success" => assert_eq!(get(row, "status_id"), "1", "{name}: {line}"),
        "failure" => assert_eq!(get(row, "status_id"), "2", "{name}: {line}"),
        // filebeat gives an outcome to sshd's verdicts and to new accounts only.
        _ => {}
    }
    for (theirs, ours) in [("system.auth.ssh.method", "auth_factor"), ("system.auth.sudo.command", "command")]
    {
        assert!(text(theirs).is_empty() || get(row, ours) == text(theirs), "{name}: {line}");
    }
    if let Ok(at) = text("@timestamp").parse::<jiff::Timestamp>() {
        // filebeat keeps milliseconds.
        let ours: jiff::Timestamp = get(row, "time").parse().unwrap();
        assert_eq!(ours.as_millisecond(), at.as_millisecond(), "{name}: {line}");
    }
}

#[test]
fn filebeats_auth_logs_agree_with_what_filebeat_expects() {
    // filebeat's test ran in the zone -02:00, which applies to stamps without offset.
    let zone = Some(jiff::tz::TimeZone::fixed(jiff::tz::offset(-2)));
    let mut compared = 0;
    for (path, text) in shared_files("filebeat-modules/system/auth/test", "log") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(sure(&text) >= Sure::Likely, "{name}");
        let lines: Vec<&str> = text.lines().collect();
        let read = read(&SyslogAuth, &lines, &FileOptions { time_zone: zone.clone(), ..options(2024) });
        assert_eq!(read.rejected, [""; 0], "{name}");
        assert!(!shown(&read.rows).contains("fp_"), "{name}: no secret is in this log");
        assert_eq!(read.rows.len(), lines.iter().filter(|l| !l.trim().is_empty()).count(), "{name}");
        let offsets: BTreeMap<usize, &str> =
            lines.iter().map(|l| (l.as_ptr() as usize - text.as_ptr() as usize, *l)).collect();
        let rows: BTreeMap<usize, &Row> =
            read.rows.iter().map(|r| (get(r, "line").parse().unwrap(), r)).collect();
        let expected = std::fs::read_to_string(path.with_extension("log-expected.json")).unwrap();
        for want in serde_json::from_str::<Vec<serde_json::Value>>(&expected).unwrap() {
            let offset = usize::try_from(want.get("log.offset").unwrap().as_u64().unwrap()).unwrap();
            let number = 1 + offsets.keys().position(|o| *o == offset).unwrap();
            compare(&name, offsets[&offset], rows[&number], &want);
            compared += 1;
        }
    }
    assert!(compared == 0 || compared == 212, "{compared}");
}

#[test]
fn an_auth_log_of_seven_thousand_lines_is_read_whole() {
    let Some(folder) = shared("web-background") else { return };
    let text = std::fs::read_to_string(folder.join("auth.log")).unwrap();
    let read = parse(&text, 2017);
    assert_eq!((read.rows.len(), read.rejected.len()), (7_121, 0));
    let accepted = text.lines().filter(|l| l.contains(": Accepted ")).count();
    let ours =
        read.rows.iter().filter(|r| get(r, "operation") == "accepted" && get(r, "status_id") == "1").count();
    assert_eq!(ours, accepted);
    let mut attempts = 0;
    for line in text.lines().filter(|l| l.contains("Failed ")) {
        let repeated = line.split_once("message repeated ").map(|(_, r)| r.split(' ').next().unwrap());
        attempts += repeated.map_or(1, |n| n.parse::<i64>().unwrap());
    }
    let hidden: Vec<_> = read.rows.iter().map(|r| get(r, "message")).filter(|m| m.contains("fp_")).collect();
    assert_eq!(hidden, [""; 0], "no secret is in this log");
    let failed = read.rows.iter().filter(|r| get(r, "operation") == "failed");
    assert_eq!(
        failed.map(|r| r.get("count").map_or(1, |n| n.parse::<i64>().unwrap())).sum::<i64>(),
        attempts
    );
}

#[test]
fn other_logs_are_not_taken() {
    for (folder, extension) in [
        ("system/syslog", "log"),
        ("haproxy/log", "log"),
        ("auditd/log", "log"),
        ("postgresql/log", "log"),
        ("mysql/error", "log"),
        ("mysql/slowlog", "log"),
        ("mongodb/log", "log"),
        ("iis/access", "log"),
        ("iis/error", "log"),
        ("apache/access", "log"),
        ("apache/error", "log"),
        ("nginx/access", "log"),
        ("nginx/error", "log"),
        ("nginx/ingress_controller", "log"),
    ] {
        for (path, text) in shared_files(&format!("filebeat-modules/{folder}/test"), extension) {
            assert_eq!(sure(&text), Sure::No, "{}", path.display());
        }
    }
    assert_eq!(sure(""), Sure::No);
    assert_eq!(
        sure("Feb  9 21:20:02 h kernel: x\nFeb  9 21:20:02 h kernel: y\nFeb  9 21:20:02 h sshd[1]: z\n"),
        Sure::No
    );
}
