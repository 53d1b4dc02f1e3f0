//! Legal holds as people record them: by period, producer, entity, or for a case.
//!
//! Decisive choice: a hold for a case covers whatever its findings accuse, in all time, and pins the versions of the lake that they cite; where a finding accuses
//! what no column holds, all records of its period. Held too much is a matter of disk, held too little is evidence lost.

use crate::evidence::custody_of;
use crate::{EngineError, Progress};
use futures::future::LocalBoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use weir_evidence::custody::Act;
use weir_lake::{Lake, LakeError, Why, covering, naming, rows};
use weir_model::case::Case;
use weir_model::hold::{Cover, Release, columns_of};
use weir_model::{Entity, EntityKind, Finding, Hold, Micros, Span, Table};

/// What to hold.
#[derive(Clone, Debug)]
pub struct Order {
    /// Reference of the order.
    pub order: String,
    /// Why.
    pub reason: Option<String>,
    /// Who records it.
    pub by: String,
    /// When.
    pub time: Micros,
    /// What it names; a hold that names nothing, and no case, covers everything.
    pub cover: Cover,
    /// The case folder it is made for.
    pub case: Option<PathBuf>,
}

/// Records a hold: once this returns, no run deletes what it covers.
pub fn hold<'a>(
    lake: &'a Lake,
    order: Order,
    progress: &'a dyn Progress,
) -> LocalBoxFuture<'a, Result<Hold, EngineError>> {
    Box::pin(async move {
        let Order { order: reference, reason, by, time, mut cover, case } = order;
        cover.entities = cover.entities.into_iter().map(Entity::spelled).collect();
        // An end that no record can lie beyond ends nothing.
        let named = cover.period;
        cover.period = named.comparable();
        let order = Order { order: reference, reason, by, time, cover, case };
        let said = |message: &str| Err(EngineError::Said { message: message.to_owned() });
        if let (Some(since), Some(until)) = (named.since, named.until)
            && since >= until
        {
            return said("the hold's period ends before it begins");
        }
        if let Some(bad) = order.cover.entities.iter().find(|e| !fits(e)) {
            return said(&format!(
                "`{}` is no prefix as records are grouped by; write an IPv4 /24 or an IPv6 /48, such as 192.0.2.0/24",
                bad.value
            ));
        }
        let case_is_named = order.case.is_some();
        let mut covers = Vec::new();
        let mut versions = Vec::new();
        if let Some(case) = &order.case {
            let case = read(case)?;
            if case.masked {
                return said(
                    "the case is a masked one: its pseudonyms stand in no record; name the case that it was made from",
                );
            }
            covers.extend(case.findings.iter().filter(|f| f.stands()).flat_map(of_finding));
            let all = case.findings.iter().map(|f| &f.snapshot).chain([&case.snapshot]);
            let cited: BTreeSet<_> = all.filter(|v| !v.is_empty()).cloned().collect();
            versions.extend(cited);
        }
        if order.case.is_none() || order.cover != Cover::default() {
            covers.push(order.cover);
        }
        let hold = Hold {
            id: String::new(),
            order: order.order,
            reason: order.reason,
            by: order.by,
            time: order.time,
            covers,
            case: order.case.map(|c| c.display().to_string()),
            versions,
            released: None,
        };
        let waits = || progress.stage("waiting for a deletion in this lake", None);
        let recorded = lake.holding(waits).await?.record(hold).await;
        match recorded {
            Err(LakeError::Lost { table, .. }) if case_is_named => Err(deleted_since(lake, table).await?),
            recorded => Ok(recorded?),
        }
    })
}

/// Why a version that a case cites is not whole any more: what deleted from the lake, or else that a part of it is lost.
async fn deleted_since(lake: &Lake, table: String) -> Result<EngineError, EngineError> {
    let runs = lake.snapshot().await?.removals().await?;
    let Some(last) = runs.last() else {
        let what = "a version that the case cites names files that are gone".to_owned();
        return Ok(LakeError::Lost { table, what }.into());
    };
    let why = match &last.why {
        Why::Retention { before } => format!("retention of records before {before}"),
        Why::Erasure { order, .. } => format!("erasure, order {order}"),
        _ => "a deletion".to_owned(),
    };
    // On whose authority stands in the custody log alone.
    let acts = lake.folder().ok().and_then(|folder| custody_of(folder).ok()).unwrap_or_default();
    let act = acts.into_iter().rev().find(|act| act.what == Act::Erasure);
    Ok(EngineError::DeletedSince {
        why,
        by: last.by.clone(),
        time: last.time,
        rows: last.gone.values().sum(),
        authority: act.map_or_else(|| "not stated".to_owned(), |act| act.authority),
    })
}

/// Records the end of a hold; the hold itself stays on record.
pub fn release_hold<'a>(
    lake: &'a Lake,
    id: String,
    release: Release,
    progress: &'a dyn Progress,
) -> LocalBoxFuture<'a, Result<Hold, EngineError>> {
    Box::pin(async move {
        let waits = || progress.stage("waiting for a deletion in this lake", None);
        Ok(lake.holding(waits).await?.release(id, release).await?)
    })
}

/// All holds of a lake, ended ones too.
pub fn holds(lake: &Lake) -> LocalBoxFuture<'_, Result<Vec<Hold>, EngineError>> {
    Box::pin(async move { Ok(lake.snapshot().await?.holds().await?) })
}

/// Records that a hold covers now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// How many, by table.
    pub records: BTreeMap<String, u64>,
    /// Of what it names, that which no record names.
    pub unknown: Vec<Entity>,
}

/// What each of some holds covers now. Reads the columns that they name, once for all of them.
pub fn held_now<'a>(lake: &'a Lake, holds: &'a [Hold]) -> LocalBoxFuture<'a, Result<Vec<Held>, EngineError>> {
    Box::pin(async move {
        let snapshot = lake.snapshot().await?;
        let session = snapshot.session(&snapshot.session_options(), None)?;
        let named = |hold: &Hold| -> BTreeSet<Entity> {
            hold.covers.iter().flat_map(|cover| cover.comparable()).cloned().collect()
        };
        let named: Vec<Vec<Entity>> = holds.iter().map(|hold| named(hold).into_iter().collect()).collect();
        let mut all: Vec<Held> = holds.iter().map(|_| Held::default()).collect();
        let mut seen = vec![BTreeSet::new(); holds.len()];
        for table in Table::ALL {
            let count =
                |condition: &str, name: String| format!("count(*) FILTER (WHERE {condition}) AS {name}");
            let mut columns = Vec::new();
            for (at, (hold, named)) in holds.iter().zip(&named).enumerate() {
                columns.push(count(&covering(hold, table), format!("h{at}")));
                let each = named.iter().enumerate();
                columns.extend(each.map(|(e, entity)| {
                    count(&naming(std::slice::from_ref(entity), table), format!("h{at}e{e}"))
                }));
            }
            if columns.is_empty() {
                continue;
            }
            let answer = session.sql(&format!("SELECT {} FROM {}", columns.join(", "), table.name())).await?;
            let Some(row) = rows(&answer).next() else { continue };
            for (at, ((held, seen), named)) in all.iter_mut().zip(&mut seen).zip(&named).enumerate() {
                let records = row.count(&format!("h{at}"));
                held.records.extend((records > 0).then(|| (table.name().to_owned(), records)));
                let there = |e: &usize| row.count(&format!("h{at}e{e}")) > 0;
                seen.extend((0..named.len()).filter(there));
            }
        }
        for ((held, seen), named) in all.iter_mut().zip(seen).zip(named) {
            let unknown = named.into_iter().enumerate().filter(|(at, _)| !seen.contains(at));
            held.unknown = unknown.map(|(_, entity)| entity).collect();
        }
        Ok(all)
    })
}

fn fits(entity: &Entity) -> bool {
    let base = || entity.value.split_once('/').map(|(base, _)| base);
    let prefix = || weir_model::entity::prefix_of(base()?);
    // An address with a length is a network, too.
    let network =
        entity.kind == EntityKind::Prefix || entity.kind == EntityKind::Origin && prefix().is_some();
    !network || prefix().as_deref() == Some(entity.value.as_str())
}

/// Reads a case back from its folder.
pub fn read(folder: &Path) -> Result<Case, EngineError> {
    let path = folder.join("case.json");
    let wrong = |message: String| EngineError::Case { path: path.clone(), message };
    let text = std::fs::read(&path).map_err(|e| wrong(e.to_string()))?;
    serde_json::from_slice(&text).map_err(|e| wrong(e.to_string()))
}

fn of_finding(finding: &Finding) -> Vec<Cover> {
    // What a whole log or machine did is held for the finding's time only.
    let broad = |kind| matches!(kind, EntityKind::Sensor | EntityKind::Host | EntityKind::Account);
    // Millions have the same browser: a client string tells whose records they are only where it is what is accused.
    let client = |e: &Entity| e.kind == EntityKind::Client;
    let own = |e: &Entity| !client(e) || finding.entities.first().is_some_and(client);
    let exact = |e: &&Entity| columns_of(e.kind).is_some() && !broad(e.kind) && own(e) && fits(e);
    let entities: Vec<Entity> = finding.entities.iter().filter(exact).cloned().collect();
    let until = Micros(finding.last_seen.0.saturating_add(1));
    let period = Span { since: Some(finding.first_seen), until: Some(until) };
    let mut covers = Vec::new();
    let clients = finding.entities.iter().filter(|e| !own(e)).count();
    if entities.len() + clients < finding.entities.len() || entities.is_empty() {
        covers.push(Cover { period, ..Cover::default() });
    }
    if !entities.is_empty() {
        covers.push(Cover { entities, ..Cover::default() });
    }
    covers
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use weir_detect::Draft;
    use weir_model::{Citation, Evidence, Severity};

    fn held(principal: (EntityKind, &str), others: &[(EntityKind, &str)]) -> Vec<Cover> {
        let cited = vec![Citation { path: "a.log".into(), line: 1, offset: 0, file: 1 }];
        let entity = |(kind, value): (EntityKind, &str)| Entity::new(kind, value);
        let seen = (Micros(5), Micros(9));
        let draft = Draft::new("reach", Severity::High, entity(principal), seen)
            .members(others.iter().map(|other| entity(*other)));
        of_finding(&draft.finish(Evidence::new(cited, 1, "q").unwrap(), BTreeMap::new()))
    }

    #[test]
    fn a_browser_that_millions_have_is_held_only_where_it_is_what_is_accused() {
        let (origin, client) = ((EntityKind::Origin, "192.0.2.7"), (EntityKind::Client, "Mozilla/5.0"));
        let all = held(origin, &[client, (EntityKind::Credential, "fp_1")]);
        let kinds: Vec<EntityKind> = all.iter().flat_map(|c| &c.entities).map(|e| e.kind).collect();
        assert_eq!((all.len(), kinds), (1, vec![EntityKind::Origin, EntityKind::Credential]));
        let programs = held(client, &[(EntityKind::Client, "curl/8"), origin]);
        assert_eq!(programs.iter().map(|c| c.entities.len()).collect::<Vec<_>>(), [3]);
        // What no column holds is held for its time.
        let host = held(origin, &[(EntityKind::Host, "web-1")]);
        assert_eq!((host.len(), host[0].period.since), (2, Some(Micros(5))));
    }
}
