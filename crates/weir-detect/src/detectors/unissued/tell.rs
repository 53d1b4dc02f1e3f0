//! From accused records to a finding: who, from where, whose data, and what it cannot say.

use super::groups::Group;
use super::issuing::{Issuing, Lifetime};
use super::keys;
use crate::hand::holders;
use crate::{Context, DetectError, Draft};
use weir_lake::rows;
use weir_model::words::count;
use weir_model::{Entity, EntityKind, Finding, Micros, Severity};

/// Credentials listed as entities at most; more are in the query's answer.
const CREDENTIALS_MAX: usize = 10_000;

/// What accused records show.
pub(super) struct Members {
    pub(super) seen: (Micros, Micros),
    pub(super) entities: Vec<Entity>,
    pub(super) credentials: u64,
    records: u64,
    answered: u64,
    holders: u64,
    /// Sessions whose holders these records show.
    sessions: u64,
    origins: u64,
    pub(super) people: u64,
}

impl Members {
    /// Reads them; `None` where the condition holds for no record.
    pub(super) async fn read(context: &Context<'_>, condition: &str) -> Result<Option<Self>, DetectError> {
        let person = "shown AND subject IS NOT NULL";
        let query = format!(
            "SELECT min(time) AS first, max(time) AS last, count(*) AS records, count(DISTINCT credential) AS credentials, \
             count(DISTINCT src_ip) AS origins, sum(CASE WHEN {person} THEN 1 ELSE 0 END) AS answered, \
             count(DISTINCT CASE WHEN {person} AND subject NOT LIKE 'credential:%' THEN subject END) AS people, \
             sum(CASE WHEN {person} AND subject LIKE 'credential:%' THEN 1 ELSE 0 END) AS holders, \
             count(DISTINCT CASE WHEN {person} AND subject LIKE 'credential:%' THEN subject END) AS sessions FROM access WHERE {condition}"
        );
        let answer = context.sql(&query).await?;
        let Some(row) = rows(&answer).next() else { return Ok(None) };
        let (Some(first), Some(last)) = (row.time("first"), row.time("last")) else { return Ok(None) };
        let mut entities = Vec::new();
        let kinds = [
            (EntityKind::Origin, "src_ip"),
            (EntityKind::Client, "user_agent"),
            (EntityKind::Credential, "credential"),
        ];
        for (kind, column) in kinds {
            let limit = if kind == EntityKind::Credential {
                format!(" LIMIT {CREDENTIALS_MAX}")
            } else {
                String::new()
            };
            let query = format!(
                "SELECT DISTINCT {column} AS value FROM access WHERE ({condition}) AND {column} IS NOT NULL ORDER BY 1{limit}"
            );
            let answer = context.sql(&query).await?;
            entities.extend(rows(&answer).filter_map(|r| Some(Entity::new(kind, r.text("value")?))));
        }
        Ok(Some(Self {
            seen: (first, last),
            entities,
            credentials: row.count("credentials"),
            records: row.count("records"),
            answered: row.count("answered"),
            holders: row.count("holders"),
            sessions: row.count("sessions"),
            origins: row.count("origins"),
            people: row.count("people"),
        }))
    }

    /// Whose data these records show, to end a title; nobody's is not "0 people's".
    fn whose(&self) -> String {
        match (self.people, self.sessions) {
            (0, 0) => String::new(),
            (0, sessions) => format!(": {}", holders(sessions)),
            (people, _) => format!(": {} people's data", count(people)),
        }
    }

    /// What these records cannot say.
    pub(super) fn limits(&self) -> Vec<String> {
        let mut limits = Vec::new();
        if self.credentials > CREDENTIALS_MAX as u64 {
            limits.push(format!(
                "of {} credentials the first {CREDENTIALS_MAX} are listed; the query gives all",
                self.credentials
            ));
        }
        if self.holders > 0 {
            limits.push(format!("{} records show the page of a credential's holder, whom no log names; those people are not counted", self.holders));
        }
        limits
    }
}

/// Adds members and measures; nothing of the kind is expected.
pub(super) fn measured(draft: Draft, members: &Members) -> Draft {
    draft
        .members(members.entities.iter().cloned())
        .measure("credentials", members.credentials as f64, Some(0.0))
        .measure("records", members.records as f64, Some(0.0))
        .measure("origins", members.origins as f64, Some(0.0))
        .measure("people", members.people as f64, Some(0.0))
}

/// The finding of a group.
pub(super) async fn finding(
    context: &Context<'_>,
    issuing: &Issuing,
    group: &Group,
) -> Result<Option<Finding>, DetectError> {
    let Some(members) = Members::read(context, &group.condition).await? else { return Ok(None) };
    let Some(evidence) = context.cite("access", &group.condition).await? else { return Ok(None) };
    let principal = match &group.key {
        Some(key) => Entity::new(EntityKind::Key, key),
        None => Entity::new(EntityKind::Sensor, &group.sensor),
    };
    let explained = &group.explained;
    let severity = match (explained.doubtful(), members.answered) {
        (true, _) => Severity::Medium,
        (false, 0) => Severity::High,
        (false, _) => Severity::Critical,
    };
    let mut draft = Draft::new("unissued", severity, principal, members.seen);
    let signed = group.key.as_ref().map(|k| format!(" signed by key {k}")).unwrap_or_default();
    draft.title = format!(
        "{}{signed} were accepted and {}{} from {} addresses",
        if explained.most > 0 && explained.rest() > 0 {
            format!("at least {} of {} credentials", count(explained.rest()), count(members.credentials))
        } else {
            format!("{} credentials", count(members.credentials))
        },
        if explained.rest() > 0 { "never issued" } else { "no issuance of them could be read" },
        members.whose(),
        members.origins
    );
    let standing = group.key.as_ref().map(|k| keys::standing(context.inventories, k)).unwrap_or_default();
    draft.explanation = explain(issuing, group, &members, &standing);
    draft.attack = vec!["T1550.001".to_owned(), "T1606".to_owned(), "T1606.001".to_owned()];
    draft.attack.extend(group.key.is_some().then(|| "T1552.004".to_owned()));
    draft.limits.extend(members.limits());
    draft.limits.extend(limits(issuing, group));
    // With fewer in use, what could not be read was explanation enough.
    let mut draft = measured(draft, &members).raised(explained.exceeded.unwrap_or(members.seen.0));
    if let Some(since) = standing.unfit_since() {
        let days = (members.seen.1.0 - since.0).max(0) as f64 / weir_model::time::DAY_US as f64;
        draft = draft.measure("days_from_unfit_key_to_last_use", days, Some(0.0));
    }
    if standing.unknown {
        draft = draft.measure("key_unknown_to_inventory", 1.0, Some(0.0));
    }
    Ok(Some(draft.finish(evidence, context.snapshot.versions())))
}

fn explain(issuing: &Issuing, group: &Group, members: &Members, standing: &keys::Standing) -> String {
    let sensors = issuing.sensors.iter().cloned().collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "{sensors} issued {} of the credentials used at {}, so the two logs join; for these {} no issuance {}, and {} \
         records show that they were accepted on routes that answer nobody without a credential.",
        count(group.joined),
        group.sensor,
        count(members.credentials),
        if group.explained.most > 0 { "could be read" } else { "is recorded" },
        count(members.records)
    );
    if group.explained.doubtful() {
        text.push_str(&format!(
            " But {} of the issuing log could not be read, and {} of these credentials can have been issued in them: it may be no more than that.",
            issuing.unread.words(), group.explained.most
        ));
    }
    if let (Some(key), true) = (&group.key, group.key_never_issued) {
        text.push_str(&format!(" Key {key} signed nothing that the log shows issued, while other keys did."));
    }
    let known = keys::words(standing);
    if !known.is_empty() {
        text.push_str(&format!(" By the inventories {known}."));
    }
    if let Some(life) = issuing.lifetime {
        text.push_str(&format!(" {} A rule, not a statistic.", lived(life)));
    }
    text
}

/// The lifetime in words.
fn lived(life: Lifetime) -> String {
    let hours = life.us as f64 / 3.6e9;
    match life.stated {
        true => format!(
            "Issued credentials live at most {hours:.1} h by their stated expiry; each of these was first used later than that after the log's start or its gaps."
        ),
        false => format!(
            "No issued credential was seen to live longer than two thirds of {hours:.1} h{}; each of these was first used later than that after the log's start or its gaps.",
            if life.longer > 0.0 {
                format!(" (but for {:.1} % of them)", life.longer * 100.0)
            } else {
                String::new()
            }
        ),
    }
}

fn limits(issuing: &Issuing, group: &Group) -> Vec<String> {
    let mut limits = Vec::new();
    if group.excused > 0 {
        limits.push(format!(
            "{} more credentials without an issuance record are not accused: they can have been issued before {} or in a gap of the issuing log",
            group.excused, issuing.start
        ));
    }
    for (from, to) in &issuing.gaps {
        let until = to.map_or("the end of the logs".to_owned(), |t| t.to_string());
        limits.push(format!(
            "the issuing log is silent from {from} to {until}: what was issued then is unknown"
        ));
    }
    limits.extend(issuing.unread.limit(&group.explained));
    if group.key_never_issued {
        limits.push(
            "if another issuer signs with this key and its log was not given, its credentials look the same"
                .to_owned(),
        );
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_whom_no_log_names_are_not_nobody() {
        let whose = |people: u64, sessions: u64| {
            let seen = (Micros(0), Micros(0));
            let (credentials, records, answered, holders, origins) = (3, 3, 3, sessions, 1);
            Members {
                seen,
                entities: Vec::new(),
                credentials,
                records,
                answered,
                holders,
                sessions,
                origins,
                people,
            }
            .whose()
        };
        assert_eq!(whose(7, 2), ": 7 people's data");
        assert_eq!(whose(0, 12), ": the pages of 12 sessions' holders");
        assert_eq!(whose(0, 1), ": the pages of one session's holder");
        assert_eq!(whose(0, 0), "");
    }
}
