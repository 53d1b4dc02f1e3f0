//! Legal holds as people record them: by period, producer, entity, or for a case.
//!
//! Decisive choice: a hold for a case covers whatever its findings accuse, in all time, and pins the versions of the lake that they cite; where a finding accuses
//! what no column holds, all records of its period. Held too much is a matter of disk, held too little is evidence lost.

use crate::{EngineError, Progress};
use futures::future::LocalBoxFuture;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use weir_lake::Lake;
use weir_model::case::Case;
use weir_model::hold::{Cover, Release, columns_of};
use weir_model::{Entity, EntityKind, Finding, Hold, Micros, Span};

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
        let said = |message: &str| Err(EngineError::Said { message: message.to_owned() });
        if let (Some(since), Some(until)) = (order.cover.period.since, order.cover.period.until)
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
        let mut covers = Vec::new();
        let mut versions = Vec::new();
        if let Some(case) = &order.case {
            let case = read(case)?;
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
        Ok(lake.holding(waits).await?.record(hold).await?)
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

fn fits(entity: &Entity) -> bool {
    let base = || entity.value.split_once('/').map(|(base, _)| base);
    let prefix = || weir_model::entity::prefix_of(base()?);
    entity.kind != EntityKind::Prefix || prefix().as_deref() == Some(entity.value.as_str())
}

fn read(folder: &Path) -> Result<Case, EngineError> {
    let path = folder.join("case.json");
    let wrong = |message: String| EngineError::Case { path: path.clone(), message };
    let text = std::fs::read(&path).map_err(|e| wrong(e.to_string()))?;
    serde_json::from_slice(&text).map_err(|e| wrong(e.to_string()))
}

fn of_finding(finding: &Finding) -> Vec<Cover> {
    // What a whole log or machine did is held for the finding's time only.
    let broad = |kind| matches!(kind, EntityKind::Sensor | EntityKind::Host | EntityKind::Account);
    let exact = |e: &&Entity| columns_of(e.kind).is_some() && !broad(e.kind) && fits(e);
    let entities: Vec<Entity> = finding.entities.iter().filter(exact).cloned().collect();
    let until = Micros(finding.last_seen.0.saturating_add(1));
    let period = Span { since: Some(finding.first_seen), until: Some(until) };
    let mut covers = Vec::new();
    if entities.len() < finding.entities.len() || entities.is_empty() {
        covers.push(Cover { period, ..Cover::default() });
    }
    if !entities.is_empty() {
        covers.push(Cover { entities, ..Cover::default() });
    }
    covers
}
