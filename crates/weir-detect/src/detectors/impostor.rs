//! `impostor`: many people read from one address, each with a client that is not theirs.

mod crowd;
mod devices;
mod judge;

use super::harvest::judge::{Excuse, Fired, STAFF_MAX, STANDING_DAYS};
use super::harvest::tell::{self, Words};
use super::harvest::visits::Visit;
use super::harvest::{self, screen, visits};
use crate::{Context, DetectError, Detector, Info};
use futures::future::{BoxFuture, FutureExt};
use std::collections::{BTreeMap, BTreeSet};
use weir_model::Finding;
use weir_stats::WINDOWS;

/// Sees sessions that pose as people: whose data is read with clients that those people use nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Impostor;

static INFO: Info = Info {
    name: "impostor",
    summary: "many people read from one address with clients that those people use nowhere else",
    manual: include_str!("impostor/manual.md"),
    attack: &["T1020", "T1030", "T1078", "T1119", "T1213"],
    records_only: false,
    budget_share: 0.15,
};

const WORDS: Words = Words {
    detector: "impostor",
    title: "with clients that are not theirs",
    odd: "people_with_strange_clients_in_window",
    each: "with a client of a family that had never been theirs",
    explain: judge::explain,
};

impl Detector for Impostor {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn run<'a>(&'a self, context: &'a Context<'a>) -> BoxFuture<'a, Result<Vec<Finding>, DetectError>> {
        find(context).boxed()
    }
}

async fn find(context: &Context<'_>) -> Result<Vec<Finding>, DetectError> {
    let crowd = crowd::crowd(context).await?;
    if crowd.origins.is_empty() {
        return Ok(Vec::new());
    }
    let seen = devices::seen(context, &crowd).await?;
    if seen.households() < devices::HOUSEHOLDS_MIN {
        return Ok(Vec::new());
    }
    let mut fired: Vec<_> = crowd
        .origins
        .iter()
        .enumerate()
        .filter_map(|(at, origin)| {
            let threshold = |tests| context.threshold(WINDOWS.len(), tests);
            judge::judge(origin, seen.trials(at), &seen.habits, &seen.crowds, &crowd, threshold)
        })
        .collect();
    excuse(context, &mut fired).await?;
    tell::findings(context, &fired, &WORDS).await
}

/// How much more often than everybody's a visit may go without a look at a device that people share.
const SHARED_MORE: f64 = 0.15;

/// Leaves out addresses at which people are read for a living, since one credential shows several there; and says what else the others could be,
/// where how households visit is known: a device that people share, at which they look around and sign in as they do at home; or, where nothing
/// names who asks, a program of its own that was there when the log began.
async fn excuse(context: &Context<'_>, fired: &mut Vec<Fired>) -> Result<(), DetectError> {
    if fired.is_empty() {
        return Ok(());
    }
    let census = screen::census(context).await?;
    let known = census.visits() >= screen::VISITS_MIN;
    let habits = if known { Some(harvest::habits(context, census).await?) } else { None };
    let most = (known && census.bare_share() <= 0.5).then(|| census.bare_share() + SHARED_MORE);
    let origins = fired.iter().map(|fired| fired.origin.clone()).collect();
    let (mut excuses, mut professionals) = (BTreeMap::new(), BTreeSet::new());
    visits::each(context, &origins, |origin| {
        let share = |odd: &dyn Fn(&Visit) -> bool| {
            origin.visits.iter().filter(|visit| odd(visit)).count() as f64 / origin.visits.len().max(1) as f64
        };
        let strange = |visit: &Visit| habits.is_some_and(|h| !h.known(visit.family, i32::MAX));
        let began =
            origin.visits.first().is_some_and(|v| v.day <= census.began().saturating_add(STANDING_DAYS));
        if share(&|visit| visit.staff) > STAFF_MAX {
            professionals.insert(origin.name);
        } else if most.is_some_and(|most| share(&|visit| visit.bare) <= most) {
            excuses.insert(origin.name, Excuse::Shared);
        } else if began && !origin.named && share(&strange) > 0.5 {
            excuses.insert(origin.name, Excuse::Standing);
        }
    })
    .await?;
    fired.retain(|fired| !professionals.contains(&fired.origin));
    for fired in fired.iter_mut() {
        fired.excuse = excuses.get(&fired.origin).copied();
    }
    Ok(())
}
