//! `impostor`: many people read from one address, each with a client that is not theirs.

mod crowd;
mod devices;
mod judge;

use super::harvest::tell::{self, Words};
use crate::{Context, DetectError, Detector, Info};
use futures::future::{BoxFuture, FutureExt};
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
    let fired: Vec<_> = crowd
        .origins
        .iter()
        .enumerate()
        .filter_map(|(at, origin)| {
            let threshold = |tests| context.threshold(WINDOWS.len(), tests);
            judge::judge(origin, seen.trials(at), &seen.habits, &crowd, threshold)
        })
        .collect();
    tell::findings(context, &fired, &WORDS).await
}
