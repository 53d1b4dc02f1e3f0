//! `harvest` on a made-up site: households and a carrier whose members look around first, a courier under one credential a day, and
//! one address at which nobody ever looks around.

use crate::common::{World, values};
use std::fmt::Write as _;
use weir_model::config::Config;
use weir_model::{EntityKind, Finding, Severity};

const CONFIG: &str = "
[[dataset]]
name = \"address books\"
categories = [\"postal_address\"]
routes = [\"/members/{member}/addresses\"]
subject = \"member\"
";

/// Times and lines; sorted when written.
#[derive(Default)]
struct Log(Vec<(u32, String)>);

impl Log {
    /// A page at a minute of the period, by one client at one address.
    fn page(&mut self, minute: u32, second: u32, origin: &str, client: &str, uri: &str, session: &str) {
        let at = minute * 60 + second;
        let (day, hour) = (1 + at / 86_400, at / 3_600 % 24);
        let mut line = String::new();
        let _ = write!(
            line,
            "{{\"time\":\"2026-03-{day:02}T{hour:02}:{:02}:{:02}+00:00\",\"remote_addr\":\"{origin}\",\"method\":\"GET\",\"uri\":\"{uri}\",\
             \"status\":200,\"body_bytes_sent\":900,\"http_user_agent\":\"{client}\",\"host\":\"my.shop.example\",\"session\":\"{session}\",\"kid\":\"k\"}}",
            at / 60 % 60,
            at % 60,
        );
        self.0.push((at, line));
    }

    /// Somebody who looks around, then at their own addresses.
    fn member(&mut self, minute: u32, origin: &str, client: &str, member: u32) {
        self.page(minute, 0, origin, client, "/products/31", "");
        let session = format!("own{member:08}");
        self.page(minute + 3, 7, origin, client, &format!("/members/{member}/addresses"), &session);
    }

    fn findings(mut self) -> Vec<Finding> {
        self.0.sort();
        let text: String = self.0.into_iter().map(|(_, line)| line + "\n").collect();
        let mut world = World { config: Config::parse(CONFIG).unwrap(), ..World::default() };
        world.files.insert("my-access.jsonl".to_owned(), text.into_bytes());
        world.find("harvest")
    }
}

const DAY: u32 = 1_440;
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64) Chrome/144.0.0.0 Safari/537.36";

/// Ten days of ordinary life: 150 households, a carrier before 200 members, a courier.
fn ordinary() -> Log {
    let mut log = Log::default();
    for day in 0..10 {
        for home in 0..150 {
            if (home + day) % 3 == 0 {
                let origin = format!("242.16.{}.7", home);
                log.member(day * DAY + 480 + home * 4, &origin, BROWSER, 5_000 + home);
            }
        }
        for nth in 0..20 {
            let member = 7_000 + (day * 20 + nth) % 200;
            let client = format!("{BROWSER} Phone/{}", nth % 7);
            log.member(day * DAY + 500 + nth * 40, "245.8.32.16", &client, member);
        }
        for nth in 0..15 {
            let uri = format!("/members/{}/addresses", 5_000 + (day * 15 + nth) % 150);
            log.page(
                day * DAY + 420 + nth * 20,
                0,
                "246.20.1.9",
                "courier-sync/3.1",
                &uri,
                &format!("courier{day:04}"),
            );
        }
    }
    log
}

#[test]
fn many_people_of_whom_nobody_looked_around_are_one_hand() {
    let mut log = ordinary();
    for nth in 0..60 {
        let (day, minute) = (2 + nth / 10, 300 + nth % 10 * 100);
        for origin in ["247.3.18.4", "248.12.66.5"] {
            let member = 5_000 + nth * 2 + u32::from(origin.starts_with("248"));
            let (uri, session) = (format!("/members/{member}/addresses"), format!("made{member:07}"));
            log.page(day * DAY + minute, 11, origin, BROWSER, &uri, &session);
        }
    }
    let found = log.findings();
    assert_eq!(found.len(), 1, "{:?}", found.iter().map(|f| &f.title).collect::<Vec<_>>());
    let finding = &found[0];
    assert_eq!(finding.severity, Severity::High);
    assert_eq!(values(finding, EntityKind::Origin), ["247.3.18.4", "248.12.66.5"]);
    assert_eq!((finding.measures["people"], finding.measures["records"]), (120.0, 120.0));
    assert!(finding.p_value.unwrap() < 1e-4);
    assert!(finding.first_seen < finding.raised && finding.raised < finding.last_seen, "{}", finding.raised);
}

#[test]
fn households_a_carrier_and_a_courier_are_quiet() {
    assert_eq!(ordinary().findings(), []);
}
