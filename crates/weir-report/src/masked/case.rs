//! The case itself, field by field.

use super::Hidden;
use std::collections::BTreeMap;
use weir_model::case::{
    Beyond, Case, Configuration, Coverage, DatasetUsed, Divided, Gap, Organisation, Scope, Series,
    TimelineEvent, Trace, TraceEdge, TraceNode,
};
use weir_model::intake::Intake;
use weir_model::{Citation, Evidence};

/// Each of some things.
pub(super) fn each<T>(of: &[T], hide: impl Fn(&T) -> T) -> Vec<T> {
    of.iter().map(hide).collect()
}

impl Hidden<'_> {
    /// The case to pass on.
    pub(super) fn case(&self, case: &Case) -> Case {
        let Case {
            version,
            program,
            masked: _,
            id,
            configuration,
            organisation,
            period,
            totals,
            intake,
            coverage,
            datasets,
            findings,
            timeline,
            scope,
            suppressed_subjects,
            divided,
            reported,
            compared,
            finding_scopes,
            traces,
            incident,
            series,
            aged_out,
            limits,
            alert_budget,
            methods,
            snapshot,
        } = case;
        Case {
            version: *version,
            program: program.clone(),
            masked: true,
            // A hash of all files: there are too many possible ones to try.
            id: id.clone(),
            configuration: configuration.as_ref().map(|c| self.configuration(c)),
            organisation: self.organisation(organisation),
            period: *period,
            totals: totals.clone(),
            intake: each(intake, |i| self.intake(i)),
            coverage: each(coverage, |c| self.coverage(c)),
            datasets: each(datasets, |d| self.dataset(d)),
            findings: each(findings, |f| self.finding(f)),
            timeline: each(timeline, |e| self.event(e)),
            scope: self.scope(scope),
            suppressed_subjects: *suppressed_subjects,
            divided: self.divided(divided),
            reported: *reported,
            compared: *compared,
            finding_scopes: finding_scopes.iter().map(|(id, s)| (self.id(id), self.scope(s))).collect(),
            traces: traces.iter().map(|(id, t)| (self.id(id), self.trace(t))).collect(),
            incident: self.incident(incident),
            series: each(series, |s| self.series(s)),
            aged_out: aged_out.as_ref().map(|gap| self.gap(gap)),
            limits: self.texts(limits),
            alert_budget: *alert_budget,
            methods: methods.clone(),
            snapshot: snapshot.clone(),
        }
    }

    pub(super) fn texts(&self, texts: &[String]) -> Vec<String> {
        texts.iter().map(|text| self.text(text)).collect()
    }

    fn names(&self, names: &[String]) -> Vec<String> {
        names.iter().map(|name| self.name(name)).collect()
    }

    pub(super) fn ids(&self, ids: &[String]) -> Vec<String> {
        ids.iter().map(|id| self.id(id)).collect()
    }

    fn configuration(&self, of: &Configuration) -> Configuration {
        let Configuration { file, sha256 } = of;
        Configuration { file: file.as_deref().map(|name| self.name(name)), sha256: sha256.clone() }
    }

    fn organisation(&self, of: &Organisation) -> Organisation {
        // What the organisation says of itself, which may be its account.
        let Organisation { name, sector, home_country, population, members, language } = of;
        Organisation {
            name: name.as_deref().map(|name| self.name(name)),
            sector: sector.as_deref().map(|sector| self.name(sector)),
            home_country: home_country.clone(),
            population: *population,
            members: *members,
            language: *language,
        }
    }

    fn intake(&self, of: &Intake) -> Intake {
        let Intake {
            path,
            sha256,
            bytes,
            content_bytes,
            bytes_unread,
            source,
            sensor,
            records,
            parsed,
            rejected,
            duplicates,
            lines,
            lines_without_record,
            first_time,
            last_time,
            reasons,
            ingest,
            file,
        } = of;
        Intake {
            path: self.name(path),
            // So that whoever has the file knows it again.
            sha256: sha256.clone(),
            bytes: *bytes,
            content_bytes: *content_bytes,
            bytes_unread: *bytes_unread,
            source: source.clone(),
            sensor: sensor.as_deref().map(|sensor| self.name(sensor)),
            records: *records,
            parsed: *parsed,
            rejected: *rejected,
            duplicates: *duplicates,
            lines: *lines,
            lines_without_record: *lines_without_record,
            first_time: *first_time,
            last_time: *last_time,
            reasons: summed(reasons, |reason| self.text(reason)),
            ingest: *ingest,
            file: *file,
        }
    }

    fn coverage(&self, of: &Coverage) -> Coverage {
        let Coverage { sensor, source, period, days, gaps } = of;
        Coverage {
            sensor: self.name(sensor),
            source: source.clone(),
            period: *period,
            days: days.clone(),
            gaps: each(gaps, |gap| self.gap(gap)),
        }
    }

    fn gap(&self, of: &Gap) -> Gap {
        let Gap { what, from, to, reason, records_expected } = of;
        Gap {
            what: self.text(what),
            from: *from,
            to: *to,
            reason: self.text(reason),
            records_expected: *records_expected,
        }
    }

    fn dataset(&self, of: &DatasetUsed) -> DatasetUsed {
        let DatasetUsed { name, origin, categories, routes, subject, ground, subjects, records } = of;
        DatasetUsed {
            name: self.name(name),
            origin: origin.clone(),
            categories: self.names(categories),
            routes: routes.iter().map(|route| self.route(route)).collect(),
            subject: self.text(subject),
            ground: self.text(ground),
            subjects: *subjects,
            records: *records,
        }
    }

    fn event(&self, of: &TimelineEvent) -> TimelineEvent {
        let TimelineEvent { time, until, what, phase, entities, attack, findings, failed, evidence } = of;
        TimelineEvent {
            time: *time,
            until: *until,
            what: self.text(what),
            phase: phase.clone(),
            entities: each(entities, |e| self.entity(e)),
            attack: attack.clone(),
            findings: self.ids(findings),
            failed: *failed,
            evidence: self.evidence(evidence),
        }
    }

    fn scope(&self, of: &Scope) -> Scope {
        let Scope { determinable, reason, subjects, categories, records, bytes, first, last, gaps, beyond } =
            of;
        Scope {
            determinable: *determinable,
            reason: self.text(reason),
            subjects: *subjects,
            categories: self.names(categories),
            records: *records,
            bytes: *bytes,
            first: *first,
            last: *last,
            gaps: each(gaps, |gap| self.gap(gap)),
            beyond: each(beyond, |Beyond { what, people }| Beyond { what: self.text(what), people: *people }),
        }
    }

    fn divided(&self, of: &Divided) -> Divided {
        let Divided { kinds, things, bases, categories, countries, country_records, days, doubtful } = of;
        Divided {
            kinds: summed(kinds, |name| self.name(name)),
            things: things.iter().map(|name| self.name(name)).collect(),
            bases: bases.clone(),
            categories: summed(categories, |name| self.name(name)),
            countries: countries.clone(),
            country_records: country_records.clone(),
            days: days.clone(),
            doubtful: *doubtful,
        }
    }

    fn trace(&self, of: &Trace) -> Trace {
        let Trace { nodes, edges } = of;
        Trace { nodes: each(nodes, |n| self.node(n)), edges: each(edges, |e| self.edge(e)) }
    }

    fn node(&self, of: &TraceNode) -> TraceNode {
        let TraceNode { entity, role, period, records } = of;
        TraceNode { entity: self.entity(entity), role: role.clone(), period: *period, records: *records }
    }

    fn edge(&self, of: &TraceEdge) -> TraceEdge {
        let TraceEdge { from, to, how, records, evidence } = of;
        TraceEdge {
            from: self.entity(from),
            to: self.entity(to),
            how: how.clone(),
            records: *records,
            evidence: self.evidence(evidence),
        }
    }

    fn series(&self, of: &Series) -> Series {
        let Series { name, finding, unit, points } = of;
        Series {
            name: name.clone(),
            finding: finding.as_deref().map(|id| self.id(id)),
            unit: unit.clone(),
            points: points.clone(),
        }
    }

    /// Where records stand, without the query that gives them: it has their values.
    pub(super) fn evidence(&self, of: &Evidence) -> Evidence {
        let citation = |of: &Citation| {
            let Citation { path, line, offset, file } = of;
            Citation { path: self.name(path), line: *line, offset: *offset, file: *file }
        };
        let cited = of.cited().iter().map(citation).collect();
        // There was a citation, so there is one.
        Evidence::new(cited, of.total(), super::LEFT_OUT).unwrap_or_else(|| of.clone())
    }
}

/// Counts by names; those of names that have become one are summed.
fn summed(of: &BTreeMap<String, u64>, hide: impl Fn(&str) -> String) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for (name, n) in of {
        *all.entry(hide(name)).or_default() += n;
    }
    all
}
