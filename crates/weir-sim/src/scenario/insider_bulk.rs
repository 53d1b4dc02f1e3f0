//! `insider-bulk`: someone of the desk reads the database itself, region by region. Its manual page is [`INFO`]'s.

use crate::clock::Day;
use crate::event::{Event, Hand};
use crate::format::{Sees, Sensor, csvlog};
use crate::ordinary::database::{self, Session};
use crate::output::Codec;
use crate::play::Play;
use crate::query::Statement;
use crate::random::Random;
use crate::scenario::{Info, Size, retail};
use crate::settings::{Setting, Settings};
use crate::world::{Actor, World};

/// The scenario.
pub const INFO: Info = Info {
    name: "insider-bulk",
    summary: "An agent of the desk reads a region's members out of the database every other week, for years.",
    manual: MANUAL,
    days: 790,
    settings: SETTINGS,
    build,
};

const MANUAL: &str = "\
# insider-bulk

## What happens

An agent of customer service, whose work is one member at a time, opens a console every other week and reads everyone of a region, from the
own workstation, under the own login. The database log is audited (pgaudit, with rows).

## What makes it hard

Nothing is forged or new but the statement. Analysts read as many rows as a matter of course, nightly jobs far more, and a letter goes to two
fifths of all members each month.

## How it can be found

By the login's own days: a desk's statements return one row.

## References

Insiders who read out of role for two years (the project's collected facts, section 2). ATT&CK T1213.006.
";

const EVERY: Setting =
    Setting { name: "every", default: 14.0, bounds: (1.0, 365.0), about: "days from one read to the next" };
const SHARE: Setting =
    Setting { name: "share", default: 0.2, bounds: (0.0, 1.0), about: "share of all members read each time" };

const SETTINGS: &[Setting] =
    &[retail::MEMBERS.at(1_000.0), retail::ISSUANCE.at(0.0), EVERY, SHARE, retail::FROM.at(0.1)];

pub(super) const DATASETS: &str = r#"
[[dataset]]
name = "customers"
categories = ["name", "phone", "e_mail", "postal_address"]
tables = ["crm.member"]

[[dataset]]
name = "orders"
categories = ["order_history"]
tables = ["crm.orders"]
"#;

const DATABASE: Sensor =
    Sensor { file: "crm-postgresql.csv", codec: Codec::Plain, sees: Sees::Queries, render: csvlog::render };

/// The shop with its database's log.
pub(super) fn shop(size: Size, settings: &Settings) -> Play {
    let mut play = retail::play(size, settings);
    play.config.push_str(DATASETS);
    play.sensors.push(DATABASE);
    play.actors.push(Box::new(database::Logins));
    play
}

fn build(size: Size, settings: &Settings) -> Play {
    let mut play = shop(size, settings);
    let insider = Insider {
        from: retail::begins(size, settings),
        every: settings.count("every").max(1),
        share: settings.number("share"),
        next: 0,
    };
    play.actors.push(Box::new(insider));
    play
}

struct Insider {
    from: u32,
    every: u32,
    share: f64,
    /// The place in the list of members up to which it has read.
    next: u32,
}

impl Actor for Insider {
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>) {
        if day.index < self.from || !(day.index - self.from).is_multiple_of(self.every) {
            return;
        }
        let mut random = Random::new(world.seed, "insider", u64::from(day.index));
        let known = world.members.iter().take_while(|member| member.joined < 0).count() as u32;
        let rows = ((f64::from(known) * self.share * (0.7 + 0.6 * random.unit())) as u32).max(1);
        if self.next + rows > known {
            self.next = 0;
        }
        let at = day.at(18, 10) + random.below(3_000_000) as i64;
        let [_, _, login, ..] = database::DESK;
        let mut session = Session::open(events, at, (login, database::desktop(33), "psql"), &mut random);
        session.query.hand = Hand::Attacker;
        session.run(Statement::Region(self.next), rows, (self.next, rows.min(known - self.next)));
        self.next += rows;
    }
}
