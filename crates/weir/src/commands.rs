//! One function per command.

use crate::cli::{Cli, Command, Ingest, Investigate, Learn, Logs, Named, Report, Simulate, Sql};
use crate::error::ProgramError;
use crate::terminal::{Bar, print, print_bytes, print_json, print_summary, warn};
use crate::{cluster, diff, evidence, findings, holds};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use weir_engine::report::escape;
use weir_engine::report::pdf::Layout;
use weir_engine::{Asked, EngineError, Investigation, Progress, Quiet, Settings, Then, Unmasked};
use weir_model::case::Case;
use weir_model::{Micros, Severity, Span};

pub type Done = Result<ExitCode, ProgramError>;

/// Runs the command asked for.
pub async fn run(cli: Cli) -> Done {
    let json = cli.global.json;
    match cli.command {
        Command::Investigate(asked) => investigate(asked, json).await,
        Command::Explain(asked) => findings::explain(asked, json).await,
        Command::Finding(asked) => findings::say(asked, json).await,
        Command::Scope(asked) => findings::scope(asked, json).await,
        Command::Diff(asked) => diff::run(&asked, json),
        Command::Evidence(asked) => evidence::run(asked, json).await,
        Command::Ingest(asked) => ingest(asked, json).await,
        Command::Sql(asked) => sql(asked, json).await,
        Command::Hold(asked) => holds::hold(asked, json).await,
        Command::Retain(asked) => holds::retain(asked, json).await,
        Command::Erase(asked) => holds::erase(asked, json).await,
        Command::Cluster(asked) => cluster::run(asked.part).await,
        Command::Learn(asked) => learn(asked).await,
        Command::Sources(asked) => sources(&asked, json),
        Command::Detectors(asked) => detectors(&asked, json),
        Command::Schema(asked) => schema(&asked),
        Command::Report(asked) => report(asked),
        Command::Formats(asked) => formats(&asked, json),
        Command::Simulate(asked) => simulate(&asked, json),
        Command::Completions { shell } => completions(shell),
    }
}

pub fn settings(logs: &Logs) -> Result<Settings, EngineError> {
    logs.config.as_deref().map_or_else(|| Ok(Settings::default()), Settings::read)
}

pub fn progress(json: bool) -> Box<dyn Progress> {
    use std::io::IsTerminal;
    if json || !std::io::stderr().is_terminal() { Box::new(Quiet) } else { Box::new(Bar::default()) }
}

async fn investigate(asked: Investigate, json: bool) -> Done {
    let lake = asked.lake.unwrap_or_else(|| asked.output.join("lake"));
    if asked.inputs.is_empty() && !lake.exists() {
        return Err(ProgramError::Usage {
            message: "there is nothing to investigate".to_owned(),
            help: Some("name files or folders of logs, or a lake that holds some with --lake".to_owned()),
        });
    }
    if asked.alert_budget.is_nan() || asked.alert_budget <= 0.0 {
        return Err(ProgramError::Usage {
            message: "`--alert-budget` must be more than 0".to_owned(),
            help: None,
        });
    }
    if let (Some(since), Some(until)) = (asked.since, asked.until)
        && since >= until
    {
        return Err(ProgramError::Usage {
            message: format!("`--since` {since} is not before `--until` {until}"),
            help: Some("the period holds what is at or after the first and before the second".to_owned()),
        });
    }
    let (reported, listed) = findings::reported(asked.reported)?;
    let mut settings = settings(&asked.logs)?;
    settings.config.organisation.reported = reported.or(settings.config.organisation.reported);
    let what = Investigation {
        inputs: asked.inputs,
        lake,
        case: asked.output,
        settings,
        memory: asked.logs.memory,
        cluster: cluster::reach(asked.runs).await?,
        span: Span { since: asked.since, until: asked.until },
        alert_budget: asked.alert_budget,
        listed,
        program: weir_engine::PROGRAM.to_owned(),
    };
    let done = weir_engine::investigate(&what, &weir_engine::fingerprints()?, &*progress(json)).await?;
    let took = evidence::Custody { lake: &what.lake, authority: asked.logs.authority };
    took.acquired(&done.ingested.intake, "weir investigate")?;
    took.read("weir investigate", &[what.case.join("case.json")])?;
    if json {
        print_json(&done.case)?;
    } else {
        print_summary(&weir_engine::report::summary_text(&done.case, &done.report.display().to_string()))?;
    }
    warn(&done.ingested.warnings, json);
    let totals = &done.case.totals;
    if totals.parsed + totals.duplicates == 0 {
        return Err(ProgramError::NothingRead);
    }
    let worst = done.case.findings.iter().filter(|f| f.calls()).map(|f| f.severity).max();
    let met = asked.fail_on.map(Severity::from).is_some_and(|bar| worst.is_some_and(|w| w >= bar));
    Ok(ExitCode::from(if met { 3 } else { 0 }))
}

async fn ingest(asked: Ingest, json: bool) -> Done {
    let settings = settings(&asked.logs)?;
    let lake = weir_engine::open_lake(&asked.lake, true, asked.logs.memory).await?;
    let leave_out = [asked.lake.clone()];
    let key = weir_engine::fingerprints()?;
    let done =
        weir_engine::ingest(Then::Rest, &lake, &asked.inputs, &leave_out, &settings, &key, &*progress(json))
            .await?;
    let took = evidence::Custody { lake: &asked.lake, authority: asked.logs.authority };
    took.acquired(&done.intake, "weir ingest")?;
    warn(&done.warnings, json);
    if json {
        for row in &done.intake {
            print_json(row)?;
        }
        return read_something(&done.intake);
    }
    let sum = |of: fn(&weir_model::intake::Intake) -> u64| done.intake.iter().map(of).sum::<u64>();
    let unread: Vec<_> = done.intake.iter().filter(|i| i.source.is_none()).collect();
    print(&format!(
        "{} files: {} records, {} read, {} rejected, {} known before; {} files unread\n",
        done.intake.len(),
        sum(|i| i.records),
        sum(|i| i.parsed),
        sum(|i| i.rejected),
        sum(|i| i.duplicates),
        unread.len()
    ))?;
    for row in unread {
        print(&format!("  unread: {} ({})\n", row.path.escape_debug(), row.why().escape_debug()))?;
    }
    for row in done.intake.iter().filter(|i| i.source.is_some() && i.cut_short()) {
        let (path, left) = (row.path.escape_debug(), row.bytes_unread);
        print(&format!("  read in part: {path} ({}; {left} bytes left)\n", row.why()))?;
    }
    read_something(&done.intake)
}

/// Failure where no record of any file could be read.
fn read_something(intake: &[weir_model::intake::Intake]) -> Done {
    if intake.iter().all(|i| i.parsed + i.duplicates == 0) {
        return Err(ProgramError::NothingRead);
    }
    Ok(ExitCode::SUCCESS)
}

async fn sql(asked: Sql, json: bool) -> Done {
    let settings = settings(&asked.logs)?;
    let lake = weir_engine::open_lake(&asked.lake, false, asked.logs.memory).await?;
    let unmasked =
        asked.reason.filter(|_| asked.unmask).map(|reason| Unmasked { time: now(), user: account(), reason });
    let key = weir_engine::fingerprints()?;
    let how = Asked { unmasked, cluster: cluster::reach(asked.runs).await? };
    let weir_engine::Answer { batches, notices } =
        weir_engine::sql(&lake, &settings, &key, &asked.query, &how).await?;
    let took = evidence::Custody { lake: &asked.lake, authority: asked.logs.authority };
    let by_name = how.unmasked.map(|who| format!(", people by name ({})", who.reason)).unwrap_or_default();
    took.looked(&format!("weir sql{by_name}"), Some(&asked.query), json);
    let wrong = |message: String| ProgramError::Output { message };
    if json {
        let mut writer = arrow_json::LineDelimitedWriter::new(Vec::new());
        let refs: Vec<&arrow_array::RecordBatch> = batches.iter().collect();
        writer.write_batches(&refs).and_then(|()| writer.finish()).map_err(|e| wrong(e.to_string()))?;
        print(&escape::json(&String::from_utf8_lossy(&writer.into_inner())))?;
    } else {
        let table = arrow_cast::pretty::pretty_format_batches(&batches).map_err(|e| wrong(e.to_string()))?;
        // A log's bytes must not act on the terminal: what is hidden is shown, line ends are the table's own.
        let shown: String = table.to_string().lines().map(|line| escape::visible(line) + "\n").collect();
        print(&shown)?;
    }
    warn(&notices, json);
    Ok(ExitCode::SUCCESS)
}

/// The account that runs the program: as the session says, else as the system knows it.
pub fn account() -> String {
    let told = ["USER", "LOGNAME", "USERNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    let mut told = told.filter(|name| !name.trim().is_empty());
    told.next().or_else(account_of_the_system).unwrap_or_else(|| "unknown".to_owned())
}

/// The name that the list of accounts gives to whom this process belongs to; its number where it has none.
#[cfg(unix)]
fn account_of_the_system() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let uid = std::fs::metadata("/proc/self").ok()?.uid().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut named = accounts.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    });
    Some(named.next().unwrap_or_else(|| format!("uid {uid}")))
}

#[cfg(not(unix))]
fn account_of_the_system() -> Option<String> {
    None
}

/// When somebody asked or decided: the one thing here that is no event's time.
#[expect(
    clippy::disallowed_methods,
    reason = "who looks at people by name, judges a finding, holds or deletes is recorded with the time, and age is counted from now"
)]
pub fn now() -> Micros {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

async fn learn(asked: Learn) -> Done {
    let settings = settings(&asked.logs)?;
    let lake = weir_engine::open_lake(&asked.lake, false, asked.logs.memory).await?;
    print(&weir_engine::learn(&lake, &settings).await?)?;
    Ok(ExitCode::SUCCESS)
}

/// A list of names with a line each, or the page of one.
fn list(asked: &Named, what: &str, entries: &[(&str, &str, &str)], json: bool) -> Done {
    if let Some(name) = &asked.name {
        let Some((_, _, page)) = entries.iter().find(|(n, _, _)| n == name) else {
            let known: Vec<&str> = entries.iter().map(|(n, _, _)| *n).collect();
            return Err(ProgramError::Usage {
                message: format!("no {what} is named `{name}`"),
                help: Some(format!("known: {}", known.join(", "))),
            });
        };
        print(&format!("{}\n", page.trim_end()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let width = entries.iter().map(|(n, _, _)| n.len()).max().unwrap_or(0);
    for (name, summary, _) in entries {
        if json {
            print_json(&serde_json::json!({ "name": name, "summary": summary }))?;
        } else {
            print(&format!("{name:width$}  {summary}\n"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn sources(asked: &Named, json: bool) -> Done {
    let all: Vec<_> =
        weir_engine::sources::all().iter().map(|s| s.info()).map(|i| (i.name, i.summary, i.manual)).collect();
    list(asked, "source", &all, json)
}

fn detectors(asked: &Named, json: bool) -> Done {
    let all: Vec<_> =
        weir_engine::detectors().iter().map(|d| d.info()).map(|i| (i.name, i.summary, i.manual)).collect();
    list(asked, "detector", &all, json)
}

/// Formats that have a language.
const FOR_PEOPLE: [&str; 3] = ["html", "markdown", "pdf"];

/// `weir report`.
fn report(asked: Report) -> Done {
    let template = asked.templates.as_deref().map(weir_engine::report::read_template).transpose();
    let layout =
        Layout { paper: asked.paper, template: template.map_err(EngineError::from)?.unwrap_or_default() };
    if asked.format.as_deref() != Some("pdf") && layout != Layout::default() {
        return Err(ProgramError::Usage {
            message: "`--paper` and `--templates` are of a PDF".to_owned(),
            help: Some("add `--format pdf`, or leave them out".to_owned()),
        });
    }
    let for_people = asked.format.as_deref().is_none_or(|format| FOR_PEOPLE.contains(&format));
    if asked.language.is_some() && !for_people {
        return Err(ProgramError::Usage {
            message: "`--language` is of a report for people".to_owned(),
            help: Some(format!("add `--format` with one of {}, or leave it out", FOR_PEOPLE.join(", "))),
        });
    }
    let Some(format) = asked.format.as_deref() else { return masked_case(&asked) };
    let render = |case: &Case| {
        let mut case = Cow::Borrowed(case);
        if let Some(language) = asked.language.filter(|asked| *asked != case.organisation.language) {
            case.to_mut().organisation.language = language;
        }
        match format {
            "pdf" => weir_engine::report::pdf::pdf(&case, &layout),
            name => weir_engine::report::render(name, &case),
        }
    };
    let bytes = if asked.masked {
        weir_engine::render_masked(&asked.case, asked.keep_origins, &weir_engine::fingerprints()?, render)?
    } else {
        render(&weir_engine::read_case(&asked.case)?).map_err(EngineError::from)?
    };
    let Some(path) = asked.output else {
        print_bytes(&bytes)?;
        return Ok(ExitCode::SUCCESS);
    };
    std::fs::write(&path, &bytes)
        .map_err(|e| ProgramError::Output { message: format!("{}: {e}", path.display()) })?;
    let how = if asked.masked { "weir report --masked" } else { "weir report" };
    exported(&asked.case, how, &[path])
}

/// `weir report --masked` of a whole case.
fn masked_case(asked: &Report) -> Done {
    let Some(folder) = &asked.output else {
        return Err(ProgramError::Usage {
            message: "where the masked case is to be written is not named".to_owned(),
            help: Some("name a new folder with -o, or one format with --format".to_owned()),
        });
    };
    let key = weir_engine::fingerprints()?;
    let written = weir_engine::mask_case(&asked.case, folder, asked.keep_origins, asked.language, &key)?;
    let files: Vec<PathBuf> = written.files.iter().map(|(name, _)| folder.join(name)).collect();
    exported(&asked.case, "weir report --masked", &files)
}

/// Records in the custody log of a case's own lake what was taken out.
fn exported(case: &Path, how: &str, files: &[PathBuf]) -> Done {
    let lake = case.join("lake");
    if lake.is_dir() {
        evidence::Custody { lake: &lake, authority: None }.exported(how, files)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn formats(asked: &Named, json: bool) -> Done {
    let all = || weir_engine::report::formats().iter();
    let pages: Vec<_> = all()
        .filter(|f| f.of_a_case() || asked.name.is_some())
        .map(|f| (f.name, f.summary, f.manual))
        .collect();
    let done = list(asked, "report format", &pages, json)?;
    if asked.name.is_none() && !json {
        print(
            "\nFiles of a case that are written while logs are read, and not by `weir report` (`weir formats NAME` describes them):\n",
        )?;
        for f in all().filter(|f| !f.of_a_case()) {
            print(&format!("{}  {}: {}\n", f.name, f.file, f.summary))?;
        }
    }
    Ok(done)
}

fn schema(asked: &Named) -> Done {
    let names = weir_model::schema::NAMES;
    match &asked.name {
        None => print(&format!("{}\n", names.join("\n")))?,
        Some(name) => match weir_model::schema::schema(name) {
            Some(schema) => print(&format!("{:#}\n", schema.as_value()))?,
            None => {
                return Err(ProgramError::Usage {
                    message: format!("there is no schema `{name}`"),
                    help: Some(format!("known: {}", names.join(", "))),
                });
            }
        },
    }
    Ok(ExitCode::SUCCESS)
}

fn simulate(asked: &Simulate, json: bool) -> Done {
    let Some(scenario) = &asked.scenario else {
        let all: Vec<_> = weir_sim::scenarios().iter().map(|s| (s.name, s.summary, s.manual)).collect();
        return list(&Named { name: None }, "scenario", &all, json);
    };
    if asked.about {
        print(&weir_sim::about(scenario)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let options = weir_sim::Options {
        seed: asked.seed,
        days: asked.days,
        scale: asked.scale,
        settings: asked.settings.clone(),
        background: asked.background.clone(),
        codec: asked.codec.map(Into::into),
    };
    let summary = weir_sim::simulate(scenario, &asked.output, &options)?;
    let said = format!(
        "{} records in {} logs, {} of them leak {} people; the truth is in {}\n",
        summary.records,
        summary.logs.len(),
        summary.leaked,
        summary.subjects,
        summary.truth.display()
    );
    if json {
        print_json(&serde_json::json!({
            "records": summary.records, "leaked": summary.leaked, "subjects": summary.subjects, "truth": summary.truth,
        }))?;
    } else {
        print(&said)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn completions(shell: clap_complete::Shell) -> Done {
    use clap::CommandFactory;
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "weir", &mut out);
    print(&String::from_utf8_lossy(&out))?;
    Ok(ExitCode::SUCCESS)
}
