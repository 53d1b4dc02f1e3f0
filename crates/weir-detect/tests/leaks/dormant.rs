//! `dormant` on a made-up site: members who come back and many more who do not, a carrier, a desk, a nightly job; and one who reads at random.

use crate::common::{World, values};
use crate::site::{BROWSER, Page, Site};
use weir_model::config::Config;
use weir_model::{EntityKind, Finding, Severity};
use weir_stats::hash64;

const CONFIG: &str = "
[[dataset]]
name = \"address books\"
categories = [\"postal_address\"]
routes = [\"/members/{member}/addresses\", \"/v1/accounts/{member}\"]
subject = \"member\"
";

const MEMBERS: u32 = 3_000;
const DAYS: u32 = 60;

/// A number below `n` that depends on nothing but these.
fn drawn(what: &str, a: u32, b: u32, n: u32) -> u32 {
    (hash64(format!("{what} {a} {b}").as_bytes()) % u64::from(n)) as u32
}

/// A tenth of the members come every five days; of the others twelve come on a day. A carrier has a third of them all.
fn ordinary() -> Site {
    let mut site = Site::default();
    for day in 0..DAYS {
        let often = (0..300).filter(|m| (m + day) % 5 == 0);
        let seldom = (0..12).map(|nth| 300 + drawn("seldom", day, nth, MEMBERS - 300));
        for (nth, member) in (0..).zip(often.chain(seldom)) {
            let home = format!("242.16.{}.{}", member / 200, member % 200);
            let origin = if member % 3 == 0 { "245.8.32.16" } else { home.as_str() };
            site.member(day, 480 + nth * 10, origin, 5_000 + member);
        }
        for nth in 0..25 {
            let member = |what| 5_000 + drawn(what, day, nth, MEMBERS);
            site.read(day, 100 + nth, "246.1.1.1", member("job"), &format!("job{day:08}"));
            site.read(day, 600 + nth * 9, "246.1.1.2", member("desk"), &format!("desk{day:08}"));
        }
    }
    site
}

fn told(found: &[Finding]) -> Vec<(Severity, Vec<String>)> {
    found.iter().map(|f| (f.severity, values(f, EntityKind::Origin))).collect()
}

#[test]
fn one_who_reads_at_random_reads_those_who_never_come() {
    let mut site = ordinary();
    for nth in 0..200 {
        for origin in ["247.3.18.4", "248.12.66.5"] {
            let member = drawn(origin, nth, 0, MEMBERS);
            site.read(
                45 + nth / 20,
                200 + nth % 20 * 60,
                origin,
                5_000 + member,
                &format!("made{origin}{nth}"),
            );
        }
    }
    let found = site.find("dormant", CONFIG, "");
    let both = vec!["247.3.18.4".to_owned(), "248.12.66.5".to_owned()];
    assert_eq!(told(&found), [(Severity::High, both)], "{found:#?}");
    let finding = &found[0];
    assert!(finding.p_value.unwrap() < 1e-5, "{}", finding.explanation);
    assert!(finding.measures["people_unseen_in_window"] > 2.0 * finding.baseline["people_unseen_in_window"]);
    assert!(finding.first_seen < finding.raised && finding.raised < finding.last_seen, "{}", finding.raised);
}

#[test]
fn members_a_carrier_a_desk_and_a_job_are_quiet() {
    assert_eq!(told(&ordinary().find("dormant", CONFIG, "")), []);
}

#[test]
fn a_day_on_which_an_office_signs_up_is_no_theft() {
    let mut site = ordinary();
    for nth in 0..60 {
        site.member(50, 300 + nth * 8, "249.1.1.1", 9_000 + nth);
    }
    let found = site.find("dormant", CONFIG, "");
    assert!(found.iter().all(|f| f.severity < Severity::High), "{found:#?}");
}

#[test]
fn a_forgotten_route_that_strangers_count_up_is_found() {
    let mut site = ordinary();
    let old = |site: &mut Site, day, minute, origin: &str, member: u32, session: &str| {
        let uri = format!("/v1/accounts/{member}");
        site.page(day, &Page { minute, origin, client: BROWSER, uri: &uri, session });
    };
    for day in 0..6 {
        old(&mut site, day, 400, "242.16.0.1", 5_001, "own00005001");
    }
    for nth in 0..120 {
        // The address keeps moving.
        let origin = format!("250.1.{}.9", nth / 20);
        old(&mut site, 50 + nth / 60, 100 + nth % 60 * 5, &origin, 5_000 + nth, "");
    }
    // An old installation asks again, for its own account.
    old(&mut site, 51, 900, "242.16.0.1", 5_001, "own00005001");
    let found = site.find("dormant", CONFIG, "");
    let route: Vec<&Finding> = found.iter().filter(|f| f.entities[0].kind == EntityKind::Route).collect();
    assert_eq!(route.len(), 1, "{found:#?}");
    let finding = route[0];
    assert_eq!((finding.severity, finding.p_value), (Severity::High, None));
    assert_eq!(
        finding.measures["people_read_by_others"], 114.0,
        "each address shows its first person to itself"
    );
    assert_eq!(finding.measures["days_idle"], 44.0);
    assert_eq!(values(finding, EntityKind::Origin).len(), 6);
}

/// A bucket of people's data is read daily by a job for five days, then by nobody; on day 50 by `reader`.
fn bucket(reader: &str) -> Vec<Finding> {
    let mut lines = Vec::new();
    let mut event = |day: u32, who: &str, address: &str, bucket: &str| {
        let (month, date) = if day < 31 { (3, day + 1) } else { (4, day - 30) };
        let nth = lines.len();
        lines.push(format!(
            "{{\"eventVersion\":\"1.08\",\"userIdentity\":{{\"type\":\"IAMUser\",\"arn\":\"arn:aws:iam::111122223333:user/{who}\",\"userName\":\"{who}\",\
             \"accessKeyId\":\"AKIAEXAMPLE{who}\"}},\"eventTime\":\"2026-{month:02}-{date:02}T10:00:00Z\",\"eventSource\":\"s3.amazonaws.com\",\
             \"eventName\":\"GetObject\",\"awsRegion\":\"eu-west-1\",\"sourceIPAddress\":\"{address}\",\"userAgent\":\"aws-cli/2\",\
             \"requestParameters\":{{\"bucketName\":\"{bucket}\",\"key\":\"k{nth}\"}},\"requestID\":\"r{nth}\",\
             \"eventID\":\"00000000-0000-4000-8000-{nth:012}\",\"readOnly\":true,\"eventType\":\"AwsApiCall\"}}"
        ));
    };
    for day in 0..60 {
        event(day, "site", "203.0.113.1", "pictures");
        if day < 5 {
            event(day, "export", "203.0.113.9", "people-exports");
        }
    }
    event(50, reader, if reader == "export" { "203.0.113.9" } else { "198.51.100.4" }, "people-exports");
    let config = "[[dataset]]\nname = \"exports\"\ncategories = [\"name\"]\nbuckets = [\"people-exports\"]\n";
    let mut world = World { config: Config::parse(config).unwrap(), ..World::default() };
    world.files.insert("trail.jsonl".to_owned(), (lines.join("\n") + "\n").into_bytes());
    world.find("dormant")
}

#[test]
fn a_bucket_that_wakes_to_a_stranger_is_told_and_to_its_own_job_is_not() {
    let found = bucket("bob");
    let seen: Vec<_> = found.iter().map(|f| (f.severity, f.entities[0].to_string())).collect();
    assert_eq!(seen, [(Severity::Low, "dataset exports".to_owned())], "{found:#?}");
    assert_eq!((found[0].measures["days_idle"], found[0].measures["records"]), (45.0, 1.0));
    assert_eq!(bucket("export"), []);
}
