//! A made-up site's access log, written day by day of 2026.

use crate::common::World;
use std::fmt::Write as _;
use weir_model::Finding;
use weir_model::config::Config;

pub const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64) Chrome/144.0.0.0 Safari/537.36";

/// Times and lines; sorted when written.
#[derive(Default)]
pub struct Site(Vec<(u32, String)>);

/// One request: minute of the day, where from, by what, for what, under which session (empty for none).
pub struct Page<'a> {
    pub minute: u32,
    pub origin: &'a str,
    pub client: &'a str,
    pub uri: &'a str,
    pub session: &'a str,
}

impl Site {
    /// A page shown on a day of the period, which begins on 1 March.
    pub fn page(&mut self, day: u32, page: &Page<'_>) {
        const MONTHS: [(u32, u32); 5] = [(3, 31), (4, 30), (5, 31), (6, 30), (7, 31)];
        let (mut rest, mut date) = (day, (3, 1));
        for (month, days) in MONTHS {
            date = (month, rest + 1);
            if rest < days {
                break;
            }
            rest -= days;
        }
        let mut line = String::new();
        let _ = write!(
            line,
            "{{\"time\":\"2026-{:02}-{:02}T{:02}:{:02}:{:02}+00:00\",\"remote_addr\":\"{}\",\"method\":\"GET\",\"uri\":\"{}\",\"status\":200,\
             \"body_bytes_sent\":900,\"http_user_agent\":\"{}\",\"host\":\"my.shop.example\",\"session\":\"{}\",\"kid\":\"k\"}}",
            date.0,
            date.1,
            page.minute / 60 % 24,
            page.minute % 60,
            self.0.len() % 60,
            page.origin,
            page.uri,
            page.client,
            page.session
        );
        self.0.push((day * 1_440 + page.minute, line));
    }

    /// Somebody who looks around, then at their own addresses.
    pub fn member(&mut self, day: u32, minute: u32, origin: &str, member: u32) {
        self.page(day, &Page { minute, origin, client: BROWSER, uri: "/products/31", session: "" });
        let (uri, session) = (format!("/members/{member}/addresses"), format!("own{member:08}"));
        self.page(day, &Page { minute: minute + 3, origin, client: BROWSER, uri: &uri, session: &session });
    }

    /// Somebody's addresses, without a look before.
    pub fn read(&mut self, day: u32, minute: u32, origin: &str, member: u32, session: &str) {
        let uri = format!("/members/{member}/addresses");
        self.page(day, &Page { minute, origin, client: BROWSER, uri: &uri, session });
    }

    /// What a detector finds, under a configuration and a country database.
    pub fn find(self, detector: &str, config: &str, countries: &str) -> Vec<Finding> {
        World { countries: countries.to_owned(), ..self.world(config) }.find(detector)
    }

    /// The site's log, under a configuration.
    pub fn world(mut self, config: &str) -> World {
        self.0.sort();
        let text: String = self.0.into_iter().map(|(_, line)| line + "\n").collect();
        let mut world = World { config: Config::parse(config).unwrap(), ..World::default() };
        world.files.insert("my-access.jsonl".to_owned(), text.into_bytes());
        world
    }
}
