//! How long a process takes and how much memory it holds.

use crate::run::{Done, command};
use std::path::Path;
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

/// Linux counts a process's time in hundredths of a second, whatever its own clock.
const TICKS_A_SECOND: f64 = 100.0;
/// Where `/proc/self/stat` tells the user and system time of children that ended, counted from the field after the program's name.
const CHILDREN_TIMES: [usize; 2] = [13, 14];

/// Seconds of processor that this program's ended children took, all together.
pub fn children_cpu() -> Done<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").map_err(|e| format!("/proc/self/stat: {e}"))?;
    let ticks = |stat: &str| -> Option<u64> {
        // The name may hold spaces and brackets.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        CHILDREN_TIMES.iter().map(|at| fields.get(*at)?.parse::<u64>().ok()).sum()
    };
    ticks(&stat)
        .map(|ticks| ticks as f64 / TICKS_A_SECOND)
        .ok_or("/proc/self/stat has no such fields".to_owned())
}

/// Why there is no room for so much in a folder; none where there is, or where nobody knows.
pub fn lacks_room(folder: &Path, needs_gb: u64) -> Option<String> {
    let out = command("df").args(["-Pk"]).arg(folder).output().ok()?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let free_kb: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    let free_gb = free_kb >> 20;
    (free_gb < needs_gb).then(|| format!("{free_gb} GB are free where {needs_gb} are needed"))
}

/// Bytes of all files in a folder, or of a file.
pub fn size(path: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else { return std::fs::metadata(path).map_or(0, |m| m.len()) };
    entries.flatten().map(|entry| size(&entry.path())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_child_is_counted_when_it_ends() {
        let before = children_cpu().unwrap();
        measure(command("sh").args(["-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"])).unwrap();
        assert!(children_cpu().unwrap() > before);
    }
}
