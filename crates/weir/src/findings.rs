//! Commands on one finding: what it stands on, and what people make of it.

use crate::cli::{ActOn, Explain, OfFinding, On, Scope, Where};
use crate::cluster;
use crate::commands::{Done, account, now, settings};
use crate::error::ProgramError;
use crate::evidence::Custody;
use crate::terminal::{print, print_json, print_summary, warn};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use weir_engine::report::reported::{Comparing, Listed};
use weir_engine::report::{escape, explain_text, exposure_text, findings_text, words, write_exposure};
use weir_engine::{EngineError, Memory, PROGRAM, Said, Scoping};
use weir_model::case::Exposure;
use weir_model::disposition::{Act, Cover};

/// The lake meant: named, else the case's own.
fn lake(found: Where) -> Result<PathBuf, ProgramError> {
    let (own, case) = match (found.lake, found.case) {
        (Some(lake), _) => return Ok(lake),
        (None, Some(case)) => (case.join("lake"), case),
        (None, None) => {
            return Err(ProgramError::Usage {
                message: "where the finding was found is not named".to_owned(),
                help: Some("name the case with --case or the lake with --lake".to_owned()),
            });
        }
    };
    if own.exists() {
        return Ok(own);
    }
    Err(ProgramError::Usage {
        message: format!("the case `{}` keeps no lake of its own", case.display()),
        help: Some("name the lake it was made from with --lake".to_owned()),
    })
}

/// `weir explain`.
pub async fn explain(asked: Explain, json: bool) -> Done {
    let dir = lake(asked.found)?;
    let lake = weir_engine::open_lake(&dir, false, asked.memory).await?;
    let told = weir_engine::explain(&lake, &asked.finding).await?;
    Custody { lake: &dir, authority: None }.looked(&format!("weir explain {}", asked.finding), None, json);
    if json {
        print_json(&told)?;
    } else {
        print_summary(&explain_text(&told, &dir.display().to_string()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Who was reported before: how many, and who if a file lists them.
pub fn reported(told: Option<String>) -> Result<(Option<u64>, Option<Listed>), ProgramError> {
    let Some(told) = told else { return Ok((None, None)) };
    if let Ok(number) = told.parse() {
        return Ok((Some(number), None));
    }
    let wrong = |message: String| ProgramError::Usage {
        message: format!("`--reported {told}`: {message}"),
        help: Some(
            "give a number, or a file with `namespace:id` or an id a line, or a CSV with a column `subject`"
                .to_owned(),
        ),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits(&told) {
        return Err(wrong(format!("more people than can be counted ({} at most)", u64::MAX)));
    }
    let bare: String =
        told.chars().filter(|c| !matches!(c, ',' | '.' | '_' | '-' | '+' | '\'' | ' ')).collect();
    if digits(&bare) && !Path::new(&told).exists() {
        return Err(wrong("neither a file nor a number of people: write it in digits alone".to_owned()));
    }
    let text = std::fs::read(&told).map_err(|e| wrong(e.to_string()))?;
    let text = String::from_utf8(text).map_err(|e| {
        let before = e.as_bytes().get(..e.utf8_error().valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        wrong(format!("line {line} is not UTF-8; save the list as UTF-8 text"))
    })?;
    let listed = Listed::read(&text).map_err(wrong)?;
    Ok((Some(listed.len()), Some(listed)))
}

/// `weir scope`.
pub async fn scope(asked: Scope, json: bool) -> Done {
    let case = asked.found.case.clone();
    let dir = lake(asked.found)?;
    let lake = weir_engine::open_lake(&dir, false, asked.logs.memory).await?;
    let (reported, listed) = reported(asked.reported)?;
    let settings = settings(&asked.logs)?;
    let other = weir_engine::other_configuration(&lake, &settings, case.as_deref()).await?;
    let limits: Vec<String> = other.into_iter().collect();
    warn(&limits, json);
    let what = Scoping {
        of: asked.of,
        condition: asked.condition,
        settings,
        limits,
        cluster: cluster::reach(asked.runs).await?,
        masked: asked.masked,
        reported,
        program: PROGRAM.to_owned(),
    };
    let key = weir_engine::fingerprints()?;
    let (mut told, people) = weir_engine::scope(&lake, &what, &key).await?;
    let pseudonym = |id: &str| key.pseudonym(id);
    let batches = || people.batches().map_err(EngineError::from);
    if let Some(listed) = &listed {
        let mut comparing = Comparing::new(listed, &pseudonym, &told.divided.things, what.masked);
        comparing.all(batches()?).map_err(EngineError::from)?;
        let (compared, other) = (comparing.told(), comparing.other_key());
        let other: Vec<String> = other.into_iter().collect();
        told.compared = Some(compared);
        warn(&other, json);
        told.limits.extend(other);
    }
    let took = Custody { lake: &dir, authority: asked.logs.authority };
    let Some(folder) = &asked.output else {
        let of = if what.of.is_empty() { String::new() } else { format!(" {}", what.of.join(" ")) };
        took.looked(&format!("weir scope{of}"), what.condition.as_deref(), json);
        return shown(&told, None, json);
    };
    let beside = match &listed {
        Some(listed) => {
            Some((Comparing::new(listed, &pseudonym, &told.divided.things, what.masked), batches()?))
        }
        None => None,
    };
    write_exposure(folder, &told, batches()?, beside).map_err(EngineError::from)?;
    let written = ["exposure.json", "scope.csv", "scope.parquet"].into_iter();
    let files: Vec<PathBuf> =
        written.chain(listed.is_some().then_some("reported.csv")).map(|name| folder.join(name)).collect();
    took.exported(if what.masked { "weir scope --masked" } else { "weir scope" }, &files)?;
    shown(&told, Some(folder), json)
}

fn shown(told: &Exposure, folder: Option<&Path>, json: bool) -> Done {
    if json {
        print_json(told)?;
    } else {
        let folder = folder.map(|folder| folder.display().to_string());
        print_summary(&exposure_text(told, folder.as_deref()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// `weir finding list`.
async fn list(found: Where, json: bool) -> Done {
    let dir = lake(found)?;
    let lake = weir_engine::open_lake(&dir, false, Memory::default()).await?;
    let findings = weir_engine::listed(lake.folder().map_err(EngineError::from)?)?;
    Custody { lake: &dir, authority: None }.looked("weir finding list", None, json);
    if json {
        print_json(&findings)?;
    } else {
        print_summary(&findings_text(&findings))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// `weir finding`.
pub async fn say(asked: OfFinding, json: bool) -> Done {
    let (on, act, scope, until) = match asked.act {
        ActOn::List(found) => return list(found, json).await,
        ActOn::Ack(on) => (on, Act::Acknowledge, Cover::Finding, None),
        ActOn::Suppress { on, until, scope } => (on, Act::Suppress, Cover::from(scope), Some(until)),
        ActOn::Annotate(on) => (on, Act::Annotate, Cover::Finding, None),
        ActOn::Reopen { on, scope } => (on, Act::Reopen, Cover::from(scope), None),
    };
    let On { finding, found, reason, by } = on;
    // Opened for the check that it is a lake: nothing is recorded in a folder that is none.
    let lake = weir_engine::open_lake(&lake(found)?, false, Memory::default()).await?;
    let said = Said { finding, act, scope, until, reason, by: by.unwrap_or_else(account), time: now() };
    let recorded = weir_engine::say(lake.folder().map_err(EngineError::from)?, said)?;
    if json {
        print_json(&recorded)?;
    } else {
        let words = escape::terminal(&words::said(&recorded), 300);
        let then = match recorded.until.filter(|until| *until <= recorded.then.last_seen) {
            Some(_) => "It has ended already: the finding's last event is not before that time.",
            None => "It counts from the next `weir investigate`.",
        };
        print(&format!("{} {words}\n{then}\n", recorded.finding))?;
    }
    Ok(ExitCode::SUCCESS)
}
