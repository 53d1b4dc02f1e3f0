//! The first reading of real logs: their period, the numbers in their paths, and a small sample of the names they go by.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::clock::{DAY, MINUTE};
use crate::error::{Error, Result};
use crate::random::mix;
use crate::scenario::Place;

use super::line::{Line, Lines};

/// What real logs were found to be.
pub(super) struct Survey {
    pub(super) files: Vec<Surveyed>,
    pub(super) sample: Sample,
    numbers: Numbers,
}

/// One log's name and period.
#[derive(Debug)]
pub(super) struct Surveyed {
    pub(super) path: PathBuf,
    pub(super) first: i64,
    pub(super) last: i64,
    /// Minutes that its first line's clock is ahead of UTC.
    pub(super) ahead_min: i32,
}

impl Surveyed {
    /// Its name without the ending of its compression.
    pub(super) fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy();
        let plain = [".gz", ".zst", ".zstd"].iter().find_map(|ending| name.strip_suffix(ending));
        plain.unwrap_or(&name).to_owned()
    }
}

/// Of a hundred lines, how many at least must be in the combined form.
const UNDERSTOOD_MIN: u64 = 90;

impl Survey {
    /// Reads all of them.
    pub(super) fn read(paths: &[PathBuf], seed: u64) -> Result<Self> {
        let mut survey = Self { files: Vec::new(), sample: Sample::default(), numbers: Numbers::default() };
        for (path, nth) in paths.iter().zip(0..) {
            let file = survey.file(path, mix(seed, nth))?;
            survey.files.push(file);
        }
        Ok(survey)
    }

    fn file(&mut self, path: &Path, seed: u64) -> Result<Surveyed> {
        let (mut lines, _) = Lines::open(path)?;
        let (mut line, mut all, mut understood) = (Vec::new(), 0_u64, 0);
        let mut found: Option<Surveyed> = None;
        while lines.next(&mut line)? {
            all += 1;
            let Some(read) = Line::parse(&line) else { continue };
            understood += 1;
            self.numbers.mark(read.target);
            self.sample.take(&read, mix(seed, all));
            match &mut found {
                Some(file) => (file.first, file.last) = (file.first.min(read.at), file.last.max(read.at)),
                None => {
                    let (first, last) = (read.at, read.at);
                    found =
                        Some(Surveyed { path: path.to_path_buf(), first, last, ahead_min: read.ahead_min });
                }
            }
        }
        let why = format!("{understood} of its {all} lines are in the combined form of Apache and nginx");
        let refused = || Error::Background { path: path.to_path_buf(), why };
        found.filter(|_| understood * 100 >= all * UNDERSTOOD_MIN).ok_or_else(refused)
    }

    fn first(&self) -> Option<&Surveyed> {
        self.files.iter().min_by_key(|file| file.first)
    }

    /// Local midnight before the first line.
    fn start(&self) -> i64 {
        let Some(first) = self.first() else { return 0 };
        let ahead = i64::from(first.ahead_min) * MINUTE;
        (first.first + ahead).div_euclid(DAY) * DAY - ahead
    }

    /// Days of the calendar that the logs touch.
    pub(super) fn days(&self) -> u32 {
        let last = self.files.iter().map(|file| file.last).max().unwrap_or(0);
        u32::try_from((last - self.start()).div_euclid(DAY) + 1).unwrap_or(1)
    }

    /// When and among which ids a scenario with this many members is played.
    pub(super) fn place(&self, members: u32) -> Result<Place> {
        let path = || self.files.first().map(|file| file.path.clone()).unwrap_or_default();
        let why = "its paths hold numbers everywhere, which leaves no ids for people".to_owned();
        let ids_above = self.numbers.free(members).ok_or_else(|| Error::Background { path: path(), why })?;
        let ahead = self.first().map_or(0, |file| file.ahead_min.div_euclid(60));
        Ok(Place { start: self.start(), ahead: i8::try_from(ahead).unwrap_or(0), ids_above })
    }
}

/// Which numbers occur in paths, by blocks of 65,536.
struct Numbers(Vec<bool>);

const BLOCK: u64 = 1 << 16;
/// Ids from here on belong to people who do not exist.
const IDS_MAX: u64 = 40_000_000;

impl Default for Numbers {
    fn default() -> Self {
        let mut blocks = vec![false; (IDS_MAX / BLOCK) as usize];
        // Small numbers are pages and years in any log.
        if let Some(small) = blocks.first_mut() {
            *small = true;
        }
        Self(blocks)
    }
}

impl Numbers {
    /// Marks every number of a path.
    fn mark(&mut self, target: &[u8]) {
        for digits in target.split(|byte| !byte.is_ascii_digit()).filter(|digits| !digits.is_empty()) {
            let number = digits
                .iter()
                .fold(0_u64, |n, digit| n.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
            if let Some(block) = usize::try_from(number / BLOCK).ok().and_then(|block| self.0.get_mut(block))
            {
                *block = true;
            }
        }
    }

    /// The number above which as many are free as members' ids take, closed accounts' gaps included.
    fn free(&self, members: u32) -> Option<u32> {
        let needed = (u64::from(members) * 107 / 100 / BLOCK + 1) as usize;
        let at = self.0.windows(needed).position(|run| run.iter().all(|used| !used))?;
        u32::try_from(at as u64 * BLOCK).ok()
    }
}

/// A sample of what a log goes by. Each line has a number drawn from the seed; those with the smallest are kept.
#[derive(Default)]
pub(super) struct Sample {
    browsers: BTreeMap<u64, Vec<u8>>,
    pages: BTreeMap<u64, (Vec<u8>, Vec<u8>)>,
    sites: BTreeMap<Vec<u8>, u64>,
}

/// Lines kept of a kind.
const KEPT: usize = 256;
/// Sites counted at a time.
const SITES: usize = 64;

impl Sample {
    fn take(&mut self, line: &Line<'_>, drawn: u64) {
        // Programs that name themselves give an address to read about them at.
        let contains = |word: &[u8]| line.client.windows(word.len()).any(|part| part == word);
        if line.client.starts_with(b"Mozilla/") && !contains(b"http") && !contains(b"bot") {
            keep(&mut self.browsers, drawn, || line.client.to_vec());
        }
        let counted = !line.bytes.is_empty() && line.bytes.iter().all(u8::is_ascii_digit);
        if line.method == b"GET" && line.status == b"200" && counted && line.target.starts_with(b"/") {
            keep(&mut self.pages, drawn, || (line.target.to_vec(), line.bytes.to_vec()));
        }
        if let Some(site) = site(line.referer) {
            self.count(site);
        }
    }

    /// Counts a site in bounded memory (J. Misra and D. Gries, 1982): the most frequent one stays.
    fn count(&mut self, site: &[u8]) {
        if let Some(n) = self.sites.get_mut(site) {
            *n += 1;
        } else if self.sites.len() < SITES {
            self.sites.insert(site.to_vec(), 1);
        } else {
            self.sites.retain(|_, n| {
                *n -= 1;
                *n > 0
            });
        }
    }

    /// A client string of people's, by any number.
    pub(super) fn browser(&self, by: u64) -> Option<&[u8]> {
        nth(&self.browsers, by).map(Vec::as_slice)
    }

    /// A page that was there and its size, by any number.
    pub(super) fn page(&self, by: u64) -> Option<(&[u8], &[u8])> {
        nth(&self.pages, by).map(|(target, bytes)| (target.as_slice(), bytes.as_slice()))
    }

    /// The site that most requests came from, which is mostly the log's own.
    pub(super) fn site(&self) -> Vec<u8> {
        let most = self.sites.iter().max_by_key(|(_, n)| **n);
        most.map_or_else(|| b"https://www.shop.example".to_vec(), |(site, _)| site.clone())
    }
}

fn nth<T>(kept: &BTreeMap<u64, T>, by: u64) -> Option<&T> {
    kept.values().nth((by % kept.len().max(1) as u64) as usize)
}

fn keep<T>(kept: &mut BTreeMap<u64, T>, drawn: u64, what: impl FnOnce() -> T) {
    if kept.len() < KEPT {
        kept.insert(drawn, what());
    } else if kept.last_key_value().is_some_and(|(last, _)| drawn < *last) {
        kept.pop_last();
        kept.insert(drawn, what());
    }
}

/// `http://semicomplete.com` of `http://semicomplete.com/blog/`.
fn site(referer: &[u8]) -> Option<&[u8]> {
    let rest = referer.strip_prefix(b"http://").or_else(|| referer.strip_prefix(b"https://"))?;
    let host = rest.iter().position(|&byte| byte == b'/').unwrap_or(rest.len());
    referer.get(..referer.len() - rest.len() + host).filter(|_| host > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_lie_where_no_path_has_a_number() {
        let mut numbers = Numbers::default();
        assert_eq!(numbers.free(6_000), Some(65_536));
        numbers.mark(b"/orders/70000?page=2&t=1431857400");
        numbers.mark(b"/blog/2015/150000");
        assert_eq!(numbers.free(6_000), Some(3 * 65_536));
        assert_eq!(numbers.free(u32::MAX), None);
    }

    #[test]
    fn the_most_frequent_site_stays_in_bounded_memory() {
        let mut sample = Sample::default();
        for nth in 0..2_000 {
            sample.count(if nth % 3 == 0 { b"http://own.example" } else { b"" });
            sample.count(format!("http://{nth}.example").as_bytes());
        }
        sample.sites.remove(b"".as_slice());
        assert_eq!(sample.site(), b"http://own.example");
        assert!(sample.sites.len() <= SITES);
        assert_eq!(site(b"http://own.example/a/b"), Some(&b"http://own.example"[..]));
        assert_eq!((site(b"-"), site(b"http:///x")), (None, None));
    }
}
