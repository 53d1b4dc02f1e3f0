//! Outcomes as Markdown.

use super::judge::Outcome;

/// The page's opening.
pub fn head(commit: &str, seed: u64, seeds: u64) -> String {
    format!(
        "# How good the findings are\n\nWritten by `cargo xtask evaluate` on commit `{commit}`, seeds {seed} to {}, default settings. Worlds are \
         `weir simulate`'s; a world says nothing of logs that differ from all of them.\n\n\
         *found*: worlds in which a finding of severity high or above accuses the attacker. *delay*: log time from the first leaked record to the \
         end of the day (for rules: the record) that sufficed, median and worst. *leaked before*: share of all people taken by then. *addresses*: \
         the attacker's in true findings, and others in them. *people*: named in the logs and taken, in the scope, and others in it. *false*: \
         findings of severity high or above that accuse anyone else, per 30 days.\n\n\
         Not measured yet: the two worlds of 65 and 97 million records, leaks in database logs, whether p-values are true, memory and time \
         over longer periods.\n\n",
        seed + seeds - 1
    )
}

/// The table of scenarios.
pub fn scenarios(rows: &[String]) -> String {
    format!(
        "| scenario | found | delay, days (bar) | leaked before | addresses, wrong | people, wrong | false per 30 days | by | records | s, MB |\n\
         |---|---|---|---|---|---|---|---|---|---|\n{}\n",
        rows.iter().map(|row| format!("{row}\n")).collect::<String>()
    )
}

/// One scenario's row.
pub fn line(name: &str, within: Option<f64>, outcomes: &[Outcome]) -> String {
    let n = outcomes.len();
    let sum = |of: fn(&Outcome) -> u64| outcomes.iter().map(of).sum::<u64>();
    let share = |part: u64, of: u64| {
        if of == 0 { "–".to_owned() } else { format!("{:.1} %", 100.0 * part as f64 / of as f64) }
    };
    let mut delays: Vec<f64> = outcomes.iter().filter_map(|o| o.delay_days).collect();
    delays.sort_by(f64::total_cmp);
    let delay = match (delays.get(delays.len() / 2), delays.last(), within) {
        (_, _, None) => "–".to_owned(),
        (Some(median), Some(worst), Some(bar)) => {
            let missed = if *worst > bar || delays.len() < n { ", **not met**" } else { "" };
            format!("{:.2}, {:.2} ({bar:.2}){missed}", median.max(0.0), worst.max(0.0))
        }
        (_, _, Some(bar)) => format!("not found ({bar:.2})"),
    };
    let false_n: usize = outcomes.iter().map(|o| o.false_high.len()).sum();
    let days: f64 = outcomes.iter().map(|o| o.days).sum();
    let mut by: Vec<&str> = outcomes.iter().flat_map(|o| o.by.iter().map(String::as_str)).collect();
    by.sort_unstable();
    by.dedup();
    let found = if within.is_some() { format!("{} of {n}", delays.len()) } else { "–".to_owned() };
    format!(
        "| {name} | {found} | {delay} | {} | {}, {} | {}, {} | {:.2} | {} | {} | {:.0}, {:.0} |",
        share(sum(|o| o.people_before), sum(|o| o.people)),
        share(sum(|o| o.origins_found), sum(|o| o.origins)),
        share(sum(|o| o.origins_wrong), sum(|o| o.origins_found + o.origins_wrong)),
        share(sum(|o| o.named_found), sum(|o| o.named)),
        share(sum(|o| o.named_wrong), sum(|o| o.named_found + o.named_wrong)),
        30.0 * false_n as f64 / days.max(1.0),
        by.join(" "),
        sum(|o| o.records) / n.max(1) as u64,
        outcomes.iter().map(|o| o.seconds).sum::<f64>() / n.max(1) as f64,
        outcomes.iter().map(|o| o.peak).max().unwrap_or(0) as f64 / 1e6,
    )
}

/// The curve's opening.
pub fn curve_head() -> String {
    "## Delay against people a day\n\n`forged-tokens`, two addresses, 45 days, one seed.\n\n| people a day from each address | issuance log | delay, days | leaked before |\n|---|---|---|---|\n".to_owned()
}

/// One point of the curve.
pub fn curve_line(people: f64, issuance: bool, outcome: &Outcome) -> String {
    let delay = outcome.delay_days.map_or("not found".to_owned(), |d| format!("{:.2}", d.max(0.0)));
    let share = 100.0 * outcome.people_before as f64 / outcome.people.max(1) as f64;
    format!("| {people} | {} | {delay} | {share:.1} % |", if issuance { "kept" } else { "none" })
}
