//! An authority as our code reaches it: behind a small HTTP server, or without any.

use crate::{
    authority::Authority,
    tools::{must, text},
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    time::Duration,
};
use weir_evidence::stamp::{Http, Roots, Transport};

impl Authority {
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
        Http::new(&url, None, Duration::from_secs(20)).unwrap()
    }
}

impl Transport for Authority {
    fn address(&self) -> &str {
        "here"
    }

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
