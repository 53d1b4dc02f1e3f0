//! Ordinary life in the database: the application's pool, the nightly jobs, the desk, analysts with questions of their own, a monthly
//! letter, and whoever keeps the server running.

use std::net::{IpAddr, Ipv4Addr};

use crate::clock::{Day, HOUR};
use crate::event::{Event, Hand};
use crate::query::{Query, Statement};
use crate::random::Random;
use crate::world::{Actor, World};

/// The desk's logins.
pub const DESK: [&str; 6] = ["desk_131", "desk_132", "desk_133", "desk_134", "desk_135", "desk_136"];
const ANALYSTS: [&str; 3] = ["analyst_201", "analyst_202", "analyst_203"];
/// Who keeps the server running.
pub const KEEPER: &str = "dba_112";

/// A workstation in the office.
#[must_use]
pub fn desktop(number: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 20, 8, number))
}

/// One session of a login.
pub struct Session<'a> {
    /// Where the events go.
    pub events: &'a mut Vec<Event>,
    /// Now.
    pub at: i64,
    /// What stays the same.
    pub query: Query,
}

impl<'a> Session<'a> {
    /// Opens one.
    pub fn open(
        events: &'a mut Vec<Event>,
        at: i64,
        (login, origin, program): (&'static str, IpAddr, &'static str),
        random: &mut Random,
    ) -> Self {
        let session = (at - 900, 2_000 + random.below(28_000) as u32);
        let (number, hand) = (0, Hand::Ordinary);
        let query = Query {
            at,
            login,
            origin,
            program,
            session,
            number,
            statement: Statement::Health,
            rows: 0,
            shown: (0, 0),
            hand,
        };
        Self { events, at, query }
    }

    /// Runs a statement.
    pub fn run(&mut self, statement: Statement, rows: u32, shown: (u32, u32)) {
        self.query =
            Query { at: self.at, number: self.query.number + 1, statement, rows, shown, ..self.query };
        self.events.push(Event::Query(self.query));
    }
}

/// Everyone with a login.
pub struct Logins;

impl Actor for Logins {
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>) {
        let mut random = Random::new(world.seed, "database", u64::from(day.index));
        let random = &mut random;
        let ids: Vec<u32> =
            world.members.iter().filter(|m| m.joined <= i64::from(day.index)).map(|m| m.id).collect();
        let all = ids.len() as u32;
        let drawn = |random: &mut Random| random.pick(&ids).copied().unwrap_or(0);
        let batch = |last: u8| IpAddr::V4(Ipv4Addr::new(10, 20, 0, last));

        let mut pool = Session::open(events, day.at(0, 5), ("crm_app", batch(21), "crm"), random);
        for _ in 0..all / 8 {
            pool.at = day.at(6, 0) + random.below(17 * HOUR as u64) as i64;
            let id = drawn(random);
            pool.run(Statement::Member(id), 1, (0, 0));
        }
        let orders = all / 12 + random.below(u64::from(all / 12 + 1)) as u32;
        let start = day.at(2, 30) + random.below(600_000) as i64;
        let mut settlement = Session::open(events, start, ("settlement", batch(15), "settlement"), random);
        settlement.run(Statement::Settlement(20_000 + day.index), orders, (0, 0));
        let mut backup = Session::open(events, day.at(3, 40), ("backup", batch(15), "pg_dump"), random);
        for table in ["crm.member", "crm.orders"] {
            backup.run(Statement::Backup(table), all, (0, 0));
            backup.at += 40_000;
        }

        for (login, number) in DESK.into_iter().zip(31..) {
            if day.weekend() && !random.chance(0.25) || random.chance(0.12) {
                continue;
            }
            let at = day.at(8, 40) + random.below(2_400_000) as i64;
            let mut desk = Session::open(events, at, (login, desktop(number), "service-desk"), random);
            for _ in 0..6 + random.count(14.0) {
                let id = drawn(random);
                desk.run(Statement::Member(id), 1, (0, 0));
                desk.at += 4_000;
                if random.chance(0.6) {
                    let rows = random.count(4.0).min(20);
                    desk.run(Statement::Orders(id), rows, (0, 0));
                }
                desk.at += (random.tail(200.0, 3_000.0) * 1_000.0) as i64;
            }
        }
        for (login, number) in ANALYSTS.into_iter().zip(71..) {
            if day.weekend() || !random.chance(0.55) {
                continue;
            }
            let at = day.at(9, 30) + random.below(3 * HOUR as u64) as i64;
            let mut analyst = Session::open(events, at, (login, desktop(number), "psql"), random);
            for _ in 0..1 + random.count(3.0) {
                let which = random.below(64) as u16;
                if random.chance(0.6) {
                    let rows = random.tail(6.0, 400.0) as u32;
                    analyst.run(Statement::Report(which), rows, (0, 0));
                } else {
                    let rows = random.tail(f64::from(all) * 0.01 + 5.0, f64::from(all) * 0.3) as u32;
                    let value = random.below(40) as u32;
                    analyst.run(Statement::Extract(which, value), rows, (0, 0));
                }
                analyst.at += (random.tail(300.0, 5_000.0) * 1_000.0) as i64;
            }
        }
        if day.index % 30 == 4 {
            let marketing = ("marketing", desktop(90), "letters");
            let mut letters = Session::open(events, day.at(10, 15), marketing, random);
            letters.run(Statement::Letter(day.index / 30), all * 2 / 5, (0, 0));
        }
        if !day.weekend() || random.chance(0.2) {
            let at = day.at(9, 5) + random.below(7 * HOUR as u64) as i64;
            let mut keeper = Session::open(events, at, (KEEPER, desktop(12), "psql"), random);
            for _ in 0..1 + random.count(2.0) {
                keeper.run(Statement::Health, 20 + random.below(30) as u32, (0, 0));
                keeper.at += 60_000;
                if random.chance(0.3) {
                    let id = drawn(random);
                    keeper.run(Statement::Member(id), 1, (0, 0));
                    keeper.at += 30_000;
                }
            }
        }
    }
}
