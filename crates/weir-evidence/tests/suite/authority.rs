//! A time stamp authority made with `openssl ts`, behind a small HTTP server.

use crate::tools::{must, text};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};
use weir_evidence::stamp::{Http, Roots, Transport};

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
    dir: PathBuf,
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

    pub fn roots(&self) -> Roots {
        Roots::read(&self.root_path()).unwrap()
    }

    /// Serves so many requests on a port of this machine.
    pub fn serve(&self, requests: usize) -> Http {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/tsa", listener.local_addr().unwrap());
        let dir = self.dir.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().take(requests) {
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut line, mut length) = (String::new(), 0);
                while reader.read_line(&mut line).unwrap() > 2 {
                    if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = n.trim().parse().unwrap();
                    }
                    line.clear();
                }
                let mut query = vec![0; length];
                reader.read_exact(&mut query).unwrap();
                let reply = answer(&dir, &query);
                write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", reply.len()).unwrap();
                stream.write_all(&reply).unwrap();
            }
        });
        Http { url, timeout: Duration::from_secs(20) }
    }
}

impl Transport for Authority {
    fn post(&self, request: &[u8]) -> std::io::Result<Vec<u8>> {
        Ok(answer(&self.dir, request))
    }
}

fn answer(dir: &Path, query: &[u8]) -> Vec<u8> {
    std::fs::write(dir.join("query"), query).unwrap();
    must(dir, "openssl ts -reply -config ts.cnf -queryfile query -out reply 2>err || { cat err; exit 1; }");
    assert!(text(query.get(..1).unwrap()).len() == 1);
    std::fs::read(dir.join("reply")).unwrap()
}
