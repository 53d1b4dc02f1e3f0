//! `cargo xtask scale`: how each stage grows with records and cores, and what follows for the log that Weir is for; writes `docs/scale.md`.
//!
//! Decisive choice: stages are told apart by running them one at a time on one lake: `weir ingest`, then an investigation of a time without
//! records, which only folds again, then the whole one. So what is measured is what a user runs.

mod fit;
mod page;
mod plan;
mod runs;

use crate::measure::lacks_room;
use crate::run::{Done, command, finish, on_path, root, say, skip, target};
pub use runs::World;
use runs::{Machine, Measured, Run};
use std::path::{Path, PathBuf};
use xtask::logs::{ADDRESSES, MEMBERS};

const RECORDS: [u64; 4] = [1_000_000, 4_000_000, 16_000_000, 100_000_000];
/// The largest log that one core reads as well, unless asked for otherwise.
const ONE_CORE_MAX: u64 = 16_000_000;
/// The log that is read once more with ten times the addresses and people.
const MANY_ENTITIES_RECORDS: u64 = 4_000_000;
const MANY_TIMES: u64 = 10;
/// What a log and its lake take at most, in bytes a record.
const DISK_BYTES: u64 = 60;

const USAGE: &str =
    "usage: cargo xtask scale [--weir PATH] [--records N,N,...] [--one-core-max N] [--print] [--page]";

/// What is asked for.
struct Asked {
    weir: Option<PathBuf>,
    records: Vec<u64>,
    one_core_max: u64,
    /// Whether the page goes to the terminal and stays as it is.
    print: bool,
    /// Whether the page is made of what was measured last.
    page: bool,
}

/// Measures and writes the page.
pub fn run(arguments: &[&str]) -> Done {
    let asked = read(arguments)?;
    let folder = target().join("scale");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let kept = folder.join("measured.json");
    let measured = if asked.page {
        let text = std::fs::read(&kept)
            .map_err(|e| format!("nothing was measured before: {}: {e}", kept.display()))?;
        serde_json::from_slice(&text).map_err(|e| format!("{}: {e}", kept.display()))?
    } else {
        let measured = measure(&asked, &folder, arguments)?;
        let text = serde_json::to_vec(&measured).map_err(|e| e.to_string())?;
        std::fs::write(&kept, text).map_err(|e| format!("{}: {e}", kept.display()))?;
        measured
    };
    let page = page::page(&measured)?;
    if asked.print {
        say(&page);
        return Ok(());
    }
    std::fs::write(root().join(page::PAGE), page).map_err(|e| format!("{}: {e}", page::PAGE))
}

fn read(arguments: &[&str]) -> Done<Asked> {
    let mut asked = Asked {
        weir: None,
        records: RECORDS.to_vec(),
        one_core_max: ONE_CORE_MAX,
        print: false,
        page: false,
    };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut next = || words.next().copied().ok_or_else(|| format!("`{word}` needs a value"));
        let number = |text: &str| {
            let number = text.parse::<u64>().ok().filter(|n| *n > 0);
            number.ok_or_else(|| format!("`{word}` needs whole numbers above 0"))
        };
        match *word {
            "--weir" => asked.weir = Some(PathBuf::from(next()?)),
            "--records" => asked.records = next()?.split(',').map(number).collect::<Done<_>>()?,
            "--one-core-max" => asked.one_core_max = number(next()?)?,
            "--print" => asked.print = true,
            "--page" => asked.page = true,
            _ => return Err(USAGE.to_owned()),
        }
    }
    asked.records.sort_unstable();
    asked.records.dedup();
    if asked.records.len() < 2 {
        return Err("growth needs at least two numbers of records".to_owned());
    }
    Ok(asked)
}

fn measure(asked: &Asked, folder: &Path, arguments: &[&str]) -> Done<Measured> {
    let machine = Machine::new(arguments)?;
    let weir = match &asked.weir {
        Some(weir) => root().join(weir),
        None => {
            finish("release build", command("cargo").args(["build", "--release"]))?;
            target().join("release/weir")
        }
    };
    let one_core = on_path("taskset").is_some();
    if !one_core {
        skip("runs on one core", "`taskset` is not here (Debian: util-linux)")?;
    }
    let mut runs = Vec::new();
    for records in &asked.records {
        let cores =
            if one_core && *records <= asked.one_core_max { [1, machine.cores] } else { [machine.cores; 2] };
        runs.extend(on_cores(
            &weir,
            folder,
            &World { records: *records, addresses: ADDRESSES, members: MEMBERS, in_turn: false },
            &cores,
        )?);
    }
    if asked.records.contains(&MANY_ENTITIES_RECORDS) {
        let world = World {
            records: MANY_ENTITIES_RECORDS,
            addresses: ADDRESSES * MANY_TIMES,
            members: MEMBERS * MANY_TIMES,
            in_turn: false,
        };
        runs.extend(on_cores(&weir, folder, &world, &[machine.cores])?);
    }
    Ok(Measured { machine, runs })
}

/// A world's log read with each number of cores, each number once; nothing of it is kept.
fn on_cores(weir: &Path, folder: &Path, world: &World, cores: &[usize]) -> Done<Vec<Run>> {
    if let Some(why) = lacks_room(folder, world.records * DISK_BYTES / 1_000_000_000 + 1) {
        return Err(format!("{} records: {why} in {}", world.records, folder.display()));
    }
    let log = folder.join("log");
    let _ = std::fs::remove_dir_all(&log);
    say(&format!("── {} records, {} addresses: the log is written", world.records, world.addresses));
    world.write(&log)?;
    let mut cores = cores.to_vec();
    cores.dedup();
    let runs = cores.iter().map(|cores| world.measure(weir, folder, &log, *cores)).collect();
    let _ = std::fs::remove_dir_all(&log);
    runs
}
