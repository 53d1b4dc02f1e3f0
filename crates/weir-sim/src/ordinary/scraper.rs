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
        for rank in 0..world.scaled(45) {
            walk.get(world.catalogue.nth(rank));
            walk.at += SECOND + random.below(900) as i64;
        }
    }
}

fn under_other_names(world: &World, day: Day, events: &mut Vec<Event>, random: &mut Random) {
    let pages = world.scaled(130);
    let origin = net::hosted(&mut Random::new(world.seed, "slow scraper", u64::from(day.index / 4)));
    for nth in 0..pages {
        let at = day.moment(&ROUND_THE_CLOCK, random);
        let client = Client::draw(Kind::Desktop, random).on(day, u64::from(nth % 5));
        let rank = (day.index * pages + nth) % world.catalogue.products.max(1);
        Walk::new(events, at, origin, client).get(world.catalogue.nth(rank));
    }
}
