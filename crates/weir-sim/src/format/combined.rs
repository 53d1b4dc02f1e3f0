//! nginx and Apache combined access log, of the front that serves public pages. `$remote_user` is `-`, as on any site that
//! signs people in by itself, so the log names nobody.

use crate::clock::Moment;
use crate::event::{Access, Event, Referer};
use crate::format::Pen;
use crate::text::{Put, Two, put};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Writes an access to a public page.
pub fn render(event: &Event, pen: &mut Pen) -> bool {
    let Event::Access(access) = event else { return false };
    if !access.page.public() {
        return false;
    }
    let moment = pen.local(access.at);
    let line = &mut pen.line;
    put!(line, access.origin, " - - ", stamp(moment, i32::from(pen.ahead) * 60), " \"", access.method, " ");
    put!(line, access.page, " HTTP/1.1\" ", access.status, " ", access.bytes, " \"");
    match access.referer {
        Referer::Absent => put!(line, "-"),
        Referer::SearchEngine => put!(line, "https://www.google.com/"),
        Referer::Page(page) => put!(line, "https://www.shop.example", page),
    }
    put!(line, "\" \"", access.client, "\"\n");
    true
}

/// `[03/Mar/2025:10:05:03 +0900]`, of a clock this many minutes ahead of UTC.
#[must_use]
pub fn stamp(moment: Moment, ahead_min: i32) -> impl Put {
    Stamp(moment, ahead_min)
}

struct Stamp(Moment, i32);

impl Put for Stamp {
    fn put(&self, line: &mut Vec<u8>) {
        let Self(t, ahead) = self;
        let month = MONTHS.get(usize::from(t.month.saturating_sub(1))).copied().unwrap_or("Jan");
        put!(line, "[", Two(t.day), "/", month, "/", t.year, ":", Two(t.hour), ":", Two(t.minute), ":");
        let (sign, off) = (if *ahead < 0 { "-" } else { "+" }, ahead.unsigned_abs());
        put!(line, Two(t.second), " ", sign, Two((off / 60) as u8), Two((off % 60) as u8), "]");
    }
}

/// The number of a month, from 1, by its name in this format.
#[must_use]
pub fn month(name: &[u8]) -> Option<u8> {
    MONTHS.iter().zip(1..).find(|(known, _)| known.as_bytes() == name).map(|(_, number)| number)
}

/// An access as somebody else's log of this form would hold it: with a target, a page before and a client of that log's own.
pub(crate) struct Foreign<'a> {
    pub(crate) access: &'a Access,
    pub(crate) moment: Moment,
    pub(crate) ahead_min: i32,
    pub(crate) target: &'a [u8],
    pub(crate) bytes: &'a [u8],
    pub(crate) referer: &'a [u8],
    pub(crate) client: &'a [u8],
}

impl Put for Foreign<'_> {
    fn put(&self, line: &mut Vec<u8>) {
        let access = self.access;
        put!(line, access.origin, " - - ", stamp(self.moment, self.ahead_min), " \"", access.method, " ");
        put!(line, self.target, " HTTP/1.1\" ", access.status, " ", self.bytes);
        put!(line, " \"", self.referer, "\" \"", self.client, "\"\n");
    }
}
