//! From readers that stand out to findings: how grave, and in words a reviewer can check.

use super::judge::{Judged, Past};
use super::screen::Census;
use super::{EACH_THING, Names, Readers, SHOWS};
use crate::detectors::reach::mixed::Clients;
use crate::grid::words;
use crate::hand::{Reader, together};
use crate::rhythm::{Rhythm, rhythms};
use crate::tenure::at_work;
use crate::{Context, DetectError, Draft, Memo};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::rows;
use weir_model::words::{count, whole};
use weir_model::{Entity, Finding, Micros, Severity, Table};
use weir_stats::Budget;

/// Routes that a title names.
const ROUTES_TOLD: usize = 3;

/// What a reader's records say of it beside how many things they show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Look {
    /// Nothing that explains it.
    Plain,
    /// At an address: so many clients as the people of so many things would bring.
    Shared,
    /// It keeps office hours.
    Office,
    /// It is named, and keeps no hours.
    AllHours,
}

/// A reader to be told of.
struct Told {
    judged: Judged,
    look: Look,
    /// Its clients, and those that so many people would bring.
    clients: [f64; 2],
    seen: (Micros, Micros),
    routes: BTreeSet<String>,
}

impl Reader for Told {
    fn name(&self) -> &str {
        &self.judged.entity
    }
    fn seen(&self) -> (Micros, Micros) {
        self.seen
    }
    fn datasets(&self) -> &BTreeSet<String> {
        &self.routes
    }
}

impl Told {
    /// How grave it is; nothing if it is what such readers are for.
    fn severity(&self, readers: &Readers) -> Option<Severity> {
        let named = readers.are_named();
        Some(match (self.judged.past, self.look) {
            (Past::Standing, _) if named => return None,
            (Past::Standing, Look::Shared) => return None,
            // A desk, or a hand that was there before the log: nothing tells.
            (Past::Standing, _) => Severity::Low,
            (Past::Came, Look::AllHours) => Severity::High,
            (Past::Came, _) if named => Severity::Medium,
            (_, Look::Shared) | (Past::Came, Look::Office) => Severity::Medium,
            (Past::Came | Past::Surge, _) => Severity::High,
        })
    }
}

/// The findings of one kind of readers, in a log that so names who asks.
pub(super) async fn findings(
    context: &Context<'_>,
    readers: &Readers,
    census: &Census,
    judged: Vec<Judged>,
    names: Names,
) -> Result<Vec<Finding>, DetectError> {
    let mut findings = Vec::new();
    if !judged.iter().any(|judged| judged.alone) {
        return Ok(findings);
    }
    let whose = at_work(readers.column, judged.iter().map(|j| (j.entity.as_str(), &j.within)));
    let near = context.session.narrowed(&[(Table::Access, whose.clone())]).await?;
    let (whole, memo) = (context, Memo::default());
    let context = &Context { session: &near, memo: &memo, ..*context };
    let condition = format!("{whose} AND {SHOWS} AND {} AND {{span}}", readers.which);
    let clients = if readers.are_named() { None } else { Some(Clients::of(whole).await?) };
    let hours = rhythms(context, readers.column, &condition).await?;
    let query = format!(
        "SELECT {} AS entity, min(time) AS first, max(time) AS last, array_agg(DISTINCT route) AS routes, \
         count(DISTINCT thing) AS things, count(DISTINCT user_agent) AS clients FROM access WHERE {condition} GROUP BY 1",
        readers.column
    );
    let answer = context.sql(&query).await?;
    let mut by_name: BTreeMap<String, Judged> = judged.into_iter().map(|j| (j.entity.clone(), j)).collect();
    let mut all: BTreeMap<(Severity, Past, Look), Vec<Told>> = BTreeMap::new();
    let mut beside = Vec::new();
    for row in rows(&answer) {
        let Some(judged) = row.text("entity").and_then(|entity| by_name.remove(entity)) else { continue };
        let (Some(first), Some(last)) = (row.time("first"), row.time("last")) else { continue };
        // Whoever has some things is one person.
        let people = row.count("things") as f64 / census.each;
        let own = row.count("clients") as f64;
        let expected = clients.as_ref().map_or(0.0, |clients| clients.expected(people));
        let shared = clients.as_ref().is_some_and(|clients| clients.are_as_many(own, people));
        let look = match hours.get(&judged.entity) {
            _ if shared => Look::Shared,
            Some((Rhythm::Office, _)) => Look::Office,
            Some((Rhythm::AllHours(_), _)) if readers.are_named() => Look::AllHours,
            _ => Look::Plain,
        };
        let routes = row.texts("routes").into_iter().collect();
        let told = Told { judged, look, clients: [own, expected], seen: (first, last), routes };
        let Some(severity) = told.severity(readers) else { continue };
        match told.judged.alone {
            true => all.entry((severity, told.judged.past, look)).or_default().push(told),
            // Beside a hand stands who would be as grave.
            false if severity == Severity::High => beside.push(told),
            false => {}
        }
    }
    // Those beside stand beside the gravest.
    if let Some(gravest) = all.keys().max_by_key(|(severity, ..)| *severity).copied()
        && gravest.0 == Severity::High
    {
        all.entry(gravest).or_default().append(&mut beside);
    }
    for ((severity, past, look), told) in all {
        for group in together(told).into_iter().filter(|group| group.iter().any(|one| one.judged.alone)) {
            findings.extend(finding(context, readers, (severity, past, look), &group, names).await?);
        }
    }
    Ok(findings)
}

async fn finding(
    context: &Context<'_>,
    readers: &Readers,
    (severity, past, look): (Severity, Past, Look),
    group: &[Told],
    names: Names,
) -> Result<Option<Finding>, DetectError> {
    let alone = group.iter().filter(|one| one.judged.alone);
    let first = alone.min_by(|a, b| {
        (a.judged.day, a.judged.p)
            .partial_cmp(&(b.judged.day, b.judged.p))
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    let (Some(head), Some(top)) = (group.first(), first) else { return Ok(None) };
    let whose =
        at_work(readers.column, group.iter().map(|one| (one.judged.entity.as_str(), &one.judged.within)));
    let condition = format!("{whose} AND {SHOWS} AND {} AND {{span}}", readers.which);
    let Some(evidence) = context.cite("access", &condition).await? else { return Ok(None) };
    let sums = sums(context, &condition).await?;
    let last = group.iter().map(|one| one.seen.1).max().unwrap_or(head.seen.1);
    let entity = |one: &Told| Entity::new(readers.kind, &one.judged.entity);
    let mut draft = Draft::new("unnamed", severity, entity(head), (head.seen.0, last)).raised(
        Micros::of_day(top.judged.surge.map_or(top.judged.day, |surge| surge.day.max(top.judged.day)) + 1),
    );
    draft.identity.push(format!("{past:?}").to_lowercase());
    let who = match group {
        [one] => format!("{} {}", readers.kind, one.name()),
        many => format!("{} {}", count(many.len() as u64), readers.kind.plural()),
    };
    let routes: BTreeSet<&str> = group.iter().flat_map(|one| one.routes.iter().map(String::as_str)).collect();
    let more = if routes.len() > ROUTES_TOLD { ", ..." } else { "" };
    let routes = routes.into_iter().take(ROUTES_TOLD).collect::<Vec<_>>().join(", ");
    let things = sums.get("things").copied().unwrap_or(0.0);
    draft.title = format!(
        "{who} read {} things of people whom no record names ({routes}{more}){}{}",
        whole(things),
        if !readers.are_named() && names == Names::Judged {
            " without a credential or a named actor"
        } else {
            ""
        },
        match past {
            Past::Came => "",
            Past::Surge => ", far beyond its own past",
            Past::Standing => ", and did so when the log began",
        }
    );
    draft.explanation = explain(readers, look, top, group.len());
    let beside = group.iter().filter(|one| !one.judged.alone).count();
    if beside > 0 {
        draft.explanation.push_str(&format!(
            " {beside} of them would not have fired alone: they too lie beyond what the peers foretell (less than 0.01 entities), over the same data and time."
        ));
    }
    (draft.p_value, draft.threshold) = (Some(top.judged.p), Some(top.judged.threshold));
    draft.attack = vec!["T1119".to_owned(), "T1213".to_owned(), "T1030".to_owned()];
    if sums.get("days").is_some_and(|days| *days >= 2.0) {
        draft.attack.push("T1020".to_owned());
    }
    if sums.get("things_of_nobody_known").is_some_and(|things| *things > 0.0) {
        draft.limits.push("each is one person's, and how many people they are is not known: a `[[link]]` in weir.toml that says whose each is would tell".to_owned());
    }
    if names == Names::None {
        draft.limits.push("the log names neither credentials nor actors, so many people behind one address look like one reader".to_owned());
    }
    if past == Past::Standing {
        draft.limits.push("it was under way when the log began; what it read before is unknown".to_owned());
    }
    let mut draft = draft.because(group.iter().map(|one| (entity(one), reason(&one.judged))));
    for (name, value) in sums {
        draft = draft.measure(&name, value, None);
    }
    let draft = draft
        .measure("members", group.len() as f64, None)
        .measure("peers", top.judged.peers as f64, None)
        .measure("largest_peer_in_window", top.judged.largest_peer, None)
        .measure("things_in_window", top.judged.things, Some(top.judged.expected));
    Ok(Some(draft.finish(evidence, context.snapshot.versions())))
}

/// Sums over a finding's records.
async fn sums(context: &Context<'_>, condition: &str) -> Result<BTreeMap<String, f64>, DetectError> {
    const NAMES: [&str; 6] = ["records", "origins", "clients", "credentials", "days", "bytes"];
    const THINGS: [&str; 2] = ["things", "things_of_nobody_known"];
    let query = format!(
        "SELECT count(*) AS records, count(DISTINCT src_ip) AS origins, count(DISTINCT user_agent) AS clients, count(DISTINCT credential) AS credentials, \
         count(DISTINCT day) AS days, sum(CAST(bytes_out AS DECIMAL(20, 0))) AS bytes FROM access WHERE {condition}"
    );
    let things = format!(
        "SELECT count(DISTINCT thing) AS things, count(DISTINCT CASE WHEN subject IS NULL THEN thing END) AS things_of_nobody_known FROM \
         (SELECT subject, {EACH_THING} AS thing FROM access WHERE {condition})"
    );
    let mut sums = BTreeMap::new();
    for (query, names) in [(query, &NAMES[..]), (things, &THINGS[..])] {
        for row in rows(&context.sql(&query).await?) {
            sums.extend(names.iter().map(|name| ((*name).to_owned(), row.count(name) as f64)));
        }
    }
    Ok(sums)
}

/// Why one reader belongs.
fn reason(told: &Judged) -> String {
    format!(
        "over {}, by {}, it was shown {} of them; chance {:.1e}{}",
        words(told.window),
        day(told.day),
        whole(told.things),
        told.p,
        if told.alone { "" } else { ", not enough to be found alone" }
    )
}

/// The model in words, for the first that fired.
fn explain(readers: &Readers, look: Look, top: &Told, members: usize) -> String {
    let Told { judged, clients: [own, expected], .. } = top;
    let else_ = match look {
        Look::Shared => format!(
            " It reads with {} different clients, and so many people with one each would bring {}: an address that many people share looks so too, and a \
             credential or a name in the log would tell.",
            whole(*own),
            whole(*expected)
        ),
        Look::Office => " It keeps office hours, as a desk does.".to_owned(),
        Look::AllHours => " It reads at all hours, as no desk does.".to_owned(),
        Look::Plain => String::new(),
    };
    format!(
        "First of {members} to be clear: over {}, by {}, {} {} was shown {} things of one person each. {} peers of this kind seen by then (those who were shown \
         none included) are fitted by a Pareto tail: one more of them would reach this with chance {:.1e}. So many tests at such a chance give {:.1e} false \
         alarms a day; the budget let {:.1e} through.{}{else_}",
        words(judged.window),
        day(judged.day),
        readers.kind,
        judged.entity,
        whole(judged.things),
        count(judged.peers),
        judged.p,
        Budget::expected_per_day(judged.p, judged.peers),
        judged.threshold,
        judged.surge.map_or(String::new(), |surge| format!(
            " On {} alone it was shown {} of them, and {} at most on a day before.",
            day(surge.day),
            whole(surge.things),
            whole(surge.most)
        ))
    )
}

/// A day, in words.
fn day(day: i32) -> String {
    Micros::of_day(day).to_string().get(..10).unwrap_or_default().to_owned()
}
