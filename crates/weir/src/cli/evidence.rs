//! Flags of `weir evidence`.

use super::said;
use clap::{Args, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;
use weir_engine::weir_evidence::custody::Act;

/// `weir evidence`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir evidence seal case/ -o bag/ --logs logs/ --key ~/.ssh/id_ed25519 --reason 'case 12' --authority 'order 2025-77'
  weir evidence verify bag/ --signers allowed_signers
  weir evidence verify bag/ --signers allowed_signers --log case/lake/evidence-log --custody case/lake
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
    /// A time stamp authority (RFC 3161), http:// or https://. Redirects are not followed.
    #[arg(long, value_name = "URL", requires = "tsa_ca")]
    pub tsa: Option<String>,
    /// Root certificates of its stamps, PEM.
    #[arg(long, value_name = "FILE", requires = "tsa", value_hint = ValueHint::FilePath)]
    pub tsa_ca: Option<PathBuf>,
    /// Root certificates of its HTTPS, PEM; those that Mozilla trusts when absent. The system's own are not asked.
    #[arg(long, value_name = "FILE", requires = "tsa", value_hint = ValueHint::FilePath)]
    pub tsa_tls_ca: Option<PathBuf>,
    /// Why it is sealed, for the custody log.
    #[arg(long, value_name = "TEXT", default_value = "sealed as evidence", value_parser = said)]
    pub reason: String,
    /// On whose authority: an order, a warrant, a contract.
    #[arg(long, value_name = "TEXT", value_parser = said)]
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
    /// The custody log as it is today, or the lake that it lies in: it must go on from the bag's copy.
    #[arg(long, value_name = "FILE_OR_LAKE", value_hint = ValueHint::AnyPath)]
    pub custody: Option<PathBuf>,
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
    #[arg(long, value_name = "TEXT", value_parser = said)]
    pub reason: String,
    /// On whose authority.
    #[arg(long, value_name = "TEXT", value_parser = said)]
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
