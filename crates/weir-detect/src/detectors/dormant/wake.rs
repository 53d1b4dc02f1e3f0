//! Routes, hosts and datasets that showed nobody's data for long, and then do to readers who were never there.
//!
//! Decisive choice: a rule. Idle means far beyond its own earlier gaps, and the sensor that would have told must have been awake; a reader
//! without history is one whose address, credential and actor had never been shown data there.

use super::IDLE_DAYS;
use super::census::histories;
use crate::bearer::{BEARER, by_others, others, people};
use crate::histories::History;
use crate::members::{describe, seen};
use crate::{Context, DetectError, Draft};
use std::collections::BTreeSet;
use weir_lake::{quote, quote_all, rows};
use weir_model::words::whole;
use weir_model::{Entity, EntityKind, Finding, Micros, Severity};
use weir_stats::Distinct;

/// Days after waking that are looked at.
const WAKE_DAYS: i32 = 7;
/// How many times its longest gap before an idle time must be.
const RHYTHM: i32 = 3;
/// People read by others from whom on it is a finding, and from whom on it can be grave.
const PEOPLE_MIN: f64 = 10.0;
const MANY: f64 = 100.0;
/// Credentials for each person from which people are taken to be there themselves.
const OWN_MIN: f64 = 0.4;
/// Wakings looked at exactly, of each kind: those that showed most people.
const WAKES_MAX: usize = 200;

/// Kinds of what can be idle, with their column of `access`; what one kind tells is not told again by the next.
const KINDS: [(EntityKind, &str); 3] =
    [(EntityKind::Host, "hostname"), (EntityKind::Dataset, "dataset"), (EntityKind::Route, "route")];

/// Something that woke.
#[derive(Clone, Debug, PartialEq)]
struct Wake {
    entity: String,
    /// The last day on which it had shown data, and that on which it did again.
    last: i32,
    day: i32,
    /// Longest gap before, days.
    gap_before: i32,
    /// People shown in the days after, as rollups tell.
    people: f64,
}

impl Wake {
    fn idle(&self) -> i32 {
        self.day - self.last - 1
    }

    /// The records after waking, as a condition on `access`.
    fn records(&self, column: &str) -> String {
        format!(
            "{column} = {} AND time >= TIMESTAMP '{}' AND time < TIMESTAMP '{}' AND {{span}}",
            quote(&self.entity),
            Micros::of_day(self.day),
            Micros::of_day(self.day + WAKE_DAYS)
        )
    }
}

/// The wakings of one history.
fn wakes(history: &History) -> Vec<Wake> {
    let mut found = Vec::new();
    let mut longest = 0;
    for pair in history.days.windows(2) {
        let [(last, _), (day, _)] = pair else { continue };
        let gap = day - last - 1;
        if gap >= IDLE_DAYS && gap > RHYTHM * longest {
            let mut after = Distinct::new();
            let week = history.days.iter().filter(|(at, _)| (*day..day + WAKE_DAYS).contains(at));
            week.for_each(|(_, partial)| after.merge(&partial.people));
            found.push(Wake {
                entity: history.entity.clone(),
                last: *last,
                day: *day,
                gap_before: longest,
                people: after.estimate(),
            });
        }
        longest = longest.max(gap);
    }
    found
}

/// Everything that woke to strangers.
pub(super) async fn findings(context: &Context<'_>) -> Result<Vec<Finding>, DetectError> {
    let mut findings: Vec<Finding> = Vec::new();
    for (kind, column) in KINDS {
        let mut woke = Vec::new();
        histories(context, kind, |history| {
            woke.extend(wakes(&history));
            if woke.len() > 2 * WAKES_MAX {
                most(&mut woke);
            }
        })
        .await?;
        most(&mut woke);
        woke.sort_by(|a, b| (a.day, &a.entity).cmp(&(b.day, &b.entity)));
        for wake in woke {
            let Some(finding) = judged(context, kind, column, &wake).await? else { continue };
            if !findings.iter().any(|told| covers(told, &finding)) {
                findings.push(finding);
            }
        }
    }
    Ok(findings)
}

fn most(woke: &mut Vec<Wake>) {
    woke.sort_by(|a, b| b.people.total_cmp(&a.people).then((a.day, &a.entity).cmp(&(b.day, &b.entity))));
    woke.truncate(WAKES_MAX);
}

/// Whether a finding tells the same readers at the same time.
fn covers(told: &Finding, finding: &Finding) -> bool {
    let readers = |f: &Finding| -> BTreeSet<Entity> {
        let who = [EntityKind::Origin, EntityKind::Credential, EntityKind::Actor];
        f.entities.iter().filter(|e| who.contains(&e.kind)).cloned().collect()
    };
    told.first_seen <= finding.last_seen
        && finding.first_seen <= told.last_seen
        && readers(finding).is_subset(&readers(told))
}

/// What a column's readers without history there are, as a condition: their first record of it lies after waking.
fn strangers(column: &str, wake: &Wake) -> String {
    let until = Micros::of_day(wake.day + WAKE_DAYS);
    // Who is not named is nobody's history.
    let fresh = |who: &str| {
        format!(
            "coalesce({who}, '') IN (SELECT coalesce({who}, '') FROM access WHERE shown AND {column} = {} AND time < TIMESTAMP '{until}' AND {{span}} \
             GROUP BY coalesce({who}, '') HAVING coalesce({who}, '') = '' OR min(time) >= TIMESTAMP '{}')",
            quote(&wake.entity),
            Micros::of_day(wake.day)
        )
    };
    format!(
        "{} AND {} AND {} AND {}",
        wake.records(column),
        fresh("src_ip"),
        fresh("credential"),
        fresh("actor")
    )
}

/// Days in between on which a sensor of the entity recorded anything.
async fn observed(context: &Context<'_>, column: &str, wake: &Wake) -> Result<i32, DetectError> {
    let sensors = format!(
        "SELECT DISTINCT sensor FROM access WHERE {column} = {} AND shown AND time < TIMESTAMP '{}' AND {{span}} ORDER BY 1",
        quote(&wake.entity),
        Micros::of_day(wake.day + WAKE_DAYS)
    );
    let answer = context.sql(&sensors).await?;
    let sensors = quote_all(rows(&answer).filter_map(|row| row.text("sensor")));
    let query = format!(
        "SELECT count(DISTINCT day) AS days FROM access WHERE sensor IN {sensors} AND time >= TIMESTAMP '{}' AND time < TIMESTAMP '{}' AND {{span}}",
        Micros::of_day(wake.last + 1),
        Micros::of_day(wake.day)
    );
    let answer = context.sql(&query).await?;
    Ok(rows(&answer).next().map_or(0, |row| i32::try_from(row.count("days")).unwrap_or(i32::MAX)))
}

/// The finding of one waking, if strangers woke it.
async fn judged(
    context: &Context<'_>,
    kind: EntityKind,
    column: &str,
    wake: &Wake,
) -> Result<Option<Finding>, DetectError> {
    let strange = strangers(column, wake);
    let (mut read, mut by_day) = (0.0, None);
    for row in rows(&context.sql(&others(BEARER, column, &strange)).await?) {
        read += row.count("people") as f64;
        if read >= PEOPLE_MIN && by_day.is_none() {
            by_day = row.int("day").and_then(|day| i32::try_from(day).ok());
        }
    }
    let told = by_day.is_some();
    // Data in tables and buckets names nobody; that it is touched at all is what can be said.
    let nameless = kind == EntityKind::Dataset && wake.people == 0.0;
    if !told && !nameless {
        return Ok(None);
    }
    let condition = if told { by_others(BEARER, &strange) } else { format!("shown AND {strange}") };
    let Some((first, last)) = seen(context, &condition).await? else { return Ok(None) };
    let observed = observed(context, column, wake).await?;
    let severity = match (told, observed >= IDLE_DAYS) {
        (true, true) if read >= MANY && unknown(context, &condition, wake).await? => Severity::High,
        (true, true) => Severity::Medium,
        _ => Severity::Low,
    };
    let Some(evidence) = context.cite("access", &condition).await? else { return Ok(None) };
    let mut draft = Draft::new("dormant", severity, Entity::new(kind, &wake.entity), (first, last))
        .raised(Micros::of_day(by_day.unwrap_or(wake.day) + 1));
    draft.identity.push(Micros::of_day(wake.day).to_string());
    let (mut draft, people) = describe(context, draft, &condition).await?;
    draft.title = title(kind, wake, told, people);
    draft.explanation = explain(wake, observed, told, read);
    draft.attack = vec!["T1213".to_owned()];
    if kind == EntityKind::Host {
        draft.attack.push("T1190".to_owned());
    }
    if observed < IDLE_DAYS {
        draft.limits.push(format!(
            "on {observed} of the {} days between, its sensors recorded anything: on the others it cannot be told whether it was idle or not logged",
            wake.idle()
        ));
    }
    let draft = draft
        .measure("days_idle", f64::from(wake.idle()), Some(f64::from(wake.gap_before)))
        .measure("days_idle_observed", f64::from(observed), None)
        .measure("people_read_by_others", read, Some(0.0));
    Ok(Some(draft.finish(evidence, context.snapshot.versions())))
}

fn title(kind: EntityKind, wake: &Wake, told: bool, people: f64) -> String {
    let what = format!("{kind} {}, idle for {} days,", wake.entity, wake.idle());
    if told {
        format!("{what} showed data of {} people to readers who had never been there", whole(people))
    } else {
        format!("{what} was touched by readers who had never been there")
    }
}

fn explain(wake: &Wake, observed: i32, told: bool, read: f64) -> String {
    let day = |day: i32| Micros::of_day(day).to_string().get(..10).unwrap_or_default().to_owned();
    let people = match told {
        true => format!(
            " In the {WAKE_DAYS} days from then on, {read} people's data was shown to somebody else's credential, actor or client, of an address, a \
             credential and an actor that had never been shown data there."
        ),
        false => " Its records name nobody; whose data it was is not known.".to_owned(),
    };
    format!(
        "Nobody's data was shown there from {} to {} ({} days, on {observed} of which its sensors recorded something else); the longest gap \
         before was {} days.{people} A rule, not a statistic.",
        day(wake.last + 1),
        day(wake.day - 1),
        wake.idle(),
        wake.gap_before
    )
}

/// Whether the log had never seen any of the readers, anywhere, and no credential or actor explains them: each person under their own, or none
/// where others have one.
async fn unknown(context: &Context<'_>, condition: &str, wake: &Wake) -> Result<bool, DetectError> {
    let before = Micros::of_day(wake.day);
    let known = ["src_ip", "credential", "actor"].map(|who| {
        format!(
            "SELECT DISTINCT {who} FROM access WHERE {condition} AND {who} IS NOT NULL AND {who} IN \
             (SELECT {who} FROM access WHERE time < TIMESTAMP '{before}' AND {{span}} AND {who} IS NOT NULL GROUP BY {who})"
        )
    });
    for query in known {
        let query = format!("SELECT count(*) AS n FROM ({query})");
        if rows(&context.sql(&query).await?).any(|row| row.count("n") > 0) {
            return Ok(false);
        }
    }
    let named = "SELECT sum(CASE WHEN coalesce(credential, actor) IS NULL THEN 0 ELSE n END) AS named, sum(n) AS n FROM {digest} WHERE shown AND subject IS NOT NULL AND {span}";
    let named = rows(&context.sql(named).await?).any(|row| 2 * row.count("named") >= row.count("n"));
    let held = format!(
        "SELECT count(DISTINCT person) AS people, count(DISTINCT bearer) AS bearers, count(DISTINCT CASE WHEN named = 1 THEN bearer END) AS named FROM \
         (SELECT person, bearer, CASE WHEN coalesce(credential, actor) IS NULL THEN 0 ELSE 1 END AS named FROM {})",
        people("credential, actor", condition)
    );
    let answer = context.sql(&held).await?;
    let Some(row) = rows(&answer).next() else { return Ok(false) };
    let (shown, bearers, own) =
        (row.count("people") as f64, row.count("bearers") as f64, row.count("named") as f64);
    Ok(named && (own == 0.0 || bearers >= OWN_MIN * shown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_rollup::Partial;

    fn history(days: &[i32]) -> History {
        History {
            entity: "/old".to_owned(),
            days: days.iter().map(|day| (*day, Partial::default())).collect(),
        }
    }

    fn woken(days: &[i32]) -> Vec<(i32, i32)> {
        wakes(&history(days)).iter().map(|wake| (wake.day, wake.idle())).collect()
    }

    #[test]
    fn what_is_idle_is_so_against_its_own_rhythm() {
        assert_eq!(woken(&[0, 1, 2, 50, 51]), [(50, 47)]);
        assert_eq!(woken(&[0, 20]), [], "not a month");
        assert_eq!(woken(&[0, 31, 62, 93]), [(31, 30)], "a monthly job, once it is known as one");
        assert_eq!(woken(&[0, 16, 60]), [], "not three times its gaps");
        assert_eq!(woken(&[0, 16, 70]), [(70, 53)]);
    }
}
