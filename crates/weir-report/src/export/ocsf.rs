//! `exports/ocsf.jsonl`: OCSF 1.8.0 Incident Finding and Detection Findings.

use super::{ATTACK_VERSION, ids, organisation, people, standing, told_at};
use crate::format::{Content, Format};
use crate::json::line;
use crate::{Result, escape};
use serde_json::{Map, Value, json};
use weir_model::attack::technique;
use weir_model::case::Case;
use weir_model::finding::State;
use weir_model::{Entity, EntityKind, Finding, Micros, Severity};

pub(crate) const OCSF: Format = Format {
    name: "ocsf",
    file: "exports/ocsf.jsonl",
    summary: "incident and findings as OCSF events",
    manual: "OCSF 1.8.0, an event a line: first the Incident Finding (class 2005) when there is any finding, then a Detection Finding (class 2004) for \
        each finding, superseded ones included (status Archived). `finding_info.uid` is Weir's finding id, `metadata.uid` a UUID that stays from run to run. \
        Times are milliseconds. Entities are `observables`, citations `evidences` (`data` has file, line and offset, at most 100), measures and limits \
        stand in `unmapped`. The number of people is in the incident's `desc`, with its bounds in `unmapped`.\n\n\
        ## Blind spots\n\nNobody is assigned, and OCSF demands an assignee: the group is `unassigned`. Verdicts are `Unknown` unless somebody acknowledged \
        a finding.\n\n## References\n\nhttps://schema.ocsf.io/1.8.0/classes/incident_finding and https://schema.ocsf.io/1.8.0/classes/detection_finding",
    content: Content::Case(render),
};

const VERSION: &str = "1.8.0";
const CREATE: u64 = 1;

fn render(case: &Case) -> Result<Vec<u8>> {
    let mut out = String::new();
    if standing(case).next().is_some() {
        out.push_str(&line(&incident(case))?);
    }
    for finding in &case.findings {
        out.push_str(&line(&detection(case, finding))?);
    }
    Ok(out.into_bytes())
}

fn millis(at: Micros) -> i64 {
    at.0.div_euclid(1_000)
}

fn severity(of: Severity) -> (u64, &'static str) {
    match of {
        Severity::Informational => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

/// What every event of a class has: when it is of, its class and who says so.
fn event(case: &Case, class: u64, name: &str, uid: &str, at: Micros, of: Severity) -> Map<String, Value> {
    let (severity_id, severity) = severity(of);
    let (product, version) = case.program.split_once(' ').unwrap_or((case.program.as_str(), ""));
    let mut metadata = json!({
        "version": VERSION,
        "uid": uid,
        "product": { "name": product, "vendor_name": "Weir" },
        "correlation_uid": case.id,
    });
    if !version.is_empty() {
        metadata["product"]["version"] = json!(version);
    }
    let all = json!({
        "activity_id": CREATE,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": class,
        "class_name": name,
        "type_uid": class * 100 + CREATE,
        "type_name": format!("{name}: Create"),
        "severity_id": severity_id,
        "severity": severity,
        "time": millis(at),
        "metadata": metadata,
    });
    match all {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn incident(case: &Case) -> Value {
    let worst = standing(case).map(|f| f.severity).max().unwrap_or(Severity::Informational);
    let uid = ids::uuid(&["incident", &case.id]);
    let mut event = event(case, 2005, "Incident Finding", &uid, told_at(case), worst);
    let bounds = case.scope.subjects;
    event.insert("status_id".to_owned(), json!(1));
    event.insert("status".to_owned(), json!("New"));
    event.insert("assignee_group".to_owned(), json!({ "name": "unassigned" }));
    event.insert(
        "desc".to_owned(),
        json!(format!("Exposed: {}. {}", people(case), escape::sentence(&case.scope.reason))),
    );
    event.insert("finding_info_list".to_owned(), standing(case).map(|f| finding_info(case, f)).collect());
    let attacks: Vec<Value> = super::techniques(case).into_iter().filter_map(attack).collect();
    if !attacks.is_empty() {
        event.insert("attacks".to_owned(), json!(attacks));
    }
    if let Some(period) = case.scope.first.zip(case.scope.last) {
        event.insert("start_time".to_owned(), json!(millis(period.0)));
        event.insert("end_time".to_owned(), json!(millis(period.1)));
    }
    event.insert(
        "unmapped".to_owned(),
        json!({
            "weir": {
                "organisation": organisation(case),
                "determinable": case.scope.determinable,
                "subjects_lower": bounds.map(|b| b.lower),
                "subjects_upper": bounds.and_then(|b| b.upper),
                "data_categories": case.scope.categories,
            }
        }),
    );
    Value::Object(event)
}

fn detection(case: &Case, finding: &Finding) -> Value {
    let uid = ids::uuid(&["finding", &case.id, &finding.id]);
    let mut event = event(case, 2004, "Detection Finding", &uid, finding.raised, finding.severity);
    let (status_id, status) = match finding.state {
        State::Acknowledged => (2, "In Progress"),
        State::Suppressed => (3, "Suppressed"),
        State::Superseded => (5, "Archived"),
        _ => (1, "New"),
    };
    event.insert("status_id".to_owned(), json!(status_id));
    event.insert("status".to_owned(), json!(status));
    if let Some(reason) = &finding.state_reason {
        event.insert("status_detail".to_owned(), json!(escape::sentence(reason)));
    }
    event.insert("start_time".to_owned(), json!(millis(finding.first_seen)));
    event.insert("end_time".to_owned(), json!(millis(finding.last_seen)));
    event.insert("count".to_owned(), json!(finding.evidence.0.total().min(i32::MAX as u64)));
    event.insert("message".to_owned(), json!(escape::sentence(&finding.title)));
    event.insert("finding_info".to_owned(), finding_info(case, finding));
    event.insert("observables".to_owned(), finding.entities.iter().map(observable).collect());
    let cited = finding.evidence.0.cited().iter();
    let evidences: Vec<Value> = cited
        .map(|c| json!({ "data": { "file": escape::shown(&c.path), "line": c.line, "offset": c.offset } }))
        .collect();
    event.insert("evidences".to_owned(), json!(evidences));
    event.insert(
        "unmapped".to_owned(),
        json!({
            "weir": {
                "records": finding.evidence.0.total(),
                "query": escape::query(finding.evidence.0.query()),
                "measures": finding.measures,
                "baseline": finding.baseline,
                "p_value": finding.p_value,
                "threshold": finding.threshold,
                "limits": finding.limits.iter().map(|l| escape::sentence(l)).collect::<Vec<_>>(),
                "campaign": finding.campaign,
            }
        }),
    );
    Value::Object(event)
}

fn finding_info(case: &Case, finding: &Finding) -> Value {
    let kind = if finding.p_value.is_some() { (3, "Statistical") } else { (1, "Rule") };
    let mut info = json!({
        "uid": finding.id,
        "title": escape::sentence(&finding.title),
        "desc": escape::sentence(&finding.explanation),
        "first_seen_time": millis(finding.first_seen),
        "last_seen_time": millis(finding.last_seen),
        "created_time": millis(finding.raised),
        "analytic": { "name": escape::shown(&finding.detector), "uid": escape::shown(&finding.detector), "type_id": kind.0, "type": kind.1 },
        "data_sources": sensors(case),
    });
    let attacks: Vec<Value> = finding.attack.iter().filter_map(|id| attack(id)).collect();
    if !attacks.is_empty() {
        info["attacks"] = json!(attacks);
    }
    info
}

fn sensors(case: &Case) -> Vec<String> {
    case.coverage.iter().map(|c| escape::shown(&c.sensor)).collect()
}

/// A technique with its tactic; a sub-technique beside the technique it is part of.
fn attack(id: &str) -> Option<Value> {
    let known = technique(id)?;
    let (parent, name) = (id.split('.').next().unwrap_or(id), known.name);
    let mut attack = json!({
        "version": ATTACK_VERSION,
        "tactic": { "name": known.tactic },
        "technique": { "uid": parent, "name": name.split(':').next().unwrap_or(name) },
    });
    if parent != id {
        let own = name.split_once(": ").map_or(name, |(_, own)| own);
        attack["sub_technique"] = json!({ "uid": id, "name": own });
    }
    Some(attack)
}

fn observable(entity: &Entity) -> Value {
    let (type_id, kind) = match entity.kind {
        EntityKind::Actor => (4, "User Name"),
        EntityKind::Credential => (19, "User Credential ID"),
        EntityKind::Origin => (2, "IP Address"),
        EntityKind::Prefix => (12, "Subnet"),
        EntityKind::Client => (16, "HTTP User-Agent"),
        EntityKind::Resource => (10, "Resource UID"),
        EntityKind::Host => (1, "Hostname"),
        EntityKind::Subject => (31, "User Object: uid"),
        EntityKind::Country => (14, "Country"),
        EntityKind::Account => (35, "Account Object: uid"),
        other => (99, other.as_str()),
    };
    json!({ "name": entity.kind.as_str(), "type_id": type_id, "type": kind, "value": escape::shown(&entity.value) })
}
