//! `newcomer`: a principal's first use from a new network, country or client, weighted by how unusual that is for it.

use crate::{Context, DetectError, Detector, Draft, Info};
use futures::future::{BoxFuture, FutureExt};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::{quote, quote_all, rows};
use weir_model::entity::prefix_of;
use weir_model::{Entity, EntityKind, Finding, Micros, Severity};
use weir_stats::Budget;

/// Sees a principal act from where it never did.
#[derive(Clone, Copy, Debug)]
pub struct Newcomer;

static INFO: Info = Info {
    name: "newcomer",
    summary: "a principal's first use from a new network, country or client, weighted by how unusual that is for it",
    manual: "\
# What it sees

A principal (user, role session, service account) that a log names acts from a network (`/24`, `/48`) it never used before. Time is cut into hours; the
principal's past is `n` hours with activity of which `k` brought a network that was new then. The chance that one more hour brings a new one is
estimated by the rule of succession, `(k + 1) / (n + 2)`; that is the finding's `p_value` for its most surprising hour, multiplied by the number of
hours tested (Bonferroni). Where `inventory.countries` names a database, the same is done for countries; the more surprising of the two counts, and `p` is
doubled for having looked twice. A client string that is new as well is named, and lowers nothing: the two are not independent.

Severity follows the alert budget: `high` below the day's threshold, `medium` below 0.01, `low` below 0.1; above that nothing is said, for a past
that short cannot make anything unusual.

*Credentials of a machine.* Temporary credentials of an instance are named after it (`role/i-0abc...`). Their use from two networks, with different
clients, is `high` whatever the past: a machine does not travel. It is a rule and has no `p_value`.

# Why it matters

Stolen credentials are used from elsewhere (T1078, T1552.005).

# Blind spots

A thief behind the victim's own network or VPN; principals that roam by nature; the first appearance of a principal, which has no past.

# References

ATT&CK T1078, T1078.004, T1552.005. Rule of succession: Laplace 1774; Good 1953 for unseen classes.
",
    attack: &["T1078", "T1078.004", "T1552.005"],
    records_only: false,
    budget_share: 0.05,
};

impl Detector for Newcomer {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn run<'a>(&'a self, context: &'a Context<'a>) -> BoxFuture<'a, Result<Vec<Finding>, DetectError>> {
        find(context).boxed()
    }
}

/// A principal's hours, each with the networks and clients in it.
#[derive(Default)]
struct Past {
    hours: BTreeMap<Micros, Vec<Use>>,
}

struct Use {
    address: String,
    network: String,
    country: Option<String>,
    client: String,
    first: Micros,
    last: Micros,
}

/// An hour that brought new networks.
struct New {
    addresses: BTreeSet<String>,
    /// Of these, those the principal had never acted from.
    countries: BTreeSet<String>,
    clients: BTreeSet<String>,
    seen: (Micros, Micros),
    chance: f64,
    hours_before: u64,
    new_before: u64,
}

const QUERY: &str = "SELECT actor, date_trunc('hour', time) AS hour, src_ip, user_agent, country, min(time) AS first, max(time) AS last FROM access \
    WHERE actor IS NOT NULL AND src_ip IS NOT NULL AND status_id = 1 AND {span} GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4";

async fn find(context: &Context<'_>) -> Result<Vec<Finding>, DetectError> {
    let answer = context.sql(QUERY).await?;
    let mut pasts: BTreeMap<String, Past> = BTreeMap::new();
    for row in rows(&answer) {
        let (Some(actor), Some(address), Some(hour)) =
            (row.text("actor"), row.text("src_ip"), row.time("hour"))
        else {
            continue;
        };
        let (Some(first), Some(last)) = (row.time("first"), row.time("last")) else { continue };
        // A cloud service that acts for the principal has a name instead of an address.
        let Some(network) = prefix_of(address) else { continue };
        let client = row.text("user_agent").unwrap_or_default().to_owned();
        let country = row.text("country").map(str::to_owned);
        let step = Use { address: address.to_owned(), network, country, client, first, last };
        pasts.entry(actor.to_owned()).or_default().hours.entry(hour).or_default().push(step);
    }
    let tests: u64 = pasts.values().map(|p| p.hours.len() as u64).sum();
    let mut findings = Vec::new();
    for (actor, past) in &pasts {
        findings.extend(match machine(actor, past) {
            Some(uses) => travelled(context, actor, &uses).await?,
            None => surprised(context, actor, past, tests).await?,
        });
    }
    Ok(findings)
}

/// The uses of a machine's own credentials when they come from two networks with different clients.
fn machine<'p>(actor: &str, past: &'p Past) -> Option<Vec<&'p Use>> {
    let session = actor.rsplit('/').next()?;
    let is_instance = session
        .strip_prefix("i-")
        .is_some_and(|id| id.len() >= 8 && id.bytes().all(|b| b.is_ascii_hexdigit()));
    let uses: Vec<&Use> = past.hours.values().flatten().collect();
    let networks: BTreeSet<&str> = uses.iter().map(|u| u.network.as_str()).collect();
    let clients: BTreeSet<&str> = uses.iter().map(|u| u.client.as_str()).collect();
    (is_instance && actor.contains("assumed-role") && networks.len() > 1 && clients.len() > 1).then_some(uses)
}

async fn travelled(
    context: &Context<'_>,
    actor: &str,
    uses: &[&Use],
) -> Result<Option<Finding>, DetectError> {
    let (Some(first), Some(last)) = (uses.iter().map(|u| u.first).min(), uses.iter().map(|u| u.last).max())
    else {
        return Ok(None);
    };
    let Some(evidence) = context.cite("access", &format!("actor = {} AND {{span}}", quote(actor))).await?
    else {
        return Ok(None);
    };
    let addresses: BTreeSet<&str> = uses.iter().map(|u| u.address.as_str()).collect();
    let shared = sharers(context, actor, &addresses).await?;
    let mut draft =
        Draft::new("newcomer", Severity::High, Entity::new(EntityKind::Actor, actor), (first, last));
    draft = draft.raised(moved(uses).unwrap_or(last));
    draft.identity.push("machine".to_owned());
    draft.title = format!("credentials of a machine were used from {} networks: {actor}", networks(uses));
    draft.explanation = format!(
        "The session is named after an instance, and an instance does not travel; it was used from {}.{} A rule, not a statistic.",
        addresses.iter().copied().collect::<Vec<_>>().join(", "),
        shared
    );
    draft.attack = vec!["T1552.005".to_owned(), "T1078.004".to_owned()];
    let draft = draft.members(addresses.iter().map(|a| Entity::new(EntityKind::Origin, *a))).measure(
        "networks",
        networks(uses) as f64,
        Some(1.0),
    );
    Ok(Some(draft.finish(evidence, context.snapshot.versions())))
}

/// When a second network and a second client had been seen.
fn moved(uses: &[&Use]) -> Option<Micros> {
    let home = uses.iter().min_by_key(|u| u.first)?;
    let network = uses.iter().filter(|u| u.network != home.network).map(|u| u.first).min()?;
    let client = uses.iter().filter(|u| u.client != home.client).map(|u| u.first).min()?;
    Some(network.max(client))
}

fn networks(uses: &[&Use]) -> usize {
    uses.iter().map(|u| u.network.as_str()).collect::<BTreeSet<_>>().len()
}

/// Who else acts from the same addresses, as a sentence.
async fn sharers(
    context: &Context<'_>,
    actor: &str,
    addresses: &BTreeSet<&str>,
) -> Result<String, DetectError> {
    let query = format!(
        "SELECT DISTINCT src_ip, actor FROM access WHERE src_ip IN {} AND actor IS NOT NULL AND actor <> {} AND {{span}} ORDER BY 1, 2 LIMIT 5",
        quote_all(addresses.iter().copied()),
        quote(actor)
    );
    let answer = context.sql(&query).await?;
    let also: Vec<String> = rows(&answer)
        .filter_map(|r| Some(format!("{} also acts from {}", r.text("actor")?, r.text("src_ip")?)))
        .collect();
    Ok(if also.is_empty() { String::new() } else { format!(" {}.", also.join("; ")) })
}

/// How often hours brought something new, and the chance by the rule of succession that one more does.
#[derive(Clone, Copy, Default)]
struct Newness {
    hours: u64,
    new_hours: u64,
}

impl Newness {
    fn chance(self) -> f64 {
        (self.new_hours + 1) as f64 / (self.hours + 2) as f64
    }

    /// The first hour makes things known; it surprises nobody and is no sign of roaming.
    fn hour(&mut self, new: bool) {
        self.new_hours += u64::from(new && self.hours > 0);
        self.hours += 1;
    }
}

/// Hours that brought a new network, with their chance.
fn news(past: &Past) -> Vec<New> {
    let (mut networks, mut countries): (BTreeSet<&str>, BTreeSet<&str>) = <_>::default();
    let mut clients: BTreeSet<&str> = BTreeSet::new();
    let (mut of_networks, mut of_countries) = (Newness::default(), Newness::default());
    let mut out = Vec::new();
    for uses in past.hours.values() {
        let new: Vec<&Use> = uses.iter().filter(|u| !networks.contains(u.network.as_str())).collect();
        let told = || uses.iter().filter_map(|u| u.country.as_deref());
        let abroad: BTreeSet<&str> = told().filter(|c| !countries.contains(c)).collect();
        let seen = (new.iter().map(|u| u.first).min(), new.iter().map(|u| u.last).max());
        if of_networks.hours > 0
            && let (Some(first), Some(last)) = seen
        {
            let mut chance = of_networks.chance();
            if of_countries.hours > 0 {
                let country = if abroad.is_empty() { 1.0 } else { of_countries.chance() };
                chance = (2.0 * chance.min(country)).min(1.0);
            }
            let client = |u: &&Use| (!clients.contains(u.client.as_str())).then(|| u.client.clone());
            out.push(New {
                addresses: new.iter().map(|u| u.address.clone()).collect(),
                countries: abroad
                    .iter()
                    .filter(|_| of_countries.hours > 0)
                    .map(|c| (*c).to_owned())
                    .collect(),
                clients: new.iter().filter_map(client).collect(),
                seen: (first, last),
                chance,
                hours_before: of_networks.hours,
                new_before: of_networks.new_hours,
            });
        }
        of_networks.hour(!new.is_empty());
        if told().next().is_some() {
            of_countries.hour(!abroad.is_empty());
        }
        networks.extend(uses.iter().map(|u| u.network.as_str()));
        countries.extend(told());
        clients.extend(uses.iter().map(|u| u.client.as_str()));
    }
    out
}

async fn surprised(
    context: &Context<'_>,
    actor: &str,
    past: &Past,
    tests: u64,
) -> Result<Option<Finding>, DetectError> {
    let news = news(past);
    let Some(top) = news.iter().min_by(|a, b| a.chance.total_cmp(&b.chance).then(a.seen.cmp(&b.seen))) else {
        return Ok(None);
    };
    let own_tests = past.hours.len() as f64;
    let p = (top.chance * own_tests.max(1.0)).min(1.0);
    let severity = match p {
        p if p <= Budget::new(context.alert_budget).threshold(tests) => Severity::High,
        p if p <= 0.01 => Severity::Medium,
        p if p <= 0.1 => Severity::Low,
        _ => return Ok(None),
    };
    let addresses: BTreeSet<&str> = top.addresses.iter().map(String::as_str).collect();
    let condition = format!(
        "actor = {} AND src_ip IN {} AND {{span}}",
        quote(actor),
        quote_all(addresses.iter().copied())
    );
    let Some(evidence) = context.cite("access", &condition).await? else { return Ok(None) };
    let mut draft = Draft::new("newcomer", severity, Entity::new(EntityKind::Actor, actor), top.seen);
    draft.identity.push(top.seen.0.to_string());
    let list = top.addresses.iter().cloned().collect::<Vec<_>>().join(", ");
    let countries = top.countries.iter().cloned().collect::<Vec<_>>().join(", ");
    draft.title = if countries.is_empty() {
        format!("{actor} acted from a network it had never used: {list}")
    } else {
        format!("{actor} acted from a country it had never acted from: {countries} ({list})")
    };
    let client = match top.clients.iter().next() {
        Some(client) => format!(" Its client is new as well: {client}."),
        None => String::new(),
    };
    draft.explanation = format!(
        "In {} hours of activity before, {} brought a new network; the chance that one more does is {:.4} by the rule of succession, and p is that times \
         the {} hours tested.{client}{}",
        top.hours_before,
        top.new_before,
        top.chance,
        past.hours.len(),
        sharers(context, actor, &addresses).await?
    );
    draft.p_value = Some(p);
    draft.attack = vec!["T1078".to_owned()];
    let draft = draft
        .members(addresses.iter().map(|a| Entity::new(EntityKind::Origin, *a)))
        .members(top.countries.iter().map(|c| Entity::new(EntityKind::Country, c.as_str())))
        .measure("new_networks", top.addresses.len() as f64, Some(top.chance))
        .measure("hours_of_activity_before", top.hours_before as f64, None);
    Ok(Some(draft.finish(evidence, context.snapshot.versions())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(hours: &[&[&str]]) -> Past {
        let mut past = Past::default();
        for (hour, addresses) in hours.iter().enumerate() {
            let at = Micros(hour as i64 * 3_600_000_000);
            let uses = addresses.iter().map(|a| Use {
                address: (*a).to_owned(),
                network: prefix_of(a).unwrap(),
                country: a.starts_with("198.").then(|| "US".to_owned()).or_else(|| Some("KR".to_owned())),
                client: "c".to_owned(),
                first: at,
                last: at,
            });
            past.hours.insert(at, uses.collect());
        }
        past
    }

    #[test]
    fn a_long_quiet_past_makes_a_new_network_surprising() {
        let mut hours: Vec<&[&str]> = vec![&["10.0.0.1"]; 998];
        hours.push(&["10.0.0.9", "192.0.2.7"]);
        let news = news(&past(&hours));
        assert_eq!(news.len(), 1);
        assert!((news[0].chance - 2.0 / 1000.0).abs() < 1e-9, "looked at twice");
        assert_eq!(news[0].addresses.iter().collect::<Vec<_>>(), ["192.0.2.7"]);
    }

    #[test]
    fn a_country_never_seen_surprises_even_one_who_roams() {
        let addresses: Vec<String> =
            (0..50).map(|i| format!("10.{i}.0.1")).chain(["198.51.100.1".to_owned()]).collect();
        let hours: Vec<Vec<&str>> = addresses.iter().map(|a| vec![a.as_str()]).collect();
        let hours: Vec<&[&str]> = hours.iter().map(Vec::as_slice).collect();
        let news = news(&past(&hours));
        let last = news.last().unwrap();
        assert_eq!(last.countries.iter().collect::<Vec<_>>(), ["US"]);
        assert!((last.chance - 2.0 / 52.0).abs() < 1e-9, "{}", last.chance);
    }

    #[test]
    fn one_who_roams_surprises_nobody() {
        let addresses: Vec<String> = (0..50).map(|i| format!("10.{i}.0.1")).collect();
        let hours: Vec<Vec<&str>> = addresses.iter().map(|a| vec![a.as_str()]).collect();
        let hours: Vec<&[&str]> = hours.iter().map(Vec::as_slice).collect();
        assert!(news(&past(&hours)).last().unwrap().chance > 0.9);
    }
}
