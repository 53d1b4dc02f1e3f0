//! A cluster of real processes on loopback: a scheduler and two executors with one slot each, asked with more partitions than slots.
//!
//! Decisive choice: every answer is held against the one that this machine gives alone, byte for byte. That executors worked on it is read from their own
//! logs, by the names of the jobs whose plans the scheduler's log shows, and an executor is killed only while its log says that it is at work.

use crate::terminal::{Terminal, words};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// A process of the cluster, gone with the test.
pub struct Part {
    child: Child,
    /// What it said of itself.
    log: PathBuf,
    said: PathBuf,
}

impl Part {
    pub fn start(place: &Terminal, name: &str, mut weir: Command) -> Self {
        let (log, said) = (place.path(&format!("{name}.log")), place.path(&format!("{name}.said")));
        let file = |path| std::fs::File::create(path).unwrap();
        weir.env("WEIR_LOG", "info").stdout(file(&said)).stderr(file(&log));
        Self { child: weir.spawn().unwrap(), log, said }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until it listens.
    pub fn started(mut self) -> Self {
        let mut tries = 0;
        while !std::fs::read_to_string(&self.said).unwrap().ends_with('\n') {
            assert_eq!(self.child.try_wait().unwrap(), None, "{}", self.log());
            assert!(tries < 600, "it says nothing: {}", self.log());
            std::thread::sleep(Duration::from_millis(100));
            tries += 1;
        }
        self
    }

    /// Where it listens, by its first line.
    pub fn address(&self) -> String {
        let said = std::fs::read_to_string(&self.said).unwrap();
        said.split_whitespace().nth(2).unwrap().to_owned()
    }

    /// Whether it finished parts of two of these queries at least.
    fn worked_on(&self, jobs: &[String]) -> bool {
        let log = self.log();
        let worked = jobs.iter().filter(|job| log.contains(&format!("Finished task : [TID {job}/")));
        worked.count() >= 2
    }

    /// Parts of queries that it was given, and that it finished.
    pub fn tasks(&self) -> (usize, usize) {
        (self.steps("Received task: [").len(), self.steps("Finished task : [").len())
    }

    /// The step of each part that its log has after some words: `TID QUERY/STEP.ATTEMPT/PART.ATTEMPT]`.
    fn steps(&self, words: &str) -> Vec<usize> {
        let log = self.log();
        let parts = log.split(words).skip(1);
        parts.map(|part| part.split(['/', '.']).nth(1).unwrap().parse().unwrap()).collect()
    }

    /// Whether it is at work on a step of which another finished a part already, and finished parts of an earlier one that this step reads.
    fn is_half_way(&self, other: &Self) -> bool {
        let (given, finished) = (self.steps("Received task: ["), self.steps("Finished task : ["));
        let of = |steps: &[usize], step| steps.iter().filter(|s| **s == step).count();
        let Some(step) = given.iter().copied().find(|step| of(&given, *step) > of(&finished, *step)) else {
            return false;
        };
        finished.iter().any(|earlier| *earlier < step) && other.steps("Finished task : [").contains(&step)
    }

    /// Waits until its log has some words.
    fn wait_until(&self, words: &str) {
        let mut tries = 0;
        while !self.log().contains(words) {
            assert!(tries < 600, "`{words}` is not said: {}", self.log());
            std::thread::sleep(Duration::from_millis(100));
            tries += 1;
        }
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success(), "{signal}");
    }

    fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.kill();
    }
}

struct Cluster {
    place: Terminal,
    executors: Vec<Part>,
    address: String,
    scheduler: Part,
}

impl Cluster {
    /// A scheduler, and a lake of twelve days.
    fn new() -> Self {
        let place = Terminal::new();
        // Long enough that an executor on a busy machine is not taken for one that is lost.
        let asked = ["cluster", "scheduler", "--port", "0", "--lost-after", "16"];
        let scheduler = Part::start(&place, "scheduler", place.command(&asked)).started();
        done(&place.weir(&["simulate", "forged-tokens", "-o", "w", "--days", "12", "--scale", "0.05"]));
        // Two ingests, so that days have several files.
        let mut logs: Vec<PathBuf> =
            std::fs::read_dir(place.path("w/logs")).unwrap().map(|e| e.unwrap().path()).collect();
        logs.sort();
        for log in logs {
            done(&place.weir(&[
                "ingest",
                log.to_str().unwrap(),
                "--lake",
                "lake",
                "--config",
                "w/weir.toml",
            ]));
        }
        let address = scheduler.address();
        Self { place, executors: Vec::new(), address, scheduler }
    }

    fn join(&mut self) {
        let name = format!("executor{}", self.executors.len());
        let asked = ["cluster", "executor", "--port", "0", "--slots", "1", "--work-dir", "."];
        let asked = [&asked[..], &["--scheduler", &self.address]].concat();
        self.executors.push(Part::start(&self.place, &name, self.place.command(&asked)).started());
    }

    /// The queries whose plan holds some words, by the scheduler's log.
    fn jobs(&self, words: &str) -> Vec<String> {
        let log = self.scheduler.log();
        let plans = log.split("Submitting execution graph for job_id [").skip(1);
        let plans = plans.map(|told| told.split("INFO").next().unwrap());
        let told =
            plans.filter(|plan| plan.contains(words)).map(|plan| plan.split(']').next().unwrap().to_owned());
        told.collect()
    }

    fn asked<'a>(query: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let asked = ["sql", "--lake", "lake", "--config", "w/weir.toml", "--json", query];
        asked.into_iter().chain(more.iter().copied()).collect()
    }

    /// The answer of this machine alone.
    fn alone(&self, query: &str) -> String {
        done(&self.place.weir(&Self::asked(query, &[])))
    }

    /// The answer of the cluster.
    fn together(&self, query: &str) -> String {
        let more = ["--cluster", &self.address, "--partitions", "5"];
        done(&self.place.weir(&Self::asked(query, &more)))
    }
}

fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", words(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Merges of rollups, groups of records and of the digest, with people under pseudonyms, and an order in which no row ties with another.
const QUERIES: [&str; 7] = [
    "SELECT kind, entity, distinct_count(people, entity) AS people, sum(records) AS n, min(first) AS first FROM rollup \
     GROUP BY 1, 2 ORDER BY 1, 2",
    "SELECT kind, distinct_count(people, entity) AS people, count(DISTINCT day) AS days FROM rollup GROUP BY 1 ORDER BY 1",
    "DESCRIBE rollup",
    // Of two tables, one has no record.
    "SELECT sensor, count(*) AS n FROM (SELECT sensor FROM access UNION ALL SELECT sensor FROM auth UNION ALL \
     SELECT sensor FROM host) GROUP BY 1 ORDER BY 1",
    "SELECT network(src_ip) AS net, route, dataset, count(*) AS n, count(DISTINCT subject) AS people, max(time) AS last \
     FROM access GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    "SELECT file, line, time, src_ip, path, subjects FROM access WHERE status_code = '200' ORDER BY time, file, line LIMIT 300",
    "SELECT a.entity, a.day, i.path FROM rollup a JOIN (SELECT min(day) AS day, kind FROM rollup GROUP BY kind) f \
     ON a.kind = f.kind AND a.day = f.day CROSS JOIN (SELECT min(path) AS path FROM intake) i \
     WHERE a.kind = 'origin' ORDER BY 1, 2",
];

#[test]
fn a_cluster_answers_as_one_machine_does() {
    let mut cluster = Cluster::new();
    let refused =
        cluster.place.weir(&Cluster::asked("SELECT count(*) FROM access", &["--cluster", &cluster.address]));
    assert_eq!(refused.status.code(), Some(1));
    assert!(words(&refused.stderr).contains("has no executor"), "{}", words(&refused.stderr));
    cluster.join();
    cluster.join();
    for query in QUERIES {
        let alone = cluster.alone(query);
        assert!(alone.lines().count() > 1, "{query}: {alone}");
        let together = cluster.together(query);
        assert!(together == alone, "{query}: {together}\n{alone}\n{}", cluster.scheduler.log());
    }
    let merges = cluster.jobs("distinct_count(");
    assert!(merges.len() >= 2, "{}", cluster.scheduler.log());
    for executor in &cluster.executors {
        assert!(executor.worked_on(&merges), "each merged sketches: {merges:?} {}", executor.log());
    }

    let investigate = |case, more: &[&str]| {
        let asked = ["investigate", "-o", case, "--lake", "lake", "--config", "w/weir.toml"];
        let asked: Vec<&str> = asked.into_iter().chain(more.iter().copied()).collect();
        done(&cluster.place.weir(&asked));
        let read = |name: &str| std::fs::read_to_string(cluster.place.path(case).join(name)).unwrap();
        ["findings.jsonl", "scope.csv", "timeline.csv"].map(read)
    };
    let before = cluster.jobs("/lake/rollup/");
    let together = investigate("together", &["--cluster", &cluster.address, "--partitions", "5"]);
    let alone = investigate("alone", &[]);
    assert!(alone[0].lines().count() > 1, "{}", alone[0]);
    assert!(together == alone, "{together:#?}\n{alone:#?}");
    let of_detection: Vec<String> =
        cluster.jobs("/lake/rollup/").into_iter().filter(|job| !before.contains(job)).collect();
    assert!(of_detection.len() >= 10, "{of_detection:?}");
    for executor in &cluster.executors {
        assert!(executor.worked_on(&of_detection), "each worked on detection: {}", executor.log());
    }
}

/// Every pair of some records of which their hash takes a share: seconds of work for each partition.
fn pairs(columns: &str, share: f64, group: &str) -> String {
    format!(
        "SELECT {columns} FROM access a JOIN access b ON hash_share(a.path || b.src_ip || b.path) < {share} WHERE b.line < 1500 {group}"
    )
}

impl Cluster {
    /// Asks two executors; does something to one of them half way. The answer, the cluster, and whom it was done to.
    fn struck(query: &str, strike: impl FnOnce(&Self, &mut Part)) -> (String, Self, Part) {
        let mut cluster = Self::new();
        cluster.join();
        cluster.join();
        let more = ["--cluster", &cluster.address, "--partitions", "5"];
        let mut weir = cluster.place.command(&Self::asked(query, &more));
        let asked = weir.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let half_way =
            |cluster: &Self| (0..2).find(|at| cluster.executors[*at].is_half_way(&cluster.executors[1 - at]));
        let mut tries = 0;
        let at = loop {
            if let Some(at) = half_way(&cluster) {
                break at;
            }
            assert!(
                tries < 1200,
                "none is half way: {}{}",
                cluster.executors[0].log(),
                cluster.executors[1].log()
            );
            std::thread::sleep(Duration::from_millis(50));
            tries += 1;
        };
        let mut victim = cluster.executors.remove(at);
        strike(&cluster, &mut victim);
        let together = done(&asked.wait_with_output().unwrap());
        assert_eq!(cluster.jobs("hash_share(").len(), 2, "asked again: {}", cluster.scheduler.log());
        (together, cluster, victim)
    }
}

/// What another finished of the step that the killed one worked on is not counted beside what replaces it.
#[test]
fn an_executor_killed_at_work_changes_nothing() {
    let query = pairs(
        "a.route, count(*) AS n, sum(hash(a.path || b.path) % 1000) AS sum",
        0.9,
        "GROUP BY 1 ORDER BY 1",
    );
    let (together, cluster, _) = Cluster::struck(&query, |_, victim| victim.kill());
    let alone = cluster.alone(&query);
    assert!(together == alone, "{together}\n{alone}");
}

/// It is stopped until it is taken for lost; then it goes on, with results of its own, and is given work again. The answer comes in parts.
#[test]
fn an_executor_silent_for_long_changes_nothing_and_works_on() {
    let query = pairs("a.file, a.line, b.file AS of, b.line AS at", 0.002, "");
    let (together, cluster, victim) = Cluster::struck(&query, |cluster, victim| {
        victim.signal("-STOP");
        cluster.scheduler.wait_until("is given up: executor");
        victim.signal("-CONT");
    });
    let sorted = |answer: &str| {
        let mut lines: Vec<String> = answer.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let alone = cluster.alone(&query);
    assert!(alone.lines().count() > 1000, "{alone}");
    assert!(
        sorted(&together) == sorted(&alone),
        "{} and {} rows",
        together.lines().count(),
        alone.lines().count()
    );
    let merge = QUERIES[0];
    let works_on = (0..40).any(|_| {
        assert_eq!(cluster.together(merge), cluster.alone(merge));
        victim.worked_on(&cluster.jobs("distinct_count("))
    });
    assert!(works_on, "{}", victim.log());
}

#[test]
fn what_is_no_cluster_is_said() {
    let place = Terminal::new();
    done(&place.weir(&["simulate", "forged-tokens", "-o", "w", "--days", "2", "--scale", "0.01"]));
    done(&place.weir(&["ingest", "w/logs", "--lake", "lake"]));
    let said = |address: &str| {
        let output = place.weir(&["sql", "--lake", "lake", "--cluster", address, "SELECT 1"]);
        (output.status.code(), words(&output.stderr))
    };
    let (code, text) = said("http://127.0.0.1:50050");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("write df://HOST:PORT"), "{text}");
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (code, text) = said(&format!("df://{free}"));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("cannot be reached") && text.contains("weir cluster scheduler"), "{text}");
    let (code, text) = said("df://no-such-host.invalid:50050");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("`df://no-such-host.invalid:50050` cannot be reached"), "{text}");
}
