//! `unissued` and `reach` on the example shop, on real logs, and on fixtures.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its input fails")]

mod common;
mod crossing;
mod dormant;
mod drift;
mod harvest;
mod mmdb;
mod nameless;
mod reach;
mod site;
mod things;

use common::{World, values};
use std::collections::BTreeSet;
use std::path::PathBuf;
use weir_model::config::Config;
use weir_model::{EntityKind, Severity};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn shop(configured: bool) -> World {
    let mut world = World::folder(&root().join("examples/shop"));
    if configured {
        let read =
            |name: &str| std::fs::read_to_string(root().join("examples/shop-config").join(name)).unwrap();
        world.config = Config::parse(&read("weir.toml")).unwrap();
        world.inventories.add_keys("keys.csv", &read("keys.csv")).unwrap();
        world.inventories.add_people("people.csv", &read("people.csv")).unwrap();
    }
    world
}

fn truth() -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(root().join("examples/truth/shop.json")).unwrap()).unwrap()
}

fn thieves() -> Vec<String> {
    let truth = truth();
    let mut all: Vec<String> = truth["attacker"]["addresses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["address"].as_str().unwrap().to_owned())
        .collect();
    all.sort();
    all
}

#[test]
fn fixtures_fire_and_stay_quiet() {
    for detector in [
        "blindspot",
        "bulk",
        "crossing",
        "dormant",
        "drift",
        "guessing",
        "newcomer",
        "retention",
        "shared_out",
        "unissued",
    ] {
        for name in ["fires", "quiet"] {
            let path = format!("crates/weir-detect/fixtures/{detector}/{name}.md");
            let (world, expected) = World::fixture(&std::fs::read_to_string(root().join(&path)).unwrap());
            let mut found: Vec<String> = world
                .find(detector)
                .iter()
                .map(|f| {
                    format!(
                        "{} {}: {} ({} records)",
                        f.severity,
                        f.entities[0],
                        f.title,
                        f.evidence.0.total()
                    )
                })
                .collect();
            found.sort();
            assert_eq!(found, expected, "{path}");
        }
    }
}

#[test]
fn the_shops_forged_sessions_are_found_and_nobody_else() {
    for configured in [true, false] {
        let found = shop(configured).find("unissued");
        assert_eq!(found.len(), 1, "{found:#?}");
        let finding = &found[0];
        assert_eq!((finding.severity, finding.p_value), (Severity::Critical, None));
        assert_eq!(values(finding, EntityKind::Key), ["web-2025-standby"]);
        assert_eq!(values(finding, EntityKind::Origin), thieves());
        let forged = truth()["attacker"]["credentials"].as_array().unwrap().len() as f64;
        assert!(
            finding.measures["credentials"] >= 0.95 * forged && finding.measures["credentials"] <= forged,
            "{:?}",
            finding.measures
        );
        assert_eq!(finding.measures.contains_key("days_from_unfit_key_to_last_use"), configured);
    }
}

/// The shop's fixture of forged tokens, with these issuances cut in the middle of their lines.
fn cut(issuances: &[&str]) -> World {
    let path = root().join("crates/weir-detect/fixtures/unissued/fires.md");
    let (mut world, _) = World::fixture(&std::fs::read_to_string(path).unwrap());
    let log = String::from_utf8(world.files.remove("issuance.jsonl").unwrap()).unwrap();
    let cut = |line: &str| {
        let keep = if issuances.iter().any(|jti| line.contains(jti)) { 60 } else { line.len() };
        line[..keep].to_owned() + "\n"
    };
    world.files.insert("issuance.jsonl".into(), log.lines().map(cut).collect::<String>().into_bytes());
    world
}

#[test]
fn a_credential_whose_issuance_could_not_be_read_is_in_doubt_and_no_other() {
    let severities = |issuances: &[&str]| -> Vec<(String, Severity)> {
        let found = cut(issuances).find("unissued");
        found.iter().map(|f| (f.entities[0].value.clone(), f.severity)).collect()
    };
    let (forged, ordinary) = ("web-0".to_owned(), "web-1".to_owned());
    assert_eq!(severities(&[]), [(forged.clone(), Severity::Critical)]);
    let both = [(forged, Severity::Critical), (ordinary, Severity::Medium)];
    assert_eq!(severities(&["ordinary-02"]), both);
    assert_eq!(severities(&["ordinary-12"]), both);
    let doubt = cut(&["ordinary-02"]).find("unissued").remove(1);
    assert_eq!(
        doubt.title,
        "1 credentials signed by key web-1 were accepted and no issuance of them could be read: 1 people's data from 1 addresses"
    );
    assert!(
        doubt.limits.iter().any(|l| l.starts_with(
            "1 record of the issuing log could not be read; by where they stand, at most 1 of these 1"
        )),
        "{doubt:#?}"
    );
}

#[test]
fn a_campaign_is_found_beside_rejected_issuances_and_counted_without_them() {
    let mut world = cut(&["ordinary-10", "ordinary-12", "ordinary-14"]);
    let log = String::from_utf8(world.files.remove("access.jsonl").unwrap()).unwrap();
    let forged = log.lines().find(|l| l.contains("forged-2")).unwrap();
    let more = (3..500).map(|i| forged.replace("forged-2", &format!("forged-{i}")) + "\n");
    world.files.insert("access.jsonl".into(), (log.clone() + &more.collect::<String>()).into_bytes());
    let found = world.find("unissued");
    let campaign = found.iter().find(|f| f.entities[0].value == "web-0").unwrap();
    assert_eq!(campaign.severity, Severity::Critical);
    // Of the three rejects only the one just before the campaign can have issued what it used.
    assert!(
        campaign.title.starts_with("At least 499 of 500 credentials signed by key web-0"),
        "{}",
        campaign.title
    );
}

/// Requests are shared out among so many servers.
#[test]
fn a_key_that_is_used_on_a_hundred_servers_is_one_hand() {
    const SERVERS: usize = 100;
    let mut world = cut(&[]);
    let alone = world.find("unissued");
    let mut take = |name| String::from_utf8(world.files.remove(name).unwrap()).unwrap();
    let (access, issuance) = (take("access.jsonl"), take("issuance.jsonl"));
    let at = |log: &str, server: usize| {
        log.replace("ordinary-", &format!("ordinary-{server}-"))
            .replace("forged-", &format!("forged-{server}-"))
            .into_bytes()
    };
    let issued = (0..SERVERS).flat_map(|server| at(&issuance, server)).collect();
    world.files.insert("issuance.jsonl".to_owned(), issued);
    for server in 0..SERVERS {
        world.files.insert(format!("web{server:02}/access.jsonl"), at(&access, server));
    }
    let found = world.find("unissued");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(values(&found[0], EntityKind::Key), ["web-0"]);
    assert_eq!(found[0].measures["credentials"], alone[0].measures["credentials"] * SERVERS as f64);
}

fn accused(found: &[weir_model::Finding]) -> BTreeSet<String> {
    let high = found.iter().filter(|f| f.severity >= Severity::High);
    high.flat_map(|f| values(f, EntityKind::Origin)).collect()
}

#[test]
fn the_shops_desk_and_batch_do_not_stand_out_by_reach_and_forged_sessions_are_left_to_others() {
    for configured in [true, false] {
        assert_eq!(accused(&shop(configured).find("reach")), BTreeSet::new());
    }
}

#[test]
fn the_shops_thieves_come_with_clients_that_are_not_their_victims() {
    for configured in [true, false] {
        let found = shop(configured).find("impostor");
        for finding in &found {
            println!(
                "{configured} {} {} {:?}\n  {}",
                finding.severity, finding.title, finding.measures, finding.explanation
            );
        }
        let thieves: BTreeSet<String> = thieves().into_iter().collect();
        let accused = accused(&found);
        assert!(accused.is_subset(&thieves), "wrongly: {:?}", accused.difference(&thieves));
        assert!(accused.len() * 2 > thieves.len(), "{} of {}", accused.len(), thieves.len());
    }
}

/// 2,000 reads of members' pages from 12 addresses, spread over the real lines' four days.
fn injected() -> String {
    let mut lines = String::new();
    for i in 0..2_000_u32 {
        let second = i * 165;
        let (day, hour, minute, second) =
            (17 + second / 86_400, second / 3_600 % 24, second / 60 % 60, second % 60);
        let id = 100_000 + (i * 7_919) % 50_000;
        lines.push_str(&format!(
            "198.51.100.{} - - [{day}/May/2015:{hour:02}:{minute:02}:{second:02} +0000] \"GET /members/{id} HTTP/1.1\" 200 1834 \"-\" \"Mozilla/5.0 ({})\"\n",
            i % 12 + 1,
            i % 5
        ));
    }
    lines
}

#[test]
fn twelve_addresses_among_real_apache_lines_are_found_with_every_id() {
    let data = root().join("../shared/data/web-background/apache_logs");
    let Ok(real) = std::fs::read(&data) else {
        println!("skipped: ../shared/data not present");
        return;
    };
    let mut world = World::default();
    world.files.insert("apache_logs".to_owned(), [real.clone(), injected().into_bytes()].concat());
    let found = world.find("reach");
    for finding in &found {
        println!(
            "{} {} p={:?} {:?}\n  {}",
            finding.severity, finding.title, finding.p_value, finding.measures, finding.explanation
        );
    }
    assert_eq!(found.len(), 1);
    let wanted: BTreeSet<String> = (1..=12).map(|i| format!("198.51.100.{i}")).collect();
    assert_eq!(values(&found[0], EntityKind::Origin).into_iter().collect::<BTreeSet<_>>(), wanted);
    assert_eq!((found[0].measures["records"], found[0].measures["people"]), (2_000.0, 2_000.0));
    let mut quiet = World::default();
    quiet.files.insert("apache_logs".to_owned(), real);
    assert!(quiet.find("reach").iter().all(|f| f.severity < Severity::High));
}

/// Two requests a minute for five days, but for some minutes of the third.
fn silent_for(minutes: u32) -> World {
    let mut lines = String::new();
    for n in (0..5 * 2880_u32).filter(|n| !(2 * 2880 + 1200..2 * 2880 + 1200 + 2 * minutes).contains(n)) {
        let (day, hour, minute, second) = (1 + n / 2880, n / 120 % 24, n / 2 % 60, n % 2 * 30);
        lines.push_str(&format!(
            "192.0.2.{} - - [{day:02}/Mar/2026:{hour:02}:{minute:02}:{second:02} +0000] \"GET /{} HTTP/1.1\" 200 5 \"-\" \"curl/8\"\n",
            n % 50,
            n % 9
        ));
    }
    let mut world = World::default();
    world.files.insert("access.log".to_owned(), lines.into_bytes());
    world
}

#[test]
fn a_silence_is_graded_by_what_it_hides() {
    let graded = |minutes: u32| {
        let found = silent_for(minutes).find("blindspot");
        assert!(found.iter().all(|f| f.attack.is_empty()), "a silence is no attack");
        found.iter().map(|f| f.severity).collect::<Vec<_>>()
    };
    assert_eq!(graded(5), []);
    assert_eq!(graded(40), [Severity::Low]);
    assert_eq!(graded(600), [Severity::Medium]);
}

#[test]
fn an_hour_of_cloud_calls_accuses_no_credential() {
    let found = World::folder(&root().join("examples/cloud-account")).find("unissued");
    assert_eq!(found, []);
}
