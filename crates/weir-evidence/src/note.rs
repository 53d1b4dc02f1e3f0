//! Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-proof).
//!
//! Decisive choice: Ed25519 only, which the formats call for and `openssl` verifies. A note is accepted if a signature of the one key that
//! is asked for holds; others beside it are passed over, as the format demands.

use crate::{Digest, log::Inclusion};
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{
    rand::{SecureRandom, SystemRandom},
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use std::fmt;

/// The signature type of Ed25519 in a note.
const ED25519_TYPE: u8 = 1;
/// What stands before the 32 bytes of an Ed25519 private key in PKCS#8.
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
/// What stands before the 32 bytes of an Ed25519 public key in its X.509 form, which `openssl` reads.
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
const PROOF: &str = "c2sp.org/tlog-proof@v1";

/// A log's private key, with the log's name.
pub(crate) struct NoteKey {
    name: String,
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

/// A log's public key. Displayed and parsed as `name+hash+base64`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    public: [u8; 32],
}

/// A log's head: its name, size and root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// How many leaves it has.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.is_ascii()
        && !name.contains(|c: char| c == '+' || c.is_whitespace() || c.is_control())
}

impl NoteKey {
    pub(crate) fn generate(name: &str) -> Option<Self> {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).ok()?;
        Self::from_seed(name, seed)
    }

    fn from_seed(name: &str, seed: [u8; 32]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
        is_name(name).then(|| Self { name: name.to_owned(), seed, pair })
    }

    pub(crate) fn to_pem(&self) -> String {
        let base64 = STANDARD.encode([&PKCS8[..], &self.seed].concat());
        format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n")
    }

    pub(crate) fn from_pem(name: &str, pem: &str) -> Option<Self> {
        let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let bytes = STANDARD.decode(base64).ok()?;
        Self::from_seed(name, bytes.strip_prefix(&PKCS8)?.try_into().ok()?)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn verifier(&self) -> Verifier {
        let mut public = [0; 32];
        public.copy_from_slice(self.pair.public_key().as_ref());
        Verifier { name: self.name.clone(), public }
    }

    /// The text, which ends with a newline, as a signed note.
    pub(crate) fn sign(&self, text: &str) -> String {
        let signature = self.pair.sign(text.as_bytes());
        let signature = STANDARD.encode([&self.verifier().hash()[..], signature.as_ref()].concat());
        format!("{text}\n— {} {signature}\n", self.name)
    }
}

impl Verifier {
    /// The log's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// From `name+hash+base64`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '+');
        let (name, hash, key) = (parts.next()?, parts.next()?, STANDARD.decode(parts.next()?).ok()?);
        let (&kind, public) = key.split_first()?;
        let verifier = Self { name: name.to_owned(), public: public.try_into().ok()? };
        (kind == ED25519_TYPE && is_name(name) && hash == crate::digest::hex(&verifier.hash()))
            .then_some(verifier)
    }

    /// The key as `openssl pkeyutl -pubin` reads it.
    pub fn to_pem(&self) -> String {
        let base64 = STANDARD.encode([&SPKI[..], &self.public].concat());
        format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n")
    }

    fn hash(&self) -> [u8; 4] {
        let named = [self.name.as_bytes(), b"\n", &[ED25519_TYPE], &self.public].concat();
        let [a, b, c, d, ..] = Digest::of(&named).0;
        [a, b, c, d]
    }

    /// The text of a note that this key signed.
    fn open<'a>(&self, note: &'a str) -> Option<&'a str> {
        let end = note.rfind("\n\n")? + 1;
        let (text, signatures) = note.split_at_checked(end)?;
        let mut ours = signatures.strip_prefix('\n')?.lines().filter_map(|line| {
            let (name, signature) = line.strip_prefix("— ")?.split_once(' ')?;
            let bytes = STANDARD.decode(signature).ok()?;
            let signature = bytes.strip_prefix(&self.hash())?.to_vec();
            (name == self.name).then_some(signature)
        });
        let key = UnparsedPublicKey::new(&ED25519, self.public);
        let holds = |signature: Vec<u8>| key.verify(text.as_bytes(), &signature).is_ok();
        ours.any(holds).then_some(text)
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[ED25519_TYPE][..], &self.public].concat());
        write!(f, "{}+{}+{key}", self.name, crate::digest::hex(&self.hash()))
    }
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.base64())
    }

    /// From a signed note. An error says what is wrong with it.
    pub fn open(note: &str, key: &Verifier) -> Result<Self, &'static str> {
        let text = key.open(note).ok_or("its checkpoint is not signed by the log's key")?;
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next(), lines.next(), lines.next());
        let size = size.and_then(|s| s.parse().ok().filter(|n: &u64| n.to_string() == s));
        let parsed = match (origin, size, root.and_then(Digest::from_base64)) {
            (Some(origin), Some(size), Some(root)) => Self { origin: origin.to_owned(), size, root },
            _ => return Err("its checkpoint is not origin, size and root"),
        };
        if parsed.origin == key.name { Ok(parsed) } else { Err("its checkpoint is of another log") }
    }
}

/// An inclusion proof with its checkpoint, as a tlog-proof.
pub(crate) fn write_proof(inclusion: &Inclusion, note: &str) -> String {
    let path: String = inclusion.path.iter().map(|hash| hash.base64() + "\n").collect();
    format!("{PROOF}\nindex {}\n{path}\n{note}", inclusion.index)
}

/// The inclusion proof and the checkpoint's note of a tlog-proof.
pub(crate) fn read_proof(text: &str) -> Option<(Inclusion, &str)> {
    let (head, note) = text.split_once("\n\n")?;
    let mut lines = head.lines();
    let (kind, index) = (lines.next()?, lines.next()?.strip_prefix("index ")?.parse().ok()?);
    let path = lines.map(Digest::from_base64).collect::<Option<Vec<_>>>()?;
    (kind == PROOF).then_some((Inclusion { index, path }, note))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_opened_by_its_key_alone() {
        let (key, other) =
            (NoteKey::generate("example.org/log").unwrap(), NoteKey::generate("example.org/log").unwrap());
        let checkpoint = Checkpoint { origin: "example.org/log".into(), size: 7, root: Digest::of(b"x") };
        let note = key.sign(&checkpoint.text());
        assert_eq!(Checkpoint::open(&note, &key.verifier()), Ok(checkpoint.clone()));
        assert!(Checkpoint::open(&note, &other.verifier()).is_err());
        assert!(Checkpoint::open(&note.replacen('7', "8", 1), &key.verifier()).is_err());
        assert!(Checkpoint::open(&other.sign(&checkpoint.text()), &key.verifier()).is_err());
    }

    #[test]
    fn keys_come_back_from_their_texts() {
        let key = NoteKey::generate("example.org/log").unwrap();
        assert_eq!(Verifier::parse(&key.verifier().to_string()), Some(key.verifier()));
        assert_eq!(NoteKey::from_pem("example.org/log", &key.to_pem()).unwrap().verifier(), key.verifier());
        assert!(NoteKey::generate("a b").is_none() && Verifier::parse("a+b").is_none());
    }

    #[test]
    fn the_example_of_the_specification_is_read() {
        // From C2SP signed-note: the key and its hash belong together.
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key = Verifier::parse(text).unwrap();
        let note = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
                    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        assert!(key.open(note).is_some());
    }
}
