//! Whom it concerned: of some findings, of all, or of records that somebody selects.
//!
//! Decisive choice: the answer is worked out anew from the lake, under the configuration given now: a map from orders to people that was missing when
//! a case was written makes its people known without investigating again.

use crate::case::{
    account, aged_out, asked, datasets, deleted, erased, hands, nameless, namespaces, organisation, perhaps,
    short, totals, unread,
};
use crate::investigate::{learned, session};
use crate::{EngineError, Settings, life};
use futures::future::LocalBoxFuture;
use std::collections::BTreeMap;
use std::sync::Arc;
use weir_catalog::mask::Pseudonym;
use weir_detect::coverage::coverage;
use weir_detect::{Context, Memo};
use weir_lake::{Cluster, Fault, Lake, LakeError, Session};
use weir_model::case::{Determinable, Exposure, Gap, Scope};
use weir_model::{Finding, Micros, Severity, Span, Table};
use weir_report::masked::masked_id;
use weir_scope::{Hand, Logs, People, Question};
use weir_sources::secrets::Fingerprints;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Scoping {
    /// Ids of findings or campaigns; all that stand if there is none.
    pub of: Vec<String>,
    /// A condition on `access` that selects the records instead.
    pub condition: Option<String>,
    /// What the organisation told us.
    pub settings: Settings,
    /// The cluster that runs the queries; this process if `None`.
    pub cluster: Option<Cluster>,
    /// Whether people stand under pseudonyms.
    pub masked: bool,
    /// How many people were reported before; as configured if `None`.
    pub reported: Option<u64>,
    /// What limits the answer already.
    pub limits: Vec<String>,
    /// Name and version of the program, for the answer.
    pub program: String,
}

/// What stands for the id of a finding where a condition selects the records.
const SELECTED: &str = "";

/// Whom it concerned, and everybody of them.
pub fn scope<'a>(
    lake: &'a Lake,
    what: &'a Scoping,
    fingerprints: &'a Fingerprints,
) -> LocalBoxFuture<'a, Result<(Exposure, People), EngineError>> {
    Box::pin(async move {
        let findings = match what.condition {
            Some(_) => Vec::new(),
            None => life::some(lake.folder()?, &what.of)?,
        };
        let snapshot = lake.snapshot().await?.on(what.cluster.clone());
        let learned = learned(&snapshot, &what.settings).await?;
        let catalog = what.settings.catalog(&learned)?;
        let session = session(&snapshot, &catalog, learned, &what.settings)?;
        let memo = Memo::default();
        let context = Context {
            snapshot: &snapshot,
            session: &session,
            catalog: &catalog,
            inventories: &what.settings.inventories,
            config: &what.settings.config,
            span: Span::default(),
            alert_budget: 1.0,
            memo: &memo,
        };
        let mut limits = what.limits.clone();
        let (mut hands, near) = match &what.condition {
            Some(condition) => (vec![selected(&session, condition).await?], None),
            None => of_findings(&context, &findings, &mut limits).await?,
        };
        let shown = |id: &str| match what.masked && id != SELECTED {
            // An id is a hash of whom its finding accuses.
            true => masked_id(&|id| fingerprints.pseudonym(id), id),
            false => id.to_owned(),
        };
        for hand in &mut hands {
            hand.finding = shown(&hand.finding);
        }
        for finding in &findings {
            limits.iter_mut().for_each(|limit| *limit = limit.replace(&finding.id, &shown(&finding.id)));
        }
        let categories: BTreeMap<String, Vec<String>> =
            catalog.datasets().into_iter().map(|d| (d.name, d.categories)).collect();
        let account = account(&context).await?;
        let rejected = totals(&account).rejected;
        let mut unread: Vec<Gap> = unread(&account);
        unread.extend(aged_out(&context).await?);
        limits.extend(deleted(&context).await?);
        let seen = context
            .sql("SELECT time FROM {digest} WHERE dataset IS NOT NULL OR thing IS NOT NULL LIMIT 1")
            .await?;
        let data_seen = seen.iter().any(|batch| batch.num_rows() > 0);
        // Of selected records, what others name nobody tells nothing.
        let nameless = match what.condition {
            None => nameless(&context, &datasets(&context).await?).await?,
            Some(_) => Vec::new(),
        };
        let nameless = &nameless;
        let erased = erased(&context).await?;
        let coverage = coverage(&context).await?;
        let short = short(coverage);
        let logs = Logs { coverage, unread: &unread, rejected, erased, data_seen, nameless, short };
        let key = fingerprints.clone();
        let pseudonym: Pseudonym = Arc::new(move |id| key.pseudonym(id));
        let question = Question {
            hands: &hands,
            logs,
            categories: &categories,
            catalog: &catalog,
            namespaces: &namespaces(&catalog, &what.settings.config.links),
            pseudonym: Some(&pseudonym).filter(|_| what.masked),
        };
        let near = near.as_ref().unwrap_or(&session);
        let mut scoped = weir_scope::scope(&session, near, question).await?;
        scoped.findings.remove(SELECTED);
        if let Some(hand) = hands.first().filter(|_| what.condition.is_some()) {
            let beyond = beyond(&session, &hand.condition, !what.masked).await?;
            if scoped.people.is_empty() && scoped.overall.records == 0 {
                nobody(&mut scoped.overall, hand, beyond);
            } else {
                limits.extend(beyond);
            }
        }
        let exposure = Exposure {
            program: what.program.clone(),
            of: findings.iter().map(|f| shown(&f.id)).collect(),
            // What selects records may name people.
            condition: what.condition.clone().filter(|_| !what.masked),
            masked: what.masked,
            scope: scoped.overall,
            divided: scoped.divided,
            finding_scopes: scoped.findings,
            reported: what.reported.or(what.settings.config.organisation.reported),
            compared: None,
            organisation: organisation(&context),
            limits,
            snapshot: snapshot.versions(),
        };
        Ok((exposure, scoped.people))
    })
}

/// The records that a condition selects.
async fn selected(session: &Session, condition: &str) -> Result<Hand, EngineError> {
    let wrong = |error: LakeError| match error {
        LakeError::Query { message, help, fault: Fault::Question } => {
            // Lines and columns are those of the query around it.
            let message = message.split(" at Line: ").next().unwrap_or_default().to_owned();
            EngineError::Condition { condition: condition.to_owned(), message, help }
        }
        other => other.into(),
    };
    // As it stands, it must be all that there is after WHERE, and one condition: not a part of one, nor more than one clause.
    session.explain(&format!("SELECT time FROM access WHERE {condition}")).await.map_err(wrong)?;
    let whole = format!("(\n{condition}\n)");
    let query = format!("SELECT min(time) AS first, max(time) AS last FROM access WHERE {whole}");
    let answer = session.sql(&query).await.map_err(wrong)?;
    let row = weir_lake::rows(&answer).next();
    let time = |name| row.as_ref().and_then(|row| row.time(name)).unwrap_or(Micros(0));
    let seen = (time("first"), time("last"));
    Ok(Hand { finding: SELECTED.to_owned(), condition: whole, perhaps: None, grave: true, seen })
}

/// Says of a selection that shows nobody why it does.
fn nobody(overall: &mut Scope, hand: &Hand, beyond: Option<String>) {
    let also = if overall.gaps.is_empty() { "" } else { "; what lies in the gaps is not known" };
    overall.reason = format!("none of the records that were selected shows people's data{also}");
    let none = hand.seen == (Micros(0), Micros(0));
    let unknown =
        none.then(|| "no record was selected, which tells nothing of anybody".to_owned()).or(beyond);
    if let Some(reason) = unknown {
        overall.determinable = Determinable::No;
        overall.subjects = None;
        overall.beyond.clear();
        overall.reason = reason;
    }
}

/// What cannot be known of selected records that answer with something and are of no dataset, where there are any. Routes, those of most bytes first, are `named`
/// where whoever reads it may know what stands in paths.
async fn beyond(session: &Session, condition: &str, named: bool) -> Result<Option<String>, EngineError> {
    const ROUTES_MAX: usize = 3;
    let query = format!(
        "SELECT coalesce(route, 'no route') AS route, count(*) AS n, sum(coalesce(bytes_out, 0)) AS bytes FROM access \
         WHERE {condition} AND shown AND dataset IS NULL AND coalesce(status_id, 1) = 1 AND coalesce(bytes_out, 1) > 0 \
         GROUP BY 1 ORDER BY bytes DESC, n DESC, route"
    );
    let answer = session.sql(&query).await?;
    let routes: Vec<(String, u64)> = weir_lake::rows(&answer)
        .map(|row| (row.text("route").unwrap_or_default().to_owned(), row.count("n")))
        .collect();
    let records: u64 = routes.iter().map(|(_, n)| n).sum();
    let shown = routes.iter().take(if named { ROUTES_MAX } else { 0 });
    let mut of: Vec<String> = shown.map(|(route, n)| format!("`{route}` ({n})")).collect();
    let more = routes.len().saturating_sub(of.len());
    of.extend(
        (more > 0).then(|| if of.is_empty() { format!("{more} routes") } else { format!("{more} more") }),
    );
    Ok((records > 0).then(|| {
        format!(
            "{records} of the selected records answer with something and are of no dataset, so whose data they show is not known: {}; \
             a `[[dataset]]` of weir.toml for what holds people's data would tell",
            of.join(", ")
        )
    }))
}

/// The records of findings, and a session that has no others in `access`.
async fn of_findings(
    context: &Context<'_>,
    findings: &[Finding],
    limits: &mut Vec<String>,
) -> Result<(Vec<Hand>, Option<Session>), EngineError> {
    // Those below medium are of no data unless somebody asks for one by its id.
    let worth: Vec<&Finding> =
        findings.iter().filter(|f| findings.len() == 1 || f.severity >= Severity::Medium).collect();
    let all = hands(context, &worth, limits).await?;
    let asked = asked(findings, &all.conditions);
    let perhaps = worth.iter().filter_map(|finding| perhaps(finding, findings));
    let any: Vec<String> = all.conditions.values().cloned().chain(perhaps).collect();
    if any.is_empty() {
        return Ok((asked, None));
    }
    let near = context.session.narrowed(&[(Table::Access, any.join(" OR "))]).await?;
    Ok((asked, Some(near)))
}
