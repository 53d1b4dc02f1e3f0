//! A real access log's lines, in the combined form of Apache and nginx: read one at a time, understood where they can be.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use crate::clock::{DAY, HOUR, MINUTE, SECOND, days_since_epoch};
use crate::error::{Error, Result};
use crate::format::combined::month;
use crate::output::Codec;

/// The longest line that is looked at as one; longer ones are copied in pieces.
const LINE_BYTES_MAX: u64 = 1 << 20;
/// Level at which what was zstd becomes zstd again.
const ZSTD_LEVEL: i32 = 3;

/// A log as a stream of lines.
pub(super) struct Lines {
    path: PathBuf,
    reader: Box<dyn BufRead>,
}

impl Lines {
    /// Opens a log, plain or compressed with gzip or zstd, which its first bytes tell.
    pub(super) fn open(path: &Path) -> Result<(Self, Codec)> {
        let opened = || -> std::io::Result<(Box<dyn BufRead>, Codec)> {
            let mut file = BufReader::with_capacity(1 << 20, File::open(path)?);
            let head = file.fill_buf()?.get(..4).map(<[u8]>::to_vec).unwrap_or_default();
            Ok(match head.as_slice() {
                [0x1f, 0x8b, ..] => (Box::new(BufReader::new(MultiGzDecoder::new(file))), Codec::Gzip),
                [0x28, 0xb5, 0x2f, 0xfd] => {
                    let decoder = zstd::Decoder::with_buffer(file)?;
                    (Box::new(BufReader::new(decoder)), Codec::Zstd(ZSTD_LEVEL))
                }
                _ => (Box::new(file), Codec::Plain),
            })
        };
        let (reader, codec) = opened().map_err(Error::read(path))?;
        Ok((Self { path: path.to_path_buf(), reader }, codec))
    }

    /// Reads the next line with its end; says whether there was one.
    pub(super) fn next(&mut self, line: &mut Vec<u8>) -> Result<bool> {
        line.clear();
        let mut limited = (&mut self.reader).take(LINE_BYTES_MAX);
        let read = limited.read_until(b'\n', line).map_err(Error::read(&self.path))?;
        Ok(read > 0)
    }
}

/// What a scenario wants to know of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// When, in milliseconds UTC.
    pub(super) at: i64,
    /// Minutes that its clock is ahead of UTC.
    pub(super) ahead_min: i32,
    pub(super) method: &'a [u8],
    pub(super) target: &'a [u8],
    pub(super) status: &'a [u8],
    pub(super) bytes: &'a [u8],
    pub(super) referer: &'a [u8],
    pub(super) client: &'a [u8],
}

impl<'a> Line<'a> {
    /// Understands a line in the combined form, and no other.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (who, rest) = cut(line, b'[')?;
        // Address, identity, user: an address of a virtual host before them would be another form.
        if who.strip_suffix(b" ")?.split(|&byte| byte == b' ').count() != 3 {
            return None;
        }
        let (stamp, rest) = cut(rest, b']')?;
        let (at, ahead_min) = time(stamp)?;
        let (request, rest) = quoted(rest.strip_prefix(b" ")?)?;
        let (status, rest) = cut(rest.strip_prefix(b" ")?, b' ')?;
        let (bytes, rest) = cut(rest, b' ')?;
        let (referer, rest) = quoted(rest)?;
        let (client, rest) = quoted(rest.strip_prefix(b" ")?)?;
        let (method, target) = cut(request, b' ').unwrap_or((request, b""));
        let target = target.split(|&byte| byte == b' ').next().unwrap_or_default();
        rest.is_empty().then_some(Self { at, ahead_min, method, target, status, bytes, referer, client })
    }
}

/// What lies before and after the first of a byte.
fn cut(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = text.iter().position(|&byte| byte == at)?;
    Some((text.get(..place)?, text.get(place + 1..)?))
}

/// What lies between quotes, and what lies after them.
fn quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = text.strip_prefix(b"\"")?;
    let mut escaped = false;
    let end = inside.iter().position(|&byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })?;
    Some((inside.get(..end)?, inside.get(end + 1..)?))
}

/// `17/May/2015:10:05:03 +0000`: milliseconds UTC, and minutes ahead of it.
fn time(stamp: &[u8]) -> Option<(i64, i32)> {
    let number = |from: usize, to: usize| -> Option<i64> {
        std::str::from_utf8(stamp.get(from..to)?).ok()?.parse().ok()
    };
    let between = |place: usize, byte: u8| (stamp.get(place) == Some(&byte)).then_some(());
    if stamp.len() != 26 {
        return None;
    }
    for (place, byte) in [(2, b'/'), (6, b'/'), (11, b':'), (14, b':'), (17, b':'), (20, b' ')] {
        between(place, byte)?;
    }
    let (day, month, year) = (number(0, 2)?, month(stamp.get(3..6)?)?, number(7, 11)?);
    let (hour, minute, second) = (number(12, 14)?, number(15, 17)?, number(18, 20)?);
    let sign = match stamp.get(21)? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let ahead = sign * (number(22, 24)? * 60 + number(24, 26)?);
    let local = days_since_epoch(year, month, u8::try_from(day).ok()?) * DAY
        + hour * HOUR
        + minute * MINUTE
        + second * SECOND;
    Some((local - ahead * MINUTE, i32::try_from(ahead).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_combined_line_is_understood_and_no_other() {
        let line = br#"192.0.2.7 - frank [17/May/2015:10:05:03 -0330] "GET /a?q=\"x\" HTTP/1.1" 200 - "http://e.example/" "B \"q\" 1.0""#;
        let read = Line::parse(line).unwrap();
        // 13:35:03 UTC.
        assert_eq!((read.at, read.ahead_min), (1_431_869_703_000, -210));
        assert_eq!((read.method, read.target), (&b"GET"[..], &br#"/a?q=\"x\""#[..]));
        assert_eq!((read.status, read.bytes), (&b"200"[..], &b"-"[..]));
        assert_eq!((read.referer, read.client), (&b"http://e.example/"[..], &br#"B \"q\" 1.0"#[..]));
        for other in [
            &br#"192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5"#[..],
            br#"192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "x" 203.0.113.9"#,
            br#"a.example:80 192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "x""#,
            br#"192.0.2.7 - - [2015-05-17T10:05:03Z] "GET / HTTP/1.1" 200 5 "-" "x""#,
            b"",
            b"\xff\xfe",
        ] {
            assert_eq!(Line::parse(other), None);
        }
    }
}
