//! `exports/case.jsonld`: the investigation in CASE/UCO.

use super::{address, ids, organisation, people, standing};
use crate::format::{Content, Format};
use crate::json::pretty;
use crate::{Result, escape};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use weir_model::case::Case;
use weir_model::{Entity, EntityKind};

pub(crate) const UCO: Format = Format {
    name: "case-uco",
    file: "exports/case.jsonld",
    summary: "the investigation in CASE/UCO, as JSON-LD",
    manual: "CASE 1.4 / UCO 1.4 as JSON-LD: the Investigation; each log file that was read as an ObservableObject with path, size and SHA-256; the InvestigativeAction in \
        which Weir (a Tool with its version) read them; the addresses and accounts of the findings that stand; and each finding as an Annotation on the files \
        it cites and the objects it names. Ids are UUIDs that stay from run to run.\n\n\
        ## Blind spots\n\nWho ran Weir is not in the case: the custody log of the lake has it. Credentials, routes, clients and datasets are named in the \
        annotations' words alone. Lines are in `findings.jsonl`.\n\n## References\n\nhttps://caseontology.org/ and https://unifiedcyberontology.org/",
    content: Content::Case(render),
};

/// Names in an annotation.
const NAMES_MAX: usize = 20;

fn id(kind: &str, parts: &[&str]) -> Value {
    json!({ "@id": name(kind, parts) })
}

fn name(kind: &str, parts: &[&str]) -> String {
    format!("kb:{kind}-{}", ids::uuid(&[&["uco", kind], parts].concat()))
}

fn integer(n: u64) -> Value {
    json!({ "@type": "xsd:integer", "@value": n.to_string() })
}

fn render(case: &Case) -> Result<Vec<u8>> {
    let mut graph: Vec<Value> = Vec::new();
    let mut files: BTreeMap<&str, Value> = BTreeMap::new();
    let hex = |hash: &&str| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    for read in &case.intake {
        let of: [&str; 2] = [&read.path, read.sha256.as_deref().unwrap_or_default()];
        files.insert(&read.path, id("file", &of));
        let mut content = json!({
            "@id": name("content-facet", &of),
            "@type": "uco-observable:ContentDataFacet",
            "uco-observable:sizeInBytes": integer(read.content_bytes),
        });
        if let Some(sha256) = read.sha256.as_deref().filter(hex) {
            content["uco-observable:hash"] = json!({
                "@id": name("hash", &of),
                "@type": "uco-types:Hash",
                "uco-types:hashMethod": "SHA256",
                "uco-types:hashValue": { "@type": "xsd:hexBinary", "@value": sha256.to_uppercase() },
            });
        }
        let facet = json!({
            "@id": name("file-facet", &of),
            "@type": "uco-observable:FileFacet",
            "uco-observable:filePath": escape::shown(&read.path),
            "uco-observable:sizeInBytes": integer(read.bytes),
        });
        graph.push(json!({
            "@id": name("file", &of),
            "@type": "uco-observable:File",
            "uco-core:hasFacet": [facet, content],
        }));
    }
    let mut objects: Vec<Value> = files.values().cloned().collect();
    let mut known: BTreeMap<&Entity, Value> = BTreeMap::new();
    for entity in standing(case).flat_map(|finding| &finding.entities) {
        if !known.contains_key(entity)
            && let Some((of, object)) = observable(entity)
        {
            objects.push(of.clone());
            known.insert(entity, of);
            graph.push(object);
        }
    }
    for finding in standing(case) {
        let mut about: Vec<Value> = finding.entities.iter().filter_map(|e| known.get(e).cloned()).collect();
        let mut cited: Vec<&str> = finding.evidence.0.cited().iter().map(|c| c.path.as_str()).collect();
        cited.dedup();
        cited.sort_unstable();
        cited.dedup();
        about.extend(cited.iter().filter_map(|path| files.get(path).cloned()));
        let others: Vec<String> = finding
            .entities
            .iter()
            .filter(|e| !known.contains_key(e))
            .take(NAMES_MAX)
            .map(|e| format!("{} {}", e.kind, escape::shown(&e.value)))
            .collect();
        let named = if others.is_empty() { String::new() } else { format!(" Named: {}.", others.join(", ")) };
        if about.is_empty() {
            about.push(id("investigation", &[&case.id]));
        }
        graph.push(json!({
            "@id": name("annotation", &[&case.id, &finding.id]),
            "@type": "uco-core:Annotation",
            "uco-core:name": format!("Finding {} ({}, severity {})", finding.id, escape::shown(&finding.detector), finding.severity),
            "uco-core:statement": format!("{} {}{named}", escape::sentence(&finding.title), escape::sentence(&finding.explanation)),
            "uco-core:object": about,
        }));
        objects.push(id("annotation", &[&case.id, &finding.id]));
    }
    let (tool, version) = case.program.split_once(' ').unwrap_or((case.program.as_str(), ""));
    graph.push(json!({
        "@id": name("tool", &[&case.program]),
        "@type": "uco-tool:Tool",
        "uco-core:name": tool,
        "uco-tool:version": version,
    }));
    let some = !objects.is_empty();
    let result = json!({
        "@id": name("provenance", &[&case.id]),
        "@type": "case-investigation:ProvenanceRecord",
        "uco-core:description": "Log files that were read",
        "uco-core:object": objects,
    });
    let mut action = json!({
        "@id": name("action", &[&case.id]),
        "@type": "case-investigation:InvestigativeAction",
        "uco-core:name": "Analysis of logs",
        "uco-action:instrument": id("tool", &[&case.program]),
    });
    if some {
        action["uco-action:result"] = id("provenance", &[&case.id]);
        graph.push(result);
    }
    if let Some(period) = case.period {
        action["uco-core:description"] = json!(format!("Events from {} to {}", period.first, period.last));
    }
    graph.push(action);
    let mut investigation = json!({
        "@id": name("investigation", &[&case.id]),
        "@type": "case-investigation:Investigation",
        "uco-core:name": format!("Case {}", case.id),
        "uco-core:description": format!("{}Exposed: {}. {}",
            organisation(case).map(|name| format!("Organisation: {name}. ")).unwrap_or_default(),
            people(case), escape::sentence(&case.scope.reason)),
        "uco-core:object": [id("action", &[&case.id])],
    });
    if let Some(first) = standing(case).map(|f| f.first_seen).min() {
        investigation["case-investigation:focus"] = json!(format!("Records from {first} on"));
    }
    graph.push(investigation);
    pretty(&json!({
        "@context": {
            "kb": "urn:weir:case:",
            "case-investigation": "https://ontology.caseontology.org/case/investigation/",
            "uco-action": "https://ontology.unifiedcyberontology.org/uco/action/",
            "uco-core": "https://ontology.unifiedcyberontology.org/uco/core/",
            "uco-observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
            "uco-tool": "https://ontology.unifiedcyberontology.org/uco/tool/",
            "uco-types": "https://ontology.unifiedcyberontology.org/uco/types/",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@graph": graph,
    }))
}

/// An entity that UCO has a facet for.
fn observable(entity: &Entity) -> Option<(Value, Value)> {
    let of: [&str; 2] = [entity.kind.as_str(), &entity.value];
    let (kind, facet, content) = match (entity.kind, address(entity)) {
        (_, Some(ip)) if ip.is_ipv4() => ("IPv4Address", "IPv4AddressFacet", "addressValue"),
        (_, Some(_)) => ("IPv6Address", "IPv6AddressFacet", "addressValue"),
        (EntityKind::Actor | EntityKind::Account, _) => ("Account", "AccountFacet", "accountIdentifier"),
        _ => return None,
    };
    let mut facet = json!({ "@id": name("facet", &of), "@type": format!("uco-observable:{facet}") });
    facet[format!("uco-observable:{content}")] = json!(escape::shown(&entity.value));
    let object = json!({
        "@id": name("object", &of),
        "@type": format!("uco-observable:{kind}"),
        "uco-core:hasFacet": facet,
    });
    Some((id("object", &of), object))
}
