//! Flags, declared once: help, completions and the manual come from here.

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use weir_engine::weir_evidence::custody::Act;
use weir_engine::{Address, Memory};
use weir_model::disposition::Cover;
use weir_model::{Entity, EntityKind, Micros, Severity};

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

Exit codes: 0 done, 1 failed or nothing could be read, 2 usage, 3 with --fail-on when met.";

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
    /// Record what you make of a finding: seen, told to be quiet, a note, open again.
    Finding(OfFinding),
    /// Say whose data findings reached, or records that you select: how many people, who, and how sure.
    Scope(Scope),
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
    /// How many people were reported before; the difference is said (`reported` in weir.toml).
    #[arg(long, value_name = "N")]
    pub reported: Option<u64>,
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

/// `weir evidence`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir evidence seal case/ -o bag/ --logs logs/ --key ~/.ssh/id_ed25519 --reason 'case 12' --authority 'order 2025-77'
  weir evidence verify bag/ --signers allowed_signers
  weir evidence custody --lake case/lake
  weir evidence record hand-over bag/tagmanifest-sha256.txt --lake case/lake --reason 'to the police' --authority 'warrant 5'

A bag is BagIt (RFC 8493); its signature is ssh-keygen's, its time stamp RFC 3161. Whoever gets it checks it with sha256sum,
ssh-keygen and openssl alone: `weir evidence verify` prints how, and the bag's own verify.sh does it. WEIR_KEY_PASSPHRASE
opens an encrypted key.")]
pub struct OfEvidence {
    /// What is done.
    #[command(subcommand)]
    pub act: EvidenceOf,
}

/// What is done with evidence.
#[derive(Debug, Subcommand)]
pub enum EvidenceOf {
    /// Seal a case: cited records in context, each proven to stand in its original, the case, the account, the custody log.
    Seal(SealCase),
    /// Verify a bag; exit 1 and a line for each fault if it is not whole.
    Verify(VerifyBag),
    /// Show the custody log of a lake; an error names the line at which its chain is broken.
    Custody {
        /// The lake.
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        lake: PathBuf,
    },
    /// Write something into the custody log that Weir does not do itself: a hand-over, a copy.
    Record(Record),
}

/// `weir evidence seal`.
#[derive(Args, Debug)]
pub struct SealCase {
    /// The case folder.
    pub case: PathBuf,
    /// The bag to write.
    #[arg(long, short, value_name = "BAG", value_hint = ValueHint::DirPath)]
    pub output: PathBuf,
    /// Where the original logs lie: the files and folders that were given to `weir investigate` or `weir ingest`.
    #[arg(long, value_name = "PATH", num_args = 1.., required = true, value_hint = ValueHint::AnyPath)]
    pub logs: Vec<PathBuf>,
    /// The OpenSSH private key that signs.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key: PathBuf,
    /// The lake that the case was made from; the case's own when absent.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub lake: Option<PathBuf>,
    /// The configuration that the case was made with.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// The folder of the log in which bags are leaves; beside the lake's tables when absent.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub log: Option<PathBuf>,
    /// The name of the log, if it is new.
    #[arg(long, value_name = "NAME", default_value = "weir.invalid/evidence")]
    pub origin: String,
    /// A time stamp authority (RFC 3161).
    #[arg(long, value_name = "URL", requires = "tsa_ca")]
    pub tsa: Option<String>,
    /// Its root certificates, PEM.
    #[arg(long, value_name = "FILE", requires = "tsa", value_hint = ValueHint::FilePath)]
    pub tsa_ca: Option<PathBuf>,
    /// Why it is sealed, for the custody log.
    #[arg(long, value_name = "TEXT", default_value = "sealed as evidence")]
    pub reason: String,
    /// On whose authority: an order, a warrant, a contract.
    #[arg(long, value_name = "TEXT")]
    pub authority: Option<String>,
    /// Who seals it; the account of the system when absent.
    #[arg(long, value_name = "WHO")]
    pub by: Option<String>,
}

/// `weir evidence verify`.
#[derive(Args, Debug)]
pub struct VerifyBag {
    /// The bag.
    pub bag: PathBuf,
    /// Whose signatures count: an allowed_signers file of OpenSSH.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub signers: PathBuf,
    /// Who must have signed.
    #[arg(long, value_name = "WHO")]
    pub principal: Option<String>,
    /// Root certificates of time stamp authorities, PEM; the bag's own count only as far as its signer is believed.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub tsa_ca: Option<PathBuf>,
    /// The log as it is today: it must go on from what the bag knew.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub log: Option<PathBuf>,
}

/// `weir evidence record`.
#[derive(Args, Debug)]
pub struct Record {
    /// What was done.
    pub act: ActName,
    /// With which files: their digests are recorded.
    #[arg(value_hint = ValueHint::AnyPath)]
    pub files: Vec<PathBuf>,
    /// The lake in whose custody log it stands.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub lake: PathBuf,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// On whose authority.
    #[arg(long, value_name = "TEXT")]
    pub authority: String,
    /// Who; the account of the system when absent.
    #[arg(long, value_name = "WHO")]
    pub by: Option<String>,
}

/// What people do with evidence.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ActName {
    /// An original was taken.
    Acquisition,
    /// It was read.
    Read,
    /// A part or a copy went out.
    Export,
    /// It went into other hands.
    HandOver,
}

impl From<ActName> for Act {
    fn from(name: ActName) -> Self {
        match name {
            ActName::Acquisition => Self::Acquisition,
            ActName::Read => Self::Read,
            ActName::Export => Self::Export,
            ActName::HandOver => Self::HandOver,
        }
    }
}

/// `weir finding`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
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
  weir sql --lake case/lake --unmask --reason 'case 7: inform those concerned' 'SELECT DISTINCT subject FROM access'
  weir sql --lake case/lake "SELECT entity, distinct_count(people, entity) AS people FROM rollup WHERE kind = 'origin' GROUP BY 1 ORDER BY 2 DESC LIMIT 10"

People are shown under pseudonyms, the same one for a person in every answer. --unmask shows them by name; who asked, when, why and
what is recorded in the lake (unmasked.jsonl)."#)]
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

/// Days, such as 400d.
fn days(text: &str) -> Result<u32, String> {
    let number = text.trim().strip_suffix('d').and_then(|n| n.parse().ok()).filter(|n| *n > 0);
    number.ok_or_else(|| "write a whole number of days, such as 400d".to_owned())
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

What is recorded of it names the person by a keyed pseudonym only. Nothing goes where a hold covers any of the records.")]
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

/// `weir cluster`.
#[derive(Args, Debug)]
#[command(after_help = "Examples, on one machine and on several:
  weir cluster scheduler
  weir cluster executor --scheduler df://127.0.0.1:50050
  weir sql --cluster df://127.0.0.1:50050 --lake /data/lake 'SELECT count(*) FROM access'

  weir cluster scheduler --bind 10.0.0.1
  weir cluster executor --bind 10.0.0.2 --scheduler df://10.0.0.1:50050 --memory 64G

Every process must see the lake, and the configuration with the files it names, at the same path (or the lake in a bucket), and have the same
key (WEIR_FINGERPRINT_KEY). Whoever reaches a port can run queries on it: keep them in a network that you trust. See docs/cluster.md.")]
pub struct OfCluster {
    /// Which part.
    #[command(subcommand)]
    pub part: Part,
}

/// A part of a cluster.
#[derive(Debug, Subcommand)]
pub enum Part {
    /// Plan queries and give out their parts to executors; one for each cluster.
    Scheduler(SchedulerFlags),
    /// Work on parts of queries; any number of them.
    Executor(ExecutorFlags),
}

/// What a process listens on when nothing is said: itself alone.
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// `weir cluster scheduler`.
#[derive(Args, Debug)]
pub struct SchedulerFlags {
    /// The address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value_t = LOOPBACK)]
    pub bind: IpAddr,
    /// The port to listen on; 0 for any free one.
    #[arg(long, default_value_t = 50050)]
    pub port: u16,
    /// Seconds for which an executor may be silent before the queries it worked on are asked again without it. A busy one speaks every five.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(8..))]
    pub lost_after: u64,
}

/// `weir cluster executor`.
#[derive(Args, Debug)]
pub struct ExecutorFlags {
    /// The scheduler to work for, df://HOST:PORT.
    #[arg(long, value_name = "ADDRESS")]
    pub scheduler: Address,
    /// The address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value_t = LOOPBACK)]
    pub bind: IpAddr,
    /// The port to listen on; 0 for any free one.
    #[arg(long, default_value_t = 50051)]
    pub port: u16,
    /// The name by which others reach it; what it listens on when absent.
    #[arg(long, value_name = "HOST")]
    pub advertise: Option<String>,
    /// Parts worked on at once; as many as there are processors when absent.
    #[arg(long, value_name = "N")]
    pub slots: Option<NonZeroUsize>,
    /// Memory that all parts together may hold before they go to disk, such as 512M or 4G.
    #[arg(long, value_name = "SIZE", default_value = "1G", value_parser = memory)]
    pub memory: Memory,
    /// The folder in which results lie until they are fetched, and what goes to disk; the system's temporary one when absent.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub work_dir: Option<PathBuf>,
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
