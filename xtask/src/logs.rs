//! Generated logs: the same bytes every time, and what real ones have: 200,000 addresses with a heavy tail, 60 clients, 20 days.

use flate2::read::GzDecoder;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// How many addresses a log has, unless it says otherwise.
pub const ADDRESSES: u64 = 200_000;
/// How many people a log's routes show.
pub const MEMBERS: u64 = 100_000;
/// How many days a log covers.
pub const DAYS: u64 = 20;

/// From one person to the next where everybody is shown in turn: a prime, so that all come before one comes again.
const STEP: u64 = 7_368_787;

const DAY_SECONDS: u64 = 86_400;

/// A pseudo-random sequence (SplitMix64): the same numbers every time.
#[derive(Clone, Debug)]
pub struct Sequence(u64);

impl Sequence {
    /// The sequence of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, small ones far more often (density proportional to 1/x).
    pub fn heavy(&mut self, n: u64) -> u64 {
        let unit = (self.draw() >> 11) as f64 / (1_u64 << 53) as f64;
        ((n as f64).powf(unit) as u64).min(n.saturating_sub(1))
    }

    fn address(&mut self, addresses: u64) -> String {
        let n = self.heavy(addresses);
        format!("{}.{}.{}.{}", 10 + n / 16_777_216, n / 65_536 % 256, n / 256 % 256, n % 256)
    }

    fn uuid(&mut self) -> String {
        let (high, low) = (self.draw(), self.draw());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            0x8000 | low >> 50,
            low & 0xffff_ffff_ffff
        )
    }
}

/// A combined access log in which people's orders are shown.
#[derive(Clone, Debug)]
pub struct AccessLog {
    /// Where its numbers begin.
    pub seed: u64,
    /// How many lines it has.
    pub lines: u64,
    /// The days it covers evenly, 0 is the first of June.
    pub days: Range<u64>,
    /// How many addresses there are.
    pub addresses: u64,
    /// How many people there are.
    pub members: u64,
    /// Shows everybody in turn, beginning with so many lines done, where every answer is a success; people by chance if `None`.
    pub first: Option<u64>,
}

impl AccessLog {
    /// A log of all days.
    #[must_use]
    pub fn new(lines: u64) -> Self {
        Self { seed: 2026, lines, days: 0..DAYS, addresses: ADDRESSES, members: MEMBERS, first: None }
    }

    /// Writes it, and gives the writer back.
    ///
    /// # Errors
    /// If the writer fails.
    pub fn write<W: Write>(&self, mut out: W) -> io::Result<W> {
        let mut numbers = Sequence::new(self.seed);
        let mut line = String::new();
        let seconds = (self.days.end - self.days.start) * DAY_SECONDS;
        for n in 0..self.lines {
            let at = self.days.start * DAY_SECONDS + n * seconds / self.lines;
            let address = numbers.address(self.addresses);
            let drawn = numbers.heavy(self.members);
            let member = self.first.map_or(drawn, |first| (first + n) % self.members * STEP % self.members);
            let (day, rest) = (1 + at / DAY_SECONDS, at % DAY_SECONDS);
            line.clear();
            let _ = writeln!(
                line,
                "{address} - - [{day:02}/Jun/2025:{:02}:{:02}:{:02} +0000] \"GET /members/{}/orders?page={} HTTP/1.1\" {} {} \"https://shop.example/\" \
                 \"Mozilla/5.0 (X11; Linux x86_64) Client/{}.0\"",
                rest / 3600,
                rest / 60 % 60,
                rest % 60,
                member,
                numbers.draw() % 9,
                if numbers.draw().is_multiple_of(50) && self.first.is_none() { 404 } else { 200 },
                200 + numbers.draw() % 20_000,
                numbers.heavy(60),
            );
            out.write_all(line.as_bytes())?;
        }
        out.flush()?;
        Ok(out)
    }
}

/// CloudTrail's files: the real events of an example, over and over, with times, ids and addresses of their own.
pub struct CloudTrail {
    templates: Vec<Map<String, Value>>,
    numbers: Sequence,
    events: u64,
    nth: u64,
}

impl CloudTrail {
    /// So many events, after those of the files in a folder.
    ///
    /// # Errors
    /// If the folder or a file in it cannot be read.
    pub fn new(examples: &Path, events: u64) -> io::Result<Self> {
        Ok(Self { templates: templates(examples)?, numbers: Sequence::new(2027), events, nth: 0 })
    }

    /// How many events were given.
    #[must_use]
    pub fn given(&self) -> u64 {
        self.nth
    }

    /// The next file, of at most so many events; none after the last.
    pub fn file(&mut self, events_max: u64) -> Option<Value> {
        let count = events_max.min(self.events - self.nth);
        let records: Vec<Value> = (0..count).map(|_| Value::Object(self.event())).collect();
        (count > 0).then(|| json!({ "Records": records }))
    }

    fn event(&mut self) -> Map<String, Value> {
        let numbers = &mut self.numbers;
        let at = usize::try_from(numbers.draw()).unwrap_or(0) % self.templates.len().max(1);
        let mut event = self.templates.get(at).cloned().unwrap_or_default();
        let second = self.nth * DAYS * DAY_SECONDS / self.events;
        event.insert("eventTime".to_owned(), stamp(second).into());
        event.insert("eventID".to_owned(), numbers.uuid().into());
        event.insert("requestID".to_owned(), numbers.uuid().into());
        event.insert("sourceIPAddress".to_owned(), numbers.address(ADDRESSES).into());
        self.nth += 1;
        event
    }
}

fn templates(examples: &Path) -> io::Result<Vec<Map<String, Value>>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(examples)?
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
    let (day, rest) = (1 + second / DAY_SECONDS, second % DAY_SECONDS);
    format!("2025-06-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// Writes Zeek's `conn.log` as JSON, and gives the writer back.
///
/// # Errors
/// If the writer fails.
pub fn zeek<W: Write>(mut out: W, lines: u64) -> io::Result<W> {
    const SERVICES: [(&str, u16); 4] = [("ssl", 443), ("http", 80), ("dns", 53), ("ssh", 22)];
    const BEGAN: u64 = 1_748_736_000;
    let mut numbers = Sequence::new(2028);
    for n in 0..lines {
        let at = BEGAN * 1_000_000 + n * DAYS * DAY_SECONDS * 1_000_000 / lines;
        let (from, uid) = (numbers.address(ADDRESSES), numbers.draw());
        let (service, port) =
            SERVICES.get(usize::try_from(numbers.heavy(4)).unwrap_or(0)).copied().unwrap_or_default();
        writeln!(
            out,
            "{{\"ts\":{}.{:06},\"uid\":\"C{uid:016x}\",\"id.orig_h\":\"{from}\",\"id.orig_p\":{},\"id.resp_h\":\"192.0.2.{}\",\"id.resp_p\":{port},\
             \"proto\":\"tcp\",\"service\":\"{service}\",\"duration\":{}.{:06},\"orig_bytes\":{},\"resp_bytes\":{},\"conn_state\":\"SF\",\"missed_bytes\":0,\
             \"history\":\"ShADadFf\",\"orig_pkts\":{},\"orig_ip_bytes\":{},\"resp_pkts\":{},\"resp_ip_bytes\":{}}}",
            at / 1_000_000,
            at % 1_000_000,
            1_024 + numbers.draw() % 60_000,
            numbers.heavy(200),
            numbers.heavy(60),
            numbers.draw() % 1_000_000,
            numbers.draw() % 5_000,
            numbers.heavy(2_000_000),
            2 + numbers.draw() % 40,
            200 + numbers.draw() % 8_000,
            2 + numbers.draw() % 60,
            400 + numbers.draw() % 90_000,
        )?;
    }
    out.flush()?;
    Ok(out)
}
