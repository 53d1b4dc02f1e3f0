//! Client strings: browsers that update themselves, an app, crawlers, libraries.
//!
//! A client is a family and a variant; its release follows the calendar, so every device's string changes within months,
//! as in life. Browser strings follow the frozen forms that vendors publish; crawler strings are the real ones.

use std::fmt::{self, Display};

use crate::clock::Day;
use crate::random::{Random, mix};
use crate::text::{Put, show};

/// What kind of device a family runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A desktop browser.
    Desktop,
    /// A browser on a phone.
    Phone,
    /// The shop's own app.
    App,
    /// No person: a crawler, library or batch job.
    Machine,
}

struct Family {
    kind: Kind,
    share: u32,
    /// `{r}` stands for the release, `{v}` for the variant.
    pattern: &'static str,
    first_release: u32,
    days_per_release: u32,
    variants: &'static [&'static str],
}

const PHONES: &[&str] =
    &["SM-S921N", "SM-A556S", "SM-F956N", "Pixel 9", "SM-S711N", "SM-A165N", "25053PC47G"];
const IPHONES: &[&str] = &["iPhone15,2", "iPhone16,1", "iPhone17,3", "iPhone14,5", "iPhone17,1"];
const IOS: &[&str] = &["18_3_1", "18_4", "18_2", "17_7_2", "18_1"];
const ONE: &[&str] = &[""];

const FAMILIES: &[Family] = &[
    Family {
        kind: Kind::Desktop,
        share: 46,
        pattern: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{r}.0.0.0 Safari/537.36",
        first_release: 144,
        days_per_release: 28,
        variants: ONE,
    },
    Family {
        kind: Kind::Desktop,
        share: 18,
        pattern: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{r}.0.0.0 Safari/537.36 Edg/{r}.0.0.0",
        first_release: 144,
        days_per_release: 28,
        variants: ONE,
    },
    Family {
        kind: Kind::Desktop,
        share: 14,
        pattern: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{r}.0.0.0 Safari/537.36",
        first_release: 144,
        days_per_release: 28,
        variants: ONE,
    },
    Family {
        kind: Kind::Desktop,
        share: 10,
        pattern: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.{r} Safari/605.1.15",
        first_release: 3,
        days_per_release: 55,
        variants: ONE,
    },
    Family {
        kind: Kind::Desktop,
        share: 9,
        pattern: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{r}.0) Gecko/20100101 Firefox/{r}.0",
        first_release: 147,
        days_per_release: 28,
        variants: ONE,
    },
    Family {
        kind: Kind::Desktop,
        share: 3,
        pattern: "Mozilla/5.0 (X11; Linux x86_64; rv:{r}.0) Gecko/20100101 Firefox/{r}.0",
        first_release: 147,
        days_per_release: 28,
        variants: ONE,
    },
    Family {
        kind: Kind::Phone,
        share: 50,
        pattern: "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{r}.0.0.0 Mobile Safari/537.36",
        first_release: 144,
        days_per_release: 28,
        variants: ONE,
    },
    Family {
        kind: Kind::Phone,
        share: 22,
        pattern: "Mozilla/5.0 (Linux; Android 15; SAMSUNG {v}) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/{r}.0 Chrome/136.0.0.0 Mobile Safari/537.36",
        first_release: 28,
        days_per_release: 90,
        variants: PHONES,
    },
    Family {
        kind: Kind::Phone,
        share: 38,
        pattern: "Mozilla/5.0 (iPhone; CPU iPhone OS {v} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.{r} Mobile/15E148 Safari/604.1",
        first_release: 3,
        days_per_release: 55,
        variants: IOS,
    },
    Family {
        kind: Kind::App,
        share: 60,
        pattern: "ShopApp/5.{r}.0 (Android 15; {v}) okhttp/4.12.0",
        first_release: 31,
        days_per_release: 14,
        variants: PHONES,
    },
    Family {
        kind: Kind::App,
        share: 40,
        pattern: "ShopApp/5.{r}.0 ({v}; iOS 18.3) CFNetwork/1568.300.101 Darwin/24.2.0",
        first_release: 31,
        days_per_release: 14,
        variants: IPHONES,
    },
    Family {
        kind: Kind::Machine,
        share: 0,
        pattern: "{v}",
        first_release: 0,
        days_per_release: 0,
        variants: MACHINES,
    },
];
const MACHINE_FAMILY: u8 = 11;
/// Releases that a forced update of the app skips.
const LEAP: u16 = 100;

/// Clients that are programs, by their place in the table.
const MACHINES: &[&str] = &[
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; Yeti/1.1; +https://naver.me/spd)",
    "python-requests/2.32.3",
    "settlement/2.4 (batch)",
    "curl/8.5.0",
    "Mozilla/5.0 zgrab/0.x",
    "Go-http-client/1.1",
    "-",
    "courier-sync/3.1",
    "health-check/1.0",
];

/// Google's web crawler.
pub const GOOGLEBOT: Client = Client::machine(0);
/// Microsoft's web crawler.
pub const BINGBOT: Client = Client::machine(1);
/// Naver's web crawler.
pub const YETI: Client = Client::machine(2);
/// A Python script.
pub const PYTHON: Client = Client::machine(3);
/// The shop's nightly settlement.
pub const SETTLEMENT: Client = Client::machine(4);
/// A program in Go.
pub const SCRIPT: Client = Client::machine(7);
/// The courier's program.
pub const COURIER: Client = Client::machine(9);
/// What watches whether hosts are up.
pub const HEALTH_CHECK: Client = Client::machine(10);
/// What probes call themselves.
pub const PROBES: [Client; 4] =
    [Client::machine(5), Client::machine(6), Client::machine(7), Client::machine(8)];

/// One client string, at one release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Client {
    family: u8,
    variant: u8,
    release: u16,
}

impl Client {
    const fn machine(variant: u8) -> Self {
        Self { family: MACHINE_FAMILY, variant, release: 0 }
    }

    /// Whether it is a program that no person looks through.
    #[must_use]
    pub fn is_machine(self) -> bool {
        self.family == MACHINE_FAMILY
    }

    /// A client of this kind, families drawn by market share, before any update.
    pub fn draw(kind: Kind, random: &mut Random) -> Self {
        let mut shares = [0; FAMILIES.len()];
        for (share, family) in shares.iter_mut().zip(FAMILIES) {
            *share = if family.kind == kind { family.share } else { 0 };
        }
        let family = random.weighted(&shares);
        let variants = FAMILIES.get(family).map_or(1, |family| family.variants.len());
        Self { family: family as u8, variant: random.below(variants as u64) as u8, release: 0 }
    }

    /// The same client as it calls itself on a day; `device` decides how soon it takes an update.
    #[must_use]
    pub fn on(self, day: Day, device: u64) -> Self {
        let Some(family) = FAMILIES.get(usize::from(self.family)) else { return self };
        if family.days_per_release == 0 {
            return self;
        }
        // Most update within the week, some are weeks late.
        let late = mix(device, 7) % 8 + if mix(device, 8).is_multiple_of(6) { 30 } else { 0 };
        let releases = (u64::from(day.index) + 40 - late) / u64::from(family.days_per_release);
        Self { release: family.first_release as u16 + releases as u16, ..self }
    }
}

impl Client {
    /// The same client after an update that everybody had to take.
    #[must_use]
    pub fn leapt(self) -> Self {
        Self { release: self.release + LEAP, ..self }
    }
}

impl Put for Client {
    fn put(&self, line: &mut Vec<u8>) {
        let Some(family) = FAMILIES.get(usize::from(self.family)) else { return "-".put(line) };
        let variant = family.variants.get(usize::from(self.variant)).copied().unwrap_or_default();
        let mut rest = family.pattern;
        while let Some(brace) = rest.find('{') {
            let (before, hole) = rest.split_at(brace);
            before.put(line);
            match hole.get(..3) {
                Some("{r}") => self.release.put(line),
                _ => variant.put(line),
            }
            rest = hole.get(3..).unwrap_or_default();
        }
        rest.put(line);
    }
}

impl Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Period;

    #[test]
    fn clients_update_with_the_calendar() {
        let period = Period { start: 0, days: 60, ahead: 0 };
        let mut random = Random::new(1, "clients", 0);
        for kind in [Kind::Desktop, Kind::Phone, Kind::App] {
            let client = Client::draw(kind, &mut random);
            let (first, last) =
                (client.on(period.day(0), 3).to_string(), client.on(period.day(59), 3).to_string());
            assert_ne!(first, last);
            assert!(!first.contains(['{', '}', '"']), "{first}");
        }
    }

    #[test]
    fn machines_are_named_as_in_life() {
        assert!(GOOGLEBOT.to_string().contains("Googlebot/2.1"));
        assert!(FAMILIES[usize::from(MACHINE_FAMILY)].kind == Kind::Machine);
        assert_eq!(SETTLEMENT.on(Period { start: 0, days: 1, ahead: 0 }.day(0), 9), SETTLEMENT);
    }
}
