//! `impostor`: many people read from one address, each with a client that is not theirs.

mod crowd;
mod devices;
mod judge;

use super::harvest::judge::{Excuse, Fired};
use super::harvest::tell::{self, Words};
use super::harvest::{screen, visits};
use crate::{Context, DetectError, Detector, Info};
use futures::future::{BoxFuture, FutureExt};
use std::collections::BTreeSet;
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
    budget_share: 0.2,
};

const WORDS: Words = Words {
    detector: "impostor",
    title: "with clients that are not theirs",
    odd: "people_with_strange_clients_in_window",
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
            judge::judge(origin, seen.trials(at), &seen.habits, &crowd, threshold)
        })
        .collect();
    shared(context, &mut fired).await?;
    tell::findings(context, &fired, &WORDS).await
}

/// How much more often than everybody's a visit may go without a look at a device that people share.
const SHARED_MORE: f64 = 0.15;

/// Excuses addresses at which people look around and sign in as they do at home, where it is usual that they do.
async fn shared(context: &Context<'_>, fired: &mut [Fired]) -> Result<(), DetectError> {
    let census = screen::census(context).await?;
    if fired.is_empty() || census.visits() < screen::VISITS_MIN || census.bare_share() > 0.5 {
        return Ok(());
    }
    let most = census.bare_share() + SHARED_MORE;
    let origins = fired.iter().map(|fired| fired.origin.clone()).collect();
    let mut at_home = BTreeSet::new();
    visits::each(context, &origins, |origin| {
        let bare = origin.visits.iter().filter(|visit| visit.bare).count() as f64;
        if bare <= most * origin.visits.len() as f64 {
            at_home.insert(origin.name);
        }
    })
    .await?;
    for fired in fired.iter_mut().filter(|fired| at_home.contains(&fired.origin)) {
        fired.excuse = Some(Excuse::Shared);
    }
    Ok(())
}
