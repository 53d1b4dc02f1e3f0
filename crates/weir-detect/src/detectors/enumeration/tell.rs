//! What is said of those who guess.

use super::judge::Guesser;
use super::{ASKED, Scope};
use crate::grid::words;
use crate::hand::{Member, members, together};
use crate::tenure::{OWN_PACE, at_work, shared};
use crate::{Context, DetectError, Draft, Memo};
use std::collections::BTreeMap;
use weir_lake::rows;
use weir_model::words::{count, whole};
use weir_model::{Entity, EntityKind, Finding, Micros, Severity, Table};

/// People shown to a guesser from which it is a leak and not an attempt.
const SHOWN_MIN: f64 = 10.0;

/// The findings, one for each hand.
pub(super) async fn findings(
    context: &Context<'_>,
    scope: &Scope,
    guessers: &[Guesser],
) -> Result<Vec<Finding>, DetectError> {
    let mut findings = Vec::new();
    if guessers.is_empty() {
        return Ok(findings);
    }
    let whose = at_work(scope.column, guessers.iter().map(|g| (g.reader.as_str(), &g.within)));
    let near = context.session.narrowed(&[(Table::Access, whose.clone())]).await?;
    let memo = Memo::default();
    let context = &Context { session: &near, memo: &memo, ..*context };
    let condition = format!("{whose} AND {ASKED} AND {{span}}{}", scope.explained);
    let told = guessers.iter().map(|guesser| (guesser.reader.as_str(), guesser));
    let members = members(context, scope.column, &condition, told).await?;
    for group in together(members) {
        findings.extend(finding(context, scope, &group).await?);
    }
    Ok(findings)
}

async fn finding(
    context: &Context<'_>,
    scope: &Scope,
    group: &[Member<'_, Guesser>],
) -> Result<Option<Finding>, DetectError> {
    let first = group
        .iter()
        .map(|m| m.told)
        .min_by(|a, b| (a.day, a.p).partial_cmp(&(b.day, b.p)).unwrap_or(std::cmp::Ordering::Equal));
    let (Some(top), Some(head)) = (first, group.first()) else { return Ok(None) };
    let condition = format!(
        "{} AND {ASKED} AND {{span}}{}",
        at_work(scope.column, group.iter().map(|m| (m.told.reader.as_str(), &m.told.within))),
        scope.explained
    );
    let Some(evidence) = context.cite("access", &condition).await? else { return Ok(None) };
    let sums = sums(context, &condition).await?;
    let sum = |name: &str| sums.get(name).copied().unwrap_or(0.0);
    let shown = sum("people");
    // What is left of a hand accused before is as grave as the hand.
    let rest = group.iter().all(|m| scope.used.contains(&m.told.reader));
    let severity = match shown {
        n if n >= SHOWN_MIN || rest && n > 0.0 => Severity::High,
        n if n > 0.0 => Severity::Medium,
        _ => Severity::Low,
    };
    let last = group.iter().map(|m| m.seen.1).max().unwrap_or(head.seen.1);
    let principal = Entity::new(scope.kind, &head.told.reader);
    let mut draft = Draft::new("enumeration", severity, principal, (head.seen.0, last))
        .raised(Micros::of_day(top.day + 1));
    let who = match group {
        [one] => format!("{} {}", scope.kind, one.told.reader),
        many => format!("{} {}", count(many.len() as u64), scope.kind.plural()),
    };
    draft.title = format!(
        "{who} guessed whom to ask for: {} of {} do not exist, data of {} people was shown",
        whole(sum("people_missing")),
        whole(sum("people_missing") + shown),
        whole(shown)
    );
    draft.explanation = explain(top, scope, group.len());
    (draft.p_value, draft.threshold) = (Some(top.p), Some(top.threshold));
    draft.attack = super::INFO.attack.iter().map(|id| (*id).to_owned()).collect();
    let each = group.iter().map(|m| (Entity::new(scope.kind, &m.told.reader), &m.told.within));
    draft.perhaps = shared(each, OWN_PACE).collect();
    let mut draft = draft
        .because(group.iter().map(|m| (Entity::new(scope.kind, &m.told.reader), reason(m.told))))
        .because(origins(context, &condition).await?);
    for (name, value) in &sums {
        draft = draft.measure(name, *value, None);
    }
    let draft =
        draft.measure("people_missing_in_window", top.asked.missing, Some(top.usual.share * top.asked.all));
    Ok(Some(draft.finish(evidence, context.snapshot.versions())))
}

/// Addresses named in a finding at most.
const ORIGINS_MAX: usize = 1_000;

/// The addresses that asked, each with how many it asked for.
async fn origins(context: &Context<'_>, condition: &str) -> Result<Vec<(Entity, String)>, DetectError> {
    let query = format!(
        "SELECT src_ip, count(DISTINCT CASE WHEN shown THEN subject END) AS shown, \
         count(DISTINCT CASE WHEN outcome = 'missing' THEN subject END) AS missing \
         FROM access WHERE {condition} AND src_ip IS NOT NULL GROUP BY 1 ORDER BY 1 LIMIT {ORIGINS_MAX}"
    );
    let answer = context.sql(&query).await?;
    let origin = |row: weir_lake::Row<'_>| {
        let why = format!(
            "{} of the people asked for from there do not exist, {} people's data was shown",
            row.count("missing"),
            row.count("shown")
        );
        Some((Entity::new(EntityKind::Origin, row.text("src_ip")?), why))
    };
    Ok(rows(&answer).filter_map(origin).collect())
}

/// Sums over a finding's records.
async fn sums(context: &Context<'_>, condition: &str) -> Result<BTreeMap<String, f64>, DetectError> {
    const NAMES: [&str; 5] = ["records", "people", "people_missing", "clients", "days"];
    let query = format!(
        "SELECT count(*) AS records, count(DISTINCT CASE WHEN shown THEN subject END) AS people, \
         count(DISTINCT CASE WHEN outcome = 'missing' THEN subject END) AS people_missing, count(DISTINCT user_agent) AS clients, \
         count(DISTINCT day) AS days FROM access WHERE {condition}"
    );
    let answer = context.sql(&query).await?;
    let row = rows(&answer).next();
    Ok(row.map(|r| NAMES.map(|name| (name.to_owned(), r.count(name) as f64)).into()).unwrap_or_default())
}

/// Why one reader belongs.
fn reason(told: &Guesser) -> String {
    format!(
        "over {}, by {}, it asked for {} people in `{}`, of whom {} do not exist; chance {:.1e}",
        words(told.window),
        Micros::of_day(told.day).to_string().get(..10).unwrap_or_default(),
        told.asked.all,
        told.dataset,
        told.asked.missing,
        told.p
    )
}

/// The model in words.
fn explain(top: &Guesser, scope: &Scope, members: usize) -> String {
    format!(
        "First of {members} to be clear: over {}, by {}, {} {} asked for {} people in `{}`, of whom {} do not exist. So many in vain asks one in {:.0} (peers' \
         Pareto tail); of those whom readers like that ask for {:.1} % do not exist, alike within one reader by {:.2} (intra-class correlation). One of {} \
         readers seen by then would miss so many and so many of its own with chance {:.1e} (both chances multiplied; the second beta-binomial); the \
         budget let {:.1e} through.",
        words(top.window),
        Micros::of_day(top.day).to_string().get(..10).unwrap_or_default(),
        scope.kind,
        top.reader,
        top.asked.all,
        top.dataset,
        top.asked.missing,
        1.0 / top.many,
        100.0 * top.usual.share,
        top.usual.alike,
        top.tests,
        top.p,
        top.threshold
    )
}
