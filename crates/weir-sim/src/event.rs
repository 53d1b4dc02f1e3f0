//! What happens in a world, before any log format: a page asked for, a token issued or refused.
//!
//! Events carry what no log shows (whose hand it was, who holds a session), for the truth file alone; the formats never
//! write it. They are small and hold no strings, as a whole day of them is in memory at once.

use std::fmt::{self, Display};
use std::net::IpAddr;

use crate::client::Client;
use crate::query::Query;
use crate::random::Random;
use crate::site::Page;
use crate::text::{Put, put, show};

/// Something that happened.
#[derive(Debug, Clone, Copy)]
pub enum Event {
    /// A page was asked for.
    Access(Access),
    /// A token was issued or refused.
    Issue(Issue),
    /// A statement was run in the database.
    Query(Query),
}

impl Event {
    /// When, in milliseconds UTC.
    #[must_use]
    pub fn at(&self) -> i64 {
        match self {
            Self::Access(access) => access.at,
            Self::Issue(issue) => issue.at,
            Self::Query(query) => query.at,
        }
    }

    /// The same event as a clock writes it that shows this time.
    #[must_use]
    pub(crate) fn shown_at(mut self, shown: i64) -> Self {
        match &mut self {
            Self::Access(access) => access.at = shown,
            Self::Issue(issue) => issue.at = shown,
            Self::Query(query) => query.at = shown,
        }
        self
    }

    /// Makes a page that would have been answered one that was not.
    pub(crate) fn unanswered(&mut self) {
        if let Self::Access(access) = self {
            (access.status, access.bytes) = (503, 0);
        }
    }
}

/// A page asked for.
#[derive(Debug, Clone, Copy)]
pub struct Access {
    /// When, in milliseconds UTC.
    pub at: i64,
    /// From where.
    pub origin: IpAddr,
    /// By which program.
    pub client: Client,
    /// How.
    pub method: Method,
    /// What.
    pub page: Page,
    /// The answer's status.
    pub status: u16,
    /// The answer's size.
    pub bytes: u32,
    /// The session token presented.
    pub session: Option<Session>,
    /// The page before.
    pub referer: Referer,
    /// Whose hand it was. In no log.
    pub hand: Hand,
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
}

impl Put for Method {
    fn put(&self, line: &mut Vec<u8>) {
        let name = match self {
            Self::Get => "GET",
            Self::Post => "POST",
        };
        name.put(line);
    }
}

/// Where a request says it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Referer {
    /// Says nothing.
    Absent,
    /// A search engine.
    SearchEngine,
    /// A page of the shop.
    Page(Page),
}

/// Whose hand an event is by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// Ordinary life, machines and nuisances included.
    Ordinary,
    /// The attacker's.
    Attacker,
}

/// A session token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// The token's identity.
    pub id: u64,
    /// The key that signed it.
    pub key: &'static str,
    /// Whom it speaks for. In no access log.
    pub holder: Holder,
}

const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Put for Session {
    /// As the logs write it: eleven characters of base64url.
    fn put(&self, line: &mut Vec<u8>) {
        for shift in (0..11).rev() {
            let six = (self.id >> (shift * 6)) & 63;
            line.push(BASE64URL.get(six as usize).copied().unwrap_or(b'A'));
        }
    }
}

impl Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self, f)
    }
}

/// Whom a token speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A member, by id.
    Member(u32),
    /// An employee, by personnel number.
    Employee(u16),
    /// A program.
    Service(&'static str),
}

impl Put for Holder {
    fn put(&self, line: &mut Vec<u8>) {
        match self {
            Self::Member(id) => id.put(line),
            Self::Employee(number) => put!(line, "p-", *number),
            Self::Service(name) => name.put(line),
        }
    }
}

/// A token issued or refused.
#[derive(Debug, Clone, Copy)]
pub struct Issue {
    /// When, in milliseconds UTC.
    pub at: i64,
    /// For whom.
    pub holder: Holder,
    /// For which application.
    pub app: &'static str,
    /// On what ground.
    pub grant: Grant,
    /// The token; none where refused.
    pub session: Option<Session>,
    /// From where it was asked for.
    pub origin: IpAddr,
    /// By which program.
    pub client: Client,
}

/// On what ground a token is issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// A login and password.
    Password,
    /// A refresh token.
    Refresh,
    /// A program's own credentials.
    ClientCredentials,
}

impl Put for Grant {
    fn put(&self, line: &mut Vec<u8>) {
        let name = match self {
            Self::Password => "password",
            Self::Refresh => "refresh_token",
            Self::ClientCredentials => "client_credentials",
        };
        name.put(line);
    }
}

/// One client walking through pages: keeps its time, address, session and last page.
#[derive(Debug)]
pub struct Walk<'a> {
    /// Where the events go.
    pub events: &'a mut Vec<Event>,
    /// Now.
    pub at: i64,
    /// From where.
    pub origin: IpAddr,
    /// By which program.
    pub client: Client,
    /// The session it presents, if any.
    pub session: Option<Session>,
    /// Its last page.
    pub referer: Referer,
    hand: Hand,
}

impl<'a> Walk<'a> {
    /// An ordinary client at its first step.
    pub fn new(events: &'a mut Vec<Event>, at: i64, origin: IpAddr, client: Client) -> Self {
        Self { events, at, origin, client, session: None, referer: Referer::Absent, hand: Hand::Ordinary }
    }

    /// The same, by the attacker's hand.
    #[must_use]
    pub fn by_attacker(self) -> Self {
        Self { hand: Hand::Attacker, ..self }
    }

    /// Opens a page that answers well.
    pub fn get(&mut self, page: Page) {
        let bytes = match self.session.map(|session| session.holder) {
            Some(Holder::Member(id)) => page.bytes_for(id),
            _ => page.bytes(),
        };
        self.request(Method::Get, page, 200, bytes);
        self.referer = Referer::Page(page);
    }

    /// Opens a page that does not answer well.
    pub fn miss(&mut self, page: Page, status: u16) {
        self.request(Method::Get, page, status, 153);
    }

    /// Makes any request.
    pub fn request(&mut self, method: Method, page: Page, status: u16, bytes: u32) {
        self.events.push(Event::Access(Access {
            at: self.at,
            origin: self.origin,
            client: self.client,
            method,
            page,
            status,
            bytes,
            session: self.session,
            referer: self.referer,
            hand: self.hand,
        }));
    }

    /// Lets time pass as a reader does: seconds, sometimes minutes.
    pub fn think(&mut self, random: &mut Random, least_s: f64) {
        self.at += (random.tail(least_s, 1_200.0) * 1_000.0) as i64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_written_as_eleven_safe_characters() {
        let session = Session { id: u64::MAX, key: "k", holder: Holder::Member(1) };
        assert_eq!(session.to_string(), "P__________");
        assert_eq!(Session { id: 1, ..session }.to_string(), "AAAAAAAAAAB");
    }

    #[test]
    fn a_day_of_events_fits_in_memory() {
        assert!(size_of::<Event>() <= 128, "{}", size_of::<Event>());
    }
}
