//! Price scrapers: two competitors that read public product pages. A nuisance, and no leak of anyone's data.
//!
//! One is a script on three rented hosts that walks the best sellers on the hour; the other goes slowly through the whole
//! catalogue under browsers' names, from an address that changes every few days.

use crate::client::{self, Client, Kind};
use crate::clock::{Day, ROUND_THE_CLOCK, SECOND};
use crate::event::{Event, Walk};
use crate::net;
use crate::random::Random;
use crate::world::{Actor, World};

/// Pages that one thread reads in an hour, and that one address reads in a day.
const HOURLY: u32 = 2_500;
const SLOWLY: u32 = 2_000;

/// Both competitors.
#[derive(Debug)]
pub struct Scrapers;

impl Actor for Scrapers {
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>) {
        let mut random = Random::new(world.seed, "scrapers", u64::from(day.index));
        on_the_hour(world, day, events, &mut random);
        under_other_names(world, day, events, &mut random);
    }
}

fn on_the_hour(world: &World, day: Day, events: &mut Vec<Event>, random: &mut Random) {
    for run in 0..3 {
        let origin = net::hosted(&mut Random::new(world.seed, "scraper host", run));
        let mut walk = Walk::new(events, day.at(run as i64 * 8 + 1, 0), origin, client::PYTHON);
        let pages = world.scaled(45).min(world.catalogue.products);
        // Larger catalogues are read by more threads, or it would not be done on the hour.
        let at_a_time = 1 + i64::from(pages / HOURLY);
        for rank in 0..pages {
            walk.get(world.catalogue.nth(rank));
            walk.at += (SECOND + random.below(900) as i64) / at_a_time;
        }
    }
}

fn under_other_names(world: &World, day: Day, events: &mut Vec<Event>, random: &mut Random) {
    let pages = world.scaled(130);
    let mut origin = None;
    for nth in 0..pages {
        // It stays slow: a larger catalogue is read from more addresses.
        if nth.is_multiple_of(SLOWLY) {
            let host = u64::from(day.index / 4) | u64::from(nth / SLOWLY) << 32;
            origin = Some(net::hosted(&mut Random::new(world.seed, "slow scraper", host)));
        }
        let Some(origin) = origin else { continue };
        let at = day.moment(&ROUND_THE_CLOCK, random);
        let client = Client::draw(Kind::Desktop, random).on(day, u64::from(nth % 5));
        let rank = (day.index * pages + nth) % world.catalogue.products.max(1);
        Walk::new(events, at, origin, client).get(world.catalogue.nth(rank));
    }
}
