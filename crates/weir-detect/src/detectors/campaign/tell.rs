//! What is said of a hand that has quiet addresses.

use super::hands::Hand;
use super::likeness::Score;
use crate::detectors::harvest::visits::Origin;
use crate::{Context, DetectError, Draft};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::{quote_all, rows};
use weir_model::finding::Reason;
use weir_model::words;
use weir_model::{Entity, EntityKind, Finding, Micros, Severity};

/// Members whose reasons are listed one by one.
const LISTED_MAX: usize = 40;
/// Share of a hand's records from which it reads a dataset.
const READ_MIN: f64 = 0.01;
/// Weight from which a reason is named.
const NAMED_MIN: f64 = 1.0;

/// An address that was too quiet to be found alone.
#[derive(Clone, Debug)]
pub(super) struct Member {
    origin: String,
    people: usize,
    seen: (Micros, Micros),
    score: Score,
}

impl Member {
    /// An address by what it did while the hand was at work; `None` where that is nothing.
    pub(super) fn new(origin: &Origin, hand: &Hand, score: Score) -> Option<Self> {
        let visits = || origin.visits.iter().filter(|visit| hand.at_work().contains(&visit.at));
        let people: std::collections::BTreeSet<u64> = visits().map(|v| v.person).collect();
        let seen = (visits().next()?.at, visits().next_back()?.at);
        Some(Self { origin: origin.name.clone(), people: people.len(), seen, score })
    }

    /// The address with what speaks for it.
    pub(super) fn reason(&self) -> Reason {
        Reason { entity: Entity::new(EntityKind::Origin, &self.origin), why: self.why() }
    }

    fn words(&self) -> String {
        format!("{}: {}", self.origin, self.why())
    }

    fn why(&self) -> String {
        let reasons = self.score.reasons.iter().filter(|(_, weight)| *weight >= NAMED_MIN);
        let reasons: Vec<String> =
            reasons.map(|(reason, weight)| format!("{} ({weight:.1})", reason.words())).collect();
        format!("{} people; {}", self.people, reasons.join(", "))
    }
}

/// The finding of a hand with quiet members.
pub(super) async fn finding(
    context: &Context<'_>,
    hand: &Hand,
    findings: &[&Finding],
    members: &[Member],
) -> Result<Option<Finding>, DetectError> {
    let Some(principal) = hand.origins.first() else { return Ok(None) };
    let quiet = || members.iter().map(|m| m.origin.as_str());
    // What others did at an address that was the hand's for a time only is in its finding told apart.
    let shared: BTreeSet<&str> =
        findings.iter().flat_map(|f| &f.perhaps).map(|reason| reason.entity.value.as_str()).collect();
    let own = || hand.origins.iter().map(String::as_str).filter(|origin| !shared.contains(origin));
    let all = quote_all(own().chain(quiet()));
    let from = members.iter().map(|m| m.seen.0).chain([hand.seen.0]).min().unwrap_or(hand.seen.0);
    let to = members.iter().map(|m| m.seen.1).chain([hand.seen.1]).max().unwrap_or(hand.seen.1);
    let at_work = hand.at_work();
    let read = read(context, &quote_all(own()), hand).await?;
    let condition = format!(
        "src_ip IN {all} AND {read} AND shown AND subject IS NOT NULL AND time >= TIMESTAMP '{}' AND time <= TIMESTAMP '{}' AND {{span}}",
        at_work.start(),
        at_work.end()
    );
    let Some(evidence) = context.cite("access", &condition).await? else { return Ok(None) };
    let count = format!(
        "SELECT count(*) AS records, count(DISTINCT CASE WHEN subject NOT LIKE 'credential:%' THEN subject END) AS people, \
         count(DISTINCT CASE WHEN src_ip IN {} AND subject NOT LIKE 'credential:%' THEN subject END) AS quiet FROM access WHERE {condition}",
        quote_all(quiet())
    );
    let mut measures: BTreeMap<&str, f64> = BTreeMap::new();
    for row in rows(&context.sql(&count).await?) {
        measures.insert("records", row.count("records") as f64);
        measures.insert("people", row.count("people") as f64);
        measures.insert("people_of_quiet_members", row.count("quiet") as f64);
    }
    let severity = findings.iter().map(|f| f.severity).max().unwrap_or(Severity::High);
    let seen = (from, to);
    let raised = findings.iter().filter(|f| f.severity >= Severity::High).map(|f| f.raised).min();
    let mut draft = Draft::new("campaign", severity, Entity::new(EntityKind::Origin, principal), seen)
        .raised(raised.unwrap_or(seen.1));
    draft.identity = vec![hand.id.clone()];
    draft.title = format!(
        "{} addresses are one hand: {} found alone, {} too quiet for that",
        words::count((hand.origins.len() + members.len()) as u64),
        words::count(hand.origins.len() as u64),
        words::count(members.len() as u64)
    );
    draft.explanation = explain(hand, findings, members);
    draft.attack = ["T1030", "T1090", "T1119", "T1213"].map(str::to_owned).into();
    draft.limits.push(
        "a member is one by likeness, at odds of 199 to 1 or better each; whoever else used its address in that time is counted with the hand".to_owned(),
    );
    let mut draft = draft
        .because(hand.origins.iter().map(|origin| accused(origin, findings)))
        .because(members.iter().map(|m| (Entity::new(EntityKind::Origin, &m.origin), m.why())));
    for (name, value) in measures {
        draft = draft.measure(name, value, None);
    }
    let draft = draft.measure("members", (hand.origins.len() + members.len()) as f64, None).measure(
        "members_quiet",
        members.len() as f64,
        None,
    );
    let mut finding = draft.finish(evidence, context.snapshot.versions());
    finding.campaign = Some(hand.id.clone());
    Ok(Some(finding))
}

/// The datasets that a hand reads, as a condition: whoever lives at an address that was a hand's for a while reads others.
async fn read(context: &Context<'_>, origins: &str, hand: &Hand) -> Result<String, DetectError> {
    let query = format!(
        "SELECT dataset, count(*) AS n FROM access WHERE src_ip IN {origins} AND shown AND subject IS NOT NULL AND time >= TIMESTAMP '{}' \
         AND time <= TIMESTAMP '{}' AND {{span}} GROUP BY 1 ORDER BY 1",
        hand.seen.0, hand.seen.1
    );
    let answer = context.sql(&query).await?;
    let all: u64 = rows(&answer).map(|row| row.count("n")).sum();
    let often = || rows(&answer).filter(|row| row.count("n") as f64 >= READ_MIN * all as f64);
    let named: Vec<String> = often().filter_map(|row| row.text("dataset").map(str::to_owned)).collect();
    let unnamed =
        if all == 0 || often().any(|row| row.text("dataset").is_none()) { " OR dataset IS NULL" } else { "" };
    Ok(match (all, named.is_empty()) {
        (0, _) => "true".to_owned(),
        (_, true) => "dataset IS NULL".to_owned(),
        (_, false) => format!("(dataset IN {}{unnamed})", quote_all(named.iter().map(String::as_str))),
    })
}

/// An address that was found alone, with the findings that accuse it.
fn accused(origin: &str, findings: &[&Finding]) -> (Entity, String) {
    let entity = Entity::new(EntityKind::Origin, origin);
    let by = findings.iter().filter(|f| f.entities.contains(&entity));
    let by: Vec<String> = by.map(|f| format!("{} {}", f.detector, f.id)).collect();
    (entity, format!("accused by {}", by.join(", ")))
}

fn explain(hand: &Hand, findings: &[&Finding], members: &[Member]) -> String {
    let by: std::collections::BTreeSet<&str> = findings.iter().map(|f| f.detector.as_str()).collect();
    let listed: Vec<String> = members.iter().take(LISTED_MAX).map(Member::words).collect();
    let rest = members.len().saturating_sub(LISTED_MAX);
    let more = if rest > 0 { format!("; and {rest} more") } else { String::new() };
    format!(
        "{} findings ({}) accuse {} addresses of one hand. {} more read people's data as these do and as households do not. Weights are natural logarithms of how \
         much likelier the address's visits are by the hand than by a household, six at most for a reason; with the odds beforehand they sum to 199 to 1 or \
         better for each: {}{more}.",
        findings.len(),
        by.into_iter().collect::<Vec<_>>().join(", "),
        hand.origins.len(),
        members.len(),
        listed.join("; ")
    )
}
