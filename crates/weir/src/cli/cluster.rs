//! Flags of `weir cluster`.

use super::memory;
use clap::{Args, Subcommand, ValueHint};
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use weir_engine::{Address, Memory};

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
