//! Sign-ins, `sudo` and account changes in syslog: OpenSSH, PAM, `sudo`, `su`, `login`, `useradd` and their like.
//!
//! Decisive choice: every line with a stamp is a record. What tells of a sign-in, a change of account or a change to one goes to `auth`,
//! all else to `host`. Text that a client chose never decides where an address is read (see [`sshd`]).
//!
//! What this source refuses: syslog in general. It takes a file when at least half of its lines come from these programs.

mod account;
mod event;
mod line;
mod pam;
mod privilege;
mod session;
mod sshd;
#[cfg(test)]
mod tests;
mod years;

use crate::instant::instant;
use crate::secrets::Fingerprints;
use crate::source::{
    At, FileOptions, Framing, Head, Info, Outcome, Parser, Source, Sure, Survey, assumed, in_range, lossy,
};
use event::{Event, Kind, kind};
use jiff::tz::TimeZone;
use line::{Line, Stamp};
use std::borrow::Cow;
use weir_model::{Auth, Common, Host, Micros, Records, Table, TimeBasis};
use years::{YearSurvey, Years};

/// The source.
pub struct SyslogAuth;

static INFO: Info = Info {
    name: "syslog_auth",
    summary: "Sign-ins and account changes in syslog: sshd, sudo, su, PAM, login, useradd.",
    manual: include_str!("syslog_auth/manual.md"),
    tables: &[Table::Auth, Table::Host],
};

impl Source for SyslogAuth {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn framing(&self) -> Framing {
        Framing::Lines
    }

    fn recognise(&self, head: &Head<'_>) -> Sure {
        let (mut lines, mut ours) = (0_u32, 0_u32);
        for line in lines_of(head) {
            lines += 1;
            let about = Line::parse(&line).is_some_and(|l| is_auth(&l));
            ours += u32::from(about);
        }
        if ours > 0 && ours * 2 >= lines { Sure::Likely } else { Sure::No }
    }

    fn survey(&self, head: &Head<'_>, _: &FileOptions) -> Option<Box<dyn Survey>> {
        let yearless =
            |line: Cow<'_, str>| Line::parse(&line).is_some_and(|l| matches!(l.stamp, Stamp::Yearless(_)));
        lines_of(head).any(yearless).then(|| Box::new(YearSurvey::new()) as Box<dyn Survey>)
    }

    fn parser(&self, head: &Head<'_>, options: &FileOptions) -> Box<dyn Parser> {
        let first = options.year_first.unwrap_or_else(|| {
            let mut survey = YearSurvey::new();
            lines_of(head).for_each(|line| survey.record(line.as_bytes()));
            survey.first_year(options.year_hint)
        });
        Box::new(AuthParser {
            years: Years::starting(first),
            zone: options.time_zone.clone(),
            fingerprints: options.fingerprints.clone(),
            host: None,
            before: None,
        })
    }
}

fn lines_of<'a>(head: &Head<'a>) -> impl Iterator<Item = Cow<'a, str>> {
    let lines = head.bytes.split(|b| *b == b'\n').map(String::from_utf8_lossy);
    lines.filter(|line| !line.trim().is_empty())
}

fn is_auth(line: &Line<'_>) -> bool {
    kind(line.program) != Kind::Other || line.message.starts_with("pam_")
}

struct AuthParser {
    years: Years,
    zone: Option<TimeZone>,
    fingerprints: Fingerprints,
    /// The first host named.
    host: Option<String>,
    /// Program and message of the record before, which `last message repeated` speaks of.
    before: Option<(String, String)>,
}

impl Parser for AuthParser {
    fn record(&mut self, at: At, bytes: &[u8], out: &mut Records) -> Outcome {
        let text = lossy(bytes);
        let text = text.trim_end_matches(['\r', '\n']);
        if text.trim().is_empty() {
            return Outcome::NoRecord;
        }
        let Some(line) = Line::parse(text) else { return Outcome::Rejected("no syslog time stamp") };
        let time = match self.time(line.stamp) {
            Ok(time) => time,
            Err(reason) => return Outcome::Rejected(reason),
        };
        if self.host.is_none() {
            self.host = line.host.map(|h| self.fingerprints.scrub(h).into_owned());
        }
        let row = Row { at, time, line: &line, fingerprints: &self.fingerprints };
        if let Some(times) = event::refers_back(line.message) {
            let before = self
                .before
                .as_ref()
                .filter(|(program, _)| line.program.is_empty() || program == line.program);
            let event = before
                .map_or_else(Event::host, |(program, message)| event::read_again(program, message, times));
            row.push(&event, out);
            return Outcome::Parsed;
        }
        row.push(&event::read(line.program, line.message), out);
        self.remember(&line);
        Outcome::Parsed
    }

    fn sensor(&self) -> Option<String> {
        self.host.clone()
    }
}

impl AuthParser {
    fn time(&mut self, stamp: Stamp<'_>) -> Result<(Micros, TimeBasis), &'static str> {
        const NO_DATE: &str = "no such date";
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        let (at, basis) = match stamp {
            Stamp::Iso(word) => {
                let read = instant(word, self.zone.as_ref()).ok_or(NO_DATE)?;
                if let Some(date) = word.get(..10).and_then(|d| d.parse().ok()) {
                    self.years.told(date);
                }
                read
            }
            Stamp::Civil(civil) => {
                let at = zone.to_timestamp(civil).map_err(|_| NO_DATE)?;
                self.years.told(civil.date());
                (Micros(at.as_microsecond()), assumed(self.zone.is_some()))
            }
            Stamp::Yearless(yearless) => {
                let civil = self.years.place(yearless).ok_or(NO_DATE)?;
                let at = zone.to_timestamp(civil).map_err(|_| NO_DATE)?;
                (Micros(at.as_microsecond()), TimeBasis::YearInferred)
            }
        };
        Ok((in_range(at)?, basis))
    }

    /// Keeps what a following `last message repeated` would speak of.
    fn remember(&mut self, line: &Line<'_>) {
        /// No message that matters here is longer; one that is longer is not kept.
        const MESSAGE_MAX: usize = 8_192;
        if line.message.len() > MESSAGE_MAX {
            self.before = None;
            return;
        }
        let (program, message) = self.before.get_or_insert_default();
        for (kept, new) in [(program, line.program), (message, line.message)] {
            kept.clear();
            kept.push_str(new);
        }
    }
}

/// One line on its way into a table.
struct Row<'a> {
    at: At,
    time: (Micros, TimeBasis),
    line: &'a Line<'a>,
    fingerprints: &'a Fingerprints,
}

impl Row<'_> {
    /// The message, secrets replaced. The words of these programs that look like names of secrets are no such names.
    fn message(&self) -> Cow<'_, str> {
        const WORDS: [&str; 7] = [
            " ; PWD=",
            " : PWD=",
            "Starting session: ",
            "Close session: ",
            "create session: ",
            "(passwd:",
            "(chpasswd:",
        ];
        let mut rest = self.line.message;
        let next = |text: &str| WORDS.iter().filter_map(|w| Some(text.find(w)? + w.len())).min();
        if next(rest).is_none() {
            return self.fingerprints.scrub(rest);
        }
        let mut whole = String::with_capacity(rest.len());
        while let Some((before, after)) = next(rest).and_then(|end| rest.split_at_checked(end)) {
            whole.push_str(&self.fingerprints.scrub(before));
            rest = after;
        }
        whole.push_str(&self.fingerprints.scrub(rest));
        Cow::Owned(whole)
    }

    fn push(&self, event: &Event<'_>, out: &mut Records) {
        let clean = |text: Option<&'_ str>| text.map(|t| self.fingerprints.scrub(t).into_owned());
        let (actor, user, command) =
            (clean(event.common.actor), clean(event.auth.user), clean(event.auth.command));
        let (granted, credential) = (clean(event.auth.granted), clean(event.auth.credential));
        let (detail, host) = (clean(event.auth.status_detail), clean(self.line.host));
        let message = self.message();
        let (line, offset) = (Some(self.at.line), Some(self.at.offset));
        let common = Common { actor: actor.as_deref(), line, offset, ..event.common };
        if event.table == Table::Auth {
            let row = Auth {
                user: user.as_deref(),
                granted: granted.as_deref(),
                credential: credential.as_deref(),
                command: command.as_deref(),
                status_detail: detail.as_deref(),
                hostname: host.as_deref(),
                message: Some(&message),
                ..event.auth
            };
            return out.auth(self.time, &common, &row);
        }
        let row = Host {
            hostname: host.as_deref(),
            process: Some(self.line.program).filter(|p| !p.is_empty()),
            pid: self.line.pid,
            user: user.as_deref(),
            command: command.as_deref(),
            message: Some(&message),
        };
        out.host(self.time, &common, &row);
    }
}
