//! The main job: logs in, case out.

use crate::case::assemble;
use crate::fold::refold;
use crate::ingest::{Ingested, STATE_LEARNED, Then, ingest};
use crate::life::live;
use crate::walk::holding;
use crate::{EngineError, Progress, Settings, recipe};
use futures::future::LocalBoxFuture;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use weir_catalog::{Catalog, Learned, Learner};
use weir_detect::{Context, Memo, run_all};
use weir_lake::{Cluster, Lake, LakeError, Memory, RecordBatch, Session, Snapshot};
use weir_model::case::Case;
use weir_model::{Finding, Micros, Span};
use weir_report::reported::{Comparing, Listed};
use weir_sources::secrets::Fingerprints;

/// What to investigate, and how.
#[derive(Clone, Debug)]
pub struct Investigation {
    /// Files and folders of logs; may be empty when the lake holds the logs already.
    pub inputs: Vec<PathBuf>,
    /// The lake's folder; made when missing.
    pub lake: PathBuf,
    /// Where the case goes.
    pub case: PathBuf,
    /// What the organisation told us.
    pub settings: Settings,
    /// What the work may hold before it goes to disk.
    pub memory: Memory,
    /// The cluster that runs the queries of detection; this process if `None`.
    pub cluster: Option<Cluster>,
    /// Event time to look at.
    pub span: Span,
    /// Expected false alarms of severity high or above per 30 days.
    pub alert_budget: f64,
    /// Who was reported before, by name, if a list was given.
    pub listed: Option<Listed>,
    /// Name and version of the program, for the case.
    pub program: String,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Investigated {
    /// The case, as written.
    pub case: Case,
    /// The account of this run's files.
    pub ingested: Ingested,
    /// Where the report lies.
    pub report: PathBuf,
}

/// Opens a lake, making it when missing and `create` is set.
pub fn open_lake<'a>(
    dir: &'a Path,
    create: bool,
    memory: Memory,
) -> LocalBoxFuture<'a, Result<Lake, EngineError>> {
    Box::pin(async move { Ok(Lake::open_within(dir, create, memory).await?) })
}

/// What was learned from the records of a snapshot.
pub(crate) async fn learned(snapshot: &Snapshot, settings: &Settings) -> Result<Learned, EngineError> {
    let learner = match snapshot.state(STATE_LEARNED).await? {
        Some(bytes) => Learner::from_bytes(&bytes)?,
        None => Learner::new(),
    };
    Ok(learner.finish(&settings.config))
}

/// Where queries run, and how people stand in their answers.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Who sees people by name; under pseudonyms if `None`.
    pub unmasked: Option<Unmasked>,
    /// The cluster that runs the query; this process if `None`.
    pub cluster: Option<Cluster>,
}

/// What a lake's records taught, as a starting `weir.toml`.
pub fn learn<'a>(lake: &'a Lake, settings: &'a Settings) -> LocalBoxFuture<'a, Result<String, EngineError>> {
    Box::pin(async move {
        let snapshot = lake.snapshot().await?;
        Ok(weir_catalog::to_toml(&learned(&snapshot, settings).await?))
    })
}

/// Who asked to see people by name, when and why.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Unmasked {
    /// When it was asked.
    pub time: Micros,
    /// The account that asked, as the system knows it.
    pub user: String,
    /// Why.
    pub reason: String,
}

/// The answer to a query.
#[derive(Debug)]
pub struct Answer {
    /// Its rows.
    pub batches: Vec<RecordBatch>,
    /// What is not as it may seem.
    pub notices: Vec<String>,
}

/// Answers a read-only query over a lake; `access` has the derived columns. People are shown under pseudonyms (keyed, so the same person
/// has the same one in every answer of one user) unless it is recorded who sees them and why. What the query compares with them is put under pseudonyms too.
pub fn sql<'a>(
    lake: &'a Lake,
    settings: &'a Settings,
    fingerprints: &'a Fingerprints,
    query: &'a str,
    asked: &'a Asked,
) -> LocalBoxFuture<'a, Result<Answer, EngineError>> {
    Box::pin(async move {
        let snapshot = lake.snapshot().await?.on(asked.cluster.clone());
        let learned = learned(&snapshot, settings).await?;
        let catalog = settings.catalog(&learned)?;
        let key = match &asked.unmasked {
            Some(who) => {
                record(lake, who, query)?;
                None
            }
            None => Some(fingerprints),
        };
        let derive = recipe::asked(catalog, learned, settings, key)?;
        let session = snapshot.session(&snapshot.session_options(), Some(derive))?;
        let (batches, seen) = session.asked(query).await?;
        let columns: Vec<String> = seen.iter().map(|column| format!("`{column}`")).collect();
        let notice = || {
            format!(
                "this answer may be wrong: people stand under pseudonyms in {}, and what this query compares with it, looks for in it, or orders or groups by it, meets \
                 pseudonyms: only `=`, `<>` and IN with a whole text ask for a person by name; `--unmask --reason TEXT` shows people as they are",
                columns.join(" and ")
            )
        };
        Ok(Answer { batches, notices: (!columns.is_empty()).then(notice).into_iter().collect() })
    })
}

/// The file beside the tables in which every look at people by name is recorded, a line of JSON each.
const UNMASKED: &str = "unmasked.jsonl";

/// Records a look at people by name, on the disk before anything is shown.
fn record(lake: &Lake, who: &Unmasked, query: &str) -> Result<(), EngineError> {
    use std::io::Write;
    let path = lake.folder()?.join(UNMASKED);
    let line = serde_json::json!({
        "time": who.time, "user": who.user, "reason": who.reason, "query": query
    });
    let written = std::fs::OpenOptions::new().create(true).append(true).open(&path).and_then(|mut file| {
        file.write_all(format!("{line}\n").as_bytes())?;
        file.sync_all()
    });
    written.map_err(|e| EngineError::Input {
        path,
        message: format!("the look at people by name could not be recorded, so nothing is shown: {e}"),
    })
}

pub(crate) fn session(
    snapshot: &Snapshot,
    catalog: &Arc<Catalog>,
    learned: Learned,
    settings: &Settings,
) -> Result<Session, EngineError> {
    let derive = recipe::columns(Arc::clone(catalog), learned, settings)?;
    Ok(snapshot.session(&snapshot.session_options(), Some(derive))?)
}

/// Makes the case's folder and locks it, so that two runs do not write one case; the lock goes with the process.
fn alone(case: &Path) -> Result<std::fs::File, EngineError> {
    let wrong = |e: std::io::Error| EngineError::Input { path: case.to_owned(), message: e.to_string() };
    std::fs::create_dir_all(case).map_err(wrong)?;
    let folder = std::fs::File::open(case).map_err(wrong)?;
    match folder.try_lock() {
        Ok(()) => Ok(folder),
        Err(std::fs::TryLockError::WouldBlock) => Err(EngineError::CaseInUse { case: case.to_owned() }),
        Err(std::fs::TryLockError::Error(error)) => Err(wrong(error)),
    }
}

/// Reads, folds, detects, traces, counts and writes the case.
pub fn investigate<'a>(
    what: &'a Investigation,
    fingerprints: &'a Fingerprints,
    progress: &'a dyn Progress,
) -> LocalBoxFuture<'a, Result<Investigated, EngineError>> {
    Box::pin(async move {
        if let Some(input) = holding(&what.inputs, &what.case) {
            return Err(EngineError::CaseAmongLogs { case: what.case.clone(), input: input.clone() });
        }
        let what = &Investigation { span: what.span.comparable(), ..what.clone() };
        if weir_lake::is_bucket(&what.lake) {
            return Err(LakeError::NoFolder { place: what.lake.display().to_string() }.into());
        }
        let _alone = alone(&what.case)?;
        let lake = open_lake(&what.lake, true, what.memory).await?;
        let ours = [what.case.clone(), what.lake.clone()];
        let ingested =
            ingest(Then::Investigate, &lake, &what.inputs, &ours, &what.settings, fingerprints, progress);
        let ingested = ingested.await?;
        let snapshot = lake.snapshot().await?;
        let learned = learned(&snapshot, &what.settings).await?;
        let catalog = what.settings.catalog(&learned)?;
        let snapshot = refold(&lake, snapshot, &catalog, progress).await?;
        let snapshot = snapshot.on(what.cluster.clone());
        let session = session(&snapshot, &catalog, learned, &what.settings)?;
        let memo = Memo::default();
        let context = Context {
            snapshot: &snapshot,
            session: &session,
            catalog: &catalog,
            inventories: &what.settings.inventories,
            config: &what.settings.config,
            span: what.span,
            alert_budget: what.alert_budget,
            memo: &memo,
        };
        progress.stage("detecting", None);
        let found: Vec<Finding> = run_all(&context).await?;
        let lived = live(what, &snapshot, catalog.id(), found)?;
        progress.done();
        progress.stage("tracing and counting", None);
        let (mut case, people) =
            assemble(&context, lived, &what.program, what.settings.configuration()).await?;
        if let Some(listed) = &what.listed {
            let pseudonym = |id: &str| fingerprints.pseudonym(id);
            let mut comparing = Comparing::new(listed, &pseudonym, &case.divided.things, false);
            comparing.all(people.batches()?)?;
            let (compared, other_key) = (comparing.told(), comparing.other_key());
            case.reported = Some(listed.len());
            case.compared = Some(compared);
            case.limits.extend(other_key);
        }
        progress.done();
        let rejects = rejects(&snapshot, &case).await?;
        weir_report::write_case(&what.case, &case, people.batches()?, rejects.into_iter())?;
        Ok(Investigated { case, ingested, report: what.case.join("report.html") })
    })
}

/// The most rejected records of one file that a case shows; the rest are in the lake.
const REJECTS_MAX: usize = 10_000;

async fn rejects(
    snapshot: &Snapshot,
    case: &Case,
) -> Result<Vec<(String, weir_model::intake::Reject)>, EngineError> {
    let mut all = Vec::new();
    for row in case.intake.iter().filter(|i| i.rejected > 0) {
        let found = snapshot.rejects(row.file, REJECTS_MAX).await?;
        all.extend(found.into_iter().map(|r| (row.path.clone(), r)));
    }
    Ok(all)
}
