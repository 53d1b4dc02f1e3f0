//! From judged entities to findings: what belongs together, in words a reviewer can check.

use super::exact::Scope;
use super::judge::{Judged, Verdict};
use super::ladder::Rung;
use super::mixed;
use super::neighbours::Neighbours;
use super::screen::{Census, day};
use crate::detectors::harvest;
use crate::hand::{Member, Reader, members, together};
use crate::rhythm::{Rhythm, rhythms};
use crate::tenure::{OWN_PACE, at_work, shared};
use crate::{Context, DetectError, Draft, Memo};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::rows;
use weir_model::words::{count, whole};
use weir_model::{Entity, Finding, Micros, Severity, Table};
use weir_stats::Budget;

/// The findings of one kind of entity.
pub(super) async fn findings(
    context: &Context<'_>,
    scope: &Scope<'_>,
    census: &Census,
    judged: &[Judged],
    neighbours: &Neighbours,
) -> Result<Vec<Finding>, DetectError> {
    let mut findings = Vec::new();
    if judged.iter().all(|j| j.verdict == Verdict::Steady) {
        return Ok(findings);
    }
    let told = scope.condition(judged.iter().map(|j| j.entity.as_str()));
    let near = context.session.narrowed(&[(Table::Access, told)]).await?;
    let memo = Memo::default();
    let (whole, context) = (context, &Context { session: &near, memo: &memo, ..*context });
    let judged = programs(whole, context, scope, census, judged).await?;
    let judged = mixed::told(whole, context, scope, judged).await?;
    // Those beside stand beside one that surely is no crowd, if there is any.
    let head = [Verdict::Bare, Verdict::Mixed].into_iter().find(|v| judged.iter().any(|j| j.verdict == *v));
    for verdict in [
        Verdict::Bare,
        Verdict::Surge,
        Verdict::Intruded,
        Verdict::Standing,
        Verdict::Mixed,
        Verdict::Appeared,
    ] {
        let which = condition(scope, verdict);
        let concerned =
            |j: &&Judged| j.verdict == verdict || head == Some(verdict) && j.verdict == Verdict::Beside;
        if !judged.iter().any(|j| j.verdict == verdict) {
            continue;
        }
        let told = || judged.iter().filter(concerned).map(|j| (j.entity.as_str(), j));
        let whose = at_work(&scope.entity(), told().map(|(entity, j)| (entity, &j.within)));
        let whose = format!("{whose} AND {which}");
        let members = members(context, &scope.entity(), &whose, told()).await?;
        for group in together(members).into_iter().filter(|g| g.iter().any(|m| m.told.verdict == verdict)) {
            let finding = finding(context, scope, census, verdict, &which, &group).await?;
            findings.extend(finding.map(|finding| neighbours.told(finding)));
        }
    }
    Ok(findings)
}

/// Tells programs from people: who appeared and reads at all hours, mostly with clients that households use, is neither a desk nor a program; a
/// program without a name that was there when the log began is a standing one.
async fn programs(
    whole: &Context<'_>,
    near: &Context<'_>,
    scope: &Scope<'_>,
    census: &Census,
    judged: &[Judged],
) -> Result<Vec<Judged>, DetectError> {
    let mut judged = judged.to_vec();
    let which = condition(scope, Verdict::Appeared);
    let found = harvest::programs(whole, near, &scope.entity(), &which).await?;
    let Some(programs) = found else { return Ok(judged) };
    let rhythms = rhythms(near, &scope.entity(), &which).await?;
    let began = i64::from(census.grid.first) + i64::from(harvest::judge::STANDING_DAYS);
    for judged in &mut judged {
        let first = programs.get(&judged.entity);
        // A neighbour at home who was there when the log began makes no program of a network a standing one.
        let (program, old) = (first.is_some(), first.is_some_and(|day| *day <= began));
        match (judged.verdict, rhythms.get(&judged.entity)) {
            (Verdict::Appeared, Some((Rhythm::AllHours(by), _))) if !program => {
                (judged.verdict, judged.day) = (Verdict::Intruded, judged.day.max(by.day() - 1));
            }
            (Verdict::Bare | Verdict::Beside, _) if old => {
                judged.verdict = Verdict::Standing;
            }
            _ => {}
        }
    }
    Ok(judged)
}

/// The records a verdict speaks of.
pub(super) fn condition(scope: &Scope<'_>, verdict: Verdict) -> String {
    let bare = match verdict {
        Verdict::Bare | Verdict::Standing | Verdict::Mixed => format!(" AND {}", scope.cover.bare()),
        _ => String::new(),
    };
    format!(
        "shown AND subject IS NOT NULL AND subject NOT LIKE 'credential:%' AND {{span}}{bare}{}",
        scope.explained.sql("")
    )
}

async fn finding(
    context: &Context<'_>,
    scope: &Scope<'_>,
    census: &Census,
    verdict: Verdict,
    which: &str,
    group: &[Member<'_, Judged>],
) -> Result<Option<Finding>, DetectError> {
    let fired = group.iter().map(|m| m.told).filter(|told| told.verdict == verdict);
    let first = fired.min_by(|a, b| a.day.cmp(&b.day).then(a.p.total_cmp(&b.p)));
    let (Some(head), Some(top)) = (group.first(), first) else { return Ok(None) };
    let whose = at_work(&scope.entity(), group.iter().map(|m| (m.told.entity.as_str(), &m.told.within)));
    let condition = format!("{whose} AND {which}");
    let Some(evidence) = context.cite("access", &condition).await? else { return Ok(None) };
    let sums = sums(context, scope, &condition).await?;
    let last = group.iter().map(|m| m.seen.1).max().unwrap_or(head.seen.1);
    let datasets: BTreeSet<&str> = group.iter().flat_map(|m| m.datasets.iter().map(String::as_str)).collect();
    let doubtful = matches!(verdict, Verdict::Appeared | Verdict::Standing | Verdict::Mixed);
    let severity = if doubtful { Severity::Medium } else { Severity::High };
    let mut draft =
        Draft::new("reach", severity, Entity::new(scope.kind, &head.told.entity), (head.seen.0, last));
    draft = draft.raised(Micros::of_day(top.day + 1));
    draft.identity.push(format!("{verdict:?}").to_lowercase());
    let datasets = datasets.into_iter().collect::<Vec<_>>().join(", ");
    let people = sums.get("people").copied().unwrap_or(0.0);
    draft.title = format!(
        "{} read data of {} people ({datasets}){}",
        who(scope, group),
        whole(people),
        how(scope, verdict)
    );
    draft.explanation = explain(scope, verdict, top, group.len());
    let beside = group.iter().filter(|m| m.told.verdict == Verdict::Beside).count();
    if beside > 0 {
        draft.explanation.push_str(&format!(
            " {beside} of them would not have fired alone: they too lie beyond what the peers foretell (less than 0.01 entities), over the same data and time."
        ));
    }
    (draft.p_value, draft.threshold) = (Some(top.p), Some(top.threshold));
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
    let reason =
        |m: &Member<'_, Judged>| (Entity::new(scope.kind, &m.told.entity), reason(scope, verdict, m.told));
    let each = group.iter().map(|m| (Entity::new(scope.kind, &m.told.entity), &m.told.within));
    draft.perhaps = shared(each, OWN_PACE).collect();
    let mut draft = draft.because(group.iter().map(reason));
    for (name, value) in sums {
        draft = draft.measure(&name, value, None);
    }
    if let Some(largest) = top.largest_peer {
        draft =
            draft.measure("peers", top.peers as f64, None).measure("largest_peer_in_window", largest, None);
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
         count(DISTINCT credential) AS credentials, count(DISTINCT day) AS days, sum(CAST(bytes_out AS DECIMAL(20, 0))) AS bytes FROM access WHERE {condition}"
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

/// A group in words.
pub(super) fn who<T>(scope: &Scope<'_>, group: &[Member<'_, T>]) -> String {
    match group {
        [one] => format!("{} {}", scope.kind, one.name()),
        many => format!("{} {}", count(many.len() as u64), scope.kind.plural()),
    }
}

fn how(scope: &Scope<'_>, verdict: Verdict) -> String {
    match verdict {
        Verdict::Bare if scope.cover.named => format!(" {}", scope.cover.words()),
        Verdict::Bare | Verdict::Mixed => String::new(),
        Verdict::Surge => ", far beyond its own past".to_owned(),
        Verdict::Standing => format!(" {}, and did so when the log began", scope.cover.words()),
        Verdict::Intruded => ", at all hours, not there before".to_owned(),
        Verdict::Appeared | Verdict::Steady | Verdict::Beside => ", not there before".to_owned(),
    }
}

/// Why one member belongs.
fn reason(scope: &Scope<'_>, verdict: Verdict, told: &Judged) -> String {
    format!(
        "over {}, by {}, it {}; chance {:.1e}{}",
        told.rung,
        day(told.day),
        model(scope, verdict, told),
        told.p,
        match (told.verdict, told.crowd) {
            (Verdict::Beside, _) => ", not enough to be found alone".to_owned(),
            (_, Some(crowd)) => format!(" of {} that come at once", crowd.members),
            _ => String::new(),
        }
    )
}

/// What one member did, against what is usual.
fn model(scope: &Scope<'_>, verdict: Verdict, top: &Judged) -> String {
    let model = match verdict {
        Verdict::Bare | Verdict::Standing | Verdict::Mixed => {
            format!("read {:.0} people {}", top.people, scope.cover.words())
        }
        Verdict::Surge => format!(
            "read {:.0} people under its credentials, against {:.1} {} before (negative binomial and Student's t on its own past, the larger p)",
            top.people,
            top.expected,
            if top.rung == Rung::Hour { "in the busiest hour of the days" } else { "a day" }
        ),
        Verdict::Appeared | Verdict::Intruded | Verdict::Steady | Verdict::Beside => {
            format!("read {:.0} people beyond the number of its credentials", top.people)
        }
    };
    let allowance = match top.allowance {
        a if a > 0.0 => format!(" after {a:.1} people allowed for its clients and ordinary use"),
        _ => String::new(),
    };
    format!("{model}{allowance}")
}

/// The model in words, for the first that fired.
fn explain(scope: &Scope<'_>, verdict: Verdict, top: &Judged, members: usize) -> String {
    let fires = match top.crowd {
        None => format!(
            "one more of them would reach this with chance {:.1e}. So many tests at such a chance give {:.1e} false alarms a day; the budget let {:.1e} through.",
            top.p,
            Budget::expected_per_day(top.p, top.peers),
            top.threshold
        ),
        Some(crowd) => format!(
            "{:.1e} such entities were to be expected, and {} that had come within seven days read {:.0} people or more each, which has chance {:.1e}; the budget let {:.1e} through.",
            crowd.foretold, crowd.members, crowd.people, top.p, top.threshold
        ),
    };
    format!(
        "First of {members} to be clear: over {}, by {}, {} {} {}. {} peers of this kind seen by then (those who read nobody included) are fitted by \
         a Pareto tail: {fires}{}",
        top.rung,
        day(top.day),
        scope.kind,
        top.entity,
        model(scope, verdict, top),
        count(top.peers),
        excuse(top)
    )
}

/// What else it could be, in words.
fn excuse(top: &Judged) -> String {
    match top.clients {
        None => String::new(),
        Some([_, expected]) if expected < 1.0 => {
            " The log says nothing of clients: an address that many people share looks so too, and a credential or a name in the log would tell.".to_owned()
        }
        Some([own, expected]) => format!(
            " It reads with {} different clients, and so many people with one each would bring {}: an address that many people share looks so too, and a \
             credential or a name in the log would tell.",
            count(own as u64),
            count(expected.round() as u64)
        ),
    }
}
