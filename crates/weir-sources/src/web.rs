//! What web access logs share: the stamp, the request line, the client's address, and the row they become.

use crate::secrets::{Clean, Fingerprints, is_fingerprint};
use std::borrow::Cow;
use std::net::IpAddr;
use weir_model::record::{STATUS_FAILURE, STATUS_SUCCESS};
use weir_model::{Access, Common, Micros, Records, TimeBasis};

/// OCSF HTTP Activity.
pub const HTTP_ACTIVITY: i32 = 4002;

/// OCSF activity of an HTTP method.
pub fn activity(method: &str) -> &'static str {
    match method {
        "GET" | "HEAD" | "PROPFIND" | "SEARCH" | "REPORT" => "read",
        "POST" | "MKCOL" => "create",
        "PUT" | "PATCH" | "PROPPATCH" | "MOVE" | "COPY" => "update",
        "DELETE" => "delete",
        "CONNECT" => "connect",
        "OPTIONS" => "options",
        "TRACE" => "trace",
        _ => "other",
    }
}

/// OCSF outcome of an HTTP status: from 200 to 399 the server did what was asked. Below, it had not answered yet, or never did.
pub fn status_id(status: u16) -> Option<i32> {
    match status {
        0..200 => None,
        200..400 => Some(STATUS_SUCCESS),
        400.. => Some(STATUS_FAILURE),
    }
}

/// A request line's parts; all empty when it is none (a TLS handshake on a plain port, a scanner's bytes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Request<'a> {
    /// `GET`.
    pub method: Option<&'a str>,
    /// The target as asked.
    pub target: Option<&'a str>,
    /// `HTTP/1.1`.
    pub protocol: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// Splits `GET /path HTTP/1.1`; a target may hold spaces, an HTTP/0.9 request has no protocol.
    pub fn parse(line: &'a str) -> Self {
        let Some(at) = memchr::memchr(b' ', line.as_bytes()) else { return Self::default() };
        let (method, rest) = (line.get(..at).unwrap_or_default(), line.get(at + 1..).unwrap_or_default());
        let letters = method.bytes().all(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'_'));
        if !letters || method.is_empty() || method.len() > 32 {
            return Self::default();
        }
        let last = memchr::memrchr(b' ', rest.as_bytes());
        let parts = last.and_then(|at| Some((rest.get(..at)?, rest.get(at + 1..)?)));
        let (target, protocol) = match parts {
            Some((target, protocol)) if protocol.starts_with("HTTP/") => (target, Some(protocol)),
            _ => (rest, None),
        };
        let target = Some(target).filter(|t| !t.is_empty());
        Self { method: Some(method), target, protocol }
    }
}

/// A request target's parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Target<'a> {
    /// The server, when the target is a whole URL.
    pub hostname: Option<&'a str>,
    /// The path.
    pub path: &'a str,
    /// The query without `?`.
    pub query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Splits `/path?query`, `http://host/path?query`, `*`, `host:443`.
    pub fn parse(target: &'a str) -> Self {
        let (before, query) = match memchr::memchr(b'?', target.as_bytes()) {
            Some(at) => {
                (target.get(..at).unwrap_or_default(), target.get(at + 1..).filter(|q| !q.is_empty()))
            }
            None => (target, None),
        };
        if before.starts_with('/') {
            return Self { hostname: None, path: before, query };
        }
        let after_scheme =
            before.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https" | "ws" | "wss"));
        let Some((_, rest)) = after_scheme else { return Self { hostname: None, path: before, query } };
        let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        Self { hostname: Some(without_port(host)).filter(|h| !h.is_empty()), path, query }
    }
}

/// `host:port` without its port; an IPv6 address in brackets without those.
pub fn without_port(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    match host.split_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether an address is a public one: neither private, loopback, link-local, shared, documentation nor unspecified.
pub fn is_public(text: &str) -> bool {
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => {
            let shared = matches!(v4.octets(), [100, 64..=127, ..]);
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || shared)
        }
        Ok(IpAddr::V6(v6)) => {
            let mapped = v6.to_ipv4_mapped().is_some_and(|v4| !is_public(&v4.to_string()));
            !(v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || mapped)
        }
        Err(_) => false,
    }
}

/// The client behind a trusted proxy: when the peer is not public, the last public address of `X-Forwarded-For`, which is the one
/// that the proxy itself saw. Earlier ones are the client's own claim.
pub fn behind_proxy<'a>(peer: Option<&'a str>, forwarded: &'a str) -> Option<&'a str> {
    if peer.is_some_and(is_public) {
        return peer;
    }
    let mut list = forwarded.rsplit(',').map(|a| without_port(a.trim()));
    list.find(|a| is_public(a)).or(peer)
}

/// Whether text is an address list as `X-Forwarded-For` has it.
pub fn is_address_list(text: &str) -> bool {
    !text.is_empty() && text.split(',').all(|part| without_port(part.trim()).parse::<IpAddr>().is_ok())
}

/// Days from 1970-01-01 of a civil date (proleptic Gregorian), by Howard Hinnant's `days_from_civil`.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Reads `10/Oct/2000:13:55:36 -0700`; keeps the last one, because most stamps equal the one before.
#[derive(Clone, Debug, Default)]
pub struct ClfClock {
    last: [u8; 26],
    at: Micros,
}

impl ClfClock {
    /// The instant of a stamp.
    pub fn read(&mut self, stamp: &str) -> Option<Micros> {
        let bytes: [u8; 26] = stamp.as_bytes().try_into().ok()?;
        if bytes != self.last {
            self.at = clf(&bytes)?;
            self.last = bytes;
        }
        Some(self.at)
    }
}

fn clf(stamp: &[u8; 26]) -> Option<Micros> {
    const MONTHS: [&[u8; 3]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    let number = |from: usize, len: usize| -> Option<i64> {
        stamp
            .get(from..from + len)?
            .iter()
            .try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
    };
    let marks = [(2, b'/'), (6, b'/'), (11, b':'), (14, b':'), (17, b':'), (20, b' ')];
    if !marks.iter().all(|(at, mark)| stamp.get(*at) == Some(mark)) {
        return None;
    }
    let name = stamp.get(3..6)?;
    let month = i64::try_from(MONTHS.iter().position(|m| m.eq_ignore_ascii_case(name))?).ok()? + 1;
    let (day, year) = (number(0, 2)?, number(7, 4)?);
    let (hour, minute, second) = (number(12, 2)?, number(15, 2)?, number(18, 2)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 => {
            if leap {
                29
            } else {
                28
            }
        }
        _ => 31,
    };
    if !(1..=length).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let ahead = number(22, 2)? * 3600 + number(24, 2)? * 60;
    let offset = match stamp.get(21)? {
        b'+' => ahead,
        b'-' => -ahead,
        _ => return None,
    };
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Some(Micros(seconds * 1_000_000))
}

/// One web access as its log says it, secrets not yet replaced.
#[derive(Clone, Debug, Default)]
pub struct Hit<'a> {
    /// Method, target and protocol.
    pub request: Request<'a>,
    /// The query, when it stands apart from the target.
    pub query: Option<&'a str>,
    /// HTTP status.
    pub status: Option<&'a str>,
    /// What the server said of an error, or a request line that is none.
    pub detail: Option<&'a str>,
    /// `Referer`.
    pub referrer: Option<&'a str>,
    /// `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// What the format gives as it is to be stored.
    pub common: Common<'a>,
    /// The same; a fingerprint stands in `credential` already.
    pub access: Access<'a>,
}

impl Hit<'_> {
    /// Pushes the row: derives activity and outcome, splits the target, replaces secrets.
    pub fn push(
        &self,
        at: (Micros, TimeBasis),
        fingerprints: &Fingerprints,
        clean: &mut Clean,
        out: &mut Records,
    ) {
        let target = self.request.target.map(Target::parse);
        let path = target.map(|t| fingerprints.scrub_path(t.path));
        let query = self.query.or(target.and_then(|t| t.query)).map(|q| clean.scrub_query(fingerprints, q));
        let referrer = self.referrer.map(|r| clean.scrub_url(fingerprints, r));
        let agent = self.user_agent.map(|a| clean.scrub(fingerprints, a));
        let detail = self.detail.map(|d| fingerprints.scrub(d));
        let status: Option<u16> = self.status.and_then(|s| s.parse().ok());
        let common = Common {
            class_uid: Some(HTTP_ACTIVITY),
            activity: self.request.method.map(activity),
            status_id: status.and_then(status_id),
            status_code: self.status,
            ..self.common
        };
        let row = Access {
            http_method: self.request.method,
            hostname: self.access.hostname.or(target.and_then(|t| t.hostname)),
            path: path.as_deref(),
            query: query.as_deref(),
            referrer: referrer.as_deref(),
            user_agent: agent.as_deref(),
            protocol: self.request.protocol,
            credential: self.access.credential.or_else(|| query.as_deref().and_then(credential_of_query)),
            status_detail: detail.as_deref(),
            ..self.access
        };
        out.access(at, &common, &row);
    }
}

/// The credential that a query (secrets replaced) carries: the fingerprint under a name that credentials go by, so neither a
/// password nor a signature.
fn credential_of_query(query: &str) -> Option<&str> {
    const NAMES: [&str; 13] = [
        "access_token",
        "token",
        "id_token",
        "jwt",
        "session",
        "sessionid",
        "session_id",
        "sid",
        "jsessionid",
        "phpsessid",
        "api_key",
        "apikey",
        "key",
    ];
    // Most have none, which is told at a glance.
    if !query.contains("=fp_") {
        return None;
    }
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(name, value)| is_fingerprint(value) && NAMES.iter().any(|n| n.eq_ignore_ascii_case(name)))
        .map(|(_, value)| value)
}

/// Undoes a log's escapes: `\"`, `\\`, `\t`, `\n`, `\r` and `\xHH`; bytes that are no UTF-8 then become U+FFFD.
pub fn unescaped(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let (value, after) = match (byte, tail) {
            (b'\\', [b'x', high, low, after @ ..]) => match (digit(high), digit(low)) {
                (Some(high), Some(low)) => (high << 4 | low, after),
                _ => (byte, tail),
            },
            (b'\\', [b'"', after @ ..]) => (b'"', after),
            (b'\\', [b'\\', after @ ..]) => (b'\\', after),
            (b'\\', [b't', after @ ..]) => (b'\t', after),
            (b'\\', [b'n', after @ ..]) => (b'\n', after),
            (b'\\', [b'r', after @ ..]) => (b'\r', after),
            _ => (byte, tail),
        };
        out.push(value);
        rest = after;
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_utc_and_impossible_ones_are_none() {
        let mut clock = ClfClock::default();
        for (stamp, want) in [
            ("10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36Z"),
            ("29/Feb/2024:00:30:00 +0100", "2024-02-28T23:30:00Z"),
            ("01/Jan/1970:00:00:00 +0000", "1970-01-01T00:00:00Z"),
            ("31/Dec/2016:23:59:60 +0000", "2017-01-01T00:00:00Z"),
        ] {
            assert_eq!(clock.read(stamp).unwrap().to_string(), want);
            assert_eq!(clock.read(stamp).unwrap().to_string(), want, "again");
        }
        for stamp in [
            "29/Feb/2023:00:00:00 +0000",
            "00/Jan/2023:00:00:00 +0000",
            "01/Foo/2023:00:00:00 +0000",
            "",
            "10/Oct/2000:24:00:00 +0000",
        ] {
            assert_eq!(clock.read(stamp), None, "{stamp}");
        }
    }

    #[test]
    fn a_request_line_falls_into_its_parts() {
        let parts = |line| {
            let r = Request::parse(line);
            (r.method, r.target, r.protocol)
        };
        assert_eq!(parts("GET /a b?c HTTP/1.1"), (Some("GET"), Some("/a b?c"), Some("HTTP/1.1")));
        assert_eq!(parts("GET /"), (Some("GET"), Some("/"), None));
        for line in ["", "-", "hello", "\\x16\\x03\\x01 x", "get / HTTP/1.1"] {
            assert_eq!(parts(line), (None, None, None), "{line}");
        }
        let t = Target::parse("http://u:p@shop.example:8080/a?b=c?d");
        assert_eq!((t.hostname, t.path, t.query), (Some("shop.example"), "/a", Some("b=c?d")));
        assert_eq!(Target::parse("http://shop.example").path, "/");
        assert_eq!(Target::parse("/r?u=http://x/").path, "/r");
    }

    #[test]
    fn the_proxys_own_witness_counts_and_not_the_clients_claim() {
        assert_eq!(behind_proxy(Some("10.0.0.1"), "8.8.8.8, 9.9.9.9, 10.2.3.4"), Some("9.9.9.9"));
        assert_eq!(behind_proxy(Some("9.9.9.9"), "8.8.8.8"), Some("9.9.9.9"));
        assert_eq!(behind_proxy(Some("10.0.0.1"), "-"), Some("10.0.0.1"));
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(unescaped(r#"a\"b\\c\x41\xff\q"#), "a\"b\\cA\u{fffd}\\q");
        assert!(matches!(unescaped("plain"), Cow::Borrowed(_)));
    }
}
