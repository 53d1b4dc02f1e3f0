//! The shop's logs, read back by independent means: do they hold what the truth says, and is everyone else innocent?

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;
use weir_sim::{Codec, Options, simulate};

/// The command in `examples/shop/README.md`.
const EXAMPLE_SEED: u64 = 2026;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn plain(seed: u64, days: Option<u32>, scale: f64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    simulate(
        "shop",
        folder.path(),
        &Options { seed, days, scale, codec: Some(Codec::Plain), ..Options::default() },
    )
    .unwrap();
    folder
}

fn json_lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {value}"))
}

fn time(value: &Value) -> Timestamp {
    text(value, "time").parse().unwrap()
}

/// What a reader of a world's logs and truth needs.
struct Reading {
    accesses: Vec<Value>,
    issued: BTreeMap<String, (Timestamp, String)>,
    truth: Value,
    records: usize,
    folder: tempfile::TempDir,
}

fn read(folder: tempfile::TempDir) -> Reading {
    let logs = folder.path().join("logs");
    let accesses = json_lines(&logs.join("my-access.jsonl"));
    let issues = json_lines(&logs.join("token-issuance.jsonl"));
    let public = fs::read_to_string(logs.join("www-access.log")).unwrap().lines().count();
    let records = accesses.len() + issues.len() + public;
    let issued = issues
        .iter()
        .filter(|issue| text(issue, "result") == "success")
        .map(|issue| (text(issue, "jti").to_owned(), (time(issue), text(issue, "sub").to_owned())))
        .collect();
    let truth = serde_json::from_slice(&fs::read(folder.path().join("truth.json")).unwrap()).unwrap();
    Reading { accesses, issued, truth, records, folder }
}

fn strings(list: &Value, key: Option<&str>) -> BTreeSet<String> {
    let list = list.as_array().unwrap().iter();
    list.map(|item| key.map_or(item, |key| &item[key]).as_str().unwrap().to_owned()).collect()
}

/// The member a path names and the route it belongs to.
fn person(uri: &str) -> (Option<&str>, &'static str) {
    let parts: Vec<&str> = uri.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["members", id] => (Some(id), "/members/{id}"),
        ["members", id, "addresses"] => (Some(id), "/members/{id}/addresses"),
        ["members", id, "orders"] => (Some(id), "/members/{id}/orders"),
        ["my", "addresses"] => (None, "/my/addresses"),
        ["my", "orders"] => (None, "/my/orders"),
        ["orders", _] => (None, "/orders/{id}"),
        _ => (None, ""),
    }
}

#[test]
fn the_truth_is_what_the_logs_hold() {
    let world = read(plain(11, None, 1.0));
    let (mut leaked, mut routes) = (Vec::new(), BTreeMap::<&str, u64>::new());
    let (mut addresses, mut tokens) = (BTreeSet::new(), BTreeSet::new());
    for access in &world.accesses {
        let session = text(access, "session");
        if session.is_empty() || world.issued.contains_key(session) {
            continue;
        }
        addresses.insert(text(access, "remote_addr").to_owned());
        tokens.insert(session.to_owned());
        let (member, route) = person(text(access, "uri"));
        assert_ne!(route, "", "a forged session opens only pages that show a person: {access}");
        match access["status"].as_u64() {
            Some(200) => {
                *routes.entry(route).or_default() += 1;
                leaked.push((time(access), member));
            }
            status => assert_eq!(status, Some(404)),
        }
    }
    let (leak, attacker) = (&world.truth["leak"], &world.truth["attacker"]);
    assert_eq!(leak["records"], leaked.len() as u64);
    assert_eq!(leak["routes"], serde_json::to_value(&routes).unwrap());
    assert_eq!(strings(&attacker["addresses"], Some("address")), addresses);
    assert_eq!(strings(&attacker["credentials"], None), tokens);
    assert_eq!(world.truth["records"], world.records as u64);
    let subjects = leak["subjects"].as_array().unwrap();
    let named: BTreeSet<&str> = leaked.iter().filter_map(|(_, member)| *member).collect();
    let told = subjects.iter().filter(|subject| subject["named"] == true);
    assert_eq!(told.map(|subject| text(subject, "id")).collect::<BTreeSet<_>>(), named);
    let seconds = |key: &str| text(leak, key).parse::<Timestamp>().unwrap().as_second();
    assert_eq!(Some(seconds("first")), leaked.iter().map(|(at, _)| at.as_second()).min());
    assert_eq!(Some(seconds("last")), leaked.iter().map(|(at, _)| at.as_second()).max());
    let requests = ["cover", "misses"].map(|key| attacker[key].as_u64().unwrap()).iter().sum::<u64>();
    assert_eq!(attacker["requests"], requests + leaked.len() as u64);
}

#[test]
fn every_innocent_session_is_issued_before_use_and_shows_its_own_holder() {
    let world = read(plain(12, Some(20), 1.0));
    let forged = strings(&world.truth["attacker"]["credentials"], None);
    let mut uses = 0;
    for access in &world.accesses {
        let session = text(access, "session");
        if session.is_empty() || forged.contains(session) {
            continue;
        }
        let (issued, sub) = world.issued.get(session).unwrap_or_else(|| panic!("never issued: {access}"));
        assert!(*issued < time(access), "used before issue: {access}");
        if let (Some(member), true) = (person(text(access, "uri")).0, sub.parse::<u32>().is_ok()) {
            assert_eq!(member, sub, "a member sees only their own pages: {access}");
        }
        uses += 1;
    }
    assert!(uses > 10_000, "{uses}");
    assert!(forged.iter().all(|session| !world.issued.contains_key(session)));
}

#[test]
fn the_leak_is_small_and_as_large_as_promised() {
    for seed in [EXAMPLE_SEED, 3] {
        let world = read(plain(seed, None, 1.0));
        let truth = &world.truth;
        let requests = truth["attacker"]["requests"].as_u64().unwrap() as f64;
        assert!(requests / world.records as f64 <= 0.02, "{requests} of {}", world.records);
        let subjects = truth["leak"]["subjects_n"].as_u64().unwrap();
        assert!((1_700..=2_300).contains(&subjects), "{subjects}");
        assert_eq!(truth["attacker"]["addresses"].as_array().unwrap().len(), 24);
        assert!(!truth["attacker"]["subjects_that_do_not_exist"].as_array().unwrap().is_empty());
    }
}

#[test]
fn innocents_outdo_the_attacker_by_volume() {
    let world = read(plain(13, None, 1.0));
    let attackers = strings(&world.truth["attacker"]["addresses"], Some("address"));
    let mut people = BTreeMap::<(&str, String), BTreeSet<String>>::new();
    let mut members = BTreeMap::<&str, BTreeSet<String>>::new();
    for access in &world.accesses {
        let address = text(access, "remote_addr");
        let day = text(access, "time")[..10].to_owned();
        if let Some(member) = person(text(access, "uri")).0 {
            people.entry((address, day)).or_default().insert(member.to_owned());
            members.entry(address).or_default().insert(member.to_owned());
        }
    }
    let most = |attacker: bool| {
        let days = people.iter().filter(|((address, _), _)| attackers.contains(*address) == attacker);
        days.map(|(_, seen)| seen.len()).max().unwrap()
    };
    assert!(most(true) < most(false) / 2, "{} of {}", most(true), most(false));
    let carriers = strings(&world.truth["innocents"][2]["addresses"], None);
    let shared =
        carriers.iter().filter(|address| members.get(address.as_str()).is_some_and(|m| m.len() > 200));
    assert!(shared.count() >= 4, "carriers put hundreds of members behind an address");
}

#[test]
fn the_forged_key_outlived_its_owner() {
    let world = read(plain(14, Some(15), 0.2));
    let key = world.truth["attacker"]["keys"][0].as_str().unwrap();
    let csv = |name: &str| fs::read_to_string(world.folder.path().join(name)).unwrap();
    let (keys, people) = (csv("keys.csv"), csv("people.csv"));
    let row = keys.lines().find(|row| row.starts_with(&format!("{key},"))).unwrap();
    let fields: Vec<&str> = row.split(',').collect();
    assert_eq!(fields[3], "", "not retired");
    let owner = people.lines().find(|row| row.starts_with(&format!("{},", fields[1]))).unwrap();
    let left = owner.split(',').nth(2).unwrap();
    assert!(!left.is_empty() && left < &world.truth["leak"]["first"].as_str().unwrap()[..10]);
    // Every key and every employee that the logs show is in the lists.
    for access in &world.accesses {
        let kid = text(access, "kid");
        assert!(kid.is_empty() || keys.contains(&format!("\n{kid},")), "{kid}");
    }
    for (_, sub) in world.issued.values().filter(|(_, sub)| sub.starts_with("p-")) {
        assert!(people.contains(&format!("\n{sub},")), "{sub}");
    }
}

#[test]
fn the_configuration_reads_and_names_the_inventory() {
    let world = plain(14, Some(1), 0.01);
    let text = fs::read_to_string(world.path().join("weir.toml")).unwrap();
    let config = weir_model::config::Config::parse(&text).unwrap();
    for named in [config.inventory.keys, config.inventory.people] {
        assert!(world.path().join(named.unwrap()).exists());
    }
    let routes = config.datasets.iter().flat_map(|dataset| &dataset.routes);
    assert!(routes.into_iter().any(|route| route == "/members/{member}/addresses"));
}

#[test]
fn each_log_is_in_time_order() {
    let world = read(plain(15, Some(12), 0.5));
    assert!(world.accesses.is_sorted_by_key(time));
    let issues = json_lines(&world.folder.path().join("logs/token-issuance.jsonl"));
    assert!(issues.is_sorted_by_key(time));
    let public = fs::read_to_string(world.folder.path().join("logs/www-access.log")).unwrap();
    let times = public.lines().map(|line| {
        let stamp = &line[line.find('[').unwrap() + 1..line.find(']').unwrap()];
        jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", stamp).unwrap().to_timestamp().unwrap()
    });
    assert!(times.collect::<Vec<_>>().is_sorted());
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let write = |seed, codec| {
        let folder = tempfile::tempdir().unwrap();
        simulate(
            "shop",
            folder.path(),
            &Options { seed, days: Some(9), scale: 0.1, codec, ..Options::default() },
        )
        .unwrap();
        contents(folder.path())
    };
    for codec in [None, Some(Codec::Gzip), Some(Codec::Plain)] {
        let (first, again) = (write(5, codec), write(5, codec));
        assert_eq!(first.len(), 7);
        assert!(first == again, "{codec:?}");
        let other = write(6, codec);
        for name in ["truth.json", "logs/my-access.jsonl"] {
            if let Some(bytes) = first.get(Path::new(name)) {
                assert!(bytes != &other[Path::new(name)], "`{name}` ignores the seed");
            }
        }
    }
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for place in [folder.to_path_buf(), folder.join("logs")] {
        for entry in fs::read_dir(place).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                files.insert(path.strip_prefix(folder).unwrap().to_path_buf(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[test]
fn days_and_scale_change_the_size() {
    let records = |days, scale| read(plain(16, Some(days), scale)).records;
    let (small, longer, larger) = (records(5, 0.2), records(10, 0.2), records(5, 0.4));
    assert!((17 * small..23 * small).contains(&(longer * 10)), "{small} {longer}");
    assert!((16 * small..24 * small).contains(&(larger * 10)), "{small} {larger}");
    let refused = |options: Options| simulate("shop", Path::new("unused"), &options).unwrap_err().to_string();
    assert!(refused(Options { days: Some(0), ..Options::default() }).contains("`days` is 0"));
    assert!(refused(Options { scale: f64::NAN, ..Options::default() }).contains("`scale` is NaN"));
}

#[test]
fn the_shipped_example_is_what_the_generator_writes() {
    let world = plain(EXAMPLE_SEED, None, 1.0);
    let example = root().join("examples/shop");
    let mut names = BTreeSet::new();
    let mut size = 0;
    for entry in fs::read_dir(&example).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        size += path.metadata().unwrap().len();
        if let Some((log, ending)) =
            name.rsplit_once('.').filter(|(_, ending)| ["gz", "zst"].contains(ending))
        {
            let written = fs::read(world.path().join("logs").join(log)).unwrap();
            assert!(decompressed(&path, ending) == written, "`{name}` differs: write the example again");
        }
        names.insert(name);
    }
    let expected = ["README.md", "my-access.jsonl.zst", "token-issuance.jsonl.gz", "www-access.log.zst"];
    assert_eq!(names, expected.map(str::to_owned).into());
    assert!(size < 3_000_000, "{size} bytes");
    for (shipped, written) in [
        ("truth/shop.json", "truth.json"),
        ("shop-config/weir.toml", "weir.toml"),
        ("shop-config/keys.csv", "keys.csv"),
        ("shop-config/people.csv", "people.csv"),
    ] {
        let shipped_bytes = fs::read(root().join("examples").join(shipped)).unwrap();
        assert!(shipped_bytes == fs::read(world.path().join(written)).unwrap(), "`{shipped}` differs");
    }
}

fn decompressed(path: &Path, ending: &str) -> Vec<u8> {
    let file = File::open(path).unwrap();
    let mut bytes = Vec::new();
    if ending == "gz" {
        flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    } else {
        zstd::Decoder::new(file).unwrap().read_to_end(&mut bytes).unwrap();
    }
    bytes
}
