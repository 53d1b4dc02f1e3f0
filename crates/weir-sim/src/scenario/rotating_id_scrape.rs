//! `rotating-id-scrape`: ids counted up on a forgotten host, from moving addresses. Its manual page is [`INFO`]'s.

use crate::client;
use crate::clock::{Day, MINUTE, ROUND_THE_CLOCK, SECOND};
use crate::event::{Event, Walk};
use crate::format::{Sees, Sensor, json_access};
use crate::net::{self, Household};
use crate::output::Codec;
use crate::play::Play;
use crate::random::Random;
use crate::scenario::{Info, Size, retail};
use crate::settings::{Setting, Settings};
use crate::site::Page;
use crate::world::{Actor, World};

/// The scenario.
pub const INFO: Info = Info {
    name: "rotating-id-scrape",
    summary: "A forgotten host answers without sign-in; somebody counts its ids up, from moving addresses.",
    manual: MANUAL,
    days: 45,
    settings: SETTINGS,
    build,
};

const MANUAL: &str = "\
# rotating-id-scrape

## What happens

A host that nobody uses any more still answers `/v1/accounts/{id}` to anyone. Somebody finds it and counts the ids up for some days;
after every few dozen ids the address is another one.

## What makes it hard

No address does much. The host is watched by a health check, and a few old installations of the app still ask it for their own account,
so it is not silent. No credential is involved.

## How it can be found

By a host that wakes, by ids in sequence across addresses, by data given out to nobody in particular.

## References

An Australian telecommunications company in 2022: an interface without sign-in on a dormant host, customer ids counted up, \"the
address kept moving\", 9.5 million people (the project's collected facts, section 2). ATT&CK T1190, T1119, T1090.
";

const SETTINGS: &[Setting] = &[
    retail::MEMBERS,
    retail::ISSUANCE,
    Setting { name: "people", default: 600.0, bounds: (1.0, 1e7), about: "ids a day asked for" },
    Setting { name: "each", default: 40.0, bounds: (1.0, 1e6), about: "ids asked for from one address" },
    Setting { name: "length", default: 4.0, bounds: (1.0, 3_653.0), about: "days it lasts" },
    retail::FROM.at(0.6),
];

const LEGACY: Sensor = Sensor {
    file: "legacy-access.jsonl",
    codec: Codec::Plain,
    sees: Sees::Accesses,
    render: json_access::render_legacy,
};

const DATASET: &str = r#"
[[dataset]]
name = "accounts, old interface"
categories = ["name", "phone", "postal_address"]
routes = ["/v1/accounts/{member}"]
subject = "member"
"#;

fn build(size: Size, settings: &Settings) -> Play {
    let mut play = retail::play(size, settings);
    play.config.push_str(DATASET);
    play.sensors.push(LEGACY);
    let from = retail::begins(size, settings);
    play.actors.push(Box::new(Forgotten));
    play.actors.push(Box::new(Counter {
        next: play.world.members.first().map_or(0, |member| member.id),
        people: settings.number("people"),
        each: settings.number("each"),
        days: from..from + settings.count("length"),
    }));
    play
}

/// What still asks the old host: a health check, and old installations of the app for their own account.
struct Forgotten;

impl Actor for Forgotten {
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>) {
        let mut random = Random::new(world.seed, "forgotten", u64::from(day.index));
        for nth in 0..48 {
            let at = day.start + nth * 30 * MINUTE + random.below(900) as i64;
            Walk::new(events, at, net::BATCH_HOST, client::HEALTH_CHECK).get(Page::LegacyHealth);
        }
        for nth in 0..random.count(3.0) {
            // The same dozen devices, whose owners have moved on.
            let drawn = random.below(12) as usize * 31;
            let Some(member) = world.members.get(drawn % world.members.len().max(1)) else { continue };
            let Some(device) = member.devices.first() else { continue };
            let at = day.moment(&ROUND_THE_CLOCK, &mut random) + i64::from(nth);
            let origin = member.origin(device.kind, device.serial, day, at, &mut random);
            Walk::new(events, at, origin, device.client).get(Page::Legacy(member.id));
        }
    }
}

/// Whoever counts the ids up.
struct Counter {
    next: u32,
    people: f64,
    each: f64,
    days: std::ops::Range<u32>,
}

impl Actor for Counter {
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>) {
        if !self.days.contains(&day.index) {
            return;
        }
        let mut random = Random::new(world.seed, "counter", u64::from(day.index));
        let ids = (self.people * (0.8 + 0.4 * random.unit())) as u32;
        let step = 20 * 3_600 * SECOND / i64::from(ids.max(1));
        let (mut left, mut origin) = (0, None);
        for nth in 0..ids {
            if left == 0 {
                left = ((self.each * (0.5 + random.unit())) as u32).max(1);
                origin = Some(match random.below(3) {
                    0 => net::hosted(&mut random),
                    _ => Household::new(random.bits(), &mut random).within(world.width).address(day.start, 0),
                });
            }
            left -= 1;
            let Some(origin) = origin else { continue };
            let at = day.start + i64::from(nth) * step + random.below(step.unsigned_abs().max(1)) as i64;
            let mut walk = Walk::new(events, at, origin, client::PYTHON).by_attacker();
            let page = Page::Legacy(self.next);
            match world.members.binary_search_by_key(&self.next, |member| member.id) {
                Ok(_) => walk.get(page),
                Err(_) => walk.miss(page, 404),
            }
            self.next += 1;
        }
    }
}
