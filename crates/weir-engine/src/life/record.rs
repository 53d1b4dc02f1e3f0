//! The record of what people said of findings: one line of JSON each, beside the lake's tables, only ever appended to.

use crate::EngineError;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use weir_model::disposition::{Act, Cover, Then};
use weir_model::{Disposition, Micros};

/// The file beside the tables.
const FILE: &str = "dispositions.jsonl";
/// Longest reason, in bytes: room for a paragraph.
const REASON_BYTES_MAX: usize = 4_000;
/// Longest name of who says it, in bytes.
const BY_BYTES_MAX: usize = 200;

/// What somebody says of a finding.
#[derive(Clone, Debug)]
pub struct Said {
    /// The finding's id.
    pub finding: String,
    /// What.
    pub act: Act,
    /// What it covers.
    pub scope: Cover,
    /// Of a suppression: event time from which it no longer holds.
    pub until: Option<Micros>,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When.
    pub time: Micros,
}

/// Records what somebody says of a finding that the lake remembers; it is on the disk when this returns.
pub fn say(lake: &Path, said: Said) -> Result<Disposition, EngineError> {
    let wrong = |message: &str| EngineError::Said { message: message.to_owned() };
    let text = |text: &str, bytes_max: usize| !text.trim().is_empty() && text.len() <= bytes_max;
    if !text(&said.reason, REASON_BYTES_MAX) {
        return Err(wrong("the reason must be words, at most 4,000 bytes of them"));
    }
    if !text(&said.by, BY_BYTES_MAX) {
        return Err(wrong("whoever says it must be named, in at most 200 bytes"));
    }
    if (said.act == Act::Suppress) != said.until.is_some() {
        return Err(wrong("a suppression, and nothing else, has an end"));
    }
    let finding = super::find(lake, &said.finding)?;
    let disposition = Disposition {
        time: said.time,
        by: said.by,
        act: said.act,
        reason: said.reason,
        finding: said.finding,
        scope: said.scope,
        detector: finding.detector.clone(),
        entity: finding.entities.first().cloned(),
        until: said.until,
        then: Then::of(&finding),
    };
    if !disposition.concerns(&finding) {
        return Err(wrong(
            "the finding accuses others of the same kind too, so nothing can be said of its first entity alone; say it of the finding",
        ));
    }
    let path = lake.join(FILE);
    append(&path, &disposition).map_err(|e| EngineError::Record {
        path,
        message: format!("what was said could not be recorded, so it does not count: {e}"),
    })?;
    Ok(disposition)
}

fn append(path: &Path, disposition: &Disposition) -> std::io::Result<()> {
    let line = serde_json::to_string(disposition)?;
    let mut file = std::fs::OpenOptions::new().create(true).read(true).append(true).open(path)?;
    // A line that was cut by a crash was never acknowledged; it stays, and must not swallow this one.
    let whole = match file.seek(SeekFrom::End(-1)) {
        Ok(_) => {
            let mut last = [0];
            file.read_exact(&mut last)?;
            last == *b"\n"
        }
        Err(_) => true,
    };
    let start = if whole { "" } else { "\n" };
    file.write_all(format!("{start}{}\n", weir_report::escape::json(&line)).as_bytes())?;
    file.sync_all()
}

/// What people said, in the order they did, and what could not be read of it.
pub(super) fn read(lake: &Path) -> Result<(Vec<Disposition>, Vec<String>), EngineError> {
    let path = lake.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), Vec::new())),
        Err(e) => return Err(EngineError::Record { path, message: e.to_string() }),
    };
    let mut record = Vec::new();
    let mut limits = Vec::new();
    for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str(line) {
            Ok(disposition) => record.push(disposition),
            Err(e) => limits.push(format!(
                "line {} of {FILE} beside the lake cannot be read ({e}); what it says does not count",
                n + 1
            )),
        }
    }
    Ok((record, limits))
}
