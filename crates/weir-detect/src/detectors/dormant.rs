//! `dormant`: what nobody had touched for long is read by someone who had no business with it before.

mod census;
mod judge;
mod tell;
mod touches;
mod wake;

use crate::{Context, DetectError, Detector, Info};
use futures::future::{BoxFuture, FutureExt};
use weir_model::Finding;

/// Sees long-idle people, routes, hosts and data being read.
#[derive(Clone, Copy, Debug)]
pub struct Dormant;

static INFO: Info = Info {
    name: "dormant",
    summary: "people, routes, hosts or data untouched for long are read by someone without history there",
    manual: include_str!("dormant/manual.md"),
    attack: &["T1078", "T1119", "T1190", "T1213"],
    records_only: true,
    budget_share: 0.05,
};

impl Detector for Dormant {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn run<'a>(&'a self, context: &'a Context<'a>) -> BoxFuture<'a, Result<Vec<Finding>, DetectError>> {
        find(context).boxed()
    }
}

/// Days without a touch from which people, routes, hosts and data are idle.
const IDLE_DAYS: i32 = 30;

async fn find(context: &Context<'_>) -> Result<Vec<Finding>, DetectError> {
    let mut findings = wake::findings(context).await?;
    if let Some(census) = census::census(context).await? {
        let touched = touches::touched(context, &census).await?;
        let limit = |tests: u64| context.threshold(touches::WINDOWS.len(), tests);
        let fired = judge::judge(&census, &touched, limit);
        findings.extend(tell::findings(context, &census, &fired).await?);
    }
    Ok(findings)
}
