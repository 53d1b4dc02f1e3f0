//! Flags, declared once: help, completions and the manual come from here.

mod cluster;
mod diff;
mod evidence;
mod holds;
mod report;

pub use cluster::{ExecutorFlags, OfCluster, Part, SchedulerFlags};
pub use diff::Diff;
pub use evidence::{EvidenceOf, OfEvidence, Record, SealCase, VerifyBag};
pub use holds::{Erase, HoldAct, HoldAdd, HoldRelease, OfHold, Retain};
pub use report::Report;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use weir_engine::{Address, Memory};
use weir_model::disposition::Cover;
use weir_model::{Micros, Severity};

/// Finds personal-data leaks that hide for months, in the logs you already keep.
#[derive(Debug, Parser)]
#[command(name = "weir", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "Examples:
  weir investigate logs/ -o case/               read a folder of logs, write a case with a report
  weir investigate logs/ -o case/ --fail-on high   the same for a nightly job: exit 3 on a grave finding
  weir sql --lake case/lake 'SELECT count(*) FROM access'
  weir learn --lake case/lake > weir.toml       start a configuration from what the logs taught
  weir scope --case case/ -o people/            whose data it was, to a row for each person
  weir explain 77b1d02e9ac45f10 --case case/    what a finding stands on: its days, threshold and records
  weir finding ack 77b1d02e9ac45f10 --case case/ --reason 'ticket 12'
  weir diff case/ case-again/                   what changed between two runs

Exit codes: 0 done, 1 failed or nothing could be read, 2 usage, 3 with --fail-on when met, or with
--exit-code when two cases differ.";

/// What every command takes.
#[derive(Args, Debug)]
pub struct Global {
    /// Print the machine form on stdout.
    #[arg(long, global = true)]
    pub json: bool,
    /// Say more on stderr; twice for the libraries' words too.
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read logs, find leaks, trace them, count the people, write a case with a report.
    Investigate(Investigate),
    /// Show what a finding stands on: its model, measures, days, threshold and records.
    Explain(Explain),
    /// List findings, and record what you make of one: seen, told to be quiet, a note, open again.
    Finding(OfFinding),
    /// Say whose data findings reached, or records that you select: how many people, who, and how sure.
    Scope(Scope),
    /// Say what changed between two runs of a case: people, findings, bounds, files, configuration.
    Diff(Diff),
    /// Seal a case as evidence, verify such a bag, and keep the custody log.
    Evidence(OfEvidence),
    /// Read logs into a lake, and nothing else.
    Ingest(Ingest),
    /// Ask a lake in SQL (read-only).
    Sql(Sql),
    /// Record what may not be deleted, by whose order, and when that ended.
    Hold(OfHold),
    /// Delete records older than they are kept, but for those under a legal hold; put small files together.
    Retain(Retain),
    /// Erase a person's records where law demands it, but for those under a legal hold.
    Erase(Erase),
    /// Start a part of a cluster that runs queries when one machine is too small.
    Cluster(OfCluster),
    /// Write a starting weir.toml from what a lake's logs taught.
    Learn(Learn),
    /// List the log formats; with a name, print its manual page.
    Sources(Named),
    /// List the detectors; with a name, print its manual page.
    Detectors(Named),
    /// Print the JSON Schema of something Weir writes or reads.
    Schema(Named),
    /// Write one format of a case again, or the whole case in the version to pass on.
    Report(Report),
    /// List the report formats.
    Formats(Named),
    /// Write logs of a world with known truth.
    Simulate(Simulate),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Logs and where they go.
#[derive(Args, Debug)]
pub struct Logs {
    /// Configuration (see `weir schema config`).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Memory that the work may hold before it goes to disk, such as 512M or 4G.
    #[arg(long, value_name = "SIZE", default_value = "1G", value_parser = memory)]
    pub memory: Memory,
    /// On whose authority logs are read (an order, a warrant, a contract), for the lake's custody log.
    #[arg(long, value_name = "TEXT")]
    pub authority: Option<String>,
}

/// Where queries run.
#[derive(Args, Clone, Debug)]
pub struct OnCluster {
    /// Run queries on the cluster of this scheduler, df://HOST:PORT; on this machine when absent.
    #[arg(long, value_name = "ADDRESS")]
    pub cluster: Option<Address>,
    /// Partitions that a query is cut into on the cluster; a few for each slot of its executors.
    #[arg(long, value_name = "N", default_value = "16", requires = "cluster")]
    pub partitions: NonZeroUsize,
}

/// A size in bytes, or with K, M, G or T (powers of 1,024) behind it.
fn memory(text: &str) -> Result<Memory, String> {
    let (digits, unit) = match text.trim().trim_end_matches(['B', 'b', 'i']) {
        size if size.ends_with(|c: char| c.is_ascii_alphabetic()) => size.split_at(size.len() - 1),
        size => (size, ""),
    };
    let shift = match unit.to_ascii_uppercase().as_str() {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err(format!("`{unit}` is no unit; write K, M, G or T")),
    };
    let number: usize = digits.parse().map_err(|_| "write a whole number, such as 512M".to_owned())?;
    let bytes = number.checked_mul(1 << shift).ok_or("more than this machine can address")?;
    Memory::bytes(bytes).ok_or_else(|| "at least 64M is needed".to_owned())
}

/// `weir investigate`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir investigate logs/ -o case/
  weir investigate edge/ app/ -o case/ --config weir.toml --since 2025-04-01 --until 2025-12-01
  weir investigate -o case/ --lake /data/lake      (no new logs: investigate what the lake holds)")]
pub struct Investigate {
    /// Files and folders of logs.
    #[arg(value_hint = ValueHint::AnyPath)]
    pub inputs: Vec<PathBuf>,
    /// The case folder to write.
    #[arg(long, short, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub output: PathBuf,
    /// The lake to keep records in; the case's own when absent.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub lake: Option<PathBuf>,
    /// Configuration.
    #[command(flatten)]
    pub logs: Logs,
    /// Look only at events from this time on (RFC 3339, or a date).
    #[arg(long, value_name = "TIME", value_parser = Micros::parse)]
    pub since: Option<Micros>,
    /// Look only at events before this time.
    #[arg(long, value_name = "TIME", value_parser = Micros::parse)]
    pub until: Option<Micros>,
    /// Expected false findings of severity high or above per 30 days.
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub alert_budget: f64,
    /// How many people were reported before (`reported` in weir.toml), or a file that lists them, as for `weir scope`: the report says the difference.
    #[arg(long, value_name = "N|FILE", value_hint = ValueHint::FilePath)]
    pub reported: Option<String>,
    /// Where queries run.
    #[command(flatten)]
    pub runs: OnCluster,
    /// Exit with 3 when a finding has at least this severity; suppressed and superseded ones do not count.
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<SeverityName>,
}

/// Where findings are remembered.
#[derive(Args, Clone, Debug)]
pub struct Where {
    /// The case folder, when it keeps its lake itself.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, required_unless_present = "lake")]
    pub case: Option<PathBuf>,
    /// The lake that was investigated.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub lake: Option<PathBuf>,
}

/// `weir explain`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir explain 77b1d02e9ac45f10 --case case/
  weir explain 77b1d02e9ac45f10 --lake /data/lake --json      (see `weir schema explanation`)")]
pub struct Explain {
    /// The finding's id, as in findings.jsonl and the report.
    pub finding: String,
    /// Where it was found.
    #[command(flatten)]
    pub found: Where,
    /// Memory that the work may hold before it goes to disk, such as 512M or 4G.
    #[arg(long, value_name = "SIZE", default_value = "1G", value_parser = memory)]
    pub memory: Memory,
}

/// `weir scope`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir scope --case case/ --config weir.toml             all findings that stand
  weir scope 77b1d02e9ac45f10 --case case/ -o people/    one finding or campaign; who they are, in people/
  weir scope --lake /data/lake --where \"src_ip IN ('203.0.113.7', '203.0.113.9')\" --reported 4536
  weir scope --case case/ -o to-the-regulator/ --masked  people under keyed pseudonyms")]
pub struct Scope {
    /// Ids of findings or campaigns, as in findings.jsonl and the report; all that stand if none is named.
    #[arg(conflicts_with = "condition")]
    pub of: Vec<String>,
    /// Where they were found.
    #[command(flatten)]
    pub found: Where,
    /// The records that count instead: a condition in SQL on the columns of `access`, for what was learned elsewhere.
    #[arg(long = "where", value_name = "CONDITION")]
    pub condition: Option<String>,
    /// The folder to write: exposure.json, scope.csv and scope.parquet, readable by you alone.
    #[arg(long, short, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub output: Option<PathBuf>,
    /// How many people were reported before (`reported` in weir.toml), or a file that lists them: `namespace:id` or an id a line, or a table (commas,
    /// semicolons or tabs) with a column `subject`, `id` or the like; pseudonyms of a masked answer are people too. The difference is said, and with -o a list
    /// says it person by person (reported.csv).
    #[arg(long, value_name = "N|FILE", value_hint = ValueHint::FilePath)]
    pub reported: Option<String>,
    /// Show people under keyed pseudonyms, for whoever may not know them.
    #[arg(long)]
    pub masked: bool,
    /// Configuration and memory.
    #[command(flatten)]
    pub logs: Logs,
    /// Where queries run.
    #[command(flatten)]
    pub runs: OnCluster,
}

/// `weir finding`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir finding list --case case/
  weir finding ack 77b1d02e9ac45f10 --case case/ --reason 'ticket 12, ann looks into it'
  weir finding suppress 77b1d02e9ac45f10 --case case/ --until 2026-04-01 --reason 'penetration test'
  weir finding suppress 77b1d02e9ac45f10 --lake /data/lake --scope entity --until 2026-04-01 --reason 'our own scanner'
  weir finding annotate 77b1d02e9ac45f10 --case case/ --reason 'the partner changed its gateway'
  weir finding reopen 77b1d02e9ac45f10 --case case/ --reason 'the test was over'

What is said is recorded in the lake (dispositions.jsonl: who, when, what, why), never changed, and counts from the next
`weir investigate`; `weir explain` shows it at once. Nothing is hidden: a suppressed finding stays in the case, marked.")]
pub struct OfFinding {
    /// What you make of it.
    #[command(subcommand)]
    pub act: ActOn,
}

/// What somebody makes of a finding.
#[derive(Debug, Subcommand)]
pub enum ActOn {
    /// List what there is: severity, title, id and state of each, those that call for somebody first.
    List(Where),
    /// You have seen it. It is open again once its severity rises, or its people or records more than double.
    Ack(On),
    /// Be quiet about it until an end. It is open again once its last event is not before the end.
    Suppress {
        /// Which, why and who.
        #[command(flatten)]
        on: On,
        /// Event time from which it is open again (RFC 3339, or a date).
        #[arg(long, value_name = "TIME", value_parser = Micros::parse)]
        until: Micros,
        /// What is to be quiet.
        #[arg(long, value_name = "SCOPE", default_value = "finding")]
        scope: Covered,
    },
    /// Write a note beside it.
    Annotate(On),
    /// Take back what was acknowledged or suppressed.
    Reopen {
        /// Which, why and who.
        #[command(flatten)]
        on: On,
        /// What is to be open again.
        #[arg(long, value_name = "SCOPE", default_value = "finding")]
        scope: Covered,
    },
}

/// Words that say something.
fn said(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() {
        Err("it says nothing; what is recorded is read by others")
    } else {
        Ok(text.to_owned())
    }
}

/// Which finding, why and who.
#[derive(Args, Clone, Debug)]
pub struct On {
    /// The finding's id, as in findings.jsonl and the report.
    pub finding: String,
    /// Where it was found.
    #[command(flatten)]
    pub found: Where,
    /// Why; recorded.
    #[arg(long, value_name = "TEXT", value_parser = said)]
    pub reason: String,
    /// Who says so; the account of the system when absent.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

/// What a disposition covers, as a flag's value.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Covered {
    /// This finding.
    Finding,
    /// All that its detector says of its first entity alone.
    Detector,
    /// All that any detector says of its first entity alone.
    Entity,
}

impl From<Covered> for Cover {
    fn from(covered: Covered) -> Self {
        match covered {
            Covered::Finding => Self::Finding,
            Covered::Detector => Self::Detector,
            Covered::Entity => Self::Entity,
        }
    }
}

/// `weir ingest`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  weir ingest /var/log/nginx --lake /data/lake     (run it again any time: only what is new is read)
  weir ingest /var/log/nginx --lake s3://logs/lake

A lake in a bucket is reached as AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and, for other providers, AWS_ENDPOINT_URL say. The store must
keep conditional writes (If-None-Match, If-Match), as S3 does; processes on any number of machines write to it one after the other.")]
pub struct Ingest {
    /// Files and folders of logs.
    #[arg(required = true, value_hint = ValueHint::AnyPath)]
    pub inputs: Vec<PathBuf>,
    /// The lake, a folder or `s3://BUCKET/PREFIX`; made when missing.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub lake: PathBuf,
    /// Configuration.
    #[command(flatten)]
    pub logs: Logs,
}

/// `weir sql`.
#[derive(Args, Debug)]
#[command(after_help = r#"Examples:
  weir sql --lake case/lake 'SELECT src_ip, count(*) AS n FROM access GROUP BY 1 ORDER BY n DESC LIMIT 10'
  weir sql --lake case/lake "SELECT time, route FROM access WHERE subject = 'member:4711'"
  weir sql --lake case/lake --unmask --reason 'case 7: inform those concerned' 'SELECT DISTINCT subject FROM access'
  weir sql --lake case/lake "SELECT entity, distinct_count(people, entity) AS people FROM rollup WHERE kind = 'origin' GROUP BY 1 ORDER BY 2 DESC LIMIT 10"

People, and whoever acts or signs in, are shown under pseudonyms, the same one for a person in every column and answer. They are asked for by name: whole texts that
are compared with them are put under pseudonyms first; patterns, order and functions meet pseudonyms, and a warning says so. --unmask shows people by name; who asked, when, why and what is recorded in the lake
(unmasked.jsonl)."#)]
pub struct Sql {
    /// The query.
    pub query: String,
    /// Show people by name.
    #[arg(long, requires = "reason")]
    pub unmask: bool,
    /// Why people are shown by name; recorded.
    #[arg(long, value_name = "TEXT", requires = "unmask", value_parser = said)]
    pub reason: Option<String>,
    /// The lake, a folder or `s3://BUCKET/PREFIX`.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub lake: PathBuf,
    /// Configuration.
    #[command(flatten)]
    pub logs: Logs,
    /// Where queries run.
    #[command(flatten)]
    pub runs: OnCluster,
}

/// `weir learn`.
#[derive(Args, Debug)]
pub struct Learn {
    /// The lake, a folder or `s3://BUCKET/PREFIX`.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub lake: PathBuf,
    /// Configuration so far.
    #[command(flatten)]
    pub logs: Logs,
}

/// A list, or one of it by name.
#[derive(Args, Debug)]
pub struct Named {
    /// Print this one's page.
    pub name: Option<String>,
}

/// A scenario's setting.
fn setting(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=NUMBER, such as people=7")?;
    let value = value.parse().map_err(|_| format!("`{value}` is no number"))?;
    Ok((name.to_owned(), value))
}

/// `weir simulate`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  weir simulate shop -o world --seed 2026
  weir simulate forged-tokens --about
  weir simulate forged-tokens -o world --seed 7 --set issuance=0 --set people=7
  weir simulate forged-tokens -o world --background access.log.1.gz --background access.log

With --background the ordinary traffic is yours: the attacker's requests alone are written between the lines of real logs (Apache or
nginx, combined form; plain, gzip or zstd), of which no byte changes. It lasts as long as they do unless --days says less.")]
pub struct Simulate {
    /// The scenario; without one they are listed.
    pub scenario: Option<String>,
    /// The folder to write.
    #[arg(long, short, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = "world")]
    pub output: PathBuf,
    /// Same seed, same bytes.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Days of log; the scenario's own when absent.
    #[arg(long)]
    pub days: Option<u32>,
    /// Times as many people.
    #[arg(long, default_value_t = 1.0)]
    pub scale: f64,
    /// A setting of the scenario, see --about; may be given several times.
    #[arg(long = "set", value_name = "NAME=NUMBER", value_parser = setting)]
    pub settings: Vec<(String, f64)>,
    /// A real access log to write the scenario into; may be given several times.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub background: Vec<PathBuf>,
    /// Compression of the logs; the scenario's own when absent.
    #[arg(long, value_name = "CODEC")]
    pub codec: Option<CodecName>,
    /// Print the scenario's page and its settings, and write nothing.
    #[arg(long, requires = "scenario")]
    pub about: bool,
}

/// A compression as a flag's value.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum CodecName {
    /// None.
    Plain,
    /// gzip, at its best level.
    Gzip,
    /// zstd, at its fastest level.
    Zstd,
}

impl From<CodecName> for weir_sim::Codec {
    fn from(name: CodecName) -> Self {
        match name {
            CodecName::Plain => Self::Plain,
            CodecName::Gzip => Self::Gzip,
            CodecName::Zstd => Self::Zstd(1),
        }
    }
}

/// A severity as a flag's value.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SeverityName {
    /// Good to know.
    Informational,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// Very much.
    Critical,
}

impl From<SeverityName> for Severity {
    fn from(name: SeverityName) -> Self {
        match name {
            SeverityName::Informational => Self::Informational,
            SeverityName::Low => Self::Low,
            SeverityName::Medium => Self::Medium,
            SeverityName::High => Self::High,
            SeverityName::Critical => Self::Critical,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_are_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
