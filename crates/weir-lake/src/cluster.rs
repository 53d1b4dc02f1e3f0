//! Queries on a cluster: the scheduler and the executors of Ballista, which are this program with this crate's tables and functions in it.
//!
//! Decisive choice: what travels is a list of files and names, never data and never a secret. A table is sent as the files of the snapshot and
//! becomes an ordinary Parquet scan where it arrives; an aggregate is sent by its name; a derived column is sent as its [`Derive::recipe`], from
//! which every process makes the catalog again. So a query is the same text on one machine and on many, and its plan is made once, by the scheduler.
//!
//! What this refuses: to guess. A cluster that does not answer, or has no executor, is said so before a query is sent ([`Cluster::reach`]).

use crate::derive::Derive;
use crate::{Memory, Result};
use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

#[cfg(feature = "cluster")]
mod again;
#[cfg(not(feature = "cluster"))]
#[path = "cluster/absent.rs"]
mod ballista;
#[cfg(feature = "cluster")]
mod ballista;
#[cfg(feature = "cluster")]
mod codec;
#[cfg(feature = "cluster")]
mod given_up;
#[cfg(feature = "cluster")]
mod processes;
#[cfg(feature = "cluster")]
mod reach;
#[cfg(feature = "cluster")]
mod sorted;
#[cfg(feature = "cluster")]
mod uncounted;

pub(crate) use ballista::context;
pub use ballista::{run_executor, run_scheduler};

/// What a scheduler's address begins with.
const SCHEME: &str = "df";

/// Where a scheduler is: `df://HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// A scheduler on a host.
    #[must_use]
    pub fn new(host: IpAddr, port: u16) -> Self {
        let host = if host.is_ipv6() { format!("[{host}]") } else { host.to_string() };
        Self { host, port }
    }

    /// `HOST:PORT`, which any process may have.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || format!("`{text}` names no scheduler; write {SCHEME}://HOST:PORT");
        let url = Url::parse(text).map_err(|_| wrong())?;
        let bare = matches!(url.path(), "" | "/") && url.username().is_empty() && url.query().is_none();
        match (url.scheme(), url.host_str(), url.port()) {
            (SCHEME, Some(host), Some(port)) if bare && !host.is_empty() => {
                Ok(Self { host: host.to_owned(), port })
            }
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}://{}", self.place())
    }
}

/// A cluster that answered when it was asked.
#[derive(Clone, Debug)]
pub struct Cluster {
    #[cfg_attr(
        not(feature = "cluster"),
        expect(dead_code, reason = "there is no cluster without the feature")
    )]
    address: Address,
    partitions: NonZeroUsize,
}

impl Cluster {
    /// Asks a scheduler whether it and at least one executor are there; waits some seconds for them. Queries will be cut into so many partitions:
    /// more than the executors have slots for is fine, they are worked on one after the other.
    ///
    /// # Errors
    /// If nobody answers there, or no executor has joined.
    pub async fn reach(address: Address, partitions: NonZeroUsize) -> Result<Self> {
        ballista::reach(&address).await?;
        Ok(Self { address, partitions })
    }

    /// Partitions that a query is cut into.
    pub(crate) fn partitions(&self) -> usize {
        self.partitions.get()
    }
}

/// Makes again what derives columns, from what [`Derive::recipe`] gave; an error says what differs here.
pub type Rebuild = Arc<dyn Fn(&str) -> std::result::Result<Arc<dyn Derive>, String> + Send + Sync>;

/// A scheduler: it makes plans and hands out their parts.
#[derive(Clone, Debug)]
pub struct Scheduler {
    /// The address it listens on.
    pub bind: IpAddr,
    /// The port; any free one if 0.
    pub port: u16,
    /// How long an executor may be silent before what it worked on is given up and asked again.
    pub lost_after: Duration,
}

/// An executor: it works on the parts it asks the scheduler for, and keeps their results until they are fetched.
#[derive(Clone, Debug)]
pub struct Executor {
    /// The scheduler it works for.
    pub scheduler: Address,
    /// The address it listens on.
    pub bind: IpAddr,
    /// The port; any free one if 0.
    pub port: u16,
    /// The name by which others reach it; the address it listens on if `None`.
    pub advertise: Option<String>,
    /// Parts worked on at once; the number of processors if `None`.
    pub slots: Option<NonZeroUsize>,
    /// What all its parts together may hold before they go to disk.
    pub memory: Memory,
    /// Where it keeps results and what goes to disk, in a folder of its own; the system's temporary folder if `None`.
    pub work_dir: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_a_host_and_a_port() {
        for good in ["df://127.0.0.1:50050", "df://db.example.org:1", "df://[::1]:50050"] {
            assert_eq!(good.parse::<Address>().unwrap().to_string(), good);
        }
        assert_eq!("df://host:7/".parse::<Address>().unwrap(), Address { host: "host".to_owned(), port: 7 });
        for bad in [
            "",
            "host:7",
            "http://host:7",
            "df://host",
            "df://:7",
            "df://host:7/lake",
            "df://host:70000",
            "df://me@host:7",
        ] {
            let message = bad.parse::<Address>().unwrap_err();
            assert!(message.contains("write df://HOST:PORT"), "{message}");
        }
        assert_eq!(Address::new("::1".parse().unwrap(), 7).to_string(), "df://[::1]:7");
    }
}
