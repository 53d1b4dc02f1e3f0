//! What was measured, as Markdown.

use super::bars::Measured;
use super::cases::{CASES, CURVE_DAYS};
use super::chance;
use super::judge::Outcome;

/// What the page says about itself.
pub struct Head {
    pub full: bool,
    /// What was evaluated.
    pub program: String,
    pub seed: u64,
    pub seeds: u64,
    pub minutes: f64,
    /// Measurements that could not be made, with their reasons.
    pub failed: Vec<String>,
}

/// The page.
pub fn page(head: &Head, measured: &Measured) -> String {
    [
        opening(head),
        bars(measured),
        scenarios(measured),
        curve(measured),
        budget(measured),
        laws(measured),
        wrong(measured),
        failed(head),
    ]
    .concat()
}

fn opening(head: &Head) -> String {
    let seeds = format!("seeds {} to {}", head.seed, head.seed + head.seeds - 1);
    let seeds = if head.full { seeds } else { format!("as many of {seeds} as ten minutes allowed") };
    let form = if head.full { "cargo xtask evaluate --full" } else { "cargo xtask evaluate" };
    format!(
        "# How good the findings are\n\nWritten by `{form}` on {}, {seeds}, default settings, in {:.0} minutes. Worlds are \
         `weir simulate`'s; a world says nothing of logs that differ from all of them. One has a real log for its ordinary traffic.\n\n",
        head.program, head.minutes
    )
}

fn bars(measured: &Measured) -> String {
    let mut text = "## Bars\n\n*found*: a finding of severity high or above accuses the attacker; *worst*: of all seeds, in log time from the first \
                    leaked record. *linked*: in the same campaign as the first such finding.\n\n| measure | bar | measured | met |\n|---|---|---|---|\n"
        .to_owned();
    for bar in measured.bars() {
        let met = match bar.met {
            Some(true) => "met",
            Some(false) => "**not met**",
            None => "–",
        };
        text.push_str(&format!("| {} | {} | {} | {met} |\n", bar.measure, bar.bar, bar.measured));
    }
    text
}

fn scenarios(measured: &Measured) -> String {
    let mut text = "\n## Scenarios\n\n*delay*: log time from the first leaked record to the end of the day (for rules: the record) that sufficed, median and \
                    worst. *leaked before*: people taken by then, and their share of all. *linked*: the attacker's addresses in the first true \
                    finding's campaign, and others in it; *accused*: the same over all true findings. *people*: named in the logs and taken, in the \
                    scope, and others in it. *false*: findings of severity high or above that accuse anyone else, per 30 days, and the most that is \
                    likely (Poisson, 95 %).\n\n\
                    | scenario | found | delay, days | leaked before | linked, wrong | accused, wrong | people, wrong | false per 30 days | by | records | s, MB |\n\
                    |---|---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for case in CASES {
        match measured.cases.get(case.name).filter(|outcomes| !outcomes.is_empty()) {
            Some(outcomes) => text.push_str(&line(case.name, case.within.is_some(), outcomes)),
            None => text.push_str(&format!("| {} | not measured | | | | | | | | | |", case.name)),
        }
        text.push('\n');
    }
    text
}

/// One scenario's row.
pub fn line(name: &str, leaks: bool, outcomes: &[Outcome]) -> String {
    let n = outcomes.len();
    let sum = |of: fn(&Outcome) -> u64| outcomes.iter().map(of).sum::<u64>();
    let share = |part: u64, of: u64| {
        if of == 0 { "–".to_owned() } else { format!("{:.1} %", 100.0 * part as f64 / of as f64) }
    };
    let mut delays: Vec<f64> = outcomes.iter().filter_map(|o| o.delay_days).collect();
    delays.sort_by(f64::total_cmp);
    let delay = match (delays.get(delays.len() / 2), delays.last()) {
        (Some(median), Some(worst)) => format!("{:.2}, {:.2}", median.max(0.0), worst.max(0.0)),
        _ => "–".to_owned(),
    };
    let false_n: u64 = outcomes.iter().map(|o| o.false_high.len() as u64).sum();
    let days: f64 = outcomes.iter().map(|o| o.days).sum::<f64>().max(1.0);
    let mut by: Vec<&str> = outcomes.iter().flat_map(|o| o.by.iter().map(String::as_str)).collect();
    by.sort_unstable();
    by.dedup();
    let found = if leaks { format!("{} of {n}", delays.len()) } else { format!("– ({n})") };
    let (people, before) = (sum(|o| o.people), sum(|o| o.people_before));
    let before = if people == 0 { "–".to_owned() } else { format!("{before}, {}", share(before, people)) };
    format!(
        "| {name} | {found} | {delay} | {before} | {}, {} | {}, {} | {}, {} | {:.2}, {:.2} | {} | {} | {:.0}, {:.0} |",
        share(sum(|o| o.linked), sum(|o| o.origins)),
        share(sum(|o| o.linked_wrong), sum(|o| o.linked + o.linked_wrong)),
        share(sum(|o| o.accused), sum(|o| o.origins)),
        share(sum(|o| o.accused_wrong), sum(|o| o.accused + o.accused_wrong)),
        share(sum(|o| o.named_found), sum(|o| o.named)),
        share(sum(|o| o.named_wrong), sum(|o| o.named_found + o.named_wrong)),
        30.0 * false_n as f64 / days,
        30.0 * chance::bound(false_n) / days,
        by.join(" "),
        sum(|o| o.records) / n.max(1) as u64,
        outcomes.iter().map(|o| o.seconds).sum::<f64>() / n.max(1) as f64,
        outcomes.iter().map(|o| o.peak).max().unwrap_or(0) as f64 / 1e6,
    )
}

fn curve(measured: &Measured) -> String {
    let mut text = format!(
        "\n## Delay against people a day\n\n`forged-tokens`, two addresses, {CURVE_DAYS} days; median over seeds.\n\n\
         | people a day from each address | issuance log | found | delay, days | leaked before |\n|---|---|---|---|---|\n"
    );
    for (people, issuance, outcomes) in &measured.curve {
        text.push_str(&point(*people, *issuance, outcomes));
        text.push('\n');
    }
    text
}

/// One point of the curve.
pub fn point(people: f64, issuance: bool, outcomes: &[Outcome]) -> String {
    let mut delays: Vec<f64> = outcomes.iter().filter_map(|o| o.delay_days).collect();
    delays.sort_by(f64::total_cmp);
    let delay = delays.get(delays.len() / 2).map_or("–".to_owned(), |d| format!("{:.2}", d.max(0.0)));
    let sum = |of: fn(&Outcome) -> u64| outcomes.iter().map(of).sum::<u64>();
    let share = 100.0 * sum(|o| o.people_before) as f64 / sum(|o| o.people).max(1) as f64;
    let (found, kept) = (delays.len(), if issuance { "kept" } else { "none" });
    format!("| {people} | {kept} | {found} of {} | {delay} | {share:.1} % |", outcomes.len())
}

fn budget(measured: &Measured) -> String {
    let mut text = "\n## Are the p-values true?\n\nQuiet worlds investigated with `--alert-budget` at 1, 10, 100 and so on. A budget of N asks for p-values so small \
                    that at most N false findings are expected in 30 days, of all detectors together; so a tenfold budget is a tenfold threshold of p, \
                    and the last column says how large a p fired. Several exceedances of one entity are one finding, so fewer than expected proves nothing, \
                    and more than allowed (Poisson, 95 %) proves p-values too small.\n\n\
                    | detector | budget per 30 days | expected at most | observed | allowed | largest p |\n|---|---|---|---|---|---|\n"
        .to_owned();
    if measured.budget.is_empty() {
        text.push_str("| not measured | | | | | |\n");
    }
    for line in &measured.budget {
        let allowed = chance::allowed(line.expected);
        let above = if line.observed > allowed { " **above**" } else { "" };
        let p = if line.observed > 0 { format!("{:.1e}", line.largest_p) } else { "–".to_owned() };
        text.push_str(&format!(
            "| {} | {} | {:.1} | {}{above} | {allowed} | {p} |\n",
            line.detector, line.budget, line.expected, line.observed
        ));
    }
    text
}

fn laws(measured: &Measured) -> String {
    let mut text = "\n## The same answer\n\nFindings compared with those of the same logs at once, but for `snapshot`; where files have other names, but for the \
                    lines cited too.\n\n| the logs arrive | findings | differ |\n|---|---|---|\n"
        .to_owned();
    match &measured.arrivals {
        Some(arrivals) => {
            for arrival in arrivals {
                text.push_str(&format!("| {} | {} | {} |\n", arrival.how, arrival.findings, arrival.differ));
            }
        }
        None => text.push_str("| not measured | | |\n"),
    }
    if let Some(pair) = measured.time_of_a_leak {
        text.push_str(&format!(
            "\nAn investigation that finds something reads the records of whom it accuses and counts their people: with ten times the records \
             it takes {:.2} times as long ({:.1} and {:.1} s).\n",
            pair.ratio(),
            pair.less,
            pair.more
        ));
    }
    text
}

fn failed(head: &Head) -> String {
    if head.failed.is_empty() {
        return String::new();
    }
    let lines: String = head.failed.iter().map(|why| format!("- {why}\n")).collect();
    format!("\n## What could not be measured\n\n{lines}")
}

/// Titles shown of a world's false findings.
const TITLES_MAX: usize = 40;

fn wrong(measured: &Measured) -> String {
    let mut all: Vec<String> = Vec::new();
    for case in CASES {
        for outcome in measured.cases.get(case.name).into_iter().flatten() {
            all.extend(outcome.false_high.iter().map(|title| format!("- {}: {title}\n", case.name)));
        }
    }
    for (people, _, outcomes) in &measured.curve {
        let titles = outcomes.iter().flat_map(|outcome| &outcome.false_high);
        all.extend(titles.map(|title| format!("- curve, {people} people a day: {title}\n")));
    }
    if all.is_empty() {
        return "\n## False findings\n\nNone of severity high or above.\n".to_owned();
    }
    let more = all.len().saturating_sub(TITLES_MAX);
    all.truncate(TITLES_MAX);
    let rest = if more > 0 { format!("- and {more} more\n") } else { String::new() };
    format!("\n## False findings\n\nOf severity high or above.\n\n{}{rest}", all.concat())
}
