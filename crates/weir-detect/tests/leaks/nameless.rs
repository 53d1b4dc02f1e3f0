//! `reach` where a log names nobody who asks, or a few who read for others beside the many who are not named.

use crate::common::{World, values};
use std::fmt::Write;
use weir_model::{EntityKind, Finding, Severity};

/// Households, each of two people, and days of the log.
const HOMES: u32 = 150;
const DAYS: u32 = 40;
/// Client strings.
const CLIENTS: u32 = 30;

/// An access log in the making, in no order.
#[derive(Default)]
struct Log(Vec<(u32, String)>);

impl Log {
    fn get(&mut self, (day, minute): (u32, u32), origin: &str, user: &str, uri: &str, client: u32) {
        let at = day * 1440 + minute;
        let (month, date) = (if day < 31 { "Mar" } else { "Apr" }, day % 31 + 1);
        let line = format!(
            "{origin} - {user} [{date:02}/{month}/2026:{:02}:{:02}:{:02} +0000] \"GET {uri} HTTP/1.1\" 200 1834 \"-\" \"Client/{client}.0\"",
            minute / 60,
            minute % 60,
            at % 60
        );
        self.0.push((at, line));
    }

    /// A page of somebody's, and one before it that is nobody's if they look around.
    fn visit(&mut self, at: (u32, u32), origin: &str, user: &str, person: u32, browses: bool) {
        let client = person % CLIENTS;
        if browses {
            self.get((at.0, at.1 - 3), origin, user, &format!("/products/{}", person % 70), client);
        }
        self.get(at, origin, user, &format!("/members/{person}/profile"), client);
    }

    /// People at home, and at two carriers' addresses some come back to.
    fn households(browse: bool) -> Self {
        let mut log = Self::default();
        for (day, home) in (0..DAYS).flat_map(|day| (0..HOMES).map(move |home| (day, home))) {
            if (day * 7 + home * 3) % 5 < 3 {
                let (person, minute) = (1_000 + 2 * home + day % 2, 400 + home * 6 % 900);
                log.visit((day, minute), &format!("203.0.113.{home}"), "-", person, browse);
                let carrier = format!("100.64.9.{}", home % 2);
                log.visit((day, minute + 90), &carrier, "-", person, browse);
            }
        }
        log
    }

    fn find(mut self) -> Vec<Finding> {
        self.0.sort();
        let mut text = String::new();
        self.0.iter().for_each(|(_, line)| writeln!(text, "{line}").unwrap());
        let mut world = World::default();
        world.files.insert("access.log".to_owned(), text.into_bytes());
        world.find("reach")
    }
}

fn told(found: &[Finding]) -> Vec<(Severity, Vec<String>, f64)> {
    found.iter().map(|f| (f.severity, values(f, EntityKind::Origin), f.measures["people"])).collect()
}

/// 600 people, each once, from day 5 to 30, by one client or by as many as people have.
fn hand(log: &mut Log, clients: u32) {
    for nth in 0..600 {
        let (day, minute) = (5 + nth / 24, nth % 24 * 55 + 10);
        let uri = format!("/members/{}/profile", 5_000 + nth);
        log.get((day, minute), "198.51.100.77", "-", &uri, nth % clients);
    }
}

#[test]
fn data_pages_alone_of_nobody_named_are_judged_by_how_many_people_are_read() {
    assert_eq!(told(&Log::households(false).find()), [], "households and carriers");
    let mut one = Log::households(false);
    hand(&mut one, 1);
    let found = one.find();
    let wanted = |severity| vec![(severity, vec!["198.51.100.77".to_owned()], 600.0)];
    assert_eq!(told(&found), wanted(Severity::High), "{found:#?}");
    let mut many = Log::households(false);
    hand(&mut many, CLIENTS);
    let found = many.find();
    assert_eq!(told(&found), wanted(Severity::Medium), "{found:#?}");
    let so_many = "It reads with 30 different clients, and so many people with one each would bring 30";
    assert!(found[0].explanation.contains(so_many), "{}", found[0].explanation);
}

/// A desk whose staff are named reads 200 people a day, more than all visitors are shown.
fn desk(log: &mut Log) {
    for nth in 0..200 * DAYS {
        let (day, person) = (nth / 200, 1_000 + nth * 17 % 300);
        log.visit((day, 480 + nth % 200 * 2), "192.0.2.8", &format!("agent{}", nth % 5), person, false);
    }
}

#[test]
fn a_desk_of_named_staff_does_not_make_a_log_one_that_names_visitors() {
    let mut quiet = Log::households(true);
    desk(&mut quiet);
    assert_eq!(told(&quiet.find()), [], "carriers' customers browse before");
    let mut stolen = Log::households(true);
    desk(&mut stolen);
    for nth in 0..300 {
        let at = (25 + nth / 60, nth % 60 * 3 + 3);
        stolen.visit(at, "198.51.100.20", "agent3", 1_000 + nth * 7 % 300, false);
    }
    let found = stolen.find();
    let of_origins: Vec<_> = told(&found).into_iter().filter(|(_, origins, _)| !origins.is_empty()).collect();
    assert_eq!(of_origins, [(Severity::Medium, vec!["198.51.100.20".to_owned()], 300.0)], "{found:#?}");
}
