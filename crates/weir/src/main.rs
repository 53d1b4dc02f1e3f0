//! The program: flags, exit codes, terminal. What it does is `weir-engine`'s.
//!
//! Exit codes: 0 done, 1 failed or nothing could be read, 2 usage, 3 with `--fail-on SEVERITY` when a finding is that grave, or with
//! `--exit-code` when two cases differ.
//! With `--json` the machine form goes to stdout; people's words and diagnostics always go to stderr or, without `--json`, stdout.

mod cli;
mod cluster;
mod commands;
mod diff;
mod error;
mod evidence;
mod findings;
mod holds;
mod terminal;

use clap::Parser;
use std::process::ExitCode;
use std::time::Duration;

/// Buffers of many sizes come and go on several threads for hours; the system's allocator kept up to twice of what was held.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the allocator is told, as variables that it reads when the process starts: to give freed memory back to the system after 200 milliseconds, since
/// batches come and go every few dozen, and memory given back in between and taken again was a fifth of an ingest; and to ask for no huge
/// pages, each of which is held whole for the little that is left in it.
const ALLOCATES: [(&str, &str); 2] = [("MIMALLOC_PURGE_DELAY", "200"), ("MIMALLOC_ALLOW_THP", "0")];

/// How long a thread that reads files for queries waits for more to read. Buffers that others freed come back only when the thread that made
/// them allocates again or ends, so idle threads hold memory that nobody uses.
const READER_IDLE: Duration = Duration::from_millis(10);

/// Query plans are walked recursively, so threads that make them have room for deep ones.
const STACK_BYTES: usize = 64 << 20;

/// Starts this program again in its own place with what [`ALLOCATES`] says, as far as nobody has said otherwise. Where it cannot be started again, it goes
/// on as it is.
#[cfg(unix)]
fn tell_allocator() {
    use std::os::unix::process::CommandExt;
    let unsaid = ALLOCATES.iter().filter(|(name, _)| std::env::var_os(name).is_none());
    let unsaid: Vec<(&str, &str)> = unsaid.copied().collect();
    let mut arguments = std::env::args_os();
    if !unsaid.is_empty()
        && let (Ok(program), Some(called)) = (std::env::current_exe(), arguments.next())
    {
        let error = std::process::Command::new(program).arg0(called).args(arguments).envs(unsaid).exec();
        tracing::debug!(%error, "not started again");
    }
}

#[cfg(not(unix))]
fn tell_allocator() {}

fn main() -> ExitCode {
    tell_allocator();
    let arguments = cli::Cli::parse();
    terminal::logging(arguments.global.verbose);
    let json = arguments.global.json;
    let failed =
        |message: &str| terminal::failed(&error::ProgramError::Runtime { message: message.to_owned() }, json);
    match std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || run(arguments)) {
        Ok(running) => {
            running.join().unwrap_or_else(|_| failed("a defect of weir ended it; please report what you did"))
        }
        Err(error) => failed(&error.to_string()),
    }
}

fn run(arguments: cli::Cli) -> ExitCode {
    let json = arguments.global.json;
    // Parts of a cluster end by themselves when they are told to stop.
    let stays = matches!(arguments.command, cli::Command::Cluster(_));
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let builder = builder.thread_stack_size(STACK_BYTES).thread_keep_alive(READER_IDLE).enable_all();
    let runtime = match builder.build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return terminal::failed(&error::ProgramError::Runtime { message: error.to_string() }, json);
        }
    };
    let done = runtime.block_on(async {
        tokio::select! {
            done = commands::run(arguments) => done,
            _ = tokio::signal::ctrl_c(), if !stays => Err(error::ProgramError::Interrupted),
        }
    });
    // What a query or a reader still does in the background is of no use to anybody.
    runtime.shutdown_background();
    match done {
        Ok(code) => code,
        Err(error) => terminal::failed(&error, json),
    }
}
