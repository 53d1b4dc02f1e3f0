//! The nightly settlement: a program that opens yesterday's orders and prints their labels, with credentials of its own.
//!
//! One client, one address, many people's addresses within minutes, no browsing: exactly a thief's outline, every night.

use crate::client;
use crate::clock::{DAY, Day, HOUR};
use crate::event::{Event, Grant, Holder, Walk};
use crate::net;
use crate::random::Random;
use crate::signin::{self, Account};
use crate::site::Page;
use crate::world::{Actor, World};

/// The settlement job.
#[derive(Debug)]
pub struct Settlement;

impl Actor for Settlement {
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>) {
        let mut random = Random::new(world.seed, "settlement", u64::from(day.index));
        let start = day.at(2, 30) + random.below(4_000) as i64;
        let account = Account {
            holder: Holder::Service("svc-settlement"),
            app: "settlement",
            key: world.inventory.desk,
            lifetime: HOUR,
            refresh: 0,
            typo: 0.0,
        };
        let mut walk = Walk::new(events, start, net::BATCH_HOST, client::SETTLEMENT);
        let session = signin::issue(&mut walk, &account, Grant::ClientCredentials, &mut random);
        walk.session = Some(session);
        walk.at += 1_200;
        let yesterday = (day.start - DAY)..day.start;
        let orders = || world.orders.recent.iter().filter(|order| yesterday.contains(&order.at));
        // A larger shop's job works on many orders at a time, and is done by the morning.
        let at_a_time = 1 + orders().count() as i64 * PER_ORDER / DONE_WITHIN;
        for order in orders() {
            walk.get(Page::Order(order.id));
            walk.at += (90 + random.below(200) as i64) / at_a_time;
            walk.get(Page::MemberAddresses(order.member));
            walk.at += (200 + random.below(900) as i64) / at_a_time;
        }
    }
}

/// What an order takes, and all of them together at most.
const PER_ORDER: i64 = 850;
const DONE_WITHIN: i64 = 4 * HOUR;
