//! `drift`: what an entity is shown grows a little, for good, and more than everybody's.
//!
//! Decisive choice: two passes over the rollups of each kind. The first learns what everybody did, the second judges each series, one entity
//! at a time; the mathematics is `weir_stats::drift`. Only what rose is looked up in the records.

mod episodes;
mod everybody;
mod series;
mod tell;

use crate::{Context, DetectError, Detector, Info};
use futures::future::{BoxFuture, FutureExt};
use weir_model::{EntityKind, Finding};
use weir_stats::drift::{PAST_MIN, Scan, WINDOWS};

pub use series::Measure;

/// Sees small lasting growth of what an entity reads.
#[derive(Clone, Copy, Debug)]
pub struct Drift;

static INFO: Info = Info {
    name: "drift",
    summary: "a small lasting growth in the people, records or bytes of an entity, beyond its own past and everybody's",
    manual: include_str!("drift/manual.md"),
    attack: &["T1020", "T1030", "T1213"],
    records_only: true,
    budget_share: 0.1,
};

/// Kinds judged, with their column of `access` (for hosts of `flow`). Not clients, which drift by adoption and release; nor sensors, which are `blindspot`'s.
const KINDS: [(EntityKind, &str); 8] = [
    (EntityKind::Actor, "actor"),
    (EntityKind::Credential, "credential"),
    (EntityKind::Key, "key_uid"),
    (EntityKind::Origin, "src_ip"),
    (EntityKind::Prefix, "network(src_ip)"),
    (EntityKind::Dataset, "dataset"),
    (EntityKind::Country, "country"),
    (EntityKind::Host, "dst_ip"),
];
/// Rises told at most for a kind; of more, the least likely.
const RISES_MAX: usize = 1_000;

impl Detector for Drift {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn run<'a>(&'a self, context: &'a Context<'a>) -> BoxFuture<'a, Result<Vec<Finding>, DetectError>> {
        find(context).boxed()
    }
}

async fn find(context: &Context<'_>) -> Result<Vec<Finding>, DetectError> {
    let shortest = i32::try_from(PAST_MIN + WINDOWS[0]).unwrap_or(i32::MAX);
    let Some(period) = series::period(context).await?.filter(|p| p.days() >= shortest) else {
        return Ok(Vec::new());
    };
    let mut all = everybody::Tally::new(period);
    let mut kinds = Vec::new();
    for (kind, column) in KINDS {
        let mut tally = everybody::Tally::new(period);
        series::each(context, kind, period, |series| tally.take(&series)).await?;
        all.merge(&tally);
        kinds.push((kind, column, tally.settle()));
    }
    let (everything, all) = (all.across().settle(), all.settle());
    let mut told = Vec::new();
    for (kind, column, own) in kinds.iter().filter(|(.., own)| own.any()) {
        // A measure of a kind is a family. Those that can be grave share the budget; the others, which cannot, share another of its size.
        let everybody = everybody::Everybody::new(own, [&all, &everything], |measure, place, tests| {
            let grave = episodes::can_be_grave(*kind, measure);
            let tested = |(kind, _, own): &(EntityKind, &str, everybody::Settled)| {
                let alike = |m: &Measure| episodes::can_be_grave(*kind, *m) == grave;
                Measure::ALL.iter().filter(|m| alike(m) && own.tests_at(place, **m) > 0).count()
            };
            let families = kinds.iter().map(tested).sum();
            // What cannot be `high` spends nothing of the budget for that.
            let share = if grave { 1.0 } else { 1.0 / INFO.budget_share };
            share * context.threshold(families, tests)
        });
        let mut risen = Vec::new();
        series::each(context, *kind, period, |series| {
            risen.extend(judge(*kind, &series, &everybody));
        })
        .await?;
        risen.sort_by(|a, b| a.rise.least.p.total_cmp(&b.rise.least.p).then_with(|| a.entity.cmp(&b.entity)));
        let passed_over = risen.len().saturating_sub(RISES_MAX);
        risen.truncate(RISES_MAX);
        for episode in episodes::of(risen) {
            if let Some(new) = tell::finding(context, (*kind, column), &episode, passed_over).await? {
                tell::add(context, &mut told, new).await?;
            }
        }
    }
    Ok(told.into_iter().map(|told| told.finding).collect())
}

/// The rises of one entity's measures.
fn judge(
    kind: EntityKind,
    series: &series::Series,
    everybody: &everybody::Everybody<'_>,
) -> Vec<episodes::Risen> {
    let mut risen = Vec::new();
    for measure in Measure::ALL {
        let mut scan = Scan::new();
        for (day, value) in series.values(measure) {
            let (_, threshold) = everybody.tests(measure, day);
            scan.push(day, value, threshold, |growth| everybody.others(measure, day, growth));
        }
        for rise in scan.rises() {
            let (tests, threshold) = everybody.tests(measure, rise.told);
            risen.push(episodes::Risen {
                kind,
                entity: series.entity.clone(),
                measure,
                rise: *rise,
                tests,
                threshold,
                peers: everybody.peers(measure, rise.told, &rise.least.growth),
                others: series.shows_others(rise.from, rise.to),
                named: series.named_before(rise.from),
            });
        }
    }
    risen
}
