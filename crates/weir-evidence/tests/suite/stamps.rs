//! Time stamps by a real authority, and what must not pass for one.

use crate::{
    authority::Authority,
    https::Https,
    tools::{are_here, must},
};
use std::{
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    sync::mpsc,
    time::Duration,
};
use weir_evidence::{
    Digest,
    stamp::{Http, Roots, obtain, verify},
};

#[test]
fn stamps_of_each_kind_of_authority_hold_for_us_and_for_openssl() {
    if !are_here() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for (name, key, configured) in [
        (
            "rsa",
            "-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
            "s/signer_digest = sha256/signer_digest = sha512/",
        ),
        (
            "p256",
            "-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
            "s/ess_cert_id_alg = sha256/ess_cert_id_alg = sha1/",
        ),
        (
            "p384",
            "-algorithm EC -pkeyopt ec_paramgen_curve:P-384",
            "s/signer_digest = sha256/signer_digest = sha384/",
        ),
        (
            "plain",
            "-algorithm RSA -pkeyopt rsa_keygen_bits:3072",
            "/clock_precision\\|accuracy\\|ordering\\|tsa_name/d",
        ),
    ] {
        let at = dir.path().join(name);
        let authority = Authority::new(&at, key, "stamps");
        authority.configure(configured);
        let (stamp, reply) = obtain(Digest::of(b"file"), &authority.serve(1), &authority.roots()).unwrap();
        std::fs::write(at.join("file"), b"file").unwrap();
        std::fs::write(at.join("file.tsr"), &reply).unwrap();
        must(&at, "openssl ts -verify -data file -in file.tsr -CAfile root.pem");
        assert_eq!(verify(&reply, &Digest::of(b"file"), None, &authority.roots()), Ok(stamp));
    }
}

#[test]
fn wrong_stamps_are_refused_with_the_reason() {
    if !are_here() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::quick(&dir.path().join("one"));
    let (roots, digest) = (authority.roots(), Digest::of(b"file"));
    // Before the stamp: a certificate is not valid earlier than it was made.
    ["careless", "stamps"].iter().for_each(|section| certified(&dir.path().join("one"), section));
    let (_, reply) = obtain(digest, &authority, &roots).unwrap();
    let refused = |why: &str, result: Result<_, String>| {
        let said = result.map(|_| ()).unwrap_err();
        assert!(said.contains(why), "{said}");
    };
    refused("another file", verify(&reply, &Digest::of(b"other"), None, &roots));
    refused("another request", verify(&reply, &digest, Some(&[7; 8]), &roots));
    let other = Authority::quick(&dir.path().join("other"));
    refused("given roots", verify(&reply, &digest, None, &other.roots()));
    refused(
        "for time stamps alone",
        verify(&resigned(&dir.path().join("one"), "careless"), &digest, None, &roots),
    );
    verify(&resigned(&dir.path().join("one"), "stamps"), &digest, None, &roots).unwrap();
    // Any byte altered: refused or, outside of what is signed, still for the same file at the same time.
    let truth = verify(&reply, &digest, None, &roots).unwrap();
    for at in 0..reply.len() {
        let mut altered = reply.clone();
        altered[at] ^= 1;
        if let Ok(stamp) = verify(&altered, &digest, None, &roots) {
            assert_eq!((stamp.when, stamp.certificate), (truth.when, truth.certificate), "byte {at}");
        }
        assert!(verify(&reply[..at], &digest, None, &roots).is_err());
    }
}

#[test]
fn an_authority_behind_https_is_believed_under_given_roots_alone() {
    if !are_here() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::quick(dir.path());
    let (server, roots) = (Https::serve(&authority), authority.roots());
    let web = Roots::read(&server.root).unwrap();
    let asked = |url: &str, tls: Option<&Roots>| {
        let http = Http::new(url, tls.cloned(), Duration::from_secs(20)).unwrap();
        obtain(Digest::of(b"file"), &http, &roots).map_err(|e| e.to_string())
    };
    let url = format!("{}/tsa", server.url);
    let (stamp, reply) = asked(&url, Some(&web)).unwrap();
    assert_eq!(verify(&reply, &Digest::of(b"file"), None, &roots), Ok(stamp));
    asked(&url.replace("localhost", "127.0.0.1"), Some(&web)).unwrap();
    // Neither Mozilla's roots, nor those of the stamps, nor another name.
    for (url, tls) in
        [(&url, None), (&url, Some(&roots)), (&url.replace("localhost", "ip6-localhost"), Some(&web))]
    {
        let said = asked(url, tls).unwrap_err();
        assert!(said.contains(&format!("from `{url}`")), "{said}");
        assert!(said.contains("--tsa-tls-ca") || url.contains("ip6"), "{said}");
    }
    for url in ["", "freetsa.org/tsr", "ftp://freetsa.org/", "file:///etc/passwd", "httpsé://x"] {
        let said = Http::new(url, None, Duration::from_secs(1)).map(|_| ()).unwrap_err().to_string();
        assert!(said.contains("begins with neither"), "{said}");
    }
}

#[test]
fn an_authority_that_misbehaves_is_named_with_what_it_did_in_time() {
    if !are_here() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::quick(dir.path());
    let (server, roots) = (Https::serve(&authority), authority.roots());
    let web = Roots::read(&server.root).unwrap();
    let refused = |url: &str, why: &str| {
        let http = Http::new(url, Some(web.clone()), Duration::from_secs(5)).unwrap();
        let said = obtain(Digest::of(b"file"), &http, &roots).map(|_| ()).unwrap_err().to_string();
        assert!(said.contains(&format!("from `{url}`")) && said.contains(why), "{url}: {said}");
        assert!(said.contains("seal without one") && !said.contains(char::is_control), "{url}: {said:?}");
    };
    let first =
        Http::new(&format!("{}/tsa", server.url), Some(web.clone()), Duration::from_secs(20)).unwrap();
    obtain(Digest::of(b"other"), &first, &roots).unwrap();
    let mut cases: Vec<(String, &str)> = [
        ("earlier", "it is for another file"),
        ("refused", "the authority refused: rejected"),
        ("garbage", "no response of a time stamp authority"),
        ("empty", "no response of a time stamp authority"),
        ("broken", "HTTP status 500"),
        ("moved", "redirects to `https://elsewhere.invalid/tsa`"),
        ("kept", "redirects to `/tsa`"),
        ("huge", "more than 1048576 bytes"),
        ("boasting", ""),
        ("endless", "more than 1048576 bytes"),
        ("slow", "did not answer within 5 s"),
        ("drips", "did not answer within 5 s"),
        ("gone", ""),
    ]
    .map(|(path, why)| (format!("{}/{path}", server.url), why))
    .into();
    // One that speaks no HTTPS, one that says nothing, one that says a byte now and then.
    for (greeting, then, why) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], &b""[..], "does not speak HTTPS"),
        (b"", b"", "within 5 s"),
        (b"\x16\x03\x03\x40\x00", b"x", "within 5 s"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        cases.push((format!("https://{}/", listener.local_addr().unwrap()), why));
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.read_exact(&mut [0; 64]).unwrap();
            stream.write_all(greeting).unwrap();
            while stream.write_all(then).is_ok() {
                std::thread::sleep(Duration::from_millis(300));
            }
        });
    }
    let (done, ends) = mpsc::channel();
    std::thread::scope(|scope| {
        for (url, why) in &cases {
            let (done, refused) = (done.clone(), &refused);
            scope.spawn(move || {
                refused(url, why);
                done.send(()).unwrap();
            });
        }
        cases.iter().for_each(|_| ends.recv_timeout(Duration::from_secs(30)).unwrap());
    });
}

/// Makes another certificate of the authority's key, of the named extensions.
fn certified(dir: &Path, section: &str) {
    must(
        dir,
        &format!(
            "openssl x509 -req -in tsa.csr -CA middle.pem -CAkey middle.key -CAcreateserial -days 9 -extfile ts.cnf -extensions {section} -out again-{section}.pem"
        ),
    );
}

/// What the authority's stamp says, signed again with that certificate; OpenSSL's authority refuses careless ones.
fn resigned(dir: &Path, section: &str) -> Vec<u8> {
    must(
        dir,
        &format!(
            "openssl ts -reply -in reply -token_out -out token && \
         openssl cms -verify -noverify -inform DER -in token -out info && \
         openssl cms -sign -binary -nodetach -cades -md sha256 -econtent_type 1.2.840.113549.1.9.16.1.4 -certfile middle.pem \
           -in info -signer again-{section}.pem -inkey tsa.key -outform DER -out token"
        ),
    );
    let token = std::fs::read(dir.join("token")).unwrap();
    let length = u16::try_from(token.len() + 5).unwrap().to_be_bytes();
    [&[0x30, 0x82], &length[..], &[0x30, 3, 2, 1, 0], &token].concat()
}
