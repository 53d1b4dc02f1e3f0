//! `shared_out`: a resource opened to the world or to another account.

use crate::{Context, DetectError, Detector, Draft, Info};
use futures::future::{BoxFuture, FutureExt};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::{Row, rows};
use weir_model::{Entity, EntityKind, Finding, Micros, Severity};

/// Sees a resource opened to the world or to another account.
#[derive(Clone, Copy, Debug)]
pub struct SharedOut;

static INFO: Info = Info {
    name: "shared_out",
    summary: "a resource opened to the world or to another account",
    manual: "\
# What it sees

A successful call that lets somebody outside the account use a resource: a snapshot, disk image or database snapshot shared with
`all` or with another account (`ModifySnapshotAttribute`, `ModifyImageAttribute`, `ModifyDBSnapshotAttribute`,
`ModifyDBClusterSnapshotAttribute`), a bucket policy or access list that admits everybody or another account (`PutBucketPolicy`,
`PutBucketAcl`, `PutObjectAcl`), a role that another account may assume (`CreateRole`, `UpdateAssumeRolePolicy`), a function, queue,
topic, key or secret whose policy admits one (`AddPermission`, `SetQueueAttributes`, `SetTopicAttributes`, `PutKeyPolicy`, `PutResourcePolicy`),
a firewall rule open to `0.0.0.0/0` or `::/0` (`AuthorizeSecurityGroupIngress`), and the removal of a public-access block.

What takes such an opening back (`RemovePermission`, `DeleteBucketPolicy`, `RevokeSecurityGroupIngress`, the same call with `remove` or with a policy that admits no outsider) or deletes what was
opened, by whomever, is counted and cited with it; whoever had it meanwhile may have a copy.

It is a rule: `p_value` is null. One finding per actor and resource; the world is `high`, another account `high` for stores of data and
`medium` for the rest, a firewall rule `medium`. An attempt that failed is `low`, since it shows intent and exposes nothing.

# Why it matters

A shared snapshot is copied in the receiver's account, where none of the owner's logs show it (T1537).

# Blind spots

Sharing done before the log begins; sharing through a policy attached to an organisation; receivers that belong to the same owner look
like strangers (list them in the configuration); what the receiver read.

# References

ATT&CK T1537, T1530, T1098; AWS CloudTrail event reference.
",
    attack: &["T1098", "T1530", "T1537"],
    records_only: false,
    budget_share: 0.0,
};

/// To whom a call opens a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Receiver {
    World,
    Account(String),
}

impl Detector for SharedOut {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn run<'a>(&'a self, context: &'a Context<'a>) -> BoxFuture<'a, Result<Vec<Finding>, DetectError>> {
        find(context).boxed()
    }
}

/// An operation that can open something, the technique, whether a store of data is opened, and what it is.
type Opener = (&'static str, &'static str, bool, &'static str);

/// Operations that can open something.
const OPENERS: [Opener; 20] = [
    ("AddLayerVersionPermission", "T1098", false, "function layer"),
    ("AddPermission", "T1098", false, "function"),
    ("AuthorizeSecurityGroupIngress", "T1098", false, "security group"),
    ("CreateRole", "T1098", false, "role"),
    ("DeleteBucketPublicAccessBlock", "T1530", true, "bucket"),
    ("DeletePublicAccessBlock", "T1530", true, "bucket"),
    ("ModifyDBClusterSnapshotAttribute", "T1537", true, "cluster snapshot"),
    ("ModifyDBSnapshotAttribute", "T1537", true, "database snapshot"),
    ("ModifyImageAttribute", "T1537", true, "machine image"),
    ("ModifySnapshotAttribute", "T1537", true, "disk snapshot"),
    ("PutBucketAcl", "T1530", true, "bucket"),
    ("PutBucketPolicy", "T1530", true, "bucket"),
    ("PutKeyPolicy", "T1098", true, "encryption key"),
    ("PutObjectAcl", "T1530", true, "object"),
    ("PutResourcePolicy", "T1098", true, "secret"),
    ("SetQueueAttributes", "T1098", true, "queue"),
    ("SetRepositoryPolicy", "T1537", true, "image repository"),
    ("SetTopicAttributes", "T1098", true, "topic"),
    ("UpdateAssumeRolePolicy", "T1098", false, "role"),
    ("UpdateFunctionUrlConfig", "T1098", false, "function"),
];

fn opener(operation: &str) -> Option<&'static Opener> {
    let name = named(&OPENERS.map(|(name, ..)| name), operation)?;
    OPENERS.iter().find(|(known, ..)| *known == name)
}

/// Lambda's suffix: `20150331`, `20150331v2`.
fn is_version(suffix: &str) -> bool {
    suffix.len() >= 8 && suffix.bytes().take(8).all(|b| b.is_ascii_digit())
}

/// Operations that take an opening back, or delete what was opened, whatever their request says; with what that is.
const CLOSERS: [(&str, &str); 20] = [
    ("DeleteBucket", "bucket"),
    ("DeleteBucketPolicy", "bucket"),
    ("DeleteDBClusterSnapshot", "cluster snapshot"),
    ("DeleteDBSnapshot", "database snapshot"),
    ("DeleteFunction", "function"),
    ("DeleteQueue", "queue"),
    ("DeleteRepositoryPolicy", "image repository"),
    ("DeleteResourcePolicy", "secret"),
    ("DeleteRole", "role"),
    ("DeleteSecurityGroup", "security group"),
    ("DeleteSnapshot", "disk snapshot"),
    ("DeleteTopic", "topic"),
    ("DeregisterImage", "machine image"),
    ("PutBucketPublicAccessBlock", "bucket"),
    ("PutPublicAccessBlock", "bucket"),
    ("RemoveLayerVersionPermission", "function layer"),
    ("RemovePermission", "function"),
    ("ResetImageAttribute", "machine image"),
    ("ResetSnapshotAttribute", "disk snapshot"),
    ("RevokeSecurityGroupIngress", "security group"),
];

/// Operations that put a whole policy or list in place of the one before: one that lets nobody in from outside takes back what that one let in.
const REPLACERS: [&str; 7] = [
    "PutBucketAcl",
    "PutBucketPolicy",
    "PutKeyPolicy",
    "PutObjectAcl",
    "PutResourcePolicy",
    "SetRepositoryPolicy",
    "UpdateAssumeRolePolicy",
];

/// Where the grants of attributes stand in a request.
const GRANTS: [&str; 4] = ["attributesToAdd", "createVolumePermission", "launchPermission", "valuesToAdd"];

/// What a call is of, where several services have one of this name.
fn kind_of(kind: &'static str, request: &Value) -> &'static str {
    let has = |name: &str| request.get(name).is_some();
    match kind {
        "function" if has("topicArn") => "topic",
        "function" if has("queueUrl") => "queue",
        "secret" if !has("secretId") => "resource",
        _ => kind,
    }
}

/// What a call takes back or deletes, whatever its request says.
fn closer(operation: &str) -> Option<&'static str> {
    let name = named(&CLOSERS.map(|(name, _)| name), operation)?;
    CLOSERS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
}

/// Whether a call takes back or deletes.
fn closes(operation: &str, request: &Value) -> bool {
    let filled = |key: &str| request.get(key).and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    let removes = || {
        let given = |key: &&str| {
            request.get(*key).is_some_and(|part| part.get("remove").is_some() && part.get("add").is_none())
        };
        GRANTS.iter().any(given) || filled("valuesToRemove") && !filled("valuesToAdd")
    };
    closer(operation).is_some() || opener(operation).is_some() && removes()
}

/// A thing by which calls that write its name in full and calls that do not mean the same: its account, region, kind and bare name. A bucket is one in
/// all regions, a role too; an object of a bucket is no bucket.
fn thing(row: &Row<'_>, kind: &str) -> [String; 4] {
    let resource = row.text("resource").unwrap_or_default();
    let everywhere = ["bucket", "object", "role"].contains(&kind);
    let region = row.text("region").filter(|_| !everywhere).unwrap_or_default();
    let bare = match resource.split(':').nth(2) {
        Some("s3") => resource.rsplit(':').next(),
        Some(_) if resource.starts_with("arn:") => resource.rsplit([':', '/']).next(),
        _ => None,
    };
    [row.text("account").unwrap_or_default(), region, kind, bare.unwrap_or(resource)].map(str::to_owned)
}

/// The one of some operations that this is, whatever version.
fn named<'n>(names: &[&'n str], operation: &str) -> Option<&'n str> {
    let is = |name: &&&str| operation == **name || operation.strip_prefix(**name).is_some_and(is_version);
    names.iter().find(is).copied()
}

/// Who opened what: the actor, the resource as written, and the thing that it is.
type Who = (String, String, [String; 4]);

/// What one actor opened, one resource.
#[derive(Default)]
struct Opened {
    receivers: BTreeSet<Receiver>,
    /// To whom calls that failed would have opened it.
    refused: BTreeSet<Receiver>,
    operations: BTreeSet<String>,
    origins: BTreeSet<String>,
    credentials: BTreeSet<String>,
    done: u64,
    tried: u64,
    seen: Option<(Micros, Micros)>,
    /// The first call that succeeded.
    done_at: Option<Micros>,
    cited: Vec<String>,
    /// Successful calls since then that took it back, and the last of them.
    closed: u64,
    closers: BTreeSet<String>,
    closed_at: Option<Micros>,
}

/// Roles are opened by what changes accounts, all else by what reaches resources.
const QUERIES: [(&str, &str); 2] = [
    (
        "access",
        "SELECT time, operation, actor, src_ip, credential, coalesce(resource, '') AS resource, account, region, status_id, request, \
         file, line, \"offset\" AS at FROM access WHERE operation IS NOT NULL AND request IS NOT NULL AND activity <> 'read' AND {span} \
         ORDER BY time, file, line, at",
    ),
    (
        "auth",
        "SELECT time, operation, actor, src_ip, parent AS credential, coalesce(\"user\", '') AS resource, account, region, status_id, request, \
         file, line, \"offset\" AS at FROM auth \
         WHERE operation IN ('CreateRole', 'DeleteRole', 'UpdateAssumeRolePolicy') AND request IS NOT NULL AND {span} ORDER BY time, file, line, at",
    ),
];

async fn find(context: &Context<'_>) -> Result<Vec<Finding>, DetectError> {
    let mut findings = Vec::new();
    for (table, query) in QUERIES {
        findings.extend(find_in(context, table, query).await?);
    }
    Ok(findings)
}

async fn find_in(context: &Context<'_>, table: &str, query: &str) -> Result<Vec<Finding>, DetectError> {
    let answer = context.sql(query).await?;
    let mut opened: BTreeMap<Who, Opened> = BTreeMap::new();
    // Who opened it, by what a thing is known by.
    let mut named_so: BTreeMap<[String; 4], BTreeSet<Who>> = BTreeMap::new();
    for row in rows(&answer) {
        let (Some(operation), Some(time)) = (row.text("operation"), row.time("time")) else { continue };
        if opener(operation).is_none() && closer(operation).is_none() {
            continue;
        }
        let request: Value =
            row.text("request").and_then(|r| serde_json::from_str(r).ok()).unwrap_or(Value::Null);
        let failed = row.int("status_id") == Some(i64::from(weir_model::record::STATUS_FAILURE));
        let place = format!(
            "(file = {} AND line = {} AND \"offset\" = {})",
            row.count("file"),
            row.count("line"),
            row.count("at")
        );
        let receivers = receivers(operation, &request, row.text("account").unwrap_or_default());
        let replaces = receivers.is_empty() && named(&REPLACERS, operation).is_some();
        if replaces || closes(operation, &request) {
            let kind = closer(operation).or(opener(operation).map(|(.., kind)| *kind)).unwrap_or_default();
            let kind = kind_of(kind, &request);
            let of = named_so.get(&thing(&row, kind)).filter(|_| !failed && row.text("resource").is_some());
            for key in of.into_iter().flatten() {
                let Some(what) = opened.get_mut(key).filter(|what| what.done > 0) else { continue };
                what.closed += 1;
                what.closers.insert(operation.to_owned());
                what.closed_at = Some(time);
                what.cited.push(place.clone());
            }
            continue;
        }
        if receivers.is_empty() {
            continue;
        }
        let actor = row.text("actor").unwrap_or("unknown").to_owned();
        let kind = kind_of(opener(operation).map(|(.., kind)| *kind).unwrap_or_default(), &request);
        let thing = thing(&row, kind);
        let key = (actor, row.text("resource").unwrap_or_default().to_owned(), thing.clone());
        named_so.entry(thing).or_default().insert(key.clone());
        let entry = opened.entry(key).or_default();
        (if failed { &mut entry.refused } else { &mut entry.receivers }).extend(receivers);
        entry.operations.insert(operation.to_owned());
        entry.origins.extend(row.text("src_ip").map(str::to_owned));
        entry.credentials.extend(row.text("credential").map(str::to_owned));
        *(if failed { &mut entry.tried } else { &mut entry.done }) += 1;
        entry.done_at = entry.done_at.or((!failed).then_some(time));
        if !failed {
            // Opened again.
            (entry.closed, entry.closed_at) = (0, None);
            entry.closers.clear();
        }
        let seen = entry.seen.get_or_insert((time, time));
        *seen = (seen.0.min(time), seen.1.max(time));
        entry.cited.push(place);
    }
    let mut findings = Vec::new();
    for ((actor, resource, thing), what) in opened {
        findings.extend(finding(context, table, (&actor, &resource, &thing), what).await?);
    }
    Ok(findings)
}

async fn finding(
    context: &Context<'_>,
    table: &str,
    (actor, resource, thing): (&str, &str, &[String; 4]),
    what: Opened,
) -> Result<Option<Finding>, DetectError> {
    let Some(seen) = what.seen else { return Ok(None) };
    let seen = (seen.0, what.closed_at.map_or(seen.1, |closed| closed.max(seen.1)));
    let Some(evidence) = context.cite(table, &what.cited.join(" OR ")).await? else { return Ok(None) };
    // What failed let nobody in.
    let receivers = if what.done == 0 { what.refused } else { what.receivers };
    let world = receivers.contains(&Receiver::World);
    let stores = what.operations.iter().filter_map(|o| opener(o)).any(|(_, _, store, _)| *store);
    let firewall = what.operations.iter().all(|o| o == "AuthorizeSecurityGroupIngress");
    let severity = match (what.done, firewall, world || stores) {
        (0, _, _) => Severity::Low,
        (_, false, true) => Severity::High,
        _ => Severity::Medium,
    };
    let accounts: Vec<&str> = receivers.iter().filter_map(account).collect();
    let whom = match (world, accounts.is_empty()) {
        (true, _) => "the whole world".to_owned(),
        (false, _) => format!("account {}", accounts.join(", ")),
    };
    let verb = if what.done == 0 { "tried to open" } else { "opened" };
    let shown = if resource.is_empty() { "a resource" } else { resource };
    let [_, _, kind, _] = thing;
    let titled = if resource.is_empty() { shown.to_owned() } else { format!("{resource} ({kind})") };
    let mut draft = Draft::new("shared_out", severity, Entity::new(EntityKind::Actor, actor), seen);
    draft = draft.raised(what.done_at.unwrap_or(seen.0));
    draft.identity.push(resource.to_owned());
    draft.identity.extend(thing.iter().take(3).cloned());
    draft.title = format!("{actor} {verb} {titled} to {whom}");
    draft.explanation = format!(
        "{} let {whom} use {shown}: {} successful and {} failed calls. A rule, not a statistic: opening a resource to \
         somebody outside its account is reported whenever it happens.",
        what.operations.iter().cloned().collect::<Vec<_>>().join(", "),
        what.done,
        what.tried
    );
    if let Some(closed_at) = what.closed_at {
        draft.explanation.push_str(&format!(
            " Since then {} {} called on it, the last time at {closed_at}; the lines cited say whether that took back all that it had let in.",
            what.closers.iter().cloned().collect::<Vec<_>>().join(", "),
            if what.closers.len() == 1 { "was" } else { "were" },
        ));
    }
    draft.attack =
        what.operations.iter().filter_map(|o| opener(o)).map(|(_, t, ..)| (*t).to_owned()).collect();
    draft.limits.push("what the receiver read or copied is not in the owner's logs".to_owned());
    let entity = |kind: EntityKind| move |v: String| Entity::new(kind, v);
    let receivers =
        receivers.iter().filter_map(account).map(|a| Entity::new(EntityKind::Account, a)).collect::<Vec<_>>();
    let draft = draft
        .members((!resource.is_empty()).then(|| Entity::new(EntityKind::Resource, resource)))
        .members(receivers)
        .members(what.origins.into_iter().map(entity(EntityKind::Origin)))
        .members(what.credentials.into_iter().map(entity(EntityKind::Credential)))
        .measure("calls", what.done as f64, Some(0.0))
        .measure("failed_calls", what.tried as f64, None)
        .measure("calls_taking_back", what.closed as f64, None);
    Ok(Some(draft.finish(evidence, context.snapshot.versions())))
}

fn account(receiver: &Receiver) -> Option<&str> {
    match receiver {
        Receiver::World => None,
        Receiver::Account(id) => Some(id),
    }
}

/// To whom a request opens something; empty when it opens nothing to outsiders.
fn receivers(operation: &str, request: &Value, own: &str) -> BTreeSet<Receiver> {
    let mut found = BTreeSet::new();
    if operation.contains("PublicAccessBlock") {
        found.insert(Receiver::World);
        return found;
    }
    // What a call takes away is no opening.
    for key in GRANTS {
        if let Some(part) = request.get(key) {
            grants(part.get("add").unwrap_or(part), own, &mut found);
        }
    }
    for key in ["aWSAccountIds", "aWSAccountId"] {
        if let Some(part) = request.get(key).filter(|_| operation.starts_with("Add")) {
            grants(part, own, &mut found);
        }
    }
    for key in ["principal", "Principal"] {
        if let Some(principal) = request.get(key).filter(|_| operation.starts_with("Add")) {
            principals(principal, own, &mut found);
        }
    }
    for key in [
        "bucketPolicy",
        "policy",
        "Policy",
        "policyDocument",
        "assumeRolePolicyDocument",
        "resourcePolicy",
        "policyText",
        "attributes",
        "attributeValue",
    ] {
        if let Some(policy) = request.get(key) {
            statements(policy, own, &mut found);
        }
    }
    let text = request.to_string();
    if text.contains("acs.amazonaws.com/groups/global/AllUsers")
        || text.contains("groups/global/AuthenticatedUsers")
    {
        found.insert(Receiver::World);
    }
    if ["x-amz-acl", "cannedACL", "acl"].iter().any(|k| {
        let named = request.get(*k).map(Value::to_string).unwrap_or_default();
        named.contains("public-read") || named.contains("authenticated-read")
    }) {
        found.insert(Receiver::World);
    }
    if operation == "AuthorizeSecurityGroupIngress" && admits_all(request) {
        found.insert(Receiver::World);
    }
    found
}

/// Whether a rule of a firewall admits every address: what stands in its description is none.
fn admits_all(part: &Value) -> bool {
    const RANGES: [&str; 4] = ["cidrIp", "cidrIpv6", "CidrIp", "CidrIpv6"];
    let range = |(key, value): (&String, &Value)| match value {
        Value::String(text) => {
            RANGES.contains(&key.as_str()) && ["0.0.0.0/0", "::/0"].contains(&text.as_str())
        }
        _ => admits_all(value),
    };
    match part {
        Value::Object(map) => map.iter().any(range),
        Value::Array(all) => all.iter().any(admits_all),
        _ => false,
    }
}

/// Grants of snapshot and image attributes: `{"items":[{"group":"all"},{"userId":"..."}]}`, `["all", "123456789012"]`.
fn grants(part: &Value, own: &str, found: &mut BTreeSet<Receiver>) {
    match part {
        Value::Object(map) => {
            for (key, value) in map {
                if key != "remove" {
                    grants(value, own, found);
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|v| grants(v, own, found)),
        Value::String(text) => principal(text, own, found),
        Value::Number(id) => principal(&format!("{:0>12}", id.to_string()), own, found),
        _ => {}
    }
}

/// Statements of a resource policy that allow: as JSON, or as JSON in a string.
fn statements(policy: &Value, own: &str, found: &mut BTreeSet<Receiver>) {
    if let Value::String(text) = policy {
        if let Ok(inner @ Value::Object(_)) = serde_json::from_str(text) {
            statements(&inner, own, found);
        }
        return;
    }
    for key in ["Policy", "policy"] {
        if let Some(inner) = policy.get(key) {
            statements(inner, own, found);
        }
    }
    let Some(list) = policy.get("Statement").or_else(|| policy.get("statement")) else { return };
    let each = match list {
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    };
    for statement in each {
        // A condition narrows whom a statement admits; a bare wildcard under one is not the whole world.
        let conditioned =
            statement.get("Condition").is_some_and(|c| c.as_object().is_some_and(|o| !o.is_empty()));
        if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
            continue;
        }
        let mut admitted = BTreeSet::new();
        if let Some(who) = statement.get("Principal") {
            principals(who, own, &mut admitted);
        }
        if conditioned {
            admitted.remove(&Receiver::World);
        }
        found.extend(admitted);
    }
}

fn principals(who: &Value, own: &str, found: &mut BTreeSet<Receiver>) {
    match who {
        Value::String(text) => principal(text, own, found),
        Value::Array(all) => all.iter().for_each(|w| principals(w, own, found)),
        Value::Object(map) => {
            if let Some(aws) = map.get("AWS") {
                principals(aws, own, found);
            }
        }
        _ => {}
    }
}

/// `*` and `all` are the world; an account id or an ARN of another account is that account; services are nobody.
fn principal(text: &str, own: &str, found: &mut BTreeSet<Receiver>) {
    let id = if text.starts_with("arn:") { text.split(':').nth(4).unwrap_or_default() } else { text };
    if text == "*" || text == "all" {
        found.insert(Receiver::World);
    } else if id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()) && id != own {
        found.insert(Receiver::Account(id.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn open_to(operation: &str, request: &Value) -> Vec<Receiver> {
        receivers(operation, request, "111111111111").into_iter().collect()
    }

    #[test]
    fn sharing_is_seen_and_taking_back_is_not() {
        let shared = json!({"createVolumePermission": {"add": {"items": [{"userId": "222222222222"}]}}});
        assert_eq!(
            open_to("ModifySnapshotAttribute", &shared),
            [Receiver::Account("222222222222".to_owned())]
        );
        let taken = json!({"createVolumePermission": {"remove": {"items": [{"group": "all"}]}}});
        assert_eq!(open_to("ModifySnapshotAttribute", &taken), []);
        let database = json!({"attributeName": "restore", "valuesToAdd": ["all"]});
        assert_eq!(open_to("ModifyDBSnapshotAttribute", &database), [Receiver::World]);
    }

    #[test]
    fn what_takes_an_opening_back_is_told_from_what_opens() {
        let taken = json!({"launchPermission": {"remove": {"items": [{"userId": "222222222222"}]}}});
        assert!(closes("ModifyImageAttribute", &taken));
        assert!(closes("ModifyDBSnapshotAttribute", &json!({"valuesToRemove": ["222222222222"]})));
        assert!(closes("RemovePermission20150331v2", &json!({"functionName": "f"})));
        let both = json!({"launchPermission": {"add": {"items": []}, "remove": {"items": []}}});
        assert!(!closes("ModifyImageAttribute", &both) && !closes("PutBucketPolicy", &taken.clone()["x"]));
        let rule = |cidr: &str, why: &str| json!({"ipPermissions": {"items": [{"ipRanges": {"items": [{"cidrIp": cidr, "description": why}]}}]}});
        assert!(admits_all(&rule("0.0.0.0/0", "")) && !admits_all(&rule("10.0.0.0/8", "0.0.0.0/0")));
        let topic = json!({"topicArn": "t", "aWSAccountIds": ["222222222222"]});
        assert_eq!(open_to("AddPermission", &topic), [Receiver::Account("222222222222".to_owned())]);
    }

    #[test]
    fn policies_admit_by_principal_unless_a_condition_narrows_them() {
        let statement = |principal: Value, condition: Value| json!({"bucketPolicy": {"Statement": [{"Effect": "Allow", "Principal": principal, "Condition": condition}]}});
        assert_eq!(open_to("PutBucketPolicy", &statement(json!("*"), json!({}))), [Receiver::World]);
        assert_eq!(
            open_to("PutBucketPolicy", &statement(json!("*"), json!({"StringEquals": {"a": "b"}}))),
            []
        );
        let other = statement(json!({"AWS": "arn:aws:iam::222222222222:root"}), json!({}));
        assert_eq!(open_to("PutBucketPolicy", &other), [Receiver::Account("222222222222".to_owned())]);
        let own = statement(json!({"AWS": "arn:aws:iam::111111111111:role/x"}), json!({}));
        assert_eq!(open_to("PutBucketPolicy", &own), []);
        let service = statement(json!({"Service": "cloudtrail.amazonaws.com"}), json!({}));
        assert_eq!(open_to("PutBucketPolicy", &service), []);
    }

    #[test]
    fn a_policy_in_a_string_is_read() {
        let text = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":["333333333333"]}}}"#;
        let request = json!({"policyDocument": text});
        assert_eq!(
            open_to("UpdateAssumeRolePolicy", &request),
            [Receiver::Account("333333333333".to_owned())]
        );
        assert!(opener("AddPermission20150331v2").is_some());
    }
}
