//! What is folded does not depend on how records were cut, ordered, budgeted or merged; and it is what the records say.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use arrow_array::{Array, Int64Array, RecordBatch};
use arrow_cast::cast;
use arrow_cast::display::array_value_to_string;
use arrow_schema::DataType;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use weir_catalog::{Catalog, Learned, Learner, Links};
use weir_model::config::Config;
use weir_model::entity::prefix_of;
use weir_model::time::DAY_US;
use weir_model::{Access, Auth, Common, EntityKind, FileTag, Flow, Host, Micros, Records, Table, TimeBasis};
use weir_rollup::{
    Digest, Fold, Partial, Row, SPAN_US, decode, encode, merge_neighbours, merge_sorted, schema,
};

/// Where requests come from: two networks of version 4 and two of version 6, one of which has addresses on both sides of the other's, as texts are
/// sorted; and what is no address.
const ADDRESSES: [&str; 8] = [
    "192.0.0.0",
    "192.0.1.1",
    "192.0.0.2",
    "192.0.1.3",
    "2001:db8:0:1::1",
    "2001:db8:1::1",
    "2001:db8::1",
    "elsewhere",
];

/// One request.
#[derive(Clone, Debug)]
struct Event {
    table: u8,
    time: i64,
    ip: u8,
    agent: u8,
    credential: Option<u8>,
    member: u16,
    status: u16,
    bytes: i64,
}

fn event() -> impl Strategy<Value = Event> {
    let status =
        prop_oneof![4 => Just(200u16), 1 => Just(403), 1 => Just(404), 1 => Just(500), 1 => Just(304)];
    let credential = prop::option::of(0..9u8);
    (0..6u8, 0..3 * DAY_US, 0..8u8, 0..4u8, credential, 0..700u16, status, -3..9_000i64).prop_map(
        |(table, time, ip, agent, credential, member, status, bytes)| Event {
            table,
            time,
            ip,
            agent,
            credential,
            member,
            status,
            bytes,
        },
    )
}

fn catalog() -> Catalog {
    let config = "[[dataset]]\nname='addresses'\nroutes=['/members/{member}/addresses']\nsubject='member'";
    Catalog::new(&Config::parse(config).unwrap(), &Learned::default(), Links::new()).unwrap()
}

fn push(records: &mut Records, e: &Event) {
    let (ip, agent) = (ADDRESSES[usize::from(e.ip)], format!("agent {}", e.agent));
    let credential = e.credential.map(|c| format!("fp_{c}"));
    let (code, member) = (e.status.to_string(), e.member.to_string());
    let path = format!("/members/{}/addresses", e.member);
    let common = Common {
        src_ip: Some(ip),
        status_id: Some(if e.status < 400 { 1 } else { 2 }),
        status_code: Some(&code),
        actor: e.credential.map(|_| "ann"),
        ..Common::default()
    };
    let at = (Micros(e.time), TimeBasis::Stated);
    match e.table {
        0 => records.auth(
            at,
            &common,
            &Auth { user: Some(&member), credential: credential.as_deref(), ..Auth::default() },
        ),
        1 => records.flow(
            at,
            &common,
            &Flow { dst_ip: Some("198.51.100.7"), bytes_out: Some(e.bytes), ..Flow::default() },
        ),
        2 => {
            records.host(at, &common, &Host { hostname: Some("web1"), user: Some("bob"), ..Host::default() })
        }
        _ => records.access(
            at,
            &common,
            &Access {
                path: Some(&path),
                http_method: Some("GET"),
                user_agent: Some(&agent),
                credential: credential.as_deref(),
                bytes_out: Some(e.bytes),
                ..Access::default()
            },
        ),
    }
}

fn fold(events: &[Event], batch_rows: usize, budget: usize) -> Vec<Row> {
    folded(events, batch_rows, budget).finish().unwrap().collect::<Result<_, _>>().unwrap()
}

fn folded(events: &[Event], batch_rows: usize, budget: usize) -> Fold {
    let catalog = catalog();
    let mut fold = Fold::new(budget, std::env::temp_dir());
    let tag = FileTag { source: "s".into(), sensor: "edge".into(), ingest: 1, file: 1 };
    for chunk in events.chunks(batch_rows.max(1)) {
        let mut records = Records::default();
        chunk.iter().for_each(|e| push(&mut records, e));
        for (table, batch) in records.take(&tag).unwrap() {
            fold.table(table, &batch, |b| catalog.derive(b)).unwrap();
        }
    }
    fold
}

/// A row of a digest: ten minutes, what alike records share as text, first, last, number.
type Alike = ((i64, Vec<String>), (i64, i64, i64));

fn digest(events: &[Event], batch_rows: usize, budget: usize) -> Vec<Alike> {
    let catalog = catalog();
    let mut digest = Digest::new(budget);
    let tag = FileTag { source: "s".into(), sensor: "edge".into(), ingest: 1, file: 1 };
    let mut given = Vec::new();
    for chunk in events.chunks(batch_rows.max(1)) {
        let mut records = Records::default();
        chunk.iter().for_each(|e| push(&mut records, e));
        for (_, batch) in records.take(&tag).unwrap().iter().filter(|(table, _)| *table == Table::Access) {
            given.extend(digest.add(batch, &catalog.derive(batch)).unwrap());
        }
    }
    given.extend(digest.finish().unwrap());
    let mut rows = Vec::new();
    for batch in &given {
        let number = |name: &str, row: usize| {
            let column = cast(batch.column_by_name(name).unwrap(), &DataType::Int64).unwrap();
            column.as_any().downcast_ref::<Int64Array>().unwrap().value(row)
        };
        for row in 0..batch.num_rows() {
            let shared =
                |name: &str| array_value_to_string(batch.column_by_name(name).unwrap(), row).unwrap();
            let shared = [
                "day",
                "src_ip",
                "user_agent",
                "credential",
                "actor",
                "sensor",
                "route",
                "subject",
                "subjects",
                "thing",
                "outcome",
                "shown",
            ]
            .map(shared);
            let (first, n) = (number("time", row), number("n", row));
            let ended = batch.column_by_name("last").unwrap().is_valid(row);
            let last = if ended { number("last", row) } else { first };
            assert!(!ended || last > first);
            assert!(first <= last && first / SPAN_US == last / SPAN_US && n > 0);
            rows.push(((first / SPAN_US, shared.into()), (first, last, n)));
        }
    }
    rows
}

/// Alike rows put together.
fn together(rows: impl IntoIterator<Item = Alike>) -> BTreeMap<(i64, Vec<String>), (i64, i64, i64)> {
    let mut all = BTreeMap::new();
    for (key, (first, last, n)) in rows {
        let row = all.entry(key).or_insert((first, last, 0));
        *row = (row.0.min(first), row.1.max(last), row.2 + n);
    }
    all
}

fn find<'r>(rows: &'r [Row], kind: EntityKind, entity: &str) -> Vec<&'r Row> {
    rows.iter().filter(|r| r.kind == kind && r.entity == entity).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_split_any_order_any_budget_gives_the_same_rows(
        events in prop::collection::vec(event(), 0..400), batch in 1usize..120, budget in 0usize..40_000, seed in any::<u64>(),
    ) {
        let whole = fold(&events, usize::MAX, usize::MAX);
        let mut shuffled = events.clone();
        shuffled.sort_by_key(|e| weir_stats::hash64_in(seed, format!("{e:?}").as_bytes()));
        prop_assert_eq!(&fold(&shuffled, batch, budget), &whole);
        let mut merged = folded(&shuffled, batch, budget).finish().unwrap();
        let batches: Vec<RecordBatch> = std::iter::from_fn(|| merged.batch(batch).unwrap()).collect();
        // So many rows, and what follows them of the same entity.
        let mut encoded = Vec::new();
        let mut rest = whole.as_slice();
        while !rest.is_empty() {
            let goes_on = |at: &usize| rest[*at].kind == rest[at - 1].kind && rest[*at].entity == rest[at - 1].entity;
            let end = (batch.min(rest.len())..rest.len()).find(|at| !goes_on(at)).unwrap_or(rest.len());
            encoded.push(encode(&rest[..end]).unwrap());
            rest = &rest[end..];
        }
        prop_assert_eq!(batches, encoded);
        let sorted = whole.windows(2).all(|w| {
            (w[0].kind.as_str(), &w[0].entity, w[0].day) < (w[1].kind.as_str(), &w[1].entity, w[1].day)
        });
        prop_assert!(sorted);
    }

    #[test]
    fn two_ingests_merged_are_one_ingest(events in prop::collection::vec(event(), 1..300), cut in 0usize..300) {
        let cut = cut.min(events.len());
        let mut both = fold(&events[..cut], 50, 20_000);
        both.extend(fold(&events[cut..], 70, usize::MAX));
        both.sort_by(|a, b| (a.kind.as_str(), &a.entity, a.day).cmp(&(b.kind.as_str(), &b.entity, b.day)));
        let whole = fold(&events, usize::MAX, usize::MAX);
        prop_assert_eq!(&merge_neighbours(both), &whole);
        let batch = encode(&whole).unwrap();
        prop_assert_eq!(batch.schema(), schema());
        prop_assert_eq!(decode(&batch).unwrap(), whole);
    }

    /// With no budget at all, every batch gives out its own rows; with any, they come to the same.
    #[test]
    fn a_digest_says_what_the_records_say_however_they_are_cut(
        mut events in prop::collection::vec(event(), 1..300), batch in 1usize..120, budget in 0usize..60_000,
    ) {
        for e in &mut events {
            (e.time, e.member) = (e.time % (3 * SPAN_US), e.member % 3);
        }
        let each = together(digest(&events, 1, 0));
        let whole = digest(&events, usize::MAX, usize::MAX);
        prop_assert_eq!(whole.len(), each.len(), "of a whole, alike rows are found");
        prop_assert_eq!(&together(whole), &each);
        prop_assert_eq!(&together(digest(&events, batch, budget)), &each);
        let accesses = events.iter().filter(|e| e.table > 2);
        prop_assert_eq!(each.values().map(|(_, _, n)| *n).sum::<i64>(), accesses.clone().count() as i64);
        let times: BTreeSet<i64> = accesses.map(|e| e.time).collect();
        prop_assert_eq!(each.values().map(|(first, _, _)| *first).min(), times.first().copied());
        prop_assert_eq!(each.values().map(|(_, last, _)| *last).max(), times.last().copied());
        prop_assert!(each.values().all(|(first, last, _)| times.contains(first) && times.contains(last)));
    }

    /// Against a count that keeps everything.
    #[test]
    fn rows_say_what_the_records_say(events in prop::collection::vec(event(), 1..400)) {
        let rows = fold(&events, 64, 30_000);
        let mut shown: BTreeMap<(String, i64), BTreeSet<u16>> = BTreeMap::new();
        let mut missed: BTreeMap<(String, i64), BTreeSet<u16>> = BTreeMap::new();
        for e in events.iter().filter(|e| e.table > 2) {
            let key = (ADDRESSES[usize::from(e.ip)].to_owned(), e.time / DAY_US);
            let map = if e.status == 200 { &mut shown } else { &mut missed };
            map.entry(key).or_default().insert(e.member);
        }
        for row in rows.iter().filter(|r| r.kind == EntityKind::Origin) {
            let key = (row.entity.clone(), i64::from(row.day));
            let count = |map: &BTreeMap<_, BTreeSet<u16>>| map.get(&key).map_or(0, |s| s.len() as u64);
            prop_assert_eq!(row.partial.people.exact(), Some(count(&shown)));
            prop_assert_eq!(row.partial.missed.exact(), Some(count(&missed)));
        }
        // What a prefix did is what its addresses did, and those that are none have none.
        let mut prefixes: BTreeMap<(String, i64), Vec<&Event>> = BTreeMap::new();
        for e in &events {
            let Some(prefix) = prefix_of(ADDRESSES[usize::from(e.ip)]) else { continue };
            prefixes.entry((prefix, e.time / DAY_US)).or_default().push(e);
        }
        let said: BTreeMap<_, _> = rows.iter().filter(|r| r.kind == EntityKind::Prefix).map(|r| {
            let counted = [&r.partial.people, &r.partial.origins].map(|sketch| sketch.exact());
            prop_assert!(r.partial.visits.is_empty() && r.partial.looks.is_empty());
            Ok(((r.entity.clone(), i64::from(r.day)), (r.partial.records, counted)))
        }).collect::<Result<_, TestCaseError>>()?;
        let distinct = |values: BTreeSet<u16>| Some(values.len() as u64).filter(|n| *n <= 256);
        let told = prefixes.into_iter().map(|(key, of)| {
            let shown = of.iter().filter(|e| e.table > 2 && e.status == 200).map(|e| e.member);
            let counted = [shown.collect(), of.iter().map(|e| e.ip.into()).collect()].map(distinct);
            (key, (of.len() as u64, counted))
        });
        prop_assert_eq!(said, told.collect());
        // Routes hold what was shown and nothing else, by whom it was borne.
        let granted: Vec<&Event> = events.iter().filter(|e| e.table > 2 && e.status == 200).collect();
        let route = find(&rows, EntityKind::Route, "/members/{member}/addresses");
        prop_assert_eq!(route.iter().map(|r| r.partial.records).sum::<u64>(), granted.len() as u64);
        for row in route {
            let day = granted.iter().filter(|e| e.time / DAY_US == i64::from(row.day));
            let bearers: BTreeSet<_> = day.map(|e| e.credential.ok_or((e.ip, e.agent))).collect();
            prop_assert_eq!(row.partial.credentials.exact(), Some(bearers.len() as u64));
        }
        let edge = find(&rows, EntityKind::Sensor, "edge");
        let sum = |of: fn(&Row) -> u64| edge.iter().map(|r| of(r)).sum::<u64>();
        let many = |test: fn(&Event) -> bool| events.iter().filter(|e| test(e)).count() as u64;
        prop_assert_eq!(sum(|r| r.partial.records), events.len() as u64);
        prop_assert_eq!(sum(|r| r.partial.hours.as_ref().unwrap().iter().sum()), events.len() as u64);
        prop_assert_eq!(sum(|r| r.partial.accesses), many(|e| e.table > 2));
        prop_assert_eq!(sum(|r| r.partial.denied), many(|e| e.table > 2 && e.status == 403));
        prop_assert_eq!(sum(|r| r.partial.missing), many(|e| e.table > 2 && e.status == 404));
        prop_assert_eq!(sum(|r| r.partial.failed), many(|e| e.table > 2 && e.status == 500));
        prop_assert_eq!(sum(|r| r.partial.auths_failed), many(|e| e.table == 0 && e.status >= 400));
        prop_assert_eq!(sum(|r| r.partial.flows), many(|e| e.table == 1));
        let bytes: i64 = events.iter().filter(|e| e.table > 2).map(|e| e.bytes.max(0)).sum();
        prop_assert_eq!(sum(|r| r.partial.bytes), bytes as u64);
    }
}

#[test]
fn memory_stays_within_the_budget_whatever_comes() {
    let (budget, catalog) = (300_000, catalog());
    let mut fold = Fold::new(budget, std::env::temp_dir());
    let tag = FileTag { source: "s".into(), sensor: "edge".into(), ingest: 1, file: 1 };
    for day in 0..60i64 {
        let mut records = Records::default();
        for i in 0..300u16 {
            let time = day * DAY_US + i64::from(i);
            let mut e =
                Event { table: 9, time, ip: 1, agent: 0, credential: None, member: i, status: 200, bytes: 1 };
            e.credential = Some((i % 251) as u8);
            e.member = i.wrapping_mul(7).wrapping_add(day as u16);
            push(&mut records, &e);
        }
        for (table, batch) in records.take(&tag).unwrap() {
            assert_eq!(table, Table::Access);
            fold.access(&batch, &catalog.derive(&batch)).unwrap();
            assert!(fold.bytes() < budget + 20_000, "{}", fold.bytes());
        }
    }
    let rows: Vec<Row> = fold.finish().unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(
        rows.iter().filter(|r| r.kind == EntityKind::Origin).map(|r| r.partial.records).sum::<u64>(),
        18_000
    );
    assert_eq!(find(&rows, EntityKind::Dataset, "addresses").len(), 60);
    assert_eq!(find(&rows, EntityKind::Credential, "fp_7").len(), 60);
    assert_eq!(
        find(&rows, EntityKind::Prefix, "192.0.1.0/24")
            .iter()
            .map(|r| r.partial.people.exact().unwrap_or(257))
            .max(),
        Some(257)
    );
}

#[test]
fn a_dataset_is_counted_by_the_country_it_was_read_from() {
    let (catalog, mut records) = (catalog(), Records::default());
    for (at, status) in [200, 200, 404, 200].into_iter().enumerate() {
        let (time, member) = (at as i64, at as u16);
        push(
            &mut records,
            &Event { table: 9, time, ip: 1, agent: 0, credential: Some(1), member, status, bytes: 1 },
        );
    }
    let tag = FileTag { source: "s".into(), sensor: "edge".into(), ingest: 1, file: 1 };
    let batch = records.take(&tag).unwrap().remove(0).1;
    let mut derived = catalog.derive(&batch);
    derived.country = vec![Some("KR"), Some("JP"), Some("JP"), None].into();
    let mut fold = Fold::new(usize::MAX, std::env::temp_dir());
    fold.access(&batch, &derived).unwrap();
    let rows: Vec<Row> = fold.finish().unwrap().collect::<Result<_, _>>().unwrap();
    let crossings = rows.iter().filter(|r| r.kind == EntityKind::Crossing);
    let read: Vec<_> =
        crossings.map(|r| (r.entity.as_str(), r.partial.records, r.partial.people.exact())).collect();
    assert_eq!(read, [("JP/addresses", 1, Some(1)), ("KR/addresses", 1, Some(1))]);
}

#[test]
fn spans_are_kept_of_addresses_and_only_where_there_can_be_visits() {
    let shown =
        Event { table: 9, time: 5, ip: 1, agent: 0, credential: None, member: 1, status: 200, bytes: 1 };
    let mut records = Records::default();
    push(&mut records, &shown);
    let at = (Micros(2 * SPAN_US), TimeBasis::Stated);
    let common = Common { src_ip: Some("192.0.1.1"), status_code: Some("200"), ..Common::default() };
    records.access(at, &common, &Access { path: Some("/about"), ..Access::default() });
    let tag = FileTag { source: "s".into(), sensor: "edge".into(), ingest: 1, file: 1 };
    let batch = records.take(&tag).unwrap().remove(0).1;
    let rows = |catalog: &Catalog| -> Vec<Row> {
        let mut fold = Fold::new(usize::MAX, std::env::temp_dir()).spans(catalog.knows_data());
        fold.access(&batch, &catalog.derive(&batch)).unwrap();
        fold.finish().unwrap().collect::<Result<_, _>>().unwrap()
    };
    let spans = |row: &Row| (row.partial.visits.exact(), row.partial.looks.exact());
    for row in rows(&catalog()) {
        let kept = if row.kind == EntityKind::Origin { (Some(1), Some(2)) } else { (Some(0), Some(0)) };
        assert_eq!(spans(&row), kept, "{row:?}");
    }
    let nothing = Catalog::new(&Config::default(), &Learned::default(), Links::new()).unwrap();
    assert!(rows(&nothing).iter().all(|row| spans(row) == (Some(0), Some(0))));
    let mut naming = Config::parse("[[source]]\nfiles='*'\nformat='web_json'").unwrap();
    naming.sources[0].fields.insert("subject.member".to_owned(), "user.id".to_owned());
    let told = Catalog::new(&naming, &Learned::default(), Links::new()).unwrap();
    assert!(told.knows_data() && told.id() != nothing.id());
}

#[test]
fn what_is_somebodys_counts_beside_people_and_is_looked_at_as_any_page_is() {
    let get = |records: &mut Records, ip: &str, order: i64, status: &str| {
        let common = Common { src_ip: Some(ip), status_code: Some(status), ..Common::default() };
        let path = format!("/orders/{order}");
        let access = Access { path: Some(&path), http_method: Some("GET"), ..Access::default() };
        records.access((Micros(order), TimeBasis::Stated), &common, &access);
    };
    let tag = FileTag { source: "s".into(), sensor: "edge".into(), ingest: 1, file: 1 };
    let batch = |fill: &dyn Fn(&mut Records)| {
        let mut records = Records::default();
        fill(&mut records);
        records.take(&tag).unwrap().remove(0).1
    };
    let mut learner = Learner::new();
    learner.observe(&batch(&|records| {
        (0..900).for_each(|n| get(records, &format!("10.0.0.{}", n % 31), n % 30, "200"));
    }));
    let catalog =
        Catalog::new(&Config::default(), &learner.finish(&Config::default()), Links::new()).unwrap();
    assert_eq!(catalog.things().into_iter().collect::<Vec<_>>(), ["order"]);
    let asked = batch(&|records| {
        let asked = [(7, "200"), (8, "200"), (7, "200"), (9, "404")];
        asked.into_iter().for_each(|(order, status)| get(records, "192.0.1.1", order, status));
    });
    let mut fold = Fold::new(usize::MAX, std::env::temp_dir());
    fold.access(&asked, &catalog.derive(&asked)).unwrap();
    let rows: Vec<Row> = fold.finish().unwrap().collect::<Result<_, _>>().unwrap();
    for row in rows.iter().filter(|row| matches!(row.kind, EntityKind::Origin | EntityKind::Prefix)) {
        let Partial { things, people, missed, visits, data_records, .. } = &row.partial;
        assert_eq!(things.exact(), Some(2), "{row:?}");
        assert!(people.is_empty() && missed.is_empty() && visits.is_empty() && *data_records == 0, "{row:?}");
        assert_eq!(row.partial.looks.is_empty(), row.kind == EntityKind::Prefix, "{row:?}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let mut records = Records::default();
    let e =
        Event { table: 9, time: 0, ip: 1, agent: 0, credential: Some(1), member: 1, status: 200, bytes: 1 };
    push(&mut records, &e);
    let tag = FileTag { source: "s".into(), sensor: "edge".into(), ingest: 1, file: 1 };
    let batch = records.take(&tag).unwrap().remove(0).1;
    let mut fold = Fold::new(0, "/nowhere/at/all");
    assert!(fold.access(&batch, &catalog().derive(&batch)).is_err());
}

#[test]
fn errors_pass_through_the_merge() {
    let rows: Vec<Result<Row, &str>> = vec![Err("cut")];
    assert_eq!(merge_sorted(rows.into_iter()).next(), Some(Err("cut")));
}

#[test]
fn who_signs_in_counts_as_an_actor_and_an_account() {
    let e =
        Event { table: 0, time: 5, ip: 1, agent: 0, credential: Some(1), member: 12, status: 401, bytes: 1 };
    let rows = fold(&[e.clone(), Event { member: 13, status: 200, ..e }], 9, usize::MAX);
    let origin = &find(&rows, EntityKind::Origin, "192.0.1.1")[0].partial;
    assert_eq!((origin.auths, origin.auths_failed, origin.issued), (2, 1, 1));
    assert_eq!((origin.accounts.exact(), origin.first, origin.last), (Some(2), 5, 5));
    assert_eq!(find(&rows, EntityKind::Actor, "12")[0].partial.auths_failed, 1);
    assert_eq!(find(&rows, EntityKind::Actor, "ann")[0].partial.records, 2);
}
