//! From addresses that fired to findings: what read the same data at the same time is one hand.

use super::IDLE_DAYS;
use super::census::Census;
use super::judge::{Fired, Kind};
use crate::detectors::harvest;
use crate::hand::{Member, members, together};
use crate::members::describe;
use crate::{Context, DetectError, Draft};
use std::collections::BTreeSet;
use weir_lake::quote_all;
use weir_model::words::{count, whole};
use weir_model::{Entity, EntityKind, Finding, Micros, Severity};

/// The records that show people by name.
const SHOWN: &str = "shown AND subject IS NOT NULL AND subject NOT LIKE 'credential:%' AND {span}";

/// The findings, one for each hand.
pub(super) async fn findings(
    context: &Context<'_>,
    census: &Census,
    fired: &[Fired],
) -> Result<Vec<Finding>, DetectError> {
    if fired.is_empty() {
        return Ok(Vec::new());
    }
    let condition = format!("{} AND {SHOWN}", among(fired.iter().map(|f| f.origin.as_str())));
    let told = fired.iter().map(|fired| (fired.origin.as_str(), fired));
    let members = members(context, "src_ip", &condition, told).await?;
    let programs = harvest::programs(context, context, "src_ip", &condition).await?.unwrap_or_default();
    let (programs, people): (Vec<_>, Vec<_>) =
        members.into_iter().partition(|m| programs.contains_key(&m.told.origin));
    let mut findings = Vec::new();
    for (members, most) in [(people, Severity::Critical), (programs, Severity::Medium)] {
        for group in together(members) {
            findings.extend(finding(context, census, &group, most).await?);
        }
    }
    Ok(findings)
}

fn among<'e>(origins: impl Iterator<Item = &'e str>) -> String {
    format!("src_ip IN {}", quote_all(origins))
}

async fn finding(
    context: &Context<'_>,
    census: &Census,
    group: &[Member<'_, Fired>],
    most: Severity,
) -> Result<Option<Finding>, DetectError> {
    let Some(head) = group.first() else { return Ok(None) };
    let order = |a: &&Fired, b: &&Fired| {
        b.severity.cmp(&a.severity).then(a.day.cmp(&b.day)).then(a.p.total_cmp(&b.p))
    };
    let Some(top) = group.iter().map(|m| m.told).min_by(order) else { return Ok(None) };
    let condition = format!("{} AND {SHOWN}", among(group.iter().map(|m| m.told.origin.as_str())));
    let Some(evidence) = context.cite("access", &condition).await? else { return Ok(None) };
    let last = group.iter().map(|m| m.seen.1).max().unwrap_or(head.seen.1);
    let principal = Entity::new(EntityKind::Origin, &head.told.origin);
    let mut draft = Draft::new("dormant", top.severity.min(most), principal, (head.seen.0, last))
        .raised(Micros::of_day(top.day + 1));
    draft.identity.push("people".to_owned());
    let (mut draft, people) = describe(context, draft, &condition).await?;
    let datasets: BTreeSet<&str> = group.iter().flat_map(|m| m.datasets.iter().map(String::as_str)).collect();
    draft.title = format!(
        "{} read data of {} people ({}), many of whom had not been seen for long",
        match group {
            [one] => format!("origin {}", one.told.origin),
            many => format!("{} origins", count(many.len() as u64)),
        },
        whole(people),
        datasets.into_iter().collect::<Vec<_>>().join(", ")
    );
    draft.explanation = explain(top, group.len());
    if most < Severity::High {
        draft
            .explanation
            .push_str(" It uses clients of its own that no household uses: a program, perhaps of a partner.");
    }
    draft.p_value = Some(top.p);
    draft.attack = vec!["T1119".to_owned(), "T1213".to_owned()];
    if top.kind == Kind::Own {
        draft.attack.push("T1078".to_owned());
    }
    if census.tracked < 1.0 {
        draft.limits.push(format!(
            "judged by a sample of {:.2} % of all people, chosen by their hash",
            100.0 * census.tracked
        ));
    }
    if census.passed_over > 0 {
        draft.limits.push(format!(
            "{} addresses with fewer visits by people who had not looked around were not judged",
            census.passed_over
        ));
    }
    let draft = draft
        .because(group.iter().map(|m| (Entity::new(EntityKind::Origin, &m.told.origin), reason(m.told))))
        .measure("members", group.len() as f64, None)
        .measure("people_in_window", top.people, None)
        .measure("people_unseen_in_window", top.unseen, Some(top.expected))
        .measure("share_of_visits_without_a_look", top.bare, None);
    Ok(Some(draft.finish(evidence, context.snapshot.versions())))
}

/// Why one address belongs.
fn reason(told: &Fired) -> String {
    format!(
        "over {} days, by {}, it showed {} people's data; {} of them had not been shown to themselves in the {IDLE_DAYS} days before, or ever, where \
         {:.1} were to be expected; chance {:.1e}",
        told.window,
        Micros::of_day(told.day).to_string().get(..10).unwrap_or_default(),
        told.people,
        told.unseen,
        told.expected,
        told.p
    )
}

/// The model in words, for the first that fired.
fn explain(top: &Fired, members: usize) -> String {
    let who = match top.kind {
        Kind::Own => "under a credential for each of them",
        Kind::Bare => "without a credential, where others have one",
        Kind::Staff => "under few credentials, from an address that was not there in the log's first month",
        Kind::Unknown => {
            "in a log that names neither credentials nor actors, from an address that was not there in its first month"
        }
    };
    format!(
        "First of {members}: over {} days, by {}, {} showed {} people's data, {who}; {} of them had not been shown to themselves in the {IDLE_DAYS} \
         days before, or ever. At ordinary addresses on the same days {:.1} of as many are such people, the newly come included. One address of \
         {} seen by then would reach this with chance {:.1e} (beta-binomial, correlation {:.3}); the budget let {:.1e} through. In {:.0} % of its \
         visits nobody had looked around before.",
        top.window,
        Micros::of_day(top.day).to_string().get(..10).unwrap_or_default(),
        top.origin,
        top.people,
        top.unseen,
        top.expected,
        top.tests,
        top.p,
        top.alike,
        top.threshold,
        100.0 * top.bare
    )
}
