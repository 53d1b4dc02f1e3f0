//! What stands in each source file, by its content: names change with every rotation, content does not.

use super::names::read;
use super::rotation::{Found, Log, Look};
use crate::{Context, DetectError};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::KnownFile;
use weir_model::Micros;
use weir_model::intake::Intake;

/// The content of a file, as far as it was read at one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    /// The file id of its beginning, which it keeps while it grows.
    pub root: i64,
    /// The file ids of its parts, each read at another look.
    pub parts: Vec<i64>,
    /// First and last event.
    pub times: (Micros, Micros),
    sensor: String,
}

/// Contents by the hash of what had been written of them.
pub(super) type Contents = BTreeMap<String, Content>;

/// What was found of logs, by name and sensor, then by when, and in which ingest.
type Seen<'s> = BTreeMap<(String, &'s str), BTreeMap<(Micros, i64), Vec<Found>>>;

/// Every log of the account, and what stands in its files.
pub(super) async fn logs(context: &Context<'_>) -> Result<(Vec<Log>, Contents), DetectError> {
    let accounts = context.snapshot.intake().await?;
    let contents = contents(&accounts, &context.snapshot.files_read().await?);
    let logs = looked_at(&accounts, &contents, &context.snapshot.ingested());
    Ok((logs, contents))
}

fn contents(accounts: &[Intake], files: &[KnownFile]) -> Contents {
    let read: BTreeMap<i64, &KnownFile> = files.iter().map(|f| (f.file, f)).collect();
    let mut ends: BTreeMap<(&str, u64), BTreeSet<i64>> = BTreeMap::new();
    for file in files {
        for end in [file.content_bytes, file.content_bytes.saturating_sub(file.half)] {
            ends.entry((file.sensor.as_deref().unwrap_or_default(), end)).or_default().insert(file.file);
        }
    }
    let fresh = || accounts.iter().filter(|a| a.parsed > 0);
    let times: BTreeMap<i64, (Micros, Micros)> =
        fresh().filter_map(|a| Some((a.file, (a.first_time?, a.last_time?)))).collect();
    let mut contents = Contents::new();
    for account in fresh() {
        let (Some(sha256), Some(sensor)) = (&account.sha256, &account.sensor) else { continue };
        let parts = parts(account.file, sensor, &read, &ends);
        let of = || parts.iter().filter_map(|part| times.get(part));
        let (Some(first), Some(last)) = (of().map(|t| t.0).min(), of().map(|t| t.1).max()) else { continue };
        let root = parts.last().copied().unwrap_or(account.file);
        let content = Content { root, parts, times: (first, last), sensor: sensor.clone() };
        contents.entry(sha256.clone()).or_insert(content);
    }
    contents
}

/// A file's parts, the last first. Where two could be what a part continues, neither is taken.
fn parts(
    last: i64,
    sensor: &str,
    read: &BTreeMap<i64, &KnownFile>,
    ends: &BTreeMap<(&str, u64), BTreeSet<i64>>,
) -> Vec<i64> {
    let mut parts = vec![last];
    let mut start = read.get(&last).map_or(0, |file| file.start);
    while start > 0 {
        let before = ends.get(&(sensor, start)).into_iter().flatten().filter_map(|file| read.get(file));
        let before: Vec<&&KnownFile> = before.filter(|file| file.start < start).collect();
        let [before] = before.as_slice() else { break };
        parts.push(before.file);
        start = before.start;
    }
    parts
}

/// What each ingest found of each log, in the order of ingests.
fn looked_at(accounts: &[Intake], contents: &Contents, ingested: &BTreeMap<i64, Micros>) -> Vec<Log> {
    let mut logs = Seen::new();
    for account in accounts {
        let content = account.sha256.as_ref().and_then(|sha256| contents.get(sha256));
        let (Some(content), Some(at)) = (content, ingested.get(&account.ingest)) else { continue };
        let (name, mark) = read(&account.path);
        let looks = logs.entry((name, &content.sensor)).or_default();
        looks.entry((*at, account.ingest)).or_default().push(Found {
            path: account.path.clone(),
            mark,
            content: content.root,
            times: content.times,
        });
    }
    let logs = logs.into_iter().map(|((name, sensor), looks)| Log {
        name,
        sensor: sensor.to_owned(),
        looks: looks.into_iter().filter_map(|((at, _), files)| Look::of(at, files)).collect(),
    });
    logs.collect()
}

/// Every part of the contents of these roots.
pub(super) fn parts_of(contents: &Contents, root: i64) -> BTreeSet<i64> {
    contents.values().filter(|c| c.root == root).flat_map(|c| c.parts.iter().copied()).collect()
}
