//! An authority behind HTTPS, whose certificate is by a root of its own: `tsa.py`, which ends with the test.

use crate::{authority::Authority, tools::must};
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A running server.
pub struct Https {
    server: Child,
    /// Where it listens, without a path.
    pub url: String,
    /// The root of its HTTPS.
    pub root: PathBuf,
}

impl Https {
    pub fn serve(authority: &Authority) -> Self {
        let dir = &authority.dir;
        let new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        must(
            dir,
            &format!(
                "openssl req -x509 {new} -keyout web.key -out web.pem -days 9 -subj '/CN=Web root' 2>&1 && \
                 openssl req {new} -keyout https.key -out https.csr -subj '/CN=localhost' 2>&1 && \
                 openssl x509 -req -in https.csr -CA web.pem -CAkey web.key -CAcreateserial -days 9 -extfile ts.cnf -extensions https -out https.pem 2>&1"
            ),
        );
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../weir-evidence/tests/suite/tsa.py");
        let mut python = Command::new("python3");
        python.arg(script).arg(dir).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = python.spawn().unwrap();
        let mut port = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { server, url: format!("https://localhost:{}", port.trim()), root: dir.join("web.pem") }
    }
}

impl Drop for Https {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        let _ = self.server.wait();
    }
}
