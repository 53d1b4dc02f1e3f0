//! What really happened, for whoever measures a detector: `truth.json`.
//!
//! It is counted from the very events that were written, line by line, never from what a scenario meant to do; memory
//! grows with the exposed people and the attacker's own addresses and tokens, never with days.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::Serialize;

use crate::clock::rfc3339;
use crate::event::{Access, Event, Hand, Holder};
use crate::query::Query;
use crate::site::Shows;
use crate::world::World;

/// Version of the file's form.
const FORMAT: u32 = 1;

/// What a scenario tells beside its events.
pub(crate) struct Told {
    /// How the logs write whose data a page shows.
    pub(crate) named: fn(u32) -> String,
    /// Who stands out and takes nothing: role and addresses.
    pub(crate) innocents: Vec<(&'static str, Vec<IpAddr>)>,
}

/// Gathers the truth while events are written.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    records: u64,
    background: Vec<Beneath>,
    requests: u64,
    leaked: u64,
    bytes: u64,
    misses: u64,
    cover: u64,
    seen: Option<Seen>,
    routes: BTreeMap<&'static str, u64>,
    addresses: BTreeMap<IpAddr, Seen>,
    keys: BTreeSet<&'static str>,
    credentials: BTreeSet<String>,
    clients: BTreeSet<String>,
    subjects: BTreeMap<u32, Exposed>,
    nobody: BTreeSet<u32>,
    actors: BTreeSet<&'static str>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    first: i64,
    last: i64,
    n: u64,
}

impl Seen {
    fn more(seen: Option<Self>, at: i64) -> Self {
        match seen {
            Some(seen) => Self { first: seen.first.min(at), last: seen.last.max(at), n: seen.n + 1 },
            None => Self { first: at, last: at, n: 1 },
        }
    }
}

#[derive(Debug)]
struct Exposed {
    seen: Seen,
    named: bool,
}

impl Gathered {
    /// Takes in an event that was written to a log.
    pub(crate) fn written(&mut self, event: &Event, world: &World) {
        self.records += 1;
        match event {
            Event::Access(access) if access.hand == Hand::Attacker => {
                self.attacker(access, access.client.to_string());
            }
            Event::Query(query) if query.hand == Hand::Attacker => self.queried(query, world),
            _ => {}
        }
    }

    /// Takes in an attacker's access that was written to a real log under a client string of that log's.
    pub(crate) fn injected(&mut self, access: &Access, client: String) {
        self.records += 1;
        self.attacker(access, client);
    }

    /// Takes in a real log as a whole.
    pub(crate) fn beneath(&mut self, log: String, lines: u64, injected: u64) {
        self.records += lines - injected;
        self.background.push(Beneath { log, lines: lines - injected, injected });
    }

    fn queried(&mut self, query: &Query, world: &World) {
        self.requests += 1;
        let before = self.addresses.get(&query.origin).copied();
        self.addresses.insert(query.origin, Seen::more(before, query.at));
        self.clients.insert(query.program.to_owned());
        self.actors.insert(query.login);
        let (from, n) = query.shown;
        if n == 0 {
            self.cover += 1;
            return;
        }
        self.leaked += 1;
        self.seen = Some(Seen::more(self.seen, query.at));
        *self.routes.entry("crm.member").or_default() += 1;
        for member in world.members.iter().skip(from as usize).take(n as usize) {
            self.subject(member.id, query.at, false);
        }
    }

    fn attacker(&mut self, access: &Access, client: String) {
        self.requests += 1;
        let before = self.addresses.get(&access.origin).copied();
        self.addresses.insert(access.origin, Seen::more(before, access.at));
        self.clients.insert(client);
        let holder = access.session.map(|session| {
            self.keys.insert(session.key);
            self.credentials.insert(session.to_string());
            session.holder
        });
        let shown = match (access.page.shows(), holder) {
            (Shows::Named(id), _) => Some((id, true)),
            (Shows::Holder, Some(Holder::Member(id))) => Some((id, false)),
            _ => None,
        };
        match shown {
            Some((subject, named)) if access.status == 200 => self.leak(access, subject, named),
            Some((subject, _)) => {
                self.misses += 1;
                self.nobody.insert(subject);
            }
            None => self.cover += 1,
        }
    }

    fn leak(&mut self, access: &Access, subject: u32, named: bool) {
        self.leaked += 1;
        self.bytes += u64::from(access.bytes);
        self.seen = Some(Seen::more(self.seen, access.at));
        *self.routes.entry(access.page.route()).or_default() += 1;
        self.subject(subject, access.at, named);
    }

    fn subject(&mut self, subject: u32, at: i64, named: bool) {
        let before = self.subjects.get(&subject);
        let seen = Seen::more(before.map(|exposed| exposed.seen), at);
        let named = named || before.is_some_and(|exposed| exposed.named);
        self.subjects.insert(subject, Exposed { seen, named });
    }

    /// The truth as a whole.
    pub(crate) fn truth(
        self,
        scenario: &'static str,
        seed: u64,
        days: u32,
        scale: f64,
        told: &Told,
    ) -> Truth {
        let addresses = self.addresses.iter().map(|(address, seen)| Address {
            address: address.to_string(),
            first: rfc3339(seen.first),
            last: rfc3339(seen.last),
            requests: seen.n,
        });
        let subjects = self.subjects.iter().map(|(id, exposed)| Subject {
            id: (told.named)(*id),
            first: rfc3339(exposed.seen.first),
            last: rfc3339(exposed.seen.last),
            records: exposed.seen.n,
            named: exposed.named,
        });
        let innocents = told.innocents.iter().map(|(role, addresses)| Innocent {
            role,
            addresses: addresses.iter().map(ToString::to_string).collect(),
        });
        Truth {
            format: FORMAT,
            scenario,
            seed,
            days,
            scale,
            records: self.records,
            background: self.background,
            leak: Leak {
                first: self.seen.map(|seen| rfc3339(seen.first)),
                last: self.seen.map(|seen| rfc3339(seen.last)),
                records: self.leaked,
                bytes: self.bytes,
                share_of_records: self.leaked as f64 / self.records.max(1) as f64,
                routes: self.routes,
                subjects_n: self.subjects.len() as u64,
                subjects: subjects.collect(),
            },
            attacker: Attacker {
                requests: self.requests,
                cover: self.cover,
                misses: self.misses,
                addresses: addresses.collect(),
                keys: self.keys.into_iter().collect(),
                credentials: self.credentials.into_iter().collect(),
                clients: self.clients.into_iter().collect(),
                actors: self.actors.into_iter().collect(),
                subjects_that_do_not_exist: self.nobody.iter().map(|id| (told.named)(*id)).collect(),
            },
            innocents: innocents.collect(),
        }
    }
}

/// `truth.json`. Times are RFC 3339 in UTC with milliseconds; logs may keep whole seconds.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Truth {
    /// Version of this form.
    pub format: u32,
    /// The scenario's name.
    pub scenario: &'static str,
    /// The seed.
    pub seed: u64,
    /// Days of logs.
    pub days: u32,
    /// The world's scale.
    pub scale: f64,
    /// Records in all logs together.
    pub records: u64,
    /// The real logs that it was written into.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub background: Vec<Beneath>,
    /// What left.
    pub leak: Leak,
    /// Who took it.
    pub attacker: Attacker,
    /// Who stands out and took nothing.
    pub innocents: Vec<Innocent>,
}

/// A real log that a scenario was written into.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Beneath {
    /// Its name among the logs.
    pub log: String,
    /// Its own lines.
    pub lines: u64,
    /// Lines of the attacker's between them.
    pub injected: u64,
}

/// What left.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Leak {
    /// The first record that gave someone's data away; none where nothing leaks.
    pub first: Option<String>,
    /// The last.
    pub last: Option<String>,
    /// How many did.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their share of all records in all logs.
    pub share_of_records: f64,
    /// How many by each route.
    pub routes: BTreeMap<&'static str, u64>,
    /// How many people.
    pub subjects_n: u64,
    /// Each of them.
    pub subjects: Vec<Subject>,
}

/// A person whose data left.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Subject {
    /// The member's id.
    pub id: String,
    /// First record.
    pub first: String,
    /// Last record.
    pub last: String,
    /// How many records.
    pub records: u64,
    /// Whether any of them names the person. If not, only the forged token says who it was, and no log does.
    pub named: bool,
}

/// Who took it.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Attacker {
    /// All requests, those that got nothing included.
    pub requests: u64,
    /// Requests that show nobody's data: browsing as cover.
    pub cover: u64,
    /// Requests for a person's data that got none.
    pub misses: u64,
    /// Addresses used.
    pub addresses: Vec<Address>,
    /// Ids of the keys that signed the tokens.
    pub keys: Vec<&'static str>,
    /// Token ids presented.
    pub credentials: Vec<String>,
    /// Client strings used.
    pub clients: Vec<String>,
    /// Logins used in the database.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actors: Vec<&'static str>,
    /// Ids asked for that no member has.
    pub subjects_that_do_not_exist: Vec<String>,
}

/// An address of the attacker's.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Address {
    /// The address.
    pub address: String,
    /// First request.
    pub first: String,
    /// Last request.
    pub last: String,
    /// How many requests.
    pub requests: u64,
}

/// An innocent who stands out.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Innocent {
    /// What they are.
    pub role: &'static str,
    /// Where they come from.
    pub addresses: Vec<String>,
}
