//! `reach` on a made-up site whose readers come from many networks.

use crate::common::{World, values};
use crate::site::{Page, Site};
use weir_model::{EntityKind, Finding, Micros, Severity, Span};

const CONFIG: &str = "[[dataset]]\nname = \"address books\"\ncategories = [\"postal_address\"]\n\
                      routes = [\"/members/{member}/addresses\"]\nsubject = \"member\"\n";
/// Operators whose members read their own addresses.
const OPERATORS: u32 = 80;

/// Thirty days of members at home, in the networks of many operators.
fn ordinary() -> Site {
    let mut site = Site::default();
    for day in 0..30 {
        for operator in 0..OPERATORS {
            let member = operator * 100 + day % 12;
            site.member(day, 420 + operator * 7, &format!("248.{operator}.{}.7", day % 12), 10_000 + member);
        }
    }
    site
}

/// One operator's network that nobody else uses: each address, in a prefix of its own, reads two people and is not seen again.
fn scattered(site: &mut Site) {
    for nth in 0..400 {
        let origin = format!("247.{}.{}.9", nth / 200, nth % 200);
        for of in 0..2 {
            site.read(10 + nth / 40, 300 + nth % 40 * 20 + of, &origin, 10_000 + (nth * 2 + of) % 960, "");
        }
    }
}

fn find(site: Site, told: bool) -> Vec<Finding> {
    let operators = (0..OPERATORS).map(|n| format!("248.{n}.0.0/16,{}\n", 64_000 + n));
    let asns = operators.chain(["247.0.0.0/8,64999\n".to_owned()]).collect();
    let config =
        if told { format!("{CONFIG}[inventory]\nasns = \"asns.mmdb\"\n") } else { CONFIG.to_owned() };
    World { asns: if told { asns } else { String::new() }, ..site.world(&config) }.find("reach")
}

#[test]
fn an_operator_whose_addresses_are_each_too_quiet_is_found_where_a_database_names_it() {
    let mut site = ordinary();
    scattered(&mut site);
    let found = find(site, true);
    let told: Vec<_> = found.iter().map(|f| (f.severity, values(f, EntityKind::Asn))).collect();
    assert_eq!(told, [(Severity::High, vec!["AS64999".to_owned()])], "{found:#?}");
    assert_eq!(found[0].measures["origins"], 400.0);
    assert_eq!(find(ordinary(), true), []);
}

/// What holds of records that are alike holds of each: a period that cuts ten minutes is asked of the records themselves.
#[test]
fn a_digest_and_its_records_answer_alike() {
    let found = |since: Option<i64>| {
        let mut site = ordinary();
        (0..60).for_each(|nth| site.read(20 + nth / 20, 300 + nth % 20, "247.9.9.9", 10_000 + nth * 13, ""));
        let span = Span { since: since.map(Micros), until: None };
        World { span, ..site.world(CONFIG) }.find("reach")
    };
    // What is cited names the period; all else is the same.
    let told = |findings: Vec<Finding>| -> Vec<_> {
        findings.into_iter().map(|f| (f.explanation, f.measures, f.raised, f.evidence.0.total())).collect()
    };
    let whole = told(found(None));
    assert_eq!(whole.len(), 1);
    assert_eq!(told(found(Some(0))), whole);
    assert_eq!(told(found(Some(1))), whole, "one microsecond into ten minutes");
}

/// A partner whose functions read under one credential, from a new address for every five people, in office hours: 40 people a working day.
fn partner(site: &mut Site) {
    for day in (0..60).filter(|day| day % 7 < 5) {
        for nth in 0..40 {
            let (call, origin) = (day * 8 + nth / 5, nth / 5);
            let page = Page {
                minute: 500 + nth * 12,
                origin: &format!("246.{}.{}.{}", call % 3, call % 200, origin + 1),
                client: "partner-sync/4.2",
                uri: &format!("/members/{}/addresses", 10_000 + (day * 40 + nth) % 960),
                session: "partner-key-0001",
            };
            site.page(day, &page);
        }
    }
}

/// The partner's credential in other hands from day 30 on, at all hours, each address for two people.
fn stolen(site: &mut Site, client: &str) {
    for day in 30..60 {
        for nth in 0..16 {
            let page = Page {
                minute: nth * 90,
                origin: &format!("245.{day}.{}.9", nth / 2),
                client,
                uri: &format!("/members/{}/addresses", 10_000 + (day * 61 + nth * 7) % 960),
                session: "partner-key-0001",
            };
            site.page(day, &page);
        }
    }
}

#[test]
fn a_reader_of_many_is_not_known_by_number_alone_but_by_its_ways() {
    let world = |thief: Option<&str>| {
        let mut site = ordinary();
        partner(&mut site);
        thief.into_iter().for_each(|client| stolen(&mut site, client));
        find(site, false)
    };
    assert_eq!(world(None), [], "a partner at work");
    let found = world(Some("Mozilla/5.0 (compatible)"));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].severity, found[0].p_value), (Severity::High, None));
    assert_eq!(found[0].evidence.0.total(), 30 * 16, "the thief's records and no others");
    assert_eq!(values(&found[0], EntityKind::Origin).len(), 30 * 8);
    assert!(found[0].raised < Micros::of_day(found[0].first_seen.day() + 5));
    assert_eq!(world(Some("partner-sync/4.2")), [], "the partner's own client tells nothing");
}

/// A desk whose people one after the other fill a day, and one day all come in one hour.
#[test]
fn a_day_like_all_others_can_hold_an_hour_like_none() {
    let find = |at_once: bool| {
        let mut site = ordinary();
        for day in 0..30 {
            for nth in 0..120 {
                let minute = if at_once && day == 24 { 600 + nth / 2 } else { 480 + nth * 5 };
                let member = 10_000 + (day * 120 + nth) % 960;
                site.read(day, minute, "248.1.200.9", member, "desk-session-0001");
            }
        }
        find(site, false)
    };
    assert_eq!(find(false), []);
    let found = find(true);
    assert_eq!(found.iter().map(|f| f.severity).collect::<Vec<_>>(), [Severity::High], "{found:#?}");
    assert!(
        found[0].explanation.contains("in the busiest hour of the days before"),
        "{}",
        found[0].explanation
    );
}
