//! `harvest`: many people read from one address, each as no person reads their own pages.

pub(crate) mod habits;
pub(crate) mod judge;
pub(crate) mod screen;
pub(crate) mod tell;
pub(crate) mod visits;

use crate::{Context, DetectError, Detector, Info};
use futures::future::{BoxFuture, FutureExt};
use std::collections::BTreeMap;
use weir_lake::{family, rows};
use weir_model::Finding;
use weir_stats::WINDOWS;

/// Sees people's pages opened one after another by somebody who never looks around or signs in.
#[derive(Clone, Copy, Debug)]
pub struct Harvest;

static INFO: Info = Info {
    name: "harvest",
    summary: "many people read from one address without the browsing and signing-in that people do before",
    manual: include_str!("harvest/manual.md"),
    attack: &["T1020", "T1030", "T1078", "T1119", "T1213"],
    records_only: false,
    budget_share: 0.2,
};

const WORDS: tell::Words = tell::Words {
    detector: "harvest",
    title: "who neither looked around nor signed in before",
    odd: "people_cold_in_window",
    each: "by a client that had done nothing else there for twenty minutes",
    explain: judge::explain,
};

impl Detector for Harvest {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn run<'a>(&'a self, context: &'a Context<'a>) -> BoxFuture<'a, Result<Vec<Finding>, DetectError>> {
        find(context).boxed()
    }
}

async fn find(context: &Context<'_>) -> Result<Vec<Finding>, DetectError> {
    let census = screen::census(context).await?;
    if census.visits() < screen::VISITS_MIN {
        return Ok(Vec::new());
    }
    let suspects = screen::suspects(context, census, &screen::ALONE).await?;
    if suspects.is_empty() {
        return Ok(Vec::new());
    }
    let habits = habits(context, census).await?;
    let mut fired = Vec::new();
    visits::each(context, &suspects, |origin| {
        fired.extend(judge::judge(&origin, habits, census, |tests| context.threshold(WINDOWS.len(), tests)));
    })
    .await?;
    tell::findings(context, &fired, &WORDS).await
}

/// What is usual at sampled households.
pub(crate) async fn habits<'a>(
    context: &Context<'a>,
    census: &screen::Census,
) -> Result<&'a habits::Habits, DetectError> {
    if let Some(known) = context.memo.habits.get() {
        return Ok(known);
    }
    let mut habits = habits::Habits::default();
    visits::each(context, &census.sampled(), |origin| habits.learn(&origin)).await?;
    habits.settle();
    Ok(context.memo.habits.get_or_init(|| habits))
}

/// Those entities (a SQL expression) most of whose records of `access` under a condition, asked of the session near by, are by clients that no
/// household uses: programs, with the first day of such a client. `None` where what households use is not known.
pub(crate) async fn programs(
    whole: &Context<'_>,
    near: &Context<'_>,
    entity: &str,
    condition: &str,
) -> Result<Option<BTreeMap<String, i64>>, DetectError> {
    let census = screen::census(whole).await?;
    if census.visits() < screen::VISITS_MIN {
        return Ok(None);
    }
    let habits = habits(whole, census).await?;
    let query = format!(
        "SELECT {entity} AS entity, user_agent, sum(n) AS n, min(day) AS day FROM {{digest}} WHERE {condition} GROUP BY 1, 2 ORDER BY 1, 2"
    );
    let mut clients: BTreeMap<String, (u64, u64, i64)> = BTreeMap::new();
    for row in rows(&near.sql(&query).await?) {
        let Some(entity) = row.text("entity") else { continue };
        let household = habits.known(family(row.text("user_agent").unwrap_or("")), i32::MAX);
        let (known, all, first) = clients.entry(entity.to_owned()).or_insert((0, 0, i64::MAX));
        *all += row.count("n");
        if household {
            *known += row.count("n");
        } else {
            *first = (*first).min(row.int("day").unwrap_or(i64::MAX));
        }
    }
    let strange = clients.into_iter().filter(|(_, (known, all, _))| 2 * known <= *all);
    Ok(Some(strange.map(|(entity, (_, _, first))| (entity, first)).collect()))
}
