//! `forged-tokens`: the retailer's case. Its manual page is [`INFO`]'s.

use std::net::IpAddr;

use crate::clock::Day;
use crate::event::{Event, Holder, Session, Walk};
use crate::play::Play;
use crate::random::Random;
use crate::scenario::shop::{QUIET, disguise};
use crate::scenario::{Info, Size, retail};
use crate::settings::{Setting, Settings};
use crate::site::Page;
use crate::world::{Actor, World};

/// The scenario.
pub const INFO: Info = Info {
    name: "forged-tokens",
    summary: "A former developer's key signs sessions that were never issued; few people a day from each address.",
    manual: MANUAL,
    days: 60,
    settings: SETTINGS,
    build,
};

const MANUAL: &str = "\
# forged-tokens

## What happens

A developer who left kept a standby signing key that nobody withdrew. From a day on, sessions signed by it appear that no issuance
record covers. Each address opens some people's pages a day, a token for each person, a few views each, mostly address books, under
browsers' names that change; now and then it browses the shop first, as cover. Some tokens are for people who do not exist.

With `holder=1` only pages are opened that show whoever holds the session (`/my/addresses`): then no log says whose page it was. With
`issuance=0` no log of issued tokens is kept.

Two sizes of it are measured in `docs/evaluation.md`, both without a log of issued tokens and written a day at a time. *Rate*, 12 addresses of 30
views a day, 1 record in 4,486, 97 million records: `--days 60 --set issuance=0 --set members=1757000 --set addresses=12 --set people=7.5
--set from=0`. *Linking*, 300 addresses of 308 views a day, 1 record in 50, 65 million records: `--days 14 --set issuance=0 --set
members=4160000 --set addresses=300 --set people=75 --set from=0`.

## What makes it hard

The ordinary traffic is a shop's: heavy-tailed people, carriers that put thousands behind an address, a courier and a nightly batch that
read addresses without browsing, customer service, scrapers on the same hosters, a key rotated, a sale, holidays, an outage, a
sensor silent for a day and one an hour ahead. With 70 people a day an address is as busy as a small office; with 7, as a family.

## How it can be found

By the join of sessions used with tokens issued; by a live key whose owner has left; without either by what nobody does but a thief:
many people from one address, each for the first and last time, none of whom signed in or looked around before.

## References

The retailer's case in the project's collected facts (Korean Ministry of Science and ICT, report of February 2026, www.msit.go.kr/eng,
nttSeqNo=1221): 2,313 addresses, 308 views a day from each, 4.4 views an account. ATT&CK T1606.001, T1552.004.
";

const SETTINGS: &[Setting] = &[
    retail::MEMBERS,
    retail::ISSUANCE,
    ADDRESSES,
    PEOPLE,
    VIEWS,
    COVER,
    NOBODY,
    HOLDER,
    retail::FROM.at(0.3),
];
pub(super) const ADDRESSES: Setting =
    Setting { name: "addresses", default: 6.0, bounds: (1.0, 100_000.0), about: "addresses used" };
pub(super) const PEOPLE: Setting = Setting {
    name: "people",
    default: 30.0,
    bounds: (1.0, 10_000.0),
    about: "people a day from each address",
};
pub(super) const VIEWS: Setting =
    Setting { name: "views", default: 4.4, bounds: (1.0, 100.0), about: "pages opened of each person" };
pub(super) const COVER: Setting = Setting {
    name: "cover",
    default: 0.1,
    bounds: (0.0, 1.0),
    about: "share of people before whom it browses",
};
pub(super) const NOBODY: Setting = Setting {
    name: "nobody",
    default: 0.1,
    bounds: (0.0, 0.9),
    about: "share of tokens for people who do not exist",
};
pub(super) const HOLDER: Setting = Setting {
    name: "holder",
    default: 0.1,
    bounds: (0.0, 1.0),
    about: "share of people read by pages of a session's holder only",
};

fn build(size: Size, settings: &Settings) -> Play {
    let mut play = retail::play(size, settings);
    let forgers = Forgers::new(&play.world, settings, retail::begins(size, settings));
    play.actors.push(Box::new(forgers));
    play
}

/// Whoever holds the kept key.
pub(super) struct Forgers {
    addresses: Vec<IpAddr>,
    ids: Vec<u32>,
    next: usize,
    people: f64,
    views: f64,
    cover: f64,
    nobody: f64,
    holder: f64,
    from: u32,
}

impl Forgers {
    pub(super) fn new(world: &World, settings: &Settings, from: u32) -> Self {
        Self {
            addresses: retail::hideouts(world, "forgers", settings.count("addresses")),
            ids: retail::everyone(world, "forgers"),
            next: 0,
            people: settings.number("people"),
            views: settings.number("views"),
            cover: settings.number("cover"),
            nobody: settings.number("nobody"),
            holder: settings.number("holder"),
            from,
        }
    }

    /// The next person, who exists or not; after the last one the first again.
    fn next(&mut self, random: &mut Random) -> u32 {
        if random.chance(self.nobody) {
            // Ids above all that were ever given.
            return 1_000_000_000 + random.below(1_000_000_000) as u32;
        }
        let id = self.ids.get(self.next % self.ids.len().max(1)).copied().unwrap_or(0);
        self.next += 1;
        id
    }

    fn visit(&mut self, mut walk: Walk<'_>, world: &World, random: &mut Random) {
        if random.chance(self.cover) {
            walk.get(Page::Home);
            walk.think(random, 3.0);
            walk.get(world.catalogue.popular(random));
            walk.think(random, 3.0);
        }
        let id = self.next(random);
        walk.session = Some(Session { id: random.bits(), key: retail::KEPT_KEY, holder: Holder::Member(id) });
        let own = random.chance(self.holder);
        for nth in 0..=random.count(self.views - 1.0) {
            let page = match random.weighted(&[if nth == 0 { 0 } else { 6 }, 92, 2]) {
                0 if !own => Page::Member(id),
                2 if own => Page::MyOrders,
                2 => Page::MemberOrders(id),
                _ if own => Page::MyAddresses,
                _ => Page::MemberAddresses(id),
            };
            if world.members.binary_search_by_key(&id, |member| member.id).is_err() {
                walk.miss(page, 404);
                return;
            }
            walk.get(page);
            walk.think(random, 2.0);
        }
    }
}

impl Actor for Forgers {
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>) {
        if day.index < self.from {
            return;
        }
        for nth in 0..self.addresses.len() {
            let Some(&origin) = self.addresses.get(nth) else { continue };
            let stream = u64::from(day.index) * self.addresses.len() as u64 + nth as u64;
            let mut random = Random::new(world.seed, "forger's day", stream);
            // One day in eight an address rests.
            if random.chance(0.125) {
                continue;
            }
            let people = (self.people / 0.875 * (0.6 + 0.8 * random.unit()) + random.unit()) as u32;
            let mut times: Vec<i64> = (0..people).map(|_| day.moment(&QUIET, &mut random)).collect();
            times.sort_unstable();
            let mut client = disguise(day, &mut random);
            for at in times {
                if random.chance(0.15) {
                    client = disguise(day, &mut random);
                }
                self.visit(Walk::new(events, at, origin, client).by_attacker(), world, &mut random);
            }
        }
    }
}
