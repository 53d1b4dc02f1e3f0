//! Who may sign: an `allowed_signers` file of OpenSSH (`ssh-keygen(1)`, section ALLOWED SIGNERS).
//!
//! Decisive choice: a line that cannot be understood in full is an error that names it; passing over an option could trust a key for
//! more than its owner wrote. Certificate authorities (`cert-authority`) are refused: SSH certificates are not supported.

use crate::{EvidenceError, Result, error::at, sign};
use jiff::{Timestamp, civil, tz::TimeZone};
use ssh_key::{PublicKey, public::KeyData};
use std::path::Path;

/// Whose signatures count.
#[derive(Clone, Debug)]
pub struct Signers {
    lines: Vec<Allowed>,
}

#[derive(Clone, Debug)]
struct Allowed {
    principals: String,
    namespaces: Option<String>,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
    key: KeyData,
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The principals of the line that lists the key, as they stand there.
    pub principals: String,
    /// The key's fingerprint.
    pub fingerprint: String,
}

impl Signers {
    /// Reads an `allowed_signers` file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = at(path, std::fs::read_to_string(path))?;
        let broken = |(line, why)| EvidenceError::Signers { path: path.to_path_buf(), line, why };
        Self::parse(&text).map_err(broken)
    }

    /// From the file's text; an error has the number of the line.
    pub fn parse(text: &str) -> Result<Self, (usize, &'static str)> {
        let lines =
            text.lines().enumerate().filter(|(_, line)| !matches!(line.trim().as_bytes(), [] | [b'#', ..]));
        let lines = lines.map(|(n, line)| Allowed::parse(line.trim()).map_err(|why| (n + 1, why)));
        Ok(Self { lines: lines.collect::<Result<_, _>>()? })
    }

    /// Who made this armoured signature over `message`, judged at `when`. An error says why nobody listed did.
    ///
    /// `principal`, where given, must be among the line's principals, as `ssh-keygen -Y verify -I` demands.
    pub fn check(
        &self,
        armoured: &[u8],
        message: &[u8],
        when: Timestamp,
        principal: Option<&str>,
    ) -> Result<Signer, String> {
        let signed = sign::check(armoured, message)?;
        let fingerprint = sign::fingerprint(&signed.key);
        let listed = self.lines.iter().filter(|line| line.key == signed.key);
        let mut why = "is not listed";
        for line in listed {
            match line.refuses(when, principal) {
                None => return Ok(Signer { principals: line.principals.clone(), fingerprint }),
                Some(reason) => why = reason,
            }
        }
        Err(format!("its key {fingerprint} {why} among the allowed signers"))
    }
}

impl Allowed {
    fn parse(line: &str) -> Result<Self, &'static str> {
        let (principals, rest) = word(line).ok_or("it has no principals")?;
        let allowed = |rest: &str| {
            PublicKey::from_openssh(rest.trim()).ok().map(|key| Self {
                principals: principals.clone(),
                namespaces: None,
                after: None,
                before: None,
                key: key.key_data().clone(),
            })
        };
        if let Some(plain) = allowed(rest) {
            return Ok(plain);
        }
        let (options, rest) = word(rest).ok_or("it has no key")?;
        let mut line = allowed(rest).ok_or("it has no key that can be read")?;
        for option in split(&options, ',') {
            let (name, value) = option.split_once('=').unwrap_or((&option, ""));
            let value = value.trim_matches('"');
            match name.to_ascii_lowercase().as_str() {
                "namespaces" => line.namespaces = Some(value.to_owned()),
                "valid-after" => line.after = Some(time(value).ok_or("its `valid-after` is no time")?),
                "valid-before" => line.before = Some(time(value).ok_or("its `valid-before` is no time")?),
                "cert-authority" => {
                    return Err("it names a certificate authority; list the signers' own keys");
                }
                _ => return Err("it has an option that is not known"),
            }
        }
        Ok(line)
    }

    /// Why this line does not allow a signature at that time.
    fn refuses(&self, when: Timestamp, principal: Option<&str>) -> Option<&'static str> {
        if self.namespaces.as_ref().is_some_and(|list| !matches(list, sign::NAMESPACE)) {
            return Some("is not allowed for this namespace");
        }
        if self.after.is_some_and(|after| when < after) || self.before.is_some_and(|before| when > before) {
            return Some("was not valid at that time");
        }
        let other = principal.is_some_and(|principal| !matches(&self.principals, principal));
        other.then_some("is listed for somebody else")
    }
}

/// The first word of a line, in which quoted text may hold spaces, and the rest.
fn word(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start();
    let mut quoted = false;
    let end = text.find(|c: char| {
        quoted ^= c == '"';
        c.is_whitespace() && !quoted
    });
    let (word, rest) = text.split_at(end.unwrap_or(text.len()));
    let word =
        word.strip_prefix('"').and_then(|w| w.strip_suffix('"')).filter(|w| !w.contains('"')).unwrap_or(word);
    (!word.is_empty()).then(|| (word.to_owned(), rest))
}

/// Parts between `at`, where it is not quoted.
fn split(text: &str, at: char) -> Vec<String> {
    let (mut parts, mut quoted) = (vec![String::new()], false);
    for c in text.chars() {
        quoted ^= c == '"';
        match parts.last_mut() {
            Some(part) if c != at || quoted => part.push(c),
            _ => parts.push(String::new()),
        }
    }
    parts
}

/// OpenSSH's lists of patterns: `*`, `?`, and `!` which excludes.
fn matches(list: &str, value: &str) -> bool {
    let mut found = false;
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(excluded) if like(excluded.as_bytes(), value.as_bytes()) => return false,
            None if like(pattern.as_bytes(), value.as_bytes()) => found = true,
            _ => {}
        }
    }
    found
}

fn like(pattern: &[u8], value: &[u8]) -> bool {
    // Where the last star stood, and what it has taken so far: no backtracking beyond it is needed.
    let (mut p, mut v, mut star) = (0, 0, None);
    while v < value.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, v));
                p += 1;
            }
            Some(c) if *c == b'?' || value.get(v) == Some(c) => (p, v) = (p + 1, v + 1),
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (p, v) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == b'*')
}

/// `YYYYMMDD[HHMM[SS]]`, in local time, or in UTC where a `Z` follows.
fn time(text: &str) -> Option<Timestamp> {
    let (digits, zone) = match text.strip_suffix(['Z', 'z']) {
        Some(digits) => (digits, TimeZone::UTC),
        None => (text, TimeZone::system()),
    };
    if !digits.bytes().all(|b| b.is_ascii_digit()) || !matches!(digits.len(), 8 | 12 | 14) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to).map_or(Some(0), |d| d.parse::<i8>().ok());
    let year = digits.get(..4)?.parse().ok()?;
    let at =
        civil::DateTime::new(year, part(4, 6)?, part(6, 8)?, part(8, 10)?, part(10, 12)?, part(12, 14)?, 0)
            .ok()?;
    zone.to_timestamp(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

    fn one(line: &str) -> Result<Allowed, (usize, &'static str)> {
        Signers::parse(line).map(|mut s| s.lines.remove(0))
    }

    #[test]
    fn lines_are_read_as_openssh_writes_them() {
        let line =
            one(&format!("a@x,b@x namespaces=\"weir-*,file\",valid-before=\"20270101Z\" {KEY} a comment"))
                .unwrap();
        assert_eq!((line.principals.as_str(), line.namespaces.as_deref()), ("a@x,b@x", Some("weir-*,file")));
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(line.before, Some(at("2027-01-01T00:00:00Z")));
        assert_eq!(line.refuses(at("2026-01-01T00:00:00Z"), Some("b@x")), None);
        assert!(line.refuses(at("2026-01-01T00:00:00Z"), Some("c@x")).is_some());
        assert!(line.refuses(at("2028-01-01T00:00:00Z"), None).is_some());
        let line = one(&format!("\"c d\" {KEY}")).unwrap();
        assert_eq!(line.principals, "c d");
        let other = one(&format!("* namespaces=\"git\" {KEY}")).unwrap();
        assert!(other.refuses(Timestamp::UNIX_EPOCH, None).is_some());
    }

    #[test]
    fn lines_that_are_not_understood_are_refused() {
        for line in
            ["a", "a ssh-ed25519", "a newer-option KEY", "a cert-authority KEY", "a valid-after=\"soon\" KEY"]
        {
            assert!(
                Signers::parse(&format!("# signers\n\n{}", line.replace("KEY", KEY)))
                    .is_err_and(|e| e.0 == 3),
                "{line}"
            );
        }
    }

    #[test]
    fn patterns_match_as_in_openssh() {
        assert!(
            matches("*@x", "a@x")
                && matches("a?c,b", "abc")
                && matches("*", "")
                && matches("a*b*c", "a.b.b.c")
        );
        assert!(
            !matches("*,!a@x", "a@x") && !matches("!b", "a") && !matches("a?", "a") && !matches("a", "ab")
        );
    }

    #[test]
    fn times_have_the_three_lengths() {
        assert_eq!(time("20261126Z"), "2026-11-26T00:00:00Z".parse().ok());
        assert_eq!(time("202611262233Z"), "2026-11-26T22:33:00Z".parse().ok());
        assert_eq!(time("20261126223344Z"), "2026-11-26T22:33:44Z".parse().ok());
        assert_eq!(time("2026112Z"), None);
    }
}
