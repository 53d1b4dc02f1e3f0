//! The graph of a trace: who used what, from where, and what it led to.

use crate::{Hand, TraceError, means};
use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::{PLACES, Session, quote, rows};
use weir_model::case::{Period, Trace, TraceEdge, TraceNode};
use weir_model::operations::operation;
use weir_model::{Entity, EntityKind, Table};

/// The most edges of a trace that carry their own citations; the rest are counted in the nodes.
const EDGES_MAX: usize = 300;

/// Records that read data: the answer had something in it, and was no answer to a change or to a question whether it is there.
pub(crate) const READS: &str =
    "dataset IS NOT NULL AND shown AND activity = 'read' AND status_id = 1 AND coalesce(bytes_out, 1) > 0";

/// One kind of step: a query for pairs with counts, and how to say it.
struct Step {
    table: Table,
    from: (&'static str, EntityKind),
    to: (&'static str, EntityKind),
    how: &'static str,
    only: &'static str,
}

const STEPS: [Step; 6] = [
    Step {
        table: Table::Access,
        from: ("src_ip", EntityKind::Origin),
        to: ("actor", EntityKind::Actor),
        how: "acted_as",
        only: "actor IS NOT NULL",
    },
    Step {
        table: Table::Auth,
        from: ("src_ip", EntityKind::Origin),
        to: ("user", EntityKind::Actor),
        how: "signed_in_from",
        only: "activity = 'logon' AND status_id = 1",
    },
    Step {
        table: Table::Auth,
        from: ("actor", EntityKind::Actor),
        to: ("credential", EntityKind::Credential),
        how: "issued",
        only: "activity IN ('issue', 'create') AND status_id = 1 AND credential IS NOT NULL",
    },
    Step {
        table: Table::Access,
        from: ("credential", EntityKind::Credential),
        to: ("actor", EntityKind::Actor),
        how: "used_as",
        only: "credential IS NOT NULL AND actor IS NOT NULL",
    },
    Step {
        table: Table::Access,
        from: ("src_ip", EntityKind::Origin),
        to: ("dataset", EntityKind::Dataset),
        how: "read",
        only: READS,
    },
    Step {
        table: Table::Access,
        from: ("actor", EntityKind::Actor),
        to: ("resource", EntityKind::Resource),
        how: "touched",
        only: "resource IS NOT NULL AND operation IS NOT NULL AND activity <> 'read' AND status_id = 1",
    },
];

/// The trace of a hand: nodes with their role, edges with their records.
pub fn trace<'a>(session: &'a Session, hand: &'a Hand) -> BoxFuture<'a, Result<Trace, TraceError>> {
    Box::pin(async move {
        let mut edges = Vec::new();
        for step in &STEPS {
            edges.extend(step_edges(session, hand, step).await?);
        }
        edges.sort_by(|a: &TraceEdge, b| (&a.from, &a.to, &a.how).cmp(&(&b.from, &b.to, &b.how)));
        Ok(Trace { nodes: nodes(session, hand, &edges).await?, edges })
    })
}

async fn step_edges(session: &Session, hand: &Hand, step: &Step) -> Result<Vec<TraceEdge>, TraceError> {
    let (from, to) = (step.from.0, step.to.0);
    // A change of a resource says more than a bare "touched" when its operation is known.
    let how = if step.how == "touched" { means::column() } else { "CAST(NULL AS VARCHAR)".to_owned() };
    let condition = format!(
        "{} AND {} AND \"{from}\" IS NOT NULL AND \"{to}\" IS NOT NULL",
        hand.on(step.table),
        step.only
    );
    let query = format!(
        "SELECT \"{from}\" AS f, \"{to}\" AS t, {how} AS how, count(*) AS n, {PLACES} FROM {} WHERE {condition} \
         GROUP BY 1, 2, 3 ORDER BY n DESC, f, t LIMIT {EDGES_MAX}",
        step.table.name()
    );
    let answer = session.sql(&query).await?;
    let mut edges = Vec::new();
    for row in rows(&answer) {
        let (Some(f), Some(t)) = (row.text("f"), row.text("t")) else { continue };
        let named = row.text("how").and_then(operation);
        if step.how == "touched" && named.is_none() {
            continue;
        }
        let by = row.text("how").map_or_else(String::new, |o| format!(" AND {}", means::condition(o)));
        let pair = format!("{condition} AND \"{from}\" = {} AND \"{to}\" = {}{by}", quote(f), quote(t));
        let evidence = session.evidence_of(row.places(), row.count("n"), step.table, &pair).await?;
        let Some(evidence) = evidence else { continue };
        edges.push(TraceEdge {
            from: Entity::new(step.from.1, f),
            to: Entity::new(step.to.1, t),
            how: named.map_or(step.how, |o| o.verb).to_owned(),
            records: row.count("n"),
            evidence,
        });
    }
    Ok(edges)
}

async fn nodes(session: &Session, hand: &Hand, edges: &[TraceEdge]) -> Result<Vec<TraceNode>, TraceError> {
    let all: BTreeSet<&Entity> = edges.iter().flat_map(|e| [&e.from, &e.to]).collect();
    let mut seen: BTreeMap<Entity, (Period, u64)> = BTreeMap::new();
    // What was read or changed has the records of those steps: an answer that it is not there reads nothing.
    let led_to = |column: &str| {
        STEPS.iter().find(|s| s.table == Table::Access && s.to.0 == column).map_or("true", |s| s.only)
    };
    let columns = [
        (Table::Access, "src_ip", EntityKind::Origin),
        (Table::Access, "actor", EntityKind::Actor),
        (Table::Access, "credential", EntityKind::Credential),
        (Table::Access, "resource", EntityKind::Resource),
        (Table::Access, "dataset", EntityKind::Dataset),
        (Table::Auth, "src_ip", EntityKind::Origin),
        (Table::Auth, "actor", EntityKind::Actor),
        (Table::Auth, "user", EntityKind::Actor),
        (Table::Auth, "credential", EntityKind::Credential),
    ];
    for (table, column, kind) in columns {
        let only =
            if matches!(kind, EntityKind::Resource | EntityKind::Dataset) { led_to(column) } else { "true" };
        let query = format!(
            "SELECT \"{column}\" AS v, min(time) AS first, max(time) AS last, count(*) AS n FROM {} \
             WHERE {} AND {only} AND \"{column}\" IS NOT NULL GROUP BY 1",
            table.name(),
            hand.on(table)
        );
        for row in rows(&session.sql(&query).await?) {
            let (Some(v), Some(first), Some(last)) = (row.text("v"), row.time("first"), row.time("last"))
            else {
                continue;
            };
            let entity = Entity::new(kind, v);
            if !all.contains(&entity) {
                continue;
            }
            let period = Period { first, last };
            let entry = seen.entry(entity).or_insert((period, 0));
            entry.0 = Period { first: entry.0.first.min(first), last: entry.0.last.max(last) };
            entry.1 += row.count("n");
        }
    }
    // Operations that mean nothing here are no steps.
    for (_, (_, records)) in seen.iter_mut().filter(|(entity, _)| entity.kind == EntityKind::Resource) {
        *records = 0;
    }
    for edge in edges.iter().filter(|edge| edge.to.kind == EntityKind::Resource) {
        if let Some((_, records)) = seen.get_mut(&edge.to) {
            *records += edge.records;
        }
    }
    let role = |entity: &Entity| {
        let own = match entity.kind {
            EntityKind::Actor => hand.actors.contains(&entity.value),
            EntityKind::Credential => hand.credentials.contains(&entity.value),
            EntityKind::Origin => hand.origins.contains(&entity.value),
            _ => false,
        };
        if hand.seeds.contains(entity) {
            "seed"
        } else if own {
            "same_hand"
        } else {
            "touched"
        }
    };
    let node = |(entity, (period, records)): (Entity, (Period, u64))| TraceNode {
        role: role(&entity).to_owned(),
        entity,
        period,
        records,
    };
    Ok(seen.into_iter().map(node).collect())
}
