//! `exports/stix.json`: a STIX 2.1 bundle.

use super::{address, ids, organisation, people, standing, techniques, told_at};
use crate::format::{Content, Format};
use crate::json::pretty;
use crate::{Result, escape, words};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use weir_model::attack::technique;
use weir_model::case::{Case, Indicator};
use weir_model::{Entity, EntityKind, Finding, Micros, Severity};

pub(crate) const STIX: Format = Format {
    name: "stix",
    file: "exports/stix.json",
    summary: "the case as a STIX 2.1 bundle",
    manual: "A STIX 2.1 bundle: the `identity` of the organisation and of Weir, one `incident`, for each finding that stands its `observed-data` (addresses, \
        networks, accounts) and a `note` with what was seen, `infrastructure` for the addresses that findings of severity high or above accuse (a campaign's \
        together), an `indicator` for each address or network by which others can look for the same hand (none of a private network), based on what was observed, an `attack-pattern` for \
        each ATT&CK technique, their `relationship`s, and a `report` that holds all. Ids are UUIDs of version 5, the same in \
        every run; those of observables follow STIX's rule. `created` is when the evidence sufficed.\n\n\
        ## Blind spots\n\nCredentials, routes, clients and datasets have no object in STIX and are named in notes. `number_observed` ends at 999,999,999. Exposed \
        people are counted and never listed. Who the attacker is and why is not said.\n\n\
        ## References\n\nhttps://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html",
    content: Content::Case(render),
};

const OBSERVED_MAX: u64 = 999_999_999;
/// Names of one kind that a note has.
const NAMES_MAX: usize = 20;

/// Objects by id, in the order in which they came.
struct Bundle {
    objects: Vec<Value>,
    known: BTreeSet<String>,
    at: String,
    by: String,
}

/// An instant as STIX has it: to the millisecond.
pub(super) fn stamp(at: Micros) -> String {
    let whole = Micros(at.0.div_euclid(1_000_000) * 1_000_000).to_string();
    let seconds = whole.trim_end_matches('Z').split('.').next().unwrap_or_default().to_owned();
    format!("{seconds}.{:03}Z", at.0.div_euclid(1_000).rem_euclid(1_000))
}

impl Bundle {
    /// Adds an object of the domain, unless it is there; gives its id.
    fn add(&mut self, kind: &str, parts: &[&str], content: Value) -> String {
        let id = format!("{kind}--{}", ids::uuid(&[&[kind], parts].concat()));
        let mut object = json!({
            "type": kind,
            "spec_version": "2.1",
            "id": id,
            "created_by_ref": self.by,
            "created": self.at,
            "modified": self.at,
        });
        if let (Some(all), Value::Object(content)) = (object.as_object_mut(), content) {
            all.extend(content);
        }
        self.put(&id, object);
        id
    }

    /// Adds an observable by what names it.
    fn observe(&mut self, kind: &str, properties: &Value) -> String {
        let id = ids::observable(kind, &properties.to_string());
        let mut object = json!({ "type": kind, "spec_version": "2.1", "id": id });
        if let (Some(all), Value::Object(own)) = (object.as_object_mut(), properties.clone()) {
            all.extend(own);
        }
        self.put(&id, object);
        id
    }

    fn put(&mut self, id: &str, object: Value) {
        if self.known.insert(id.to_owned()) {
            self.objects.push(object);
        }
    }

    fn relate(&mut self, from: &str, how: &str, to: &str) {
        let content = json!({ "relationship_type": how, "source_ref": from, "target_ref": to });
        self.add("relationship", &[from, how, to], content);
    }
}

fn render(case: &Case) -> Result<Vec<u8>> {
    let tool = json!({ "name": "Weir", "identity_class": "system" });
    let by = format!("identity--{}", ids::uuid(&["identity", "weir"]));
    let mut bundle =
        Bundle { objects: Vec::new(), known: BTreeSet::new(), at: stamp(told_at(case)), by: by.clone() };
    bundle.add("identity", &["weir"], tool);
    let name = organisation(case).unwrap_or_else(|| "Unknown: no organisation is configured".to_owned());
    let mut organisation = json!({ "name": name, "identity_class": "organization" });
    if let Some(sector) = &case.organisation.sector {
        organisation["description"] = json!(format!("Sector: {}", escape::shown(sector)));
    }
    let organisation = bundle.add("identity", &["organisation", &case.id], organisation);
    let incident = json!({
        "name": format!("Case {}", case.id),
        "description": format!("Exposed: {}. {}", people(case), escape::sentence(&case.scope.reason)),
    });
    let incident = bundle.add("incident", &[&case.id], incident);
    bundle.relate(&incident, "related-to", &organisation);
    let patterns: BTreeMap<&str, String> =
        techniques(case).into_iter().filter_map(|id| Some((id, pattern(&mut bundle, id)?))).collect();
    for id in patterns.values() {
        bundle.relate(id, "targets", &organisation);
    }
    let seen: BTreeMap<&str, String> = standing(case)
        .filter_map(|finding| {
            Some((finding.id.as_str(), observed(&mut bundle, case, finding, &incident, &patterns)?))
        })
        .collect();
    for one in &case.incident.indicators {
        indicator(&mut bundle, case, one, (&seen, &patterns));
    }
    let all: Vec<String> = bundle.known.iter().cloned().collect();
    bundle.add(
        "report",
        &[&case.id],
        json!({
            "name": format!("Case {}", case.id),
            "report_types": ["threat-report"],
            "published": bundle.at.clone(),
            "object_refs": all,
        }),
    );
    let id = format!("bundle--{}", ids::uuid(&["bundle", &case.id]));
    pretty(&json!({ "type": "bundle", "id": id, "objects": bundle.objects }))
}

/// A tactic as ATT&CK names it in STIX.
pub(super) fn phase(tactic: &str) -> String {
    tactic.to_lowercase().replace(' ', "-")
}

/// Where ATT&CK explains a technique.
pub(super) fn page(id: &str) -> String {
    format!("https://attack.mitre.org/techniques/{}/", id.replace('.', "/"))
}

fn pattern(bundle: &mut Bundle, id: &str) -> Option<String> {
    let known = technique(id)?;
    let content = json!({
        "name": known.name,
        "external_references": [{ "source_name": "mitre-attack", "external_id": id, "url": page(id) }],
        "kill_chain_phases": [{ "kill_chain_name": "mitre-attack", "phase_name": phase(known.tactic) }],
    });
    Some(bundle.add("attack-pattern", &[id], content))
}

/// The observable of an entity, where STIX has one for it.
fn observable(bundle: &mut Bundle, entity: &Entity) -> Option<String> {
    let network = |value: &str| {
        let (ip, bits) = value.split_once('/')?;
        let ip: std::net::IpAddr = ip.parse().ok()?;
        bits.parse::<u8>().is_ok().then_some(ip)
    };
    let ip = address(entity)
        .or_else(|| (entity.kind == EntityKind::Prefix).then(|| network(&entity.value)).flatten());
    let value = json!({ "value": entity.value });
    match (entity.kind, ip) {
        (_, Some(ip)) if ip.is_ipv4() => Some(bundle.observe("ipv4-addr", &value)),
        (_, Some(_)) => Some(bundle.observe("ipv6-addr", &value)),
        (EntityKind::Asn, _) => {
            let number: u64 = entity.value.strip_prefix("AS")?.parse().ok()?;
            Some(bundle.observe("autonomous-system", &json!({ "number": number })))
        }
        (EntityKind::Actor | EntityKind::Account, _) => {
            Some(bundle.observe("user-account", &json!({ "user_id": escape::shown(&entity.value) })))
        }
        _ => None,
    }
}

/// By what others can look for the same hand, where STIX has a pattern for it: an address, or the addresses of a network.
fn indicator(
    bundle: &mut Bundle,
    case: &Case,
    one: &Indicator,
    (seen, patterns): (&BTreeMap<&str, String>, &BTreeMap<&str, String>),
) {
    let (base, compare) = match one.entity.value.split_once('/') {
        Some((base, bits)) if bits.parse::<u8>().is_ok() => (base, "ISSUBSET"),
        _ => (one.entity.value.as_str(), "="),
    };
    let Ok(ip) = base.parse::<std::net::IpAddr>() else { return };
    // Inside every network somebody has such an address.
    if is_local(ip) {
        return;
    }
    let kind = if ip.is_ipv4() { "ipv4-addr" } else { "ipv6-addr" };
    let value = &one.entity.value;
    let content = json!({
        "name": value,
        "description": escape::sentence(&one.why),
        "indicator_types": ["anomalous-activity"],
        "pattern": format!("[{kind}:value {compare} '{value}']"),
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": stamp(one.period.first),
    });
    let id = bundle.add("indicator", &[&case.id, value], content);
    // The findings by which it is one; others that name it too are told of their own.
    let of = case.findings.iter().filter(|f| f.title == one.why && f.entities.contains(&one.entity));
    for finding in of {
        if let Some(observed) = seen.get(finding.id.as_str()) {
            bundle.relate(&id, "based-on", observed);
        }
        for pattern in finding.attack.iter().filter_map(|technique| patterns.get(technique.as_str())) {
            bundle.relate(&id, "indicates", pattern);
        }
    }
}

/// Whether an address means another machine in each network.
fn is_local(ip: std::net::IpAddr) -> bool {
    match ip {
        std::net::IpAddr::V4(ip) => {
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified()
        }
        std::net::IpAddr::V6(ip) => {
            ip.is_unique_local() || ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unspecified()
        }
    }
}

/// What a finding saw; the id of its observed data, where STIX has objects for some of it.
fn observed(
    bundle: &mut Bundle,
    case: &Case,
    finding: &Finding,
    incident: &str,
    patterns: &BTreeMap<&str, String>,
) -> Option<String> {
    let mut seen: Vec<String> = Vec::new();
    let mut addresses: Vec<String> = Vec::new();
    let mut beside: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for entity in &finding.entities {
        match observable(bundle, entity) {
            Some(id) => {
                if matches!(entity.kind, EntityKind::Origin | EntityKind::Prefix) {
                    addresses.push(id.clone());
                }
                if !seen.contains(&id) {
                    seen.push(id);
                }
            }
            None => beside.entry(entity.kind.as_str()).or_default().push(&entity.value),
        }
    }
    let mut about = incident.to_owned();
    if !seen.is_empty() {
        let content = json!({
            "first_observed": stamp(finding.first_seen),
            "last_observed": stamp(finding.last_seen),
            "number_observed": finding.evidence.0.total().clamp(1, OBSERVED_MAX),
            "object_refs": seen,
        });
        about = bundle.add("observed-data", &[&case.id, &finding.id], content);
        bundle.relate(incident, "related-to", &about.clone());
    }
    let mut text = format!("{} {}", escape::sentence(&finding.title), escape::sentence(&finding.explanation));
    for (kind, names) in beside {
        let told: Vec<String> = names.iter().take(NAMES_MAX).map(|name| escape::shown(name)).collect();
        let more = names.len().saturating_sub(NAMES_MAX);
        let more = if more > 0 { format!(" and {} more", words::count(more as u64)) } else { String::new() };
        text.push_str(&format!(" {kind}: {}{more}.", told.join(", ")));
    }
    let note = json!({
        "abstract": format!("{}, severity {}", escape::shown(&finding.detector), finding.severity),
        "content": text,
        "object_refs": [about.clone()],
    });
    bundle.add("note", &[&case.id, &finding.id], note);
    let data = (!seen.is_empty()).then_some(about);
    if finding.severity < Severity::High || addresses.is_empty() {
        return data;
    }
    let (key, name) = match &finding.campaign {
        Some(campaign) => (campaign.as_str(), format!("Addresses of campaign {campaign}")),
        None => (finding.id.as_str(), format!("Addresses of finding {}", finding.id)),
    };
    let infrastructure = bundle.add("infrastructure", &[&case.id, key], json!({ "name": name }));
    for address in &addresses {
        bundle.relate(&infrastructure, "consists-of", address);
    }
    for pattern in finding.attack.iter().filter_map(|id| patterns.get(id.as_str())) {
        bundle.relate(&infrastructure, "related-to", pattern);
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_to_the_millisecond() {
        assert_eq!(stamp(Micros::parse("2025-03-01T00:00:00.123456Z").unwrap()), "2025-03-01T00:00:00.123Z");
        assert_eq!(stamp(Micros::parse("2025-03-01T00:00:00Z").unwrap()), "2025-03-01T00:00:00.000Z");
    }
}
