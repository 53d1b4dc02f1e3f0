//! Visitors without an account: a search engine sends them, they look at a few pages and go.

use crate::client::{Client, Kind};
use crate::clock::{Day, SHOPPING};
use crate::event::{Event, Walk};
use crate::net::{self, Household};
use crate::ordinary::shopper::browse;
use crate::random::Random;
use crate::world::{Actor, World};

/// All visitors of a day.
#[derive(Debug)]
pub struct Visitors;

impl Actor for Visitors {
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>) {
        let mut random = Random::new(world.seed, "visitors", u64::from(day.index));
        let expected = f64::from(world.scaled(170))
            * if day.weekend() { 1.3 } else { 0.9 }
            * world.life.busyness(day.index);
        for _ in 0..expected as u32 {
            let at = day.moment(&SHOPPING, &mut random);
            let person = random.bits();
            let phone = random.chance(0.6);
            let kind = if phone { Kind::Phone } else { Kind::Desktop };
            let client = Client::draw(kind, &mut random).on(day, person);
            let origin = if phone && random.chance(0.5) {
                net::carrier_nat(random.below(net::carriers()) as u8, world.width, person, at)
            } else {
                Household::new(person, &mut random).within(world.width).address(at, person)
            };
            let mut walk = Walk::new(events, at, origin, client);
            browse(&mut walk, world.catalogue, &mut random);
        }
    }
}
