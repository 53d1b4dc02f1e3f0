//! `partner-enumeration`: a partner that is none tries codes at random. Its manual page is [`INFO`]'s.

use crate::client::{self, Client};
use crate::clock::{Day, HOUR, ROUND_THE_CLOCK};
use crate::event::{Event, Grant, Holder, Walk};
use crate::net;
use crate::play::Play;
use crate::random::Random;
use crate::scenario::{Info, Size, retail};
use crate::settings::{Setting, Settings};
use crate::signin::{self, Account};
use crate::site::{self, Page};
use crate::world::{Actor, World};

/// The scenario.
pub const INFO: Info = Info {
    name: "partner-enumeration",
    summary: "A made-up partner tries customers' codes at random; most belong to nobody.",
    manual: MANUAL,
    days: 45,
    settings: SETTINGS,
    build,
};

const MANUAL: &str = "\
# partner-enumeration

## What happens

Repair shops look customers up by a code of seven characters, each with credentials of its own. Whoever applied under a made-up name gets
the same, and from a day on tries codes: one in seven belongs to somebody and shows name and address.

## What makes it hard

The other partners do the same for a living, mistype now and then, and one of them is new as well.

## How it can be found

By the share of codes that belong to nobody, and by how many people a new partner reads.

## References

A computer maker in 2024: a fake partner, random seven-character tags, three weeks, 49 million customers (the project's collected facts,
section 2). ATT&CK T1110, T1119, T1213.
";

const SETTINGS: &[Setting] = &[
    retail::MEMBERS,
    retail::ISSUANCE,
    Setting { name: "tries", default: 500.0, bounds: (1.0, 1e7), about: "codes a day tried" },
    Setting {
        name: "hits",
        default: 0.15,
        bounds: (0.0, 1.0),
        about: "share of codes that belong to somebody",
    },
    retail::FROM,
];

const DATASET: &str = r#"
[[dataset]]
name = "customers for partners"
categories = ["name", "postal_address"]
routes = ["/api/customers/{code}"]
subject = "code"
"#;

/// Partners' names, as the issuing log has them; the last one is none.
const PARTNERS: [&str; 5] =
    ["svc-partner-2201", "svc-partner-2207", "svc-partner-2214", "svc-partner-2230", "svc-partner-2231"];

fn build(size: Size, settings: &Settings) -> Play {
    let mut play = retail::play(size, settings);
    play.config.push_str(DATASET);
    play.told.named = site::customer_code;
    let from = retail::begins(size, settings);
    play.actors.push(Box::new(Partners { begins: from / 2 }));
    play.actors.push(Box::new(Enumerator {
        ids: retail::everyone(&play.world, "enumerator"),
        next: 0,
        tries: settings.number("tries"),
        hits: settings.number("hits"),
        from,
    }));
    play
}

fn account(nth: usize) -> Account {
    Account {
        holder: Holder::Service(PARTNERS.get(nth).copied().unwrap_or("svc-partner")),
        app: "partners",
        key: retail::PARTNER_KEY,
        lifetime: HOUR * 24,
        refresh: 0,
        typo: 0.0,
    }
}

/// Repair shops that have customers; the last one is new.
struct Partners {
    begins: u32,
}

impl Actor for Partners {
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>) {
        if day.weekday == 6 {
            return;
        }
        for (nth, cases) in [24, 40, 12, 30].into_iter().enumerate() {
            if nth == 3 && day.index < self.begins {
                continue;
            }
            let mut random = Random::new(world.seed, "partner", u64::from(day.index) * 8 + nth as u64);
            let client =
                Client::draw(client::Kind::Desktop, &mut Random::new(world.seed, "partner's", nth as u64));
            let origin = net::workplace(240 + nth as u16);
            let mut walk = Walk::new(events, day.at(8, 30), origin, client.on(day, nth as u64));
            let session = signin::issue(&mut walk, &account(nth), Grant::ClientCredentials, &mut random);
            walk.session = Some(session);
            for _ in 0..world.scaled(cases) {
                walk.at = day.at(9, 0) + random.below(8 * HOUR as u64) as i64;
                if random.chance(0.03) {
                    walk.miss(Page::Customer(stranger(&mut random)), 404);
                    walk.think(&mut random, 8.0);
                }
                let Some(member) = random.pick(&world.members) else { continue };
                walk.get(Page::Customer(member.id));
            }
        }
    }
}

/// A code that belongs to nobody.
fn stranger(random: &mut Random) -> u32 {
    2_000_000_000 + random.below(2_000_000_000) as u32
}

/// The partner that is none.
struct Enumerator {
    ids: Vec<u32>,
    next: usize,
    tries: f64,
    hits: f64,
    from: u32,
}

impl Actor for Enumerator {
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>) {
        if day.index < self.from {
            return;
        }
        let mut random = Random::new(world.seed, "enumerator", u64::from(day.index));
        let hosts = retail::hideouts(world, "enumerator", 3);
        let Some(&first) = hosts.first() else { return };
        let mut walk = Walk::new(events, day.start + 60_000, first, client::SCRIPT).by_attacker();
        let session = signin::issue(&mut walk, &account(4), Grant::ClientCredentials, &mut random);
        let tries = (self.tries * (0.8 + 0.4 * random.unit())) as u32;
        let mut times: Vec<i64> = (0..tries).map(|_| day.moment(&ROUND_THE_CLOCK, &mut random)).collect();
        times.sort_unstable();
        for at in times.into_iter().map(|at| at.max(day.start + 62_000)) {
            let origin = random.pick(&hosts).copied().unwrap_or(first);
            let mut walk = Walk::new(walk.events, at, origin, client::SCRIPT).by_attacker();
            walk.session = Some(session);
            if random.chance(self.hits) {
                self.next += 1;
                walk.get(Page::Customer(
                    self.ids.get(self.next % self.ids.len().max(1)).copied().unwrap_or(0),
                ));
            } else {
                walk.miss(Page::Customer(stranger(&mut random)), 404);
            }
        }
    }
}
