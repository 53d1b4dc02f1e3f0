//! `retention`: source logs that rotation takes from under a legal hold, and records kept for less time than detection looks back.
//!
//! Decisive choice: what is known of rotation is what the intake account shows, by content; no configuration of a machine is read, which may be another machine's.

mod contents;
mod held;
mod look_back;
mod names;
mod rotation;

use crate::{Context, DetectError, Detector, Info};
use futures::future::{BoxFuture, FutureExt};
use weir_model::Finding;

pub use look_back::{LOOK_BACK_DAYS, too_short};

/// Sees logs that do not last as long as a hold or detection needs them.
#[derive(Clone, Copy, Debug)]
pub struct Retention;

static INFO: Info = Info {
    name: "retention",
    summary: "source logs that rotation deletes under a legal hold, records kept for less than detection looks back",
    manual: include_str!("retention/manual.md"),
    attack: &[],
    records_only: true,
    budget_share: 0.0,
};

impl Detector for Retention {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn run<'a>(&'a self, context: &'a Context<'a>) -> BoxFuture<'a, Result<Vec<Finding>, DetectError>> {
        async move {
            let mut findings = held::findings(context).await?;
            findings.extend(look_back::findings(context).await?);
            Ok(findings)
        }
        .boxed()
    }
}
