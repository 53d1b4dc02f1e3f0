//! Signatures: what we write `ssh-keygen` accepts, what it writes we accept, and both refuse the same.

use crate::tools::{are_here, must, sh};
use jiff::Timestamp;
use std::path::Path;
use weir_evidence::{
    sign::{NAMESPACE, SigningKey},
    signers::Signers,
};

const KINDS: [(&str, &str); 4] = [
    ("ed25519", "-t ed25519"),
    ("p256", "-t ecdsa -b 256"),
    ("p384", "-t ecdsa -b 384"),
    ("rsa", "-t rsa -b 2048"),
];

fn signers(dir: &Path, key: &str, options: &str) -> Signers {
    must(dir, &format!("printf 'ana@example.org {options} %s\\n' \"$(cat {key}.pub)\" > signers"));
    Signers::read(&dir.join("signers")).unwrap()
}

#[test]
fn each_kind_of_key_signs_and_verifies_both_ways() {
    if !are_here() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    std::fs::write(dir.join("file"), b"what is signed\n").unwrap();
    for (key, options) in KINDS {
        must(dir, &format!("ssh-keygen -q -N '' {options} -f {key}"));
        let signers = signers(dir, key, "");
        let check = |sig: &[u8], message: &[u8]| signers.check(sig, message, Timestamp::UNIX_EPOCH, None);
        let sig =
            SigningKey::read(&dir.join(key), || None).unwrap().sign(NAMESPACE, b"what is signed\n").unwrap();
        std::fs::write(dir.join("sig"), &sig).unwrap();
        must(dir, "ssh-keygen -Y verify -f signers -I ana@example.org -n weir-evidence -s sig < file");
        assert_eq!(check(sig.as_bytes(), b"what is signed\n").unwrap().principals, "ana@example.org");
        must(dir, &format!("rm -f file.sig; ssh-keygen -q -Y sign -f {key} -n weir-evidence file"));
        let theirs = std::fs::read(dir.join("file.sig")).unwrap();
        check(&theirs, b"what is signed\n").unwrap();
        assert!(check(&theirs, b"what is signed").unwrap_err().contains("not a signature of this file"));
        must(dir, &format!("rm file.sig; ssh-keygen -q -Y sign -f {key} -n file file"));
        let other = std::fs::read(dir.join("file.sig")).unwrap();
        assert!(check(&other, b"what is signed\n").unwrap_err().contains("made for `file`"));
    }
}

#[test]
fn a_key_with_a_passphrase_asks_for_it() {
    if !are_here() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    must(dir.path(), "ssh-keygen -q -t ed25519 -N secret -f key");
    let key = dir.path().join("key");
    let said = |phrase: Option<&str>| {
        SigningKey::read(&key, || phrase.map(str::to_owned)).map(|_| ()).map_err(|e| e.to_string())
    };
    assert_eq!(said(Some("secret")), Ok(()));
    assert!(said(Some("other")).unwrap_err().contains("passphrase"));
    assert!(said(None).unwrap_err().contains("no passphrase was given"));
}

#[test]
fn signers_that_are_not_listed_are_refused_as_ssh_keygen_refuses_them() {
    if !are_here() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    must(
        dir,
        "ssh-keygen -q -t ed25519 -N '' -f key && ssh-keygen -q -t ed25519 -N '' -f other && printf x > file",
    );
    let sig = SigningKey::read(&dir.join("key"), || None).unwrap().sign(NAMESPACE, b"x").unwrap();
    std::fs::write(dir.join("sig"), &sig).unwrap();
    let now = "2026-11-26T00:00:00Z".parse().unwrap();
    for (key, options, allowed) in [
        ("key", "", true),
        ("key", "namespaces=\"git,weir-evidence\"", true),
        ("key", "valid-after=\"20260101Z\",valid-before=\"20990101Z\"", true),
        ("other", "", false),
        ("key", "namespaces=\"git\"", false),
        ("key", "valid-before=\"20200101Z\"", false),
        ("key", "valid-after=\"20990101Z\"", false),
    ] {
        let signers = signers(dir, key, options);
        let ours = signers.check(sig.as_bytes(), b"x", now, None).is_ok();
        let line = "ssh-keygen -Y verify -Overify-time=20261126000000Z -f signers -I ana@example.org -n weir-evidence -s sig < file";
        assert_eq!((ours, sh(dir, line).status.success()), (allowed, allowed), "{key} {options}");
        assert!(signers.check(sig.as_bytes(), b"x", now, Some("eva@example.org")).is_err());
    }
}
