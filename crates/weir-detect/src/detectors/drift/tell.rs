//! The finding: what rose, against what, with the records of those days.

use super::episodes::{Episode, Risen};
use super::series::Measure;
use crate::{Context, DetectError, Draft};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::{quote, rows};
use weir_model::words::whole;
use weir_model::{Entity, EntityKind, Evidence, Finding, Micros};
use weir_stats::Budget;

/// A finding, and what it takes to see whether another tells of the same records.
pub(super) struct Told {
    pub(super) finding: Finding,
    entity: String,
    column: &'static str,
    days: (i32, i32),
    /// The records cited, where they are accesses.
    accesses: Option<String>,
}

/// The finding of an episode; none where no record of its days is there to cite.
pub(super) async fn finding(
    context: &Context<'_>,
    (kind, column): (EntityKind, &'static str),
    episode: &Episode,
    passed_over: usize,
) -> Result<Option<Told>, DetectError> {
    let Some(first) = episode.risen.first() else { return Ok(None) };
    let days = episode.days();
    let Some(cited) = cite(context, kind, column, episode).await? else { return Ok(None) };
    let (evidence, table, condition) = cited;
    let Some((seen, sums)) = sums(context, table, &condition).await? else { return Ok(None) };
    let mut draft = Draft::new("drift", episode.severity, Entity::new(kind, &first.entity), seen);
    draft.identity.push(date(first.rise.from));
    let told = episode.risen.iter().find(|r| r.measure == Measure::People).unwrap_or(first);
    draft.title = title(kind, told, episode.open());
    draft.explanation = explain(episode, days.0);
    draft = draft.raised(Micros::of_day(episode.told.saturating_add(1)));
    let least =
        episode.risen.iter().min_by(|a, b| a.rise.least.p.total_cmp(&b.rise.least.p)).unwrap_or(first);
    (draft.p_value, draft.threshold) = (Some(least.rise.least.p.min(1.0)), Some(least.threshold));
    draft.attack = super::INFO.attack.iter().map(|id| (*id).to_owned()).collect();
    draft.limits = limits(episode, passed_over);
    for one in &episode.risen {
        let days = f64::from(one.rise.to - one.rise.from + 1);
        draft = draft.measure(one.measure.name(), one.rise.seen / days, Some(one.rise.expected / days));
    }
    let factor = told.rise.seen / told.rise.expected.max(f64::MIN_POSITIVE);
    draft = draft
        .measure("growth_percent", 100.0 * (factor - 1.0), Some(percent(told.rise.least.shared)))
        .measure("days", f64::from(days.1 - days.0 + 1), None);
    for (name, value) in sums {
        draft = draft.measure(&name, value, None);
    }
    let finding = draft.finish(evidence, context.snapshot.versions());
    let accesses = (table == "access").then_some(condition);
    Ok(Some(Told { finding, entity: first.entity.clone(), column, days, accesses }))
}

/// Adds a finding; if half of its records or more are those of one entity of another kind that was told at the same time, its entity becomes a
/// member of that one's finding: a credential and the address it is used from are one hand.
pub(super) async fn add(context: &Context<'_>, all: &mut Vec<Told>, new: Told) -> Result<(), DetectError> {
    let columns: BTreeSet<&'static str> = all.iter().map(|t| t.column).filter(|c| *c != new.column).collect();
    for column in columns {
        let Some(condition) = new.accesses.as_deref() else { break };
        let near = |told: &&mut Told| {
            told.column == column && told.days.0 <= new.days.1 && new.days.0 <= told.days.1
        };
        let query = format!(
            "SELECT {column} AS entity, count(*) AS n, sum(count(*)) OVER () AS every FROM access WHERE {condition} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1"
        );
        let answer = context.sql(&query).await?;
        let Some(row) = rows(&answer).next() else { continue };
        let most = row.text("entity").filter(|_| 2 * row.count("n") >= row.count("every"));
        let same = all.iter_mut().filter(near).find(|told| Some(told.entity.as_str()) == most);
        if let Some(told) = same {
            let finding = &mut told.finding;
            if new.finding.severity > finding.severity {
                finding.severity = new.finding.severity;
                finding.raised = new.finding.raised.max(finding.first_seen);
            }
            let principal = finding.entities.first().cloned();
            finding.entities.extend(new.finding.entities);
            let mut rest = finding.entities.split_off(1);
            rest.retain(|member| Some(member) != principal.as_ref());
            rest.sort();
            rest.dedup();
            finding.entities.extend(rest);
            return Ok(());
        }
    }
    all.push(new);
    Ok(())
}

/// The records of an episode: of `access`, else of `flow`; with the table and the condition.
async fn cite(
    context: &Context<'_>,
    kind: EntityKind,
    column: &str,
    episode: &Episode,
) -> Result<Option<(Evidence, &'static str, String)>, DetectError> {
    let Some(first) = episode.risen.first() else { return Ok(None) };
    let (from, to) = episode.days();
    let days = format!("day >= date '{}' AND day <= date '{}' AND {{span}}", date(from), date(to));
    let people = episode.risen.iter().all(|r| r.measure == Measure::People);
    let shown =
        if people { " AND shown AND subject IS NOT NULL AND subject NOT LIKE 'credential:%'" } else { "" };
    let entity = quote(&first.entity);
    if kind != EntityKind::Host {
        let condition = format!("{column} = {entity} AND {days}{shown}");
        if let Some(evidence) = context.cite("access", &condition).await? {
            return Ok(Some((evidence, "access", condition)));
        }
    }
    if !matches!(kind, EntityKind::Origin | EntityKind::Prefix | EntityKind::Host) {
        return Ok(None);
    }
    let condition = format!("{column} = {entity} AND {days}");
    Ok(context.cite("flow", &condition).await?.map(|evidence| (evidence, "flow", condition)))
}

/// First and last record, and exact sums over the records cited.
async fn sums(
    context: &Context<'_>,
    table: &str,
    condition: &str,
) -> Result<Option<((Micros, Micros), BTreeMap<String, f64>)>, DetectError> {
    let counts: &[(&str, &str)] = match table {
        "access" => &[
            ("records", "count(*)"),
            (
                "people",
                "count(DISTINCT CASE WHEN shown AND subject NOT LIKE 'credential:%' THEN subject END)",
            ),
            ("credentials", "count(DISTINCT credential)"),
            ("bytes", "sum(CAST(bytes_out AS DECIMAL(20, 0)))"),
        ],
        _ => &[("records", "count(*)"), ("bytes", "sum(CAST(bytes_out AS DECIMAL(20, 0)))")],
    };
    let columns: Vec<String> = counts.iter().map(|(name, what)| format!("{what} AS {name}")).collect();
    let query = format!(
        "SELECT min(time) AS first, max(time) AS last, {} FROM {table} WHERE {condition}",
        columns.join(", ")
    );
    let answer = context.sql(&query).await?;
    let Some(row) = rows(&answer).next() else { return Ok(None) };
    let (Some(first), Some(last)) = (row.time("first"), row.time("last")) else { return Ok(None) };
    let sums = counts.iter().map(|(name, _)| ((*name).to_owned(), row.count(name) as f64)).collect();
    Ok(Some(((first, last), sums)))
}

fn title(kind: EntityKind, told: &Risen, open: bool) -> String {
    let rise = &told.rise;
    let days = f64::from(rise.to - rise.from + 1);
    let (now, before) = (rise.seen / days, rise.expected / days);
    let when = if open {
        format!("since {}", date(rise.from))
    } else {
        format!("from {} to {}", date(rise.from), date(rise.to))
    };
    let what = match told.measure {
        Measure::People => {
            format!("{} people a day beyond its credentials {when}, not {}", whole(now), whole(before))
        }
        Measure::Records => format!("{} records a day {when}, not {}", whole(now), whole(before)),
        Measure::Bytes => format!("{} a day {when}, not {}", bytes(now), bytes(before)),
    };
    format!("{kind} {} drifts upward: {what}", told.entity)
}

/// The model in words, for each measure that rose.
fn explain(episode: &Episode, from: i32) -> String {
    let each = episode.risen.iter().map(|one| {
        let (rise, least) = (&one.rise, &one.rise.least);
        let others = if one.compared() {
            format!(
                "the median of {} series grew by {:.0} % at the same time",
                one.peers,
                percent(least.shared.max(0.0))
            )
        } else {
            "too few series tell what everybody did".to_owned()
        };
        format!(
            "{}: by {} the last {} days lay {:.0} % above the {} days before them, and {others}. Under the series' own past (mean residuals of ln(1 + x) from \
             the day of the week, each at most 5 deviations; standard error of the difference {:.3} under AR(1), times {:.2} for how far such comparisons missed before; Student's t with \
             {:.0} degrees of freedom and a negative binomial of the sum, the larger p, times the number of windows) the chance of that is {:.1e}. {} series \
             of the kind were tested that day: {:.1e} false alarms a day at such a chance; the budget let {:.1e} through.",
            one.measure.name(),
            date(rise.told),
            least.growth.days,
            percent(least.growth.growth),
            least.growth.past,
            least.growth.error,
            least.belief.inflation.sqrt(),
            least.belief.freedom,
            least.p,
            one.tests,
            Budget::expected_per_day(least.p, one.tests),
            one.threshold
        )
    });
    let each: Vec<String> = each.collect();
    format!(
        "{} Days from {} on are not learned from until the series is back below half of its rise.",
        each.join(" "),
        date(from)
    )
}

fn limits(episode: &Episode, passed_over: usize) -> Vec<String> {
    let mut limits = Vec::new();
    if episode.risen.iter().any(|r| !r.compared()) {
        limits.push(
            "too few series with a past tell what everybody did, so a growth shared by all would look the same"
                .to_owned(),
        );
    }
    if episode.crowded {
        limits.push(
            "several others rose within the fortnight before: something may have happened to them all"
                .to_owned(),
        );
    }
    if episode.open() {
        limits.push("while it lasts, a further rise above it is not told apart".to_owned());
    }
    if passed_over > 0 {
        limits.push(format!(
            "{passed_over} rises of this kind of entity, each likelier by chance, were passed over"
        ));
    }
    limits
}

fn percent(logarithm: f64) -> f64 {
    100.0 * logarithm.exp_m1()
}

/// A day as people write it.
fn date(day: i32) -> String {
    Micros::of_day(day).to_string().get(..10).unwrap_or_default().to_owned()
}

fn bytes(n: f64) -> String {
    let units = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let unit = units.iter().find(|(size, _)| n >= *size);
    unit.map_or_else(|| format!("{n:.0} B"), |(size, name)| format!("{:.1} {name}", n / size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_said_in_units() {
        assert_eq!([950.0, 1_500.0, 2e6, 3.25e9].map(bytes), ["950 B", "1.5 kB", "2.0 MB", "3.2 GB"]);
    }
}
