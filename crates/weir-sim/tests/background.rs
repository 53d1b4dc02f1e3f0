//! Scenarios written into real logs: is every real byte still there, is the attacker where the truth says, and does the attacker look like
//! its surroundings?

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;
use weir_sim::{Options, simulate};

/// A log of four days, an hour ahead of UTC, with lines that nobody understands among it. It lacks its last line's end.
fn log(from: i64, days: i64) -> String {
    let mut text = String::new();
    for nth in 0..days * 288 {
        let at = Timestamp::from_second(from + nth * 300 + nth % 7).unwrap();
        let shown = jiff::tz::Offset::constant(1).to_datetime(at);
        let page = ["/", "/about?lang=de", "/shop/70001", "/img/logo.svg"][nth as usize % 4];
        writeln!(
            text,
            "198.51.100.{} - - [{}] \"GET {page} HTTP/1.1\" 200 {} \"https://real.example/about\" \"Mozilla/5.0 (Test {})\"",
            nth % 250,
            shown.strftime("%d/%b/%Y:%H:%M:%S +0100"),
            700 + nth % 4,
            nth % 3
        )
        .unwrap();
        if nth % 100 == 50 {
            text.push_str("\u{0}garbage that a crash left\n");
        }
    }
    text.pop();
    text
}

/// 2021-10-11 06:00 UTC.
const FROM: i64 = 1_633_932_000;

fn play(scenario: &str, background: &[PathBuf], settings: &[(&str, f64)]) -> (tempfile::TempDir, Value) {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    let options = Options { seed: 17, settings, background: background.to_vec(), ..Options::default() };
    simulate(scenario, folder.path(), &options).unwrap();
    let truth = serde_json::from_slice(&fs::read(folder.path().join("truth.json")).unwrap()).unwrap();
    (folder, truth)
}

fn strings(list: &Value, key: Option<&str>) -> BTreeSet<String> {
    let list = list.as_array().unwrap().iter();
    list.map(|item| key.map_or(item, |key| &item[key]).as_str().unwrap().to_owned()).collect()
}

/// The lines of a log that are by one of these addresses, and all others.
fn split(text: &[u8], addresses: &BTreeSet<String>) -> (Vec<String>, Vec<u8>) {
    let (mut theirs, mut others) = (Vec::new(), Vec::new());
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let shown = String::from_utf8_lossy(line).into_owned();
        if addresses.contains(shown.split(' ').next().unwrap()) {
            theirs.push(shown);
        } else {
            others.extend_from_slice(line);
        }
    }
    (theirs, others)
}

fn time(line: &str) -> i64 {
    let stamp = &line[line.find('[').unwrap() + 1..line.find(']').unwrap()];
    jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", stamp).unwrap().to_timestamp().unwrap().as_second()
}

#[test]
fn every_real_byte_stays_and_the_attacker_looks_like_its_surroundings() {
    let place = tempfile::tempdir().unwrap();
    let real = log(FROM, 4);
    let path = place.path().join("access.log");
    fs::write(&path, &real).unwrap();
    let (world, truth) = play("forged-tokens", &[path], &[("from", 0.25), ("cover", 0.5)]);
    let written = fs::read(world.path().join("logs/access.log")).unwrap();
    let addresses = strings(&truth["attacker"]["addresses"], Some("address"));
    let (theirs, others) = split(&written, &addresses);
    let others = String::from_utf8(others).unwrap();
    assert!(others.trim_end_matches('\n') == real, "a real byte changed");
    let requests = truth["attacker"]["requests"].as_u64().unwrap();
    assert!(requests > 500, "{requests}");
    assert_eq!(theirs.len() as u64, requests);
    let beneath = &truth["background"][0];
    assert_eq!((&beneath["log"], &beneath["injected"]), (&Value::from("access.log"), &Value::from(requests)));
    assert_eq!(beneath["lines"], real.lines().count() as u64);
    // Two of four days after a quiet first one, in order, as the log's own clock shows them.
    assert!(theirs.iter().all(|line| line.contains(" +0100] ")));
    let times: Vec<i64> = theirs.iter().map(|line| time(line)).collect();
    assert!(times.is_sorted() && times[0] >= FROM + 17 * 3_600, "{times:?}");
    assert!(*times.last().unwrap() <= FROM + 4 * 86_400);
    let all: Vec<&str> = std::str::from_utf8(&written).unwrap().lines().filter(|l| l.contains('[')).collect();
    assert!(all.is_sorted_by_key(|line| time(line)));
    // Nobody in the log has an id of theirs, its clients are theirs, and so is a page they look at as cover.
    for line in &theirs {
        assert!(line.contains("\"Mozilla/5.0 (Test "), "{line}");
        let target = line.split(' ').nth(6).unwrap();
        match target.strip_prefix("/members/") {
            Some(rest) => {
                let id: u64 = rest.split('/').next().unwrap().parse().unwrap();
                assert!(id > 131_072, "the log has 70001: {line}");
            }
            None => assert!(
                target == "/my/addresses" || target == "/my/orders" || real.contains(target),
                "{line}"
            ),
        }
        assert!(!line.contains("shop.example"), "{line}");
    }
    assert!(theirs.iter().any(|line| line.contains("\"https://real.example/")));
    assert_eq!(strings(&truth["attacker"]["clients"], None).len(), 3);
}

#[test]
fn logs_of_two_servers_and_two_weeks_are_compressed_as_they_were() {
    let place = tempfile::tempdir().unwrap();
    let texts = [log(FROM, 3), log(FROM + 3 * 86_400 + 40, 3), log(FROM, 6)];
    let paths = ["a/access.log.1.gz", "a/access.log", "b/access.log.zst"].map(|name| place.path().join(name));
    for folder in ["a", "b"] {
        fs::create_dir(place.path().join(folder)).unwrap();
    }
    let mut gzip =
        flate2::write::GzEncoder::new(File::create(&paths[0]).unwrap(), flate2::Compression::fast());
    gzip.write_all(texts[0].as_bytes()).unwrap();
    gzip.finish().unwrap();
    fs::write(&paths[1], &texts[1]).unwrap();
    fs::write(&paths[2], zstd::encode_all(texts[2].as_bytes(), 1).unwrap()).unwrap();
    let (world, truth) = play("rotating-id-scrape", &paths, &[("from", 0.0), ("length", 7.0)]);
    let logs = world.path().join("logs");
    let mut gz = Vec::new();
    let file = File::open(logs.join("1-access.log.1.gz")).unwrap();
    flate2::read::GzDecoder::new(file).read_to_end(&mut gz).unwrap();
    let plain = fs::read(logs.join("2-access.log")).unwrap();
    let zst = zstd::decode_all(File::open(logs.join("3-access.log.zst")).unwrap()).unwrap();
    let addresses = strings(&truth["attacker"]["addresses"], Some("address"));
    let mut injected = 0;
    for ((written, real), beneath) in
        [gz, plain, zst].iter().zip(&texts).zip(truth["background"].as_array().unwrap())
    {
        let (theirs, others) = split(written, &addresses);
        assert!(String::from_utf8(others).unwrap().trim_end_matches('\n') == real.as_str());
        assert!(!theirs.is_empty(), "each server sees some of it");
        assert_eq!(beneath["injected"], theirs.len() as u64);
        injected += theirs.len() as u64;
    }
    assert_eq!(truth["attacker"]["requests"], injected);
    // The log of issued tokens is the scenario's own, and in the same days.
    let issued = fs::read_to_string(logs.join("token-issuance.jsonl")).unwrap();
    assert!(issued.lines().count() > 100 && issued.lines().all(|line| line.contains("\"time\":\"2021-10-1")));
    let lines = |text: &str| text.lines().count() as u64;
    let total = texts.iter().map(|text| lines(text)).sum::<u64>() + injected + lines(&issued);
    assert_eq!(truth["records"], total);
    // Whoever left did so before the log, as in the scenario's own time.
    let people = fs::read_to_string(world.path().join("people.csv")).unwrap();
    assert!(people.contains("p-87,2018-06-"), "{people}");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("access.log");
    fs::write(&path, log(FROM, 2)).unwrap();
    let write = || {
        let (world, _) = play("lookup-abuse", std::slice::from_ref(&path), &[]);
        ["logs/access.log", "truth.json"].map(|name| fs::read(world.path().join(name)).unwrap())
    };
    assert!(write() == write());
}

#[test]
fn what_is_no_combined_log_is_refused_and_so_are_days_it_does_not_have() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("access.log");
    let refused = |days| {
        let options = Options { days, background: vec![path.clone()], ..Options::default() };
        simulate("forged-tokens", &place.path().join("world"), &options).unwrap_err().to_string()
    };
    fs::write(&path, log(FROM, 2).replace("\"https://real.example/about\" ", "")).unwrap();
    assert!(refused(None).contains("0 of its"), "{}", refused(None));
    fs::write(&path, log(FROM, 2)).unwrap();
    assert!(refused(Some(4)).contains("no more than the background covers"));
    fs::remove_file(&path).unwrap();
    assert!(refused(None).contains("cannot read"));
}

#[test]
fn ten_thousand_real_lines_hide_a_forger() {
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/web-background/apache_logs");
    if !real.exists() {
        eprintln!("skipped: {} is not here", real.display());
        return;
    }
    let (world, truth) =
        play("forged-tokens", std::slice::from_ref(&real), &[("addresses", 4.0), ("people", 20.0)]);
    let written = fs::read(world.path().join("logs/apache_logs")).unwrap();
    let addresses = strings(&truth["attacker"]["addresses"], Some("address"));
    assert_eq!(addresses.len(), 4);
    let (theirs, others) = split(&written, &addresses);
    assert!(others == fs::read(&real).unwrap(), "a real byte changed");
    assert!((300..1_500).contains(&theirs.len()), "{}", theirs.len());
    assert_eq!(truth["days"], 4);
    assert!(theirs.iter().all(|line| line.contains("/May/2015:") && line.contains(" +0000] ")));
    assert!(theirs.iter().any(|line| line.contains("semicomplete.com/")));
}
