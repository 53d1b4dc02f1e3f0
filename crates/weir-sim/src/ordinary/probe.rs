//! Probes: what every public host hears all day. They ask for what is not there, and for pages they may not have.

use crate::client;
use crate::clock::{Day, ROUND_THE_CLOCK};
use crate::event::{Event, Walk};
use crate::net;
use crate::random::Random;
use crate::site::{self, Page};
use crate::world::{Actor, World};

/// All probes of a day.
#[derive(Debug)]
pub struct Probes;

impl Actor for Probes {
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>) {
        let mut random = Random::new(world.seed, "probes", u64::from(day.index));
        for _ in 0..random.between(4, 9) {
            let at = day.moment(&ROUND_THE_CLOCK, &mut random);
            let client = random.pick(&client::PROBES).copied().unwrap_or(client::PYTHON);
            let mut walk = Walk::new(events, at, net::hosted(&mut random), client);
            // One in six tries the member pages without any session, and is refused.
            let members = random.below(6) == 0;
            for nth in 0..random.between(2, 7) as u32 {
                if members {
                    walk.miss(Page::Member(nth + 1), 401);
                } else {
                    walk.miss(site::probed(&mut random), 404);
                }
                walk.at += 100 + random.below(1_500) as i64;
            }
        }
    }
}
