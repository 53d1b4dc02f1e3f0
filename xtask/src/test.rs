//! `cargo xtask test`: format, lints, licences, tests; each step does its own set-up.

use crate::run::{Done, command, finish, on_ci, skip};
use crate::{tidy, tools};

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
        let lint = ["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"];
        finish("lints", command("cargo").args(lint))?;
        licences()?;
    }
    let mut test = command("cargo");
    test.args(["test", "--workspace"]);
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
