//! The web shop itself: its pages, their paths, how large their answers are, and whose data each shows.
//!
//! The pages that show a person's data come in two forms on purpose: some name the person in the path, some show whoever
//! holds the session.

use std::fmt::{self, Display};

use crate::random::{Random, mix};
use crate::text::{Put, put, show};

/// A request's target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Page {
    /// `/`
    Home,
    /// `/search?q=`, by the number of the words asked for.
    Search(u8),
    /// `/products/{id}`
    Product(u32),
    /// `/static/...`
    Static(u8),
    /// `/robots.txt`
    Robots,
    /// A path that no shop page has, as probes ask for.
    Probe(u8),
    /// `/cart`
    Cart,
    /// `/login`
    Login,
    /// `/register`
    Register,
    /// `/members/{id}`: name, e-mail.
    Member(u32),
    /// `/members/{id}/addresses`: names, telephone numbers, addresses.
    MemberAddresses(u32),
    /// `/members/{id}/orders`
    MemberOrders(u32),
    /// `/my/addresses`: the session's owner's.
    MyAddresses,
    /// `/my/orders`: the session's owner's.
    MyOrders,
    /// `/orders`, where orders are placed.
    Orders,
    /// `/orders/{id}`
    Order(u32),
    /// `/api/customers/{code}`: what a partner sees of a customer.
    Customer(u32),
    /// `/lookup?phone=`: the account that has a telephone number.
    Lookup(u32),
    /// `/v1/accounts/{id}` on a host that nobody uses any more.
    Legacy(u32),
    /// `/v1/health` on the same host.
    LegacyHealth,
}

/// Whose data a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// Nobody's.
    Nobody,
    /// The person named in the path.
    Named(u32),
    /// Whoever holds the session.
    Holder,
}

impl Page {
    /// Whose data the page shows. An order is an object: it shows the holder's, or, to staff, its buyer's.
    #[must_use]
    pub fn shows(self) -> Shows {
        match self {
            Self::Member(id)
            | Self::MemberAddresses(id)
            | Self::MemberOrders(id)
            | Self::Customer(id)
            | Self::Lookup(id)
            | Self::Legacy(id) => Shows::Named(id),
            Self::MyAddresses | Self::MyOrders | Self::Order(_) => Shows::Holder,
            _ => Shows::Nobody,
        }
    }

    /// The path with its variable parts replaced.
    #[must_use]
    pub fn route(self) -> &'static str {
        match self {
            Self::Home => "/",
            Self::Search(_) => "/search",
            Self::Product(_) => "/products/{id}",
            Self::Static(_) => "/static/{file}",
            Self::Robots => "/robots.txt",
            Self::Probe(_) => "(none)",
            Self::Cart => "/cart",
            Self::Login => "/login",
            Self::Register => "/register",
            Self::Member(_) => "/members/{id}",
            Self::MemberAddresses(_) => "/members/{id}/addresses",
            Self::MemberOrders(_) => "/members/{id}/orders",
            Self::MyAddresses => "/my/addresses",
            Self::MyOrders => "/my/orders",
            Self::Orders => "/orders",
            Self::Order(_) => "/orders/{id}",
            Self::Customer(_) => "/api/customers/{code}",
            Self::Lookup(_) => "/lookup",
            Self::Legacy(_) => "/v1/accounts/{id}",
            Self::LegacyHealth => "/v1/health",
        }
    }

    /// Whether the page is public and so served by the front, not by the member application.
    #[must_use]
    pub fn public(self) -> bool {
        matches!(
            self,
            Self::Home | Self::Search(_) | Self::Product(_) | Self::Static(_) | Self::Robots | Self::Probe(_)
        )
    }

    /// Whether the page is on the host that nobody uses any more.
    #[must_use]
    pub fn legacy(self) -> bool {
        matches!(self, Self::Legacy(_) | Self::LegacyHealth)
    }

    /// The host that serves the page.
    #[must_use]
    pub fn host(self) -> &'static str {
        match self {
            Self::Legacy(_) | Self::LegacyHealth => "legacy.shop.example",
            Self::Customer(_) => "api.shop.example",
            page if page.public() => "www.shop.example",
            _ => "my.shop.example",
        }
    }

    /// The size of a good answer in bytes: steady per page, as a template filled with one person's rows is.
    #[must_use]
    pub fn bytes(self) -> u32 {
        let spread = |base: u32, by: u64, id: u64| base + (mix(id, 9) % by) as u32;
        match self {
            Self::Home => 18_412,
            Self::Search(words) => spread(9_800, 5_000, u64::from(words)),
            Self::Product(id) => spread(11_000, 6_000, u64::from(id)),
            Self::Static(file) => spread(4_000, 160_000, u64::from(file)),
            Self::Robots => 212,
            Self::Probe(_) | Self::Orders => 153,
            Self::Cart => 3_310,
            Self::Login | Self::Register => 2_118,
            Self::Member(id) => spread(1_410, 90, u64::from(id)),
            Self::MemberAddresses(id) => 1_220 + 310 * rows(id, 4),
            Self::MemberOrders(id) => 1_640 + 420 * rows(id, 12),
            // Sizes of holders' pages depend on the holder, whom only the session knows; see `bytes_for`.
            Self::MyAddresses | Self::MyOrders => 1_220,
            Self::Order(id) => spread(1_900, 1_400, u64::from(id)),
            Self::Customer(id) | Self::Legacy(id) => spread(940, 160, u64::from(id)),
            Self::Lookup(id) => spread(180, 24, u64::from(id)),
            Self::LegacyHealth => 15,
        }
    }

    /// The size of a good answer to the holder of a session.
    #[must_use]
    pub fn bytes_for(self, holder: u32) -> u32 {
        match self {
            Self::MyAddresses => Self::MemberAddresses(holder).bytes(),
            Self::MyOrders => Self::MemberOrders(holder).bytes(),
            _ => self.bytes(),
        }
    }
}

/// How many rows a person's list has: mostly few.
fn rows(id: u32, most: u64) -> u32 {
    let drawn = mix(u64::from(id), 10);
    ((drawn % most) * (drawn >> 32) % most) as u32 + 1
}

impl Put for Page {
    fn put(&self, line: &mut Vec<u8>) {
        match *self {
            Self::Search(words) => put!(line, "/search?q=", named(&WORDS, words)),
            Self::Product(id) => put!(line, "/products/", id),
            Self::Static(file) => put!(line, "/static/", named(&FILES, file)),
            Self::Probe(path) => put!(line, named(&PROBED, path)),
            Self::Member(id) => put!(line, "/members/", id),
            Self::MemberAddresses(id) => put!(line, "/members/", id, "/addresses"),
            Self::MemberOrders(id) => put!(line, "/members/", id, "/orders"),
            Self::Order(id) => put!(line, "/orders/", id),
            Self::Customer(id) => put!(line, "/api/customers/", customer_code(id)),
            Self::Lookup(id) => put!(line, "/lookup?phone=", phone(id)),
            Self::Legacy(id) => put!(line, "/v1/accounts/", id),
            _ => put!(line, self.route()),
        }
    }
}

impl Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self, f)
    }
}

/// How member pages name a person.
#[must_use]
pub fn member_id(id: u32) -> String {
    id.to_string()
}

/// How partners name a person: seven characters that look drawn at random, another for every id.
#[must_use]
pub fn customer_code(id: u32) -> String {
    const SYMBOLS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const CODES: u64 = 36_u64.pow(7);
    // A factor without a divisor in common with 36 permutes the codes.
    let mut left = (u128::from(id) * 48_271_000_003 + 7_919) as u64 % CODES;
    let mut code = String::with_capacity(7);
    for _ in 0..7 {
        code.push(char::from(SYMBOLS.get((left % 36) as usize).copied().unwrap_or(b'A')));
        left /= 36;
    }
    code
}

/// A person's telephone number, another for every id.
#[must_use]
pub fn phone(id: u32) -> String {
    format!("8210{:08}", (u64::from(id) * 7_654_321 + 13) % 100_000_000)
}

fn named(table: &[&'static str], index: u8) -> &'static str {
    table.get(usize::from(index) % table.len().max(1)).copied().unwrap_or("/")
}

const WORDS: [&str; 32] = [
    "lamp",
    "desk+lamp",
    "kettle",
    "rain+jacket",
    "backpack",
    "usb-c+cable",
    "headphones",
    "water+bottle",
    "umbrella",
    "tea",
    "green+tea",
    "notebook",
    "fountain+pen",
    "slippers",
    "blanket",
    "rice+cooker",
    "pan",
    "knife",
    "tent",
    "sleeping+bag",
    "bike+light",
    "helmet",
    "yoga+mat",
    "dumbbell",
    "gift",
    "gift+card",
    "phone+case",
    "charger",
    "keyboard",
    "mouse",
    "monitor+arm",
    "%EC%9A%B0%EC%82%B0",
];
const FILES: [&str; 6] =
    ["app.8c1f.js", "app.41d0.css", "vendor.77ab.js", "logo.svg", "fonts/inter.woff2", "sprite.2d.png"];
const PROBED: [&str; 12] = [
    "/wp-login.php",
    "/.env",
    "/.git/config",
    "/admin/",
    "/phpmyadmin/index.php",
    "/xmlrpc.php",
    "/actuator/health",
    "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
    "/cgi-bin/luci/;stok=/locale",
    "/server-status",
    "/backup.zip",
    "/api/v1/users",
];

/// What the shop sells.
#[derive(Debug, Clone, Copy)]
pub struct Catalogue {
    /// How many products.
    pub products: u32,
}

impl Catalogue {
    const FIRST: u32 = 30_001;

    /// A product as people choose them: a few sell most.
    #[must_use]
    pub fn popular(self, random: &mut Random) -> Page {
        let u = random.unit();
        self.nth((f64::from(self.products) * u * u * u) as u32)
    }

    /// A product by its rank.
    #[must_use]
    pub fn nth(self, rank: u32) -> Page {
        Page::Product(Self::FIRST + rank.min(self.products.saturating_sub(1)) * 3)
    }

    /// A product that is no longer sold.
    #[must_use]
    pub fn discontinued(self, random: &mut Random) -> Page {
        Page::Product(Self::FIRST + random.below(u64::from(self.products)) as u32 * 3 + 1)
    }
}

/// A search, by number of words in the table.
pub fn search(random: &mut Random) -> Page {
    let u = random.unit();
    Page::Search((WORDS.len() as f64 * u * u) as u8)
}

/// A static file.
pub fn asset(random: &mut Random) -> Page {
    Page::Static(random.below(FILES.len() as u64) as u8)
}

/// A path that probes ask for.
pub fn probed(random: &mut Random) -> Page {
    Page::Probe(random.below(PROBED.len() as u64) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_the_person_its_path_names() {
        assert_eq!(Page::MemberAddresses(8812).to_string(), "/members/8812/addresses");
        assert_eq!(Page::MemberAddresses(8812).shows(), Shows::Named(8812));
        assert_eq!(Page::MyAddresses.shows(), Shows::Holder);
        assert_eq!(Page::Product(30_001).shows(), Shows::Nobody);
        assert_eq!(Page::MyAddresses.bytes_for(8812), Page::MemberAddresses(8812).bytes());
    }

    #[test]
    fn few_products_sell_most() {
        let catalogue = Catalogue { products: 1_000 };
        let mut random = Random::new(1, "popular", 0);
        let head = (0..5_000).filter(|_| catalogue.popular(&mut random) < catalogue.nth(100)).count();
        assert!((2_000..2_700).contains(&head), "a tenth of the products drew {head} of 5000");
    }
}
