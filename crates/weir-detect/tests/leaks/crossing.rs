//! `crossing` on a made-up site: members at home and on their travels, an international shop, readers abroad.

use crate::common::values;
use crate::site::Site;
use weir_model::{EntityKind, Finding, Severity};

const COUNTRIES: &str = "\
242.0.0.0/8,KR
245.0.0.0/8,JP
246.0.0.0/8,US
247.0.0.0/8,CN
248.0.0.0/16,DE
248.1.0.0/16,FR
248.2.0.0/16,GB
248.3.0.0/16,IT
248.4.0.0/16,ES
248.5.0.0/16,PL
248.6.0.0/16,SE
248.7.0.0/16,NO
";

fn config(organisation: &str) -> String {
    format!(
        "[organisation]\n{organisation}\n[[dataset]]\nname = \"address books\"\ncategories = [\"postal_address\"]\n\
         routes = [\"/members/{{member}}/addresses\"]\nsubject = \"member\"\n"
    )
}

/// Seventy days at home; members travel to Japan from the tenth day on.
fn ordinary() -> Site {
    let mut site = Site::default();
    for day in 0..70 {
        for home in 0..12 {
            site.member(day, 480 + home * 30, &format!("242.16.{home}.7"), 5_000 + (day * 12 + home) % 150);
        }
        if day >= 10 && day % 4 == 0 {
            site.member(day, 700, &format!("245.8.{day}.1"), 5_000 + day);
        }
    }
    site
}

/// Staff who read others' addresses, 40 a day for five days from day 60 on.
fn staff(site: &mut Site, origin: &str) {
    for nth in 0..200 {
        site.read(60 + nth / 40, 300 + nth % 40 * 10, origin, 5_000 + nth % 150 * 3, "staff0001");
    }
}

fn told(found: &[Finding]) -> Vec<(Severity, Vec<String>, f64)> {
    found.iter().map(|f| (f.severity, values(f, EntityKind::Country), f.measures["people"])).collect()
}

#[test]
fn many_people_read_by_others_from_a_new_country_are_found() {
    let mut site = ordinary();
    staff(&mut site, "247.3.18.4");
    let found = site.find("crossing", &config("home_country = \"KR\""), COUNTRIES);
    assert_eq!(told(&found), [(Severity::High, vec!["CN".to_owned()], 150.0)], "{found:#?}");
    let finding = &found[0];
    assert!(finding.p_value.unwrap() < 1e-3, "{}", finding.explanation);
    assert!(finding.first_seen < finding.raised && finding.raised < finding.last_seen);
    assert_eq!(values(finding, EntityKind::Origin), ["247.3.18.4"]);
    assert_eq!(finding.measures["people_since_1_january"], 150.0);
    assert_eq!(finding.evidence.0.total(), 200);
}

#[test]
fn staff_known_at_home_who_travel_are_told_gently() {
    let mut site = ordinary();
    for day in 0..59 {
        for nth in 0..10 {
            site.read(day, 500 + nth, "242.1.1.1", 5_000 + (day * 10 + nth) % 150, "staff0001");
        }
    }
    staff(&mut site, "247.3.18.4");
    let found = site.find("crossing", &config("home_country = \"KR\""), COUNTRIES);
    assert_eq!(told(&found), [(Severity::Medium, vec!["CN".to_owned()], 150.0)]);
}

#[test]
fn travellers_and_an_international_shop_are_quiet() {
    let mut site = ordinary();
    for nth in 0..40 {
        site.member(61, 300 + nth * 9, &format!("246.8.{nth}.1"), 5_000 + nth);
    }
    assert_eq!(site.find("crossing", &config("home_country = \"KR\""), COUNTRIES), []);
    // Where every week brings a country with its partners, the next is nothing.
    let mut site = ordinary();
    for nth in 0..8 {
        for person in 0..60 + nth * 20 {
            let origin = format!("248.{nth}.3.4");
            site.read(
                15 + nth * 5 + person / 40,
                200 + person % 40,
                &origin,
                5_000 + person,
                &format!("partner{nth:04}"),
            );
        }
    }
    staff(&mut site, "247.3.18.4");
    let found = site.find("crossing", &config("home_country = \"KR\""), COUNTRIES);
    let china: Vec<_> =
        found.iter().filter(|f| f.entities[0].value == "CN" && f.severity > Severity::Low).collect();
    assert!(china.is_empty(), "{china:#?}");
}

#[test]
fn without_a_home_or_countries_nobody_is_accused() {
    let mut site = ordinary();
    staff(&mut site, "247.3.18.4");
    let found = site.find("crossing", &config(""), COUNTRIES);
    assert_eq!(told(&found), [(Severity::Low, vec!["CN".to_owned()], 150.0)]);
    let mut site = ordinary();
    staff(&mut site, "247.3.18.4");
    assert_eq!(site.find("crossing", &config("home_country = \"KR\""), ""), []);
}

#[test]
fn a_permission_is_a_rule_whatever_was_usual() {
    let mut site = ordinary();
    staff(&mut site, "245.3.18.4");
    staff(&mut site, "246.3.18.4");
    let permitted = "home_country = \"KR\"\npermitted_countries = [\"US\"]";
    let found = site.find("crossing", &config(permitted), COUNTRIES);
    assert_eq!(told(&found), [(Severity::High, vec!["JP".to_owned()], 150.0)]);
    assert_eq!(found[0].p_value, None);
}

#[test]
fn ten_thousand_people_read_by_others_in_a_country_since_january_are_told() {
    let mut site = Site::default();
    for nth in 0..12_250 {
        let (day, session) = (nth / 1_750, format!("partner{:04}", nth / 1_750));
        site.read(day, nth % 1_440, "246.3.18.4", 50_000 + nth, &session);
        if nth % 50 == 0 {
            site.member(day, nth % 1_400, &format!("246.9.{}.1", nth / 50 % 200), 50_000 + nth);
        }
    }
    let found = site.find("crossing", &config("home_country = \"KR\""), COUNTRIES);
    assert_eq!(told(&found), [(Severity::Informational, vec!["US".to_owned()], 12_250.0)]);
    let finding = &found[0];
    assert_eq!(
        finding.measures["people_read_by_others_since_1_january"], 12_243.0,
        "seven sessions' first people are their own"
    );
    assert_eq!(finding.baseline["people_read_by_others_since_1_january"], 10_000.0);
    assert!(finding.raised < finding.last_seen);
}

#[test]
fn a_credential_for_each_person_from_a_new_country_is_told_gently() {
    let mut site = ordinary();
    for nth in 0..300 {
        let origin = format!("247.3.18.{}", nth % 3);
        site.read(60 + nth / 100, 300 + nth % 100 * 5, &origin, 6_000 + nth, &format!("made{nth:04}"));
    }
    let found = site.find("crossing", &config("home_country = \"KR\""), COUNTRIES);
    assert_eq!(told(&found), [(Severity::Low, vec!["CN".to_owned()], 300.0)]);
    assert_eq!(values(&found[0], EntityKind::Origin).len(), 3);
}
