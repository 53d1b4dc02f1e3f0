//! Time stamps (RFC 3161): an authority that is nobody's party says that a file existed at a time.
//!
//! Decisive choice: a response is walked by hand with a strict DER reader (the crate `der`) and verified by `rustls-webpki`, which is in
//! the build already: signature, chain, purpose. `cms` with `x509-tsp` are two crates of types around the same walk, and have no verification.
//!
//! A stamp counts if it was granted for this very file, is signed by a certificate whose one purpose is time stamping and says so
//! critically, and that certificate was valid at the stamp's time under a root that was given. RSA from 2,048 bits and ECDSA on P-256 and P-384
//! with SHA-256, SHA-384 (RSA also SHA-512) are supported. Revocation is not asked for.

mod token;

use crate::{Digest, EvidenceError, Result, error::at};
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use rustls_pki_types::{
    CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime, pem::PemObject,
};
use std::{path::Path, time::Duration};
use token::{Info, Token, for_stamps_only, granted};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, ring as algorithm};

/// SHA-256 as an algorithm identifier.
const SHA256: [u8; 15] = [0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0];
/// The purpose `timeStamping`, 1.3.6.1.5.5.7.3.8.
const TIME_STAMPING: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 3, 8];

static ALGORITHMS: [&dyn SignatureVerificationAlgorithm; 7] = [
    algorithm::RSA_PKCS1_2048_8192_SHA256,
    algorithm::RSA_PKCS1_2048_8192_SHA384,
    algorithm::RSA_PKCS1_2048_8192_SHA512,
    algorithm::ECDSA_P256_SHA256,
    algorithm::ECDSA_P256_SHA384,
    algorithm::ECDSA_P384_SHA256,
    algorithm::ECDSA_P384_SHA384,
];

/// Carries a request to an authority and gives its response.
pub trait Transport {
    /// Where the authority is, for errors.
    fn address(&self) -> &str;

    /// Sends a DER request, returns the DER response. An error says what mends it.
    fn post(&self, request: &[u8]) -> std::io::Result<Vec<u8>>;
}

/// An authority reached by HTTP or HTTPS.
///
/// Redirects are not followed: a request that is sent on arrives as another one, or at somebody whom nobody named.
#[derive(Clone, Debug)]
pub struct Http {
    url: String,
    tls: Option<Roots>,
    timeout: Duration,
}

/// The largest response that is read.
const RESPONSE_BYTES_MAX: u64 = 1 << 20;

impl Http {
    /// The authority at `url`, which has `timeout` for all of it. Of HTTPS, `tls` are the root certificates that count; those that Mozilla trusted when this
    /// program was built, when absent.
    pub fn new(url: &str, tls: Option<Roots>, timeout: Duration) -> Result<Self> {
        let named = |scheme: &str| url.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme));
        if named("https://") || named("http://") {
            return Ok(Self { url: url.to_owned(), tls, timeout });
        }
        let why = "its address begins with neither https:// nor http://".to_owned();
        Err(EvidenceError::Stamp { from: url.to_owned(), why })
    }

    fn agent(&self) -> ureq::Agent {
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(self.timeout))
            .max_redirects(0)
            .http_status_as_error(false);
        if let Some(Roots { certificates, .. }) = &self.tls {
            let own: Vec<_> =
                certificates.iter().map(|root| ureq::tls::Certificate::from_der(root).to_owned()).collect();
            let tls = ureq::tls::TlsConfig::builder()
                .root_certs(ureq::tls::RootCerts::new_with_certs(&own))
                .build();
            config = config.tls_config(tls);
        }
        config.build().into()
    }

    fn failed(&self, error: ureq::Error) -> std::io::Error {
        std::io::Error::other(match error {
            ureq::Error::Timeout(_) => format!("it did not answer within {} s", self.timeout.as_secs()),
            ureq::Error::BodyExceedsLimit(bytes) => format!("its answer has more than {bytes} bytes"),
            e if e.to_string().contains("certificate") => {
                format!("{e}; name the roots of its HTTPS with --tsa-tls-ca")
            }
            e if e.to_string().contains("corrupt message") => format!("it does not speak HTTPS ({e})"),
            e => e.to_string(),
        })
    }
}

impl Transport for Http {
    fn address(&self) -> &str {
        &self.url
    }

    fn post(&self, request: &[u8]) -> std::io::Result<Vec<u8>> {
        let post = self.agent().post(&self.url).content_type("application/timestamp-query");
        let mut response = post.send(request).map_err(|e| self.failed(e))?;
        let status = response.status();
        if status.is_redirection() {
            let place = response.headers().get("location").and_then(|place| place.to_str().ok());
            let place = place.unwrap_or("nowhere");
            return Err(std::io::Error::other(format!(
                "it redirects to `{place}`; if that is it, name that address"
            )));
        }
        if status != 200 {
            return Err(std::io::Error::other(format!("it answered with HTTP status {}", status.as_u16())));
        }
        let body = response.body_mut().with_config().limit(RESPONSE_BYTES_MAX);
        body.read_to_vec().map_err(|e| self.failed(e))
    }
}

/// The root certificates under which an authority is believed.
#[derive(Clone, Debug)]
pub struct Roots {
    pem: Vec<u8>,
    certificates: Vec<CertificateDer<'static>>,
}

impl Roots {
    /// Reads a file of certificates in PEM.
    pub fn read(path: &Path) -> Result<Self> {
        let pem = at(path, std::fs::read(path))?;
        let why = "it has no certificate in PEM";
        Self::parse(pem).ok_or(EvidenceError::Key { path: path.to_path_buf(), why })
    }

    /// From certificates in PEM; `None` where there is none, or one that cannot be read.
    pub fn parse(pem: Vec<u8>) -> Option<Self> {
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().ok()?;
        (!certificates.is_empty()).then_some(Self { pem, certificates })
    }

    /// As they were read.
    pub fn pem(&self) -> &[u8] {
        &self.pem
    }
}

/// A question to an authority.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is to be stamped.
    pub digest: Digest,
    /// Random, and in the answer again.
    pub nonce: [u8; 8],
}

impl Request {
    /// For a file with this digest.
    pub fn new(digest: Digest) -> std::io::Result<Self> {
        let mut nonce = [0; 8];
        SystemRandom::new().fill(&mut nonce).map_err(|_| std::io::Error::other("no random bytes"))?;
        // Positive and without leading zeros, as DER writes numbers.
        nonce[0] = nonce[0] & 0x7f | 0x40;
        Ok(Self { digest, nonce })
    }

    /// In DER: version 1, imprint, nonce, and the wish for certificates.
    pub fn to_der(&self) -> Vec<u8> {
        let imprint = [&[0x30, 49], &SHA256[..], &[4, 32], &self.digest.0].concat();
        let body = [&[2, 1, 1], &imprint[..], &[2, 8], &self.nonce, &[1, 1, 0xff]].concat();
        [&[0x30, body.len() as u8], &body[..]].concat()
    }
}

/// A time stamp that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The time it states.
    pub when: Timestamp,
    /// The SHA-256 of the certificate that signed it.
    pub certificate: Digest,
}

/// Asks an authority for a stamp and verifies it. Returns the response as it came, too.
pub fn obtain(digest: Digest, transport: &dyn Transport, roots: &Roots) -> Result<(Stamp, Vec<u8>)> {
    let fails = |why| EvidenceError::Stamp { from: transport.address().to_owned(), why };
    let request = Request::new(digest).map_err(|e| fails(e.to_string()))?;
    let response = transport.post(&request.to_der()).map_err(|e| fails(e.to_string()))?;
    let stamp = verify(&response, &digest, Some(&request.nonce), roots).map_err(fails)?;
    Ok((stamp, response))
}

/// Verifies a response for a file with this digest. An error says what is wrong with it.
pub fn verify(
    response: &[u8],
    digest: &Digest,
    nonce: Option<&[u8]>,
    roots: &Roots,
) -> Result<Stamp, String> {
    let token = granted(response)?;
    let token = Token::parse(token).ok_or("it is no time stamp in DER")?;
    let info = Info::parse(token.info).ok_or("it does not state a time in DER")?;
    if info.digest != Some(*digest) {
        return Err("it is for another file".into());
    }
    if nonce.is_some_and(|nonce| info.nonce != Some(nonce)) {
        return Err("it answers another request".into());
    }
    let when = info.when.ok_or("its time cannot be read")?;
    let certificate = token.signer().ok_or("the certificate that signed it is not in it")?;
    if !for_stamps_only(certificate).unwrap_or(false) {
        return Err("its certificate is not for time stamps alone, critically".into());
    }
    let der = CertificateDer::from(certificate);
    let end = EndEntityCert::try_from(&der).map_err(|e| format!("its certificate cannot be read ({e:?})"))?;
    token.signed(&end, certificate)?;
    chain(&end, &token.certificates, when, roots)?;
    Ok(Stamp { when, certificate: Digest::of(certificate) })
}

fn chain(end: &EndEntityCert<'_>, others: &[&[u8]], when: Timestamp, roots: &Roots) -> Result<(), String> {
    // A root that `webpki` cannot read anchors nothing.
    let anchors: Vec<TrustAnchor<'_>> =
        roots.certificates.iter().filter_map(|root| anchor_from_trusted_cert(root).ok()).collect();
    let others: Vec<CertificateDer<'_>> = others.iter().map(|der| CertificateDer::from(*der)).collect();
    let seconds = u64::try_from(when.as_second()).map_err(|_| "its time lies before 1970")?;
    let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    // Of the signer it was seen that it has this purpose; those above it need not name any.
    let usage = KeyUsage::required_if_present(&TIME_STAMPING);
    let verified = end.verify_for_usage(&ALGORITHMS, &anchors, &others, at, usage, None, None);
    verified
        .map(|_| ())
        .map_err(|e| format!("its certificate was not valid under the given roots at that time ({e:?})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_response_is_refused() {
        let mut pem = b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n".to_vec();
        let roots = Roots::parse(pem.clone()).unwrap();
        pem.truncate(20);
        assert!(Roots::parse(pem).is_none());
        for bytes in [
            &b""[..],
            b"\x30",
            b"\x30\x80",
            b"\x30\x05\x30\x03\x02\x01\x02",
            b"\x30\x84\xff\xff\xff\xff",
            &[0x30; 99],
        ] {
            assert!(verify(bytes, &Digest::of(b""), None, &roots).is_err());
        }
    }
}
