//! `exports/navigator.json`: a layer for the ATT&CK Navigator.

use super::{ATTACK_VERSION, standing};
use crate::format::{Content, Format};
use crate::json::pretty;
use crate::{Result, escape};
use serde_json::json;
use std::collections::BTreeMap;
use weir_model::attack::technique;
use weir_model::case::Case;
use weir_model::{Finding, Severity};

pub(crate) const NAVIGATOR: Format = Format {
    name: "navigator",
    file: "exports/navigator.json",
    summary: "the techniques seen, as a layer for the ATT&CK Navigator",
    manual: "A layer (format 4.5) for the ATT&CK Navigator: each technique that a standing finding names, under the tactic for which Weir names it. The score is the \
        severity of the gravest finding, 1 (informational) to 5 (critical); the comment has the findings, gravest first.\n\n\
        ## Blind spots\n\nA technique that is not coloured was not seen in these logs, which is not the same as not used. A comment names ten findings at most and \
        counts the others.\n\n## References\n\nhttps://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md",
    content: Content::Case(render),
};

/// Findings that a comment names.
const NAMED_MAX: usize = 10;

fn score(severity: Severity) -> usize {
    Severity::ALL.iter().position(|known| *known == severity).unwrap_or(0) + 1
}

fn render(case: &Case) -> Result<Vec<u8>> {
    let mut seen: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in standing(case) {
        finding.attack.iter().for_each(|id| seen.entry(id).or_default().push(finding));
    }
    let mut techniques = Vec::new();
    for (id, mut findings) in seen {
        let Some(known) = technique(id) else { continue };
        findings.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.id.cmp(&b.id)));
        let named = findings.iter().take(NAMED_MAX);
        let mut comment: Vec<String> =
            named.map(|f| format!("{} ({}): {}", f.id, f.severity, escape::sentence(&f.title))).collect();
        if findings.len() > NAMED_MAX {
            let more = findings.len() - NAMED_MAX;
            comment.push(format!("and {more} more finding{}", if more == 1 { "" } else { "s" }));
        }
        techniques.push(json!({
            "techniqueID": id,
            "tactic": super::stix::phase(known.tactic),
            "score": findings.first().map_or(0, |f| score(f.severity)),
            "comment": comment.join("\n"),
            "enabled": true,
            "showSubtechniques": id.contains('.'),
        }));
    }
    pretty(&json!({
        "name": format!("Case {}", case.id),
        "versions": { "attack": ATTACK_VERSION, "navigator": "5.1.0", "layer": "4.5" },
        "domain": "enterprise-attack",
        "description": "Techniques of the findings that stand; the score is the gravest severity, 1 to 5",
        "techniques": techniques,
        "gradient": { "colors": ["#fff7bc", "#d95f0e"], "minValue": 1, "maxValue": Severity::ALL.len() },
    }))
}
