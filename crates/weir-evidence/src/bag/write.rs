//! Writing a bag.
//!
//! Decisive choice: a bag is written beside its place, for its owner alone, and renamed when it is complete: there is no half bag. The one thing
//! that remains of a failed sealing is the leaf in the log, which says that it was tried. What a killed process was filling is a hidden folder beside the
//! place (`.NAME.….weir-new`), which is nothing yet; the next that is filled there takes it away.

use super::{
    BAG_INFO, BAGIT, CHECKPOINT, CUSTODY, ExcerptFile, LOG_KEY, LOG_PROOF, MANIFEST, SCRIPT, SIGNATURE,
    SIZE_FIELD, STAMP, STAMP_FIELD, STAMP_ROOTS, TAG_MANIFEST, is_plain, manifest_text,
};
use crate::{
    Checkpoint, Digest, EvidenceError, Result, custody,
    digest::{Hasher, hex},
    disk,
    error::at,
    log::Log,
    note::write_proof,
    sign::{NAMESPACE, SigningKey},
    stamp::{self, Roots, Stamp, Transport},
    stranger,
    tree::{Excerpt, LeafKind},
};
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{Read, Write},
    path::{Path, PathBuf},
};

/// A bag that is being filled. Dropped without [`seal`](Self::seal), it leaves nothing.
pub struct BagWriter {
    target: PathBuf,
    stage: PathBuf,
    /// The stage, locked: nobody takes it for what a killed process left.
    _alive: File,
    payload: BTreeMap<String, Digest>,
    folded: BTreeSet<String>,
    bytes: u64,
    excerpts: u32,
}

/// Where a time stamp comes from, and under which roots it must hold.
pub struct Authority<'a> {
    /// Carries the request.
    pub transport: &'a dyn Transport,
    /// Kept in the bag, so that a stranger without them can check.
    pub roots: &'a Roots,
}

/// What sealing takes.
pub struct Sealing<'a> {
    /// Who signs.
    pub signer: &'a SigningKey,
    /// The log that the bag goes into.
    pub log: &'a Log,
    /// The name of the log, if it is new.
    pub origin: &'a str,
    /// The time stamp authority, if there is to be a time stamp.
    pub authority: Option<Authority<'a>>,
    /// The day of the bag.
    pub when: Timestamp,
    /// Further fields of `bag-info.txt`: label and value.
    pub info: &'a [(String, String)],
}

/// A sealed bag.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// Where it lies.
    pub path: PathBuf,
    /// Payload files.
    pub files: usize,
    /// Payload bytes.
    pub bytes: u64,
    /// The SHA-256 of `manifest-sha256.txt`: the leaf's data.
    pub manifest: Digest,
    /// The leaf, counted from 0.
    pub index: u64,
    /// The log with it.
    pub checkpoint: Checkpoint,
    /// The time stamp, verified.
    pub stamp: Option<Stamp>,
}

impl BagWriter {
    /// Begins a bag. Refuses a target that exists.
    pub fn create(target: &Path) -> Result<Self> {
        if at(target, target.try_exists())? {
            return Err(EvidenceError::Exists { path: target.to_path_buf() });
        }
        let unnamed =
            || EvidenceError::Name { name: target.display().to_string(), why: "a bag needs a name" };
        let name = target.file_name().ok_or_else(unnamed)?.to_string_lossy().into_owned();
        let mut random = [0; 8];
        let filled =
            SystemRandom::new().fill(&mut random).map_err(|_| std::io::Error::other("no random bytes"));
        at(target, filled)?;
        disk::clear_stages(target);
        let stage = target.with_file_name(format!(".{name}.{}{}", hex(&random), disk::STAGE));
        disk::make_folder(&stage)?;
        let alive = at(&stage, File::open(&stage))?;
        at(&stage, alive.lock())?;
        Ok(Self {
            _alive: alive,
            target: target.to_path_buf(),
            stage,
            payload: BTreeMap::new(),
            folded: BTreeSet::new(),
            bytes: 0,
            excerpts: 0,
        })
    }

    /// Adds a payload file, `name` being its path under `data/`, and returns its digest. Content is copied as it is read.
    pub fn add(&mut self, name: &str, content: impl Read) -> Result<Digest> {
        let name = format!("data/{name}");
        let refused = |why| EvidenceError::Name { name: name.clone(), why };
        if !is_plain(&name) {
            return Err(refused(
                "names in a bag are ASCII letters, digits and `. _ - + = , @`, no part beginning with a dot",
            ));
        }
        if !self.folded.insert(name.to_ascii_lowercase()) {
            return Err(refused("it is in the bag already, in this or another case"));
        }
        let (digest, bytes) = self.write(&name, content)?;
        self.bytes += bytes;
        self.payload.insert(name, digest);
        Ok(digest)
    }

    /// Adds an excerpt and its proof, and returns the name of the proof under `data/`. `written` writes JSON as the intake account has it: a stranger
    /// finds the original's name there letter by letter. Refuses an excerpt that is not proven.
    pub fn add_excerpt(
        &mut self,
        excerpt: &Excerpt,
        written: impl Fn(&str) -> Cow<'_, str>,
    ) -> Result<String> {
        let original = || excerpt.proof.original.path.clone();
        excerpt.proof.check(&excerpt.bytes).map_err(|why| EvidenceError::Name { name: original(), why })?;
        self.excerpts += 1;
        let stem = format!("{:04}", self.excerpts);
        let ending = match excerpt.proof.original.leaf {
            LeafKind::Line => "txt",
            LeafKind::Chunk => "bin",
        };
        let file = format!("{stem}.{ending}");
        self.add(&format!("excerpts/{file}"), &excerpt.bytes[..])?;
        let proof = ExcerptFile { version: 1, file, proof: excerpt.proof.clone() };
        let name = format!("excerpts/{stem}.json");
        // One member a line: the shell reads it.
        let json = at(Path::new(&name), serde_json::to_string_pretty(&proof).map_err(Into::into))?;
        self.add(&name, format!("{}\n", written(&json)).as_bytes())?;
        Ok(name)
    }

    /// Adds the custody log as it is now. Refuses one that is not whole.
    pub fn add_custody(&mut self, log: &Path) -> Result<Digest> {
        let bytes = at(log, std::fs::read(log))?;
        custody::check(log, &bytes[..])?;
        self.add(CUSTODY.trim_start_matches("data/"), &bytes[..])
    }

    /// Completes the bag: manifests, log, signature, time stamp; then it appears in its place.
    pub fn seal(self, sealing: &Sealing<'_>) -> Result<Sealed> {
        if self.payload.is_empty() {
            return Err(EvidenceError::Name { name: "data/".into(), why: "a bag needs something in it" });
        }
        let manifest_text = manifest_text(&self.payload);
        let manifest = Digest::of(manifest_text.as_bytes());
        let info = self.info(sealing)?;
        let (head, inclusion) = sealing.log.append(sealing.origin, &manifest)?;
        let mut tags = vec![
            (BAGIT.0, BAGIT.1.to_owned()),
            (BAG_INFO, info),
            (MANIFEST, manifest_text),
            (CHECKPOINT, head.note.clone()),
            (LOG_KEY, format!("{}\n", head.key)),
            (LOG_PROOF, write_proof(&inclusion, &head.note)),
            (SCRIPT, stranger::SCRIPT.to_owned()),
        ];
        if let Some(authority) = &sealing.authority {
            tags.push((STAMP_ROOTS, String::from_utf8_lossy(authority.roots.pem()).into_owned()));
        }
        let mut entries = BTreeMap::new();
        for (name, text) in tags {
            entries.insert(name.to_owned(), self.write(name, text.as_bytes())?.0);
        }
        let tag_manifest = super::manifest_text(&entries);
        let (digest, _) = self.write(TAG_MANIFEST, tag_manifest.as_bytes())?;
        let signature = sealing.signer.sign(NAMESPACE, tag_manifest.as_bytes())?;
        self.write(SIGNATURE, signature.as_bytes())?;
        let stamp = match &sealing.authority {
            None => None,
            Some(authority) => {
                let (stamp, response) = stamp::obtain(digest, authority.transport, authority.roots)?;
                self.write(STAMP, &response[..])?;
                Some(stamp)
            }
        };
        // Nobody may have put something there meanwhile: a rename would replace an empty folder.
        if at(&self.target, self.target.try_exists())? {
            return Err(EvidenceError::Exists { path: self.target.clone() });
        }
        at(&self.target, std::fs::rename(&self.stage, &self.target))?;
        disk::sync_folder(&self.target)?;
        Ok(Sealed {
            path: self.target.clone(),
            files: self.payload.len(),
            bytes: self.bytes,
            manifest,
            index: inclusion.index,
            checkpoint: head.checkpoint,
            stamp,
        })
    }

    fn info(&self, sealing: &Sealing<'_>) -> Result<String> {
        let day = sealing.when.strftime("%Y-%m-%d");
        let stamped = if sealing.authority.is_some() { STAMP } else { "none" };
        let mut text = format!(
            "Bagging-Date: {day}\nBag-Software-Agent: weir {}\n{SIZE_FIELD}: {}.{}\n{STAMP_FIELD}: {stamped}\n",
            env!("CARGO_PKG_VERSION"),
            self.bytes,
            self.payload.len()
        );
        for (label, value) in sealing.info {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
            if label.is_empty() || !label.chars().all(plain) || text.contains(&format!("{label}:")) {
                return Err(EvidenceError::Name {
                    name: label.clone(),
                    why: "labels are letters, digits and dashes, each once",
                });
            }
            if value.chars().any(char::is_control) {
                return Err(EvidenceError::Name {
                    name: label.clone(),
                    why: "its value is one line without control characters",
                });
            }
            text += &format!("{label}: {value}\n");
        }
        Ok(text)
    }

    /// Writes a file in the stage as it is read.
    fn write(&self, name: &str, mut content: impl Read) -> Result<(Digest, u64)> {
        let path = self.stage.join(name);
        if let Some(folder) = path.parent() {
            disk::make_folder(folder)?;
        }
        let mut file: File = at(&path, disk::private().write(true).create_new(true).open(&path))?;
        let mut hasher = Hasher::default();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = match content.read(&mut buffer) {
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                read => at(&path, read)?,
            };
            let bytes = buffer.get(..read).unwrap_or_default();
            if bytes.is_empty() {
                break;
            }
            hasher.update(bytes);
            at(&path, file.write_all(bytes))?;
        }
        at(&path, file.sync_all())?;
        Ok(hasher.finish())
    }
}

impl Drop for BagWriter {
    fn drop(&mut self) {
        // Sealed, it is no longer there. Otherwise nobody is left to be told.
        let _ = std::fs::remove_dir_all(&self.stage);
    }
}
