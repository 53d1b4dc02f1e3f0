//! [`SortedAgain`]: rows that were in order before a shuffle are put in order after it.
//!
//! Decisive choice: where DataFusion hands sorted rows to other partitions, it merges them, and whatever stands above counts on their order. Ballista's shuffle takes
//! such a step for any other and reads what comes first, so an ORDER BY over a sorted table came back out of order. So each such step becomes one
//! that promises nothing, with a sort above it that keeps the promise.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use std::sync::Arc;

/// A rule of the scheduler, after all others.
#[derive(Debug)]
pub(super) struct SortedAgain;

impl PhysicalOptimizerRule for SortedAgain {
    fn name(&self) -> &'static str {
        "weir_sorted_again"
    }

    fn schema_check(&self) -> bool {
        true
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let done = plan.transform_up(|node| {
            let Some(step) = node.downcast_ref::<RepartitionExec>().filter(|step| step.preserve_order())
            else {
                return Ok(Transformed::no(node));
            };
            let Some(order) = step.input().output_ordering().cloned() else {
                return Ok(Transformed::no(node));
            };
            let plain = RepartitionExec::try_new(Arc::clone(step.input()), step.partitioning().clone())?;
            let sorted = SortExec::new(order, Arc::new(plain)).with_preserve_partitioning(true);
            Ok(Transformed::yes(Arc::new(sorted) as Arc<dyn ExecutionPlan>))
        });
        Ok(done?.data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, Int64Array, RecordBatch};
    use datafusion::physical_expr::expressions::col;
    use datafusion::physical_expr::{LexOrdering, Partitioning, PhysicalSortExpr};
    use datafusion::physical_plan::displayable;
    use datafusion::prelude::SessionContext;

    #[tokio::test]
    async fn an_order_that_a_shuffle_would_lose_is_made_after_it() {
        let numbers = Arc::new(Int64Array::from(vec![2, 1])) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("n", numbers)]).unwrap();
        let context = SessionContext::new();
        context.register_batch("one", batch.clone()).unwrap();
        context.register_batch("two", batch).unwrap();
        let both = context.sql("SELECT n FROM one UNION ALL SELECT n FROM two").await.unwrap();
        let both = both.create_physical_plan().await.unwrap();
        let n = col("n", &both.schema()).unwrap();
        let order = LexOrdering::new([PhysicalSortExpr::new_default(Arc::clone(&n))]).unwrap();
        let sorted = Arc::new(SortExec::new(order, both).with_preserve_partitioning(true));
        let step =
            RepartitionExec::try_new(sorted, Partitioning::Hash(vec![n], 3)).unwrap().with_preserve_order();
        assert!(step.preserve_order());
        let done = SortedAgain.optimize(Arc::new(step), &ConfigOptions::new()).unwrap();
        let shown = displayable(done.as_ref()).indent(false).to_string();
        let lines: Vec<&str> = shown.lines().map(str::trim).collect();
        assert!(lines[0].starts_with("SortExec: expr=[n@0 ASC], preserve_partitioning=[true]"), "{shown}");
        assert!(lines[1].starts_with("RepartitionExec") && !lines[1].contains("preserve_order"), "{shown}");
    }
}
