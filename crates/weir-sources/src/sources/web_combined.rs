//! Apache and nginx access logs, common and combined. The manual page is `web_combined.md`.

use crate::instant::instant;
use crate::secrets::{Clean, Fingerprints};
use crate::source::{At, FileOptions, Framing, Head, Info, Outcome, Parser, Source, Sure, in_range, lossy};
use crate::web::{ClfClock, Hit, Request, behind_proxy, is_address_list, is_public, unescaped, without_port};
use std::borrow::Cow;
use weir_model::{Access, Common, Micros, Records, Table, TimeBasis};

static INFO: Info = Info {
    name: "web_combined",
    summary: "Apache and nginx access logs: common, combined, with virtual host, with more fields after them",
    manual: include_str!("web_combined.md"),
    tables: &[Table::Access],
};

const NO_STAMP: &str = "no time stamp in brackets";
const BAD_STAMP: &str = "time stamp not understood";
const NO_REQUEST: &str = "no quoted request";
const BAD_CLIENT: &str = "client address not understood";
const BAD_STATUS: &str = "status or size is no number";
const BAD_REST: &str = "fields after the known ones not understood";
const TWO_RECORDS: &str = "two records in one line";
/// Bytes of the longest time stamp in brackets.
const STAMP_BYTES_MAX: usize = 40;

/// The source.
pub struct WebCombined;

impl Source for WebCombined {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn framing(&self) -> Framing {
        Framing::Lines
    }

    fn recognise(&self, head: &Head<'_>) -> Sure {
        let mut clock = ClfClock::default();
        let mut lines =
            head.bytes.split(|b| *b == b'\n').take(50).filter_map(|line| std::str::from_utf8(line).ok());
        let ours = lines.any(|line| Line::parse(line.trim_end_matches('\r'), &mut clock, None).is_ok());
        if ours { Sure::Maybe } else { Sure::No }
    }

    fn parser(&self, _: &Head<'_>, options: &FileOptions) -> Box<dyn Parser> {
        Box::new(Combined {
            clock: ClfClock::default(),
            zone: options.time_zone.clone(),
            fingerprints: options.fingerprints.clone(),
            clean: Clean::default(),
        })
    }
}

struct Combined {
    clock: ClfClock,
    zone: Option<jiff::tz::TimeZone>,
    fingerprints: Fingerprints,
    clean: Clean,
}

impl Parser for Combined {
    fn record(&mut self, at: At, bytes: &[u8], out: &mut Records) -> Outcome {
        let text = lossy(bytes);
        match Line::parse(&text, &mut self.clock, self.zone.as_ref()) {
            Ok(line) => {
                line.push(at, &self.fingerprints, &mut self.clean, out);
                Outcome::Parsed
            }
            Err(reason) => Outcome::Rejected(reason),
        }
    }
}

/// One line's fields, borrowed.
#[derive(Debug, Default, PartialEq)]
struct Line<'a> {
    /// Whether nothing in it is escaped.
    plain: bool,
    time: (Micros, TimeBasis),
    client: Client<'a>,
    request: &'a str,
    status: Option<&'a str>,
    bytes: Option<i64>,
    referrer: Option<&'a str>,
    user_agent: Option<&'a str>,
    more: More<'a>,
    tls: Option<&'a str>,
}

impl<'a> Line<'a> {
    fn parse(
        line: &'a str,
        clock: &mut ClfClock,
        zone: Option<&jiff::tz::TimeZone>,
    ) -> Result<Self, &'static str> {
        let plain = memchr::memchr(b'\\', line.as_bytes()).is_none();
        if plain && let Some(usual) = Self::usual(line, clock) {
            return Ok(usual);
        }
        Ok(Self { plain, ..Self::any(line, clock, zone)? })
    }

    /// The most frequent form, `ADDRESS - USER [STAMP] "REQUEST" STATUS BYTES "REFERRER" "AGENT"` with one blank between them, of a line without escapes.
    fn usual(line: &'a str, clock: &mut ClfClock) -> Option<Self> {
        let (address, rest) = cut(line, b' ')?;
        let (user, rest) = cut(rest.strip_prefix(" - ")?, b' ')?;
        let is_address = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'-');
        let is_user = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'[');
        if address.is_empty()
            || user.is_empty()
            || !address.bytes().all(is_address)
            || !user.bytes().all(is_user)
        {
            return None;
        }
        let (stamp, rest) = rest.strip_prefix(" [")?.split_at_checked(26)?;
        let (request, rest) = cut(rest.strip_prefix("] \"")?, b'"')?;
        let (status, rest) = rest.strip_prefix("\" ")?.split_at_checked(3)?;
        let (bytes, rest) = cut(rest.strip_prefix(' ')?, b' ')?;
        let (referrer, rest) = cut(rest.strip_prefix(" \"")?, b'"')?;
        let agent = rest.strip_prefix("\" \"")?.strip_suffix('"')?;
        if memchr::memchr(b'"', agent.as_bytes()).is_some() {
            return None;
        }
        let time = clock.read(stamp)?;
        in_range(time).ok()?;
        Some(Self {
            plain: true,
            time: (time, TimeBasis::Stated),
            client: Client { host: None, address: present(address), user: present(user) },
            request,
            status: status_of(status)?,
            bytes: bytes_of(bytes).filter(|_| !bytes.is_empty())?,
            referrer: present(referrer),
            user_agent: present(agent),
            ..Self::default()
        })
    }

    /// Any form.
    fn any(
        line: &'a str,
        clock: &mut ClfClock,
        zone: Option<&jiff::tz::TimeZone>,
    ) -> Result<Self, &'static str> {
        let open = stamp_at(line).ok_or(NO_STAMP)?;
        let (before, rest) = (line.get(..open).unwrap_or_default(), line.get(open + 1..).unwrap_or_default());
        let close = memchr::memchr(b']', rest.as_bytes()).ok_or(NO_STAMP)?;
        let (stamp, rest) =
            (rest.get(..close).unwrap_or_default(), rest.get(close + 1..).unwrap_or_default());
        let time = match clock.read(stamp) {
            Some(at) => (at, TimeBasis::Stated),
            None => iso(stamp, zone).ok_or(BAD_STAMP)?,
        };
        in_range(time.0)?;
        if before.is_empty() {
            return Self::ssl_request(time, rest);
        }
        let client = Client::parse(before.trim_end()).ok_or(BAD_CLIENT)?;
        let (request, rest) = quoted(rest.trim_start()).ok_or(NO_REQUEST)?;
        let (status, rest) = word(rest);
        let (bytes, rest) = word(rest);
        let status = status_of(status).ok_or(BAD_STATUS)?;
        let bytes = bytes_of(bytes).ok_or(BAD_STATUS)?;
        let mut out = Self { time, client, request, status, bytes, ..Self::default() };
        let mut rest = rest.trim_start();
        if let Some((referrer, after)) = quoted(rest) {
            out.referrer = present(referrer);
            rest = after.trim_start();
            if let Some((agent, after)) = quoted(rest) {
                out.user_agent = present(agent);
                rest = after;
            } else if let Some(cut) = rest.strip_prefix('"') {
                // Never closed: the server cut it, or the line ends early. All that matters stands before it.
                out.user_agent = present(cut);
                rest = "";
            }
        }
        // A quote that no server leaves in a field: the line break between two records was lost, or a record was cut in the midst.
        if [Some(out.request), out.referrer, out.user_agent].into_iter().flatten().any(begins_another) {
            return Err(TWO_RECORDS);
        }
        out.more = More::parse(rest).ok_or(BAD_REST)?;
        Ok(out)
    }

    /// What follows the stamp in Apache's `ssl_request_log`.
    fn ssl_request(time: (Micros, TimeBasis), rest: &'a str) -> Result<Self, &'static str> {
        let (address, rest) = word(rest);
        let (protocol, rest) = word(rest);
        let (_cipher, rest) = word(rest);
        if !is_host(address)
            || !(protocol.starts_with("TLS") || protocol.starts_with("SSL") || protocol == "-")
        {
            return Err(BAD_CLIENT);
        }
        let (request, rest) = quoted(rest.trim_start()).ok_or(NO_REQUEST)?;
        let (bytes, rest) = word(rest);
        let bytes = bytes_of(bytes).ok_or(BAD_STATUS)?;
        let more = More::parse(rest).ok_or(BAD_REST)?;
        let client = Client { address: present(address), ..Client::default() };
        Ok(Self { time, client, request, bytes, more, tls: present(protocol), ..Self::default() })
    }

    fn push(&self, at: At, fingerprints: &Fingerprints, clean: &mut Clean, out: &mut Records) {
        let request = Request::parse(self.request);
        let unescaped = |text| if self.plain { Cow::Borrowed(text) } else { unescaped(text) };
        let target = request.target.map(unescaped);
        let (agent, referrer) = (self.user_agent.map(unescaped), self.referrer.map(unescaped));
        let actor = self.client.user.map(unescaped);
        let detail = request.method.is_none().then(|| present(self.request)).flatten();
        let src_ip = match self.more.forwarded {
            Some(list) => behind_proxy(self.client.address, list),
            None => self.client.address,
        };
        let hit = Hit {
            request: Request {
                target: target.as_deref(),
                protocol: request.protocol.or(self.tls),
                ..request
            },
            status: self.status,
            detail,
            referrer: referrer.as_deref(),
            user_agent: agent.as_deref(),
            common: Common {
                actor: actor.as_deref(),
                src_ip,
                line: Some(at.line),
                offset: Some(at.offset),
                ..Common::default()
            },
            access: Access {
                hostname: self.client.host.or(self.more.host),
                bytes_out: self.bytes,
                duration_us: self.more.duration_us,
                ..Access::default()
            },
            query: None,
        };
        hit.push(self.time, fingerprints, clean, out);
    }
}

/// What stands before the first such byte, and what begins with it.
fn cut(text: &str, byte: u8) -> Option<(&str, &str)> {
    text.split_at_checked(memchr::memchr(byte, text.as_bytes())?)
}

/// Where the bracket of the stamp stands: the first that a digit follows.
fn stamp_at(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    memchr::memchr_iter(b'[', bytes).find(|at| bytes.get(at + 1).is_some_and(u8::is_ascii_digit))
}

/// Whether a field holds the time stamp of another record and the quote that its request begins with.
fn begins_another(field: &str) -> bool {
    let mut rest = field;
    while let Some(at) = stamp_at(rest) {
        rest = rest.get(at + 1..).unwrap_or_default();
        let close = memchr::memchr(b']', rest.as_bytes()).filter(|close| *close < STAMP_BYTES_MAX);
        if close.is_some_and(|close| rest.get(close..).is_some_and(|after| after.starts_with("] \""))) {
            return true;
        }
    }
    false
}

fn iso(stamp: &str, zone: Option<&jiff::tz::TimeZone>) -> Option<(Micros, TimeBasis)> {
    let dashed = stamp.as_bytes().get(4) == Some(&b'-') && stamp.as_bytes().get(7) == Some(&b'-');
    if dashed { instant(stamp, zone) } else { None }
}

/// `-` and nothing are absent.
fn present(text: &str) -> Option<&str> {
    Some(text).filter(|t| !t.is_empty() && *t != "-")
}

/// The next word and what follows it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    memchr::memchr(b' ', text.as_bytes()).map_or((text, ""), |at| text.split_at(at))
}

/// The quoted text that a text begins with, quotes removed, and what follows. A quote inside it is escaped, or is not followed by a
/// blank (servers that do not escape).
fn quoted(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('"')?;
    let bytes = inner.as_bytes();
    let end = memchr::memchr_iter(b'"', bytes).find(|at| {
        let escapes = bytes.get(..*at).unwrap_or_default().iter().rev().take_while(|b| **b == b'\\').count();
        escapes % 2 == 0 && matches!(bytes.get(at + 1), None | Some(b' '))
    })?;
    Some((inner.get(..end)?, inner.get(end + 1..)?))
}

#[expect(clippy::option_option, reason = "absent is not wrong")]
fn status_of(text: &str) -> Option<Option<&str>> {
    let digits = text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
    if text == "-" { Some(None) } else { digits.then_some(Some(text)) }
}

#[expect(clippy::option_option, reason = "absent is not wrong")]
fn bytes_of(text: &str) -> Option<Option<i64>> {
    if text == "-" {
        return Some(None);
    }
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten().map(Some)
}

/// An address, a host name, `unix:`, with or without a port.
fn is_host(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]%".contains(&b) || b >= 0x80)
}

/// What stands before the stamp.
#[derive(Debug, Default, PartialEq)]
struct Client<'a> {
    host: Option<&'a str>,
    address: Option<&'a str>,
    user: Option<&'a str>,
}

impl<'a> Client<'a> {
    /// `[HOST] ADDRESSES IDENT USER`. The ident is the first lone `-` after an address (a user may hold blanks), else the last
    /// word but one.
    fn parse(text: &'a str) -> Option<Self> {
        if let Some(client) = Self::plain(text) {
            return Some(client);
        }
        let first = text.get(1..).and_then(|t| t.find(' ')).map(|at| at + 1)?;
        let ident = match text.get(first..)?.find(" - ") {
            Some(at) => first + at,
            None => text.get(..text.rfind(' ')?)?.rfind(' ')?,
        };
        let (hosts, rest) = text.split_at(ident);
        let (_, user) = word(rest);
        let user = present(user.trim()).filter(|u| *u != "\"\"");
        if rest.trim_start().split(' ').count() < 2 {
            return None;
        }
        let (host, address) = Self::hosts(hosts.trim())?;
        Some(Self { host, address, user })
    }

    /// The most frequent: `ADDRESS - USER`, each without a blank.
    fn plain(text: &'a str) -> Option<Self> {
        let at = memchr::memchr(b' ', text.as_bytes())?;
        let (address, rest) = text.split_at(at);
        let user = rest.strip_prefix(" - ")?;
        let single = !user.is_empty() && memchr::memchr2(b' ', b'"', user.as_bytes()).is_none();
        let alone = single && is_host(address) && !address.ends_with(',');
        alone.then(|| Self { host: None, address: present(address), user: present(user) })
    }

    /// A lone first name before another address is the host asked. Of the addresses the first public one counts, else the first.
    fn hosts(text: &'a str) -> Option<(Option<&'a str>, Option<&'a str>)> {
        let mut host = None;
        let mut rest = text;
        if let Some((name, others)) = text.split_once(' ')
            && !name.ends_with(',')
            && !name.starts_with('"')
        {
            if !is_host(name) {
                return None;
            }
            host = present(without_port(name));
            rest = others.trim_start();
        }
        let mut chosen = None;
        for address in rest.split([' ', ',', '"']).filter(|a| !a.is_empty()) {
            if !is_host(address) {
                return None;
            }
            if chosen.is_none() || (is_public(address) && !chosen.is_some_and(is_public)) {
                chosen = Some(address);
            }
        }
        Some((host, present(chosen?)))
    }
}

/// What stands after the known fields.
#[derive(Debug, Default, PartialEq)]
struct More<'a> {
    forwarded: Option<&'a str>,
    host: Option<&'a str>,
    duration_us: Option<i64>,
}

impl<'a> More<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut more = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            if let Some((value, after)) = quoted(rest) {
                more.take_quoted(value);
                rest = after.trim_start();
                continue;
            }
            if let Some((name, value)) = rest.split_once('=').filter(|(name, _)| is_name(name)) {
                let (value, after) = quoted(value)
                    .unwrap_or_else(|| value.find(' ').map_or((value, ""), |at| value.split_at(at)));
                if matches!(name, "rt" | "request_time") {
                    more.duration_us = seconds(value).or(more.duration_us);
                }
                rest = after.trim_start();
                continue;
            }
            let (token, after) = word(rest);
            if !token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:/,+".contains(&b)) {
                return None;
            }
            if token.contains('.') {
                more.duration_us = more.duration_us.or_else(|| seconds(token));
            }
            rest = after.trim_start();
        }
        Some(more)
    }

    fn take_quoted(&mut self, value: &'a str) {
        if is_address_list(value) {
            self.forwarded = self.forwarded.or(Some(value));
        } else if self.host.is_none()
            && is_host(value)
            && value.contains('.')
            && value.bytes().any(|b| b.is_ascii_alphabetic())
        {
            self.host = present(without_port(value));
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Seconds with a fraction as microseconds.
fn seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.')?;
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || whole.len() > 9 {
        return None;
    }
    let micros =
        fraction.bytes().chain(std::iter::repeat(b'0')).take(6).fold(0, |n, b| n * 10 + i64::from(b - b'0'));
    Some(whole.parse::<i64>().ok()? * 1_000_000 + micros)
}

#[cfg(test)]
mod tests;
