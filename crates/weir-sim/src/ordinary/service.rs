//! Customer service: a few people who open many members' pages, from the office, signed in as themselves.

use crate::client::{Client, Kind};
use crate::clock::{DAY, Day, HOUR, MINUTE};
use crate::event::{Event, Holder, Walk};
use crate::net;
use crate::random::Random;
use crate::signin::{Account, Standing};
use crate::site::Page;
use crate::world::{Actor, World};

/// Personnel number of the first agent; the others follow.
const FIRST_AGENT: u16 = 131;
/// How many there are at scale 1.
const AGENTS: u32 = 6;

/// The customer-service desk.
#[derive(Debug, Default)]
pub struct CustomerService {
    standing: Vec<Standing>,
}

impl Actor for CustomerService {
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>) {
        let mut random = Random::new(world.seed, "customer service", u64::from(day.index));
        let agents = world.scaled(AGENTS).min(600);
        self.standing.resize(agents as usize, Standing::default());
        for (agent, standing) in (0..agents).zip(&mut self.standing) {
            let on_duty = if day.weekend() { agent % 4 == day.index / 7 % 4 } else { !random.chance(0.12) };
            if on_duty {
                shift(agent, standing, world, day, events, &mut random);
            }
        }
    }
}

fn shift(
    agent: u32,
    standing: &mut Standing,
    world: &World,
    day: Day,
    events: &mut Vec<Event>,
    random: &mut Random,
) {
    let serial = u64::from(agent) + 77;
    let client = Client::draw(Kind::Desktop, &mut Random::new(world.seed, "agent", serial)).on(day, serial);
    let start = day.at(8, 40) + random.below(40 * MINUTE as u64) as i64;
    let account = Account {
        holder: Holder::Employee(FIRST_AGENT + agent as u16),
        app: "service-desk",
        key: world.inventory.desk,
        lifetime: 10 * HOUR,
        refresh: 0,
        typo: 0.04,
    };
    let mut walk = Walk::new(events, start, net::OFFICE, client);
    standing.sign_in(&mut walk, &account, random);
    while walk.at < day.at(17, 40) {
        walk.at += MINUTE;
        walk.think(random, 240.0);
        if day.hour(walk.at) == 12 {
            walk.at += HOUR;
        }
        case(&mut walk, world, random);
    }
}

/// One call or mail: mostly about an order of the last days.
fn case(walk: &mut Walk<'_>, world: &World, random: &mut Random) {
    let about = (walk.at - 3 * DAY, walk.at);
    let drawn = random.below(world.orders.recent.len() as u64) as usize;
    let order = world.orders.recent.get(drawn).filter(|order| (about.0..about.1).contains(&order.at));
    let order = order.filter(|_| random.chance(0.75));
    let anyone = random.pick(&world.members).filter(|member| member.joined < 0).map(|member| member.id);
    let Some(member) = order.map(|order| order.member).or(anyone) else { return };
    walk.get(Page::Member(member));
    walk.think(random, 12.0);
    if let Some(order) = order {
        walk.get(Page::Order(order.id));
    } else {
        walk.get(Page::MemberOrders(member));
    }
    if random.chance(0.4) {
        walk.think(random, 15.0);
        walk.get(Page::MemberAddresses(member));
    }
}
