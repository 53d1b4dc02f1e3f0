//! `shop`: forged sessions in a small web shop. Its manual page is [`INFO`]'s.

use std::net::IpAddr;

use crate::client::{Client, Kind};
use crate::clock::{Day, Rhythm};
use crate::event::{Event, Holder, Session, Walk};
use crate::format::{Sees, Sensor, combined, json_access, oidc};
use crate::inventory::{Inventory, Key, Person};
use crate::life::Life;
use crate::net::{self, Household};
use crate::ordinary;
use crate::output::Codec;
use crate::play::Play;
use crate::random::Random;
use crate::scenario::{Info, Size};
use crate::settings::Settings;
use crate::site::{self, Page};
use crate::truth::Told;
use crate::world::{Actor, Founding, World};

/// The scenario.
pub const INFO: Info = Info {
    name: "shop",
    summary: "A small web shop; a former developer's key signs sessions that were never issued.",
    manual: MANUAL,
    days: 45,
    settings: &[],
    build,
};

const MANUAL: &str = "\
# shop

## What happens

A web shop with some 4,000 members over 45 days. A developer who left two months before kept a standby signing key that
nobody withdrew. After a while sessions signed by it appear that no issuance record covers: from two dozen addresses, a few
of them a day, some twenty people each, one to three pages a person: names, addresses and orders of some 2,000 members in 30
days. A few tokens are for people who do not exist. Some pages name the person; `/my/addresses` does not, so for some people no log
says whose page it was, and an honest answer has an upper bound above its lower one.

## What makes it hard

The leak is under 2 % of all records. Mobile carriers put hundreds of members behind one address, customer service
opens more people's pages a day than any attacking address, the nightly batch reads addresses without browsing, a key is rotated midway, and
scrapers share the attacker's hosters.

## How it can be found

By the join of sessions used with tokens issued; by a live key whose owner has left; over weeks, by how many people's
pages an address reads without anyone signing in there.

## References

A small form of the retailer's case in the project's collected facts: tokens forged with a signing key that a former developer kept, pages of
members read from many addresses over months (Korean Ministry of Science and ICT, report of February 2026,
www.msit.go.kr/eng, nttSeqNo=1221). Figures here are chosen for a small world and are not the case's. ATT&CK T1606.001, T1552.004.
";

const MEMBERS: u32 = 4_000;
const ADDRESSES: u32 = 24;
/// 2026-03-02, a Monday, at midnight in a place nine hours ahead of UTC.
const START: i64 = 1_772_377_200_000;
const AHEAD: i8 = 9;
/// The standby key that was never withdrawn.
const KEPT_KEY: &str = "web-2025-standby";

const INVENTORY: Inventory = Inventory {
    keys: &[
        Key { name: "web-2024-11", owner: 87, created: "2024-11-04", retired: Some("2025-11-10") },
        Key { name: KEPT_KEY, owner: 87, created: "2025-04-14", retired: None },
        Key { name: "web-2025-11", owner: 104, created: "2025-11-03", retired: None },
        Key { name: "desk-2025-06", owner: 112, created: "2025-06-16", retired: None },
        Key { name: "web-2026-03", owner: 104, created: "2026-03-16", retired: None },
    ],
    people: &[
        Person { number: 61, joined: "2021-02-01", left: Some("2024-08-30") },
        Person { number: 87, joined: "2022-11-14", left: Some("2025-12-31") },
        Person { number: 104, joined: "2023-05-02", left: None },
        Person { number: 112, joined: "2023-09-18", left: None },
        Person { number: 131, joined: "2024-03-04", left: None },
        Person { number: 132, joined: "2024-03-04", left: None },
        Person { number: 133, joined: "2024-07-01", left: None },
        Person { number: 134, joined: "2025-01-06", left: None },
        Person { number: 135, joined: "2025-01-06", left: None },
        Person { number: 136, joined: "2025-08-11", left: None },
    ],
    web: &[(0, "web-2025-11"), (18, "web-2026-03")],
    desk: "desk-2025-06",
};

const SENSORS: &[Sensor] = &[
    Sensor { file: "www-access.log", codec: Codec::Zstd(12), sees: Sees::Accesses, render: combined::render },
    Sensor {
        file: "my-access.jsonl",
        codec: Codec::Zstd(12),
        sees: Sees::Accesses,
        render: json_access::render,
    },
    Sensor { file: "token-issuance.jsonl", codec: Codec::Gzip, sees: Sees::Issues, render: oidc::render },
];

pub(super) const CONFIG: &str = "\
# What the shop knows about its own data. Optional: without it, routes and people are learned from the logs.

[organisation]
name = \"Example shop\"
sector = \"retail\"
home_country = \"KR\"

[[dataset]]
name = \"member profiles\"
categories = [\"name\", \"e_mail\"]
routes = [\"/members/{member}\"]
subject = \"member\"

[[dataset]]
name = \"address books\"
categories = [\"name\", \"phone\", \"postal_address\"]
routes = [\"/members/{member}/addresses\"]
subject = \"member\"

[[dataset]]
name = \"order histories\"
categories = [\"order_history\"]
routes = [\"/members/{member}/orders\"]
subject = \"member\"

[[dataset]]
name = \"own address book\"
categories = [\"name\", \"phone\", \"postal_address\"]
routes = [\"/my/addresses\"]
subject = \"holder\"

[[dataset]]
name = \"own order history\"
categories = [\"order_history\"]
routes = [\"/my/orders\"]
subject = \"holder\"

[inventory]
keys = \"keys.csv\"
people = \"people.csv\"
";

fn build(size: Size, _: &Settings) -> Play {
    let period = size.period(START, AHEAD);
    let members = ((f64::from(MEMBERS) * size.scale) as u32).max(50);
    let Size { seed, scale, .. } = size;
    let founding = Founding { seed, period, scale, members, ids_above: size.ids_above() };
    let world = World::new(founding, INVENTORY, Life::default());
    let mut actors = ordinary::everyone();
    actors.push(Box::new(Forger::new(&world)));
    let told = Told { named: site::member_id, innocents: ordinary::conspicuous(world.width) };
    let (sensors, config) = (SENSORS.to_vec(), CONFIG.to_owned());
    Play { world, actors, sensors, config, told, written_for: START }
}

/// Active through the day and half as active at night, so that the hours say little.
pub(super) const QUIET: Rhythm = Rhythm::new(
    [3, 2, 2, 2, 2, 2, 3, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 6, 5, 4],
    [3, 3, 2, 2, 2, 2, 3, 3, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 6, 5, 4],
);

/// Whoever holds the kept key.
struct Forger {
    addresses: Vec<IpAddr>,
    /// Ids still to be tried, in random order; the next one is last.
    ids: Vec<u32>,
    /// Tokens made of late, used again now and then.
    made: Vec<Session>,
    from: u32,
    to: u32,
}

impl Forger {
    fn new(world: &World) -> Self {
        let mut random = Random::new(world.seed, "forger", 0);
        let count = world.scaled(ADDRESSES).max(4);
        let addresses = (0..count)
            .map(|nth| match nth % 5 {
                // Rented hosts, and homes that lend their line to a proxy seller.
                0..=2 => net::hosted(&mut random),
                _ => {
                    let home = Household::new(random.bits(), &mut random).within(world.width);
                    home.address(world.period.start, 0)
                }
            })
            .collect();
        let known = world.members.iter().filter(|member| member.joined < 0);
        let (low, high) = (known.clone().map(|member| member.id).min(), known.map(|member| member.id).max());
        // The forger guesses ids from a range and does not know which accounts were closed.
        let mut ids: Vec<u32> = (low.unwrap_or(0)..=high.unwrap_or(0)).collect();
        random.shuffle(&mut ids);
        let days = world.period.days;
        Self { addresses, ids, made: Vec::new(), from: days / 5, to: days / 5 + days * 2 / 3 }
    }

    /// An old token now and then, else a new one for the next id.
    fn forge(&mut self, random: &mut Random) -> Option<Session> {
        if !self.made.is_empty() && random.chance(0.06) {
            return random.pick(&self.made).copied();
        }
        let session = Session { id: random.bits(), key: KEPT_KEY, holder: Holder::Member(self.ids.pop()?) };
        // The memory of a person or a small script: the last few dozen.
        if self.made.len() == 64 {
            self.made.remove(0);
        }
        self.made.push(session);
        Some(session)
    }

    fn address_day(
        &mut self,
        origin: IpAddr,
        world: &World,
        day: Day,
        events: &mut Vec<Event>,
        random: &mut Random,
    ) {
        let people = random.between(9, 22);
        let mut client = disguise(day, random);
        let mut times: Vec<i64> = (0..people).map(|_| day.moment(&QUIET, random)).collect();
        times.sort_unstable();
        for at in times {
            if random.chance(0.15) {
                client = disguise(day, random);
            }
            let mut walk = Walk::new(events, at, origin, client).by_attacker();
            if random.chance(0.12) {
                walk.get(Page::Home);
                walk.think(random, 3.0);
                walk.get(world.catalogue.popular(random));
                walk.think(random, 3.0);
            }
            let Some(session) = self.forge(random) else { return };
            walk.session = Some(session);
            take(&mut walk, session, world, random);
        }
    }
}

impl Actor for Forger {
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>) {
        if !(self.from..self.to).contains(&day.index) {
            return;
        }
        let mut random = Random::new(world.seed, "forger", u64::from(day.index) + 1);
        let share = random.between(3, 6) as usize;
        let active = (self.addresses.len() * share).div_ceil(ADDRESSES as usize);
        let mut order = self.addresses.clone();
        random.shuffle(&mut order);
        for origin in order.into_iter().take(active) {
            self.address_day(origin, world, day, events, &mut random);
        }
    }
}

/// A browser's name, as members have them.
pub(super) fn disguise(day: Day, random: &mut Random) -> Client {
    let kind = if random.chance(0.5) { Kind::Desktop } else { Kind::Phone };
    Client::draw(kind, random).on(day, random.below(64))
}

/// Reads a person's pages with a token that speaks for them.
fn take(walk: &mut Walk<'_>, session: Session, world: &World, random: &mut Random) {
    let Holder::Member(id) = session.holder else { return };
    let pages: &[Page] = match random.weighted(&[46, 20, 14, 12, 8]) {
        0 => &[Page::MemberAddresses(id)],
        1 => &[Page::MemberAddresses(id), Page::MemberOrders(id)],
        2 => &[Page::Member(id), Page::MemberAddresses(id)],
        3 => &[Page::MyAddresses, Page::MemberAddresses(id)],
        _ => &[Page::MyAddresses],
    };
    let exists = world.members.binary_search_by_key(&id, |member| member.id).is_ok();
    for &page in pages {
        if !exists {
            walk.miss(page, 404);
            return;
        }
        walk.get(page);
        walk.think(random, 2.0);
    }
}
