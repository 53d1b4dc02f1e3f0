//! The shop's case with as many findings as wanted, told in Korean and other scripts: each with days, events, advice and a scope.

use super::shop::{FORGED, REACH};
use super::*;

pub fn case(findings: usize) -> Case {
    kept(findings, usize::MAX, usize::MAX)
}

/// With traces of so many findings, and days of so many: an investigation keeps those of the first.
pub fn kept(findings: usize, traced: usize, plotted: usize) -> Case {
    let shop = super::shop::case();
    let mut case =
        Case { organisation: korean(&shop), findings: Vec::new(), series: Vec::new(), ..shop.clone() };
    case.series.extend(shop.series.iter().filter(|s| s.finding.is_none()).cloned());
    case.timeline.clear();
    case.traces.clear();
    case.finding_scopes.clear();
    for n in 0..findings {
        one(&mut case, &shop, n, (n < traced, n < plotted));
    }
    case.timeline.sort_by_key(|e| e.time);
    case
}

fn korean(shop: &Case) -> Organisation {
    Organisation { name: Some("주식회사 가람유통 (Garam)".into()), ..shop.organisation.clone() }
}

/// The nth finding: one of two kinds, its own days and weight, every third with a trace.
fn one(case: &mut Case, shop: &Case, n: usize, (traced, plotted): (bool, bool)) {
    let model = if n.is_multiple_of(2) { FORGED } else { REACH };
    let mut f = shop.findings.iter().find(|f| f.id == model).unwrap().clone();
    let id = format!("{:016x}", (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    f.id.clone_from(&id);
    f.severity = Severity::ALL[(Severity::ALL.len() - 1).saturating_sub(n * 5 / 301)];
    f.title = format!("회원 {}명의 배송지를 203.0.{}.0/24 가 읽었다", 100 + n * 37, n % 256);
    f.entities.truncate(1 + n % 30);
    f.first_seen = later(f.first_seen, n as i64 * 7_200);
    let renamed = |s: &Series| Series { finding: Some(id.clone()), ..s.clone() };
    let days = shop.series.iter().filter(|s| plotted && s.finding.as_deref() == Some(model));
    case.series.extend(days.map(renamed));
    if let Some(scope) = shop.finding_scopes.get(model) {
        case.finding_scopes.insert(id.clone(), scope.clone());
    }
    if let Some(trace) = shop.traces.get(FORGED).filter(|_| traced && n.is_multiple_of(3)) {
        case.traces.insert(id.clone(), trace.clone());
    }
    for event in &shop.timeline {
        let mut event = event.clone();
        event.time = later(event.time, n as i64 * 3_601);
        event.findings = vec![id.clone()];
        case.timeline.push(event);
    }
    case.findings.push(f);
}
