//! Temporary keys of cloud roles that no response of the same trail issued.

use super::ISSUES;
use super::issuing::STEP_US;
use super::tell::{self, Members};
use super::unread::{Explained, Unread, Uses};
use crate::coverage::coverage;
use crate::{Context, DetectError, Draft};
use std::collections::BTreeMap;
use weir_lake::{quote, rows};
use weir_model::words::count;
use weir_model::{Entity, EntityKind, Finding, Micros, Severity};

/// The longest a temporary key lives: `GetSessionToken` of a user.
const LIFETIME_US: i64 = 36 * 3_600_000_000;
/// Sessions of the same role that must be found issued.
const JOINED_MIN: u64 = 10;

/// Sessions whose issuance is not in the trail by nature: a service acts, the metadata service renews, Identity Center issues elsewhere.
const JUDGED: &str = "credential LIKE 'ASIA%' AND source = 'aws_cloudtrail' AND status_id = 1 AND actor_issuer IS NOT NULL \
    AND coalesce(actor_type, '') <> 'AWSService' AND regexp_like(coalesce(src_ip, ''), '^[0-9a-fA-F.:]+$') \
    AND coalesce(user_agent, '') NOT LIKE '%.amazonaws.com' AND coalesce(user_agent, '') NOT LIKE 'AWS Internal%' \
    AND actor_issuer NOT LIKE '%/aws-service-role/%' AND actor_issuer NOT LIKE '%AWSServiceRole%' AND actor_issuer NOT LIKE '%AWSReservedSSO%' \
    AND NOT regexp_like(coalesce(actor, ''), '/i-[0-9a-f]{8,17}$') AND actor NOT IN (SELECT actor FROM auth \
    WHERE auth_protocol = 'console' AND actor IS NOT NULL)";

/// Judges the sessions of each role by those of its sessions that are found issued.
pub(super) async fn find(context: &Context<'_>) -> Result<Vec<Finding>, DetectError> {
    let Some(covered) = covered(context).await? else { return Ok(Vec::new()) };
    let query = format!(
        "SELECT issuer, sum(CASE WHEN issued > 0 THEN 1 ELSE 0 END) AS joined, sum(CASE WHEN issued = 0 THEN 1 ELSE 0 END) AS accused, \
         CASE WHEN issued = 0 THEN CAST(floor(date_part('epoch', first) / {step}) AS BIGINT) END AS used \
         FROM (SELECT credential, min(issuer) AS issuer, min(used) AS first, sum(issued) AS issued FROM \
         (SELECT credential, actor_issuer AS issuer, time AS used, 0 AS issued FROM access WHERE {JUDGED} AND {{span}} \
         UNION ALL SELECT credential, NULL, NULL, 1 FROM auth WHERE {ISSUES} AND source = 'aws_cloudtrail') GROUP BY credential) \
         WHERE issuer IS NOT NULL AND {} GROUP BY issuer, used ORDER BY 1, used",
        covered.replace("FIRST", "first"),
        step = STEP_US / 1_000_000
    );
    let answer = context.sql(&query).await?;
    let mut roles: BTreeMap<&str, (u64, Uses)> = BTreeMap::new();
    for row in rows(&answer) {
        let Some(issuer) = row.text("issuer") else { continue };
        let (joined, uses) = roles.entry(issuer).or_default();
        *joined += row.count("joined");
        uses.extend(row.int("used").map(|used| (used, row.count("accused"))));
    }
    roles.retain(|_, (joined, uses)| {
        let accused: u64 = uses.values().sum();
        accused > 0 && *joined >= JOINED_MIN && *joined >= 9 * accused
    });
    if roles.is_empty() {
        return Ok(Vec::new());
    }
    let unread = unread(context).await?;
    let mut findings = Vec::new();
    for (issuer, (joined, uses)) in roles {
        let explained = unread.explain(&uses, LIFETIME_US);
        findings.extend(finding(context, issuer, joined, &covered, (&unread, &explained)).await?);
    }
    Ok(findings)
}

/// What of the trails could not be read.
async fn unread(context: &Context<'_>) -> Result<Unread, DetectError> {
    let sensors = context
        .sql("SELECT DISTINCT sensor FROM intake WHERE source = 'aws_cloudtrail' AND sensor IS NOT NULL")
        .await?;
    let sensors = rows(&sensors).filter_map(|r| Some((r.text("sensor")?.to_owned(), Vec::new()))).collect();
    Unread::learn(context, &sensors, &["access", "auth"]).await
}

/// The condition on a key's first use under which its issuance would be in the trail; `None` where no trail is that long.
async fn covered(context: &Context<'_>) -> Result<Option<String>, DetectError> {
    let trails: Vec<_> = coverage(context).await?.iter().filter(|c| c.source == "aws_cloudtrail").collect();
    let (Some(start), Some(end)) =
        (trails.iter().map(|c| c.period.first).max(), trails.iter().map(|c| c.period.last).max())
    else {
        return Ok(None);
    };
    let after = |at: Micros| Micros(at.0.saturating_add(LIFETIME_US));
    if after(start) > end {
        return Ok(None);
    }
    let mut all = vec![format!("FIRST >= TIMESTAMP '{}'", after(start))];
    for gap in trails.iter().flat_map(|c| &c.gaps) {
        if let (Some(from), Some(to)) = (gap.from, gap.to) {
            all.push(format!("NOT (FIRST > TIMESTAMP '{from}' AND FIRST < TIMESTAMP '{}')", after(to)));
        }
    }
    Ok(Some(all.join(" AND ")))
}

async fn finding(
    context: &Context<'_>,
    issuer: &str,
    joined: u64,
    covered: &str,
    (unread, explained): (&Unread, &Explained),
) -> Result<Option<Finding>, DetectError> {
    let of_role = format!("actor_issuer = {} AND {JUDGED} AND {{span}}", quote(issuer));
    let condition = format!(
        "{of_role} AND credential IN (SELECT credential FROM access WHERE {of_role} GROUP BY credential HAVING {}) \
         AND credential NOT IN (SELECT credential FROM auth WHERE {ISSUES})",
        covered.replace("FIRST", "min(time)")
    );
    let Some(members) = Members::read(context, &condition).await? else { return Ok(None) };
    let Some(evidence) = context.cite("access", &condition).await? else { return Ok(None) };
    let severity = if explained.doubtful() { Severity::Medium } else { Severity::High };
    let mut draft = Draft::new("unissued", severity, Entity::new(EntityKind::Actor, issuer), members.seen);
    draft.identity.push("sessions".to_owned());
    draft.title = format!(
        "{} temporary keys of {issuer} were used {}",
        count(members.credentials),
        match explained.doubtful() {
            true => "whose issuance could not be read",
            false => "that the trail did not issue",
        }
    );
    draft.explanation = format!(
        "{joined} other sessions of this role are found issued in the same trail. These were first used more than 36 h after its start and its \
         gaps, and no temporary key lives longer. A rule, not a statistic."
    );
    draft.attack = vec!["T1550.001".to_owned(), "T1078".to_owned()];
    draft.limits.push("a region or account whose trail was not given may have issued them".to_owned());
    draft.limits.extend(unread.limit(explained));
    draft.limits.extend(members.limits());
    let draft = tell::measured(draft, &members).raised(explained.exceeded.unwrap_or(members.seen.0));
    Ok(Some(draft.finish(evidence, context.snapshot.versions())))
}
