//! [`AskedAgain`]: a query that the cluster gave up, because it lost an executor, is asked again.
//!
//! Decisive choice: only before the first row of an answer has come. It comes when all work is done; of an answer that breaks off after that, some
//! rows have been used, and whoever used them is told.

use super::given_up::FETCHES_FAILED_MAX;
use super::{Address, reach};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{StreamExt, TryStreamExt, stream};
use std::fmt;
use std::sync::Arc;

/// How often a query is asked before it fails. A cluster that loses executors faster than it answers needs its machines looked at.
const ASKED_MAX: usize = 4;

/// A query on a cluster.
#[derive(Debug)]
pub(super) struct AskedAgain {
    query: Arc<dyn ExecutionPlan>,
    scheduler: Address,
}

impl AskedAgain {
    pub(super) fn new(query: Arc<dyn ExecutionPlan>, scheduler: Address) -> Self {
        Self { query, scheduler }
    }
}

/// What is said where an executor is gone in the middle of what another reads from it.
const BROKEN_OFF: &str = "error reading a body from connection";

/// Whether an executor that is gone made a query fail. Ballista gives words alone.
fn gave_up(error: &DataFusionError) -> bool {
    let DataFusionError::Execution(words) = error else { return false };
    words.starts_with("Job ")
        && (words.ends_with(" failed: Cancelled")
            || words.contains(&format!("has failed {FETCHES_FAILED_MAX} times, most recent failure reason"))
            || words.contains(BROKEN_OFF))
}

async fn answer(
    query: Arc<dyn ExecutionPlan>,
    scheduler: Address,
    partition: usize,
    context: Arc<TaskContext>,
) -> Result<SendableRecordBatchStream> {
    let mut asked = 1;
    loop {
        let mut rows = query.execute(partition, Arc::clone(&context))?;
        let first = match rows.next().await {
            Some(Err(error)) if asked < ASKED_MAX && gave_up(&error) => {
                tracing::warn!("a query is asked again, since the cluster lost an executor: {error}");
                reach::reach(&scheduler).await.map_err(|e| DataFusionError::External(Box::new(e)))?;
                asked += 1;
                continue;
            }
            first => first,
        };
        let schema = query.schema();
        return Ok(Box::pin(RecordBatchStreamAdapter::new(schema, stream::iter(first).chain(rows))));
    }
}

impl DisplayAs for AskedAgain {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AskedAgain: scheduler={}", self.scheduler)
    }
}

impl ExecutionPlan for AskedAgain {
    fn name(&self) -> &'static str {
        "AskedAgain"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.query.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.query]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let query = children.pop().unwrap_or_else(|| Arc::clone(&self.query));
        Ok(Arc::new(Self::new(query, self.scheduler.clone())))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let asked = answer(Arc::clone(&self.query), self.scheduler.clone(), partition, context);
        let rows = stream::once(asked).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.query.schema(), rows)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_executor_took_with_it_is_asked_again() {
        let failed = |words: &str| gave_up(&DataFusionError::Execution(words.to_owned()));
        assert!(failed("Job x7Fk failed: Cancelled"));
        assert!(failed(
            "Job x7Fk failed: Job failed due to stage 2 failed: Stage 2 has failed 1 times, most recent failure reason: \"\""
        ));
        assert!(failed(
            "Job x7Fk failed: Job failed due to stage 2 failed: Task failed due to runtime execution error: IpcError(\"h2 protocol error: error reading a body from connection\")"
        ));
        assert!(!failed("Job x7Fk failed: Arrow error: Divide by zero error"));
        assert!(!failed("Cancelled"));
        assert!(!gave_up(&DataFusionError::Plan("Job x7Fk failed: Cancelled".to_owned())));
    }
}
