//! The shop that the larger scenarios play in: more members than `shop` has, a courier, and a year's oddities.

use std::net::IpAddr;

use crate::format::{Sees, Sensor, combined, json_access, oidc};
use crate::inventory::{Inventory, Key, Person};
use crate::life::Life;
use crate::net::{self, Household};
use crate::ordinary;
use crate::output::Codec;
use crate::play::Play;
use crate::random::Random;
use crate::scenario::{Size, shop};
use crate::settings::{Setting, Settings};
use crate::site;
use crate::truth::Told;
use crate::world::{Founding, World};

/// 2025-03-03, a Monday, at midnight in a place nine hours ahead of UTC.
const START: i64 = 1_740_927_600_000;
const AHEAD: i8 = 9;
/// The standby key that was never withdrawn.
pub(super) const KEPT_KEY: &str = "web-2024-standby";
/// A partner's key.
pub(super) const PARTNER_KEY: &str = "partner-2024";

/// What every scenario here lets its player choose.
pub(super) const MEMBERS: Setting =
    Setting { name: "members", default: 6_000.0, bounds: (50.0, 4e9), about: "members at scale 1" };
pub(super) const ISSUANCE: Setting = Setting {
    name: "issuance",
    default: 1.0,
    bounds: (0.0, 1.0),
    about: "1: a log of issued tokens is kept",
};

pub(super) const FROM: Setting =
    Setting { name: "from", default: 0.5, bounds: (0.0, 1.0), about: "share of the period before it begins" };

/// The day on which it begins.
pub(super) fn begins(size: Size, settings: &Settings) -> u32 {
    (f64::from(size.days) * settings.number("from")) as u32
}

const INVENTORY: Inventory = Inventory {
    keys: &[
        Key { name: "web-2023-11", owner: 87, created: "2023-11-06", retired: Some("2024-11-11") },
        Key { name: KEPT_KEY, owner: 87, created: "2024-04-15", retired: None },
        Key { name: "web-2024-11", owner: 104, created: "2024-11-04", retired: None },
        Key { name: "desk-2024-06", owner: 112, created: "2024-06-17", retired: None },
        Key { name: PARTNER_KEY, owner: 112, created: "2024-08-19", retired: None },
        Key { name: "web-2025-04", owner: 104, created: "2025-04-14", retired: None },
        Key { name: "web-2025-10", owner: 104, created: "2025-10-13", retired: None },
    ],
    people: &[
        Person { number: 61, joined: "2020-02-03", left: Some("2023-08-31") },
        Person { number: 87, joined: "2021-11-15", left: Some("2025-01-01") },
        Person { number: 104, joined: "2022-05-02", left: None },
        Person { number: 112, joined: "2022-09-19", left: None },
        Person { number: 131, joined: "2023-03-06", left: None },
        Person { number: 132, joined: "2023-03-06", left: None },
        Person { number: 133, joined: "2023-07-03", left: None },
        Person { number: 134, joined: "2024-01-08", left: None },
        Person { number: 135, joined: "2024-01-08", left: None },
        Person { number: 136, joined: "2024-08-12", left: None },
    ],
    web: &[(0, "web-2024-11"), (43, "web-2025-04"), (225, "web-2025-10")],
    desk: "desk-2024-06",
};

const WWW: Sensor =
    Sensor { file: "www-access.log", codec: Codec::Plain, sees: Sees::Accesses, render: combined::render };
const MY: Sensor = Sensor {
    file: "my-access.jsonl",
    codec: Codec::Plain,
    sees: Sees::Accesses,
    render: json_access::render,
};
const TOKENS: Sensor =
    Sensor { file: "token-issuance.jsonl", codec: Codec::Plain, sees: Sees::Issues, render: oidc::render };

/// The shop, its people and its oddities; nobody who takes anything.
pub(super) fn play(size: Size, settings: &Settings) -> Play {
    let period = size.period(START, AHEAD);
    let members = (settings.number("members") * size.scale).clamp(50.0, f64::from(u32::MAX / 16)) as u32;
    let mut sensors = vec![WWW, MY];
    if settings.on("issuance") {
        sensors.push(TOKENS);
    }
    let files: Vec<&'static str> = sensors.iter().map(|sensor| sensor.file).collect();
    // Whoever brings a log brings its oddities.
    let life = if size.place.is_some() { Life::default() } else { Life::odd(size.seed, period, &files) };
    // The desk, the crawlers and the visitors of `shop` go with 4,000 members.
    let scale = (f64::from(members) / 4_000.0).max(0.01);
    let founding = Founding { seed: size.seed, period, scale, members, ids_above: size.ids_above() };
    let world = World::new(founding, INVENTORY, life);
    let actors = ordinary::everyone_and_partners();
    let mut innocents = ordinary::conspicuous(world.width);
    innocents.push(("courier", ordinary::courier_addresses()));
    let told = Told { named: site::member_id, innocents };
    Play { world, actors, sensors, config: shop::CONFIG.to_owned(), told, written_for: START }
}

/// Addresses of whoever hides: rented hosts and homes that lend their line to a proxy seller.
pub(super) fn hideouts(world: &World, label: &str, count: u32) -> Vec<IpAddr> {
    let mut random = Random::new(world.seed, label, 0);
    (0..count)
        .map(|nth| match nth % 5 {
            0..=2 => net::hosted(&mut random),
            _ => {
                Household::new(random.bits(), &mut random).within(world.width).address(world.period.start, 0)
            }
        })
        .collect()
}

/// The ids of everyone who was a member when the world began, in random order.
pub(super) fn everyone(world: &World, label: &str) -> Vec<u32> {
    let known = world.members.iter().filter(|member| member.joined < 0);
    let mut ids: Vec<u32> = known.map(|member| member.id).collect();
    Random::new(world.seed, label, 1).shuffle(&mut ids);
    ids
}
