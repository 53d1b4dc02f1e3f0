//! What an authority's response holds, taken apart.
//!
//! Decisive choice: each structure is walked in its order and anything unexpected ends the walk; nothing here is believed until the signature over
//! the attributes holds and they speak of this content and this certificate.

use super::{ALGORITHMS, TIME_STAMPING};
use crate::{Digest, der::Der};
use jiff::{Timestamp, civil, tz::TimeZone};
use rustls_pki_types::SignatureVerificationAlgorithm;
use webpki::EndEntityCert;

const SHA2: [u8; 8] = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2];
const SIGNED_DATA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const TST_INFO: [u8; 11] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x10, 1, 4];
const CONTENT_TYPE: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
const MESSAGE_DIGEST: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
const SIGNING_CERTIFICATE: [u8; 11] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x10, 2, 0x0c];
const SIGNING_CERTIFICATE_V2: [u8; 11] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x10, 2, 0x2f];
const EXTENDED_KEY_USAGE: [u8; 3] = [0x55, 0x1d, 0x25];

/// The token of a response that was granted.
pub(super) fn granted(response: &[u8]) -> Result<&[u8], String> {
    let parse = || {
        let mut der = Der::whole(response, 0x30)?;
        let status = Der::of(der.take(0x30)?).take(2)?;
        Some((status, der))
    };
    let (status, mut der) = parse().ok_or("it is no response of a time stamp authority")?;
    let why = match status {
        [0 | 1] => None,
        [2] => Some("rejected"),
        [3] => Some("it is to be asked again later"),
        [4 | 5] => Some("its certificate is revoked, or about to be"),
        _ => Some("of no known status"),
    };
    if let Some(why) = why {
        return Err(format!("the authority refused: {why}"));
    }
    let token = der.take(0x30).filter(|_| der.is_empty());
    token.ok_or_else(|| "it is no response of a time stamp authority".to_owned())
}

/// Signed data, taken apart.
pub(super) struct Token<'a> {
    pub(super) info: &'a [u8],
    pub(super) certificates: Vec<&'a [u8]>,
    issuer_and_serial: &'a [u8],
    digest_algorithm: &'a [u8],
    /// With its tag and length.
    attributes: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Token<'a> {
    pub(super) fn parse(token: &'a [u8]) -> Option<Self> {
        let mut content = Der::of(token);
        content.take(6).filter(|kind| *kind == SIGNED_DATA)?;
        let mut data = Der::whole(content.take(0xa0)?, 0x30)?;
        data.take(2)?;
        data.take(0x31)?;
        let mut inner = Der::of(data.take(0x30)?);
        inner.take(6).filter(|kind| *kind == TST_INFO)?;
        let info = Der::of(inner.take(0xa0)?).take(4)?;
        let mut certificates = Vec::new();
        let mut set = Der::of(data.take(0xa0).unwrap_or_default());
        while let Some(certificate) = set.take_whole(0x30) {
            certificates.push(certificate);
        }
        let _revocations = data.take(0xa1);
        let mut signers = Der::of(data.take(0x31)?);
        let mut signer = Der::of(signers.take(0x30)?);
        signer.take(2)?;
        let issuer_and_serial = signer.take(0x30)?;
        let digest_algorithm = Der::of(signer.take(0x30)?).take(6)?;
        let attributes = signer.take_whole(0xa0)?;
        signer.take(0x30)?;
        let signature = signer.take(4)?;
        // Exactly one signer, as RFC 3161 asks.
        let one = signers.is_empty() && data.is_empty() && content.is_empty();
        one.then_some(Self { info, certificates, issuer_and_serial, digest_algorithm, attributes, signature })
    }

    /// The certificate that the signer's issuer and serial number name.
    pub(super) fn signer(&self) -> Option<&'a [u8]> {
        let named = |certificate: &&&[u8]| {
            Tbs::parse(certificate).is_some_and(|tbs| tbs.is_named(self.issuer_and_serial))
        };
        self.certificates.iter().find(named).copied()
    }

    /// The value of a signed attribute that stands there once.
    fn attribute(&self, kind: &[u8]) -> Option<&'a [u8]> {
        let mut all = Der::whole(self.attributes, 0xa0)?;
        let mut found = None;
        while let Some(attribute) = all.take(0x30) {
            let mut attribute = Der::of(attribute);
            if attribute.take(6)? == kind {
                let value = attribute.take(0x31)?;
                if found.replace(value).is_some() {
                    return None;
                }
            }
        }
        found
    }

    /// Checks that the attributes speak of this content and this certificate, and that the certificate's key signed them.
    pub(super) fn signed(&self, end: &EndEntityCert<'_>, certificate: &[u8]) -> Result<(), &'static str> {
        let kind = self.attribute(&CONTENT_TYPE).and_then(|value| Der::of(value).take(6));
        let digest = self.attribute(&MESSAGE_DIGEST).and_then(|value| Der::of(value).take(4));
        let hash = hash_by(self.digest_algorithm).ok_or("its digest algorithm is not supported")?;
        let content = ring::digest::digest(hash, self.info);
        if kind != Some(&TST_INFO[..]) || digest != Some(content.as_ref()) {
            return Err("its content is not what was signed");
        }
        if !self.names(certificate).unwrap_or(false) {
            return Err("it was signed with another certificate than it names");
        }
        // The signature covers the attributes as a SET, which in the token have another tag.
        let mut attributes = self.attributes.to_vec();
        if let Some(tag) = attributes.first_mut() {
            *tag = 0x31;
        }
        let by = |how: &&dyn SignatureVerificationAlgorithm| {
            end.verify_signature(*how, &attributes, self.signature).is_ok()
        };
        if ALGORITHMS.iter().any(by) {
            Ok(())
        } else {
            Err("its signature does not hold, or its algorithm is not supported")
        }
    }

    /// Whether the signed attributes name this certificate by its hash (RFC 5816, or RFC 2634 with SHA-1).
    fn names(&self, certificate: &[u8]) -> Option<bool> {
        let first =
            |value| Some(Der::of(Der::of(Der::of(Der::of(value).take(0x30)?).take(0x30)?).take(0x30)?));
        if let Some(value) = self.attribute(&SIGNING_CERTIFICATE_V2) {
            let mut id = first(value)?;
            let hash = match id.take(0x30) {
                Some(algorithm) => hash_by(Der::of(algorithm).take(6)?)?,
                None => &ring::digest::SHA256,
            };
            return Some(id.take(4)? == ring::digest::digest(hash, certificate).as_ref());
        }
        let hash = &ring::digest::SHA1_FOR_LEGACY_USE_ONLY;
        Some(
            first(self.attribute(&SIGNING_CERTIFICATE)?)?.take(4)?
                == ring::digest::digest(hash, certificate).as_ref(),
        )
    }
}

fn hash_by(algorithm: &[u8]) -> Option<&'static ring::digest::Algorithm> {
    match algorithm.strip_prefix(&SHA2)? {
        [1] => Some(&ring::digest::SHA256),
        [2] => Some(&ring::digest::SHA384),
        [3] => Some(&ring::digest::SHA512),
        _ => None,
    }
}

/// What a stamp states.
pub(super) struct Info<'a> {
    pub(super) digest: Option<Digest>,
    pub(super) when: Option<Timestamp>,
    pub(super) nonce: Option<&'a [u8]>,
}

impl<'a> Info<'a> {
    pub(super) fn parse(info: &'a [u8]) -> Option<Self> {
        let mut der = Der::whole(info, 0x30)?;
        der.take(2).filter(|version| *version == [1])?;
        der.take(6)?;
        let mut imprint = Der::of(der.take(0x30)?);
        let algorithm = Der::of(imprint.take(0x30)?).take(6)?;
        let digest = imprint.take(4)?.try_into().ok().map(Digest);
        let digest = digest.filter(|_| algorithm.strip_prefix(&SHA2) == Some(&[1]));
        der.take(2)?;
        let when = time(der.take(0x18)?);
        let (_accuracy, _ordering) = (der.take(0x30), der.take(1));
        Some(Self { digest, when, nonce: der.take(2) })
    }
}

/// `YYYYMMDDhhmmss[.f…]Z`.
fn time(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if whole.len() != 14 || fraction.len() > 9 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let part = |from: usize, to: usize| whole.get(from..to)?.parse::<i8>().ok();
    let nanoseconds = format!("{fraction:0<9}").parse().ok()?;
    let year = whole.get(..4)?.parse().ok()?;
    let (month, day, hour, minute, second) =
        (part(4, 6)?, part(6, 8)?, part(8, 10)?, part(10, 12)?, part(12, 14)?);
    let at = civil::DateTime::new(year, month, day, hour, minute, second, nanoseconds).ok()?;
    TimeZone::UTC.to_timestamp(at).ok()
}

/// What is read of a certificate here; the rest is for `webpki`.
struct Tbs<'a> {
    serial: &'a [u8],
    /// With its tag and length.
    issuer: &'a [u8],
    extensions: &'a [u8],
}

impl<'a> Tbs<'a> {
    fn parse(certificate: &'a [u8]) -> Option<Self> {
        let mut tbs = Der::of(Der::whole(certificate, 0x30)?.take(0x30)?);
        let _version = tbs.take(0xa0);
        let serial = tbs.take(2)?;
        tbs.take(0x30)?;
        let issuer = tbs.take_whole(0x30)?;
        for _validity_subject_key in 0..3 {
            tbs.take(0x30)?;
        }
        let _ids = (tbs.take(0x81), tbs.take(0x82));
        Some(Self { serial, issuer, extensions: Der::of(tbs.take(0xa3)?).take(0x30)? })
    }

    fn is_named(&self, issuer_and_serial: &[u8]) -> bool {
        let mut der = Der::of(issuer_and_serial);
        der.take_whole(0x30) == Some(self.issuer) && der.take(2) == Some(self.serial)
    }
}

/// Whether a certificate's one purpose is time stamping, marked critical (RFC 3161, section 2.3).
pub(super) fn for_stamps_only(certificate: &[u8]) -> Option<bool> {
    let mut extensions = Der::of(Tbs::parse(certificate)?.extensions);
    while let Some(extension) = extensions.take(0x30) {
        let mut extension = Der::of(extension);
        if extension.take(6)? == EXTENDED_KEY_USAGE {
            let critical = extension.take(1).is_some_and(|value| value == [0xff]);
            let mut purposes = Der::whole(extension.take(4)?, 0x30)?;
            return Some(critical && purposes.take(6)? == TIME_STAMPING && purposes.is_empty());
        }
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_may_have_fractions() {
        assert_eq!(time(b"20261126223344Z"), "2026-11-26T22:33:44Z".parse().ok());
        assert_eq!(time(b"20261126223344.25Z"), "2026-11-26T22:33:44.25Z".parse().ok());
        assert!(
            ["20261126223344", "202611262233Z", "20261126223344.Z", "20269926223344Z", "Z"]
                .iter()
                .all(|t| time(t.as_bytes()).is_none())
        );
    }
}
