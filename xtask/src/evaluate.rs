//! `cargo xtask evaluate`: how good the findings are, on worlds whose truth is known.
//!
//! It drives the program as a user would: `weir simulate` writes a world, `weir investigate` with default settings reads it, and the case
//! folder is compared with `truth.json`. What was measured is kept under the target folder by the crates' tree (or by the program's content,
//! with `--weir`), so an interrupted evaluation goes on where it stopped, seed by seed. The quick form measures as many seeds as ten minutes
//! allow, the first of everything before the second of anything, and shows what the full form has left; the full form measures all, the
//! largest worlds last. The seeds are not those of any test.

mod bars;
mod bounds;
mod budget;
mod cases;
mod chance;
mod drive;
mod judge;
mod laws;
mod pieces;
mod table;

use crate::measure::measure;
use crate::run::{Done, command, finish, root, say, target};
use bars::Measured;
use budget::Quiet;
use cases::{CASES, CURVE, CURVE_DAYS, Case, curve_settings};
use drive::{Bench, Effort, World, shared};
use judge::Outcome;
use std::hash::{DefaultHasher, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// First seed unless told otherwise.
const SEED: u64 = 9_001;
const SEEDS: u64 = 5;
/// Seeds of each world that is counted.
const SEEDS_COUNTED: u64 = 25;
/// When the quick form begins nothing new any more.
const QUICK: Duration = Duration::from_secs(540);

/// Quiet worlds at growing budgets.
const QUIET: Quiet = Quiet { days: 120, members: 300.0, budgets: BUDGETS };
const QUIET_FULL: Quiet = Quiet { days: 365, members: 1_500.0, budgets: BUDGETS };
const BUDGETS: &[f64] = &[1.0, 10.0, 100.0, 1_000.0, 10_000.0];

/// Members of the world whose memory is measured over 30 days and over 208.
const MEMORY_MEMBERS: f64 = 40_000.0;

/// What was asked for.
struct Asked {
    seed: u64,
    seeds: u64,
    only: Option<String>,
    curve: bool,
    full: bool,
    weir: Option<PathBuf>,
}

/// Runs the evaluation.
pub fn run(arguments: &[&str]) -> Done {
    let asked = read(arguments, SEEDS)?;
    let (program, told, keeps, folder) = program(&asked)?;
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let bench = Bench::new(program, folder, keeps, (!asked.full).then_some(QUICK));
    let mut measured = Measured::default();
    for seed in asked.all_seeds() {
        round(&bench, &asked, seed, &mut measured)?;
        publish(&bench, &asked, &told, &measured)?;
    }
    let large = if asked.full { Effort::Measure } else { Effort::Recall };
    for seed in asked.all_seeds() {
        for case in CASES.iter().filter(|case| case.needs_gb > 0 && asked.wants(case.name)) {
            world(&bench, case, seed, large, &mut measured)?;
            publish(&bench, &asked, &told, &measured)?;
        }
    }
    say(&publish(&bench, &asked, &told, &measured)?);
    let failed = bench.failed.into_inner();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("not everything could be measured: {}", failed.join("; ")))
    }
}

/// Counts whom worlds' leaks concerned; by itself, since it takes a world twice and many of them.
pub fn count(arguments: &[&str]) -> Done {
    let asked = read(arguments, SEEDS_COUNTED)?;
    let (program, told, keeps, folder) = program(&asked)?;
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    bounds::bounds(&Bench::new(program, folder, keeps, None), &told, asked.all_seeds())
}

/// Writes the page with what was measured so far.
fn publish(bench: &Bench, asked: &Asked, told: &str, measured: &Measured) -> Done<String> {
    let head = table::Head {
        full: asked.full,
        program: told.to_owned(),
        seed: asked.seed,
        seeds: asked.seeds,
        minutes: bench.elapsed().as_secs_f64() / 60.0,
        failed: bench.failed.borrow().clone(),
    };
    let page = table::page(&head, measured);
    if asked.only.is_none() {
        let path = root().join("docs/evaluation.md");
        std::fs::write(&path, &page).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(page)
}

/// Everything but the largest worlds, for one seed.
fn round(bench: &Bench, asked: &Asked, seed: u64, measured: &mut Measured) -> Done {
    for case in CASES.iter().filter(|case| case.needs_gb == 0 && asked.wants(case.name)) {
        world(bench, case, seed, Effort::Measure, measured)?;
    }
    // Laws hold or do not: one seed shows it.
    let first = seed == asked.seed;
    if first {
        laws_of(bench, asked, seed, measured)?;
    }
    if asked.wants("budget") {
        let spend = |quiet: &Quiet, effort| {
            let name = format!("budget {} {}", quiet.days, quiet.members);
            bench.once(&name, seed, effort, |at| budget::spend(bench, at, seed, quiet))
        };
        let large = if asked.full { Effort::Measure } else { Effort::Recall };
        let spent = match spend(&QUIET_FULL, large)? {
            Some(spent) => Some(spent),
            None => spend(&QUIET, Effort::Measure)?,
        };
        measured.spent(spent);
    }
    if asked.curve && asked.wants("curve") {
        let effort = if first || asked.full { Effort::Measure } else { Effort::Recall };
        for (issuance, people) in
            [true, false].into_iter().flat_map(|kept| CURVE.map(|people| (kept, people)))
        {
            point(bench, (people, issuance), seed, effort, measured)?;
        }
    }
    Ok(())
}

/// Memory, time and order; the larger form of each where it is asked for or was measured before.
fn laws_of(bench: &Bench, asked: &Asked, seed: u64, measured: &mut Measured) -> Done {
    let large = if asked.full { Effort::Measure } else { Effort::Recall };
    if asked.wants("determinism") {
        measured.arrivals =
            bench.once("determinism", seed, Effort::Measure, |at| laws::arrivals(bench, at, seed))?;
    }
    if asked.wants("memory") {
        // Buffers fill up with a million records; fewer would be measured against less than what the program may hold.
        let name = format!("memory {MEMORY_MEMBERS}");
        measured.memory =
            bench.once(&name, seed, large, |at| laws::memory(bench, at, seed, MEMORY_MEMBERS))?;
    }
    if asked.wants("time") {
        let time = |scenario: &str, members: f64, effort| {
            let leak = [("people", 7.0), ("addresses", 12.0), ("from", 0.0)];
            let mut settings = vec![("members", members), ("issuance", 0.0)];
            settings.extend(leak.iter().filter(|_| scenario == "forged-tokens"));
            let world =
                World { scenario, days: 24, settings: &settings, seed, background: None, compressed: false };
            bench
                .once(&format!("time {scenario} {members}"), seed, effort, |at| laws::time(bench, at, &world))
        };
        let larger = |scenario| match time(scenario, 6_000.0, large)? {
            Some(pair) => Ok(Some(pair)),
            None => time(scenario, 1_500.0, Effort::Measure),
        };
        measured.time = larger("quiet-year")?;
        measured.time_of_a_leak = larger("forged-tokens")?;
    }
    Ok(())
}

/// Writes a world, investigates it and judges.
fn world(bench: &Bench, case: &'static Case, seed: u64, effort: Effort, measured: &mut Measured) -> Done {
    let background = case.background.map(shared);
    if matches!(background, Some(None)) {
        return Ok(());
    }
    let background = background.flatten();
    let world = World {
        scenario: case.scenario,
        days: case.days,
        settings: case.settings,
        seed,
        background: background.as_deref(),
        compressed: case.needs_gb > 0,
    };
    let outcome = bench.once(case.name, seed, effort, |at| match bench.lacks_room(case.needs_gb) {
        Some(why) => Err(why),
        None => investigate(bench, &world, at),
    });
    if let Some(outcome) = outcome? {
        let outcomes = measured.cases.entry(case.name).or_default();
        outcomes.push(outcome);
        say(&table::line(case.name, case.within.is_some(), outcomes));
    }
    Ok(())
}

fn point(
    bench: &Bench,
    (people, issuance): (f64, bool),
    seed: u64,
    effort: Effort,
    measured: &mut Measured,
) -> Done {
    let settings = curve_settings(people, issuance);
    let world = World {
        scenario: "forged-tokens",
        days: CURVE_DAYS,
        settings: &settings,
        seed,
        background: None,
        compressed: false,
    };
    let name = format!("curve {} {people}", u8::from(issuance));
    if let Some(outcome) = bench.once(&name, seed, effort, |at| investigate(bench, &world, at))? {
        say(&table::point(people, issuance, &measured.on_the_curve(people, issuance, outcome)));
    }
    Ok(())
}

fn investigate(bench: &Bench, world: &World<'_>, place: &Path) -> Done<Outcome> {
    let (at, case) = (place.join("world"), place.join("case"));
    bench.simulate(world, &at)?;
    let (seconds, peak) = measure(&mut bench.investigation(&at, &[at.join("logs")], &case))?;
    judge::judge(&at, &case, seconds, peak)
}

impl Asked {
    fn all_seeds(&self) -> std::ops::Range<u64> {
        self.seed..self.seed + self.seeds
    }

    fn wants(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| name.contains(only))
    }
}

const USAGE: &str =
    "usage: cargo xtask evaluate [--full] [--weir PATH] [--seed N] [--seeds N] [--only TEXT] [--no-curve]";

fn read(arguments: &[&str], seeds: u64) -> Done<Asked> {
    let mut asked = Asked { seed: SEED, seeds, only: None, curve: true, full: false, weir: None };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut next = || words.next().copied().ok_or_else(|| format!("`{word}` needs a value"));
        let number = |text: &str| text.parse().map_err(|_| format!("`{word}` needs a whole number"));
        match *word {
            "--seed" => asked.seed = number(next()?)?,
            "--seeds" => asked.seeds = number(next()?)?,
            "--only" => asked.only = Some(next()?.to_owned()),
            "--weir" => asked.weir = Some(PathBuf::from(next()?)),
            "--no-curve" => asked.curve = false,
            "--full" => asked.full = true,
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok(asked)
}

/// The program, what the page says of it, whether what was measured of it before still holds, and where that is kept.
fn program(asked: &Asked) -> Done<(PathBuf, String, bool, PathBuf)> {
    let (commit, tree) = commit()?;
    let folder = target().join("evaluate");
    if let Some(path) = &asked.weir {
        let path = path.canonicalize().map_err(|e| format!("{}: {e}", path.display()))?;
        let content = content(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        return Ok((path, format!("a given program at commit `{commit}`"), true, folder.join(content)));
    }
    finish("release build", command("cargo").args(["build", "--release"]))?;
    let keeps = !tree.ends_with("-changed");
    Ok((target().join("release/weir"), format!("commit `{commit}`"), keeps, folder.join(tree)))
}

/// A name for what a file holds.
fn content(path: &Path) -> std::io::Result<String> {
    let (mut file, mut hasher, mut buffer) =
        (std::fs::File::open(path)?, DefaultHasher::new(), vec![0; 1 << 20]);
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(format!("weir-{:016x}", hasher.finish()));
        }
        hasher.write(buffer.get(..n).unwrap_or_default());
    }
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
