//! What is learned, and that it does not depend on how records were cut, ordered or merged.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use arrow_array::Array;
use common::{Request, batch, get, signed};
use proptest::prelude::*;
use weir_catalog::{Catalog, Learned, Learner, Links, Verdict, to_toml};
use weir_model::config::Config;

fn learn(requests: &[Request]) -> Learned {
    let mut learner = Learner::new();
    requests.chunks(1000).for_each(|chunk| learner.observe(&batch(chunk)));
    learner.finish(&Config::default())
}

fn verdict(learned: &Learned, template: &str) -> Option<Verdict> {
    learned.parameters.iter().find(|p| p.template == template).map(|p| p.verdict)
}

fn subjects(catalog: &Catalog, requests: &[Request]) -> Vec<Option<String>> {
    catalog.derive(&batch(requests)).subject.iter().map(|s| s.map(str::to_owned)).collect()
}

/// A shop: members see their own pages, everyone sees products, orders belong to members; and one thief.
fn shop() -> Vec<Request> {
    let mut all = Vec::new();
    for m in 0..60u64 {
        let id = 8800 + m;
        all.extend([
            signed(m, format!("/x/{id}")),
            signed(m, format!("/x/{id}/addresses")),
            signed(m, format!("/members/{id}")),
        ]);
        all.extend((0..4).map(|i| signed(m, format!("/products/{}", 30_000 + (m + i) % 25))));
        all.extend((0..3).map(|i| signed(m, format!("/orders/{}", 55_000 + m * 3 + i))));
        all.extend([signed(m, "/my/addresses"), signed(m, "/my/orders"), get(m, "/static/css/app.css")]);
    }
    all.extend((0..60).map(|m| get(999, format!("/x/{}", 8800 + m))));
    all
}

#[test]
fn a_parameter_is_a_person_by_name_or_by_behaviour() {
    let learned = learn(&shop());
    assert_eq!(verdict(&learned, "/members/{id}"), Some(Verdict::Subject));
    assert_eq!(verdict(&learned, "/x/{id}"), Some(Verdict::Subject));
    assert_eq!(verdict(&learned, "/products/{id}"), Some(Verdict::Shared));
    assert_eq!(verdict(&learned, "/orders/{id}"), Some(Verdict::Owned));
    let x = learned.parameters.iter().find(|p| p.template == "/x/{id}").unwrap();
    assert!(x.ground.starts_with("by behaviour"), "{}", x.ground);
    assert_eq!((x.values, x.clients, x.one_value_share.map(|s| s > 0.95)), (60, 61, Some(true)));
}

#[test]
fn more_of_the_same_is_the_same_catalog_and_a_new_place_is_another() {
    let catalog =
        |requests: &[Request]| Catalog::new(&Config::default(), &learn(requests), Links::new()).unwrap();
    let (once, twice) = (shop(), [shop(), shop()].concat());
    assert_ne!(learn(&once), learn(&twice));
    assert_eq!(catalog(&once).id(), catalog(&twice).id());
    let invoices = (0..60).map(|m| signed(m, format!("/members/{}/invoices", 8800 + m)));
    let grown: Vec<Request> = once.iter().cloned().chain(invoices).collect();
    assert_ne!(catalog(&once).id(), catalog(&grown).id());
}

#[test]
fn datasets_follow_with_categories_from_words() {
    let learned = learn(&shop());
    let of = |name: &str| {
        learned
            .datasets
            .iter()
            .find(|d| d.name == name)
            .unwrap_or_else(|| panic!("{name}: {:?}", learned.datasets))
    };
    assert_eq!(of("x_addresses").categories, ["postal_address"]);
    assert_eq!(of("x_addresses").routes, ["/x/{id}/addresses"]);
    assert_eq!(of("members").categories, ["unspecified"]);
    assert_eq!(of("holder_addresses").subject, "holder");
    assert!(!learned.datasets.iter().any(|d| d.name.contains("product") || d.name == "orders"));
}

#[test]
fn an_order_is_of_one_person_however_many_look_at_it() {
    let requests: Vec<Request> = (0..900).map(|i| get(i % 31, format!("/orders/{}", 700 + i % 30))).collect();
    let learned = learn(&requests);
    assert_eq!(verdict(&learned, "/orders/{id}"), Some(Verdict::Owned));
    let catalog = Catalog::new(&Config::default(), &learned, Links::new()).unwrap();
    let nobody = ["/orders/{id}", "/orders/{id}/invoice", "/orders", "/products/{id}"]
        .map(|route| catalog.is_of_somebody(route));
    assert_eq!(nobody, [true, true, false, false]);
    let pages = ["/orders/705", "/orders/705/invoice", "/orders", "/products/705"].map(|path| get(1, path));
    let things = catalog.derive(&batch(&pages)).thing;
    assert_eq!(things.iter().collect::<Vec<_>>(), [Some("order:705"), Some("order:705"), None, None]);
    let asked: Vec<Request> = (0..900)
        .map(|i| Request { query: Some(format!("id={}", 700 + i % 30)), ..get(i % 31, "/order") })
        .collect();
    let learned = learn(&asked);
    let catalog = Catalog::new(&Config::default(), &learned, Links::new()).unwrap();
    assert_eq!(catalog.derive(&batch(&asked[..1])).thing.value(0), "order:700");
}

#[test]
fn members_named_by_strangers_only_are_still_people() {
    let requests: Vec<Request> =
        (0..2000).map(|i| get(i % 12, format!("/members/{}", 100 + i / 2))).collect();
    let learned = learn(&requests);
    assert_eq!(verdict(&learned, "/members/{id}"), Some(Verdict::Subject));
    let catalog = Catalog::new(&Config::default(), &learned, Links::new()).unwrap();
    assert_eq!(subjects(&catalog, &[get(1, "/members/5")]), [Some("member:5".to_owned())]);
}

#[test]
fn names_after_a_word_for_people_are_values_and_pages_stay_pages() {
    let names = [
        "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "mallory", "nina",
    ];
    let mut requests: Vec<Request> = Vec::new();
    for (i, name) in names.iter().enumerate() {
        requests.extend([
            get(i as u64, format!("/users/{name}")),
            get(i as u64, format!("/users/{name}/orders")),
            get(i as u64, "/users/login"),
        ]);
    }
    let learned = learn(&requests);
    assert_eq!(verdict(&learned, "/users/{slug}"), Some(Verdict::Subject));
    let catalog = Catalog::new(&Config::default(), &learned, Links::new()).unwrap();
    let derived = catalog.derive(&batch(&[get(1, "/users/zoe/orders"), get(1, "/users/login")]));
    assert_eq!((derived.route.value(0), derived.subject.value(0)), ("/users/{slug}/orders", "user:zoe"));
    assert_eq!(derived.dataset.value(0), "user_orders");
    assert_eq!(derived.route.value(1), "/users/login");
    assert!(derived.subject.is_null(1));
}

#[test]
fn many_words_at_one_place_are_values_but_nobody() {
    let requests: Vec<Request> =
        (0..300).map(|i| get(i % 40, format!("/blog/a-story-of-{}", word(i)))).collect();
    let learned = learn(&requests);
    assert_eq!(learned.slugs.iter().map(|s| s.under.as_str()).collect::<Vec<_>>(), ["/blog"]);
    assert_eq!(verdict(&learned, "/blog/{slug}"), Some(Verdict::Shared));
    assert_eq!(learned.datasets, []);
}

fn word(i: u64) -> String {
    [i % 26, i / 26 % 26, i / 676].iter().map(|n| char::from(b'a' + *n as u8)).collect()
}

#[test]
fn query_parameters_name_people() {
    let requests: Vec<Request> = (0..40)
        .map(|i| Request { query: Some(format!("page={i}&user={}", 500 + i)), ..get(i, "/show") })
        .collect();
    let learned = learn(&requests);
    assert_eq!(verdict(&learned, "/show?user"), Some(Verdict::Subject));
    assert_eq!(verdict(&learned, "/show?page"), None);
    let catalog = Catalog::new(&Config::default(), &learned, Links::new()).unwrap();
    let derived = catalog.derive(&batch(&requests[..1]));
    assert_eq!((derived.route.value(0), derived.subject.value(0)), ("/show?user={id}", "user:500"));
    assert_eq!(derived.dataset.value(0), "show");
}

#[test]
fn what_people_are_reached_or_known_by_names_them_in_a_query() {
    let ask = |client: u64, path: &str, query: String, status: u16| Request {
        query: Some(query),
        status: Some(status),
        ..get(client, path)
    };
    let mut requests: Vec<Request> = Vec::new();
    for i in 0..300u64 {
        // Who guesses numbers mostly misses; no two ask for the same.
        let found = if i % 5 == 0 { 200 } else { 404 };
        requests.push(ask(i, "/lookup", format!("phone=010{:07}", i * 7919), found));
        requests.push(ask(i, "/shop", format!("mobile={}", i % 2), 200));
        requests.push(ask(i, "/newsletter/unsubscribe", format!("email=m{i}%40example.org"), 200));
        requests.push(get(i, format!("/phones/{}", 100 + i % 30)));
    }
    let learned = learn(&requests);
    let phone = learned.parameters.iter().find(|p| p.template == "/lookup?phone").unwrap();
    assert_eq!((phone.verdict, phone.namespace.as_str(), phone.values), (Verdict::Subject, "phone", 60));
    assert_eq!(learned.datasets.iter().map(|d| d.name.as_str()).collect::<Vec<_>>(), ["lookup"]);
    let catalog = Catalog::new(&Config::default(), &learned, Links::new()).unwrap();
    let derived = catalog.derive(&batch(&requests[..4]));
    assert_eq!((derived.dataset.value(0), derived.subject.value(0)), ("lookup", "phone:0100000000"));
    assert!((1..4).all(|row| derived.subject.is_null(row)));
}

#[test]
fn failures_teach_nothing() {
    let requests: Vec<Request> =
        (0..50).map(|i| Request { status: Some(404), ..get(i, format!("/users/{i}")) }).collect();
    assert_eq!(learn(&requests).parameters, []);
}

#[test]
fn the_starting_configuration_parses_and_names_the_same_people() {
    let requests = shop();
    let learned = learn(&requests);
    let config = Config::parse(&to_toml(&learned)).unwrap();
    assert!(!config.datasets.is_empty());
    let told = Catalog::new(&config, &Learned::default(), Links::new()).unwrap();
    let found = Catalog::new(&Config::default(), &learned, Links::new()).unwrap();
    assert_eq!(subjects(&told, &requests), subjects(&found, &requests));
    let again = {
        let mut l = Learner::new();
        l.observe(&batch(&requests));
        l.finish(&config)
    };
    assert_eq!(again.datasets, [], "what is configured is not proposed again");
    assert_eq!(serde_json::from_str::<Learned>(&serde_json::to_string(&learned).unwrap()).unwrap(), learned);
    Config::parse(&to_toml(&Learned::default())).unwrap();
}

#[test]
fn memory_is_bounded_and_what_matters_is_kept() {
    let mut learner = Learner::new();
    for round in 0..8u64 {
        let mut junk: Vec<Request> = (0..1500)
            .map(|i| get(1, format!("/{}/{}/{}", word(round * 1500 + i), word(i), word(i * 7 % 1400))))
            .collect();
        junk.push(get(round, format!("/api/v1/deep/members/{}", 100 + round)));
        learner.observe(&batch(&junk));
    }
    let bytes = learner.to_bytes();
    assert!(bytes.len() < 4 << 20, "{}", bytes.len());
    let learned = learner.finish(&Config::default());
    let member = learned.parameters.iter().find(|p| p.template.ends_with("/members/{id}")).unwrap();
    assert_eq!((member.values, member.verdict), (8, Verdict::Subject));
}

#[test]
fn damaged_bytes_are_errors() {
    let mut learner = Learner::new();
    learner.observe(&batch(&shop()[..50]));
    let bytes = learner.to_bytes();
    assert!((1..bytes.len()).all(|n| Learner::from_bytes(&bytes[..n]).is_err()
        || Learner::from_bytes(&bytes[..n]).unwrap().to_bytes() == bytes[..n]));
}

/// One real site's log: nobody's data, until members are asked for.
#[test]
fn a_public_blog_is_nobodys_data() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/web-background");
    let Some(text) = apache_lines(std::path::Path::new(dir)) else {
        return println!("skipped: ../shared/data not present");
    };
    let mut requests: Vec<Request> = text.lines().filter_map(apache).collect();
    assert!(requests.len() > 9_000, "{}", requests.len());
    let learned = learn(&requests);
    assert_eq!(learned.datasets, []);
    requests.extend((0..2000).map(|i| get(i % 12, format!("/members/{}", 100 + i))));
    let learned = learn(&requests);
    assert_eq!(learned.datasets.iter().map(|d| d.name.as_str()).collect::<Vec<_>>(), ["members"]);
}

fn apache_lines(dir: &std::path::Path) -> Option<String> {
    let mut all = String::new();
    for entry in std::fs::read_dir(dir).ok()? {
        let path = entry.ok()?.path();
        let text = if path.is_dir() { apache_lines(&path) } else { std::fs::read_to_string(&path).ok() };
        all.push_str(text.as_deref().filter(|t| t.contains("HTTP/1.")).unwrap_or(""));
    }
    Some(all)
}

fn apache(line: &str) -> Option<Request> {
    let mut quoted = line.split('"');
    let ip = quoted.next()?.split(' ').next()?;
    let target = quoted.next()?.split(' ').nth(1)?;
    let status = quoted.next()?.trim().split(' ').next()?.parse().ok()?;
    let (path, query) = target.split_once('?').map_or((target, None), |(p, q)| (p, Some(q.to_owned())));
    let agent = Some(format!("{ip} {}", quoted.nth(2).unwrap_or("")));
    Some(Request { agent, path: path.to_owned(), query, status: Some(status), ..Request::default() })
}

fn requests() -> impl Strategy<Value = Vec<Request>> {
    let path = prop_oneof![
        (0..40u64).prop_map(|i| format!("/members/{i}/addresses")),
        (0..400u64).prop_map(|i| format!("/blog/{}", word(i))),
        (0..400u64, 0..30u64).prop_map(|(i, j)| format!("/{}/{}/x", word(i), word(j))),
        Just("/my/orders".to_owned()),
    ];
    prop::collection::vec(
        (0..30u64, path, any::<bool>()).prop_map(|(c, p, s)| if s { signed(c, p) } else { get(c, p) }),
        1..300,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_split_any_order_any_merge_learns_the_same(all in requests(), size in 1usize..90, seed in any::<u64>()) {
        let mut whole = Learner::new();
        whole.observe(&batch(&all));
        let mut shuffled = all.clone();
        shuffled.sort_by_key(|r| weir_stats::hash64_in(seed, format!("{r:?}").as_bytes()));
        let mut parts: Vec<Learner> = shuffled.chunks(size).map(|c| { let mut l = Learner::new(); l.observe(&batch(c)); l }).collect();
        let mut merged = Learner::from_bytes(&parts.pop().unwrap().to_bytes()).unwrap();
        parts.iter().for_each(|p| merged.merge(p));
        prop_assert_eq!(merged.to_bytes(), whole.to_bytes());
        prop_assert_eq!(merged.finish(&Config::default()), whole.finish(&Config::default()));
    }

    #[test]
    fn any_path_derives_and_learns_without_panic(paths in prop::collection::vec("\\PC{0,60}", 1..20), query in "\\PC{0,30}") {
        let all: Vec<Request> = paths.iter().map(|p| Request { query: Some(query.clone()), ..get(1, p.clone()) }).collect();
        let learned = learn(&all);
        Config::parse(&to_toml(&learned)).unwrap();
        let catalog = Catalog::new(&Config::default(), &learned, Links::new()).unwrap();
        prop_assert_eq!(catalog.derive(&batch(&all)).route.len(), all.len());
    }
}
