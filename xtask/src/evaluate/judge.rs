//! One case folder beside one truth.

use crate::run::Done;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;

/// How one investigation compares with the truth.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    /// Days the logs cover.
    pub days: f64,
    /// Records in them.
    pub records: u64,
    /// Days from the first leaked record to the first true finding of severity high or above; none if there is none.
    pub delay_days: Option<f64>,
    /// Detectors of the true findings.
    pub by: Vec<String>,
    /// People whose data left, and how many of them before the first true finding.
    pub people: u64,
    pub people_before: u64,
    /// Addresses of the attacker, those in true findings, and others in them.
    pub origins: u64,
    pub origins_found: u64,
    pub origins_wrong: u64,
    /// People that the logs name and that left, those in the scope, and others in it.
    pub named: u64,
    pub named_found: u64,
    pub named_wrong: u64,
    /// Titles of findings of severity high or above that accuse somebody else.
    pub false_high: Vec<String>,
    /// Seconds and peak bytes of the investigation.
    pub seconds: f64,
    pub peak: u64,
}

/// What the attacker is known by in the truth.
struct Attacker {
    origins: BTreeSet<String>,
    others: BTreeSet<String>,
}

impl Attacker {
    fn read(truth: &Value) -> Self {
        let texts =
            |list: &Value| list.as_array().into_iter().flatten().filter_map(text).collect::<BTreeSet<_>>();
        let attacker = &truth["attacker"];
        let origins =
            attacker["addresses"].as_array().into_iter().flatten().filter_map(|a| text(&a["address"]));
        let others = ["keys", "credentials", "actors"].iter().flat_map(|key| texts(&attacker[*key]));
        Self { origins: origins.collect(), others: others.collect() }
    }

    /// Whether a finding accuses the attacker: its addresses are mostly the attacker's, or, where it names none, anything else is.
    fn accused(&self, finding: &Value) -> bool {
        let members = |kind: &'static str| {
            let entities = finding["entities"].as_array().into_iter().flatten();
            entities.filter(move |e| e["kind"] == kind).filter_map(|e| text(&e["value"])).collect::<Vec<_>>()
        };
        let origins = members("origin");
        let prefixes = members("prefix");
        if origins.is_empty() && !prefixes.is_empty() {
            return 2 * prefixes.iter().filter(|p| self.origins.iter().any(|o| within(o, p))).count()
                >= prefixes.len();
        }
        if origins.is_empty() {
            return ["key", "credential", "actor"]
                .into_iter()
                .flat_map(members)
                .any(|value| self.others.contains(&value));
        }
        2 * origins.iter().filter(|o| self.origins.contains(*o)).count() >= origins.len()
    }
}

/// Whether an address lies in a prefix.
fn within(address: &str, prefix: &str) -> bool {
    let Some((network, length)) = prefix.split_once('/') else { return false };
    let (Ok(address), Ok(network), Ok(length)) =
        (address.parse::<IpAddr>(), network.parse::<IpAddr>(), length.parse::<u32>())
    else {
        return false;
    };
    let (address, network, bits) = match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => (u128::from(a.to_bits()), u128::from(n.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(n)) => (a.to_bits(), n.to_bits(), 128),
        _ => return false,
    };
    length <= bits && (address ^ network).checked_shr(bits - length).unwrap_or(0) == 0
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// Compares.
pub fn judge(world: &Path, case: &Path, seconds: f64, peak: u64) -> Done<Outcome> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()));
    let truth: Value = serde_json::from_str(&read(&world.join("truth.json"))?).map_err(|e| e.to_string())?;
    let findings: Vec<Value> = read(&case.join("findings.jsonl"))?
        .lines()
        .map(|line| serde_json::from_str(line).map_err(|e| e.to_string()))
        .collect::<Done<_>>()?;
    let attacker = Attacker::read(&truth);
    let grave = findings.iter().filter(|f| f["severity"] == "high" || f["severity"] == "critical");
    let (right, wrong): (Vec<&Value>, Vec<&Value>) = grave.partition(|f| attacker.accused(f));
    let raised = right.iter().filter_map(|f| instant(&f["raised"])).min_by(f64::total_cmp);
    let began = instant(&truth["leak"]["first"]);
    let subjects: Vec<&Value> = truth["leak"]["subjects"].as_array().into_iter().flatten().collect();
    let before = subjects.iter().filter(|s| match (raised, instant(&s["first"])) {
        (Some(raised), Some(first)) => first < raised,
        _ => true,
    });
    let accused: BTreeSet<String> = right
        .iter()
        .flat_map(|f| f["entities"].as_array().into_iter().flatten())
        .filter(|e| e["kind"] == "origin")
        .filter_map(|e| text(&e["value"]))
        .collect();
    let named: BTreeSet<String> =
        subjects.iter().filter(|s| s["named"] == true).filter_map(|s| text(&s["id"])).collect();
    let listed = scope(&read(&case.join("scope.csv"))?);
    Ok(Outcome {
        days: truth["days"].as_f64().unwrap_or(0.0),
        records: truth["records"].as_u64().unwrap_or(0),
        delay_days: raised.zip(began).map(|(raised, began)| (raised - began) / 86_400.0),
        by: right.iter().filter_map(|f| text(&f["detector"])).collect::<BTreeSet<_>>().into_iter().collect(),
        people: subjects.len() as u64,
        people_before: before.count() as u64,
        origins: attacker.origins.len() as u64,
        origins_found: accused.intersection(&attacker.origins).count() as u64,
        origins_wrong: accused.difference(&attacker.origins).count() as u64,
        named: named.len() as u64,
        named_found: listed.intersection(&named).count() as u64,
        named_wrong: listed.difference(&named).count() as u64,
        false_high: wrong.iter().filter_map(|f| text(&f["title"])).collect(),
        seconds,
        peak,
    })
}

/// A time as seconds since the epoch.
fn instant(value: &Value) -> Option<f64> {
    let at: jiff::Timestamp = value.as_str()?.parse().ok()?;
    Some(at.as_microsecond() as f64 / 1e6)
}

/// The people that a scope lists by name, without their namespaces.
fn scope(csv: &str) -> BTreeSet<String> {
    csv.lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .filter(|subject| !subject.starts_with("credential:"))
        .filter_map(|subject| subject.split_once(':'))
        .map(|(_, id)| id.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn an_address_lies_in_its_prefix_and_in_no_other() {
        assert!(within("243.130.52.9", "243.130.52.0/24") && !within("243.130.53.9", "243.130.52.0/24"));
        assert!(
            within("2001:db8:1:2::9", "2001:db8:1:2::/64") && !within("2001:db8:1:3::9", "2001:db8:1:2::/64")
        );
        assert!(
            within("192.0.2.1", "0.0.0.0/0") && !within("192.0.2.1", "::/0") && !within("192.0.2.1", "x")
        );
    }
}
