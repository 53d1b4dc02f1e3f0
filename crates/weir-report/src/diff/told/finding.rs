//! Findings and campaigns of a comparison, in words.
//!
//! Decisive choice: a finding is named by its title and its id, so that whoever reads can look it up in either case; of one that changed only what changed is said.

use super::{Room, Told, both, came, list, number, tally};
use crate::words;
use weir_model::Entity;
use weir_model::case::Period;
use weir_model::diff::{
    Brief, Campaign, CampaignChange, Campaigns, EntitiesChange, FindingChange, Findings, GoneCampaign,
    GoneFinding, NewFinding, Whose,
};

/// Entities named in one line.
const NAMED_MAX: usize = 5;
/// Measures named in one line.
const MEASURES_MAX: usize = 4;

pub(super) fn findings(all: &Findings, room: Room) -> Told {
    let mut rows = Vec::new();
    list(&mut rows, &all.new, room, |f| new(f, &all.gone));
    list(&mut rows, &all.gone, room, gone);
    list(&mut rows, &all.changed, room, changed);
    (tally(all.new.len(), all.gone.len(), all.changed.len(), Some(all.same)), rows)
}

fn named(f: &Brief) -> String {
    format!("{}, {} ({} {})", f.severity, f.title, f.detector, f.id)
}

fn whose(whose: &Option<Whose>) -> String {
    whose.map_or_else(|| "nobody counted".to_owned(), |whose| words::people(whose.subjects))
}

fn sized(f: &Brief) -> String {
    format!(
        "{}; {} in {}, {}",
        whose(&f.whose),
        words::quantity(f.entities, "entity", "entities"),
        words::quantity(f.records, "record", "records"),
        words::period(Period { first: f.first_seen, last: f.last_seen })
    )
}

/// A new finding, and whose place it took: for certain only where the later case states it.
fn new(f: &NewFinding, gone: &[GoneFinding]) -> String {
    let stated = |id: &&String| {
        gone.iter().any(|g| g.brief.id == **id && g.superseded_by.as_deref() == Some(&f.brief.id))
    };
    let (stated, likely): (Vec<&String>, Vec<&String>) = f.before.iter().partition(stated);
    let place = |how: &str, ids: Vec<&String>| {
        let ids: Vec<String> = ids.into_iter().cloned().collect();
        if ids.is_empty() { String::new() } else { format!("{how} {}; ", words::list(&ids)) }
    };
    let stated = place("in the place of", stated);
    let likely = place("probably in the place of", likely);
    format!("New: {}: {stated}{likely}{}", named(&f.brief), sized(&f.brief))
}

fn gone(f: &GoneFinding) -> String {
    let mut fate = match (&f.superseded_by, &f.probably) {
        (Some(id), _) => format!("superseded by {id}; "),
        (None, Some(like)) => format!(
            "probably {} now, which accuses {} of its {}; ",
            like.id,
            words::count(like.shared),
            words::quantity(like.of, "entity", "entities")
        ),
        (None, None) => String::new(),
    };
    if let Some(why) = &f.why {
        fate.push_str(&format!("{why}; "));
    }
    format!("Gone: {}: {fate}{}", named(&f.brief), sized(&f.brief))
}

fn changed(f: &FindingChange) -> String {
    let changes = &f.changes;
    let mut told = Vec::new();
    told.extend(changes.severity.map(|change| format!("severity {}", both(&change, ToString::to_string))));
    told.extend(changes.title.as_ref().map(|change| format!("before: {}", change.old)));
    told.extend(changes.state.map(|change| format!("state {}", both(&change, ToString::to_string))));
    told.extend(changes.whose.map(|change| format!("people: {}", both(&change, whose))));
    told.extend(changes.records.map(|change| format!("records {}", both(&change, number))));
    for (label, change) in [("first seen", changes.first_seen), ("last seen", changes.last_seen)] {
        told.extend(change.map(|change| format!("{label} {}", both(&change, |at| words::instant(*at)))));
    }
    told.extend(changes.entities.as_ref().map(|change| entities("entities", change)));
    told.extend(changes.perhaps.as_ref().map(|change| entities("of the same hand perhaps", change)));
    let name = |side: &Option<String>| side.clone().unwrap_or_else(|| "none".to_owned());
    told.extend(changes.campaign.as_ref().map(|change| format!("campaign {}", both(change, name))));
    if let Some(said) = &changes.dispositions {
        told.extend(said.new.iter().map(|d| format!("{}: {}", words::said(d), d.reason)));
        told.extend(said.gone.iter().map(|d| format!("no longer {}", words::said(d))));
    }
    let limits = changes.limits.as_ref().and_then(|all| came(all, |texts| texts.join(" ")));
    told.extend(limits.map(|all| format!("limits, {all}")));
    let value = |side: &Option<f64>| side.map_or_else(|| "none".to_owned(), words::number);
    let measures = changes.measures.iter();
    told.extend(
        measures
            .clone()
            .take(MEASURES_MAX)
            .map(|(name, change)| format!("{} {}", name.replace('_', " "), both(change, value))),
    );
    if measures.len() > MEASURES_MAX {
        told.push(format!("{} more measures", measures.len() - MEASURES_MAX));
    }
    format!("Changed: {}: {}", named(&f.brief), told.join("; "))
}

fn entities(label: &str, change: &EntitiesChange) -> String {
    let side = |n: u64, word: &str, first: &[Entity]| {
        let named: Vec<String> = first.iter().take(NAMED_MAX).map(ToString::to_string).collect();
        let more = if n > named.len() as u64 && !named.is_empty() { " …" } else { "" };
        let named = if named.is_empty() { String::new() } else { format!(" ({}{more})", named.join(", ")) };
        (n > 0).then(|| format!("{} {word}{named}", words::count(n)))
    };
    let sides = [
        side(change.added, "more", &change.added_first),
        side(change.removed, "fewer", &change.removed_first),
    ];
    format!("{label}: {}", sides.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

pub(super) fn campaigns(all: &Campaigns, room: Room) -> Told {
    let mut rows = Vec::new();
    let of = |c: &Campaign| {
        format!("{} of {}", c.id, words::quantity(c.findings.len() as u64, "finding", "findings"))
    };
    list(&mut rows, &all.new, room, |c| format!("New: {}", of(c)));
    list(&mut rows, &all.gone, room, |c: &GoneCampaign| {
        let probably = c.probably.as_ref().map(|id| format!("; probably {id} now")).unwrap_or_default();
        format!("Gone: {}{probably}", of(&c.campaign))
    });
    list(&mut rows, &all.changed, room, |c: &CampaignChange| {
        let findings = came(&c.findings, words::list).unwrap_or_default();
        format!("Changed: {}, findings {findings}", c.id)
    });
    (tally(all.new.len(), all.gone.len(), all.changed.len(), Some(all.same)), rows)
}
