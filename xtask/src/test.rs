//! `cargo xtask test`: format, lints, licences, tests; each step does its own set-up.

use crate::run::{Done, command, finish, on_ci, skip};
use crate::{tidy, tools};

/// What the workspace is built with: everything, once. A build without the cluster has less of the same code.
const FEATURES: [&str; 2] = ["--features", "cluster"];

/// Runs every step; the first failure ends it.
pub fn run(arguments: &[&str]) -> Done {
    let quick = match arguments {
        [] => false,
        ["--quick"] => true,
        _ => return Err("usage: cargo xtask test [--quick]".to_owned()),
    };
    tidy::run()?;
    if !quick {
        finish("format", command("cargo").args(["fmt", "--all", "--check"]))?;
        let mut lint = command("cargo");
        lint.args(["clippy", "--workspace", "--all-targets"])
            .args(FEATURES)
            .args(["--", "--deny", "warnings"]);
        finish("lints", &mut lint)?;
        licences()?;
    }
    let mut test = command("cargo");
    test.args(["test", "--workspace"]).args(FEATURES);
    match (quick, tools::python()) {
        (true, _) => {}
        (false, Ok(python)) => {
            test.env("WEIR_PYTHON", python);
        }
        (false, Err(why)) => skip("tests with other programs", &why)?,
    }
    finish("tests", &mut test)
}

fn licences() -> Done {
    match tools::cargo_tool("cargo-deny") {
        Ok(deny) => {
            // The advisory database is not part of this check; licences, bans and sources need no network.
            let mut check = command(deny);
            check.args(["--all-features", "check", "licenses", "bans", "sources"]);
            finish("licences, bans and sources", &mut check)
        }
        Err(why) if on_ci() => Err(why),
        Err(why) => skip("licences", &why),
    }
}
