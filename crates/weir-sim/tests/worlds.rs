//! Every scenario: do its logs hold what its truth says, does a setting change what it names, and is a quiet year quiet?

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use weir_sim::{Options, scenarios, simulate};

struct World {
    folder: tempfile::TempDir,
    truth: Value,
}

fn world(scenario: &str, seed: u64, days: u32, settings: &[(&str, f64)]) -> World {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    let options = Options { seed, days: Some(days), settings, ..Options::default() };
    simulate(scenario, folder.path(), &options).unwrap();
    let truth = serde_json::from_slice(&fs::read(folder.path().join("truth.json")).unwrap()).unwrap();
    World { folder, truth }
}

impl World {
    /// The lines of every access log, as text.
    fn accesses(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for entry in fs::read_dir(self.folder.path().join("logs")).unwrap() {
            let path = entry.unwrap().path();
            if path.to_string_lossy().contains("access") {
                lines.extend(fs::read_to_string(&path).unwrap().lines().map(str::to_owned));
            }
        }
        lines
    }

    fn addresses(&self) -> BTreeSet<String> {
        let list = self.truth["attacker"]["addresses"].as_array().unwrap().iter();
        list.map(|a| a["address"].as_str().unwrap().to_owned()).collect()
    }
}

/// Scenarios in which something is taken over the web, with the part of a path before whose data it shows.
const TAKING: [(&str, &[&str]); 5] = [
    ("already-inside", &["/members/"]),
    ("forged-tokens", &["/members/"]),
    ("lookup-abuse", &["/lookup?phone="]),
    ("partner-enumeration", &["/api/customers/"]),
    ("rotating-id-scrape", &["/v1/accounts/"]),
];

#[test]
fn everyone_the_truth_names_was_read_from_the_attackers_addresses() {
    for (scenario, before) in TAKING {
        let world = world(scenario, 31, 16, &[("members", 400.0)]);
        let addresses = world.addresses();
        assert!(!addresses.is_empty(), "{scenario}");
        let mut read = BTreeSet::new();
        for line in world.accesses().iter().filter(|line| line.contains("\"status\":200")) {
            let record: Value = serde_json::from_str(line).unwrap();
            if !addresses.contains(record["remote_addr"].as_str().unwrap()) {
                continue;
            }
            let uri = record["uri"].as_str().unwrap();
            for start in before {
                if let Some(rest) = uri.strip_prefix(start) {
                    read.insert(rest.split('/').next().unwrap().to_owned());
                }
            }
        }
        let subjects = world.truth["leak"]["subjects"].as_array().unwrap();
        let named = subjects.iter().filter(|s| s["named"] == true);
        let named: BTreeSet<String> = named.map(|s| s["id"].as_str().unwrap().to_owned()).collect();
        assert!(named.len() > 50, "{scenario}: {}", named.len());
        assert!(
            named.is_subset(&read),
            "{scenario}: {:?}",
            named.difference(&read).take(3).collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_quiet_year_takes_nothing() {
    let world = world("quiet-year", 8, 40, &[("members", 300.0)]);
    assert_eq!(world.truth["leak"]["records"], 0);
    assert_eq!(world.truth["attacker"]["requests"], 0);
    assert!(world.truth["records"].as_u64().unwrap() > 5_000);
}

#[test]
fn settings_change_what_they_name() {
    let few = world("forged-tokens", 5, 20, &[("members", 300.0), ("people", 5.0), ("addresses", 3.0)]);
    let many = world("forged-tokens", 5, 20, &[("members", 300.0), ("people", 20.0), ("addresses", 9.0)]);
    assert_eq!((few.addresses().len(), many.addresses().len()), (3, 9));
    let requests = |w: &World| w.truth["attacker"]["requests"].as_u64().unwrap();
    assert!(requests(&many) > 8 * requests(&few), "{} {}", requests(&few), requests(&many));
    let unlogged = world("forged-tokens", 5, 20, &[("members", 300.0), ("issuance", 0.0)]);
    assert!(!unlogged.folder.path().join("logs/token-issuance.jsonl").exists());
    let holder = world("forged-tokens", 5, 20, &[("members", 300.0), ("holder", 1.0)]);
    assert!(holder.truth["leak"]["subjects"].as_array().unwrap().iter().all(|s| s["named"] == false));
    let refused = |settings: &[(&str, f64)]| {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        simulate("quiet-year", Path::new("unused"), &Options { settings, ..Options::default() })
            .unwrap_err()
            .to_string()
    };
    assert!(refused(&[("addresses", 3.0)]).contains("it has members, issuance"));
    assert!(refused(&[("members", 1.0)]).contains("between 50 and"));
}

#[test]
fn every_scenario_writes_the_same_bytes_for_the_same_seed_and_says_what_it_is() {
    for info in scenarios() {
        let write = |seed| {
            let settings = match info.settings.iter().any(|s| s.name == "members") {
                true => vec![("members".to_owned(), 120.0)],
                false => Vec::new(),
            };
            let folder = tempfile::tempdir().unwrap();
            let options = Options { seed, days: Some(6), settings, scale: 1.0, ..Options::default() };
            simulate(info.name, folder.path(), &options).unwrap();
            let mut files = Vec::new();
            for entry in fs::read_dir(folder.path().join("logs")).unwrap() {
                let path = entry.unwrap().path();
                files.push((path.file_name().unwrap().to_owned(), fs::read(&path).unwrap()));
            }
            files.sort();
            (files, fs::read(folder.path().join("truth.json")).unwrap())
        };
        let first = write(3);
        assert!(first == write(3), "{}", info.name);
        assert!(first != write(4), "{} ignores the seed", info.name);
        let page = weir_sim::about(info.name).unwrap();
        assert!(
            page.contains("## Settings") && info.settings.iter().all(|s| page.contains(s.name)),
            "{page}"
        );
    }
}

#[test]
fn an_address_opens_as_many_pages_a_day_as_the_measured_worlds_say() {
    // The rate world's 30 and the linking world's 308, of 4.4 pages an account.
    for (people, pages) in [(7.5, 27.0..33.0), (75.0, 277.0..339.0)] {
        let settings =
            [("members", 4_000.0), ("addresses", 12.0), ("people", people), ("from", 0.0), ("issuance", 0.0)];
        let world = world("forged-tokens", 41, 28, &settings);
        let attacker = &world.truth["attacker"];
        let shown = attacker["requests"].as_u64().unwrap() - attacker["cover"].as_u64().unwrap();
        let each = shown as f64 / (28.0 * world.addresses().len() as f64);
        assert!(pages.contains(&each), "{each} pages a day from each address");
        let leak = &world.truth["leak"];
        let visits = attacker["credentials"].as_array().unwrap().len() as f64
            - attacker["misses"].as_u64().unwrap() as f64;
        let views = leak["records"].as_u64().unwrap() as f64 / visits;
        assert!((4.1..4.7).contains(&views), "{views} pages of an account");
    }
}
