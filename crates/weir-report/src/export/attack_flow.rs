//! `exports/attack-flow.json`: what was done, in order, as an Attack Flow.

use super::{ids, told_at};
use crate::format::{Content, Format};
use crate::json::pretty;
use crate::{Result, escape};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use weir_model::attack::technique;
use weir_model::case::{Case, TimelineEvent};

pub(crate) const ATTACK_FLOW: Format = Format {
    name: "attack-flow",
    file: "exports/attack-flow.json",
    summary: "what was done, in order, as an Attack Flow",
    manual: "A bundle of Center for Threat-Informed Defense's Attack Flow 2: an `attack-action` for each technique of the timeline, in the order in which it was \
        first seen, each leading to the next. The description is that of the first event, with how many events there are.\n\n\
        ## Blind spots\n\nThe order is that of time: that one action made the next possible is not known from logs. Events without a technique are left out.\n\n\
        ## References\n\nhttps://center-for-threat-informed-defense.github.io/attack-flow/language/",
    content: Content::Case(render),
};

/// The extension that makes STIX an Attack Flow.
const EXTENSION: &str = "extension-definition--fb9c968a-745b-4ade-9b25-c324172197f4";
const CREATOR: &str = "identity--fb9c968a-745b-4ade-9b25-c324172197f4";
/// When the extension was made, as its schema has it.
const MADE: &str = "2022-08-02T19:34:35.143Z";

fn render(case: &Case) -> Result<Vec<u8>> {
    let at = super::stix::stamp(told_at(case));
    let mut events: Vec<&TimelineEvent> = case.timeline.iter().collect();
    events.sort_by_key(|event| event.time);
    let mut seen: Vec<(&str, Vec<&TimelineEvent>)> = Vec::new();
    let mut place: BTreeMap<&str, usize> = BTreeMap::new();
    for event in events {
        for id in event.attack.iter().filter(|id| technique(id).is_some()) {
            let place = *place.entry(id).or_insert(seen.len());
            if place == seen.len() {
                seen.push((id, Vec::new()));
            }
            if let Some((_, events)) = seen.get_mut(place) {
                events.push(event);
            }
        }
    }
    let extension = || json!({ EXTENSION: { "extension_type": "new-sdo" } });
    let id = |kind: &str, what: &str| format!("{kind}--{}", ids::uuid(&[kind, &case.id, what]));
    let author = format!("identity--{}", ids::uuid(&["identity", "weir"]));
    let mut actions: Vec<Value> = Vec::new();
    for (at_place, (technique_id, events)) in seen.iter().enumerate() {
        let (Some(known), Some(first)) = (technique(technique_id), events.first()) else { continue };
        let next = seen.get(at_place + 1).map(|(next, _)| id("attack-action", next));
        let count = if events.len() > 1 { format!(" ({} events)", events.len()) } else { String::new() };
        let mut action = json!({
            "type": "attack-action",
            "spec_version": "2.1",
            "id": id("attack-action", technique_id),
            "created": at,
            "modified": at,
            "extensions": extension(),
            "name": known.name,
            "technique_id": technique_id,
            "description": format!("{}{count}", escape::sentence(&first.what)),
            "execution_start": super::stix::stamp(first.time),
        });
        let end = events.iter().map(|e| e.until.unwrap_or(e.time)).max();
        if let Some(end) = end {
            action["execution_end"] = json!(super::stix::stamp(end));
        }
        if let Some(next) = next {
            action["effect_refs"] = json!([next]);
        }
        actions.push(action);
    }
    let mut objects = vec![
        json!({
            "type": "extension-definition",
            "spec_version": "2.1",
            "id": EXTENSION,
            "created": MADE,
            "modified": MADE,
            "name": "Attack Flow",
            "description": "Extends STIX 2.1 with features to create Attack Flows.",
            "created_by_ref": CREATOR,
            "schema": "https://center-for-threat-informed-defense.github.io/attack-flow/stix/attack-flow-schema-2.0.0.json",
            "version": "2.0.0",
            "extension_types": ["new-sdo"],
        }),
        json!({
            "type": "identity",
            "spec_version": "2.1",
            "id": CREATOR,
            "created": MADE,
            "modified": MADE,
            "created_by_ref": CREATOR,
            "name": "MITRE Center for Threat-Informed Defense",
            "identity_class": "organization",
        }),
        json!({
            "type": "identity",
            "spec_version": "2.1",
            "id": author,
            "created": at,
            "modified": at,
            "name": "Weir",
            "identity_class": "system",
        }),
    ];
    // A flow begins somewhere: without an action there is none.
    if let Some(first) = actions.first() {
        objects.push(json!({
            "type": "attack-flow",
            "spec_version": "2.1",
            "id": id("attack-flow", ""),
            "created": at,
            "modified": at,
            "extensions": extension(),
            "created_by_ref": author,
            "name": format!("Case {}", case.id),
            "scope": "incident",
            "start_refs": [first["id"]],
        }));
    }
    objects.extend(actions);
    pretty(&json!({ "type": "bundle", "id": id("bundle", "attack-flow"), "objects": objects }))
}
