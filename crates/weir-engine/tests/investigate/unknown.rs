//! What a case says that it cannot know of whom it concerned, and what would tell.

use crate::common::Place;
use std::fmt::Write;
use weir_engine::Settings;
use weir_model::case::Determinable;

/// A line of an access log, so many seconds after 2026 began.
fn line(log: &mut String, second: i64, address: &str, target: &str) {
    let at = jiff::Timestamp::from_second(1_767_225_600 + second).unwrap();
    let time = at.strftime("%d/%b/%Y:%H:%M:%S +0000");
    writeln!(log, "{address} - - [{time}] \"GET {target} HTTP/1.1\" 200 5120 \"-\" \"curl/8\"").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_read_beside_pages_of_people_leave_open_how_many_it_was() {
    // Households read their own page; from the thirtieth day on one address reads page after page, and sometimes a list.
    let mut requests: Vec<(i64, String)> = Vec::new();
    for (day, home) in (0..60_i64).flat_map(|day| (1..200_i64).map(move |home| (day, home))) {
        let at = day * 86_400 + (home * 7_919 + day * 104_729) % 86_400;
        requests.push((at, format!("198.51.100.{home} /members/{home}")));
    }
    for nth in 0..1_500_i64 {
        let at = (30 + nth / 60) * 86_400 + nth * 6_101 % 86_400;
        requests.push((at, format!("203.0.113.9 /members/{}", 10_000 + nth)));
        if nth % 10 == 0 {
            requests.push((at + 1, format!("203.0.113.9 /members?page={nth}")));
        }
    }
    requests.sort();
    let mut log = String::new();
    for (second, request) in &requests {
        let (address, target) = request.split_once(' ').unwrap();
        line(&mut log, *second, address, target);
    }
    let place = Place::new();
    let (path, config) = (place.path("access.log"), place.path("weir.toml"));
    std::fs::write(&path, log).unwrap();
    let told = "[[dataset]]\nname = \"members\"\nroutes = [\"/members/{member}\", \"/members\"]\n";
    std::fs::write(&config, told).unwrap();
    let done = place.investigate_with(&[path], Settings::read(&config).unwrap()).await;
    let scope = &done.case.scope;
    let people = scope.subjects.unwrap();
    assert_eq!((scope.records, people.lower, people.upper), (1_650, 1_500, None), "{scope:?}");
    assert_eq!(scope.determinable, Determinable::Partly, "{}", scope.reason);
    assert!(
        scope.gaps.iter().any(|gap| gap.reason.contains("150 of them of `/members`")),
        "{:?}",
        scope.gaps
    );
}

/// Whoever reads a thousand orders, of which no record says whose they are, is not told from others by how many people it was.
#[tokio::test(flavor = "multi_thread")]
async fn where_records_name_nobody_it_is_not_said_that_nobody_was_read() {
    let log = |more: &dyn Fn(i64) -> Option<String>| {
        let mut log = String::new();
        for nth in 0..3_000_i64 {
            let home = nth % 200;
            for target in ["/".to_owned(), format!("/members/{home}")].into_iter().chain(more(nth)) {
                line(&mut log, nth * 900, &format!("198.51.100.{home}"), &target);
            }
        }
        log
    };
    let scope = async |more: &dyn Fn(i64) -> Option<String>| {
        let place = Place::new();
        let path = place.path("access.log");
        std::fs::write(&path, log(more)).unwrap();
        let case = place.investigate(&[path]).await.case;
        assert_eq!(case.findings, []);
        case.scope
    };
    let named = scope(&|_| None).await;
    assert_eq!(named.determinable, Determinable::Yes, "{}", named.reason);
    let orders = scope(&|nth| Some(format!("/orders/{}", 70_000 + nth % 250))).await;
    assert_eq!(orders.determinable, Determinable::Partly);
    assert!(orders.reason.ends_with("where records name nobody: `/orders/{id}`"), "{}", orders.reason);
    assert_eq!(orders.subjects.map(|people| (people.lower, people.upper)), Some((0, Some(3_000))));
    assert!(
        orders.gaps.iter().any(|gap| gap.reason.ends_with("says whose each is would tell")),
        "{orders:#?}"
    );
    let asked = scope(&|nth| Some("/graphql".to_owned()).filter(|_| nth % 2 == 0)).await;
    assert!(asked.reason.ends_with("where records name nobody: `/graphql`"), "{}", asked.reason);
    assert_eq!(asked.subjects.map(|people| (people.lower, people.upper)), Some((0, None)));
    assert!(
        asked.gaps.iter().any(|gap| gap.reason.starts_with("its answers (1,500) may show")),
        "{asked:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_record_could_show_people_nobody_exposed_is_not_said() {
    let place = Place::new();
    let log = place.path("auth.log");
    let line = |n: u32| {
        format!(
            "Mar  1 10:00:{n:02} host sshd[{n}]: Accepted publickey for ann from 192.0.2.7 port 5{n:03} ssh2\n"
        )
    };
    std::fs::write(&log, (10..40).map(line).collect::<String>()).unwrap();
    let case = place.investigate(&[log]).await.case;
    assert_eq!((case.totals.parsed, case.scope.determinable), (30, Determinable::No));
    assert_eq!(case.scope.subjects, None);
    let advice: Vec<&str> = case.incident.recommendations.iter().map(|r| r.text.as_str()).collect();
    assert!(matches!(advice.as_slice(), [only] if only.contains("`weir learn`")), "{advice:?}");
}

/// One address counts through orders: whose they are stands nowhere, so it is one person at least, and one for each order at most.
#[tokio::test(flavor = "multi_thread")]
async fn who_counts_through_orders_reached_one_person_for_each_at_most() {
    let mut requests: Vec<(i64, String)> = Vec::new();
    for nth in 0..6_000_i64 {
        let home = nth % 200;
        for target in ["/".to_owned(), format!("/members/{home}"), format!("/orders/{}", 70_000 + home)] {
            requests.push((nth * 600, format!("198.51.100.{home} {target}")));
        }
    }
    for nth in 0..1_600_i64 {
        let at = 25 * 86_400 + nth * 300;
        requests.push((at, format!("203.0.113.9 /orders/{}", 70_000 + nth % 800)));
    }
    requests.sort();
    let mut log = String::new();
    for (second, request) in &requests {
        let (address, target) = request.split_once(' ').unwrap();
        line(&mut log, *second, address, target);
    }
    let place = Place::new();
    let path = place.path("access.log");
    std::fs::write(&path, log).unwrap();
    let case = place.investigate(&[path]).await.case;
    let [finding] = case.findings.as_slice() else { panic!("{:#?}", case.findings) };
    assert_eq!((finding.detector.as_str(), finding.entities[0].value.as_str()), ("unnamed", "203.0.113.9"));
    let people = case.scope.subjects.unwrap();
    assert_eq!((case.scope.records, people.lower, people.upper), (1_600, 1, Some(800)), "{:#?}", case.scope);
    assert_eq!(case.divided.things.iter().collect::<Vec<_>>(), ["order"]);
    assert_eq!(case.divided.kinds.get("order"), Some(&800));
}
