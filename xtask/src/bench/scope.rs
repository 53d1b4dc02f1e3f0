//! `cargo xtask bench scope`: whom it concerned, where it is thirty million people.
//!
//! Decisive choice: the log names each person twice, far apart and among all others, which is the worst order for whoever counts them. Who they are is
//! known, so an answer that is not exact fails.

use super::CONFIG;
use crate::measure::{lacks_room, measure};
use crate::run::{Done, command, finish, say, target};
use crate::scale::World;
use xtask::logs::ADDRESSES;

const PEOPLE: u64 = 30_000_000;
const SECONDS_MAX: f64 = 60.0;
const BYTES_MAX: u64 = 2_000_000_000;
/// What log, lake and answer take, in GB, for so many people.
const ROOM_GB: u64 = 12;
/// What people set aside and the answer take, in GB.
const ANSWER_GB: u64 = 7;

/// Runs the bench.
pub fn run(arguments: &[&str]) -> Done {
    let people = match arguments {
        [] => PEOPLE,
        ["--people", n] => n.parse().map_err(|_| "`--people` needs a whole number".to_owned())?,
        _ => return Err("usage: cargo xtask bench scope [--people N]".to_owned()),
    };
    let folder = target().join("bench").join(format!("scope-{people}"));
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    finish("release build", command("cargo").args(["build", "--release"]))?;
    let (logs, lake, config) = (folder.join("logs"), folder.join("lake"), folder.join("weir.toml"));
    std::fs::write(&config, CONFIG).map_err(|e| format!("{}: {e}", config.display()))?;
    let weir = || command(target().join("release/weir"));
    let room = if lake.exists() { ANSWER_GB } else { ROOM_GB };
    if let Some(why) = lacks_room(&folder, room * people / PEOPLE + 1) {
        return Err(why);
    }
    if !lake.exists() {
        say(&format!("── a log that names {people} people twice"));
        let everybody = World { records: 2 * people, addresses: ADDRESSES, members: people, in_turn: true };
        everybody.write(&logs)?;
        let part = folder.join("lake.part");
        drop(std::fs::remove_dir_all(&part));
        finish(
            "ingest",
            weir().arg("ingest").arg(&logs).arg("--lake").arg(&part).arg("--config").arg(&config),
        )?;
        drop(std::fs::remove_dir_all(&logs));
        std::fs::rename(&part, &lake).map_err(|e| format!("{}: {e}", lake.display()))?;
    }
    say("── whom it concerned");
    let answer = folder.join("people");
    drop(std::fs::remove_dir_all(&answer));
    let mut asked = weir();
    asked
        .args(["scope", "--where", "true"])
        .arg("--lake")
        .arg(&lake)
        .arg("--config")
        .arg(&config)
        .arg("-o")
        .arg(&answer);
    let (seconds, memory) = measure(&mut asked)?;
    let told = std::fs::read_to_string(answer.join("exposure.json")).map_err(|e| e.to_string())?;
    let told: serde_json::Value = serde_json::from_str(&told).map_err(|e| e.to_string())?;
    let bounds = &told["scope"]["subjects"];
    drop(std::fs::remove_dir_all(&answer));
    say(&format!(
        "{people} people in {} records: {bounds}; {seconds:.1} s, peak {} MB",
        2 * people,
        memory / 1_000_000
    ));
    if bounds["lower"] != people || bounds["upper"] != people {
        return Err(format!("the log shows {people} people, exactly"));
    }
    let bars = people == PEOPLE;
    if bars && (seconds > SECONDS_MAX || memory > BYTES_MAX) {
        return Err(format!("the bars are {SECONDS_MAX} s and {} MB", BYTES_MAX / 1_000_000));
    }
    Ok(())
}
