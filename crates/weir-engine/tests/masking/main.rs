//! People are shown under pseudonyms unless it is recorded who sees them and why.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its input fails")]

#[path = "../common/mod.rs"]
mod common;
mod queries;
mod raw;

use common::Place;
use std::collections::BTreeSet;
use weir_engine::{Asked, Settings, Unmasked, open_lake, sql};
use weir_model::Micros;
use weir_sources::secrets::Fingerprints;

const CONFIG: &str = r#"
[[dataset]]
name = "members"
routes = ["/members/{member}", "/search"]
subject = "member"
"#;

/// A log in which people stand in paths, referrers and as signed-in users; the last line cannot be parsed.
fn log() -> String {
    let line = |n: u32, path: &str, referrer: &str| {
        format!(
            "192.0.2.{n} - - [01/Mar/2026:10:00:{n:02} +0000] \"GET {path} HTTP/1.1\" 200 512 \"{referrer}\" \"curl/8\"\n"
        )
    };
    let mut text = String::new();
    for n in 10..40 {
        text += &line(
            n,
            &format!("/members/secretperson{n}"),
            &format!("https://x.example/members/secretperson{n}"),
        );
    }
    text + "secretperson99 broke this line\n"
}

/// A log of tokens issued to some people.
fn issued(to: std::ops::Range<u32>) -> String {
    let line = |n: u32| {
        format!(
            "{{\"log_id\":\"{n}\",\"data\":{{\"date\":\"2026-03-01T09:00:{n:02}.000Z\",\"type\":\"seacft\",\"client_id\":\"cid\",\"ip\":\"192.0.2.{n}\",\
             \"user_agent\":\"Chrome 144\",\"user_id\":\"secretperson{n}\",\"scope\":\"openid\",\"tenant_name\":\"shop\",\"log_id\":\"{n}\"}}}}\n"
        )
    };
    to.map(line).collect()
}

/// Both logs, investigated under the configuration.
async fn investigated() -> (Place, Settings) {
    let place = Place::new();
    std::fs::write(place.path("access.log"), log()).unwrap();
    std::fs::write(place.path("issued.jsonl"), issued(10..40)).unwrap();
    std::fs::write(place.path("weir.toml"), CONFIG).unwrap();
    let settings = Settings::read(&place.path("weir.toml")).unwrap();
    let logs = [place.path("access.log"), place.path("issued.jsonl")];
    place.investigate_with(&logs, settings.clone()).await;
    (place, settings)
}

/// The one number of an answer, and whether it was said that what was compared meets pseudonyms.
async fn counted(place: &Place, settings: &Settings, what: &str) -> (i64, bool) {
    use arrow_array::cast::AsArray;
    let lake = open_lake(&place.path("case/lake"), false, weir_engine::Memory::default()).await.unwrap();
    let query = format!("SELECT count(*) {what}");
    let answer = sql(&lake, settings, &Fingerprints::default(), &query, &Asked::default()).await.unwrap();
    let n = answer.batches[0].column(0).as_primitive::<arrow_array::types::Int64Type>().value(0);
    assert!(!format!("{:?}", answer.batches).contains("secretperson"));
    (n, !answer.notices.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_asked_for_by_name_and_answered_under_pseudonyms() {
    let (place, settings) = investigated().await;
    let all = counted(&place, &settings, "FROM access").await.0;
    let path = "SELECT path FROM access LIMIT 1";
    let who = Unmasked { time: Micros(0), user: "ann".to_owned(), reason: "case 7".to_owned() };
    let path = shown(&place, &settings, path, Some(&who)).await;
    let path = path.split_whitespace().find(|word| word.contains("secretperson")).unwrap().to_owned();
    let id = path.split(['/', '=']).find(|part| part.contains("secretperson")).unwrap();
    let by_path = format!("FROM access WHERE path = '{path}'");
    let is = format!("'member:{id}'");
    let (n, noticed) = counted(&place, &settings, &format!("FROM access WHERE subject = {is}")).await;
    assert!(n > 0 && n < all && !noticed, "{n} of {all}");
    let asked = format!("SELECT subject FROM access WHERE subject = {is}");
    let subject = shown(&place, &settings, &asked, None).await;
    let pseudonym = subject.split_whitespace().find(|w| w.contains(":p_")).unwrap().to_owned();
    for (what, expected) in [
        (format!("FROM access WHERE {is} = subject"), n),
        (format!("FROM access WHERE subject = '{pseudonym}'"), n),
        (format!("FROM access WHERE subject <> {is}"), all - n),
        (format!("FROM access WHERE subject IN ('member:nobody', {is})"), n),
        (format!("FROM access WHERE subject NOT IN ({is}, '{pseudonym}')"), all - n),
        (format!("FROM access WHERE subject IS NOT DISTINCT FROM {is}"), n),
        (format!("FROM (SELECT a.subject AS s FROM access a) AS b WHERE b.s = {is}"), n),
        (format!("FROM access JOIN (VALUES ({is}), ('member:nobody')) v(s) ON subject = v.s"), n),
        (
            format!(
                "FROM access a WHERE EXISTS (SELECT 1 FROM access b WHERE b.file = a.file AND b.subject = {is})"
            ),
            all,
        ),
        (
            format!(
                "FROM (SELECT unnest(subjects) AS who FROM access) WHERE who['namespace'] = 'member' AND who['id'] = '{id}'"
            ),
            n,
        ),
        (by_path, n),
        ("FROM auth WHERE \"user\" = 'secretperson10'".to_owned(), 1),
        ("FROM rollup WHERE kind = 'actor' AND entity IN ('secretperson10')".to_owned(), 1),
        ("FROM access WHERE cardinality(subjects) > 0 AND route LIKE '/%'".to_owned(), all),
    ] {
        assert_eq!(counted(&place, &settings, &what).await, (expected, false), "{what}");
    }
    for what in [
        format!("FROM access WHERE path LIKE '%{id}%'"),
        "FROM access WHERE starts_with(subject, 'member:secret')".to_owned(),
        "FROM access WHERE subject < 'member:a'".to_owned(),
        "FROM access WHERE referrer = 'a=1'".to_owned(),
        format!("FROM access WHERE subject = concat('member:', '{id}')"),
    ] {
        assert!(counted(&place, &settings, &what).await.1, "{what}");
    }
}

async fn shown(place: &Place, settings: &Settings, query: &str, who: Option<&Unmasked>) -> String {
    let lake = open_lake(&place.path("case/lake"), false, weir_engine::Memory::default()).await.unwrap();
    let how = Asked { unmasked: who.cloned(), cluster: None };
    let batches = sql(&lake, settings, &Fingerprints::default(), query, &how).await.unwrap().batches;
    arrow_cast::pretty::pretty_format_batches(&batches).unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_masked_unless_it_is_recorded_who_sees_them() {
    let (place, settings) = investigated().await;
    for table in ["access", "auth", "digest", "rejects", "rollup"] {
        let all = shown(&place, &settings, &format!("SELECT * FROM {table}"), None).await;
        assert!(!all.contains("secretperson"), "{table}: {all}");
    }
    let actors =
        shown(&place, &settings, "SELECT DISTINCT entity FROM rollup WHERE kind = 'actor'", None).await;
    assert_eq!(actors.matches("p_").count(), 30, "{actors}");
    // A pattern sees pseudonyms.
    let by_name = "SELECT path FROM access WHERE path LIKE '%secretperson1%'";
    assert!(!shown(&place, &settings, by_name, None).await.contains("p_"));
    let people = shown(&place, &settings, "SELECT subject FROM access", None).await;
    let distinct: BTreeSet<&str> = people.split_whitespace().filter(|p| p.starts_with("member:p_")).collect();
    assert_eq!(distinct.len(), 30, "each person keeps a pseudonym of their own");

    let who = Unmasked { time: Micros(0), user: "ann".to_owned(), reason: "case 7".to_owned() };
    assert!(shown(&place, &settings, by_name, Some(&who)).await.contains("secretperson10"));
    let record = std::fs::read_to_string(place.path("case/lake/unmasked.jsonl")).unwrap();
    assert_eq!(record.lines().count(), 1);
    assert!(record.contains("case 7") && record.contains("secretperson1") && record.contains("ann"));
}
