//! `campaign`: findings by one hand, and the addresses of that hand that were too quiet to be found alone.

mod hands;
mod likeness;
mod tell;

use super::harvest::{habits::Habits, screen, visits};
use crate::{Context, DetectError, Detector, Info};
use futures::future::{BoxFuture, FutureExt, ready};
use hands::Hand;
use likeness::{Likeness, Profile};
use std::collections::BTreeSet;
use weir_model::Finding;

/// Links findings and quiet addresses into one hand.
#[derive(Clone, Copy, Debug)]
pub struct Campaign;

static INFO: Info = Info {
    name: "campaign",
    summary: "findings by one hand, with the addresses of that hand that are too quiet to be found alone",
    manual: include_str!("campaign/manual.md"),
    attack: &["T1030", "T1090", "T1119", "T1213"],
    records_only: false,
    budget_share: 0.0,
};

impl Detector for Campaign {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn run<'a>(&'a self, _: &'a Context<'a>) -> BoxFuture<'a, Result<Vec<Finding>, DetectError>> {
        ready(Ok(Vec::new())).boxed()
    }

    fn link<'a>(
        &'a self,
        context: &'a Context<'a>,
        findings: &'a mut Vec<Finding>,
    ) -> BoxFuture<'a, Result<(), DetectError>> {
        link(context, findings).boxed()
    }
}

/// Addresses of a hand whose visits say how it reads.
const PROFILE_MAX: usize = 2_000;

/// Addresses of one hand that were too quiet to be found alone.
#[derive(Default)]
struct Quiet {
    members: Vec<tell::Member>,
    /// Those of which too little speaks for it.
    perhaps: Vec<tell::Member>,
}

/// Names the campaign of every finding that belongs to one, and adds a finding for each hand that has quiet addresses too.
async fn link(context: &Context<'_>, findings: &mut Vec<Finding>) -> Result<(), DetectError> {
    let hands = hands::hands(findings);
    for hand in &hands {
        for place in &hand.findings {
            if let Some(finding) = findings.get_mut(*place) {
                finding.campaign = Some(hand.id.clone());
            }
        }
    }
    let reading: Vec<&Hand> =
        hands.iter().filter(|hand| hand.reads_people && !hand.origins.is_empty()).collect();
    if reading.is_empty() {
        return Ok(());
    }
    let census = screen::census(context).await?;
    if census.visits() < screen::VISITS_MIN {
        return Ok(());
    }
    let known: BTreeSet<&str> =
        hands.iter().flat_map(|hand| hand.origins.iter().map(String::as_str)).collect();
    let mut quiet = screen::suspects(context, census, &screen::BESIDE).await?;
    quiet.retain(|origin| !known.contains(origin.as_str()));
    if quiet.is_empty() {
        return Ok(());
    }
    let mut habits = Habits::default();
    let mut others = Profile::default();
    visits::each(context, &census.sampled(), |origin| {
        habits.learn(&origin);
        others.learn(&origin);
    })
    .await?;
    habits.settle();
    let mut own = Vec::new();
    for hand in &reading {
        let mut profile = Profile::default();
        let origins = hand.origins.iter().take(PROFILE_MAX).cloned().collect();
        visits::each(context, &origins, |origin| profile.learn(&origin)).await?;
        own.push(Likeness::new(profile, &others, census.seen(i32::MAX)));
    }
    let mut quiet_of: Vec<Quiet> = reading.iter().map(|_| Quiet::default()).collect();
    visits::each(context, &quiet, |origin| {
        let scores = own.iter().map(|likeness| likeness.of(&origin, &habits, &others));
        let best = scores.enumerate().max_by(|a, b| a.1.odds().total_cmp(&b.1.odds()));
        let Some((at, score)) = best else { return };
        let (Some(hand), Some(quiet)) = (reading.get(at), quiet_of.get_mut(at)) else { return };
        let (belongs, perhaps) = (score.belongs(), score.perhaps());
        let Some(member) = tell::Member::new(&origin, hand, score) else { return };
        if belongs {
            quiet.members.push(member);
        } else if perhaps {
            quiet.perhaps.push(member);
        }
    })
    .await?;
    for (hand, Quiet { members, perhaps }) in reading.iter().zip(quiet_of) {
        let head = findings.iter_mut().find(|finding| hand.head(finding));
        head.into_iter().for_each(|head| head.perhaps.extend(perhaps.iter().map(tell::Member::reason)));
        if members.is_empty() {
            continue;
        }
        let of: Vec<&Finding> = hand.findings.iter().filter_map(|place| findings.get(*place)).collect();
        let told = tell::finding(context, hand, &of, &members).await?;
        findings.extend(told);
    }
    Ok(())
}
