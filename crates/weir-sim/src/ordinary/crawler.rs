//! Search crawlers: their real names, ranges that their operators publish, public pages only, day and night.
//!
//! Ranges: Google's and Bing's published crawler lists (developers.google.com/search/apis/ipranges/googlebot.json,
//! www.bing.com/toolbox/bingbot.json).

use std::net::{IpAddr, Ipv4Addr};

use crate::client::{self, Client};
use crate::clock::{Day, ROUND_THE_CLOCK};
use crate::event::{Event, Walk};
use crate::random::Random;
use crate::site::Page;
use crate::world::{Actor, World};

struct Crawler {
    client: Client,
    network: [u8; 3],
    hosts: u64,
    pages_a_day: u32,
}

const CRAWLERS: [Crawler; 3] = [
    Crawler { client: client::GOOGLEBOT, network: [66, 249, 66], hosts: 6, pages_a_day: 190 },
    Crawler { client: client::BINGBOT, network: [157, 55, 39], hosts: 4, pages_a_day: 110 },
    Crawler { client: client::YETI, network: [247, 61, 12], hosts: 2, pages_a_day: 60 },
];

/// All crawlers; each remembers how far through the catalogue it is.
#[derive(Debug, Default)]
pub struct Crawlers {
    reached: [u32; CRAWLERS.len()],
}

impl Actor for Crawlers {
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>) {
        for ((crawler, reached), index) in CRAWLERS.iter().zip(&mut self.reached).zip(0..) {
            let stream = u64::from(day.index) * CRAWLERS.len() as u64 + index;
            let mut random = Random::new(world.seed, "crawlers", stream);
            for nth in 0..world.scaled(crawler.pages_a_day) {
                let at = day.moment(&ROUND_THE_CLOCK, &mut random);
                let origin = host(crawler, random.below(crawler.hosts));
                let mut walk = Walk::new(events, at, origin, crawler.client);
                match nth {
                    0 => walk.get(Page::Robots),
                    1..=4 => walk.get(Page::Home),
                    _ if random.chance(0.03) => walk.miss(world.catalogue.discontinued(&mut random), 404),
                    _ => {
                        *reached = (*reached + 1) % world.catalogue.products.max(1);
                        walk.get(world.catalogue.nth(*reached));
                    }
                }
            }
        }
    }
}

/// Every address a crawler comes from.
pub fn addresses() -> Vec<IpAddr> {
    CRAWLERS.iter().flat_map(|crawler| (0..crawler.hosts).map(move |slot| host(crawler, slot))).collect()
}

fn host(crawler: &Crawler, slot: u64) -> IpAddr {
    let [a, b, c] = crawler.network;
    IpAddr::V4(Ipv4Addr::new(a, b, c, 64 + slot as u8))
}
