//! The parts of a cluster, and the way to one.

use crate::cli::{ExecutorFlags, OnCluster, Part, SchedulerFlags};
use crate::commands::Done;
use crate::error::ProgramError;
use crate::terminal::print;
use std::process::ExitCode;
use std::time::Duration;
use weir_engine::{Address, Cluster, Executor, Scheduler};

/// The cluster asked for, once it answers.
pub async fn reach(runs: OnCluster) -> Result<Option<Cluster>, ProgramError> {
    let Some(address) = runs.cluster else { return Ok(None) };
    let reached = Cluster::reach(address, runs.partitions).await;
    Ok(Some(reached.map_err(weir_engine::EngineError::from)?))
}

/// Runs a part until it is told to stop.
pub async fn run(part: Part) -> Done {
    let done = match part {
        Part::Scheduler(flags) => {
            let said = |at: Address| say(&format!("scheduler at {at}\n"));
            weir_engine::run_scheduler(&scheduler(&flags), weir_engine::rebuild(), said).await
        }
        Part::Executor(flags) => {
            let works_for = flags.scheduler.clone();
            let said = move |at: Address| say(&format!("executor at {} for {works_for}\n", at.place()));
            weir_engine::run_executor(&executor(flags), weir_engine::rebuild(), said).await
        }
    };
    done.map_err(weir_engine::EngineError::from)?;
    Ok(ExitCode::SUCCESS)
}

/// Says where a part listens. It works whether or not somebody reads it.
fn say(line: &str) {
    drop(print(line));
}

fn scheduler(flags: &SchedulerFlags) -> Scheduler {
    Scheduler { bind: flags.bind, port: flags.port, lost_after: Duration::from_secs(flags.lost_after) }
}

fn executor(flags: ExecutorFlags) -> Executor {
    Executor {
        scheduler: flags.scheduler,
        bind: flags.bind,
        port: flags.port,
        advertise: flags.advertise,
        slots: flags.slots,
        memory: flags.memory,
        work_dir: flags.work_dir,
    }
}
