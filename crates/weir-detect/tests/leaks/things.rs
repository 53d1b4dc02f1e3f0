//! `unnamed`: orders, each of one person whom no record names.

use crate::common::values;
use crate::site::{BROWSER, Page, Site};
use weir_model::{EntityKind, Finding, Severity};

/// Households with three orders each, and days of the log.
const HOMES: u32 = 200;
const DAYS: u32 = 40;
/// Client strings that people have.
const CLIENTS: u32 = 30;

fn order(site: &mut Site, (day, minute): (u32, u32), origin: &str, order: u32, session: &str, client: u32) {
    let (uri, client) = (format!("/orders/{order}"), format!("{BROWSER} ({client})"));
    site.page(day, &Page { minute, origin, client: &client, uri: &uri, session });
}

/// People at home who look at their own orders, some days at two carriers' addresses; under a session of the day's, if there are sessions.
fn households(sessions: bool) -> Site {
    let mut site = Site::default();
    for (day, home) in (0..DAYS).flat_map(|day| (0..HOMES).map(move |home| (day, home))) {
        if (day * 7 + home * 3) % 5 < 3 {
            let session = if sessions { format!("own{home:03}d{day:04}") } else { String::new() };
            let own = 50_000 + 3 * home + (day + home) % 3;
            let minute = 400 + home * 6 % 900;
            let away = format!("100.64.9.{}", home % 2);
            let origin = if day % 4 == 3 { away } else { format!("203.0.113.{home}") };
            let client = format!("{BROWSER} ({})", home % CLIENTS);
            let page = Page { minute, origin: &origin, client: &client, uri: "/products/31", session: "" };
            site.page(day, &page);
            order(&mut site, (day, minute + 2), &origin, own, &session, home % CLIENTS);
        }
    }
    site
}

/// So many orders, from a day on, a hundred and fifty a day around the clock.
fn hand(site: &mut Site, from: u32, orders: u32, origin: &str, session: &str) {
    for nth in 0..orders {
        let at = (from + nth / 150, nth % 150 * 9);
        order(site, at, origin, 50_000 + nth, session, 77);
    }
}

fn find(site: Site) -> Vec<(Severity, String, f64)> {
    let found: Vec<Finding> = site.find("unnamed", "", "");
    let told = |f: &Finding| {
        let who: Vec<String> = [EntityKind::Origin, EntityKind::Credential]
            .into_iter()
            .flat_map(|kind| values(f, kind))
            .collect();
        assert!(f.title.contains("whom no record names (/orders/{id})"), "{}", f.title);
        (f.severity, who.join(", "), f.measures["things"])
    };
    found.iter().map(told).collect()
}

#[test]
fn whoever_counts_through_orders_is_found_where_no_record_names_anybody() {
    let quiet = find(households(false));
    assert!(quiet.iter().all(|(severity, ..)| *severity < Severity::High), "{quiet:?}");
    let mut site = households(false);
    hand(&mut site, 20, 600, "198.51.100.77", "");
    let found = find(site);
    let high: Vec<_> = found.into_iter().filter(|(severity, ..)| *severity == Severity::High).collect();
    assert_eq!(high, [(Severity::High, "198.51.100.77".to_owned(), 600.0)]);
}

/// A desk without names, from the first day on.
#[test]
fn a_desk_that_was_there_when_the_log_began_is_told_as_what_it_is() {
    let mut site = households(false);
    for nth in 0..DAYS * 60 {
        order(&mut site, (nth / 60, 480 + nth % 60 * 8), "192.0.2.8", 50_000 + nth * 7 % 600, "", 3);
    }
    let found = find(site);
    let desk: Vec<_> = found.iter().filter(|(_, who, _)| who == "192.0.2.8").collect();
    assert_eq!(desk, [&(Severity::Low, "192.0.2.8".to_owned(), 600.0)], "{found:?}");
}

#[test]
fn a_session_that_reads_everybodys_orders_is_found_and_a_standing_one_is_not() {
    let mut site = households(true);
    for nth in 0..DAYS * 60 {
        order(&mut site, (nth / 60, 480 + nth % 60 * 8), "192.0.2.8", 50_000 + nth * 7 % 600, "desk00001", 3);
    }
    let mut stolen = site;
    hand(&mut stolen, 20, 450, "198.51.100.77", "sess00077");
    let found = find(stolen);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].0, found[0].2), (Severity::High, 450.0));
}

/// Twenty orders with each request.
#[test]
fn each_of_a_list_is_a_thing() {
    let mut site = households(false);
    for nth in 0..20 {
        let ids: Vec<String> = (0..20).map(|at| (50_000 + nth * 20 + at).to_string()).collect();
        let (uri, origin) = (format!("/orders/{}", ids.join(",")), "198.51.100.77");
        site.page(20, &Page { minute: nth * 60, origin, client: BROWSER, uri: &uri, session: "one-hand1" });
    }
    assert_eq!(find(site), [(Severity::High, "198.51.100.77".to_owned(), 400.0)]);
}

/// Anybody can write a name to a log: `curl -u x:`.
#[test]
fn a_name_that_few_others_have_hides_nobody() {
    let mut site = households(false);
    hand(&mut site, 20, 300, "198.51.100.77", "made-up01");
    let found = [(Severity::High, "198.51.100.77".to_owned(), 300.0)];
    assert_eq!(find(site), found);
    // Another with each request is compared with nobody either.
    let mut site = households(false);
    for nth in 0..300 {
        order(&mut site, (20, nth * 4), "198.51.100.77", 50_000 + nth, &format!("made-up{nth:03}"), 77);
    }
    assert_eq!(find(site), found);
}

#[test]
fn an_address_that_reads_without_a_session_is_found_among_those_with_one() {
    let mut site = households(true);
    hand(&mut site, 20, 300, "198.51.100.77", "");
    let found = find(site);
    assert_eq!(found, [(Severity::High, "198.51.100.77".to_owned(), 300.0)]);
}
