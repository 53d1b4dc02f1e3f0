//! `crossing`: people's data read from a country where it may not be read, or from where that dataset had never been read.

mod judge;
mod screen;
mod tell;

use crate::{Context, DetectError, Detector, Info};
use futures::future::{BoxFuture, FutureExt};
use weir_model::Finding;

/// Sees people's data leave for another country.
#[derive(Clone, Copy, Debug)]
pub struct Crossing;

static INFO: Info = Info {
    name: "crossing",
    summary: "people's data read from a country that is not permitted, or new to that data",
    manual: include_str!("crossing/manual.md"),
    attack: &["T1078", "T1213"],
    records_only: true,
    budget_share: 0.05,
};

impl Detector for Crossing {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn run<'a>(&'a self, context: &'a Context<'a>) -> BoxFuture<'a, Result<Vec<Finding>, DetectError>> {
        find(context).boxed()
    }
}

async fn find(context: &Context<'_>) -> Result<Vec<Finding>, DetectError> {
    let census = screen::census(context).await?;
    if census.pairs.is_empty() {
        return Ok(Vec::new());
    }
    let read = screen::read_by_others(context, &census).await?;
    let limit = |tests: u64| context.threshold(1, tests);
    let fresh = judge::fresh(&census, &read, limit);
    let mut findings = tell::forbidden(context, &judge::forbidden(&census, &read)).await?;
    findings.extend(tell::fresh(context, &fresh).await?);
    findings.extend(tell::by_year(context, &census).await?);
    Ok(findings)
}
