//! Verifying a bag.
//!
//! Decisive choice: the folder is walked first, without following links, and only plain files with plain names that the walk found are ever
//! opened. What manifests name is looked up in that list, never on the disk, so no name in a bag leads out of it. A payload is read as far as its
//! signer said that it is large: a sparse file costs nothing to make.

use super::{
    BAG_INFO, BAGIT, CHECKPOINT, CUSTODY, EXCERPTS, ExcerptFile, Fault, INTAKE, LOG_KEY, LOG_PROOF, MANIFEST,
    Problem, Refused, SIGNATURE, SIZE_FIELD, STAMP, STAMP_FIELD, STAMP_ROOTS, TAG_MANIFEST, TAGS, is_plain,
    manifest_entries,
};
use crate::{
    Checkpoint, Digest, Verifier, custody,
    log::Log,
    merkle,
    note::read_proof,
    signers::{Signer, Signers},
    stamp::{self, Roots, Stamp},
};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::Read,
    path::Path,
};

/// The largest file that is read whole: manifests, proofs, excerpts; and the largest that is read of a payload that no listed signer vouches for.
const WHOLE_BYTES_MAX: u64 = 256 << 20;
/// How deep folders may lie.
const DEPTH_MAX: usize = 32;

/// What a bag is verified against.
pub struct Check<'a> {
    /// Whose signatures count.
    pub signers: &'a Signers,
    /// Who must have signed, if that is known.
    pub principal: Option<&'a str>,
    /// Roots of time stamp authorities. Without them those in the bag are used, for which the signer alone vouches.
    pub roots: Option<&'a Roots>,
    /// The log as it is today: it must continue what the bag knew.
    pub log: Option<&'a Log>,
    /// The custody log as it is today: it must continue the bag's copy.
    pub custody: Option<&'a Path>,
    /// The log's key, if it is known from elsewhere.
    pub log_key: Option<&'a Verifier>,
    /// At which a signer's key must be valid, where no time stamp under given roots says when it signed.
    pub now: Timestamp,
}

/// A bag of which nothing is wrong.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Who signed.
    pub signer: Signer,
    /// The time stamp, if the bag has one.
    pub stamp: Option<Stamp>,
    /// Whether the time stamp holds under roots that were given, not only under the bag's own.
    pub stamp_under_given_roots: bool,
    /// The log when the bag was sealed.
    pub checkpoint: Checkpoint,
    /// The bag's leaf in it.
    pub index: u64,
    /// Payload files.
    pub files: usize,
    /// Payload bytes.
    pub bytes: u64,
    /// Excerpts, each proven to stand in its original.
    pub excerpts: usize,
    /// Entries of the custody log.
    pub custody: usize,
    /// Entries that were added since, if today's custody log was given.
    pub custody_since: Option<usize>,
}

/// Verifies a bag, or says everything that is wrong with it.
pub fn verify(bag: &Path, check: &Check<'_>) -> Result<Verified, Refused> {
    let mut bag = Bag { path: bag, files: BTreeMap::new(), problems: Vec::new() };
    bag.walk();
    let found = bag.judge(check);
    bag.problems.sort();
    bag.problems.dedup();
    match found {
        Some(verified) if bag.problems.is_empty() => Ok(verified),
        _ => Err(Refused { problems: bag.problems }),
    }
}

/// The value of a field of `bag-info.txt` that stands there once.
fn field<'t>(info: &'t str, label: &str) -> Option<&'t str> {
    let mut values = info.split('\n').filter_map(|line| line.strip_prefix(label)?.strip_prefix(": "));
    values.next().filter(|_| values.next().is_none())
}

struct Bag<'a> {
    path: &'a Path,
    /// Plain files with plain names, by their path in the bag, with their size.
    files: BTreeMap<String, u64>,
    problems: Vec<Problem>,
}

impl Bag<'_> {
    fn wrong(&mut self, file: &str, fault: Fault, detail: impl Into<String>) {
        self.problems.push(Problem { file: file.to_owned(), fault, detail: detail.into() });
    }

    /// Notes what is wrong, and gives the rest.
    fn noted<T, E: ToString>(&mut self, file: &str, fault: Fault, result: Result<T, E>) -> Option<T> {
        result.map_err(|why| self.wrong(file, fault, why.to_string())).ok()
    }

    fn walk(&mut self) {
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let entries = match std::fs::read_dir(self.path.join(&folder)) {
                Ok(entries) => entries,
                Err(e) => {
                    let shown = if folder.is_empty() { "." } else { &folder };
                    self.wrong(shown, Fault::Malformed, format!("the folder cannot be read ({e})"));
                    continue;
                }
            };
            for entry in entries {
                let entry =
                    entry.and_then(|entry| Ok((entry.file_name(), std::fs::symlink_metadata(entry.path())?)));
                let Some((name, metadata)) = self.noted(&folder, Fault::Malformed, entry) else { continue };
                let name = format!("{folder}{}", name.to_string_lossy());
                if !is_plain(&name) {
                    self.wrong(&name, Fault::Added, "its name is none that Weir writes");
                } else if metadata.is_file() {
                    self.files.insert(name, metadata.len());
                } else if metadata.is_dir() && name.matches('/').count() < DEPTH_MAX {
                    folders.push(format!("{name}/"));
                } else if metadata.is_dir() {
                    self.wrong(&name, Fault::Malformed, "it lies too deep");
                } else {
                    self.wrong(&name, Fault::Malformed, "it is neither a file nor a folder");
                }
            }
        }
    }

    fn open(&mut self, name: &str) -> Option<File> {
        if !self.files.contains_key(name) {
            self.wrong(name, Fault::Missing, "it is not in the bag");
            return None;
        }
        let file = File::open(self.path.join(name));
        self.noted(name, Fault::Malformed, file)
    }

    fn bytes(&mut self, name: &str) -> Option<Vec<u8>> {
        let file = self.open(name)?;
        if self.files.get(name).is_some_and(|size| *size > WHOLE_BYTES_MAX) {
            self.wrong(name, Fault::Malformed, "it is too large for what it is");
            return None;
        }
        let mut bytes = Vec::new();
        let read = file.take(WHOLE_BYTES_MAX).read_to_end(&mut bytes);
        self.noted(name, Fault::Malformed, read).map(|_| bytes)
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let bytes = self.bytes(name)?;
        self.noted(name, Fault::Malformed, String::from_utf8(bytes).map_err(|_| "it is not text"))
    }

    fn manifest(&mut self, name: &str) -> BTreeMap<String, Digest> {
        let Some(text) = self.text(name) else { return BTreeMap::new() };
        self.noted(name, Fault::Malformed, manifest_entries(&text)).unwrap_or_default()
    }

    fn judge(&mut self, check: &Check<'_>) -> Option<Verified> {
        let payload = self.manifest(MANIFEST);
        let tags = self.manifest(TAG_MANIFEST);
        let stamped = self.stamped();
        self.listed(&payload, &tags, stamped);
        let told = self.digests(&tags, WHOLE_BYTES_MAX);
        if self.text(BAGIT.0).is_some_and(|text| text != BAGIT.1) {
            self.wrong(BAGIT.0, Fault::Altered, "it is not the declaration of BagIt 1.0");
        }
        let stamp = if stamped { self.stamp(check) } else { None };
        // Under roots that only the bag vouches for, anybody could have made a stamp of a time at which an old key was still valid.
        let trusted = stamp.as_ref().filter(|_| check.roots.is_some());
        let signer = self.signature(check, trusted.map_or(check.now, |stamp| stamp.when));
        let bytes = self.size();
        let vouched = signer.is_some() && told.contains(BAG_INFO);
        self.digests(&payload, if vouched { bytes } else { bytes.min(WHOLE_BYTES_MAX) });
        let log = self.log(check);
        let excerpts = self.excerpts();
        let (custody, custody_since) = self.custody(check);
        let (checkpoint, index) = log?;
        let (files, stamp_under_given_roots) = (payload.len(), stamp.is_some() && check.roots.is_some());
        let signer = signer?;
        Some(Verified {
            signer,
            stamp,
            stamp_under_given_roots,
            checkpoint,
            index,
            files,
            bytes,
            excerpts,
            custody,
            custody_since,
        })
    }

    /// Whether the bag says that it has a time stamp.
    fn stamped(&mut self) -> bool {
        let Some(info) = self.text(BAG_INFO) else { return self.files.contains_key(STAMP) };
        match field(&info, STAMP_FIELD) {
            Some(STAMP) => true,
            Some("none") => false,
            _ => {
                self.wrong(
                    BAG_INFO,
                    Fault::Malformed,
                    format!("it does not say once whether there is a time stamp ({STAMP_FIELD})"),
                );
                true
            }
        }
    }

    /// Compares what there is with what the manifests list, and what they must list.
    fn listed(&mut self, payload: &BTreeMap<String, Digest>, tags: &BTreeMap<String, Digest>, stamped: bool) {
        for name in payload.keys().filter(|name| !name.starts_with("data/")) {
            self.wrong(name, Fault::Malformed, format!("`{MANIFEST}` lists it, but it is no payload"));
        }
        let outside = [TAG_MANIFEST, SIGNATURE, STAMP];
        for name in tags.keys().filter(|name| name.starts_with("data/") || outside.contains(&name.as_str())) {
            self.wrong(name, Fault::Malformed, format!("`{TAG_MANIFEST}` lists it, but it is no tag file"));
        }
        // Some disks know no case: two files would be one there.
        let folded: BTreeSet<String> = payload.keys().map(|name| name.to_ascii_lowercase()).collect();
        for name in tags.keys().filter(|name| folded.contains(&name.to_ascii_lowercase())) {
            self.wrong(name, Fault::Malformed, "its name stands in both manifests");
        }
        let roots = stamped.then_some(STAMP_ROOTS);
        for name in TAGS.into_iter().chain(roots).filter(|name| !tags.contains_key(*name)) {
            self.wrong(name, Fault::Missing, format!("`{TAG_MANIFEST}` does not list it"));
        }
        let mut wanted: BTreeSet<&str> = payload.keys().chain(tags.keys()).map(String::as_str).collect();
        wanted.extend([TAG_MANIFEST, SIGNATURE]);
        wanted.extend(stamped.then_some(STAMP));
        let missing: Vec<&str> =
            wanted.iter().copied().filter(|name| !self.files.contains_key(*name)).collect();
        let added: Vec<String> =
            self.files.keys().filter(|name| !wanted.contains(name.as_str())).cloned().collect();
        missing.into_iter().for_each(|name| self.wrong(name, Fault::Missing, "it is not in the bag"));
        added.iter().for_each(|name| self.wrong(name, Fault::Added, "no manifest lists it"));
    }

    /// Compares how large the payload is with what is said of it, and gives the lesser number of bytes.
    fn size(&mut self) -> u64 {
        let payload = || self.files.iter().filter(|(name, _)| name.starts_with("data/"));
        let bytes = payload().fold(0, |sum: u64, (_, bytes)| sum.saturating_add(*bytes));
        let found = format!("{bytes}.{}", payload().count());
        let info = self.text(BAG_INFO).unwrap_or_default();
        let said = field(&info, SIZE_FIELD).unwrap_or_default();
        if said == found {
            return bytes;
        }
        self.wrong(
            BAG_INFO,
            Fault::Malformed,
            format!("it does not say that the payload has {found} bytes.files ({SIZE_FIELD})"),
        );
        said.split_once('.')
            .and_then(|(said, _)| said.parse().ok())
            .map_or(bytes, |said: u64| said.min(bytes))
    }

    /// Compares digests, and gives the names of the files that are what they should be. Files with more than `bytes_max` are not read.
    fn digests(&mut self, entries: &BTreeMap<String, Digest>, bytes_max: u64) -> BTreeSet<String> {
        let mut same = BTreeSet::new();
        for (name, digest) in entries {
            let Some(bytes) = self.files.get(name).copied() else { continue };
            if bytes > bytes_max {
                self.wrong(name, Fault::Malformed, format!("it is too large to be read ({bytes} bytes)"));
                continue;
            }
            let Some(file) = self.open(name) else { continue };
            let found = Digest::of_reader(file.take(bytes_max));
            match self.noted(name, Fault::Malformed, found) {
                Some((found, _)) if found == *digest => drop(same.insert(name.clone())),
                Some(_) => self.wrong(name, Fault::Altered, "it is not what its manifest says"),
                None => {}
            }
        }
        same
    }

    fn signature(&mut self, check: &Check<'_>, when: Timestamp) -> Option<Signer> {
        let (signature, signed) = (self.bytes(SIGNATURE)?, self.bytes(TAG_MANIFEST)?);
        let signer = check.signers.check(&signature, &signed, when, check.principal);
        self.noted(SIGNATURE, Fault::Signature, signer)
    }

    fn stamp(&mut self, check: &Check<'_>) -> Option<Stamp> {
        let (response, stamped) = (self.bytes(STAMP)?, self.bytes(TAG_MANIFEST)?);
        let own = self.bytes(STAMP_ROOTS)?;
        let own =
            self.noted(STAMP_ROOTS, Fault::Stamp, Roots::parse(own).ok_or("it has no certificate in PEM"))?;
        let stamp = stamp::verify(&response, &Digest::of(&stamped), None, check.roots.unwrap_or(&own));
        self.noted(STAMP, Fault::Stamp, stamp)
    }

    fn log(&mut self, check: &Check<'_>) -> Option<(Checkpoint, u64)> {
        let (key, note, proof) = (self.text(LOG_KEY), self.text(CHECKPOINT), self.text(LOG_PROOF));
        let manifest = self.bytes(MANIFEST);
        let key = key?.strip_suffix('\n').and_then(Verifier::parse).ok_or("it is no signed-note key");
        let key = self.noted(LOG_KEY, Fault::Log, key)?;
        if check.log_key.is_some_and(|known| *known != key) {
            self.wrong(LOG_KEY, Fault::Log, "it is not the key of the log that was named");
        }
        let (note, proof) = (note?, proof?);
        let checkpoint = self.noted(CHECKPOINT, Fault::Log, Checkpoint::open(&note, &key))?;
        let (inclusion, proven) =
            self.noted(LOG_PROOF, Fault::Log, read_proof(&proof).ok_or("it is no tlog-proof"))?;
        if proven != note {
            self.wrong(LOG_PROOF, Fault::Log, "it proves another checkpoint");
        }
        let leaf = merkle::leaf(&Digest::of(&manifest?).0);
        let root = merkle::inclusion_root(inclusion.index, checkpoint.size, leaf, &inclusion.path);
        if root != Some(checkpoint.root) {
            self.wrong(LOG_PROOF, Fault::Log, format!("`{MANIFEST}` does not stand in the log at its checkpoint: another was logged, or the log was forked"));
        }
        if let Some(log) = check.log {
            let continues = log.key().and_then(|now| {
                // Under another key it is another log, whatever it holds.
                let why = "it was forked: it has another key than the bag's log had";
                if now == key { log.continues(&checkpoint, &log.head(&now)?) } else { Err(log.broken(why)) }
            });
            self.noted(CHECKPOINT, Fault::Log, continues);
        }
        Some((checkpoint, inclusion.index))
    }

    /// Checks each excerpt against its proof; returns how many there are.
    fn excerpts(&mut self) -> usize {
        let names: Vec<String> =
            self.files.keys().filter(|name| name.starts_with(EXCERPTS)).cloned().collect();
        let proofs: Vec<&String> = names.iter().filter(|name| name.ends_with(".json")).collect();
        let acquired = if proofs.is_empty() { None } else { self.acquired() };
        let mut proven = BTreeSet::new();
        for name in &proofs {
            let Some(json) = self.bytes(name) else { continue };
            let parsed = serde_json::from_slice::<ExcerptFile>(&json);
            let Some(parsed) = self.noted(name, Fault::Excerpt, parsed) else { continue };
            let file = format!("{EXCERPTS}{}", parsed.file);
            if parsed.version != 1 || parsed.file.contains('/') {
                self.wrong(name, Fault::Excerpt, "it is of another version, or names a file elsewhere");
                continue;
            }
            let Some(bytes) = self.bytes(&file) else { continue };
            self.noted(name, Fault::Excerpt, parsed.proof.check(&bytes));
            let original = parsed.proof.original;
            let mut known = acquired.iter().flat_map(|rows| rows.get(&original.path)).flatten();
            if acquired.is_some()
                && !known.any(|sha256| sha256.is_none_or(|sha256| sha256 == original.sha256))
            {
                self.wrong(name, Fault::Excerpt, format!("`{INTAKE}` knows no such original"));
            }
            proven.insert(file);
        }
        for name in names.iter().filter(|name| !name.ends_with(".json") && !proven.contains(*name)) {
            self.wrong(name, Fault::Excerpt, "no proof is there for it");
        }
        proofs.len()
    }

    /// The originals of the intake account, by path; a file that could not be read to its end has no digest there.
    fn acquired(&mut self) -> Option<BTreeMap<String, Vec<Option<Digest>>>> {
        #[derive(serde::Deserialize)]
        struct Row {
            path: String,
            sha256: Option<Digest>,
        }
        self.files.get(INTAKE)?;
        let text = self.text(INTAKE)?;
        let mut rows: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for line in text.lines() {
            let row = self.noted(INTAKE, Fault::Malformed, serde_json::from_str::<Row>(line))?;
            rows.entry(row.path).or_default().push(row.sha256);
        }
        Some(rows)
    }

    /// How many entries the custody log has, and how many today's has beyond.
    fn custody(&mut self, check: &Check<'_>) -> (usize, Option<usize>) {
        if !self.files.contains_key(CUSTODY) {
            if check.custody.is_some() {
                self.wrong(CUSTODY, Fault::Custody, "the bag has no copy that a custody log could continue");
            }
            return (0, None);
        }
        let Some(copy) = self.bytes(CUSTODY) else { return (0, None) };
        let entries = custody::check(Path::new(CUSTODY), &copy[..]);
        let entries = self.noted(CUSTODY, Fault::Custody, entries).map_or(0, |(entries, _)| entries.len());
        let since = check.custody.map(|path| custody::continued(path, &copy));
        (entries, since.and_then(|since| self.noted(CUSTODY, Fault::Custody, since)))
    }
}
