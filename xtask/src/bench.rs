//! `cargo xtask bench ingest`: Weir beside DuckDB on one generated file, in one run.
//!
//! The file has what real logs have: 200,000 addresses with a heavy tail, 60 clients, 20 days. DuckDB reads it with `read_csv`, a
//! space as delimiter and quotes, and writes the same columns to zstd Parquet. Both are timed as whole processes; peak memory is
//! the largest resident set the system saw.

use crate::run::{Done, command, finish, say, target};
use crate::tools;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// Runs the named bench.
pub fn run(arguments: &[&str]) -> Done {
    let lines = match arguments {
        ["ingest"] => 1_000_000,
        ["ingest", "--lines", n] => n.parse().map_err(|_| format!("`{n}` is not a number of lines"))?,
        _ => return Err("usage: cargo xtask bench ingest [--lines N]".to_owned()),
    };
    let folder = target().join("bench");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let log = folder.join(format!("access-{lines}.log"));
    generate(&log, lines).map_err(|e| format!("{}: {e}", log.display()))?;
    finish("release build", command("cargo").args(["build", "--release"]))?;
    let python = tools::python()?;
    let weir = weir(&folder, &log)?;
    let duck = duckdb(&folder, &log, &python)?;
    say(&format!("{:10} {:>14} {:>14}", "", "lines/s", "peak memory"));
    for (name, (seconds, bytes)) in [("weir", weir), ("duckdb", duck)] {
        say(&format!("{name:10} {:>14.0} {:>11.0} MB", lines as f64 / seconds, bytes as f64 / 1e6));
    }
    say(&format!("weir / duckdb: {:.2} times the lines per second", duck.0 / weir.0));
    Ok(())
}

/// A pseudo-random sequence (SplitMix64): the same file every time.
struct Sequence(u64);

impl Sequence {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, small ones far more often (density proportional to 1/x).
    fn heavy(&mut self, n: u64) -> u64 {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        ((n as f64).powf(unit) as u64).min(n - 1)
    }
}

fn generate(path: &Path, lines: u64) -> std::io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let part = path.with_extension("part");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&part)?);
    let mut numbers = Sequence(2026);
    let seconds = 20 * 86_400;
    let mut line = String::new();
    for n in 0..lines {
        let at = n * seconds / lines;
        let address = numbers.heavy(200_000);
        let (day, rest) = (1 + at / 86_400, at % 86_400);
        line.clear();
        let _ = writeln!(
            line,
            "{}.{}.{}.{} - - [{day:02}/Jun/2025:{:02}:{:02}:{:02} +0000] \"GET /members/{}/orders?page={} HTTP/1.1\" {} {} \"https://shop.example/\" \
             \"Mozilla/5.0 (X11; Linux x86_64) Client/{}.0\"",
            10 + address / 16_777_216,
            address / 65_536 % 256,
            address / 256 % 256,
            address % 256,
            rest / 3600,
            rest / 60 % 60,
            rest % 60,
            numbers.heavy(100_000),
            numbers.next() % 9,
            if numbers.next().is_multiple_of(50) { 404 } else { 200 },
            200 + numbers.next() % 20_000,
            numbers.heavy(60),
        );
        out.write_all(line.as_bytes())?;
    }
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    std::fs::rename(part, path)
}

fn weir(folder: &Path, log: &Path) -> Done<(f64, u64)> {
    let lake = folder.join("lake");
    let _ = std::fs::remove_dir_all(&lake);
    let program = target().join("release/weir");
    measure(command("/usr/bin/env").arg(program).arg("ingest").arg(log).arg("--lake").arg(lake))
}

const DUCKDB: &str = "
import duckdb, sys
duckdb.sql(f'''COPY (SELECT column00 AS src_ip, column02 AS actor, strptime(column03[2:], '%d/%b/%Y:%H:%M:%S') AS time,
  split_part(column05, ' ', 1) AS http_method, split_part(split_part(column05, ' ', 2), '?', 1) AS path,
  split_part(split_part(column05, ' ', 2), '?', 2) AS query, split_part(column05, ' ', 3) AS protocol,
  try_cast(column06 AS INT) AS status, try_cast(column07 AS BIGINT) AS bytes_out, column08 AS referrer, column09 AS user_agent
  FROM read_csv('{sys.argv[1]}', delim=' ', quote='\"', header=false, all_varchar=true, null_padding=true,
    names=['column00','column01','column02','column03','column04','column05','column06','column07','column08','column09']))
  TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd)''')
";

fn duckdb(folder: &Path, log: &Path, python: &Path) -> Done<(f64, u64)> {
    let out = folder.join("duckdb.parquet");
    measure(command(python).args(["-c", DUCKDB]).arg(log).arg(out))
}

/// Seconds and peak resident bytes of a process.
pub fn measure(command: &mut std::process::Command) -> Done<(f64, u64)> {
    measure_within(command, None)
}

/// The same of a process that is ended after some time.
#[expect(clippy::disallowed_methods, reason = "it measures")]
pub fn measure_within(command: &mut std::process::Command, limit: Option<Duration>) -> Done<(f64, u64)> {
    let start = Instant::now();
    let mut child = command.stdout(std::process::Stdio::null()).spawn().map_err(|e| e.to_string())?;
    let status_of = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            let seconds = start.elapsed().as_secs_f64();
            return if status.success() {
                Ok((seconds, peak))
            } else {
                Err(format!("a measured program failed ({status})"))
            };
        }
        if let Some(limit) = limit.filter(|limit| start.elapsed() > *limit) {
            child.kill().and_then(|()| child.wait()).map_err(|e| e.to_string())?;
            return Err(format!("a measured program took longer than {} s", limit.as_secs()));
        }
        let text = std::fs::read_to_string(&status_of).unwrap_or_default();
        let seen = text
            .lines()
            .find_map(|l| l.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u64>().ok());
        peak = peak.max(seen.unwrap_or(0) * 1024);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
