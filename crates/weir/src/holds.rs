//! Commands that delete, and those that say what may not be deleted.

use crate::cli::{Erase, HoldAct, HoldAdd, HoldRelease, OfHold, Retain};
use crate::commands::{Done, account, now, progress, settings};
use crate::error::ProgramError;
use crate::terminal::{print, print_json, warn};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;
use weir_engine::evidence::{self, Deed};
use weir_engine::report::escape;
use weir_engine::weir_evidence::custody::Act;
use weir_engine::{Deleted, EngineError, Erasure, Held, Memory, Order, Run, Why, days_before};
use weir_model::Hold;
use weir_model::hold::{Cover, Release};
use weir_model::{Micros, Span};

/// Longest text of a hold's that is shown.
const SHOWN_BYTES_MAX: usize = 300;
/// Most entities of a hold of which it is said that no record names them.
const UNKNOWN_MAX: usize = 20;

/// `weir hold`.
pub async fn hold(asked: OfHold, json: bool) -> Done {
    match asked.act {
        HoldAct::Add(asked) => add(asked, json).await,
        HoldAct::List { lake, count } => list(&lake, count, json).await,
        HoldAct::Release(asked) => release(asked, json).await,
    }
}

async fn add(asked: HoldAdd, json: bool) -> Done {
    let known: Vec<&str> = weir_engine::sources::all().iter().map(|s| s.info().name).collect();
    if let Some(unknown) = asked.source.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(ProgramError::Usage {
            message: format!("no source is named `{unknown}`, so a hold on it would hold nothing"),
            help: Some(format!("known: {}", known.join(", "))),
        });
    }
    let lake = weir_engine::open_lake(&asked.lake, false, Memory::default()).await?;
    let accounts =
        lake.snapshot().await.map_err(EngineError::from)?.intake().await.map_err(EngineError::from)?;
    let unseen = asked.sensor.iter().filter(|name| !accounts.iter().any(|a| a.sensor.as_ref() == Some(name)));
    let unseen = unseen.map(|name| {
        format!("no record of the sensor `{name}` is in this lake yet; the hold covers those that come")
    });
    warn(&unseen.collect::<Vec<_>>(), json);
    let period = Span { since: asked.from, until: asked.to };
    let cover = Cover { period, sources: asked.source, sensors: asked.sensor, entities: asked.entity };
    let by = asked.by.unwrap_or_else(account);
    let order = Order { order: asked.order, reason: asked.reason, by, time: now(), cover, case: asked.case };
    let hold = weir_engine::hold(&lake, order, &*progress(json)).await?;
    held(&asked.lake, &hold)?;
    // The hold stands whether or not it can be counted.
    let counted = weir_engine::held_now(&lake, std::slice::from_ref(&hold)).await;
    let (covers, warning) = match counted {
        Ok(covers) => (covers.into_iter().next(), None),
        Err(error) => {
            (None, Some(format!("hold {} stands; what it covers could not be counted: {error}", hold.id)))
        }
    };
    show(&hold, covers.as_ref(), json)?;
    warn(
        &warning.into_iter().chain(covers.iter().flat_map(|c| matchless(&hold, c))).collect::<Vec<_>>(),
        json,
    );
    Ok(ExitCode::SUCCESS)
}

/// What of a hold matches nothing that the lake has.
fn matchless(hold: &Hold, covers: &Held) -> Vec<String> {
    let id = &hold.id;
    let unknown = covers.unknown.iter().take(UNKNOWN_MAX);
    // What a case's findings accuse is spelled as the lake spells it.
    let mut said: Vec<String> = unknown
        .filter(|_| hold.case.is_none())
        .map(|entity| {
            format!(
                "no record in this lake names {} `{}`: hold {id} covers such records only if they come later; see how records spell it (`weir sql`), and add another hold if it is spelled otherwise",
                entity.kind, entity.value
            )
        })
        .collect();
    if covers.records.is_empty() && hold.versions.is_empty() && said.is_empty() {
        said.push(format!(
            "hold {id} covers no record in this lake now: it holds only what comes later; see that its period, sources, sensors and entities are those meant"
        ));
    }
    said
}

/// Writes a hold into the custody log.
fn held(lake: &Path, hold: &Hold) -> Result<(), EngineError> {
    let why = hold.reason.as_ref().map_or_else(|| hold.id.clone(), |reason| format!("{}: {reason}", hold.id));
    record(lake, Act::Hold, (&hold.by, hold.time), why, Some(hold.order.clone()))
}

fn record(
    lake: &Path,
    what: Act,
    (who, when): (&str, Micros),
    why: String,
    authority: Option<String>,
) -> Result<(), EngineError> {
    evidence::record(lake, &Deed { who: who.to_owned(), when, why, authority }, what, Vec::new())
}

async fn list(dir: &Path, count: bool, json: bool) -> Done {
    let lake = weir_engine::open_lake(dir, false, Memory::default()).await?;
    let holds = weir_engine::holds(&lake).await?;
    let covers = if count { weir_engine::held_now(&lake, &holds).await? } else { Vec::new() };
    for (at, hold) in holds.iter().enumerate() {
        show(hold, covers.get(at), json)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn release(asked: HoldRelease, json: bool) -> Done {
    let lake = weir_engine::open_lake(&asked.lake, false, Memory::default()).await?;
    let by = asked.by.unwrap_or_else(account);
    let release = Release { order: asked.order, reason: asked.reason, by, time: now() };
    let (who, when) = (release.by.clone(), release.time);
    let (why, order) = (format!("{}: {}", asked.id, release.reason), release.order.clone());
    let hold = weir_engine::release_hold(&lake, asked.id, release, &*progress(json)).await?;
    record(&asked.lake, Act::Release, (&who, when), why, Some(order))?;
    show(&hold, None, json)?;
    Ok(ExitCode::SUCCESS)
}

/// A hold for programs, with what it covers where that was counted.
#[derive(serde::Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    hold: &'a Hold,
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<&'a BTreeMap<String, u64>>,
}

fn show(hold: &Hold, covers: Option<&Held>, json: bool) -> Result<(), ProgramError> {
    if json {
        return print_json(&Shown { hold, records: covers.map(|covers| &covers.records) });
    }
    print(&described(hold, covers))
}

/// A hold in words.
fn described(hold: &Hold, covers: Option<&Held>) -> String {
    let safe = |text: &str| escape::terminal(text, SHOWN_BYTES_MAX).to_string();
    let mut text =
        format!("{}  order {}, recorded {} by {}\n", hold.id, safe(&hold.order), hold.time, safe(&hold.by));
    if let Some(reason) = &hold.reason {
        let _ = writeln!(text, "    because {}", safe(reason));
    }
    if let Some(case) = &hold.case {
        let _ = writeln!(
            text,
            "    for the case {}, with {} versions of the lake",
            safe(case),
            hold.versions.len()
        );
    }
    for cover in &hold.covers {
        let _ = writeln!(text, "    covers {}", safe(&covered(cover)));
    }
    if let Some(covers) = covers {
        let _ = writeln!(text, "    {}", counted(&covers.records));
    }
    if let Some(end) = &hold.released {
        let (order, by, reason) = (safe(&end.order), safe(&end.by), safe(&end.reason));
        let _ = writeln!(text, "    released {} by {by}, order {order}: {reason}", end.time);
    }
    text
}

/// How many records there are now, by table.
fn counted(records: &BTreeMap<String, u64>) -> String {
    let sum: u64 = records.values().sum();
    let tables: Vec<String> = records.iter().map(|(table, n)| format!("{table} {n}")).collect();
    let tables = if tables.is_empty() { String::new() } else { format!(": {}", tables.join(", ")) };
    format!("{sum} {} in the lake now{tables}", if sum == 1 { "record" } else { "records" })
}

fn covered(cover: &Cover) -> String {
    let mut parts = Vec::new();
    parts.extend(cover.period.since.map(|at| format!("from {at}")));
    parts.extend(cover.period.until.map(|at| format!("before {at}")));
    if !cover.sources.is_empty() {
        parts.push(format!("of source {}", cover.sources.join(" or ")));
    }
    if !cover.sensors.is_empty() {
        parts.push(format!("of sensor {}", cover.sensors.join(" or ")));
    }
    if !cover.entities.is_empty() {
        let named: Vec<String> = cover.entities.iter().map(ToString::to_string).collect();
        let all = if cover.comparable().is_empty() {
            " (no column of records holds all of these: every record is held)"
        } else {
            ""
        };
        parts.push(format!("that names {}{all}", named.join(" or ")));
    }
    if parts.is_empty() { "everything".to_owned() } else { format!("every record {}", parts.join(", ")) }
}

/// `weir retain`.
pub async fn retain(asked: Retain, json: bool) -> Done {
    let settings = settings(&asked.logs)?;
    let lake = weir_engine::open_lake(&asked.lake, false, asked.logs.memory).await?;
    let time = now();
    let before = match (asked.before, asked.keep) {
        (Some(before), _) => before,
        (None, Some(days)) => days_before(time, days),
        (None, None) => {
            return earlier(
                &lake
                    .snapshot()
                    .await
                    .map_err(EngineError::from)?
                    .removals()
                    .await
                    .map_err(EngineError::from)?,
                json,
            );
        }
    };
    let kept = time.0.saturating_sub(before.0).max(0) as f64 / weir_model::time::DAY_US as f64;
    warn(&short(kept, &settings), json);
    let run = Run { by: account(), time, dry: asked.dry_run };
    let done = weir_engine::retain(&lake, &settings, before, &run, &*progress(json)).await?;
    let changed = done.files > 0 || done.gone.values().chain(done.compacted.values()).any(|n| *n > 0);
    if !run.dry && changed {
        let why = format!("weir retain: records of before {before}");
        let deed = Deed { who: run.by, when: run.time, why, authority: asked.logs.authority };
        evidence::record_deletion(&asked.lake, &deed, &done)?;
    }
    told(&done, &format!("of before {before}"), "", json)
}

/// What is lost by keeping records for so many days.
fn short(days: f64, settings: &weir_engine::Settings) -> Vec<String> {
    let said = |lost: String| {
        format!("records younger than is needed go, {:.0} days are kept: {lost}", days.floor())
    };
    weir_engine::too_short(days, &settings.config).into_iter().map(said).collect()
}

/// `weir erase`.
pub async fn erase(asked: Erase, json: bool) -> Done {
    let settings = settings(&asked.logs)?;
    let lake = weir_engine::open_lake(&asked.lake, false, asked.logs.memory).await?;
    let (namespace, id) = asked.subject;
    let what =
        Erasure { namespace, id, order: asked.order, reason: asked.reason, except_held: asked.except_held };
    let run = Run { by: account(), time: now(), dry: asked.dry_run };
    let key = weir_engine::fingerprints()?;
    let done = weir_engine::erase(&lake, &settings, &key, &what, &run, &*progress(json)).await?;
    if !run.dry {
        let why = format!("weir erase: {}", what.reason);
        let authority = asked.logs.authority.map_or(what.order.clone(), |by| format!("{}; {by}", what.order));
        let deed = Deed { who: run.by, when: run.time, why, authority: Some(authority) };
        evidence::record_deletion(&asked.lake, &deed, &done)?;
    }
    warn(&done.warnings, json);
    told(&done, "that show or name the person", STILL_NAMED, json)
}

/// What is beyond the lake after an erasure.
const STILL_NAMED: &str = "cases, sealed bags and source logs from before still name the person: docs/retention.md says what to do with them\n";

fn told(done: &Deleted, which: &str, after: &str, json: bool) -> Done {
    if json {
        print_json(done)?;
        return Ok(ExitCode::SUCCESS);
    }
    let sum = |of: &BTreeMap<String, u64>| of.values().sum::<u64>();
    let mut text =
        format!("{} rows {which} {}", sum(&done.gone), if done.dry { "would go" } else { "are gone" });
    for (table, rows) in &done.gone {
        let _ = write!(text, "; {table} {rows}");
    }
    text.push('\n');
    if !done.holds.is_empty() {
        let holds: Vec<&str> = done.holds.iter().map(String::as_str).collect();
        let _ = writeln!(text, "{} rows stay under {}", sum(&done.held), holds.join(", "));
    }
    if !done.dry {
        let compacted = sum(&done.compacted);
        let _ = writeln!(
            text,
            "{compacted} small files put together; {} files freed, {} bytes",
            done.files, done.bytes
        );
    }
    if !done.undecided.is_empty() {
        let rows: Vec<String> =
            done.undecided.iter().map(|(table, rows)| format!("{table} {rows}")).collect();
        let _ = writeln!(
            text,
            "{} rows may be the person's and stay ({}): a login of that name, unless a link from `actor` says whose it is; a session that others had as well; a short number in what could not be read",
            sum(&done.undecided),
            rows.join(", ")
        );
    }
    if !done.dry {
        text.push_str(after);
    }
    if done.pinned > 0 {
        let _ = writeln!(text, "{} old files stay for versions that are held", done.pinned);
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// What earlier runs deleted.
fn earlier(runs: &[weir_engine::Removed], json: bool) -> Done {
    for run in runs {
        if json {
            print_json(
                &serde_json::json!({ "run": run.run, "time": run.time, "by": run.by, "why": run.why, "gone": run.gone }),
            )?;
            continue;
        }
        let why = match &run.why {
            Why::Retention { before } => format!("of before {before}"),
            Why::Erasure { subject, order, reason } => format!("of {subject}, order {order}: {reason}"),
            _ => String::new(),
        };
        let rows: Vec<String> = run.gone.iter().map(|(table, rows)| format!("{table} {rows}")).collect();
        let text = format!("{} by {}: {} {why}", run.time, run.by, rows.join(", "));
        print(&format!("{}\n", escape::terminal(&text, SHOWN_BYTES_MAX)))?;
    }
    Ok(ExitCode::SUCCESS)
}
