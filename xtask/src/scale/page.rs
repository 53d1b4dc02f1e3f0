//! `docs/scale.md`: what was measured, the fits, and the plan.

use super::plan::{CORES, NIGHT_HOURS, NODE_CORES, NODE_MEMORY_GB, Plan, RAW_BYTES, RECORDS, stage, usual};
use super::runs::{Measured, Run, STAGES};
use crate::run::Done;
use std::fmt::Write as _;
use xtask::logs::{ADDRESSES, DAYS, MEMBERS};

pub const PAGE: &str = "docs/scale.md";

/// Tables of a lake with less than this share of its bytes are told together.
const TABLE_SHARE_MIN: f64 = 0.01;

const NOT_MEASURED: &str = "## What was not measured

- `weir investigate LOGS` in one go, which leaves out folding again where the heads of the files teach what all of them do.
- More cores than this machine has in one process, and more than one process on a machine: memory bandwidth, disks and the commit of a lake are shared.
- Many machines: no network, no bucket, no division of files among workers, and no investigation of several lakes together. What reads the rollups of
  all entities, as detection does, divides by entity and not by file.
- Skew: the generated days are equal. The most frequent address and person have some 6 % of the records each; nobody stays at an address.
- Entities that grow with records: their number is fixed in the runs of the fits; one run has more of them.
- Other formats: CloudTrail's JSON takes several times as long a record (see [benchmarks](benchmarks.md)), and the log that Weir is for has more bytes a record.
- Leaks: the generated log has none, so tracing and counting have little to do.
- Disks of a cluster, machines that fail, and work that is begun again.
";

/// The page.
pub fn page(measured: &Measured) -> Done<String> {
    let plan = Plan::of(measured).ok_or("growth needs at least two numbers of records")?;
    let machine = &measured.machine;
    let mut page = format!(
        "# How it grows\n\nWritten by `{}` at commit `{}`: {} cores, {}, {:.0} GB; load before it began {:.1}.\n\nFiles are generated: combined access logs, \
         compressed, one a day for {DAYS} days, with {} addresses and {} people with heavy tails and 60 clients. Each stage is a process of its own on the same lake: \
         `weir ingest`; `weir investigate` of a time without records, which only folds again, since the first ingest taught the catalog; and `weir investigate`.\n\n",
        machine.command,
        machine.commit,
        machine.cores,
        machine.model,
        machine.memory_gb,
        machine.load,
        thousands(ADDRESSES),
        thousands(MEMBERS),
    );
    times(&mut page, measured);
    sizes(&mut page, measured);
    entities(&mut page, measured);
    growth(&mut page, &plan);
    night(&mut page, &plan, measured);
    page.push_str(NOT_MEASURED);
    Ok(page)
}

fn times(page: &mut String, measured: &Measured) {
    let _ = writeln!(
        page,
        "## What was measured\n\nSeconds, and in brackets seconds of cores.\n\n| records | addresses | cores | {} | records a second and core, all stages |",
        STAGES.join(" | ")
    );
    page.push_str("|---|---|---|---|---|---|---|\n");
    for run in &measured.runs {
        let stages: Vec<String> =
            run.stages.iter().map(|s| format!("{:.1} ({:.1})", s.seconds, s.cpu_seconds)).collect();
        let all: f64 = run.stages.iter().map(|s| s.seconds).sum();
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} |",
            thousands(run.records),
            thousands(run.addresses),
            run.cores,
            stages.join(" | "),
            whole(run.records as f64 / all / run.cores as f64),
        );
    }
}

fn sizes(page: &mut String, measured: &Measured) {
    page.push_str("\n| records | addresses | cores | log, bytes a record | lake, bytes a record | of these | peak memory by stage, MB | findings |\n");
    page.push_str("|---|---|---|---|---|---|---|---|\n");
    for run in &measured.runs {
        let records = run.records as f64;
        let lake: u64 = run.lake.values().sum();
        let shown = |bytes: u64| bytes as f64 >= TABLE_SHARE_MIN * lake as f64;
        let tables: Vec<String> = run
            .lake
            .iter()
            .filter(|(_, bytes)| shown(**bytes))
            .map(|(name, bytes)| format!("{name} {:.1}", *bytes as f64 / records))
            .collect();
        let memory: Vec<String> =
            run.stages.iter().map(|s| format!("{:.0}", s.memory as f64 / 1e6)).collect();
        let _ = writeln!(
            page,
            "| {} | {} | {} | {:.1} | {:.1} | {} | {} | {} |",
            thousands(run.records),
            thousands(run.addresses),
            run.cores,
            run.log_bytes as f64 / records,
            lake as f64 / records,
            tables.join(", "),
            memory.join(", "),
            run.findings,
        );
    }
}

fn entities(page: &mut String, measured: &Measured) {
    let usual = usual(measured);
    let pair = measured
        .runs
        .iter()
        .filter(|run| run.addresses > ADDRESSES)
        .find_map(|many| usual.iter().find(|few| few.records == many.records).map(|few| (*few, many)));
    let Some((few, many)) = pair else { return };
    let stages: Vec<String> = STAGES
        .iter()
        .enumerate()
        .filter_map(|(at, name)| {
            Some(format!("{name} {:.2}", stage(many, at)?.seconds / stage(few, at)?.seconds))
        })
        .collect();
    let lake = |run: &Run| run.lake.values().sum::<u64>() as f64;
    let memory = |run: &Run| run.stages.iter().map(|s| s.memory).max().unwrap_or(0) as f64;
    let _ = writeln!(
        page,
        "\n{} times the addresses and people in the same number of records, as ratios: {}, lake {:.2}, memory {:.2}.",
        many.addresses / few.addresses,
        stages.join(", "),
        lake(many) / lake(few),
        memory(many) / memory(few),
    );
}

fn growth(page: &mut String, plan: &Plan) {
    let _ = write!(
        page,
        "\n## How each stage grows\n\nSeconds on {} cores, fitted by least squares of relative errors: a power law of the records (1 is in proportion; with the standard \
         error), and a constant with so much for each million records. Each fit with its largest distance from a measurement.\n\n| stage | cores kept busy | times as fast as on one core | \
         exponent | | constant, s | a million records, s | |\n|---|---|---|---|---|---|---|---|\n",
        plan.worker_cores
    );
    for stage in &plan.stages {
        let (power, line) = (stage.growth.power, stage.growth.line);
        let _ = writeln!(
            page,
            "| {} | {:.1} | {} | {:.2}{} | {:.0} % | {:.1} | {:.2} | {:.0} % |",
            stage.name,
            stage.busy,
            stage.speedup.map_or("-".to_owned(), |s| format!("{s:.2}")),
            power.exponent,
            power.error.map_or(String::new(), |e| format!(" ± {e:.2}")),
            power.miss * 100.0,
            line.constant,
            line.each * 1e6,
            line.miss * 100.0,
        );
    }
}

fn night(page: &mut String, plan: &Plan, measured: &Measured) {
    let largest = usual(measured).last().map_or(0, |run| run.records);
    let _ = write!(
        page,
        "\n## The plan for 25.6 TB\n\nThe log that Weir is for has {:.1} billion records in {:.1} TB, {:.1} bytes a record as it lies compressed. It is to be read and answered in \
         {NIGHT_HOURS} hours on {CORES} cores: {} records a second and core, all stages together.\n\nThe files are divided among {:.0} workers of {} cores, each what was measured \
         here with {:.1} billion records of its own, {:.0} times the largest run. Hours are those of the fit that says more. Beside them stands what one process with all {CORES} cores \
         would take, if what did not run in parallel on {} cores never does (Amdahl's law). Machines are taken to have {NODE_CORES} cores and {NODE_MEMORY_GB} GB.\n\n\
         | stage | hours, divided | by the power law | by the line | records a second and core | hours, one process |\n|---|---|---|---|---|---|\n",
        RECORDS / 1e9,
        RAW_BYTES / 1e12,
        RAW_BYTES / RECORDS,
        whole(Plan::rate(NIGHT_HOURS)),
        plan.workers,
        plan.worker_cores,
        plan.each / 1e9,
        plan.each / largest as f64,
        plan.worker_cores,
    );
    for stage in &plan.stages {
        let _ = writeln!(
            page,
            "| {} | {:.1} | {:.1} | {:.1} | {} | {} |",
            stage.name,
            stage.hours,
            stage.growth.power.at(plan.each) / 3600.0,
            stage.growth.line.at(plan.each) / 3600.0,
            whole(Plan::rate(stage.hours)),
            stage.alone_hours.map_or("-".to_owned(), |h| format!("{h:.1}")),
        );
    }
    let alone: Option<f64> = plan.stages.iter().map(|stage| stage.alone_hours).sum();
    let hours = plan.hours();
    let _ = writeln!(
        page,
        "| **all** | **{hours:.1}** | | | {} | {} |",
        whole(Plan::rate(hours)),
        alone.map_or("-".to_owned(), |h| format!("{h:.1}")),
    );
    let folding = plan.stages.iter().find(|stage| stage.name == STAGES[1]).map_or(0.0, |stage| stage.hours);
    let _ = writeln!(
        page,
        "| all, once the catalog is known | {:.1} | | | {} | |",
        hours - folding,
        whole(Plan::rate(hours - folding))
    );
    let nodes = (CORES * hours / NIGHT_HOURS / NODE_CORES).ceil();
    let met = if hours <= NIGHT_HOURS { "The night suffices" } else { "The night does not suffice" };
    let tables: Vec<String> = plan
        .lake_tb
        .iter()
        .filter(|(_, tb)| **tb >= TABLE_SHARE_MIN * plan.lake_tb.values().sum::<f64>())
        .map(|(name, tb)| format!("{name} {tb:.1}"))
        .collect();
    let _ = write!(
        page,
        "\n{met} on {CORES} cores: {hours:.1} hours on {:.0} machines, or {NIGHT_HOURS} on {nodes:.0}. The lakes hold {:.1} TB ({}).\n\n## Where it would break first\n\n\
         In order of how many times over what there is would be needed:\n\n",
        CORES / NODE_CORES,
        plan.lake_tb.values().sum::<f64>(),
        tables.join(", "),
    );
    for limit in plan.limits() {
        let _ = writeln!(page, "1. {}: {:.2} times.", limit.what, limit.share);
    }
    page.push('\n');
}

/// With commas between thousands.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut told = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    told
}

/// A number without its fraction, with commas.
fn whole(number: f64) -> String {
    thousands(number.max(0.0).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted() {
        assert_eq!(
            [0, 999, 1_000, 360_352, 1_234_567].map(thousands).join(" "),
            "0 999 1,000 360,352 1,234,567"
        );
    }
}
