//! A time stamp authority made with `openssl ts`.

use crate::tools::must;
use std::path::{Path, PathBuf};

const CONFIG: &str = "
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[stamps]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = critical,timeStamping
[careless]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = timeStamping
[https]
subjectAltName = DNS:localhost,IP:127.0.0.1
[tsa]
default_tsa = here
[here]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
certs = middle.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
clock_precision_digits = 3
accuracy = secs:1, millisecs:500
ordering = yes
tsa_name = yes
";

/// An authority in a folder.
pub struct Authority {
    pub dir: PathBuf,
}

impl Authority {
    /// Makes root, intermediate and authority; `key` is what `openssl genpkey` is told, `section` names the authority's extensions.
    pub fn new(dir: &Path, key: &str, section: &str) -> Self {
        let dir = dir.to_path_buf();
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("ts.cnf"), CONFIG).unwrap();
        std::fs::write(dir.join("serial"), "01\n").unwrap();
        let issue = |name: &str, by: &str, section: &str| {
            format!(
                "openssl genpkey {key} -out {name}.key && openssl req -new -key {name}.key -subj '/CN=Test {name}' -out {name}.csr && \
                 openssl x509 -req -in {name}.csr {by} -days 3650 -extfile ts.cnf -extensions {section} -out {name}.pem"
            )
        };
        must(&dir, &issue("root", "-signkey root.key", "ca"));
        must(&dir, &issue("middle", "-CA root.pem -CAkey root.key -CAcreateserial", "ca"));
        must(&dir, &issue("tsa", "-CA middle.pem -CAkey middle.key -CAcreateserial", section));
        Self { dir }
    }

    /// Changes what it is configured to do, by a command of `sed`.
    pub fn configure(&self, command: &str) {
        must(&self.dir, &format!("sed -i '{command}' ts.cnf"));
    }

    /// An authority with ECDSA keys: quick to make.
    pub fn quick(dir: &Path) -> Self {
        Self::new(dir, "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "stamps")
    }

    pub fn root_path(&self) -> PathBuf {
        self.dir.join("root.pem")
    }
}
