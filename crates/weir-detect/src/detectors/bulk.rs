//! `bulk`: a login takes more rows out of a database than it does, in one statement or over a week.
//!
//! Decisive choice: the unit is a login's day, not a statement. Statements of one day are one errand, and a login's days are what can be
//! compared with each other; a statement unknown from its usual days is looked at by itself.

use crate::{Context, DetectError, Detector, Draft, Info};
use futures::future::{BoxFuture, FutureExt};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::{quote, quote_all, rows};
use weir_model::words::whole;
use weir_model::{Entity, EntityKind, Finding, Micros, Severity};
use weir_stats::{Baseline, Peers};

/// Sees bulk reads by those who do not read in bulk.
#[derive(Clone, Copy, Debug)]
pub struct Bulk;

static INFO: Info = Info {
    name: "bulk",
    summary: "more rows taken from a database than the login takes, in one statement, by a new statement, or over a week",
    manual: include_str!("bulk/manual.md"),
    attack: &["T1078", "T1213"],
    records_only: true,
    budget_share: 0.1,
};

impl Detector for Bulk {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn run<'a>(&'a self, context: &'a Context<'a>) -> BoxFuture<'a, Result<Vec<Finding>, DetectError>> {
        find(context).boxed()
    }
}

/// Days with reads that a login must have before a day of its can stand out.
const PAST_MIN: usize = 7;
/// Days with reads up to which a login is seen beside those who run much the same statements: of all statements that either ran, this share. So many
/// days of theirs tell.
const YOUNG_DAYS: usize = 28;
const ALIKE_MIN: f64 = 0.5;
const PEER_DAYS_MIN: usize = crate::HISTORY_DAYS_MIN as usize;
/// Days of a week.
const WEEK: i32 = 7;
/// How many times the most of its past a day must be, whatever its chance: analysts' extracts have heavier tails than any model.
const TIMES_MIN: f64 = 2.0;
/// A day beyond all before it with a chance up to this is not learned from.
const HELD_P: f64 = 0.01;
/// Weeks that a week is compared with.
const WEEKS_MIN: usize = 4;
/// Other logins that run a statement by the same day, from which on it is nobody's own.
const RELEASE_MIN: usize = 2;
/// Ways to stand out: one statement, new statements, a week.
const FAMILIES: usize = 3;
/// Statements named in a finding.
const SHOWN_MAX: usize = 5;

/// Reads of what holds people's data, each record of a statement once: pgaudit writes the statement's rows beside each of its tables.
const QUERY: &str = "SELECT actor, day, \"query\", min(at) AS first, max(at) AS last, max(n) AS top, sum(CAST(n AS DECIMAL(20, 0))) AS total, \
    count(*) AS statements, array_agg(DISTINCT origin) AS origins, array_agg(DISTINCT whole) AS wholes FROM \
    (SELECT actor, day, \"query\", min(time) AS at, max(rows_out) AS n, max(src_ip) AS origin, \
     max(CASE WHEN \"query\" LIKE '% where %' OR \"query\" LIKE '% limit %' THEN NULL ELSE resource END) AS whole \
     FROM access WHERE service = 'postgresql' AND activity = 'read' AND status_id = 1 AND actor IS NOT NULL AND \"query\" IS NOT NULL \
     AND {personal} AND {span} GROUP BY actor, day, \"query\", request) GROUP BY actor, day, \"query\" ORDER BY actor, day, \"query\"";

/// The days on which each login did anything at all, and from where.
const ACTIVE: &str = "SELECT actor, day, array_agg(DISTINCT src_ip) AS origins FROM access \
    WHERE service = 'postgresql' AND actor IS NOT NULL AND {span} GROUP BY actor, day";

/// Days on which a login did something and read nobody's data, with where it came from.
type Idle = BTreeMap<i32, BTreeSet<String>>;

/// What one statement returned on one day.
#[derive(Clone, Debug)]
struct Ran {
    statement: String,
    first: Micros,
    last: Micros,
    /// Rows of its largest run; `None` where the log does not say.
    top: Option<f64>,
    total: f64,
    origins: BTreeSet<String>,
    /// Tables it read without a condition.
    whole: BTreeSet<String>,
}

/// A login's days, ascending.
type Days = BTreeMap<i32, Vec<Ran>>;

async fn find(context: &Context<'_>) -> Result<Vec<Finding>, DetectError> {
    let told = context.config.datasets.iter().any(|dataset| !dataset.tables.is_empty());
    let personal = if told {
        "dataset IS NOT NULL"
    } else {
        "resource IS NOT NULL AND resource NOT LIKE 'pg\\_%' AND resource NOT LIKE 'information\\_schema.%'"
    };
    let answer = context.sql(&QUERY.replace("{personal}", personal)).await?;
    let mut logins: BTreeMap<String, Days> = BTreeMap::new();
    for row in rows(&answer) {
        let (Some(actor), Some(statement)) = (row.text("actor"), row.text("query")) else { continue };
        let (Some(first), Some(last)) = (row.time("first"), row.time("last")) else { continue };
        let ran = Ran {
            statement: statement.to_owned(),
            first,
            last,
            top: row.float("top"),
            total: row.float("total").unwrap_or(0.0),
            origins: row.texts("origins").into_iter().collect(),
            whole: row.texts("wholes").into_iter().collect(),
        };
        logins.entry(actor.to_owned()).or_default().entry(first.day()).or_default().push(ran);
    }
    let mut idle: BTreeMap<String, Idle> = BTreeMap::new();
    for row in rows(&context.sql(ACTIVE).await?) {
        let (Some(actor), Some(day)) = (row.text("actor"), row.int("day")) else { continue };
        let day = i32::try_from(day).unwrap_or(0);
        if logins.get(actor).is_some_and(|days| !days.contains_key(&day)) {
            idle.entry(actor.to_owned()).or_default().insert(day, row.texts("origins").into_iter().collect());
        }
    }
    let tests: u64 = logins.values().map(|days| days.len() as u64).sum();
    let span = days_of(&logins);
    let daily = (tests as f64 / span.max(1.0)).ceil().max(1.0) as u64;
    let threshold = context.threshold(FAMILIES, daily);
    let habits = habits(&logins);
    let mut findings = Vec::new();
    let nothing = Idle::new();
    for (login, days) in &logins {
        let around = Around { habits: &habits, logins: &logins, idle: idle.get(login).unwrap_or(&nothing) };
        let odd = judge(login, days, threshold, &around);
        if !odd.is_empty() {
            findings.extend(tell(context, login, days, &odd, threshold).await?);
        }
    }
    Ok(findings)
}

/// Days from the first read to the last.
fn days_of(logins: &BTreeMap<String, Days>) -> f64 {
    let first = logins.values().filter_map(|days| days.keys().next()).min();
    let last = logins.values().filter_map(|days| days.keys().next_back()).max();
    first.zip(last).map_or(0.0, |(first, last)| f64::from(last - first + 1))
}

/// By statement, the days on which each login ran it.
type Habits<'a> = BTreeMap<&'a str, BTreeMap<&'a str, BTreeSet<i32>>>;

fn habits(logins: &BTreeMap<String, Days>) -> Habits<'_> {
    let mut habits = Habits::new();
    for (login, days) in logins {
        for (day, all) in days {
            for ran in all {
                let of = habits.entry(ran.statement.as_str()).or_default();
                of.entry(login.as_str()).or_default().insert(*day);
            }
        }
    }
    habits
}

/// What a login's days are seen beside.
struct Around<'a> {
    habits: &'a Habits<'a>,
    logins: &'a BTreeMap<String, Days>,
    /// Days on which it did something and read nobody's data.
    idle: &'a Idle,
}

impl Around<'_> {
    /// The largest statement of each earlier day of the logins that run much the same statements as this one.
    fn peers(&self, login: &str, day: i32, known: &BTreeSet<String>) -> Vec<f64> {
        let alike = |days: &Days| {
            let theirs: BTreeSet<&str> =
                days.range(..day).flat_map(|(_, all)| all).map(|ran| ran.statement.as_str()).collect();
            let shared = theirs.iter().filter(|statement| known.contains(**statement)).count();
            let all = theirs.len() + known.len() - shared;
            shared > 0 && shared as f64 >= ALIKE_MIN * all as f64
        };
        let others = self.logins.iter().filter(|(name, days)| name.as_str() != login && alike(days));
        others.flat_map(|(_, days)| days.range(..day).map(|(_, all)| top(all))).collect()
    }
}

/// Why a day stands out.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Why {
    /// One statement returned this many rows.
    Statement { rows: f64, p: f64 },
    /// A statement that the login ran on none of its usual days before returned this many rows. It may have run it on days that stood out.
    New { rows: f64, p: f64 },
    /// The seven days that end with this one returned this many rows.
    Week { rows: f64, p: f64 },
    /// A statement that the login ran on none of its usual days before read a table whole that none of them had read whole; its rows are not logged.
    /// Whether it came from where the login was on none of them.
    Whole { astray: bool },
}

/// A day that stands out.
#[derive(Clone, Debug)]
struct Odd {
    day: i32,
    /// The day by which that was clear.
    by: i32,
    why: Why,
    /// Its statements, those with most rows first.
    statements: Vec<usize>,
    /// Whether others run the same statement as a matter of course.
    usual_for_others: bool,
}

/// What a login's days before make of one more.
#[derive(Default)]
struct Past {
    known: BTreeSet<String>,
    wholes: BTreeSet<String>,
    origins: BTreeSet<String>,
    tops: Vec<f64>,
    news: Vec<f64>,
    totals: BTreeMap<i32, f64>,
}

impl Past {
    fn learn(&mut self, day: i32, all: &[Ran], new: f64) {
        // At first every statement is new.
        if self.tops.len() >= PAST_MIN {
            self.news.push(new);
        }
        self.tops.push(top(all));
        self.totals.insert(day, all.iter().map(|ran| ran.total).sum());
        self.known.extend(all.iter().map(|ran| ran.statement.clone()));
        self.origins.extend(all.iter().flat_map(|ran| ran.origins.iter().cloned()));
        self.wholes.extend(all.iter().flat_map(|ran| ran.whole.iter().cloned()));
    }

    /// The least likely way in which a day is far beyond those before, if it is.
    fn beyond(&self, login: &str, day: i32, all: &[Ran], new: f64, around: &Around<'_>) -> Option<Why> {
        let mut tops = self.tops.clone();
        if tops.len() < PAST_MIN {
            // Who seldom reads people's data has days on which it read none.
            tops.extend(around.idle.range(..day).map(|_| 0.0));
        }
        if tops.len() < PAST_MIN {
            return None;
        }
        let top = top(all);
        let (week, before) = weeks(&self.totals, day, all.iter().map(|ran| ran.total).sum());
        let far = |rows: f64, past: &[f64], least: usize| {
            past.len() >= least && rows >= TIMES_MIN * past.iter().copied().fold(0.0, f64::max) && rows > 0.0
        };
        let news = far(new, &self.news, PAST_MIN).then(|| Why::New { rows: new, p: chance(&self.news, new) });
        let statement = far(top, &tops, PAST_MIN).then(|| {
            let (own, young) = (chance(&tops, top), self.tops.len() < YOUNG_DAYS);
            // A past of days says little; those who do the same work have had more of them.
            let peers = if young { around.peers(login, day, &self.known) } else { Vec::new() };
            let p = if far(top, &peers, PEER_DAYS_MIN) { 2.0 * own.min(chance(&peers, top)) } else { own };
            Why::Statement { rows: top, p: p.min(1.0) }
        });
        let weekly =
            far(week, &before, WEEKS_MIN).then(|| Why::Week { rows: week, p: chance(&before, week) });
        let all = [news, statement, weekly].into_iter().flatten();
        all.min_by(|a, b| a.p().total_cmp(&b.p()))
    }

    fn whole(&self, day: i32, all: &[Ran], is_new: impl Fn(&Ran) -> bool, idle: &Idle) -> Option<Why> {
        let unread = |ran: &Ran| ran.whole.iter().any(|table| !self.wholes.contains(table));
        let found = all.iter().find(|ran| ran.top.is_none() && is_new(ran) && unread(ran))?;
        let before = idle.range(..day);
        let known = self.tops.len() + before.clone().count() >= PAST_MIN;
        let strange = |origin: &String| {
            !self.origins.contains(origin) && before.clone().all(|(_, origins)| !origins.contains(origin))
        };
        let astray = !found.origins.is_empty() && found.origins.iter().all(strange);
        known.then_some(Why::Whole { astray })
    }

    /// The statements of a day that make it stand out, those with most rows first.
    fn statements(&self, why: Why, all: &[Ran], is_new: impl Fn(&Ran) -> bool) -> Vec<usize> {
        let most = self.tops.iter().copied().fold(0.0, f64::max);
        let wanted = |ran: &Ran| match why {
            Why::New { .. } => is_new(ran),
            Why::Whole { .. } => is_new(ran) && ran.top.is_none(),
            Why::Statement { .. } => ran.top.is_some_and(|top| top > most),
            Why::Week { .. } => true,
        };
        let mut places: Vec<usize> = (0..all.len()).filter(|at| all.get(*at).is_some_and(wanted)).collect();
        let size = |at: &usize| all.get(*at).and_then(|ran| ran.top).unwrap_or(f64::INFINITY);
        places.sort_by(|a, b| size(b).total_cmp(&size(a)).then(a.cmp(b)));
        places
    }
}

fn top(all: &[Ran]) -> f64 {
    all.iter().filter_map(|ran| ran.top).fold(0.0, f64::max)
}

/// The days of a login that stand out from those before. What stood out is not learned from, nor is what nearly did: it is held back,
/// and looked at again when a later day stands out.
fn judge(login: &str, days: &Days, threshold: f64, around: &Around<'_>) -> Vec<Odd> {
    let others = |ran: &Ran, day: i32, least: usize| {
        let runs = around.habits.get(ran.statement.as_str()).into_iter().flatten();
        runs.filter(|(who, on)| **who != login && on.range(..=day).count() >= least).count()
    };
    let (mut odd, mut held): (Vec<Odd>, Vec<i32>) = Default::default();
    let mut past = Past::default();
    for (day, all) in days {
        let tested = |past: &Past, day: i32, all: &[Ran]| {
            // What several logins begin to run is a release, not an errand.
            let is_new =
                |ran: &Ran| !past.known.contains(&ran.statement) && others(ran, day, 1) < RELEASE_MIN;
            let new = all.iter().filter(|ran| is_new(ran)).filter_map(|ran| ran.top).fold(0.0, f64::max);
            let far = past.beyond(login, day, all, new, around);
            let fires =
                far.filter(|why| why.p() <= threshold).or_else(|| past.whole(day, all, is_new, around.idle));
            let statements = fires.map(|why| past.statements(why, all, is_new)).unwrap_or_default();
            let usual = statements.first().and_then(|at| all.get(*at));
            let usual_for_others =
                usual.is_some_and(|ran| others(ran, day, PAST_MIN) > 0 || others(ran, day, 1) >= RELEASE_MIN);
            (fires, far, new, statements, usual_for_others)
        };
        let (fires, far, new, statements, usual_for_others) = tested(&past, *day, all);
        if let Some(why) = fires {
            odd.push(Odd { day: *day, by: *day, why, statements, usual_for_others });
            held.retain(|earlier| {
                let Some(all) = days.get(earlier) else { return false };
                let (Some(why), .., statements, usual_for_others) = tested(&past, *earlier, all) else {
                    return true;
                };
                odd.push(Odd { day: *earlier, by: *day, why, statements, usual_for_others });
                false
            });
        } else if far.is_some_and(|why| why.p() <= HELD_P) {
            held.push(*day);
        } else {
            past.learn(*day, all, new);
        }
    }
    odd.sort_by_key(|odd| odd.day);
    odd
}

/// The chance of a value this large or larger after those of the past; from the day on which a tail can be fitted to them, under that
/// tail as well, since some logins' extracts are Pareto.
fn chance(past: &[f64], value: f64) -> f64 {
    let mut all = Peers::new();
    past.iter().for_each(|rows| all.insert(*rows));
    let tail = all.fit();
    let under_tail = if tail.tail().is_some() { tail.upper_p(value).p } else { 0.0 };
    Baseline::fit(past).upper_p(value).max(under_tail)
}

impl Why {
    fn p(self) -> f64 {
        match self {
            Self::Statement { p, .. } | Self::New { p, .. } | Self::Week { p, .. } => p,
            Self::Whole { .. } => 1.0,
        }
    }

    fn say(self) -> String {
        match self {
            Self::Statement { rows, .. } => format!("one statement returned {} rows", whole(rows)),
            Self::New { rows, .. } => {
                format!("a statement unknown from its usual days before returned {} rows", whole(rows))
            }
            Self::Week { rows, .. } => format!("seven days returned {} rows", whole(rows)),
            Self::Whole { astray } => {
                let from = if astray { ", from where it was on none of them" } else { "" };
                format!("a statement unknown from its usual days before read a whole table{from}")
            }
        }
    }
}

/// The rows of the seven days that end with `day`, and of each seven days before them.
fn weeks(totals: &BTreeMap<i32, f64>, day: i32, today: f64) -> (f64, Vec<f64>) {
    let sum = |last: i32| totals.range(last - WEEK + 1..=last).map(|(_, rows)| rows).sum::<f64>();
    let Some(first) = totals.keys().next() else { return (today, Vec::new()) };
    let whole = (day - first) / WEEK;
    (sum(day) + today, (1..=whole).map(|back| sum(day - back * WEEK)).collect())
}

async fn tell(
    context: &Context<'_>,
    login: &str,
    days: &Days,
    odd: &[Odd],
    threshold: f64,
) -> Result<Option<Finding>, DetectError> {
    let ran = |odd: &Odd| -> Vec<&Ran> {
        let all = days.get(&odd.day).map(Vec::as_slice).unwrap_or_default();
        odd.statements.iter().filter_map(|at| all.get(*at)).collect()
    };
    let all: Vec<&Ran> = odd.iter().flat_map(ran).collect();
    let (Some(first), Some(last)) = (all.iter().map(|r| r.first).min(), all.iter().map(|r| r.last).max())
    else {
        return Ok(None);
    };
    let statements: BTreeSet<&str> = all.iter().map(|ran| ran.statement.as_str()).collect();
    let on: BTreeSet<String> = odd
        .iter()
        .map(|odd| Micros(i64::from(odd.day) * weir_model::time::DAY_US))
        .map(|at| format!("date '{}'", at.to_string().get(..10).unwrap_or_default()))
        .collect();
    let condition = format!(
        "actor = {} AND activity = 'read' AND \"query\" IN {} AND day IN ({}) AND {{span}}",
        quote(login),
        quote_all(statements.iter().copied()),
        on.iter().cloned().collect::<Vec<_>>().join(", ")
    );
    let Some(evidence) = context.cite("access", &condition).await? else { return Ok(None) };
    let p = odd.iter().map(|odd| odd.why.p()).fold(1.0, f64::min);
    let usual = odd.iter().all(|odd| odd.usual_for_others);
    let astray = odd.iter().any(|odd| odd.why == Why::Whole { astray: true });
    let severity = if (p <= threshold || astray) && !usual { Severity::High } else { Severity::Medium };
    let mut draft = Draft::new("bulk", severity, Entity::new(EntityKind::Actor, login), (first, last));
    draft.identity.push(first.to_string());
    let (gravest, times) = (odd.iter().min_by(|a, b| a.why.p().total_cmp(&b.why.p())), odd.len());
    let what = gravest.map(|odd| odd.why.say()).unwrap_or_default();
    draft.title = format!("{login} took far more from the database than it does: {what}");
    let before = days.len() - odd.len();
    let shown = statements.iter().take(SHOWN_MAX).map(|s| format!("`{s}`")).collect::<Vec<_>>().join("; ");
    let rest = statements.len().saturating_sub(SHOWN_MAX);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    draft.explanation = format!(
        "On {times} of the {} days on which it read, {login} stood out from the {before} others; at its most, {what}. p is the chance of a value this \
         large under the login's own earlier days (the largest under a negative binomial, Student's t of ln(1 + rows) and, \
         from fifty days on, a Pareto tail), which fires at {threshold:.1e}. \
         Days that stand out, or nearly do, are not learned from: its usual days are the others. Statements: {shown}{more}.{}",
        days.len(),
        if usual { " Others run the same statement as a matter of course." } else { "" }
    );
    (draft.p_value, draft.threshold) = ((p < 1.0).then_some(p), (p < 1.0).then_some(threshold));
    draft.attack = INFO.attack.iter().map(|id| (*id).to_owned()).collect();
    draft.limits.push(
        "Rows are not people: a person may have many rows, and a row may concern nobody. The statement's values are in the lines cited.".to_owned(),
    );
    let rows: f64 = all.iter().map(|ran| ran.total).sum();
    let origins: BTreeSet<&str> = all.iter().flat_map(|ran| &ran.origins).map(String::as_str).collect();
    let clear = odd.iter().min_by_key(|odd| odd.by);
    let clear = clear.and_then(|first| odd.iter().find(|odd| odd.day == first.by));
    let raised = clear.map(ran).and_then(|first| first.iter().map(|ran| ran.last).max());
    let usual_top = days
        .iter()
        .filter(|(day, _)| odd.iter().all(|odd| odd.day != **day))
        .flat_map(|(_, all)| all.iter().filter_map(|ran| ran.top))
        .fold(0.0, f64::max);
    let draft = draft
        .raised(raised.unwrap_or(last))
        .members(origins.into_iter().map(|origin| Entity::new(EntityKind::Origin, origin)))
        .measure("rows", rows, None)
        .measure("days", times as f64, None)
        .measure(
            "rows_of_one_statement",
            all.iter().filter_map(|r| r.top).fold(0.0, f64::max),
            Some(usual_top),
        );
    Ok(Some(draft.finish(evidence, context.snapshot.versions())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(day: i32, statement: &str, top: Option<f64>) -> Ran {
        let at = Micros(i64::from(day) * weir_model::time::DAY_US);
        let whole =
            if statement.contains("where") { BTreeSet::new() } else { BTreeSet::from(["member".into()]) };
        let (origins, total) = (BTreeSet::new(), top.unwrap_or(0.0));
        Ran { statement: statement.into(), first: at, last: at, top, total, origins, whole }
    }

    /// A desk's lookups on `n` days, a few rows each.
    fn desk(n: i32) -> Days {
        (0..n)
            .map(|day| (day, vec![ran(day, "select one where", Some(f64::from(1 + day * 7 % 5)))]))
            .collect()
    }

    fn odd(days: &Days) -> Vec<Odd> {
        let (habits, logins, idle) = Default::default();
        judge("desk", days, 1e-3, &Around { habits: &habits, logins: &logins, idle: &idle })
    }

    #[test]
    fn who_seldom_reads_people_is_judged_by_the_days_on_which_it_did_not() {
        let days = Days::from([
            (20, vec![ran(20, "select one where", Some(1.0))]),
            (30, vec![ran(30, "select all where", Some(960.0))]),
        ]);
        let judged = |idle: &[i32]| {
            let idle = idle.iter().map(|day| (*day, BTreeSet::new())).collect();
            let (habits, logins) = Default::default();
            let around = Around { habits: &habits, logins: &logins, idle: &idle };
            judge("dba", &days, 1e-3, &around).iter().map(|odd| odd.day).collect::<Vec<_>>()
        };
        assert_eq!(judged(&[1, 2, 5, 9, 12, 25, 26]), [30]);
        assert!(judged(&[1, 2]).is_empty(), "too little is known of it");
    }

    #[test]
    fn a_past_of_days_is_seen_beside_those_who_do_the_same_work() {
        let mut days = desk(60);
        let bulk = || ran(9, "select all where", Some(240.0));
        days.get_mut(&9).unwrap().push(bulk());
        let judged = |peers: usize| {
            let (habits, idle) = Default::default();
            let logins = (0..peers).map(|n| (format!("desk_{n}"), desk(60))).collect();
            let around = Around { habits: &habits, logins: &logins, idle: &idle };
            judge("desk", &days, 1e-5, &around).iter().map(|odd| odd.day).collect::<Vec<_>>()
        };
        assert!(judged(0).is_empty());
        assert_eq!(judged(6), [9]);
    }

    #[test]
    fn ordinary_days_do_not_stand_out() {
        assert!(odd(&desk(60)).is_empty());
        assert!(odd(&desk(3)).is_empty());
    }

    #[test]
    fn a_bulk_read_stands_out_each_time_it_recurs() {
        let mut days = desk(100);
        for day in [30, 60, 90] {
            days.get_mut(&day).unwrap().push(ran(day, "select all", Some(5_000.0)));
        }
        let odd = odd(&days);
        assert_eq!(odd.iter().map(|o| o.day).collect::<Vec<_>>(), [30, 60, 90]);
        assert!(odd.iter().all(|o| matches!(o.why, Why::New { .. } | Why::Statement { .. })), "{odd:?}");
        let words = Why::New { rows: 5_000.0, p: 0.0 }.say();
        assert_eq!(
            words, "a statement unknown from its usual days before returned 5,000 rows",
            "by the second time it has run it"
        );
    }

    #[test]
    fn a_batch_that_always_reads_much_does_not() {
        let days: Days = (0..60)
            .map(|day| (day, vec![ran(day, "select all", Some(5_000.0 + f64::from(day * 37 % 90)))]))
            .collect();
        assert!(odd(&days).is_empty(), "{:?}", odd(&days));
    }

    #[test]
    fn many_small_reads_stand_out_by_the_week() {
        let mut days = desk(60);
        for day in 50..60 {
            let all = days.get_mut(&day).unwrap();
            all[0].total = 400.0;
        }
        let odd = odd(&days);
        assert!(odd.iter().any(|o| matches!(o.why, Why::Week { .. })), "{odd:?}");
    }

    #[test]
    fn a_table_copied_whole_stands_out_though_its_rows_are_not_logged() {
        let mut days = desk(20);
        days.get_mut(&15).unwrap().push(ran(15, "copy member to stdout", None));
        assert_eq!(
            odd(&days).iter().map(|o| (o.day, o.why)).collect::<Vec<_>>(),
            [(15, Why::Whole { astray: false })]
        );
    }
}
