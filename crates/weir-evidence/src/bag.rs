//! BagIt bags (RFC 8493) that are sealed: [`BagWriter`] writes one, [`verify`] says all that is wrong with one.
//!
//! Decisive choice: names in a bag are plain ([`is_plain`]), so that the percent-encoding of BagIt, the escapes of `sha256sum` and the quoting of
//! shells never come into play. A bag with any other name was not written by Weir and is refused before anything in it is opened.
//!
//! What covers what: `manifest-sha256.txt` the payload; the log's leaf is its SHA-256; `tagmanifest-sha256.txt` all tag files, checkpoint and
//! proof among them; signature and time stamp lie outside and cover the tag manifest.

mod check;
mod problem;
mod write;

pub use check::{Check, Verified, verify};
pub use problem::{Fault, Problem, Refused};
pub use write::{Authority, BagWriter, Sealed, Sealing};

use crate::{Digest, tree::Proof};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The declaration of RFC 8493.
pub(crate) const BAGIT: (&str, &str) =
    ("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
pub(crate) const BAG_INFO: &str = "bag-info.txt";
pub(crate) const MANIFEST: &str = "manifest-sha256.txt";
pub(crate) const TAG_MANIFEST: &str = "tagmanifest-sha256.txt";
pub(crate) const SIGNATURE: &str = "tagmanifest-sha256.txt.sig";
pub(crate) const STAMP: &str = "tagmanifest-sha256.txt.tsr";
/// The roots that the time stamp was verified under when the bag was sealed.
pub(crate) const STAMP_ROOTS: &str = "tsa-ca.pem";
pub(crate) const CHECKPOINT: &str = "log/checkpoint";
pub(crate) const LOG_KEY: &str = "log/key";
pub(crate) const LOG_PROOF: &str = "log/inclusion.tlog-proof";
pub(crate) const SCRIPT: &str = "verify.sh";
/// Tag files of every bag.
pub(crate) const TAGS: [&str; 7] = [BAG_INFO, BAGIT.0, CHECKPOINT, LOG_PROOF, LOG_KEY, MANIFEST, SCRIPT];
/// The field of `bag-info.txt` that says whether there is a time stamp, so that it cannot be taken away unnoticed.
pub(crate) const STAMP_FIELD: &str = "Weir-Time-Stamp";
/// The field that says how large the payload is: bytes, a dot, files.
pub(crate) const SIZE_FIELD: &str = "Payload-Oxum";
/// Where excerpts and their proofs lie.
pub(crate) const EXCERPTS: &str = "data/excerpts/";
/// Where the custody log lies.
pub(crate) const CUSTODY: &str = "data/custody.jsonl";

/// Where the intake account lies: a JSON object a line with `path` and `sha256` of each acquired file.
pub(crate) const INTAKE: &str = "data/intake.jsonl";

/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 1000;

/// The proof of one excerpt as it lies in the bag.
#[derive(Serialize, Deserialize)]
pub(crate) struct ExcerptFile {
    /// The format's version: 1.
    pub(crate) version: u32,
    /// The file with the excerpt's bytes, beside this one.
    pub(crate) file: String,
    #[serde(flatten)]
    pub(crate) proof: Proof,
}

/// Whether a name can stand in a bag: a relative path of ASCII letters, digits and `. _ - + = , @`, no part of it beginning with a dot; and not `-`,
/// which some tools take for their input.
pub fn is_plain(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-+=,@".contains(&b);
    let part = |p: &str| !p.is_empty() && p.len() <= 255 && !p.starts_with('.') && p.bytes().all(plain);
    name.len() <= NAME_BYTES_MAX && name != "-" && name.split('/').all(part)
}

/// A name that can stand in a bag, from any relative path: the same where it can already, otherwise with `_` for what cannot, and a part of its
/// digest, so that no two paths share one.
pub fn plain_name(path: &str) -> String {
    if is_plain(path) {
        return path.to_owned();
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-+=,@".contains(c) { c } else { '_' };
    let part = |part: &str| {
        let cut: String = part.chars().map(plain).take(100).collect();
        if cut.starts_with('.') { format!("_{cut}") } else { cut }
    };
    let parts: Vec<String> = path.split('/').filter(|p| !p.is_empty()).map(part).collect();
    // The last parts say most of what a file is.
    let kept = parts.len().saturating_sub(6);
    let id: String = Digest::of(path.as_bytes()).to_string().chars().take(12).collect();
    format!("{}-{id}", parts.get(kept..).unwrap_or_default().join("/"))
}

/// A manifest as text: digest, two spaces, name, as `sha256sum -c` wants it.
fn manifest_text(entries: &BTreeMap<String, Digest>) -> String {
    entries.iter().map(|(name, digest)| format!("{digest}  {name}\n")).collect()
}

/// The entries of a manifest. An error says which line is wrong, and how.
fn manifest_entries(text: &str) -> Result<BTreeMap<String, Digest>, String> {
    let (mut entries, mut folded) = (BTreeMap::new(), BTreeSet::new());
    for (n, line) in text.split_inclusive('\n').enumerate() {
        let wrong = |why: &str| format!("line {}: {why}", n + 1);
        let line = line.strip_suffix('\n').ok_or_else(|| wrong("it was cut off"))?;
        let (digest, name) =
            line.split_once("  ").ok_or_else(|| wrong("it is not digest, two spaces, name"))?;
        let digest = digest.parse().map_err(&wrong)?;
        if !is_plain(name) {
            return Err(wrong("its name is none that may stand in a bag"));
        }
        // Some disks know no case: two files would be one there.
        if !folded.insert(name.to_ascii_lowercase()) {
            return Err(wrong("its name stands there twice"));
        }
        entries.insert(name.to_owned(), digest);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_or_need_quoting_are_refused() {
        for name in ["data/a.txt", "data/a-1_b+c=d,e@f", "log/key"] {
            assert!(is_plain(name), "{name}");
        }
        for name in [
            "",
            "/etc/passwd",
            "../x",
            "data/../x",
            "data//x",
            "data/",
            "a b",
            "a%0Ab",
            "a\nb",
            "a\\b",
            "ä",
            ".x",
            "data/.x",
            "-",
        ] {
            assert!(!is_plain(name), "{name}");
        }
        assert!(!is_plain(&"a/".repeat(600)) && !is_plain(&"a".repeat(256)));
    }

    #[test]
    fn any_path_has_a_plain_name_of_its_own() {
        assert_eq!(plain_name("rejects/a.jsonl"), "rejects/a.jsonl");
        let long = "ä/".repeat(3000);
        let paths = [
            "",
            "/",
            "-",
            "..",
            "../../etc/passwd",
            "a b",
            "a_b/",
            "a%b",
            ".git/config",
            &long,
            "a\nb",
            "a\\b",
        ];
        let names: BTreeSet<String> = paths.iter().map(|path| plain_name(path)).collect();
        assert_eq!(names.len(), paths.len());
        names.iter().for_each(|name| assert!(is_plain(name), "{name}"));
    }

    #[test]
    fn manifests_are_read_strictly() {
        let digest = Digest::of(b"");
        let entries = BTreeMap::from([("data/a".to_owned(), digest), ("data/b".to_owned(), digest)]);
        assert_eq!(manifest_entries(&manifest_text(&entries)), Ok(entries));
        for text in [
            "# data/a\n",
            "#  data/a",
            "#  data/a\n#  DATA/A\n",
            "#  ../a\n",
            "#   data/a\n",
            "x  data/a\n",
            "\n",
            "# *data/a\n",
        ] {
            assert!(manifest_entries(&text.replace('#', &digest.to_string())).is_err(), "{text}");
        }
    }
}
