//! What people see: progress while it is worth it, styled summaries, errors with their mend.

use crate::error::ProgramError;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use weir_engine::Progress;
use weir_engine::report::summary::Style;
use weir_engine::report::{Line, escape};
use weir_model::Severity;

/// Diagnostics of libraries go to stderr, when asked for.
pub fn logging(verbose: u8) {
    let level = match verbose {
        // What fails on a cluster, or in reading a lake's tables, is said as any other failure.
        0 => "error,ballista_core=off,buoyant_kernel=off",
        1 => "weir=info",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("WEIR_LOG").unwrap_or_else(|_| level.into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

/// Writes to stdout; a closed pipe is the reader's choice, not an error.
pub fn print(text: &str) -> Result<(), ProgramError> {
    print_bytes(text.as_bytes())
}

/// Writes bytes to stdout as they are.
pub fn print_bytes(bytes: &[u8]) -> Result<(), ProgramError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(ProgramError::Output { message: error.to_string() })
        }
        _ => Ok(()),
    }
}

/// Writes a value as one line of JSON to stdout.
pub fn print_json(value: &impl serde::Serialize) -> Result<(), ProgramError> {
    let text = serde_json::to_string(value).map_err(|e| ProgramError::Output { message: e.to_string() })?;
    print(&format!("{}\n", weir_engine::report::escape::json(&text)))
}

/// The most of a warning that is shown, in characters.
const WARNING_MAX: usize = 400;

/// Says what does not stop the work, on stderr.
pub fn warn(warnings: &[String], json: bool) {
    let mut err = std::io::stderr().lock();
    for warning in warnings {
        let said = if json {
            writeln!(err, "{}", serde_json::json!({ "warning": warning }))
        } else {
            writeln!(err, "warning: {}", weir_engine::report::escape::terminal(warning, WARNING_MAX))
        };
        // Nobody may be listening any more.
        drop(said);
    }
}

/// Says why it failed, and gives the exit code.
pub fn failed(error: &ProgramError, json: bool) -> ExitCode {
    let code = error.code();
    let mut err = std::io::stderr().lock();
    let help = miette::Diagnostic::help(error).map(|h| h.to_string());
    let said = if json {
        writeln!(err, "{}", serde_json::json!({ "error": error.to_string(), "help": help }))
    } else {
        let handler = miette::GraphicalReportHandler::new();
        let mut text = String::new();
        // What a log holds may stand in the words, and must not act on the terminal.
        let words = error.to_string();
        let shown = escape::query(&words);
        let rendered = match shown == words {
            true => handler.render_report(&mut text, error),
            false => {
                let plain = miette::MietteDiagnostic::new(shown);
                let plain = help.iter().fold(plain, |plain, help| plain.with_help(escape::query(help)));
                handler.render_report(&mut text, &plain)
            }
        };
        match rendered {
            Ok(()) => write!(err, "{text}"),
            Err(_) => writeln!(err, "{}", escape::query(&words)),
        }
    };
    // Nobody may be listening any more; the exit code still tells.
    drop(said);
    ExitCode::from(code)
}

/// The summary, with colours when stdout is a terminal and nobody asked for none.
pub fn print_summary(lines: &[Line]) -> Result<(), ProgramError> {
    let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut text = String::new();
    for line in lines {
        for (style, piece) in &line.0 {
            match colour(*style).filter(|_| colours) {
                Some(code) => text.push_str(&format!("\x1b[{code}m{piece}\x1b[0m")),
                None => text.push_str(piece),
            }
        }
        text.push('\n');
    }
    print(&text)
}

fn colour(style: Style) -> Option<&'static str> {
    match style {
        Style::Plain => None,
        Style::Strong => Some("1"),
        Style::Faint => Some("2"),
        Style::Warning => Some("33"),
        Style::Severity(Severity::Critical | Severity::High) => Some("1;31"),
        Style::Severity(Severity::Medium) => Some("33"),
        Style::Severity(_) => Some("36"),
    }
}

/// A bar on stderr: bytes, records a second, time left; nothing when stderr is no terminal.
#[derive(Default)]
pub struct Bar {
    bar: Mutex<Option<ProgressBar>>,
    records: AtomicU64,
}

impl Progress for Bar {
    fn stage(&self, name: &str, bytes: Option<u64>) {
        let bar = match bytes {
            Some(bytes) => ProgressBar::new(bytes),
            None => ProgressBar::new_spinner(),
        };
        bar.set_draw_target(ProgressDrawTarget::stderr());
        let shape = match bytes {
            Some(_) => "{prefix:>22} {bar:30} {bytes}/{total_bytes} {msg} {eta} left",
            None => "{prefix:>22} {spinner} {elapsed}",
        };
        bar.set_style(ProgressStyle::with_template(shape).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        self.records.store(0, Ordering::Relaxed);
        if let Ok(mut slot) = self.bar.lock() {
            *slot = Some(bar);
        }
    }

    fn advance(&self, bytes: u64, records: u64) {
        let all = self.records.fetch_add(records, Ordering::Relaxed) + records;
        if let Ok(slot) = self.bar.lock()
            && let Some(bar) = slot.as_ref()
        {
            bar.inc(bytes);
            let seconds = bar.elapsed().as_secs_f64().max(0.001);
            bar.set_message(format!("{:.0} records/s", all as f64 / seconds));
        }
    }

    fn done(&self) {
        if let Ok(mut slot) = self.bar.lock()
            && let Some(bar) = slot.take()
        {
            bar.finish_and_clear();
        }
    }
}
