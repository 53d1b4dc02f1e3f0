//! A partner's program: the courier, which reads where yesterday's orders go, through the day, with credentials of its own.
//!
//! Many people, each once or twice, never a page that a person would look at first, from two addresses: a thief's outline with
//! a contract.

use crate::client;
use crate::clock::{DAY, Day, HOUR};
use crate::event::{Event, Grant, Holder, Walk};
use crate::net;
use crate::random::Random;
use crate::signin::{self, Account};
use crate::site::Page;
use crate::world::{Actor, World};

/// The courier.
#[derive(Debug)]
pub struct Courier;

impl Actor for Courier {
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>) {
        if day.weekday == 6 {
            return;
        }
        let mut random = Random::new(world.seed, "courier", u64::from(day.index));
        let account = Account {
            holder: Holder::Service("svc-courier"),
            app: "courier",
            key: world.inventory.desk,
            lifetime: DAY,
            refresh: 0,
            typo: 0.0,
        };
        let start = day.at(6, 0) + random.below(600_000) as i64;
        let mut walk = Walk::new(events, start, net::workplace(251), client::COURIER);
        let session = signin::issue(&mut walk, &account, Grant::ClientCredentials, &mut random);
        for order in &world.orders.recent {
            if !(day.start - DAY..day.start).contains(&order.at) {
                continue;
            }
            let at = start + 60_000 + random.below(11 * HOUR as u64) as i64;
            let origin = net::workplace(if random.chance(0.7) { 251 } else { 252 });
            let mut walk = Walk::new(walk.events, at, origin, client::COURIER);
            walk.session = Some(session);
            walk.get(Page::MemberAddresses(order.member));
        }
    }
}

/// The addresses that the courier comes from.
pub fn addresses() -> Vec<std::net::IpAddr> {
    vec![net::workplace(251), net::workplace(252)]
}
