//! `cargo xtask fuzz`: every fuzz target of `fuzz/` for a stated time.

use crate::run::{Done, command, finish, root, target};
use crate::tools;

/// Runs each target; the first crash ends it.
pub fn run(arguments: &[&str]) -> Done {
    let seconds = match arguments {
        [] => 30,
        ["--seconds", n] => n.parse::<u32>().map_err(|_| format!("`{n}` is not a number of seconds"))?,
        _ => return Err("usage: cargo xtask fuzz [--seconds N]".to_owned()),
    };
    let fuzz = tools::cargo_tool("cargo-fuzz")?;
    let folder = root().join("fuzz/fuzz_targets");
    let entries = std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|e| e.path().file_stem().map(|s| s.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    for name in names {
        let mut run = command(&fuzz);
        // The sanitizer flags are nightly's; the stable compiler accepts them with its bootstrap switch.
        run.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", target().join("fuzz"));
        run.args(["run", &name, "--", &format!("-max_total_time={seconds}"), "-rss_limit_mb=4096"]);
        finish(&format!("fuzz {name} for {seconds} s"), &mut run)?;
    }
    Ok(())
}
