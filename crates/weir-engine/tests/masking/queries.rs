//! A query under pseudonyms answers as it does with people by name, or says that it may not.

use crate::common::Place;
use arrow_array::RecordBatch;
use weir_engine::{Asked, Settings, Unmasked, open_lake, sql};
use weir_lake::Lake;
use weir_model::Micros;
use weir_sources::secrets::Fingerprints;

const CONFIG: &str = r#"
[[dataset]]
name = "members"
routes = ["/members/{member}"]
subject = "member"
"#;

/// People who open their own page, some twice, some that of others; and what is of no dataset.
fn log() -> String {
    let line = |n: u32, who: &str, path: &str| {
        format!(
            "192.0.2.{n} - {who} [01/Mar/2026:10:00:{:02} +0000] \"GET {path} HTTP/1.1\" 200 512 \"https://x.example/?for={who}\" \"curl/8\"\n",
            n % 60
        )
    };
    let mut text = String::new();
    for n in 10..20 {
        let who = format!("secretperson{n}");
        text += &line(n, &who, &format!("/members/secretperson{n}"));
        text += &line(n, &who, &format!("/members/secretperson{}", n / 2 * 2));
        text += &line(n, &who, &format!("/u/secretperson{n}/x"));
        text += &line(
            n,
            &who,
            &format!("/profile?user=secretperson{}&mail=secretperson{n}%40x.example&page=1", n + 1),
        );
        text += &line(n, "-", &format!("/reset/secretperson{n}@x.example"));
    }
    text
}

/// Sign-ins on a machine, of those people too.
fn signed_in() -> String {
    let line = |n: u32| {
        format!(
            "2026-03-01T08:00:{n:02}.000000+00:00 web1 sshd[{n}]: Accepted publickey for secretperson{n}@x.example from 192.0.2.{n} port 50022 ssh2: ED25519 SHA256:abc\n\
             2026-03-01T08:01:{n:02}.000000+00:00 web1 sudo[{n}]: secretperson{n} : TTY=pts/0 ; PWD=/home/secretperson{n} ; USER=root ; COMMAND=/usr/bin/cat /home/secretperson{n}/x\n"
        )
    };
    (12..18).map(line).collect()
}

/// A lake of those logs, and how it is asked.
pub struct World {
    _place: Place,
    lake: Lake,
    settings: Settings,
}

impl World {
    pub async fn new() -> Self {
        let place = Place::new();
        for (name, text) in [
            ("access.log", log()),
            ("issued.jsonl", crate::issued(15..25)),
            ("auth.log", signed_in()),
            ("weir.toml", CONFIG.to_owned()),
        ] {
            std::fs::write(place.path(name), text).unwrap();
        }
        let settings = Settings::read(&place.path("weir.toml")).unwrap();
        let logs = ["access.log", "issued.jsonl", "auth.log"].map(|name| place.path(name));
        place.investigate_with(&logs, settings.clone()).await;
        let lake = open_lake(&place.path("case/lake"), false, weir_engine::Memory::default()).await.unwrap();
        Self { _place: place, lake, settings }
    }

    /// The answer, and what was said of it.
    pub async fn asked(&self, query: &str, by_name: bool) -> (Vec<RecordBatch>, Vec<String>) {
        let who = Unmasked { time: Micros(0), user: "ann".to_owned(), reason: "case 7".to_owned() };
        let how = Asked { unmasked: by_name.then_some(who), cluster: None };
        let answer = sql(&self.lake, &self.settings, &Fingerprints::default(), query, &how).await;
        let answer = answer.map_err(|e| format!("{query}: {e}")).unwrap();
        (answer.batches, answer.notices)
    }

    pub async fn shown(&self, query: &str, by_name: bool) -> String {
        let (batches, _) = self.asked(query, by_name).await;
        arrow_cast::pretty::pretty_format_batches(&batches).unwrap().to_string()
    }

    /// Numbers of a query under pseudonyms and by name, and whether it was said that they may differ.
    async fn both(&self, query: &str) -> (String, String, bool) {
        let notices = self.asked(query, false).await.1;
        (self.shown(query, false).await, self.shown(query, true).await, !notices.is_empty())
    }
}

/// Queries of numbers that are right under pseudonyms. `@10` is a person's id.
const RIGHT: &[&str] = &[
    // Texts that are put under pseudonyms.
    "SELECT count(*) FROM access WHERE actor = '@10'",
    "SELECT count(*) FROM access WHERE coalesce(actor, '') = '@10'",
    "SELECT count(*) FROM access WHERE coalesce(subject, 'nobody') <> 'member:@10'",
    "SELECT count(*) FROM access WHERE ifnull(actor, '-') = '@10'",
    "SELECT count(*) FROM access WHERE coalesce(actor, '@10') = '@10'",
    "SELECT count(*) FROM access WHERE nvl2(actor, actor, 'x') IN ('@10', 'x')",
    "SELECT count(nullif(actor, '@10')) FROM access",
    "SELECT sum(CASE subject WHEN 'member:@10' THEN 1 WHEN 'member:@12' THEN 10 ELSE 0 END) FROM access",
    "SELECT count(*) FROM access WHERE CASE WHEN bytes_out > 0 THEN actor ELSE 'x' END = '@10'",
    "SELECT count(*) FROM access WHERE CASE actor WHEN '@11' THEN '@10' ELSE actor END = '@10'",
    "SELECT count(*) FROM access WHERE '@10' IN (actor, hostname)",
    "SELECT count(*) FROM access WHERE actor IN ('@10', NULL)",
    "SELECT count(*) FROM access WHERE actor NOT IN ('@10', '@11')",
    "SELECT count(*) FROM access WHERE CAST(actor AS VARCHAR) = CAST('@10' AS VARCHAR)",
    "SELECT count(*) FROM access WHERE path = '/members/@10'",
    "SELECT count(*) FROM access WHERE path IN ('/u/@10/x', '/members/@12')",
    "SELECT count(*) FROM access WHERE query = 'user=@11&mail=@10%40x.example&page=1'",
    "SELECT count(*) FROM access WHERE path = '/reset/@10@x.example'",
    "SELECT count(*) FROM auth WHERE actor = '@12@x.example' OR \"user\" = '@12@x.example'",
    "SELECT count(*) FROM rollup WHERE entity = '@10'",
    "SELECT count(*) FROM (SELECT unnest(subjects) AS who FROM access) WHERE who['id'] = '@10' AND who['namespace'] = 'member'",
    "SELECT count(*) FROM access WHERE array_element(subjects, 1)['id'] = '@10'",
    // Joins and sets with texts of the query.
    "SELECT count(*) FROM access JOIN (VALUES ('@10'), ('@11'), ('nobody')) v(actor) USING (actor)",
    "SELECT count(*) FROM (VALUES ('@10'), ('@11')) v(actor) JOIN access USING (actor)",
    "SELECT count(*) FROM access NATURAL JOIN (VALUES ('member:@10'), ('member:@12')) v(subject)",
    "SELECT count(*) FROM access NATURAL JOIN (SELECT '@10' AS actor UNION ALL SELECT '@12') v",
    "SELECT count(*) FROM access a LEFT JOIN (VALUES ('@10')) v(w) ON a.actor = v.w WHERE v.w IS NOT NULL",
    "SELECT count(*) FROM access a JOIN (VALUES ('@10'), ('@11')) v(w) ON a.subject = 'member:@10' AND v.w = a.actor",
    "SELECT count(*) FROM access JOIN (VALUES ('/u/@10/x'), ('/members/@12')) v(path) USING (path)",
    "SELECT count(*) FROM (SELECT actor FROM access INTERSECT VALUES ('@10'), ('@11'), ('nobody'))",
    "SELECT count(*) FROM (SELECT actor FROM access INTERSECT SELECT '@10')",
    "SELECT count(*) FROM (VALUES ('@10'), ('nobody') INTERSECT SELECT actor FROM access)",
    "SELECT count(*) FROM (SELECT actor FROM access EXCEPT SELECT '@10')",
    "SELECT count(*) FROM (SELECT actor FROM access EXCEPT SELECT \"user\" FROM auth)",
    "SELECT count(*) FROM access WHERE actor IN (SELECT '@10' UNION ALL SELECT '@11')",
    "SELECT count(*) FROM access WHERE actor NOT IN (SELECT w FROM (VALUES ('@10'), ('@11')) v(w))",
    "SELECT count(*) FROM access WHERE path IN (SELECT w FROM (VALUES ('/u/@10/x'), ('/members/@12')) v(w))",
    "SELECT count(*) FROM access WHERE '@10' IN (SELECT \"user\" FROM auth)",
    "SELECT count(*) FROM access WHERE '@16' IN (SELECT \"user\" FROM auth)",
    "SELECT count(*) FROM access a WHERE EXISTS (SELECT 1 FROM (VALUES ('@10')) v(w) WHERE v.w = a.actor)",
    "SELECT count(*) FROM access a WHERE EXISTS (SELECT 1 FROM (SELECT '@10' AS w) v WHERE a.actor = v.w)",
    "SELECT count(*) FROM access a WHERE EXISTS (SELECT 1 FROM auth u WHERE u.\"user\" = a.actor)",
    "SELECT count(*) FROM access a WHERE EXISTS (SELECT 1 FROM auth u WHERE u.\"user\" = a.actor AND a.actor = '@16')",
    // One person in several columns.
    "SELECT count(*) FROM access a JOIN auth u ON a.actor = u.\"user\"",
    "SELECT count(*) FROM (SELECT unnest(subjects)['id'] AS who FROM access) s JOIN auth u ON s.who = u.\"user\"",
    "SELECT count(*) FROM (SELECT unnest(subjects)['id'] AS actor, line, file FROM access) s JOIN access USING (actor, line, file)",
    "SELECT count(DISTINCT actor) FROM (SELECT actor FROM access UNION ALL SELECT \"user\" FROM auth)",
    "SELECT count(*) FROM (SELECT actor FROM access UNION SELECT \"user\" FROM auth)",
    "SELECT count(*) FROM auth WHERE actor = \"user\" OR actor IS DISTINCT FROM \"user\"",
    // Groups, counts and places in order.
    "SELECT count(*), count(actor), count(DISTINCT subject), count(DISTINCT query) FROM access",
    "SELECT n, count(*) FROM (SELECT subject, count(*) AS n FROM access GROUP BY subject) GROUP BY n ORDER BY n",
    "SELECT count(*) FROM (SELECT actor, subject FROM access GROUP BY ROLLUP (actor, subject) HAVING grouping(actor) = 0)",
    "SELECT count(*) FROM (SELECT DISTINCT coalesce(subject, '-') FROM access)",
    "SELECT count(*) FROM (SELECT coalesce(actor, '-') AS who FROM access GROUP BY 1) WHERE who = '@10'",
    "SELECT count(*) FROM (SELECT actor, max(time) AS t FROM access GROUP BY actor HAVING actor = '@10')",
    "SELECT count(*) FROM (SELECT lag(actor) OVER (ORDER BY line, file) AS w FROM access) WHERE w = '@10'",
    "SELECT count(*) FROM (SELECT first_value(actor) OVER (PARTITION BY subject ORDER BY line, file) AS w FROM access) WHERE w = '@10'",
    "SELECT count(*) FROM (SELECT src_ip, array_agg(actor) AS w FROM access GROUP BY 1) WHERE array_has(w, '@10')",
    "SELECT count(*) FROM (SELECT first_value(actor ORDER BY line) AS w FROM access GROUP BY src_ip) WHERE w = '@10'",
    "WITH own AS (SELECT actor AS who, subject AS whom FROM access) SELECT count(*) FROM own x JOIN own y ON x.who = y.who WHERE y.whom = 'member:@10'",
    "SELECT count(*) FROM access WHERE (SELECT count(*) FROM auth WHERE \"user\" = '@16') > 0",
    "SELECT count(*) FROM access WHERE cardinality(subjects) > 0",
    "SELECT count(*) FROM digest WHERE actor = '@10'",
    "SELECT count(*) FROM information_schema.columns WHERE table_name = 'digest'",
];

/// Queries of which it must be said that they may be wrong.
const TOLD: &[&str] = &[
    "SELECT count(*) FROM access WHERE actor LIKE '@1%'",
    "SELECT count(*) FROM access WHERE actor ~ '@1'",
    "SELECT count(*) FROM access WHERE actor || '' = '@10'",
    "SELECT count(*) FROM access WHERE upper(actor) = upper('@10')",
    "SELECT count(*) FROM access WHERE length(actor) = 14",
    "SELECT count(*) FROM access WHERE actor BETWEEN '@10' AND '@12'",
    "SELECT count(*) FROM access WHERE actor > '@12'",
    "SELECT count(*) FROM access WHERE actor = concat('@', '10')",
    "SELECT count(*) FROM access WHERE greatest(actor, '@15') = '@15'",
    "SELECT count(*) FROM access WHERE hash(actor) = hash('@10')",
    "SELECT CAST(array_agg(actor) AS VARCHAR) LIKE '%@10%' FROM access",
    "SELECT count(*) FROM access WHERE actor = ANY (SELECT w || '' FROM (VALUES ('@10')) v(w))",
    "SELECT count(*) FROM access WHERE array_has(make_array('@10'), actor)",
    "SELECT count(*) FROM access WHERE named_struct('w', actor)['w'] = '@10'",
    "SELECT min(actor) = '@10' FROM access",
    "SELECT string_agg(actor, ',') LIKE '%@10%' FROM access",
    "SELECT count(*) FROM (SELECT src_ip, string_agg(actor, ',') AS w FROM access GROUP BY 1) WHERE w = '@10'",
    "SELECT count(*) FROM (SELECT array_agg(line ORDER BY actor)[1] AS w FROM access) WHERE w = 1",
    "SELECT count(*) FROM (SELECT row_number() OVER (ORDER BY actor) AS n, line FROM access) WHERE n = line",
    "SELECT sum(line) FROM (SELECT line FROM access ORDER BY actor, line LIMIT 3)",
    "SELECT line FROM access ORDER BY actor, line LIMIT 1",
    "SELECT DISTINCT ON (src_ip) line FROM access ORDER BY src_ip, actor",
    "SELECT count(DISTINCT path) FROM access",
    "SELECT count(*) FROM (SELECT DISTINCT path FROM access)",
    "SELECT path, count(*) FROM access GROUP BY path",
    "SELECT count(*) OVER (PARTITION BY path) FROM access",
    "SELECT count(*) FROM access a JOIN access b USING (path)",
    "SELECT count(*) FROM access WHERE referrer = 'https://x.example/?for=@10'",
    "SELECT count(*) FROM access WHERE actor = hostname",
    "SELECT count(*) FROM access a JOIN host h ON a.actor = h.hostname",
    "SELECT count(*) FROM access a JOIN (SELECT path AS actor FROM files) f USING (actor)",
    "SELECT count(*) FROM (SELECT actor FROM access INTERSECT SELECT path FROM files)",
    "SELECT count(*) FROM (SELECT actor FROM access EXCEPT SELECT hostname FROM auth)",
    "SELECT count(*) FROM (SELECT actor FROM access UNION SELECT hostname FROM auth)",
    "SELECT count(*) FROM (SELECT coalesce(actor, hostname) AS w FROM access GROUP BY 1)",
    "SELECT count(*) FROM access WHERE subject = actor",
    "SELECT count(*) FROM access WHERE actor IN (SELECT path FROM files)",
    "SELECT count(*) FROM auth WHERE hostname IN (SELECT actor FROM access)",
    "SELECT count(*) FROM auth WHERE actor = (SELECT min(path) FROM files)",
    "SELECT count(*) FROM access WHERE 'x' IN (hostname, actor || 'x')",
    "SELECT count(*) FROM rollup r JOIN access a ON r.entity = a.src_ip",
    "SELECT count(DISTINCT entity) FROM rollup",
    "SELECT count(text) FROM rejects",
    "SELECT count(*) FROM rejects WHERE text IS NULL",
    "WITH RECURSIVE r(w, n) AS (SELECT first_value(actor), 0 FROM access UNION ALL SELECT w, n + 1 FROM r WHERE w <> '@10' AND n < 3) SELECT count(*) FROM r",
    "WITH RECURSIVE r(w, n) AS (SELECT actor, 0 FROM access UNION ALL SELECT w, n + 1 FROM r WHERE n < 2) SELECT count(*) FROM r WHERE w = '@10'",
    "WITH RECURSIVE r(w, n) AS (SELECT '@10', 0 UNION ALL SELECT a.actor, n + 1 FROM r JOIN access a ON a.actor = r.w WHERE n < 1) SELECT count(*) FROM r",
    "SELECT count(*) FROM access a, LATERAL (SELECT 1 FROM files f WHERE f.path = a.actor) x",
];

fn by_name(query: &str) -> String {
    query.replace('@', "secretperson").replace("secretpersonx.example", "@x.example")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_without_a_word_is_what_people_by_name_would_answer() {
    let world = World::new().await;
    let mut wrong = Vec::new();
    for query in RIGHT.iter().map(|query| by_name(query)) {
        let (masked, named, told) = world.both(&query).await;
        if told || masked != named {
            wrong.push(format!("{query}\ntold: {told}\n{masked}\n{named}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_another_answer_is_said_to_be() {
    let world = World::new().await;
    let mut silent = Vec::new();
    for query in TOLD.iter().map(|query| by_name(query)) {
        if world.asked(&query, false).await.1.is_empty() {
            silent.push(query);
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}
