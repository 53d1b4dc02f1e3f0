//! One syslog line: RFC 3164, ISO 8601 stamps as rsyslog writes them, RFC 5424.
//!
//! Decisive choice: only the stamp is demanded. A line without host, tag or process id is still a record; a line without a stamp is
//! none, because nothing could place it.

use super::years::Yearless;
use jiff::civil::{Date, DateTime, Time};
use weir_model::time::MONTHS;

/// A line taken apart; the texts are as written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) stamp: Stamp<'a>,
    pub(super) host: Option<&'a str>,
    /// The program without its directory; empty when the line has no tag.
    pub(super) program: &'a str,
    pub(super) pid: Option<i32>,
    pub(super) message: &'a str,
}

/// How the line is stamped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stamp<'a> {
    /// Date, time and mostly an offset, in one word.
    Iso(&'a str),
    /// Date and time without offset.
    Civil(DateTime),
    /// RFC 3164: no year, no offset.
    Yearless(Yearless),
}

impl<'a> Line<'a> {
    /// Takes a line apart; `None` when it has no stamp.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let line = line.trim_start_matches('\u{feff}');
        let rest = without_priority(line).unwrap_or(line);
        if rest.len() < line.len()
            && let Some(versioned) = rest.strip_prefix("1 ")
        {
            return rfc5424(versioned);
        }
        let (stamp, rest) = iso(rest).or_else(|| rfc3164(rest))?;
        let (host, rest) = host(rest);
        let (program, pid, message) = tag(rest);
        Some(Self { stamp, host, program, pid, message })
    }
}

/// What follows `<134>`.
fn without_priority(line: &str) -> Option<&str> {
    let (digits, rest) = line.strip_prefix('<')?.split_once('>')?;
    (1..=3).contains(&digits.len()).then_some(())?;
    digits.bytes().all(|b| b.is_ascii_digit()).then_some(rest)
}

/// `2025-01-01T10:00:00.123456+01:00 `, `2019-06-14T10:40:20.912134 `.
fn iso(text: &str) -> Option<(Stamp<'_>, &str)> {
    let (word, rest) = text.split_once(' ')?;
    let shape: Vec<u8> = word.bytes().take(11).map(|b| if b.is_ascii_digit() { b'0' } else { b }).collect();
    (shape == b"0000-00-00T" && word.len() <= 40).then_some((Stamp::Iso(word), rest))
}

/// `Feb  9 21:20:02 `, `Feb 09 21:20:02.123 `, `Feb  9 2017 21:20:02 `.
fn rfc3164(text: &str) -> Option<(Stamp<'_>, &str)> {
    let (month, rest) = text.split_once(' ')?;
    let month = i8::try_from(MONTHS.iter().position(|m| *m == month)?).ok()? + 1;
    let (day, rest) = rest.trim_start_matches(' ').split_once(' ')?;
    let day: i8 = Some(day).filter(|d| d.len() <= 2)?.parse().ok()?;
    let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
    if !word.contains(':') && word.len() == 4 {
        let (word, after) = after.split_once(' ').unwrap_or((after, ""));
        let date = Date::new(word_year(rest)?, month, day).ok()?;
        return Some((Stamp::Civil(date.to_datetime(clock(word)?)), after));
    }
    let time = clock(word)?;
    Date::new(2000, month, day).ok()?;
    Some((Stamp::Yearless(Yearless { month, day, time }), after))
}

fn word_year(rest: &str) -> Option<i16> {
    rest.get(..4)?.parse().ok()
}

/// `21:20:02`, with a fraction or not.
fn clock(word: &str) -> Option<Time> {
    let digit_first = word.bytes().next().is_some_and(|b| b.is_ascii_digit());
    (digit_first && (8..=18).contains(&word.len())).then(|| word.parse().ok()).flatten()
}

/// The host, unless the line goes on with a tag at once (`sshd[1]:`) or leaves the place of the host empty.
fn host(rest: &str) -> (Option<&str>, &str) {
    if let Some(rest) = rest.strip_prefix(' ') {
        return (None, rest.trim_start_matches(' '));
    }
    match rest.split_once(' ') {
        Some((word, _)) if word.ends_with(':') => (None, rest),
        Some((word, after)) => (Some(word).filter(|w| !w.is_empty()), after),
        None => (None, rest),
    }
}

/// `sshd[8317]: message`, `sudo: message`, `/usr/sbin/cron[1]: message`; Solaris' `[ID 800047 auth.info] ` is left out.
fn tag(rest: &str) -> (&str, Option<i32>, &str) {
    let (tag, message) = match rest.split_once(": ") {
        Some(parts) => parts,
        None => match rest.strip_suffix(':') {
            Some(tag) => (tag, ""),
            None => return ("", None, rest),
        },
    };
    if tag.is_empty() || tag.contains(char::is_whitespace) {
        return ("", None, rest);
    }
    let message = match message.strip_prefix("[ID ").and_then(|m| m.split_once("] ")) {
        Some((id, message)) if id.len() <= 32 => message,
        _ => message,
    };
    let (name, pid) = match tag.split_once('[') {
        Some((name, pid)) => (name, pid.strip_suffix(']').and_then(|p| p.parse().ok())),
        None => (tag, None),
    };
    (name.rsplit('/').next().unwrap_or(name), pid, message)
}

/// What follows `<34>1 `: `STAMP HOST APP PROCID MSGID STRUCTURED-DATA MESSAGE`, each `-` where unknown.
fn rfc5424(text: &str) -> Option<Line<'_>> {
    let (stamp, rest) = iso(text)?;
    let mut words = rest.splitn(5, ' ');
    let mut word = || words.next().filter(|w| !w.is_empty());
    let (host, app, pid, _msgid, rest) = (word()?, word()?, word()?, word()?, word()?);
    let message = match rest.strip_prefix('-') {
        Some(message) => message,
        None => after_structured_data(rest)?,
    };
    let message = message.strip_prefix(' ').unwrap_or(message).trim_start_matches('\u{feff}');
    let known = |w| Some(w).filter(|w| *w != "-");
    let program = known(app).unwrap_or_default();
    let program = program.rsplit('/').next().unwrap_or(program);
    Some(Line { stamp, host: known(host), program, pid: pid.parse().ok(), message })
}

/// Skips `[id name="value"]...`, in which `\"`, `\\` and `\]` are escaped.
fn after_structured_data(text: &str) -> Option<&str> {
    let (mut inside, mut quoted, mut escaped) = (false, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if inside => quoted = !quoted,
            _ if quoted => {}
            '[' if !inside => inside = true,
            ']' if inside => inside = false,
            _ if !inside => return text.get(at..),
            _ => {}
        }
    }
    (!inside).then_some("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(line: &str) -> Option<(Option<&str>, &str, Option<i32>, &str)> {
        Line::parse(line).map(|l| (l.host, l.program, l.pid, l.message))
    }

    #[test]
    fn every_header_form_is_taken_apart() {
        let want = Some((Some("h"), "sshd", Some(7), "Invalid user a from b"));
        for line in [
            "Feb  9 21:20:02 h sshd[7]: Invalid user a from b",
            "Feb 09 21:20:02 h sshd[7]: Invalid user a from b",
            "<38>Feb  9 21:20:02.123 h /usr/sbin/sshd[7]: Invalid user a from b",
            "Feb  9 2017 21:20:02 h sshd[7]: [ID 800047 auth.info] Invalid user a from b",
            "2025-01-01T10:00:00.123456+01:00 h sshd[7]: Invalid user a from b",
            "2025-01-01T10:00:00+0100 h sshd[7]: Invalid user a from b",
            "<38>1 2025-01-01T10:00:00Z h sshd 7 - - \u{feff}Invalid user a from b",
            r#"<38>1 2025-01-01T10:00:00Z h sshd 7 ID [x@1 a="\"]" b="]"][y@2] Invalid user a from b"#,
        ] {
            assert_eq!(parts(line), want, "{line}");
        }
    }

    #[test]
    fn missing_parts_cost_nothing_else() {
        let m = "last message repeated 2 times";
        assert_eq!(parts(&format!("Feb  9 21:20:08  sshd[8317]: {m}")), Some((None, "sshd", Some(8317), m)));
        assert_eq!(parts(&format!("Feb  9 21:20:08 h {m}")), Some((Some("h"), "", None, m)));
        assert_eq!(parts("Feb  9 21:20:08 sshd[1]: x y"), Some((None, "sshd", Some(1), "x y")));
        assert_eq!(parts("Feb  9 21:20:08 h sshd[99999999999]: x"), Some((Some("h"), "sshd", None, "x")));
        assert_eq!(parts("Feb  9 21:20:08 h some words: x"), Some((Some("h"), "", None, "some words: x")));
        assert_eq!(parts("Feb  9 21:20:08"), Some((None, "", None, "")));
    }

    #[test]
    fn a_line_without_a_stamp_is_none() {
        for line in [
            "",
            " ",
            "Feb",
            "Feb 9",
            "Feb 30 21:20:02 h x: y",
            "Foo  9 21:20:02 h x: y",
            "Feb  9 25:00:00 h x: y",
            "Feb  9 21:20 h x: y",
            "<>Feb",
            "<38>1 - h a 1 - - x",
            "<38>1 2025-01-01T10:00:00Z h a 1 - [x",
            "\ttab",
            "é 9 21:20:02",
        ] {
            assert!(Line::parse(line).is_none(), "{line}");
        }
    }
}
