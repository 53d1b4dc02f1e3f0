//! The tile log (C2SP tlog-tiles): every sealed bag is a leaf, so that none can be taken back or slipped in later without a trace.
//!
//! Decisive choice: a log is a folder that any web server can publish, and has an Ed25519 key of its own in a file *beside* it
//! (`DIR.key`, PKCS#8, which `openssl` reads). One log has one identity, whoever of several people seals; a bag's signature vouches for the log's key.
//! SSH keys of any kind can sign bags.
//!
//! A leaf's data is 32 bytes: the SHA-256 of `manifest-sha256.txt`. New tiles are written first, the checkpoint is renamed last, so a crash
//! leaves the log as it was. One adds at a time (a lock). The Merkle code is that of excerpts ([`crate::merkle`]).

use crate::{
    Digest, EvidenceError, Result, disk,
    error::at,
    merkle,
    note::{Checkpoint, NoteKey, Verifier},
};
use std::{fs, io::Write, ops::Range, path::PathBuf};

/// Hashes of a full tile.
const TILE: u64 = 256;
/// Levels of the tree that one tile spans.
const TILE_LEVELS: u32 = 8;

/// A log in a folder.
#[derive(Clone, Debug)]
pub struct Log {
    dir: PathBuf,
}

/// A log at one size, whose checkpoint was verified.
#[derive(Clone, Debug)]
pub struct Head {
    /// What the checkpoint says.
    pub checkpoint: Checkpoint,
    /// The signed note as it lies there.
    pub note: String,
    /// The key it was verified with.
    pub key: Verifier,
}

/// A leaf's place in a log at one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// The leaf, counted from 0.
    pub index: u64,
    /// Its audit path, from the leaf up.
    pub path: Vec<Digest>,
}

impl Log {
    /// The log in this folder. Nothing is read.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// Where the log's private key lies: beside the folder, so that the folder can be published.
    pub fn key_path(&self) -> PathBuf {
        let mut name = self.dir.file_name().unwrap_or_default().to_os_string();
        name.push(".key");
        self.dir.with_file_name(name)
    }

    /// Adds a leaf, making the log and its key if there is none, and returns the new head and the leaf's place.
    ///
    /// `origin` names a new log (`example.org/evidence`); an existing one keeps its name.
    pub fn append(&self, origin: &str, data: &Digest) -> Result<(Head, Inclusion)> {
        disk::make_folder(&self.dir)?;
        let lock = self.dir.join(".lock");
        let file = at(&lock, disk::private().write(true).create(true).truncate(false).open(&lock))?;
        at(&lock, file.lock())?;
        let key = self.private_key(origin)?;
        let checkpoint = self.dir.join("checkpoint");
        let size = match at(&checkpoint, checkpoint.try_exists())? {
            true => self.head(&key.verifier())?.checkpoint.size,
            false => 0,
        };
        if size > 0 && self.root(0..size, size)? != self.head(&key.verifier())?.checkpoint.root {
            return Err(self.broken("its tiles are not those of its checkpoint; put them back from a copy"));
        }
        self.add(size, data)?;
        let root = self.root(0..size + 1, size + 1)?;
        let checkpoint = Checkpoint { origin: key.name().to_owned(), size: size + 1, root };
        let note = key.sign(&checkpoint.text());
        disk::replace(&self.dir.join("checkpoint"), note.as_bytes())?;
        let head = Head { checkpoint, note, key: key.verifier() };
        let inclusion = self.inclusion(size, &head)?;
        Ok((head, inclusion))
    }

    /// The public key of the log, as it is published in it.
    pub fn key(&self) -> Result<Verifier> {
        let path = self.dir.join("key");
        let text = disk::text(&path)?;
        Verifier::parse(text.trim_end())
            .ok_or(EvidenceError::Key { path, why: "it is no signed-note key (name+hash+base64)" })
    }

    /// The newest checkpoint, verified.
    pub fn head(&self, key: &Verifier) -> Result<Head> {
        let path = self.dir.join("checkpoint");
        let note = disk::text(&path)?;
        let checkpoint =
            Checkpoint::open(&note, key).map_err(|why| EvidenceError::Log { dir: self.dir.clone(), why })?;
        Ok(Head { checkpoint, note, key: key.clone() })
    }

    /// Where a leaf stands in the log at `head`.
    pub fn inclusion(&self, index: u64, head: &Head) -> Result<Inclusion> {
        let size = head.checkpoint.size;
        if index >= size {
            return Err(self.broken("it has no such leaf"));
        }
        let path = merkle::inclusion(index, size, &mut |range| self.root(range, size))?;
        Ok(Inclusion { index, path })
    }

    /// The proof that the log at `head` continues the log of `old` leaves.
    pub fn consistency(&self, old: u64, head: &Head) -> Result<Vec<Digest>> {
        let size = head.checkpoint.size;
        merkle::consistency(old, size, &mut |range| self.root(range, size))
    }

    /// Whether the log at `head` continues `sealed`, a checkpoint it gave earlier. An error says that it was cut or forked.
    pub fn continues(&self, sealed: &Checkpoint, head: &Head) -> Result<()> {
        let now = &head.checkpoint;
        if now.size < sealed.size {
            return Err(EvidenceError::Log {
                dir: self.dir.clone(),
                why: "it was cut: it has fewer leaves than it had",
            });
        }
        let path = self.consistency(sealed.size, head)?;
        if merkle::is_consistent(sealed.size, &sealed.root, now.size, &now.root, &path) {
            Ok(())
        } else {
            Err(EvidenceError::Log {
                dir: self.dir.clone(),
                why: "it was forked: it does not continue what it was",
            })
        }
    }

    pub(crate) fn broken(&self, why: &'static str) -> EvidenceError {
        EvidenceError::Log { dir: self.dir.clone(), why }
    }

    fn private_key(&self, origin: &str) -> Result<NoteKey> {
        let path = self.key_path();
        let published = self.dir.join("key");
        if !at(&path, path.try_exists())? {
            if at(&published, published.try_exists())? {
                return Err(EvidenceError::Key {
                    path,
                    why: "it is missing, but the log was begun with it; put it back",
                });
            }
            let key = NoteKey::generate(origin).ok_or(EvidenceError::Key {
                path: path.clone(),
                why: "a log's name has no space and no plus, and needs random bytes",
            })?;
            disk::replace(&path, key.to_pem().as_bytes())?;
            disk::replace(&published, format!("{}\n", key.verifier()).as_bytes())?;
            return Ok(key);
        }
        let pem = at(&path, fs::read_to_string(&path))?;
        // A crash between the two files leaves a key that names no log yet.
        let name = match at(&published, published.try_exists())? {
            true => self.key()?.name().to_owned(),
            false => origin.to_owned(),
        };
        let key = NoteKey::from_pem(&name, &pem).ok_or_else(|| EvidenceError::Key {
            path: path.clone(),
            why: "it is no Ed25519 key in PKCS#8",
        })?;
        if !published.exists() {
            disk::replace(&published, format!("{}\n", key.verifier()).as_bytes())?;
        }
        if self.key()? != key.verifier() {
            return Err(EvidenceError::Key { path, why: "it is not the key that the log was begun with" });
        }
        Ok(key)
    }

    /// Writes the tiles that a log of `size` leaves needs to have one more.
    fn add(&self, size: u64, data: &Digest) -> Result<()> {
        let mut entries = self.bundle(size)?;
        entries.extend_from_slice(&(data.0.len() as u16).to_be_bytes());
        entries.extend_from_slice(&data.0);
        self.write(&tile_path("entries", size / TILE, size % TILE + 1), &entries)?;
        let (mut hash, mut at, mut level) = (merkle::leaf(&data.0), size, 0);
        loop {
            let (tile, width) = (at / TILE, at % TILE);
            let mut hashes = self.tile(level, tile, width)?;
            hashes.push(hash);
            let bytes: Vec<u8> = hashes.iter().flat_map(|h| h.0).collect();
            self.write(&tile_path(&level.to_string(), tile, width + 1), &bytes)?;
            if width + 1 < TILE {
                return Ok(());
            }
            // A full tile's root is a hash of the level above.
            (hash, at, level) = (fold(&hashes), tile, level + 1);
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.dir.join(name);
        if let Some(folder) = path.parent() {
            disk::make_folder(folder)?;
        }
        let mut file = at(&path, disk::private().write(true).create(true).truncate(true).open(&path))?;
        at(&path, file.write_all(bytes).and_then(|()| file.sync_all()))?;
        disk::sync_folder(&path)
    }

    /// The entries of the bundle that the leaf `size` will go into.
    fn bundle(&self, size: u64) -> Result<Vec<u8>> {
        if size.is_multiple_of(TILE) {
            return Ok(Vec::new());
        }
        let path = self.dir.join(tile_path("entries", size / TILE, size % TILE));
        at(&path, fs::read(&path))
    }

    /// The first `width` hashes of a tile.
    fn tile(&self, level: u32, tile: u64, width: u64) -> Result<Vec<Digest>> {
        if width == 0 {
            return Ok(Vec::new());
        }
        // A fuller tile holds the same hashes; a log that went on may have kept only that.
        let (part, full) =
            (tile_path(&level.to_string(), tile, width), tile_path(&level.to_string(), tile, TILE));
        let path = self.dir.join(if self.dir.join(&part).is_file() { part } else { full });
        let bytes = at(
            &path,
            disk::plain(&path).and_then(|mut file| {
                let mut bytes = Vec::new();
                std::io::Read::read_to_end(&mut std::io::Read::take(&mut file, TILE * 32), &mut bytes)?;
                Ok(bytes)
            }),
        )?;
        let hashes = bytes.chunks_exact(32).filter_map(|h| h.try_into().ok().map(Digest));
        let hashes: Vec<Digest> = hashes.take(width as usize).collect();
        if (hashes.len() as u64) < width {
            return Err(self.broken("a tile of it is too short"));
        }
        Ok(hashes)
    }

    /// The root over a range of leaves as RFC 6962 divides a tree of `size` leaves: a full subtree, or the right edge.
    fn root(&self, range: Range<u64>, size: u64) -> Result<Digest> {
        let mut edge: Vec<Digest> = Vec::new();
        let mut start = range.start;
        // The range as full subtrees, largest first; each is read from one tile.
        while start < range.end {
            let level = 63 - (range.end - start).leading_zeros();
            edge.push(self.subtree(level, start >> level, size)?);
            start += 1 << level;
        }
        let root = edge.into_iter().rev().reduce(|right, left| merkle::node(&left, &right));
        Ok(root.unwrap_or_else(|| Digest::of(b"")))
    }

    /// The root of the full subtree of `2^level` leaves at `index`.
    fn subtree(&self, level: u32, index: u64, size: u64) -> Result<Digest> {
        let (tile_level, inner) = (level / TILE_LEVELS, level % TILE_LEVELS);
        let (first, count) = (index << inner, 1 << inner);
        let (tile, within) = (first / TILE, first % TILE);
        let in_level = size >> (tile_level * TILE_LEVELS);
        let width = (in_level - tile * TILE).min(TILE);
        let hashes = self.tile(tile_level, tile, width)?;
        let hashes: Vec<Digest> = hashes.into_iter().skip(within as usize).take(count).collect();
        if hashes.len() < count { Err(self.broken("a tile of it is too short")) } else { Ok(fold(&hashes)) }
    }
}

/// The root over a number of hashes that is a power of two.
fn fold(hashes: &[Digest]) -> Digest {
    match hashes {
        [one] => *one,
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            if left.is_empty() { Digest::of(b"") } else { merkle::node(&fold(left), &fold(right)) }
        }
    }
}

/// `tile/LEVEL/x001/x234/067`, and `.p/WIDTH` for a tile that is not full.
fn tile_path(level: &str, tile: u64, width: u64) -> String {
    let mut number = format!("{:03}", tile % 1000);
    let mut rest = tile / 1000;
    while rest > 0 {
        number = format!("x{:03}/{number}", rest % 1000);
        rest /= 1000;
    }
    if width == TILE { format!("tile/{level}/{number}") } else { format!("tile/{level}/{number}.p/{width}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(i: u64) -> Digest {
        Digest::of(&i.to_le_bytes())
    }

    #[test]
    fn a_log_proves_each_leaf_and_each_earlier_size() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::at(dir.path().join("log"));
        let mut heads = Vec::new();
        for i in 0..300 {
            let (head, inclusion) = log.append("example.org/evidence", &data(i)).unwrap();
            let root = merkle::inclusion_root(i, i + 1, merkle::leaf(&data(i).0), &inclusion.path);
            assert_eq!(root, Some(head.checkpoint.root));
            heads.push(head);
        }
        let head = log.head(&log.key().unwrap()).unwrap();
        let mut builder = merkle::Builder::default();
        (0..300).for_each(|i| builder.push(merkle::leaf(&data(i).0), false));
        assert_eq!(builder.finish().0, head.checkpoint.root);
        for (i, old) in heads.iter().enumerate().step_by(7) {
            let inclusion = log.inclusion(i as u64, &head).unwrap();
            let root =
                merkle::inclusion_root(i as u64, 300, merkle::leaf(&data(i as u64).0), &inclusion.path);
            assert_eq!(root, Some(head.checkpoint.root));
            log.continues(&old.checkpoint, &head).unwrap();
        }
        assert!(
            dir.path().join("log/tile/0/000").is_file() && dir.path().join("log/tile/0/001.p/44").is_file()
        );
        assert!(
            dir.path().join("log/tile/1/000.p/1").is_file()
                && dir.path().join("log/tile/entries/001.p/44").is_file()
        );
    }

    #[test]
    fn a_cut_and_a_forked_log_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::at(dir.path().join("log"));
        let heads: Vec<Head> = (0..5).map(|i| log.append("o", &data(i)).unwrap().0).collect();
        std::fs::write(dir.path().join("log/checkpoint"), &heads[2].note).unwrap();
        let key = log.key().unwrap();
        let cut = log.continues(&heads[4].checkpoint, &log.head(&key).unwrap()).unwrap_err().to_string();
        assert!(cut.contains("cut"), "{cut}");
        let forked: Vec<Head> = (7..12).map(|i| log.append("o", &data(i)).unwrap().0).collect();
        let forked = &forked[4];
        let said = log.continues(&heads[4].checkpoint, forked).unwrap_err().to_string();
        assert!(said.contains("forked"), "{said}");
        log.continues(&heads[2].checkpoint, forked).unwrap();
    }

    #[test]
    fn writers_at_once_add_one_after_the_other() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::at(dir.path().join("log"));
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let log = &log;
                scope.spawn(move || (0..5).all(|i| log.append("o", &data(writer * 10 + i)).is_ok()));
            }
        });
        let head = log.head(&log.key().unwrap()).unwrap();
        assert_eq!(head.checkpoint.size, 20);
        assert_eq!(log.root(0..20, 20).unwrap(), head.checkpoint.root);
    }

    #[test]
    fn tiles_written_by_a_killed_writer_do_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::at(dir.path().join("log"));
        log.append("o", &data(0)).unwrap();
        log.add(1, &data(9)).unwrap();
        let (head, _) = log.append("o", &data(1)).unwrap();
        assert_eq!(head.checkpoint.root, merkle::node(&merkle::leaf(&data(0).0), &merkle::leaf(&data(1).0)));
    }

    #[test]
    fn a_log_whose_tiles_were_meddled_with_is_not_continued() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::at(dir.path().join("log"));
        (0..3).for_each(|i| assert!(log.append("o", &data(i)).is_ok()));
        let tile = dir.path().join("log/tile/0/000.p/3");
        let mut bytes = std::fs::read(&tile).unwrap();
        bytes[40] ^= 1;
        std::fs::write(&tile, bytes).unwrap();
        assert!(log.append("o", &data(3)).unwrap_err().to_string().contains("tiles are not those"));
    }

    #[test]
    fn another_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (Log::at(dir.path().join("one")), Log::at(dir.path().join("other")));
        one.append("o", &data(0)).unwrap();
        other.append("o", &data(0)).unwrap();
        assert!(one.head(&other.key().unwrap()).is_err());
        std::fs::copy(other.key_path(), one.key_path()).unwrap();
        assert!(one.append("o", &data(1)).unwrap_err().to_string().contains("begun"));
    }

    #[test]
    fn tiles_are_named_as_the_specification_says() {
        assert_eq!(tile_path("0", 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(tile_path("1", 0, 3), "tile/1/000.p/3");
    }
}
