//! A cloud account in which a stolen key created users, shared snapshots and switched logging off.

use super::*;
use weir_model::case::Indicator;

const LOG: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2023/07/10/111122223333_CloudTrail_us-east-1_20230710T1200Z_Qb3x.json.gz";

pub fn case() -> Case {
    let first = t("2023-07-10T11:02:12Z");
    let other = LOG.replace("Qb3x", "Zk81");
    let intake = vec![
        file(LOG, Some("aws_cloudtrail"), 1_450, 0, 0),
        file(&other, Some("aws_cloudtrail"), 1_450, 0, 0),
    ];
    let mut case = case_of(
        "0d6e8f2a41b7c935",
        Organisation { name: Some("Example account 111122223333".into()), ..Organisation::default() },
        intake,
    );
    case.period = Some(Period { first, last: t("2023-07-11T16:40:07Z") });
    let off = gap(
        "aws_cloudtrail us-east-1",
        t("2023-07-10T12:31:44Z"),
        t("2023-07-10T12:58:20Z"),
        "StopLogging was called; the trail resumed later",
        None,
    );
    case.coverage = vec![
        coverage("111122223333/eu-west-1", "aws_cloudtrail", first, 2, 90, Vec::new()),
        coverage("111122223333/us-east-1", "aws_cloudtrail", first, 2, 1_360, vec![off.clone()]),
    ];
    case.findings = findings(first);
    case.timeline = timeline(first);
    case.scope = scope(
        Determinable::No,
        "storage data events are not logged in these hours; whose objects were read from `customer-exports` needs S3 server access logs or data events",
    );
    case.scope.gaps = vec![
        off,
        Gap {
            what: "S3 data events".into(),
            from: None,
            to: None,
            reason: "no trail records them".into(),
            records_expected: None,
        },
    ];
    case.finding_scopes = case.findings.iter().take(2).map(|f| (f.id.clone(), case.scope.clone())).collect();
    case.traces = BTreeMap::from([(case.findings[0].id.clone(), small_trace(first))]);
    case.incident.summary = vec![
        stated(
            "A long-lived access key of the user `backup-svc` was used from a network it had never been used from, and within 90 minutes created two users, opened a bucket to the world, shared a disk snapshot with another account and stopped the trail.",
            evidence(LOG, 12, 20, 214),
        ),
        Claim::unknown("logs of the machines and repositories that held it."),
    ];
    case.incident.details = vec![
        labelled("Discovered", Claim::unknown("the organisation’s notes.")),
        labelled("Period", stated("10 July 2023, 11:02 to 12:58 UTC", evidence(LOG, 12, 3, 214))),
    ];
    case.incident.methodology = vec![
        tactic(
            "Persistence",
            &["T1098.001", "T1136.003"],
            stated("Created users `ops-sync` and `ops-sync2` with access keys.", evidence(LOG, 44, 4, 4)),
        ),
        tactic(
            "Defense Evasion",
            &["T1562.008"],
            stated("Stopped the trail `main`.", evidence(LOG, 61, 1, 1)),
        ),
        tactic(
            "Exfiltration",
            &["T1537"],
            stated("Shared snapshot snap-0aa11 with account 444455556666.", evidence(LOG, 70, 1, 1)),
        ),
    ];
    case.incident.indicators = vec![Indicator {
        class: "behavioural".into(),
        entity: entity(EntityKind::Client, "aws-cli/2.9.1 Python/3.9.11 Linux/5.15 exe/x86_64.kali.2022"),
        why: "never used by this account before".into(),
        period: Period { first, last: later(first, 5_400) },
        records: 214,
        evidence: evidence(LOG, 12, 3, 214),
    }];
    case.incident.recommendations = vec![
        advice(
            Severity::Critical,
            "Deactivate the access key of `backup-svc` and the users `ops-sync` and `ops-sync2`.",
            &["f000000000000001", "f000000000000002"],
        ),
        advice(
            Severity::Critical,
            "Withdraw snapshot snap-0aa11 from account 444455556666 and close the bucket `customer-exports`.",
            &["f000000000000003"],
        ),
        advice(
            Severity::High,
            "Record storage data events; without them nobody can say whose objects were read.",
            &["S3 data events"],
        ),
    ];
    let hour = |h: i64| later(first, h * 3_600);
    case.series = vec![
        series("flow", None, "records", vec![(first, 2_410.0), (hour(24), 490.0)]),
        series("flagged", Some("f000000000000001"), "records", vec![(first, 214.0)]),
    ];
    case.limits = strings(&["Management events only: reads of objects do not appear."]);
    case
}

fn findings(first: Micros) -> Vec<Finding> {
    let rows = [
        (
            "newcomer",
            Severity::Critical,
            "backup-svc appeared from a new network and client",
            &["T1078.004"][..],
            214,
        ),
        (
            "unissued",
            Severity::Critical,
            "Two access keys were used minutes after an intruder created them",
            &["T1098.001", "T1136.003"],
            61,
        ),
        ("shared_out", Severity::High, "A disk snapshot was shared with an unknown account", &["T1537"], 1),
        ("shared_out", Severity::High, "The bucket customer-exports was opened to the world", &["T1530"], 2),
        ("blindspot", Severity::High, "The trail main was stopped for 27 minutes", &["T1562.008"], 2),
        ("guessing", Severity::Medium, "41 failed console sign-ins, then none", &["T1110.001"], 41),
        ("reach", Severity::Low, "One role listed every bucket", &["T1619"], 19),
        ("blindspot", Severity::Informational, "Storage data events are not recorded", &[], 1),
    ];
    let build =
        |(i, (detector, severity, title, attack, total)): (usize, (&str, Severity, &str, &[&str], u64))| {
            Finding {
                explanation: format!(
                    "{title}. Seen in {total} records; the account’s own past of 30 days has none like it."
                ),
                entities: vec![
                    entity(EntityKind::Actor, "arn:aws:iam::111122223333:user/backup-svc"),
                    entity(EntityKind::Credential, "AKIAEXAMPLEEXAMPLE01"),
                    entity(EntityKind::Origin, "198.51.100.23"),
                ],
                first_seen: later(first, 60 * i as i64),
                last_seen: later(first, 60 * i as i64 + 5_000),
                raised: later(first, 60 * i as i64),
                measures: map(&[("records", total as f64)]),
                baseline: map(&[("records", 0.0)]),
                p_value: (detector == "newcomer" || detector == "reach").then_some(0.000_4),
                attack: strings(attack),
                limits: strings(&["Only management events are logged."]),
                ..finding(
                    &format!("f{:015}", i + 1),
                    detector,
                    severity,
                    title,
                    evidence(LOG, 12 + i as i64, (total as usize).min(30), total),
                )
            }
        };
    rows.into_iter().enumerate().map(build).collect()
}

fn timeline(first: Micros) -> Vec<TimelineEvent> {
    let rows = [
        ("initial_access", "GetCallerIdentity by backup-svc from 198.51.100.23", "T1078.004"),
        ("discovery", "ListBuckets, ListUsers, DescribeInstances: 180 calls in 4 minutes", "T1580"),
        ("persistence", "CreateUser ops-sync, CreateAccessKey", "T1136.003"),
        ("privilege_escalation", "AttachUserPolicy AdministratorAccess to ops-sync", "T1098.003"),
        ("defense_evasion", "StopLogging on trail main", "T1562.008"),
        ("exfiltration", "ModifySnapshotAttribute: snap-0aa11 shared with 444455556666", "T1537"),
    ];
    let build = |(i, (phase, what, id)): (usize, (&str, &str, &str))| {
        event(
            later(first, 700 * i as i64),
            None,
            phase,
            what,
            &[id],
            evidence(LOG, 12 + 9 * i as i64, 1 + i, 1 + i as u64),
        )
    };
    rows.into_iter().enumerate().map(build).collect()
}

fn small_trace(at: Micros) -> Trace {
    let origin = node(EntityKind::Origin, "198.51.100.23", "seed", at, 214);
    let key = node(EntityKind::Credential, "AKIAEXAMPLEEXAMPLE01", "seed", at, 214);
    let actor = node(EntityKind::Actor, "arn:aws:iam::111122223333:user/backup-svc", "same_hand", at, 214);
    let user = node(EntityKind::Actor, "ops-sync", "same_hand", at, 61);
    let made = node(EntityKind::Credential, "AKIAEXAMPLEEXAMPLE02", "same_hand", at, 60);
    let bucket = node(EntityKind::Resource, "customer-exports", "touched", at, 2);
    let snapshot = node(EntityKind::Resource, "snap-0aa11", "touched", at, 1);
    let account = node(EntityKind::Account, "444455556666", "touched", at, 1);
    let trail = node(EntityKind::Resource, "trail/main", "touched", at, 2);
    let edges = vec![
        edge(&origin, &key, "used"),
        edge(&key, &actor, "acted_as"),
        edge(&actor, &user, "created"),
        edge(&user, &made, "issued"),
        edge(&made, &bucket, "opened"),
        edge(&made, &snapshot, "shared"),
        edge(&snapshot, &account, "shared_with"),
        edge(&actor, &trail, "stopped"),
        edge(&account, &actor, "assumed"),
    ];
    trace(vec![origin, key, actor, user, made, bucket, snapshot, account, trail], edges)
}
