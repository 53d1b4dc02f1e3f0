//! `blindspot`: silent sensors, gaps, logging switched off or deleted, clock skew.

use crate::coverage::{Lies, coverage, lies};
use crate::{Context, DetectError, Detector, Draft, Info};
use futures::future::{BoxFuture, FutureExt};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::{quote, rows};
use weir_model::case::{Coverage, Gap};
use weir_model::operations::{self, Kind};
use weir_model::{Entity, EntityKind, Finding, Micros, Severity, Table};

/// Sees where the logs see nothing.
#[derive(Clone, Copy, Debug)]
pub struct Blindspot;

static INFO: Info = Info {
    name: "blindspot",
    summary: "silent sensors, gaps, logging switched off or deleted, clock skew",
    manual: "\
# What it sees

*Silence.* A sensor that delivered nothing for a time in which, by the lower decile of the same hours on its other days, at least 20 records
were expected, and for longer than its own silences foretell; or longer than its configured `quiet_max_s`; or an expected sensor without any
file. Severity `medium` where more than 5 % of a usual day's records are missing or the configuration was broken, else `low`. A silence is no
attack: no technique is named.

*A log that begins late or ends early.* A sensor that runs for at least half of the time in which others do, and begins after them or ends while they go
on, is silent before or after by the same measure. Severity `low`, since a server taken out of service looks alike; `medium` beyond `quiet_max_s`.

*How long is too long.* Each silence of the sensor around a full hour is measured in records: the medians of the hours it covers, over the other
days. The logarithm of that number is taken for normal, with the median and the spread (from the median to the ninth decile) of the sensor's own
silences at all hours, but no less than what independent arrivals would give. A silence is reported if fewer than 0.01 as long are foretold by luck
among all of them. So the pauses of a log that comes in bursts are not reported.

*Logging switched off.* Calls that stop, delete, narrow or expire a record of events: `StopLogging`, `DeleteTrail`, `UpdateTrail` and
`PutEventSelectors` that narrow, `DeleteFlowLogs`, `DeleteLogGroup`, `DeleteLogStream`, `DeleteDetector`, `StopConfigurationRecorder`,
`DeleteConfigurationRecorder`, `PutBucketLifecycle` that lets objects of a trail's bucket expire within 30 days, `LeaveOrganization`. One finding per
actor; `high` when one succeeded, `medium` for attempts only.

*Clock skew.* Credentials are issued before they are used. Where, of at least 20 credentials that both logs name, more than one in ten was
first used 5 seconds or more before it was issued, the clock of one sensor is off; the tenth percentile of the difference is the least it can be.
Severity `informational`.

All are rules: `p_value` is null.

# Why it matters

What is not logged cannot be counted: each blind spot limits what may be said about whose data was exposed. In Coupang's leak five
months of logs were lost after the order to keep them; in Equifax's the sensor had been blind for 19 months.

# Blind spots

A sensor that never delivered and is not in the configuration; loss of single records; a sensor seen on fewer than three days; a silence within a burst-like sensor's own pauses; skew of logs
that share no credential; a clock that runs ahead by less than the time people take from sign-in to first page.

# References

ATT&CK T1562.008, T1070.
",
    attack: &["T1070", "T1562.008"],
    records_only: false,
    budget_share: 0.0,
};

impl Detector for Blindspot {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn run<'a>(&'a self, context: &'a Context<'a>) -> BoxFuture<'a, Result<Vec<Finding>, DetectError>> {
        async move {
            let mut findings = switched_off(context).await?;
            for sensor in coverage(context).await?.iter().filter(|c| !c.gaps.is_empty()) {
                findings.extend(silence(context, sensor).await?);
            }
            findings.extend(skew(context).await?);
            Ok(findings)
        }
        .boxed()
    }
}

/// What one actor switched off.
#[derive(Default)]
struct Off {
    done: BTreeSet<String>,
    tried: BTreeSet<String>,
    resources: BTreeSet<String>,
    /// Of calls that failed: they may not exist.
    untouched: BTreeSet<String>,
    origins: BTreeSet<String>,
    cited: Vec<String>,
    seen: Option<(Micros, Micros)>,
    /// The first that succeeded.
    done_at: Option<Micros>,
    calls: u64,
}

async fn switched_off(context: &Context<'_>) -> Result<Vec<Finding>, DetectError> {
    let answer = context
        .sql(
            "SELECT time, operation, actor, src_ip, resource, status_id, request, file, line, \"offset\" AS at FROM access \
             WHERE operation IS NOT NULL AND activity <> 'read' AND {span} ORDER BY time, file, line, at",
        )
        .await?;
    let trails = trail_buckets(&answer);
    let mut by_actor: BTreeMap<String, Off> = BTreeMap::new();
    for row in rows(&answer) {
        let (Some(operation), Some(time)) = (row.text("operation"), row.time("time")) else { continue };
        let request: Value =
            row.text("request").and_then(|r| serde_json::from_str(r).ok()).unwrap_or(Value::Null);
        if !switches_off(operation, &request, &trails) {
            continue;
        }
        let off = by_actor.entry(row.text("actor").unwrap_or("unknown").to_owned()).or_default();
        let failed = row.int("status_id") == Some(i64::from(weir_model::record::STATUS_FAILURE));
        let words = operations::operation(operation).map_or(operation, |o| o.verb);
        let which = row.text("resource").map_or_else(|| words.to_owned(), |r| format!("{words} {r}"));
        (if failed { &mut off.tried } else { &mut off.done }).insert(which);
        off.done_at = off.done_at.or((!failed).then_some(time));
        let resources = if failed { &mut off.untouched } else { &mut off.resources };
        resources.extend(row.text("resource").map(str::to_owned));
        off.origins.extend(row.text("src_ip").map(str::to_owned));
        off.calls += 1;
        off.cited.push(format!(
            "(file = {} AND line = {} AND \"offset\" = {})",
            row.count("file"),
            row.count("line"),
            row.count("at")
        ));
        let seen = off.seen.get_or_insert((time, time));
        *seen = (seen.0.min(time), seen.1.max(time));
    }
    let mut findings = Vec::new();
    for (actor, off) in by_actor {
        findings.extend(off_finding(context, &actor, off).await?);
    }
    Ok(findings)
}

/// How leaving the organisation is told, by which an account gets out of the reach of its guardrails and central logs.
const LEFT: &str = "tried to leave the organisation";

async fn off_finding(context: &Context<'_>, actor: &str, off: Off) -> Result<Option<Finding>, DetectError> {
    let Some(seen) = off.seen else { return Ok(None) };
    let Some(evidence) = context.cite("access", &off.cited.join(" OR ")).await? else { return Ok(None) };
    let severity = if off.done.is_empty() { Severity::Medium } else { Severity::High };
    let mut draft = Draft::new("blindspot", severity, Entity::new(EntityKind::Actor, actor), seen);
    draft = draft.raised(off.done_at.unwrap_or(seen.0));
    draft.identity.push("switched off".to_owned());
    let list = |what: &BTreeSet<String>| what.iter().cloned().collect::<Vec<_>>().join("; ");
    draft.title = match off.done.len() {
        0 if off.tried.iter().all(|what| what.starts_with(LEFT)) => {
            format!("{actor} tried in vain to leave the organisation")
        }
        0 => format!("{actor} tried in vain to switch logging off"),
        n => format!("{actor} switched logging off or narrowed it in {n} places"),
    };
    draft.explanation = format!(
        "Done: {}. Tried and failed: {}. A rule, not a statistic.",
        if off.done.is_empty() { "nothing".to_owned() } else { list(&off.done) },
        if off.tried.is_empty() { "nothing".to_owned() } else { list(&off.tried) },
    );
    draft.attack = vec!["T1562.008".to_owned()];
    draft.limits.push("what happened afterwards is recorded only where another log remained on".to_owned());
    let entity = |kind: EntityKind| move |v: String| Entity::new(kind, v);
    let resources = if off.done.is_empty() { off.untouched } else { off.resources };
    let draft = draft
        .members(resources.into_iter().map(entity(EntityKind::Resource)))
        .members(off.origins.into_iter().map(entity(EntityKind::Origin)))
        .measure("calls", off.calls as f64, Some(0.0))
        .measure("done", off.done.len() as f64, Some(0.0));
    Ok(Some(draft.finish(evidence, context.snapshot.versions())))
}

/// Buckets that a trail delivers to, as far as these logs show.
fn trail_buckets(answer: &[arrow_array::RecordBatch]) -> BTreeSet<String> {
    let trail = |o: &str| matches!(o, "CreateTrail" | "UpdateTrail");
    let bucket = |request: &str| {
        let request: Value = serde_json::from_str(request).ok()?;
        Some(request.get("s3BucketName")?.as_str()?.to_owned())
    };
    rows(answer)
        .filter(|r| r.text("operation").is_some_and(trail))
        .filter_map(|r| bucket(r.text("request")?))
        .collect()
}

/// Whether a call stops, deletes, narrows or expires a record of events.
fn switches_off(operation: &str, request: &Value, trails: &BTreeSet<String>) -> bool {
    let text = request.to_string();
    match operation {
        "PutEventSelectors" => {
            let narrowed = [
                "\"readWriteType\":\"ReadOnly\"",
                "\"readWriteType\":\"WriteOnly\"",
                "\"includeManagementEvents\":false",
            ];
            narrowed.iter().any(|n| text.contains(n))
        }
        "UpdateTrail" => {
            text.contains("\"isMultiRegionTrail\":false")
                || text.contains("\"includeGlobalServiceEvents\":false")
        }
        "PutBucketLifecycle" | "PutBucketLifecycleConfiguration" => {
            let bucket = request.get("bucketName").and_then(Value::as_str).unwrap_or_default();
            let days = days(request);
            (trails.contains(bucket) || bucket.contains("trail") || bucket.contains("log"))
                && days.is_some_and(|d| d <= 30)
        }
        _ => operations::operation(operation).is_some_and(|o| o.kind == Kind::SwitchedOff),
    }
}

/// The shortest expiration in a lifecycle rule, in days.
fn days(value: &Value) -> Option<u64> {
    match value {
        Value::Object(map) => {
            let own = map.get("Expiration").and_then(|e| e.get("Days")).and_then(Value::as_u64);
            map.values().filter_map(days).chain(own).min()
        }
        Value::Array(all) => all.iter().filter_map(days).min(),
        _ => None,
    }
}

/// The part of a day's records that is much to miss.
const MUCH_OF_A_DAY: f64 = 0.05;

/// One sensor's silences, as one finding; cited by the records on both sides.
async fn silence(context: &Context<'_>, sensor: &Coverage) -> Result<Option<Finding>, DetectError> {
    let bounds: Vec<String> = sensor
        .gaps
        .iter()
        .flat_map(|g: &Gap| [g.from, g.to])
        .flatten()
        .map(|at| format!("(sensor = {} AND time = TIMESTAMP '{at}')", quote(&sensor.sensor)))
        .collect();
    let condition = if bounds.is_empty() { "false".to_owned() } else { bounds.join(" OR ") };
    let mut evidence = None;
    for table in Table::ALL {
        evidence = evidence.or(context.cite(table.name(), &condition).await?);
    }
    let Some(evidence) = evidence else { return Ok(None) };
    let (Some(first), Some(last)) =
        (sensor.gaps.iter().filter_map(|g| g.from).min(), sensor.gaps.iter().filter_map(|g| g.to).max())
    else {
        return Ok(None);
    };
    let hours: f64 = sensor.gaps.iter().filter_map(|g| Some((g.to?.0 - g.from?.0) as f64 / 3.6e9)).sum();
    let expected: f64 = sensor.gaps.iter().filter_map(|g| g.records_expected).sum();
    let told = context.config.sensors.iter().any(|s| s.name == sensor.sensor && s.quiet_max_s.is_some());
    let place = |gap: &Gap| lies(sensor.period, (gap.from, gap.to));
    let within = |gap: &&Gap| place(gap) == Lies::Within;
    // A server that was taken out of service ends as a log that was stopped does.
    let much = sensor.gaps.iter().filter(within).any(|gap| misses_much(sensor, gap));
    let severity = if told || much { Severity::Medium } else { Severity::Low };
    let principal = Entity::new(EntityKind::Sensor, &sensor.sensor);
    // A silence is known to be one when it ends.
    let ended = sensor.gaps.iter().filter_map(|g| g.to).min().unwrap_or(last);
    let mut draft = Draft::new("blindspot", severity, principal, (first, last)).raised(ended);
    draft.identity.push("silence".to_owned());
    draft.title = match (sensor.gaps.len(), sensor.gaps.first().map(place)) {
        (1, Some(Lies::After)) => format!("{} ends {} before other logs do", sensor.sensor, lasting(hours)),
        (1, Some(Lies::Before)) => format!("{} begins {} after other logs do", sensor.sensor, lasting(hours)),
        (1, _) => format!("{} was silent once, for {}", sensor.sensor, lasting(hours)),
        (n, _) => format!("{} was silent {n} times, {} in all", sensor.sensor, lasting(hours)),
    };
    let each: Vec<String> =
        sensor.gaps.iter().filter_map(|g| Some(format!("{} to {}: {}", g.from?, g.to?, g.reason))).collect();
    draft.explanation = format!(
        "{}. By the lower decile of the same hours on its other days at least {expected:.0} records are missing.",
        each.join("; ")
    );
    draft.limits.push("what happened meanwhile is not in this sensor's log".to_owned());
    let draft = draft.measure("hours", hours, Some(0.0)).measure("records_missing", expected, Some(0.0));
    Ok(Some(draft.finish(evidence, context.snapshot.versions())))
}

/// Whether one silence hides a substantial part of a day, by the day's usual number of records.
fn misses_much(sensor: &Coverage, gap: &Gap) -> bool {
    let mut days: Vec<u64> = sensor.days.values().copied().collect();
    days.sort_unstable();
    let usual = days.get(days.len() / 2).copied().unwrap_or(0) as f64;
    gap.records_expected.is_none_or(|missing| missing > MUCH_OF_A_DAY * usual)
}

/// Credentials from which a skew may be read off, and the least difference in seconds that counts.
const CREDENTIALS_MIN: u64 = 20;
const SKEW_MIN_S: f64 = 5.0;

/// Pairs of sensors with the credentials that both name: how many, first and last use, and the time from issuance to first use that one in
/// ten stays below, in whole seconds.
type Lags = BTreeMap<(String, String), (u64, Micros, Micros, BTreeMap<i64, u64>)>;

async fn lags(context: &Context<'_>) -> Result<Lags, DetectError> {
    let answer = context
        .sql(
            "SELECT uses, issues, lag, count(*) AS n, min(first) AS first, max(first) AS last FROM \
             (SELECT used.sensor AS uses, issued.sensor AS issues, used.first AS first, \
              CAST(floor(CAST(CAST(used.first AS BIGINT) - CAST(issued.at AS BIGINT) AS DOUBLE) / 1000000.0) AS BIGINT) AS lag \
              FROM (SELECT sensor, credential, min(time) AS first FROM access WHERE credential IS NOT NULL AND {span} GROUP BY 1, 2) used \
              JOIN (SELECT sensor, credential, min(time) AS at FROM auth WHERE credential IS NOT NULL AND status_id = 1 AND {span} GROUP BY 1, 2) issued \
              ON used.credential = issued.credential) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        )
        .await?;
    let mut lags = Lags::new();
    for row in rows(&answer) {
        let (Some(uses), Some(issues), Some(lag)) = (row.text("uses"), row.text("issues"), row.int("lag"))
        else {
            continue;
        };
        let (Some(first), Some(last)) = (row.time("first"), row.time("last")) else { continue };
        let pair = lags.entry((uses.to_owned(), issues.to_owned()));
        let pair = pair.or_insert_with(|| (0, first, last, BTreeMap::new()));
        (pair.0, pair.1, pair.2) = (pair.0 + row.count("n"), pair.1.min(first), pair.2.max(last));
        *pair.3.entry(lag).or_default() += row.count("n");
    }
    Ok(lags)
}

/// The value that a tenth of the counted stay at or below.
fn lower_decile(n: u64, counts: &BTreeMap<i64, u64>) -> Option<f64> {
    let mut below = 0;
    let found = counts.iter().find(|(_, count)| {
        below += **count;
        below * 10 >= n
    });
    found.map(|(value, _)| *value as f64)
}

async fn skew(context: &Context<'_>) -> Result<Vec<Finding>, DetectError> {
    let mut findings = Vec::new();
    for ((uses, issues), (n, first, last, counts)) in &lags(context).await? {
        let (Some(p10), n, first, last) = (lower_decile(*n, counts), *n, *first, *last) else { continue };
        if uses == issues || n < CREDENTIALS_MIN || p10 > -SKEW_MIN_S {
            continue;
        }
        let condition = format!("sensor = {} AND credential IS NOT NULL", quote(uses));
        let Some(evidence) = context.cite("access", &condition).await? else { continue };
        let mut draft = Draft::new(
            "blindspot",
            Severity::Informational,
            Entity::new(EntityKind::Sensor, uses),
            (first, last),
        )
        .raised(last);
        draft.identity.extend(["skew".to_owned(), issues.to_owned()]);
        draft.title = format!("the clock of {uses} runs at least {:.0} s behind that of {issues}", -p10);
        draft.explanation = format!(
            "Of {n} credentials that both logs name, one in ten was first used {:.0} s or more before it was issued, which cannot be.",
            -p10
        );
        draft.limits.push("which of the two clocks is wrong is not known".to_owned());
        let draft = draft
            .members([Entity::new(EntityKind::Sensor, issues)])
            .measure("skew_s", -p10, Some(0.0))
            .measure("credentials", n as f64, None);
        findings.push(draft.finish(evidence, context.snapshot.versions()));
    }
    Ok(findings)
}

/// A duration in the unit people would name it in.
fn lasting(hours: f64) -> String {
    match hours {
        h if h < 1.0 => format!("{:.0} minutes", h * 60.0),
        h if h < 48.0 => format!("{h:.1} hours"),
        h => format!("{:.1} days", h / 24.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn narrowing_a_trail_counts_and_widening_it_does_not() {
        let none = BTreeSet::new();
        let narrow =
            json!({"eventSelectors": [{"readWriteType": "ReadOnly", "includeManagementEvents": true}]});
        let wide = json!({"eventSelectors": [{"readWriteType": "All", "includeManagementEvents": true}]});
        assert!(switches_off("PutEventSelectors", &narrow, &none));
        assert!(!switches_off("PutEventSelectors", &wide, &none));
        assert!(switches_off("StopLogging", &Value::Null, &none));
        assert!(!switches_off("StartLogging", &Value::Null, &none));
    }

    #[test]
    fn a_lifecycle_rule_counts_on_a_trails_bucket_only() {
        let rule = |days: u64| json!({"bucketName": "b", "LifecycleConfiguration": {"Rule": {"Expiration": {"Days": days}}}});
        let trails = BTreeSet::from(["b".to_owned()]);
        assert!(switches_off("PutBucketLifecycle", &rule(1), &trails));
        assert!(!switches_off("PutBucketLifecycle", &rule(400), &trails));
        assert!(!switches_off("PutBucketLifecycle", &rule(1), &BTreeSet::new()));
    }
}
