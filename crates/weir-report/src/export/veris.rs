//! `exports/veris.json`: the incident in VERIS 1.4.

use super::{address, people, standing};
use crate::format::{Content, Format};
use crate::json::pretty;
use crate::{Result, escape};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use weir_model::case::{Case, Determinable};
use weir_model::finding::State;
use weir_model::{Micros, Severity};

pub(crate) const VERIS: Format = Format {
    name: "veris",
    file: "exports/veris.json",
    summary: "the incident in VERIS 1.4, for statistics of incidents",
    manual: "One VERIS 1.4 incident; `null` where no finding stands, as there is none then. `security_incident` is `Confirmed` once somebody acknowledged a finding of \
        severity high or above, else `Suspected`. `data_total` is the lower bound of exposed people; the notes have both bounds. Actions follow from the findings' ATT&CK \
        techniques, where VERIS has a variety that means the same. `ioc` has the addresses that such findings accuse.\n\n\
        ## Blind spots\n\nLogs do not tell who the actor is, how the incident was discovered, what it cost, nor the victim's size and industry: VERIS's `Unknown` stands \
        there, for people to replace. At most 1,000 indicators are listed, with how many there are.\n\n## References\n\nhttps://verisframework.org/",
    content: Content::Case(render),
};

const INDICATORS_MAX: usize = 1_000;

/// Countries that VERIS knows, ISO 3166-1 alpha-2.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT \
    BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH \
    ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT \
    HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS \
    LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI \
    NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG \
    SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG \
    UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW XK";

/// What VERIS calls what a technique is, where it has a word for it.
fn variety(technique: &str) -> Option<&'static str> {
    match technique.split('.').next().unwrap_or(technique) {
        "T1110" => Some("Brute force"),
        "T1078" | "T1550" | "T1606" => Some("Use of stolen creds"),
        "T1190" => Some("Exploit vuln"),
        "T1562" => Some("Disable controls"),
        _ => None,
    }
}

fn render(case: &Case) -> Result<Vec<u8>> {
    if standing(case).next().is_none() {
        return pretty(&Value::Null);
    }
    let grave = || standing(case).filter(|finding| finding.severity >= Severity::High);
    let confirmed = grave().any(|finding| finding.state == State::Acknowledged);
    let varieties: BTreeSet<&str> = super::techniques(case).into_iter().filter_map(variety).collect();
    let varieties: Vec<&str> =
        if varieties.is_empty() { vec!["Unknown"] } else { varieties.into_iter().collect() };
    let known = |country: &&str| COUNTRIES.split(' ').any(|known| known == *country);
    let country = case.organisation.home_country.as_deref().filter(known).unwrap_or("Unknown");
    let first = case.scope.first.or_else(|| standing(case).map(|f| f.first_seen).min()).unwrap_or_default();
    let mut incident = json!({
        "schema_version": "1.4.0",
        "incident_id": case.id,
        "security_incident": if confirmed { "Confirmed" } else { "Suspected" },
        "summary": format!("Exposed: {}. {}", people(case), escape::sentence(&case.scope.reason)),
        "actor": { "unknown": { "notes": "The logs do not say who it is." } },
        "action": { "hacking": { "variety": varieties, "vector": ["Unknown"] } },
        "asset": { "assets": [{ "variety": "S - Unknown" }], "cloud": ["Unknown"] },
        "attribute": { "confidentiality": confidentiality(case) },
        "discovery_method": { "unknown": true },
        "timeline": { "incident": date(first), "discovery": { "unit": "Unknown" } },
        "victim": { "country": [country], "employee_count": "Unknown", "industry": "00", "government": ["Unknown"] },
    });
    let mut addresses: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for finding in grave() {
        for ip in finding.entities.iter().filter_map(address) {
            addresses.entry(ip.to_string()).or_default().push(&finding.id);
        }
    }
    let n = addresses.len();
    let indicators: Vec<Value> = addresses
        .into_iter()
        .take(INDICATORS_MAX)
        .map(|(indicator, of)| json!({ "indicator": indicator, "comment": format!("findings {}", of.join(" ")) }))
        .collect();
    if !indicators.is_empty() {
        incident["ioc"] = json!(indicators);
    }
    if n > INDICATORS_MAX {
        incident["notes"] =
            json!(format!("{INDICATORS_MAX} of {n} addresses are listed; findings.jsonl has all"));
    }
    pretty(&incident)
}

fn date(at: Micros) -> Value {
    let text = at.to_string();
    let part = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<u32>().ok());
    json!({ "year": part(0, 4), "month": part(5, 7), "day": part(8, 10) })
}

fn confidentiality(case: &Case) -> Value {
    let (lower, upper) = case.scope.subjects.map_or((0, None), |bounds| (bounds.lower, bounds.upper));
    let disclosed = match (lower, upper, case.scope.determinable) {
        (1.., ..) => "Yes",
        (0, Some(0), Determinable::Yes) => "No",
        (0, _, Determinable::No) => "Unknown",
        _ => "Potentially",
    };
    let mut told = json!({
        "data_disclosure": disclosed,
        "notes": format!("Exposed: {}. Kinds of data: {}.", people(case), match case.scope.categories.as_slice() {
            [] => "not known".to_owned(),
            all => escape::sentence(&all.join(", ")),
        }),
    });
    if lower > 0 {
        told["data_total"] = json!(lower);
        told["data"] = json!([{ "variety": "Personal", "amount": lower }]);
        told["data_victim"] = json!(["Unknown"]);
    }
    told
}
