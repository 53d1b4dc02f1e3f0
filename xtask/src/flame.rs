//! `cargo xtask flame`: where `weir ingest` spends its time, as a flame graph in `docs/flame-ingest.svg`.
//!
//! Decisive choice: folding and drawing are ours. The crate for it, `inferno`, is CDDL-1.0, which `deny.toml` does not allow; and a drawing that is
//! looked at in a page needs no script.

mod draw;
mod stacks;

use crate::bench::inputs::Input;
use crate::run::{Done, command, finish, on_path, root, say, target};
use stacks::Stacks;
use std::path::PathBuf;

const PAGE: &str = "docs/flame-ingest.svg";
const LINES: u64 = 2_000_000;
/// Samples a second: a prime, so that nothing regular keeps step with it.
const HERTZ: &str = "199";
/// The most of a stack that is kept with a sample, in bytes; frames beyond it are lost.
const CALL_GRAPH: &str = "dwarf,32768";

const USAGE: &str = "usage: cargo xtask flame [--weir PATH] [--lines N]";

/// Records, folds and draws.
pub fn run(arguments: &[&str]) -> Done {
    let (mut weir, mut lines) = (None, LINES);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or(USAGE)?;
        match *word {
            "--weir" => weir = Some(root().join(value)),
            "--lines" => lines = value.parse().map_err(|_| "`--lines` needs a whole number".to_owned())?,
            _ => return Err(USAGE.to_owned()),
        }
    }
    let perf = on_path("perf").ok_or("`perf` is not here (Debian: apt install linux-perf)")?;
    let folder = target().join("bench");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let weir = match weir {
        Some(weir) => weir,
        None => {
            finish("release build", command("cargo").args(["build", "--release"]))?;
            target().join("release/weir")
        }
    };
    let log = Input::Access.make(&folder, lines)?;
    let (lake, samples) = (folder.join("flame-lake"), folder.join("flame.perf"));
    let _ = std::fs::remove_dir_all(&lake);
    let mut record = command(&perf);
    record.args(["record", "--quiet", "--freq", HERTZ, "--call-graph", CALL_GRAPH, "--output"]).arg(&samples);
    record.arg("--").arg(&weir).arg("ingest").arg(&log).arg("--lake").arg(&lake);
    finish("perf record (if it may not: sysctl kernel.perf_event_paranoid=1)", &mut record)?;
    let stacks = folded(&perf, &samples);
    let _ = std::fs::remove_dir_all(&lake);
    let _ = std::fs::remove_file(&samples);
    let stacks = stacks?;
    say(&format!("   {} samples", stacks.samples()));
    let title = format!("weir ingest: {} samples of {lines} access lines", stacks.samples());
    std::fs::write(root().join(PAGE), draw::svg(&stacks, &title)).map_err(|e| format!("{PAGE}: {e}"))
}

fn folded(perf: &PathBuf, samples: &PathBuf) -> Done<Stacks> {
    say("── perf script");
    let mut script = command(perf);
    script.args(["script", "--no-inline", "--fields", "comm,ip,sym", "--input"]).arg(samples);
    let said = script.output().map_err(|e| format!("perf script: {e}"))?;
    let stacks = Stacks::of(&String::from_utf8_lossy(&said.stdout));
    if said.status.success() && stacks.samples() > 0 {
        Ok(stacks)
    } else {
        Err(format!("perf script gave no stacks: {}", String::from_utf8_lossy(&said.stderr)))
    }
}
