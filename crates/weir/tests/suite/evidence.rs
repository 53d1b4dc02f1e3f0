//! `weir evidence` at a terminal: a case sealed, checked by Weir and by a stranger's tools, and refused once anything in it is another.

use crate::authority::Authority;
use crate::https::Https;
use crate::terminal::{Terminal, words};
use crate::tools::{are_here, python};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A log by whose name a terminal would act.
const HIDDEN_LOG: &str = "w/logs/\u{202e}\u{200b}my-access.jsonl.gz";

/// A case with a lake, whose logs are in part compressed, and a key that signs.
fn sealed() -> Terminal {
    let here = Terminal::new();
    here.said(&["simulate", "forged-tokens", "-o", "w", "--days", "12", "--scale", "0.03"]);
    let logs = ["w/logs/www-access.log", "w/logs/my-access.jsonl"].map(|log| here.path(log));
    assert!(Command::new("gzip").args(logs).status().unwrap().success());
    std::fs::rename(here.path("w/logs/my-access.jsonl.gz"), here.path(HIDDEN_LOG)).unwrap();
    std::fs::write(here.path("w/logs/README.md"), "What a file of logs is said to be.\n").unwrap();
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

    std::fs::write(here.path("signers"), "").unwrap();
    let (whole, said) = verified(&here, "bag");
    assert!(!whole && said.contains("signature"), "{said}");
}

/// The kinds of files of a bag. A folder stands for all in it.
const KINDS: [&str; 22] = [
    "bag-info.txt",
    "bagit.txt",
    "data/absent.json",
    "data/config/weir.toml",
    "data/configuration.json",
    "data/custody.jsonl",
    "data/intake.jsonl",
    "data/lake.json",
    "data/program.json",
    "data/queries.sql",
    "log/checkpoint",
    "log/inclusion.tlog-proof",
    "log/key",
    "manifest-sha256.txt",
    "tagmanifest-sha256.txt",
    "tagmanifest-sha256.txt.sig",
    "tagmanifest-sha256.txt.tsr",
    "tsa-ca.pem",
    "verify.sh",
    "data/case/",
    "data/excerpts/*.json",
    "data/excerpts/*.txt",
];

/// Of which kind a file is; those of a case are each of their own.
fn kind(name: &str) -> &str {
    let of = |kind: &&str| match kind.split_once('*') {
        Some((folder, ending)) => name.starts_with(folder) && name.ends_with(ending),
        None => name == *kind || kind.ends_with('/') && name.starts_with(*kind),
    };
    let known = KINDS.into_iter().find(of);
    assert!(known.is_some(), "a bag has `{name}`: say here of what kind it is, so that it is altered, too");
    if name.starts_with("data/case/") { name } else { known.unwrap() }
}

/// The case, citing one record, since the stranger's script takes its time over each excerpt, and for all else one of an original that is gone.
fn cite_little(here: &Terminal) {
    fn replace(value: &mut Value, first: &mut bool) {
        match value {
            Value::Array(all) => all.iter_mut().for_each(|value| replace(value, first)),
            Value::Object(members)
                if members.len() == 4 && members.contains_key("offset") && members.contains_key("file") =>
            {
                let path = if std::mem::take(first) { members["path"].take() } else { "gone.log".into() };
                members.insert("path".to_owned(), path);
            }
            Value::Object(members) => members.values_mut().for_each(|value| replace(value, first)),
            _ => {}
        }
    }
    let path = here.path("case/case.json");
    let mut case: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    replace(&mut case, &mut true);
    std::fs::write(&path, case.to_string()).unwrap();
}

/// A stamped bag with a file of each kind, and the authority that stamped it behind HTTPS.
fn stamped() -> (Terminal, Authority, Https) {
    let here = sealed();
    cite_little(&here);
    let authority = Authority::quick(&here.path("tsa"));
    let https = Https::serve(&authority);
    (here, authority, https)
}

const SEAL: [&str; 10] =
    ["evidence", "seal", "case", "--logs", "w/logs", "--key", "signing", "--config", "w/weir.toml", "-o"];

fn stamped_by(url: &str) -> [&str; 6] {
    ["--tsa", url, "--tsa-ca", "tsa/root.pem", "--tsa-tls-ca", "tsa/web.pem"]
}

#[test]
fn a_file_of_any_kind_that_is_altered_missing_or_added_is_refused_by_all() {
    if !are_here() {
        return;
    }
    let (here, _authority, https) = stamped();
    let url = format!("{}/tsa", https.url);
    here.said(&[&SEAL[..], &["bag"], &stamped_by(&url)].concat());
    std::fs::copy(here.path("bag/verify.sh"), here.path("verify.sh")).unwrap();
    let python = python();
    let bag = here.path("bag");
    // Weir, the stranger's script from elsewhere than the bag, and PyPI's bagit where it can be had, side by side.
    let refused = |roots: &str| {
        let start = |program: &mut Command| {
            program.current_dir(here.path(".")).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let end = |child: Child| {
            let output = child.wait_with_output().unwrap();
            (output.status.code().unwrap(), words(&[output.stdout, output.stderr].concat()))
        };
        let theirs = start(Command::new("sh").args(["verify.sh", "bag", "signers", roots]));
        let bagit = python
            .as_ref()
            .map(|python| start(Command::new(python).args(["-m", "bagit", "--validate", "bag"])));
        let ours = ["evidence", "verify", "bag", "--signers", "signers", "--tsa-ca", roots];
        let ours = end(start(&mut here.command(&ours)));
        let (theirs, bagit) = (end(theirs), bagit.map(|bagit| end(bagit).0 != 0));
        assert!(ours.0 == theirs.0 && matches!(ours.0, 0 | 1), "{ours:?}\n{theirs:?}");
        (ours.0 == 1, bagit, ours.1, theirs.1)
    };
    let (no, bagit, said, told) = refused("tsa/root.pem");
    assert!(!no && bagit != Some(true), "{said}\n{told}");
    assert!(said.contains("stamped 20") && told.contains("time stamp: "), "{said}\n{told}");
    let (no, _, said, told) = refused("tsa/web.pem");
    assert!(
        no && said.contains("given roots") && told.contains("time stamp does not hold"),
        "{said}\n{told}"
    );

    let mut all = Vec::new();
    files(&bag, &mut all);
    let mut kinds = BTreeMap::new();
    for path in &all {
        let name = path.strip_prefix(&bag).unwrap().to_str().unwrap();
        kinds.entry(kind(name)).or_insert(name);
    }
    let none = |kind: &&str| !kind.ends_with('/') && !kinds.contains_key(kind);
    assert_eq!(KINDS.into_iter().find(none), None, "{kinds:?}");
    assert!(kinds.keys().filter(|kind| kind.starts_with("data/case/")).count() > 5, "{kinds:?}");
    // By design: what the two outer files cover BagIt knows nothing of, it asks for no manifest of tag files, and lets others lie beside the payload.
    let outer = |name: &str| name.ends_with(".sig") || name.ends_with(".tsr");
    let all_refuse = |what: &str, name: &str, by_bagit: bool| {
        let (no, bagit, said, told) = refused("tsa/root.pem");
        assert!(no && said.contains(name) && told.contains(name), "{name} {what}: {said}\n{told}");
        assert!(bagit.is_none_or(|bagit| bagit == by_bagit), "{name} {what}: bagit {bagit:?}");
    };
    for name in kinds.into_values() {
        let path = bag.join(name);
        let before = std::fs::read(&path).unwrap();
        let mut after = before.clone();
        after[before.len() / 2] ^= 1;
        std::fs::write(&path, after).unwrap();
        all_refuse("altered", name, !outer(name));
        std::fs::remove_file(&path).unwrap();
        all_refuse("missing", name, !outer(name) && name != "tagmanifest-sha256.txt");
        std::fs::write(&path, &before).unwrap();
    }
    let data = bag.join("data");
    let folders: BTreeSet<&Path> = all.iter().filter_map(|path| path.parent()).chain([&*data]).collect();
    for folder in folders {
        let path = folder.join("0001-more.json");
        std::fs::write(&path, "{}").unwrap();
        let name = path.strip_prefix(&bag).unwrap().to_str().unwrap();
        all_refuse("added", name, name.starts_with("data/"));
        std::fs::remove_file(&path).unwrap();
    }
    assert!(!refused("tsa/root.pem").0, "as it was");
}

#[test]
fn a_hostile_bag_is_refused_in_time_and_says_nothing_to_the_terminal() {
    if !are_here() {
        return;
    }
    let here = sealed();
    cite_little(&here);
    here.said(&[&SEAL[..], &["whole"]].concat());
    let asked = |bag: &str| {
        let weir = ["evidence", "verify", bag, "--signers", "signers"];
        let ours = here.command(&weir);
        let mut theirs = Command::new("sh");
        theirs.args(["whole/verify.sh", bag, "signers"]);
        [ours, theirs].map(|command| {
            let mut timed = Command::new("timeout");
            timed.arg("30").arg(command.get_program()).args(command.get_args()).current_dir(here.path("."));
            timed.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
            let output = timed.output().unwrap();
            let told = [output.stdout, output.stderr].concat();
            let said = String::from_utf8(told).unwrap();
            assert!(!said.contains(|c: char| c.is_control() && c != '\n'), "{said:?}");
            (output.status.code().unwrap(), words(said.as_bytes()))
        })
    };
    assert_eq!(asked("whole").map(|(code, _)| code), [0, 0]);
    let escape = r"printf '\033[2J\302\2332J'";
    for (what, line, said) in [
        ("name", format!("touch \"bag/data/$({escape})\""), "data/"),
        (
            "name in a manifest",
            format!("echo \"$({escape})\" >> bag/manifest-sha256.txt"),
            "manifest-sha256.txt",
        ),
        (
            "namespace",
            format!(
                "cd bag && rm *.sig && ssh-keygen -q -Y sign -f ../signing -n \"$({escape})\" tagmanifest-sha256.txt"
            ),
            "tagmanifest-sha256.txt.sig",
        ),
        ("log", format!("echo \"$({escape})+00000000+AAAA\" > bag/log/key"), "log/key"),
        (
            "act",
            format!("echo \"{{\\\"what\\\":\\\"$({escape})\\\"}}\" >> bag/data/custody.jsonl"),
            "data/custody.jsonl",
        ),
        ("row", format!("echo \"$({escape})\" >> bag/data/intake.jsonl"), "data/intake.jsonl"),
        ("pipe", "mkfifo bag/data/pipe".to_owned(), "data/pipe"),
        (
            "pipe for a manifest",
            "cd bag && rm manifest-sha256.txt && mkfifo manifest-sha256.txt".to_owned(),
            "manifest-sha256.txt",
        ),
        ("nothing", "rm -r bag && mkdir bag".to_owned(), "manifest-sha256.txt"),
    ] {
        let made = Command::new("sh")
            .args(["-c", &format!("rm -rf bag; cp -r whole bag; {line}")])
            .current_dir(here.path("."))
            .status();
        assert!(made.unwrap().success(), "{what}");
        for (code, told) in asked("bag") {
            assert!(code == 1 && told.contains(said), "{what}: {code} {told}");
        }
    }
    // What is no folder at all.
    Command::new("mkfifo").arg(here.path("fifo")).status().unwrap();
    for place in ["nowhere", "signers", "fifo"] {
        assert_eq!(asked(place).map(|(code, _)| code), [1, 2], "{place}");
    }
}

#[test]
fn a_bag_whose_time_stamp_was_not_obtained_is_not_there_and_can_be_sealed_again() {
    if !are_here() {
        return;
    }
    let (here, _authority, https) = stamped();
    let at = |path: &str| format!("{}/{path}", https.url);
    let hidden = || {
        let left =
            std::fs::read_dir(here.path(".")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        left.filter(|name| name.starts_with('.')).collect::<Vec<_>>()
    };
    let failed = |arguments: &[&str]| {
        let output = here.weir(&[&SEAL[..], &["bag"], arguments].concat());
        assert_eq!(output.status.code(), Some(1));
        assert!(!here.path("bag").exists());
        assert_eq!(hidden(), Vec::<String>::new());
        words(&output.stderr)
    };
    for (path, why) in
        [("broken", "HTTP status 500"), ("refused", "the authority refused"), ("garbage", "no response")]
    {
        let url = at(path);
        let said = failed(&stamped_by(&url));
        assert!(said.contains(why) && said.contains(&url) && said.contains("seal without one"), "{said}");
    }
    let url = at("tsa");
    let said = failed(&stamped_by(&url)[..4]);
    assert!(said.contains("UnknownIssuer") && said.contains("--tsa-tls-ca"), "{said}");
    let holds = here.said(&["hold", "list", "--lake", "case/lake"]);
    let said = failed(&stamped_by("tsa.example.org/tsr"));
    assert!(said.contains("begins with neither"), "{said}");
    assert_eq!(
        here.said(&["hold", "list", "--lake", "case/lake"]),
        holds,
        "what could not begin holds nothing"
    );
    here.said(&[&SEAL[..], &["bag"], &stamped_by(&url)].concat());
    assert!(verified(&here, "bag").0 && by_a_stranger(&here, "bag").0);
}

#[test]
fn an_original_that_is_another_by_now_is_named_and_not_taken() {
    if !are_here() {
        return;
    }
    let here = sealed();
    let log = here.path(HIDDEN_LOG);
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

#[test]
fn logs_that_are_not_the_cases_are_refused_before_anything_is_held() {
    let here = sealed();
    let before = words(&here.weir(&["hold", "list", "--lake", "case/lake"]).stdout);
    std::fs::create_dir(here.path("other")).unwrap();
    std::fs::write(here.path("other/x.log"), "nothing\n").unwrap();
    // What was no log when the case was made lies here as well.
    std::fs::copy(here.path("w/logs/README.md"), here.path("other/README.md")).unwrap();
    let refused =
        here.weir(&["evidence", "seal", "case", "--logs", "other", "--key", "signing", "-o", "bag9"]);
    let said = words(&refused.stderr);
    assert!(!refused.status.success() && said.contains("logs of the case is in `other`"), "{said}");
    assert!(!here.path("bag9").exists());
    assert_eq!(words(&here.weir(&["hold", "list", "--lake", "case/lake"]).stdout), before);
}

#[test]
fn looks_and_deletions_stand_in_the_custody_log_without_people() {
    let here = crate::terminal::Terminal::new();
    std::fs::create_dir(here.path("logs")).unwrap();
    let line = |n: u32| {
        format!(
            "192.0.2.{n} - ann [{:02}/Mar/2026:08:00:07 +0000] \"GET /members/4711{n}/orders HTTP/1.1\" 200 9 \"-\" \"curl/8\"\n",
            n + 1
        )
    };
    std::fs::write(here.path("logs/access.log"), (0..20).map(line).collect::<String>()).unwrap();
    here.said(&["investigate", "logs", "-o", "case"]);
    let before = custody(&here).len();
    let query = "SELECT count(*) FROM access WHERE actor = 'ann'";
    here.said(&["sql", "--lake", "case/lake", "--authority", "order 9", query]);
    here.said(&["scope", "--case", "case"]);
    here.said(&["scope", "--case", "case", "--where", "actor = 'ann'", "--json"]);
    here.said(&["retain", "--lake", "case/lake", "--before", "2026-03-06"]);
    let log = custody(&here);
    let new: Vec<&Value> = log.iter().skip(before).collect();
    let acts: Vec<&str> = new.iter().map(|entry| entry["what"].as_str().unwrap()).collect();
    assert_eq!(acts, ["read", "read", "read", "erasure"]);
    assert_eq!(new[0]["why"], "weir sql: select count(*) from access where actor = ?");
    assert_eq!((&new[0]["who"], &new[0]["authority"]), (&"ann".into(), &"order 9".into()));
    assert_eq!(new[0]["objects"][0]["sha256"].as_str().unwrap().len(), 64, "{}", new[0]);
    assert_eq!((&new[1]["why"], &new[2]["why"]), (&"weir scope".into(), &"weir scope: actor = ?".into()));
    assert_eq!(new[3]["counts"]["access_rows"], 5);
    assert!(
        new[3]["counts"]["files_freed"].as_u64() > Some(0)
            && new[3]["counts"]["bytes_freed"].as_u64() > Some(0)
    );
    let told = here.said(&["evidence", "custody", "--lake", "case/lake"]);
    assert!(told.contains("; 5 access rows; "), "{told}");
    // A lake that nobody may write is read all the same, and says that this stands nowhere.
    let place = here.path("case/lake/custody.jsonl");
    std::fs::remove_file(&place).unwrap();
    std::fs::create_dir(&place).unwrap();
    for asks in [&["sql", "--lake", "case/lake", query][..], &["scope", "--case", "case"]] {
        let done = here.weir(asks);
        let said = words(&done.stderr);
        assert!(done.status.success() && said.contains("this look stands in no custody log"), "{said}");
    }
}

fn custody(here: &crate::terminal::Terminal) -> Vec<Value> {
    let text = std::fs::read_to_string(here.path("case/lake/custody.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn another_configuration_is_said_and_stands_in_the_bag_and_a_bag_lies_in_no_other() {
    let here = sealed();
    let seal = |more: &[&str]| {
        let asked = ["evidence", "seal", "case", "--logs", "w/logs", "--key", "signing"];
        let done = here.weir(&[&asked[..], more].concat());
        (done.status.code(), words(&done.stderr))
    };
    let told = |bag: &str| -> Value {
        let text = std::fs::read_to_string(here.path(bag).join("data/configuration.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let (code, said) = seal(&["-o", "bag", "--config", "w/weir.toml"]);
    assert!(code == Some(0) && !said.contains("warning"), "{said}");
    assert_eq!((&told("bag")["differs"], &told("bag")["case"]), (&Value::Null, &told("bag")["bag"]));
    std::fs::write(here.path("other.toml"), "[organisation]\nname = \"x\"\n").unwrap();
    for (bag, config, now) in
        [("bag2", &["--config", "other.toml"][..], "`other.toml`"), ("bag3", &[], "none now")]
    {
        let (code, said) = seal(&[&["-o", bag], config].concat());
        assert!(code == Some(0) && said.contains("another than the one the case was made with"), "{said}");
        assert!(said.contains(now) && said.contains("`weir.toml` (SHA-256"), "{said}");
        assert!(told(bag)["differs"].as_str().unwrap().contains(now), "{}", told(bag));
    }
    let limited = here.weir(&["scope", "--case", "case", "--json"]);
    assert!(words(&limited.stderr).contains("another than the one the case was made with"), "{limited:?}");
    assert!(words(&limited.stdout).contains("none now"), "the answer says so too");
    let same = here.weir(&["scope", "--case", "case", "--config", "w/weir.toml"]);
    assert!(same.status.success() && same.stderr.is_empty(), "{}", words(&same.stderr));
    let lake = here.weir(&["scope", "--lake", "case/lake", "--config", "other.toml"]);
    assert!(
        words(&lake.stderr).contains("another than the lake was last folded under"),
        "{}",
        words(&lake.stderr)
    );
    // Nothing is sealed, or held, where the place or the reason is none.
    let holds = here.said(&["hold", "list", "--lake", "case/lake"]);
    for (bad, what) in [
        (&["-o", "bag/inner"][..], "in the sealed bag"),
        (&["-o", "bag/data/inner"], "in the sealed bag"),
        (&["-o", "case/bag"], "in the case"),
        (&["-o", "bag4", "--reason", ""], "says nothing"),
        (&["-o", "bag4", "--authority", " "], "says nothing"),
    ] {
        let (code, said) = seal(bad);
        assert!(code == Some(2) && said.contains(what), "{bad:?}: {said}");
    }
    assert_eq!(here.said(&["hold", "list", "--lake", "case/lake"]), holds);
    let (whole, said) = verified(&here, "bag");
    assert!(whole, "{said}");
    let (_, said) = verified(&here, "nowhere");
    assert!(said.contains("there is no such folder") && said.matches("malformed").count() == 0, "{said}");
}
