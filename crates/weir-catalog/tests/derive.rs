//! What is derived from records, by configuration and links.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use arrow_array::{Array, ListArray};
use common::{Request, batch, batch_with, get, signed};
use weir_catalog::derive::{each_subject, each_thing};
use weir_catalog::{Catalog, CatalogError, Learned, Links};
use weir_model::config::Config;
use weir_model::record::subjects_type;
use weir_model::{Access, Basis, Common, FileTag, Micros, Records, Subject, TimeBasis};

const CONFIG: &str = r#"
    [[dataset]]
    name = "addresses"
    categories = ["postal_address"]
    routes = ["/members/{member}/addresses", "/profile?id={member}"]
    subject = "member"
    [[dataset]]
    name = "orders"
    routes = ["/orders/{order}"]
    [[dataset]]
    name = "own"
    routes = ["/my/*"]
    subject = "holder"
    [[dataset]]
    name = "backups"
    buckets = ["shop-backup"]
    tables = ["crm.people"]
"#;

fn catalog(text: &str, links: Links) -> Catalog {
    Catalog::new(&Config::parse(text).unwrap(), &Learned::default(), links).unwrap()
}

fn people(list: &ListArray, row: usize) -> Vec<String> {
    let mut out = Vec::new();
    each_subject(Some(list), row, |n, i, b| out.push(format!("{n}:{i} {b}")));
    out
}

#[test]
fn configured_routes_name_people_and_objects_do_not() {
    let c = catalog(CONFIG, Links::new());
    let requests = [
        get(1, "/members/88%2F12/addresses/"),
        Request { query: Some("id=7".into()), ..get(1, "/profile") },
        get(1, "/orders/55"),
        get(1, "/elsewhere/12/"),
        signed(1, "/my/addresses"),
        Request { actor: Some("12"), ..signed(1, "/my/orders") },
        get(1, "/my/orders"),
    ];
    let d = c.derive(&batch(&requests));
    let dataset = |row| d.dataset.is_valid(row).then(|| d.dataset.value(row));
    assert_eq!((d.route.value(0), dataset(0)), ("/members/{member}/addresses", Some("addresses")));
    assert_eq!(people(&d.subjects, 0), ["member:88/12 named"]);
    assert_eq!(people(&d.subjects, 1), ["member:7 named"]);
    assert_eq!((people(&d.subjects, 2).len(), dataset(2)), (0, Some("orders")));
    assert_eq!((d.route.value(3), dataset(3)), ("/elsewhere/{id}", None));
    assert_eq!(people(&d.subjects, 4), ["credential:fp_1 credential_holder"]);
    assert_eq!(people(&d.subjects, 5), ["member:12 credential_holder"]);
    assert_eq!((people(&d.subjects, 6).len(), dataset(6)), (0, Some("own")));
    assert_eq!(d.subjects.data_type(), &subjects_type());
    assert_eq!((d.subject.value(0), d.subject.is_null(2)), ("member:88/12", true));
}

#[test]
fn words_for_whoever_asks_show_the_holder_and_words_for_nobody_show_nobody() {
    let c = catalog(CONFIG, Links::new());
    let requests = [
        signed(1, "/members/me/addresses"),
        Request { actor: Some("12"), ..get(1, "/members/self/addresses") },
        get(1, "/members/current/addresses"),
        signed(1, "/members/undefined/addresses"),
        Request { query: Some("id=null".into()), ..signed(1, "/profile") },
        Request { query: Some("id=Me".into()), actor: Some("12"), ..get(1, "/profile") },
        get(1, "/members/mei/addresses"),
    ];
    let d = c.derive(&batch(&requests));
    let of = |row| people(&d.subjects, row);
    assert!(
        of(0).len() == 1 && of(0)[0].starts_with("credential:") && of(0)[0].ends_with(" credential_holder")
    );
    assert_eq!(of(1), ["member:12 credential_holder"]);
    assert_eq!((of(2).len(), of(3).len(), of(4).len()), (0, 0, 0));
    assert_eq!(of(5), ["member:12 credential_holder"]);
    assert_eq!(of(6), ["member:mei named"]);
    // The record is one of the dataset all the same.
    assert!((0..6).all(|row| d.dataset.value(row) == "addresses"));
    // Where a link says whose id it is, it is theirs.
    let mut links = Links::new();
    links.insert("member", "person", "me", "77");
    let d = catalog(CONFIG, links).derive(&batch(&[signed(1, "/members/me/addresses")]));
    assert_eq!(people(&d.subjects, 0), ["person:77 linked"]);
}

#[test]
fn each_person_is_named_that_a_parameter_or_a_list_names() {
    let c = catalog(CONFIG, Links::new());
    let profile = |query: &'static str| Request { query: Some(query.into()), ..get(1, "/profile") };
    let requests = [
        profile("id=7&id=8"),
        profile("id[]=7&id%5B%5D=8&id[]=7"),
        profile("id=7,8,9"),
        profile("id=%5B7%2C8%5D"),
        profile("id=7,undefined"),
        profile("id=Kim,%20Min-jun"),
        get(1, "/members/7,8/addresses"),
    ];
    let d = c.derive(&batch(&requests));
    let of = |row| people(&d.subjects, row);
    for row in [0, 1, 3, 6] {
        assert_eq!(of(row), ["member:7 named", "member:8 named"], "{row}");
    }
    assert_eq!(of(2), ["member:7 named", "member:8 named", "member:9 named"]);
    assert_eq!(of(4), ["member:7 named"]);
    assert_eq!(of(5), ["member:Kim, Min-jun named"]);
    // Each object of a list leads to whom it belongs to.
    let mut links = Links::new();
    for (order, member) in [("55", "1"), ("56", "2")] {
        links.insert("order", "member", order, member);
    }
    let d = catalog(CONFIG, links).derive(&batch(&[get(1, "/orders/55,56")]));
    assert_eq!(people(&d.subjects, 0), ["member:1 linked", "member:2 linked"]);
}

#[test]
fn links_lead_from_objects_and_credentials_to_people() {
    let mut links = Links::new();
    links.insert("order", "member", "55", "8812");
    links.insert("credential", "member", "fp_1", "9");
    let c = catalog(CONFIG, links.clone());
    let d = c.derive(&batch(&[get(1, "/orders/55"), get(1, "/orders/56"), signed(1, "/my/addresses")]));
    assert_eq!(people(&d.subjects, 0), ["member:8812 linked"]);
    assert_eq!(people(&d.subjects, 1).len(), 0);
    assert_eq!(people(&d.subjects, 2), ["member:9 credential_holder"]);
    assert_ne!(c.id(), catalog(CONFIG, Links::new()).id());
    assert_eq!(c.id(), catalog(CONFIG, links).id());
}

#[test]
fn a_record_shows_the_things_of_somebodys_that_it_names_unless_the_path_says_whose() {
    let mut links = Links::new();
    links.insert("order", "member", "55120", "8812");
    let told = r#"
        [[dataset]]
        name = "orders"
        routes = ["/orders/{order}", "/orders/{order}/of/{member}", "/shelves/{shelf}", "/invoices/{id}"]
    "#;
    let asked = |path: &str, query: &str| Request { query: Some(query.into()), ..get(1, path) };
    let requests = [
        get(1, "/orders/55121"),
        get(1, "/orders/55120"),
        get(1, "/orders/A%2FB"),
        asked("/orders/1", "member=7"),
        get(1, "/orders/1,2,undefined,3"),
        get(1, "/invoices/7"),
        get(1, "/orders/undefined"),
        get(1, "/orders/55121/of/7"),
        get(1, "/shelves/7"),
        get(1, "/members/7/addresses"),
    ];
    let catalog = catalog(told, links);
    let d = catalog.derive(&batch(&requests));
    let things: Vec<_> = d.thing.iter().flatten().map(|c| each_thing(c).collect::<Vec<_>>()).collect();
    let orders = |ids: &[&'static str]| ids.iter().map(|id| ("order", *id)).collect::<Vec<_>>();
    let each = [orders(&["55121"]), orders(&["55120"]), orders(&["A/B"]), orders(&["1"])];
    assert_eq!(things[..4], each);
    assert_eq!(things[4..], [orders(&["1", "2", "3"]), vec![("invoice", "7")]]);
    assert_eq!((d.thing.len(), d.thing.null_count()), (10, 4));
    assert_eq!(["55120", "55121"].map(|id| catalog.has_owner("order", id)), [true, false]);
}

/// Ids of one kind are people's here and things' there: nobody is to be counted as a thing, nor the other way round.
#[test]
fn what_is_a_person_somewhere_is_a_thing_nowhere() {
    let told = |subject: &str| {
        format!(
            "[[dataset]]\nname = \"a\"\nroutes = [\"/a/{{claim}}\"]\n{subject}[[dataset]]\nname = \"b\"\nroutes = [\"/b/{{claim}}\"]\n"
        )
    };
    let thing = |subject: &str| {
        let catalog = catalog(&told(subject), Links::new());
        let derived = catalog.derive(&batch(&[get(1, "/b/7")]));
        assert_eq!(catalog.things().len(), derived.thing.iter().flatten().count());
        derived.thing.iter().flatten().next().map(str::to_owned)
    };
    assert_eq!(thing(""), Some("claim:7".to_owned()));
    assert_eq!(thing("subject = \"claim\"\n"), None);
}

#[test]
fn people_the_log_names_come_first_and_once() {
    let named = [
        Subject { namespace: "member", id: "7", basis: Basis::Claimed },
        Subject { namespace: "member", id: "8", basis: Basis::Named },
    ];
    let d = catalog(CONFIG, Links::new()).derive(&batch_with(&[get(1, "/members/7/addresses")], &named));
    assert_eq!(people(&d.subjects, 0), ["member:7 claimed", "member:8 named"]);
}

#[test]
fn operations_are_routes_and_buckets_are_datasets() {
    let mut records = Records::default();
    let at = (Micros(0), TimeBasis::Stated);
    for (resource, request) in [
        (Some("arn:aws:s3:::shop-backup/2024/a.csv"), None),
        (None, Some(r#"{"bucketName": "shop-backup","key":"a"}"#)),
        (Some("CRM.people"), None),
        (Some("other/a"), None),
    ] {
        let access = Access {
            service: Some("s3.amazonaws.com"),
            operation: Some("GetObject"),
            resource,
            request,
            ..Access::default()
        };
        records.access(at, &Common::default(), &access);
    }
    let tag = FileTag { source: "s".into(), sensor: "x".into(), ingest: 1, file: 1 };
    let batch = records.take(&tag).unwrap().remove(0).1;
    let d = catalog(CONFIG, Links::new()).derive(&batch);
    assert_eq!(d.route.value(0), "s3:GetObject");
    assert_eq!(
        d.dataset.iter().collect::<Vec<_>>(),
        [Some("backups"), Some("backups"), Some("backups"), None]
    );
    assert!(d.outcome.is_null(0) && d.shown.value(0));
}

#[test]
fn configuration_that_cannot_be_meant_is_an_error_with_a_mend() {
    let fail = |text: &str| {
        Catalog::new(&Config::parse(text).unwrap(), &Learned::default(), Links::new()).unwrap_err()
    };
    let e = fail("[[dataset]]\nname='a'\nroutes=['/m/{member}']\nsubject='membr'");
    assert!(matches!(e, CatalogError::Subject { .. }));
    assert_eq!(e.help(), Some("did you mean `member`?"));
    let mut twice = Config::parse("[[dataset]]\nname='a'").unwrap();
    twice.datasets.push(twice.datasets[0].clone());
    let e = Catalog::new(&twice, &Learned::default(), Links::new()).unwrap_err();
    assert!(matches!(e, CatalogError::Twice { .. }));
}

#[test]
fn a_batch_without_the_columns_derives_unknowns() {
    let d = catalog(CONFIG, Links::new())
        .derive(&arrow_array::RecordBatch::new_empty(weir_model::Table::Flow.schema()));
    assert_eq!(d.route.len(), 0);
    let inputs = weir_catalog::Inputs { rows: 2, ..Default::default() };
    let d = catalog(CONFIG, Links::new()).derive_columns(&inputs);
    assert_eq!((d.route.null_count(), d.subjects.len()), (2, 2));
}
