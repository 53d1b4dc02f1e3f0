//! `unissued`: a credential that was accepted and that no issuance record covers.

mod cloud;
mod groups;
mod issuing;
mod keys;
mod tell;
mod unread;

use crate::{Context, DetectError, Detector, Info};
use futures::future::{BoxFuture, FutureExt};
use weir_model::Finding;

/// Sees credentials that nobody issued: forged, or issued where no log was kept.
#[derive(Clone, Copy, Debug)]
pub struct Unissued;

static INFO: Info = Info {
    name: "unissued",
    summary: "a credential that was accepted and that no issuance record covers",
    manual: include_str!("unissued/manual.md"),
    attack: &["T1078", "T1550.001", "T1552.004", "T1606", "T1606.001"],
    records_only: false,
    budget_share: 0.0,
};

impl Detector for Unissued {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn run<'a>(&'a self, context: &'a Context<'a>) -> BoxFuture<'a, Result<Vec<Finding>, DetectError>> {
        find(context).boxed()
    }
}

/// Records of web access; cloud calls are judged by `cloud`.
const WEB: &str = "credential IS NOT NULL AND source <> 'aws_cloudtrail'";
/// Records that issue a credential, whatever the span asked about: what was issued before it covers uses in it.
const ISSUES: &str =
    "credential IS NOT NULL AND activity IN ('issue', 'logon', 'refresh') AND coalesce(status_id, 1) <> 2";

async fn find(context: &Context<'_>) -> Result<Vec<Finding>, DetectError> {
    let mut findings = Vec::new();
    let mut accused_keys = Vec::new();
    let issuing = issuing::learn(context).await?;
    if let Some(issuing) = &issuing {
        for group in groups::groups(context, issuing).await? {
            accused_keys.extend(group.key.clone());
            findings.extend(tell::finding(context, issuing, &group).await?);
        }
    }
    findings.extend(keys::unfit(context, issuing.as_ref(), &accused_keys).await?);
    findings.extend(cloud::find(context).await?);
    Ok(findings)
}
