//! The exact look at few entities: whose data, under which credentials, day by day.

use super::judge::Judged;
use super::ladder::{Reached, reached};
use super::screen::{Candidate, Census};
use crate::detectors::harvest;
use crate::grid::held;
use crate::{Context, DetectError};
use futures::StreamExt;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use weir_lake::{quote_all, rows};
use weir_model::{EntityKind, Micros};
use weir_stats::{Distinct, hash64};

/// Entities asked about in one query.
const CHUNK: usize = 2_000;
/// People shown to them day by day, added up, in one query: what it must hold at once does not grow with the period.
const SHOWN_MAX: u64 = 500_000;

/// A record that names who asked, by a credential or by name: people at home, one for each credential, explain it.
const COVERED: &str = "coalesce(credential, actor) IS NOT NULL";

/// Share of the addresses that show people at which records name who asks, from which on a log does.
const NAMED_MIN: f64 = 0.25;

/// What makes a record's reader known.
#[derive(Clone, Copy)]
pub(super) struct Cover {
    /// Whether most records that show people carry a credential or name an actor, and not by a few addresses alone: then those that do not stand out.
    pub(super) named: bool,
    /// Whether any record does.
    pub(super) some: bool,
    /// Whether only those that do are asked about: what people visit without a name is judged by how they visit.
    pub(super) only: bool,
}

/// Learns whether records name who asks.
pub(super) async fn cover(context: &Context<'_>) -> Result<Cover, DetectError> {
    let query = "SELECT sum(CASE WHEN coalesce(credential, actor) IS NULL THEN 0 ELSE n END) AS named, sum(n) AS n FROM {digest} WHERE shown AND subject IS NOT NULL AND {span}";
    let (mut named, mut some) = (false, false);
    for row in rows(&context.sql(query).await?) {
        some |= row.count("named") > 0;
        named |= row.count("n") > 0 && 2 * row.count("named") >= row.count("n");
    }
    // Beside the many who read their own pages without a name, a service desk is most of the records and few of the addresses.
    let named = named && harvest::screen::census(context).await?.named_share() >= NAMED_MIN;
    Ok(Cover { named, some, only: false })
}

impl Cover {
    /// In words, for an explanation.
    pub(super) fn words(&self) -> &'static str {
        if self.named {
            "without a credential or a named actor"
        } else {
            "(the log names neither credentials nor actors)"
        }
    }

    /// The records whose reader is not known, as a condition on `access`.
    pub(super) fn bare(&self) -> String {
        format!("NOT ({COVERED})")
    }
}

/// Records that need no more explaining: those of entities already judged.
#[derive(Clone, Default)]
pub(super) struct Explained {
    by_column: BTreeMap<&'static str, BTreeSet<String>>,
    prefixes: BTreeSet<String>,
}

impl Explained {
    /// Adds a kind's accused entities and known readers.
    pub(super) fn add(&mut self, kind: EntityKind, judged: &[Judged]) {
        let column = super::KINDS.iter().find(|(k, _)| *k == kind).map(|(_, c)| *c);
        if kind == EntityKind::Prefix {
            self.prefixes.extend(judged.iter().map(|j| j.entity.clone()));
        } else if let Some(column) = column {
            self.by_column.entry(column).or_default().extend(judged.iter().map(|j| j.entity.clone()));
        }
    }

    /// Adds addresses.
    pub(super) fn add_origins(&mut self, addresses: impl Iterator<Item = String>) {
        self.by_column.entry("src_ip").or_default().extend(addresses);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_column.values().all(BTreeSet::is_empty) && self.prefixes.is_empty()
    }

    /// As conditions on `access` under an alias, each with its `AND`.
    pub(super) fn sql(&self, alias: &str) -> String {
        let each = self.by_column.iter().filter(|(_, v)| !v.is_empty()).map(|(column, values)| {
            format!(
                " AND ({alias}{column} IS NULL OR {alias}{column} NOT IN {})",
                quote_all(values.iter().map(String::as_str))
            )
        });
        let prefixes = (!self.prefixes.is_empty()).then(|| {
            let column = format!("{alias}src_ip");
            format!(
                " AND ({column} IS NULL OR {} NOT IN {})",
                prefix_sql(&column),
                quote_all(self.prefixes.iter().map(String::as_str))
            )
        });
        each.chain(prefixes).collect()
    }
}

/// What is looked at.
pub(super) struct Scope<'a> {
    pub(super) kind: EntityKind,
    pub(super) column: &'static str,
    pub(super) cover: &'a Cover,
    pub(super) explained: &'a Explained,
}

impl Scope<'_> {
    /// The entity of a record of `access`, as SQL.
    pub(super) fn entity(&self) -> String {
        match self.kind {
            EntityKind::Prefix => prefix_sql("src_ip"),
            _ => self.column.to_owned(),
        }
    }

    /// The condition on `access` for some entities.
    pub(super) fn condition<'e>(&self, entities: impl Iterator<Item = &'e str>) -> String {
        format!("{} IN {}", self.entity(), quote_all(entities))
    }
}

/// The prefix of an address as rollups name it, as SQL.
fn prefix_sql(column: &str) -> String {
    format!("network({column})")
}

/// An entity's exact history.
#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    pub(super) entity: String,
    /// People read without a credential that explains it, by what each step of the ladder held on each checkpoint.
    pub(super) bare: Reached,
    /// People read with such credentials, less the credentials.
    pub(super) beyond: Reached,
    /// Days with the number of people read under explaining credentials, and that of their busiest hour.
    pub(super) daily: Vec<(i32, [f64; 2])>,
    /// What clients and ordinary use may explain where nothing names a credential.
    pub(super) allowance: f64,
}

#[derive(Default)]
struct Building {
    entity: String,
    bare: Vec<(i32, Distinct)>,
    people: Vec<(i32, Distinct)>,
    credentials: Vec<(i32, Distinct)>,
    /// The hour that is under way, and the busiest of each day.
    hour: Hour,
    hours: Vec<(i32, Busiest)>,
}

/// Who was read in an hour.
#[derive(Default)]
struct Hour {
    at: Micros,
    bare: HashSet<u64>,
    people: HashSet<u64>,
    credentials: HashSet<u64>,
}

/// The most that an hour of a day held.
#[derive(Clone, Copy, Default)]
struct Busiest {
    bare: f64,
    people: f64,
    beyond: f64,
}

impl Building {
    /// Closes the hour that was under way.
    fn close(&mut self) {
        if self.hour.bare.is_empty() && self.hour.people.is_empty() {
            return;
        }
        let day = self.hour.at.day();
        if self.hours.last().is_none_or(|(last, _)| *last != day) {
            self.hours.push((day, Busiest::default()));
        }
        let count = |of: &HashSet<u64>| of.len() as f64;
        let Hour { bare, people, credentials, .. } = &self.hour;
        if let Some((_, most)) = self.hours.last_mut() {
            most.bare = most.bare.max(count(bare));
            most.people = most.people.max(count(people));
            most.beyond = most.beyond.max(count(people) - count(credentials));
        }
    }

    fn add(&mut self, hour: Micros, person: u64, credential: Option<u64>, covered: bool) {
        let day = hour.day();
        if hour != self.hour.at {
            self.close();
            self.hour = Hour { at: hour, ..Hour::default() };
        }
        if covered {
            self.hour.people.insert(person);
            self.hour.credentials.extend(credential);
        } else {
            self.hour.bare.insert(person);
        }
        let put = |series: &mut Vec<(i32, Distinct)>, hash: u64| {
            if series.last().is_none_or(|(last, _)| *last != day) {
                series.push((day, Distinct::new()));
            }
            if let Some((_, set)) = series.last_mut() {
                set.insert(hash);
            }
        };
        if covered {
            put(&mut self.people, person);
            credential.into_iter().for_each(|c| put(&mut self.credentials, c));
        } else {
            put(&mut self.bare, person);
        }
    }

    fn finish(mut self, census: &Census, allowance: f64) -> Series {
        self.close();
        let hours = |of: fn(&Busiest) -> f64| -> Vec<(i32, f64)> {
            self.hours.iter().map(|(day, most)| (*day, of(most))).collect()
        };
        let mut beyond = held(&self.people, census.grid);
        for (row, own) in beyond.iter_mut().zip(held(&self.credentials, census.grid)) {
            row.iter_mut().zip(own).for_each(|(people, own)| *people = (*people - own).max(0.0));
        }
        let beyond = reached(&beyond, &hours(|most| most.beyond), census.grid);
        let mut bare = reached(&held(&self.bare, census.grid), &hours(|most| most.bare), census.grid);
        bare.iter_mut().flatten().for_each(|n| *n = (*n - allowance).max(0.0));
        let busiest: BTreeMap<i32, f64> = hours(|most| most.people).into_iter().collect();
        let of_day = |(day, people): &(i32, Distinct)| {
            (*day, [people.estimate(), busiest.get(day).copied().unwrap_or(0.0)])
        };
        let daily = self.people.iter().map(of_day).collect();
        Series { entity: self.entity, bare, beyond, daily, allowance }
    }
}

/// The candidates' histories, sorted.
pub(super) async fn series(
    context: &Context<'_>,
    scope: &Scope<'_>,
    census: &Census,
) -> Result<Vec<Series>, DetectError> {
    let mut all = Vec::new();
    for (chunk, slices) in pieces(census) {
        let allowances = allowances(context, scope, census, chunk).await?;
        let allowed = |entity: &str| allowances.get(entity).copied().unwrap_or(0.0);
        let names: HashMap<u64, &str> =
            chunk.iter().map(|c| (hash64(c.entity.as_bytes()), c.entity.as_str())).collect();
        if !scope.cover.named && scope.explained.is_empty() {
            // Whoever was shown somebody has no credential that could explain it: the rollups have said how many.
            let hours = busiest(context, scope, chunk, &slices).await?;
            let hours = |c: &Candidate| {
                hours.get(&hash64(c.entity.as_bytes())).map(Vec::as_slice).unwrap_or_default()
            };
            all.extend(chunk.iter().map(|c| nameless(c, hours(c), census, allowed(&c.entity))));
            continue;
        }
        let mut building = Building::default();
        for slice in &slices {
            let query = query(context, scope, chunk, slice, ", bearer, covered");
            let mut batches = context.stream(&format!("{query} ORDER BY entity, hour")).await?;
            while let Some(batch) = batches.next().await {
                let batch = [batch?];
                for row in rows(&batch) {
                    let (Some(entity), Some(hour), Some(person)) = (
                        row.hash("entity").and_then(|hash| names.get(&hash)),
                        row.time("hour"),
                        row.hash("person"),
                    ) else {
                        continue;
                    };
                    if *entity != building.entity {
                        let done = std::mem::replace(
                            &mut building,
                            Building { entity: (*entity).to_owned(), ..Building::default() },
                        );
                        let allowance = allowed(&done.entity);
                        all.push(done.finish(census, allowance));
                    }
                    building.add(hour, person, row.hash("bearer"), row.int("covered") == Some(1));
                }
            }
        }
        let allowance = allowed(&building.entity);
        all.push(building.finish(census, allowance));
    }
    all.retain(|s| !s.entity.is_empty());
    all.sort_by(|a, b| a.entity.cmp(&b.entity));
    Ok(all)
}

/// The candidates few enough at a time for one query, each with the slices of days to ask about: one of all days but where a single candidate
/// was shown too many people.
fn pieces(census: &Census) -> Vec<(&[Candidate], Vec<Slice>)> {
    let (first, last) = (census.grid.first, census.grid.last);
    let mut pieces = Vec::new();
    let mut rest = census.candidates.as_slice();
    while let [head, more @ ..] = rest {
        let mut shown = head.shown_daily;
        let fits = more.iter().take(CHUNK - 1).take_while(|next| {
            shown += next.shown_daily;
            shown <= SHOWN_MAX
        });
        let (chunk, left) = rest.split_at(1 + fits.count());
        rest = left;
        let parts = head.shown_daily.div_ceil(SHOWN_MAX).max(1);
        let days =
            i32::try_from(u64::from(last.abs_diff(first)) / parts).unwrap_or(i32::MAX).saturating_add(1);
        let slices = (first..=last).step_by(days.unsigned_abs() as usize);
        pieces.push((chunk, slices.map(|from| Slice { from, to: from.saturating_add(days) }).collect()));
    }
    pieces
}

/// Days from one on up to another, that one left out.
struct Slice {
    from: i32,
    to: i32,
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (Micros::of_day(self.from), Micros::of_day(self.to));
        write!(f, "time >= TIMESTAMP '{from}' AND time < TIMESTAMP '{to}'")
    }
}

/// The history of a candidate in a log that names nobody who asks.
fn nameless(candidate: &Candidate, hours: &[(i32, f64)], census: &Census, allowance: f64) -> Series {
    let mut bare = candidate.shown.as_ref().map(|held| reached(held, hours, census.grid)).unwrap_or_default();
    bare.iter_mut().flatten().for_each(|n| *n = (*n - allowance).max(0.0));
    Series { entity: candidate.entity.clone(), bare, allowance, ..Series::default() }
}

/// People that each candidate's busiest hour of a day showed, in a log that names nobody who asks; by the hash of its name.
async fn busiest(
    context: &Context<'_>,
    scope: &Scope<'_>,
    chunk: &[Candidate],
    slices: &[Slice],
) -> Result<HashMap<u64, Vec<(i32, f64)>>, DetectError> {
    let mut found: HashMap<u64, Vec<(i32, f64)>> = HashMap::new();
    for slice in slices {
        let query = format!(
            "SELECT entity, date_trunc('day', hour) AS day, max(people) AS people FROM \
             (SELECT entity, hour, count(*) AS people FROM ({}) GROUP BY 1, 2) GROUP BY 1, 2 ORDER BY 1, 2",
            query(context, scope, chunk, slice, "")
        );
        for row in rows(&context.sql(&query).await?) {
            let (Some(entity), Some(day)) = (row.hash("entity"), row.time("day")) else { continue };
            found.entry(entity).or_default().push((day.day(), row.count("people") as f64));
        }
    }
    Ok(found)
}

/// Entity expression and filter for some candidates.
fn chosen(scope: &Scope<'_>, chunk: &[Candidate]) -> (String, String) {
    let entity = scope.entity();
    let filter = format!("{entity} IN {}", quote_all(chunk.iter().map(|c| c.entity.as_str())));
    (entity, filter)
}

/// Whom each of some candidates' hours of a slice showed, once each; with other columns, once for each of their values too. Names are hashes, so that
/// years of hours are few bytes.
fn query(
    context: &Context<'_>,
    scope: &Scope<'_>,
    chunk: &[Candidate],
    slice: &Slice,
    others: &str,
) -> String {
    let (entity, mut filter) = chosen(scope, chunk);
    if scope.cover.only {
        filter = format!("{filter} AND {COVERED}");
    }
    format!(
        "SELECT DISTINCT entity, hour, hash(person['namespace'] || ':' || person['id']) AS person{others} FROM \
         (SELECT hash({entity}) AS entity, date_trunc('hour', time) AS hour, unnest(subjects) AS person, hash(coalesce(credential, actor)) AS bearer, \
         CASE WHEN {COVERED} THEN 1 ELSE 0 END AS covered FROM {{digest}} WHERE shown AND subject IS NOT NULL AND {filter} AND {slice} AND {}{}) \
         WHERE person['namespace'] <> 'credential'",
        context.span_sql(),
        scope.explained.sql("")
    )
}

/// What clients and ordinary use may explain, where nothing names a credential: each client string is a person, and every record shows
/// three times as many people as the quiet entities' records do.
async fn allowances(
    context: &Context<'_>,
    scope: &Scope<'_>,
    census: &Census,
    chunk: &[Candidate],
) -> Result<BTreeMap<String, f64>, DetectError> {
    let mut found = BTreeMap::new();
    if scope.cover.named {
        return Ok(found);
    }
    let (entity, filter) = chosen(scope, chunk);
    let query = format!(
        "SELECT {entity} AS entity, sum(n) AS records, count(DISTINCT user_agent) AS clients FROM {{digest}} WHERE {filter} AND {} GROUP BY 1",
        context.span_sql()
    );
    for row in rows(&context.sql(&query).await?) {
        let Some(entity) = row.text("entity") else { continue };
        let ordinary = 3.0 * census.people_per_record * row.count("records") as f64;
        found.insert(entity.to_owned(), ordinary + row.count("clients") as f64);
    }
    Ok(found)
}
