//! Flags of the commands that delete, and of those that say what may not be deleted.

use super::{Logs, said};
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;
use weir_model::{Entity, EntityKind, Micros};

/// The most days that can be kept, some 270 years.
const DAYS_MAX: u32 = 100_000;

/// Days, such as 400d.
fn days(text: &str) -> Result<u32, String> {
    let number = text.trim().strip_suffix('d').and_then(|n| n.parse::<u64>().ok()).filter(|n| *n > 0);
    let number = number.ok_or_else(|| "write a whole number of days, such as 400d".to_owned())?;
    let days = u32::try_from(number).ok().filter(|days| *days <= DAYS_MAX);
    days.ok_or_else(|| format!("no log is older than {DAYS_MAX}d: nothing would ever go; to keep everything, do not run `weir retain`"))
}

/// The end of a period: a date alone means all of that day.
fn end(text: &str) -> Result<Micros, String> {
    let at = Micros::parse(text).map_err(|e| e.to_string())?;
    let is_date = text.trim().len() <= "2026-01-31".len();
    Ok(if is_date { Micros(at.0.saturating_add(weir_model::time::DAY_US)) } else { at })
}

/// `KIND=VALUE`.
fn entity(text: &str) -> Result<Entity, String> {
    let (kind, value) = text.split_once('=').ok_or("write KIND=VALUE, such as origin=192.0.2.7")?;
    let kind: EntityKind = serde_json::from_value(kind.into()).map_err(|_| {
        format!("`{kind}` is no kind of entity; those of records are origin, prefix, actor, credential, key, client, resource, host, account, subject")
    })?;
    if value.trim().is_empty() {
        Err("its value is missing".to_owned())
    } else {
        Ok(Entity::new(kind, value))
    }
}

/// `weir hold`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir hold add --lake /data/lake --order 'preservation order 7/2026' --from 2025-04-01 --to 2025-11-30
  weir hold add --lake /data/lake --order 7/2026 --entity origin=203.0.113.9 --entity actor=svc-export
  weir hold add --lake case/lake --order 7/2026 --case case/
  weir hold list --lake /data/lake
  weir hold release h1 --lake /data/lake --order 'order 9/2027' --reason 'proceedings closed'

A hold covers records for which all that it names is true (of several sources, sensors or entities, any); one that names nothing covers
everything. From when `add` answers, no command deletes what it covers. See docs/retention.md.")]
pub struct OfHold {
    /// What to do.
    #[command(subcommand)]
    pub act: HoldAct,
}

/// What is recorded of holds.
#[derive(Debug, Subcommand)]
pub enum HoldAct {
    /// Record a hold.
    Add(HoldAdd),
    /// Show every hold, ended ones too.
    List {
        /// The lake, a folder or `s3://BUCKET/PREFIX`.
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        lake: PathBuf,
        /// Count the records that each covers now: reads the lake once.
        #[arg(long)]
        count: bool,
    },
    /// Record that a hold has ended; both stay on record.
    Release(HoldRelease),
}

/// `weir hold add`.
#[derive(Args, Debug)]
pub struct HoldAdd {
    /// The lake, a folder or `s3://BUCKET/PREFIX`.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub lake: PathBuf,
    /// Reference of the order; recorded.
    #[arg(long, value_name = "REF", value_parser = said)]
    pub order: String,
    /// Events from this time on (RFC 3339, or a date).
    #[arg(long, value_name = "TIME", value_parser = Micros::parse)]
    pub from: Option<Micros>,
    /// Events before this time; a date alone means to the end of that day.
    #[arg(long, value_name = "TIME", value_parser = end)]
    pub to: Option<Micros>,
    /// A log format (see `weir sources`); again for several.
    #[arg(long, value_name = "NAME")]
    pub source: Vec<String>,
    /// A producer, as `sensor` has it; again for several.
    #[arg(long, value_name = "NAME")]
    pub sensor: Vec<String>,
    /// Who or what records name; again for several.
    #[arg(long, value_name = "KIND=VALUE", value_parser = entity)]
    pub entity: Vec<Entity>,
    /// A case folder: what its findings accuse, and the versions of the lake they cite.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub case: Option<PathBuf>,
    /// Why; recorded.
    #[arg(long, value_name = "TEXT", value_parser = said)]
    pub reason: Option<String>,
    /// Who says so; the account of the system when absent.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

/// `weir hold release`.
#[derive(Args, Debug)]
pub struct HoldRelease {
    /// The hold, as `weir hold list` names it.
    pub id: String,
    /// The lake, a folder or `s3://BUCKET/PREFIX`.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub lake: PathBuf,
    /// Reference of the order that ends it; recorded.
    #[arg(long, value_name = "REF", value_parser = said)]
    pub order: String,
    /// Why; recorded.
    #[arg(long, value_name = "TEXT", value_parser = said)]
    pub reason: String,
    /// Who says so; the account of the system when absent.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

/// `weir retain`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir retain --lake /data/lake --keep 400d --dry-run
  weir retain --lake /data/lake --keep 400d         (each night)
  weir retain --lake /data/lake --before 2025-01-01
  weir retain --lake /data/lake --list              (what earlier runs deleted)")]
pub struct Retain {
    /// The lake, a folder or `s3://BUCKET/PREFIX`.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub lake: PathBuf,
    /// Delete records whose events are older than so many days, such as 400d.
    #[arg(long, value_name = "DAYS", value_parser = days, conflicts_with = "before", required_unless_present_any = ["before", "list"])]
    pub keep: Option<u32>,
    /// Delete records of events before this time (RFC 3339, or a date).
    #[arg(long, value_name = "TIME", value_parser = Micros::parse)]
    pub before: Option<Micros>,
    /// Show what would go, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Show what earlier runs deleted, and delete nothing.
    #[arg(long, conflicts_with_all = ["keep", "before", "dry_run"])]
    pub list: bool,
    /// Configuration.
    #[command(flatten)]
    pub logs: Logs,
}

/// `weir erase`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  weir erase --lake /data/lake --subject member:4711 --order 'request 12' --reason 'GDPR Art. 17'

Erased are records that show the person or name a login or session of theirs (a [[link]] from `actor` or `credential` says so), and rejects that
name them. What is recorded of it names the person by a keyed pseudonym only. Nothing goes where a hold covers any of the records.")]
pub struct Erase {
    /// The lake, a folder or `s3://BUCKET/PREFIX`.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub lake: PathBuf,
    /// The person, as `access.subjects` names them.
    #[arg(long, value_name = "NAMESPACE:ID", value_parser = person)]
    pub subject: (String, String),
    /// Reference of the order or request; recorded.
    #[arg(long, value_name = "REF", value_parser = said)]
    pub order: String,
    /// Why; recorded. Do not name the person in it.
    #[arg(long, value_name = "TEXT", value_parser = said)]
    pub reason: String,
    /// Erase what no hold covers, where some records are held.
    #[arg(long)]
    pub except_held: bool,
    /// Show what would go, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Configuration.
    #[command(flatten)]
    pub logs: Logs,
}

/// `NAMESPACE:ID`.
fn person(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once(':') {
        Some((namespace, id)) if !namespace.is_empty() && !id.is_empty() => {
            Ok((namespace.to_owned(), id.to_owned()))
        }
        _ => Err("write NAMESPACE:ID, such as member:4711"),
    }
}
