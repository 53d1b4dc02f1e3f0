//! What can go wrong in a run: the machine, the configuration, never the content of a log.

use std::path::PathBuf;

/// An error of the engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// A folder or file given cannot be read.
    #[error("`{}` cannot be read: {message}", path.display())]
    Input {
        /// What was given.
        path: PathBuf,
        /// The system's own words.
        message: String,
    },
    /// The case would lie among the logs that it is made from.
    #[error("the case `{}` would lie in `{}`, which is read for logs", case.display(), input.display())]
    CaseAmongLogs {
        /// The case.
        case: PathBuf,
        /// The folder of logs.
        input: PathBuf,
    },
    /// Another investigation writes the same case.
    #[error("another investigation writes the case `{}` now", case.display())]
    CaseInUse {
        /// The case.
        case: PathBuf,
    },
    /// The configuration cannot be used.
    #[error("`{}`{}: {message}", path.display(), line.map(|l| format!(" line {l}")).unwrap_or_default())]
    Config {
        /// The file.
        path: PathBuf,
        /// 1-based line, where known.
        line: Option<usize>,
        /// What is wrong.
        message: String,
        /// How to mend it, where known.
        help: Option<String>,
    },
    /// A file beside the lake's tables cannot be read or written: what was found or said before.
    #[error("`{}`: {message}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// No run over the lake found a finding of this id.
    #[error("no finding `{id}` is known")]
    NoFinding {
        /// The id given.
        id: String,
        /// The nearest id there is.
        nearest: Option<String>,
    },
    /// The custody log has a hold that the lake has not.
    #[error("hold {lost} stands in the custody log and not in the lake: nothing was deleted")]
    LostHold {
        /// The holds' ids.
        lost: String,
    },
    /// A condition that selects records cannot be used.
    #[error("the condition `{condition}` cannot be used: {message}")]
    Condition {
        /// As it was given.
        condition: String,
        /// What is wrong with it.
        message: String,
        /// How to mend it, where known.
        help: Option<String>,
    },
    /// People of a namespace that nothing knows were asked for.
    #[error(
        "no person is known as `{namespace}:...`: neither the configuration nor any record of the lake has people of that name"
    )]
    NoNamespace {
        /// What was asked for.
        namespace: String,
        /// Those that are known.
        known: Vec<String>,
    },
    /// Nobody investigated the lake.
    #[error("nobody investigated this lake, so it has no findings")]
    NotInvestigated,
    /// None of the files that a case was made of is where they were said to be.
    #[error("none of the {files} logs of the case is in {}; one is `{first}`", logs.iter().map(|p| format!("`{}`", p.display())).collect::<Vec<_>>().join(", "))]
    NoOriginals {
        /// How many there are.
        files: usize,
        /// Where they were looked for.
        logs: Vec<PathBuf>,
        /// The first of them.
        first: String,
    },
    /// What a case cites was deleted from the lake since.
    #[error(
        "the lake no longer has all that the case cites: {why}, by {by} at {time}, on the authority of: {authority}, took {rows} records"
    )]
    DeletedSince {
        /// What deleted.
        why: String,
        /// Who ran it.
        by: String,
        /// When.
        time: weir_model::Micros,
        /// How many rows went.
        rows: u64,
        /// On whose authority.
        authority: String,
    },
    /// A bag would lie where a bag, a case or a lake lies.
    #[error("the bag `{}` would lie in {what} `{}`", bag.display(), inside.display())]
    BagInside {
        /// The bag.
        bag: PathBuf,
        /// What it would lie in.
        what: &'static str,
        /// Where that is.
        inside: PathBuf,
    },
    /// What is to be said of a finding cannot be recorded as it is.
    #[error("{message}")]
    Said {
        /// What is wrong.
        message: String,
    },
    /// A case folder that a hold is to be made for cannot be read.
    #[error("`{}` cannot be read as a case: {message}", path.display())]
    Case {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// Records that are to be erased are under legal holds.
    #[error("{records} of these records are under {}: nothing was erased", holds.join(", "))]
    Held {
        /// How many.
        records: u64,
        /// The holds.
        holds: Vec<String>,
    },
    /// The key for fingerprints cannot be read or made.
    #[error("the fingerprint key `{}` cannot be used: {message}", path.display())]
    Key {
        /// Where it lies.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A lake was written with another fingerprint key.
    #[error("this lake's secrets were fingerprinted with key {lake}, and the key in use is {ours}")]
    OtherKey {
        /// The lake's key id.
        lake: String,
        /// Ours.
        ours: String,
    },
    /// The lake failed.
    #[error(transparent)]
    Lake(#[from] weir_lake::LakeError),
    /// What personal data is could not be worked out.
    #[error(transparent)]
    Catalog(#[from] weir_catalog::CatalogError),
    /// A rollup failed.
    #[error(transparent)]
    Rollup(#[from] weir_rollup::RollupError),
    /// A detector failed.
    #[error(transparent)]
    Detect(#[from] weir_detect::DetectError),
    /// A trace failed.
    #[error(transparent)]
    Trace(#[from] weir_trace::TraceError),
    /// Counting people failed.
    #[error(transparent)]
    Scope(#[from] weir_scope::ScopeError),
    /// Evidence could not be gathered or read.
    #[error(transparent)]
    Evidence(#[from] weir_evidence::EvidenceError),
    /// The case could not be written.
    #[error(transparent)]
    Report(#[from] weir_report::ReportError),
    /// Processes of a cluster do not derive the same columns.
    #[error("{message}")]
    Recipe {
        /// What differs.
        message: String,
    },
    /// A folding thread ended early: a defect of ours.
    #[error("folding stopped: {message}")]
    Folding {
        /// What happened.
        message: String,
    },
    /// A reading thread ended early: a defect of ours.
    #[error("reading `{path}` stopped: {message}")]
    Reader {
        /// The file.
        path: String,
        /// What happened.
        message: String,
    },
}

impl EngineError {
    /// How to mend it, where known.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Input { .. } => Some("check the path and that you may read it".to_owned()),
            Self::CaseAmongLogs { .. } => Some("name a folder beside the logs with -o: the next run would read the case for a log".to_owned()),
            Self::DeletedSince { .. } => Some(
                "investigate the lake as it is (`weir investigate -o DIR --lake LAKE`) and seal that case; seal a case, or `weir hold add --case`, before the next retention".to_owned(),
            ),
            Self::BagInside { .. } => Some("name a folder beside it with -o: what is sealed, or was, must not change".to_owned()),
            Self::CaseInUse { .. } => Some("wait until it has ended, or write another case with -o".to_owned()),
            Self::Config { help, .. } => help.clone(),
            Self::Condition { help, .. } => Some(help.clone().unwrap_or_else(|| {
                "write what stands after WHERE in a query of `access`, such as \"src_ip = '203.0.113.7'\"; `weir sql` tries it".to_owned()
            })),
            Self::NoFinding { nearest: Some(near), .. } => Some(format!("did you mean `{near}`? `findings.jsonl` of the case has every id")),
            Self::NoFinding { .. } => Some("investigate the lake first: `weir investigate -o DIR --lake LAKE`".to_owned()),
            Self::LostHold { .. } => Some("the lake's `state` has lost entries: restore it from a backup, or record the hold again under the same order and ask who had access".to_owned()),
            Self::NoNamespace { known, .. } => Some(format!(
                "give the configuration that the lake was investigated with (--config); known without more: {}",
                if known.is_empty() { "none".to_owned() } else { known.join(", ") }
            )),
            Self::NotInvestigated => Some(
                "run `weir investigate -o DIR --lake LAKE` first; `weir scope` counts people of records that --where selects, too".to_owned(),
            ),
            Self::NoOriginals { .. } => Some("name the folder of the logs that the case was made of with --logs".to_owned()),
            Self::Record { .. } => Some("check the disk and that you may read and write it".to_owned()),
            Self::Case { .. } => Some("name the folder that `weir investigate -o` wrote".to_owned()),
            Self::Held { .. } => Some(
                "ask whoever ordered the hold (`weir hold list` names the order); --except-held erases what no hold covers".to_owned(),
            ),
            Self::Key { .. } => Some("set WEIR_FINGERPRINT_KEY to a file you can read and write".to_owned()),
            Self::OtherKey { .. } => {
                Some("set WEIR_FINGERPRINT_KEY to the key the lake was made with, or name another lake with --lake".to_owned())
            }
            Self::Lake(e)
            | Self::Detect(weir_detect::DetectError::Lake(e))
            | Self::Trace(weir_trace::TraceError::Lake(e))
            | Self::Scope(weir_scope::ScopeError::Lake(e)) => e.help().map(str::to_owned),
            Self::Catalog(e) => e.help().map(str::to_owned),
            Self::Report(error) => error.help(),
            _ => None,
        }
    }
}
