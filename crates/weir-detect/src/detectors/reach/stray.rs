//! Who always read many, met in a way that is new to it: a network and a client, neither of which it ever used.
//!
//! Decisive choice: either alone is everyday, since offices move and programs are brought up to date. Both at once, while the reader goes on in its old
//! ways, is a second hand with the same credential; how many people it reads proves nothing, for the reader reads many by duty. So this is a
//! rule, and looks at few: at readers whom peers find remarkable and their own past does not.

use super::exact::Scope;
use super::judge::{Judged, Verdict};
use super::screen::PEOPLE_MIN;
use super::tell::{condition, who};
use crate::hand::{Member, members, together};
use crate::members::describe;
use crate::rhythm::{Rhythm, rhythms};
use crate::{Context, DetectError, Draft};
use futures::StreamExt;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use weir_lake::{quote_all, rows};
use weir_model::words::whole;
use weir_model::{Entity, Finding, Micros, Severity};
use weir_stats::hash64;

/// Days from a reader's first on which its ways are learned.
const LEARNED_DAYS: i32 = 14;
/// Of these, days that are a beginning; on two later ones such ways come to a reader that roams.
const BEGINNING_DAYS: i32 = 3;
const ROAMS_FROM: usize = 2;
/// Days on which the old ways go on beside the new: less is a move.
const BESIDE_DAYS: usize = 3;
/// Networks, and clients of its own, beyond which a reader is passed over: it is anybody.
const NETWORKS_MAX: usize = 10_000;
const CLIENTS_MAX: usize = 1_000;
/// Clients remembered of a strange network: of so many not all will turn out to be the reader's own.
const STRANGE_CLIENTS_MAX: usize = 16;
/// Between the parts of a way in one text.
const UNIT: char = '\u{1f}';

/// What a reader's ways tell.
#[derive(Default)]
struct Ways {
    first: Option<i32>,
    networks: BTreeSet<String>,
    clients: BTreeSet<String>,
    /// Days of the learning time to which such ways came.
    roamed: BTreeSet<i32>,
    /// Networks that are not its own, with the clients it was met with there.
    strange: BTreeMap<String, Met>,
    /// Days on which it read in its own ways.
    own: BTreeSet<i32>,
}

/// Clients met in a strange network.
#[derive(Default)]
struct Met {
    clients: BTreeSet<String>,
    /// Whether there were more than are remembered.
    more: bool,
}

impl Met {
    fn add(&mut self, client: &str) {
        if self.clients.len() < STRANGE_CLIENTS_MAX {
            self.clients.insert(client.to_owned());
        } else {
            self.more |= !self.clients.contains(client);
        }
    }

    /// Leaves a client out that is the reader's own; whether others are left.
    fn without(&mut self, client: &str) -> bool {
        self.clients.remove(client);
        self.more || !self.clients.is_empty()
    }
}

impl Ways {
    /// Takes one way of one day; days ascend.
    fn take(&mut self, day: i32, network: &str, client: &str) {
        let since = day - *self.first.get_or_insert(day);
        // A log without clients leaves the network alone to tell; one without addresses tells nothing.
        let known = network.is_empty() || self.networks.contains(network) || self.clients.contains(client);
        if !known && since >= LEARNED_DAYS {
            return self.strange.entry(network.to_owned()).or_default().add(client);
        }
        if !known && since >= BEGINNING_DAYS {
            self.roamed.insert(day);
        }
        // Where a strange network meets a client of the reader's, the client may be anybody's; where a strange client comes to one of its
        // networks, it is the reader's own.
        if !self.strange.contains_key(network) {
            self.networks.insert(network.to_owned());
            if !client.is_empty() && !self.clients.contains(client) {
                self.strange.retain(|_, met| met.without(client));
            }
        }
        if !client.is_empty() {
            self.clients.insert(client.to_owned());
        }
        self.own.insert(day);
    }

    /// The ways that are not its own, if any; none of who roams.
    fn astray(self) -> Option<Astray> {
        let told = self.roamed.len() < ROAMS_FROM && !self.strange.is_empty();
        let few = self.strange.len() <= NETWORKS_MAX && self.clients.len() <= CLIENTS_MAX;
        let networks = self.strange.into_keys().collect();
        (told && few).then_some(Astray { networks, clients: self.clients, own: self.own })
    }
}

/// Ways that are not a reader's own: by these networks, with other clients than its own.
struct Astray {
    networks: BTreeSet<String>,
    clients: BTreeSet<String>,
    /// Days on which it read in its own ways.
    own: BTreeSet<i32>,
}

/// A reader met in ways that are not its own.
struct Strayed {
    entity: String,
    ways: Astray,
    /// The day that sufficed.
    day: i32,
}

/// The way of a record of `access`, as SQL: its autonomous system, or else its prefix; and its client.
const NETWORK: &str = "coalesce(asn, network(src_ip), '')";
const CLIENT: &str = "coalesce(user_agent, '')";

/// The findings on readers of a kind who were judged to read as they always did.
pub(super) async fn findings(
    context: &Context<'_>,
    scope: &Scope<'_>,
    judged: &[Judged],
) -> Result<Vec<Finding>, DetectError> {
    let steady = judged.iter().filter(|j| j.verdict == Verdict::Steady).map(|j| j.entity.as_str());
    let steady: Vec<&str> = steady.collect();
    if steady.is_empty() {
        return Ok(Vec::new());
    }
    let shown = format!("{} AND {}", condition(scope, Verdict::Steady), scope.condition(steady.into_iter()));
    let astray = astray(context, scope, &shown).await?;
    let told = strayed(context, scope, &shown, astray).await?;
    if told.is_empty() {
        return Ok(Vec::new());
    }
    let all = in_ways(scope, &shown, told.iter());
    let members =
        members(context, &scope.entity(), &all, told.iter().map(|s| (s.entity.as_str(), s))).await?;
    let mut findings = Vec::new();
    for group in together(members) {
        findings.extend(finding(context, scope, &shown, &group).await?);
    }
    Ok(findings)
}

/// Each reader's ways that are not its own.
async fn astray(
    context: &Context<'_>,
    scope: &Scope<'_>,
    shown: &str,
) -> Result<BTreeMap<String, Astray>, DetectError> {
    let query = format!(
        "SELECT DISTINCT {} AS entity, day, {NETWORK} AS network, {CLIENT} AS client FROM {{digest}} WHERE {shown} ORDER BY 1, 2, 3, 4",
        scope.entity()
    );
    let mut batches = context.stream(&query).await?;
    let mut all: BTreeMap<String, Ways> = BTreeMap::new();
    while let Some(batch) = batches.next().await {
        for row in rows(&[batch?]) {
            if let (Some(entity), Some(day)) = (row.text("entity"), row.int("day")) {
                let (network, client) =
                    (row.text("network").unwrap_or_default(), row.text("client").unwrap_or_default());
                let ways = all.entry(entity.to_owned()).or_default();
                ways.take(i32::try_from(day).unwrap_or(0), network, client);
            }
        }
    }
    Ok(all.into_iter().filter_map(|(entity, ways)| Some((entity, ways.astray()?))).collect())
}

/// Those who so read enough people while the reader went on in its own ways, sorted.
async fn strayed(
    context: &Context<'_>,
    scope: &Scope<'_>,
    shown: &str,
    astray: BTreeMap<String, Astray>,
) -> Result<Vec<Strayed>, DetectError> {
    let mut all: Vec<Strayed> =
        astray.into_iter().map(|(entity, ways)| Strayed { entity, ways, day: 0 }).collect();
    if all.is_empty() {
        return Ok(all);
    }
    let query = format!(
        "SELECT DISTINCT entity, day, person['namespace'] || ':' || person['id'] AS person FROM \
         (SELECT {} AS entity, day, unnest(subjects) AS person FROM {{digest}} WHERE {}) WHERE person['namespace'] <> 'credential' ORDER BY 1, 2",
        scope.entity(),
        in_ways(scope, shown, all.iter())
    );
    // Of each reader: people so far, the first day, and the day on which they were enough.
    let mut read: BTreeMap<String, (HashSet<u64>, i32, Option<i32>)> = BTreeMap::new();
    let mut batches = context.stream(&query).await?;
    while let Some(batch) = batches.next().await {
        for row in rows(&[batch?]) {
            let (Some(entity), Some(day), Some(person)) =
                (row.text("entity"), row.int("day"), row.text("person"))
            else {
                continue;
            };
            let day = i32::try_from(day).unwrap_or(0);
            let (people, _, enough) =
                read.entry(entity.to_owned()).or_insert_with(|| (HashSet::new(), day, None));
            people.insert(hash64(person.as_bytes()));
            if people.len() as f64 >= PEOPLE_MIN {
                enough.get_or_insert(day);
            }
        }
    }
    all.retain_mut(|strayed| {
        let Some((_, first, Some(enough))) = read.get(&strayed.entity) else { return false };
        let beside = strayed.ways.own.range(first..).nth(BESIDE_DAYS - 1);
        strayed.day = beside.map_or(0, |beside| *beside.max(enough));
        beside.is_some()
    });
    Ok(all)
}

/// The records of readers in those ways, as a condition.
fn in_ways<'s>(scope: &Scope<'_>, shown: &str, strayed: impl Iterator<Item = &'s Strayed>) -> String {
    let (mut by, mut with) = (Vec::new(), Vec::new());
    for Strayed { entity, ways, .. } in strayed {
        by.extend(ways.networks.iter().map(|network| format!("{entity}{UNIT}{network}")));
        with.extend(ways.clients.iter().map(|client| format!("{entity}{UNIT}{client}")));
    }
    let way = |column: &str| format!("concat({}, '{UNIT}', {column})", scope.entity());
    let own = match with.as_slice() {
        [] => String::new(),
        own => format!(" AND {} NOT IN {}", way(CLIENT), quote_all(own.iter().map(String::as_str))),
    };
    format!("{shown} AND {} IN {}{own}", way(NETWORK), quote_all(by.iter().map(String::as_str)))
}

async fn finding(
    context: &Context<'_>,
    scope: &Scope<'_>,
    shown: &str,
    group: &[Member<'_, Strayed>],
) -> Result<Option<Finding>, DetectError> {
    let Some(head) = group.first() else { return Ok(None) };
    let condition = in_ways(scope, shown, group.iter().map(|m| m.told));
    let Some(evidence) = context.cite("access", &condition).await? else { return Ok(None) };
    let entity = scope.entity();
    let its_own = format!(
        "{shown} AND {} AND NOT ({condition})",
        scope.condition(group.iter().map(|m| m.told.entity.as_str()))
    );
    let (own, new) =
        (rhythms(context, &entity, &its_own).await?, rhythms(context, &entity, &condition).await?);
    let rhythm =
        |of: &BTreeMap<String, (Rhythm, bool)>, entity: &str| of.get(entity).map(|(rhythm, _)| *rhythm);
    let by_night =
        group.iter().filter_map(|m| match (rhythm(&own, &m.told.entity), rhythm(&new, &m.told.entity)) {
            (Some(Rhythm::Office), Some(Rhythm::AllHours(by))) => Some(m.told.day.max(by.day() - 1)),
            _ => None,
        });
    let by_night = by_night.min();
    let day = by_night.or_else(|| group.iter().map(|m| m.told.day).min()).unwrap_or_default();
    let last = group.iter().map(|m| m.seen.1).max().unwrap_or(head.seen.1);
    let severity = if by_night.is_some() { Severity::High } else { Severity::Medium };
    let principal = Entity::new(scope.kind, &head.told.entity);
    let draft = Draft::new("reach", severity, principal, (head.seen.0, last)).raised(Micros::of_day(day + 1));
    let (mut draft, people) = describe(context, draft, &condition).await?;
    draft.identity.push("strayed".to_owned());
    let networks: BTreeSet<&str> =
        group.iter().flat_map(|m| m.told.ways.networks.iter().map(String::as_str)).collect();
    let datasets: BTreeSet<&str> = group.iter().flat_map(|m| m.datasets.iter().map(String::as_str)).collect();
    let datasets = datasets.into_iter().collect::<Vec<_>>().join(", ");
    let who = who(scope, group);
    draft.title = format!(
        "{who} read data of {} people ({datasets}) from networks and with clients new to it",
        whole(people)
    );
    draft.explanation = format!(
        "{who}, which always read many people's data, did so from {} networks and with clients neither of which it had used in its first {LEARNED_DAYS} days or since, \
         while it went on in its own ways on at least {BESIDE_DAYS} days. Networks: {}.{} A rule; how many people it reads in all is as ever.",
        networks.len(),
        listed(&networks),
        if by_night.is_some() { " Its own ways keep office hours, and these do not." } else { "" }
    );
    draft.attack = ["T1078", "T1213"].map(str::to_owned).to_vec();
    draft.limits.push(
        "a colleague who begins with a new device in a new place looks the same, and a thief behind the reader's own network or client is not seen"
            .to_owned(),
    );
    let draft = draft
        .because(group.iter().map(|m| (Entity::new(scope.kind, &m.told.entity), reason(m.told))))
        .measure("members", group.len() as f64, None)
        .measure("networks", networks.len() as f64, None);
    Ok(Some(draft.finish(evidence, context.snapshot.versions())))
}

/// Why one member belongs.
fn reason(told: &Strayed) -> String {
    let networks: BTreeSet<&str> = told.ways.networks.iter().map(String::as_str).collect();
    format!(
        "with clients new to it, it came from networks new to it: {}; clear by {}",
        listed(&networks),
        super::screen::day(told.day)
    )
}

/// A few names, and how many more.
fn listed(names: &BTreeSet<&str>) -> String {
    const FEW: usize = 5;
    let few = names.iter().take(FEW).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(FEW) {
        0 => few,
        more => format!("{few} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [&str; 0] = [];

    /// Days, networks and clients as a desk met them, and the strange networks that leaves.
    fn strange(met: &[(i32, &str, &str)]) -> Vec<String> {
        let mut ways = Ways::default();
        met.iter().for_each(|(day, network, client)| ways.take(*day, network, client));
        ways.astray().map(|astray| astray.networks.into_iter().collect()).unwrap_or_default()
    }

    #[test]
    fn a_network_and_a_client_are_strange_together() {
        assert_eq!(strange(&[(0, "office", "a"), (20, "abroad", "b")]), ["abroad"]);
        assert_eq!(strange(&[(0, "office", "a"), (20, "abroad", "a")]), NONE, "the same device elsewhere");
        assert_eq!(strange(&[(0, "office", "a"), (20, "office", "b"), (21, "abroad", "b")]), NONE);
        assert_eq!(strange(&[(0, "office", "a"), (13, "abroad", "b")]), NONE, "still being learned");
        let told = strange(&[(0, "office", "a"), (20, "abroad", "b"), (21, "abroad", "a")]);
        assert_eq!(told, ["abroad"], "one of its clients does not make a network the reader's");
    }

    #[test]
    fn what_becomes_the_readers_own_is_no_longer_strange() {
        assert_eq!(strange(&[(0, "office", "a"), (20, "home", "b"), (21, "office", "b")]), NONE);
        let both = [(0, "office", "a"), (20, "home", "b"), (20, "home", "c"), (21, "office", "b")];
        assert_eq!(strange(&both), ["home"], "with another client it still is");
        let mut many: Vec<(i32, &str, &str)> = vec![(0, "office", "a")];
        let clients: Vec<String> = (0..40).map(|n| format!("client {n}")).collect();
        many.extend(clients.iter().map(|client| (20, "abroad", client.as_str())));
        many.extend(clients.iter().take(17).map(|client| (21, "office", client.as_str())));
        assert_eq!(strange(&many), ["abroad"], "more clients than are remembered");
    }

    #[test]
    fn who_roams_is_passed_over_and_unknown_is_not_new() {
        let roams = [(0, "office", "a"), (5, "hotel", "b"), (8, "train", "c"), (20, "abroad", "d")];
        assert_eq!(strange(&roams), NONE);
        assert_eq!(strange(&[(0, "office", "a"), (20, "", "b")]), NONE, "no address, no way");
        assert_eq!(strange(&[(0, "office", ""), (20, "abroad", "")]), ["abroad"], "no clients in the log");
    }
}
