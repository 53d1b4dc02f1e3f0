//! Bags: whole ones pass, and whatever is altered, taken away or added is refused and named, by us and by the stranger's script.

use crate::{
    sealing::{Desk, files},
    tools::{are_here, must, python, sh, text},
};
use std::{os::unix::fs::PermissionsExt, path::Path, process::Command, time::Duration};
use weir_evidence::{
    bag::{BagWriter, Check, verify},
    log::Log,
    signers::Signers,
    stamp::Http,
    stranger,
    tree::{self, Span},
};

#[test]
fn a_whole_bag_passes_and_tells_what_is_in_it() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    let sealed = desk.seal("bag");
    let (signers, roots, log) = (&desk.signers, desk.authority.roots(), desk.log());
    let (key, custody) = (log.key().unwrap(), desk.at("bag.custody.jsonl"));
    let now = "2026-11-26T12:00:00Z".parse().unwrap();
    let check = Check {
        signers,
        principal: Some("ana@example.org"),
        roots: Some(&roots),
        log: Some(&log),
        custody: Some(&custody),
        log_key: Some(&key),
        now,
    };
    let verified = verify(&sealed.path, &check).unwrap();
    assert_eq!(verified.signer.principals, "ana@example.org");
    assert_eq!((verified.index, verified.excerpts, verified.custody), (5, 3, 3));
    assert_eq!(
        (verified.files, verified.bytes, &verified.checkpoint),
        (sealed.files, sealed.bytes, &sealed.checkpoint)
    );
    assert!(verified.stamp_under_given_roots && verified.stamp == sealed.stamp);
    assert_eq!(desk.theirs("bag"), "");
    // Excerpts and proofs, the other payload, tag files, and the three that cover them.
    assert_eq!(files(&sealed.path).len(), 2 * 3 + 8 + 8 + 3);
    for name in files(&sealed.path) {
        let mode = std::fs::metadata(sealed.path.join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(std::fs::metadata(&sealed.path).unwrap().permissions().mode() & 0o777, 0o700);
    // Nothing is left beside it.
    assert_eq!(must(desk.dir(), "ls -A | grep weir-new || true"), "");
}

#[test]
fn a_bag_that_a_killed_process_was_filling_goes_and_that_of_a_living_one_stays() {
    let dir = tempfile::tempdir().unwrap();
    let left = dir.path().join(".old.0123456789abcdef.weir-new");
    std::fs::create_dir(&left).unwrap();
    std::fs::write(left.join("scope.csv"), "people").unwrap();
    let stages = || std::fs::read_dir(dir.path()).unwrap().count();
    let one = BagWriter::create(&dir.path().join("one")).unwrap();
    assert!(!left.exists() && stages() == 1);
    let other = BagWriter::create(&dir.path().join("other")).unwrap();
    assert_eq!(stages(), 2);
    drop((one, other));
    assert_eq!(stages(), 0);
}

#[test]
fn the_commands_that_are_printed_work_as_they_stand() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    let sealed = desk.seal("bag");
    let commands = stranger::commands(&sealed.path, &desk.at("signers"), "ana@example.org", true);
    let said = must(desk.dir(), &format!("set -e\n{commands}"));
    assert!(
        said.contains("whole: ")
            && said.contains("data/case/report.md: OK")
            && said.contains("Good \"weir-evidence\""),
        "{said}"
    );
}

#[test]
fn a_bag_without_a_time_stamp_passes_and_says_so() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    let sealed = desk.seal_unstamped("bag");
    assert_eq!((desk.ours("bag"), desk.theirs("bag")), (String::new(), String::new()));
    // One that is slipped in later is refused.
    std::fs::write(sealed.path.join("tagmanifest-sha256.txt.tsr"), b"x").unwrap();
    assert!(desk.ours("bag").contains("added") && desk.theirs("bag").contains("added"));
}

/// Both must refuse, and name the file.
fn both_refuse(desk: &Desk, name: &str, what: &str) {
    let (ours, theirs) = (desk.ours("bag"), desk.theirs("bag"));
    assert!(ours.contains(name), "{what} {name}: ours said {ours:?}");
    assert!(theirs.contains(name), "{what} {name}: theirs said {theirs:?}");
}

#[test]
fn each_altered_file_is_named() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    let sealed = desk.seal("bag");
    for name in files(&sealed.path) {
        let path = sealed.path.join(&name);
        let whole = std::fs::read(&path).unwrap();
        let mut altered = whole.clone();
        altered[whole.len() / 2] ^= 1;
        std::fs::write(&path, &altered).unwrap();
        both_refuse(&desk, &name, "altered");
        std::fs::write(&path, &whole).unwrap();
    }
    assert_eq!((desk.ours("bag"), desk.theirs("bag")), (String::new(), String::new()));
}

#[test]
fn each_missing_file_is_named() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    let sealed = desk.seal("bag");
    for name in files(&sealed.path) {
        let (path, kept) = (sealed.path.join(&name), desk.at("kept"));
        std::fs::rename(&path, &kept).unwrap();
        both_refuse(&desk, &name, "missing");
        std::fs::rename(&kept, &path).unwrap();
    }
}

#[test]
fn a_file_added_to_any_folder_is_named() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    let sealed = desk.seal("bag");
    let folders = must(&sealed.path, "find . -type d | sed 's|^[.]$||; s|^[.]/||'");
    for folder in folders.lines() {
        for new in ["new.txt", ".hidden", "0009.json"] {
            let name = if folder.is_empty() { new.to_owned() } else { format!("{folder}/{new}") };
            std::fs::write(sealed.path.join(&name), b"new").unwrap();
            both_refuse(&desk, &name, "added");
            std::fs::remove_file(sealed.path.join(&name)).unwrap();
        }
    }
}

/// Writes the manifests of a bag anew after it was changed, and signs it with `key`.
fn cover_up(bag: &Path, key: &str) {
    must(
        bag,
        &format!(
            "find data -type f | sort | xargs sha256sum > manifest-sha256.txt && \
             find . -type f ! -path './data/*' ! -name 'tagmanifest*' | sed 's|^./||' | sort | xargs sha256sum > tagmanifest-sha256.txt && \
             rm tagmanifest-sha256.txt.sig && ssh-keygen -q -Y sign -f ../{key} -n weir-evidence tagmanifest-sha256.txt"
        ),
    );
}

#[test]
fn changes_that_are_covered_up_are_refused_by_signature_stamp_and_log() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    let sealed = desk.seal("bag");
    std::fs::write(sealed.path.join("data/case/report.md"), b"# Nothing happened\n").unwrap();
    // By somebody who is not listed.
    cover_up(&sealed.path, "other");
    let said = desk.ours("bag");
    assert!(
        said.contains("is not listed")
            && said.contains("for another file")
            && said.contains("does not stand in the log"),
        "{said}"
    );
    let said = desk.theirs("bag");
    assert!(
        said.contains("nobody who is listed")
            && said.contains("time stamp does not hold")
            && said.contains("does not stand in the log"),
        "{said}"
    );
    // By the signer: time and log still tell.
    cover_up(&sealed.path, "key");
    let said = desk.ours("bag");
    assert!(
        !said.contains("is not listed")
            && said.contains("for another file")
            && said.contains("does not stand in the log"),
        "{said}"
    );
    let said = desk.theirs("bag");
    assert!(!said.contains("nobody who is listed") && said.contains("time stamp does not hold"), "{said}");
}

#[test]
fn signatures_of_others_and_for_other_things_are_refused() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    let sealed = desk.finish(desk.fill("bag"), "other", None);
    both_refuse(&desk, "tagmanifest-sha256.txt.sig", "unlisted");
    let sign = |space: &str| {
        must(
            &sealed.path,
            &format!("rm *.sig; ssh-keygen -q -Y sign -f ../key -n {space} tagmanifest-sha256.txt"),
        );
    };
    sign("file");
    both_refuse(&desk, "tagmanifest-sha256.txt.sig", "namespace");
    sign("weir-evidence");
    assert_eq!((desk.ours("bag"), desk.theirs("bag")), (String::new(), String::new()));
    assert!(
        desk.ours_with("bag", |check| check.principal = Some("eva@example.org")).contains("somebody else")
    );
}

#[test]
fn no_byte_of_a_signature_can_be_another() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    let sealed = desk.seal_unstamped("bag");
    let name = "tagmanifest-sha256.txt.sig";
    let path = sealed.path.join(name);
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut altered = whole.clone();
        altered[at] ^= 0x20;
        std::fs::write(&path, &altered).unwrap();
        assert!(desk.ours("bag").contains(name), "byte {at}");
        assert!(at % 80 != 0 || desk.theirs("bag").contains(name), "byte {at}");
    }
}

#[test]
fn a_signer_is_found_by_pattern_or_by_name() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    desk.seal_unstamped("bag");
    for (list, principal, passes) in [
        ("!boss@example.org,*@example.org", "", true),
        ("eva@example.org,ana@example.org", "ana@example.org", true),
        ("*@example.org", "ana@example.org", true),
        ("eva@example.org", "ana@example.org", false),
    ] {
        let line = must(desk.dir(), &format!("printf '%s %s\n' '{list}' \"$(cat key.pub)\" > s; cat s"));
        let signers = Signers::parse(&line).unwrap();
        let wanted = (!principal.is_empty()).then_some(principal);
        let said = desk.ours_with("bag", |check| (check.signers, check.principal) = (&signers, wanted));
        let arguments =
            if principal.is_empty() { String::new() } else { format!("tsa/root.pem {principal}") };
        let theirs = sh(desk.dir(), &format!("sh verify.sh bag s {arguments}"));
        assert_eq!(
            (said.is_empty(), theirs.status.success()),
            (passes, passes),
            "{list} {principal}: {said}"
        );
    }
}

#[test]
fn a_stamp_of_another_bag_or_authority_is_refused() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    let (one, two) = (desk.seal("bag"), desk.seal("two"));
    let stamp = "tagmanifest-sha256.txt.tsr";
    std::fs::copy(two.path.join(stamp), one.path.join(stamp)).unwrap();
    both_refuse(&desk, stamp, "stamp of another bag");
    let other = crate::authority::Authority::quick(&desk.at("other-tsa")).roots();
    assert!(desk.ours_with("two", |check| check.roots = Some(&other)).contains("given roots"));
}

#[test]
fn a_key_that_ended_counts_for_what_was_stamped_before() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    desk.seal("bag");
    let line = must(desk.dir(), "printf 'ana valid-before=\"20980101Z\" %s' \"$(cat key.pub)\"");
    let (signers, roots) = (Signers::parse(&line).unwrap(), desk.authority.roots());
    let later = "2099-01-01T00:00:00Z".parse().unwrap();
    let said = |roots| {
        desk.ours_with("bag", |check| (check.signers, check.roots, check.now) = (&signers, roots, later))
    };
    assert_eq!(said(Some(&roots)), "");
    // The bag's own roots prove no time.
    assert!(said(None).contains("was not valid at that time"));
}

#[test]
fn a_cut_or_forked_log_is_named() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    must(desk.dir(), "cp -r log before && cp log.key before.key");
    let sealed = desk.seal_unstamped("bag");
    let log = desk.log();
    assert_eq!(desk.ours_with("bag", |check| check.log = Some(&log)), "");
    // It went on: nothing to say.
    log.append("", &weir_evidence::Digest::of(b"later")).unwrap();
    assert_eq!(desk.ours_with("bag", |check| check.log = Some(&log)), "");
    let before = Log::at(desk.at("before"));
    assert!(desk.ours_with("bag", |check| check.log = Some(&before)).contains("it was cut"));
    for other in 0..3u8 {
        before.append("", &weir_evidence::Digest::of(&[100 + other])).unwrap();
    }
    assert!(desk.ours_with("bag", |check| check.log = Some(&before)).contains("it was forked"));
    // What would wait for a writer, or never end.
    for place in ["at-key", "at-checkpoint", "at-tile"] {
        must(desk.dir(), &format!("cp -r before {place} && cd {place} && rm -r tile/0/000.p"));
    }
    must(desk.dir(), "cd at-key && rm key && mkfifo key");
    must(desk.dir(), "cd at-checkpoint && rm checkpoint && mkfifo checkpoint");
    must(desk.dir(), "cd at-tile && mkfifo tile/0/000");
    for place in ["at-key", "at-checkpoint", "at-tile"] {
        let hostile = Log::at(desk.at(place));
        assert!(
            desk.ours_with("bag", |check| check.log = Some(&hostile)).contains("it is no file"),
            "{place}"
        );
    }
    let stranger = Log::at(desk.at("stranger"));
    for leaf in 0..9u8 {
        stranger.append("example.org/evidence", &weir_evidence::Digest::of(&[leaf])).unwrap();
    }
    assert!(desk.ours_with("bag", |check| check.log = Some(&stranger)).contains("another key"));
    let key = stranger.key().unwrap();
    assert!(desk.ours_with("bag", |check| check.log_key = Some(&key)).contains("log that was named"));
    // The bag's own proof, taken from a fork, with all covered up by the signer.
    std::fs::copy(desk.at("before/checkpoint"), sealed.path.join("log/checkpoint")).unwrap();
    must(
        &sealed.path,
        "sed '/^$/,$d' log/inclusion.tlog-proof > p; { cat p; echo; cat log/checkpoint; } > log/inclusion.tlog-proof; rm p",
    );
    cover_up(&sealed.path, "key");
    both_refuse(&desk, "log/inclusion.tlog-proof", "fork");
}

#[test]
fn a_custody_log_that_does_not_continue_the_copy_is_named() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    desk.seal_unstamped("bag");
    let today = desk.at("bag.custody.jsonl");
    let said = || desk.ours_with("bag", |check| check.custody = Some(&today));
    assert_eq!(said(), "");
    let whole = std::fs::read_to_string(&today).unwrap();
    std::fs::write(&today, whole.split_inclusive('\n').take(2).collect::<String>()).unwrap();
    assert!(said().contains("data/custody.jsonl") && said().contains("line 3: "), "{}", said());
    let mut without = BagWriter::create(&desk.at("without")).unwrap();
    without.add("a", &b"a"[..]).unwrap();
    desk.finish(without, "key", None);
    assert_eq!(desk.ours("without"), "");
    let said = desk.ours_with("without", |check| check.custody = Some(&today));
    assert!(said.contains("no copy"), "{said}");
}

#[test]
fn excerpts_that_do_not_stand_in_their_original_are_refused() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    let span = Span { offset: 5000, bytes: 10 };
    let (_, excerpts) = tree::read_file(&desk.at("access.log"), "access.log", &[span], 3).unwrap();
    let [truth] = &excerpts[..] else { panic!() };
    let mut moved = truth.clone();
    moved.proof.first_leaf += 1;
    let mut forged = truth.clone();
    forged.bytes[20] ^= 1;
    forged.proof.sha256 = weir_evidence::Digest::of(&forged.bytes);
    let mut fewer = truth.clone();
    fewer.proof.nodes.pop();
    let mut more = truth.clone();
    more.proof.nodes.push(more.proof.sha256);
    let mut empty = truth.clone();
    (empty.bytes, empty.proof.leaves, empty.proof.length) = (Vec::new(), 0, 0);
    empty.proof.sha256 = weir_evidence::Digest::of(b"");
    let mut huge = truth.clone();
    huge.proof.original.leaves = u64::MAX;
    for (n, (excerpt, passes)) in [
        (truth, true),
        (&moved, false),
        (&forged, false),
        (&fewer, false),
        (&more, false),
        (&empty, false),
        (&huge, false),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("bag{n}");
        let mut bag = BagWriter::create(&desk.at(&name)).unwrap();
        // By hand where it is false: the writer would refuse it.
        if passes {
            bag.add_excerpt(excerpt, |json| json.into()).unwrap();
        } else {
            assert!(bag.add_excerpt(excerpt, |json| json.into()).is_err());
            let mut json = serde_json::to_value(&excerpt.proof).unwrap();
            (json["version"], json["file"]) = (1.into(), "0001.txt".into());
            bag.add("excerpts/0001.json", serde_json::to_string_pretty(&json).unwrap().as_bytes()).unwrap();
            bag.add("excerpts/0001.txt", &excerpt.bytes[..]).unwrap();
        }
        desk.finish(bag, "key", None);
        let (ours, theirs) = (desk.ours(&name), desk.theirs(&name));
        assert_eq!((ours.is_empty(), theirs.is_empty()), (passes, passes), "{n}: {ours:?} {theirs:?}");
        assert!(passes || ours.contains("excerpts/0001.json") && theirs.contains("excerpts/0001.json"));
    }
}

#[test]
fn an_original_that_was_not_acquired_is_refused() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    let path = "web, \\ \"one\"/access.log";
    let span = Span { offset: 5000, bytes: 10 };
    let (original, excerpts) = tree::read_file(&desk.at("access.log"), path, &[span], 3).unwrap();
    let name = serde_json::to_string(path).unwrap();
    let other = weir_evidence::Digest::of(b"other");
    for (n, (row, passes)) in [
        (format!("{{\"path\":{name},\"sha256\":\"{}\"}}", original.sha256), true),
        (format!("{{\"path\":{name},\"sha256\":null,\"bytes\":7}}"), true),
        (format!("{{\"path\":{name},\"sha256\":\"{other}\"}}"), false),
        (format!("{{\"path\":\"access.log\",\"sha256\":\"{}\"}}", original.sha256), false),
    ]
    .into_iter()
    .enumerate()
    {
        let bag = format!("bag{n}");
        let mut writer = BagWriter::create(&desk.at(&bag)).unwrap();
        writer.add_excerpt(&excerpts[0], |json| json.into()).unwrap();
        writer.add("intake.jsonl", format!("{row}\n").as_bytes()).unwrap();
        desk.finish(writer, "key", None);
        let (ours, theirs) = (desk.ours(&bag), desk.theirs(&bag));
        assert_eq!((ours.is_empty(), theirs.is_empty()), (passes, passes), "{row}: {ours:?} {theirs:?}");
        assert!(passes || ours.contains("no such original") && theirs.contains("no such original"));
    }
}

#[test]
fn bytes_without_a_proof_and_a_broken_custody_log_are_refused() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    let mut bag = BagWriter::create(&desk.at("bag")).unwrap();
    bag.add("excerpts/0001.txt", &b"I was not there\n"[..]).unwrap();
    desk.finish(bag, "key", None);
    both_refuse(&desk, "data/excerpts/0001.txt", "no proof");
    let whole = {
        desk.seal_unstamped("whole");
        std::fs::read_to_string(desk.at("whole/data/custody.jsonl")).unwrap()
    };
    let lines: Vec<&str> = whole.lines().collect();
    for (n, text) in [
        format!("{}\n{}\n", lines[0], lines[2]),
        format!("{}\n{}\n", lines[1], lines[2]),
        whole.replacen("Ana", "Eva", 1),
        whole.trim_end().to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("bag{n}");
        let mut bag = BagWriter::create(&desk.at(&name)).unwrap();
        std::fs::write(desk.at("broken"), &text).unwrap();
        assert!(bag.add_custody(&desk.at("broken")).is_err());
        bag.add("custody.jsonl", text.as_bytes()).unwrap();
        desk.finish(bag, "key", None);
        let (ours, theirs) = (desk.ours(&name), desk.theirs(&name));
        assert!(
            ours.contains("data/custody.jsonl") && theirs.contains("data/custody.jsonl"),
            "{n}: {ours:?} {theirs:?}"
        );
    }
}

#[test]
fn hostile_bags_are_refused_and_nothing_outside_is_read() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    desk.seal_unstamped("whole");
    std::fs::write(desk.at("secret"), b"secret").unwrap();
    let sum = must(desk.dir(), "sha256sum < secret | cut -c 1-64");
    let sum = sum.trim();
    for (what, line) in [
        ("link", "ln -s ../../secret data/link".to_owned()),
        ("link in place", "rm data/lake.json; ln -s ../../secret data/lake.json".to_owned()),
        ("linked folder", "mv data/case ../moved; ln -s ../../moved data/case".to_owned()),
        ("linked bag-info", "mv bag-info.txt ../info; ln -s ../info bag-info.txt".to_owned()),
        ("linked manifest", "mv manifest-sha256.txt ../info; ln -s ../info manifest-sha256.txt".to_owned()),
        ("folder in place", "rm data/lake.json; mkdir data/lake.json".to_owned()),
        ("folder for a manifest", "rm manifest-sha256.txt; mkdir manifest-sha256.txt".to_owned()),
        ("file for a folder", "rm -r log; touch log".to_owned()),
        ("deep folders", format!("mkdir -p data/{}; touch data/{0}x", "a/".repeat(60))),
        ("pipe", "mkfifo data/pipe".to_owned()),
        ("pipe in place", "rm log/key; mkfifo log/key".to_owned()),
        ("upwards", format!("echo '{sum}  data/../../secret' >> manifest-sha256.txt")),
        ("absolute", format!("echo \"{sum}  $PWD/../secret\" >> manifest-sha256.txt")),
        ("encoded", format!("cp ../secret 'data/%41'; echo '{sum}  data/%41' >> manifest-sha256.txt")),
        ("twice", "head -n 1 manifest-sha256.txt > l; cat l >> manifest-sha256.txt; rm l".to_owned()),
        (
            "twice in another case",
            format!("cp ../secret data/LAKE.json; echo '{sum}  data/LAKE.json' >> manifest-sha256.txt"),
        ),
        ("the same in another case in both", "mkdir Data && cp data/lake.json Data/lake.json".to_owned()),
        ("a name for the input", "touch ./-".to_owned()),
        ("upper case", "sed -i 's/^[0-9a-f]*/\\U&/' manifest-sha256.txt".to_owned()),
        ("carriage returns", "sed -i 's/$/\\r/' manifest-sha256.txt".to_owned()),
        ("no text in a name", "touch \"$(printf 'data/\\377')\"".to_owned()),
        ("another size", "sed -i 's/^Payload-Oxum: /&1/' bag-info.txt".to_owned()),
        ("two sizes", "sed -i 's/^Payload-Oxum: .*/&\\n&/' bag-info.txt".to_owned()),
        ("two kinds of stamp", "echo 'Weir-Time-Stamp: none' >> bag-info.txt".to_owned()),
        (
            "tag in the payload's manifest",
            "grep bagit.txt tagmanifest-sha256.txt >> manifest-sha256.txt".to_owned(),
        ),
        ("one space", "sed -i 's/  / /' manifest-sha256.txt".to_owned()),
        ("no newline", "truncate -s -1 manifest-sha256.txt".to_owned()),
        ("new line in a name", "touch \"$(printf 'data/a\\nb')\"".to_owned()),
        ("no text", "printf '\\377' >> manifest-sha256.txt".to_owned()),
        ("nothing", "rm -r *".to_owned()),
        (
            "no proof",
            "printf 'c2sp.org/tlog-proof@v1\\nindex 99999999999999999999\\n\\n' > log/inclusion.tlog-proof"
                .to_owned(),
        ),
    ] {
        must(desk.dir(), "rm -rf bag moved info; cp -r whole bag");
        must(&desk.at("bag"), &line);
        // Its author signs whatever it is, so that nothing is refused for the signature alone.
        let _ = sh(
            &desk.at("bag"),
            "LC_ALL=C; find . -type f ! -path './data/*' ! -name 'tagmanifest*' | sed 's|^./||' | sort | xargs sha256sum > tagmanifest-sha256.txt && \
             rm *.sig && ssh-keygen -q -Y sign -f ../key -n weir-evidence tagmanifest-sha256.txt",
        );
        assert_ne!(desk.ours("bag"), "", "{what}");
        let theirs = Command::new("timeout")
            .args(["20", "sh", "verify.sh", "bag", "signers"])
            .current_dir(desk.dir())
            .output()
            .unwrap();
        assert_eq!(theirs.status.code(), Some(1), "{what}: {}{}", text(&theirs.stdout), text(&theirs.stderr));
    }
    assert!(desk.ours("nowhere").contains("cannot be read"));
}

#[test]
fn a_file_that_was_blown_up_is_not_read() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    let sealed = desk.seal("bag");
    let mut names = files(&sealed.path);
    names.push("data/excerpts/0009.json".to_owned());
    for name in names {
        let path = sealed.path.join(&name);
        let before = std::fs::read(&path).ok();
        // A terabyte with nothing in it.
        let file = std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(&path).unwrap();
        file.set_len(1 << 40).unwrap();
        assert!(desk.ours("bag").contains(&name), "{name}");
        let theirs = sh(desk.dir(), "timeout 20 sh verify.sh bag signers");
        assert_eq!(theirs.status.code(), Some(1), "{name}: {}{}", text(&theirs.stdout), text(&theirs.stderr));
        match before {
            Some(before) => std::fs::write(&path, before).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
    }
    assert_eq!(desk.ours("bag"), "");
    // By somebody who makes it right again, and is not listed.
    std::fs::OpenOptions::new()
        .write(true)
        .open(sealed.path.join("data/lake.json"))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    must(
        &sealed.path,
        "n=$(find data -type f -printf '%s\n' | awk '{ n += $1 } END { printf \"%.0f.%d\", n, NR }'); \
         sed -i \"s/^Payload-Oxum: .*/Payload-Oxum: $n/\" bag-info.txt; \
         find . -type f ! -path './data/*' ! -name 'tagmanifest*' | sed 's|^./||' | sort | xargs sha256sum > tagmanifest-sha256.txt; \
         rm *.sig; ssh-keygen -q -Y sign -f ../other -n weir-evidence tagmanifest-sha256.txt",
    );
    let theirs = sh(desk.dir(), "timeout 20 sh verify.sh bag signers");
    assert!(
        desk.ours("bag").contains("too large to be read")
            && text(&theirs.stdout).contains("too large to be read")
    );
}

#[test]
fn proofs_and_accounts_that_are_no_data_of_theirs_are_refused() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    std::fs::write(desk.at("secret"), b"secret").unwrap();
    let span = Span { offset: 5000, bytes: 10 };
    let (original, excerpts) = tree::read_file(&desk.at("access.log"), "access.log", &[span], 3).unwrap();
    let truth = &excerpts[0];
    let mut json = serde_json::to_value(&truth.proof).unwrap();
    (json["version"], json["file"]) = (1.into(), "0001.txt".into());
    let proof = |from: &str, to: &str| {
        let whole = serde_json::to_string_pretty(&json).unwrap();
        assert!(whole.contains(from), "{whole}");
        whole.replacen(from, to, 1)
    };
    let first = format!("\"first_leaf\": {}", truth.proof.first_leaf);
    let leaf = |number: &str| proof(&first, &format!("\"first_leaf\": {number}"));
    let node = format!("\"{}\"", truth.proof.nodes[0]);
    let deep = "[".repeat(100_000);
    let row = |path: &str| format!("{{\"path\":{path},\"sha256\":\"{}\"}}\n", original.sha256);
    for (n, (name, content)) in [
        ("excerpts/0001.json", deep.clone()),
        ("excerpts/0001.json", proof("{", &format!("{{\n  \"x\": {deep},"))),
        ("excerpts/0001.json", leaf("-1")),
        ("excerpts/0001.json", leaf("18446744073709551615")),
        ("excerpts/0001.json", leaf("18446744073709551616")),
        ("excerpts/0001.json", leaf("1e400")),
        ("excerpts/0001.json", leaf("99999999999999999999999999999999")),
        ("excerpts/0001.json", leaf("$(touch /tmp/x)")),
        ("excerpts/0001.json", proof("\"leaves\": 1000", "\"leaves\": 9223372036854775807")),
        (
            "excerpts/0001.json",
            proof(&node, format!("{node},\n    ").repeat(5000).trim_end_matches([',', '\n', ' '])),
        ),
        ("excerpts/0001.json", proof(&node, "\"zz\"")),
        ("excerpts/0001.json", proof("\"version\": 1", "\"version\": 2")),
        ("excerpts/0001.json", proof(&format!("\"bytes\": {}", original.bytes), "\"bytes\": 99")),
        ("excerpts/0001.json", proof("0001.txt", "../../../secret")),
        ("excerpts/0001.json", proof("0001.txt", "/etc/passwd")),
        ("excerpts/0001.json", proof("\"version\": 1", "\"version\": 1,\n  \"version\": 1")),
        ("excerpts/0001.json", String::new()),
        ("intake.jsonl", deep.clone() + "\n"),
        (
            "intake.jsonl",
            format!("{}{{\"path\":\"x\",\"sha256\":null,\"x\":{deep}}}\n", row("\"access.log\"")),
        ),
        ("intake.jsonl", row("-7")),
        ("custody.jsonl", deep.clone() + "\n"),
        ("custody.jsonl", "x".repeat(1 << 20)),
    ]
    .into_iter()
    .enumerate()
    {
        let bag = format!("bag{n}");
        let mut writer = BagWriter::create(&desk.at(&bag)).unwrap();
        writer.add("excerpts/0001.txt", &truth.bytes[..]).unwrap();
        if !name.starts_with("excerpts") {
            writer
                .add("excerpts/0001.json", serde_json::to_string_pretty(&json).unwrap().as_bytes())
                .unwrap();
        }
        writer.add(name, content.as_bytes()).unwrap();
        desk.finish(writer, "key", None);
        let (ours, theirs) = (desk.ours(&bag), desk.theirs(&bag));
        let shown = content.get(..300).unwrap_or(&content);
        assert!(ours.contains(name), "{n} {shown}: {ours}");
        // The script reads no JSON: of the account it compares a path with a digest.
        assert!(
            !theirs.is_empty() || name == "intake.jsonl" && content.contains("access.log"),
            "{n} {shown}"
        );
    }
}

#[test]
fn a_bag_is_whole_or_not_there() {
    if !are_here() {
        return;
    }
    let desk = Desk::new();
    desk.seal_unstamped("bag");
    let said = BagWriter::create(&desk.at("bag")).err().unwrap().to_string();
    assert!(said.contains("exists"), "{said}");
    // An authority that cannot be reached, and a bag given up.
    let nobody = Http::new("http://127.0.0.1:1/", None, Duration::from_secs(2)).unwrap();
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        desk.finish(desk.fill("two"), "key", Some(&nobody))
    }));
    assert!(failed.is_err() && !desk.at("two").exists());
    drop(desk.fill("three"));
    assert_eq!(must(desk.dir(), "ls -A | grep weir-new || true"), "");
    let mut bag = desk.fill("four");
    for name in ["../x", "a b", "", "case/report.md", "CASE/report.md", "a%b", "/x"] {
        assert!(bag.add(name, &b""[..]).is_err(), "{name}");
    }
}

#[test]
fn the_library_of_congress_accepts_the_bag() {
    if !are_here() {
        return;
    }
    let Some(python) = python() else { return };
    let desk = Desk::new();
    let sealed = desk.seal("bag");
    let validate =
        || Command::new(&python).args(["-m", "bagit", "--validate"]).arg(&sealed.path).output().unwrap();
    let done = validate();
    assert!(done.status.success(), "{}", text(&done.stderr));
    std::fs::write(sealed.path.join("data/case/report.md"), b"x").unwrap();
    assert!(!validate().status.success());
}
