//! One finding explained from the lake alone: what was found last, what people said since, and the days of its entities.

use crate::days::{Days, days};
use crate::{EngineError, life};
use futures::future::BoxFuture;
use weir_lake::{Lake, Snapshot};
use weir_model::case::Period;
use weir_model::{Explained, Finding, Span};

/// Explains the finding of an id that a run over the lake found.
pub fn explain<'a>(lake: &'a Lake, id: &'a str) -> BoxFuture<'a, Result<Explained, EngineError>> {
    Box::pin(async move {
        let finding = life::find(lake.folder()?, id)?;
        let snapshot = lake.snapshot().await?;
        let session = snapshot.session(&snapshot.session_options(), None)?;
        let all = days(&session, &[&finding], Span::default()).await?;
        let days = all.into_iter().next();
        Ok(Explained {
            period: period(&snapshot).await?,
            limits: limits(&finding, &snapshot, days.as_ref()),
            days_of: days.as_ref().and_then(|d| d.kind),
            members: days.as_ref().map_or(0, |d| d.members as u64),
            series: days.map(|d| d.series).unwrap_or_default(),
            campaign: life::campaign(lake.folder()?, &finding)?,
            manual: format!("weir detectors {}", finding.detector),
            finding,
        })
    })
}

async fn period(snapshot: &Snapshot) -> Result<Option<Period>, EngineError> {
    let intake = snapshot.intake().await?;
    let first = intake.iter().filter_map(|i| i.first_time).min();
    let last = intake.iter().filter_map(|i| i.last_time).max();
    Ok(first.zip(last).map(|(first, last)| Period { first, last }))
}

fn limits(finding: &Finding, snapshot: &Snapshot, days: Option<&Days>) -> Vec<String> {
    let mut limits = Vec::new();
    match days {
        Some(Days { kind: None, .. }) | None => limits.push(
            "the lake keeps no days of entities of these kinds; the query below gives the records".to_owned(),
        ),
        Some(days) if days.members < days.members_all => {
            limits.push(format!("the series sum {} of {} members", days.members, days.members_all));
        }
        Some(_) => {}
    }
    if finding.stands() && finding.snapshot.get("intake") != snapshot.versions().get("intake") {
        limits.push(
            "the lake has taken in logs since this was found; `weir investigate` judges it anew".to_owned(),
        );
    }
    if snapshot.rollup_catalogs().len() > 1 {
        limits.push(
            "people of some days were counted under an earlier configuration; `weir investigate` counts them anew".to_owned(),
        );
    }
    limits
}
