//! The main job on real logs: what it must find, what it must not accuse, and what must not change the answer.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its input fails")]

#[path = "../common/mod.rs"]
mod common;
mod unknown;

use common::{Place, repository, shared};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;
use weir_engine::{Investigated, Settings};
use weir_model::case::{Case, Determinable};
use weir_model::{EntityKind, Finding, Micros, Severity};

fn serious(case: &Case) -> Vec<&Finding> {
    case.findings.iter().filter(|f| f.severity >= Severity::High).collect()
}

fn values(findings: &[&Finding], kind: EntityKind) -> BTreeSet<String> {
    let entities = findings.iter().flat_map(|f| &f.entities).filter(|e| e.kind == kind);
    entities.map(|e| e.value.clone()).collect()
}

fn balanced(done: &Investigated) {
    for row in &done.case.intake {
        assert!(row.balanced(), "{row:?}");
    }
}

/// The account and findings without what names one lake: snapshot versions.
fn answer(case: &Case) -> String {
    let mut findings = case.findings.clone();
    // What an earlier part alone had shown stays, marked: the history of runs, not the answer.
    findings.retain(Finding::stands);
    findings.iter_mut().for_each(|f| f.snapshot.clear());
    serde_json::to_string_pretty(&(findings, &case.timeline, &case.scope, &case.traces)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_attack_on_a_cloud_account_is_told() {
    let place = Place::new();
    let done = place.investigate(&[repository("examples/cloud-account")]).await;
    balanced(&done);
    assert_eq!((done.case.totals.parsed, done.case.totals.rejected), (2900, 0));
    let grave = serious(&done.case);
    let actors = values(&grave, EntityKind::Actor);
    assert!(actors.iter().any(|a| a.ends_with("user/bert-jan")), "{actors:?}");
    assert!(
        !actors.iter().any(|a| a.ends_with("amazonaws.com") || a.contains("AWSServiceRole")),
        "{actors:?}"
    );
    let detectors: BTreeSet<&str> = grave.iter().map(|f| f.detector.as_str()).collect();
    assert!(detectors.contains("shared_out") && detectors.contains("blindspot"), "{detectors:?}");
    assert!(!done.case.findings.iter().any(|f| f.detector == "unissued" && f.severity >= Severity::Medium));
    let steps: Vec<&str> = done.case.timeline.iter().map(|e| e.what.as_str()).collect();
    for word in [
        "created the user",
        "created an access key",
        "deleted the trail",
        "stopped the trail",
        "changed who may use the snapshot",
        "took back who may use the snapshot",
        "took back who may restore the database snapshot",
        "took back who may invoke",
        "deleted the policy of the bucket",
        "deleted the user",
        "deleted an access key of",
    ] {
        assert!(steps.iter().any(|s| s.contains(word)), "no step says `{word}` in {steps:#?}");
    }
    assert!(done.case.timeline.windows(2).all(|w| w[0].time <= w[1].time));
    // What was shared is taken back by whoever shared it, and a role is opened by what changes accounts.
    let shared: Vec<&Finding> = done.case.findings.iter().filter(|f| f.detector == "shared_out").collect();
    let taken_back = shared.iter().filter(|f| f.measures["calls_taking_back"] > 0.0);
    assert!(
        taken_back.clone().count() >= 4 && taken_back.clone().all(|f| f.explanation.contains("Since then"))
    );
    let role = shared.iter().find(|f| f.explanation.starts_with("UpdateAssumeRolePolicy")).unwrap();
    assert!(
        role.explanation.contains("Since then DeleteRole, UpdateAssumeRolePolicy were called"),
        "{role:#?}"
    );
    // No record of it is of a dataset, so none shows anybody's data.
    assert!(
        done.case
            .finding_scopes
            .values()
            .all(|s| s.records == 0 && s.subjects.is_none_or(|s| s.upper == Some(0)))
    );
    // A box has the records that its steps have.
    for trace in done.case.traces.values() {
        for node in trace.nodes.iter().filter(|n| n.entity.kind == EntityKind::Resource) {
            let led_to = trace.edges.iter().filter(|e| e.to == node.entity).map(|e| e.records).sum::<u64>();
            assert_eq!(node.records, led_to, "{}", node.entity);
        }
    }
    assert_ne!(done.case.scope.determinable, Determinable::Yes);
    assert!(place.path("case/report.html").exists() && place.path("case/case.json").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_folder_twice_changes_nothing() {
    let place = Place::new();
    let inputs = [repository("examples/cloud-account")];
    let first = place.investigate(&inputs).await;
    let report = std::fs::read(place.path("case/report.html")).unwrap();
    let again = place.investigate(&inputs).await;
    assert!(!again.ingested.committed);
    assert_eq!(again.ingested.intake.iter().map(|i| i.parsed).sum::<u64>(), 0);
    assert_eq!(again.ingested.intake.iter().map(|i| i.duplicates).sum::<u64>(), 2900);
    again.ingested.intake.iter().for_each(|i| assert!(i.balanced(), "{i:?}"));
    assert_eq!(serde_json::to_string(&first.case).unwrap(), serde_json::to_string(&again.case).unwrap());
    assert_eq!(report, std::fs::read(place.path("case/report.html")).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn file_order_changes_nothing() {
    let all = repository("examples/cloud-account");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&all).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let (whole, parts) = (Place::new(), Place::new());
    let at_once = whole.investigate(&files).await;
    files.reverse();
    let (first, second) = files.split_at(files.len() / 3);
    parts.investigate(first).await;
    let in_parts = parts.investigate(second).await;
    let (left, right) = (answer(&at_once.case), answer(&in_parts.case));
    let differs = left.lines().zip(right.lines()).position(|(l, r)| l != r);
    let around = |text: &str| {
        differs.map(|n| text.lines().skip(n.saturating_sub(8)).take(12).collect::<Vec<_>>().join("\n"))
    };
    assert_eq!(around(&left), around(&right));
    assert_eq!(left, right);
}

/// Real Apache lines with reads of `/members/{id}` added: 12 addresses that never sign in, over the whole period.
fn with_injected(lines: &str) -> (String, BTreeSet<String>, usize) {
    let lines: Vec<&str> = lines.lines().collect();
    let mut out = String::new();
    let mut addresses = BTreeSet::new();
    let mut ids = BTreeSet::new();
    let every = lines.len() / 2000;
    for (i, line) in lines.iter().enumerate() {
        out.push_str(line);
        out.push('\n');
        let n = i / every;
        if i % every == 0 && n < 2000 {
            let (start, end) = (line.find('[').unwrap(), line.find(']').unwrap());
            let address = format!("203.0.113.{}", 10 + n % 12);
            let id = 100_000 + n * 37;
            writeln!(
                out,
                "{address} - - {} \"GET /members/{id} HTTP/1.1\" 200 1432 \"-\" \"python-requests/2.31\"",
                &line[start..=end]
            )
            .unwrap();
            addresses.insert(address);
            ids.insert(id);
        }
    }
    (out, addresses, ids.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twelve_addresses_among_real_traffic_are_found_and_crawlers_are_not() {
    let Some(background) = shared("web-background/apache_logs") else { return };
    let place = Place::new();
    let (text, addresses, ids) = with_injected(&std::fs::read_to_string(background).unwrap());
    let log = place.path("access.log");
    std::fs::write(&log, text).unwrap();
    let done = place.investigate(&[log]).await;
    balanced(&done);
    assert_eq!((done.case.totals.parsed, done.case.totals.rejected), (12_000, 0));
    let grave = serious(&done.case);
    assert_eq!(values(&grave, EntityKind::Origin), addresses);
    let bounds = done.case.scope.subjects.unwrap();
    assert_eq!(bounds.lower, ids as u64);
    let listed = std::fs::read_to_string(place.path("case/scope.csv")).unwrap();
    assert_eq!(listed.lines().count(), ids + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_traffic_alone_accuses_nobody_gravely_and_names_what_it_cannot_read() {
    let Some(folder) = shared("web-background") else { return };
    let place = Place::new();
    let done = place.investigate(&[folder]).await;
    balanced(&done);
    let of = |name: &str| done.case.intake.iter().find(|i| i.path == name).unwrap();
    assert_eq!((of("apache_logs").parsed, of("auth.log").parsed), (10_000, 7_121));
    assert_eq!(of("nginxplus_json_logs").source, None);
    assert!(!of("nginxplus_json_logs").reasons.is_empty());
    assert!(done.case.findings.iter().any(|f| f.detector == "guessing"));
    let grave = serious(&done.case);
    assert!(
        !grave.iter().any(|f| f.detector != "guessing"),
        "{:?}",
        grave.iter().map(|f| &f.title).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_half_written_when_it_was_read_is_read_whole_when_the_file_has_grown() {
    let place = Place::new();
    let line = |n: u32| {
        format!(
            "192.0.2.7 - - [01/Mar/2026:10:{:02}:{:02} +0000] \"GET /{n} HTTP/1.1\" 200 5 \"-\" \"curl/8\"\n",
            n / 60,
            n % 60
        )
    };
    let log = place.path("access.log");
    let whole: String = (0..500).map(line).collect();
    let cut = whole.find("GET /400 ").unwrap();
    std::fs::write(&log, &whole[..cut]).unwrap();
    let first = place.investigate(std::slice::from_ref(&log)).await.ingested;
    let account = |i: &weir_model::intake::Intake| (i.records, i.parsed, i.rejected, i.duplicates, i.lines);
    assert_eq!(account(&first.intake[0]), (401, 400, 1, 0, 401));
    // The same again, nothing more of it.
    let again = place.investigate(std::slice::from_ref(&log)).await.ingested;
    assert_eq!(account(&again.intake[0]), (401, 0, 0, 401, 401));
    std::fs::write(&log, &whole).unwrap();
    let grown = place.investigate(std::slice::from_ref(&log)).await.ingested;
    assert_eq!(account(&grown.intake[0]), (500, 100, 0, 400, 500));
    // And once more: a tail that began before the end of what was known is found by where it began.
    std::fs::write(&log, whole.clone() + &line(500)).unwrap();
    let more = place.investigate(&[log]).await.ingested;
    assert_eq!(account(&more.intake[0]), (501, 1, 0, 500, 501));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_read_ahead_know_what_was_stored_before_them() {
    let place = Place::new();
    let folder = place.path("logs");
    std::fs::create_dir(&folder).unwrap();
    let lines = |ids: std::ops::Range<u32>| -> String {
        let at = |n: u32| format!("01/Mar/2026:{:02}:{:02}:{:02} +0000", n / 3600, n / 60 % 60, n % 60);
        let line = |n| format!("192.0.2.7 - - [{}] \"GET /{n} HTTP/1.1\" 200 5 \"-\" \"curl/8\"\n", at(n));
        ids.map(line).collect()
    };
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).unwrap();
    // Each begins as the first does: the same, longer, other from a place on; and one that no source reads.
    write("a.log", lines(0..600));
    write("b.log", lines(0..600));
    write("c.log", lines(0..900));
    write("d.log", lines(0..500) + &lines(5_000..5_300));
    write("e.txt", "no log of any kind\n".repeat(20));
    write("f.log", lines(9_000..9_600));
    let first = place.investigate(std::slice::from_ref(&folder)).await;
    balanced(&first);
    let account = |done: &Investigated| -> Vec<(String, u64, u64)> {
        done.ingested.intake.iter().map(|i| (i.path.clone(), i.parsed, i.duplicates)).collect()
    };
    let told = |of: &[(&str, u64, u64)]| -> Vec<(String, u64, u64)> {
        of.iter().map(|(path, parsed, duplicates)| ((*path).to_owned(), *parsed, *duplicates)).collect()
    };
    let of_first = [
        ("a.log", 600, 0),
        ("b.log", 0, 600),
        ("c.log", 300, 600),
        ("d.log", 800, 0),
        ("e.txt", 0, 0),
        ("f.log", 600, 0),
    ];
    assert_eq!(account(&first), told(&of_first));
    // One more that begins like those known and is none of them.
    write("g.log", lines(0..500) + &lines(6_000..6_300));
    let second = place.investigate(&[folder]).await;
    balanced(&second);
    let mut of_second = of_first.map(|(path, parsed, duplicates)| (path, 0, parsed + duplicates)).to_vec();
    of_second.push(("g.log", 800, 0));
    assert_eq!(account(&second), told(&of_second));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shop_loses_what_the_truth_says() {
    let place = Place::new();
    let settings = Settings::read(&repository("examples/shop-config/weir.toml")).unwrap();
    let done = place.investigate_with(&[repository("examples/shop")], settings).await;
    balanced(&done);
    let truth = std::fs::read_to_string(repository("examples/truth/shop.json")).unwrap();
    let truth: serde_json::Value = serde_json::from_str(&truth).unwrap();
    let grave = serious(&done.case);
    let unissued: Vec<&Finding> = grave.iter().copied().filter(|f| f.detector == "unissued").collect();
    let attackers: BTreeSet<String> = truth["attacker"]["addresses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["address"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(values(&unissued, EntityKind::Origin), attackers);
    // Who is named is counted for certain; who is known by a forged session alone lies within the bounds.
    let subjects = truth["leak"]["subjects"].as_array().unwrap();
    let named = subjects.iter().filter(|s| s["named"] == true).count() as u64;
    let bounds = done.case.scope.subjects.unwrap();
    assert_eq!(bounds.lower, named);
    assert!(bounds.upper.unwrap() >= subjects.len() as u64, "{bounds:?}");
    // Each address was at work when it was, and not as long as all of them.
    for address in truth["attacker"]["addresses"].as_array().unwrap() {
        let name = address["address"].as_str().unwrap();
        let told = done.case.incident.indicators.iter().find(|i| i.entity.value == name).unwrap();
        let at = |key: &str| Micros::parse(address[key].as_str().unwrap()).unwrap();
        assert!(told.period.first.0 / 1_000_000 >= at("first").0 / 1_000_000, "{name}: {:?}", told.period);
        assert!(told.period.last <= at("last"), "{name}: {:?}", told.period);
        assert!(told.records <= address["requests"].as_u64().unwrap(), "{name}: {}", told.records);
    }
}

/// The names of the files of rollups: `i` and an ingest's id, or `r` and that of a fold of all records.
fn rollups(place: &Place) -> BTreeSet<String> {
    let catalogs = std::fs::read_dir(place.path("case/lake/rollup")).unwrap().map(|e| e.unwrap().path());
    let catalogs = catalogs.filter(|path| !path.ends_with("_delta_log"));
    let files = catalogs.flat_map(|path| std::fs::read_dir(path).unwrap());
    files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_day_of_a_known_site_is_folded_alone() {
    let place = Place::new();
    let day = |day: u32| {
        let path = place.path(&format!("access-{day}.log"));
        let line = |n: u32| {
            let (member, second) = (n % 60, n / 60);
            format!(
                "192.0.2.{member} - - [{day:02}/Mar/2026:10:{:02}:{second:02} +0000] \"GET /members/{}/addresses HTTP/1.1\" 200 5 \"-\" \"c{member}\"\n",
                n % 7,
                8800 + member
            )
        };
        std::fs::write(&path, (0..600).map(line).collect::<String>()).unwrap();
        path
    };
    let folded_again =
        || -> BTreeSet<String> { rollups(&place).into_iter().filter(|name| name.starts_with('r')).collect() };
    let first = place.investigate(&[day(1)]).await;
    assert!(first.case.datasets.iter().any(|d| d.records == 600), "{:?}", first.case.datasets);
    let once = folded_again();
    assert!(!once.is_empty(), "the first day taught whose data the log shows");
    let second = place.investigate(&[day(2)]).await;
    assert!(second.case.datasets.iter().any(|d| d.records == 1200), "{:?}", second.case.datasets);
    assert_eq!(folded_again(), once);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_investigation_folds_once_where_its_logs_teach_what_their_heads_do() {
    let place = Place::new();
    let text = |net: u32| -> String {
        let line = |n: u32| {
            let (member, minute) = (n % 250, n / 60);
            format!(
                "10.{net}.0.{member} - - [01/Mar/2026:{:02}:{:02}:{:02} +0000] \"GET /members/{}/addresses HTTP/1.1\" 200 5 \"-\" \"Mozilla/5.0 (client {member})\"\n",
                minute / 60 % 24,
                minute % 60,
                n % 60,
                8800 + member
            )
        };
        (0..24_000).map(line).collect()
    };
    let logs = place.path("logs");
    std::fs::create_dir(&logs).unwrap();
    for net in 1..=2 {
        std::fs::write(logs.join(format!("access-{net}.log")), text(net)).unwrap();
    }
    let folded = || rollups(&place);
    let done = place.investigate(std::slice::from_ref(&logs)).await;
    assert!(done.case.datasets.iter().any(|d| d.records == 48_000), "{:?}", done.case.datasets);
    assert!(!folded().is_empty() && folded().iter().all(|name| name.starts_with('i')), "{:?}", folded());
    // Another place, in the tail of a file, is not foreseen: all is folded again.
    let invoices = text(3).replace("/addresses", "/invoices");
    std::fs::remove_dir_all(place.path("case")).unwrap();
    std::fs::write(logs.join("access-2.log"), text(2) + &invoices).unwrap();
    let done = place.investigate(std::slice::from_ref(&logs)).await;
    let records: u64 = done.case.datasets.iter().map(|d| d.records).sum();
    assert_eq!(records, 72_000, "{:?}", done.case.datasets);
    assert!(folded().iter().any(|name| name.starts_with('r')), "{:?}", folded());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_servers_begin_alike_is_each_ones_own() {
    let place = Place::new();
    let check = "127.0.0.1 - - [10/Mar/2026:10:00:00 +0000] \"GET /health HTTP/1.1\" 200 2 \"-\" \"probe\"\n";
    let rest = check.repeat(5).replace("/health", "/products/7").replace("127.0.0.1", "192.0.2.7");
    let logs = place.path("logs");
    for (server, text) in [("h1", check.repeat(10)), ("h2", check.repeat(10) + &rest)] {
        std::fs::create_dir_all(logs.join(server)).unwrap();
        std::fs::write(logs.join(server).join("access.log"), text).unwrap();
    }
    let parsed = |done: &Investigated| done.ingested.intake.iter().map(|i| i.parsed).collect::<Vec<_>>();
    assert_eq!(parsed(&place.investigate(std::slice::from_ref(&logs)).await), [10, 15]);
    // Moved, each is known as a whole.
    std::fs::rename(logs.join("h2"), logs.join("h3")).unwrap();
    assert_eq!(parsed(&place.investigate(&[logs]).await), [0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_and_wide_files_twice_change_nothing() {
    let place = Place::new();
    let logs = place.path("logs");
    std::fs::create_dir(&logs).unwrap();
    let text = |net: &str| -> String {
        let line = |n: u32| {
            format!(
                "{net}.{n} - - [01/Mar/2026:10:{:02}:{:02} +0000] \"GET /{n} HTTP/1.1\" 200 5 \"-\" \"curl/8\"\n",
                n / 60,
                n % 60
            )
        };
        (0..200).map(line).collect()
    };
    let gzip = |text: &str| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut out, text.as_bytes()).unwrap();
        out.finish().unwrap()
    };
    let whole = gzip(&text("192.0.2"));
    std::fs::write(logs.join("cut.log.gz"), &whole[..whole.len() - 20]).unwrap();
    std::fs::write(logs.join("junk.log.gz"), [gzip(&text("198.51.100")), b"no gzip".to_vec()].concat())
        .unwrap();
    let wide = |text: &str| -> Vec<u8> {
        [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    };
    std::fs::write(logs.join("wide.log"), wide(&text("203.0.113"))).unwrap();
    std::os::unix::fs::symlink(".", logs.join("loop")).unwrap();

    let first = place.investigate(std::slice::from_ref(&logs)).await;
    balanced(&first);
    let parsed: u64 = first.ingested.intake.iter().map(|i| i.parsed).sum();
    assert!((590..=600).contains(&parsed), "{parsed}");
    let again = place.investigate(std::slice::from_ref(&logs)).await;
    balanced(&again);
    assert!(again.ingested.intake.iter().all(|i| i.parsed == 0 && i.rejected == 0), "{:?}", again.ingested);
    assert!(!again.ingested.committed);
    // A wide file that grew is read from where it ended.
    std::fs::write(logs.join("wide.log"), wide(&(text("203.0.113") + &text("10.0.0")))).unwrap();
    let grown = place.investigate(&[logs]).await.ingested;
    assert_eq!(
        grown.intake.iter().map(|i| (i.parsed, i.rejected)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1)),
        (200, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_opened_is_told_from_what_failed_and_from_what_has_the_same_name() {
    let place = Place::new();
    let event = |second: u32, name: &str, region: &str, request: &str, error: &str| {
        format!(
            r#"{{"eventVersion":"1.08","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111111111111:user/ann","accountId":"111111111111","accessKeyId":"AKIAEXAMPLEEXAMPLE01","userName":"ann"}},"eventTime":"2025-03-01T00:00:{second:02}Z","eventSource":"{}.amazonaws.com","eventName":"{name}","awsRegion":"{region}","sourceIPAddress":"192.0.2.7","userAgent":"cli","requestParameters":{request},"responseElements":null,"eventID":"{second}","readOnly":false,"eventType":"AwsApiCall","recipientAccountId":"111111111111"{error}}}"#,
            if name.contains("Permission") { "lambda" } else { "ec2" }
        )
    };
    let share = |how: &str, who: &str| {
        format!(r#"{{"snapshotId":"snap-1","createVolumePermission":{{"{how}":{{"items":[{who}]}}}}}}"#)
    };
    let other = r#"{"userId":"222222222222"}"#;
    let all = [
        event(1, "ModifySnapshotAttribute", "eu-west-1", &share("add", other), ""),
        event(
            2,
            "ModifySnapshotAttribute",
            "eu-west-1",
            &share("add", r#"{"group":"all"}"#),
            r#","errorCode":"OperationNotPermitted""#,
        ),
        event(
            3,
            "AddPermission20150331v2",
            "us-east-1",
            r#"{"functionName":"f","principal":"222222222222"}"#,
            "",
        ),
        event(4, "RemovePermission20150331v2", "eu-west-1", r#"{"functionName":"f"}"#, ""),
        event(5, "ModifySnapshotAttribute", "eu-west-1", &share("remove", other), ""),
    ];
    let log = place.path("trail.json");
    std::fs::write(&log, format!("{{\"Records\":[{}]}}", all.join(","))).unwrap();
    let case = place.investigate(&[log]).await.case;
    let mut told: Vec<(&str, f64)> = case
        .findings
        .iter()
        .filter(|f| f.detector == "shared_out")
        .map(|f| (f.title.as_str(), f.measures["calls_taking_back"]))
        .collect();
    told.sort_by(|a, b| a.0.cmp(b.0));
    let ann = "user/ann";
    let function = format!("{ann} opened f (function) to account 222222222222");
    let snapshot = format!("{ann} opened snap-1 (disk snapshot) to account 222222222222");
    assert_eq!(told, [(function.as_str(), 0.0), (snapshot.as_str(), 1.0)]);
    let advice: Vec<&str> = case.incident.recommendations.iter().map(|r| r.text.as_str()).collect();
    let shared = advice.iter().find(|a| a.starts_with("Take back what is still shared")).unwrap();
    assert!(shared.contains("`f`") && !shared.contains("snap-1"), "{shared}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_is_no_deed_of_anybody() {
    let place = Place::new();
    let log = place.path("access.log");
    // Two requests a minute for five days, but for half of the third.
    let line = |n: u32| {
        let (day, hour, minute, second) = (1 + n / 2880, n / 120 % 24, n / 2 % 60, n % 2 * 30);
        format!(
            "192.0.2.{} - - [{day:02}/Mar/2026:{hour:02}:{minute:02}:{second:02} +0000] \"GET /{} HTTP/1.1\" 200 5 \"-\" \"curl/8\"\n",
            n % 50,
            n % 9
        )
    };
    let silent = 2 * 2880 + 600..2 * 2880 + 2040;
    std::fs::write(&log, (0..5 * 2880).filter(|n| !silent.contains(n)).map(line).collect::<String>())
        .unwrap();
    let case = place.investigate(&[log]).await.case;
    let found: Vec<_> = case.findings.iter().map(|f| (f.detector.as_str(), f.severity)).collect();
    assert_eq!(found, [("blindspot", Severity::Medium)]);
    assert_eq!(case.incident.methodology, []);
    let period = case.incident.details.iter().find(|d| d.label == "Period").unwrap();
    assert_eq!(period.statement.value(), None, "a silence is not the incident");
    let advice: Vec<&str> = case.incident.recommendations.iter().map(|r| r.text.as_str()).collect();
    assert!(advice.contains(&"Find out why these sensors were silent. Named: `access.log`."), "{advice:?}");
    assert!(!advice.iter().any(|a| a.contains("Switch logging")), "{advice:?}");
}
