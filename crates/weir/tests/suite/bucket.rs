//! A lake in a bucket, on a real S3 server on loopback: filled, read, filled by two processes at once, and after one that was killed.
//!
//! Decisive choice: the server answers one request after the other. It checks a condition first and writes afterwards, and two writers must not
//! come between; S3 keeps conditions whole.

use crate::terminal::Terminal;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

const KEY: &str = "weir-test";
const SECRET: &str = "weir-test-secret";

struct Server {
    place: Terminal,
    endpoint: String,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    fn start() -> Self {
        let place = Terminal::new();
        let objects = place.path("objects");
        std::fs::create_dir_all(objects.join("logs")).unwrap();
        let mut service =
            s3s::service::S3ServiceBuilder::new(s3s_fs::FileSystem::new(objects.clone()).unwrap());
        service.set_auth(s3s::auth::SimpleAuth::from_single(KEY, SECRET));
        let (service, one) = (service.build(), Arc::new(tokio::sync::Mutex::new(())));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (service, one) = (service.clone(), Arc::clone(&one));
                let answer =
                    hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                        let (service, one) = (service.clone(), Arc::clone(&one));
                        async move {
                            let _one = one.lock_owned().await;
                            Service::call(&service, request).await
                        }
                    });
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(socket), answer));
            }
        });
        let here = Self { place, endpoint, _runtime: runtime };
        for (name, from) in [("a", 0), ("b", 1440)] {
            std::fs::create_dir(here.path(name)).unwrap();
            std::fs::write(here.path(name).join("access.log"), log(from, from + 2880)).unwrap();
        }
        here
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut weir = self.place.command(arguments);
        weir.stdout(Stdio::piped()).stderr(Stdio::piped());
        weir.env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_REGION", "us-east-1");
        weir.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET);
        weir
    }

    fn weir(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn ingest(&self, logs: &str) -> Child {
        self.command(&["ingest", logs, "--lake", LAKE]).spawn().unwrap()
    }

    fn ask(&self, query: &str) -> String {
        let asked = self.weir(&["sql", "--lake", LAKE, "--json", query]);
        assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
        String::from_utf8_lossy(&asked.stdout).trim().to_owned()
    }
}

const LAKE: &str = "s3://logs/lake";

/// Records of a log, a minute apart.
fn log(from: u32, to: u32) -> String {
    let line = |n: u32| {
        let (day, hour, minute) = (n / 1440 + 1, n / 60 % 24, n % 60);
        format!(
            "192.0.2.{} - - [{day:02}/Mar/2026:{hour:02}:{minute:02}:07 +0000] \"GET /{n} HTTP/1.1\" 200 99 \"-\" \"curl/8\"\n",
            n % 40,
        )
    };
    (from..to).map(line).collect()
}

fn done(child: Child) {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

const RECORDS: &str = "SELECT count(*) AS n, count(DISTINCT path) AS pages FROM access";

#[test]
fn a_lake_in_a_bucket_is_filled_and_read_and_keeps_what_is_known() {
    let server = Server::start();
    done(server.ingest("a"));
    assert_eq!(server.ask(RECORDS), r#"{"n":2880,"pages":2880}"#);
    assert_eq!(
        server.ask("SELECT count(DISTINCT day) AS days FROM rollup WHERE kind = 'origin'"),
        r#"{"days":2}"#
    );
    done(server.ingest("a"));
    assert_eq!(server.ask(RECORDS), r#"{"n":2880,"pages":2880}"#);
}

#[test]
fn two_writers_at_once_lose_nothing_and_store_nothing_twice() {
    let server = Server::start();
    // The logs share a day: a run of records that stands in both is stored once, whoever comes first.
    let writers = [server.ingest("a"), server.ingest("b"), server.ingest("a")];
    writers.into_iter().for_each(done);
    assert_eq!(server.ask(RECORDS), r#"{"n":4320,"pages":4320}"#);
    let committed = server.ask("SELECT sum(parsed) AS n FROM intake");
    assert_eq!(committed, r#"{"n":4320}"#, "the account names every record once");
}

#[test]
fn a_writer_that_was_killed_is_taken_back() {
    let server = Server::start();
    done(server.ingest("a"));
    let table = server.path("objects/logs/lake/access");
    // What a writer leaves that was killed before its commit: its lease, a file of records, and the right to write.
    let lease = server.path("objects/logs/lake/_ingests/77.lease");
    std::fs::write(&lease, "").unwrap();
    std::fs::write(table.join("day=2026-03-01/i77-0.parquet"), "half a file").unwrap();
    done(server.ingest("b"));
    assert!(!lease.exists() && !table.join("day=2026-03-01/i77-0.parquet").exists());
    assert_eq!(server.ask(RECORDS), r#"{"n":4320,"pages":4320}"#);
}

#[test]
fn a_hold_on_a_lake_in_a_bucket_is_kept_by_retention() {
    let server = Server::start();
    done(server.ingest("a"));
    let run = |arguments: &[&str]| {
        let done = server.weir(arguments);
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    run(&["hold", "add", "--lake", LAKE, "--order", "7", "--to", "2026-03-01T06:00:00Z"]);
    let all = "SELECT * FROM access WHERE time < '2026-03-01T06:00:00Z' ORDER BY line";
    let held = server.ask(all);
    run(&["retain", "--lake", LAKE, "--before", "2026-03-02T12:00:00Z"]);
    assert_eq!(server.ask(all), held);
    assert_eq!(server.ask(RECORDS), r#"{"n":1080,"pages":1080}"#, "six hours held and twelve young");
    done(server.ingest("a"));
    assert_eq!(server.ask(RECORDS), r#"{"n":1080,"pages":1080}"#);
    run(&["hold", "release", "h1", "--lake", LAKE, "--order", "9", "--reason", "closed"]);
    run(&["retain", "--lake", LAKE, "--before", "2026-03-02T12:00:00Z"]);
    assert_eq!(server.ask(RECORDS), r#"{"n":720,"pages":720}"#);
}

#[test]
fn what_needs_a_folder_says_so() {
    let server = Server::start();
    let missing = server.weir(&["sql", "--lake", "s3://logs/none", "SELECT 1"]);
    assert!(!missing.status.success());
    assert!(String::from_utf8_lossy(&missing.stderr).contains("s3://logs/none"), "{missing:?}");
    let refused = server.weir(&["investigate", "a", "-o", "case", "--lake", LAKE]);
    assert!(!refused.status.success() && !server.path("case").exists());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is no folder"), "{refused:?}");
}

#[cfg(feature = "cluster")]
#[test]
fn a_lake_in_a_bucket_is_read_by_a_cluster() {
    use crate::cluster::Part;
    let server = Server::start();
    done(server.ingest("a"));
    let start = |name, asked: &[&str]| Part::start(&server.place, name, server.command(asked));
    let scheduler = start("scheduler", &["cluster", "scheduler", "--port", "0"]).started();
    let address = scheduler.address();
    let asked = ["cluster", "executor", "--port", "0", "--work-dir", ".", "--scheduler", &address];
    let executor = start("executor", &asked).started();
    let query = "SELECT src_ip, min(path) AS path, count(*) AS n FROM access GROUP BY 1 ORDER BY 1";
    let together = server.weir(&["sql", "--lake", LAKE, "--json", "--cluster", &address, query]);
    assert!(together.status.success(), "{}", String::from_utf8_lossy(&together.stderr));
    assert_eq!(String::from_utf8_lossy(&together.stdout).trim(), server.ask(query));
    assert!(executor.tasks().1 > 0, "the executor read the bucket");
}
