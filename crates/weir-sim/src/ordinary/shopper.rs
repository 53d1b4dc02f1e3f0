//! Members who shop: they come by habit, browse first, sign in when they need to, and look at their own pages.

use crate::client::Kind;
use crate::clock::{Day, SHOPPING};
use crate::event::{Event, Method, Referer, Walk};
use crate::random::Random;
use crate::site::{self, Catalogue, Page};
use crate::world::{Actor, Member, Orders, World};

/// Visits for each usual one that a sale draws.
const SALE_VISITS: f64 = 4.0;

/// All members.
#[derive(Debug)]
pub struct Shoppers;

impl Actor for Shoppers {
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>) {
        let mut random = Random::new(world.seed, "shoppers", u64::from(day.index));
        world.orders.forget_before(day.start - 3 * crate::clock::DAY);
        let key = world.inventory.web_key(day.index);
        let lively = if day.weekend() { 1.25 } else { 0.9 } * world.life.busyness(day.index);
        let sale = world.life.sale.filter(|(on, _)| *on == day.index);
        let leapt = world.life.app_release.is_some_and(|from| day.index >= from);
        for member in &mut world.members {
            if member.joined > i64::from(day.index) {
                continue;
            }
            let new = member.joined == i64::from(day.index);
            let visits = random.count(member.rate * lively) + u32::from(new);
            let mut times: Vec<i64> = (0..visits).map(|_| day.moment(&SHOPPING, &mut random)).collect();
            if let Some((_, hour)) = sale {
                for _ in 0..random.count(member.rate * SALE_VISITS) {
                    let after = random.tail(20.0, 180.0) as i64 * crate::clock::MINUTE;
                    times.push(day.at(hour, 0) + after - 20 * crate::clock::MINUTE);
                }
            }
            // In order, so that a later visit finds the sign-in of an earlier one.
            times.sort_unstable();
            for (nth, at) in times.into_iter().enumerate() {
                let mut visit =
                    Visit { member, key, orders: &mut world.orders, catalogue: world.catalogue, leapt };
                visit.walk(day, at, new && nth == 0, events, &mut random);
            }
        }
    }
}

struct Visit<'a> {
    member: &'a mut Member,
    key: &'static str,
    orders: &'a mut Orders,
    catalogue: Catalogue,
    leapt: bool,
}

impl Visit<'_> {
    fn walk(&mut self, day: Day, at: i64, joins: bool, events: &mut Vec<Event>, random: &mut Random) {
        let chosen = random.below(self.member.devices.len() as u64) as usize;
        let Some(device) = self.member.devices.get(chosen) else { return };
        let (kind, serial) = (device.kind, device.serial);
        let client = device.client.on(day, serial);
        let client = if self.leapt && kind == Kind::App { client.leapt() } else { client };
        let origin = self.member.origin(kind, serial, day, at, random);
        let mut walk = Walk::new(events, at, origin, client);
        // An app carries its own pages' frame and its sign-in with it, and opens the account first.
        let app_first = kind == Kind::App && random.chance(0.25);
        if !app_first {
            browse(&mut walk, self.catalogue, random);
        }
        if joins {
            walk.get(Page::Register);
            walk.think(random, 20.0);
            walk.request(Method::Post, Page::Register, 302, 0);
            walk.at += 400;
        }
        if app_first || joins || random.chance(0.4) {
            self.account(chosen, kind, &mut walk, random);
        }
    }

    /// Signs in and does what one signs in for.
    fn account(&mut self, chosen: usize, kind: Kind, walk: &mut Walk<'_>, random: &mut Random) {
        let account = self.member.account(kind, self.key);
        let Some(device) = self.member.devices.get_mut(chosen) else { return };
        device.standing.sign_in(walk, &account, random);
        let id = self.member.id;
        match random.weighted(&[30, 34, 16, 20]) {
            0 => self.buy(walk, random),
            1 => self.follow_orders(walk, random),
            2 => {
                walk.get(Page::Member(id));
                walk.think(random, 5.0);
                walk.get(if random.chance(0.5) { Page::MemberAddresses(id) } else { Page::MyAddresses });
            }
            _ => {
                walk.get(Page::Member(id));
                if random.chance(0.3) {
                    walk.think(random, 5.0);
                    walk.get(Page::MemberOrders(id));
                }
            }
        }
    }

    fn buy(&mut self, walk: &mut Walk<'_>, random: &mut Random) {
        walk.get(Page::Cart);
        walk.think(random, 6.0);
        let id = self.member.id;
        walk.get(if random.chance(0.35) { Page::MemberAddresses(id) } else { Page::MyAddresses });
        walk.think(random, 9.0);
        if random.chance(0.3) {
            return;
        }
        walk.request(Method::Post, Page::Orders, 303, 0);
        let order = self.orders.place(id, walk.at);
        self.member.ordered(order);
        walk.at += 300;
        walk.get(Page::Order(order));
    }

    fn follow_orders(&mut self, walk: &mut Walk<'_>, random: &mut Random) {
        walk.get(if random.chance(0.3) { Page::MemberOrders(self.member.id) } else { Page::MyOrders });
        let looked_at = random.below(3).min(self.member.orders.len() as u64) as usize;
        for &order in self.member.orders.iter().rev().take(looked_at) {
            walk.think(random, 4.0);
            walk.get(Page::Order(order));
        }
    }
}

/// Looks around the public shop, as anyone does.
pub fn browse(walk: &mut Walk<'_>, catalogue: Catalogue, random: &mut Random) {
    match random.weighted(&[50, 20, 30]) {
        0 => walk.get(Page::Home),
        1 => {
            walk.referer = Referer::SearchEngine;
            walk.get(site::search(random));
        }
        _ => {
            walk.referer = Referer::SearchEngine;
            walk.get(catalogue.popular(random));
        }
    }
    // Most static files come from the browser's cache or the delivery network.
    if random.chance(0.2) {
        let page = walk.referer;
        walk.at += 150;
        walk.get(site::asset(random));
        walk.referer = page;
    }
    for _ in 0..random.tail(1.0, 18.0) as u32 {
        walk.think(random, 4.0);
        match random.weighted(&[26, 70, 2, 8]) {
            0 => walk.get(site::search(random)),
            1 => walk.get(catalogue.popular(random)),
            2 => walk.miss(catalogue.discontinued(random), 404),
            _ => walk.get(Page::Cart),
        }
    }
    walk.think(random, 4.0);
}
