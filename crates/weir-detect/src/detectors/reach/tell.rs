//! From judged entities to findings: what belongs together, in words a reviewer can check.

use super::exact::Scope;
use super::grid::words;
use super::judge::{Judged, Verdict};
use super::screen::{Census, day};
use crate::{Context, DetectError, Draft};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::rows;
use weir_model::{Entity, Finding, Micros, Severity};
use weir_stats::Budget;

/// One judged entity with what its records say.
#[derive(Clone, Debug)]
struct Member<'j> {
    judged: &'j Judged,
    seen: (Micros, Micros),
    datasets: BTreeSet<String>,
}

/// The findings of one kind of entity.
pub(super) async fn findings(
    context: &Context<'_>,
    scope: &Scope<'_>,
    census: &Census,
    judged: &[Judged],
) -> Result<Vec<Finding>, DetectError> {
    let mut findings = Vec::new();
    for verdict in [Verdict::Bare, Verdict::Surge, Verdict::Appeared] {
        let which = condition(scope, verdict);
        let mut members = Vec::new();
        for judged in judged
            .iter()
            .filter(|j| j.verdict == verdict || (verdict == Verdict::Bare && j.verdict == Verdict::Beside))
        {
            members.extend(member(context, scope, &which, judged).await?);
        }
        for group in together(members).into_iter().filter(|g| g.iter().any(|m| m.judged.verdict == verdict)) {
            findings.extend(finding(context, scope, census, verdict, &which, &group).await?);
        }
    }
    Ok(findings)
}

/// The records a verdict speaks of.
fn condition(scope: &Scope<'_>, verdict: Verdict) -> String {
    let bare = match verdict {
        Verdict::Bare => format!(" AND {}", scope.cover.bare()),
        _ => String::new(),
    };
    format!(
        "shown AND subject IS NOT NULL AND subject NOT LIKE 'credential:%' AND {{span}}{bare}{}",
        scope.explained.sql("")
    )
}

async fn member<'j>(
    context: &Context<'_>,
    scope: &Scope<'_>,
    which: &str,
    judged: &'j Judged,
) -> Result<Option<Member<'j>>, DetectError> {
    let entity = scope.condition([judged.entity.as_str()].into_iter());
    let query = format!(
        "SELECT dataset, min(time) AS first, max(time) AS last FROM access WHERE {entity} AND {which} GROUP BY 1 ORDER BY 1"
    );
    let answer = context.sql(&query).await?;
    let mut datasets = BTreeSet::new();
    let mut seen: Option<(Micros, Micros)> = None;
    for row in rows(&answer) {
        let (Some(first), Some(last)) = (row.time("first"), row.time("last")) else { continue };
        datasets.insert(row.text("dataset").unwrap_or("no dataset").to_owned());
        seen = Some(seen.map_or((first, last), |(f, l)| (f.min(first), l.max(last))));
    }
    Ok(seen.map(|seen| Member { judged, seen, datasets }))
}

/// Puts together members that share a dataset and overlap in time, directly or through others.
fn together(members: Vec<Member<'_>>) -> Vec<Vec<Member<'_>>> {
    let mut groups: Vec<Vec<Member<'_>>> = Vec::new();
    for member in members {
        let belongs = |group: &[Member<'_>]| {
            group.iter().any(|m| {
                m.seen.0 <= member.seen.1
                    && member.seen.0 <= m.seen.1
                    && !m.datasets.is_disjoint(&member.datasets)
            })
        };
        let (mut same, rest): (Vec<_>, Vec<_>) = groups.into_iter().partition(|g| belongs(g));
        groups = rest;
        let mut merged: Vec<Member<'_>> = same.drain(..).flatten().collect();
        merged.push(member);
        groups.push(merged);
    }
    for group in &mut groups {
        // The first to begin stands for the group: later members change nothing of its name.
        group.sort_by(|a, b| (a.seen.0, &a.judged.entity).cmp(&(b.seen.0, &b.judged.entity)));
    }
    groups.sort_by(|a, b| {
        a.first().map(|m| (m.seen.0, &m.judged.entity)).cmp(&b.first().map(|m| (m.seen.0, &m.judged.entity)))
    });
    groups
}

async fn finding(
    context: &Context<'_>,
    scope: &Scope<'_>,
    census: &Census,
    verdict: Verdict,
    which: &str,
    group: &[Member<'_>],
) -> Result<Option<Finding>, DetectError> {
    let (Some(head), Some(top)) =
        (group.first(), group.iter().map(|m| m.judged).min_by(|a, b| a.p.total_cmp(&b.p)))
    else {
        return Ok(None);
    };
    let condition =
        format!("{} AND {which}", scope.condition(group.iter().map(|m| m.judged.entity.as_str())));
    let Some(evidence) = context.cite("access", &condition).await? else { return Ok(None) };
    let sums = sums(context, scope, &condition).await?;
    let last = group.iter().map(|m| m.seen.1).max().unwrap_or(head.seen.1);
    let severity = if verdict == Verdict::Appeared { Severity::Medium } else { Severity::High };
    let mut draft =
        Draft::new("reach", severity, Entity::new(scope.kind, &head.judged.entity), (head.seen.0, last));
    draft.identity.push(format!("{verdict:?}").to_lowercase());
    let datasets: BTreeSet<&str> = group.iter().flat_map(|m| m.datasets.iter().map(String::as_str)).collect();
    let datasets = datasets.into_iter().collect::<Vec<_>>().join(", ");
    let people = sums.get("people").copied().unwrap_or(0.0);
    draft.title =
        format!("{} read data of {people} people ({datasets}){}", who(scope, group), how(scope, verdict));
    draft.explanation = explain(scope, verdict, top, group.len());
    let beside = group.iter().filter(|m| m.judged.verdict == Verdict::Beside).count();
    if beside > 0 {
        draft.explanation.push_str(&format!(
            " {beside} of them would not have fired alone: they too lie beyond what the peers foretell (less than 0.01 entities), over the same data and time."
        ));
    }
    draft.p_value = Some(top.p);
    draft.attack = vec!["T1119".to_owned(), "T1213".to_owned(), "T1030".to_owned()];
    if sums.get("days").is_some_and(|d| *d >= 2.0) {
        draft.attack.push("T1020".to_owned());
    }
    if census.passed_over > 0 {
        draft.limits.push(format!(
            "{} entities with fewer people than those looked at were passed over",
            census.passed_over
        ));
    }
    if !scope.cover.named {
        draft.limits.push("the log names neither credentials nor actors, so many people behind one address look like one reader".to_owned());
    }
    if census.grid.first >= head.seen.0.day() {
        draft.limits.push("it was under way when the log began; what it read before is unknown".to_owned());
    }
    let mut draft = draft.members(group.iter().map(|m| Entity::new(scope.kind, &m.judged.entity)));
    for (name, value) in sums {
        draft = draft.measure(&name, value, None);
    }
    let draft = draft
        .measure("members", group.len() as f64, None)
        .measure("people_in_window", top.people, Some(top.expected))
        .measure("people", people, Some(top.expected * group.len() as f64));
    Ok(Some(draft.finish(evidence, context.snapshot.versions())))
}

/// Sums over a finding's records.
async fn sums(
    context: &Context<'_>,
    scope: &Scope<'_>,
    condition: &str,
) -> Result<BTreeMap<String, f64>, DetectError> {
    let query = format!(
        "SELECT count(*) AS records, count(DISTINCT subject) AS people, count(DISTINCT src_ip) AS origins, count(DISTINCT user_agent) AS clients, \
         count(DISTINCT credential) AS credentials, count(DISTINCT day) AS days, sum(bytes_out) AS bytes FROM access WHERE {condition}"
    );
    let mut sums = BTreeMap::new();
    for row in rows(&context.sql(&query).await?) {
        for name in ["records", "people", "origins", "clients", "credentials", "days", "bytes"] {
            sums.insert(name.to_owned(), row.count(name) as f64);
        }
    }
    let column = scope.column;
    let hourly = format!(
        "SELECT max(n) AS n FROM (SELECT count(DISTINCT subject) AS n FROM access WHERE {condition} GROUP BY {column}, date_trunc('hour', time))"
    );
    for row in rows(&context.sql(&hourly).await?) {
        sums.insert("people_in_an_hour_max".to_owned(), row.count("n") as f64);
    }
    Ok(sums)
}

fn who(scope: &Scope<'_>, group: &[Member<'_>]) -> String {
    match group {
        [one] => format!("{} {}", scope.kind, one.judged.entity),
        many => format!("{} {}s", many.len(), scope.kind),
    }
}

fn how(scope: &Scope<'_>, verdict: Verdict) -> String {
    match verdict {
        Verdict::Bare if scope.cover.named => format!(" {}", scope.cover.words()),
        Verdict::Bare => String::new(),
        Verdict::Surge => ", far beyond its own past".to_owned(),
        Verdict::Appeared | Verdict::Steady | Verdict::Beside => ", and was not there before".to_owned(),
    }
}

/// The model in words, for the least likely member.
fn explain(scope: &Scope<'_>, verdict: Verdict, top: &Judged, members: usize) -> String {
    let model = match verdict {
        Verdict::Bare => format!("read {:.0} people {}", top.people, scope.cover.words()),
        Verdict::Surge => format!(
            "read {:.0} people under its credentials, against {:.1} a day before (negative binomial and Student's t on its own past, the larger p)",
            top.people, top.expected
        ),
        Verdict::Appeared | Verdict::Steady | Verdict::Beside => {
            format!("read {:.0} people beyond the number of its credentials", top.people)
        }
    };
    let allowance = match top.allowance {
        a if a > 0.0 => format!(" after {a:.1} people allowed for its clients and ordinary use"),
        _ => String::new(),
    };
    format!(
        "Least likely of {members}: over {}, by {}, {} {} {model}{allowance}. {} peers of this kind seen by then (those who read nobody included) are fitted by \
         a Pareto tail: one more of them would reach this with chance {:.1e}. So many tests at such a chance give {:.1e} false alarms a day; the budget let {:.1e} through.",
        words(top.window),
        day(top.day),
        scope.kind,
        top.entity,
        top.peers,
        top.p,
        Budget::expected_per_day(top.p, top.peers),
        top.threshold
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_stats::Window;

    fn judged(entity: &str) -> Judged {
        Judged {
            entity: entity.to_owned(),
            verdict: Verdict::Bare,
            p: 1e-9,
            window: Window::Whole,
            day: 0,
            people: 1.0,
            expected: 0.0,
            peers: 1,
            threshold: 1e-8,
            allowance: 0.0,
        }
    }

    #[test]
    fn what_shares_a_dataset_and_overlaps_is_one_finding() {
        let all = [judged("a"), judged("b"), judged("c"), judged("d")];
        let member = |i: usize, from: i64, to: i64, dataset: &str| Member {
            judged: &all[i],
            seen: (Micros(from), Micros(to)),
            datasets: BTreeSet::from([dataset.to_owned()]),
        };
        let groups = together(vec![
            member(0, 5, 9, "x"),
            member(1, 0, 2, "x"),
            member(2, 1, 6, "x"),
            member(3, 0, 9, "y"),
        ]);
        let names: Vec<Vec<&str>> =
            groups.iter().map(|g| g.iter().map(|m| m.judged.entity.as_str()).collect()).collect();
        assert_eq!(names, [vec!["b", "c", "a"], vec!["d"]]);
    }
}
