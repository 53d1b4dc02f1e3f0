//! `cargo xtask evaluate`: how good the findings are, on worlds whose truth is known.
//!
//! It drives the program as a user would: `weir simulate` writes a world, `weir investigate` with default settings reads it, and the case
//! folder is compared with `truth.json`. A run's result is kept under the target folder by the crates' tree, so an interrupted evaluation goes on
//! where it stopped. The seeds are not those of any test.

mod judge;
mod table;

use crate::bench::measure;
use crate::run::{Done, command, finish, root, say, target};
use judge::Outcome;
use std::path::{Path, PathBuf};

/// One world to be investigated.
pub struct Case {
    /// Its name in the table.
    name: &'static str,
    scenario: &'static str,
    days: u32,
    settings: &'static [(&'static str, f64)],
    /// Days of log time within which it is to be found; none where nothing leaks.
    within: Option<f64>,
}

const NO_LOG: (&str, f64) = ("issuance", 0.0);
const SMALL: (&str, f64) = ("members", 1_500.0);

/// The scenarios, small enough for one machine's coffee break.
const QUICK: &[Case] = &[
    Case {
        name: "forged-tokens, issuance log",
        scenario: "forged-tokens",
        days: 30,
        settings: &[SMALL],
        within: Some(1.0 / 24.0),
    },
    Case {
        name: "forged-tokens, no issuance log, 70 people a day",
        scenario: "forged-tokens",
        days: 24,
        settings: &[SMALL, NO_LOG, ("people", 70.0), ("addresses", 6.0)],
        within: Some(7.0),
    },
    Case {
        name: "forged-tokens, no issuance log, 7 people a day",
        scenario: "forged-tokens",
        days: 60,
        settings: &[SMALL, NO_LOG, ("people", 7.0), ("addresses", 12.0), ("from", 0.0)],
        within: Some(60.0),
    },
    Case {
        name: "already-inside",
        scenario: "already-inside",
        days: 40,
        settings: &[SMALL],
        within: Some(30.0),
    },
    Case {
        name: "partner-enumeration",
        scenario: "partner-enumeration",
        days: 40,
        settings: &[SMALL],
        within: Some(7.0),
    },
    Case {
        name: "rotating-id-scrape",
        scenario: "rotating-id-scrape",
        days: 40,
        settings: &[SMALL],
        within: Some(7.0),
    },
    Case { name: "lookup-abuse", scenario: "lookup-abuse", days: 40, settings: &[SMALL], within: Some(7.0) },
    Case { name: "insider-bulk", scenario: "insider-bulk", days: 120, settings: &[], within: Some(60.0) },
    Case { name: "stolen-dba", scenario: "stolen-dba", days: 60, settings: &[], within: Some(7.0) },
    Case {
        name: "stolen-dba, by COPY",
        scenario: "stolen-dba",
        days: 60,
        settings: &[("copy", 1.0)],
        within: Some(7.0),
    },
    Case {
        name: "a database's quiet year",
        scenario: "insider-bulk",
        days: 365,
        settings: &[("members", 300.0), ("from", 1.0)],
        within: None,
    },
    Case {
        name: "quiet-year",
        scenario: "quiet-year",
        days: 365,
        settings: &[("members", 300.0)],
        within: None,
    },
];

/// People a day from each of two addresses: the curve.
const CURVE: [f64; 6] = [3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0];

/// First seed unless told otherwise.
const SEED: u64 = 9_001;
const SEEDS: u64 = 5;

/// What was asked for.
struct Asked {
    seed: u64,
    seeds: u64,
    only: Option<String>,
    curve: bool,
}

/// Runs the evaluation.
pub fn run(arguments: &[&str]) -> Done {
    let asked = read(arguments)?;
    finish("release build", command("cargo").args(["build", "--release"]))?;
    let (commit, sources) = commit()?;
    let folder = target().join("evaluate").join(sources);
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut text = table::head(&commit, asked.seed, asked.seeds);
    let cases = QUICK.iter().filter(|c| asked.only.as_deref().is_none_or(|only| c.name.contains(only)));
    let mut rows = Vec::new();
    for case in cases {
        let outcomes = (asked.seed..asked.seed + asked.seeds)
            .map(|seed| one(&folder, case.name, case.scenario, case.days, case.settings, seed))
            .collect::<Done<Vec<_>>>()?;
        say(&table::line(case.name, case.within, &outcomes));
        rows.push(table::line(case.name, case.within, &outcomes));
    }
    text.push_str(&table::scenarios(&rows));
    if asked.curve && asked.only.is_none() {
        text.push_str(&table::curve_head());
        for issuance in [1.0, 0.0] {
            for people in CURVE {
                let settings = [
                    ("members", 3_000.0),
                    ("addresses", 2.0),
                    ("issuance", issuance),
                    ("people", people),
                    ("from", 0.1),
                ];
                let name = format!("curve {issuance} {people}");
                let outcome = one(&folder, &name, "forged-tokens", 45, &settings, asked.seed)?;
                let line = table::curve_line(people, issuance > 0.0, &outcome);
                say(&line);
                text.push_str(&line);
                text.push('\n');
            }
        }
    }
    if asked.only.is_none() {
        let page = root().join("docs/evaluation.md");
        std::fs::write(&page, text).map_err(|e| format!("{}: {e}", page.display()))?;
        say(&format!("written: {}", page.display()));
    }
    Ok(())
}

fn read(arguments: &[&str]) -> Done<Asked> {
    let mut asked = Asked { seed: SEED, seeds: SEEDS, only: None, curve: true };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut number = || {
            words.next().and_then(|n| n.parse().ok()).ok_or_else(|| format!("`{word}` needs a whole number"))
        };
        match *word {
            "--seed" => asked.seed = number()?,
            "--seeds" => asked.seeds = number()?,
            "--only" => asked.only = words.next().map(|s| (*s).to_owned()),
            "--no-curve" => asked.curve = false,
            _ => {
                return Err("usage: cargo xtask evaluate [--seed N] [--seeds N] [--only TEXT] [--no-curve]"
                    .to_owned());
            }
        }
    }
    Ok(asked)
}

/// The commit evaluated and the tree of its crates, with a mark where the files differ from it.
fn commit() -> Done<(String, String)> {
    let out = |args: &[&str]| {
        let out = command("git").args(args).output().map_err(|e| format!("git: {e}"))?;
        Ok::<_, String>(String::from_utf8_lossy(&out.stdout).trim().to_owned())
    };
    let (head, crates) =
        (out(&["rev-parse", "--short", "HEAD"])?, out(&["rev-parse", "--short", "HEAD:crates"])?);
    let changed = !out(&["status", "--porcelain", "crates"])?.is_empty();
    let marked = |name: String| if changed { format!("{name}-changed") } else { name };
    Ok((marked(head), marked(crates)))
}

/// Writes a world, investigates it and judges; or reads what an earlier run has kept.
fn one(
    folder: &Path,
    name: &str,
    scenario: &str,
    days: u32,
    settings: &[(&str, f64)],
    seed: u64,
) -> Done<Outcome> {
    let file = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let kept = folder.join(format!("{file}-{seed}.json"));
    let changed = folder.to_string_lossy().ends_with("-changed");
    if !changed
        && let Ok(text) = std::fs::read(&kept)
        && let Ok(outcome) = serde_json::from_slice(&text)
    {
        return Ok(outcome);
    }
    let place = folder.join(format!("world-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&place);
    let outcome = investigate(&place, scenario, days, settings, seed)?;
    let _ = std::fs::remove_dir_all(&place);
    let text = serde_json::to_vec(&outcome).map_err(|e| e.to_string())?;
    std::fs::write(&kept, text).map_err(|e| format!("{}: {e}", kept.display()))?;
    Ok(outcome)
}

fn investigate(
    place: &Path,
    scenario: &str,
    days: u32,
    settings: &[(&str, f64)],
    seed: u64,
) -> Done<Outcome> {
    let program: PathBuf = target().join("release/weir");
    let (world, case) = (place.join("world"), place.join("case"));
    let mut simulate = command(&program);
    simulate
        .args(["simulate", scenario, "--seed", &seed.to_string(), "--days", &days.to_string(), "-o"])
        .arg(&world);
    for (name, value) in settings {
        simulate.args(["--set", &format!("{name}={value}")]);
    }
    measure(&mut simulate)?;
    let mut investigate = command(&program);
    investigate.arg("investigate").arg(world.join("logs")).arg("-o").arg(&case);
    investigate.arg("--config").arg(world.join("weir.toml"));
    let (seconds, peak) = measure(&mut investigate)?;
    judge::judge(&world, &case, seconds, peak)
}
