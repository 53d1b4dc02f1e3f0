//! `lookup-abuse`: telephone numbers turned into accounts. Its manual page is [`INFO`]'s.

use crate::client::Kind;
use crate::clock::{Day, HOUR, ROUND_THE_CLOCK, SHOPPING};
use crate::event::{Event, Holder, Walk};
use crate::play::Play;
use crate::random::Random;
use crate::scenario::shop::disguise;
use crate::scenario::{Info, Size, retail};
use crate::settings::{Setting, Settings};
use crate::signin::{Account, Standing};
use crate::site::{self, Page};
use crate::world::{Actor, World};

/// The scenario.
pub const INFO: Info = Info {
    name: "lookup-abuse",
    summary: "Accounts opened for the purpose ask which member has each of many telephone numbers.",
    manual: MANUAL,
    days: 45,
    settings: SETTINGS,
    build,
};

const MANUAL: &str = "\
# lookup-abuse

## What happens

The app finds friends by their telephone number: `/lookup?phone=` answers with the account that has it. From a day on, accounts opened for
the purpose ask for number after number, day and night; three in four have no account.

## What makes it hard

Members do the same, a few numbers at a time, and miss as well. Each account is signed in as it should be, its tokens were issued.

## How it can be found

By how many people one account asks for, and how many of those asked for do not exist.

## References

A social network in 2021 and 2022: a lookup by telephone number or e-mail, 5.4 million accounts, nothing seen in its telemetry (the
project's collected facts, section 2). ATT&CK T1589, T1119.
";

const SETTINGS: &[Setting] = &[
    retail::MEMBERS,
    retail::ISSUANCE,
    Setting {
        name: "accounts",
        default: 4.0,
        bounds: (1.0, 10_000.0),
        about: "accounts opened for the purpose",
    },
    Setting {
        name: "tries",
        default: 120.0,
        bounds: (1.0, 100_000.0),
        about: "numbers a day asked for by each",
    },
    Setting {
        name: "hits",
        default: 0.25,
        bounds: (0.0, 1.0),
        about: "share of numbers that have an account",
    },
    retail::FROM,
];

const DATASET: &str = r#"
[[dataset]]
name = "accounts by telephone number"
categories = ["name", "phone"]
routes = ["/lookup?phone={phone}"]
subject = "phone"
"#;

fn build(size: Size, settings: &Settings) -> Play {
    let mut play = retail::play(size, settings);
    play.config.push_str(DATASET);
    play.told.named = site::phone;
    let from = retail::begins(size, settings);
    let abusers = Abusers {
        standing: vec![Standing::default(); settings.count("accounts") as usize],
        addresses: retail::hideouts(&play.world, "lookups", settings.count("accounts") * 2),
        ids: retail::everyone(&play.world, "lookups"),
        next: 0,
        tries: settings.number("tries"),
        hits: settings.number("hits"),
        from,
    };
    play.actors.push(Box::new(Friends));
    play.actors.push(Box::new(abusers));
    play
}

/// Members who look for friends.
struct Friends;

impl Actor for Friends {
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>) {
        let mut random = Random::new(world.seed, "friends", u64::from(day.index));
        let key = world.inventory.web_key(day.index);
        for _ in 0..world.members.len() / 250 {
            let at = day.moment(&SHOPPING, &mut random);
            let drawn = random.below(world.members.len() as u64) as usize;
            let wanted: Vec<Page> = (0..1 + random.count(3.0))
                .map(|_| match random.pick(&world.members) {
                    Some(member) if random.chance(0.6) => Page::Lookup(member.id),
                    _ => Page::Lookup(nobody(&mut random)),
                })
                .collect();
            let Some(member) = world.members.get_mut(drawn) else { continue };
            if member.joined > i64::from(day.index) {
                continue;
            }
            let account = member.account(Kind::App, key);
            let Some(device) = member.devices.first() else { continue };
            let (kind, serial, client) = (device.kind, device.serial, device.client.on(day, device.serial));
            let origin = member.origin(kind, serial, day, at, &mut random);
            let mut walk = Walk::new(events, at, origin, client);
            walk.get(Page::Home);
            walk.think(&mut random, 3.0);
            let Some(device) = member.devices.first_mut() else { continue };
            device.standing.sign_in(&mut walk, &account, &mut random);
            for page in wanted {
                ask(&mut walk, page, &mut random);
            }
        }
    }
}

/// Ids beyond all that were ever given.
fn nobody(random: &mut Random) -> u32 {
    50_000_000 + random.below(40_000_000) as u32
}

fn ask(walk: &mut Walk<'_>, page: Page, random: &mut Random) {
    match page {
        Page::Lookup(id) if id >= 50_000_000 => walk.miss(page, 404),
        _ => walk.get(page),
    }
    walk.think(random, 3.0);
}

/// Accounts opened for the purpose.
struct Abusers {
    standing: Vec<Standing>,
    addresses: Vec<std::net::IpAddr>,
    ids: Vec<u32>,
    next: usize,
    tries: f64,
    hits: f64,
    from: u32,
}

impl Actor for Abusers {
    fn day(&mut self, world: &mut World, day: Day, events: &mut Vec<Event>) {
        if day.index < self.from {
            return;
        }
        let key = world.inventory.web_key(day.index);
        for (nth, standing) in self.standing.iter_mut().enumerate() {
            let mut random = Random::new(world.seed, "abuser", u64::from(day.index) << 20 | nth as u64);
            // Members who joined for this: the ids after everyone's.
            let holder = Holder::Member(40_000_000 + nth as u32);
            let account =
                Account { holder, app: "shop-web", key, lifetime: 12 * HOUR, refresh: 0, typo: 0.0 };
            let client = disguise(day, &mut random);
            let place = nth * 2 + usize::from(random.chance(0.5));
            let Some(&origin) = self.addresses.get(place) else { continue };
            let tries = (self.tries * (0.7 + 0.6 * random.unit())) as u32;
            let mut times: Vec<i64> = (0..tries).map(|_| day.moment(&ROUND_THE_CLOCK, &mut random)).collect();
            times.sort_unstable();
            for at in times {
                let mut walk = Walk::new(events, at, origin, client).by_attacker();
                standing.sign_in(&mut walk, &account, &mut random);
                let id = if random.chance(self.hits) {
                    self.next += 1;
                    self.ids.get(self.next % self.ids.len().max(1)).copied().unwrap_or(0)
                } else {
                    nobody(&mut random)
                };
                ask(&mut walk, Page::Lookup(id), &mut random);
            }
        }
    }
}
