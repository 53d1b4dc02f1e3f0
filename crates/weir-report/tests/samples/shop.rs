//! A web shop whose customers' pages were read for seven months with forged tokens.

use super::*;
use weir_model::case::{Beyond, Bounds, DatasetUsed, ExposedSubject, Indicator};

const LOG: &str = "edge-1/access.log.7.gz";
pub const FORGED: &str = "1f6cbe20a9d34e77";
pub const REACH: &str = "77b1d02e9ac45f10";
pub const BLIND: &str = "c3320f9e11bd8a02";

pub fn case() -> Case {
    let first = t("2025-03-02T00:00:04Z");
    let intake = vec![
        file("edge-1/access.log.7.gz", Some("nginx_access"), 9_804_211, 14, 0),
        file("edge-2/access.log.7.gz", Some("nginx_access"), 9_511_870, 0, 20_133),
        file("auth/issued.jsonl.zst", Some("token_issuance"), 1_204_518, 3, 0),
        file("db/heapdump.bin", None, 0, 0, 0),
    ];
    let organisation = Organisation {
        name: Some("Harbour & Pine Ltd".into()),
        sector: Some("Retail".into()),
        home_country: Some("KR".into()),
        population: Some(51_700_000),
        members: Some(318_400),
        language: weir_model::Language::English,
    };
    let mut case = case_of("4be7719fd02a6c31", organisation, intake);
    case.alert_budget = Some(1.0);
    case.methods = vec![weir_model::case::Method {
        detector: "reach".into(),
        summary: "more people's data read than own past, peers and issued credentials explain".into(),
        manual: include_str!("../../../weir-detect/src/detectors/reach/manual.md").into(),
        budget_share: 0.15,
    }];
    let lost = gap(
        "auth/issued",
        t("2025-06-11T00:00:00Z"),
        t("2025-06-23T00:00:00Z"),
        "silent for 12 days; its longest silence before was 41 min",
        Some(61_320.0),
    );
    case.coverage = vec![
        coverage("auth/issued", "token_issuance", first, 240, 5_110, vec![lost.clone()]),
        coverage("edge-1", "nginx_access", first, 240, 40_851, Vec::new()),
        coverage("edge-2", "nginx_access", t("2025-04-20T08:00:00Z"), 191, 49_800, Vec::new()),
    ];
    case.period = Some(Period { first, last: t("2025-10-27T23:59:58Z") });
    case.datasets = vec![DatasetUsed {
        name: "members".into(),
        origin: "learned".into(),
        categories: strings(&["e_mail", "name", "postal_address", "telephone"]),
        routes: strings(&["/members/{id}", "/members/{id}/addresses"]),
        subject: "the path parameter {id} after /members".into(),
        ground: "318,377 values of {id}; 97.2 % of clients see one value; responses of 1.1 to 4.0 kB".into(),
        subjects: 318_377,
        records: 12_411_093,
    }];
    case.findings = findings();
    case.timeline = timeline();
    case.scope = Scope {
        subjects: Some(Bounds { lower: 21_313, upper: Some(24_806) }),
        categories: strings(&["e_mail", "name", "postal_address", "telephone"]),
        records: 148_056,
        bytes: Some(402_551_209),
        first: Some(t("2025-04-14T03:12:55Z")),
        last: Some(t("2025-10-26T22:40:10Z")),
        gaps: vec![lost],
        beyond: [
            ("sessions or credentials whose holders no record names", 3_052),
            ("times in which the hand was not seen or a sensor was silent", 441),
        ]
        .map(|(what, people)| Beyond { what: what.into(), people })
        .to_vec(),
        ..scope(
            Determinable::Partly,
            "every page read names its member; tokens issued between 11 and 23 June are not logged, so use in those days cannot be told from ordinary use",
        )
    };
    let countries = |all: &[(&str, u64)]| all.iter().map(|(code, n)| ((*code).to_owned(), *n)).collect();
    case.divided.kinds =
        [("member", 21_313), ("credential", 3_052)].map(|(kind, n)| (kind.to_owned(), n)).into();
    case.divided.countries =
        countries(&[("SG", 18_990), ("NL", 2_104), ("DE", 612), ("KR", 187), ("US", 44), ("EU", 3)]);
    case.divided.country_records =
        countries(&[("SG", 131_240), ("NL", 12_055), ("DE", 3_300), ("KR", 902), ("US", 301), ("EU", 4)]);
    let own = Scope { gaps: Vec::new(), ..case.scope.clone() };
    case.finding_scopes = BTreeMap::from([
        (FORGED.to_owned(), own.clone()),
        (
            REACH.to_owned(),
            Scope {
                subjects: Some(Bounds { lower: 21_313, upper: Some(21_313) }),
                beyond: Vec::new(),
                determinable: Determinable::Yes,
                reason: "each record names one member".into(),
                ..own
            },
        ),
        (BLIND.to_owned(), scope(Determinable::No, "what was not logged names nobody")),
    ]);
    case.traces = BTreeMap::from([(FORGED.to_owned(), fan_out())]);
    case.incident = incident();
    case.series = all_series(first);
    case.limits = strings(&[
        "Responses are not logged, so a page that was read is counted as shown whole.",
        "Country is taken from a table of address ranges of October 2025; an address may have moved since.",
    ]);
    case.snapshot = BTreeMap::from([("access".into(), 12), ("auth".into(), 4)]);
    case
}

fn findings() -> Vec<Finding> {
    let (first, last) = (t("2025-04-14T03:12:55Z"), t("2025-10-26T22:40:10Z"));
    let origins = |n: u8| (1..=n).map(|i| entity(EntityKind::Origin, &format!("203.0.113.{i}")));
    let forged = Finding {
        explanation: "12 tokens that no issuance record covers were used 148,056 times. The issuing log is whole in 228 of 240 days; the \
            uses in the other 12 days are left out. All name the key id k-2023-02, whose owner left on 31 December 2024."
            .into(),
        entities: [entity(EntityKind::Key, "k-2023-02")].into_iter().chain(origins(40)).collect(),
        first_seen: first,
        last_seen: last,
        raised: first,
        measures: map(&[("records", 148_056.0), ("credentials", 12.0), ("subjects", 21_313.0)]),
        baseline: map(&[("records", 0.0), ("credentials", 0.0)]),
        attack: strings(&["T1528", "T1550.001", "T1606.001"]),
        limits: strings(&["Between 11 and 23 June 2025 issuance was not logged; tokens used only then are not judged."]),
        campaign: Some("campaign-1".into()),
        ..finding(FORGED, "unissued", Severity::Critical, "12 tokens were used that nobody issued", evidence(LOG, 40_112, 100, 148_056))
    };
    let reach = Finding {
        explanation: "203.0.113.0/24 read the pages of 21,313 members over 196 days. Its peers, networks with as many requests, read at most \
            31 in any such span."
            .into(),
        entities: [entity(EntityKind::Prefix, "203.0.113.0/24")].into_iter().chain(origins(12)).collect(),
        first_seen: first,
        last_seen: last,
        raised: first,
        measures: map(&[
            ("subjects", 21_313.0),
            ("people_in_window", 21_313.0),
            ("largest_peer_in_window", 31.0),
            ("peers", 4_012.0),
            ("records_a_day", 755.4),
            ("share_of_records", 0.000223),
        ]),
        baseline: map(&[
            ("subjects", 4.2),
            ("people_in_window", 1.0),
            ("records_a_day", 12.5),
            ("subjects_a_day", 1.5),
        ]),
        p_value: Some(3.1e-41),
        threshold: Some(2.0e-6),
        attack: strings(&["T1119", "T1213"]),
        campaign: Some("campaign-1".into()),
        ..finding(REACH, "reach", Severity::High, "One network read the data of 21,313 people", evidence(LOG, 40_112, 100, 148_056))
    };
    let blind = Finding {
        explanation:
            "auth/issued fell silent for 12 days. Its longest silence in the 101 days before was 41 minutes."
                .into(),
        entities: vec![entity(EntityKind::Sensor, "auth/issued")],
        first_seen: t("2025-06-11T00:00:00Z"),
        last_seen: t("2025-06-23T00:00:00Z"),
        raised: t("2025-06-23T00:00:00Z"),
        measures: map(&[("silent_days", 12.0)]),
        baseline: map(&[("silent_days", 0.028)]),
        p_value: Some(0.0002),
        attack: strings(&["T1070"]),
        ..finding(
            BLIND,
            "blindspot",
            Severity::Medium,
            "The issuing log is silent for 12 days",
            evidence("auth/issued.jsonl.zst", 511_002, 2, 2),
        )
    };
    vec![forged, reach, blind]
}

fn timeline() -> Vec<TimelineEvent> {
    let at = t("2025-04-14T03:12:55Z");
    vec![
        event(
            t("2025-03-21T11:02:10Z"),
            None,
            "initial_access",
            "Token of key k-2023-02 first used from 203.0.113.7, with no issuance",
            &["T1606.001"],
            evidence(LOG, 812, 1, 1),
        ),
        event(
            at,
            Some(t("2025-10-26T22:40:10Z")),
            "collection",
            "Pages of members read one after another, 8 to 14 a minute, from 12 addresses",
            &["T1119", "T1213"],
            evidence(LOG, 40_112, 60, 148_056),
        ),
        event(
            t("2025-06-11T00:00:00Z"),
            Some(t("2025-06-23T00:00:00Z")),
            "defense_evasion",
            "The issuing log is silent",
            &["T1070"],
            evidence("auth/issued.jsonl.zst", 511_002, 2, 2),
        ),
    ]
}

fn incident() -> Incident {
    let many = || evidence(LOG, 40_112, 60, 148_056);
    Incident {
        summary: vec![
            stated(
                "For 196 days someone read members’ pages of the shop with 12 session tokens that the shop never issued, all signed with a key whose owner had left.",
                many(),
            ),
            stated(
                "21,313 members’ names, e-mail addresses, telephone numbers and postal addresses were shown, 148,056 pages in all, from 12 addresses of one network.",
                many(),
            ),
            stated(
                "The reading stayed below one record in four thousand of the shop’s traffic, so no volume alarm could see it.",
                evidence(LOG, 40_112, 2, 148_056),
            ),
            Claim::unknown("the reader’s own systems."),
        ],
        details: vec![
            labelled("Discovered", Claim::unknown("the organisation’s own notes.")),
            labelled("Period", stated("14 April to 26 October 2025", many())),
            labelled("Sector", stated("Retail (configured)", evidence("weir.toml", 4, 1, 1))),
            labelled(
                "Geography",
                stated("All 12 addresses lie outside Korea, in one hosting network", many()),
            ),
        ],
        methodology: vec![
            tactic(
                "Credential Access",
                &["T1528", "T1606.001"],
                stated(
                    "Tokens forged with the signing key k-2023-02, which was not rotated when its owner left.",
                    many(),
                ),
            ),
            tactic(
                "Collection",
                &["T1119", "T1213"],
                stated("Members’ pages read by ascending id, 8 to 14 a minute, day and night.", many()),
            ),
            tactic("Exfiltration", &[], Claim::unknown("flow records of the reading hosts.")),
        ],
        impact: vec![
            labelled("People", stated("21,313 members, 6.7 % of those held; at most 24,806", many())),
            labelled(
                "Data",
                stated("Name, e-mail, telephone, postal address. No payment route was read", many()),
            ),
            labelled(
                "Operational",
                stated(
                    "No outage: response times did not change",
                    evidence("edge-2/access.log.7.gz", 9, 2, 2),
                ),
            ),
            labelled("Financial", Claim::unknown("the organisation’s books.")),
            labelled("Reputational", Claim::unknown("press and customers’ contacts.")),
        ],
        indicators: (1..=12)
            .map(|i| Indicator {
                class: "network".into(),
                entity: entity(EntityKind::Origin, &format!("203.0.113.{i}")),
                why: "used tokens that nobody issued".into(),
                period: Period { first: t("2025-04-14T03:12:55Z"), last: t("2025-10-26T22:40:10Z") },
                records: 12_338,
                evidence: evidence(LOG, 40_112 + i, 3, 12_338),
            })
            .collect(),
        response: vec![
            labelled("Containment", Claim::unknown("the key register.")),
            labelled("Recovery", Claim::unknown("the responders’ notes.")),
        ],
        lessons: vec![advice(
            Severity::High,
            "A token must be checked against what was issued, not by its signature alone.",
            &[FORGED],
        )],
        recommendations: vec![
            advice(
                Severity::Critical,
                "Retire the signing key k-2023-02 now and end every session signed with it.",
                &[FORGED],
            ),
            advice(
                Severity::High,
                "Put a legal hold on the access and issuance logs before the retention job runs.",
                &[BLIND],
            ),
            advice(
                Severity::High,
                "Start the 72-hour clock: at least 21,313 people must be told what was taken.",
                &[REACH],
            ),
            advice(Severity::Medium, "Alert on distinct people read per network and week.", &[REACH]),
        ],
    }
}

fn all_series(first: Micros) -> Vec<Series> {
    let day = |d: i32| Micros::of_day(first.day() + d);
    let flow = (0..240)
        .map(|d| (day(d), 80_000.0 + 9_000.0 * f64::from(d % 7) + f64::from((d * 37) % 23) * 700.0))
        .collect();
    let flagged = (43..239).map(|d| (day(d), 600.0 + f64::from((d * 53) % 31) * 12.0)).collect();
    let reach = (43..239)
        .map(|d| (day(d), (f64::from(d - 42) / 196.0).powf(0.6) * 21_313.0))
        .map(|(a, v)| (a, v.round()));
    let forged = (43..239).map(|d| (day(d), (f64::from(d - 42) * 108.7).min(21_300.0).round())).collect();
    let daily = |d: i32| f64::from(90 + (d * 29) % 37);
    let people = (43..239).map(|d| (day(d), daily(d))).collect();
    let records = (43..239).map(|d| (day(d), 7.0 * daily(d))).collect();
    let own = (0..240)
        .map(|d| (day(d), f64::from(400 + (d * 31) % 97) + if d > 42 { 900.0 } else { 0.0 }))
        .collect();
    vec![
        series("people_a_day", Some(REACH), "people", people),
        series("records_a_day", Some(REACH), "records", records),
        series("records_a_day", Some(FORGED), "records", own),
        series("flow", None, "records", flow),
        series("flagged", Some(FORGED), "records", flagged),
        series("flagged", Some(BLIND), "records", vec![(day(101), 1.0), (day(113), 1.0)]),
        series("reach", Some(REACH), "people", reach.collect()),
        series("reach", Some(FORGED), "people", forged),
    ]
}

/// A trace of more than two hundred entities.
fn fan_out() -> Trace {
    let at = t("2025-04-14T03:12:55Z");
    let key = node(EntityKind::Key, "k-2023-02", "seed", at, 148_056);
    let mut nodes = vec![key.clone()];
    let mut edges = Vec::new();
    let routes = [
        node(EntityKind::Route, "/members/{id}", "touched", at, 98_704),
        node(EntityKind::Route, "/members/{id}/addresses", "touched", at, 49_352),
    ];
    for i in 1..=12u64 {
        let token = node(
            EntityKind::Credential,
            &format!("fp_{i:02}c41d9e07ab3355f2{i:02}ee"),
            "same_hand",
            at,
            12_338 - i,
        );
        let origin = node(EntityKind::Origin, &format!("203.0.113.{i}"), "same_hand", at, 12_338 - i);
        edges.push(edge(&key, &token, "signed"));
        edges.push(edge(&token, &origin, "used_from"));
        edges.extend(routes.iter().map(|r| edge(&origin, r, "read")));
        nodes.extend([token, origin]);
    }
    for i in 0..216u64 {
        let subject = node(EntityKind::Subject, &format!("member:{}", 8_800 + i), "touched", at, 7 + i % 5);
        edges.push(edge(&routes[(i % 2) as usize], &subject, "showed"));
        nodes.push(subject);
    }
    nodes.extend(routes);
    trace(nodes, edges)
}

/// The exposed people of the sample.
pub fn people() -> impl Iterator<Item = ExposedSubject> {
    let at = t("2025-04-14T03:12:55Z");
    (0..21_313).map(move |i| ExposedSubject {
        subject: format!("member:{}", 8_800 + i),
        status: "named".into(),
        first: later(at, i * 700),
        last: later(at, i * 700 + 90_000),
        records: 7,
        categories: strings(&["e_mail", "name"]),
        findings: strings(&[FORGED, REACH]),
        countries: strings(&["KR"]),
    })
}
