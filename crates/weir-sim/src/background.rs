//! Real logs that a scenario is written into, so that the background is nobody's model.
//!
//! The decisive choice: not a byte of theirs changes. Each log is read twice as a stream: once for its period, its numbers and the names
//! it goes by, once while the attacker's lines are laid between its own, at their time. What an attacker would copy from its
//! surroundings (client strings, public pages to look at as cover, the site's own name) is drawn from the log; ids of people come from
//! numbers that none of its paths holds. Memory does not grow with the log.

mod line;
mod survey;

use std::path::{Path, PathBuf};

use crate::clock::Clock;
use crate::error::Result;
use crate::event::{Access, Referer};
use crate::format::combined::Foreign;
use crate::output::LogFile;
use crate::random::mix;
use crate::scenario::Place;
use crate::site::Page;
use crate::text::{Put, put};
use line::{Line, Lines};
use survey::{Sample, Survey};

/// Real logs under way to becoming part of a world.
pub(crate) struct Background {
    parts: Vec<Part>,
    sample: Sample,
    line: Vec<u8>,
}

/// One real log.
struct Part {
    lines: Lines,
    out: LogFile,
    /// A line that was read and is still to be written, and its time.
    next: Vec<u8>,
    at: Option<i64>,
    ended: bool,
    /// Whether the last line written lacks its end.
    open: bool,
    first: i64,
    last: i64,
    ahead_min: i32,
    clock: Clock,
    injected: u64,
}

/// What became of a real log.
pub(crate) struct Written {
    pub(crate) path: PathBuf,
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    pub(crate) injected: u64,
}

/// Real logs that were looked through.
pub(crate) struct Surveyed(Survey);

impl Surveyed {
    /// Looks through real logs.
    pub(crate) fn read(paths: &[PathBuf], seed: u64) -> Result<Self> {
        Survey::read(paths, seed).map(Self)
    }

    /// Days of the log's calendar that it touches.
    pub(crate) fn days(&self) -> u32 {
        self.0.days()
    }

    /// When and among which ids a scenario with this many members is to be played.
    pub(crate) fn place(&self, members: u32) -> Result<Place> {
        self.0.place(members)
    }

    /// Begins the second reading.
    pub(crate) fn begin(self, folder: &Path) -> Result<Background> {
        let Survey { files, sample, .. } = self.0;
        let several = files.len() > 1;
        let parts = files.into_iter().zip(1..).map(|(file, nth)| {
            let (lines, codec) = Lines::open(&file.path)?;
            // Logs of several servers often have one name.
            let name = if several { format!("{nth}-{}", file.name()) } else { file.name() };
            let clock = Clock::new(file.ahead_min * 60);
            Ok(Part {
                lines,
                out: LogFile::create(folder, &name, codec)?,
                next: Vec::new(),
                at: None,
                ended: false,
                open: false,
                first: file.first,
                last: file.last,
                ahead_min: file.ahead_min,
                clock,
                injected: 0,
            })
        });
        Ok(Background { parts: parts.collect::<Result<_>>()?, sample, line: Vec::with_capacity(1_024) })
    }
}

impl Background {
    /// Lays an access between the real lines, at its time. Says whether it was: outside the logs' period nothing is written.
    pub(crate) fn inject(&mut self, access: &Access) -> Result<bool> {
        let Some(part) = self.part(access) else { return Ok(false) };
        let Some(part) = self.parts.get_mut(part) else { return Ok(false) };
        part.copy_until(access.at)?;
        self.line.clear();
        let line = &mut self.line;
        if part.open {
            put!(line, "\n");
        }
        let foreign = Foreign {
            access,
            moment: part.clock.at(access.at),
            ahead_min: part.ahead_min,
            target: &self.sample.target(access.page),
            bytes: &self.sample.bytes(access),
            referer: &self.sample.referer(access.referer),
            client: &self.sample.client(access),
        };
        foreign.put(line);
        part.open = false;
        part.injected += 1;
        part.out.line(line)?;
        Ok(true)
    }

    /// The client string under which an access is written.
    pub(crate) fn client(&self, access: &Access) -> String {
        String::from_utf8_lossy(&self.sample.client(access)).into_owned()
    }

    /// The log whose server would have answered: one of those that were writing at the time, or, between two logs, the earlier.
    fn part(&self, access: &Access) -> Option<usize> {
        let (first, last) =
            (self.parts.iter().map(|part| part.first).min()?, self.parts.iter().map(|part| part.last).max()?);
        if !(first..=last).contains(&access.at) {
            return None;
        }
        let parts = || self.parts.iter().enumerate();
        let writing: Vec<usize> = parts()
            .filter(|(_, part)| (part.first..=part.last).contains(&access.at))
            .map(|(nth, _)| nth)
            .collect();
        if writing.is_empty() {
            let begun = parts().filter(|(_, part)| part.first <= access.at);
            return begun.max_by_key(|(_, part)| part.last).map(|(nth, _)| nth);
        }
        let drawn = mix(access.at.unsigned_abs(), 11) % writing.len() as u64;
        writing.get(drawn as usize).copied()
    }

    /// Copies what is left of the real logs.
    pub(crate) fn finish(self) -> Result<Vec<Written>> {
        let ends = self.parts.into_iter().map(|mut part| {
            part.copy_until(i64::MAX)?;
            let (path, records, bytes) = part.out.finish()?;
            Ok(Written { path, records, bytes, injected: part.injected })
        });
        ends.collect()
    }
}

impl Part {
    /// Copies real lines up to the first one that is later. A line without a time goes with the one before it.
    fn copy_until(&mut self, at: i64) -> Result<()> {
        while !self.ended {
            if self.next.is_empty() {
                if !self.lines.next(&mut self.next)? {
                    self.ended = true;
                    break;
                }
                let read = Line::parse(&self.next);
                self.at = read.as_ref().map(|line| line.at);
                if let Some(line) = read
                    && line.ahead_min != self.ahead_min
                {
                    (self.ahead_min, self.clock) = (line.ahead_min, Clock::new(line.ahead_min * 60));
                }
            }
            if self.at.is_some_and(|time| time > at) {
                break;
            }
            self.open = !self.next.ends_with(b"\n");
            self.out.line(&self.next)?;
            self.next.clear();
        }
        Ok(())
    }
}

impl Sample {
    /// The target of a page: its own path, or, for cover, a page that the log shows to be there.
    fn target(&self, page: Page) -> Vec<u8> {
        self.cover(page).map_or_else(|| page.to_string().into_bytes(), |(target, _)| target.to_vec())
    }

    /// The size of the answer, as the log writes it.
    fn bytes(&self, access: &Access) -> Vec<u8> {
        let shown = self.cover(access.page).filter(|_| access.status == 200);
        shown.map_or_else(|| access.bytes.to_string().into_bytes(), |(_, bytes)| bytes.to_vec())
    }

    fn cover(&self, page: Page) -> Option<(&[u8], &[u8])> {
        if page.public() { self.page(spread(&page.to_string())) } else { None }
    }

    fn referer(&self, referer: Referer) -> Vec<u8> {
        match referer {
            Referer::Absent => b"-".to_vec(),
            Referer::SearchEngine => b"https://www.google.com/".to_vec(),
            Referer::Page(page) => {
                let mut text = self.site();
                text.extend(self.target(page));
                text
            }
        }
    }

    /// The client string: a program's own, or, for whoever passes as a person, one that people use in the log.
    fn client(&self, access: &Access) -> Vec<u8> {
        let own = access.client.to_string();
        let drawn = if access.client.is_machine() { None } else { self.browser(spread(&own)) };
        drawn.map_or_else(|| own.into_bytes(), <[u8]>::to_vec)
    }
}

/// A number that a text always gives.
fn spread(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| mix(hash, u64::from(byte)))
}
