//! A hand's steps in order of time: sign-ins, notable operations, reads of datasets; runs of like steps folded into one line.

use crate::steps::READS;
use crate::{Hand, TraceError, means};
use futures::future::BoxFuture;
use weir_lake::{PLACES, Place, Row, Session, quote, rows};
use weir_model::case::{IN_VAIN, TimelineEvent};
use weir_model::operations::operation;
use weir_model::record::CREDENTIAL;
use weir_model::words::{count, quantity};
use weir_model::{Entity, EntityKind, Micros, Table, attack};

/// Like steps closer together than this are one line.
const RUN_US: i64 = 10 * 60 * 1_000_000;
/// The most lines one hand gives.
const LINES_MAX: usize = 500;

/// One step as read from the lake.
struct Step {
    first: Micros,
    last: Micros,
    key: String,
    what: String,
    phase: String,
    attack: Vec<String>,
    entities: Vec<Entity>,
    objects: Vec<String>,
    table: Table,
    condition: String,
    records: u64,
    /// Whether it was tried and failed.
    failed: bool,
    /// Of its first and last records.
    places: Vec<Place>,
}

/// The timeline of a hand, sorted by time; which findings it belongs to is for the caller to say.
pub fn timeline<'a>(
    session: &'a Session,
    hand: &'a Hand,
) -> BoxFuture<'a, Result<Vec<TimelineEvent>, TraceError>> {
    Box::pin(async move {
        let mut steps = operation_steps(session, hand, Table::Access).await?;
        steps.extend(operation_steps(session, hand, Table::Auth).await?);
        steps.extend(sign_ins(session, hand).await?);
        steps.extend(reads(session, hand).await?);
        // Steps of one instant come in any order from the lake.
        steps.sort_by(|a, b| {
            (a.first, &a.key, &a.objects, &a.entities).cmp(&(b.first, &b.key, &b.objects, &b.entities))
        });
        let mut events = Vec::new();
        for step in fold(steps).into_iter().take(LINES_MAX) {
            let during = format!(
                "{} AND time >= TIMESTAMP '{}' AND time <= TIMESTAMP '{}'",
                step.condition, step.first, step.last
            );
            let evidence = session.evidence_of(step.places, step.records, step.table, &during).await?;
            let Some(evidence) = evidence else { continue };
            let counted = if step.records > 1 { format!(" ({} times)", step.records) } else { String::new() };
            events.push(TimelineEvent {
                time: step.first,
                until: (step.last > step.first).then_some(step.last),
                what: format!("{}{}{counted}", step.what, listed(&step.objects)),
                phase: step.phase,
                entities: step.entities,
                attack: step.attack,
                findings: Vec::new(),
                failed: step.failed,
                evidence,
            });
        }
        Ok(events)
    })
}

/// Joins steps of the same key that follow each other closely; objects are collected. Steps of one key have one condition, and a run
/// is told from the next by its time.
fn fold(steps: Vec<Step>) -> Vec<Step> {
    let mut out: Vec<Step> = Vec::new();
    for step in steps {
        let like = out.iter_mut().rev().find(|s| s.key == step.key && step.first.0 - s.last.0 <= RUN_US);
        match like {
            Some(run) => {
                run.last = run.last.max(step.last);
                run.records += step.records;
                run.places.extend(step.places);
                for object in step.objects {
                    if !run.objects.contains(&object) {
                        run.objects.push(object);
                    }
                }
                for entity in step.entities {
                    if !run.entities.contains(&entity) {
                        run.entities.push(entity);
                    }
                }
            }
            None => out.push(step),
        }
    }
    out
}

fn listed(objects: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = objects.iter().take(SHOWN).map(String::as_str).collect();
    match objects.len() {
        0 => String::new(),
        n if n <= SHOWN => format!(" {}", shown.join(", ")),
        n => format!(" {} and {} more", shown.join(", "), n - SHOWN),
    }
}

fn phase_of(technique: &str) -> String {
    attack::technique(technique)
        .map_or_else(|| "other".to_owned(), |t| t.tactic.to_lowercase().replace(' ', "_"))
}

fn people_of(row: &Row<'_>) -> Vec<Entity> {
    let parts = [
        (EntityKind::Actor, "actor"),
        (EntityKind::Origin, "src_ip"),
        (EntityKind::Credential, "credential"),
    ];
    parts.iter().filter_map(|(kind, column)| Some(Entity::new(*kind, row.text(column)?))).collect()
}

/// Operations that say something by themselves, by actor and object.
async fn operation_steps(session: &Session, hand: &Hand, table: Table) -> Result<Vec<Step>, TraceError> {
    let object = if table == Table::Access { "resource" } else { "coalesce(\"user\", granted)" };
    let query = format!(
        "SELECT {means} AS operation, status_id, actor, src_ip, {object} AS object, {credential} AS credential, \
         date_trunc('minute', time) AS minute, min(time) AS first, max(time) AS last, count(*) AS n, {PLACES} \
         FROM {} WHERE {} AND operation IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY first",
        table.name(),
        hand.on(table),
        means = means::column(),
        credential = if table == Table::Access { "credential" } else { "parent" },
    );
    let answer = session.sql(&query).await?;
    let mut steps = Vec::new();
    for row in rows(&answer) {
        let (Some(name), Some(first), Some(last)) =
            (row.text("operation"), row.time("first"), row.time("last"))
        else {
            continue;
        };
        let Some(known) = operation(name) else { continue };
        let failed = row.int("status_id") == Some(i64::from(weir_model::record::STATUS_FAILURE));
        let actor = row.text("actor").unwrap_or("someone");
        let tried = if failed { IN_VAIN } else { "" };
        let actor_is =
            row.text("actor").map_or("actor IS NULL".to_owned(), |a| format!("actor = {}", quote(a)));
        steps.push(Step {
            first,
            last,
            key: format!("{actor} {failed} {}", known.name),
            what: format!("{} {tried}{}", short(actor), known.verb),
            phase: phase_of(known.technique),
            attack: vec![known.technique.to_owned()],
            entities: people_of(&row),
            objects: row.text("object").map(|o| short(o).to_owned()).into_iter().collect(),
            table,
            condition: format!(
                "{actor_is} AND {} AND {}",
                means::condition(name),
                if failed { "status_id = 2" } else { "(status_id IS NULL OR status_id <> 2)" }
            ),
            records: row.count("n"),
            failed,
            places: row.places(),
        });
    }
    Ok(steps)
}

/// The last part of an ARN, which people recognise; other values as they are.
fn short(value: &str) -> &str {
    if value.starts_with("arn:") { value.splitn(6, ':').nth(5).unwrap_or(value) } else { value }
}

/// Successful sign-ins of the hand that are not cloud operations (those stand above).
async fn sign_ins(session: &Session, hand: &Hand) -> Result<Vec<Step>, TraceError> {
    let condition = format!("{} AND activity = 'logon' AND operation IS NULL", hand.on(Table::Auth));
    let query = format!(
        "SELECT \"user\" AS actor, src_ip, hostname, status_id, min(time) AS first, max(time) AS last, count(*) AS n, {PLACES} \
         FROM auth WHERE {condition} GROUP BY 1, 2, 3, 4 ORDER BY first"
    );
    let answer = session.sql(&query).await?;
    let step = |row: Row<'_>| {
        let (first, last) = (row.time("first")?, row.time("last")?);
        let ok = row.int("status_id") == Some(i64::from(weir_model::record::STATUS_SUCCESS));
        let (user, from) = (
            row.text("actor").unwrap_or("an unnamed account"),
            row.text("src_ip").unwrap_or("an unknown address"),
        );
        let what = if ok { "signed in" } else { "failed to sign in" };
        let user_is =
            row.text("actor").map_or("\"user\" IS NULL".to_owned(), |u| format!("\"user\" = {}", quote(u)));
        let from_is =
            row.text("src_ip").map_or("src_ip IS NULL".to_owned(), |u| format!("src_ip = {}", quote(u)));
        Some(Step {
            first,
            last,
            key: format!("sign-in {from} {ok} {user}"),
            what: format!("{user} {what} from {from}"),
            phase: if ok { "initial_access" } else { "credential_access" }.to_owned(),
            attack: vec![if ok { "T1078" } else { "T1110" }.to_owned()],
            entities: people_of(&row),
            objects: row.text("hostname").map(|h| format!("on {h}")).into_iter().collect(),
            table: Table::Auth,
            condition: format!(
                "{condition} AND {user_is} AND {from_is} AND status_id = {}",
                if ok { 1 } else { 2 }
            ),
            records: row.count("n"),
            failed: !ok,
            places: row.places(),
        })
    };
    Ok(rows(&answer).filter_map(step).collect())
}

/// Whose records of a dataset were read: people by id, and sessions of which no record says whose they are.
fn whose(dataset: &str, people: u64, sessions: u64) -> String {
    let in_sessions = quantity(sessions, "session", "sessions");
    let whose = if people == 1 { "1 person's".to_owned() } else { format!("{} people's", count(people)) };
    match (people, sessions) {
        (0, 0) => format!("records of {dataset}"),
        (0, _) => format!("records of {dataset} in {in_sessions}"),
        (_, 0) => format!("{whose} records in {dataset}"),
        _ => format!("{whose} records in {dataset}, and those of {in_sessions},"),
    }
}

/// Reads of datasets, a line per dataset and week.
async fn reads(session: &Session, hand: &Hand) -> Result<Vec<Step>, TraceError> {
    let condition = format!("{} AND {READS}", hand.on(Table::Access));
    let unnamed = format!("subject LIKE '{CREDENTIAL}:%'");
    let query = format!(
        "SELECT dataset, date_trunc('week', time) AS week, min(time) AS first, max(time) AS last, count(*) AS n, \
         count(DISTINCT CASE WHEN NOT {unnamed} THEN subject END) AS people, count(DISTINCT CASE WHEN {unnamed} THEN subject END) AS sessions, \
         count(DISTINCT src_ip) AS origins, {PLACES} FROM access WHERE {condition} \
         GROUP BY 1, 2 ORDER BY first"
    );
    let answer = session.sql(&query).await?;
    let step = |row: Row<'_>| {
        let (dataset, first, last) = (row.text("dataset")?, row.time("first")?, row.time("last")?);
        let whose = whose(dataset, row.count("people"), row.count("sessions"));
        let from = quantity(row.count("origins"), "address", "addresses");
        Some(Step {
            first,
            last,
            key: format!("read {dataset} {first}"),
            what: format!("read {whose} from {from}"),
            phase: "collection".to_owned(),
            attack: vec!["T1213".to_owned()],
            entities: vec![Entity::new(EntityKind::Dataset, dataset)],
            objects: Vec::new(),
            table: Table::Access,
            condition: format!("{condition} AND dataset = {}", quote(dataset)),
            records: row.count("n"),
            failed: false,
            places: row.places(),
        })
    };
    Ok(rows(&answer).filter_map(step).collect())
}
