//! One case folder beside one truth.

use crate::run::Done;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::BufReader;
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
    /// Addresses of the attacker, those that are linked to the first true finding, and others that are.
    pub origins: u64,
    pub linked: u64,
    pub linked_wrong: u64,
    /// Addresses of the attacker in any true finding, and others in them.
    pub accused: u64,
    pub accused_wrong: u64,
    /// People that the logs name and that left, those in the scope, and others in it.
    pub named: u64,
    pub named_found: u64,
    pub named_wrong: u64,
    /// Findings of severity high or above that accuse somebody else: detector and title.
    pub false_high: Vec<String>,
    /// Seconds and peak bytes of the investigation.
    pub seconds: f64,
    pub peak: u64,
}

/// What is read of `truth.json`.
#[derive(Deserialize)]
struct Truth {
    days: f64,
    records: u64,
    leak: Leak,
    attacker: Attacker,
}

#[derive(Deserialize)]
struct Leak {
    first: Option<String>,
    subjects: Vec<Subject>,
}

#[derive(Deserialize)]
struct Subject {
    id: String,
    first: String,
    named: bool,
}

#[derive(Deserialize)]
struct Address {
    address: String,
}

/// What the attacker is known by in the truth.
#[derive(Deserialize)]
struct Attacker {
    addresses: Vec<Address>,
    keys: BTreeSet<String>,
    credentials: BTreeSet<String>,
    #[serde(default)]
    actors: BTreeSet<String>,
    #[serde(skip)]
    origins: BTreeSet<String>,
}

impl Attacker {
    /// Whether a finding accuses the attacker: its addresses are mostly the attacker's, or, where it names none, anything else is.
    fn accused(&self, finding: &Value) -> bool {
        let (origins, prefixes) = (members(finding, "origin"), members(finding, "prefix"));
        if !origins.is_empty() {
            return 2 * origins.iter().filter(|o| self.origins.contains(*o)).count() >= origins.len();
        }
        if !prefixes.is_empty() {
            let theirs = prefixes.iter().filter(|p| self.origins.iter().any(|o| within(o, p)));
            return 2 * theirs.count() >= prefixes.len();
        }
        let others = [("key", &self.keys), ("credential", &self.credentials), ("actor", &self.actors)];
        others.iter().any(|(kind, known)| members(finding, kind).iter().any(|value| known.contains(value)))
    }
}

/// A finding's entities of a kind.
fn members(finding: &Value, kind: &str) -> Vec<String> {
    let entities = finding["entities"].as_array().into_iter().flatten();
    entities.filter(|e| e["kind"] == kind).filter_map(|e| text(&e["value"])).collect()
}

/// Addresses of all findings of one campaign, or, of a finding that belongs to none, its own.
fn campaign(finding: &Value, findings: &[Value]) -> BTreeSet<String> {
    match finding["campaign"].as_str() {
        Some(name) => {
            let same = findings.iter().filter(|other| other["campaign"] == name);
            same.flat_map(|other| members(other, "origin")).collect()
        }
        None => members(finding, "origin").into_iter().collect(),
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

/// Whether a finding's severity is high or above.
pub fn grave(finding: &Value) -> bool {
    finding["severity"] == "high" || finding["severity"] == "critical"
}

/// The findings of a case.
pub fn findings(case: &Path) -> Done<Vec<Value>> {
    let path = case.join("findings.jsonl");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    text.lines().map(|line| serde_json::from_str(line).map_err(|e| e.to_string())).collect()
}

fn truth(world: &Path) -> Done<Truth> {
    let path = world.join("truth.json");
    let wrong = |e: String| format!("{}: {e}", path.display());
    let file = std::fs::File::open(&path).map_err(|e| wrong(e.to_string()))?;
    let mut truth: Truth = serde_json::from_reader(BufReader::new(file)).map_err(|e| wrong(e.to_string()))?;
    let addresses = std::mem::take(&mut truth.attacker.addresses);
    truth.attacker.origins = addresses.into_iter().map(|a| a.address).collect();
    Ok(truth)
}

/// Compares.
pub fn judge(world: &Path, case: &Path, seconds: f64, peak: u64) -> Done<Outcome> {
    let (truth, findings) = (truth(world)?, findings(case)?);
    let attacker = &truth.attacker;
    let (right, wrong): (Vec<&Value>, Vec<&Value>) =
        findings.iter().filter(|f| grave(f)).partition(|f| attacker.accused(f));
    let raised = |f: &Value| f["raised"].as_str().and_then(instant);
    let first = right
        .iter()
        .copied()
        .min_by(|a, b| raised(a).unwrap_or(f64::INFINITY).total_cmp(&raised(b).unwrap_or(f64::INFINITY)));
    let found_at = first.and_then(raised);
    let began = truth.leak.first.as_deref().and_then(instant);
    let subjects = &truth.leak.subjects;
    let before =
        subjects.iter().filter(|s| found_at.zip(instant(&s.first)).is_none_or(|(found, at)| at < found));
    let linked = first.map(|first| campaign(first, &findings)).unwrap_or_default();
    let accused: BTreeSet<String> = right.iter().flat_map(|f| members(f, "origin")).collect();
    let named: BTreeSet<&str> = subjects.iter().filter(|s| s.named).map(|s| s.id.as_str()).collect();
    let path = case.join("scope.csv");
    let csv = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let listed = scope(&csv);
    let theirs = |list: &BTreeSet<String>| list.intersection(&attacker.origins).count() as u64;
    Ok(Outcome {
        days: truth.days,
        records: truth.records,
        delay_days: found_at.zip(began).map(|(found, began)| (found - began) / 86_400.0),
        by: right.iter().filter_map(|f| text(&f["detector"])).collect::<BTreeSet<_>>().into_iter().collect(),
        people: subjects.len() as u64,
        people_before: before.count() as u64,
        origins: attacker.origins.len() as u64,
        linked: theirs(&linked),
        linked_wrong: linked.len() as u64 - theirs(&linked),
        accused: theirs(&accused),
        accused_wrong: accused.len() as u64 - theirs(&accused),
        named: named.len() as u64,
        named_found: listed.intersection(&named).count() as u64,
        named_wrong: listed.difference(&named).count() as u64,
        false_high: wrong
            .iter()
            .map(|f| {
                format!("{}: {}", f["detector"].as_str().unwrap_or(""), f["title"].as_str().unwrap_or(""))
            })
            .collect(),
        seconds,
        peak,
    })
}

/// A time as seconds since the epoch.
fn instant(text: &str) -> Option<f64> {
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(at.as_microsecond() as f64 / 1e6)
}

/// The people that a scope lists by name, without their namespaces.
fn scope(csv: &str) -> BTreeSet<&str> {
    csv.lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .filter(|subject| !subject.starts_with("credential:"))
        .filter_map(|subject| subject.split_once(':'))
        .map(|(_, id)| id)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{campaign, judge, within};
    use serde_json::json;

    #[test]
    fn an_address_lies_in_its_prefix_and_in_no_other() {
        assert!(within("243.130.52.9", "243.130.52.0/24") && !within("243.130.52.9", "243.130.53.0/24"));
        assert!(
            within("2001:db8:1:2::9", "2001:db8:1:2::/64") && !within("2001:db8:1:3::9", "2001:db8:1:2::/64")
        );
        assert!(
            within("192.0.2.1", "0.0.0.0/0") && !within("192.0.2.1", "::/0") && !within("192.0.2.1", "x")
        );
    }

    fn finding(severity: &str, raised: &str, campaign: Option<&str>, origins: &[&str]) -> serde_json::Value {
        let entities: Vec<_> = origins.iter().map(|o| json!({"kind": "origin", "value": o})).collect();
        json!({"severity": severity, "raised": raised, "campaign": campaign, "detector": "d", "title": "t", "entities": entities})
    }

    #[test]
    fn a_campaign_is_all_its_findings_and_a_lone_finding_is_itself() {
        let all = [
            finding("high", "2025-01-02T00:00:00Z", Some("c"), &["a"]),
            finding("medium", "2025-01-01T00:00:00Z", Some("c"), &["b"]),
            finding("high", "2025-01-01T00:00:00Z", None, &["e"]),
        ];
        assert_eq!(campaign(&all[0], &all).len(), 2);
        assert_eq!(campaign(&all[2], &all).into_iter().collect::<Vec<_>>(), ["e"]);
    }

    #[test]
    fn a_case_is_judged_by_its_truth() {
        let folder = std::env::temp_dir().join(format!("weir-judge-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let subject = |id: &str, first: &str| json!({"id": id, "first": first, "named": true});
        let truth = json!({
            "days": 30, "records": 1000,
            "leak": {"first": "2025-01-01T00:00:00Z",
                "subjects": [subject("1", "2025-01-01T00:00:00Z"), subject("2", "2025-01-04T00:00:00Z")]},
            "attacker": {"addresses": [{"address": "a"}, {"address": "b"}], "keys": [], "credentials": []},
        });
        let findings = [
            finding("high", "2025-01-03T00:00:00Z", Some("c"), &["a"]),
            finding("low", "2025-01-01T00:00:00Z", Some("c"), &["b", "x"]),
            finding("high", "2025-01-01T00:00:00Z", None, &["x", "y"]),
        ];
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        std::fs::write(folder.join("truth.json"), truth.to_string()).unwrap();
        std::fs::write(folder.join("findings.jsonl"), lines.join("\n")).unwrap();
        std::fs::write(
            folder.join("scope.csv"),
            "subject,status\nmember:1,named\nmember:7,named\ncredential:9,held\n",
        )
        .unwrap();
        let outcome = judge(&folder, &folder, 1.0, 1).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!((outcome.delay_days, outcome.people, outcome.people_before), (Some(2.0), 2, 1));
        assert_eq!((outcome.linked, outcome.linked_wrong), (2, 1));
        assert_eq!((outcome.accused, outcome.accused_wrong), (1, 0));
        assert_eq!((outcome.named, outcome.named_found, outcome.named_wrong), (2, 1, 1));
        assert_eq!(outcome.false_high, ["d: t"]);
    }
}
