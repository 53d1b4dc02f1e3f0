//! `stolen-dba`: the database administrator's login reads everyone, once. Its manual page is [`INFO`]'s.

use crate::clock::Day;
use crate::event::{Event, Hand};
use crate::ordinary::database::{self, Session};
use crate::play::Play;
use crate::query::Statement;
use crate::random::Random;
use crate::scenario::{Info, Size, insider_bulk, retail};
use crate::settings::{Setting, Settings};
use crate::world::{Actor, World};

/// The scenario.
pub const INFO: Info = Info {
    name: "stolen-dba",
    summary: "A query that it never ran, under the database administrator's login: everyone, in one statement.",
    manual: MANUAL,
    days: 60,
    settings: SETTINGS,
    build,
};

const MANUAL: &str = "\
# stolen-dba

## What happens

Somebody who has the database administrator's password runs one statement that reads every member, from a rented host, and is gone.

## What makes it hard

It is one record. The backup reads the same table every night. With `copy` the log does not even say how many rows came back.

## How it can be found

The login never ran that statement, never read that table whole, and never came from there.

## References

A hotel group's guest database in 2018: one query counting rows under a login that never ran it, caught by an alert (the project's collected
facts, section 2). ATT&CK T1078, T1213.006.
";

const COPY: Setting = Setting {
    name: "copy",
    default: 0.0,
    bounds: (0.0, 1.0),
    about: "1: by COPY, whose rows are not logged",
};

const SETTINGS: &[Setting] = &[retail::MEMBERS.at(1_000.0), retail::ISSUANCE.at(0.0), COPY, retail::FROM];

fn build(size: Size, settings: &Settings) -> Play {
    let mut play = insider_bulk::shop(size, settings);
    let thief = Thief { on: retail::begins(size, settings), copy: settings.on("copy") };
    play.actors.push(Box::new(thief));
    play
}

struct Thief {
    on: u32,
    copy: bool,
}

impl Actor for Thief {
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>) {
        if day.index != self.on {
            return;
        }
        let mut random = Random::new(world.seed, "stolen login", 0);
        let known = world.members.iter().take_while(|member| member.joined < 0).count() as u32;
        let at = day.at(3, 0) + random.below(3_600_000) as i64;
        let origins = retail::hideouts(world, "stolen login", 1);
        let Some(origin) = origins.first() else { return };
        let mut session = Session::open(events, at, (database::KEEPER, *origin, "psql"), &mut random);
        session.query.hand = Hand::Attacker;
        session.run(Statement::Health, 31, (0, 0));
        session.at += 45_000;
        let statement = if self.copy { Statement::Copy } else { Statement::Everyone };
        session.run(statement, known, (0, known));
    }
}
