//! `weir evidence` at a terminal: a case sealed, checked by Weir and by a stranger's tools, and refused once anything in it is another.

use crate::terminal::{Terminal, words};
use crate::tools::are_here;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A case with a lake, whose logs are in part compressed, and a key that signs.
fn sealed() -> Terminal {
    let here = Terminal::new();
    here.said(&["simulate", "forged-tokens", "-o", "w", "--days", "12", "--scale", "0.03"]);
    let logs = ["w/logs/www-access.log", "w/logs/my-access.jsonl"].map(|log| here.path(log));
    assert!(Command::new("gzip").args(logs).status().unwrap().success());
    let asked =
        ["investigate", "w/logs", "-o", "case", "--config", "w/weir.toml", "--authority", "order 2025-77"];
    here.said(&asked);
    let key = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
        .arg(here.path("signing"))
        .status();
    assert!(key.unwrap().success());
    let public = std::fs::read_to_string(here.path("signing.pub")).unwrap();
    std::fs::write(here.path("signers"), format!("ann@example.org {public}")).unwrap();
    here
}

fn seal(here: &Terminal, bag: &str) -> Value {
    let asked = [
        "evidence",
        "seal",
        "case",
        "-o",
        bag,
        "--logs",
        "w/logs",
        "--key",
        "signing",
        "--config",
        "w/weir.toml",
        "--json",
    ];
    serde_json::from_str(&here.said(&asked)).unwrap()
}

/// Whether Weir finds the bag whole, and what it says.
fn verified(here: &Terminal, bag: &str) -> (bool, String) {
    let output = here.weir(&["evidence", "verify", bag, "--signers", "signers"]);
    let said = words(&[output.stdout, output.stderr].concat());
    assert!(matches!(output.status.code(), Some(0 | 1)), "{said}");
    (output.status.success(), said)
}

/// The same by the script that lies in the bag.
fn by_a_stranger(here: &Terminal, bag: &str) -> (bool, String) {
    let mut script = Command::new("sh");
    let output = script
        .arg(here.path(bag).join("verify.sh"))
        .args([here.path(bag), here.path("signers")])
        .output()
        .unwrap();
    (output.status.success(), words(&[output.stdout, output.stderr].concat()))
}

fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, all) } else { all.push(path) }
    }
}

#[test]
fn a_sealed_case_is_whole_until_something_in_it_is_another() {
    if !are_here() {
        return;
    }
    let here = sealed();
    let done = seal(&here, "bag");
    assert_eq!(done["absent"], serde_json::json!([]));
    assert!(done["excerpts"].as_u64().unwrap() > 10, "{done}");
    for (whole, said) in [verified(&here, "bag"), by_a_stranger(&here, "bag")] {
        assert!(whole, "{said}");
    }
    let (_, told) = verified(&here, "bag");
    assert!(told.contains("signed by ann@example.org") && told.contains("ssh-keygen -Y verify"), "{told}");

    // An excerpt is what its original has at its place, compressed or not.
    let proof = std::fs::read_to_string(here.path("bag/data/excerpts/0001.json")).unwrap();
    let proof: Value = serde_json::from_str(&proof).unwrap();
    let original = &proof["original"];
    let path = here.path("w/logs").join(original["path"].as_str().unwrap());
    let content = match path.extension().and_then(|e| e.to_str()) {
        Some("gz") => Command::new("gzip").args(["-dc"]).arg(&path).output().unwrap().stdout,
        _ => std::fs::read(&path).unwrap(),
    };
    assert_eq!(original["bytes"], content.len());
    let (from, length) =
        (proof["offset"].as_u64().unwrap() as usize, proof["length"].as_u64().unwrap() as usize);
    let excerpt =
        std::fs::read(here.path("bag/data/excerpts").join(proof["file"].as_str().unwrap())).unwrap();
    assert_eq!(excerpt, content[from..from + length]);

    // The case that lies in it, what it came from, and who held it.
    let of = |name: &str| std::fs::read_to_string(here.path("bag/data").join(name)).unwrap();
    assert_eq!(of("case/case.json"), std::fs::read_to_string(here.path("case/case.json")).unwrap());
    assert_eq!(of("config/weir.toml"), std::fs::read_to_string(here.path("w/weir.toml")).unwrap());
    assert!(of("queries.sql").contains("SELECT * FROM") && of("lake.json").contains("\"intake\""));
    let custody = of("custody.jsonl");
    let acts: Vec<String> = custody
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["what"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(acts, ["acquisition", "read", "hold", "seal"]);
    let holds = here.said(&["hold", "list", "--lake", "case/lake"]);
    assert!(holds.contains("order evidence bag bag") && holds.contains("for the case case"), "{holds}");
    assert!(custody.lines().next().unwrap().contains("order 2025-77"), "{custody}");

    let mut all = Vec::new();
    files(&here.path("bag"), &mut all);
    assert!(all.len() > 20);
    let refused = |what: &str, (whole, said): (bool, String)| assert!(!whole, "{what}: {said}");
    let by_weir = |what: &str| refused(what, verified(&here, "bag"));
    let by_both = |what: &str| {
        by_weir(what);
        refused(what, by_a_stranger(&here, "bag"));
    };
    // One of each kind; the library's own tests go through all.
    for name in [
        "data/case/scope.csv",
        "data/excerpts/0001.json",
        "data/custody.jsonl",
        "manifest-sha256.txt",
        "bag-info.txt",
        "tagmanifest-sha256.txt.sig",
    ] {
        let path = here.path("bag").join(name);
        let before = std::fs::read(&path).unwrap();
        let mut after = before.clone();
        after[before.len() / 2] ^= 1;
        std::fs::write(&path, after).unwrap();
        by_weir(&format!("{name} altered"));
        std::fs::remove_file(&path).unwrap();
        by_weir(&format!("{name} missing"));
        std::fs::write(&path, &before).unwrap();
    }
    std::fs::write(here.path("bag/data/more.txt"), "x").unwrap();
    by_both("a file added");
    std::fs::remove_file(here.path("bag/data/more.txt")).unwrap();
    assert!(verified(&here, "bag").0 && by_a_stranger(&here, "bag").0, "as it was");
    std::fs::write(here.path("signers"), "").unwrap();
    let (whole, said) = verified(&here, "bag");
    assert!(!whole && said.contains("signature"), "{said}");
}

#[test]
fn an_original_that_is_another_by_now_is_named_and_not_taken() {
    if !are_here() {
        return;
    }
    let here = sealed();
    let log = here.path("w/logs/my-access.jsonl.gz");
    std::fs::rename(&log, here.path("aside.gz")).unwrap();
    let absent = seal(&here, "without")["absent"].to_string();
    assert!(absent.contains("my-access.jsonl.gz") && absent.contains("not among the logs given"), "{absent}");
    // Its first line is another.
    let rest = Command::new("sh")
        .args(["-c", "gzip -dc aside.gz | sed 1d | gzip -c"])
        .current_dir(here.path("."))
        .output();
    std::fs::write(&log, rest.unwrap().stdout).unwrap();
    let absent = seal(&here, "bag")["absent"].to_string();
    assert!(absent.contains("my-access.jsonl.gz") && absent.contains("was another"), "{absent}");
    assert!(verified(&here, "bag").0 && by_a_stranger(&here, "bag").0);
    let told = std::fs::read_to_string(here.path("bag/data/absent.json")).unwrap();
    assert!(told.contains("my-access.jsonl.gz"), "{told}");
    let holds = || here.said(&["hold", "list", "--lake", "case/lake"]);
    let before = holds();
    let again = here.weir(&["evidence", "seal", "case", "-o", "bag", "--logs", "w/logs", "--key", "signing"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(words(&again.stderr).contains("exists; name a new folder"), "{}", words(&again.stderr));
    let unusable =
        here.weir(&["evidence", "seal", "case", "-o", "other", "--logs", "w/logs", "--key", "w/weir.toml"]);
    assert_eq!(unusable.status.code(), Some(1));
    assert!(words(&unusable.stderr).contains("no OpenSSH private key"), "{}", words(&unusable.stderr));
    assert_eq!(holds(), before, "what could not begin holds nothing");
}

#[test]
fn a_bag_tells_whether_todays_custody_log_continues_its_copy() {
    if !are_here() {
        return;
    }
    let here = sealed();
    seal(&here, "bag");
    let told = |custody: &str| {
        let output = here.weir(&["evidence", "verify", "bag", "--signers", "signers", "--custody", custody]);
        (output.status.code(), words(&[output.stdout, output.stderr].concat()))
    };
    // Without Weir: the copy is what today's log begins with.
    let by_hand = || {
        let line = r#"head -c "$(wc -c < bag/data/custody.jsonl)" case/lake/custody.jsonl | cmp -s - bag/data/custody.jsonl"#;
        Command::new("sh").args(["-c", line]).current_dir(here.path(".")).status().unwrap().success()
    };
    here.said(&[
        "evidence",
        "record",
        "hand-over",
        "signers",
        "--lake",
        "case/lake",
        "--reason",
        "x",
        "--authority",
        "y",
    ]);
    for named in ["case/lake", "case/lake/custody.jsonl"] {
        let (code, said) = told(named);
        assert!(code == Some(0) && said.contains("4 entries of custody, 1 more since"), "{said}");
    }
    assert!(by_hand());
    let log = here.path("case/lake/custody.jsonl");
    let text = std::fs::read_to_string(&log).unwrap();
    let refused = |text: &str, what: &str| {
        std::fs::write(&log, text).unwrap();
        let (code, said) = told("case/lake");
        assert!(
            code == Some(1) && said.contains(what) && said.contains("ask whoever keeps the log"),
            "{said}"
        );
        assert!(!by_hand());
    };
    let lines = |n: usize| text.split_inclusive('\n').take(n).collect::<String>();
    refused(
        &text.replacen("order 2025-77", "order 2025-78", 1),
        "line 1: in the sealed copy, which has 4 lines",
    );
    refused(
        &lines(2),
        "line 3: in the sealed copy, which has 4 lines, this line is another: the log was cut here",
    );
    // Another hand went on from the second line, in a chain that holds.
    std::fs::write(&log, lines(2)).unwrap();
    here.said(&["evidence", "record", "read", "--lake", "case/lake", "--reason", "x", "--authority", "y"]);
    here.said(&["evidence", "custody", "--lake", "case/lake"]);
    let forked = std::fs::read_to_string(&log).unwrap();
    refused(
        &forked,
        "line 3: in the sealed copy, which has 4 lines, this line is another: the log was rewritten or forked here",
    );
    std::fs::remove_file(&log).unwrap();
    let (code, said) = told("case/lake");
    assert!(code == Some(1) && said.contains("custody.jsonl"), "{said}");
    assert_eq!(told("s3://bucket/lake").0, Some(2));
}

#[test]
fn the_custody_log_says_who_did_what_and_whether_it_was_meddled_with() {
    if !are_here() {
        return;
    }
    let here = sealed();
    here.said(&[
        "scope",
        "--case",
        "case",
        "--config",
        "w/weir.toml",
        "-o",
        "people",
        "--authority",
        "order 2025-77",
    ]);
    let asked = [
        "evidence",
        "record",
        "hand-over",
        "people/scope.csv",
        "--lake",
        "case/lake",
        "--reason",
        "to the regulator",
        "--authority",
        "article 34",
        "--by",
        "ann",
    ];
    here.said(&asked);
    let told = here.said(&["evidence", "custody", "--lake", "case/lake"]);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 4, "{told}");
    assert!(
        lines[0].contains(" acquisition: ") && lines[0].contains("on the authority of: order 2025-77"),
        "{told}"
    );
    assert!(lines[2].contains(" export: ") && lines[2].contains("3 objects"), "{told}");
    assert!(
        lines[3].contains(" hand-over: ann; to the regulator, on the authority of: article 34; 1 objects"),
        "{told}"
    );
    let log = here.path("case/lake/custody.jsonl");
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, text.replacen("order 2025-77", "order 2025-78", 1)).unwrap();
    let broken = here.weir(&["evidence", "custody", "--lake", "case/lake"]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(words(&broken.stderr).contains("line 2"), "{}", words(&broken.stderr));
}
