//! The world that actors share: its calendar, members, products, orders, keys.
//!
//! State grows with the number of members, never with days: an order is kept while someone may still look at it.

use std::collections::VecDeque;
use std::net::IpAddr;

use crate::client::{Client, Kind};
use crate::clock::{DAY, Day, HOUR, Period};
use crate::event::{Event, Holder};
use crate::inventory::Inventory;
use crate::life::Life;
use crate::net::{self, Household, Width};
use crate::random::{Random, mix};
use crate::signin::{Account, Standing};
use crate::site::Catalogue;

/// Someone or something that makes traffic, day by day.
pub trait Actor {
    /// Adds what happens on this day. Events may end after midnight, in any order; the writer sorts.
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>);
}

/// What actors share.
#[derive(Debug)]
pub struct World {
    /// The seed that all chance follows from.
    pub seed: u64,
    /// The time the logs cover.
    pub period: Period,
    /// 1 is the scenario's own size.
    pub scale: f64,
    /// How wide its pools of addresses are.
    pub width: Width,
    /// All members, by ascending id.
    pub members: Vec<Member>,
    /// What is sold.
    pub catalogue: Catalogue,
    /// Orders of the last days.
    pub orders: Orders,
    /// Keys and people.
    pub inventory: Inventory,
    /// What is odd about its days.
    pub life: Life,
}

/// What a world begins with.
#[derive(Debug, Clone, Copy)]
pub struct Founding {
    /// The seed that all chance follows from.
    pub seed: u64,
    /// The time the logs cover.
    pub period: Period,
    /// 1 is the scenario's own size.
    pub scale: f64,
    /// How many members there are.
    pub members: u32,
    /// Ids lie above this one.
    pub ids_above: u32,
}

impl World {
    /// A world as founded.
    #[must_use]
    pub fn new(founding: Founding, inventory: Inventory, life: Life) -> Self {
        let Founding { seed, period, scale, members, .. } = founding;
        let mut orders = Orders { next: 5_100_000, recent: VecDeque::new() };
        let width = Width::of(members);
        let members = populate(founding, width, life.opened, &mut orders);
        let products = ((1_400.0 * scale.sqrt()) as u32).max(100);
        Self {
            seed,
            period,
            scale,
            width,
            members,
            catalogue: Catalogue { products },
            orders,
            inventory,
            life,
        }
    }

    /// A number that grows with the world's scale, at least 1.
    #[must_use]
    pub fn scaled(&self, n: u32) -> u32 {
        ((f64::from(n) * self.scale) as u32).max(1)
    }
}

/// A member of the shop.
#[derive(Debug)]
pub struct Member {
    /// The id that paths name.
    pub id: u32,
    /// The day of the world they joined; before its beginning for most.
    pub joined: i64,
    /// Visits a day.
    pub rate: f64,
    /// Their devices, at least one.
    pub devices: Vec<Device>,
    /// Their last orders, newest last.
    pub orders: VecDeque<u32>,
    household: Household,
    carrier: u8,
    width: Width,
    company: Option<u16>,
    abroad: bool,
    vpn: bool,
}

/// A device of a member.
#[derive(Debug)]
pub struct Device {
    /// What it is.
    pub kind: Kind,
    /// A number of its own.
    pub serial: u64,
    /// Its program, before updates.
    pub client: Client,
    /// Its sign-in.
    pub standing: Standing,
}

const ORDERS_KEPT: usize = 4;
/// The most companies that members work for.
const COMPANIES_MAX: u64 = 60_000;
/// Number of the first company that is a partner's.
const PARTNERS: u16 = 240;
const DEVICES_MAX: u32 = 8;

impl Member {
    /// Where a device of this kind is when it is used at a time.
    pub fn origin(&self, kind: Kind, serial: u64, day: Day, at: i64, random: &mut Random) -> IpAddr {
        if self.vpn && random.chance(0.6) {
            return net::vpn_exit(self.width, mix(u64::from(self.id), at.div_euclid(DAY).unsigned_abs()));
        }
        let working = !day.weekend() && (9..18).contains(&day.hour(at));
        match (kind, self.company) {
            (Kind::Desktop, Some(company)) if working => net::workplace(company),
            (Kind::Phone | Kind::App, _)
                if !self.abroad && random.chance(if working { 0.75 } else { 0.4 }) =>
            {
                net::carrier_nat(self.carrier, self.width, u64::from(self.id), at)
            }
            _ => self.household.address(at, serial),
        }
    }

    /// How this member signs in.
    #[must_use]
    pub fn account(&self, kind: Kind, key: &'static str) -> Account {
        let app = if kind == Kind::App { "shop-app" } else { "shop-web" };
        Account {
            holder: Holder::Member(self.id),
            app,
            key,
            lifetime: 12 * HOUR,
            refresh: if kind == Kind::App { 30 * DAY } else { 7 * DAY },
            typo: 0.06,
        }
    }

    /// Remembers an order.
    pub fn ordered(&mut self, order: u32) {
        if self.orders.len() == ORDERS_KEPT {
            self.orders.pop_front();
        }
        self.orders.push_back(order);
    }
}

/// The shop's orders.
#[derive(Debug)]
pub struct Orders {
    next: u32,
    /// Orders of the last three days, oldest first of each day.
    pub recent: VecDeque<Order>,
}

/// One order.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    /// Its number.
    pub id: u32,
    /// Who bought.
    pub member: u32,
    /// When.
    pub at: i64,
}

impl Orders {
    /// Takes an order.
    pub fn place(&mut self, member: u32, at: i64) -> u32 {
        let id = self.number();
        self.recent.push_back(Order { id, member, at });
        id
    }

    /// Forgets orders that nobody handles any more.
    pub fn forget_before(&mut self, at: i64) {
        self.recent.retain(|order| order.at >= at);
    }

    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }
}

/// Draws the members: ids ascending with the gaps that closed accounts leave, the last ones joining as the world runs.
fn populate(founding: Founding, width: Width, opened: Option<u32>, orders: &mut Orders) -> Vec<Member> {
    let Founding { seed, period, members: count, ids_above: mut id, .. } = founding;
    let mut random = Random::new(seed, "members", 0);
    let joining = count / 25;
    let mut members = Vec::with_capacity(count as usize);
    for index in 0..count {
        id += if random.chance(0.06) { 2 } else { 1 };
        let early = i64::from(count - joining);
        let joined = match i64::from(index) - early {
            before if before < 0 => before,
            new => new * i64::from(period.days) / i64::from(joining.max(1)),
        };
        let household = match random.below(5) {
            // Every fifth shares a home with a neighbour in the list.
            0 => Household::new(
                u64::from(index / 2),
                &mut Random::new(seed, "shared home", u64::from(index / 2)),
            ),
            _ => Household::new(u64::from(count + index), &mut random),
        };
        // Whoever joins after the shop has opened abroad mostly lives there.
        let abroad = opened.is_some_and(|day| joined >= i64::from(day)) && random.chance(0.7);
        let household = if abroad { Household::abroad(u64::from(count + index)) } else { household };
        let companies = u64::from(count / 120).clamp(4, COMPANIES_MAX);
        let company = random.chance(0.3).then(|| random.below(companies) as u16);
        let mut member = Member {
            id,
            joined,
            rate: random.tail(0.072, 3.0),
            devices: devices(id, &mut random),
            orders: VecDeque::new(),
            household: household.within(width),
            carrier: random.below(net::carriers()) as u8,
            width,
            // Numbers between are those of partners.
            company: company.filter(|_| !abroad).map(|nth| if nth < PARTNERS { nth } else { nth + 16 }),
            abroad,
            vpn: random.chance(0.02),
        };
        if joined < 0 && random.chance(0.6) {
            member.ordered(orders.number());
        }
        members.push(member);
    }
    members
}

fn devices(member: u32, random: &mut Random) -> Vec<Device> {
    let kinds: &[Kind] = match random.weighted(&[26, 22, 16, 24, 8, 4]) {
        0 => &[Kind::App],
        1 => &[Kind::Phone],
        2 => &[Kind::Desktop],
        3 => &[Kind::Desktop, Kind::App],
        4 => &[Kind::Desktop, Kind::Phone],
        _ => &[Kind::Desktop, Kind::Phone, Kind::App],
    };
    kinds
        .iter()
        .zip(0..)
        .map(|(&kind, slot)| Device {
            kind,
            serial: u64::from(member * DEVICES_MAX + slot),
            client: Client::draw(kind, random),
            standing: Standing::default(),
        })
        .collect()
}
