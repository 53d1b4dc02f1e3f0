//! SSH signatures (SSHSIG) of files, as `ssh-keygen -Y sign` writes and `-Y verify` reads them.
//!
//! Decisive choice: keys are parsed by `ssh-key`, signatures made and checked by `ring`: the crate's own signing would bring a second
//! implementation of each algorithm, and that of RSA leaks its key by timing (RUSTSEC-2023-0071).
//!
//! Signs with Ed25519, ECDSA on P-256 and P-384, and RSA of 2,048 to 4,096 bits; checks the same, RSA up to 8,192. Keys on security tokens, on P-521
//! and DSA are refused by name.

use crate::{EvidenceError, Result, error::at};
use num_bigint::BigUint;
use ring::{rand::SystemRandom, rsa, signature as rs};
use ssh_key::{
    Algorithm, EcdsaCurve, HashAlg, LineEnding, Mpint, PrivateKey, Signature, SshSig,
    private::{KeypairData, RsaKeypair},
    public::KeyData,
};
use std::path::Path;

/// The namespace of signatures over evidence: a signature made for anything else does not count.
pub const NAMESPACE: &str = "weir-evidence";

/// A private key that signs bags.
pub struct SigningKey {
    key: PrivateKey,
    path: std::path::PathBuf,
}

impl SigningKey {
    /// Reads an OpenSSH private key; `passphrase` is asked only when the key is encrypted.
    pub fn read(path: &Path, passphrase: impl FnOnce() -> Option<String>) -> Result<Self> {
        let pem = at(path, std::fs::read(path))?;
        let refused = |why| EvidenceError::Key { path: path.to_path_buf(), why };
        let key = PrivateKey::from_openssh(pem).map_err(|_| {
            refused("it is no OpenSSH private key; `ssh-keygen -p -f KEY` rewrites older formats")
        })?;
        let key = if key.is_encrypted() {
            let phrase =
                passphrase().ok_or_else(|| refused("it is encrypted and no passphrase was given"))?;
            key.decrypt(phrase).map_err(|_| refused("the passphrase is not its own"))?
        } else {
            key
        };
        let signing = Self { key, path: path.to_path_buf() };
        // A key that cannot sign is known before anything is written.
        signing.sign(NAMESPACE, b"")?;
        Ok(signing)
    }

    /// The public key as OpenSSH writes it.
    pub fn public(&self) -> Result<String> {
        self.key.public_key().to_openssh().map_err(|_| self.refused("its public key cannot be written"))
    }

    /// An armoured signature over `message`.
    pub fn sign(&self, namespace: &str, message: &[u8]) -> Result<String> {
        let fails = |_| self.refused("it does not sign");
        let data = SshSig::signed_data(namespace, HashAlg::Sha512, message).map_err(fails)?;
        let signature = self.raw(&data)?;
        let public = self.key.public_key().key_data().clone();
        SshSig::new(public, namespace, HashAlg::Sha512, signature)
            .and_then(|sig| sig.to_pem(LineEnding::LF))
            .map_err(fails)
    }

    fn refused(&self, why: &'static str) -> EvidenceError {
        EvidenceError::Key { path: self.path.clone(), why }
    }

    fn raw(&self, data: &[u8]) -> Result<Signature> {
        let random = SystemRandom::new();
        let rejected = || self.refused("its numbers do not fit together");
        let (algorithm, bytes) = match self.key.key_data() {
            KeypairData::Ed25519(pair) => {
                let pair =
                    rs::Ed25519KeyPair::from_seed_and_public_key(&pair.private.to_bytes(), &pair.public.0)
                        .map_err(|_| rejected())?;
                (Algorithm::Ed25519, pair.sign(data).as_ref().to_vec())
            }
            KeypairData::Ecdsa(pair) => {
                let how = match pair.curve() {
                    EcdsaCurve::NistP256 => &rs::ECDSA_P256_SHA256_FIXED_SIGNING,
                    EcdsaCurve::NistP384 => &rs::ECDSA_P384_SHA384_FIXED_SIGNING,
                    EcdsaCurve::NistP521 => {
                        return Err(self.refused("ECDSA on P-521 is not supported; use Ed25519"));
                    }
                };
                let (private, public) = (pair.private_key_bytes(), pair.public_key_bytes());
                let key = rs::EcdsaKeyPair::from_private_key_and_public_key(how, private, public, &random)
                    .map_err(|_| rejected())?;
                let fixed = key.sign(&random, data).map_err(|_| rejected())?;
                (Algorithm::Ecdsa { curve: pair.curve() }, numbers(fixed.as_ref()).ok_or_else(rejected)?)
            }
            KeypairData::Rsa(pair) => {
                let key =
                    rsa_pair(pair).ok_or_else(|| self.refused("RSA keys sign from 2,048 to 4,096 bits"))?;
                let mut bytes = vec![0; key.public().modulus_len()];
                key.sign(&rs::RSA_PKCS1_SHA512, &random, data, &mut bytes).map_err(|_| rejected())?;
                (Algorithm::Rsa { hash: Some(HashAlg::Sha512) }, bytes)
            }
            _ => {
                return Err(self.refused(
                    "it is of a kind that is not supported; use Ed25519, ECDSA P-256 or P-384, or RSA",
                ));
            }
        };
        Signature::new(algorithm, bytes).map_err(|_| rejected())
    }
}

/// Two numbers side by side, as SSH writes an ECDSA signature: each with its length, the first bit clear.
fn numbers(fixed: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = fixed.split_at(fixed.len() / 2);
    let mut out = Vec::new();
    for number in [r, s] {
        let number = Mpint::from_positive_bytes(number).ok()?;
        out.extend_from_slice(&u32::try_from(number.as_bytes().len()).ok()?.to_be_bytes());
        out.extend_from_slice(number.as_bytes());
    }
    Some(out)
}

/// The inverse of [`numbers`], each number `width` bytes wide.
fn fixed(numbers: &[u8], width: usize) -> Option<Vec<u8>> {
    let (mut rest, mut out) = (numbers, Vec::with_capacity(2 * width));
    for _ in 0..2 {
        let (length, tail) = rest.split_first_chunk()?;
        let (number, tail) = tail.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        let number = number.iter().position(|byte| *byte != 0).and_then(|first| number.get(first..))?;
        out.resize(out.len() + width.checked_sub(number.len())?, 0);
        out.extend_from_slice(number);
        rest = tail;
    }
    rest.is_empty().then_some(out)
}

fn rsa_pair(pair: &RsaKeypair) -> Option<rsa::KeyPair> {
    let number = |n: &Mpint| n.as_positive_bytes().map(BigUint::from_bytes_be);
    let (private, public) = (&pair.private, &pair.public);
    let (d, p, q) = (number(&private.d)?, number(&private.p)?, number(&private.q)?);
    let one = BigUint::from(1u8);
    if p <= one || q <= one {
        return None;
    }
    // SSH keeps neither of these two; both follow from what it keeps.
    let (d_p, d_q) = ((&d % (&p - &one)).to_bytes_be(), (&d % (&q - &one)).to_bytes_be());
    rsa::KeyPair::from_components(&rsa::KeyPairComponents {
        public_key: rsa::PublicKeyComponents {
            n: public.n.as_positive_bytes()?,
            e: public.e.as_positive_bytes()?,
        },
        d: &d.to_bytes_be()[..],
        p: &p.to_bytes_be()[..],
        q: &q.to_bytes_be()[..],
        dP: &d_p[..],
        dQ: &d_q[..],
        qInv: private.iqmp.as_positive_bytes()?,
    })
    .ok()
}

/// A signature whose key made it over the message in [`NAMESPACE`]. Whether anybody trusts that key is for
/// [`Signers`](crate::signers::Signers) to say.
pub(crate) struct Signed {
    pub(crate) key: KeyData,
}

/// Checks an armoured signature over `message`. An error says what is wrong with it.
pub(crate) fn check(armoured: &[u8], message: &[u8]) -> Result<Signed, String> {
    let sig = SshSig::from_pem(armoured).map_err(|_| "it is no SSH signature".to_owned())?;
    // The parser passes over lengths that contradict each other, which `ssh-keygen` does not.
    let plain = |text: &[u8]| text.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect::<Vec<_>>();
    let again = sig.to_pem(LineEnding::LF).map_err(|e| e.to_string())?;
    if plain(again.as_bytes()) != plain(armoured) {
        return Err("it is no SSH signature as it would be written".to_owned());
    }
    if sig.namespace() != NAMESPACE {
        return Err(format!("it was made for `{}`, not for `{NAMESPACE}`", sig.namespace()));
    }
    if !sig.reserved().is_empty() {
        return Err("it has a reserved field that is not empty".to_owned());
    }
    let data = SshSig::signed_data(NAMESPACE, sig.hash_alg(), message).map_err(|e| e.to_string())?;
    match holds(sig.public_key(), sig.signature(), &data) {
        None => Err(format!("its algorithm `{}` is not supported", sig.algorithm())),
        Some(false) => Err("it is not a signature of this file".to_owned()),
        Some(true) => Ok(Signed { key: sig.public_key().clone() }),
    }
}

/// `None` where the algorithm is not supported or is not the key's.
fn holds(key: &KeyData, signature: &Signature, data: &[u8]) -> Option<bool> {
    let bytes = signature.as_bytes();
    match (key, signature.algorithm()) {
        (KeyData::Ed25519(key), Algorithm::Ed25519) => {
            Some(rs::UnparsedPublicKey::new(&rs::ED25519, &key.0).verify(data, bytes).is_ok())
        }
        (KeyData::Ecdsa(key), Algorithm::Ecdsa { curve }) if key.curve() == curve => {
            let (how, width) = match curve {
                EcdsaCurve::NistP256 => (&rs::ECDSA_P256_SHA256_FIXED, 32),
                EcdsaCurve::NistP384 => (&rs::ECDSA_P384_SHA384_FIXED, 48),
                EcdsaCurve::NistP521 => return None,
            };
            let public = rs::UnparsedPublicKey::new(how, key.as_sec1_bytes());
            Some(fixed(bytes, width).is_some_and(|bytes| public.verify(data, &bytes).is_ok()))
        }
        (KeyData::Rsa(key), Algorithm::Rsa { hash: Some(hash) }) => {
            let how = match hash {
                HashAlg::Sha256 => &rs::RSA_PKCS1_2048_8192_SHA256,
                HashAlg::Sha512 => &rs::RSA_PKCS1_2048_8192_SHA512,
                _ => return None,
            };
            let public =
                rsa::PublicKeyComponents { n: key.n.as_positive_bytes()?, e: key.e.as_positive_bytes()? };
            Some(public.verify(how, data, bytes).is_ok())
        }
        _ => None,
    }
}

/// The fingerprint of a key as `ssh-keygen -l` shows it.
pub(crate) fn fingerprint(key: &KeyData) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}
