//! What of a case stands in lists and fields: the evidence of its statements, how long its lists are, and what a field may be.

use super::{phrases::named, written::count};
use std::collections::{BTreeMap, BTreeSet};
use weir_model::{EntityKind, Evidence, Finding, case::Case, finding::State};

/// What stands behind every statement.
pub fn evidence(case: &Case) -> Vec<&Evidence> {
    let incident = &case.incident;
    let labelled = [&incident.details, &incident.impact, &incident.response];
    let labelled = labelled.into_iter().flatten().map(|l| &l.statement);
    let stated =
        incident.summary.iter().chain(labelled).chain(incident.methodology.iter().map(|l| &l.statement));
    let stated = stated.filter_map(|s| match s {
        weir_model::Claim::Stated { evidence, .. } => Some(evidence),
        weir_model::Claim::Unknown { .. } => None,
    });
    let steps = case.traces.values().flat_map(|t| t.edges.iter().map(|e| &e.evidence));
    stated
        .chain(incident.indicators.iter().map(|i| &i.evidence))
        .chain(case.timeline.iter().map(|e| &e.evidence))
        .chain(case.findings.iter().map(|f| &f.evidence.0))
        .chain(steps)
        .collect()
}

/// How long the lists are that a report may cut.
pub fn sizes(case: &Case) -> Vec<u64> {
    let of_state = |all: &dyn Fn(&Finding) -> bool| case.findings.iter().filter(|f| all(f)).count();
    let series = |name: &str| named(case, name).filter(|s| !s.points.is_empty()).count();
    let mut sizes = vec![
        case.intake.len(),
        case.datasets.len(),
        case.timeline.len(),
        case.coverage.len(),
        case.coverage.iter().map(|c| c.gaps.len()).sum(),
        case.scope.gaps.len(),
        case.finding_scopes.len(),
        of_state(&Finding::calls),
        of_state(&|f| f.state == State::Suppressed),
        of_state(&|f| f.state == State::Superseded),
        series("flagged"),
        series("reach"),
    ];
    // Indicators of one class for the same reason have a table of their own; those that are alone in theirs share one.
    let mut alike: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for one in &case.incident.indicators {
        *alike.entry((&one.class, &one.why)).or_default() += 1;
    }
    let alone = |class: &str| alike.iter().filter(|((of, _), n)| *of == class && **n == 1).count();
    sizes.extend(["network", "file", "behavioural"].map(alone));
    sizes.extend(alike.values());
    // Of a finding with more members than a case lists, all of a class.
    let network = |kind| matches!(kind, EntityKind::Origin | EntityKind::Prefix);
    let of_class = |f: &Finding| {
        let (network, other): (Vec<_>, Vec<_>) = f.entities.iter().partition(|e| network(e.kind));
        [network.len(), other.len()]
    };
    sizes.extend(case.findings.iter().flat_map(of_class));
    sizes.extend(case.findings.iter().flat_map(|f| [f.entities.len(), f.dispositions.len()]));
    sizes.extend(case.traces.values().map(|t| t.edges.len()));
    sizes.into_iter().map(|n| n as u64).collect()
}

/// Each string of a value.
pub fn strings(value: &serde_json::Value, each: &mut impl FnMut(&str)) {
    match value {
        serde_json::Value::String(text) => each(text),
        serde_json::Value::Array(all) => all.iter().for_each(|v| strings(v, each)),
        serde_json::Value::Object(map) => map.values().for_each(|v| strings(v, each)),
        _ => {}
    }
}

/// Fields that are one number each, and what they are: the account, and the columns of tables.
pub fn fields(case: &Case) -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut fields: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut field = |label, n: u64| fields.entry(label).or_default().extend([count(n)]);
    let t = &case.totals;
    field("Files given", t.files);
    field("Files not read", t.files_unread);
    field("Duplicates", t.duplicates);
    field("Format version", u64::from(case.version));
    let read = case.intake.iter().map(|i| (i.records, i.parsed, i.rejected, i.duplicates));
    for (records, parsed, rejected, duplicates) in
        read.chain([(t.records, t.parsed, t.rejected, t.duplicates)])
    {
        field("Records", records);
        field("Parsed", parsed);
        field("Rejected", rejected);
        field("Duplicate", duplicates);
    }
    for sensor in &case.coverage {
        field("Records", sensor.days.values().sum());
        field("Days with records", sensor.days.len() as u64);
        field("Gaps", sensor.gaps.len() as u64);
    }
    case.datasets.iter().for_each(|d| field("People", d.subjects));
    let records =
        case.datasets.iter().map(|d| d.records).chain(case.incident.indicators.iter().map(|i| i.records));
    let scopes = case.finding_scopes.values().chain([&case.scope]).map(|s| s.records);
    records
        .chain(scopes)
        .chain(case.findings.iter().map(|f| f.evidence.0.total()))
        .for_each(|n| field("Records", n));
    fields
}
