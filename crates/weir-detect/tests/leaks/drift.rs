//! `drift` on a made-up back office: twelve desks that look customers up, a carrier that gains members, a sale; and one desk that begins to
//! look up half as many again.

use crate::common::{World, values};
use std::fmt::Write as _;
use weir_model::config::Config;
use weir_model::{EntityKind, Finding, Micros, Severity};

const CONFIG: &str = "
[[dataset]]
name = \"customers\"
categories = [\"name\", \"postal_address\"]
routes = [\"/customers/{customer}\"]
subject = \"customer\"
";

const DAYS: i64 = 150;
/// The day on which the leak begins.
const LEAK: i64 = 120;
const DESKS: u64 = 12;

/// A number below `n` that looks random.
fn mixed(seed: u64, n: u64) -> u64 {
    weir_stats::hash64(&seed.to_le_bytes()) % n
}

struct Office {
    days: i64,
    leak: bool,
    /// Whether everybody looks up twice as many from the leak's day on.
    everybody: bool,
}

impl Office {
    /// Customers that a desk looks up on a day: fewer at weekends, some days more than others.
    fn lookups(&self, desk: u64, day: i64) -> u64 {
        let base = if day % 7 < 5 { 28 } else { 14 };
        let usual = base + mixed(1_000 * desk + day as u64, 9) + desk % 3;
        let grown = self.everybody || (self.leak && desk == 7);
        if grown && day >= LEAK { usual + usual * 2 / 3 } else { usual }
    }

    fn world(&self) -> World {
        let mut lines = String::new();
        for day in 0..self.days {
            for desk in 0..DESKS {
                for nth in 0..self.lookups(desk, day) {
                    let customer = 10_000 + mixed(day as u64 * 100_000 + desk * 1_000 + nth, 50_000);
                    let (origin, session) = (format!("10.1.{desk}.9"), format!("desk-{desk:04}"));
                    line(&mut lines, day, 28_800 + nth * 300 + desk, &origin, customer, &session);
                }
            }
            // Members behind a carrier: more every day, each with a session of their own.
            for nth in 0..10 + day as u64 / 3 {
                let member = 100_000 + mixed(day as u64 * 1_000 + nth, 4_000);
                line(
                    &mut lines,
                    day,
                    30_000 + nth * 60,
                    "100.64.3.3",
                    member,
                    &format!("own-{day}-{member}"),
                );
            }
        }
        let mut world = World { config: Config::parse(CONFIG).unwrap(), ..World::default() };
        world.files.insert("office-access.jsonl".to_owned(), lines.into_bytes());
        world
    }

    fn findings(&self) -> Vec<Finding> {
        self.world().find("drift")
    }
}

fn line(lines: &mut String, day: i64, second: u64, origin: &str, customer: u64, session: &str) {
    let at = Micros::parse("2026-01-05").unwrap().0 + day * 86_400_000_000 + second as i64 * 1_000_000;
    let _ = writeln!(
        lines,
        "{{\"time\":\"{}\",\"remote_addr\":\"{origin}\",\"method\":\"GET\",\"uri\":\"/customers/{customer}\",\"status\":200,\"body_bytes_sent\":{},\
         \"http_user_agent\":\"desk/2\",\"host\":\"crm.shop.example\",\"session\":\"{session}\"}}",
        Micros(at),
        900 + customer % 40
    );
}

#[test]
fn a_desk_that_looks_up_more_and_more_is_one_finding_and_keeps_its_id() {
    let found = Office { days: DAYS, leak: true, everybody: false }.findings();
    let high: Vec<&Finding> = found.iter().filter(|f| f.severity >= Severity::High).collect();
    assert_eq!(high.len(), 1, "{:?}", found.iter().map(|f| &f.title).collect::<Vec<_>>());
    let finding = high[0];
    assert_eq!(finding.entities[0].kind, EntityKind::Credential);
    assert_eq!(values(finding, EntityKind::Origin), ["10.1.7.9"]);
    let (seen, usual) = (
        finding.measures["people_beyond_credentials_per_day"],
        finding.baseline["people_beyond_credentials_per_day"],
    );
    assert!((1.45..1.9).contains(&(seen / usual)), "{seen} {usual}");
    let start = Micros::parse("2026-01-05").unwrap().day();
    let told = i64::from(finding.raised.day() - start) - LEAK;
    assert!((4..=21).contains(&told), "told after {told} days");
    assert!((i64::from(finding.first_seen.day() - start) - LEAK).abs() <= 7, "{}", finding.first_seen);
    // A day's part of the budget, over two measures of credentials and of addresses at least, and the desks.
    assert!(finding.p_value.unwrap() <= 1.0 / 30.0 / 4.0 / DESKS as f64);
    // What is said does not wait for later days, nor changes with them.
    let earlier = Office { days: LEAK + told + 1, leak: true, everybody: false }.findings();
    let same = earlier.iter().find(|f| f.id == finding.id).unwrap();
    assert_eq!(
        (same.severity, same.raised, same.first_seen),
        (finding.severity, finding.raised, finding.first_seen)
    );
    assert!(same.last_seen < finding.last_seen);
}

#[test]
fn growth_of_all_and_a_carriers_members_are_not_grave() {
    for everybody in [false, true] {
        let found = Office { days: DAYS, leak: false, everybody }.findings();
        assert!(found.iter().all(|f| f.severity < Severity::High), "{everybody}");
        let desks =
            found.iter().flat_map(|f| values(f, EntityKind::Origin)).filter(|o| o.starts_with("10.1."));
        assert_eq!(desks.collect::<Vec<_>>(), Vec::<String>::new(), "{everybody}");
    }
}
