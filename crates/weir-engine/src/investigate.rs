//! The main job: logs in, case out.

use crate::case::assemble;
use crate::fold::refold;
use crate::ingest::{Ingested, STATE_LEARNED, ingest};
use crate::{EngineError, Progress, Settings};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use weir_catalog::{Catalog, Learned, Learner};
use weir_detect::{Context, run_all};
use weir_lake::{Lake, RecordBatch, Session, SessionOptions, Snapshot};
use weir_model::case::Case;
use weir_model::{Finding, Span};
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
    /// Event time to look at.
    pub span: Span,
    /// Expected false alarms of severity high or above per 30 days.
    pub alert_budget: f64,
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
pub async fn open_lake(dir: &Path, create: bool) -> Result<Lake, EngineError> {
    Ok(Lake::open(dir, create).await?)
}

/// What was learned from the records of a snapshot.
async fn learned(snapshot: &Snapshot, settings: &Settings) -> Result<Learned, EngineError> {
    let learner = match snapshot.state(STATE_LEARNED).await? {
        Some(bytes) => Learner::from_bytes(&bytes)?,
        None => Learner::new(),
    };
    Ok(learner.finish(&settings.config))
}

/// The catalog of a snapshot under some settings.
pub(crate) async fn catalog(snapshot: &Snapshot, settings: &Settings) -> Result<Arc<Catalog>, EngineError> {
    settings.catalog(&learned(snapshot, settings).await?)
}

/// What a lake's records taught, as a starting `weir.toml`.
pub async fn learn(lake: &Lake, settings: &Settings) -> Result<String, EngineError> {
    let snapshot = lake.snapshot().await?;
    Ok(weir_catalog::to_toml(&learned(&snapshot, settings).await?))
}

/// Answers a read-only query over a lake; `access` has the derived columns.
pub async fn sql(lake: &Lake, settings: &Settings, query: &str) -> Result<Vec<RecordBatch>, EngineError> {
    let snapshot = lake.snapshot().await?;
    let session = session(&snapshot, &catalog(&snapshot, settings).await?)?;
    Ok(session.sql(query).await?)
}

fn session(snapshot: &Snapshot, catalog: &Arc<Catalog>) -> Result<Session, EngineError> {
    Ok(snapshot.session(&SessionOptions::default(), Some(Arc::clone(catalog) as _))?)
}

/// Reads, folds, detects, traces, counts and writes the case.
pub async fn investigate(
    what: &Investigation,
    fingerprints: &Fingerprints,
    progress: &dyn Progress,
) -> Result<Investigated, EngineError> {
    let lake = open_lake(&what.lake, true).await?;
    let ours = [what.case.clone(), what.lake.clone()];
    let ingested = ingest(&lake, &what.inputs, &ours, &what.settings, fingerprints, progress).await?;
    let snapshot = lake.snapshot().await?;
    let catalog = catalog(&snapshot, &what.settings).await?;
    let snapshot = refold(&lake, snapshot, &catalog, progress).await?;
    let session = session(&snapshot, &catalog)?;
    let context = Context {
        snapshot: &snapshot,
        session: &session,
        catalog: &catalog,
        inventories: &what.settings.inventories,
        config: &what.settings.config,
        span: what.span,
        alert_budget: what.alert_budget,
    };
    progress.stage("detecting", None);
    let findings: Vec<Finding> = run_all(&context).await?;
    progress.done();
    progress.stage("tracing and counting", None);
    let (case, people) = assemble(&context, findings, &what.program).await?;
    progress.done();
    let rejects = rejects(&snapshot, &case).await?;
    weir_report::write_case(&what.case, &case, people.into_iter(), rejects.into_iter())?;
    Ok(Investigated { case, ingested, report: what.case.join("report.html") })
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
