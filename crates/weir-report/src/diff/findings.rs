//! Which findings are new, gone or changed.
//!
//! Decisive choice: an id is made from a finding's content, so the same id is the same finding; only those that stand are compared, since superseded ones are what runs
//! remember and not what the logs show. One that stood and is now kept as superseded is gone, with what the later case says of it.

use super::scope::whose;
use super::{came, successors};
use std::collections::{BTreeMap, BTreeSet};
use weir_model::case::Case;
use weir_model::diff::{
    Brief, Came, Change, Changes, EntitiesChange, FindingChange, Findings, GoneFinding, NAMED_MAX,
    NewFinding, Whose,
};
use weir_model::{Disposition, Entity, EntityKind, Finding};

/// Findings that stand, by id.
pub(super) fn standing(case: &Case) -> BTreeMap<&str, &Finding> {
    case.findings.iter().filter(|f| f.stands()).map(|f| (f.id.as_str(), f)).collect()
}

/// Those that stand in a case and not among others, in the case's order.
fn alone<'a>(case: &'a Case, others: &BTreeMap<&str, &Finding>) -> Vec<&'a Finding> {
    case.findings.iter().filter(|f| f.stands() && !others.contains_key(f.id.as_str())).collect()
}

/// Compares the findings of two cases.
pub(super) fn findings(old: &Case, new: &Case) -> Findings {
    let (before, now) = (standing(old), standing(new));
    let (lost, came) = (alone(old, &now), alone(new, &before));
    let mut likely = successors::successors(&lost, &came);
    let kept: BTreeMap<&str, &Finding> =
        new.findings.iter().filter(|f| !f.stands()).map(|f| (f.id.as_str(), f)).collect();
    let gone: Vec<GoneFinding> = lost
        .iter()
        .map(|f| {
            let kept = kept.get(f.id.as_str());
            let superseded_by = kept.and_then(|kept| kept.superseded_by.clone());
            let probably = likely.remove(&f.id).filter(|_| superseded_by.is_none());
            let why = kept.and_then(|kept| kept.state_reason.clone());
            GoneFinding { brief: brief(f, old), superseded_by, why, probably }
        })
        .collect();
    let took = |id: &str| -> Vec<String> {
        let place = |g: &&GoneFinding| successor(g) == Some(id);
        gone.iter().filter(place).map(|g| g.brief.id.clone()).collect()
    };
    let fresh = came.iter().map(|f| NewFinding { brief: brief(f, new), before: took(&f.id) }).collect();
    let both = new.findings.iter().filter(|f| f.stands());
    let both = both.filter_map(|is| Some((*before.get(is.id.as_str())?, is)));
    let (mut changed, mut same) = (Vec::new(), 0);
    for (was, is) in both {
        let changes = changes((was, old), (is, new));
        if changes == Changes::default() {
            same += 1;
        } else {
            changed.push(FindingChange { brief: brief(is, new), changes });
        }
    }
    Findings { new: fresh, gone, changed, same }
}

/// The finding that took the place of one that is gone, stated or probable.
pub(super) fn successor(gone: &GoneFinding) -> Option<&str> {
    gone.superseded_by.as_deref().or(gone.probably.as_ref().map(|like| like.id.as_str()))
}

fn reached(f: &Finding, case: &Case) -> Option<Whose> {
    case.finding_scopes.get(&f.id).map(whose)
}

fn brief(f: &Finding, case: &Case) -> Brief {
    Brief {
        id: f.id.clone(),
        detector: f.detector.clone(),
        severity: f.severity,
        title: f.title.clone(),
        first_seen: f.first_seen,
        last_seen: f.last_seen,
        records: f.evidence.0.total(),
        entities: f.entities.len() as u64,
        whose: reached(f, case),
        campaign: f.campaign.clone(),
        state: f.state,
    }
}

fn changes((was, old): (&Finding, &Case), (is, new): (&Finding, &Case)) -> Changes {
    let perhaps = |f: &Finding| -> BTreeSet<Entity> { f.perhaps.iter().map(|r| r.entity.clone()).collect() };
    let accused = |f: &Finding| -> BTreeSet<Entity> { f.entities.iter().cloned().collect() };
    Changes {
        severity: Change::of(was.severity, is.severity),
        title: Change::of(was.title.clone(), is.title.clone()),
        first_seen: Change::of(was.first_seen, is.first_seen),
        last_seen: Change::of(was.last_seen, is.last_seen),
        records: Change::of(was.evidence.0.total(), is.evidence.0.total()),
        whose: Change::of(reached(was, old), reached(is, new)),
        entities: entities(&accused(was), &accused(is)),
        perhaps: entities(&perhaps(was), &perhaps(is)),
        measures: measures(&was.measures, &is.measures),
        campaign: Change::of(was.campaign.clone(), is.campaign.clone()),
        state: Change::of(was.state, is.state),
        dispositions: Some(said(&was.dispositions, &is.dispositions)).filter(|said| !said.is_empty()),
        limits: Some(came(&was.limits, &is.limits)).filter(|limits| !limits.is_empty()),
    }
}

fn entities(was: &BTreeSet<Entity>, is: &BTreeSet<Entity>) -> Option<EntitiesChange> {
    let named = |entity: &&Entity| entity.kind != EntityKind::Subject;
    let first = |these: &BTreeSet<Entity>, those: &BTreeSet<Entity>| -> Vec<Entity> {
        these.difference(those).filter(named).take(NAMED_MAX).cloned().collect()
    };
    let change = EntitiesChange {
        added: is.difference(was).count() as u64,
        removed: was.difference(is).count() as u64,
        added_first: first(is, was),
        removed_first: first(was, is),
    };
    (change.added + change.removed > 0).then_some(change)
}

fn measures(
    was: &BTreeMap<String, f64>,
    is: &BTreeMap<String, f64>,
) -> BTreeMap<String, Change<Option<f64>>> {
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let differ =
        |name: &String| Some((name.clone(), Change::of(was.get(name).copied(), is.get(name).copied())?));
    names.into_iter().filter_map(differ).collect()
}

fn said(was: &[Disposition], is: &[Disposition]) -> Came<Disposition> {
    let without = |these: &[Disposition], those: &[Disposition]| {
        these.iter().filter(|d| !those.contains(d)).cloned().collect()
    };
    Came { new: without(is, was), gone: without(was, is) }
}
