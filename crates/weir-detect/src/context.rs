//! What a detector works with: one snapshot's session and what the organisation told us.

use crate::DetectError;
use crate::detectors::harvest::{habits::Habits, screen::Census};
use arrow_array::RecordBatch;
use futures::future::BoxFuture;
use std::sync::OnceLock;
use weir_catalog::{Catalog, Inventories};
use weir_lake::{Batches, Session, Snapshot};
use weir_model::case::Coverage;
use weir_model::config::Config;
use weir_model::{Evidence, Micros, Span};
use weir_rollup::SPAN_US;
use weir_stats::{Budget, Family};

/// What several detectors ask of all records, worked out by the first who does. A narrowed session has one of its own.
#[derive(Default)]
pub struct Memo {
    pub(crate) coverage: OnceLock<Vec<Coverage>>,
    pub(crate) census: OnceLock<Census>,
    pub(crate) habits: OnceLock<Habits>,
}

/// What every detector is given.
pub struct Context<'a> {
    /// The pinned tables.
    pub snapshot: &'a Snapshot,
    /// Queries over them; `access` has the derived columns.
    pub session: &'a Session,
    /// What personal data is.
    pub catalog: &'a Catalog,
    /// Keys and people, as far as configured.
    pub inventories: &'a Inventories,
    /// The configuration.
    pub config: &'a Config,
    /// The event time asked for.
    pub span: Span,
    /// Expected false alarms of severity high or above per 30 days: of all detectors, or of the one that is given this.
    pub alert_budget: f64,
    /// What was asked before.
    pub memo: &'a Memo,
}

impl Context<'_> {
    /// The largest p-value that fires where a detector's day has this many families of so many tests each: every family has an equal part
    /// of the day's budget.
    pub fn threshold(&self, families: usize, tests: u64) -> f64 {
        let families = vec![Family { weight: 1.0, tests }; families];
        Budget::new(self.alert_budget).thresholds(&families).first().copied().unwrap_or(0.0)
    }

    /// Runs a query; `{span}` in it becomes the condition that keeps event time inside [`Context::span`], `{digest}` what
    /// [`Context::digest`] is.
    pub fn sql<'a>(&'a self, query: &'a str) -> BoxFuture<'a, Result<Vec<RecordBatch>, DetectError>> {
        Box::pin(async move { Ok(self.session.sql(&self.filled(query)).await?) })
    }

    /// The same, batch by batch.
    pub fn stream<'a>(&'a self, query: &'a str) -> BoxFuture<'a, Result<Batches, DetectError>> {
        Box::pin(async move { Ok(self.session.stream(&self.filled(query)).await?) })
    }

    fn filled(&self, query: &str) -> String {
        query.replace("{span}", &self.span_sql()).replace("{digest}", self.digest())
    }

    /// The relation that has each record of `access` at least once, with those alike within ten minutes as one row: `n` of them, the first at `time`, the
    /// `last` at its own. Fit for whoever sums `n`, counts distinct or takes least and greatest. A span that cuts such a row asks the records.
    pub fn digest(&self) -> &'static str {
        let cuts = |at: Option<Micros>| at.is_some_and(|at| at.0.rem_euclid(SPAN_US) != 0);
        if cuts(self.span.since) || cuts(self.span.until) {
            "(SELECT *, time AS last, CAST(1 AS BIGINT) AS n FROM access)"
        } else {
            "digest"
        }
    }

    /// The span as a SQL condition on `time`.
    pub fn span_sql(&self) -> String {
        let bound = |op: &str, at: weir_model::Micros| format!("time {op} TIMESTAMP '{at}'");
        let since = self.span.since.map(|s| bound(">=", s));
        let until = self.span.until.map(|u| bound("<", u));
        let both: Vec<String> = since.into_iter().chain(until).collect();
        if both.is_empty() { "true".to_owned() } else { both.join(" AND ") }
    }

    /// Evidence for a claim: the records of `table` that satisfy a condition; `None` when there are none.
    pub fn cite<'a>(
        &'a self,
        table: &'a str,
        condition: &'a str,
    ) -> BoxFuture<'a, Result<Option<Evidence>, DetectError>> {
        Box::pin(async move {
            let condition = condition.replace("{span}", &self.span_sql());
            Ok(self.session.evidence(table, &condition).await?)
        })
    }
}
