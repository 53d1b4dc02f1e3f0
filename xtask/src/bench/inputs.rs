//! Generated logs: the same bytes every time, and what real ones have: 200,000 addresses with a heavy tail, 60 clients, 20 days.

use crate::run::{Done, root};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Map, Value};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

const ADDRESSES: u64 = 200_000;
const DAYS: u64 = 20;
/// Events of one CloudTrail file.
const FILE_EVENTS: u64 = 2_000;

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A combined access log.
    Access,
    /// The same, compressed.
    AccessGzip,
    /// A folder of CloudTrail files.
    CloudTrail,
    /// Zeek's `conn.log` as JSON.
    Zeek,
}

impl Input {
    /// What the page calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Access => "access log, plain",
            Self::AccessGzip => "access log, gzip",
            Self::CloudTrail => "CloudTrail",
            Self::Zeek => "Zeek conn",
        }
    }

    /// The file or folder with so many records, made where it is missing.
    pub fn make(self, folder: &Path, records: u64) -> Done<PathBuf> {
        let path = folder.join(match self {
            Self::Access => format!("access-{records}.log"),
            Self::AccessGzip => format!("access-{records}.log.gz"),
            Self::CloudTrail => format!("cloudtrail-{records}"),
            Self::Zeek => format!("conn-{records}.log"),
        });
        if path.exists() {
            return Ok(path);
        }
        let part = path.with_extension("part");
        let made = match self {
            Self::Access => File::create(&part).and_then(|f| access(BufWriter::new(f), records).map(drop)),
            Self::AccessGzip => File::create(&part).and_then(|f| {
                let packed = GzEncoder::new(BufWriter::new(f), Compression::default());
                access(packed, records).and_then(GzEncoder::finish).map(drop)
            }),
            Self::CloudTrail => cloudtrail(&part, records),
            Self::Zeek => File::create(&part).and_then(|f| zeek(BufWriter::new(f), records)),
        };
        made.and_then(|()| std::fs::rename(&part, &path)).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(path)
    }
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

    fn address(&mut self) -> String {
        let n = self.heavy(ADDRESSES);
        format!("{}.{}.{}.{}", 10 + n / 16_777_216, n / 65_536 % 256, n / 256 % 256, n % 256)
    }
}

fn access<W: Write>(mut out: W, lines: u64) -> io::Result<W> {
    let mut numbers = Sequence(2026);
    let mut line = String::new();
    for n in 0..lines {
        let at = n * DAYS * 86_400 / lines;
        let address = numbers.address();
        let (day, rest) = (1 + at / 86_400, at % 86_400);
        line.clear();
        let _ = writeln!(
            line,
            "{address} - - [{day:02}/Jun/2025:{:02}:{:02}:{:02} +0000] \"GET /members/{}/orders?page={} HTTP/1.1\" {} {} \"https://shop.example/\" \
             \"Mozilla/5.0 (X11; Linux x86_64) Client/{}.0\"",
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
    out.flush()?;
    Ok(out)
}

/// The real events of the example, over and over, with times, ids and addresses of their own.
fn cloudtrail(folder: &Path, events: u64) -> io::Result<()> {
    let templates = templates()?;
    let mut numbers = Sequence(2027);
    std::fs::create_dir_all(folder)?;
    let mut nth = 0;
    while nth < events {
        let mut records = Vec::new();
        for _ in 0..FILE_EVENTS.min(events - nth) {
            let at = usize::try_from(numbers.next()).unwrap_or(0) % templates.len().max(1);
            let mut event = templates.get(at).cloned().unwrap_or_default();
            let second = nth * DAYS * 86_400 / events;
            event.insert("eventTime".to_owned(), stamp(second).into());
            event.insert("eventID".to_owned(), uuid(&mut numbers).into());
            event.insert("requestID".to_owned(), uuid(&mut numbers).into());
            event.insert("sourceIPAddress".to_owned(), numbers.address().into());
            records.push(Value::Object(event));
            nth += 1;
        }
        let file = File::create(folder.join(format!("{nth:09}.json.gz")))?;
        let mut packed = GzEncoder::new(BufWriter::new(file), Compression::default());
        serde_json::to_writer(&mut packed, &serde_json::json!({ "Records": records }))?;
        packed.finish()?.flush()?;
    }
    Ok(())
}

fn templates() -> io::Result<Vec<Map<String, Value>>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join("examples/cloud-account"))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "gz"))
        .collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let value: Value = serde_json::from_reader(BufReader::new(GzDecoder::new(File::open(file)?)))?;
        let records = value.get("Records").and_then(Value::as_array).cloned().unwrap_or_default();
        all.extend(records.into_iter().filter_map(|record| match record {
            Value::Object(event) => Some(event),
            _ => None,
        }));
    }
    Ok(all)
}

fn stamp(second: u64) -> String {
    let (day, rest) = (1 + second / 86_400, second % 86_400);
    format!("2025-06-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

fn uuid(numbers: &mut Sequence) -> String {
    let (high, low) = (numbers.next(), numbers.next());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        0x8000 | low >> 50,
        low & 0xffff_ffff_ffff
    )
}

fn zeek(mut out: impl Write, lines: u64) -> io::Result<()> {
    const SERVICES: [(&str, u16); 4] = [("ssl", 443), ("http", 80), ("dns", 53), ("ssh", 22)];
    const BEGAN: u64 = 1_748_736_000;
    let mut numbers = Sequence(2028);
    for n in 0..lines {
        let at = BEGAN * 1_000_000 + n * DAYS * 86_400 * 1_000_000 / lines;
        let (from, uid) = (numbers.address(), numbers.next());
        let (service, port) =
            SERVICES.get(usize::try_from(numbers.heavy(4)).unwrap_or(0)).copied().unwrap_or_default();
        writeln!(
            out,
            "{{\"ts\":{}.{:06},\"uid\":\"C{uid:016x}\",\"id.orig_h\":\"{from}\",\"id.orig_p\":{},\"id.resp_h\":\"192.0.2.{}\",\"id.resp_p\":{port},\
             \"proto\":\"tcp\",\"service\":\"{service}\",\"duration\":{}.{:06},\"orig_bytes\":{},\"resp_bytes\":{},\"conn_state\":\"SF\",\"missed_bytes\":0,\
             \"history\":\"ShADadFf\",\"orig_pkts\":{},\"orig_ip_bytes\":{},\"resp_pkts\":{},\"resp_ip_bytes\":{}}}",
            at / 1_000_000,
            at % 1_000_000,
            1_024 + numbers.next() % 60_000,
            numbers.heavy(200),
            numbers.heavy(60),
            numbers.next() % 1_000_000,
            numbers.next() % 5_000,
            numbers.heavy(2_000_000),
            2 + numbers.next() % 40,
            200 + numbers.next() % 8_000,
            2 + numbers.next() % 60,
            400 + numbers.next() % 90_000,
        )?;
    }
    out.flush()
}
