//! Lessons and recommendations: advice that names the findings and gaps it rests on.

use super::Facts;
use std::collections::BTreeSet;
use weir_model::case::{Determinable, Recommendation, TimelineEvent};
use weir_model::words;
use weir_model::{Entity, EntityKind, Finding, Severity};
use weir_report::escape;

/// What follows from the findings of one detector.
struct Advice {
    detector: &'static str,
    /// The kinds of those whom it can be done to; it names no others. Of none, all.
    names: &'static [EntityKind],
    now: &'static str,
    lesson: &'static str,
}

const ANY: &[EntityKind] = &[];

const ADVICE: &[Advice] = &[
    Advice {
        detector: "blindspot",
        names: &[EntityKind::Resource, EntityKind::Sensor, EntityKind::Host],
        now: "Switch logging back on, set up anew what was deleted of it, keep the logs that are left from rotation and deletion, and find out what other logs cover the gap.",
        lesson: "Logging that the watched can switch off does not watch them: send logs to an account that its users cannot reach.",
    },
    Advice {
        detector: "bulk",
        names: &[EntityKind::Actor],
        now: "Ask the login's owner what each statement was for; until they answer, lock it, change its password and look at what else its sessions did.",
        lesson: "Give each role only the rows it needs, log how many rows each statement returns, and review the largest.",
    },
    Advice {
        detector: "campaign",
        names: &[EntityKind::Origin, EntityKind::Prefix],
        now: "Treat the quiet addresses as the others of the hand: block or challenge them, and count the people read from them.",
        lesson: "Look at what an address reads over weeks together with what reads like it; one address at a time shows only the loud ones.",
    },
    Advice {
        detector: "crossing",
        names: ANY,
        now: "Ask who reads there and on what ground; until that is known, block the addresses named and end the sessions used there.",
        lesson: "Say from which countries each dataset may be read, and refuse the others; reading from abroad is a transfer.",
    },
    Advice {
        detector: "dormant",
        names: ANY,
        now: "Close what nobody uses, block the readers named, and look at what else they read.",
        lesson: "Take interfaces out of service when their last user goes; watch for readers of people who never come.",
    },
    Advice {
        detector: "drift",
        names: ANY,
        now: "Ask the owner of each reader named what changed on the day the growth began; where nobody can say, look at whose data it reads now and did not before.",
        lesson: "Agree with each job, partner and desk how many people's records a week it needs, and review who grows beyond it.",
    },
    Advice {
        detector: "enumeration",
        names: ANY,
        now: "Stop the guessing at its source: block the reader named, and make the service answer the same whether somebody exists or not.",
        lesson: "Limit how many people who do not exist a reader may ask for, and let nobody ask for people it has no business with.",
    },
    Advice {
        detector: "guessing",
        names: &[EntityKind::Actor],
        now: "Where guessing was followed by a success, lock the account, end its sessions and change its credentials; then look at what it did.",
        lesson: "Passwords that can be guessed over the network will be: require keys or a second factor, and limit attempts.",
    },
    Advice {
        detector: "harvest",
        names: &[EntityKind::Origin, EntityKind::Prefix],
        now: "Block or challenge the addresses named, end the sessions used there, and find out how those sessions came to be.",
        lesson: "Watch for sessions that go straight to people's data; check at use that each was issued, and to whom.",
    },
    Advice {
        detector: "impostor",
        names: &[EntityKind::Origin, EntityKind::Prefix],
        now: "End the sessions used at the addresses named, ask some of the people concerned whether it was them, and find out how the sessions came to be.",
        lesson: "Bind sessions to the device they were opened with, and check each person's new device.",
    },
    Advice {
        detector: "newcomer",
        names: &[EntityKind::Actor, EntityKind::Credential, EntityKind::Key],
        now: "Ask the owners of these principals whether the new network is theirs; until they answer, treat the credentials as stolen.",
        lesson: "Bind machine credentials to the machine's network, and people's to known devices.",
    },
    Advice {
        detector: "reach",
        names: ANY,
        now: "Block or challenge the addresses and credentials named, and check whose pages they read before notifying.",
        lesson: "Limit how many people's records one client may read in a day, a week and a month; a rate limit by request does not see it.",
    },
    Advice {
        detector: "retention",
        names: &[EntityKind::Sensor],
        now: "Before the day named, stop the rotation of the logs named or copy their files aside with their SHA-256; keep records in the lake longer where it is the lake that deletes.",
        lesson: "A legal hold must reach whatever deletes: source logs, buckets and backups as well as the lake; and keep records for longer than a slow leak takes to be seen.",
    },
    Advice {
        detector: "shared_out",
        names: &[EntityKind::Resource],
        now: "Take back what is still shared, and ask the provider which accounts copied it meanwhile.",
        lesson: "Forbid sharing outside the organisation by policy, and allow it by exception.",
    },
    Advice {
        detector: "unissued",
        names: &[EntityKind::Key, EntityKind::Credential],
        now: "End the sessions named (by their fingerprints; the lines cited hold them) and find out who could make them; where a signing key is named, retire it, end every session it signed and find every copy of it.",
        lesson: "Check at use that a credential was issued; rotate signing keys when anyone who could hold them leaves.",
    },
    Advice {
        detector: "unnamed",
        names: ANY,
        now: "Block or challenge the addresses and credentials named, and find out from the application whose the things are that they read: no record of the log says so.",
        lesson: "Check with every request that a thing belongs to whoever asks for it, give things ids that cannot be counted through, and log whose each one is.",
    },
];

/// Those whom advice concerns and names.
const NAMED_MAX: usize = 4;
/// Those of a cloud account to be shut out: whoever is left out of the list can go on.
const SHUT_OUT_MAX: usize = 12;

/// Longest such name.
const NAME_BYTES_MAX: usize = 300;

/// Lessons, gravest first.
pub(super) fn lessons(facts: &Facts<'_>) -> Vec<Recommendation> {
    each(facts, |advice, _| advice.lesson.to_owned())
}

/// What to do, gravest first.
pub(super) fn recommendations(facts: &Facts<'_>) -> Vec<Recommendation> {
    let mut all = each(facts, |advice, findings| match advice.detector {
        "shared_out" => taken_back(advice, findings),
        _ => format!("{}{}", advice.now, named(findings, advice.names)),
    });
    if facts.scope.determinable != Determinable::Yes && facts.serious().next().is_some() {
        let gaps: BTreeSet<String> = facts.scope.gaps.iter().map(|g| g.what.clone()).collect();
        all.push(Recommendation {
            text: "Secure the logs that would tell whose data was reached (the scope names them under what limits the claim) before they expire.".to_owned(),
            because: gaps.into_iter().collect(),
            severity: Severity::High,
        });
    }
    all.extend(find_out_why_silent(facts));
    if !facts.data_seen && facts.period.is_some() {
        all.push(Recommendation {
            text: "Name the routes, tables and buckets that hold people's data in `[[dataset]]` of weir.toml (`weir learn` writes a start): \
                   no record of these logs is known to show any, so nobody's exposure can be seen in them."
                .to_owned(),
            because: Vec::new(),
            severity: Severity::Medium,
        });
    }
    // Whoever can still sign in, and come back, comes before what they did.
    all.splice(0..0, shut_out(facts).into_iter().chain(keep_out(facts)).chain(change_secrets(facts)));
    all.sort_by_key(|r| std::cmp::Reverse(r.severity));
    all
}

/// Users, keys and roles of a cloud account that findings name: a signed-in intruder is stopped there, whatever else is to be done.
fn shut_out(facts: &Facts<'_>) -> Option<Recommendation> {
    let grave: Vec<&Finding> = facts.deeds().filter(|f| f.severity >= Severity::High).collect();
    let mut of: [Vec<&str>; 3] = Default::default();
    let mut because = Vec::new();
    for finding in grave {
        let traced = facts.traces.get(&finding.id).into_iter().flat_map(|trace| &trace.nodes);
        let traced = traced.filter(|node| node.role != "touched").map(|node| &node.entity);
        let before = of.iter().map(Vec::len).sum::<usize>();
        for entity in finding.entities.iter().chain(traced) {
            let name = entity.value.as_str();
            let Some(names) = account_part(entity).and_then(|part| of.get_mut(part)) else { continue };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if before < of.iter().map(Vec::len).sum::<usize>() {
            because.push(finding.id.clone());
        }
    }
    let [users, keys, roles] = of;
    let act = match (users.is_empty() && keys.is_empty(), roles.is_empty()) {
        (true, true) => return None,
        (true, false) => {
            "End the sessions of the roles named and take from them what they may do until it is known who assumed them."
        }
        (false, true) => "Disable the users and access keys named until their owners say what they did.",
        (false, false) => {
            "Disable the users and access keys named until their owners say what they did, and end the sessions of the roles that were assumed."
        }
    };
    let names = users.into_iter().chain(keys).chain(roles).collect();
    let severity = facts.deeds().filter(|f| because.contains(&f.id)).map(|f| f.severity).max()?;
    Some(Recommendation { text: format!("{act}{}", listed(names, SHUT_OUT_MAX)), because, severity })
}

/// What to do about what was shared: of what was taken back since, somebody may have a copy.
fn taken_back(advice: &Advice, findings: &[&Finding]) -> String {
    let open: Vec<&Finding> = findings
        .iter()
        .filter(|f| f.measures.get("calls_taking_back").is_none_or(|n| *n == 0.0))
        .copied()
        .collect();
    match (open.len(), findings.len() - open.len()) {
        (0, _) => format!(
            "Ask the provider which accounts copied what was shared before it was taken back, and see that it was all taken back.{}",
            named(findings, advice.names)
        ),
        (_, 0) => format!("{}{}", advice.now, named(&open, advice.names)),
        _ => format!(
            "{} Of the rest that was shared, calls were made since that take it back: see that they did.{}",
            advice.now,
            named(&open, advice.names)
        ),
    }
}

/// Secrets that the same hand read are no secrets any more.
fn change_secrets(facts: &Facts<'_>) -> Option<Recommendation> {
    const READ: [&str; 2] = ["T1552.005", "T1555.006"];
    let text = "Change the secrets, parameters and passwords that the same hand read, and look for their use since: the timeline names them under Credential access.";
    after(facts, |e| e.attack.iter().any(|t| READ.contains(&t.as_str())) && e.what.contains(" read "), text)
}

/// Ways back in that the same hand made: the timeline names them, and what was deleted of them since.
fn keep_out(facts: &Facts<'_>) -> Option<Recommendation> {
    let text = "Take away what the same hand made to come back by: the timeline names users, keys, passwords, roles and policies under Persistence and \
                Privilege escalation, and what was deleted of them since under Defense evasion; see that it is gone.";
    after(facts, |e| e.phase == "persistence", text)
}

/// Advice that steps call for which did not fail, because of the grave findings whose hands made them.
fn after(facts: &Facts<'_>, step: fn(&TimelineEvent) -> bool, text: &str) -> Option<Recommendation> {
    let steps = facts.timeline.iter().filter(|e| !e.failed && step(e));
    let of: BTreeSet<&str> = steps.flat_map(|e| &e.findings).map(String::as_str).collect();
    let grave = || facts.deeds().filter(|f| f.severity >= Severity::High && of.contains(f.id.as_str()));
    Some(Recommendation {
        text: text.to_owned(),
        severity: grave().map(|f| f.severity).max()?,
        because: grave().map(|f| f.id.clone()).collect(),
    })
}

/// Whether an entity is a user, a lasting access key or a role's session of a cloud account, in this order. Temporary keys end with the sessions.
fn account_part(entity: &Entity) -> Option<usize> {
    let name = entity.value.as_str();
    let key = || name.len() == 20 && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    match entity.kind {
        EntityKind::Actor
            if name.starts_with("arn:") && (name.contains(":user/") || name.ends_with(":root")) =>
        {
            Some(0)
        }
        EntityKind::Credential if name.starts_with("AKIA") && key() => Some(1),
        EntityKind::Actor if name.starts_with("arn:") && name.contains(":assumed-role/") => Some(2),
        _ => None,
    }
}

/// A silence says nothing of its cause; how soon it matters, its finding says.
fn find_out_why_silent(facts: &Facts<'_>) -> Option<Recommendation> {
    let silent = || facts.coverage.iter().filter(|c| !c.gaps.is_empty());
    let found = facts.findings.iter().filter(|f| {
        f.attack.is_empty() && f.entities.first().is_some_and(|e| silent().any(|c| c.sensor == e.value))
    });
    silent().next()?;
    Some(Recommendation {
        text: format!(
            "Find out why these sensors were silent.{}",
            listed(silent().map(|c| c.sensor.as_str()).collect(), NAMED_MAX)
        ),
        because: silent().map(|c| c.sensor.clone()).collect(),
        severity: found.map(|f| f.severity).max().unwrap_or(Severity::Medium),
    })
}

/// Whom the advice concerns: those whom the gravest findings accuse before others, each once.
fn named(findings: &[&Finding], kinds: &[EntityKind]) -> String {
    let mut gravest: Vec<&&Finding> = findings.iter().collect();
    gravest.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let mut names: Vec<&str> = Vec::new();
    let mut seen = BTreeSet::new();
    let concerned = |entity: &&Entity| kinds.is_empty() || kinds.contains(&entity.kind);
    let mut entities: Vec<_> =
        gravest.iter().flat_map(|finding| &finding.entities).filter(concerned).collect();
    // Whatever can be blocked or asked stands before the fingerprints of sessions.
    entities.sort_by_key(|entity| entity.kind == EntityKind::Credential);
    let entities = entities.into_iter();
    names.extend(entities.map(|entity| entity.value.as_str()).filter(|name| seen.insert(*name)));
    listed(names, NAMED_MAX)
}

/// The first of some names that can stand as they are, and how many more there are.
fn listed(mut names: Vec<&str>, most: usize) -> String {
    let all = names.len();
    names.retain(|name| plain(name));
    let more = all.saturating_sub(names.len().min(most));
    let first: Vec<String> = names.iter().take(most).map(|name| format!("`{name}`")).collect();
    match more {
        _ if first.is_empty() => String::new(),
        0 => format!(" Named: {}.", first.join(", ")),
        more => format!(" Named: {} and {} more.", first.join(", "), words::count(more as u64)),
    }
}

/// Whether a name can stand between backticks as it is: it must be whole, so that whoever reads it can act on it and a masked case knows it.
fn plain(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX && !name.contains('`') && escape::visible(name) == name
}

fn each(facts: &Facts<'_>, text: fn(&Advice, &[&Finding]) -> String) -> Vec<Recommendation> {
    let of = |advice: &Advice| {
        let findings: Vec<_> = facts.deeds().filter(|f| f.detector == advice.detector).collect();
        let severity = findings.iter().map(|f| f.severity).max()?;
        let because = findings.iter().map(|f| f.id.clone()).collect();
        Some(Recommendation { text: text(advice, &findings), because, severity })
    };
    let mut all: Vec<Recommendation> = ADVICE.iter().filter_map(of).collect();
    all.sort_by_key(|r| std::cmp::Reverse(r.severity));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use weir_model::case::{Organisation, Scope};

    #[test]
    fn users_and_keys_of_a_cloud_account_are_shut_out_first() {
        let entities = [
            ("actor", "arn:aws:iam::111122223333:user/ann"),
            ("credential", "AKIAEXAMPLEEXAMPLE01"),
            ("actor", "arn:aws:sts::111122223333:assumed-role/backup/s"),
            ("credential", "fp_0123456789abcdef"),
            ("origin", "192.0.2.1"),
        ];
        let entities = entities.map(|(kind, value)| serde_json::json!({ "kind": kind, "value": value }));
        let finding: Finding = serde_json::from_value(serde_json::json!({
            "id": "a", "detector": "shared_out", "severity": "high", "title": "", "explanation": "", "entities": entities,
            "first_seen": "2025-01-01T00:00:00Z", "last_seen": "2025-01-01T00:00:00Z", "raised": "2025-01-01T00:00:00Z", "measures": {},
            "baseline": {}, "p_value": null, "attack": ["T1537"], "limits": [], "campaign": null, "state": "open", "snapshot": {},
            "evidence_total": 1, "evidence_query": "", "evidence": [{ "path": "a", "line": 1, "offset": 0, "file": 1 }],
        }))
        .unwrap();
        let scope = Scope {
            determinable: Determinable::Yes,
            reason: String::new(),
            subjects: None,
            categories: Vec::new(),
            records: 0,
            bytes: None,
            first: None,
            last: None,
            gaps: Vec::new(),
            beyond: Vec::new(),
        };
        let findings = [finding];
        let facts = Facts {
            findings: &findings,
            timeline: &[],
            traces: &BTreeMap::new(),
            scope: &scope,
            scopes: &BTreeMap::new(),
            coverage: &[],
            organisation: &Organisation::default(),
            period: None,
            aware: None,
            data_seen: true,
            seen: &crate::seen::Seen::new(),
            countries: BTreeSet::new(),
        };
        let first = recommendations(&facts).remove(0);
        assert!(first.text.starts_with("Disable the users and access keys named"), "{}", first.text);
        let named = "Named: `arn:aws:iam::111122223333:user/ann`, `AKIAEXAMPLEEXAMPLE01`, `arn:aws:sts::111122223333:assumed-role/backup/s`.";
        assert!(first.text.ends_with(named), "{}", first.text);
        assert_eq!(first.because, ["a"]);
    }

    #[test]
    fn every_detector_has_advice() {
        let named: Vec<_> = super::ADVICE.iter().map(|a| a.detector).collect();
        let all: Vec<_> = weir_detect::detectors().iter().map(|d| d.info().name).collect();
        assert_eq!(named, all);
    }
}
