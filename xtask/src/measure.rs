//! How long a process takes and how much memory it holds.

use crate::run::Done;
use std::time::{Duration, Instant};

/// Seconds and peak resident bytes of a process.
pub fn measure(command: &mut std::process::Command) -> Done<(f64, u64)> {
    measure_within(command, None)
}

/// The same of a process that is ended after some time.
#[expect(clippy::disallowed_methods, reason = "it measures")]
pub fn measure_within(command: &mut std::process::Command, limit: Option<Duration>) -> Done<(f64, u64)> {
    let start = Instant::now();
    let mut child = command.stdout(std::process::Stdio::null()).spawn().map_err(|e| e.to_string())?;
    let status_of = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            let seconds = start.elapsed().as_secs_f64();
            return if status.success() {
                Ok((seconds, peak))
            } else {
                Err(format!("a measured program failed ({status})"))
            };
        }
        if let Some(limit) = limit.filter(|limit| start.elapsed() > *limit) {
            child.kill().and_then(|()| child.wait()).map_err(|e| e.to_string())?;
            return Err(format!("a measured program took longer than {} s", limit.as_secs()));
        }
        let text = std::fs::read_to_string(&status_of).unwrap_or_default();
        let seen = text
            .lines()
            .find_map(|l| l.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u64>().ok());
        peak = peak.max(seen.unwrap_or(0) * 1024);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
