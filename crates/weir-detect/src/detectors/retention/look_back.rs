//! Retention that is shorter than detection looks back, or than the organisation says it must be.
//!
//! Decisive choice: what counts is the longest time with a bound that any detector looks back over. Windows over the whole time have no bound, so
//! no retention is long enough for them; that is a limit, not a finding.

use crate::{Context, DetectError, Draft};
use weir_lake::{Removed, Why, rows};
use weir_model::config::Config;
use weir_model::time::DAY_US;
use weir_model::{Entity, EntityKind, Finding, Micros, Severity, Table};
use weir_stats::drift::{PAST_MAX, PAST_MIN, WINDOWS};
use weir_stats::{WINDOWS as REACH, Window};

/// The longest window of `drift`, in days.
const DRIFT_LONGEST: usize = WINDOWS[WINDOWS.len() - 1];

/// Days of records that detection looks back over: `drift`'s longest window, and the days before it that its baseline is fitted to.
pub const LOOK_BACK_DAYS: usize = DRIFT_LONGEST + PAST_MAX;

/// What is lost by keeping records for so many days: nothing, where that is long enough for detection and for what the configuration asks.
#[must_use]
pub fn too_short(days: f64, config: &Config) -> Vec<String> {
    let mut lost = Vec::new();
    if let Some(asked) = config.organisation.keep_days_min.filter(|asked| days < f64::from(*asked)) {
        lost.push(format!("`keep_days_min` in weir.toml asks for {asked} days"));
    }
    if days < LOOK_BACK_DAYS as f64 {
        lost.push(format!(
            "`drift` looks back {LOOK_BACK_DAYS} days: {DRIFT_LONGEST} in which something grows, and {PAST_MAX} that say what is usual{}",
            if days < (PAST_MIN + WINDOWS[0]) as f64 { "; with so few it sees nothing" } else { "" }
        ));
    }
    let longest =
        REACH.iter().filter_map(|w| if let Window::Days(days) = w { Some(*days) } else { None }).max();
    if let Some(longest) = longest.filter(|longest| days < f64::from(*longest)) {
        lost.push(format!("`reach` counts people over up to {longest} days, and `crossing` knows a country as new for as many"));
    }
    lost
}

/// A run that left less than is needed.
struct Short<'r> {
    run: &'r Removed,
    before: Micros,
    days: f64,
    lost: Vec<String>,
}

impl<'r> Short<'r> {
    fn of(run: &'r Removed, config: &Config, last: Micros) -> Option<Self> {
        let Why::Retention { before } = run.why else { return None };
        let kept = |at: Micros| at.0.saturating_sub(before.0).max(0) as f64 / DAY_US as f64;
        let lost = too_short(kept(run.time), config);
        // What went long ago no longer matters: the log has grown by as much as is needed since.
        let matters = !too_short(kept(last), config).is_empty();
        (!lost.is_empty() && matters).then(|| Self { run, before, days: kept(run.time), lost })
    }
}

pub(super) async fn findings(context: &Context<'_>) -> Result<Vec<Finding>, DetectError> {
    let runs = context.snapshot.removals().await?;
    if !runs.iter().any(|run| matches!(run.why, Why::Retention { .. })) {
        return Ok(Vec::new());
    }
    let Some(last) = ends(context, "true").await?.map(|(_, ends)| ends.1) else { return Ok(Vec::new()) };
    let short: Vec<Short<'_>> = runs.iter().filter_map(|run| Short::of(run, context.config, last)).collect();
    let Some(worst) = short.iter().min_by(|a, b| a.days.total_cmp(&b.days)) else { return Ok(Vec::new()) };
    // Older records that are left stand under holds, and say nothing of what else there was.
    let before = short.iter().map(|s| s.before).max().unwrap_or(worst.before);
    let left = format!("time >= TIMESTAMP '{before}' AND {{span}}");
    let Some((table, (first, _))) = ends(context, &left).await? else { return Ok(Vec::new()) };
    let oldest = Micros(first.0.saturating_add(DAY_US));
    let condition = format!("time >= TIMESTAMP '{first}' AND time < TIMESTAMP '{oldest}' AND {{span}}");
    let Some(evidence) = context.cite(table.name(), &condition).await? else { return Ok(Vec::new()) };
    let Some(draft) = tell(context, worst, &short, (first, last)).await? else { return Ok(Vec::new()) };
    Ok(vec![draft.finish(evidence, context.snapshot.versions())])
}

/// The first and last event for which a condition is true, and the table of the first.
async fn ends(
    context: &Context<'_>,
    condition: &str,
) -> Result<Option<(Table, (Micros, Micros))>, DetectError> {
    let mut found: Option<(Table, (Micros, Micros))> = None;
    for table in Table::ALL {
        let sql =
            format!("SELECT min(time) AS first, max(time) AS last FROM {} WHERE {condition}", table.name());
        let answer = context.sql(&sql).await?;
        let ends = rows(&answer).find_map(|row| Some((row.time("first")?, row.time("last")?)));
        found = match (found, ends) {
            (Some((of, known)), Some(ends)) => {
                let of = if ends.0 < known.0 { table } else { of };
                Some((of, (known.0.min(ends.0), known.1.max(ends.1))))
            }
            (found, ends) => found.or(ends.map(|ends| (table, ends))),
        };
    }
    Ok(found)
}

async fn tell(
    context: &Context<'_>,
    worst: &Short<'_>,
    short: &[Short<'_>],
    seen: (Micros, Micros),
) -> Result<Option<Draft>, DetectError> {
    let coverage = crate::coverage::coverage(context).await?;
    let mut sensors = coverage.iter().map(|c| Entity::new(EntityKind::Sensor, &c.sensor));
    let Some(principal) = sensors.next() else { return Ok(None) };
    let mut draft = Draft::new("retention", Severity::Medium, principal, seen).raised(seen.1);
    draft.identity = vec!["look back".to_owned()];
    let needed = context.config.organisation.keep_days_min.map_or(0.0, f64::from).max(LOOK_BACK_DAYS as f64);
    draft.title = format!("records are kept for {:.0} days, and {needed:.0} are needed", worst.days.floor());
    let rows =
        |s: &Short<'_>| s.run.gone.iter().filter(|(t, _)| *t != "rejects").map(|(_, n)| n).sum::<u64>();
    let gone: u64 = short.iter().map(rows).sum();
    let latest = short.iter().max_by_key(|s| s.run.time).unwrap_or(worst);
    draft.explanation = format!(
        "{} of `weir retain` deleted {gone} records that were younger than what is looked back over; the last at {} for {}, of before {}. {}. \
         A leak that began before, or that is as slow as that, is seen late, in part or not at all, and whose data it showed is counted from there on only. \
         Keep records longer (`weir retain --keep {needed:.0}d`), or hold what matters.",
        if short.len() == 1 { "1 run".to_owned() } else { format!("{} runs", short.len()) },
        latest.run.time,
        latest.run.by,
        latest.before,
        worst.lost.join("; "),
    );
    draft.limits.push(
        "windows over the whole time, and how long a dataset or a person had been idle, see only what is left, however long that is"
            .to_owned(),
    );
    Ok(Some(
        draft
            .members(sensors)
            .measure("kept_days", worst.days, Some(needed))
            .measure("runs", short.len() as f64, Some(0.0))
            .measure("records_deleted", gone as f64, Some(0.0)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bounded_window_is_longer_than_detection_is_said_to_look_back() {
        let reach =
            REACH.iter().filter_map(|w| if let Window::Days(days) = w { Some(*days as usize) } else { None });
        assert!(reach.chain(WINDOWS).all(|days| days <= LOOK_BACK_DAYS));
        assert_eq!(LOOK_BACK_DAYS, 224, "as the manual and docs/retention.md have it");
        assert!(include_str!("manual.md").contains("224"));
    }

    #[test]
    fn what_is_lost_is_said_by_the_days_that_are_kept() {
        let lost = |days, asked| {
            let mut config = Config::default();
            config.organisation.keep_days_min = asked;
            too_short(days, &config).len()
        };
        assert_eq!((lost(224.0, None), lost(223.9, None), lost(89.0, None)), (0, 1, 2));
        assert_eq!((lost(400.0, Some(730)), lost(730.0, Some(730)), lost(30.0, Some(730))), (1, 0, 3));
    }
}
