//! Files that rotation takes, under holds that stand.

use super::contents::{Contents, logs, parts_of};
use super::rotation::{Fate, Log, Placed, Rotation};
use crate::{Context, DetectError, Draft};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::{covering, rows};
use weir_model::time::DAY_US;
use weir_model::{Entity, EntityKind, Finding, Hold, Micros, Severity, Table};

/// The most files that a finding names; its measures count all.
const NAMED_MAX: usize = 12;
const HOUR_US: i64 = DAY_US / 24;

/// Records of a file that a hold covers.
#[derive(Clone, Copy, Debug)]
struct Covered {
    records: u64,
    times: (Micros, Micros),
}

/// A file that a hold covers, and what of it.
type Concerned<'r> = (&'r Placed, Covered);

pub(super) async fn findings(context: &Context<'_>) -> Result<Vec<Finding>, DetectError> {
    let holds: Vec<Hold> = context.snapshot.holds().await?.into_iter().filter(Hold::stands).collect();
    if holds.is_empty() {
        return Ok(Vec::new());
    }
    let (logs, contents) = logs(context).await?;
    let rotated = threatened(&logs);
    let mut findings = Vec::new();
    for hold in holds.iter().filter(|_| !rotated.is_empty()) {
        let covered = Held::of(context, hold).await?;
        for (log, rotation) in &rotated {
            findings.extend(covered.finding(context, &contents, log, rotation).await?);
        }
    }
    Ok(findings)
}

/// Logs that are rotated, each with the files of which no copy was found where nothing is rotated.
fn threatened(logs: &[Log]) -> Vec<(&Log, Rotation)> {
    let (mut rotated, mut copies) = (Vec::new(), BTreeMap::new());
    for log in logs {
        let rotations = log.rotations();
        let latest = log.looks.last().filter(|_| rotations.is_empty());
        copies.extend(latest.into_iter().flat_map(|look| look.files.iter().map(|f| (f.content, look.at))));
        rotated.extend(rotations.into_iter().map(|rotation| (log, rotation)));
    }
    for (log, rotation) in &mut rotated {
        // What was seen elsewhere before may have been moved here.
        let first = |file: &Placed| log.looks.iter().find(|l| l.has(file.content)).map(|look| look.at);
        rotation.files.retain(|file| copies.get(&file.content).is_none_or(|at| Some(*at) < first(file)));
    }
    rotated
}

/// What one hold covers, by table and file id.
struct Held<'h> {
    hold: &'h Hold,
    files: BTreeMap<(Table, i64), Covered>,
}

impl<'h> Held<'h> {
    async fn of(context: &Context<'_>, hold: &'h Hold) -> Result<Self, DetectError> {
        let mut files = BTreeMap::new();
        for table in Table::ALL {
            let sql = format!(
                "SELECT file, count(*) AS n, min(time) AS first, max(time) AS last FROM {} WHERE {} AND {{span}} GROUP BY file",
                table.name(),
                covering(hold, table)
            );
            for row in rows(&context.sql(&sql).await?) {
                let (Some(file), Some(first), Some(last)) =
                    (row.int("file"), row.time("first"), row.time("last"))
                else {
                    continue;
                };
                files.insert((table, file), Covered { records: row.count("n"), times: (first, last) });
            }
        }
        Ok(Self { hold, files })
    }

    /// What of a file's parts it covers.
    fn covers(&self, parts: &BTreeSet<i64>) -> Option<Covered> {
        let all = || self.files.iter().filter(|((_, file), _)| parts.contains(file)).map(|(_, c)| c);
        let times = (all().map(|c| c.times.0).min()?, all().map(|c| c.times.1).max()?);
        Some(Covered { records: all().map(|c| c.records).sum(), times })
    }

    async fn finding(
        &self,
        context: &Context<'_>,
        contents: &Contents,
        log: &Log,
        rotation: &Rotation,
    ) -> Result<Option<Finding>, DetectError> {
        let mut parts = BTreeSet::new();
        let mut concerned: Vec<Concerned<'_>> = Vec::new();
        for file in &rotation.files {
            let own = parts_of(contents, file.content);
            if let Some(covered) = self.covers(&own) {
                concerned.push((file, covered));
                parts.extend(own);
            }
        }
        let records = |table: Table| -> u64 {
            let of = self.files.iter().filter(|((of, file), _)| *of == table && parts.contains(file));
            of.map(|(_, c)| c.records).sum()
        };
        let Some(table) = Table::ALL.into_iter().rev().max_by_key(|table| records(*table)) else {
            return Ok(None);
        };
        let list: Vec<String> = parts.iter().map(i64::to_string).collect();
        let condition =
            format!("file IN ({}) AND {} AND {{span}}", list.join(", "), covering(self.hold, table));
        if parts.is_empty() {
            return Ok(None);
        }
        let Some(evidence) = context.cite(table.name(), &condition).await? else { return Ok(None) };
        let mut draft = tell(self.hold, log, rotation, &concerned);
        if evidence.total() < concerned.iter().map(|(_, c)| c.records).sum() {
            draft
                .limits
                .push(format!("cited are records of `{}`; those of other tables are counted", table.name()));
        }
        Ok(Some(draft.finish(evidence, context.snapshot.versions())))
    }
}

fn tell(hold: &Hold, log: &Log, rotation: &Rotation, concerned: &[Concerned<'_>]) -> Draft {
    let times = || concerned.iter().map(|(_, c)| c.times);
    let first = times().map(|t| t.0).min().unwrap_or_default();
    let last = times().map(|t| t.1).max().unwrap_or_default();
    let goes: Vec<Micros> = concerned
        .iter()
        .filter_map(|(f, _)| if let Fate::Goes(at) = f.fate { Some(at) } else { None })
        .collect();
    let gone = concerned.len() - goes.len();
    let principal = Entity::new(EntityKind::Sensor, &log.sensor);
    let severity = concerned.iter().map(|(file, _)| severity(hold, rotation, file)).max();
    let mut draft =
        Draft::new("retention", severity.unwrap_or(Severity::Low), principal, (first, last)).raised(last);
    draft.identity.extend(["rotation".to_owned(), log.name.clone(), hold.id.clone(), hold.order.clone()]);
    let verb = if rotation.certain { "will delete" } else { "may delete" };
    let next = goes.iter().min().map(|at| {
        format!(
            "rotation {verb} {} of {} that hold {} covers, the first about {}",
            files(goes.len()),
            log.name,
            hold.id,
            rotation.day(*at)
        )
    });
    draft.title = match (next, gone) {
        (Some(next), 0) => next,
        (Some(next), gone) => {
            format!("{next}; {} gone", if gone == 1 { "1 is".to_owned() } else { format!("{gone} are") })
        }
        (None, gone) => format!("rotation took {} of {} that hold {} covers", files(gone), log.name, hold.id),
    };
    draft.explanation = explanation(hold, log, rotation, concerned);
    draft.limits = limits(rotation, gone);
    let [_, median, _] = rotation.every_us;
    draft
        .measure("files_going", goes.len() as f64, Some(0.0))
        .measure("files_gone", gone as f64, Some(0.0))
        .measure("records", concerned.iter().map(|(_, c)| c.records).sum::<u64>() as f64, None)
        .measure("kept_files", f64::from(rotation.kept), None)
        .measure("rotated_after_hours", median as f64 / HOUR_US as f64, None)
}

/// An instant to the second.
fn second(at: Micros) -> String {
    let text = at.to_string();
    text.get(..19).map_or_else(|| text.clone(), |short| format!("{short}Z"))
}

fn files(n: usize) -> String {
    if n == 1 { "1 file".to_owned() } else { format!("{n} files") }
}

/// `high` for what will go, and for what went under the hold; `medium` for what is presumed; `low` for what had gone when the hold was recorded.
fn severity(hold: &Hold, rotation: &Rotation, file: &Placed) -> Severity {
    match file.fate {
        Fate::Goes(_) if rotation.certain => Severity::High,
        Fate::Gone { missed, .. } if missed < hold.time => Severity::Low,
        Fate::Gone { seen, certain: true, .. } if seen >= hold.time => Severity::High,
        _ => Severity::Medium,
    }
}

fn explanation(hold: &Hold, log: &Log, rotation: &Rotation, concerned: &[Concerned<'_>]) -> String {
    let records: u64 = concerned.iter().map(|(_, c)| c.records).sum();
    let how = if rotation.certain {
        format!("what was beyond that was seen to go, over {} ingests", rotation.looks)
    } else {
        "presumed, since as many were there and none has been seen to go for that number".to_owned()
    };
    let mut text = format!(
        "Hold {}, order {}, recorded {} by {}, covers {records} records that stand in {} of `{}`. It is rotated {}, the last time {}, and {} are kept: {how}.",
        hold.id,
        hold.order,
        second(hold.time),
        hold.by,
        files(concerned.len()),
        log.name,
        rotation.often(),
        rotation.day(rotation.last),
        files(rotation.kept as usize),
    );
    for (file, covered) in concerned.iter().take(NAMED_MAX) {
        let (from, to) = (second(covered.times.0), second(covered.times.1));
        let fate = match file.fate {
            Fate::Goes(at) if rotation.certain => format!("goes about {}", rotation.day(at)),
            Fate::Goes(at) => format!("would go about {}", rotation.day(at)),
            Fate::Gone { seen, missed, .. } => {
                format!("was there {}, and not {}{}", second(seen), second(missed), when(hold, seen, missed))
            }
        };
        text.push_str(&format!(" `{}` ({} records of {from} to {to}): {fate}.", file.path, covered.records));
    }
    if concerned.len() > NAMED_MAX {
        text.push_str(&format!(" And {} more.", concerned.len() - NAMED_MAX));
    }
    text.push_str(
        " To keep them: stop the rotation of this log or let it keep more, or copy the files aside, compare their SHA-256 with the account's and forbid \
         their deletion (`chattr +i`). What the lake has of them stays under the hold; the files are what it can be checked against (`weir evidence`).",
    );
    text
}

fn when(hold: &Hold, seen: Micros, missed: Micros) -> &'static str {
    match (seen >= hold.time, missed < hold.time) {
        (true, _) => ", so it went under the hold",
        (_, true) => ", before the hold was recorded",
        _ => ", and the hold was recorded between",
    }
}

fn limits(rotation: &Rotation, gone: usize) -> Vec<String> {
    let mut limits = vec![
        "how the log is rotated is known from names, contents and event times of the files that were read; the configuration was not".to_owned(),
    ];
    let [least, median, most] = rotation.every_us;
    if most > median.saturating_mul(3) / 2 || least < median / 2 {
        limits.push("rotations are not regular (by size, perhaps), so the days are rough".to_owned());
    }
    if gone > 0 {
        limits.push(
            "a file that was not among those given looks as one that was deleted: see whether it is there"
                .to_owned(),
        );
    }
    limits
}

impl Rotation {
    /// How often, in words.
    fn often(&self) -> String {
        let [least, median, most] = self.every_us;
        let usual = lasting(median);
        if most > median.saturating_mul(3) / 2 || least < median / 2 {
            return format!("about every {usual} ({} to {})", lasting(least), lasting(most));
        }
        format!("every {usual}")
    }

    /// An instant, as exact as the rotation foretells it.
    fn day(&self, at: Micros) -> String {
        let text = at.to_string();
        let [_, median, _] = self.every_us;
        let (length, zone) = if median < DAY_US / 2 { (16, "Z") } else { (10, "") };
        text.get(..length).map_or_else(|| text.clone(), |short| format!("{short}{zone}"))
    }
}

/// A time between rotations, in the unit people would name it in.
fn lasting(us: i64) -> String {
    let hours = us as f64 / HOUR_US as f64;
    let days = hours / 24.0;
    match (hours, days.round()) {
        (h, _) if h < 1.5 => format!("{:.0} minutes", h * 60.0),
        (h, _) if h < 20.0 => format!("{h:.0} hours"),
        (_, 1.0) => "day".to_owned(),
        (_, days) => format!("{days:.0} days"),
    }
}
